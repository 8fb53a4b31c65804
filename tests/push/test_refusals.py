"""Rows, models and tokens that TikTok refuses: what is found, what is sent all the same, and what stops."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.push.support import Shop, orders, serving, terms


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
