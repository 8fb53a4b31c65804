"""What a condition may leave of the lines of an order decides how bad it is that they share an id."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lint.support import GIVEN, VIEW, linted

SELECT = "select 'Purchase' as event, order_id as event_id, placed_at as event_time\n"
FROM = "from {{ source('market', 'order_items') }}\n"
FLAGGED = (
    "from (select *, line_no = 1 as is_main, line_no = 1 as gift, sku as version, placed_at as sent_at, "
    "row_number() over (partition by order_id order by sku, title) as nth " + FROM + ")\n"
)
FEW = (
    "placed_at >= timestamp '2026-01-01'",
    "placed_at between timestamp '2026-01-01' and timestamp '2026-02-01'",
    "line_total > 0",
    "0 < line_total",
    "line_total <> 0",
    "title <> 'gift'",
    "title is distinct from 'gift'",
    "title not in ('gift', 'card')",
    "not title like 'gift%'",
    "order_id is not null and order_id <> ''",
    "(title <> 'gift' or title is null)",
    "1 = 1",
)
PERHAPS = ("title = 'shoe'", "title in ('shoe', 'sock')", "title like 'shoe%'")
LIKELY = (
    "is_main",
    "not gift",
    "gift = true",
    "gift is true",
    "gift != false",
    "coalesce(gift, false)",
    "title is null",
    "title = 'Y'",
    "version = 'x'",
    "version > 'x'",
    "quantity = 1",
    "quantity <= 1",
    "2 > quantity",
    "quantity between 0 and 1",
    "nth <= 1",
    "nth < 2",
    "line_no > 1",
    "placed_at >= sent_at",
    "line_total = unit_price",
    "exists (select 1 from {{ source('market', 'payments') }} as p where p.amount = line_total)",
    "sku in (select sku from {{ source('market', 'line_items') }})",
    "line_total >= (select max(line_total) from {{ source('market', 'order_items') }})",
    "(title = 'Y' or title is null)",
)
JOINS = {
    "join {{ source('market', 'orders') }} as o on o.order_id = i.order_id": "error",
    "join {{ source('market', 'customers') }} as c on c.customer_id = i.title": "error",
    "join (select timestamp '2026-01-01' as since) as p on i.placed_at >= p.since": "error",
    "left join {{ source('market', 'orders') }} as o on o.order_id = i.order_id and o.order_number = i.sku": "error",
    "join {{ source('market', 'orders') }} as o on o.order_id = i.order_id and o.order_number = i.sku": "note",
    "join {{ source('market', 'orders') }} as o on o.order_id = i.order_id and i.quantity = 1": "note",
    "left join {{ source('market', 'orders') }} as o on o.order_id = i.order_id and o.order_number = i.sku\n"
    "where o.order_id is not null": "note",
    "semi join {{ source('market', 'line_items') }} as l on l.order_id = i.order_id and l.sku = i.sku": "note",
    "join (from {{ source('market', 'customers') }} where digest is null) as c on c.customer_id = i.title": "warning",
}


def severity(root: Path, sql: str) -> str:
    """Return how bad lint finds the shared id of a view."""
    found = [one for one in linted(root, {**GIVEN, VIEW: sql}) if one.rule == "PU501"]
    assert len(found) == 1
    return found[0].severity


@pytest.mark.parametrize("condition", FEW)
def test_a_condition_that_leaves_few_rows_out_excuses_nothing(tmp_path: Path, condition: str) -> None:
    """A window of time or a state that is left out picks no line of an order."""
    assert severity(tmp_path, f"{SELECT}{FROM}where {condition}\n") == "error"


@pytest.mark.parametrize("condition", PERHAPS)
def test_a_condition_that_keeps_some_rows_is_no_error(tmp_path: Path, condition: str) -> None:
    """One line of each order may be of a kind."""
    assert severity(tmp_path, f"{SELECT}{FROM}where {condition}\n") == "warning"


@pytest.mark.parametrize("condition", LIKELY)
def test_a_condition_that_looks_like_one_row_is_a_note(tmp_path: Path, condition: str) -> None:
    """Flags, first numbers, keys and subqueries are how people pick one row."""
    assert severity(tmp_path, f"{SELECT}{FLAGGED}where {condition}\n") == "note"


@pytest.mark.parametrize(("join", "expected"), JOINS.items())
def test_a_join_is_a_condition_too(tmp_path: Path, join: str, expected: str) -> None:
    """A join on the order keeps its lines; one that asks for more may keep one of them."""
    select = "select 'Purchase' as event, i.order_id as event_id, i.placed_at as event_time\n"
    assert severity(tmp_path, f"{select}{FROM.strip()} as i\n{join}\n") == expected
