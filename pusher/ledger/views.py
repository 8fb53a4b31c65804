"""A read-only picture of the ledger for people: a copy that holds no lock.

The SQLite file is copied through its backup API, loaded as Arrow into an in-memory DuckDB, and joined by the
Parquet keys and the quarantine as views.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pusher.contracts import EngineError
from pusher.errors import Problem, StateError
from pusher.ledger.opening import check_pages, read_connection, unreadable
from pusher.ledger.state import StateFolder
from pusher.payload.sql import identifier, literal

if TYPE_CHECKING:
    import duckdb

TABLES = ("run", "file", "part", "batch", "attempt")
# Columns of the views while there is no file to read them from.
_EMPTY = {
    "sent_keys": (
        "event_key uuid, payload_hash blob, contents_hash uuid, event_time bigint, value decimal(38, 9), "
        "currency varchar, event varchar, source_id varchar, shop_id varchar, event_channel varchar, brand varchar, "
        "num_items bigint, state varchar, space varchar"
    ),
    "quarantine": (
        "model varchar, run varchar, term varchar, reason varchar, field varchar, message varchar, fix varchar, "
        "event varchar, event_id varchar, source_id varchar, event_time bigint, value decimal(38, 9), "
        "currency varchar, event_key uuid, payload_hash blob, first_seen varchar, sendable_until bigint, space varchar"
    ),
}
_KINDS = {"sent_keys": "keys", "quarantine": "quarantine"}


@dataclass(frozen=True, slots=True)
class Summary:
    """What `pusher status` shows.

    Attributes:
        ledger_id: Name of the ledger.
        base_url: What it serves.
        runs: Newest runs first: id, started, finished (UTC), exit code.
        open_rows: Rows by model, key space and state that are neither accepted nor refused for good.
        settled_rows: Rows by model, key space and final state.
        quarantined: Rows by model, key space, term and reason.
    """

    ledger_id: str
    base_url: str
    runs: list[dict[str, Any]]
    open_rows: list[dict[str, Any]]
    settled_rows: list[dict[str, Any]]
    quarantined: list[dict[str, Any]]


def _copy(state: StateFolder) -> sqlite3.Connection | None:
    source = read_connection(state)
    if source is None:
        return None
    copy = sqlite3.connect(":memory:")
    try:
        source.backup(copy)
        check_pages(copy, state.ledger.name)
    except sqlite3.Error as error:
        copy.close()
        raise unreadable(error, state.ledger.name) from error
    except BaseException:  # Ctrl-C too must not keep the copy in memory, and the error goes on
        copy.close()
        raise
    finally:
        source.close()
    return copy


def _load(connection: duckdb.DuckDBPyConnection, copy: sqlite3.Connection, table: str) -> None:
    import pyarrow as pa

    info = copy.execute(f"pragma table_info({table})").fetchall()
    types = {"integer": pa.int64(), "real": pa.float64(), "text": pa.string()}
    rows = copy.execute(f"select * from {table}").fetchall()
    columns = {
        column[1]: pa.array([row[place] for row in rows], types[column[2].lower()]) for place, column in enumerate(info)
    }
    connection.register(f"_{table}", pa.table(columns))
    connection.execute(f"create table {identifier(table)} as select * from {identifier('_' + table)}")
    connection.unregister(f"_{table}")


def _create_view(
    connection: duckdb.DuckDBPyConnection, copy: sqlite3.Connection, state: StateFolder, name: str
) -> None:
    """Create a view over all files of a kind, each row with its key space."""
    spaces: dict[str, list[Path]] = {}
    for path, space in copy.execute("select path, space from file where kind = ? order by id", (_KINDS[name],)):
        if (state.root / path).is_file():
            spaces.setdefault(space, []).append(state.root / path)
    connection.execute(f"create table {identifier('_empty_' + name)} ({_EMPTY[name]})")
    parts = [f"select * from {identifier('_empty_' + name)}"]
    for space, paths in spaces.items():
        listed = ", ".join(literal(path.as_posix()) for path in paths)
        parts.append(f"select *, {literal(space)} as space from read_parquet([{listed}], union_by_name = true)")
    connection.execute(f"create view {name} as {' union all by name '.join(parts)}")


@contextmanager
def ledger_database(state: StateFolder, copy: sqlite3.Connection | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a copy of the ledger as a DuckDB database with the tables and views of the reference page.

    Args:
        state: The state folder.
        copy: A copy of its ledger that was made already, which is closed at the end.

    Raises:
        StateError: There is no ledger yet, or it or a file that it names cannot be read.
    """
    import duckdb

    copy = copy or _copy(state)
    if copy is None:
        message = "Nothing was pushed with this target yet."
        raise StateError(Problem("no-ledger", message, fix="Run `pusher push`."))
    connection = duckdb.connect(":memory:")
    try:
        try:
            for table in TABLES:
                _load(connection, copy, table)
            for name in _EMPTY:
                _create_view(connection, copy, state, name)
        except (duckdb.Error, sqlite3.Error, ValueError, OSError) as error:
            raise unreadable(error, state.ledger.name) from error
        yield connection
    finally:
        connection.close()
        copy.close()


def query(state: StateFolder, sql: str) -> list[dict[str, Any]]:
    """Run one SELECT of a person on a copy of the ledger.

    Raises:
        EngineError: The text is not exactly one SELECT, or it fails.
        StateError: There is no ledger yet, or it cannot be read.
    """
    import duckdb

    with ledger_database(state) as connection:
        try:
            statements = connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise EngineError("The text must be exactly one SELECT.", kind="parser")
            return _rows(connection, sql)
        except duckdb.Error as error:
            raise EngineError(str(error).partition("\n")[0], kind="binder") from error


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    # By way of Arrow: fetching a zoned timestamp directly needs a package that is not installed.
    rows: list[dict[str, Any]] = connection.sql(sql).to_arrow_table().to_pylist()
    return [{name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()} for row in rows]


def summarise(state: StateFolder) -> Summary | None:
    """Return what there is to know at a glance, or None when there is no ledger yet.

    Raises:
        StateError: The ledger, or a file that it names, cannot be read.
    """
    import duckdb

    copy = _copy(state)
    if copy is None:
        return None
    try:
        return _summary(state, copy)
    except duckdb.Error as error:
        raise unreadable(error, state.ledger.name) from error


def _summary(state: StateFolder, copy: sqlite3.Connection) -> Summary:
    meta = dict(copy.execute("select name, value from meta").fetchall())
    with ledger_database(state, copy) as connection:
        open_rows = _rows(
            connection,
            "select model, space, state, sum(rows)::bigint as rows, min(since) as since from ("
            "select part.model, part.space, batch.state, batch.rows, batch.first_risk_at as since from batch "
            "join part on part.id = batch.part where part.settled_at is null "
            "and batch.state not in ('split', 'accepted', 'dead') "
            "union all select part.model, part.space, 'planned', part.rows - coalesce(sum(batch.rows) "
            "filter (where batch.state <> 'split'), 0), null "
            "from part left join batch on batch.part = part.id where part.settled_at is null "
            "group by part.id, part.model, part.space, part.rows) group by model, space, state having sum(rows) > 0 "
            "order by model, space, state",
        )
        settled = _rows(
            connection,
            "select part.model, part.space, batch.state, sum(batch.rows)::bigint as rows "
            "from batch join part on part.id = batch.part "
            "where batch.state in ('accepted', 'dead', 'expired', 'suppressed') group by all order by all",
        )
        quarantined = _rows(
            connection,
            "select model, space, term, reason, count(*) as rows, min(fix) as fix from quarantine "
            "group by all order by all",
        )
        runs = _rows(
            connection,
            "select id, substr(started_at, 1, 19) as started, substr(finished_at, 1, 19) as finished, exit_code "
            "from run order by started_at desc limit 10",
        )
    return Summary(meta.get("ledger_id", ""), meta.get("base_url", ""), runs, open_rows, settled, quarantined)
