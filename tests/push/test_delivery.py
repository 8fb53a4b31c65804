"""What the delivery loop does when TikTok, the ledger or the clock do something unusual."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pusher.errors import Incomplete
from pusher.ledger.rows import Ranges
from pusher.ledger.store import Store
from pusher.push.claims import MOST_AT_ONCE
from pusher.push.encode import halves, minus, split_at, without
from tests.push import support
from tests.push.support import EVENT_SET, NOW, VIEW, Shop, orders, serving, terms, wait_until

OTHER_SET = "1234567890123456789"


def test_failed_commit_settles_nothing_and_loses_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the ledger fails in a split while another batch is in flight, the next run accounts for every row."""
    rows = orders(2_010)
    poison = {"match": {"contains": ["order-00033"]}, "do": 40002, "times": None}
    with serving(tmp_path / "sandbox.sqlite", [poison]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000, concurrency=2)
        shop.sell(rows)
        shop.build()
        add_batch = Store.add_batch

        def failing(self: Store, **facts: Any) -> Any:
            if facts.get("parent") is None:
                return add_batch(self, **facts)
            # The other batch has been answered by the time the ledger gives up.
            wait_until(lambda: server.totals()["counted"] == 1_010)
            raise sqlite3.OperationalError("disk I/O error")

        monkeypatch.setattr(Store, "add_batch", failing)
        with pytest.raises(Incomplete):
            shop.push()
        monkeypatch.setattr(Store, "add_batch", add_batch)

        report = shop.push()

        assert server.counted() == [row.order_id for row in rows if row.order_id != "order-00033"]
        # The answer to the batch that held it was not stored, so a person decides about its repetition.
        assert report.models[0].resumed["parked"] == 1
        shop.project().ledger.resolve("resend")
        assert shop.push().models[0].resumed["dead"] == 1
        assert shop.keys() == [("accepted", 2_009), ("dead", 1)]


def test_wrong_event_source_stops_its_own_rows_only(tmp_path: Path) -> None:
    """One event set that TikTok does not let us write to keeps its rows, and the other one's arrive."""
    rows = [replace(order, event_set=EVENT_SET if number % 2 else OTHER_SET) for number, order in enumerate(orders(60))]
    refused = {"match": {"contains": [f'"event_source_id":"{OTHER_SET}"']}, "do": 40001, "times": None}
    with serving(tmp_path / "sandbox.sqlite", [refused]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(rows)
        shop.build()

        report = shop.push()

        assert terms(report) == {"planned": 60, "accepted": 30, "pending": 30}
        assert (report.exit_code, [problem.code for problem in report.problems]) == (3, ["tiktok-config"])
        assert server.counted() == [row.order_id for row in rows if row.event_set == EVENT_SET]


@pytest.mark.parametrize("fault", [50000, 40100])
def test_batch_under_way_when_its_source_was_refused_is_not_tried_again(tmp_path: Path, fault: int) -> None:
    """What failed beside the refusal waits for the corrected setting like all other rows of the source."""
    faults = [{"match": {"nth": 2}, "do": 40001}, {"match": {"nth": 3}, "do": fault}]
    with serving(tmp_path / "sandbox.sqlite", faults) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000, concurrency=2)
        shop.sell(orders(2_010))
        shop.build()

        report = shop.push()
        asked = len(server.requests())
        rest = shop.push()

        assert (report.exit_code, report.models[0].terms["pending"], asked) == (3, 2_000, 3)
        assert (rest.exit_code, rest.models[0].resumed["accepted"]) == (0, 2_000)
        assert len(server.counted()) == 2_010


@pytest.mark.parametrize("concurrency", [1, 4])
def test_burst_of_throttling_pauses_once_and_goes_on(
    tmp_path: Path, concurrency: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests that were under way when TikTok began to throttle are one episode, not several."""
    # The pause must be longer than an answer takes on a busy machine.
    monkeypatch.setattr(support, "SPEED", 2.0)
    burst = {"match": {"nth": 2}, "do": 40100, "times": concurrency}
    with serving(tmp_path / "sandbox.sqlite", [burst]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000, concurrency=concurrency)
        shop.sell(orders(6_000))
        shop.build()

        report = shop.push()

        bodies = [request["body_sha256"] for request in server.requests()[1:]]
        # On a slow machine fewer requests are under way when the first answer comes.
        under_way = next(number for number in range(1, len(bodies)) if bodies[number] in bodies[:number])
        assert 1 <= under_way <= concurrency
        # Nothing else was sent during the pause: what was throttled is among the first that are sent together after it.
        assert set(bodies[:under_way]) <= set(bodies[under_way : under_way + concurrency])
        assert terms(report) == {"planned": 6_000, "accepted": 6_000}
        assert report.exit_code == 0


def test_frozen_rows_that_became_too_old_are_not_sent(tmp_path: Path) -> None:
    """Rows that waited in the outbox until TikTok would not count them expire; the fresh ones are sent."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40105}], now=NOW + timedelta(days=20)) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        rows = orders(30)
        shop.sell([*(replace(order, at="2026-10-25 10:00:00") for order in rows[:12]), *rows[12:]])
        shop.build()
        shop.push()

        report = shop.push(now=NOW + timedelta(days=20))

        resumed = {term: count for term, count in report.models[0].resumed.items() if count}
        assert resumed == {"planned": 30, "accepted": 18, "expired_late": 12}
        assert server.counted() == [row.order_id for row in rows[12:]]
        assert shop.keys() == [("accepted", 18), ("expired", 12)]


def test_misleading_row_number_costs_requests_and_no_row(tmp_path: Path) -> None:
    """When the row that TikTok names turns out to be good, its hints about that batch are ignored."""
    rows = orders(500)
    poison = {
        "match": {"contains": ["order-00444"]},
        "do": 40002,
        "message": "data.0.properties.value: Not a valid number",
        "times": None,
    }
    with serving(tmp_path / "sandbox.sqlite", [poison]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(rows)
        shop.build()

        report = shop.push()

        assert terms(report) == {"planned": 500, "accepted": 499, "dead": 1}
        assert report.requests <= 2 * 21


def test_row_that_is_too_large_by_itself_has_one_reason_everywhere(tmp_path: Path) -> None:
    """HTTP 413 has no code of TikTok's: the receipt, the quarantine and `retry` call it the same."""
    too_large = {"match": {"contains": ["order-00007"]}, "do": 413, "times": None}
    with serving(tmp_path / "sandbox.sqlite", [too_large]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(12))
        shop.build()

        report = shop.push()
        listed = shop.project().ledger.query("select reason, event_id from quarantine")
        retried = shop.project().ledger.retry(reasons=["refused"])

        assert terms(report) == {"planned": 12, "accepted": 11, "dead": 1}
        assert [(refusal.reason, refusal.rows) for refusal in report.models[0].refusals] == [("refused", 1)]
        assert (listed, retried.reopened) == ([{"reason": "refused", "event_id": "order-00007"}], 1)


def test_partial_answer_for_one_row_ends_as_refused(tmp_path: Path) -> None:
    """A row that TikTok lists as failed in an answer about it alone is dead, not in doubt."""
    failed = {
        "do": 20001,
        "times": None,
        "data": {"partial_failure": True, "failed_events": [{"order_in_batch": 0, "error": "Invalid"}]},
    }
    with serving(tmp_path / "sandbox.sqlite", [failed]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(1))
        shop.build()

        report = shop.push()

        assert terms(report) == {"planned": 1, "dead": 1}
        assert (report.requests, report.exit_code) == (1, 1)


def test_leftovers_that_keep_failing_do_not_hold_up_new_rows(tmp_path: Path) -> None:
    """Batches of an earlier run that still get no answer are tried after the rows of today."""
    sick = {"match": {"contains": ["order-00015"]}, "do": 50000, "times": None}
    with serving(tmp_path / "sandbox.sqlite", [sick]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(20))
        shop.build()
        shop.push()
        shop.sell(orders(1_500, start=20))

        report = shop.push()

        assert report.models[0].terms["accepted"] == 1_500
        assert report.models[0].resumed["pending"] == 10
        assert report.exit_code == 4


def test_corrected_model_is_sent_after_the_wrong_one_was_refused(tmp_path: Path) -> None:
    """Rows that were frozen from a wrong model and never sent are taken from the corrected view."""
    wrong = {"match": {"contains": ['"currency":"USD"']}, "do": 40002, "times": None}
    with serving(tmp_path / "sandbox.sqlite", [wrong]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        rows = orders(300)
        shop.sell(rows)
        shop.build()
        shop.push()
        model = shop.root / "models" / f"{VIEW}.sql"
        model.write_text(model.read_text().replace("'USD'", "'EUR'"))
        shop.build()

        report = shop.push()

        assert report.models[0].terms["accepted"] == 290
        assert report.models[0].held == {"corrected": 10}
        assert len(server.counted()) == 290


def test_server_that_never_answers_does_not_hold_a_stop_for_long(tmp_path: Path) -> None:
    """After the wish to stop, requests in flight get the grace time and no more."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": "slow_drip", "times": None}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(5))
        shop.build()
        started = time.monotonic()

        report = shop.push(should_stop=lambda: len(server.requests()) > 0)

        assert terms(report) == {"planned": 5, "pending": 5}
        assert report.problems[0].code == "interrupted"
        assert time.monotonic() - started < 20


def cells(ranges: Ranges) -> list[int]:
    """Return every row of ranges, in order."""
    return [row for first, count in ranges for row in range(first, first + count)]


RANGES = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 6)), min_size=1, max_size=6).map(
    lambda gaps: tuple(
        (sum(gap + count for gap, count in gaps[:place]) + gap, count) for place, (gap, count) in enumerate(gaps)
    )
)


# A slow machine is no fault of what makes the ranges.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(RANGES, st.integers(0, 40))
def test_cutting_ranges_keeps_every_row_in_order(ranges: Ranges, rows: int) -> None:
    """Two pieces of ranges hold the rows of the whole, and the first has as many as asked for."""
    left, right = split_at(ranges, rows)

    assert cells(left) + cells(right) == cells(ranges)
    assert len(cells(left)) == min(rows, len(cells(ranges)))
    assert cells(halves(ranges)[0]) + cells(halves(ranges)[1]) == cells(ranges)


@given(RANGES, st.data())
def test_taking_rows_out_of_ranges_leaves_exactly_the_others(ranges: Ranges, data: st.DataObject) -> None:
    """Rows taken out one by one or as ranges are gone, and all others stay in order."""
    places = data.draw(st.sets(st.integers(0, len(cells(ranges)) - 1)))
    taken = [cells(ranges)[place] for place in sorted(places)]

    alone, rest = without(ranges, tuple(places))

    kept = [row for row in cells(ranges) if row not in taken]
    assert [cells(one) for one in alone] == [[row] for row in taken]
    assert cells(rest) == kept
    # In any order, and each with the row behind it once more when that goes too.
    pieces = data.draw(st.permutations([(row, 1 + (row + 1 in taken)) for row in taken]))
    assert cells(minus(ranges, tuple(pieces))) == kept


def test_each_run_reports_the_revenue_that_it_got_accepted(tmp_path: Path) -> None:
    """A part that stays open counts what was accepted so far; the run that ends it counts the rest."""
    rows = [replace(order, amount=f"{number}.01") for number, order in enumerate(orders(30))]
    with serving(tmp_path / "sandbox.sqlite", [{"match": {"nth": 2}, "do": 40105}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(rows)
        shop.build()

        first, second = shop.push(), shop.push()

        assert terms(first) == {"planned": 30, "accepted": 10, "pending": 20}
        assert second.models[0].resumed["accepted"] == 20
        sent = [report.models[0].sent["USD"] for report in (first, second)]
        assert all(value > 0 for value in sent)
        assert (sum(sent), shop.keys()) == (sum(Decimal(row.amount) for row in rows), [("accepted", 30)])


def test_a_commit_holds_few_intents_however_many_slots_are_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of many requests does not wait for the last one's body; ten rows go first and alone."""
    intents: list[int] = []
    transaction, intend = Store.transaction, Store.intend

    def counting_transaction(store: Store) -> Any:
        intents.append(0)
        return transaction(store)

    def counting_intend(store: Store, *args: Any, **facts: Any) -> Any:
        intents[-1] += 1
        return intend(store, *args, **facts)

    monkeypatch.setattr(Store, "transaction", counting_transaction)
    monkeypatch.setattr(Store, "intend", counting_intend)
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000, concurrency=32)
        shop.sell(orders(10 + 12_000))
        shop.build()
        report = shop.push()
        assert (report.exit_code, server.totals()["counted"]) == (0, 12_010)

    sent = [count for count in intents if count]
    assert (sent[0], sum(sent), max(sent)) == (1, 13, MOST_AT_ONCE)
