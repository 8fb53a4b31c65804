"""Type texts of the engine, read into families that the contract can compare."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

Family = Literal[
    "text",
    "integer",
    "decimal",
    "float",
    "boolean",
    "timestamp",
    "timestamptz",
    "date",
    "list",
    "struct",
    "null",
    "other",
]

_INTEGERS = {
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
}  # fmt: skip
_FAMILIES: dict[str, Family] = {
    "VARCHAR": "text",
    "UUID": "text",
    "ENUM": "text",
    "FLOAT": "float",
    "DOUBLE": "float",
    "DECIMAL": "decimal",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "STRUCT": "struct",
    "NULL": "null",
    '"NULL"': "null",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
}


@dataclass(frozen=True, slots=True)
class SqlType:
    """A type text in parts.

    Attributes:
        text: As the engine writes it.
        family: What it can be compared with.
        item: Element type of a list.
        fields: Field names and types of a struct, in order.
        scale: Decimal places of a DECIMAL.
    """

    text: str
    family: Family
    item: SqlType | None = None
    fields: dict[str, SqlType] = field(default_factory=dict)
    scale: int = 0


def _split(text: str) -> list[str]:
    parts, depth, quote, start = [], 0, "", 0
    for place, letter in enumerate(text):
        if letter == quote:
            quote = ""
        elif quote:
            continue
        elif letter in {'"', "'"}:
            quote = letter
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
        elif letter == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    return [*parts, text[start:].strip()]


def _struct_fields(inner: str) -> dict[str, SqlType]:
    fields = {}
    for part in _split(inner):
        if part.startswith('"'):
            end = part.index('"', 1)
            while part[end : end + 2] == '""':
                end = part.index('"', end + 2)
            name, rest = part[1:end].replace('""', '"'), part[end + 1 :]
        else:
            name, _, rest = part.partition(" ")
        fields[name] = parse_type(rest.strip())
    return fields


def parse_type(text: str) -> SqlType:
    """Read a type text such as `STRUCT(price DECIMAL(18,2), "a b" VARCHAR)[]`."""
    text = text.strip()
    if text.endswith("]"):
        return SqlType(text, "list", item=parse_type(text[: text.rindex("[")]))
    upper = text.upper()
    base = upper.partition("(")[0].strip()
    if base == "STRUCT":
        return SqlType(text, "struct", fields=_struct_fields(text[text.index("(") + 1 : text.rindex(")")]))
    if base in _INTEGERS:
        return SqlType(text, "integer")
    if base.startswith("TIMESTAMP"):
        zoned = "WITH TIME ZONE" in upper or base == "TIMESTAMPTZ"
        return SqlType(text, "timestamptz" if zoned else "timestamp")
    scale = re.search(r"\(\s*\d+\s*,\s*(\d+)\s*\)", text)
    return SqlType(text, _FAMILIES.get(base, "other"), scale=int(scale.group(1)) if scale else 0)
