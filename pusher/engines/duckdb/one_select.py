"""Whether what a text parses into is exactly one SELECT that only reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pusher.contracts import EngineError
from pusher.payload.read_only import refusal

if TYPE_CHECKING:
    import duckdb


def check_one_select(sql: str, statements: Sequence[duckdb.Statement], serialize: Callable[[str], str]) -> None:
    """Raise EngineError unless it is.

    Args:
        sql: The text.
        statements: What DuckDB parses it into.
        serialize: Returns the tree of a statement; see `refusal`.
    """
    if len(statements) != 1:
        count = "no statement" if not statements else f"{len(statements)} statements"
        offset = None
        if statements:
            # The blanks between two statements belong to the first or to the second, by DuckDB's release.
            rest = sql[len(statements[0].query) :]
            offset = len(sql) - len(rest.lstrip())
        message = f"A model is exactly one SELECT; this text has {count}."
        fix = "Keep one SELECT; every other one is a model of its own." if statements else "Write a SELECT."
        raise EngineError(message, kind="parser", offset=offset, fix=fix)
    kind, begins = statements[0].type.name, len(sql) - len(sql.lstrip())
    if kind == "MULTI":
        # DuckDB makes several statements of it: one of them reads the data for the names of the columns.
        message = "PIVOT without a list of values gives columns that depend on the data; list them: ON x IN (...)."
        fix = "List the values in the PIVOT, or write one column for each with a CASE."
        raise EngineError(message, kind="parser", offset=begins, fix=fix)
    if kind != "SELECT":
        message = f"A model is exactly one SELECT; this is {kind}."
        fix = "Write the SELECT alone: its view or table is created by the build."
        raise EngineError(message, kind="parser", offset=begins, fix=fix)
    if statements[0].named_parameters:
        message = "A model has no parameters (`?`, `$1`, `$name`)."
        raise EngineError(message, kind="parser", offset=begins, fix="Use a var: {{ var('name') }}.")
    refused = refusal(sql, serialize)
    if refused is not None:
        why, fix, offset = refused
        raise EngineError(f"A model {why}.", kind="parser", offset=offset, fix=fix)
