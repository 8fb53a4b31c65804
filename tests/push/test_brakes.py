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


def test_a_second_outage_gets_its_probes_as_the_first_one_did(brakes: Brakes, clock: HandClock) -> None:
    """A probe that was answered ends the episode: the next one begins with a minute again, and has two probes."""
    note(brakes, [1, 2, 1, 2, 1])
    clock.seconds = 60.0
    note(brakes, [2], ACCEPTED)
    note(brakes, [1, 2, 1, 2, 1])
    first = brakes.paused_until_s
    clock.seconds = first
    problems = note(brakes, [1])

    assert (first, problems, brakes.paused_until_s) == (120.0, [None], 420.0)


def test_a_batch_is_tried_again_when_the_server_wished_it(brakes: Brakes) -> None:
    """A wish replaces the wait that the answer would have had, also by a shorter one."""
    waits = [
        Verdict("retry", "DEFER", waits="minutes"),
        Verdict("retry", "DEFER", waits="minutes", retry_after_s=7.0),
        Verdict("retry", "RETRY", waits="backoff", retry_after_s=0.0),
    ]

    assert [brakes.delay_s(one, attempts=1) for one in waits] == [300.0, 7.0, 0.0]


def test_throttling_that_comes_back_waits_longer_each_time(brakes: Brakes, clock: HandClock) -> None:
    """A second, five minutes, then until midnight; after a quiet time it begins anew."""
    throttled = Verdict("retry", "THROTTLE", waits="throttle")
    found = []
    for at_s in (0.0, 30.0, 331.0, 43_201.0):
        clock.seconds = at_s
        found.append(brakes.delay_s(throttled, attempts=1))

    assert found == [1.0, 300.0, 42_869.0, 1.0]


def test_throttling_slows_all_requests_down_once_for_each_episode(clock: HandClock) -> None:
    """Each pause takes three tenths of the rate away; what was under way when it began takes nothing more."""
    pacer = Pacer(100, clock)
    brakes = Brakes(clock=clock, pacer=pacer, max_dead_share=0.1, seed=1)
    throttled = Verdict("retry", "THROTTLE", waits="throttle", retry_after_s=5.0)

    waits = [brakes.delay_s(throttled, attempts=1) for _ in range(3)]
    slowed = pacer.requests_per_s
    clock.seconds = 60.0

    assert (waits, slowed, pacer.requests_per_s) == ([5.0] * 3, 70.0, 100.0)


# giving up ----------------------------------------------------------------------------------------------------------


def refuse(brakes: Brakes, rows: int, *, is_new: bool = True) -> str | None:
    """Count a batch that was refused; returns why the run must stop."""
    batch = Batch(1, 1, None, ((0, rows),), rows, BatchState.DEAD)
    problem = brakes.note(Verdict("rejected", "DATA"), batch, is_new=is_new)
    return None if problem is None else f"{problem.code}: {problem.message}"


def accept(brakes: Brakes, rows: int, *, is_new: bool = True) -> None:
    """Count a batch that was accepted."""
    assert brakes.note(ACCEPTED, Batch(1, 1, None, ((0, rows),), rows, BatchState.ACCEPTED), is_new=is_new) is None


def test_a_tenth_of_the_first_thousand_rows_may_be_refused(brakes: Brakes) -> None:
    """A hundred are bad rows; one more and it is the model."""
    accept(brakes, 500)

    assert refuse(brakes, 100) is None
    assert refuse(brakes, 1) == ("too-many-refused: TikTok refused 101 of the first 601 rows: not the rows, the model.")


def test_refusals_behind_the_first_thousand_rows_stop_nothing(brakes: Brakes) -> None:
    """Once most rows were taken, bad ones are bad rows."""
    accept(brakes, 1_000)

    assert refuse(brakes, 900) is None


def test_rows_of_earlier_runs_say_nothing_about_the_model_of_today(brakes: Brakes) -> None:
    """Neither do accepted ones fill the first thousand, nor do refused ones count against it."""
    accept(brakes, 5_000, is_new=False)

    assert refuse(brakes, 900, is_new=False) is None
    assert refuse(brakes, 100) is None
    assert refuse(brakes, 1) is not None


def test_ten_refused_rows_are_enough_while_nothing_was_ever_accepted(brakes: Brakes) -> None:
    """After an acceptance, of this run or an earlier one, they are not."""
    assert refuse(brakes, 10) is None
    brakes.any_accepted = False

    assert refuse(brakes, 1) is not None


def test_a_run_has_so_many_retries(brakes: Brakes) -> None:
    """A hundred, or fifty of attempts in doubt; ten acceptances give one of the latter back."""
    refused = verdict("retry", "backoff")
    paid = [sum(brakes.pay_for_retry(one) for _ in range(100)) for one in (LOST, refused)]
    for _ in range(10):
        accept(brakes, 1)

    assert paid == [50, 0]
    assert [brakes.pay_for_retry(one) for one in (LOST, LOST, refused)] == [True, False, False]


# on a socket --------------------------------------------------------------------------------------------------------


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


def test_a_part_of_which_rows_were_accepted_before_waits_for_the_server(tmp_path: Path) -> None:
    """An earlier run proved that the server is there, so the next one waits for its answer before it gives up."""
    faults = [{"match": {"nth": 2}, "do": 40105}, {"match": {"nth": 3}, "do": "html_502", "times": 5}]
    with serving(tmp_path / "sandbox.sqlite", faults) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000, concurrency=1)
        shop.sell(orders(4_010))
        shop.build()
        shop.push()

        report = shop.push()

        assert (report.exit_code, report.problems, report.models[0].resumed["accepted"]) == (0, (), 4_000)
        assert server.totals()["counted"] == 4_010


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
