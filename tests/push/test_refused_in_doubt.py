"""Rows whose first request got no answer and whose repetition is refused: nobody knows whether they arrived."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from pusher.destinations.tiktok.facts import contract
from pusher.project.outcomes import Patience
from pusher.push.policy import IN_DOUBT
from tests.push.refused import POISON, shop_at
from tests.push.support import NOW, Order, serving, terms

LOST = {"do": "drop_after_accept"}
ANSWER = 40002
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SHORT = Patience(deadline_s=0.4)
"""Less than the first wait between two attempts."""


def test_a_row_in_doubt_whose_repetition_is_refused_waits_for_a_person(tmp_path: Path) -> None:
    """`retry` does not touch it; sent again by a decision and refused by itself, it is refused like any other."""
    refusing = {"do": ANSWER, "message": "Invalid value", "times": None}
    with serving(tmp_path / "sandbox.sqlite", [LOST, refusing]) as server:
        shop = shop_at(server, tmp_path, [Order("order-00000"), Order("order-00001")])
        lost = shop.push(patience=SHORT)
        refused = shop.push(now=NOW + HOUR)
        asked = shop.project(NOW + HOUR).ledger.retry()
        waiting = shop.project(NOW + HOUR).ledger.resolve("list")
        held = shop.push(now=NOW + 3 * DAY)
        shop.project(NOW + 3 * DAY).ledger.resolve("resend")
        decided = shop.push(now=NOW + 3 * DAY)

    assert (lost.exit_code, terms(lost)) == (4, {"planned": 2, "pending": 2})
    assert (refused.exit_code, refused.models[0].resumed["parked"]) == (5, 2)
    assert (asked.reopened, asked.refused) == (0, [])
    assert [(one.rows, one.why) for one in waiting.batches] == [
        (
            1,
            "An earlier request got no answer, so the row may have arrived; its repetition was refused. Invalid value",
        )
    ] * 2
    assert (held.exit_code, held.models[0].resumed["parked"]) == (5, 2)
    assert (decided.exit_code, decided.models[0].resumed["dead"]) == (1, 2)


def test_a_row_beside_one_that_is_refused_is_accepted_as_before(tmp_path: Path) -> None:
    """The answer to thirty rows is lost, and their repetition is refused for one: that one waits, the others count."""
    rows = [Order(f"order-{number:05d}") for number in range(10)]
    rows[7].amount = "13.00"
    with serving(tmp_path / "sandbox.sqlite", [{"do": "html_502"}, POISON]) as server:
        shop = shop_at(server, tmp_path, rows)
        report = shop.push()

    assert (report.exit_code, terms(report)) == (5, {"planned": 10, "accepted": 9, "parked": 1})


def test_rows_in_doubt_that_are_refused_count_as_refused(tmp_path: Path) -> None:
    """Ten of the first ten say that the model is wrong, whatever becomes of them."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": "html_502"}, {"do": ANSWER, "times": None}]) as server:
        shop = shop_at(server, tmp_path, [Order(f"order-{number:05d}") for number in range(10)])
        report = shop.push()

    assert [one.code for one in report.problems] == ["too-many-refused"]
    assert terms(report) == {"planned": 10, "parked": 10}


@pytest.mark.parametrize("answer", [ANSWER, 40105])
def test_a_row_whose_earlier_requests_were_answered_is_refused(tmp_path: Path, answer: int) -> None:
    """What TikTok refused or put off before did not arrive; so there is nothing to decide."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": answer}, {**POISON, "times": None}]) as server:
        shop = shop_at(server, tmp_path, [Order("order-00000", amount="13.00"), Order("order-00001", amount="13.00")])
        reports = [shop.push(), shop.push()]

    assert sum(one.models[0].terms.get("dead", 0) + one.models[0].resumed.get("dead", 0) for one in reports) == 2
    assert all(one.exit_code != 5 for one in reports)


def test_what_may_have_arrived_is_what_the_contract_leaves_in_doubt() -> None:
    """A class of answers that is added to it is not forgotten."""
    classes = contract().classes.items()
    assert {name for name, one in classes if one.outcome == "unknown"} == {*IN_DOUBT, "DUP"}
