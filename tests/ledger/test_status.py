"""What `pusher status` says: which rows wait and until when, what was settled, and when the next run is expected."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.ledger.summary import Summary
from pusher.ledger.views import ledger_database, query
from pusher.project.outcomes import Patience
from tests.push.refused import POISON, shop_at
from tests.push.support import NOW, VIEW, Order, Shop, orders, serving

WINDOW = timedelta(days=28)
REVOKED = {"do": 40105, "times": None}
QUARANTINED = "select model, term, reason, message, fix, event_id, space from quarantine"


def summary_of(shop: Shop, after: timedelta = timedelta()) -> Summary:
    """Return what status shows some time after the first push."""
    summary = shop.project(NOW + after).ledger.summary()
    assert summary is not None
    return summary


def attention(shop: Shop, after: timedelta = timedelta()) -> list[tuple[str, int, Any]]:
    """Return what needs a person: what, rows, and the time from the first push to the first moment it is too late."""
    start = int(NOW.timestamp())
    return [
        (row["what"], row["rows"], None if row["until"] is None else timedelta(seconds=row["until"] - start))
        for row in summary_of(shop, after).attention
    ]


def ordered(order_id: str, until: timedelta) -> Order:
    """Return an order that can be sent until some time after the first push."""
    return Order(order_id, at=(NOW + until - WINDOW).strftime("%Y-%m-%d %H:%M:%S"))


def test_a_question_loads_what_it_is_about_and_what_that_is_made_of(tmp_path: Path) -> None:
    """And no more: of the steps of a run no file of keys and no frozen row."""
    with serving(tmp_path / "sandbox.sqlite", [REVOKED]) as server:
        shop = shop_at(server, tmp_path, [ordered("order-00000", WINDOW)])
        shop.push()
    with ledger_database(shop.state, of=("run_steps",)) as connection:
        shown = connection.execute("select name from (show all tables) order by name").fetchall()
    assert [name for (name,) in shown] == ["_at_work", "run", "run_problem", "run_step", "run_steps"]


def test_rows_that_wait_are_told_with_the_first_moment_that_is_still_ahead(tmp_path: Path) -> None:
    """Two rows wait, one of them for an hour at most; after that only the other one's moment counts."""
    soon, later = timedelta(hours=1), timedelta(days=20)
    with serving(tmp_path / "sandbox.sqlite", [REVOKED]) as server:
        shop = shop_at(server, tmp_path, [ordered("order-00000", soon), ordered("order-00001", later)])
        shop.push()

        told = [attention(shop, after) for after in (timedelta(), soon, 2 * soon, later + soon)]

        assert told == [
            [("pending", 2, soon), ("expiring", 1, soon)],
            [("pending", 2, soon), ("expiring", 1, soon)],
            [("pending", 2, later)],
            [("pending", 2, None)],
        ]


def test_rows_in_doubt_for_too_long_wait_for_a_person_before_a_push_says_so(tmp_path: Path) -> None:
    """At 36 hours another push would send none of them, so nobody is told that it would, and before that until when."""
    limit, second = timedelta(hours=36), timedelta(seconds=1)
    with serving(tmp_path / "sandbox.sqlite", [{"do": "drop_after_accept", "times": None}]) as server:
        shop = shop_at(server, tmp_path, orders(3))
        shop.push()

        before, at = summary_of(shop, limit - second).attention, summary_of(shop, limit).attention

        assert [(row["what"], row["rows"]) for row in (*before, *at)] == [
            ("pending", 3),
            ("expiring", 3),
            ("parked", 3),
        ]
        assert {row["until"] for row in before} == {int((NOW + limit).timestamp())}
        assert at[0]["fix"] == "Run `pusher resolve`: did they arrive?"
        assert [one.rows for one in shop.project(NOW + limit).ledger.resolve("list").batches] == [3]


def test_rows_first_sent_in_the_future_wait_for_a_person(tmp_path: Path) -> None:
    """A clock that goes back by minutes leaves the age of what is in doubt unknown: nobody promises to send it."""
    ten, second = timedelta(minutes=10), timedelta(seconds=1)
    with serving(tmp_path / "sandbox.sqlite", [{"do": "drop_after_accept", "times": 5}]) as server:
        shop = shop_at(server, tmp_path, orders(3))
        shop.push()

        told = [attention(shop, -back) for back in (ten, ten + second)]
        fix = summary_of(shop, -ten - second).attention[0]["fix"]
        listed = shop.project(NOW - ten - second).ledger.resolve("list").batches
        pushed = shop.push(now=NOW - ten - second)
        parked = shop.project(NOW - ten - second).ledger.resolve("list").batches

        until = timedelta(days=27) - timedelta(hours=2)
        assert told == [
            [("pending", 3, timedelta(hours=36))],
            [("parked", 3, until)],
        ]
        assert fix == "Run `pusher resolve`: did they arrive?"
        assert (pushed.exit_code, pushed.requests, pushed.models[0].resumed["parked"]) == (5, 0, 3)
        why = "The outcome is unknown, and by this clock it was first sent in the future: its age is not known."
        assert [(one.rows, one.why) for one in (*listed, *parked)] == [(3, why), (3, why)]


def test_a_refused_row_beside_rows_that_wait_has_its_reason_and_its_remedy(tmp_path: Path) -> None:
    """Its part is not settled, so that no file of the quarantine has it yet; afterwards it stands there once."""
    rows = orders(30)
    rows[7].amount = "13.00"
    named = {**POISON, "message": "data.7.properties.value: Invalid value", "times": 1}
    with serving(tmp_path / "sandbox.sqlite", [named, POISON, {"match": {"nth": 4}, "do": 40105}]) as server:
        shop = shop_at(server, tmp_path, rows)
        shop.push()
        told = attention(shop)
        found = query(shop.state, QUARANTINED)
        shop.push()
        settled = attention(shop)

        until = timedelta(days=27) - timedelta(hours=2)
        assert told == [("pending", 20, until), ("dead", 1, until)]
        assert found == [
            {
                "model": VIEW,
                "term": "dead",
                "reason": "tiktok-40002",
                "message": "TikTok refused the row. Invalid value",
                "fix": (
                    "Correct the row in its model. Run `pusher push` until nothing waits beside it, then `pusher "
                    "retry`."
                ),
                "event_id": "order-00007",
                "space": "",
            }
        ]
        assert settled == [("dead", 1, until)]
        assert [row["event_id"] for row in query(shop.state, QUARANTINED)] == ["order-00007"]


def test_the_remedies_of_test_rows_name_their_code(tmp_path: Path) -> None:
    """A plain push and a plain `retry` leave them alone, so that their remedies would do nothing without it."""
    rows = orders(3)
    rows[1].amount = "13.00"
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = shop_at(server, tmp_path, rows)
        report = shop.push(test_event_code="T 1")
        refused = summary_of(shop)
        shop.project().ledger.retry(test_event_code="T 1")
        shop.push(test_event_code="T2", patience=Patience(deadline_s=0.0))
        later = summary_of(shop)

    retried = (
        "then run `pusher retry --test-event-code 'T 1'`, `pusher build` and `pusher push --test-event-code 'T 1'`."
    )
    in_the_model = f"Correct the row in the model, the message says what is wrong; {retried}"
    assert [refusal.fix for refusal in report.models[0].refusals] == [in_the_model]
    assert [row["fix"] for row in refused.quarantined] == [in_the_model]
    assert [(row["what"], row["fix"]) for row in refused.attention] == [
        ("dead", f"Correct the rows in their model, {retried}")
    ]
    assert [(row["what"], row["space"], row["fix"]) for row in later.attention] == [
        (
            "pending",
            "test:T2",
            "Run `pusher push --test-event-code T2` again: they are sent, and nothing is sent twice.",
        ),
        (
            "reopened",
            "test:T 1",
            "Run `pusher build` and `pusher push --test-event-code 'T 1'` once their model gives other values.",
        ),
    ]


def test_a_row_without_identity_is_told_before_it_is_too_late_to_correct_it(tmp_path: Path) -> None:
    """It could still be sent today, and not any more by the next run."""
    shop = Shop(tmp_path / "shop")
    nobody = ordered("order-00001", timedelta(hours=5))
    nobody.digest = ""
    shop.sell([*orders(1), nobody])
    shop.build()
    shop.push()

    assert [row["term"] for row in summary_of(shop).quarantined] == ["no_identity"]
    assert attention(shop) == [("expiring", 1, timedelta(hours=5))]


def test_a_changed_order_does_not_expire(tmp_path: Path) -> None:
    """A conflict is about an event that was sent: nothing of it is lost when its window ends."""
    shop = Shop(tmp_path / "shop")
    order = ordered("order-00000", timedelta(hours=5))
    shop.sell([order])
    shop.build()
    shop.push()
    order.amount = "11.00"
    shop.sell([order])
    shop.push()

    assert attention(shop) == [("conflicting", 1, timedelta(hours=5))]


def test_the_next_run_is_expected_as_long_after_this_one_as_this_one_after_the_last(tmp_path: Path) -> None:
    """Pushes three days apart make what expires within three days worth telling; other commands are no pushes."""
    shop = Shop(tmp_path / "shop")
    apart, hour = timedelta(days=3), timedelta(hours=1)
    late = ordered("order-00001", apart + timedelta(days=2))
    late.amount = "-5"
    shop.sell([*orders(1), late])
    shop.build()
    shop.push()
    first = summary_of(shop)
    shop.push(now=NOW + apart)
    shop.project(NOW + apart + hour).ledger.clean(keep=timedelta(days=400))

    second = summary_of(shop, apart + hour)

    assert (first.expiring_before, first.attention) == (NOW + timedelta(days=1), [])
    assert second.expiring_before == NOW + apart + hour + apart
    assert attention(shop, apart + hour) == [("expiring", 1, apart + timedelta(days=2))]
    assert [(run["command"], run["started"], run["exit_code"]) for run in second.runs] == [
        ("clean", "2026-11-23T13:00:00", 0),
        ("push", "2026-11-23T12:00:00", 1),
        ("push", "2026-11-20T12:00:00", 1),
    ]


def test_the_last_ten_runs_are_shown(tmp_path: Path) -> None:
    """Newest first."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(1))
    shop.build()
    for hour in range(12):
        shop.push(now=NOW + timedelta(hours=hour))

    started = [run["started"] for run in summary_of(shop).runs]

    assert started == [f"2026-11-20T{12 + hour}:00:00" for hour in reversed(range(2, 12))]


def test_rows_that_expired_while_they_waited_are_settled(tmp_path: Path) -> None:
    """Status counts them beside those that were accepted in the end."""
    late = timedelta(days=2)
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40105}], NOW + late) as server:
        rows = [ordered("order-00000", timedelta(days=1)), *orders(2, start=1)]
        shop = shop_at(server, tmp_path, rows)
        shop.push()
        shop.push(now=NOW + late)

        summary = summary_of(shop, late)

        assert (summary.open_rows, summary.attention) == ([], [])
        assert summary.settled_rows == [
            {"model": VIEW, "space": "", "state": "accepted", "rows": 2},
            {"model": VIEW, "space": "", "state": "expired", "rows": 1},
        ]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_open_rows_are_those_that_wait_and_no_others(tmp_path: Path, place: int) -> None:
    """A row that was held back lies in the same file; wherever it stands, the others keep their state."""
    with serving(tmp_path / "sandbox.sqlite", [REVOKED]) as server:
        rows = orders(3)
        rows[place].amount = "-5"
        shop = shop_at(server, tmp_path, rows)
        shop.push()

        found = query(shop.state, "select event_id, state, value::varchar as value from open_rows order by event_id")

        assert found == [
            {"event_id": row.order_id, "state": "retry", "value": "10.000000000"}
            for number, row in enumerate(rows)
            if number != place
        ]
