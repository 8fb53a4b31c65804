"""Put a model's text together: ephemeral models become CTEs in front, as dbt inlines them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CTE_PREFIX = "__dbt__cte__"
# What was read as a comment is not read again in another way: many comments have very many ways.
_LEADING_WITH = re.compile(r"(?>\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*+with\b(?:\s+recursive\b)?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of compiled SQL.

    Attributes:
        text: The part.
        model: The model whose rendered text it comes from, or None for glue.
        start: Offset of the part in that model's rendered text.
    """

    text: str
    model: str | None = None
    start: int = 0


def tidy(sql: str) -> str:
    """Return a query without trailing white space and semicolon, so that it can stand inside another."""
    return sql.rstrip().removesuffix(";").rstrip()


def pieces(model: str, rendered: Mapping[str, str], ephemerals: Sequence[str]) -> list[Piece]:
    """Return the parts of a model's compiled SQL, in order.

    Args:
        model: Model to compile.
        rendered: Rendered text by model.
        ephemerals: Ephemeral models it needs, each after those it needs itself.
    """
    own = rendered[model]
    if not ephemerals:
        return [Piece(own, model)]
    found = _LEADING_WITH.match(own)
    at = found.end() if found else 0
    parts = [Piece(own[:at], model), Piece(" " if found else "with ")]
    for number, name in enumerate(ephemerals):
        parts += [
            Piece(f"{', ' if number else ''}{CTE_PREFIX}{name} as (\n"),
            Piece(rendered[name], name),
            Piece("\n)"),
        ]
    return [*parts, Piece("," if found else "\n"), Piece(own[at:], model, at)]


def join(parts: Sequence[Piece]) -> str:
    """Return the text of the parts."""
    return "".join(part.text for part in parts)
