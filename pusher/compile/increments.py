"""Incremental models: which rows join the table that stands, and what becomes of columns that changed.

The words and their meaning are dbt's, as dbt-duckdb carries them out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pusher.config import suggest
from pusher.contracts import Addition, Column
from pusher.errors import Problem


@dataclass(frozen=True, slots=True)
class Increment:
    """How an incremental model takes new rows into its table.

    Attributes:
        strategy: `append`, `delete+insert` or `merge`.
        unique_key: Columns that say which row a new one replaces; empty when rows are only added.
        on_schema_change: `ignore`, `fail`, `append_new_columns` or `sync_all_columns`.
        full_refresh: The model's own word on `--full-refresh`: always, never, or None to follow the option.
    """

    strategy: str
    unique_key: tuple[str, ...]
    on_schema_change: str
    full_refresh: bool | None


def increment_of(config: Mapping[str, Any]) -> Increment | None:
    """Return how a model's configuration says that rows are added, or None when it is not incremental."""
    if config.get("materialized") != "incremental":
        return None
    key = config.get("unique_key") or ()
    keys = (key,) if isinstance(key, str) else tuple(key)
    strategy = config.get("incremental_strategy") or ("delete+insert" if keys else "append")
    return Increment(
        strategy=strategy,
        unique_key=() if strategy == "append" else keys,
        on_schema_change=config.get("on_schema_change") or "ignore",
        full_refresh=config.get("full_refresh"),
    )


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(f"`{column.name}`" for column in columns)


def addition(increment: Increment, table: Sequence[Column], query: Sequence[Column]) -> Addition | Problem:
    """Return what the engine is to do, or why it may not, as a problem without a place.

    Args:
        increment: What the model says.
        table: Columns of the table that stands.
        query: Columns that the model selects now.
    """
    problem = _check_key(increment, table, query)
    if problem is not None:
        return problem
    stands = {column.name.lower(): column for column in table}
    selected = {column.name.lower(): column for column in query}
    new = [column for name, column in selected.items() if name not in stands]
    gone = [column for name, column in stands.items() if name not in selected]
    other = [
        selected[name] for name, column in stands.items() if name in selected and selected[name].type != column.type
    ]
    columns = tuple(column.name for column in query)
    match increment.on_schema_change:
        case "append_new_columns":
            return _addition(increment, columns, add=tuple(new))
        case "sync_all_columns":
            drop = tuple(column.name for column in gone)
            return _addition(increment, columns, add=tuple(new), drop=drop, retype=tuple(other))
        case "fail" if new or gone or other:
            return _changed(new, gone, other)
        case _:
            # New columns are left out; one that is gone has no values to put into the table.
            return _changed([], gone, []) if gone else _addition(increment, tuple(column.name for column in table))


def _addition(
    increment: Increment,
    columns: tuple[str, ...],
    *,
    add: tuple[Column, ...] = (),
    drop: tuple[str, ...] = (),
    retype: tuple[Column, ...] = (),
) -> Addition:
    return Addition(increment.strategy, increment.unique_key, columns, add, drop, retype)


def _check_key(increment: Increment, table: Sequence[Column], query: Sequence[Column]) -> Problem | None:
    for columns, where in ((query, "the model does not select it"), (table, "the table that stands does not have it")):
        known = [column.name for column in columns]
        for key in increment.unique_key:
            if key.lower() not in {name.lower() for name in known}:
                near = suggest(key, known)
                fix = f"Did you mean `{near}`?" if near else f"Name columns, one by one: {', '.join(known)}."
                return Problem("unknown-key-column", f"`{key}` in unique_key is no column: {where}.", fix=fix)
    return None


def _changed(new: Sequence[Column], gone: Sequence[Column], other: Sequence[Column]) -> Problem:
    parts = [
        f"{verb} {_names(columns)}"
        for verb, columns in (("adds", new), ("no longer selects", gone), ("changes the type of", other))
        if columns
    ]
    return Problem(
        "schema-change",
        f"The model {' and '.join(parts)}; its table stands with the columns of an earlier build.",
        fix="Build it anew with --full-refresh, or set on_schema_change to append_new_columns or sync_all_columns.",
    )
