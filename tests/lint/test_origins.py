"""Which SQL makes a column: through models, CTEs, stars, joins and macros to the line that a person would correct."""

from __future__ import annotations

from pathlib import Path

import pytest

from pusher.contracts import ColumnOrigin
from pusher.project.facade import LoadOptions, Project

VIEW = "tiktok_offline_events"
_SOURCES = """version: 2
sources:
  - name: shop
    tables:
      - name: orders
        columns:
          - {name: order_id, data_type: varchar}
          - {name: placed_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
          - {name: digest, data_type: varchar}
          - {name: amount, data_type: "decimal(18,2)"}
"""
_STAGING = "select order_id, placed_at as ordered_at, digest, amount from {{ source('shop', 'orders') }}"
_ROLL_UP = """with orders as (
    select * from {{ ref('stg_orders') }}
),

summed as (
    select
        order_id,
        -- the first line of an order
        min(ordered_at) as ordered_at,
        digest,
        sum(amount) as order_value
    from orders
    group by order_id, digest
)

select * from summed
"""
_VIEW = """{{ config(materialized='view', meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}) }}
with orders as (
    select * from {{ ref('int_orders') }}
)

select
    'Purchase' as event,
    {{ made_id('orders.order_id') }} as event_id,
    orders.ordered_at as event_time,
    digest as email,
    orders.order_value as value,
    'USD' as currency
from orders
"""
_MACRO = "{% macro made_id(column) %}lower(\n    trim({{ column }})\n){% endmacro %}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a staging model, a roll-up, a macro and a view."""
    (tmp_path / "models").mkdir()
    (tmp_path / "macros").mkdir()
    (tmp_path / "dbt_project.yml").write_text("name: shop\nprofile: shop\nconfig-version: 2\n")
    (tmp_path / "profiles.yml").write_text(
        "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb}}}\n"
        "pusher: {dev: {tiktok: {base_url: sandbox, event_set_id: '7654321098765432109'}}}\n"
    )
    (tmp_path / "macros" / "made_id.sql").write_text(_MACRO)
    for name, text in (
        ("_shop.yml", _SOURCES),
        ("stg_orders.sql", _STAGING),
        ("int_orders.sql", _ROLL_UP),
        (f"{VIEW}.sql", _VIEW),
    ):
        (tmp_path / "models" / name).write_text(text)
    return tmp_path


def origins(root: Path) -> dict[str, ColumnOrigin]:
    """Return what makes each column of the view."""
    return dict(Project.load(LoadOptions(project_dir=root))._origins(VIEW))


def rewrite(root: Path, name: str, *pairs: tuple[str, str]) -> None:
    """Change a model."""
    path = root / "models" / f"{name}.sql"
    text = path.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


def test_each_column_is_followed_to_the_line_that_makes_it(root: Path) -> None:
    """Renames, stars and CTEs are passed through; literals, aggregates and macros are where a column is made."""
    roll_up, staging = "models/int_orders.sql", "models/stg_orders.sql"

    assert origins(root) == {
        "event": ColumnOrigin(VIEW, f"models/{VIEW}.sql", 7, "'Purchase' as event"),
        "event_id": ColumnOrigin(VIEW, f"models/{VIEW}.sql", 8, "lower( trim(orders.order_id) ) as event_id"),
        "event_time": ColumnOrigin("int_orders", roll_up, 9, "min(ordered_at) as ordered_at"),
        "email": ColumnOrigin("stg_orders", staging, 1, "digest"),
        "value": ColumnOrigin("int_orders", roll_up, 11, "sum(amount) as order_value"),
        "currency": ColumnOrigin(VIEW, f"models/{VIEW}.sql", 12, "'USD' as currency"),
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # A star that leaves the column out and another source that has it.
        (
            [
                (
                    "select * from summed",
                    "select s.* exclude (order_value), s.order_value * 2 as order_value from summed s",
                )
            ],
            ("int_orders", 16, "s.order_value * 2 as order_value"),
        ),
        (
            [("select * from summed", "select * replace (round(order_value) as order_value) from summed")],
            ("int_orders", 16, "round(order_value) as order_value"),
        ),
        # The first branch of a union stands for all.
        (
            [("select * from summed", "select * from summed union all select * from summed")],
            ("int_orders", 11, "sum(amount) as order_value"),
        ),
        # A column without its table's name belongs to the source that has it.
        (
            [
                (
                    "select * from summed",
                    "select order_id, ordered_at, digest, order_value from summed, (select 1 as one)",
                )
            ],
            ("int_orders", 11, "sum(amount) as order_value"),
        ),
        # A comment behind the expression is not shown.
        (
            [("sum(amount) as order_value", "sum(amount) -- with tax, as paid\n        as order_value")],
            ("int_orders", 11, "sum(amount) as order_value"),
        ),
        # Commas and key words in comments are none: the line is the one of the expression.
        (
            [
                (
                    "        digest,\n        sum(amount)",
                    "        digest -- of a mail, in small letters\n        , sum(amount)",
                ),
            ],
            ("int_orders", 11, "sum(amount) as order_value"),
        ),
        (
            [
                (
                    "select * from summed",
                    "select -- or, select\n  round(order_value) as order_value, * exclude (order_value) from summed",
                )
            ],
            ("int_orders", 17, "round(order_value) as order_value"),
        ),
        # The first expression behind a DISTINCT.
        (
            [
                (
                    "select * from summed",
                    "select distinct round(order_value) as order_value, order_id, ordered_at, digest from summed",
                )
            ],
            ("int_orders", 16, "round(order_value) as order_value"),
        ),
        # A subquery in FROM.
        (
            [("select * from summed", "select t.* from (select *, 1 as one from summed) as t")],
            ("int_orders", 11, "sum(amount) as order_value"),
        ),
    ],
    ids=["exclude", "replace", "union", "unqualified", "comment", "comma", "select", "distinct", "subquery"],
)
def test_the_last_select_of_a_model_can_have_any_form(
    root: Path, changes: list[tuple[str, str]], expected: tuple[str, int, str]
) -> None:
    """What a star leaves out or replaces, unions, subqueries and unqualified names are followed."""
    rewrite(root, "int_orders", *changes)
    model, line, sql = expected

    assert origins(root)["value"] == ColumnOrigin(model, f"models/{model}.sql", line, sql)


def test_a_long_expression_is_cut(root: Path) -> None:
    """An expression of more than 300 letters ends with an ellipsis."""
    rewrite(root, "int_orders", ("sum(amount)", "sum(amount" + " + 0" * 100 + ")"))

    sql = origins(root)["value"].sql

    assert sql.startswith("sum(amount + 0 + 0")
    assert sql.endswith(" …")
    assert len(sql) <= 300


@pytest.mark.parametrize("name", ["gone", "stg_orders"])
def test_a_model_that_is_no_view_has_no_origins(root: Path, name: str) -> None:
    """A view that was deleted, or that is none any more, is explained by TikTok's words alone."""
    assert Project.load(LoadOptions(project_dir=root))._origins(name) == {}


def test_a_project_that_does_not_bind_has_no_origins(root: Path) -> None:
    """A refused row is told also while the models are broken."""
    rewrite(root, "int_orders", ("sum(amount)", "sum(nothing)"))

    assert origins(root) == {}


def test_a_column_in_capitals_is_the_same_column(root: Path) -> None:
    """DuckDB keeps the letters as they were written, and the contract's name is in small ones."""
    rewrite(root, VIEW, ("as currency", "as CURRENCY"))

    assert origins(root)["currency"] == ColumnOrigin(VIEW, f"models/{VIEW}.sql", 12, "'USD' as CURRENCY")
