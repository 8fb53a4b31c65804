"""Tells TikTok who comes and who goes: one request in flight for each audience, deletes first.

No byte of a chunk is written before the commit that holds its intent has returned. What is left without an answer
stays in doubt; the next plan tells it again, in the direction that the view wants by then.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from pusher.clock import Clock
from pusher.contracts import Answer, AudienceApi, BatchState, Failure, Verdict
from pusher.errors import Problem
from pusher.ledger.audiences import Audience, AudienceStore, Change, Chunk
from pusher.ledger.rows import Batch
from pusher.ledger.store import Store
from pusher.progress import Listener, RowsSettled, Waiting
from pusher.push.audience.asking import refusal
from pusher.push.audience.receipt import AudienceReceipt
from pusher.push.audience.rows import Piece, count, pieces
from pusher.push.brakes import Brakes
from pusher.push.policy import MAX_ATTEMPTS_PER_RUN
from pusher.push.senders import Poster, threads
from pusher.push.work import DeliveryLimits
from pusher.transport import Pacer

IDLE_S = 0.5


@dataclass(slots=True)
class Lane:
    """What is to be told about one audience, in its order.

    Attributes:
        audience: The audience, with TikTok's id.
        receipt: Its line of the receipt.
        changes: Frozen changes with their files: deletes first, those that have to wait last.
        rows_per_request: Most rows in a request.
        ready_at_s: Monotonic time before which nothing is sent.
        is_busy: A request is in flight.
        is_over: Nothing is sent any more.
    """

    audience: Audience
    receipt: AudienceReceipt
    changes: deque[tuple[Change, Path]]
    rows_per_request: int
    ready_at_s: float = 0.0
    is_busy: bool = False
    is_over: bool = False
    _waiting: deque[Piece] = field(default_factory=deque)
    _reading: Iterator[Piece] | None = None

    def peek(self) -> Piece | None:
        """Return the piece that is sent next, or None when there is none left."""
        while not self._waiting:
            if self._reading is None:
                if not self.changes:
                    return None
                self._reading = pieces(*self.changes.popleft(), self.rows_per_request)
            piece = next(self._reading, None)
            if piece is None:
                self._reading = None
            else:
                self._waiting.append(piece)
        return self._waiting[0]

    def take(self) -> Piece:
        """Take the piece that is sent next; there is one."""
        self.peek()
        return self._waiting.popleft()

    def give_back(self, *given: Piece) -> None:
        """Let pieces be sent before any others."""
        self._waiting.extendleft(reversed(given))


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A request for one piece.

    Attributes:
        lane: Its audience.
        piece: What it tells.
        members: Identifiers in it, those left out that were suppressed meanwhile.
        path: Where it goes.
        body: Its bytes.
        started_at: When it left.
    """

    lane: Lane
    piece: Piece
    members: int
    path: str
    body: bytes
    started_at: datetime


@dataclass(slots=True)
class MemberDelivery:
    """One delivery of all changes.

    Args:
        store: The ledger, used by this thread only.
        audiences: Its tables of audiences.
        api: Makes requests and reads answers.
        transport: Posts bodies.
        pacer: Spaces requests.
        clock: Wall and monotonic time.
        listener: Is told about progress.
        run: Run id.
        limits: How hard to work.
        should_stop: True once the user asked to stop.
        seed: Seed of the back-off's jitter.
        pools: Makes the pool that sends, by its number of threads and name.

    Attributes:
        stopped: Why rows are still pending, or None.
    """

    store: Store
    audiences: AudienceStore
    api: AudienceApi
    transport: Poster
    pacer: Pacer
    clock: Clock
    listener: Listener
    run: str
    limits: DeliveryLimits
    should_stop: Callable[[], bool]
    seed: int | None = None
    pools: Callable[[int, str], Executor] = threads
    stopped: Problem | None = None
    _in_flight: dict[Future[tuple[Answer | Failure, float]], _Attempt] = field(default_factory=dict, init=False)
    _finished: list[tuple[_Attempt, Verdict, float]] = field(default_factory=list, init=False)
    _prepared: dict[int, _Attempt] = field(default_factory=dict, init=False)
    _brakes: Brakes = field(init=False)
    _newest_suppressed: int = field(default=0, init=False)
    _suppressed: dict[str, set[str]] = field(default_factory=dict, init=False)
    _grace_ends_s: float = field(default=0.0, init=False)
    _slot_at_s: float | None = field(default=None, init=False)

    def deliver(self, lanes: list[Lane], *, newest_suppressed: int) -> None:
        """Send what is due of every lane, and fill in their receipts.

        Args:
            lanes: One for each audience.
            newest_suppressed: How far the plan has read the list of suppressed identifiers.
        """
        self._newest_suppressed = newest_suppressed
        self._brakes = Brakes(clock=self.clock, pacer=self.pacer, max_dead_share=1.0, seed=self.seed)
        deadline_s = self.clock.monotonic_s() + self.limits.deadline_s
        workers = max(1, min(len(lanes), self.limits.concurrency))
        with self.pools(workers, "members") as pool:
            while True:
                self._look_for_a_stop(deadline_s)
                if any(verdict.outcome != "accepted" for _, verdict, _ in self._finished):
                    # What was refused or throttled decides what may be sent next.
                    self._commit([])
                attempts = [] if self.stopped else self._next(lanes, workers)
                if attempts or self._finished:
                    attempts = self._commit(attempts)
                self._submit(pool, attempts)
                if not self._in_flight and (self.stopped or all(self._is_done(lane) for lane in lanes)):
                    break
                if self.stopped and self.clock.monotonic_s() >= self._grace_ends_s:
                    # Their chunks stay `sending`, and are in doubt from then on.
                    self.transport.close()
                    break
                self._collect(min(IDLE_S, self._nap_s(lanes)))
        for lane in lanes:
            if self.stopped and not self._is_done(lane):
                lane.receipt.problem = self.stopped

    def _look_for_a_stop(self, deadline_s: float) -> None:
        if self.stopped is not None:
            return
        if self.should_stop():
            self._stop(Problem("interrupted", "The push was interrupted.", fix="Run again: nothing was lost."))
        elif self.clock.monotonic_s() >= deadline_s:
            fix = "Run again: it goes on where it stopped."
            self._stop(Problem("deadline", "The run's deadline was reached.", fix=fix))

    def _stop(self, problem: Problem) -> None:
        if self.stopped is None:
            self.stopped = problem
            self._grace_ends_s = self.clock.monotonic_s() + self.limits.grace_s

    def _is_done(self, lane: Lane) -> bool:
        return lane.is_over or (id(lane) not in self._prepared and lane.peek() is None)

    def _next(self, lanes: list[Lane], workers: int) -> list[_Attempt]:
        """Make the requests that may leave now."""
        self._read_suppressed()
        attempts: list[_Attempt] = []
        for lane in lanes:
            now = self.clock.monotonic_s()
            room = 1 if self._brakes.is_probing else workers
            if len(self._in_flight) + len(attempts) >= room or now < self._brakes.paused_until_s:
                break
            if lane.is_busy or self._is_done(lane) or now < lane.ready_at_s:
                continue
            self._prepare(lane)
            if id(lane) not in self._prepared or self._is_held(self._prepared[id(lane)]):
                continue
            if not self._has_slot(now):
                break
            attempts.append(self._prepared.pop(id(lane)))
        return attempts

    def _prepare(self, lane: Lane) -> None:
        """Make the next request of a lane ready, unless there is one."""
        if id(lane) not in self._prepared:
            attempt = self._attempt(lane)
            if attempt is not None:
                self._prepared[id(lane)] = attempt

    def _has_slot(self, now: float) -> bool:
        """Say whether the pace allows a request now; a slot that came is used by the next request."""
        if self._slot_at_s is None:
            self._slot_at_s = now + self.pacer.wait_s()
        if self._slot_at_s > now:
            return False
        self._slot_at_s = None
        return True

    def _is_held(self, attempt: _Attempt) -> bool:
        """Whether a request has to wait, by what it tells itself: those before it may tell nobody any more."""
        if attempt.piece.held_until is None:
            return False
        left = (attempt.piece.held_until - self.clock.now()).total_seconds()
        if left <= 0:
            return False
        attempt.lane.ready_at_s = self.clock.monotonic_s() + left
        self.listener(Waiting("an earlier request the other way round may still arrive", left))
        return True

    def _read_suppressed(self) -> None:
        newest = self.audiences.newest_suppressed()
        if newest > self._newest_suppressed:
            for kind, digest in self.audiences.suppressed(after=self._newest_suppressed):
                self._suppressed.setdefault(kind, set()).add(digest)
            self._newest_suppressed = newest
            for attempt in self._prepared.values():
                attempt.lane.give_back(attempt.piece)
            self._prepared.clear()

    def _attempt(self, lane: Lane) -> _Attempt | None:
        """Make the next request of a lane, or None when it has nothing left that may be told."""
        while (piece := lane.peek()) is not None:
            lane.take()
            is_barred = bool(self._suppressed) and piece.action == "add"
            cells = piece.without(self._suppressed) if is_barred else piece.cells
            if count(cells):
                path, body = self.api.members(
                    advertiser_id=lane.audience.advertiser_id,
                    audience_id=lane.audience.audience_id or "",
                    action=piece.action,
                    cells=cells,
                )
                return _Attempt(lane, piece, count(cells), path, body, self.clock.now())
        return None

    def _commit(self, attempts: list[_Attempt]) -> list[_Attempt]:
        """Store what finished and what is about to be sent, in one transaction."""
        intended = []
        with self.store.transaction():
            for attempt, verdict, seconds in self._finished:
                self._conclude(attempt, verdict, seconds)
            for attempt in attempts:
                digest, now = hashlib.sha256(attempt.body).hexdigest(), self.clock.now()
                chunk = self.audiences.intend(attempt.piece.chunk, sha256=digest, run=self.run, now=now)
                piece = replace(attempt.piece, chunk=chunk)
                intended.append(replace(attempt, piece=piece, started_at=now))
        self._finished.clear()
        return intended

    def _submit(self, pool: Executor, attempts: list[_Attempt]) -> None:
        for attempt in attempts:
            attempt.lane.receipt.requests += 1
            attempt.lane.is_busy = True
            self._in_flight[pool.submit(self._post, attempt.path, attempt.body)] = attempt
        for attempt in attempts:
            # Made while the one before it is on its way.
            self._prepare(attempt.lane)

    def _post(self, path: str, body: bytes) -> tuple[Answer | Failure, float]:
        started = self.clock.monotonic_s()
        return self.transport.post(path, body), self.clock.monotonic_s() - started

    def _collect(self, timeout_s: float) -> None:
        if not self._in_flight:
            if timeout_s > 0:
                self.clock.sleep(timeout_s)
            return
        done, _ = wait(self._in_flight, timeout=timeout_s, return_when=FIRST_COMPLETED)
        for future in [one for one in self._in_flight if one in done]:
            attempt = self._in_flight.pop(future)
            attempt.lane.is_busy = False
            result, seconds = future.result()
            self._finished.append((attempt, self.api.verdict(result, rows=attempt.piece.chunk.rows), seconds))

    def _nap_s(self, lanes: list[Lane]) -> float:
        """Return how long to wait before something is due, at most `IDLE_S`."""
        now = self.clock.monotonic_s()
        dues = [self._brakes.paused_until_s, self._slot_at_s or now]
        dues += [lane.ready_at_s for lane in lanes if not lane.is_over]
        return min((due - now for due in dues if due > now), default=IDLE_S if self._in_flight else 0.0)

    # outcomes -------------------------------------------------------------------------------------------------

    def _conclude(self, attempt: _Attempt, verdict: Verdict, seconds: float) -> None:
        lane, piece = attempt.lane, attempt.piece
        chunk = piece.chunk
        if verdict.request_id:
            lane.receipt.request_ids.append(verdict.request_id)
        if verdict.outcome == "accepted":
            chunk = replace(chunk, state=BatchState.ACCEPTED, at_risk=False)
            receipt, counts = lane.receipt, lane.receipt.counts
            if piece.action == "add":
                receipt.added += attempt.members
            elif piece.is_known:
                receipt.deleted += attempt.members
            else:
                receipt.unknown_deleted += attempt.members
            settled = receipt.added + receipt.deleted + receipt.unknown_deleted
            due = counts.adds + counts.deletes + counts.unknown_deletes
            self.listener(RowsSettled(receipt.model, settled, due))
        elif verdict.response_class == "SIZE" and chunk.rows > 1:
            halves = list(piece.halves())
            if chunk.at_risk:
                # What is not known of the whole is not known of its halves, whether they are sent or not.
                now = self.clock.now()
                halves = [
                    replace(one, chunk=self.audiences.split_off(one.chunk, run=self.run, now=now)) for one in halves
                ]
            chunk = replace(chunk, state=BatchState.SPLIT)
            self._give_back(lane, *halves)
        else:
            chunk = self._not_accepted(attempt, verdict)
        self.audiences.conclude(chunk, verdict, seconds=seconds, now=self.clock.now())
        problem = self._brakes.note(verdict, _as_batch(chunk), is_new=True)
        if problem is not None:
            self._stop(problem)

    def _give_back(self, lane: Lane, *given: Piece) -> None:
        """Let pieces be sent before the one that was made ready."""
        ready = self._prepared.pop(id(lane), None)
        lane.give_back(*given, *([ready.piece] if ready is not None else []))

    def _not_accepted(self, attempt: _Attempt, verdict: Verdict) -> Chunk:
        lane, chunk = attempt.lane, attempt.piece.chunk
        if verdict.outcome == "unknown":
            # An answer of TikTok itself says that the request travels no more.
            risk = chunk.last_risk_at if verdict.code is not None else attempt.started_at
            chunk = replace(chunk, state=BatchState.UNKNOWN, at_risk=True, last_risk_at=risk)
        else:
            chunk = replace(chunk, state=BatchState.RETRY)
        tries_again = verdict.outcome in {"unknown", "retry"} and chunk.attempts < MAX_ATTEMPTS_PER_RUN
        if tries_again and self._brakes.pay_for_retry(verdict):
            self._give_back(lane, replace(attempt.piece, chunk=chunk))
            lane.ready_at_s = self.clock.monotonic_s() + self._brakes.delay_s(verdict, chunk.attempts)
            return chunk
        lane.is_over = True
        is_ours = verdict.outcome in {"halt", "rejected", "split"}
        what = f"Advertiser {lane.audience.advertiser_id} did not take a change of audience `{lane.audience.name}`"
        lane.receipt.problem = refusal(verdict, what)
        # A view that was refused before needs a person, whatever becomes of those who are taken out all the same.
        lane.receipt.is_halted = lane.receipt.is_halted or is_ours
        if verdict.outcome == "halt" and verdict.response_class != "CONFIG":
            # The token, or the request itself: no other advertiser would answer otherwise.
            self._stop(lane.receipt.problem)
        return chunk


def _as_batch(chunk: Chunk) -> Batch:
    """Return a chunk as the brakes know batches."""
    return Batch(chunk.id, chunk.change, None, (), chunk.members, chunk.state)
