"""When a delivery waits for a server that does not answer, and when it gives up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pusher.contracts import BatchState, Verdict
from pusher.errors import Problem
from pusher.ledger.rows import Batch
from pusher.push.brakes import Brakes
from pusher.transport import Pacer
from tests.push.support import NOW, Shop, orders, serving


class HandClock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        """Return the wall time."""
        return NOW + timedelta(seconds=self.seconds)

    def monotonic_s(self) -> float:
        """Return the seconds so far."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.seconds += seconds


@pytest.fixture
def clock() -> HandClock:
    """A clock at zero."""
    return HandClock()


@pytest.fixture
def brakes(clock: HandClock) -> Brakes:
    """The brakes of a delivery of which something was accepted before."""
    found = Brakes(clock=clock, pacer=Pacer(1000, clock), max_dead_share=0.1, seed=1)
    found.any_accepted = True
    return found


def verdict(outcome: str, waits: str) -> Verdict:
    """Return what an attempt proved."""
    return Verdict(outcome, "SERVER", code=50000, message="System error.", waits=waits)


LOST, ACCEPTED = verdict("unknown", "backoff"), verdict("accepted", "none")


def note(brakes: Brakes, batches: Sequence[int], found: Verdict = LOST) -> list[Problem | None]:
    """Count one attempt of each batch."""
    state = BatchState.ACCEPTED if found is ACCEPTED else BatchState.UNKNOWN
    return [brakes.note(found, Batch(number, 1, None, ((0, 10),), 10, state), is_new=True) for number in batches]


def test_five_failures_over_two_batches_make_everything_wait_a_minute(brakes: Brakes) -> None:
    """Four are not enough, and five of one batch alone say something about the batch."""
    note(brakes, [1, 2, 1, 2])
    before = (brakes.is_probing, brakes.paused_until_s)
    note(brakes, [1])

    assert before == (False, 0.0)
    assert (brakes.is_probing, brakes.paused_until_s) == (True, 60.0)


def test_one_batch_that_keeps_failing_stops_nobody_else(brakes: Brakes) -> None:
    """Seven failures of one batch leave the others alone."""
    assert note(brakes, [1] * 7) == [None] * 7
    assert not brakes.is_probing


def test_a_server_that_throttles_does_answer(brakes: Brakes) -> None:
    """Being told to wait breaks a row of failures as an acceptance does."""
    note(brakes, [1, 2, 1, 2])
    note(brakes, [1], verdict("retry", "throttle"))
    note(brakes, [2, 1, 2, 1])

    assert not brakes.is_probing


def test_a_probe_that_is_accepted_ends_the_wait(brakes: Brakes, clock: HandClock) -> None:
    """After an answer the count begins anew."""
    note(brakes, [1, 2, 1, 2, 1])
    clock.seconds = 60.0
    note(brakes, [2], ACCEPTED)
    note(brakes, [1, 2, 1, 2])

    assert not brakes.is_probing


def test_two_failed_probes_end_the_run(brakes: Brakes, clock: HandClock) -> None:
    """The first probe comes after a minute, the second five minutes later; then the run gives up."""
    note(brakes, [1, 2, 1, 2, 1])
    clock.seconds = 60.0
    first = note(brakes, [1])
    pause = brakes.paused_until_s
    clock.seconds = pause
    (problem,) = note(brakes, [2])

    assert (first, pause) == ([None], 360.0)
    assert problem == Problem(
        "no-answer", "7 attempts in a row failed. System error.", fix="Run again later: nothing was lost."
    )


def test_what_was_under_way_when_the_pause_began_is_not_a_probe(brakes: Brakes, clock: HandClock) -> None:
    """Answers that come in during the pause do not make it longer."""
    note(brakes, [1, 2, 1, 2, 1])
    clock.seconds = 5.0
    note(brakes, [3, 4, 5])

    assert brakes.paused_until_s == 60.0


def test_a_batch_waits_at_least_as_long_as_everything_does(brakes: Brakes) -> None:
    """The back-off of a batch never ends before the pause."""
    note(brakes, [1, 2, 1, 2, 1])

    assert brakes.delay_s(LOST, attempts=1) == 60.0


def test_nothing_was_ever_accepted_is_told_after_five_failures(brakes: Brakes) -> None:
    """Without any accepted row there is no reason to wait for minutes."""
    brakes.any_accepted = False

    assert [problem is not None for problem in note(brakes, [1] * 5)] == [False] * 4 + [True]


def test_a_server_that_goes_away_for_a_while_loses_nothing(tmp_path: Path) -> None:
    """Fault 28: after five failures in a row a single probe goes out; once it is answered, the rest follows."""
    away = {"match": {"nth": 2}, "do": "html_502", "times": 6}
    with serving(tmp_path / "sandbox.sqlite", [away]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(6_000))
        shop.build()

        report = shop.push()

        assert (report.exit_code, report.models[0].terms["accepted"]) == (0, 6_000)
        assert sorted(server.counted()) == [row.order_id for row in orders(6_000)]
        assert report.seconds["deliver"] >= 60


def test_a_server_that_stays_away_ends_the_run_for_now(tmp_path: Path) -> None:
    """After two failed probes the run ends with 4; the next one sends the rest."""
    away = {"match": {"nth": 2}, "do": "html_502", "times": 40}
    with serving(tmp_path / "sandbox.sqlite", [away]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(6_000))
        shop.build()

        report = shop.push()

        assert report.exit_code == 4
        assert [problem.code for problem in report.problems] == ["no-answer"]
        assert 5 + 2 <= len(server.requests()) - 1 <= 16
