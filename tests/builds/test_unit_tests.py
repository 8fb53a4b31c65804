"""Unit tests on an empty machine: what stands in for the inputs, what differs, what cannot run, what it stops."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pusher.builds.run import Built, build
from pusher.builds.unit_tests import Difference, UnitTestResult, UnitTestRun, run_unit_tests
from pusher.compile import Manifest, inspect
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import ConfigError
from pusher.progress import UnitTestFinished
from tests.builds.support import STILL, Told
from tests.compile.support import compiled

SOURCES = """sources:
  - name: raw
    tables:
      - name: lines
        columns:
          - {name: id, data_type: integer}
          - {name: word, data_type: varchar}
          - {name: price, data_type: "decimal(18, 2)"}
          - {name: day, data_type: date}
          - {name: parts, data_type: "struct(sku varchar, price decimal(9, 2))[]"}
      - name: unknown
"""
MODELS = {
    "models/s.yml": SOURCES,
    "models/kept.sql": "{{ config(materialized='ephemeral') }} select * from {{ source('raw', 'lines') }} where id > 0",
    "models/lines.sql": "select id, upper(word) as word, price * 2 as price, day, parts from {{ ref('kept') }}",
    "models/sums.sql": "select word, sum(price) as total from {{ ref('lines') }} group by word",
}


def told(root: Path, tests: str, **files: str) -> list[UnitTestResult]:
    """Run the unit tests of a project in an empty database."""
    given = {name.replace("__", "/") + ".sql": text for name, text in files.items()}
    return run(compiled(root, {**MODELS, **given, "models/u.yml": f"unit_tests:\n{tests}"}))


def run(manifest: Manifest) -> list[UnitTestResult]:
    """Run all unit tests of a project in an empty database."""
    engine = DuckDBEngine.in_memory(allowed_paths=manifest.source_paths())
    runner = UnitTestRun(manifest, engine, inspect(manifest, engine), STILL)
    try:
        return run_unit_tests(runner, manifest.unit_tests.values(), lambda _: None)
    finally:
        engine.close()


def unit(rows: str, expect: str, of: str = "ref('kept')", model: str = "lines") -> str:
    """Return the YAML of one unit test named `t`."""
    return (
        f"  - name: t\n    model: {model}\n    given:\n      - input: {of}\n        rows: {rows}\n"
        f"    expect:\n      rows: {expect}\n"
    )


@pytest.mark.parametrize(
    ("rows", "expect", "of", "model"),
    [
        ("[{id: 1, word: a, price: 1.25}]", "[{price: 2.5, word: A}]", "ref('kept')", "lines"),
        ("[{ID: 1, Word: a}]", "[{WORD: A, Id: 1}]", "ref('kept')", "lines"),
        ("[{day: 2026-02-03}, {}]", "[{day: null}, {day: '2026-02-03'}]", "ref('kept')", "lines"),
        (
            "[{parts: [{sku: a, price: 1}, {sku: b}]}]",
            "[{parts: [{sku: a, price: '1.00'}, {sku: b, price: null}]}]",
            "ref('kept')",
            "lines",
        ),
        ("[{parts: []}, {parts: null}]", "[{parts: null}, {parts: []}]", "ref('kept')", "lines"),
        ('[{word: "it\'s; -- {x}"}]', '[{word: "IT\'S; -- {X}"}]', "ref('kept')", "lines"),
        ("[{id: 0, word: a}, {id: 1, word: b}]", "[{word: b}]", "source('raw', 'lines')", "kept"),
        ("[{word: a, price: 1}, {word: a, price: 2}]", "[{word: a, total: 3}]", "ref('lines')", "sums"),
        ("[]", "[]", "ref('lines')", "sums"),
    ],
)
def test_given_rows_stand_in_for_what_the_model_reads(
    tmp_path: Path, rows: str, expect: str, of: str, model: str
) -> None:
    """Ephemeral models, views and sources; absent columns are NULL, values take the types of their columns."""
    (result,) = told(tmp_path, unit(rows, expect, of=of, model=model))
    assert (result.status, result.message, result.difference) == ("pass", "", None)


def test_rows_that_differ_are_told_from_both_sides(tmp_path: Path) -> None:
    """How often a row comes counts; what is expected has the types of the model."""
    rows = "[{word: a, price: 1}, {word: a, price: 1}, {word: b, price: 2}]"
    (result,) = told(tmp_path, unit(rows, "[{word: A, price: 2}, {word: B, price: 5}, {word: null}]"))
    two, four = Decimal("2.00"), Decimal("4.00")
    assert result.difference == Difference(
        ("word", "price"), (("B", Decimal("5.00")), (None, None)), (("A", two), ("B", four)), 2, 2
    )
    assert (result.status, result.message, result.fix) == (
        "fail",
        "t: 2 expected rows are missing and 2 rows are not expected (lines).",
        "Correct models/lines.sql, or what the test expects.",
    )
    assert result.problem.place == "models/u.yml:2:1"
    assert result.as_json() == {
        "name": "t",
        "kind": "unit",
        "model": "lines",
        "source": None,
        "model_column": None,
        "status": "fail",
        "severity": "error",
        "failures": 1,
        "seconds": 0.0,
        "file": "models/u.yml",
        "line": 2,
        "message": "t: 2 expected rows are missing and 2 rows are not expected (lines).",
        "fix": "Correct models/lines.sql, or what the test expects.",
        "stored": None,
        "reused": False,
        "difference": {
            "columns": ["word", "price"],
            "missing": [["B", "5.00"], [None, None]],
            "unexpected": [["A", "2.00"], ["B", "4.00"]],
            "missing_rows": 2,
            "unexpected_rows": 2,
        },
    }


def test_of_many_rows_that_differ_some_are_kept(tmp_path: Path) -> None:
    """All are counted."""
    rows = "[" + ", ".join(f"{{id: {number}}}" for number in range(30)) + "]"
    (result,) = told(tmp_path, unit(rows, "[]"))
    assert result.difference is not None
    assert len(result.difference.unexpected) == 20
    assert (result.difference.missing_count, result.difference.unexpected_count) == (0, 30)
    assert result.message == "t: 30 rows are not expected (lines)."


def test_nested_values_stand_in_the_json_as_such(tmp_path: Path) -> None:
    """Lists and structs, and numbers of the warehouse as text."""
    rows = "[{parts: [{sku: a, price: 1}], day: 2026-01-02}]"
    (result,) = told(tmp_path, unit(rows, "[{parts: [], day: null}]"))
    assert result.as_json()["difference"] == {
        "columns": ["parts", "day"],
        "missing": [[[], None]],
        "unexpected": [[[{"sku": "a", "price": "1.00"}], "2026-01-02"]],
        "missing_rows": 1,
        "unexpected_rows": 1,
    }


def test_expected_rows_may_be_a_query(tmp_path: Path) -> None:
    """Its columns are those that are compared, in its order."""
    yaml = unit("[{id: 1, word: a}]", "select 'A' as word, 1 as id\n      format: sql")
    (result,) = told(tmp_path, yaml)
    assert (result.status, result.message) == ("pass", "")


def test_a_seed_stands_in_by_its_own_rows(tmp_path: Path) -> None:
    """One that cannot be read is told."""
    files = {
        "seeds/rates.csv": "code,rate\nA,2\n",
        "models/m.sql": "select code, rate * 2 as twice from {{ ref('rates') }}",
        "models/u.yml": (
            "unit_tests:\n  - name: t\n    model: m\n    given: [{input: ref('rates')}]\n"
            "    expect: {rows: [{code: A, twice: 4}]}\n"
        ),
    }
    (good,) = run(compiled(tmp_path, files))
    manifest = compiled(tmp_path, files)
    engine = DuckDBEngine.in_memory(allowed_paths=manifest.source_paths())
    runner = UnitTestRun(manifest, engine, inspect(manifest, engine), STILL)
    (tmp_path / "seeds/rates.csv").write_text("code,rate\nA\n")
    bad = runner.run(manifest.unit_tests["t"])
    engine.close()
    assert good.status == "pass"
    assert (bad.status, bad.problem.line, bad.message) == (
        "error",
        4,
        "t: Line 2 of rates.csv has another number of fields than the header: 1, not 2.",
    )


def test_rows_of_a_seed_are_masked_in_a_difference(tmp_path: Path) -> None:
    """They are no made-up ones: what is tagged, called or looks like an identifier is hidden."""
    files = {
        "seeds/people.csv": "id,email,contact,code\n1,ann@example.org,bo@example.org,A\n",
        "models/m.sql": "select * from {{ ref('people') }}",
        "models/u.yml": (
            "unit_tests:\n  - name: t\n    model: m\n    given: [{input: ref('people')}]\n    expect: {rows: []}\n"
        ),
    }
    (result,) = run(compiled(tmp_path, files))
    assert result.difference is not None
    assert result.difference.unexpected == ((1, "****", "****", "A"),)


def test_inputs_of_one_name_in_two_schemas_stay_apart(tmp_path: Path) -> None:
    """Of models and of sources."""
    files = {
        "models/a.sql": "{{ config(alias='x', schema='one') }}select 1 as i",
        "models/b.sql": "{{ config(alias='x', schema='two') }}select 1 as i",
        "models/s.yml": (
            "sources: [{name: raw, schema: main_one, tables: [{name: t, identifier: x, columns: [{name: i, "
            "data_type: int}]}, {name: u, identifier: x, columns: [{name: i, data_type: int}]}]}]"
        ),
        "models/c.sql": (
            "select a.i as a, b.i as b, t.i as t, u.i as u from {{ ref('a') }} as a, {{ ref('b') }} as b, "
            "{{ source('raw', 't') }} as t, {{ source('raw', 'u') }} as u"
        ),
        "models/u.yml": (
            "unit_tests:\n  - name: t\n    model: c\n    given:\n      - {input: ref('a'), rows: [{i: 1}]}\n"
            "      - {input: ref('b'), rows: [{i: 2}]}\n      - {input: \"source('raw', 't')\", rows: [{i: 3}]}\n"
            "      - {input: \"source('raw', 'u')\", rows: [{i: 4}]}\n"
            "    expect: {rows: [{a: 1, b: 2, t: 3, u: 4}]}\n"
        ),
    }
    (result,) = run(compiled(tmp_path, files))
    assert (result.status, result.message) == ("pass", "")


CANNOT = {
    "input left out": (
        unit("[]", "[]", of="ref('lines')", model="both"),
        (
            "t: `both` reads ref('kept'), and the test gives no rows for it.",
            "Add `- input: ref('kept')` with its rows, or `rows: []`.",
            2,
        ),
    ),
    "template that gives up": (
        unit("[]", "[]", of="ref('lines')", model="gives_up") + "    overrides: {vars: {up: true}}\n",
        ("t: No (models/gives_up.sql:1:40).", "The model or macro raises this itself.", 2),
    ),
    "query of the expected rows": (
        unit("[]", "select 1 as wort\n      format: sql"),
        ("t: lines has no column `wort`.", "Did you mean `word`?", 7),
    ),
    "expected query that is none": (
        unit("[]", "delete from x\n      format: sql"),
        (
            "the query of the expected rows is wrong: A model is exactly one SELECT; this is DELETE.",
            "Write the SELECT alone: its view or table is created by the build.",
            7,
        ),
    ),
    "model whose SQL is wrong": (
        unit("[]", "[]", of="ref('lines')", model="wrong"),
        (
            't: the SQL of wrong is wrong (models/wrong.sql:1:8): Referenced column "idd" not found in FROM clause.',
            "Did you mean `id`?",
            2,
        ),
    ),
    "value of another type": (
        unit("\n          - {id: 1}\n          - {id: 2, price: cheap}", "[]"),
        ("t: `cheap` for column `price` of ref('kept') is no DECIMAL(18,2).", "Correct the value.", 8),
    ),
    "expected value of another type": (
        unit("[{id: 1}]", "\n        - {id: one}"),
        ("t: `one` for column `id` of the expected rows is no INTEGER.", "Correct the value.", 9),
    ),
    "unknown column of an input": (
        unit("[{ids: 1}]", "[]"),
        ("t: ref('kept') has no column `ids`.", "Did you mean `id`?", 6),
    ),
    "unknown column of the model": (
        unit("[{id: 1}]", "[{wort: a}]"),
        ("t: lines has no column `wort`.", "Did you mean `word`?", 7),
    ),
    "query of an input": (
        unit("select id frm x\n        format: sql", "[]"),
        (
            "the query of ref('kept') is wrong: Syntax error at or near \"x\".",
            None,
            5,
        ),
    ),
    "input without known columns": (
        unit("[]", "[]", of="source('raw', 'unknown')", model="late"),
        (
            "t: the columns of source('raw', 'unknown') are not known.",
            "Run `pusher lint`: it says what is wrong there.",
            5,
        ),
    ),
    "SQL that these rows break": (
        unit("[{word: x}]", "[]", of="ref('lines')", model="numbers"),
        (
            "t: numbers fails on the given rows: A text cannot be converted to INT32 in column word.",
            "Guard the cast: case when regexp_matches(...) then cast(...) end.",
            2,
        ),
    ),
}


@pytest.mark.parametrize(("yaml", "expected"), CANNOT.values(), ids=CANNOT.keys())
def test_what_cannot_run_says_why_and_where(tmp_path: Path, yaml: str, expected: tuple[str, str | None, int]) -> None:
    """A value that does not fit is no NULL, as it is in dbt."""
    (result,) = told(
        tmp_path,
        yaml,
        models__late="select * from {{ source('raw', 'unknown') }}",
        models__both="select 1 as id from {{ ref('lines') }}, {{ ref('kept') }}",
        models__gives_up=(
            "{% if var('up', false) %}{{ exceptions.raise_compiler_error('No.') }}{% endif %}"
            "select id from {{ ref('lines') }}"
        ),
        models__wrong="select idd from {{ ref('lines') }}",
        models__numbers="select word::integer as number from {{ ref('lines') }}",
    )
    assert result.status == "error"
    assert (result.message.replace("t: the query", "the query"), result.fix, result.problem.line) == expected


def built(root: Path, files: Mapping[str, str], told: Told) -> tuple[Built, dict[str, str]]:
    """Build a project with its tests; returns what became of it, and its relations."""
    manifest = compiled(root, files)
    engine = DuckDBEngine.open(root / "shop.duckdb")
    empty = DuckDBEngine.in_memory()
    found = build(
        manifest,
        engine,
        listener=told,
        clock=STILL,
        tests=manifest.tests.values(),
        unit_tests=manifest.unit_tests.values(),
        unit_test_run=UnitTestRun(manifest, empty, inspect(manifest, empty), STILL),
    )
    relations: dict[str, Any] = dict(
        engine.rows("select table_name, table_type from information_schema.tables order by all")
    )
    engine.close()
    empty.close()
    return found, relations


def test_a_unit_test_that_fails_stops_its_model_and_what_is_below(tmp_path: Path) -> None:
    """It runs before its model; tests of what is below are skipped, what is beside is built."""
    files = {
        "models/a.sql": "select 1 as id",
        "models/b.sql": "{{ config(materialized='ephemeral') }} select id + 1 as id from {{ ref('a') }}",
        "models/c.sql": "select id from {{ ref('b') }}",
        "models/d.sql": "select id from {{ ref('a') }}",
        "models/u.yml": (
            "models: [{name: c, columns: [{name: id, data_tests: [not_null]}]}]\n"
            "unit_tests:\n"
            "  - {name: of_a, model: a, given: [], expect: {rows: [{id: 1}]}}\n"
            "  - {name: of_b, model: b, given: [{input: ref('a'), rows: [{id: 1}]}], expect: {rows: [{id: 1}]}}\n"
            "  - {name: of_c, model: c, given: [{input: ref('b'), rows: []}], expect: {rows: []}}\n"
        ),
    }
    heard = Told()
    found, relations = built(tmp_path, files, heard)
    assert [(one.model, one.status) for one in found.models] == [("a", "built"), ("d", "built"), ("c", "skipped")]
    assert [(one.test.name, one.status) for one in found.tests] == [
        ("of_a", "pass"),
        ("of_b", "fail"),
        ("of_c", "skipped"),
        ("not_null_c_id", "skipped"),
    ]
    assert relations == {"a": "VIEW", "d": "VIEW"}
    finished = [event for event in heard.events if isinstance(event, UnitTestFinished)]
    assert finished == [
        UnitTestFinished("of_a", "pass", 0.0),
        UnitTestFinished("of_b", "fail", 0.0),
        UnitTestFinished("of_c", "skipped", 0.0),
    ]


def test_unit_tests_are_selected_by_name_type_tag_path_and_model(tmp_path: Path) -> None:
    """A model stands for its tests."""
    files = {
        **MODELS,
        "models/deep/u.yml": (
            "unit_tests:\n"
            "  - {name: one, model: lines, config: {tags: slow}, expect: {rows: []},\n"
            "     given: [{input: ref('kept'), rows: []}]}\n"
            "  - {name: two, model: sums, given: [{input: ref('lines'), rows: []}], expect: {rows: []}}\n"
            "  - {name: three, model: sums, config: {enabled: false}, given: [], expect: {rows: []}}\n"
        ),
    }
    manifest = compiled(tmp_path, files)

    def named(*select: str, exclude: tuple[str, ...] = ()) -> list[str]:
        return [one.name for one in manifest.select_all(select, exclude).unit_tests]

    assert named() == ["one", "two"]
    assert named("one") == ["one"]
    assert named("test_type:unit") == named("resource_type:unit_test") == named("path:models/deep") == ["one", "two"]
    assert named("tag:slow") == named("config.tags:slow") == named("lines") == ["one"]
    assert named("lines+") == ["one", "two"]
    with pytest.raises(ConfigError, match="selects no model"):
        named("test_type:data")
    assert named(exclude=("sums",)) == ["one"]
    assert [one.name for one in manifest.select_all(["test_type:unit"]).models] == []
