"""Faults 40 and 44 to 54: redirects, clocks, two runs at once, signals, and models that change or fail."""

from __future__ import annotations

import signal
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.errors import AnotherRunIsActive, PlanError, StateError
from pusher.project.outcomes import LONGEST_RUN_S, Patience, PushChoice
from tests.faults.recorder import payloads
from tests.faults.scene import ROWS, Scene, scene
from tests.push.support import NOW, VIEW, Order, QuickClock, orders, wait_until
from tests.torture.world import HandClock


def test_40_a_redirect_is_not_followed(tmp_path: Path) -> None:
    """Token and rows stay with the one host; the run ends with 3 and every row waits."""
    with scene(tmp_path, [{"do": "redirect"}]) as found:
        report = found.push()
        assert (report.exit_code, report.models[0].terms["pending"]) == (3, ROWS)
        found.settle()
        found.check()


@pytest.mark.parametrize("hours", [2, -2])
def test_44_a_clock_that_is_off_by_two_hours(tmp_path: Path, hours: int) -> None:
    """Ages have a margin; what happened is sent once."""
    with scene(tmp_path) as found:
        found.push(NOW + timedelta(hours=hours))
        found.push(NOW)
        found.check()


def test_44_a_clock_of_another_year(tmp_path: Path) -> None:
    """Events of the future are refused; a clock a day behind the last run stops everything."""
    with scene(tmp_path) as found:
        early = found.push(datetime(1980, 1, 1, tzinfo=NOW.tzinfo))
        sent = found.requests()
        found.push()
        with pytest.raises(StateError, match="The clock says"):
            found.push(NOW - timedelta(hours=25))

        assert (early.models[0].terms["invalid"], sent) == (ROWS, 0)
        found.check()


class SleepingClock(QuickClock):
    """A machine that sleeps for hours while its first request is under way.

    Args:
        found: Where the request arrives.
        hours: How long it sleeps.
    """

    def __init__(self, found: Scene, hours: float) -> None:
        super().__init__(NOW)
        self._found, self._hours = found, hours

    def now(self) -> datetime:
        """Return the moment before or after the sleep."""
        return NOW + timedelta(hours=self._hours if self._found.requests() else 0)


@pytest.mark.parametrize(("hours", "state"), [(3, "accepted"), (40, "parked")])
def test_45_a_laptop_that_sleeps_in_a_request(tmp_path: Path, hours: float, state: str) -> None:
    """A few hours later the copy is still known as one; after 36 hours a person decides."""
    with scene(tmp_path, [{"do": "drop_after_accept"}], rows=10) as found:
        project = found.shop.project()
        project.clock = SleepingClock(found, hours)

        report = project.push()

        assert report.models[0].terms[state] == 10
        assert found.server.counted() == [row.order_id for row in orders(10)]


class NappingClock(QuickClock):
    """A machine that sleeps for two days while a batch of its waits to be sent again.

    Args:
        found: Where the batch waits.
    """

    def __init__(self, found: Scene) -> None:
        super().__init__(NOW)
        self._found = found

    def sleep(self, seconds: float) -> None:
        """Wait; after the answer was lost the lid is closed."""
        super().sleep(seconds)
        if self._found.requests():
            self.start = NOW + timedelta(hours=50)


def test_45_a_laptop_that_sleeps_between_two_attempts(tmp_path: Path) -> None:
    """TikTok knows a copy for 48 hours: nothing is sent by what was true before the sleep."""
    with scene(tmp_path, [{"do": "drop_after_accept"}], rows=10) as found:
        project = found.shop.project()
        project.clock = NappingClock(found)

        slept = project.push()
        report = found.push(NOW + timedelta(hours=50))

        assert [(problem.code, problem.fix) for problem in slept.problems] == [
            ("clock-leapt", "Run again: what is too old by now is judged anew.")
        ]
        assert (slept.exit_code, slept.models[0].terms["pending"], found.requests()) == (4, 10, 1)
        assert (report.exit_code, report.models[0].resumed["parked"]) == (5, 10)


@pytest.mark.parametrize(
    ("age", "code", "state"),
    [(timedelta(hours=35, minutes=59), 0, "accepted"), (timedelta(hours=36), 5, "parked")],
    ids=["35h59", "36h"],
)
def test_46_the_last_minute_of_a_safe_repetition(tmp_path: Path, age: timedelta, code: int, state: str) -> None:
    """A minute before the limit the same bytes are sent again; at the limit they wait for a person."""
    with scene(tmp_path, [{"do": "drop_after_accept", "times": 5}], rows=10) as found:
        first = found.push()
        report = found.push(NOW + age)

        assert first.exit_code == 4
        assert (report.exit_code, report.models[0].resumed[state]) == (code, 10)
        assert found.server.counted() == [row.order_id for row in orders(10)]


def test_47_twenty_runs_at_once(tmp_path: Path) -> None:
    """One works, the others end with 6 at once, and the wire sees one sender."""
    with scene(tmp_path, [{"match": {"nth": 2}, "do": "slow_drip"}]) as found:
        holder = found.start("push", "--quiet")
        wait_until(lambda: found.requests() == 2)
        second = found.end(found.start("push", "--quiet"))
        started = time.monotonic()
        for _ in range(18):
            with pytest.raises(AnotherRunIsActive):
                found.push()
        each_s = (time.monotonic() - started) / 18
        before = found.requests()
        holder.kill()
        found.end(holder)
        found.settle()

        assert (second.code, before) == (6, 2)
        # A whole push of this shop takes longer than being turned away.
        assert each_s < 1
        found.check()


def test_50_a_signal_with_requests_in_flight(tmp_path: Path) -> None:
    """They end, their outcomes are written, and the exit code is 143 within the grace time."""
    with scene(tmp_path, rows=5_010, delay_s=0.7, concurrency=4) as found:
        process = found.start("push", "--quiet", "--json")
        wait_until(lambda: len(payloads(found.log)) == 4_010)
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        ran = found.end(process)

        assert ran.code == 143
        assert time.monotonic() - started < 10
        assert found.shop.ledger("select count(*) from batch where state in ('sending', 'unknown')") == [(0,)]
        found.settle()
        found.check(events=[row.order_id for row in orders(5_010)])


def test_51_a_second_signal_cuts_the_sockets(tmp_path: Path) -> None:
    """The process ends at once; what was in flight is in doubt, and sent again."""
    with scene(tmp_path, [{"match": {"nth": 2}, "do": "slow_drip"}]) as found:
        process = found.start("push")
        wait_until(lambda: found.requests() == 2)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        ran = found.end(process)

        assert ran.code == 130
        assert time.monotonic() - started < 1
        assert found.shop.ledger("select count(*) from batch where state = 'sending'") == [(1,)]
        found.settle()
        found.check()


def test_52_a_model_that_changes_between_crash_and_rerun(tmp_path: Path) -> None:
    """What is frozen wins, and the change is told as a conflict, as new once only."""
    with scene(tmp_path) as found:
        found.killed_at("answer-read")
        found.shop.sell([Order(row.order_id, amount="77.00") for row in orders(ROWS)])
        first, second = found.push(), found.push()

        assert [report.models[0].new_conflicts for report in (first, second)] == [ROWS, 0]
        assert (first.exit_code, second.exit_code) == (1, 0)
        found.check()


def test_53_a_query_that_fails_in_the_middle(tmp_path: Path) -> None:
    """Nothing of the plan is recorded or sent; with the row corrected everything is."""
    with scene(tmp_path) as found:
        rows = orders(ROWS)
        rows[-1].amount = "a lot"
        found.sell(rows)
        with pytest.raises(PlanError) as caught:
            found.push()

        assert (caught.value.exit_code, found.requests()) == (2, 0)
        assert found.shop.ledger("select count(*) from part") == [(0,)]
        assert list(found.shop.state.outbox.iterdir()) == []
        found.sell(ROWS)
        found.settle()
        found.check()


def test_54_a_model_that_takes_more_memory_than_there_is(tmp_path: Path) -> None:
    """Nothing is planned, what was written aside is gone, and the ledger goes on where it was."""
    with scene(tmp_path) as found:
        model = found.shop.root / "models" / f"{VIEW}.sql"
        profile = found.shop.root / "profiles.yml"
        text, settings = model.read_text(), profile.read_text()
        model.write_text(f"{text}where (select length(string_agg(range::varchar, ',')) from range(50000000)) > 0\n")
        profile.write_text(settings.replace('"threads": 2', '"threads": 2, "memory_limit": "60MB"'))
        found.shop.build()
        with pytest.raises(PlanError) as caught:
            found.push()
        left = [path.name for path in found.shop.state.root.rglob("*") if path.is_file()]
        model.write_text(text)
        profile.write_text(settings)
        found.shop.build()
        found.settle()

        (problem,) = caught.value.problems
        assert (caught.value.exit_code, problem.message) == (
            2,
            f"{VIEW} failed while it was read: The query needs more memory than memory_limit allows.",
        )
        assert sorted(left) == ["ledger.id", "ledger.sqlite", "run.lock"]
        found.check()


def test_what_grows_too_old_while_a_run_waits_is_not_sent_again(tmp_path: Path) -> None:
    """After 35 hours it may be, and after a wait for tomorrow's quota not any more."""
    noon = NOW.replace(hour=12, minute=0)
    faults: list[dict[str, Any]] = [{"do": "drop_after_accept", "times": 8}, {"do": 40100, "times": 3}]
    with scene(tmp_path, faults, rows=10) as found:
        reports = []
        for start in (noon, noon + timedelta(hours=34)):
            project = found.shop.project()
            project.clock = HandClock(start)
            reports.append(project.push(choice=PushChoice(patience=Patience(deadline_s=LONGEST_RUN_S))))

        assert [report.exit_code for report in reports] == [4, 5]
        assert reports[1].models[0].resumed["parked"] == 10
        assert (found.requests(), found.server.totals()["counted"]) == (11, 10)
