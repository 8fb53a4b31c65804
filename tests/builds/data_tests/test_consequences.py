"""What a data test stops that fails, and what one that does not run says."""

from __future__ import annotations

from pathlib import Path

import pytest

from pusher.builds.data_tests import DataTestResult
from pusher.builds.run import Built, build
from pusher.engines.duckdb import DuckDBEngine
from pusher.progress import DataTestFinished
from tests.builds.data_tests.project import CHAIN, SOURCES, asked, ends, on_column, project
from tests.builds.support import STILL, Told


def became(built: Built) -> dict[str, str]:
    """Return the status of each model."""
    return {one.model: one.status for one in built.models}


def test_what_is_below_a_failure_is_not_built(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """The test runs right after its model; models and tests below it are skipped, those beside it are not."""
    manifest = project(
        tmp_path,
        on_column("word", "          - not_null\n"),
        tests__below_is_there="select 1 from {{ ref('below') }} where false",
        **CHAIN,
    )
    told = Told()

    built = build(manifest, warehouse, None, told, STILL, tests=manifest.tests.values())

    assert became(built) == {"side": "built", "orders": "built", "below": "skipped", "both": "skipped"}
    data_tests = [one for one in built.tests if isinstance(one, DataTestResult)]
    assert ends(data_tests) == [("not_null", "fail", 1), ("singular", "skipped", None)]
    assert [one for one in told.events if isinstance(one, DataTestFinished)] == [
        DataTestFinished("not_null_orders_word", "fail", 1, 0.0),
        DataTestFinished("below_is_there", "skipped", None, 0.0),
    ]


@pytest.mark.parametrize("config", ["severity: warn", "enabled: false"])
def test_a_warning_stops_nothing(tmp_path: Path, warehouse: DuckDBEngine, config: str) -> None:
    """Nor does a test that is switched off."""
    manifest = project(tmp_path, on_column("word", f"          - not_null: {{config: {{{config}}}}}\n"), **CHAIN)

    built = build(manifest, warehouse, tests=manifest.tests.values())

    assert set(became(built).values()) == {"built"}
    assert [one.status for one in built.tests] == (["warn"] if "warn" in config else [])


def test_a_test_of_two_models_stops_what_is_below_both(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """A model below one of them alone may be right."""
    manifest = project(
        tmp_path,
        "    description: x\n",
        tests__two="select 1 from {{ ref('orders') }}, {{ ref('side') }}",
        **CHAIN,
    )

    built = build(manifest, warehouse, tests=manifest.tests.values())

    assert became(built) == {"side": "built", "orders": "built", "below": "built", "both": "skipped"}


def test_a_test_of_a_source_runs_before_its_models(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """Nothing is built from a source that is wrong."""
    yaml = SOURCES.replace(
        "{name: word, data_type: varchar}", "{name: word, data_type: varchar, data_tests: [not_null]}"
    )
    manifest = project(tmp_path, "", **CHAIN, **{"models/s.yml": yaml})

    built = build(manifest, warehouse, tests=manifest.tests.values())

    assert became(built) == {"side": "built", "orders": "skipped", "below": "skipped", "both": "skipped"}
    (one,) = built.tests
    assert one.message == "raw.lines.word: 1 row against not_null (source_not_null_raw_lines_word)."


# Ends the query that counts, drops a table, and begins another query that is whole.
ENDS = (
    "1=1) as q where id > 0 group by id) as wrong; drop table orders; select 0 as failures, false as should_warn, "
    "false as should_error from (select id as unique_field, 1 as n_records from (select 1 as id where (1=1)"
)


def test_a_misspelt_column_of_a_data_test_has_a_suggestion(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """As in a model, and the query is named."""
    (one,) = asked(project(tmp_path, "    columns: [{name: wrod, data_tests: [not_null]}]\n"), warehouse)

    assert one.message == 'not_null_orders_wrod: Referenced column "wrod" not found in FROM clause.'
    assert one.fix == "Did you mean `word`? Look at target/compiled/shop/models/s.yml/not_null_orders_wrod.sql."


def test_a_query_that_does_not_run_is_told_with_its_place(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """An unknown column, and a setting that would end the query and begin another statement."""
    manifest = project(
        tmp_path,
        "    columns:\n      - {name: nope, data_tests: [not_null]}\n      - name: id\n        data_tests:\n"
        f'          - unique: {{config: {{where: "{ENDS}"}}}}\n',
    )

    nope, ended = asked(manifest, warehouse)

    assert (nope.status, nope.problem.place) == ("error", "models/s.yml:10:35")
    assert nope.message == 'not_null_orders_nope: Referenced column "nope" not found in FROM clause.'
    assert (
        nope.fix
        == "Name a column of a table in FROM. Look at target/compiled/shop/models/s.yml/not_null_orders_nope.sql."
    )
    assert (ended.status, warehouse.rows("select count(*) from orders")) == ("error", [(4,)])
