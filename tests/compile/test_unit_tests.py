"""Unit tests in YAML: every mistake has its place, and overrides reach the render."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.compile.support import compiled, refused

MODELS = {
    "models/a.sql": "select 1 as id, 'x' as word",
    "models/m.sql": "select id from {{ ref('a') }}",
    "models/s.yml": "sources: [{name: raw, tables: [{name: t, columns: [{name: id, data_type: int}]}]}]",
}
GIVEN = "given: [{input: ref('a'), rows: []}]"
EXPECT = "expect: {rows: []}"


def unit(text: str, **files: str) -> dict[str, str]:
    """Return a project with one unit test."""
    more = {name.replace("__", "/") + ".sql": sql for name, sql in files.items()}
    return {**MODELS, **more, "models/u.yml": f"unit_tests:\n  - {{{text}}}\n"}


def sql(root: Path, text: str, **files: str) -> str:
    """Return the SQL that a unit test runs."""
    (test,) = compiled(root, unit(text, **files)).unit_tests.values()
    return test.compiled_sql


AT = "models/u.yml:2:5"
WRONG = {
    "no mapping": (
        {**MODELS, "models/u.yml": "unit_tests: {name: t}"},
        ("wrong-type", "models/u.yml:1:1", "`unit_tests` must be a list.", "Start each with `- name:`."),
    ),
    "no model": (
        unit(f"name: t, {GIVEN}, {EXPECT}"),
        ("wrong-type", AT, "A unit test needs `name` and `model`, as text.", "Write both, in quotes."),
    ),
    "name that YAML reads as true": (
        unit(f"name: on, model: m, {GIVEN}, {EXPECT}"),
        (
            "misread-value",
            "models/u.yml:2:6",
            "YAML reads `on` as a truth value.",
            "Write true or false, or put it in quotes: 'on'.",
        ),
    ),
    "nothing expected": (
        unit(f"name: t, model: m, {GIVEN}"),
        ("missing-key", AT, "A unit test needs `expect`.", "Write expect: {rows: [...]}, an empty list for no rows."),
    ),
    "given is a text": (
        unit(f"name: t, model: m, given: x, {EXPECT}"),
        ("wrong-type", "models/u.yml:2:25", "`given` must be a list.", "Start each with `- input:`."),
    ),
    "input is a text": (
        unit(f"name: t, model: m, given: [x], {EXPECT}"),
        (
            "wrong-type",
            "models/u.yml:2:33",
            "Each entry of `given` needs `input`, as text.",
            "Write input: ref('model'), source('source', 'table') or this.",
        ),
    ),
    "expected is a list": (
        unit(f"name: t, model: m, {GIVEN}, expect: []"),
        ("wrong-type", "models/u.yml:2:63", "`expect` must be a mapping.", "Write rows: [...] below it."),
    ),
    "overrides are a list": (
        unit(f"name: t, model: m, overrides: [x], {GIVEN}, {EXPECT}"),
        ("wrong-type", "models/u.yml:2:25", "`overrides` must be a mapping.", "Write `name: value` below it."),
    ),
    "unknown key": (
        unit(f"name: t, modell: x, model: m, {GIVEN}, {EXPECT}"),
        ("unknown-key", "models/u.yml:2:15", "Unknown key `modell`.", "Did you mean `model`?"),
    ),
    "versions": (
        unit(f"name: t, model: m, versions: {{include: [1]}}, {GIVEN}, {EXPECT}"),
        ("unsupported-feature", "models/u.yml:2:25", "`versions` is not supported.", "Remove it."),
    ),
    "unknown model": (
        unit(f"name: t, model: mm, {GIVEN}, {EXPECT}"),
        ("missing-model", "models/u.yml:2:1", "Model `mm` does not exist.", "Did you mean `m`?"),
    ),
    "unknown input": (
        unit(f"name: t, model: m, given: [{{input: ref('a'), rows: []}}, {{input: ref('aa'), rows: []}}], {EXPECT}"),
        ("missing-ref", "models/u.yml:2:1", "Model `aa` does not exist.", "Did you mean `a`?"),
    ),
    "unknown source": (
        unit(
            "name: t, model: m, given: [{input: ref('a'), rows: []}, {input: 'source(\"raw\", \"tt\")', rows: []}], "
            + EXPECT
        ),
        ("missing-source", "models/u.yml:2:1", "Source `raw.tt` does not exist.", "Did you mean `raw.t`?"),
    ),
    "no input": (
        unit(f"name: t, model: m, given: [{{input: a, rows: []}}], {EXPECT}"),
        (
            "wrong-value",
            "models/u.yml:2:34",
            "`a` is no input.",
            "Write ref('model'), source('source', 'table') or this.",
        ),
    ),
    "no rows": (
        unit(f"name: t, model: m, given: [{{input: ref('a')}}], {EXPECT}"),
        ("missing-rows", "models/u.yml:2:1", "The test gives no rows for ref('a').", "Write `rows: []`."),
    ),
    "rows are text": (
        unit(f"name: t, model: m, given: [{{input: ref('a'), rows: x}}], {EXPECT}"),
        ("wrong-type", "models/u.yml:2:51", "`rows` must be a list of mappings.", "Write `- {column: value}`."),
    ),
    "csv rows are a list": (
        unit(f"name: t, model: m, given: [{{input: ref('a'), format: csv, rows: []}}], {EXPECT}"),
        ("wrong-type", "models/u.yml:2:33", "With format csv `rows` is a text.", "Write `rows: |` and the text."),
    ),
    "ragged csv": (
        unit(f"name: t, model: m, given: [{{input: ref('a'), format: csv, rows: \"id,word\\n1\"}}], {EXPECT}"),
        (
            "bad-csv",
            "models/u.yml:2:64",
            "The rows are no CSV with a header.",
            "Write the names of the columns in the first line, and as many fields in every other one.",
        ),
    ),
    "unknown format": (
        unit(f"name: t, model: m, given: [{{input: ref('a'), format: cvs, rows: []}}], {EXPECT}"),
        ("wrong-value", "models/u.yml:2:51", "Unknown format `cvs`.", "Did you mean `csv`?"),
    ),
    "no such fixture": (
        unit(f"name: t, model: m, given: [{{input: ref('a'), format: csv, fixture: rows}}], {EXPECT}"),
        (
            "missing-fixture",
            "models/u.yml:2:64",
            "There is no fixture `rows` of format csv.",
            "Write tests/fixtures/rows.csv, and `format: csv` or `format: sql`.",
        ),
    ),
    "country that YAML reads as false": (
        unit(f"name: t, model: m, given: [{{input: ref('a'), rows: [{{word: NO}}]}}], {EXPECT}"),
        (
            "misread-value",
            "models/u.yml:2:59",
            "YAML reads `NO` as a truth value.",
            "Write true or false, or put it in quotes: 'NO'.",
        ),
    ),
    "unknown macro": (
        unit(f"name: t, model: m, overrides: {{macros: {{is_incremental: false, dubled: 1}}}}, {GIVEN}, {EXPECT}"),
        ("missing-macro", "models/u.yml:2:1", "Macro `dubled` does not exist.", "Did you mean `doubled`?"),
    ),
    "unknown override": (
        unit(f"name: t, model: m, overrides: {{variables: {{a: 1}}}}, {GIVEN}, {EXPECT}"),
        ("unknown-key", "models/u.yml:2:37", "Unknown key `variables`.", "Did you mean `vars`?"),
    ),
    "tags are numbers": (
        unit(f"name: t, model: m, config: {{tags: 1}}, {GIVEN}, {EXPECT}"),
        ("wrong-type", "models/u.yml:2:34", "`tags` must be text or a list of texts.", "Write tags=['a', 'b']."),
    ),
}
GROWS = (
    "{{ config(materialized='incremental') }} select id from {{ ref('a') }}"
    "{% if is_incremental() %} where id > (select max(id) from {{ this }}){% endif %}"
)
MACROS = {
    "macros/all.sql": (
        "{% macro doubled(x) %}{{ x }} * 2{% endmacro %}{% macro outer() %}{{ doubled('a') }}{% endmacro %}"
    )
}


@pytest.mark.parametrize(("files", "expected"), WRONG.values(), ids=WRONG.keys())
def test_every_mistake_in_a_unit_test_has_its_place(
    tmp_path: Path, files: Mapping[str, str], expected: tuple[str, str, str, str]
) -> None:
    """Found when the project is read, before anything runs."""
    assert refused(tmp_path, {**files, **MACROS, "models/grows.sql": GROWS}) == [expected]


CANNOT_RUN = {
    "input left out": (
        unit(f"name: t, model: m, given: [], {EXPECT}"),
        (
            "missing-input",
            "models/u.yml:2:1",
            "`m` reads ref('a'), and the test gives no rows for it.",
            "Add `- input: ref('a')` with its rows, or `rows: []`.",
        ),
    ),
    "incremental without a word": (
        unit(f"name: t, model: grows, {GIVEN}, {EXPECT}"),
        (
            "missing-override",
            "models/u.yml:2:1",
            "`grows` asks is_incremental(), and the test does not say what it is.",
            "Write overrides: {macros: {is_incremental: false}}, or true.",
        ),
    ),
    "incremental without its table": (
        unit(f"name: t, model: grows, overrides: {{macros: {{is_incremental: true}}}}, {GIVEN}, {EXPECT}"),
        (
            "missing-input",
            "models/u.yml:2:1",
            "`grows` adds rows to its table in this test, which gives no rows of that table.",
            "Add `- input: this` with its rows, or `rows: []`.",
        ),
    ),
}


@pytest.mark.parametrize(("files", "expected"), CANNOT_RUN.values(), ids=CANNOT_RUN.keys())
def test_what_a_unit_test_lacks_is_told_when_it_runs(
    tmp_path: Path, files: Mapping[str, str], expected: tuple[str, str, str, str]
) -> None:
    """Everything else of the project can be checked and built."""
    (test,) = compiled(tmp_path, {**files, **MACROS, "models/grows.sql": GROWS}).unit_tests.values()
    assert test.problem is not None
    assert (test.problem.code, f"{test.file}:{test.line}:1", test.problem.message, test.problem.fix) == expected


def test_two_unit_tests_of_one_name_are_told(tmp_path: Path) -> None:
    """With the place of the first."""
    one = f"  - {{name: t, model: m, {GIVEN}, {EXPECT}}}\n"
    assert refused(tmp_path, {**MODELS, "models/u.yml": f"unit_tests:\n{one}{one}"}) == [
        (
            "duplicate-test",
            "models/u.yml:3:1",
            "Unit test `t` is there twice, first at models/u.yml:2.",
            "Rename one of them.",
        )
    ]


def test_a_unit_test_of_a_disabled_model_is_left_out_with_a_notice(tmp_path: Path) -> None:
    """It is no mistake: models are switched off by variables."""
    files = unit(f"name: t, model: m, {GIVEN}, {EXPECT}", models__m="{{ config(enabled=false) }} select 1 as id")
    manifest = compiled(tmp_path, files)
    assert manifest.unit_tests == {}
    assert manifest.notices == ("Unit test t is left out: its model is disabled.",)


def test_overrides_reach_macros_variables_and_the_environment(tmp_path: Path) -> None:
    """A macro that another one calls, one of a package, one by the project's name; the rest of the project stays."""
    asks = (
        "select '{{ outer() }} {{ shop.doubled(1) }} {{ dbt_utils.slugify('A b') }} {{ dbt.current_timestamp() }}"
        " {{ var('v', 0) }} {{ env_var('PUSHER_E', 'none') }}' as said from {{ ref('a') }}"
    )
    overrides = (
        "overrides: {macros: {doubled: twice, dbt_utils.slugify: slug}, vars: {v: 7}, env_vars: {PUSHER_E: moon}}"
    )
    text = f"name: t, model: asks, {overrides}, {GIVEN}, {EXPECT}"
    files = {**unit(text, models__asks=asks), **MACROS}
    manifest = compiled(tmp_path, files)
    assert manifest.unit_tests["t"].compiled_sql == (
        'select \'twice twice slug now() 7 moon\' as said from "shop"."unit test main"."a"'
    )
    assert manifest.models["asks"].compiled_sql == (
        'select \'a * 2 1 * 2 a_b now() 0 none\' as said from "shop"."main"."a"'
    )


def test_this_is_the_given_table_in_a_later_build(tmp_path: Path) -> None:
    """`is_incremental()` is what the test says."""
    given = "given: [{input: ref('a'), rows: []}, {input: this, rows: []}]"
    text = f"name: t, model: grows, overrides: {{macros: {{is_incremental: true}}}}, {given}, {EXPECT}"
    assert sql(tmp_path, text, models__grows=GROWS) == (
        ' select id from "shop"."unit test main"."a" where id > (select max(id) from "shop"."unit test this"."grows")'
    )


def test_rows_come_from_files_of_the_fixtures_folder(tmp_path: Path) -> None:
    """They are no data tests; a query may use Jinja."""
    given = "given: [{input: ref('a'), format: sql, fixture: one}]"
    files = {
        **unit(f"name: t, model: m, {given}, expect: {{format: csv, fixture: ids}}"),
        "tests/fixtures/one.sql": "select {{ var('one', 1) }} as id\n",
        "tests/fixtures/ids.csv": "id,word\n1,\n",
    }
    manifest = compiled(tmp_path, files)
    test = manifest.unit_tests["t"]
    assert test.given[0][0].fixture.query == "select 1 as id"
    assert [row.values for row in test.written.expect.rows] == [{"id": "1", "word": None}]
    assert manifest.tests == {}


def test_other_tables_beside_tests_are_left_alone(tmp_path: Path) -> None:
    """However large they are; two fixtures of one name are not."""
    big = {**MODELS, "tests/data/big.csv": "a\n" * 600_000, "tests/data/latin.csv": "a\n"}
    assert compiled(tmp_path, big).tests == {}
    twice = {"tests/fixtures/a/rows.csv": "id\n1\n", "tests/fixtures/b/rows.csv": "id\n2\n"}
    assert refused(tmp_path, twice) == [
        (
            "duplicate-fixture",
            "tests/fixtures/b/rows.csv:1:1",
            "Fixture `rows` is defined twice, first in tests/fixtures/a/rows.csv.",
            "Rename one of the files.",
        )
    ]
