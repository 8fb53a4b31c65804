"""The pure decisions of a push: what an attempt means for its batch, and when a copy is no longer safe."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pusher.contracts import BatchState, Verdict
from pusher.destinations.tiktok.facts import contract
from pusher.push.policy import MAX_ATTEMPTS_PER_RUN, Decision, decide, is_past_resending, seconds_to_midnight

LIMITS = contract().payloads["offline_events"].limits
STARTED = datetime(2026, 11, 23, 6, tzinfo=UTC)
EARLIER = STARTED - timedelta(hours=2)
OLD = STARTED - timedelta(seconds=LIMITS.resend_limit_s)


def decided(
    verdict: Verdict, *, rows: int = 1_000, risk_before: datetime | None = None, attempts_in_run: int = 1
) -> Decision:
    """Decide a second after the attempt began."""
    return decide(
        verdict,
        rows=rows,
        risk_before=risk_before,
        started_at=STARTED,
        now=STARTED + timedelta(seconds=1),
        attempts_in_run=attempts_in_run,
        limits=LIMITS,
    )


ACK = Verdict("accepted", "ACK")
DATA = Verdict("rejected", "DATA")
SIZE = Verdict("split", "SIZE")
PARTIAL = Verdict("split", "PARTIAL")
BAD_ROW = Verdict("split", "PARTIAL", bad_rows=(0,))
THROTTLE = Verdict("retry", "THROTTLE")
AUTH = Verdict("halt", "AUTH")
LOST = Verdict("unknown", "UNKNOWN")
ONE_BATCH = [
    ("accepted", ACK, Decision(BatchState.ACCEPTED, "done", STARTED)),
    ("refused", DATA, Decision(BatchState.SPLIT, "split", None)),
    ("too large", SIZE, Decision(BatchState.SPLIT, "split", None)),
    ("taken in part", PARTIAL, Decision(BatchState.SPLIT, "split", STARTED)),
    ("throttled", THROTTLE, Decision(BatchState.RETRY, "again", None)),
    ("refused us", AUTH, Decision(BatchState.RETRY, "halt", None)),
    ("lost", LOST, Decision(BatchState.UNKNOWN, "again", STARTED)),
]


@pytest.mark.parametrize(("verdict", "expected"), [case[1:] for case in ONE_BATCH], ids=[case[0] for case in ONE_BATCH])
def test_a_first_attempt_decides_over_its_batch(verdict: Verdict, expected: Decision) -> None:
    """Only what may have arrived is at risk."""
    assert decided(verdict) == expected


ONE_ROW = [
    ("refused", DATA, Decision(BatchState.DEAD, "done", None)),
    ("too large", SIZE, Decision(BatchState.DEAD, "done", None)),
    ("named as bad", BAD_ROW, Decision(BatchState.DEAD, "done", None)),
    ("taken in part", PARTIAL, Decision(BatchState.UNKNOWN, "again", STARTED)),
]


@pytest.mark.parametrize(("verdict", "expected"), [case[1:] for case in ONE_ROW], ids=[case[0] for case in ONE_ROW])
def test_a_single_row_cannot_be_split(verdict: Verdict, expected: Decision) -> None:
    """It is dead when the answer is about this very row, and unknown when it is not."""
    assert decided(verdict, rows=1) == expected


@pytest.mark.parametrize(
    "verdict", [ACK, DATA, SIZE, PARTIAL, THROTTLE, AUTH, LOST], ids=lambda one: one.response_class
)
def test_an_earlier_risk_stays(verdict: Verdict) -> None:
    """The 36 hours count from the first attempt that may have arrived."""
    assert decided(verdict, risk_before=EARLIER).risk_at == EARLIER


@pytest.mark.parametrize(
    ("verdict", "state"), [(THROTTLE, BatchState.RETRY), (LOST, BatchState.UNKNOWN)], ids=["throttled", "lost"]
)
def test_attempts_of_a_run_are_counted(verdict: Verdict, state: BatchState) -> None:
    """The last one leaves the batch to another run."""
    steps = [decided(verdict, attempts_in_run=attempt) for attempt in (MAX_ATTEMPTS_PER_RUN - 1, MAX_ATTEMPTS_PER_RUN)]
    assert [(step.state, step.step) for step in steps] == [(state, "again"), (state, "later")]


def test_a_lost_answer_that_is_too_old_is_parked() -> None:
    """A person decides; an answer that tells settles the batch at any age."""
    assert decided(LOST, risk_before=OLD) == Decision(BatchState.PARKED, "later", OLD)
    assert decided(ACK, risk_before=OLD) == Decision(BatchState.ACCEPTED, "done", OLD)


AGES = [
    ("never sent", None, False),
    ("a second before the limit", OLD + timedelta(seconds=1), False),
    ("at the limit", OLD, True),
    ("the clock moved a little", STARTED + timedelta(seconds=LIMITS.future_grace_s), False),
    ("the clock moved", STARTED + timedelta(seconds=LIMITS.future_grace_s + 1), True),
]


@pytest.mark.parametrize(("risk_at", "expected"), [case[1:] for case in AGES], ids=[case[0] for case in AGES])
def test_a_copy_is_recognised_for_so_long(risk_at: datetime | None, expected: bool) -> None:  # noqa: FBT001 -- a table's column
    """Behind the limit, and where the age is not known, TikTok may count it again."""
    assert is_past_resending(risk_at, now=STARTED, limits=LIMITS) is expected


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), 1),
        (datetime(2026, 11, 23, tzinfo=UTC), 86_400),
        (datetime(2026, 11, 23, 18, tzinfo=UTC), 21_600),
    ],
)
def test_daily_quotas_start_anew_at_midnight_utc(moment: datetime, seconds: float) -> None:
    """At midnight itself a day is left."""
    assert seconds_to_midnight(moment) == seconds
