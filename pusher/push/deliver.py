"""Sends frozen parts: at most N requests in flight, one writer on the ledger, commits in groups.

No byte of a batch is written before the commit that holds its intent has returned. An acknowledgement waits for
the next commit, at most `ACK_DELAY_S`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from pusher.clock import Clock
from pusher.contracts import Answer, ColumnOrigin, Destination, Failure, Verdict
from pusher.ledger.rows import Part, Ranges
from pusher.ledger.state import StateFolder
from pusher.ledger.store import Store
from pusher.progress import Listener
from pusher.push import policy
from pusher.push.brakes import Brakes
from pusher.push.claims import Claims
from pusher.push.encode import encoder_id
from pusher.push.encoders import MOST_ENCODERS, Encoders
from pusher.push.giving_back import rows_to_keep
from pusher.push.late import Late
from pusher.push.outcomes import Outcomes
from pusher.push.queue import Queue
from pusher.push.recovery import Recovery, park_old_rows
from pusher.push.refused import Explainer
from pusher.push.senders import Poster, threads
from pusher.push.settle import Settling, value_so_far
from pusher.push.work import Delivered, DeliveryLimits, PartWork, Source, Try
from pusher.transport import Pacer

ACK_DELAY_S = 0.05
IDLE_S = 0.5
UNTRIED = frozenset({"interrupted", "deadline", "clock-leapt"})
"""Why a run stopped before every row had its chance."""
MOST_REQUEST_IDS = 1_000
GATHER_S = 0.0015
# One to open the next part, one to settle the last.
FILE_THREADS = 2


class Delivery:
    """One delivery of all open parts.

    Args:
        store: The ledger, used by this thread only.
        state: The state folder.
        destination: Classifies answers and wraps rows.
        transport: Posts bodies.
        pacer: Spaces requests.
        clock: Wall and monotonic time.
        listener: Is told about progress.
        run: Run id.
        limits: How hard to work.
        should_stop: True once the user asked to stop.
        origins: Says which SQL makes each column of a view; asked only when rows are refused.
        listed: The project's own list of suppressed people.
        planned: How far the plan has read the ledger's list.
        shown: Files of the rows of earlier runs that the views still show, as `Plan.shown`.
        began: Wall and monotonic time when the ages of the rows were judged; when the delivery begins by default.
        seed: Seed of the back-off's jitter.
        pools: Makes the pools that encode, send and write files, by their number of threads and name.
    """

    def __init__(
        self,
        *,
        store: Store,
        state: StateFolder,
        destination: Destination,
        transport: Poster,
        pacer: Pacer,
        clock: Clock,
        listener: Listener,
        run: str,
        limits: DeliveryLimits,
        should_stop: Callable[[], bool],
        origins: Callable[[str], Mapping[str, ColumnOrigin]] = lambda _model: {},
        listed: Sequence[Path] = (),
        planned: int = 0,
        shown: Sequence[Path] = (),
        began: tuple[datetime, float] | None = None,
        seed: int | None = None,
        pools: Callable[[int, str], Executor] = threads,
    ) -> None:
        self._store = store
        self._state = state
        self._destination = destination
        self._transport = transport
        self._pacer = pacer
        self._clock = clock
        self._listener = listener
        self._run = run
        self._limits = limits
        self._should_stop = should_stop
        self._origins = origins
        self._shown = shown
        self._late = Late(store, state.root, listed, run, planned)
        self._began = began or (clock.now(), clock.monotonic_s())
        self._pools = pools
        self._brakes = Brakes(clock=clock, pacer=pacer, max_dead_share=limits.max_dead_share, seed=seed)
        self._queue = Queue()
        self._works: dict[int, PartWork] = {}
        self._is_broken = False
        self._finished: deque[tuple[Try, Verdict, float, datetime]] = deque()
        self._in_flight: dict[Future[tuple[Answer | Failure, float]], tuple[Try, datetime]] = {}
        self._proven: set[Source] = set()
        self._result = Delivered()

    def deliver(self, parts: list[Part]) -> Delivered:
        """Send what is due of these parts and settle those that end."""
        started = self._clock.monotonic_s()
        self._deadline = started + self._limits.deadline_s
        with (
            self._pools(1, "encode") as encoding,
            self._pools(FILE_THREADS, "file") as files,
            self._pools(self._limits.concurrency, "send") as pool,
        ):
            self._prepare(encoding, files)
            self._load(parts)
            try:
                self._loop(pool)
            finally:
                self._drain()
            self._release()
            self._park_old()
            self._finish_settling(wait=True)
            for work in self._works.values():
                self._count_accepted(work.part, value_so_far(work, self._state))
        self._result.seconds = self._clock.monotonic_s() - started
        return self._result

    # preparation --------------------------------------------------------------------------------------------

    def _prepare(self, encoding: Executor, files: Executor) -> None:
        self._encoders = Encoders(
            root=self._state.root, destination=self._destination, encoding=encoding, reading=files
        )
        self._settling = Settling(
            store=self._store,
            state=self._state,
            run=self._run,
            now=self._clock.now,
            pool=files,
            on_accepted=self._count_accepted,
            explain=Explainer(self._destination, self._origins),
            pixel_window=self._limits.pixel_window,
        )
        self._claims = Claims(
            queue=self._queue,
            encoders=self._encoders,
            brakes=self._brakes,
            pacer=self._pacer,
            clock=self._clock,
            proven=self._proven,
            concurrency=self._limits.concurrency,
        )
        self._outcomes = Outcomes(
            store=self._store,
            clock=self._clock,
            run=self._run,
            queue=self._queue,
            brakes=self._brakes,
            proven=self._proven,
            result=self._result,
            deadline_s=self._deadline,
        )

    def _load(self, parts: list[Part]) -> None:
        """Take over parts, with the batches that earlier runs left behind."""
        for part in parts:
            payload = self._destination.payloads[part.payload]
            self._works[part.id] = PartWork(part, payload, free=((0, part.rows),), encoder=encoder_id(payload))
        for work in list(self._works.values())[:MOST_ENCODERS]:
            self._encoders.expect(work)
        with self._store.transaction():
            self._store.recover(self._clock.now())
            self._late.has_grown()
            for work in self._works.values():
                assert work.part.path is not None  # noqa: S101 -- open parts have a file
                due, proven = self._recovery(work).take_over(work, self._state.root / work.part.path)
                if proven:
                    self._proven.add(work.source)
                self._queue.add(work, due)
        self._brakes.any_accepted = bool(self._proven)
        for work in list(self._works.values()):
            self._maybe_settle(work)

    def _recovery(self, work: PartWork) -> Recovery:
        pixel = self._limits.pixel_window
        return Recovery(
            store=self._store,
            run=self._run,
            now=self._clock.now(),
            encoder=work.encoder,
            encode=self._encoders.encode,
            barred=self._late.rows,
            max_age_s=work.payload.longest_age_s(pixel_window=pixel),
            pixel_window=pixel and work.payload.event_source == "web",
        )

    # the loop -----------------------------------------------------------------------------------------------

    def _loop(self, pool: Executor) -> None:
        oldest_ack: float | None = None
        while True:
            if any(verdict.outcome != "accepted" for _, verdict, _, _ in self._finished):
                # What was refused or throttled decides what may be sent next.
                self._commit([])
            self._finish_settling()
            stopping = self._is_stopping()
            if not stopping and self._late.has_grown():
                self._take_back()
            flying, unsaved = len(self._in_flight), len(self._finished)
            claims = [] if stopping else self._claims.take(in_flight=flying, unsaved=unsaved)
            now = self._clock.monotonic_s()
            if not self._finished:
                oldest_ack = None
            elif oldest_ack is None:
                oldest_ack = now
            must_flush = oldest_ack is not None and (now - oldest_ack >= ACK_DELAY_S or not self._in_flight or stopping)
            if claims or must_flush:
                claims = self._commit(claims)
                oldest_ack = None
                for attempt in claims:
                    self._submit(pool, attempt)
            if not self._finished and (stopping or not (self._in_flight or self._queue)):
                return
            self._collect(self._nap(flush_at=oldest_ack))

    def _take_back(self) -> None:
        with self._store.transaction():
            self._late.take_back(self._works.values(), self._queue, run=self._run, now=self._clock.now())
        for work in list(self._works.values()):
            self._maybe_settle(work)

    def _is_stopping(self) -> bool:
        if self._result.stopped is None:
            if self._should_stop():
                self._result.stop("interrupted", "The push was interrupted.", "Run again: nothing was lost.")
            elif self._has_leapt():
                message = "The clock went on by hours at once; this machine may have slept."
                self._result.stop("clock-leapt", message, "Run again: what is too old by now is judged anew.")
            elif self._clock.monotonic_s() >= self._deadline:
                self._result.stop(
                    "deadline", "The run's deadline was reached.", "Run again: it goes on where it stopped."
                )
        return self._outcomes.is_halted or self._result.stopped is not None

    def _has_leapt(self) -> bool:
        """Whether much more time passed than this run has seen, so that ages are not what they were."""
        wall, monotonic_s = self._began
        passed = timedelta(seconds=self._clock.monotonic_s() - monotonic_s)
        return self._clock.now() - wall - passed > policy.LONGEST_LEAP

    def _nap(self, *, flush_at: float | None) -> float:
        """Return how long to wait for a completion before something else is due."""
        now = self._clock.monotonic_s()
        wake = now + IDLE_S
        if flush_at is not None:
            wake = min(wake, flush_at + ACK_DELAY_S)
        ready = self._claims.ready_at_s(now, in_flight=len(self._in_flight), unsaved=len(self._finished))
        wake = wake if ready is None else min(wake, ready)
        return max(0.0, wake - now)

    def _commit(self, claims: list[Try]) -> list[Try]:
        """Store what finished and what is about to be sent, in one transaction; returns what may be sent."""
        touched: list[PartWork] = []
        try:
            with self._store.transaction():
                while self._finished:
                    attempt, verdict, seconds, started_at = self._finished.popleft()
                    self._outcomes.conclude(attempt, verdict, seconds, started_at)
                    touched.append(attempt.work)
                claims = self._outcomes.park_old(claims)
                touched += [attempt.work for attempt in claims]
                claims = self._late.spare(claims, self._queue, run=self._run, clock=self._clock)
                for attempt in claims:
                    self._intend(attempt)
        except BaseException:  # Ctrl-C too: memory says more than the ledger, and nothing may be settled by it
            self._is_broken = True
            raise
        for work in touched:
            self._maybe_settle(work)
        self._outcomes.tell(self._listener)
        return claims

    def _intend(self, attempt: Try) -> None:
        now, batch, body = self._clock.now(), attempt.batch, attempt.body
        assert body is not None  # noqa: S101 -- set when the batch was claimed
        attempt.attempts_in_run += 1
        attempt.risk_before = batch.first_risk_at
        attempt.batch = self._store.intend(
            batch,
            encoder=attempt.work.encoder,
            sha256=body.sha256,
            size=len(body.content),
            run=self._run,
            now=now,
        )

    def _submit(self, pool: Executor, attempt: Try) -> None:
        assert attempt.body is not None  # noqa: S101 -- set when the batch was claimed
        model = attempt.work.part.model
        self._result.requests += 1
        self._result.attempts[model] = self._result.attempts.get(model, 0) + 1
        # Before the first byte can leave: a machine may sleep at any point after it.
        started_at = self._clock.now()
        future = pool.submit(self._post, attempt.work.payload.endpoint, attempt.body.content)
        self._in_flight[future] = (attempt, started_at)

    def _post(self, path: str, content: bytes) -> tuple[Answer | Failure, float]:
        started = self._clock.monotonic_s()
        return self._transport.post(path, content), self._clock.monotonic_s() - started

    def _collect(self, timeout_s: float) -> None:
        """Wait for answers and classify them."""
        if not self._in_flight:
            if timeout_s > 0:
                self._clock.sleep(timeout_s)
            return
        done, others = wait(self._in_flight, timeout=timeout_s, return_when=FIRST_COMPLETED)
        if done and others:
            # A commit for each answer costs more than a short wait for those that arrive right behind; a long wait
            # leaves request slots empty.
            done, _ = wait(self._in_flight, timeout=GATHER_S, return_when=ALL_COMPLETED)
        # In the order in which they left, so that a history can be lived again to the last request.
        for future in [one for one in self._in_flight if one in done]:
            attempt, started_at = self._in_flight.pop(future)
            result, seconds = future.result()
            attempt.body = None
            # What was inherited from a larger batch is no attempt of these bytes.
            earlier = () if attempt.risk_before is None else self._store.earlier_classes(attempt.batch)
            verdict = self._destination.verdict(result, rows=attempt.batch.rows, earlier=earlier)
            if verdict.request_id:
                ids = self._result.request_ids.setdefault(attempt.work.part.model, deque(maxlen=MOST_REQUEST_IDS))
                ids.append(verdict.request_id)
            self._finished.append((attempt, verdict, seconds, started_at))

    def _drain(self) -> None:
        """Let requests in flight end, within the grace time, and store their outcome.

        After a commit that failed nothing more is stored: what is not known stays in doubt.
        """
        end = self._clock.monotonic_s() + self._limits.grace_s
        while self._in_flight and not self._is_broken and self._clock.monotonic_s() < end:
            self._collect(max(0.0, min(IDLE_S, end - self._clock.monotonic_s())))
        if self._finished and not self._is_broken:
            self._commit([])
        if self._in_flight:
            # Their batches stay `sending` and become `unknown` in the next run.
            self._transport.close()

    # settling -----------------------------------------------------------------------------------------------

    def _release(self) -> None:
        """Give rows back to their view that were frozen from a wrong model and never sent.

        Those of earlier runs stay that their view does not show any more: nobody else would send them.
        """
        if self._result.stopped is None or self._result.stopped.code != "too-many-refused":
            return
        for work in list(self._works.values()):
            if work.source in self._proven or self._is_in_doubt(work):
                continue
            keep: Ranges | None = ()
            if work.part.run != self._run:
                keep = rows_to_keep(work.part, self._store, self._state.root, self._shown)
            if keep is not None:
                del self._works[work.part.id]
                self._settle(work, keep)

    def _is_in_doubt(self, work: PartWork) -> bool:
        """Whether any row that is not final may have arrived, also one that waits to be sent again."""
        return any(batch.first_risk_at is not None for batch in self._store.batches(work.part.id, unfinished=True))

    def _park_old(self) -> None:
        """Keep identifiers of rows that could not be sent for long only until a person decides."""
        stopped = self._result.stopped
        if self._is_broken or (stopped is not None and stopped.code in UNTRIED):
            return
        with self._store.transaction():
            park_old_rows(self._store, self._works, run=self._run, now=self._clock.now())

    def _maybe_settle(self, work: PartWork) -> None:
        if work.is_final and work.part.id in self._works and not self._is_broken:
            del self._works[work.part.id]
            self._settle(work)

    def _settle(self, work: PartWork, keep: Ranges = ()) -> None:
        self._encoders.close(work)
        with self._settle_time():
            self._settling.start(work, keep)

    def _finish_settling(self, *, wait: bool = False) -> None:
        with self._settle_time():
            self._settling.finish(wait=wait)

    @contextmanager
    def _settle_time(self) -> Iterator[None]:
        started = self._clock.monotonic_s()
        yield
        self._result.settle_s += self._clock.monotonic_s() - started

    def _count_accepted(self, part: Part, accepted: Mapping[str, Decimal]) -> None:
        self._result.count_accepted(part.model, accepted, is_of_earlier=part.run != self._run)
