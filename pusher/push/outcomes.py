"""What an answer makes of its batch: it is final, waits, is cut into smaller ones, or stops what is like it."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from pusher.clock import Clock
from pusher.contracts import BatchState, Verdict
from pusher.ledger.rows import Batch, Ranges
from pusher.ledger.store import Store
from pusher.progress import Event, Listener, RowsSettled, Waiting
from pusher.push import policy
from pusher.push.brakes import Brakes
from pusher.push.encode import halves, without
from pusher.push.queue import Queue
from pusher.push.recovery import past_resending_because
from pusher.push.work import Delivered, PartWork, Source, Try

REFUSED_IN_DOUBT = "An earlier request got no answer, so the row may have arrived; its repetition was refused."


class Outcomes:
    """Concludes attempts, inside the transactions of a delivery.

    Args:
        store: The ledger.
        clock: Wall and monotonic time.
        run: Run id.
        queue: Takes what is to be sent again, whole or in pieces.
        brakes: Say how long to wait, and when too much fails.
        proven: Sources of which a batch was accepted; grows.
        result: Learns why rows are left.
        deadline_s: Monotonic time after which nothing is sent.

    Attributes:
        is_halted: Nothing more may be sent in this run.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        run: str,
        queue: Queue,
        brakes: Brakes,
        proven: set[Source],
        result: Delivered,
        deadline_s: float,
    ) -> None:
        self._store = store
        self._clock = clock
        self._run = run
        self._queue = queue
        self._brakes = brakes
        self._proven = proven
        self._result = result
        self._deadline_s = deadline_s
        self._news: deque[Event] = deque()
        self._settled_rows: dict[str, int] = {}
        self.is_halted = False

    def tell(self, listener: Listener) -> None:
        """Tell what was concluded, once the transaction is committed."""
        while self._news:
            listener(self._news.popleft())

    def conclude(self, attempt: Try, verdict: Verdict, seconds: float, started_at: datetime) -> None:
        """Store what an attempt proved, and do what follows from it.

        Args:
            attempt: The attempt.
            verdict: What its answer proves.
            seconds: How long it took.
            started_at: When it left.
        """
        work, batch, now = attempt.work, attempt.batch, self._clock.now()
        decision = policy.decide(
            verdict,
            rows=batch.rows,
            risk_before=attempt.risk_before,
            started_at=started_at,
            now=now,
            attempts_in_run=attempt.attempts_in_run,
            limits=work.payload.limits,
            is_in_doubt=self._is_in_doubt(attempt),
        )
        attempt.batch = self._store.conclude(
            batch, state=decision.state, verdict=verdict, seconds=seconds, risk_at=decision.risk_at, now=now
        )
        if decision.state is BatchState.PARKED and verdict.outcome in policy.REFUSALS:
            why = f"{REFUSED_IN_DOUBT} {verdict.message}".strip()
            attempt.batch = self._store.set_state(attempt.batch, BatchState.PARKED, now=now, message=why)
        if verdict.outcome == "accepted":
            self._proven.add(work.source)
            # TikTok named this row as bad, and it was not: its further hints about this batch are worth nothing.
            attempt.isolation.ignores_hints = attempt.isolation.ignores_hints or attempt.is_hinted
        problem = self._brakes.note(verdict, attempt.batch, is_new=attempt.is_new)
        self._result.stopped = self._result.stopped or problem
        match decision.step:
            case "done":
                work.open_batches -= 1
                self._count_settled(work, attempt.batch)
            case "split":
                work.open_batches -= 1
                self._split(attempt, verdict)
            case "again":
                self._again(attempt, verdict)
            case "halt":
                self._leave(attempt)
                self._halt(work, verdict)
            case "later":
                self._leave(attempt)

    def _is_in_doubt(self, attempt: Try) -> bool:
        if attempt.risk_before is None or attempt.batch.rows > 1:
            return False
        return not policy.IN_DOUBT.isdisjoint(self._store.line_classes(attempt.batch, unseen="UNKNOWN"))

    def park_old(self, claims: list[Try]) -> list[Try]:
        """Park the batches that grew too old to be sent again while they waited in this run; returns the others.

        Args:
            claims: Batches that are about to be sent.
        """
        now, safe = self._clock.now(), []
        for attempt in claims:
            if policy.is_past_resending(attempt.batch.first_risk_at, now=now, limits=attempt.work.payload.limits):
                why = past_resending_because(attempt.batch, now)
                self._store.set_state(attempt.batch, BatchState.PARKED, now=now, message=why)
                self._leave(attempt)
            else:
                safe.append(attempt)
        return safe

    def _leave(self, attempt: Try) -> None:
        attempt.work.open_batches -= 1
        attempt.work.left += 1

    def _halt(self, work: PartWork, verdict: Verdict) -> None:
        """Stop everything, or for a wrong setting only the rows of its event source."""
        self._result.halts.append((work.part.model, verdict))
        if verdict.response_class != "CONFIG":
            self.is_halted = True
            return
        for waiting in self._queue.block(work.source):
            self._leave(waiting)

    def _again(self, attempt: Try, verdict: Verdict) -> None:
        if not self._brakes.pay_for_retry(verdict):
            self._leave(attempt)
            self._result.stop(
                "retry-budget", "Too many attempts failed in this run.", "Run again later: nothing was lost."
            )
            return
        delay_s = self._brakes.delay_s(verdict, attempt.attempts_in_run)
        if attempt.work.source in self._queue.blocked:
            self._leave(attempt)
            return
        if self._clock.monotonic_s() + delay_s > self._deadline_s:
            self._leave(attempt)
            reason = verdict.remedy or "Run again later."
            message = f"TikTok asks to wait {delay_s:,.0f} s, longer than this run may take."
            if verdict.waits == "backoff" and verdict.retry_after_s is None:
                due = f"An attempt failed, and the next one is due in {delay_s:,.0f} s, when this run's time is over."
                message = f"{due} {verdict.message}".strip()
            self._result.stop("wait-too-long", message, reason, return_code=verdict.code)
            return
        if delay_s >= 1:
            self._news.append(Waiting(verdict.message or verdict.response_class, delay_s))
        self._queue.schedule(attempt, self._clock.monotonic_s() + delay_s)

    def _count_settled(self, work: PartWork, batch: Batch) -> None:
        model = work.part.model
        if batch.state is BatchState.ACCEPTED:
            work.accepted.append(batch.ranges)
        self._settled_rows[model] = self._settled_rows.get(model, 0) + batch.rows
        self._news.append(RowsSettled(model, self._settled_rows[model], work.part.rows))

    def _split(self, attempt: Try, verdict: Verdict) -> None:
        """Replace a refused batch by smaller ones, in the transaction that stores the refusal."""
        batch, isolation = attempt.batch, attempt.isolation
        hinted: list[Ranges] = []
        pieces: tuple[Ranges, ...] = halves(batch.ranges)
        if verdict.bad_rows and len(verdict.bad_rows) < batch.rows and not isolation.ignores_hints:
            hinted, rest = without(batch.ranges, verdict.bad_rows)
            pieces = (rest,)
        for ranges in (*hinted, *pieces):
            child = self._store.add_batch(
                part=batch.part, ranges=ranges, run=self._run, now=self._clock.now(), parent=batch
            )
            piece = Try(child, attempt.work, is_new=attempt.is_new, isolation=isolation, is_hinted=ranges in hinted)
            attempt.work.open_batches += 1
            isolation.extra_requests += 1
            if isolation.extra_requests > policy.MAX_EXTRA_REQUESTS or attempt.work.source in self._queue.blocked:
                self._leave(piece)
            else:
                self._queue.isolate(piece)
