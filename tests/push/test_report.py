"""The revenue bridge: what the views hold, what was sent, and every gap by name, to the cent."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pusher.errors import ConfigError, PlanError, StateError
from pusher.ledger.bridge import Bridge, _warehouse
from tests.push.support import NOW, VIEW, Order, Server, Shop, orders, serving, terms, view_sql

POISON = {"match": {"contains": ['"value":13']}, "do": 40002, "message": "Invalid value", "times": None}


def shop_at(server: Server, tmp_path: Path) -> Shop:
    """Return a shop that pushes to a server."""
    return Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)


def nobody(order_id: str) -> Order:
    """Return an order without a customer."""
    order = Order(order_id)
    order.digest = ""
    return order


def push(shop: Shop, rows: Sequence[Order], hours: int = 0) -> None:
    """Sell, build and push."""
    shop.sell(rows)
    shop.build()
    shop.push(now=NOW + timedelta(hours=hours))


def totals(bridge: Bridge) -> dict[str, tuple[int, str]]:
    """Return rows and value by term."""
    return {line["term"]: (line["rows"], f"{line['value']:.2f}") for line in bridge.totals}


def test_every_gap_between_warehouse_and_tiktok_has_a_name(tmp_path: Path) -> None:
    """Each row of the view, and each sent row that the view lost, is a line; the lines add up to the warehouse."""
    hidden = {"match": {"contains": ['"order-00009"']}, "do": "drop_after_accept", "times": None}
    with serving(tmp_path / "sandbox.sqlite", [POISON, hidden]) as server:
        shop = shop_at(server, tmp_path)
        push(
            shop,
            [
                *orders(4),
                Order("order-00004", amount="13.00"),
                Order("order-00005", amount="-2.00"),
                nobody("order-00006"),
                Order("order-00007", at="2026-10-01 10:00:00", amount="7.00"),
            ],
        )
        push(shop, [*orders(4), Order("order-00009", amount="9.00")])
        now = [
            Order("order-00000"),  # as it was sent
            Order("order-00001", amount="15.00"),  # changed after it was sent
            # order-00002 is gone
            Order("order-00003", at="2026-11-18 10:00:00"),  # on another day
            Order("order-00004", amount="13.00"),
            Order("order-00005", amount="-2.00"),
            nobody("order-00006"),
            Order("order-00007", at="2026-10-01 10:00:00", amount="7.00"),
            Order("order-00009", amount="9.00"),
            *[Order("order-00010", amount="3.00")] * 2,
            Order("order-00011", amount="1.00"),
            Order("order-00011", amount="2.00"),
        ]
        shop.sell(now)
        shop.build()

        found = shop.project(NOW).report(by=["day"])

        assert totals(found) == {
            "accepted": (4, "40.00"),
            "due": (1, "3.00"),
            "pending": (1, "9.00"),
            "dead": (1, "13.00"),
            "invalid": (1, "-2.00"),
            "no_identity": (1, "10.00"),
            "expired": (1, "7.00"),
            "duplicate": (1, "3.00"),
            "conflicting": (2, "3.00"),
            "changed": (0, "5.00"),
            "gone": (-1, "-10.00"),
        }
        assert found.warehouse == {"USD": sum((Decimal(row.amount) for row in now), Decimal(0))}
        by_day = {
            day: sum((line["value"] for line in found.lines if line["day"] == day), Decimal(0))
            for day in ("2026-11-19", "2026-11-18", "2026-10-01")
        }
        assert by_day == {
            day: sum((Decimal(row.amount) for row in now if row.at.startswith(day)), Decimal(0)) for day in by_day
        }


def test_a_sent_row_outside_the_days_of_the_view_is_not_missed(tmp_path: Path) -> None:
    """A view looks back some days; what it was sent with before these days is not gone from it."""
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = shop_at(server, tmp_path)
        old = [Order("order-00008", at="2026-11-17 10:00:00"), Order("order-00009", at="2026-11-18 10:00:00")]
        push(shop, [*old, *orders(2)])
        shop.sell([Order("order-00007", at="2026-11-18 09:00:00", amount="2.00"), *orders(2)])
        shop.build()

        found = shop.project(NOW).report()

        assert totals(found) == {"accepted": (3, "30.00"), "due": (1, "2.00"), "gone": (-1, "-10.00")}


def test_of_two_rows_of_one_event_the_one_that_was_sent_counts(tmp_path: Path) -> None:
    """Wherever it stands in the view, the other one is the conflict."""
    shop = Shop(tmp_path / "shop")
    first, second = orders(2)
    shop.sell([first, second])
    shop.build()
    shop.push()
    shop.sell([replace(first, amount="14.00"), first, second, replace(second, amount="15.00")])
    shop.build()

    assert totals(shop.project().report()) == {"accepted": (2, "20.00"), "conflicting": (2, "29.00")}


def test_rows_that_wait_for_a_person_are_told_apart(tmp_path: Path) -> None:
    """A parked row is neither sent nor lost."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": "drop_after_accept", "times": None}]) as server:
        shop = shop_at(server, tmp_path)
        push(shop, orders(2))
        late = NOW + timedelta(hours=36)
        shop.push(now=late)

        parked = totals(shop.project(late).report())
        shop.project(late).ledger.resolve("assume_delivered")

        assert parked == {"parked": (2, "20.00")}
        assert totals(shop.project(late).report()) == {"accepted": (2, "20.00")}


def test_what_was_settled_beside_rows_that_wait_is_told_as_what_it_is(tmp_path: Path) -> None:
    """As long as a part has rows to send, its accepted and refused ones are neither due nor waiting."""
    revoked = {"match": {"nth": 4}, "do": 40105, "times": None}
    named = {**POISON, "message": "data.7.properties.value: Invalid value", "times": 1}
    with serving(tmp_path / "sandbox.sqlite", [named, POISON, revoked]) as server:
        shop = shop_at(server, tmp_path)
        rows = orders(30)
        rows[7].amount = "13.00"
        push(shop, rows)
        shop.sell([replace(rows[0], amount="11.00"), *rows[2:]])
        shop.build()

        report = shop.project().report()

        assert totals(report) == {
            "accepted": (9, "90.00"),
            "pending": (20, "200.00"),
            "dead": (1, "13.00"),
            "changed": (0, "1.00"),
            "gone": (-1, "-10.00"),
        }
        assert [(group["events"], group["value"]) for group in report.groups["store"]] == [(9, Decimal(90))]


def test_a_refused_row_that_was_let_go_of_is_due_once_it_is_another(tmp_path: Path) -> None:
    """No push sends it as it was refused, unless `retry --unchanged` says so."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = shop_at(server, tmp_path)
        rows = [*orders(8), Order("order-00008", amount="13.00")]
        push(shop, rows)
        shop.project().ledger.retry()
        as_it_was = totals(shop.project().report())
        shop.sell([*orders(8), Order("order-00008", amount="14.00")])
        shop.build()
        corrected = totals(shop.project().report())
        shop.sell(rows)
        shop.build()
        shop.project().ledger.retry(even_unchanged=True)

        assert as_it_was == {"accepted": (8, "80.00"), "dead": (1, "13.00")}
        assert corrected == {"accepted": (8, "80.00"), "due": (1, "14.00")}
        assert totals(shop.project().report()) == {"accepted": (8, "80.00"), "due": (1, "13.00")}


def test_a_row_that_was_refused_and_let_go_of_twice_is_due_as_neither(tmp_path: Path) -> None:
    """The report says what the next push does with each of the two values, and with a third one."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = shop_at(server, tmp_path)
        for amount in ("13.00", "13.50"):
            push(shop, [Order("order-00000", amount=amount)])
            shop.project().ledger.retry()

        said, done = {}, {}
        for amount in ("13.00", "13.50", "14.00"):
            shop.sell([Order("order-00000", amount=amount)])
            shop.build()
            said[amount] = totals(shop.project().report())
            done[amount] = terms(shop.push())

        assert said == {
            "13.00": {"dead": (1, "13.00")},
            "13.50": {"dead": (1, "13.50")},
            "14.00": {"due": (1, "14.00")},
        }
        assert done == {
            "13.00": {"already_sent": 1},
            "13.50": {"already_sent": 1},
            "14.00": {"planned": 1, "accepted": 1},
        }


def test_the_newest_refusal_holds_a_row_that_was_dated_anew(tmp_path: Path) -> None:
    """The first one is too old to hold anything, whichever of the two digests is the smaller one."""
    at = (NOW - timedelta(days=28) + timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S")
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = shop_at(server, tmp_path)
        push(shop, [replace(row, at=at, amount="13.00") for row in orders(8)])
        push(shop, [replace(row, amount="13.00") for row in orders(8)], hours=2)
        shop.sell(orders(8))
        shop.build()

        said = totals(shop.project(NOW + timedelta(hours=2)).report())
        done = shop.push(now=NOW + timedelta(hours=2))

        assert said == {"dead": (8, "80.00")}
        assert (terms(done), done.models[0].held) == ({"already_sent": 8}, {"corrected": 8})


def test_what_was_sent_long_ago_is_still_known_as_sent(tmp_path: Path) -> None:
    """Rows outside the window by now were sent in time, or were not; keys in the archive tell which."""
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = shop_at(server, tmp_path)
        push(shop, orders(3))
        late = NOW + timedelta(days=100)
        shop.project(late).ledger.clean(keep=timedelta(days=400))
        shop.sell([*orders(3), Order("order-00003", amount="4.00")])
        shop.build()

        assert shop.ledger("select kind from file where kind in ('keys', 'archive')") == [("archive",)]
        assert totals(shop.project(late).report()) == {"accepted": (3, "30.00"), "expired": (1, "4.00")}


@pytest.mark.parametrize("faults", [[], [{"do": "drop_after_accept", "times": None}]])
def test_test_events_are_no_revenue(tmp_path: Path, faults: list[dict[str, object]]) -> None:
    """What was sent as a test, or waits to be, is still due."""
    with serving(tmp_path / "sandbox.sqlite", faults) as server:
        shop = shop_at(server, tmp_path)
        shop.sell(orders(2))
        shop.build()
        shop.push(test_event_code="TEST1")

        assert totals(shop.project().report()) == {"due": (2, "20.00")}


@pytest.mark.parametrize("seed", range(8))
def test_the_bridge_adds_up_for_any_history(tmp_path: Path, seed: int) -> None:
    """Random pushes of rows that appear, change, move, repeat and vanish: the terms always sum to the view."""
    chance = random.Random(seed)  # noqa: S311 -- repeatable, not secret
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = shop_at(server, tmp_path)
        rows = orders(12)
        for step in range(3):
            rows = [changed for row in rows for changed in changes(row, chance)]
            rows += orders(3, start=100 + 10 * step)
            push(shop, rows, hours=step)
        rows = [changed for row in rows for changed in changes(row, chance)]
        shop.sell(rows)
        shop.build()

        found = shop.project(NOW + timedelta(hours=4)).report(by=["day", "event", "store"])

        assert found.warehouse == {"USD": sum((Decimal(row.amount) for row in rows), Decimal(0))}
        assert sum(line["rows"] for line in found.totals) == len(rows)
        sent = next(line["rows"] for line in found.totals if line["term"] == "accepted")
        assert sent <= len(server.counted())


def changes(row: Order, chance: random.Random) -> list[Order]:
    """Return what became of a row."""
    return {
        0: [],
        1: [row, row],
        2: [replace(row, amount=f"{chance.randint(5, 15)}.00")],
        3: [replace(row, at="2026-11-17 09:00:00")],
        4: [replace(row, digest="none")],
        5: [row, replace(row, amount="14.00")],
    }.get(chance.randint(0, 12), [row])


# what was sold ------------------------------------------------------------------------------------------------------

_SHOP = view_sql(
    "offline_events",
    "event_set as shop_id",
    "'in_store' as event_channel",
    "'Northwind' as brand",
    "3 as num_items",
    """[
        {'content_id': 'a', 'content_name': 'Tent', 'price': cast(2.50 as decimal(18, 2)), 'quantity': 2},
        {'content_id': 'b', 'content_name': 'Rope', 'price': cast(amount as decimal(18, 2)) - 5, 'quantity': 1}
    ] as contents""",
)


def test_what_was_sold_is_counted_by_store_channel_brand_and_product(tmp_path: Path) -> None:
    """Events, items, value, buyers and those who came back, of what was accepted."""
    shop = Shop(tmp_path / "shop")
    (shop.root / "models" / f"{VIEW}.sql").write_text(_SHOP)
    first, second = orders(2)
    rows = [
        replace(first, event_set="north"),
        replace(first, order_id="order-00002", event_set="north", amount="20.00"),
        replace(second, event_set="south"),
        Order("order-00003", digest="none", event_set="south"),
    ]
    shop.sell(rows)
    shop.build()
    shop.push()
    # Another e-mail changes nothing about what was sold.
    rows[2].digest = "ab" * 32
    shop.sell(rows)
    shop.build()

    found = shop.project().report()

    def plain(lines: Sequence[dict[str, object]]) -> list[tuple[object, ...]]:
        return [tuple(f"{one:.2f}" if isinstance(one, Decimal) else one for one in line.values()) for line in lines]

    assert plain(found.groups["store"]) == [
        ("north", "USD", 2, 6, "30.00", 1, 1),
        ("south", "USD", 1, 3, "10.00", 1, 0),
    ]
    assert plain(found.groups["channel"]) == [("in_store", "USD", 3, 9, "40.00", 2, 1)]
    assert plain(found.groups["brand"]) == [("Northwind", "USD", 3, 9, "40.00", 2, 1)]
    assert plain(found.products) == [("b", "Rope", "USD", 3, 3, "25.00"), ("a", "Tent", "USD", 3, 6, "15.00")]


def test_what_was_sold_is_counted_as_it_was_sent(tmp_path: Path) -> None:
    """Orders changed value and store, or their store alone, another is gone: TikTok has all of them as they were."""
    shop = Shop(tmp_path / "shop")
    (shop.root / "models" / f"{VIEW}.sql").write_text(_SHOP)
    rows = [replace(order, event_set="north") for order in orders(4)]
    shop.sell(rows)
    shop.build()
    shop.push()
    shop.sell([replace(rows[0], amount="99.00", event_set="south"), replace(rows[1], event_set="south"), rows[3]])
    shop.build()

    found = shop.project().report()

    assert found.groups["store"] == [
        {
            "store": "north", "currency": "USD", "events": 4, "items": 12, "value": Decimal(40), "buyers": 3,
            "repeat_buyers": 0,
        }
    ]  # fmt: skip
    accepted = [(line["rows"], line["value"]) for line in found.totals if line["term"] == "accepted"]
    assert accepted == [(4, Decimal(40))]
    # The ledger keeps no items, so products are those of events that the view has as they were sent.
    assert sum(line["events"] for line in found.products if line["product"] == "a") == 2


# what cannot be reported --------------------------------------------------------------------------------------------


def test_a_report_needs_a_push_and_a_built_view(tmp_path: Path) -> None:
    """Before either there is nothing to compare."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(1))
    with pytest.raises(PlanError, match="is not in the warehouse"):
        shop.project().report()
    shop.build()
    with pytest.raises(StateError, match="Nothing was pushed"):
        shop.project().report()


def test_an_unknown_dimension_is_refused(tmp_path: Path) -> None:
    """A slip of the finger has a suggestion."""
    shop = Shop(tmp_path / "shop")
    with pytest.raises(ConfigError, match="no dimension `stor`") as caught:
        shop.project().report(by=["stor"])
    assert caught.value.problems[0].fix == "Did you mean `store`?"


def test_an_empty_view_has_an_empty_bridge(tmp_path: Path) -> None:
    """A view without rows adds nothing, also beside what was sent before."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(1))
    shop.build()
    shop.push()
    shop.sell([])

    found = shop.project().report(by=["day"])

    assert (found.lines, found.totals, found.warehouse) == ([], [], {})


def test_files_that_go_away_while_they_are_read_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A push beside the report may unlink what it reads: it is told, and running again works."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(1))
    shop.build()
    shop.push()

    def broken(*_: object) -> str:
        raise duckdb.IOException("IO Error: No files found that match the pattern")

    with monkeypatch.context() as patched:
        patched.setattr("pusher.ledger.bridge._rows_sql", broken)
        with pytest.raises(StateError, match="No files found"):
            shop.project().report()

    assert totals(shop.project().report()) == {"accepted": (1, "10.00")}


def test_terms_that_do_not_add_up_are_a_defect() -> None:
    """The sums are proven in every report."""
    with duckdb.connect() as connection:
        connection.execute("create table view_row as select 'USD' as currency, 2.00 as value")
        connection.execute("create table line as select 'USD' as currency, 1 as rows, 1.00 as value")

        with pytest.raises(AssertionError, match="USD: the terms do not add up"):
            _warehouse(connection)
