"""Keeps people out of requests who were suppressed after their rows were frozen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pusher.clock import Clock
from pusher.contracts import BatchState
from pusher.ledger.audiences import AudienceStore
from pusher.ledger.barred import Barred, rows_of_barred
from pusher.ledger.rows import Batch, Part, Ranges
from pusher.ledger.store import Store
from pusher.payload.model import Payload
from pusher.push.encode import common, minus
from pusher.push.queue import Queue
from pusher.push.work import PartWork, Try

NOT_SENT = "The person was suppressed before it was sent."
MAY_HAVE_ARRIVED = "The person was suppressed; it may have been delivered before, and cannot be recalled."


def identities(payload: Payload) -> list[str]:
    """Return the dotted places of digests in a payload's JSON rows."""
    return [one.path for one in payload.fields if one.holds_digests and one.path]


@dataclass(slots=True)
class Late:
    """Finds the frozen rows of suppressed people.

    Args:
        store: The ledger.
        root: The state folder.
        listed: The project's own list.
        run: Run that planned without those of the list and without those whom the ledger knew by then.
        planned: How far that run had read the ledger's list.
    """

    store: Store
    root: Path
    listed: Sequence[Path] = ()
    run: str | None = None
    planned: int = 0
    _newest: int = field(default=-1, init=False)
    _barred: Barred = field(default_factory=Barred, init=False)
    _since: Barred = field(default_factory=Barred, init=False)

    def has_grown(self) -> bool:
        """Say whether somebody was suppressed since this was asked last."""
        newest = AudienceStore(self.store).newest_suppressed()
        if newest == self._newest:
            return False
        self._newest = newest
        self._barred = Barred(AudienceStore(self.store).suppressed(), self.listed)
        self._since = Barred(AudienceStore(self.store).suppressed(after=self.planned))
        return True

    def rows(self, part: Part, payload: Payload) -> Ranges:
        """Return the rows of an open part that are of suppressed people."""
        assert part.path is not None  # noqa: S101 -- open parts have a file
        barred = self._since if part.run == self.run else self._barred
        found: list[tuple[int, int]] = []
        for row in rows_of_barred(self.root / part.path, identities(payload), barred):
            if found and sum(found[-1]) == row:
                found[-1] = (found[-1][0], found[-1][1] + 1)
            else:
                found.append((row, 1))
        return tuple(found)

    def take_back(self, works: Iterable[PartWork], queue: Queue, *, run: str, now: datetime) -> None:
        """Take rows back whose people were suppressed since they were frozen, unless their request is on its way.

        The caller holds a transaction.

        Args:
            works: The open parts; each learns which of its rows these are.
            queue: What waits to be sent again.
            run: Run that does it.
            now: The run's clock.
        """
        for work in works:
            work.barred = self.rows(work.part, work.payload)
            if gone := common(work.free, work.barred):
                leave_out(self.store, work.part, gone, run=run, now=now)
                work.free = minus(work.free, gone)
            for attempt in queue.waiting(work) if work.barred else ():
                if not self._is_left(attempt, run=run, now=now):
                    queue.drop(attempt)

    def spare(self, claims: Iterable[Try], queue: Queue, *, run: str, clock: Clock) -> list[Try]:
        """Take such rows back that were on their way when the list grew, and are to be sent again.

        The caller holds a transaction.

        Args:
            claims: Batches that are about to be sent.
            queue: Takes what is left of those that held such rows.
            run: Run that does it.
            clock: Wall and monotonic time.

        Returns:
            The batches without such rows, as they were.
        """
        spared = []
        for attempt in claims:
            if not common(attempt.batch.ranges, attempt.work.barred):
                spared.append(attempt)
            elif self._is_left(attempt, run=run, now=clock.now()):
                queue.schedule(attempt, clock.monotonic_s())
        return spared

    def _is_left(self, attempt: Try, *, run: str, now: datetime) -> bool:
        """Take rows out of a batch; returns whether it has others."""
        gone = common(attempt.batch.ranges, attempt.work.barred)
        if not gone:
            return True
        rest = carve_out(self.store, attempt.batch, gone, run=run, now=now)
        if rest is None:
            attempt.work.open_batches -= 1
            return False
        attempt.batch, attempt.body = rest, None
        return True


def leave_out(store: Store, part: Part, free: Ranges, *, run: str, now: datetime) -> None:
    """Record rows that no batch covers as suppressed; the caller holds a transaction."""
    batch = store.add_batch(part=part.id, ranges=free, run=run, now=now)
    store.set_state(batch, BatchState.SUPPRESSED, now=now, message=NOT_SENT)


def carve_out(store: Store, batch: Batch, gone: Ranges, *, run: str, now: datetime) -> Batch | None:
    """Replace a batch by its rows of suppressed people and the rest; returns the rest, in the state of the batch.

    Rows that may have arrived stay known as that; the rest keeps the encoder that made its bytes.
    """
    parked_because = store.parked_because(batch.part).get(batch.id)
    store.set_state(batch, BatchState.SPLIT, now=now)
    out = store.add_batch(part=batch.part, ranges=gone, run=run, now=now, parent=batch)
    at_risk = batch.first_risk_at is not None
    store.set_state(out, BatchState.SUPPRESSED, now=now, message=MAY_HAVE_ARRIVED if at_risk else NOT_SENT)
    left = minus(batch.ranges, gone)
    if not left:
        return None
    rest = store.add_batch(part=batch.part, ranges=left, run=run, now=now, parent=batch)
    if batch.state is BatchState.PARKED:
        return store.set_state(rest, BatchState.PARKED, now=now, message=parked_because)
    return rest


def write_without(source: Path, target: Path, gone: Ranges) -> None:
    """Write a part without what identifies the people of some rows; every row keeps its place and its key.

    Args:
        source: The part.
        target: File to write.
        gone: Rows, counted over the due rows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(source) as part:
        table = part.read()
    empty = {row for first, count in gone for row in range(first, first + count)}
    due = -1
    places: list[int | None] = []
    for place, reason in enumerate(table.column("_reason").to_pylist()):
        due += reason is None
        places.append(None if reason is None and due in empty else place)
    indices = pa.array(places, pa.int64())
    for number, name in enumerate(table.column_names):
        if not name.startswith("_"):
            table = table.set_column(
                number, table.schema.field(number).with_nullable(True), table.column(number).take(indices)
            )
    pq.write_table(table, target, compression="snappy")
