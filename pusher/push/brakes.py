"""When a delivery waits, and when it gives up: the counters behind back-off, throttling and early stops."""

from __future__ import annotations

from random import Random

from pusher.clock import Clock
from pusher.contracts import BatchState, Verdict
from pusher.errors import Problem
from pusher.ledger.rows import Batch
from pusher.push import policy
from pusher.transport import Pacer, backoff_s

CONSECUTIVE_FAILURES = 5
FAILING_BATCHES = 2
PROBE_AFTER_S = (60.0, 300.0)
THROTTLE_FIRST_S = 1.0
THROTTLE_MEMORY_S = 60.0


class Brakes:
    """Counters of one delivery.

    Args:
        clock: Wall and monotonic time.
        pacer: Slowed down when TikTok throttles.
        max_dead_share: Share of refused rows that stops the run.
        seed: Seed of the back-off's jitter.

    Attributes:
        any_accepted: Some row of these parts was accepted, now or by an earlier run.
        paused_until_s: Monotonic time before which nothing is sent: TikTok throttles, or does not answer.
        is_probing: TikTok did not answer; one request at a time finds out whether it does again.
    """

    def __init__(self, *, clock: Clock, pacer: Pacer, max_dead_share: float, seed: int | None) -> None:
        self._clock = clock
        self._pacer = pacer
        self._max_dead_share = max_dead_share
        self._random = Random(seed)  # noqa: S311 -- jitter, not a secret
        self._tokens = policy.RETRY_TOKENS
        self._failures_in_a_row = 0
        self._failing_batches: set[int] = set()
        self._probes = 0
        self.any_accepted = False
        self.is_probing = False
        self.paused_until_s = clock.monotonic_s()
        self._throttled_at_s: float | None = None
        self._throttles = 0
        self._settled_rows = 0
        self._dead_rows = 0

    def pay_for_retry(self, verdict: Verdict) -> bool:
        """Spend from the run's retry budget; False when it is empty."""
        cost = policy.COST_IN_DOUBT if verdict.outcome == "unknown" else policy.COST_RETRY
        if self._tokens < cost:
            return False
        self._tokens -= cost
        return True

    def delay_s(self, verdict: Verdict, attempts: int) -> float:
        """Return how long to wait before the next attempt of a batch.

        Args:
            verdict: What the last attempt proved.
            attempts: Attempts of the batch in this run.
        """
        if verdict.waits == "throttle":
            return self._throttled(verdict)
        own_s = policy.MINUTES_S if verdict.waits == "minutes" else backoff_s(attempts, self._random)
        if verdict.retry_after_s is not None:
            own_s = verdict.retry_after_s
        return max(own_s, self.paused_until_s - self._clock.monotonic_s())

    def _throttled(self, verdict: Verdict) -> float:
        """Pause all sending; a request that was under way when the pause began belongs to the same episode."""
        now = self._clock.monotonic_s()
        if now >= self.paused_until_s:
            delay_s = self._throttle_delay_s()
            self.paused_until_s = now + (delay_s if verdict.retry_after_s is None else verdict.retry_after_s)
        return self.paused_until_s - now

    def _throttle_delay_s(self) -> float:
        """A second; after another one within a minute five minutes; then until the daily quota starts anew."""
        self._pacer.slow_down()
        now = self._clock.monotonic_s()
        memory_s = THROTTLE_MEMORY_S + (policy.MINUTES_S if self._throttles > 1 else 0.0)
        recent = self._throttled_at_s is not None and now - self._throttled_at_s < memory_s
        self._throttles = self._throttles + 1 if recent else 1
        self._throttled_at_s = now
        steps = (THROTTLE_FIRST_S, policy.MINUTES_S)
        if self._throttles <= len(steps):
            return steps[self._throttles - 1]
        return policy.seconds_to_midnight(self._clock.now())

    def note(self, verdict: Verdict, batch: Batch, *, is_new: bool) -> Problem | None:
        """Count an attempt; returns why the run must stop, if it must.

        Args:
            verdict: What the attempt proved.
            batch: The batch after it.
            is_new: The rows were cut in this run; leftovers of earlier ones say nothing about the model of today.
        """
        if verdict.waits != "backoff":
            self._answered()
        if verdict.outcome == "accepted":
            self.any_accepted = True
            self._tokens = min(policy.RETRY_TOKENS, self._tokens + 1)
            self._settled_rows += batch.rows if is_new else 0
            return None
        if batch.state in {BatchState.DEAD, BatchState.PARKED} and verdict.outcome in policy.REFUSALS:
            if not is_new:
                return None
            self._settled_rows += batch.rows
            self._dead_rows += batch.rows
            return self._too_many_dead()
        # What was under way when the pause began says nothing about the time after it.
        if verdict.waits == "backoff" and self._clock.monotonic_s() >= self.paused_until_s:
            return self._failed(verdict, batch)
        return None

    def _answered(self) -> None:
        self._failures_in_a_row, self._probes, self.is_probing = 0, 0, False
        self._failing_batches.clear()

    def _failed(self, verdict: Verdict, batch: Batch) -> Problem | None:
        """Count a failure; after some in a row over more than one batch everything waits for a probe."""
        self._failures_in_a_row += 1
        self._failing_batches.add(batch.id)
        enough = self._failures_in_a_row >= CONSECUTIVE_FAILURES
        if enough and not self.any_accepted:
            return self._no_answer(verdict)
        if not self.is_probing and not (enough and len(self._failing_batches) >= FAILING_BATCHES):
            return None
        if self._probes == len(PROBE_AFTER_S):
            return self._no_answer(verdict)
        self.is_probing = True
        self.paused_until_s = self._clock.monotonic_s() + PROBE_AFTER_S[self._probes]
        self._probes += 1
        return None

    def _no_answer(self, verdict: Verdict) -> Problem:
        message = f"{self._failures_in_a_row} attempts in a row failed. {verdict.message}".strip()
        return Problem("no-answer", message, fix=verdict.remedy or "Run again later: nothing was lost.")

    def _too_many_dead(self) -> Problem | None:
        canary = self._dead_rows >= policy.CANARY_ROWS and not self.any_accepted
        sample = self._settled_rows <= policy.DEAD_SAMPLE_ROWS
        if not canary and not (sample and self._dead_rows > policy.DEAD_SAMPLE_ROWS * self._max_dead_share):
            return None
        message = f"TikTok refused {self._dead_rows} of the first {self._settled_rows} rows: not the rows, the model."
        fix = (
            "Correct the model by the refusals of the receipt, then run `pusher retry`, `pusher build`, `pusher push`."
        )
        return Problem("too-many-refused", message, fix=fix)
