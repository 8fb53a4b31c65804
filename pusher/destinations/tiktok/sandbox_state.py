"""What the sandbox remembers between commands: events counted once, and every request.

Keys, times and amounts only: no identifier of a person is stored.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pusher.errors import Problem, StateError

SCHEMA_VERSION = 1
_BUSY_MS = 30_000
_SCHEMA = f"""
create table if not exists events (
    source_id text not null, test_event_code text not null, event text not null, event_id text not null,
    event_time integer not null, value text, currency text,
    first_seen_s real not null, times integer not null, counted integer not null,
    primary key (source_id, test_event_code, event, event_id)
) without rowid;
create table if not exists requests (
    id integer primary key, time text not null, path text not null, status integer, code text, fault text,
    rows integer not null, accepted integer not null, counted integer not null, duplicates integer not null,
    bytes integer not null, body_sha256 text not null
);
pragma user_version = {SCHEMA_VERSION};
"""
_SEEN = "select first_seen_s from events where source_id = ? and test_event_code = ? and event = ? and event_id = ?"
_NEW = "insert into events values (?, ?, ?, ?, ?, ?, ?, ?, 1, ?)"
_AGAIN = """
update events set times = times + 1 where source_id = ? and test_event_code = ? and event = ? and event_id = ?
"""
_COUNTED_AGAIN = """
update events set times = times + 1, counted = counted + 1, first_seen_s = ?
where source_id = ? and test_event_code = ? and event = ? and event_id = ?
"""
_FILTERS = ("source_id", "test_event_code", "event", "event_id")

_Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One row of an accepted request, without its identifiers.

    Attributes:
        event: Name after renames.
        event_id: As sent.
        event_time: Unix seconds.
        value: Decimal text, or None.
        currency: Code, or None.
    """

    event: str
    event_id: str
    event_time: int
    value: str | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The rows of an accepted request.

    Attributes:
        source_id: Event source.
        test_event_code: Rows with a code are kept apart and never counted; empty for real ones.
        arrivals: The rows.
        window_s: How long a repeated key is a duplicate.
    """

    source_id: str
    test_event_code: str
    arrivals: Sequence[Arrival]
    window_s: int


@dataclass(frozen=True, slots=True)
class Request:
    """One line of the history.

    Attributes:
        time: ISO 8601.
        path: As requested.
        status: HTTP status, or None when the connection was dropped.
        code: Return code, or None.
        fault: Name of the scripted fault, or None.
        rows: Rows that were judged.
        size: Bytes of the body.
        sha256: Digest of the body.
    """

    time: str
    path: str
    status: int | None
    code: int | None
    fault: str | None
    rows: int
    size: int
    sha256: str


class SandboxState:
    """The SQLite file; opened by the first use, safe to share between threads.

    Args:
        path: The file; its folder is made if need be.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._opened: sqlite3.Connection | None = None

    def record(self, request: Request, delivery: Delivery | None, now_s: float) -> None:
        """Count a request's rows and remember it, both or neither."""
        with self._lock:
            connection = self._connection()
            connection.execute("begin immediate")
            try:
                accepted, counted, duplicates = _count(connection, delivery, now_s) if delivery else (0, 0, 0)
                line = (
                    request.time, request.path, request.status, None if request.code is None else str(request.code),
                    request.fault, request.rows, accepted, counted, duplicates, request.size, request.sha256,
                )  # fmt: skip
                connection.execute("insert into requests values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", line)
                connection.execute("commit")
            except BaseException:  # Ctrl-C too must leave no transaction open, and the error goes on
                connection.execute("rollback")
                raise

    def history(self, limit: int, offset: int) -> dict[str, Any]:
        """Return the requests in their order, and totals over all of them."""
        with self._lock:
            connection = self._connection()
            requests = _dicts(
                connection.execute("select * from requests order by id limit ? offset ?", (limit, offset))
            )
            totals = _dicts(
                connection.execute(
                    "select count(*) as requests, total(rows) as rows, total(counted) as counted, "
                    "total(duplicates) as duplicates, total(rows - accepted) as refused, "
                    "total(accepted - counted - duplicates) as test from requests"
                )
            )
        for request in requests:
            # Text in the file, because a scripted code may be larger than SQLite's integers.
            request["code"] = None if request["code"] is None else int(request["code"])
        return {"requests": requests, "totals": {name: int(total) for name, total in totals[0].items()}}

    def events(self, wanted: Mapping[str, str], limit: int, offset: int) -> list[dict[str, Any]]:
        """Return the events whose columns hold the wanted values, ordered by key."""
        filters = [(name, wanted[name]) for name in _FILTERS if name in wanted]
        where = " and ".join(f"{name} = ?" for name, _ in filters) or "true"
        with self._lock:
            return _dicts(
                self._connection().execute(
                    f"select * from events where {where} "
                    "order by source_id, test_event_code, event, event_id limit ? offset ?",
                    (*(value for _, value in filters), limit, offset),
                )
            )

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self._connection().executescript("begin; delete from events; delete from requests; commit;")

    def _connection(self) -> sqlite3.Connection:
        if self._opened is None:
            self._opened = _open(self._path)
            # Nothing tells a WSGI application to stop, so the file closes with the object.
            weakref.finalize(self, self._opened.close)
        return self._opened


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        connection.execute(f"pragma busy_timeout = {_BUSY_MS}")
        # Outlives a killed process; only a power cut may cost a sandbox its last requests.
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = off")
        (version,) = connection.execute("pragma user_version").fetchone()
        if version == 0:
            connection.executescript(f"begin immediate; {_SCHEMA} commit;")
    except sqlite3.DatabaseError as error:
        connection.close()
        raise _foreign(path) from error
    if version not in {0, SCHEMA_VERSION}:
        connection.close()
        raise _foreign(path)
    return connection


def _foreign(path: Path) -> StateError:
    return StateError(
        Problem(
            "sandbox-state",
            f"{path.name} is not a state file of this version's sandbox.",
            fix=f"Delete {path.name} and its -wal and -shm files; it holds only what a sandbox counted.",
        )
    )


def _count(connection: sqlite3.Connection, delivery: Delivery, now_s: float) -> tuple[int, int, int]:
    """Store the rows and return how many were accepted, counted and duplicates."""
    here = (delivery.source_id, delivery.test_event_code)
    is_test = bool(delivery.test_event_code)
    first_seen: dict[_Key, float] = {}
    new: list[tuple[Any, ...]] = []
    again: list[_Key] = []
    counted_again: list[tuple[Any, ...]] = []
    lookup = connection.execute
    for row in delivery.arrivals:
        key = (*here, row.event, row.event_id)
        seen = first_seen.get(key)
        if seen is None:
            found = lookup(_SEEN, key).fetchone()
            seen = found[0] if found else None
        if seen is None:
            new.append((*key, row.event_time, row.value, row.currency, now_s, int(not is_test)))
        elif is_test or now_s - seen < delivery.window_s:
            again.append(key)
            first_seen[key] = seen
            continue
        else:
            counted_again.append((now_s, *key))
        first_seen[key] = now_s
    for statement, rows in ((_NEW, new), (_COUNTED_AGAIN, counted_again), (_AGAIN, again)):
        if rows:
            connection.executemany(statement, rows)
    accepted = len(delivery.arrivals)
    return (accepted, 0, 0) if is_test else (accepted, len(new) + len(counted_again), len(again))


def _dicts(cursor: sqlite3.Cursor) -> list[dict[str, Any]]:
    names: Iterable[str] = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
