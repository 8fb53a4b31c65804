"""Data tests: how they are written, what they are called, what they ask, and what they stop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pusher.builds.data_tests import DataTestResult, run_tests
from pusher.builds.run import Built, build
from pusher.builds.workers import Surroundings
from pusher.compile import DataTest, Manifest
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import BuildError, ConfigError
from pusher.progress import DataTestFinished, silent
from tests.builds.support import STILL, Told
from tests.compile.support import compiled, refused

SOURCES = """sources:
  - name: raw
    schema: main
    tables:
      - name: lines
        columns: [{name: id, data_type: integer}, {name: word, data_type: varchar}, {name: parent, data_type: integer}]
"""
ORDERS = "select id, word, parent from {{ source('raw', 'lines') }}"
ROWS = "(1, 'a', null), (2, 'b', 1), (2, null, 7), (3, 'c', 1)"


@pytest.fixture(name="warehouse")
def _warehouse(tmp_path: Path) -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine.open(tmp_path / "shop.duckdb")
    engine.execute(f"create table lines as select * from (values {ROWS}) as lines (id, word, parent)")
    yield engine
    engine.close()


def project(root: Path, orders: str, **files: str) -> Manifest:
    """Return a project with a table `orders`, its YAML, and further files by name with `__` for a slash."""
    given = {name.replace("__", "/"): text for name, text in files.items()}
    return compiled(
        root,
        {
            "models/orders.sql": "{{ config(materialized='table') }}\n" + ORDERS,
            "models/s.yml": f"{SOURCES}models:\n  - name: orders\n{orders}",
            **{(name if "." in name else f"{name}.sql"): text for name, text in given.items()},
        },
    )


def on_column(column: str, tests: str) -> str:
    """Return the YAML of tests for one column."""
    return f"    columns:\n      - name: {column}\n        data_tests:\n{tests}"


def ends(tested: Sequence[DataTestResult]) -> list[tuple[str, str, int | None]]:
    """Return how tests ended."""
    return [(one.test.kind, one.status, one.failures) for one in tested]


def asked(manifest: Manifest, engine: DuckDBEngine) -> list[DataTestResult]:
    """Build the models, then run every test."""
    build(manifest, engine)
    return run_tests(manifest, manifest.tests.values(), Surroundings(engine, silent, STILL))


# what they ask ------------------------------------------------------------------------------------------------------


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


# what they are called -----------------------------------------------------------------------------------------------


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


# what they stop -----------------------------------------------------------------------------------------------------

CHAIN = {
    "models__below": "select id from {{ ref('orders') }}",
    "models__side": "select 1 as one",
    "models__both": "select * from {{ ref('below') }}, {{ ref('side') }}",
}


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


# what is written wrong ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tests", "message", "fix"),
    [
        ("- not_nul", "Generic test `not_nul` does not exist.", "Did you mean `not_null`?"),
        (
            "- not_null: {config: {severty: warn}}",
            "Unknown setting `severty` of a data test.",
            "Did you mean `severity`?",
        ),
        ("- not_null: {severity: loud}", "`severity` must be error or warn.", "Write severity: warn."),
        ("- not_null: {config: {limit: 0}}", "`limit` must be a number of rows.", "Write limit: 100."),
        (
            "- not_null: {config: {store_failures: 'yes'}}",
            "`store_failures` must be true or false.",
            "Remove the quotes.",
        ),
        (
            "- not_null: {config: {store_failures_as: view}}",
            "`store_failures_as` of a data test is not supported.",
            "Remove it.",
        ),
        (
            "- not_null: {arguments: {colum: x}}",
            "Generic test `not_null` has no argument `colum`.",
            "Did you mean `column_name`?",
        ),
        (
            "- accepted_values: {arguments: {words: [a]}}",
            "Generic test `accepted_values` has no argument `words`.",
            "Arguments: values, quote.",
        ),
        (
            "- accepted_values: {valeus: [a]}",
            "Generic test `accepted_values` has no argument `valeus`.",
            "Did you mean `values`?",
        ),
        (
            "- not_null: {severty: warn}",
            "Generic test `not_null` has no argument `severty`.",
            "Did you mean `severity`?",
        ),
        (
            "- accepted_values",
            "Generic test `accepted_values` needs `values`.",
            "Give it as `values:` below `arguments:`.",
        ),
        ("- relationships: {to: ref('orderz'), field: id}", "Model `orderz` does not exist.", "Did you mean `orders`?"),
        (
            "- [not_null]",
            "A data test is one name, with or without settings.",
            "Write `- not_null`, or `- accepted_values:` with its settings indented below it.",
        ),
        (
            "- {not_null: {}, unique: {}}",
            "A data test is one name, with or without settings.",
            "Write `- not_null`, or `- accepted_values:` with its settings indented below it.",
        ),
        ("- not_null: 5", "`not_null` must be a mapping.", "Write one `name: value` a line below it."),
        ("- not_null: {name: 5}", "`name` must be text.", "Quote it."),
    ],
)
def test_a_wrong_test_is_told_at_its_line(tmp_path: Path, tests: str, message: str, fix: str) -> None:
    """Before anything runs, with the nearest name."""
    found = refused(
        tmp_path,
        {
            "models/orders.sql": ORDERS,
            "models/s.yml": f"{SOURCES}models:\n  - name: orders\n{on_column('id', f'          {tests}')}",
        },
    )

    assert [(message_, fix_) for _, _, message_, fix_ in found] == [(message, fix)]
    assert found[0][1].startswith("models/s.yml:12")


def test_what_is_wrong_with_a_test_is_placed_at_its_entry_or_at_the_argument(tmp_path: Path) -> None:
    """Line and column of the key, whether it stands in a line of its own or in brackets; an argument may be a list."""
    tests = """\
          - accepted_values
          - accepted_values:
              arguments:
                quote: true
                values: [1, "{{ nope }}"]
          - relationships: {arguments: {to: ref('orderz'), field: id}}
          - not_null:
              name: other
              colour: red
          - mine: {arguments: {least: 3}}
          - unique
          - unique
"""
    found = refused(
        tmp_path,
        {
            "models/orders.sql": ORDERS,
            "models/s.yml": f"{SOURCES}models:\n  - name: orders\n{on_column('id', tests)}",
            "macros/mine.sql": "{% test mine(model, column_name, least) %}\nselect {{ leest }}\n{% endtest %}",
        },
    )

    assert [(place, message) for _, place, message, _ in found] == [
        ("models/s.yml:12:13", "Generic test `accepted_values` needs `values`."),
        ("models/s.yml:16:17", "`nope` is not defined."),
        ("models/s.yml:17:41", "Model `orderz` does not exist."),
        ("models/s.yml:20:15", "Generic test `not_null` has no argument `colour`."),
        ("macros/mine.sql:2:11", "`leest` is not defined."),
        ("models/s.yml:23:13", "Data test `unique_orders_id` is there twice, first at models/s.yml:22."),
    ]


def test_both_names_of_the_list_of_tests_are_refused(tmp_path: Path) -> None:
    """One of the two lists would be passed over in silence."""
    yaml = f"{SOURCES}models:\n  - name: orders\n    columns: [{{name: id, tests: [unique], data_tests: [not_null]}}]\n"
    assert refused(tmp_path, {"models/orders.sql": ORDERS, "models/s.yml": yaml}) == [
        (
            "duplicate-key",
            "models/s.yml:9:26",
            "`tests` is the old name of `data_tests`: both are given.",
            "Move all of them below `data_tests`.",
        )
    ]


def test_both_names_of_the_list_of_tests_are_refused(tmp_path: Path) -> None:
    """One of the two lists would be passed over in silence."""
    yaml = f"{SOURCES}models:\n  - name: orders\n    columns: [{{name: id, tests: [unique], data_tests: [not_null]}}]\n"
    assert refused(tmp_path, {"models/orders.sql": ORDERS, "models/s.yml": yaml}) == [
        (
            "duplicate-key",
            "models/s.yml:9:26",
            "`tests` is the old name of `data_tests`: both are given.",
            "Move all of them below `data_tests`.",
        )
    ]


def test_two_tests_of_one_name_are_refused(tmp_path: Path) -> None:
    """One of them would hide the other."""
    found = refused(
        tmp_path,
        {
            "models/orders.sql": ORDERS,
            "models/s.yml": f"{SOURCES}models:\n  - name: orders\n"
            + on_column("id", "          - unique\n          - unique"),
            "tests/a/same.sql": "select 1",
            "tests/b/same.sql": "select 1",
        },
    )

    assert [(code, place, message) for code, place, message, _ in found] == [
        ("duplicate-test", "tests/b/same.sql:1:1", "Test `same` is defined twice, first in tests/a/same.sql."),
        (
            "duplicate-test",
            "models/s.yml:13:13",
            "Data test `unique_orders_id` is there twice, first at models/s.yml:12.",
        ),
    ]


def test_settings_of_the_project_are_checked(tmp_path: Path) -> None:
    """A setting that is none, with its place in dbt_project.yml."""
    text = "name: shop\nprofile: shop\ndata_tests:\n  +severty: warn\n  shop:\n    +limit: x\n"
    assert refused(tmp_path, {"dbt_project.yml": text, "models/a.sql": "select 1 as one"}) == [
        (
            "unknown-config",
            "dbt_project.yml:4:3",
            "Unknown setting `severty` of a data test.",
            "Did you mean `severity`?",
        ),
        ("wrong-type", "dbt_project.yml:6:5", "`limit` must be a number of rows.", "Write limit: 100."),
    ]


def test_a_test_that_reads_a_disabled_model_is_left_out(tmp_path: Path) -> None:
    """As in dbt, with a notice."""
    manifest = project(
        tmp_path,
        on_column(
            "parent", "          - relationships: {arguments: {to: ref('old'), field: id}}\n          - not_null\n"
        ),
        models__old="{{ config(enabled=false) }}select 1 as id",
    )

    assert list(manifest.tests) == ["not_null_orders_parent"]
    assert manifest.notices == (
        "Data test relationships_orders_parent__id__ref_old_ is left out: it reads a model that is disabled.",
    )


def test_arguments_outside_of_arguments_are_told_once(tmp_path: Path) -> None:
    """They work; newer versions of dbt refuse them."""
    manifest = project(
        tmp_path,
        on_column("word", "          - accepted_values: {values: [a]}\n          - accepted_values: {values: [b]}\n"),
    )
    assert manifest.notices == (
        "Newer versions of dbt take the arguments of data tests under `arguments:` only (models/s.yml:12, and 1 more).",
    )


# which of them ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("select", "exclude", "expected"),
    [
        ([], [], ["not_null_orders_id", "unique_orders_word", "not_null_below_id", "mine"]),
        (["orders"], [], ["not_null_orders_id", "unique_orders_word", "mine"]),
        (["orders+"], ["below"], ["not_null_orders_id", "unique_orders_word"]),
        (["test_type:singular"], [], ["mine"]),
        (["test_type:generic"], ["test_name:not_null"], ["unique_orders_word"]),
        (["test_name:not_null,orders"], [], ["not_null_orders_id"]),
        (["not_null_below_id"], [], ["not_null_below_id"]),
        (["tag:words"], [], ["unique_orders_word"]),
        (["config.severity:warn"], [], ["unique_orders_word"]),
        (["config.severity:error"], [], ["not_null_orders_id", "not_null_below_id", "mine"]),
        (["config.enabled:true"], ["orders"], ["not_null_below_id"]),
        (["path:tests"], [], ["mine"]),
        (["resource_type:test"], ["resource_type:model"], []),
        (["source:raw"], [], ["not_null_orders_id", "unique_orders_word", "mine"]),
    ],
)
def test_tests_are_selected_by_name_and_by_what_they_read(
    tmp_path: Path, select: list[str], exclude: list[str], expected: list[str]
) -> None:
    """Dbt's methods; a model stands for the tests that read it."""
    yaml = (
        "    columns:\n      - {name: id, data_tests: [not_null]}\n      - name: word\n        data_tests:\n"
        "          - unique: {config: {tags: [words], severity: warn}}\n"
        "  - name: below\n    columns:\n      - {name: id, data_tests: [not_null]}\n"
    )
    manifest = project(
        tmp_path,
        yaml,
        tests__mine="select 1 from {{ ref('orders') }}, {{ ref('below') }}",
        models__below=CHAIN["models__below"],
    )

    assert [test.name for test in manifest.select_tests(select, exclude)] == expected


def test_a_selection_of_tests_alone_builds_no_model(tmp_path: Path) -> None:
    """And one of nothing is an error with the nearest name."""
    manifest = project(tmp_path, on_column("id", "          - unique\n"))

    models, tests, unit_tests = manifest.select_all(["test_name:unique"])

    assert (models, [test.name for test in tests], unit_tests) == ([], ["unique_orders_id"], [])
    with pytest.raises(ConfigError, match="`unique_orders_i` selects no model"):
        manifest.select_all(["unique_orders_i"])


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
