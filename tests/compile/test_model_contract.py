"""An enforced contract: the columns of a model are those of its YAML, in lint and in a build."""

from __future__ import annotations

from pathlib import Path

import pytest

from pusher.builds.run import build
from pusher.compile import inspect
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import BuildError, Problem
from tests.compile.support import compiled, refused

MODEL = "select 1 as id, cast('2026-01-02' as date) as day, 2.5 as price"
GOOD = "{name: Price, data_type: 'decimal(2, 1)'}, {name: id, data_type: int}, {name: day, data_type: DATE}"


def files(columns: str, *, contract: str = "{enforced: true}", materialized: str = "table") -> dict[str, str]:
    """Return a project with a model `m` and one that reads it."""
    config = f"config: {{materialized: {materialized}, contract: {contract}}}"
    return {
        "models/m.sql": MODEL,
        "models/below.sql": "select id from {{ ref('m') }}",
        "models/m.yml": f"models:\n  - name: m\n    {config}\n    columns:\n      [{columns}]\n",
    }


def told(root: Path, given: dict[str, str]) -> tuple[list[Problem], list[Problem]]:
    """Return what the binder says on empty tables, and what a build says."""
    manifest = compiled(root, given)
    empty = DuckDBEngine.in_memory()
    found = inspect(manifest, empty).problems
    empty.close()
    engine = DuckDBEngine.open(root / "shop.duckdb")
    with pytest.raises(BuildError) as caught:
        build(manifest, engine)
    engine.close()
    return found, list(caught.value.problems)


@pytest.mark.parametrize(
    ("materialized", "order"), [("table", ["Price", "id", "day"]), ("view", ["id", "day", "price"])]
)
def test_a_kept_contract_gives_tables_their_order(tmp_path: Path, materialized: str, order: list[str]) -> None:
    """As in dbt; types are the same however they are written."""
    manifest = compiled(tmp_path, files(GOOD, materialized=materialized))
    engine = DuckDBEngine.open(tmp_path / "shop.duckdb")
    build(manifest, engine)
    names = [column.name for column in engine.columns("from m")]
    engine.close()
    assert [name.lower() for name in names] == [name.lower() for name in order]


BROKEN = {
    "missing column": (
        GOOD + ", {name: dau, data_type: date}",
        [("`dau` is in the contract of `m` and is not selected.", "Did you mean `day`?")],
    ),
    "extra columns": (
        "{name: id, data_type: integer}",
        [
            (
                "`day` is selected and is not in the contract of `m`.",
                "Add it with data_type: date, or do not select it.",
            ),
            (
                "`price` is selected and is not in the contract of `m`.",
                "Add it with data_type: decimal(2,1), or do not select it.",
            ),
        ],
    ),
    "other type": (
        GOOD.replace("int}", "bigint}"),
        [("`id` is INTEGER, and the contract of `m` says BIGINT.", "Cast it to BIGINT, or correct the contract.")],
    ),
    "no type": (
        GOOD.replace(", data_type: int", ""),
        [("`id` has no data_type, and the contract of `m` is enforced.", "Write data_type: integer.")],
    ),
    "unknown type": (
        GOOD.replace("data_type: int", "data_type: intt"),
        [("`intt` is not a type of column `id`.", "Write data_type: integer.")],
    ),
    "no columns": (
        "",
        [
            (
                "`m` has an enforced contract without columns.",
                "List its columns with data_type under `columns:` of its YAML.",
            )
        ],
    ),
}


@pytest.mark.parametrize(("columns", "expected"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_contract_is_told_by_lint_and_by_the_build(
    tmp_path: Path, columns: str, expected: list[tuple[str, str]]
) -> None:
    """With all that is wrong; nothing is built."""
    for found in told(tmp_path, files(columns)):
        assert [(one.message, one.fix) for one in found] == expected
        assert {(one.code, one.file) for one in found} == {("contract", "models/m.yml")}
    engine = DuckDBEngine.open(tmp_path / "shop.duckdb")
    assert engine.rows("select table_name from information_schema.tables") == []
    engine.close()


def test_a_contract_that_is_not_enforced_says_nothing(tmp_path: Path) -> None:
    """Nor do its constraints, as in dbt."""
    columns = "{name: id, data_type: varchar, constraints: [{type: not_null}]}"
    manifest = compiled(tmp_path, files(columns, contract="{enforced: false}"))
    engine = DuckDBEngine.in_memory()
    assert inspect(manifest, engine).problems == []
    engine.close()


def test_constraints_of_an_enforced_contract_are_refused_by_name(tmp_path: Path) -> None:
    """Nothing would enforce them."""
    columns = GOOD.replace("int}", "int, constraints: [{type: not_null}]}")
    assert refused(tmp_path, files(columns)) == [
        (
            "unsupported-feature",
            "models/m.yml:5:1",
            "`constraints` are not supported.",
            "Write data tests, such as not_null and unique.",
        )
    ]


def test_a_contract_is_a_mapping(tmp_path: Path) -> None:
    """The short form of nothing."""
    assert refused(tmp_path, files(GOOD, contract="true")) == [
        (
            "wrong-type",
            "models/m.yml:3:35",
            "`contract` must be a mapping with `enforced`.",
            "Write contract: {enforced: true}.",
        )
    ]


def test_an_incremental_model_keeps_its_contract_in_every_build(tmp_path: Path) -> None:
    """Rows are added under the names of the table, whatever the order of the contract."""
    given = files(GOOD, materialized="incremental")
    engine = DuckDBEngine.open(tmp_path / "shop.duckdb")
    manifest = compiled(tmp_path, given)
    build(manifest, engine)
    build(manifest.standing(["m"]), engine)
    assert engine.rows("select id, day::varchar, price::varchar from m") == [(1, "2026-01-02", "2.5")] * 2
    engine.close()
