"""When a push stops before everything is sent: its deadline, the grace of requests in flight, and the first batches."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.project.outcomes import Patience
from pusher.push.recovery import TOO_OLD_FOR_THE_PIXEL
from tests.push import support
from tests.push.refused import POISON, shop_at
from tests.push.support import EVENT_SET, NOW, VIEW, Order, Server, Shop, orders, serving, terms, view_sql

OTHER_SET = "1234567890123456789"
WEB_VIEW = view_sql("web_events", "'https://shop.example/thanks' as page_url")

# the deadline -------------------------------------------------------------------------------------------------------


def test_a_push_that_reaches_its_deadline_leaves_the_rest_for_the_next_one(tmp_path: Path) -> None:
    """One request a second and a deadline of some seconds: the run ends with 4, and the next one sends what waits."""
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1, concurrency=1)
        shop.sell(orders(12_010))
        shop.build()

        report = shop.push(patience=Patience(deadline_s=5.0))
        sent = server.totals()["counted"]
        shop.profile(server.base_url, requests_per_second=1000)
        rest = shop.push()

        assert report.exit_code == 4
        assert [(problem.code, problem.message, problem.fix) for problem in report.problems] == [
            ("deadline", "The run's deadline was reached.", "Run again: it goes on where it stopped.")
        ]
        assert 0 < sent < 12_010
        assert terms(report) == {"planned": 12_010, "accepted": sent, "pending": 12_010 - sent}
        assert (rest.exit_code, rest.models[0].resumed["accepted"]) == (0, 12_010 - sent)
        assert server.totals()["counted"] == 12_010


def test_a_wait_that_is_longer_than_what_is_left_ends_the_run_at_once(tmp_path: Path) -> None:
    """Five minutes would fit into the deadline, but not into what is left of it."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40100, "times": None}]) as server:
        shop = shop_at(server, tmp_path, orders(5))

        report = shop.push(patience=Patience(deadline_s=300.5))

        assert report.exit_code == 4
        assert [(problem.code, problem.message) for problem in report.problems] == [
            ("wait-too-long", "TikTok asks to wait 300 s, longer than this run may take.")
        ]
        assert (terms(report), len(server.requests())) == ({"planned": 5, "pending": 5}, 2)
        assert report.seconds["deliver"] < 100


def test_a_wait_of_our_own_is_not_put_down_to_tiktok(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asked for anything where nobody answered: the problem says what failed."""
    monkeypatch.setattr(support, "SPEED", 2.0)
    shop = Shop(tmp_path / "shop", "http://127.0.0.1:1/open_api/v1.3", requests_per_second=1000)
    shop.sell(orders(5))
    shop.build()

    report = shop.push(patience=Patience(deadline_s=3.0))

    assert [(problem.code, re.sub(r"\d+ s", "N s", problem.message)) for problem in report.problems] == [
        (
            "wait-too-long",
            (
                "An attempt failed, and the next one is due in N s, when this run's time is over. "
                "127.0.0.1:1 refused the connection."
            ),
        )
    ]
    assert (report.exit_code, terms(report)) == (4, {"planned": 5, "pending": 5})


def test_an_old_part_that_the_deadline_kept_from_being_sent_is_not_parked(tmp_path: Path) -> None:
    """A run whose time was over before it tried anything says nothing about rows that wait."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40105}]) as server:
        shop = shop_at(server, tmp_path, orders(2))
        shop.push()
        late = NOW + timedelta(days=8)

        stopped = shop.push(now=late, patience=Patience(deadline_s=0.0))
        sent = shop.push(now=late)

        assert ([problem.code for problem in stopped.problems], stopped.requests) == (["deadline"], 0)
        assert (stopped.exit_code, stopped.models[0].resumed["pending"]) == (4, 2)
        assert (sent.exit_code, sent.models[0].resumed["accepted"]) == (0, 2)


def test_requests_in_flight_get_the_grace_time_from_the_wish_to_stop_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much of the deadline is left, the sockets are cut after the grace; a request may take 30 s here."""
    monkeypatch.setattr(support, "SPEED", 2.0)
    with serving(tmp_path / "sandbox.sqlite", [{"do": "slow_drip", "times": None}]) as server:
        shop = shop_at(server, tmp_path, orders(5))
        started = time.monotonic()

        report = shop.push(
            should_stop=lambda: len(server.requests()) > 0, patience=Patience(deadline_s=100_000.0, grace_s=1.0)
        )

        assert time.monotonic() - started < 10
        assert ([problem.code for problem in report.problems], terms(report)) == (
            ["interrupted"],
            {"planned": 5, "pending": 5},
        )
        assert shop.ledger("select state, attempts from batch") == [("sending", 1)]


@pytest.mark.parametrize(("fault", "code"), [(40105, "tiktok-auth"), (404, "tiktok-stop")])
def test_a_refusal_that_is_about_no_event_source_stops_all_of_them(tmp_path: Path, fault: int, code: str) -> None:
    """A token that is refused, or a request that should never have looked like this, costs one request."""
    rows = [replace(order, event_set=EVENT_SET if number % 2 else OTHER_SET) for number, order in enumerate(orders(60))]
    with serving(tmp_path / "sandbox.sqlite", [{"do": fault}]) as server:
        shop = shop_at(server, tmp_path, rows)

        report = shop.push()
        rest = shop.push()

        assert (report.exit_code, [problem.code for problem in report.problems]) == (3, [code])
        assert (report.requests, terms(report)) == (1, {"planned": 60, "pending": 60})
        assert (rest.exit_code, server.counted()) == (0, [row.order_id for row in rows])


# the first attempt that may have arrived ----------------------------------------------------------------------------


def test_a_repetition_that_was_cut_does_not_begin_the_36_hours_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lost at noon, sent again 35 hours later and cut: an hour after that nobody can tell a copy from a new event."""
    lost = {"do": "drop_after_accept", "times": 5}
    with serving(tmp_path / "sandbox.sqlite", [lost, {"do": "slow_drip"}]) as server:
        shop = shop_at(server, tmp_path, orders(5))
        shop.push()
        first = len(server.requests())
        # The request may take longer than the grace on a busy machine too.
        monkeypatch.setattr(support, "SPEED", 2.0)

        cut = shop.push(
            now=NOW + timedelta(hours=35),
            should_stop=lambda: len(server.requests()) > first,
            patience=Patience(grace_s=1.0),
        )
        in_flight = shop.ledger("select state, first_risk_at from batch")
        report = shop.push(now=NOW + timedelta(hours=36))

        assert [problem.code for problem in cut.problems] == ["interrupted"]
        assert in_flight == [("sending", "2026-11-20T12:00:00.000000+00:00")]
        assert (report.exit_code, report.models[0].resumed["parked"], report.requests) == (5, 5, 0)


def test_pieces_of_a_batch_that_was_taken_in_part_share_its_36_hours(tmp_path: Path) -> None:
    """Nobody knows which of the ten rows were taken, so both halves are in doubt since the first attempt."""
    in_part = {"do": 20001, "after": "accept"}
    with serving(tmp_path / "sandbox.sqlite", [in_part, {"do": 40105}]) as server:
        shop = shop_at(server, tmp_path, orders(10))
        shop.push()

        batches = shop.ledger("select state, rows, first_risk_at from batch where parent is not null")
        report = shop.push(now=NOW + timedelta(hours=36))

        assert sorted(batches) == [
            ("planned", 5, "2026-11-20T12:00:00.000000+00:00"),
            ("retry", 5, "2026-11-20T12:00:00.000000+00:00"),
        ]
        assert (report.exit_code, report.models[0].resumed["parked"], report.requests) == (5, 10, 0)


def test_a_refusal_does_not_prove_that_the_attempt_before_did_not_arrive(tmp_path: Path) -> None:
    """Lost, and then refused for the token: the 36 hours still count from the attempt that was lost."""
    faults: list[dict[str, Any]] = [{"do": "drop_after_accept"}, {"do": 40105}]
    with serving(tmp_path / "sandbox.sqlite", faults) as server:
        shop = shop_at(server, tmp_path, orders(5))
        shop.push()

        batches = shop.ledger("select state, attempts, first_risk_at from batch")
        report = shop.push(now=NOW + timedelta(hours=36))

        assert batches == [("retry", 2, "2026-11-20T12:00:00.000000+00:00")]
        assert (report.exit_code, report.models[0].resumed["parked"], report.requests) == (5, 5, 0)


def test_rows_in_doubt_are_sent_again_although_they_became_too_old(tmp_path: Path) -> None:
    """What may have arrived is not called expired: the same bytes are sent until an answer settles them."""
    late = NOW + timedelta(hours=2)
    with serving(tmp_path / "sandbox.sqlite", [{"do": "drop_after_accept", "times": 5}], NOW) as server:
        at = (NOW - timedelta(days=28) + timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S")
        shop = shop_at(server, tmp_path, [replace(order, at=at) for order in orders(5)])
        shop.push()

        report = shop.push(now=late)

        assert {term: rows for term, rows in report.models[0].resumed.items() if rows} == {"planned": 5, "accepted": 5}
        assert len({request["body_sha256"] for request in server.requests()}) == 1
        assert server.counted() == [row.order_id for row in orders(5)]


def web_shop(server: Server, tmp_path: Path) -> Shop:
    """Return a shop whose web events the pixel reports too."""
    shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000, pixel_code="C4A1B2C3D4E5F6G7H8I9")
    (shop.root / "models" / f"{VIEW}.sql").write_text(WEB_VIEW)
    (shop.root / "pusher.yml").write_text("push: {shared_with_pixel: true}\n")
    return shop


def test_rows_that_the_pixel_told_too_can_be_sent_for_36_hours_whatever_became_of_them(tmp_path: Path) -> None:
    """Status, doctor, the quarantine and `retry` say so: of what waits, was refused, or has no identity."""
    refused, waiting, nobody = orders(3)
    refused.amount, nobody.digest = "13.00", "''"
    faults = [POISON, {"match": {"contains": [waiting.order_id]}, "do": 40105, "times": 1}]
    with serving(tmp_path / "sandbox.sqlite", faults) as server:
        shop = web_shop(server, tmp_path)
        shop.sell([refused, waiting, nobody])
        shop.build()
        shop.push()
        until = int((datetime(2026, 11, 19, 10, tzinfo=UTC) + timedelta(hours=36)).timestamp())
        ledger = shop.project().ledger

        status = ledger.summary()
        doctor = ledger.deadlines(before=NOW + timedelta(days=30))
        shop.push()
        listed = ledger.query("select term, sendable_until from quarantine order by term")
        late = shop.project(NOW + timedelta(hours=11)).ledger.retry()

        assert status is not None
        assert [(row["what"], row["rows"], row["until"]) for row in status.attention] == [
            ("pending", 1, until),
            ("dead", 1, until),
            ("expiring", 3, until),
        ]
        assert [(row.what, int(row.until.timestamp())) for row in doctor if row.what in {"pending", "dead"}] == [
            ("dead", until),
            ("pending", until),
        ]
        assert listed == [
            {"term": "dead", "sendable_until": until},
            {"term": "no_identity", "sendable_until": until},
        ]
        assert [(row.rows, row.too_old) for row in late.refused] == [(0, 1)]


def test_rows_in_doubt_that_the_pixel_told_too_long_ago_wait_for_a_person(tmp_path: Path) -> None:
    """The pixel's copy came first, so 48 hours after it another copy counts twice, however new the attempt is."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": "drop_after_accept", "times": 5}]) as server:
        shop = web_shop(server, tmp_path)
        old, new = (
            replace(order, at=at) for order, at in zip(orders(2), ("2026-11-19 01:00", "2026-11-20 11:00"), strict=True)
        )
        shop.sell([old, new])
        shop.build()
        shop.push()

        report = shop.push(now=NOW + timedelta(hours=20))
        parked = shop.project(NOW + timedelta(hours=20)).ledger.resolve("list")

        assert (report.exit_code, report.requests) == (5, 1)
        assert {term: rows for term, rows in report.models[0].resumed.items() if rows} == {
            "planned": 2,
            "accepted": 1,
            "parked": 1,
        }
        assert [(batch.rows, batch.why) for batch in parked.batches] == [(1, TOO_OLD_FOR_THE_PIXEL)]


def test_a_frozen_row_may_be_as_old_as_the_window_is_long(tmp_path: Path) -> None:
    """At 28 days to the second it is still sent; a second older and it expires."""
    late = NOW + timedelta(hours=1)
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40105}], late) as server:
        limit = late - timedelta(days=28)
        ages = [limit + timedelta(seconds=seconds) for seconds in (-1, 0, 1)]
        rows = [replace(order, at=at.strftime("%Y-%m-%d %H:%M:%S")) for order, at in zip(orders(3), ages, strict=True)]
        shop = shop_at(server, tmp_path, rows)
        shop.push()

        report = shop.push(now=late)

        assert {term: rows for term, rows in report.models[0].resumed.items() if rows} == {
            "planned": 3,
            "accepted": 2,
            "expired_late": 1,
        }
        assert server.counted() == ["order-00001", "order-00002"]


def test_offline_events_do_not_expire_with_the_pixel(tmp_path: Path) -> None:
    """The pixel shares web events alone: an offline row that waited for two days is sent."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40105}]) as server:
        shop = shop_at(server, tmp_path, orders(3))
        (shop.root / "pusher.yml").write_text("push: {shared_with_pixel: true}\n")
        shop.push()

        report = shop.push(now=NOW + timedelta(days=2))

        assert (report.exit_code, report.models[0].resumed["accepted"]) == (0, 3)


# the first batches --------------------------------------------------------------------------------------------------


def test_each_event_source_begins_with_a_small_batch(tmp_path: Path) -> None:
    """What one event set proves right says nothing about another one: each sends ten rows first, once."""
    rows = [replace(order, event_set=EVENT_SET if number % 2 else OTHER_SET) for number, order in enumerate(orders(60))]
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = shop_at(server, tmp_path, rows)

        shop.push()
        shop.sell([replace(row, order_id=f"{row.order_id}-b", digest="") for row in rows] + rows)
        shop.push()

        sizes = [request["rows"] for request in server.requests()]
        assert sizes[:4] == [10, 20, 10, 20]
        assert sum(sizes) == len(server.counted()) == 120


def test_a_part_of_which_rows_were_accepted_before_needs_no_small_batch(tmp_path: Path) -> None:
    """The next run goes on with full batches: an earlier one proved the settings right."""
    with serving(tmp_path / "sandbox.sqlite", [{"match": {"nth": 2}, "do": 40105}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000, concurrency=1)
        shop.sell(orders(2_500))
        shop.build()
        shop.push()
        before = len(server.requests())

        report = shop.push()

        assert report.models[0].resumed["accepted"] == 2_490
        assert sorted(request["rows"] for request in server.requests()[before:]) == [490, 1_000, 1_000]


def test_leftovers_that_are_refused_say_nothing_about_the_model(tmp_path: Path) -> None:
    """Ten refused rows of an earlier run are refused rows, and no reason to give up on the model of today."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40105}, {"do": 40002, "times": None}]) as server:
        shop = shop_at(server, tmp_path, orders(10))
        shop.push()

        report = shop.push()

        assert (report.exit_code, report.problems, report.models[0].resumed["dead"]) == (1, (), 10)
        assert shop.keys() == [("dead", 10)]


def test_rows_in_doubt_are_not_given_back_when_the_model_is_refused(tmp_path: Path) -> None:
    """One event set never answers, the other refuses every row: the rows of the first one stay frozen."""
    lost = {"match": {"contains": [OTHER_SET]}, "do": "drop_after_accept", "times": None}
    wrong = {"match": {"contains": [EVENT_SET]}, "do": 40002, "times": None}
    rows = [*(replace(order, event_set=OTHER_SET) for order in orders(5)), *orders(15, start=5)]
    with serving(tmp_path / "sandbox.sqlite", [lost, wrong]) as server:
        shop = shop_at(server, tmp_path, rows)

        report = shop.push()

        assert [problem.code for problem in report.problems] == ["too-many-refused"]
        waiting = "select source_id, file is not null, settled_at is not null from part order by source_id"
        assert shop.ledger(waiting) == [(OTHER_SET, 1, 0), (EVENT_SET, 0, 1)]
        in_doubt = "select state, rows, first_risk_at is not null from batch where first_risk_at is not null"
        assert shop.ledger(in_doubt) == [("unknown", 5, 1)]


@pytest.mark.parametrize(("days", "term"), [(0, "pending"), (8, "parked")])
def test_rows_of_earlier_runs_are_not_given_back_when_the_model_is_refused(
    tmp_path: Path, days: int, term: str
) -> None:
    """They wait, or are parked, and their view does not show them any more: nobody else would ever send them."""
    throttled = {"match": {"contains": ["order-00000"]}, "do": 40100, "times": None}
    with serving(tmp_path / "sandbox.sqlite", [throttled, POISON]) as server:
        shop = shop_at(server, tmp_path, orders(4))
        first = shop.push(patience=Patience(deadline_s=60.0))
        later = NOW + timedelta(days=days, hours=1)
        if days:
            shop.push(now=later, patience=Patience(deadline_s=60.0))
        shop.sell([replace(order, amount="13.00") for order in orders(12, start=100)])
        shop.build()

        wrong = shop.push(now=later, patience=Patience(deadline_s=60.0))
        waiting = shop.ledger("select rows, file is not null from part where settled_at is null")
        again = shop.push(now=later, patience=Patience(deadline_s=60.0))

    assert terms(first) == {"planned": 4, "pending": 4}
    assert [one.code for one in wrong.problems][:1] == ["too-many-refused"]
    assert (wrong.models[0].resumed[term], waiting, again.models[0].resumed[term]) == (4, [(4, 1)], 4)


@pytest.mark.parametrize("gone", [0, 2])
def test_rows_of_an_earlier_run_are_given_back_where_the_corrected_view_shows_them(tmp_path: Path, gone: int) -> None:
    """A first push reached nobody. Its rows would be refused one by one, while the corrected ones wait behind them.

    Those that the view does not show any more wait on: refused in their turn, they are told, and nothing is lost.
    """
    throttled = {"do": 40100, "times": 2}
    with serving(tmp_path / "sandbox.sqlite", [throttled, POISON]) as server:
        shop = shop_at(server, tmp_path, [replace(one, amount="13.00") for one in orders(300)])
        first = shop.push(patience=Patience(deadline_s=60.0))
        shop.sell(orders(310)[gone:])
        shop.build()
        wrong, right = (shop.push(now=NOW + timedelta(hours=hours)) for hours in (1, 2))
        shop.project(NOW + timedelta(hours=3)).ledger.retry()
        last = [shop.push(now=NOW + timedelta(hours=hours)) for hours in (3, 4)][-1]
        counted = server.counted()

    assert (first.exit_code, wrong.exit_code, [one.code for one in wrong.problems]) == (4, 1, ["too-many-refused"])
    assert (right.models[0].terms["accepted"], right.models[0].resumed.get("dead", 0)) == (300 - gone, gone)
    assert (last.exit_code, counted) == (0, [one.order_id for one in orders(310)[gone:]])
    assert shop.keys() == [("accepted", 310 - gone)]


def test_a_waiting_row_that_its_view_dates_out_of_the_window_is_not_given_back(tmp_path: Path) -> None:
    """The view would not give it again: it is refused as it was frozen, and told."""
    leaving = (NOW - timedelta(days=27, hours=20)).strftime("%Y-%m-%d %H:%M:%S")
    sent, (*others, last) = Order("order-09999", at=leaving), orders(300)
    throttled = {"match": {"contains": ["order-00000"]}, "do": 40100, "times": 2}
    with serving(tmp_path / "sandbox.sqlite", [throttled, POISON]) as server:
        shop = shop_at(server, tmp_path, [sent])
        shop.push()
        shop.sell([sent, *(replace(one, amount="13.00") for one in (*others, last))])
        shop.push(patience=Patience(deadline_s=60.0))
        shop.sell([sent, *others, replace(last, at=leaving)])
        wrong, right = (shop.push(now=NOW + timedelta(hours=hours)) for hours in (10, 11))

    assert [one.code for one in wrong.problems] == ["too-many-refused"]
    assert wrong.models[0].resumed["dead"] == 10
    assert (right.models[0].terms["accepted"], right.models[0].resumed["dead"]) == (289, 1)


def test_a_model_that_is_refused_after_a_lost_answer_is_told_as_such(tmp_path: Path) -> None:
    """Nobody knows whether the rows of the first request arrived: a person decides about them, and they are refused."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": "html_502"}, {"do": 40002, "times": None}]) as server:
        shop = shop_at(server, tmp_path, orders(30))

        first = shop.push()
        for _ in range(4):
            last = shop.push()
        frozen = len(list(shop.state.outbox.iterdir()))
        parked = shop.project().ledger.resolve("resend").rows
        for _ in range(3):
            decided = shop.push()

        terms_of_first = first.models[0].terms
        assert [problem.code for problem in first.problems] == ["too-many-refused"]
        assert terms_of_first["dead"] + terms_of_first["pending"] + terms_of_first["parked"] == 30
        assert (last.exit_code, frozen, parked) == (5, 1, 10)
        assert (decided.exit_code, terms(decided), shop.keys()) == (0, {"already_sent": 30}, [("dead", 30)])
        assert list(shop.state.outbox.iterdir()) == []


def test_leftovers_of_a_source_that_is_refused_are_not_tried_one_by_one(tmp_path: Path) -> None:
    """Three batches wait for one event set: once TikTok says that it is not ours, the others stay."""
    faults: list[dict[str, Any]] = [{"do": 40200, "times": 3}, {"do": 40001, "times": None}]
    with serving(tmp_path / "sandbox.sqlite", faults) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000, concurrency=1)
        shop.sell(orders(30))
        shop.build()
        shop.push(should_stop=lambda: len(server.requests()) > 2)
        batches = shop.ledger("select state, rows from batch")

        report = shop.push()

        assert batches == [("retry", 10)] * 3
        assert ([problem.code for problem in report.problems], report.requests) == (["tiktok-config"], 1)
        assert (report.exit_code, report.models[0].resumed["pending"]) == (3, 30)


def test_the_hunt_for_bad_rows_has_an_end(tmp_path: Path) -> None:
    """Ninety bad rows spread over a thousand would cost many hundred requests: the rest is left for another run."""
    rows = orders(1_010)
    for row in rows[20::11]:
        row.amount = "13.00"
    bad = {row.order_id for row in rows if row.amount == "13.00"}
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = shop_at(server, tmp_path, rows)

        report = shop.push()

        found = terms(report)
        assert (report.exit_code, report.problems) == (4, ())
        assert 256 <= report.requests <= 2 + 256
        assert found["pending"] > 0
        assert found["accepted"] + found.get("dead", 0) + found["pending"] == found["planned"] == 1_010
        assert not bad & set(server.counted())
