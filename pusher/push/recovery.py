"""Takes over a part that an earlier run froze: what became of its batches, and which rows are too old by now."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pusher.contracts import FINAL_STATES, BatchState
from pusher.ledger.rows import Batch, Part, Ranges, leaves
from pusher.ledger.store import Store
from pusher.payload.model import Payload
from pusher.push import policy
from pusher.push.encode import Body, common, due_rows, minus
from pusher.push.late import carve_out, leave_out
from pusher.push.work import PartWork, Try

TOO_OLD_TO_REPEAT = "The outcome is unknown, and too old to send again safely."
SENT_IN_THE_FUTURE = "The outcome is unknown, and by this clock it was first sent in the future: its age is not known."
WAITED_TOO_LONG = "The rows could not be sent for 7 days; they are kept only until it is decided about them."
TOO_OLD_FOR_THE_PIXEL = (
    "The outcome is unknown, and the pixel reported the event too long ago for TikTok to know another copy as one."
)
OTHER_ENCODER = "The outcome is unknown, and this version would send other bytes than {encoder} did."


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a part is taken over with.

    Args:
        store: The ledger, inside a transaction.
        run: Run id.
        now: Current moment.
        encoder: Encoder of this version.
        encode: Encodes a batch.
        max_age_s: Age after which an event is not sent for the first time.
        barred: Returns the rows of a part whose people are suppressed.
        pixel_window: The pixel reports the events too, so that no copy may be sent after this age either.
    """

    store: Store
    run: str
    now: datetime
    encoder: str
    encode: Callable[[Try], Body]
    max_age_s: int
    barred: Callable[[Part, Payload], Ranges]
    pixel_window: bool = False

    def take_over(self, work: PartWork, path: Path) -> tuple[list[Try], bool]:
        """Return the batches that are due, and whether any row of the part was accepted before."""
        due: list[Try] = []
        part = work.part.id
        old = old_rows(path, now=self.now, max_age_s=self.max_age_s) if work.part.run != self.run else ()
        if unsent := without_risk(self.store, work.part, old):
            expire(self.store, work.part, unsent, run=self.run, now=self.now)
        work.free = minus(work.free, self.store.covered(part))
        proven = BatchState.ACCEPTED in self.store.part_states(part)
        barred = self.barred(work.part, work.payload)
        for batch in self.store.batches(part, unfinished=True):
            gone = common(batch.ranges, barred)
            left = carve_out(self.store, batch, gone, run=self.run, now=self.now) if gone else batch
            due += self._pending(work, left, old) if left is not None else []
        if gone := common(work.free, barred):
            leave_out(self.store, work.part, gone, run=self.run, now=self.now)
            work.free = minus(work.free, gone)
        return due, proven

    def _pending(self, work: PartWork, batch: Batch, old: Ranges) -> list[Try]:
        at_risk = batch.first_risk_at is not None
        if batch.state is BatchState.PARKED:
            work.left += 1
            return []
        if policy.is_past_resending(batch.first_risk_at, now=self.now, limits=work.payload.limits):
            return self._park(work, batch, past_resending_because(batch, self.now))
        if at_risk and not self._same_bytes(work, batch):
            return self._park(work, batch, OTHER_ENCODER.format(encoder=batch.encoder))
        if at_risk and self.pixel_window and (too_old := common(batch.ranges, old)):
            return self._carve(work, batch, too_old)
        work.open_batches += 1
        return [Try(batch if at_risk else replace(batch, sha256=None), work, is_new=False)]

    def _same_bytes(self, work: PartWork, batch: Batch) -> bool:
        """Whether this version would repeat a batch byte for byte."""
        if batch.encoder != self.encoder:
            return False
        # A piece of a batch that was accepted in part was never sent as it is.
        return batch.sha256 is None or self.encode(Try(batch, work)).sha256 == batch.sha256

    def _park(self, work: PartWork, batch: Batch, message: str) -> list[Try]:
        self.store.set_state(batch, BatchState.PARKED, now=self.now, message=message)
        work.left += 1
        return []

    def _carve(self, work: PartWork, batch: Batch, too_old: Ranges) -> list[Try]:
        """Replace a batch in doubt by its rows that are too old and the rest, which keeps the bytes of its rows."""
        self.store.set_state(batch, BatchState.SPLIT, now=self.now)
        doubtful = self.store.add_batch(part=work.part.id, ranges=too_old, run=self.run, now=self.now, parent=batch)
        self._park(work, doubtful, TOO_OLD_FOR_THE_PIXEL)
        rest = minus(batch.ranges, too_old)
        if not rest:
            return []
        kept = self.store.add_batch(part=work.part.id, ranges=rest, run=self.run, now=self.now, parent=batch)
        work.open_batches += 1
        return [Try(kept, work, is_new=False)]


def past_resending_because(batch: Batch, now: datetime) -> str:
    """Return why a batch may not be sent again, of which TikTok may no longer recognise a copy."""
    is_ahead = batch.first_risk_at is not None and batch.first_risk_at > now
    return SENT_IN_THE_FUTURE if is_ahead else TOO_OLD_TO_REPEAT


def old_rows(path: Path, *, now: datetime, max_age_s: int) -> Ranges:
    """Return the rows of a part that TikTok would not count any more.

    Args:
        path: The part's file.
        now: Current moment.
        max_age_s: Age after which an event is not sent.
    """
    import pyarrow.compute as pc

    oldest = int(now.timestamp()) - max_age_s
    times = due_rows(path, "_event_time".__eq__).column(0)
    first = pc.min(times).as_py()
    if first is None or first >= oldest:
        return ()
    found: list[tuple[int, int]] = []
    for row, moment in enumerate(times.to_pylist()):
        if moment is None or moment >= oldest:
            continue
        if found and sum(found[-1]) == row:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((row, 1))
    return tuple(found)


def without_risk(store: Store, part: Part, rows: Ranges) -> Ranges:
    """Return those of some rows of an open part that can still be sent, and of which nothing can have arrived."""
    if not rows:
        return ()
    settled = {*FINAL_STATES, BatchState.PARKED}
    others = [one for one in leaves(store.batches(part.id)) if one.state in settled or one.first_risk_at is not None]
    return minus(rows, tuple(piece for batch in others for piece in batch.ranges))


def expire(store: Store, part: Part, rows: Ranges, *, run: str, now: datetime) -> None:
    """Record that rows became too old before they were first sent; the caller holds a transaction."""
    for batch in store.batches(part.id, unfinished=True):
        if gone := common(batch.ranges, rows):
            store.set_state(batch, BatchState.SPLIT, now=now)
            _add_expired(store, part, gone, run=run, now=now, parent=batch)
            if rest := minus(batch.ranges, gone):
                store.add_batch(part=part.id, ranges=rest, run=run, now=now, parent=batch)
    if free := minus(rows, store.covered(part.id)):
        _add_expired(store, part, free, run=run, now=now)


def _add_expired(
    store: Store, part: Part, rows: Ranges, *, run: str, now: datetime, parent: Batch | None = None
) -> None:
    batch = store.add_batch(part=part.id, ranges=rows, run=run, now=now, parent=parent)
    store.set_state(batch, BatchState.EXPIRED, now=now, message="Too old before it could be sent.")


def park_old_rows(store: Store, tried: Collection[int], *, run: str, now: datetime) -> None:
    """Park what has waited too long and is neither final nor in flight; the caller holds a transaction.

    What a person let go of lately keeps its chance until a push of its view.

    Args:
        store: The ledger.
        tried: Parts that this run tried to send; rows of others had no chance in it.
        run: Run id.
        now: Current moment.
    """
    released = store.released_since(now - policy.LONGEST_WAIT)
    for part in store.open_parts():
        if part.id in tried and now - part.frozen_at > policy.LONGEST_WAIT:
            _park(store, part, released, run=run, now=now)


def _park(store: Store, part: Part, released: Collection[int], *, run: str, now: datetime) -> None:
    free: Ranges = ((0, part.rows),)
    for batch in leaves(store.batches(part.id)):
        free = minus(free, batch.ranges)
        if batch.state not in {*FINAL_STATES, BatchState.PARKED, BatchState.SENDING} and batch.id not in released:
            store.set_state(batch, BatchState.PARKED, now=now, message=WAITED_TOO_LONG)
    if free:
        waiting = store.add_batch(part=part.id, ranges=free, run=run, now=now)
        store.set_state(waiting, BatchState.PARKED, now=now, message=WAITED_TOO_LONG)
