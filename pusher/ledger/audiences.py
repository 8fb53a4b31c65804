"""The SQLite side of audiences: which audience a view fills, what is being changed in it, who is suppressed.

A change is a frozen file of rows to add or to delete; a chunk is what travels of it in one request. A chunk is
stored before its first byte is sent, and what is not known of it stays known as that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pusher.contracts import BatchState, Verdict
from pusher.ledger.rows import File, stamp
from pusher.ledger.store import Store


@dataclass(frozen=True, slots=True)
class Audience:
    """What one view fills at one advertiser.

    Attributes:
        id: Row id.
        model: The view.
        advertiser_id: Who owns it.
        name: Its name; a view whose audience gets another name fills another audience.
        audience_id: TikTok's id, or None before it was made.
        create_asked_at: When a request to make it left whose answer is not known, or None.
        method: `stream` or `file`; it keeps the one that it was made for.
        is_retired: Its view fills another audience.
        suppressed_told: Up to which number of `newest_suppressed` it was told to let everybody go, known or not.
        retention_days: Days to its end that it was made with, 0 for none; None when that is not known.
    """

    id: int
    model: str
    advertiser_id: str
    name: str
    audience_id: str | None
    create_asked_at: datetime | None = None
    method: str = "stream"
    is_retired: bool = False
    suppressed_told: int = 0
    retention_days: int | None = None

    @property
    def space(self) -> str:
        """What tells its files from those of others."""
        return f"audience:{self.id}"


@dataclass(frozen=True, slots=True)
class Change:
    """Rows that are to be added to an audience, or taken out of it.

    Attributes:
        id: Row id.
        audience: Row id of the audience.
        action: `add` or `delete`.
        rows: Number of rows.
        path: File relative to the state folder.
        held_until: Moment before which none of them may be sent: a request the other way round may still arrive.
        is_known: The ledger knows that they are in it, or may be; false for who is taken out to be sure.
    """

    id: int
    audience: int
    action: str
    rows: int
    path: str
    held_until: datetime | None
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of one change that travel in one request.

    Attributes:
        id: Row id, 0 before it is stored.
        change: Row id of the change.
        first_row: 0-based.
        rows: Number of rows.
        members: Digests in them.
        state: `sending`, `retry`, `unknown`, `accepted` or `split`.
        attempts: Requests so far.
        at_risk: Some request of it may have been obeyed, and none is known to have been.
        last_risk_at: Start of the last request that got no answer, so that it may still arrive.
    """

    id: int
    change: int
    first_row: int
    rows: int
    members: int
    state: BatchState = BatchState.PLANNED
    attempts: int = 0
    at_risk: bool = False
    last_risk_at: datetime | None = None


class AudienceStore:
    """Typed reads and writes of the tables of audiences.

    Args:
        store: The open ledger; its transactions hold what is written here.
    """

    def __init__(self, store: Store) -> None:
        self._connection = store.connection

    @classmethod
    def of(cls, store: Store | None) -> AudienceStore | None:
        """Return the tables of a ledger that is read, or None when there is none."""
        return None if store is None else cls(store)

    # audiences ------------------------------------------------------------------------------------------------

    def current(self, model: str, advertiser_id: str, name: str) -> Audience | None:
        """Return the audience of a name that a view fills at an advertiser."""
        where = "where retired_at is null and model = ? and advertiser_id = ? and name = ?"
        found = self._audiences(where, model, advertiser_id, name)
        return found[0] if found else None

    def currents(self) -> list[Audience]:
        """Return what all views fill, by model and advertiser."""
        return self._audiences("where retired_at is null order by model, advertiser_id, name")

    def everyone(self) -> list[Audience]:
        """Return each audience that TikTok knows once, also those that no view fills any more.

        Whoever fills it now stands for it, else who filled it last.
        """
        rows = self._audiences("where audience_id is not null order by retired_at is not null, id desc")
        newest: dict[tuple[str, str | None], Audience] = {}
        for audience in rows:
            newest.setdefault((audience.advertiser_id, audience.audience_id), audience)
        return sorted(newest.values(), key=lambda one: (one.model, one.advertiser_id, one.name, one.id))

    def unsure(self) -> list[Audience]:
        """Return the audiences of files of whose members nothing is known, each once, by model and advertiser.

        TikTok has them, or may have them since a request to make one got no answer.
        """
        rows = self._audiences(
            "where method = 'file' and (audience_id is not null or create_asked_at is not null) and not exists "
            "(select 1 from audience as other join audience_load as load on load.audience = other.id "
            "where load.state in ('accepted', 'confirmed', 'failed') "
            "and (other.id = audience.id or other.audience_id = audience.audience_id)) "
            "order by retired_at is not null, model, advertiser_id, name, id"
        )
        # Whoever has one by share names it too.
        each = {one.audience_id or f"row {one.id}": one for one in reversed(rows) if not self.member_files(one)}
        return sorted(each.values(), key=lambda one: (one.model, one.advertiser_id, one.name, one.id))

    def is_gone(self, audience: Audience, *, now: datetime) -> None:
        """Record that TikTok has no such audience, and that no request to make it can still arrive."""
        self._connection.execute(
            "update audience set audience_id = null, create_asked_at = null, retired_at = coalesce(retired_at, ?) "
            "where id = ?",
            (stamp(now), audience.id),
        )

    def filled_by(self, advertiser_id: str, audience_id: str) -> Audience | None:
        """Return what fills an audience, or None."""
        where = "where retired_at is null and advertiser_id = ? and audience_id = ?"
        found = self._audiences(where, advertiser_id, audience_id)
        return found[0] if found else None

    def knows(self, advertiser_id: str, audience_id: str) -> bool:
        """Say whether some view fills an audience, or filled it."""
        return bool(self._audiences("where advertiser_id = ? and audience_id = ?", advertiser_id, audience_id))

    def last(self, advertiser_id: str, audience_id: str, method: str) -> Audience | None:
        """Return what an audience was known as last, whose people are known again once it is filled again."""
        where = "where advertiser_id = ? and audience_id = ? and method = ? order by id desc limit 1"
        found = self._audiences(where, advertiser_id, audience_id, method)
        return replace(found[0], suppressed_told=0) if found else None

    def by_id(self, audience: int) -> Audience:
        """Return one by its row id."""
        return self._audiences("where id = ?", audience)[0]

    def _audiences(self, where: str, *values: Any) -> list[Audience]:
        rows = self._connection.execute(
            "select id, model, advertiser_id, name, audience_id, create_asked_at, method, retired_at is not null, "
            f"suppressed_told, retention_days from audience {where}",
            values,
        )
        return [
            Audience(number, model, advertiser_id, name, audience_id, _moment(asked), method, bool(is_retired), *more)
            for number, model, advertiser_id, name, audience_id, asked, method, is_retired, *more in rows
        ]

    def add(
        self,
        *,
        model: str,
        advertiser_id: str,
        name: str,
        audience_id: str | None = None,
        method: str = "stream",
        now: datetime,
    ) -> Audience:
        """Record what a view fills from now on; what was known of the members of this audience is known again."""
        self._connection.execute(
            "update audience set retired_at = ? where model = ? and advertiser_id = ? and name = ? "
            "and retired_at is null",
            (stamp(now), model, advertiser_id, name),
        )
        known = self.last(advertiser_id, audience_id, method) if audience_id is not None else None
        if known is not None:
            self._connection.execute(
                "update audience set model = ?, name = ?, retired_at = null, suppressed_told = 0 where id = ?",
                (model, name, known.id),
            )
            return self.by_id(known.id)
        cursor = self._connection.execute(
            "insert into audience (model, advertiser_id, name, audience_id, bound_at, method) "
            "values (?, ?, ?, ?, ?, ?)",
            (model, advertiser_id, name, audience_id, stamp(now) if audience_id else None, method),
        )
        return Audience(int(cursor.lastrowid or 0), model, advertiser_id, name, audience_id, method=method)

    def was_told(self, audience: Audience) -> bool:
        """Whether TikTok may have made an audience, or obeyed anything, by its method; else only its view said so."""
        (is_told,) = self._connection.execute(
            "select exists (select 1 from audience_load where audience = ?1 and state <> 'refused') "
            "or exists (select 1 from audience_chunk as chunk join audience_change as change "
            "on change.id = chunk.change where change.audience = ?1 "
            "and (chunk.at_risk or chunk.state in ('sending', 'unknown', 'accepted')))",
            (audience.id,),
        ).fetchone()
        return bool(is_told) or audience.create_asked_at is not None or bool(self.member_files(audience))

    def set_method(self, audience: Audience, method: str) -> None:
        """Record by which method an audience is filled of which TikTok was told nothing yet."""
        self._connection.execute("update audience set method = ? where id = ?", (method, audience.id))

    def ask_to_create(self, audience: Audience, *, now: datetime) -> Audience:
        """Record that a request to make it is about to leave."""
        self._connection.execute("update audience set create_asked_at = ? where id = ?", (stamp(now), audience.id))
        return replace(audience, create_asked_at=now)

    def not_created(self, audience: Audience) -> Audience:
        """Record that the request to make it was refused."""
        self._connection.execute("update audience set create_asked_at = null where id = ?", (audience.id,))
        return replace(audience, create_asked_at=None)

    def bind(self, audience: Audience, audience_id: str, *, now: datetime) -> Audience:
        """Record TikTok's id."""
        self._connection.execute(
            "update audience set audience_id = ?, bound_at = ?, create_asked_at = null where id = ?",
            (audience_id, stamp(now), audience.id),
        )
        return replace(audience, audience_id=audience_id, create_asked_at=None)

    def made_with(self, audience: Audience, *, retention_days: int) -> None:
        """Record after how many days an audience ends that was made now, 0 for a moving end."""
        self._connection.execute("update audience set retention_days = ? where id = ?", (retention_days, audience.id))

    def fixed_end(self, audience: Audience) -> datetime | None:
        """Return when an audience ends that was made with a fixed end, or None."""
        if not audience.retention_days:
            return None
        (bound_at,) = self._connection.execute("select bound_at from audience where id = ?", (audience.id,)).fetchone()
        return datetime.fromisoformat(bound_at) + timedelta(days=audience.retention_days)

    # changes --------------------------------------------------------------------------------------------------

    def add_change(
        self, *, run: str, audience: Audience, action: str, file: int, rows: int, held_until: datetime | None
    ) -> int:
        """Record a frozen change; returns its id."""
        cursor = self._connection.execute(
            "insert into audience_change (run, audience, action, rows, file, held_until) values (?, ?, ?, ?, ?, ?)",
            (run, audience.id, action, rows, file, stamp(held_until) if held_until else None),
        )
        return int(cursor.lastrowid or 0)

    def open_changes(self) -> list[Change]:
        """Return the changes that are not settled, oldest first."""
        rows = self._connection.execute(
            "select change.id, audience, action, change.rows, file.path, held_until from audience_change as change "
            "join file on file.id = change.file order by change.id"
        )
        return [
            Change(number, audience, action, size, path, _moment(held))
            for number, audience, action, size, path, held in rows
        ]

    def settle_change(self, change: Change, *, now: datetime) -> None:
        """Stop naming the file of a change; unlink it after the commit."""
        self._connection.execute(
            "update audience_change set file = null, settled_at = ? where id = ?", (stamp(now), change.id)
        )
        self._connection.execute("delete from file where path = ?", (change.path,))

    # chunks ---------------------------------------------------------------------------------------------------

    def chunks(self, change: int) -> list[Chunk]:
        """Return what was sent of a change, by its first row; those that were cut in two are left out."""
        rows = self._connection.execute(
            "select id, change, first_row, rows, members, state, attempts, at_risk, last_risk_at from audience_chunk "
            "where change = ? and state <> 'split' order by first_row",
            (change,),
        )
        return [
            Chunk(number, of, first, size, members, BatchState(state), attempts, bool(risk), _moment(risk_at))
            for number, of, first, size, members, state, attempts, risk, risk_at in rows
        ]

    def intend(self, chunk: Chunk, *, sha256: str, run: str, now: datetime) -> Chunk:
        """Record that a chunk is about to be sent; no byte may be written before the commit."""
        sending = replace(chunk, state=BatchState.SENDING, attempts=chunk.attempts + 1)
        if chunk.id:
            self._connection.execute(
                "update audience_chunk set state = 'sending', sha256 = ?, attempts = ?, run = ?, updated_at = ? "
                "where id = ?",
                (sha256, sending.attempts, run, stamp(now), chunk.id),
            )
            return sending
        cursor = self._connection.execute(
            "insert into audience_chunk "
            "(change, first_row, rows, members, state, sha256, attempts, at_risk, run, updated_at) "
            "values (?, ?, ?, ?, 'sending', ?, 1, 0, ?, ?)",
            (chunk.change, chunk.first_row, chunk.rows, chunk.members, sha256, run, stamp(now)),
        )
        return replace(sending, id=int(cursor.lastrowid or 0))

    def split_off(self, chunk: Chunk, *, run: str, now: datetime) -> Chunk:
        """Record a half of a chunk that was too large and may have been obeyed in an earlier request."""
        cursor = self._connection.execute(
            "insert into audience_chunk "
            "(change, first_row, rows, members, state, sha256, attempts, at_risk, last_risk_at, run, updated_at) "
            "values (?, ?, ?, ?, 'unknown', '', 0, 1, ?, ?, ?)",
            (
                chunk.change,
                chunk.first_row,
                chunk.rows,
                chunk.members,
                stamp(chunk.last_risk_at) if chunk.last_risk_at else None,
                run,
                stamp(now),
            ),
        )
        return replace(chunk, id=int(cursor.lastrowid or 0), state=BatchState.UNKNOWN)

    def conclude(self, chunk: Chunk, verdict: Verdict, *, seconds: float, now: datetime) -> None:
        """Record what an attempt proved; the chunk holds the state and the risk that follow from it."""
        self._connection.execute(
            "update audience_chunk set state = ?, at_risk = ?, last_risk_at = ?, http_status = ?, code = ?, "
            "response_class = ?, message = ?, request_id = ?, seconds = ?, updated_at = ? where id = ?",
            (
                chunk.state,
                int(chunk.at_risk),
                stamp(chunk.last_risk_at) if chunk.last_risk_at else None,
                verdict.http_status,
                verdict.code,
                verdict.response_class,
                verdict.message,
                verdict.request_id,
                seconds,
                stamp(now),
                chunk.id,
            ),
        )

    def recover(self, *, now: datetime) -> None:
        """Take what was in flight when a run ended for obeyed or not, nobody knows."""
        self._connection.execute(
            "update audience_chunk set state = 'unknown', at_risk = 1, last_risk_at = updated_at, updated_at = ? "
            "where state = 'sending'",
            (stamp(now),),
        )

    # suppression ----------------------------------------------------------------------------------------------

    def suppress(self, digests: Iterable[tuple[str, str]], *, reason: str, now: datetime) -> int:
        """Keep identifiers, as (id schema, digest), out of every audience for ever; returns how many are new."""
        before = self._count_suppressed()
        self._connection.executemany(
            "insert into suppressed (id_schema, digest, reason, since) values (?, ?, ?, ?) on conflict do nothing",
            [(schema, digest, reason, stamp(now)) for schema, digest in digests],
        )
        return self._count_suppressed() - before

    def tell_again(self, digests: Iterable[tuple[str, str]]) -> None:
        """Record that no audience was told of suppressed (id schema, digest), nor of those that came after them."""
        sql = "select id from suppressed where id_schema = ? and digest = ?"
        first = min(number for pair in digests for (number,) in self._connection.execute(sql, pair))
        self._connection.execute("update audience set suppressed_told = min(suppressed_told, ?)", (first - 1,))

    def _count_suppressed(self) -> int:
        (count,) = self._connection.execute("select count(*) from suppressed").fetchone()
        return int(count)

    def newest_suppressed(self) -> int:
        """Return a number that grows with every suppressed identifier."""
        (newest,) = self._connection.execute("select coalesce(max(id), 0) from suppressed").fetchone()
        return int(newest)

    def suppressed(self, *, after: int = 0) -> Sequence[tuple[str, str]]:
        """Return (id schema, digest) of those that came after a number of `newest_suppressed`."""
        rows = self._connection.execute("select id_schema, digest from suppressed where id > ? order by id", (after,))
        return [tuple(row) for row in rows]

    def last_added(self, audience: Audience) -> datetime | None:
        """Return when somebody was taken into an audience last, or None: never, or nobody knows it any more."""
        (last,) = self._connection.execute(
            "select max(chunk.updated_at) from audience_chunk as chunk "
            "join audience_change as change on change.id = chunk.change "
            "where change.audience = ? and change.action = 'add' and chunk.state = 'accepted'",
            (audience.id,),
        ).fetchone()
        return _moment(last)

    def suppressed_were_told(self, audience: Audience, newest: int) -> None:
        """Record that an audience was told to let go of everybody up to a number of `newest_suppressed`."""
        self._connection.execute(
            "update audience set suppressed_told = max(suppressed_told, ?) where id = ?", (newest, audience.id)
        )

    # files ----------------------------------------------------------------------------------------------------

    def member_files(self, audience: Audience) -> list[File]:
        """Return the files that say who is in an audience, oldest first."""
        rows = self._connection.execute(
            "select id, path, kind, space, model, rows, bytes, sha256 from file where kind = 'members' and space = ? "
            "order by id",
            (audience.space,),
        )
        return [File(*row) for row in rows]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
