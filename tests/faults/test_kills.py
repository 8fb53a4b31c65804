"""Faults 1 to 10: a push that is killed at a named point, and the runs that put it right."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.faults.killed import POINTS
from tests.faults.proxy import Proxy
from tests.faults.scene import ROWS, Scene, scene
from tests.push.support import Order, orders, wait_until

KILLED = -signal.SIGKILL


def drift(found: Scene) -> None:
    """Let the model give other values than before."""
    found.shop.sell([Order(row.order_id, amount="77.00") for row in orders(ROWS)])


def test_01_a_kill_before_the_plan_is_committed_leaves_nothing(tmp_path: Path) -> None:
    """Nothing is recorded of the plan; the next run sends every row as the model gives it then."""
    with scene(tmp_path) as found:
        ran = found.killed_at("before-plan-commit")
        parts = found.shop.ledger("select count(*) from part")
        drift(found)
        (report,) = found.settle()

        assert (ran.code, parts) == (KILLED, [(0,)])
        assert report.models[0].terms["accepted"] == ROWS
        found.check()


def test_02_a_kill_after_the_plan_sends_the_frozen_rows_although_the_model_drifted(tmp_path: Path) -> None:
    """What is frozen wins; the drifted rows are conflicts."""
    with scene(tmp_path) as found:
        ran = found.killed_at("after-plan")
        before = found.requests()
        drift(found)
        report = found.push()

        assert (ran.code, before) == (KILLED, 0)
        assert (report.models[0].resumed["accepted"], report.models[0].terms["conflicting"]) == (ROWS, ROWS)
        found.check()


@pytest.mark.parametrize(
    ("number", "point", "arrivals"),
    [(3, "after-intent", 0), (6, "answer-read", 1), (7, "inside-acknowledgement", 1)],
    ids=["03_after_intent", "06_answer_read", "07_inside_acknowledgement"],
)
def test_03_06_07_a_kill_around_a_request_sends_the_same_bytes_again(
    tmp_path: Path, number: int, point: str, arrivals: int
) -> None:
    """Between intent and acknowledgement nothing is known, so the same bytes go out again and count once."""
    with scene(tmp_path) as found:
        ran = found.killed_at(point)
        arrived = found.requests()
        drift(found)
        found.settle()

        assert (ran.code, arrived, number > 0) == (KILLED, arrivals, True)
        assert found.shop.ledger("select count(*) from attempt where seconds is null") == [(1,)]
        found.check()


def test_04_a_kill_while_the_body_is_half_written(tmp_path: Path) -> None:
    """The server sees a short body and takes nothing of it; the same bytes are sent again."""
    with scene(tmp_path) as found, Proxy(found.server.base_url) as proxy:
        found.shop.profile(proxy.base_url, requests_per_second=1000)
        process = found.start("push", "--quiet")
        proxy.cut_request_after(600, lambda: process.send_signal(signal.SIGKILL))
        ran = found.end(process)
        arrived = found.server.totals()["counted"]
        found.settle()

        assert (ran.code, arrived) == (KILLED, 0)
        found.check()


def test_05_a_kill_between_the_body_and_its_answer_counts_each_event_once(tmp_path: Path) -> None:
    """The server accepted what the ledger does not know of: the copy is a duplicate there."""
    slow = {"match": {"nth": 1}, "do": "slow_drip", "after": "accept"}
    with scene(tmp_path, [slow]) as found:
        process = found.start("push", "--quiet")
        wait_until(lambda: found.requests() == 1)
        process.send_signal(signal.SIGKILL)
        ran = found.end(process)
        drift(found)
        found.settle()

        assert ran.code == KILLED
        assert found.server.totals()["duplicates"] == 10
        found.check()


def test_08_a_kill_after_the_last_acknowledgement_sends_nothing_again(tmp_path: Path) -> None:
    """The summary is missing, and every row is known as sent."""
    with scene(tmp_path) as found:
        ran = found.killed_at("before-summary")
        arrived = found.requests()
        report = found.push()

        assert ran.code == KILLED
        assert (report.requests, report.models[0].held) == (0, {"accepted": ROWS})
        assert found.requests() == arrived
        found.check()


@pytest.mark.parametrize("nth", [1, 2])
def test_09_a_kill_inside_a_split_leaves_the_parent_or_the_pieces(tmp_path: Path, nth: int) -> None:
    """Never both: the rows of a refused batch are found by the next run, once."""
    refused = {"match": {"contains": ['"order-00003"', '"order-00004"']}, "do": 40002, "times": None}
    with scene(tmp_path, [refused]) as found:
        ran = found.killed_at("inside-split", nth)
        states = found.shop.ledger("select state from batch")
        found.settle()

        assert (ran.code, states) == (KILLED, [("sending",)])
        found.check()


def test_10_three_kills_during_recovery_change_nothing(tmp_path: Path) -> None:
    """What a recovery does can be done again."""
    with scene(tmp_path) as found:
        codes = [found.killed_at("answer-read", 2).code]
        codes += [found.killed_at("inside-recovery").code for _ in range(3)]
        codes.append(found.killed_at("inside-settling").code)
        drift(found)
        found.settle()

        assert codes == [KILLED] * 5
        found.check()


def test_every_point_is_one_that_a_push_comes_to() -> None:
    """The points are functions that exist."""
    assert all(callable(getattr(owner, name)) for owner, name, _ in POINTS.values())
