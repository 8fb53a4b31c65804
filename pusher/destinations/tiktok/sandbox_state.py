"""What the sandbox remembers between commands: every request, and what it changed at once or when it landed.

Keys, times and amounts, and members as digests of their digests: no identifier of a person is stored.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

from pusher.destinations.tiktok.sandbox_schema import TABLES, open_state

EVENTS, AUDIENCES, LOOK_UPS = "events", "audiences", "look_ups"
_FILTERS = ("source_id", "test_event_code", "event", "event_id")
_LINE = """
insert into requests (
    time, path, status, code, fault, family, rows, bytes, body_sha256,
    accepted, counted, duplicates, added, removed, already
) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_LANDED = """
update requests set rows = ?, accepted = ?, counted = ?, duplicates = ?, added = ?, removed = ?, already = ?,
landed = ? where id = ?
"""
_SHOWN = """
select id, time, path, status, code, fault, rows, accepted, counted, duplicates, added, removed, already, landed,
bytes, body_sha256 from requests order by id limit ? offset ?
"""
_TOTALS = f"""
select count(*) filter (where family <> '{LOOK_UPS}') as requests,
total(rows) filter (where family = '{EVENTS}') as rows, total(counted) as counted,
total(duplicates) as duplicates, total(rows - accepted) filter (where family = '{EVENTS}') as refused,
total(accepted - counted - duplicates) filter (where family = '{EVENTS}') as test,
total(rows) filter (where family = '{AUDIENCES}') as members, total(added) as added, total(removed) as removed,
total(already) as already, total(rows - accepted) filter (where family = '{AUDIENCES}') as members_refused
from requests
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a request changed.

    Attributes:
        accepted: Rows of an accepted request.
        counted: Events that count.
        duplicates: Events that were there.
        added: Identifiers that came into an audience.
        removed: Identifiers that left one.
        already: Identifiers that were as asked before.
    """

    accepted: int = 0
    counted: int = 0
    duplicates: int = 0
    added: int = 0
    removed: int = 0
    already: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a request.

    Attributes:
        answer: Name of its return code.
        message: Of the envelope.
        data: Of the envelope.
        counts: What it changed.
        location: Where a browser is sent instead, or None.
    """

    answer: str = "success"
    message: str = "OK"
    data: Mapping[str, Any] = field(default_factory=dict)
    counts: Counts = Counts()
    location: str | None = None


class Work(Protocol):
    """What a request that is right does to the state, at once or when it lands.

    Attributes:
        kind: Name by which it is found again.
        rows: Rows of the request.
    """

    kind: ClassVar[str]

    @property
    def rows(self) -> int:
        """Return the rows of the request."""

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """Do it, within the caller's transaction."""

    def dump(self) -> dict[str, Any] | None:
        """Return it as JSON without any identifier of a person, or None if it changes nothing."""

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> Self:
        """Return what was dumped."""


@dataclass(frozen=True, slots=True)
class Change:
    """Work of plain values, without rows."""

    rows: ClassVar[int] = 0

    def dump(self) -> dict[str, Any] | None:
        """Return it as JSON."""
        return asdict(self)

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> Self:
        """Return what was dumped."""
        return cls(**dumped)


@dataclass(frozen=True, slots=True)
class Look(Change):
    """Work that changes nothing."""

    def dump(self) -> None:
        """Return nothing, because nothing could land."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the history.

    Attributes:
        time: ISO 8601.
        path: As requested.
        status: HTTP status, or None when the connection was dropped.
        code: Return code, or None.
        fault: Name of the scripted fault, or None.
        family: Whose totals it belongs to.
        rows: Rows that were judged.
        size: Bytes of the body.
        sha256: Digest of the body.
    """

    time: str
    path: str
    status: int | None
    code: str | None
    fault: str | None
    family: str
    rows: int
    size: int
    sha256: str


class SandboxState:
    """The SQLite file; opened by the first use, safe to share between threads.

    Args:
        path: The file; its folder is made if need be.
        kinds: Work that may land late, by kind.
    """

    def __init__(self, path: Path, kinds: Iterable[type[Work]]) -> None:
        self._path = path
        self._kinds = {kind.kind: kind for kind in kinds}
        self._lock = threading.Lock()
        self._opened: sqlite3.Connection | None = None

    @contextmanager
    def transaction(self, now_s: float) -> Iterator[sqlite3.Connection]:
        """Give the file to one caller, after what is due by then has landed; all of it or nothing is kept."""
        with self._lock:
            connection = self._connection()
            connection.execute("begin immediate")
            try:
                self._land(connection, now_s)
                yield connection
                connection.execute("commit")
            except BaseException:  # Ctrl-C too must leave no transaction open, and the error goes on
                # A full disk has ended it by itself, and then this does nothing.
                connection.rollback()
                raise

    def _land(self, connection: sqlite3.Connection, now_s: float) -> None:
        due = "select id, request_id, lands_s, kind, work from late where lands_s <= ? order by lands_s, id limit 1"
        # One at a time, because what lands may itself leave something that is due.
        while (found := connection.execute(due, (now_s,)).fetchone()) is not None:
            id_, request_id, lands_s, kind, dumped = found
            connection.execute("delete from late where id = ?", (id_,))
            work = self._kinds[kind].load(json.loads(dumped))
            counts = work.run(connection, lands_s).counts
            landed = datetime.fromtimestamp(lands_s, UTC).isoformat(timespec="milliseconds")
            connection.execute(_LANDED, (work.rows, *astuple(counts), landed, request_id))

    def _connection(self) -> sqlite3.Connection:
        if self._opened is None:
            self._opened = open_state(self._path)
            # Nothing tells a WSGI application to stop, so the file closes with the object.
            weakref.finalize(self, self._opened.close)
        return self._opened


def record(connection: sqlite3.Connection, line: Line, counts: Counts) -> int:
    """Remember a request and return the number of its line."""
    values = [getattr(line, each.name) for each in fields(line)]
    id_ = connection.execute(_LINE, (*values, *astuple(counts))).lastrowid
    assert id_ is not None  # noqa: S101 -- an insert has one
    return id_


def postpone(connection: sqlite3.Connection, work: Work, lands_s: float, request_id: int | None = None) -> None:
    """Let work be done when the clock reaches a moment."""
    dumped = work.dump()
    if dumped is not None:
        late = (request_id, lands_s, work.kind, json.dumps(dumped, separators=(",", ":")))
        connection.execute("insert into late (request_id, lands_s, kind, work) values (?, ?, ?, ?)", late)


def history(connection: sqlite3.Connection, limit: int, offset: int) -> dict[str, Any]:
    """Return the requests in their order, and totals over all of them."""
    requests = dicts(connection.execute(_SHOWN, (limit, offset)))
    (totals,) = dicts(connection.execute(_TOTALS))
    for request in requests:
        # Text in the file, because a scripted code may be larger than SQLite's integers.
        request["code"] = None if request["code"] is None else int(request["code"])
    return {"requests": requests, "totals": {name: int(total) for name, total in totals.items()}}


def events(connection: sqlite3.Connection, wanted: Mapping[str, str], limit: int, offset: int) -> list[dict[str, Any]]:
    """Return the events whose columns hold the wanted values, ordered by key."""
    filters = [(name, wanted[name]) for name in _FILTERS if name in wanted]
    where = " and ".join(f"{name} = ?" for name, _ in filters) or "true"
    return dicts(
        connection.execute(
            f"select * from events where {where} order by source_id, test_event_code, event, event_id limit ? offset ?",
            (*(value for _, value in filters), limit, offset),
        )
    )


def reset(connection: sqlite3.Connection) -> None:
    """Forget everything."""
    for table in TABLES:
        connection.execute(f"delete from {table}")


def dicts(cursor: sqlite3.Cursor) -> list[dict[str, Any]]:
    """Return the rows by the names of their columns."""
    names: Iterable[str] = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
