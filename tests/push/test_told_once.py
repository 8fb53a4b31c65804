"""What TikTok accepted is told by one receipt, and its money stands where it belongs, whatever ended the run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pusher.cli.receipt import receipt_text
from pusher.push.world import PushReport
from tests.faults.scene import ROWS, scene
from tests.push.refused import POISON, shop_at
from tests.push.support import Shop, orders, serving


def money(report: PushReport) -> dict[str, str]:
    """Return the printed table of the revenue in dollars."""
    lines = [re.split(r" {2,}", line.strip()) for line in receipt_text(report).splitlines()]
    place = next(number for number, line in enumerate(lines) if line[0] == "revenue")
    return dict(zip(lines[place][1:], lines[place + 1][1:], strict=True))


def last_line(report: PushReport) -> str:
    """Return what a receipt says last about its view."""
    return next(line.strip() for line in receipt_text(report).splitlines() if line.startswith("  sent "))


def accepted(shop: Shop) -> list[tuple[str, int]]:
    """Return how many rows all receipts together say were accepted."""
    rows = shop.project().ledger.query(
        "select term, sum(rows)::bigint as rows from receipt where term in ('accepted', 'resumed.accepted') "
        "group by term order by term"
    )
    return [(row["term"], row["rows"]) for row in rows]


@pytest.mark.parametrize(
    ("point", "held"),
    [("inside-settling", {"in_flight": ROWS}), ("before-summary", {"accepted": ROWS})],
)
def test_what_a_killed_push_got_accepted_is_told_by_the_next_one_and_by_no_other(
    tmp_path: Path, point: str, held: dict[str, int]
) -> None:
    """It was killed after the last answer: its rows were sent before, settled or not, and no receipt had them."""
    with scene(tmp_path) as found:
        found.killed_at(point)
        reports = [found.push(), found.push()]

        assert [report.models[0].held for report in reports] == [held, {"accepted": ROWS}]
        assert accepted(found.shop) == [("resumed.accepted", ROWS)]
        assert [{term: rows for term, rows in one.models[0].resumed.items() if rows} for one in reports] == [
            {"planned": ROWS, "accepted": ROWS},
            {},
        ]
        sent = {"warehouse": "250.00", "sent now": "0.00", "sent before": "250.00", "not sent": "0.00"}
        assert [money(report) for report in reports] == [sent, sent]
        assert last_line(reports[0]).startswith(f"sent 0, sent by runs without a receipt {ROWS}")
        assert [report.exit_code for report in reports] == [0, 0]


@pytest.mark.parametrize("choice", [{}, {"test_event_code": "T1"}])
def test_a_retry_or_a_push_of_test_events_tells_nothing_of_what_was_accepted(
    tmp_path: Path, choice: dict[str, Any]
) -> None:
    """Neither of them counts rows that were sent."""
    with scene(tmp_path) as found:
        found.killed_at("before-summary")
        found.shop.project().ledger.retry()
        found.push(**choice)
        found.push()

        told = [("resumed.accepted", ROWS)]
        assert accepted(found.shop) == ([("accepted", ROWS), *told] if choice else told)


def test_rows_of_an_open_part_that_were_accepted_and_told_were_sent_before(tmp_path: Path) -> None:
    """A part stays open for the sake of some of its rows; what was refused of it was not sent."""
    rows = orders(40)
    rows[3].amount, rows[12].amount = "13.00", "20.00"
    revoked = {"match": {"contains": ["order-00012"]}, "do": 40105, "times": 2}
    with serving(tmp_path / "sandbox.sqlite", [POISON, revoked]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000, concurrency=1)
        shop.sell(rows)
        shop.build()
        reports = [shop.push() for _ in range(3)]

        assert [report.exit_code for report in reports] == [3, 3, 0]
        assert accepted(shop) == [("accepted", 9), ("resumed.accepted", 30)]
        assert [money(report) for report in reports] == [
            {"warehouse": "413.00", "sent now": "90.00", "sent before": "0.00", "not sent": "323.00"},
            {"warehouse": "413.00", "sent now": "0.00", "sent before": "90.00", "frozen before": "310.00",
             "not sent": "13.00"},
            {"warehouse": "413.00", "sent now": "310.00", "sent before": "90.00", "not sent": "13.00"},
        ]  # fmt: skip


def test_what_waits_was_frozen_before_also_in_a_rehearsal(tmp_path: Path) -> None:
    """A dry run tells apart what was accepted of an open part, as a push does."""
    revoked = {"match": {"contains": ["order-00012"]}, "do": 40105, "times": 1}
    with serving(tmp_path / "sandbox.sqlite", [revoked]) as server:
        shop = shop_at(server, tmp_path, orders(40))
        shop.push()
        report = shop.push(dry_run=True)

        assert money(report) == {
            "warehouse": "400.00", "sent now": "0.00", "sent before": "100.00", "frozen before": "300.00",
            "not sent": "0.00",
        }  # fmt: skip
