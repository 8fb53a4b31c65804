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
from pusher.ledger.opening import BUSY_TIMEOUT_S
from pusher.ledger.state import StateFolder
from pusher.payload.sql import identifier, literal

if TYPE_CHECKING:
    import duckdb

TABLES = ("run", "file", "part", "batch", "attempt")
_EMPTY_KEYS = (
    "select null::uuid as event_key, null::blob as payload_hash, null::uuid as contents_hash, "
    "null::bigint as event_time, null::decimal(38, 9) as value, null::varchar as currency, "
    "null::varchar as event, null::varchar as source_id, null::varchar as shop_id, null::varchar as event_channel, "
    "null::varchar as brand, null::bigint as num_items, null::varchar as state where false"
)
_EMPTY_QUARANTINE = (
    "select null::varchar as model, null::varchar as run, null::varchar as term, null::varchar as reason, "
    "null::varchar as field, null::varchar as message, null::varchar as fix, null::varchar as event, "
    "null::varchar as event_id, null::varchar as first_seen where false"
)


@dataclass(frozen=True, slots=True)
class Summary:
    """What `pusher status` shows.

    Attributes:
        ledger_id: Name of the ledger.
        base_url: What it serves.
        runs: Newest runs first: id, started, finished, exit code.
        open_rows: Rows by model and state that are neither accepted nor refused for good.
        settled_rows: Rows by model and final state.
        quarantined: Rows by model, term and reason.
    """

    ledger_id: str
    base_url: str
    runs: list[dict[str, Any]]
    open_rows: list[dict[str, Any]]
    settled_rows: list[dict[str, Any]]
    quarantined: list[dict[str, Any]]


def _copy(state: StateFolder) -> sqlite3.Connection:
    source = sqlite3.connect(f"file:{state.ledger.as_posix()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S)
    copy = sqlite3.connect(":memory:")
    try:
        source.backup(copy)
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


def _files(copy: sqlite3.Connection, state: StateFolder, kind: str) -> list[Path]:
    rows = copy.execute("select path from file where kind = ? order by id", (kind,))
    return [path for (name,) in rows if (path := state.root / name).is_file()]


@contextmanager
def ledger_database(state: StateFolder) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a copy of the ledger as a DuckDB database with the tables and views of the reference page."""
    import duckdb

    copy = _copy(state)
    connection = duckdb.connect(":memory:")
    try:
        for table in TABLES:
            _load(connection, copy, table)
        for kind, empty in (("keys", _EMPTY_KEYS), ("quarantine", _EMPTY_QUARANTINE)):
            paths = _files(copy, state, kind)
            listed = ", ".join(literal(path.as_posix()) for path in paths)
            name = "sent_keys" if kind == "keys" else "quarantine"
            source = f"select * from read_parquet([{listed}], union_by_name = true)" if paths else empty
            connection.execute(
                f"create table {name} as {source}" if kind == "quarantine" else f"create view {name} as {source}"
            )
        yield connection
    finally:
        connection.close()
        copy.close()


def query(state: StateFolder, sql: str) -> list[dict[str, Any]]:
    """Run one SELECT of a person on a copy of the ledger.

    Raises:
        EngineError: The text is not exactly one SELECT, or it fails.
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
    result = connection.execute(sql)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def summarise(state: StateFolder) -> Summary:
    """Return what there is to know at a glance."""
    copy = _copy(state)
    meta = dict(copy.execute("select name, value from meta").fetchall())
    copy.close()
    with ledger_database(state) as connection:
        open_rows = _rows(
            connection,
            "select model, state, sum(rows)::bigint as rows, min(since) as since from ("
            "select part.model, batch.state, batch.rows, batch.first_risk_at as since from batch "
            "join part on part.id = batch.part where part.settled_at is null "
            "and batch.state not in ('split', 'accepted', 'dead') "
            "union all select part.model, 'planned', part.rows - coalesce(sum(batch.rows) "
            "filter (where batch.state <> 'split'), 0), null "
            "from part left join batch on batch.part = part.id where part.settled_at is null "
            "group by part.id, part.model, part.rows) group by model, state having sum(rows) > 0 order by model, state",
        )
        settled = _rows(
            connection,
            "select part.model, batch.state, sum(batch.rows)::bigint as rows "
            "from batch join part on part.id = batch.part "
            "where batch.state in ('accepted', 'dead', 'expired', 'suppressed') group by all order by all",
        )
        quarantined = _rows(
            connection,
            "select model, term, reason, count(*) as rows, min(fix) as fix from quarantine group by all order by all",
        )
        runs = _rows(
            connection,
            "select id, started_at, finished_at, exit_code, test_event_code from run order by started_at desc limit 10",
        )
    return Summary(meta.get("ledger_id", ""), meta.get("base_url", ""), runs, open_rows, settled, quarantined)
