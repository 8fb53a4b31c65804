"""Members that audiences were given as files, and what is known to have come of each.

A load is stored before the request about it leaves. One whose answer was lost may have been obeyed: what is in the
audience is not known until the history of the audience names it, or until another load was accepted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from pusher.contracts import Verdict
from pusher.ledger.audiences import Audience
from pusher.ledger.rows import stamp
from pusher.ledger.store import Store

CREATE, REPLACE, APPEND, REMOVE = "create", "replace", "append", "remove"


class LoadState(StrEnum):
    """States of a load, as stored."""

    SENDING = "sending"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Load:
    """Members that an audience was given, or was about to be.

    Attributes:
        id: Row id.
        audience: Row id of the audience.
        action: `create` or `replace`, or `append` or `remove` when its files hold only those who come or go.
        members: Identifiers that the audience has with it.
        file_type: Type of its files.
        digest: Of these identifiers, in any order.
        file_paths: What stands for its files at TikTok.
        state: What is known of it.
        asked_at: When the request about it left.
    """

    id: int
    audience: int
    action: str
    members: int
    file_type: str
    digest: str
    file_paths: tuple[str, ...]
    state: LoadState
    asked_at: datetime

    @property
    def is_in_doubt(self) -> bool:
        """Whether nobody knows if the audience has its members."""
        return self.state in {LoadState.SENDING, LoadState.UNKNOWN}


class LoadStore:
    """Typed reads and writes of the table of loads.

    Args:
        store: The open ledger; its transactions hold what is written here.
    """

    def __init__(self, store: Store) -> None:
        self._connection = store.connection

    def latest(self, audience: Audience, action: str | None = None) -> Load | None:
        """Return the newest load, or the newest of an action, that was not proven to have changed nothing."""
        row = self._connection.execute(
            "select id, audience, action, members, file_type, members_digest, file_paths, state, "
            "asked_at from audience_load "
            "where audience = ? and state <> 'refused' and action = coalesce(?, action) order by id desc limit 1",
            (audience.id, action),
        ).fetchone()
        if row is None:
            return None
        number, of, done, members, file_type, digest, paths, state, asked_at = row
        asked = datetime.fromisoformat(asked_at)
        return Load(number, of, done, members, file_type, digest, tuple(json.loads(paths)), LoadState(state), asked)

    def add(
        self,
        audience: Audience,
        *,
        run: str,
        action: str,
        members: int,
        file_type: str,
        digest: str,
        file_paths: tuple[str, ...],
        size: int,
        state: LoadState,
        now: datetime,
    ) -> Load:
        """Record a load; no byte of a request to change may be written before the commit.

        Args:
            audience: The audience.
            run: Run id.
            action: `create`, `replace`, `append` or `remove`.
            members: Identifiers that the audience has with it.
            file_type: Type of its files.
            digest: Of these identifiers.
            file_paths: What stands for its files.
            size: Their bytes.
            state: `sending`, or `accepted` for what is known already.
            now: The run's clock.
        """
        cursor = self._connection.execute(
            "insert into audience_load (run, audience, action, members, files, bytes, file_type, members_digest, "
            "file_paths, state, asked_at, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                run,
                audience.id,
                action,
                members,
                len(file_paths),
                size,
                file_type,
                digest,
                json.dumps(file_paths),
                state,
                stamp(now),
                stamp(now),
            ),
        )
        return Load(int(cursor.lastrowid or 0), audience.id, action, members, file_type, digest, file_paths, state, now)

    def conclude(self, load: Load, state: LoadState, *, now: datetime, verdict: Verdict | None = None) -> Load:
        """Record what is known of a load by now, and the answer that says so."""
        self._connection.execute(
            "update audience_load set state = ?, updated_at = ? where id = ?", (state, stamp(now), load.id)
        )
        if verdict is not None:
            self._connection.execute(
                "update audience_load set http_status = ?, code = ?, response_class = ?, message = ?, request_id = ? "
                "where id = ?",
                (
                    verdict.http_status,
                    verdict.code,
                    verdict.response_class,
                    verdict.message,
                    verdict.request_id,
                    load.id,
                ),
            )
        return replace(load, state=state)

    def recover(self, *, now: datetime) -> None:
        """Take what was in flight when a run ended for obeyed or not, nobody knows."""
        self._connection.execute(
            "update audience_load set state = 'unknown', updated_at = ? where state = 'sending'", (stamp(now),)
        )
