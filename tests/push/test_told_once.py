"""What TikTok accepted is told by one receipt, and its money stands where it belongs, whatever ended the run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.cli.receipt import receipt_text
from pusher.ledger import exclusion, waiting
from pusher.push.world import PushReport
from tests.faults.scene import ROWS, scene
from tests.push.refused import POISON, quarantine, shop_at
from tests.push.support import NOW, VIEW, Order, Shop, orders, serving
from tests.push.test_suppressions import suppress

LOST = {"do": "drop_after_accept", "times": 5}


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


@pytest.mark.parametrize("stretch", [1, 7, waiting.STRETCH_ROWS])
def test_rows_of_an_open_part_that_were_accepted_and_told_were_sent_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stretch: int
) -> None:
    """A part stays open for the sake of some of its rows; what was refused of it was not sent."""
    monkeypatch.setattr(waiting, "STRETCH_ROWS", stretch)
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


@pytest.mark.parametrize("at_a_time", [1, exclusion.PARTS_AT_A_TIME])
def test_the_rows_of_each_open_part_are_weighed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    """Ten rows of the first were accepted and the others may have been; the second was frozen and nothing else."""
    monkeypatch.setattr(exclusion, "PARTS_AT_A_TIME", at_a_time)
    with scene(tmp_path) as found:
        found.killed_at("answer-read", 2)
        found.sell([*orders(ROWS), *(replace(order, amount="20.00") for order in orders(2 * ROWS)[ROWS:])])
        found.killed_at("after-plan")

        assert found.shop.ledger("select count(*) from part where settled_at is null") == [(2,)]
        assert money(found.push(dry_run=True)) == {
            "warehouse": "750.00", "sent now": "0.00", "sent before": "100.00", "frozen before": "650.00",
            "not sent": "0.00",
        }  # fmt: skip


def test_an_enriched_row_of_an_open_part_was_frozen_before(tmp_path: Path) -> None:
    """It differs in details from what was frozen and never sent."""
    with scene(tmp_path) as found:
        found.killed_at("after-plan")
        found.sell([*orders(ROWS)[1:], replace(orders(1)[0], digest="a" * 64)])
        report = found.push(dry_run=True)

        assert report.models[0].terms["enriched"] == 1
        assert money(report) == {
            "warehouse": "250.00", "sent now": "0.00", "sent before": "0.00", "frozen before": "250.00",
            "not sent": "0.00",
        }  # fmt: skip


def told(report: PushReport) -> tuple[int, list[tuple[str, int]], dict[str, str]]:
    """Return how many rows are outside the window, what a receipt says of them, and the money."""
    (model,) = report.models
    return model.terms["expired"], [(one.reason, one.rows) for one in model.refusals], money(report)


@contextmanager
def at_the_edge(tmp_path: Path, *faults: dict[str, Any], rows: int = 3) -> Iterator[tuple[Shop, list[Order]]]:
    """Let a shop sell orders that leave the window within ten hours, and one that left it long ago."""
    at = (NOW - timedelta(days=27, hours=20)).strftime("%Y-%m-%d %H:%M:%S")
    sold = [*(replace(order, at=at) for order in orders(rows)), Order("order-00099", at="2026-10-01 10:00:00")]
    with serving(tmp_path / "sandbox.sqlite", faults) as server:
        yield shop_at(server, tmp_path, sold), sold


LATE = NOW + timedelta(hours=10)


def test_rows_that_left_the_window_in_doubt_are_told_as_sent_and_nothing_else(tmp_path: Path) -> None:
    """The same bytes are sent again and accepted: their money stands in one column, and no list calls them too old."""
    with at_the_edge(tmp_path, LOST) as (shop, _):
        first, late, later = shop.push(), shop.push(now=LATE), shop.push(now=LATE + timedelta(hours=1))

        too_old = [("too-old", 1)]
        assert [first.exit_code, late.exit_code, later.exit_code] == [4, 0, 0]
        assert late.models[0].resumed["accepted"] == 3
        sent = {"warehouse": "40.00", "sent now": "30.00", "sent before": "0.00", "not sent": "10.00"}
        assert told(late) == (4, too_old, sent)
        assert told(later) == (4, too_old, {**sent, "sent now": "0.00", "sent before": "30.00"})
        assert quarantine(shop) == [("order-00099", "expired")]


def test_rows_that_left_the_window_and_wait_for_a_person_are_not_told_as_too_old(tmp_path: Path) -> None:
    """After 36 hours nobody sends them again, and they may have arrived."""
    with at_the_edge(tmp_path, LOST) as (shop, _):
        shop.push()
        report = shop.push(now=NOW + timedelta(hours=36))

        assert report.models[0].resumed["parked"] == 3
        assert told(report) == (
            4,
            [("too-old", 1)],
            {"warehouse": "40.00", "sent now": "0.00", "sent before": "0.00", "frozen before": "30.00",
             "not sent": "10.00"},
        )  # fmt: skip
        assert quarantine(shop) == [("order-00099", "expired")]


def test_rows_that_left_the_window_before_they_were_ever_sent_are_told_as_too_old(tmp_path: Path) -> None:
    """They stood in one part with ten rows in doubt, which are sent again and are not."""
    lost = {"match": {"contains": ["order-00000"]}, **LOST}
    refused = {"match": {"contains": ["order-00010"]}, "do": 40105}
    with at_the_edge(tmp_path, lost, refused, rows=12) as (shop, _):
        shop.push()
        report = shop.push(now=LATE)

        resumed = {term: rows for term, rows in report.models[0].resumed.items() if rows}
        assert resumed == {"planned": 12, "accepted": 10, "expired_late": 2}
        sent = {"warehouse": "130.00", "sent now": "100.00", "sent before": "0.00", "not sent": "30.00"}
        assert told(report) == (13, [("too-old", 3)], sent)
        unsent = [("order-00010", "expired"), ("order-00011", "expired"), ("order-00099", "expired")]
        assert quarantine(shop) == unsent


def test_sent_rows_that_left_the_window_were_sent_before_unless_their_value_changed(tmp_path: Path) -> None:
    """Of two equal copies one stands for the event; a value that was not sent is too old to be."""
    with at_the_edge(tmp_path) as (shop, rows):
        shop.push()
        shop.sell([rows[0], replace(rows[1], digest="a" * 64), replace(rows[2], amount="99.00"), rows[0], rows[3]])
        report = shop.push(now=LATE)

        assert told(report) == (
            5,
            [("too-old", 3)],
            {"warehouse": "139.00", "sent now": "0.00", "sent before": "20.00", "not sent": "119.00"},
        )
        unsent = [("order-00000", "expired"), ("order-00002", "expired"), ("order-00099", "expired")]
        assert quarantine(shop) == unsent


@pytest.mark.parametrize(
    ("faults", "sent"),
    [
        ([], {"sent now": "0.00", "sent before": "40.00"}),
        ([{"match": {"contains": ["order-00500"]}, **LOST}], {"sent now": "40.00", "sent before": "0.00"}),
    ],
)
def test_a_row_inside_the_window_stands_for_the_event_and_its_copy_outside_is_too_old(
    tmp_path: Path, faults: list[dict[str, Any]], sent: dict[str, str]
) -> None:
    """The event was sent once, settled before or in doubt until now."""
    with at_the_edge(tmp_path, *faults) as (shop, rows):
        fresh = Order("order-00500")
        shop.sell([*rows, fresh])
        shop.push()
        shop.sell([*rows, fresh, replace(fresh, at=rows[0].at)])
        report = shop.push(now=LATE)

        assert told(report) == (5, [("too-old", 2)], {"warehouse": "60.00", **sent, "not sent": "20.00"})
        assert quarantine(shop) == [("order-00099", "expired"), ("order-00500", "expired")]


def test_a_row_that_its_model_dates_before_everything_sent_is_too_old(tmp_path: Path) -> None:
    """What a part holds beside its due rows was not sent either."""
    with at_the_edge(tmp_path, LOST) as (shop, rows):
        shop.push()
        shop.sell([replace(rows[0], at="2026-10-05 10:00:00"), *rows[1:]])
        report = shop.push(now=LATE)

        sent = {"warehouse": "40.00", "sent now": "20.00", "sent before": "0.00", "not sent": "20.00"}
        assert told(report) == (4, [("too-old", 2)], sent)


def test_what_may_have_arrived_before_its_person_was_suppressed_is_never_called_too_old(tmp_path: Path) -> None:
    """Its row is not sent again, and waits for nobody once its part is settled."""
    with at_the_edge(tmp_path, LOST) as (shop, rows):
        shop.push()
        suppress(shop, rows[1].digest)
        reports = [shop.push(now=LATE + timedelta(hours=hours)) for hours in (0, 1)]

        sent = {"warehouse": "40.00", "sent now": "20.00", "sent before": "0.00", "frozen before": "10.00",
                "not sent": "10.00"}  # fmt: skip
        assert [told(report) for report in reports] == [
            (4, [("too-old", 1)], sent),
            (4, [("too-old", 1)], {**sent, "sent now": "0.00", "sent before": "20.00"}),
        ]
        assert quarantine(shop) == [("order-00099", "expired")]


def test_a_rehearsal_without_a_ledger_says_of_no_row_that_it_was_sent(tmp_path: Path) -> None:
    """The second of two views with the same events has what the first one would freeze."""
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = shop_at(server, tmp_path, orders(3))
        (shop.root / "models" / "second_view.sql").write_text((shop.root / "models" / f"{VIEW}.sql").read_text())
        shop.build()
        report = shop.push(dry_run=True)

        assert [money(replace(report, models=[model])) for model in report.models] == [
            {"warehouse": "30.00", "sent now": "0.00", "sent before": "0.00", "not sent": "30.00"},
            {"warehouse": "30.00", "sent now": "0.00", "sent before": "0.00", "frozen before": "30.00",
             "not sent": "0.00"},
        ]  # fmt: skip


def test_a_file_of_due_rows_is_frozen_as_it_is_beside_rows_that_left_the_window(tmp_path: Path) -> None:
    """What was sent and is too old by now makes no due row wait, nor be sent twice."""
    with at_the_edge(tmp_path) as (shop, rows):
        shop.push()
        shop.sell([*rows, Order("order-00010")])
        report = shop.push(now=LATE)

        assert (report.models[0].terms["planned"], report.models[0].terms["accepted"], report.requests) == (1, 1, 1)
        assert told(report) == (
            4,
            [("too-old", 1)],
            {"warehouse": "50.00", "sent now": "10.00", "sent before": "30.00", "not sent": "10.00"},
        )
