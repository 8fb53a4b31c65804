"""The report as a page and as tables, from a bridge that has everything in it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from pusher.ledger.bridge import Bridge
from pusher.report.page import page
from pusher.report.tables import gap_table, sold_tables


def line(day: str, currency: str | None, term: str, rows: int, value: str) -> dict[str, Any]:
    """Return a line of the bridge."""
    return {"day": day, "currency": currency, "term": term, "rows": rows, "value": Decimal(value)}


LINES = [
    line("2026-11-19", "EUR", "accepted", 3, "1200.5"),
    line("2026-11-19", "EUR", "dead", 1, "99.5"),
    line("2026-11-20", "EUR", "accepted", 1, "100"),
    line("2026-11-20", "EUR", "gone", -1, "-100"),
    line("2026-11-20", None, "invalid", 1, "0"),
]
BRIDGE = Bridge(
    by=("day",),
    lines=LINES,
    totals=[
        {"currency": None, "term": "invalid", "rows": 1, "value": Decimal(0)},
        {"currency": "EUR", "term": "accepted", "rows": 4, "value": Decimal("1300.5")},
        {"currency": "EUR", "term": "dead", "rows": 1, "value": Decimal("99.5")},
        {"currency": "EUR", "term": "gone", "rows": -1, "value": Decimal(-100)},
    ],
    warehouse={"": Decimal(0), "EUR": Decimal(1300)},
    groups={
        "store": [
            {"store": None, "currency": "EUR", "events": 1_234, "items": None, "value": Decimal("1.25"), "buyers": 2,
             "repeat_buyers": 1}
        ],
        "brand": [],
    },
    products=[{"product": "<b>", "name": None, "currency": "EUR", "events": 1, "quantity": 2, "value": Decimal(5)}],
)  # fmt: skip


def words(text: str) -> str:
    """Return the text of a page."""
    body = text.partition("<body>")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body)).strip()


def test_the_page_shows_every_term_and_every_table() -> None:
    """Sums for each currency, a row for each group, what was sold; names from data cannot be markup."""
    found = words(page(BRIDGE, title="Shop", about="Now."))

    assert found == (
        "Shop Now. Without a currency: 0.00 in the warehouse, 0.00 sent what became of it rows value "
        "breaks the contract 1 0.00 warehouse 1 0.00 "
        "EUR: 1,300.00 in the warehouse, 1,300.50 sent what became of it rows value accepted by TikTok 4 1,300.50 "
        "refused by TikTok 1 99.50 sent; no valid row of the views has it now -1 -100.00 warehouse 4 1,300.00 "
        "By day day currency warehouse accepted dead invalid gone "
        "2026-11-19 EUR 1,300.00 1,200.50 99.50 0.00 0.00 2026-11-20 EUR 0.00 100.00 0.00 0.00 -100.00 "
        "2026-11-20 0.00 0.00 0.00 0.00 0.00 "
        "Sent, by store store currency events items value buyers repeat buyers EUR 1,234 1.25 2 1 "
        "Sent, by product product name currency events quantity value &lt;b&gt; EUR 1 2 5.00"
    )


def test_the_bar_has_a_stretch_for_each_gain() -> None:
    """Widths add up to the whole; what takes away has no stretch."""
    text = page(BRIDGE, title="Shop", about="Now.")

    assert re.findall(r'class="(\w+)" style="width: ([\d.]+)%" title="([^"]*)"', text) == [
        ("accepted", "92.893", "accepted by TikTok: 1,300.50"),
        ("wrong", "7.107", "refused by TikTok: 99.50"),
    ]


def test_tables_without_groups_are_those_of_what_was_sold() -> None:
    """Without dimensions there is nothing to cut the bridge by."""
    plain = Bridge(by=(), lines=[], totals=[], warehouse={}, groups=BRIDGE.groups, products=[])

    assert words(page(plain, title="Shop", about="Now.")).startswith("Shop Now. Sent, by store")
    assert [table.title for table in sold_tables(plain)] == ["Sent, by store", "Sent, by brand", "Sent, by product"]


def test_a_group_has_a_column_for_each_thing_that_became_of_its_value() -> None:
    """Terms stand in the order of the bridge, and what a group has nothing of is zero."""
    table = gap_table(BRIDGE)

    assert table.columns == ("day", "currency", "warehouse", "accepted", "dead", "invalid", "gone")
    assert table.rows[0] == ("2026-11-19", "EUR", Decimal(1300), Decimal("1200.5"), Decimal("99.5"), 0, 0)
