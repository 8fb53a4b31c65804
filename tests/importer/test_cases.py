"""Queries of four platforms become models that compile, lint, build and give the rows that were computed by hand."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pusher.importer.models import quoted
from tests.cli.conftest import pusher
from tests.importer.support import AS_OF, CASES, Case, bring, make_project, read_case, rows_of

ALL = [read_case(path) for path in sorted(CASES.glob("*.sql"))]
BUILT = [case for case in ALL if not case.refused]
REFUSED = [case for case in ALL if case.refused]


def test_there_are_queries_of_all_dialects() -> None:
    """At least three of each."""
    counts = {
        dialect: sum(case.dialect == dialect for case in BUILT)
        for dialect in ("presto", "snowflake", "bigquery", "spark")
    }
    assert min(counts.values()) >= 3
    assert len(BUILT) >= 13


@pytest.mark.parametrize("case", BUILT, ids=lambda case: case.name)
def test_the_models_of_a_query_give_its_rows(case: Case, tmp_path: Path) -> None:
    """Each change is told, lint finds no error, the tests of the build pass, and every value is right."""
    make_project(tmp_path, case.tables)
    root = str(tmp_path)
    brought = bring(tmp_path, "orders", case.query, "--dialect", case.dialect, "--json", *case.options)
    assert (brought.code, brought.json["errors"]) == (0, [])

    linted = pusher("lint", "--json", "--project-dir", root, "--vars", AS_OF).json
    assert linted["errors"] == []
    told = [f"{one['rule']} {one['message']}" for one in linted["findings"] if one["severity"] != "note"]
    built = pusher("build", "--json", "--project-dir", root, "--vars", AS_OF).json
    assert (built["exit_code"], built["errors"]) == (0, [])

    assert rows_of(tmp_path, brought.json["view"]) == sorted(
        case.rows, key=lambda row: [str(value) for value in row.values()]
    )
    assert told == case.lint
    changes = [
        f"{one['line']}:{one['column']} {one['kind']} {one['old']} -> {one['new']}".rstrip()
        for one in brought.json["changes"]
    ]
    assert changes == case.changes
    assert all(one["why"].endswith(".") for one in brought.json["changes"])


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_what_cannot_be_carried_over_is_said_with_its_place(case: Case, tmp_path: Path) -> None:
    """Exit 2, everything at once, and nothing is written."""
    make_project(tmp_path)
    brought = bring(tmp_path, "orders", case.query, "--dialect", case.dialect, "--json", *case.options)
    told = [f"{one['line']}:{one['column']} {one['code']} {one['message']}" for one in brought.json["errors"]]
    assert (brought.code, told) == (2, case.refused)
    assert all(one["fix"] for one in brought.json["errors"])
    assert list((tmp_path / "models").iterdir()) == []


def test_names_that_duckdb_keeps_for_itself_are_quoted() -> None:
    """Every word that the engine refuses as the name of a column or of a CTE, and no other."""
    with duckdb.connect() as connection:
        words = [word for (word,) in connection.execute("select keyword_name from duckdb_keywords()").fetchall()]
        for word in words:
            try:
                connection.execute(f'select {word} from (select 1 as "{word}") as t order by t.{word}')
                connection.execute(f"create or replace temp table made ({word} integer)")
                connection.execute(f"with {word} as (select 1 as x) select x from {word}")
            except duckdb.Error:
                assert quoted(word) == f'"{word}"'
            else:
                assert quoted(word) == word
