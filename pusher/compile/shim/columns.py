"""Macros of dbt_utils that write SQL from the columns of relations.

In Python, because two of their arguments are called `from` and `except`, and because a template may not fill a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pusher.compile.budget import MAX_OUTPUT_CHARS, RenderLimit, too_large
from pusher.compile.relation_columns import RelationColumn
from pusher.payload.sql import identifier, literal

_MOST_RELATIONS = 1_000
Columns = Callable[[Any], list[RelationColumn]]


def macros(columns_of: Columns) -> dict[str, Callable[..., Any]]:
    """Return the macros by name.

    Args:
        columns_of: Returns the columns of a relation.
    """

    def filtered(*given: Any, **named: Any) -> list[str]:
        taken = _bound("get_filtered_columns_in_relation", ("from", "except"), {"except": ()}, given, named)
        return _filtered(columns_of, taken["from"], taken["except"])

    def star(*given: Any, **named: Any) -> str:
        return _star(columns_of, _bound("star", _STAR, _STAR_DEFAULTS, given, named))

    def union_relations(*given: Any, **named: Any) -> str:
        return _union(columns_of, _bound("union_relations", _UNION, _UNION_DEFAULTS, given, named))

    return {"get_filtered_columns_in_relation": filtered, "star": star, "union_relations": union_relations}


_STAR = ("from", "relation_alias", "except", "prefix", "suffix", "quote_identifiers")
_STAR_DEFAULTS = {"relation_alias": False, "except": (), "prefix": "", "suffix": "", "quote_identifiers": True}
_UNION = ("relations", "column_override", "include", "exclude", "source_column_name", "where")
_UNION_DEFAULTS = {
    "column_override": None, "include": (), "exclude": (), "source_column_name": "_dbt_source_relation", "where": None,
}  # fmt: skip


def _bound(
    function: str, names: Sequence[str], defaults: Mapping[str, Any], given: Sequence[Any], named: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments of a call by name.

    Raises:
        TypeError: One is missing, too much or unknown; in Python's words.
    """
    unknown = named.keys() - set(names)
    if unknown:
        raise TypeError(f"{function}() got an unexpected keyword argument '{min(unknown)}'")
    if len(given) > len(names):
        raise TypeError(f"{function}() takes {len(names)} positional arguments but {len(given)} were given")
    found = {**defaults, **dict(zip(names, given, strict=False)), **named}
    missing = [name for name in names if name not in found]
    if missing:
        listed = " and ".join(f"'{name}'" for name in missing)
        raise TypeError(f"{function}() missing {len(missing)} required positional arguments: {listed}")
    return found


def _filtered(columns_of: Columns, relation: Any, left_out: Iterable[str]) -> list[str]:
    without = {name.lower() for name in left_out}
    return [column.name for column in columns_of(relation) if column.name.lower() not in without]


def _star(columns_of: Columns, taken: Mapping[str, Any]) -> str:
    names = _filtered(columns_of, taken["from"], taken["except"])
    if not names:
        return "*"
    _check_size(len(names), taken["prefix"], taken["suffix"], taken["relation_alias"])
    quoted = identifier if taken["quote_identifiers"] else str
    table = f"{taken['relation_alias']}." if taken["relation_alias"] else ""
    is_renamed = bool(taken["prefix"] or taken["suffix"])
    parts = []
    for name in names:
        new = quoted(f"{taken['prefix']}{name}{taken['suffix']}")
        parts.append(f"{table}{quoted(name)} as {new}" if is_renamed else f"{table}{quoted(name)}")
    return ",\n  ".join(parts)


def _union(columns_of: Columns, taken: Mapping[str, Any]) -> str:
    """Return a UNION ALL of relations whose columns differ; what one does not have is NULL."""
    if taken["include"] and taken["exclude"]:
        raise TypeError("takes include or exclude, not both")
    kept = {name.lower() for name in taken["include"]}
    without = {name.lower() for name in taken["exclude"]}
    override = taken["column_override"] or {}
    if len(taken["relations"]) > _MOST_RELATIONS:
        raise RenderLimit(f"The template unites more than {_MOST_RELATIONS:,} relations")
    types: dict[str, str] = {}
    own: list[set[str]] = []
    for relation in taken["relations"]:
        columns = [
            column
            for column in columns_of(relation)
            if column.name.lower() not in without and (not kept or column.name.lower() in kept)
        ]
        own.append({column.name for column in columns})
        for column in columns:
            types.setdefault(column.name, override.get(column.name, column.data_type))
    _check_size(len(own), *types, *types.values(), taken["where"], taken["source_column_name"])
    selects = []
    for relation, names in zip(taken["relations"], own, strict=True):
        values = [
            f"cast({identifier(name) if name in names else 'null'} as {type_}) as {identifier(name)}"
            for name, type_ in types.items()
        ]
        if taken["source_column_name"] is not None:
            values.insert(0, f"cast({literal(str(relation))} as varchar) as {taken['source_column_name']}")
        where = f"\n    where {taken['where']}" if taken["where"] else ""
        listed = ",\n        ".join(values)
        selects.append(f"(\n    select\n        {listed}\n    from {relation}{where}\n)")
    return "\nunion all\n".join(selects)


def _check_size(times: int, *texts: Any) -> None:
    """Refuse texts that are repeated so often that the SQL would be out of all proportion."""
    if times * sum(len(str(text)) for text in texts) > MAX_OUTPUT_CHARS:
        raise too_large()
