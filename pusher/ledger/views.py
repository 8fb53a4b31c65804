"""A read-only picture of the ledger for people: a copy that holds no lock.

The SQLite file is copied through its backup API, loaded as Arrow into an in-memory DuckDB, and joined by views over
the Parquet files and over the receipts.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pusher.config import suggest
from pusher.contracts import EngineError
from pusher.ledger.opening import (
    bring_up,
    check_files_at_rest,
    check_pages,
    no_ledger,
    read_connection,
    unreadable,
)
from pusher.ledger.state import StateFolder
from pusher.ledger.store import Store
from pusher.payload.read_only import CLOSED, refusal
from pusher.payload.sql import identifier, literal, path_list

if TYPE_CHECKING:
    import duckdb

TABLES = (
    "run", "run_step", "run_problem", "run_alert", "file", "part", "batch", "attempt",
    "audience", "audience_change", "audience_chunk", "audience_load", "audience_size",
    "suppression_list",
)  # fmt: skip
DEFINED = (
    "_frozen_rows",
    "_outbox_rows",
    "_refused_rows",
    "quarantine",
    "open_rows",
    "_receipt_line",
    "receipt",
    "receipt_revenue",
    "run_steps",
)
RELATIONS = (*TABLES, "sent_keys", *(name for name in DEFINED if not name.startswith("_")))
"""What a person may name."""
# The files behind each view, and its columns while there is none.
_FILES = {
    "sent_keys": (
        ("keys", "archive"),
        (
            "event_key uuid, payload_hash blob, contents_hash uuid, event_time bigint, value decimal(38, 9), "
            "currency varchar, event varchar, source_id varchar, shop_id varchar, event_channel varchar, "
            "brand varchar, num_items bigint, state varchar, space varchar"
        ),
    ),
    "reopened": (("reopened",), "event_key uuid, payload_hash blob, event_time bigint, space varchar"),
    "quarantine": (
        ("quarantine",),
        (
            "model varchar, run varchar, term varchar, reason varchar, field varchar, message varchar, fix varchar, "
            "event varchar, event_id varchar, source_id varchar, event_time bigint, value decimal(38, 9), "
            "currency varchar, event_key uuid, payload_hash blob, first_seen varchar, sendable_until bigint, "
            "sql_model varchar, sql_file varchar, sql_line bigint, sql_text varchar, space varchar"
        ),
    ),
}
_FROZEN = (
    "_event varchar, _event_id varchar, _source_id varchar, _event_time bigint, _value decimal(38, 9), "
    "_currency varchar, _event_key uuid, _payload_hash blob, _contents_hash uuid, _shop_id varchar, "
    "_event_channel varchar, _brand varchar, _num_items bigint, _reason smallint, filename varchar, "
    "file_row_number bigint"
)


def copy_of(state: StateFolder) -> sqlite3.Connection | None:
    """Return a copy of a ledger in memory, in this version's schema, or None when nothing was recorded yet.

    Raises:
        StateError: The ledger cannot be read.
    """
    source = read_connection(state)
    if source is None:
        return None
    copy = sqlite3.connect(":memory:")
    try:
        source.backup(copy)
        check_pages(copy, state.ledger.name)
        bring_up(copy)
    except sqlite3.Error as error:
        copy.close()
        raise unreadable(error, state.ledger.name) from error
    except BaseException:  # Ctrl-C too must not keep the copy in memory, and the error goes on
        copy.close()
        raise
    finally:
        source.close()
    return copy


def run_at_work(copy: sqlite3.Connection, state: StateFolder) -> str | None:
    """Return the run that some process is working on: the newest that has no end while the lock is held."""
    if not state.is_locked():
        return None
    row = copy.execute("select id from run where finished_at is null order by rowid desc limit 1").fetchone()
    return row[0] if row else None


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


@cache
def _definitions() -> dict[str, str]:
    """Return the SQL of each view, in an order in which they can be created."""
    files = resources.files("pusher.ledger").joinpath("view_definitions")
    found = {name: files.joinpath(f"{name}.sql").read_text("utf-8") for name in DEFINED}
    return {"sent_keys": "create view sent_keys as select * from _sent_keys", **found}


def _behind(names: Iterable[str]) -> set[str]:
    """Return relations and all that they are made of, by the words of their definitions."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += re.findall(r"\w+", _definitions().get(name, ""))
    return found


def _create_views(
    connection: duckdb.DuckDBPyConnection, copy: sqlite3.Connection, state: StateFolder, needed: Collection[str]
) -> None:
    """Create those views of the reference page that are needed."""
    at_work = run_at_work(copy, state)
    for name in _FILES:
        if f"_{name}" in needed:
            _create_rows(connection, copy, state, name)
    connection.execute("create table _at_work (run varchar)")
    connection.execute("insert into _at_work select $run where $run is not null", {"run": at_work})
    if "_frozen" in needed:
        _create_frozen(connection, copy, state)
    for name, definition in _definitions().items():
        if name in needed:
            connection.execute(definition)


def _create_rows(
    connection: duckdb.DuckDBPyConnection, copy: sqlite3.Connection, state: StateFolder, name: str
) -> None:
    """Create `_name` over all files behind a view, each row with its key space."""
    kinds, columns = _FILES[name]
    spaces: dict[str, list[Path]] = {}
    listed = ", ".join("?" * len(kinds))
    for path, space in copy.execute(f"select path, space from file where kind in ({listed}) order by id", kinds):
        if (state.root / path).is_file():
            spaces.setdefault(space, []).append(state.root / path)
    connection.execute(f"create table {identifier('_empty_' + name)} ({columns})")
    parts = [f"select * from {identifier('_empty_' + name)}"]
    for space, paths in spaces.items():
        parts.append(f"select *, {literal(space)} as space from {_parquet(paths)}")
    connection.execute(f"create view {identifier('_' + name)} as {' union all by name '.join(parts)}")


def _create_frozen(connection: duckdb.DuckDBPyConnection, copy: sqlite3.Connection, state: StateFolder) -> None:
    """Create `_frozen` over the rows of open parts, and `_outbox` that says which part a file is."""
    named = copy.execute("select part.id, file.path from part join file on file.id = part.file order by part.id")
    files = [(part, state.root / path) for part, path in named if (state.root / path).is_file()]
    connection.execute("create table _outbox (part bigint, path varchar)")
    connection.execute(f"create table _empty_frozen ({_FROZEN})")
    parts = ["select * from _empty_frozen"]
    if files:
        connection.executemany("insert into _outbox values (?, ?)", [(part, path.as_posix()) for part, path in files])
        columns = ", ".join(column.split(" ")[0] for column in _FROZEN.replace(", 9)", "").split(", "))
        parts.append(f"select {columns} from {_parquet([path for _, path in files], file_row_number=True)}")
    connection.execute(f"create view _frozen as {' union all by name '.join(parts)}")


def _parquet(paths: Sequence[Path], *, file_row_number: bool = False) -> str:
    listed = ", ".join(literal(path.as_posix()) for path in paths)
    more = ", filename = true, file_row_number = true" if file_row_number else ""
    return f"read_parquet([{listed}], union_by_name = true{more})"


@contextmanager
def ledger_database(
    state: StateFolder, copy: sqlite3.Connection | None = None, *, of: Iterable[str] = RELATIONS
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a copy of the ledger as a DuckDB database with the tables and views of the reference page.

    Args:
        state: The state folder.
        copy: A copy of its ledger that was made already, which is closed at the end.
        of: Those that are asked about; what they are not made of is left out.

    Raises:
        StateError: There is no ledger yet, or it or a file that it names cannot be read.
    """
    import duckdb

    copy = copy or copy_of(state)
    if copy is None:
        raise no_ledger(state)
    connection = duckdb.connect(":memory:", config=CLOSED)
    try:
        check_files_at_rest(Store(copy), state, has_digests=False)
        try:
            needed = _behind(of)
            for table in TABLES:
                if table in needed:
                    _load(connection, copy, table)
            _create_views(connection, copy, state, needed)
        except (duckdb.Error, sqlite3.Error, ValueError, OSError) as error:
            raise unreadable(error, state.ledger.name) from error
        yield connection
    finally:
        connection.close()
        copy.close()


def _harden(connection: duckdb.DuckDBPyConnection, state: StateFolder) -> None:
    """Leave nothing to read but the copy and the files that the ledger names, and no way to the network."""
    named = [state.root / path for (path,) in connection.execute("select path from file").fetchall()]
    connection.execute(f"set global allowed_paths = {path_list(named)}::varchar[]")
    connection.execute("set global enable_external_access = false")
    connection.execute("set global lock_configuration = true")


def _serialized(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    found = connection.execute(f"select json_serialize_sql({literal(sql)})::varchar").fetchone()
    return str(found[0]) if found else "{}"


def query(state: StateFolder, sql: str) -> list[dict[str, Any]]:
    """Run one SELECT of a person on a copy of the ledger.

    Raises:
        EngineError: The text is not exactly one SELECT, or it fails.
        StateError: There is no ledger yet, or it cannot be read.
    """
    import duckdb

    with ledger_database(state) as connection:
        try:
            _harden(connection, state)
            statements = connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise EngineError("The text must be exactly one SELECT.", kind="parser")
            refused = refusal(sql, lambda one: _serialized(connection, one))
            if refused is not None:
                raise EngineError(f"The SELECT {refused[0]}.", kind="parser", fix=refused[1])
            return rows_of(connection, sql)
        except duckdb.Error as error:
            raise EngineError(str(error).partition("\n")[0], kind="binder", fix=remedy_of(str(error))) from error


def remedy_of(message: str) -> str | None:
    """Return what a person probably meant by a name that the copy does not have, or which names it has."""
    table = re.search(r"Table with name (\S+) does not exist", message)
    if table is not None:
        near = suggest(table[1], RELATIONS)
        return f"Did you mean `{near}`?" if near else f"Tables and views: {', '.join(sorted(RELATIONS))}."
    column = re.search(r'Referenced column "([^"]+)".*\nCandidate bindings: (.*)', message)
    if column is not None:
        names = re.findall(r'"([^"]+)"', column[2])
        near = suggest(column[1], names)
        return f"Did you mean `{near}`?" if near else f"The nearest names are {', '.join(f'`{one}`' for one in names)}."
    return None


def rows_of(
    connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, object] | None = None
) -> list[dict[str, Any]]:
    """Run a query and return its rows, digests as hex; `values` stand for `$name`."""
    # By way of Arrow: fetching a zoned timestamp directly needs a package that is not installed.
    rows: list[dict[str, Any]] = connection.sql(sql, params=dict(values or {}) or None).to_arrow_table().to_pylist()
    return [{name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()} for row in rows]
