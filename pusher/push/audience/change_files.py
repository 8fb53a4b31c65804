"""The files of what changes in audiences: frozen rows get durable names, and the ledger knows them from then on."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pusher.ledger.audiences import Audience, AudienceStore, Change
from pusher.ledger.comparison import FrozenChange
from pusher.ledger.rows import File
from pusher.ledger.state import StateFolder, publish
from pusher.ledger.store import Store


@dataclass(slots=True)
class ChangeFiles:
    """The files of one push.

    Args:
        state: The state folder.
        run: Run id, which their names begin with.

    Attributes:
        count: Files so far.
    """

    state: StateFolder
    run: str
    count: int = field(default=0, init=False)

    def keep(
        self, audience: Audience, frozen: Sequence[FrozenChange], store: Store, *, now: datetime
    ) -> deque[tuple[Change, Path]]:
        """Give the frozen changes of an audience their durable names, and record them all or none.

        Returns:
            What was recorded, in the order in which TikTok is to be told, with its files.
        """
        named = [(change, *self._published(change, audience)) for change in frozen]
        audiences = AudienceStore(store)
        recorded: deque[tuple[Change, Path]] = deque()
        with store.transaction():
            for change, file, path in named:
                number = audiences.add_change(
                    run=self.run,
                    audience=audience,
                    action=change.action,
                    file=store.add_file(file, run=self.run, now=now),
                    rows=file.rows,
                    held_until=change.held_until,
                )
                kept = Change(
                    number, audience.id, change.action, file.rows, file.path, change.held_until, change.is_known
                )
                recorded.append((kept, path))
        return recorded

    def _published(self, change: FrozenChange, audience: Audience) -> tuple[File, Path]:
        self.count += 1
        path = self.state.outbox / f"{self.run}-audience-{audience.id}-{self.count}.parquet"
        digest = publish(change.file.path, path)
        file = File.at(
            path,
            self.state.root,
            kind="changes",
            space=audience.space,
            model=audience.model,
            rows=change.file.rows,
            sha256=digest,
        )
        return file, path
