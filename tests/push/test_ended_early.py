"""A push that is killed, interrupted or out of disk loses nothing and counts nothing twice."""

from __future__ import annotations

import json
import signal
import sqlite3
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

import pytest

from pusher.errors import PlanError
from tests.push.refused import POISON, shop_at, with_a_refused_row
from tests.push.support import MODEL, NOW, VIEW, Order, Server, Shop, orders, serving, terms, wait_until


def test_kill_between_intent_and_acknowledgement_is_recovered(tmp_path: Path) -> None:
    """A process killed while TikTok answers leaves its batch in doubt; the next run sends the same bytes."""
    rows = orders(200)
    slow = {"match": {"nth": 2}, "do": "slow_drip", "after": "accept"}
    with serving(tmp_path / "sandbox.sqlite", [slow]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(rows)
        shop.build()
        process = shop.command("push", "--quiet", "--clock", NOW.isoformat())
        wait_until(lambda: len(server.requests()) == 2)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        in_flight = shop.ledger("select state, rows from batch where state = 'sending'")

        report = shop.push()

        assert in_flight == [("sending", 190)]
        # The ten rows of the first request were accepted, and nobody was told so.
        assert (report.models[0].resumed["accepted"], report.models[0].accepted_untold) == (200, 10)
        assert terms(report) == {"already_sent": 200}
        assert server.counted() == [row.order_id for row in rows]
        second, third = (request["body_sha256"] for request in server.requests()[1:3])
        assert second == third
        assert report.exit_code == 0


def killed_in_flight(shop: Shop, server: Server, requests: int, *words: str) -> None:
    """Push in a process of its own, and kill it while its last request is under way."""
    process = shop.command("push", "--quiet", "--clock", NOW.isoformat(), *words)
    wait_until(lambda: len(server.requests()) == requests)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_what_a_killed_push_was_refused_is_told_by_the_next(tmp_path: Path) -> None:
    """Nobody saw a receipt of it, and a scheduler has to hear of it once."""
    rows = orders(40)
    rows[3].amount = "13.00"
    slow = {"match": {"contains": ["order-00020"]}, "do": "slow_drip", "after": "accept"}
    with serving(tmp_path / "sandbox.sqlite", [POISON, slow]) as server:
        shop = shop_at(server, tmp_path, rows)
        # Ten rows are refused, then halves of them, until one row is left; then all others are sent.
        process = shop.command("push", "--quiet", "--clock", NOW.isoformat())
        wait_until(lambda: server.requests() != [])
        wait_until(lambda: (40_002, 1) in shop.ledger("select code, rows from batch where state = 'dead'"))
        wait_until(lambda: shop.ledger("select rows from batch where state = 'sending' and rows > 10") != [])
        process.send_signal(signal.SIGKILL)
        process.communicate()

        reports = [shop.push(), shop.push()]

        assert [report.exit_code for report in reports] == [1, 0]
        assert [report.models[0].resumed.get("dead", 0) for report in reports] == [1, 0]
        assert [[(one.reason, one.rows) for one in report.models[0].refusals] for report in reports] == [
            [("tiktok-40002", 1)],
            [],
        ]
        assert server.counted() == [row.order_id for row in rows if row.amount != "13.00"]


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        ({}, 0),
        ({"even_unchanged": True, "dry_run": True}, 1),
        ({"select": [VIEW]}, 1),
        ({"reasons": ["tiktok-40000"]}, 1),
        ({"test_event_code": "T1"}, 1),
    ],
)
def test_refusals_are_told_by_a_push_unless_a_retry_showed_all(
    tmp_path: Path, shown: dict[str, Any], told: int
) -> None:
    """What shows some of them, those of test pushes, or is only a rehearsal, ends nothing."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = with_a_refused_row(server, tmp_path)
        with sqlite3.connect(shop.state.ledger) as ledger:
            ledger.execute("update run set receipt = null, finished_at = null, exit_code = null")
        ledger.close()

        shop.project().ledger.retry(**shown)
        report = shop.push()

        assert (report.exit_code, report.models[0].resumed.get("dead", 0)) == (told, told)


def test_conflicts_of_a_killed_push_are_told_by_the_next(tmp_path: Path) -> None:
    """Until a receipt has them they are new."""
    slow = {"match": {"contains": ["order-00039"]}, "do": "slow_drip", "after": "accept"}
    with serving(tmp_path / "sandbox.sqlite", [slow]) as server:
        shop = shop_at(server, tmp_path, orders(5))
        shop.push()
        changed = [Order("order-00000", amount="99.00"), *orders(5)[1:], Order("order-00039")]
        shop.sell(changed)
        killed_in_flight(shop, server, requests=2)

        reports = [shop.push(), shop.push()]

        assert [report.exit_code for report in reports] == [1, 0]
        assert [report.models[0].new_conflicts for report in reports] == [1, 0]


def test_conflicts_of_a_killed_push_wait_for_the_next_of_their_view(tmp_path: Path) -> None:
    """A push of another view, and a decision of a person, tell nothing of them."""
    other = "other_events"
    slow = {"match": {"contains": ["order-00039"]}, "do": "slow_drip", "after": "accept"}
    with serving(tmp_path / "sandbox.sqlite", [slow]) as server:
        shop = shop_at(server, tmp_path, orders(5))
        twin = MODEL.replace("'Purchase' as event", "'AddToCart' as event")
        (shop.root / "models" / f"{other}.sql").write_text(twin)
        shop.build()
        shop.push()
        changed = [Order("order-00000", amount="99.00"), *orders(5)[1:], Order("order-00039")]
        shop.sell(changed)
        killed_in_flight(shop, server, len(server.requests()) + 1, "--select", VIEW)
        shop.sell(orders(5))
        shop.push(select=[other])
        shop.project().ledger.retry()
        shop.sell(changed)

        reports = [shop.push(select=[VIEW]) for _ in range(2)]

        assert [report.exit_code for report in reports] == [1, 0]
        assert [report.models[0].new_conflicts for report in reports] == [1, 0]


def test_conflicts_that_were_told_are_not_new_after_a_kill(tmp_path: Path) -> None:
    """Neither those that its plan found again nor those that were gone at that moment."""
    slow = {"match": {"contains": ["order-00039"]}, "do": "slow_drip", "after": "accept"}
    with serving(tmp_path / "sandbox.sqlite", [slow]) as server:
        shop = shop_at(server, tmp_path, orders(5))
        shop.push()
        first, second = Order("order-00000", amount="99.00"), Order("order-00001", amount="98.00")
        shop.sell([first, second, *orders(5)[2:]])
        told = shop.push()
        shop.sell([first, *orders(5)[1:], Order("order-00039")])
        killed_in_flight(shop, server, len(server.requests()) + 1)
        shop.sell([first, second, *orders(5)[2:], Order("order-00039")])

        again = shop.push()

        assert (told.exit_code, told.models[0].new_conflicts) == (1, 2)
        assert (again.exit_code, again.models[0].new_conflicts, terms(again)["conflicting"]) == (0, 0, 2)


@pytest.mark.parametrize("seed", range(4))
def test_kill_at_a_random_moment_loses_nothing_and_counts_nothing_twice(tmp_path: Path, seed: int) -> None:
    """However often the process dies, every row is counted once and every batch keeps its bytes."""
    import random

    chance = random.Random(seed)  # noqa: S311 -- a test's own dice
    rows = orders(1_500)
    faults: list[dict[str, Any]] = [
        {"match": {"nth": 2}, "do": 50000, "after": "accept"},
        {"match": {"nth": 3}, "do": "drop_before"},
    ]
    with serving(tmp_path / "sandbox.sqlite", faults) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=20, concurrency=2)
        shop.sell(rows)
        shop.build()
        for _ in range(2):
            process = shop.command("push", "--quiet", "--clock", NOW.isoformat())
            try:
                process.wait(timeout=0.6 + chance.random())
            except TimeoutExpired:
                process.kill()
            process.communicate()

        report = shop.push()

        assert server.counted() == [row.order_id for row in rows]
        assert report.exit_code == 0
        assert shop.keys() == [("accepted", 1_500)]
        sent = shop.ledger("select count(distinct sha256) from batch where state = 'accepted'")
        accepted = {request["body_sha256"] for request in server.requests() if request["code"] == 0}
        assert len(accepted) == sent[0][0]


def test_interrupt_lets_requests_end_and_tells_what_is_pending(tmp_path: Path) -> None:
    """SIGTERM stops the claims, keeps the outcome of what is in flight, and exits 143."""
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=2)
        shop.sell(orders(5_000))
        shop.build()
        process = shop.command("push", "--json", "--clock", NOW.isoformat())
        wait_until(lambda: len(server.requests()) >= 1)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)

        result = json.loads(out)
        assert process.returncode == 143
        assert result["exit_code"] == 143
        assert result["errors"][0]["code"] == "interrupted"
        assert b"Traceback" not in err
        model = result["models"][0]
        assert model["accepted"] + model["pending"] == 5_000
        assert shop.ledger("select count(*) from batch where state = 'sending'") == [(0,)]


def test_view_that_fails_while_read_leaves_nothing_behind(shop: Shop) -> None:
    """A view that breaks on a row is an error before anything is sent, and its staging is removed."""
    shop.sell([*orders(3), Order("bad", at="no time at all")])
    shop.build()

    with pytest.raises(PlanError) as caught:
        shop.push()

    assert caught.value.problems[0].code == "view-failed"
    assert "no time at all" not in str(caught.value)
    assert list(shop.state.outbox.iterdir()) == []


@pytest.mark.parametrize("most_bytes", [40_000, 60_000, 90_000])
def test_full_disk_stops_with_a_remedy_and_loses_nothing(tmp_path: Path, most_bytes: int) -> None:
    """When the state folder cannot be written the push ends with what to do; with space again all rows arrive once."""
    rows = orders(3_000)
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(rows)
        shop.build()
        process = shop.command("push", "--json", "--clock", NOW.isoformat(), largest_file_bytes=most_bytes)
        out, err = process.communicate(timeout=60)

        shop.push()

        assert process.returncode in {2, 4}, err
        assert json.loads(out)["errors"][0]["fix"]
        assert b"Traceback" not in err
        assert server.counted() == [row.order_id for row in rows]
        assert shop.keys() == [("accepted", 3_000)]
