"""What data tests ask, how they are configured, what they are called, and what comes of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pusher.builds.data_tests import run_tests
from pusher.builds.run import build
from pusher.builds.workers import Surroundings
from pusher.compile import DataTest, Manifest
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import BuildError
from pusher.progress import DataTestFinished
from tests.builds.data_tests.project import CHAIN, SOURCES, asked, ends, on_column, project
from tests.builds.support import STILL, Told
from tests.compile.support import refused


@pytest.mark.parametrize(
    ("column", "test", "expected"),
    [
        ("word", "not_null", ("fail", 1)),
        ("id", "not_null", ("pass", 0)),
        ("id", "unique", ("fail", 1)),
        ("word", "unique", ("pass", 0)),
        ("word", "accepted_values: {arguments: {values: [a, b]}}", ("fail", 1)),
        ("word", "accepted_values: {values: [a, b, c]}", ("pass", 0)),
        ("id", "accepted_values: {arguments: {values: [1, 2], quote: false}}", ("fail", 1)),
        ("parent", "relationships: {arguments: {to: ref('orders'), field: id}}", ("fail", 1)),
        (
            "parent",
            "relationships: {arguments: {to: \"source('raw', 'lines')\", field: id}, config: {where: parent < 7}}",
            ("pass", 0),
        ),
        ("id", 'dbt_utils.expression_is_true: {arguments: {expression: "> 1"}}', ("fail", 1)),
    ],
)
def test_generic_tests_count_what_is_wrong(
    tmp_path: Path, warehouse: DuckDBEngine, column: str, test: str, expected: tuple[str, int]
) -> None:
    """NULL is no value: it is neither a duplicate nor unknown nor without a parent."""
    manifest = project(tmp_path, on_column(column, f"          - {test}\n"))

    (one,) = asked(manifest, warehouse)

    assert (one.status, one.failures) == expected


def test_a_test_of_a_whole_model_takes_several_columns(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """The two tests of dbt_utils that most projects have are there without the package."""
    tests = (
        "    data_tests:\n"
        "      - dbt_utils.unique_combination_of_columns: {arguments: {combination_of_columns: [id, parent]}}\n"
        "      - dbt_utils.unique_combination_of_columns:\n"
        "          arguments: {combination_of_columns: [id], quote_columns: true}\n"
        "      - dbt_utils.expression_is_true: {arguments: {expression: id > parent}}\n"
    )
    manifest = project(tmp_path, tests)

    assert ends(asked(manifest, warehouse)) == [
        ("dbt_utils.unique_combination_of_columns", "pass", 0),
        ("dbt_utils.unique_combination_of_columns", "fail", 1),
        ("dbt_utils.expression_is_true", "fail", 1),
    ]


def test_a_project_writes_generic_tests_and_queries_of_its_own(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """In tests/generic/, in macros/ and as plain queries; one of its own wins over the one that every project has."""
    manifest = project(
        tmp_path,
        on_column("id", "          - above: {arguments: {least: 3}}\n          - odd\n          - not_null\n"),
        tests__generic__above="{% test above(model, column_name, least=0) %}\nselect 1 from {{ model }}\n"
        "where {{ column_name }} < {{ least }}\n{% endtest %}",
        macros__odd="{% test odd(model, column_name) %}{{ config(severity='warn') }}\n"
        "select 1 from {{ model }} where {{ column_name }} % 2 = 0{% endtest %}\n"
        "{% data_test not_null(model, column_name) %}select 1 from {{ model }}{% enddata_test %}",
        tests__no_c="{{ config(tags=['words'], fail_calc='max(id)') }}\n"
        "select id from {{ ref('orders') }} where word = 'c';",
    )

    assert ends(asked(manifest, warehouse)) == [
        ("above", "fail", 3),
        ("odd", "warn", 2),
        ("not_null", "fail", 4),
        ("singular", "fail", 3),
    ]
    assert manifest.tests["no_c"].tags == ("words",)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("severity: warn", ("warn", 4)),
        ("severity: WARN", ("warn", 4)),
        ("where: id = 2", ("fail", 2)),
        ("limit: 3", ("fail", 3)),
        ('warn_if: "> 1", error_if: "> 4"', ("warn", 4)),
        ('warn_if: "> 4", error_if: "> 4"', ("pass", 4)),
        ('severity: warn, warn_if: "> 4"', ("warn", 4)),
        ('severity: warn, warn_if: "> 4", error_if: "> 4"', ("pass", 4)),
        ("fail_calc: sum(id)", ("fail", 8)),
        ("fail_calc: sum(id), where: id > 9", ("pass", 0)),
    ],
)
def test_the_configuration_says_what_counts_as_wrong(
    tmp_path: Path, warehouse: DuckDBEngine, config: str, expected: tuple[str, int]
) -> None:
    """Where, limit, thresholds, and what is counted; a sum over nothing is none."""
    manifest = project(
        tmp_path,
        f"    data_tests:\n      - any: {{config: {{{config}}}}}\n",
        macros__any="{% test any(model) %}select * from {{ model }}{% endtest %}",
    )

    (one,) = asked(manifest, warehouse)

    assert (one.status, one.failures) == expected


def test_settings_of_the_project_stand_below_those_of_a_test(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """For all projects, for this one, in the test's own block, in YAML: the last that says something counts."""
    manifest = project(
        tmp_path,
        on_column(
            "word",
            "          - not_null\n          - loud\n          - loud: {name: quiet, severity: warn}\n"
            "          - not_null: {name: sure, severity: error}\n          - not_null: {name: none, where: id > 2}\n",
        ),
        **{
            "dbt_project.yml": "name: shop\nprofile: shop\ndata_tests:\n  +severity: error\n"
            "  shop: {+severity: warn, +tags: nightly, +where: id < 3}\n"
        },
        macros__loud="{% test loud(model, column_name) %}{{ config(severity='error', tags='own') }}"
        "select 1 from {{ model }} where {{ column_name }} is null{% endtest %}",
    )

    assert [(one.test.name, one.status, one.test.tags) for one in asked(manifest, warehouse)] == [
        ("not_null_orders_word", "warn", ("nightly",)),
        ("loud_orders_word", "fail", ("nightly", "own")),
        ("quiet", "warn", ("nightly", "own")),
        ("sure", "fail", ("nightly",)),
        ("none", "pass", ("nightly",)),
    ]
    assert "where id < 3) dbt_subquery" in manifest.tests["sure"].compiled_sql


def test_a_test_narrows_itself(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """A `where` in its own block counts, unless YAML says another one."""
    manifest = project(
        tmp_path,
        "    data_tests:\n      - twos\n      - twos: {name: ones, config: {where: id = 1}}\n",
        macros__twos="{% test twos(model) %}{{ config(where='id = 2') }}select * from {{ model }}{% endtest %}",
    )

    assert [(one.test.name, one.failures) for one in asked(manifest, warehouse)] == [("twos_orders_", 2), ("ones", 1)]


def test_a_query_of_its_own_has_no_where(tmp_path: Path) -> None:
    """It would have no effect, as in dbt; here that is told."""
    files = {"models/a.sql": "select 1 as one", "tests/mine.sql": "{{ config(where='one = 2') }}select 1 as one"}

    assert refused(tmp_path, files) == [
        (
            "unsupported-config",
            "tests/mine.sql:1:1",
            "A query of its own has no `where`: dbt does not look at it.",
            "Write it into the query.",
        )
    ]


def test_a_model_that_fails_does_not_hide_a_test_that_failed(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """Both are told, and what neither lets through is named."""
    manifest = project(
        tmp_path,
        on_column("word", "          - not_null\n"),
        models__wrong="{{ config(materialized='table') }}select error('x') as n",
        **CHAIN,
    )

    with pytest.raises(BuildError) as caught:
        build(manifest, warehouse, tests=manifest.tests.values())

    assert [(one.code, one.place) for one in caught.value.problems][1:] == [("data-test", "models/s.yml:12:13")]
    assert caught.value.problems[0].file == "models/wrong.sql"


def test_a_test_reads_ephemeral_models_and_quoted_columns(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """An ephemeral model lives inside the query; a column with a strange name is quoted when YAML says so."""
    yaml = (
        "    columns: []\n  - name: inner\n    columns:\n"
        "      - name: the word\n        quote: true\n        data_tests: [not_null]\n"
    )
    manifest = project(
        tmp_path,
        yaml,
        models__inner="{{ config(materialized='ephemeral') }}select word as \"the word\" from {{ ref('orders') }}",
    )

    (one,) = asked(manifest, warehouse)

    assert (one.test.name, one.status, one.failures) == ("not_null_inner_the_word", "fail", 1)
    assert one.test.compiled_sql.startswith("with __dbt__cte__inner as (")


def test_arguments_are_values_of_the_project(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """Variables and calls keep their type, text with Jinja is rendered, at every depth."""
    manifest = project(
        tmp_path,
        "    data_tests:\n      - shown:\n          arguments:\n"
        '            {a: "{{ var(\'list\') }}", b: ["var(\'one\')", "x{{ 1 + 1 }}"], c: {d: 5}}\n',
        **{"dbt_project.yml": "name: shop\nprofile: shop\nvars: {list: [1, 2], one: 1}\n"},
        macros__shown="{% test shown(model, a, b, c) %}"
        "select '{{ a[1] + b[0] }} {{ b[1] }} {{ c.d }}' as text{% endtest %}",
    )

    build(manifest, warehouse)

    assert next(iter(manifest.tests.values())).compiled_sql == "select '3 x2 5' as text"


def test_tests_have_the_names_that_dbt_gives_them(tmp_path: Path) -> None:
    """From kind, subject and arguments; a long name is cut and made unique by a digest."""
    yaml = (
        "    data_tests:\n"
        "      - dbt_utils.expression_is_true: {arguments: {expression: 'id > 0'}}\n"
        "    columns:\n      - name: word\n        data_tests:\n"
        "          - not_null\n"
        "          - accepted_values: {values: [a b, 'c-d']}\n"
        "          - relationships: {to: ref('orders'), field: word}\n"
        "          - accepted_values: {name: few, values: [a]}\n"
        "          - accepted_values: {values: [aaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbb]}\n"
        "          - {test_name: unique, name: by_name}\n"
        f"          - accepted_values: {{values: [{'a' * 34}]}}\n"
        f"          - accepted_values: {{values: [{'b' * 35}]}}\n"
    )
    sources = SOURCES.replace("{name: id, data_type: integer}", "{name: id, data_type: integer, data_tests: [unique]}")
    manifest = project(tmp_path, yaml, **{"models/s.yml": f"{sources}models:\n  - name: orders\n{yaml}"})

    assert list(manifest.tests) == [
        "dbt_utils_expression_is_true_orders_id_0",
        "not_null_orders_word",
        "accepted_values_orders_word__a_b__c_d",
        "relationships_orders_word__word__ref_orders_",
        "few",
        "accepted_values_orders_39eaf3b5b4d779dfc625ae7852aece1c",
        "by_name",
        f"accepted_values_orders_word__{'a' * 34}",
        "accepted_values_orders_00956267ff0276bf0dedde380bfc13b5",
        "source_unique_raw_lines_id",
    ]


def test_tests_run_one_after_the_other_and_are_told(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """On what the warehouse holds."""
    manifest = project(tmp_path, on_column("id", "          - unique\n          - not_null\n"))
    build(manifest, warehouse)
    told = Told()

    found = run_tests(manifest, _all(manifest), Surroundings(warehouse, told, STILL))

    assert ends(found) == [("unique", "fail", 1), ("not_null", "pass", 0)]
    assert told.events == [
        DataTestFinished("unique_orders_id", "fail", 1, 0.0),
        DataTestFinished("not_null_orders_id", "pass", 0, 0.0),
    ]


def _all(manifest: Manifest) -> list[DataTest]:
    return list(manifest.tests.values())


def test_compile_writes_the_query_of_each_test(tmp_path: Path) -> None:
    """Where dbt writes it."""
    manifest = project(tmp_path, on_column("id", "          - unique\n"), tests__mine="select 1")

    manifest.write_compiled()

    folder = tmp_path / "target/compiled/shop"
    assert (folder / "tests/mine.sql").read_text() == "select 1\n"
    assert "having count(*) > 1" in (folder / "models/s.yml/unique_orders_id.sql").read_text()


def test_a_result_is_one_object(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """Every field of the JSON output."""
    manifest = project(tmp_path, on_column("id", "          - unique\n"))

    (one,) = asked(manifest, warehouse)

    expected: Mapping[str, Any] = {
        "name": "unique_orders_id",
        "kind": "unique",
        "model": "orders",
        "source": None,
        "model_column": "id",
        "status": "fail",
        "severity": "error",
        "failures": 1,
        "seconds": 0.0,
        "file": "models/s.yml",
        "line": 12,
        "message": "orders.id: 1 row against unique (unique_orders_id).",
        "fix": "See the rows by the query in target/compiled/shop/models/s.yml/unique_orders_id.sql.",
        "stored": None,
        "reused": False,
    }
    assert one.as_json() == expected
