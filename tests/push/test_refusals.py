"""Rows, models and tokens that TikTok refuses: what is found, what is sent all the same, and what stops."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pusher.contracts import BatchState
from pusher.ledger.left import left_rows
from pusher.ledger.store import Store
from pusher.push import policy
from pusher.push.late import carve_out
from pusher.push.world import PushReport
from tests.push.refused import POISON, shop_at
from tests.push.support import NOW, VIEW, Order, Server, Shop, orders, serving, terms

BEHIND_THE_CANARY = {"match": {"nth": 2}, "do": 40002, "message": "Invalid Price Field", "times": None}
SEARCH_ON = "Run `pusher push` again: it goes on looking for the rows that TikTok refuses, and sends the others."


def test_refused_row_is_found_by_bisection_and_the_rest_is_sent(tmp_path: Path) -> None:
    """One row that TikTok refuses ends as dead with its words; the others of its batch arrive."""
    rows = orders(600)
    poison = {"match": {"contains": ["order-00433"]}, "do": 40002, "message": "Invalid Price Field", "times": None}
    with serving(tmp_path / "sandbox.sqlite", [poison]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(rows)
        shop.build()

        report = shop.push()
        again = shop.push()

        assert terms(report) == {"planned": 600, "accepted": 599, "dead": 1}
        assert report.exit_code == 1
        assert report.requests <= 2 + 2 * 10
        assert server.counted() == [row.order_id for row in rows if row.order_id != "order-00433"]
        assert server.totals()["duplicates"] == 0
        dead = shop.project().ledger.query("select event_id, reason, message from quarantine where term = 'dead'")
        assert dead == [
            {
                "event_id": "order-00433",
                "reason": "tiktok-40002",
                "message": "TikTok refused the row. Invalid Price Field",
            }
        ]
        assert terms(again) == {"already_sent": 600}
        assert again.models[0].held == {"accepted": 599, "dead": 1}


def test_index_in_the_message_saves_the_bisection(tmp_path: Path) -> None:
    """When TikTok names the bad row, it is tried alone and the rest goes in one request."""
    rows = orders(300)
    poison = {
        "match": {"contains": ["order-00017", "order-00018"]},
        "do": 40002,
        "message": "data.7.properties.value: Not a valid number",
    }
    lone = {"match": {"contains": ['"order-00017"']}, "do": 40002, "message": "Not a valid number", "times": None}
    with serving(tmp_path / "sandbox.sqlite", [poison, lone]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(rows)
        shop.build()

        report = shop.push()

        assert terms(report) == {"planned": 300, "accepted": 299, "dead": 1}
        assert report.requests == 4  # canary, refused batch, the row alone, the rest


def test_a_view_whose_rows_are_all_refused_stops_early(tmp_path: Path) -> None:
    """When every row of the canary is refused the model is wrong: at most 21 requests, exit 1, nothing lost."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40002, "times": None}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(500))
        shop.build()

        report = shop.push()

        assert report.requests <= 21
        assert terms(report) == {"planned": 500, "dead": 10, "pending": 490}
        assert (report.exit_code, report.problems[0].code) == (1, "too-many-refused")


def refusals(report: PushReport) -> list[tuple[str, int, str, str]]:
    """Return term, rows, message and remedy of what TikTok refused of the first view."""
    return [(one.term, one.rows, one.message, one.fix) for one in report.models[0].refusals]


def problems(shop: Shop) -> list[tuple[str, str, int | None, int | None, str]]:
    """Return class, code, return code, rows and message of what went wrong in the newest run."""
    return shop.ledger(
        "select error_class, code, return_code, rows, message from run_problem "
        "where run = (select id from run order by rowid desc limit 1) order by number"
    )


def with_bad_rows(count: int, of: int = 1010) -> list[Order]:
    """Return orders of which some, anywhere behind the canary, are refused."""
    rows = orders(of)
    for place in Random(5).sample(range(10, of), count):  # noqa: S311 -- seeded, so that they stay the same
        rows[place].amount = "13.00"
    return rows


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_view_whose_rows_are_all_refused_behind_the_canary_stops_early(tmp_path: Path, concurrency: int) -> None:
    """Single rows are counted from the first batch on, so that it costs no more than one batch may."""
    with serving(tmp_path / "sandbox.sqlite", [BEHIND_THE_CANARY]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000, concurrency=concurrency)
        shop.sell(orders(3_000))
        shop.build()

        report = shop.push()

        dead, pending = report.models[0].terms["dead"], report.models[0].terms["pending"]
        assert report.requests <= 1 + 3 + policy.MAX_EXTRA_REQUESTS
        assert (report.exit_code, [problem.code for problem in report.problems]) == (1, ["too-many-refused"])
        assert report.problems[0].message == "TikTok refused 101 of the first 111 rows: not the rows, the model."
        assert 101 <= dead <= 100 + 2 * concurrency
        assert terms(report) == {"planned": 3_000, "accepted": 10, "dead": dead, "pending": pending}
        ((term, rows, message, _), (left, waiting, told, fix)) = refusals(report)
        assert (term, rows, message) == ("dead", dead, "Invalid Price Field")
        assert (left, told, fix) == (
            "pending",
            "TikTok refused a batch with these rows (code 40002): Invalid Price Field",
            SEARCH_ON,
        )
        assert 0 < waiting <= pending
        assert {(name, code) for name, _, code, _, _ in problems(shop)} == {
            ("batch-refused", 40002),
            ("batch-refused", None),
        }


@pytest.mark.parametrize(("bad", "requests"), [(1, 22), (10, 128), (100, 748)])
def test_bad_rows_among_a_thousand_cost_so_many_requests(tmp_path: Path, bad: int, requests: int) -> None:
    """Every run is counted until each bad row is found and every other one is accepted."""
    rows = with_bad_rows(bad)
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = shop_at(server, tmp_path, rows)

        reports = [shop.push()]
        while reports[-1].models[0].rows("pending"):
            reports.append(shop.push())

        assert sum(report.requests for report in reports) <= requests
        assert reports[-1].exit_code == 1
        assert sum(report.models[0].rows("dead") for report in reports) == bad
        assert server.counted() == [row.order_id for row in rows if row.amount != "13.00"]
        assert server.totals()["duplicates"] == 0


def test_rows_that_are_left_of_a_refused_batch_say_why(tmp_path: Path) -> None:
    """A tenth of the rows is bad: 256 requests find some of them, and the others are no rows without an answer."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = shop_at(server, tmp_path, with_bad_rows(100))

        report = shop.push()
        dead, pending = report.models[0].terms["dead"], report.models[0].terms["pending"]
        told = "TikTok refused a batch with these rows (code 40002): Invalid value"
        summary = shop.project().ledger.summary()

        assert (report.exit_code, report.requests) == (4, 2 + policy.MAX_EXTRA_REQUESTS)
        assert dead > 20
        assert [(term, rows) for term, rows, _, _ in refusals(report)] == [("dead", dead), ("pending", pending)]
        assert refusals(report)[1][2:] == (told, SEARCH_ON)
        assert problems(shop) == [
            ("batch-refused", "refused-rows", 40002, dead, "Invalid value"),
            ("batch-refused", "tiktok-data", 40002, pending, told),
        ]
        assert summary is not None
        assert [(one["what"], one["rows"], one["fix"]) for one in summary.attention[:1]] == [
            ("pending", pending, f"{SEARCH_ON} {told}")
        ]


def stopped_in_pieces(server: Server, tmp_path: Path, **choice: Any) -> tuple[Shop, PushReport]:
    """Return a shop whose push was interrupted once a batch of 20 rows was refused, and halves of it."""
    shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000, concurrency=1)
    shop.sell(orders(30))
    shop.build()
    report = shop.push(should_stop=lambda: len(server.requests()) >= 4, **choice)
    assert [problem.code for problem in report.problems] == ["interrupted"]
    return shop, report


def test_pieces_of_a_stopped_run_say_why_their_batch_was_refused(tmp_path: Path) -> None:
    """The stop says why the run ended, and not what TikTok has against the rows."""
    with serving(tmp_path / "sandbox.sqlite", [BEHIND_THE_CANARY]) as server:
        shop, report = stopped_in_pieces(server, tmp_path, test_event_code="TEST1")

        told = "TikTok refused a batch with these rows (code 40002): Invalid Price Field"
        again = SEARCH_ON.replace("push`", "push --test-event-code TEST1`")
        assert (report.exit_code, terms(report)) == (4, {"planned": 30, "accepted": 10, "pending": 20})
        assert refusals(report) == [("pending", 20, told, again)]
        assert problems(shop) == [
            ("stopped", "interrupted", None, None, "The push was interrupted."),
            ("batch-refused", "tiktok-data", 40002, 20, told),
        ]
        assert shop.ledger("select state from run_step where name = 'deliver'") == [("stopped",)]
        assert [term for term, *_ in refusals(shop.push())] == ["dead"]


def test_pieces_of_which_a_person_was_suppressed_still_say_why(tmp_path: Path) -> None:
    """What is left of a piece is a piece; what waits for another reason is none."""
    with serving(tmp_path / "sandbox.sqlite", [BEHIND_THE_CANARY]) as server:
        shop, _ = stopped_in_pieces(server, tmp_path)
        with closing(sqlite3.connect(shop.state.ledger, isolation_level=None)) as connection:
            store = Store(connection)
            (part,) = store.open_parts()
            first, second, *_ = store.batches(part.id, unfinished=True)
            retried = store.set_state(second, BatchState.RETRY, now=NOW)
            for batch in (first, retried):
                carve_out(store, batch, ((batch.ranges[0][0], 1),), run=part.run, now=NOW)

            found = [(one.rows, one.is_piece, one.model) for one in left_rows(store)]

        assert found == [(9 + 2 + 3, True, VIEW), (4, False, VIEW)]


def test_the_remedy_for_a_refused_model_keeps_the_code_of_a_test(tmp_path: Path) -> None:
    """A test push whose rows are all refused is repeated as a test push: without its code the rows would count."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40002, "times": None}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(20))
        shop.build()

        report = shop.push(test_event_code="TEST1")

        (problem,) = report.problems
        assert problem.fix == (
            "Correct the model by the refusals of the receipt, then run `pusher retry --test-event-code TEST1`, "
            "`pusher build`, `pusher push --test-event-code TEST1`."
        )


@pytest.mark.parametrize(("code", "kind"), [(40105, "tiktok-auth"), (40001, "tiktok-config"), (40062, "tiktok-stop")])
def test_refused_token_stops_at_the_first_request_and_keeps_every_row(tmp_path: Path, code: int, kind: str) -> None:
    """A token, permission or defect that TikTok refuses costs one request; later all rows are sent."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": code}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(100))
        shop.build()

        refused = shop.push()
        later = shop.push()

        assert (refused.requests, refused.exit_code, refused.problems[0].code) == (1, 3, kind)
        assert refused.problems[0].fix
        assert terms(refused) == {"planned": 100, "pending": 100}
        assert terms(later) == {"already_sent": 100}
        assert later.models[0].resumed["accepted"] == 100
        assert len(server.counted()) == 100
