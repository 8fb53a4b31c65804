"""The last moments of the ledger's rows: to be sent, to be sent again, to be kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from pusher.contracts import BatchState
from pusher.errors import StateError
from tests.push.refused import shop_at
from tests.push.support import NOW, VIEW, Order, Shop, orders, serving

WINDOW = timedelta(days=28)
AHEAD = timedelta(days=14)
REVOKED = {"do": 40105, "times": None}
LOST = {"do": "drop_after_accept", "times": None}


def ordered(order_id: str, until: timedelta) -> Order:
    """Return an order that can be sent until some time after the first push."""
    return Order(order_id, at=(NOW + until - WINDOW).strftime("%Y-%m-%d %H:%M:%S"))


def told(shop: Shop, after: timedelta = timedelta()) -> list[tuple[str, int, int, timedelta]]:
    """Return what has a last moment some time after the first push: what, rows, rows that are soon due, when."""
    found = shop.project(NOW + after).ledger.deadlines(before=NOW + after + AHEAD)
    assert {(one.model, one.space) for one in found} <= {(VIEW, "")}
    return [(one.what, one.rows, one.due_rows, one.until - NOW) for one in found]


def test_without_a_ledger_nothing_has_a_last_moment(tmp_path: Path) -> None:
    """Nothing was pushed yet, and nothing is made by asking."""
    shop = Shop(tmp_path / "shop")
    assert told(shop) == []
    assert not shop.state.root.exists()


def test_frozen_rows_become_too_old_and_are_kept_for_a_week(tmp_path: Path) -> None:
    """The first moment of either; what is over is not told any more."""
    soon, later = timedelta(days=2), timedelta(days=20)
    with serving(tmp_path / "sandbox.sqlite", [REVOKED]) as server:
        shop = shop_at(server, tmp_path, [ordered("order-1", soon), ordered("order-2", later)])
        shop.push()
        assert told(shop) == [("pending", 2, 1, soon), ("keeping", 2, 2, timedelta(days=7))]
        assert told(shop, timedelta(days=3)) == [("keeping", 2, 2, timedelta(days=7)), ("pending", 1, 0, later)]


def test_rows_of_unknown_outcome_are_sent_again_for_36_hours(tmp_path: Path) -> None:
    """Then they are parked, and wait for a person until they are too old."""
    with serving(tmp_path / "sandbox.sqlite", [LOST]) as server:
        shop = shop_at(server, tmp_path, [ordered("order-1", timedelta(days=20))])
        shop.push()
        assert [one[0] for one in told(shop)] == ["resending", "keeping", "pending"]
        assert told(shop)[0] == ("resending", 1, 1, timedelta(hours=36))
        late = timedelta(hours=37)
        shop.push(NOW + late)
        assert shop.ledger("select distinct state from batch") == [(BatchState.PARKED,)]
        assert told(shop, late) == [("parked", 1, 0, timedelta(days=20))]


def test_rows_in_quarantine_can_be_corrected_for_a_while(tmp_path: Path) -> None:
    """Those that TikTok refused as long as any event counts, although it does not say so."""
    until = timedelta(days=20)
    refusal = {"match": {"contains": "order-bad"}, "do": 40002, "times": None, "message": "data.0.properties: no"}
    bad, nobody = ordered("order-bad", until), ordered("order-nobody", until)
    nobody.digest = "no digest"
    with serving(tmp_path / "sandbox.sqlite", [refusal]) as server:
        shop = shop_at(server, tmp_path, [bad, nobody, *orders(1)])
        shop.push()
        assert told(shop) == [("dead", 1, 0, until), ("invalid", 1, 0, until)]


def test_a_ledger_whose_files_are_damaged_is_named(tmp_path: Path) -> None:
    """Its footer can be read, and its rows cannot."""
    with serving(tmp_path / "sandbox.sqlite", [REVOKED]) as server:
        shop = shop_at(server, tmp_path, orders(200))
        shop.push()
    (path,) = shop.state.outbox.glob("*.parquet")
    content = bytearray(path.read_bytes())
    content[4 : len(content) // 2] = bytes(len(content) // 2 - 4)
    path.write_bytes(bytes(content))
    with pytest.raises(StateError) as caught:
        told(shop)
    assert caught.value.problems[0].message.startswith("The ledger cannot be read: ")
