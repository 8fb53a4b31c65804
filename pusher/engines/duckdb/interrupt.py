"""Cuts a query short from another thread: DuckDB looks at Python's signals only between its own tasks."""

from __future__ import annotations

from contextlib import suppress

from pusher.engines.duckdb.engine import DuckDBEngine


def interrupt(engine: DuckDBEngine) -> None:
    """Let the statement that an engine runs fail soon; does nothing when none runs or it is closed."""
    import duckdb

    with suppress(duckdb.Error):
        engine._connection.interrupt()  # noqa: SLF001 -- of this package
