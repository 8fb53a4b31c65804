"""Pure decisions of a push: what a verdict means for a batch, and when to try again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pusher.contracts import BatchState, Verdict
from pusher.payload.model import Limits

MAX_ATTEMPTS_PER_RUN = 8
MAX_EXTRA_REQUESTS = 256
MAX_DEAD_SHARE = 0.10
DEAD_SAMPLE_ROWS = 1_000
CANARY_ROWS = 10
MINUTES_S = 300.0
RETRY_TOKENS = 500
COST_RETRY = 5
COST_IN_DOUBT = 10
IN_DOUBT = frozenset({"SERVER", "UNKNOWN"})
"""Classes of attempts that may have arrived, although no answer says so: what was called a duplicate did not."""
REFUSALS = frozenset({"rejected", "split"})
"""Outcomes by which TikTok refuses a row that is sent by itself."""
LONGEST_WAIT = timedelta(days=7)
"""After this time rows that could not be sent are kept only for a person to decide about them."""
LONGEST_LEAP = timedelta(hours=6)
"""How much further than the monotonic clock wall time may go in a run; ages have twice that as a margin."""

Step = Literal["done", "again", "split", "halt", "later"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a batch after an attempt.

    Attributes:
        state: State that is stored.
        step: `done`, `again` (same bytes), `split`, `halt` (stop the run) or `later` (leave it for another run).
        risk_at: Start of the first attempt that may have arrived, or None.
    """

    state: BatchState
    step: Step
    risk_at: datetime | None


def decide(
    verdict: Verdict,
    *,
    rows: int,
    risk_before: datetime | None,
    started_at: datetime,
    now: datetime,
    attempts_in_run: int,
    limits: Limits,
    is_in_doubt: bool = False,
) -> Decision:
    """Turn a verdict into the next step of a batch.

    Args:
        verdict: What the attempt proved.
        rows: Rows of the batch.
        risk_before: Start of an earlier attempt that may have arrived.
        started_at: Start of this attempt.
        now: Current moment.
        attempts_in_run: Attempts of this batch in this run, this one included.
        limits: Ages of the contract.
        is_in_doubt: An earlier attempt of these rows, alone or in a larger batch, got no answer that counts.
    """
    exhausted = attempts_in_run >= MAX_ATTEMPTS_PER_RUN
    match verdict.outcome:
        case "accepted":
            return Decision(BatchState.ACCEPTED, "done", risk_before or started_at)
        case "split" if rows == 1 and (verdict.bad_rows == (0,) or verdict.response_class == "SIZE"):
            return _refused(risk_before, is_in_doubt=is_in_doubt)
        case "rejected" if rows == 1:
            return _refused(risk_before, is_in_doubt=is_in_doubt)
        case "rejected":
            return Decision(BatchState.SPLIT, "split", risk_before)
        case "split" if rows > 1:
            # A partial acceptance may have taken some rows: the pieces inherit the risk of this attempt.
            risk = risk_before or (started_at if verdict.response_class == "PARTIAL" else None)
            return Decision(BatchState.SPLIT, "split", risk)
        case "retry":
            return Decision(BatchState.RETRY, "later" if exhausted else "again", risk_before)
        case "halt":
            return Decision(BatchState.RETRY, "halt", risk_before)
        case _:
            risk = risk_before or started_at
            if is_past_resending(risk, now=now, limits=limits):
                return Decision(BatchState.PARKED, "later", risk)
            return Decision(BatchState.UNKNOWN, "later" if exhausted else "again", risk)


def _refused(risk_at: datetime | None, *, is_in_doubt: bool) -> Decision:
    """Return what becomes of a row that TikTok refuses by itself.

    A refusal says nothing about an earlier request that got no answer: what is corrected and sent anew days later would
    count beside a copy that arrived, so a person decides.
    """
    if is_in_doubt:
        return Decision(BatchState.PARKED, "later", risk_at)
    return Decision(BatchState.DEAD, "done", risk_at)


def is_past_resending(risk_at: datetime | None, *, now: datetime, limits: Limits) -> bool:
    """Whether TikTok may no longer recognise another copy as a duplicate.

    A first attempt in the future means that the clock moved, so its age is not known.
    """
    if risk_at is None:
        return False
    age = now - risk_at
    return age >= timedelta(seconds=limits.resend_limit_s) or age < -timedelta(seconds=limits.future_grace_s)


def seconds_to_midnight(now: datetime) -> float:
    """Return the time until daily quotas start anew, at 00:00 UTC."""
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - now).total_seconds()
