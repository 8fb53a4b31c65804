"""What an event is told apart by, as SQL: its key, and the texts under the digests of its payload.

The texts do not depend on SQL types, on any order, nor on columns that are empty; `docs/reference/formats.md` has
them in words. To trim a text costs as much as to write it, so nothing here does that to an ordinary value.
"""

from __future__ import annotations

from collections.abc import Mapping

from pusher.payload.casts import ITEM, item_list
from pusher.payload.checks import RowChecks
from pusher.payload.model import Field, Payload
from pusher.payload.reasons import SOURCE_ID
from pusher.payload.sql import identifier, literal, uuid_of_hex
from pusher.payload.types import SqlType

ITEMS = "_items"
_PLACES = 6
"""Fields of an item that have a place in its text even when empty; those that the contract adds later have none."""
SEPARATORS_PER_ITEM = _PLACES - 1
_DECIMALS = 6
_SEPARATOR = "chr(31)"
_LINE_SEPARATOR = "chr(30)"
# Each row is compared with others of its key only.
_IN_KEY = ("event", "event_id")


def _canonical_number(column: str, type_: SqlType) -> str:
    """Write a number with six decimals; one that has more, or more than twelve digits before them, in full."""
    in_full = f"rtrim(rtrim(cast({column} as varchar), '0'), '.')"
    if type_.family == "integer" or (type_.family == "decimal" and type_.scale == 0):
        in_full = f"cast({column} as varchar)"
    short = f"cast(try_cast({column} as decimal(18, {_DECIMALS})) as varchar)"
    either = f"coalesce({short}, {in_full})"
    if type_.scale <= _DECIMALS:
        return either
    return f"case when regexp_matches({in_full}, '[.][0-9]{{{_DECIMALS + 1},}}$') then {in_full} else {either} end"


def _text(field: Field, column: str, type_: SqlType) -> str:
    """Return a value as text, NULL where there is none."""
    if field.type == "decimal":
        return _canonical_number(column, type_)
    if type_.family == "null" or field.type in {"text", "id", "ip"}:
        return column
    if field.type == "texts" or type_.family == "list":
        return f"array_to_string({column}, {_LINE_SEPARATOR})"
    return f"cast({column} as varchar)"


def items_text(payload: Payload, columns: Mapping[str, SqlType]) -> str:
    """Return the text of `contents`: one line for each item, sorted."""
    found = item_list(payload, columns)
    types = found[1] if found is not None else {}
    parts: list[str] = []
    for place, field in enumerate(payload.item_fields):
        value = "''"
        if field.column in types:
            value = _text(field, f"{ITEM}.{identifier(field.column)}", types[field.column])
        if place < _PLACES:
            parts += [_SEPARATOR, value] if place else [value]
        elif field.column in types:
            parts.append(f"{_SEPARATOR} || {literal(field.column + '=')} || {value}")
    line = f"concat({', '.join(parts)})"
    return f"array_to_string(list_sort(list_transform(contents, lambda {ITEM}: {line})), {_LINE_SEPARATOR})"


def payload_text(checks: RowChecks, columns: Mapping[str, SqlType]) -> str:
    """Return the text of all columns that are sent, those of the key left out; items stand as `ITEMS` beside them."""
    given = {field.column: columns[name] for name, field in checks.payload.columns.items() if name in columns}
    parts = []
    for name in sorted(checks.fields):
        field = checks.fields[name]
        if field.type in {"grouping", "source_id", "items"} or name in _IN_KEY or name not in checks.typed:
            continue
        parts.append(f"{literal(name + '=')} || {_text(field, identifier(name), given[name])}")
    if "contents" in checks.typed:
        parts.append(f"{literal('contents=')} || {ITEMS}")
    return f"concat_ws({_SEPARATOR}, {', '.join(parts)})"


def _length_prefixed(column: str) -> str:
    return f"strlen({column}), ':', {column}"


def event_key(payload: Payload) -> str:
    """Return the key of a row that has a source id, an event and an event id."""
    source = payload.event_source
    head = literal(f"{len(source.encode())}:{source}")
    parts = ", ".join(_length_prefixed(column) for column in (SOURCE_ID, "event", "event_id"))
    return uuid_of_hex(f"substr(sha256(concat({head}, {parts})), 1, 32)")
