"""What grew too old before it was sent, was refused or is in the archive, and then is dated anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pusher.project.outcomes import Patience
from tests.push.refused import POISON, shop_at
from tests.push.support import NOW, Order, Shop, orders, serving, terms


def test_an_event_of_the_archive_that_is_dated_anew_is_a_conflict(tmp_path: Path) -> None:
    """TikTok forgot its first copy long ago, and would count a second one."""
    late = NOW + timedelta(days=40)
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(3))
    shop.build()
    shop.push()
    shop.project(late).ledger.clean(keep=timedelta(days=400))
    shop.sell([replace(order, at="2026-12-29 10:00:00") for order in orders(2)] + orders(3)[2:])

    report = shop.push(now=late)

    assert shop.ledger("select kind, rows from file where kind in ('keys', 'archive')") == [("archive", 3)]
    assert (report.exit_code, report.requests) == (1, 0)
    assert (terms(report)["conflicting"], terms(report)["expired"]) == (2, 1)


def test_what_grew_too_old_before_it_was_sent_is_new_when_it_is_dated_anew(tmp_path: Path) -> None:
    """TikTok never had it; the report counts it once, as sent."""
    late = NOW + timedelta(days=2)
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40105}]) as server:
        shop = shop_at(server, tmp_path, [Order("order-00000", at="2026-10-24 10:00:00")])
        shop.push()
        aged = shop.push(now=late)
        before = shop.project(late).report().totals
        shop.sell([Order("order-00000", at="2026-11-19 10:00:00")])
        due = shop.project(late).report().totals

        sent = shop.push(now=late)

        assert aged.models[0].resumed["expired_late"] == 1
        assert (sent.exit_code, terms(sent)["accepted"], server.counted()) == (0, 1, ["order-00000"])
        after = shop.project(late).report().totals
        assert [[(one["term"], one["rows"]) for one in totals] for totals in (before, due, after)] == [
            [("expired", 1)],
            [("due", 1)],
            [("accepted", 1)],
        ]


def test_a_frozen_event_that_grew_too_old_is_new_at_once_when_it_is_dated_anew(tmp_path: Path) -> None:
    """The run that ends its first copy unsent freezes the second one; no run and no clock brings the first one back."""
    hour, untried = timedelta(hours=1), Patience(deadline_s=0.0)
    at = (NOW - timedelta(days=28) + hour).strftime("%Y-%m-%d %H:%M:%S")
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = shop_at(server, tmp_path, [Order("order-00000", at=at), Order("order-00001")])
        shop.push(patience=untried)
        shop.sell(orders(2))
        shop.build()

        dry = shop.push(now=NOW + 2 * hour, dry_run=True)
        aged = shop.push(now=NOW + 2 * hour, patience=untried)
        again = shop.push(now=NOW + 2 * hour, patience=untried)
        back = shop.push()

        assert [(one.exit_code, terms(one)) for one in (dry, aged, again, back)] == [
            (0, {"planned": 1, "already_sent": 1, "pending": 1}),
            (4, {"planned": 1, "already_sent": 1, "pending": 1}),
            (4, {"already_sent": 2}),
            (0, {"already_sent": 2}),
        ]
        assert [
            {name: rows for name, rows in one.models[0].resumed.items() if rows} for one in (aged, again, back)
        ] == [
            {"planned": 2, "expired_late": 1, "pending": 1},
            {"planned": 2, "pending": 2},
            {"planned": 2, "accepted": 2},
        ]
        assert (server.counted(), server.totals()["duplicates"]) == (["order-00000", "order-00001"], 0)


def test_a_frozen_event_that_may_have_arrived_is_a_conflict_when_it_is_dated_anew(tmp_path: Path) -> None:
    """However old it is by now, TikTok may have its first copy, which is sent again as it was."""
    at = (NOW - timedelta(days=28) + timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S")
    with serving(tmp_path / "sandbox.sqlite", [{"do": "drop_after_accept", "times": 5}]) as server:
        shop = shop_at(server, tmp_path, [Order("order-00000", at=at)])
        shop.push()
        shop.sell(orders(1))
        shop.build()

        report = shop.push(now=NOW + timedelta(hours=2))

        assert (report.exit_code, terms(report), report.models[0].new_conflicts) == (1, {"conflicting": 1}, 1)
        assert report.models[0].resumed["accepted"] == 1
        assert server.counted() == ["order-00000"]


@pytest.mark.parametrize("is_archived", [False, True])
def test_a_refused_event_that_is_too_old_is_new_when_it_is_dated_anew(tmp_path: Path, *, is_archived: bool) -> None:
    """`retry` lets go of none that old, and TikTok has nothing of it; unchanged it stays what it was."""
    late = NOW + timedelta(days=40)
    with serving(tmp_path / "sandbox.sqlite", [POISON], now=late) as server:
        rows = [*orders(2), Order("order-00002", amount="13.00")]
        shop = shop_at(server, tmp_path, rows)
        shop.push()
        if is_archived:
            shop.project(late).ledger.clean(keep=timedelta(days=400))
        old = shop.project(late).report().totals
        shop.sell([*orders(2), Order("order-00002", amount="14.00", at="2026-12-29 10:00:00")])
        due = shop.project(late).report().totals

        sent = shop.push(now=late)

        kinds = [("archive",)] if is_archived else [("keys",)]
        assert shop.ledger("select kind from file where kind in ('keys', 'archive') order by id")[:1] == kinds
        assert (sent.exit_code, terms(sent)) == (0, {"planned": 1, "accepted": 1, "expired": 2})
        after = shop.project(late).report().totals
        assert [[(one["term"], one["rows"]) for one in totals] for totals in (old, due, after)] == [
            [("accepted", 2), ("dead", 1)],
            [("accepted", 2), ("due", 1)],
            [("accepted", 3)],
        ]


def test_a_refused_event_that_is_refused_again_with_a_new_date_stays_refused(tmp_path: Path) -> None:
    """`retry` lets go of the newest refusal: unchanged it is not sent, beside the older one that nobody can reopen."""
    late = NOW + timedelta(days=40)
    with serving(tmp_path / "sandbox.sqlite", [POISON], now=late) as server:
        rows = [Order(f"order-{number:05}", amount="13.00") for number in range(8)]
        shop = shop_at(server, tmp_path, rows[:1])
        shop.sell(rows)
        shop.push()
        shop.sell([replace(row, at="2026-12-29 10:00:00") for row in rows])
        again = shop.push(now=late)
        asked = shop.project(late).ledger.retry()
        sent = len(server.requests())

        kept = shop.push(now=late)

        assert (terms(again)["dead"], asked.reopened, asked.refused[0].too_old) == (8, 8, 0)
        assert (len(server.requests()), kept.models[0].held) == (sent, {"dead": 8})
