"""Keeps what is known of the members of an audience after its changes were told, and lets go of the changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path

from pusher.contracts import StagedFile
from pusher.ledger.audiences import Audience, AudienceStore, Change
from pusher.ledger.barred import Barred
from pusher.ledger.members import Sent, has_old_tombstones, need_merging, write_merged, write_told
from pusher.ledger.rows import File
from pusher.ledger.state import StateFolder, publish
from pusher.ledger.store import Store

SPILL = "members-spill"


class MemberSettling:
    """Settles changes.

    Args:
        store: The ledger.
        audiences: Its tables of audiences.
        state: The state folder.
        kinds: All kinds of identifier of the destination.
        run: Run id.
    """

    def __init__(
        self, store: Store, audiences: AudienceStore, state: StateFolder, *, kinds: Sequence[str], run: str
    ) -> None:
        self._store = store
        self._audiences = audiences
        self._state = state
        self._kinds = kinds
        self._run = run

    def settle(self, now: datetime) -> None:
        """Settle every change of every audience, those that a killed run left behind included."""
        with self._store.transaction():
            self._audiences.recover(now=now)
        changes = sorted(self._audiences.open_changes(), key=lambda change: (change.audience, change.id))
        for audience, group in groupby(changes, key=lambda change: change.audience):
            self._settle(self._audiences.by_id(audience), list(group), now)
        for one in self._audiences.everyone():
            files = self._audiences.member_files(one)
            paths = [self._state.root / file.path for file in files]
            if files and has_old_tombstones(paths, now=now, folder=self._state.outbox / SPILL):
                self._merge(one, f"{self._run}-{one.id}-{files[-1].id}-due", now, always=True)

    def _settle(self, audience: Audience, changes: Sequence[Change], now: datetime) -> None:
        name = f"{self._run}-{audience.id}-{changes[-1].id}"
        told = write_told(
            [self._sent(change) for change in changes],
            self._state.members / f"{name}.tmp",
            kinds=self._kinds,
            now=now,
            folder=self._state.outbox / SPILL,
            before=[self._state.root / file.path for file in self._audiences.member_files(audience)],
        )
        named = None if told is None else self._file(told, self._state.members / f"{name}.parquet", audience)
        with self._store.transaction():
            if named is not None:
                self._store.add_file(named, run=self._run, now=now)
            for change in changes:
                self._audiences.settle_change(change, now=now)
        for change in changes:
            (self._state.root / change.path).unlink(missing_ok=True)
        self._merge(audience, f"{name}-merged", now)

    def drop_suppressed(self, now: datetime) -> None:
        """Know nothing any more of suppressed people who were taken out: neither now nor for the time of tombstones."""
        for audience in self._audiences.everyone():
            if self._audiences.member_files(audience):
                self._merge(audience, f"{self._run}-{audience.id}-kept", now, always=True)

    def _sent(self, change: Change) -> Sent:
        import pyarrow.parquet as pq

        path = self._state.root / change.path
        return Sent(change.action, path, pq.read_schema(path).names, self._audiences.chunks(change.id))

    def _merge(self, audience: Audience, name: str, now: datetime, *, always: bool = False) -> None:
        files = self._audiences.member_files(audience)
        if not always and not need_merging([file.rows for file in files]):
            return
        paths = [self._state.root / file.path for file in files]
        merged = write_merged(
            paths,
            self._state.members / f"{name}.tmp",
            now=now,
            folder=self._state.outbox / SPILL,
            barred=Barred(self._audiences.suppressed()),
            kinds=self._kinds,
        )
        named = None if merged is None else self._file(merged, self._state.members / f"{name}.parquet", audience)
        with self._store.transaction():
            self._store.drop_files(files)
            if named is not None:
                self._store.add_file(named, run=self._run, now=now)
        for path in paths:
            path.unlink()

    def _file(self, staged: StagedFile, final: Path, audience: Audience) -> File:
        digest = publish(staged.path, final)
        return File.at(
            final,
            self._state.root,
            kind="members",
            space=audience.space,
            model=audience.model,
            rows=staged.rows,
            sha256=digest,
        )
