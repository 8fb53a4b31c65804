"""Rows that wait for too long: which are parked, which go on, and who decides about them."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from pusher.progress import PlanFinished
from tests.push.refused import shop_at
from tests.push.support import NOW, VIEW, Order, orders, serving, terms


@pytest.mark.parametrize(("days", "resumed"), [(7, "pending"), (8, "parked")])
def test_rows_that_cannot_be_sent_for_more_than_a_week_wait_for_a_person(
    tmp_path: Path, days: int, resumed: str
) -> None:
    """Each push tries them first; those frozen more than seven days ago are then kept only for a decision."""
    revoked = {"do": 40105, "times": 2}
    with serving(tmp_path / "sandbox.sqlite", [revoked]) as server:
        shop = shop_at(server, tmp_path, [Order("order-00000"), Order("order-00001")])
        shop.push()
        late = NOW + timedelta(days=days)

        refused = shop.push(now=late)
        listed = shop.project(late).ledger.resolve("list")
        shop.project(late).ledger.resolve("resend")
        sent = shop.push(now=late)

        assert refused.exit_code == 3
        assert refused.models[0].resumed[resumed] == 2
        assert [(one.rows, one.first_risk_at) for one in listed.batches] == ([(2, None)] if days > 7 else [])
        assert sent.models[0].resumed["accepted"] == 2
        assert server.counted() == ["order-00000", "order-00001"]


def test_rows_that_no_request_held_yet_are_parked_too(tmp_path: Path) -> None:
    """Twice ten rows met a token that was revoked, ten never left: after eight days all of them wait for a person."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40105, "times": 2}]) as server:
        shop = shop_at(server, tmp_path, orders(30))
        shop.push()
        late = NOW + timedelta(days=8)

        refused = shop.push(now=late)
        listed = shop.project(late).ledger.resolve("list")
        shop.project(late).ledger.resolve("resend")
        sent = shop.push(now=late)

        assert (refused.exit_code, refused.models[0].resumed["parked"]) == (3, 30)
        assert [(one.rows, one.attempts) for one in listed.batches] == [(10, 1), (10, 1), (10, 0)]
        assert {one.why for one in listed.batches} == {
            "The rows could not be sent for 7 days; they are kept only until it is decided about them."
        }
        assert (sent.exit_code, sent.models[0].resumed["accepted"]) == (0, 30)
        assert server.counted() == [row.order_id for row in orders(30)]


def test_what_a_person_let_go_of_waits_for_a_push_of_its_view(tmp_path: Path) -> None:
    """Rows of eight days ago are released, and another view is pushed first: they are not parked a second time."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40105, "times": 2}]) as server:
        shop = shop_at(server, tmp_path, [Order("order-00000")])
        shop.push()
        late = NOW + timedelta(days=8)
        shop.push(now=late)
        shop.project(late).ledger.resolve("resend")
        (shop.root / "models" / "twin.sql").write_text((shop.root / "models" / f"{VIEW}.sql").read_text())
        shop.sell([Order("order-00001")])
        shop.build()

        other = shop.push(now=late, select=["twin"])
        own = shop.push(now=late, select=[VIEW])

        assert (other.exit_code, terms(other)["accepted"]) == (0, 1)
        assert (own.exit_code, own.models[0].resumed["accepted"]) == (0, 1)
        assert server.counted() == ["order-00000", "order-00001"]


def test_a_push_of_another_view_parks_nothing_of_this_one(tmp_path: Path) -> None:
    """Rows of eight days ago that the push did not try to send had no chance, and the next push of all sends them."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40105}]) as server:
        shop = shop_at(server, tmp_path, [Order("order-00000")])
        shop.push()
        late = NOW + timedelta(days=8)
        (shop.root / "models" / "twin.sql").write_text((shop.root / "models" / f"{VIEW}.sql").read_text())
        shop.sell([Order("order-00001")])
        shop.build()

        shop.push(now=late, select=["twin"])
        every = shop.push(now=late)

        assert [model.resumed["accepted"] for model in every.models if model.resumed] == [1]
        assert (every.exit_code, server.counted()) == (0, ["order-00000", "order-00001"])


def test_an_old_part_that_had_no_chance_is_not_parked(tmp_path: Path) -> None:
    """A run that is stopped before it tried anything says nothing about rows that wait; the next one sends them."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40105}]) as server:
        shop = shop_at(server, tmp_path, [Order("order-00000")])
        shop.push()
        late = NOW + timedelta(days=8)
        planned = threading.Event()
        project = shop.project(late)
        project.listener = lambda event: planned.set() if isinstance(event, PlanFinished) else None

        stopped = project.push(should_stop=AfterTheChecks(planned))
        sent = shop.push(now=late)

        assert [problem.code for problem in stopped.problems] == ["interrupted"]
        assert stopped.models[0].resumed == {"pending": 1, "planned": 1} | dict.fromkeys(
            ("accepted", "dead", "parked", "expired_late", "suppressed_late"), 0
        )
        assert sent.models[0].resumed["accepted"] == 1


class AfterTheChecks:
    """Asks to stop once the plan is made and its last check for a wish to stop is over."""

    def __init__(self, planned: threading.Event) -> None:
        self._planned, self._asked = planned, 0

    def __call__(self) -> bool:
        """Say whether to stop."""
        self._asked += self._planned.is_set()
        return self._asked > 1
