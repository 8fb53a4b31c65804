"""What requests about audiences of files do to the sandbox's state.

A file is kept as the members in it; an audience gets them when the API has worked on it, a while after it was asked.
"""

from __future__ import annotations

import hashlib
import heapq
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pusher.destinations.tiktok import sandbox_audience_state as state
from pusher.destinations.tiktok.facts import tables
from pusher.destinations.tiktok.sandbox_audience_state import Audience, Note
from pusher.destinations.tiktok.sandbox_state import Change, Counts, Look, Result, Work, postpone

_HOUR_S = 3600
_CREATE, _APPEND, _REMOVE, _REPLACE = "CREATE", "APPEND", "REMOVE", "REPLACE"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file is kept.

    Attributes:
        advertiser_id: The only account that may use it.
        calculate_type: Its type.
        rows: Its lines with identifiers.
        groups: Type and members in their order, many at a time.
    """

    advertiser_id: str
    calculate_type: str
    rows: int
    groups: Sequence[tuple[str, bytes]]
    kind: ClassVar[str] = "upload"

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """Keep it, and forget files that nothing can use any more."""
        _forget_files(connection, now_s)
        count = connection.execute("select coalesce(max(seq), 0) + 1 from sqlite_sequence where name = 'files'")
        characters = state.number("file_path_characters")
        path = hashlib.sha256(f"file {count.fetchone()[0]}".encode()).hexdigest()[:characters]
        new = (path, self.advertiser_id, self.calculate_type, now_s)
        file_id = connection.execute("insert into files values (null, ?, ?, ?, ?)", new).lastrowid
        rows = ((file_id, id_type, members) for id_type, members in self.groups)
        connection.executemany("insert into file_members values (?, ?, ?)", rows)
        return Result(data={"file_path": path}, counts=Counts(self.rows))

    def dump(self) -> dict[str, Any]:
        """Return it as JSON."""
        groups = [(id_type, members.hex()) for id_type, members in self.groups]
        values = {"advertiser_id": self.advertiser_id, "calculate_type": self.calculate_type, "rows": self.rows}
        return {**values, "groups": groups}

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> Self:
        """Return what was dumped."""
        groups = [(id_type, bytes.fromhex(members)) for id_type, members in dumped["groups"]]
        return cls(**{**dumped, "groups": groups})


@dataclass(frozen=True, slots=True)
class MakeFileAudience(Change):
    """An audience is made of files; it has its members later.

    Attributes:
        advertiser_id: Its owner.
        name: As given.
        calculate_type: Of it and of its files.
        file_paths: The files.
        sub_type: Which ads it is for, or None.
        retention_d: Days until its end, or None.
    """

    advertiser_id: str
    name: str
    calculate_type: str
    file_paths: Sequence[str]
    sub_type: str | None
    retention_d: int | None
    kind: ClassVar[str] = "make_file_audience"

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """Make it, and let it be worked on."""
        refusal = state.full(connection, self.advertiser_id)
        refusal = refusal or _files_refusal(connection, self.file_paths, self.advertiser_id, self.calculate_type, now_s)
        if refusal is not None:
            return refusal
        id_ = state.create(connection, self.advertiser_id, self.name, state.FILE, now_s)
        connection.execute(
            "update audiences set calculate_type = ?, sub_type = ?, retention_d = ? where id = ?",
            (self.calculate_type, self.sub_type, self.retention_d, id_),
        )
        _begin(connection, id_, _CREATE, self.file_paths, now_s)
        return Result(data={"custom_audience_id": str(id_)})


@dataclass(frozen=True, slots=True)
class UpdateFileAudience(Change):
    """An audience of files is renamed at once, or gets other members later.

    Attributes:
        advertiser_id: Its owner.
        audience_id: The audience.
        name: The new one, or None.
        file_paths: Files, or None.
        action: What to do with their members.
        sub_type: Which ads it is for from now on, or None.
    """

    advertiser_id: str
    audience_id: str
    name: str | None
    file_paths: Sequence[str] | None
    action: str
    sub_type: str | None
    kind: ClassVar[str] = "update_file_audience"

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """Change it, or begin to."""
        audience = _own(connection, self.audience_id, self.advertiser_id)
        if isinstance(audience, Result):
            return audience
        refusal = self._refusal(connection, audience, now_s)
        if refusal is not None:
            return refusal
        if self.sub_type is not None and self.sub_type != audience.sub_type:
            connection.execute("update audiences set sub_type = ? where id = ?", (self.sub_type, audience.id))
            return Result()
        if self.name is not None:
            connection.execute(
                "update audiences set name = ?, changed_s = ? where id = ?", (self.name, now_s, audience.id)
            )
            state.note(connection, audience.id, Note("RENAME", self.name), now_s)
        if self.file_paths is not None:
            _begin(connection, audience.id, self.action, self.file_paths, now_s)
            state.note(connection, audience.id, Note(self.action, ",".join(self.file_paths)), now_s)
        return Result()

    def _refusal(self, connection: sqlite3.Connection, audience: Audience, now_s: float) -> Result | None:
        if audience.pending == _REPLACE and self.file_paths is not None and self.action == _REPLACE:
            return Result("bad_parameter", f"Request {state.text('unfinished_replace')}")
        if audience.pending is not None:
            return Result("bad_parameter", state.text("processing"))
        if not state.is_valid(connection, audience, now_s):
            return Result("bad_parameter", f"{state.text('not_editable')}: {audience.id} is not valid")
        usual = tables("audience")["list"]["sub_types"]["values"][0]
        if self.sub_type == usual and audience.sub_type != usual:
            return Result("bad_parameter", f"audience_sub_type: Cannot become {usual} again")
        if self.file_paths is None or audience.calculate_type is None:
            return None
        return _files_refusal(connection, self.file_paths, self.advertiser_id, audience.calculate_type, now_s)


@dataclass(frozen=True, slots=True)
class FinishFiles(Change):
    """The API has worked on an audience.

    Attributes:
        audience_id: The audience.
        action: What was asked for.
        file_paths: The files.
    """

    audience_id: int
    action: str
    file_paths: Sequence[str]
    kind: ClassVar[str] = "finish_files"

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """Change its members, or none of them when too few would be left."""
        audience = state.find(connection, str(self.audience_id))
        if audience is None:
            return Result()
        connection.execute("savepoint files")
        if self.action == _REPLACE:
            state.clear(connection, audience)
        self._use_files(connection)
        changed = state.find(connection, str(self.audience_id))
        error = ""
        if changed is not None and changed.members < state.number("least_matched_members"):
            error = f"{self.action} failed: fewer than {state.number('least_matched_members')} members were matched"
            if self.action != _CREATE:
                connection.execute("rollback to files")
        connection.execute("release files")
        changed_s = audience.changed_s if error else now_s
        connection.execute(
            "update audiences set pending = null, error = ?, changed_s = ? where id = ?",
            (error, changed_s, audience.id),
        )
        # What came of it stands in the latest line about it.
        connection.execute(
            "update audience_history set message = ? where id = "
            "(select max(id) from audience_history where audience_id = ? and action = ?)",
            (error, audience.id, self.action),
        )
        return Result()

    def _use_files(self, connection: sqlite3.Connection) -> None:
        chunks: dict[str, list[bytes]] = {}
        kept = "select id_type, members from file_members where file_id = (select id from files where file_path = ?)"
        for path in self.file_paths:
            for id_type, members in connection.execute(kept, (path,)):
                chunks.setdefault(id_type, []).append(members)
        for id_type, found in chunks.items():
            # Millions of members go into their table several times as fast in its order.
            ordered = heapq.merge(*map(state.split, found))
            state.change_members(connection, self.audience_id, id_type, ordered, is_add=self.action != _REMOVE)


@dataclass(frozen=True, slots=True)
class DeleteAudiences(Change):
    """Audiences of files are deleted.

    Attributes:
        advertiser_id: Their owner.
        ids: The audiences.
    """

    advertiser_id: str
    ids: Sequence[str]
    kind: ClassVar[str] = "delete_audiences"

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """Delete all of them or none."""
        del now_s
        audiences = _own_all(connection, self.ids, self.advertiser_id)
        if isinstance(audiences, Result):
            return audiences
        for audience in audiences:
            state.delete(connection, audience)
        return Result()


@dataclass(frozen=True, slots=True)
class ShareAudiences(Change):
    """Audiences are shared with accounts.

    Attributes:
        advertiser_id: Their owner.
        ids: The audiences.
        shared_advertiser_ids: The accounts.
    """

    advertiser_id: str
    ids: Sequence[str]
    shared_advertiser_ids: Sequence[str]
    kind: ClassVar[str] = "share_audiences"

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """Share all of them with all, or none."""
        audiences = _own_all(connection, self.ids, self.advertiser_id)
        if isinstance(audiences, Result):
            return audiences
        for audience in audiences:
            if not state.is_valid(connection, audience, now_s):
                return Result("bad_parameter", f"{state.text('not_editable')}: {audience.id} is not valid")
        pairs = [(audience.id, other) for audience in audiences for other in self.shared_advertiser_ids]
        connection.executemany("insert or replace into shares values (?, ?, 1)", pairs)
        return Result()


@dataclass(frozen=True, slots=True)
class CancelShare(Change):
    """The share of an audience ends.

    Attributes:
        advertiser_id: Its owner.
        audience_id: The audience.
        shared_advertiser_id: The account that has it no longer.
    """

    advertiser_id: str
    audience_id: str
    shared_advertiser_id: str
    kind: ClassVar[str] = "cancel_share"

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """End it."""
        del now_s
        audience = _own(connection, self.audience_id, self.advertiser_id)
        if isinstance(audience, Result):
            return audience
        cancel = "update shares set is_shared = 0 where audience_id = ? and advertiser_id = ? and is_shared"
        if connection.execute(cancel, (audience.id, self.shared_advertiser_id)).rowcount == 0:
            return Result("bad_parameter", f"{audience.id} is not shared with {self.shared_advertiser_id}")
        return Result()


@dataclass(frozen=True, slots=True)
class ShareLog(Look):
    """With whom an audience is or was shared.

    Attributes:
        advertiser_id: Its owner.
        audience_id: The audience.
    """

    advertiser_id: str
    audience_id: str
    kind: ClassVar[str] = "share_log"

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """Read the log."""
        del now_s
        audience = _own(connection, self.audience_id, self.advertiser_id)
        if isinstance(audience, Result):
            return audience
        found = connection.execute(
            "select advertiser_id, is_shared from shares where audience_id = ? order by advertiser_id", (audience.id,)
        )
        lines = [
            {
                "custom_audience_id": str(audience.id),
                "shared_advertiser_id": advertiser_id,
                "shared_advertiser_name": f"Advertiser {advertiser_id}",
                "status": "SHARED" if is_shared else "CANCELLED",
            }
            for advertiser_id, is_shared in found
        ]
        return Result(data={"list": lines})


KINDS: tuple[type[Work], ...] = (
    Upload,
    MakeFileAudience,
    UpdateFileAudience,
    FinishFiles,
    DeleteAudiences,
    ShareAudiences,
    CancelShare,
)


def _own(connection: sqlite3.Connection, audience_id: str, advertiser_id: str) -> Audience | Result:
    """Return an account's own audience of files, or why there is none."""
    audience = state.find(connection, audience_id)
    if audience is None or audience.family != state.FILE:
        return Result("bad_parameter", f"{audience_id} is no customer file audience")
    if audience.advertiser_id != advertiser_id:
        return Result("no_permission", f"No permission to operate audience: {audience_id}")
    return audience


def _own_all(connection: sqlite3.Connection, ids: Iterable[str], advertiser_id: str) -> list[Audience] | Result:
    audiences = []
    for audience_id in dict.fromkeys(ids):
        audience = _own(connection, audience_id, advertiser_id)
        if isinstance(audience, Result):
            return audience
        audiences.append(audience)
    return audiences


def _begin(
    connection: sqlite3.Connection, audience_id: int, action: str, file_paths: Sequence[str], now_s: float
) -> None:
    """Let an audience be worked on; until then it takes nothing else."""
    connection.execute("update audiences set pending = ?, error = '' where id = ?", (action, audience_id))
    postpone(connection, FinishFiles(audience_id, action, file_paths), now_s + state.delay_s())


def _files_refusal(
    connection: sqlite3.Connection, paths: Sequence[str], advertiser_id: str, calculate_type: str, now_s: float
) -> Result | None:
    """Return why files cannot be used, if so."""
    for place, path in enumerate(paths):
        found = connection.execute(
            "select calculate_type, uploaded_s from files where file_path = ? and advertiser_id = ?",
            (path, advertiser_id),
        ).fetchone()
        if found is None:
            return Result("file_missing", f"file_paths.{place}: There is no such file of this advertiser")
        if now_s - found[1] >= _lifetime_s():
            return Result("file_expired", f"file_paths.{place}: The file has expired")
        if found[0] != calculate_type:
            return Result("file_type", f"file_paths.{place}: The file is of {found[0]}, not of {calculate_type}")
    return None


def _forget_files(connection: sqlite3.Connection, now_s: float) -> None:
    """Forget the members of files that expired so long ago that no audience waits for them."""
    last = now_s - _lifetime_s() - state.delay_s()
    old = "select id from files where uploaded_s < ?"
    connection.execute(f"delete from file_members where file_id in ({old})", (last,))


def _lifetime_s() -> int:
    return state.number("file_expires_after_h") * _HOUR_S
