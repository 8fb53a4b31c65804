"""Takes the batches that may be sent now: as many as there are free slots, no faster than the pacer lets them."""

from __future__ import annotations

from pusher.clock import Clock
from pusher.contracts import BatchState
from pusher.ledger.rows import Batch
from pusher.push import policy
from pusher.push.brakes import Brakes
from pusher.push.encoders import Encoders
from pusher.push.queue import Queue
from pusher.push.work import PartWork, Source, Try
from pusher.transport import Pacer

# With many slots free, the first requests would wait until the last of them is encoded and its intent committed.
MOST_AT_ONCE = 8


class Claims:
    """What of a queue may be sent.

    Args:
        queue: What there is to send.
        encoders: Make the bodies.
        brakes: Say when everything waits.
        pacer: Spaces requests.
        clock: Source of monotonic time.
        proven: Sources of which a batch was accepted; grows during the delivery.
        concurrency: Request slots.
    """

    def __init__(
        self,
        *,
        queue: Queue,
        encoders: Encoders,
        brakes: Brakes,
        pacer: Pacer,
        clock: Clock,
        proven: set[Source],
        concurrency: int,
    ) -> None:
        self._queue = queue
        self._encoders = encoders
        self._brakes = brakes
        self._pacer = pacer
        self._clock = clock
        self._proven = proven
        self._concurrency = concurrency
        self._slot_at_s: float | None = None

    def take(self, *, in_flight: int, unsaved: int) -> list[Try]:
        """Take the batches that may be sent now, with their bodies.

        Args:
            in_flight: Requests under way.
            unsaved: Answers that the ledger does not hold yet.
        """
        claims: list[Try] = []
        while len(claims) < min(self._free_slots(in_flight, unsaved), MOST_AT_ONCE) and self._pacer_allows():
            attempt = self._next()
            if attempt is None:
                break
            self._slot_at_s = None
            claims.append(attempt)
        return claims

    def ready_at_s(self, now_s: float, *, in_flight: int, unsaved: int) -> float | None:
        """Return when something may be sent next, or None while it hangs on an answer."""
        if self._free_slots(in_flight, unsaved) <= 0 or not self._queue:
            return None
        return max(self._queue.ready_at_s(now_s), self._slot_at_s or now_s, self._brakes.paused_until_s)

    def _free_slots(self, in_flight: int, unsaved: int) -> int:
        if self._brakes.is_probing:
            return 1 - in_flight - unsaved
        head = self._queue.head()
        if (head.source in self._proven) if head else self._proven:
            return self._concurrency - in_flight
        # Until one batch has proved that source id, token and event names are right, send one at a time and wait
        # for its verdict to be stored.
        return 1 - in_flight - unsaved

    def _pacer_allows(self) -> bool:
        now = self._clock.monotonic_s()
        if not self._queue or now < self._brakes.paused_until_s:
            return False
        if self._slot_at_s is None:
            self._slot_at_s = now + self._pacer.wait_s()
        return self._slot_at_s <= now

    def _next(self) -> Try | None:
        attempt = self._queue.pop_due(self._clock.monotonic_s()) or self._queue.pop_piece()
        if attempt is None and (head := self._queue.head()) is not None:
            return self._cut(head)
        attempt = attempt or self._queue.pop_leftover()
        if attempt is not None:
            attempt.body = self._encoders.encode(attempt)
        return attempt

    def _cut(self, work: PartWork) -> Try:
        ranges, body = self._encoders.cut(work, self._most_rows(work))
        if (following := self._queue.following()) is not None:
            # Otherwise the first requests of each part would be waited for.
            self._encoders.expect(following, self._most_rows(following))
        work.open_batches += 1
        rows = sum(count for _, count in ranges)
        planned = Batch(0, work.part.id, None, ranges, rows, BatchState.PLANNED)
        return Try(planned, work, body=body)

    def _most_rows(self, work: PartWork) -> int:
        return work.payload.limits.max_rows_per_request if work.source in self._proven else policy.CANARY_ROWS
