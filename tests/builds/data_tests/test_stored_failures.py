"""Tables in which data tests keep what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from pusher.engines.duckdb import DuckDBEngine
from tests.builds.data_tests.project import ORDERS, SOURCES, asked, on_column, project
from tests.compile.support import refused


def test_failures_can_be_kept_in_a_table(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """All columns of the rows that are wrong, in dbt's schema for it, anew with every run."""
    manifest = project(tmp_path, on_column("word", "          - not_null: {config: {store_failures: true}}\n"))
    table = '"shop"."main_dbt_test__audit"."not_null_orders_word"'

    for _ in range(2):
        (one,) = asked(manifest, warehouse)

        assert (one.status, one.failures, one.as_json()["stored"]) == ("fail", 1, table)
        assert one.fix == f"See the rows: select * from {table}."
    assert warehouse.rows(f"select * from {table}") == [(2, None, 7)]


def test_the_table_of_failures_has_the_name_that_is_given(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """By `alias`, and by `schema` behind that of the target, as for models."""
    config = "{store_failures: true, alias: bad, schema: audit}"
    manifest = project(tmp_path, on_column("word", f"          - not_null: {{config: {config}}}\n"))

    (one,) = asked(manifest, warehouse)

    assert one.fix == 'See the rows: select * from "shop"."main_audit"."bad".'
    assert warehouse.rows("select * from main_audit.bad") == [(2, None, 7)]


@pytest.mark.parametrize(
    ("config", "other"),
    [
        ("{store_failures: true, schema: audit, alias: orders}", "model `below`"),
        ("{store_failures: true, schema: audit, alias: LINES}", "a source"),
        ("{store_failures: true, schema: audit, alias: kept}", "that of the data test `first`"),
    ],
)
def test_a_table_of_failures_replaces_nothing_else(tmp_path: Path, config: str, other: str) -> None:
    """It is made anew with every run, so it may not have the name of a model, a source or another one."""
    tests = (
        "          - not_null: {name: first, config: {store_failures: true, schema: audit, alias: kept}}\n"
        f"          - not_null: {{name: second, config: {config}}}\n"
    )
    found = refused(
        tmp_path,
        {
            "models/orders.sql": ORDERS,
            "models/below.sql": "{{ config(schema='audit', alias='orders') }}select 1 as id",
            "models/s.yml": SOURCES
            + "  - {name: old, schema: main_audit, tables: [{name: lines}]}\n"
            + f"models:\n  - name: orders\n{on_column('id', tests)}",
        },
    )

    assert [(code, place) for code, place, *_ in found] == [("same-relation", "models/s.yml:14:13")]
    assert found[0][2].startswith(f"The table of failures of `second` would be {other}: ")


def test_what_is_kept_is_one_query_too(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """A setting cannot bring a statement of its own into the warehouse."""
    where = (
        "1=1) as q group by id); drop table orders; create table other as (select 1 as unique_field, 1 as n_records "
        "from (select 1 as id where (1=1)"
    )
    config = f'{{store_failures: true, where: "{where}"}}'
    manifest = project(tmp_path, on_column("id", f"          - unique: {{config: {config}}}\n"))

    (one,) = asked(manifest, warehouse)

    assert (one.status, warehouse.rows("select count(*) from orders")) == ("error", [(4,)])
