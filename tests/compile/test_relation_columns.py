"""Templates that write SQL from the columns of relations, without a warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pusher.compile import Manifest, infer, load
from pusher.config import load_project_file
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import CompileError
from tests.compile.support import STARTED, problems, profile, write

SOURCES = (
    "sources: [{name: raw, tables: [{name: t, columns: [{name: k, data_type: int}, {name: V, data_type: varchar}]}]}]"
)
FILES = {
    "models/s.yml": SOURCES,
    "models/a.sql": "select 1 as id, 'x' as Word, 2.5 as price",
    "models/e.sql": "{{ config(materialized='ephemeral') }}select true as flag, 7 as id",
}


def compiled(root: Path, files: Mapping[str, str], **variables: Any) -> Manifest:
    """Write and load a project that may ask for columns."""
    write(root, {**FILES, **files})
    return load(
        load_project_file(root),
        profile(root),
        vars=variables,
        run_started_at=STARTED,
        open_engine=lambda paths: DuckDBEngine.in_memory(allowed_paths=paths),
    )


def refused(root: Path, files: Mapping[str, str]) -> list[tuple[str, str, str, str | None]]:
    """Write a project that must not load, and return its problems."""
    with pytest.raises(CompileError) as caught:
        compiled(root, files)
    return problems(caught.value)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("star(ref('a'))", '"id",\n  "Word",\n  "price"'),
        ("star(from=ref('a'), except=['ID', 'price'])", '"Word"'),
        (
            "star(ref('a'), relation_alias='x', prefix='p_', suffix='_s', except=['word', 'id'])",
            'x."price" as "p_price_s"',
        ),
        ("star(ref('a'), 'x', ['word', 'id'], '', '', false)", "x.price"),
        ("star(ref('a'), except=['id', 'word', 'price'])", "*"),
        ("star(ref('e'))", '"flag",\n  "id"'),
        ("star(source('raw', 't'))", '"k",\n  "V"'),
        ("get_filtered_columns_in_relation(ref('a'), ['word']) | join('+')", "id+price"),
    ],
)
def test_macros_know_the_columns_of_what_a_model_reads(tmp_path: Path, call: str, expected: str) -> None:
    """Views, ephemeral models and sources; names in any case; nothing was built."""
    manifest = compiled(tmp_path, {"models/m.sql": f"{{{{ dbt_utils.{call} }}}}"})
    assert manifest.models["m"].compiled_sql.endswith(expected)


def test_columns_have_names_types_and_kinds(tmp_path: Path) -> None:
    """As dbt's columns have them."""
    text = (
        "{% for c in adapter.get_columns_in_relation(ref('t')) %}{{ c.name }} {{ c.column == c.name }} {{ c.quoted }} "
        "{{ c.dtype }} {{ c.data_type == c.dtype }} {{ c.is_string() }} {{ c.is_integer() }} {{ c.is_float() }} "
        "{{ c.is_numeric() }} {{ c.is_number() }}\n{% endfor %}"
    )
    types = "select 'a' as s, 1 as i, 1.5 as n, 1.5::double as f, true as b, [1] as l"
    manifest = compiled(tmp_path, {"models/m.sql": text, "models/t.sql": types})
    assert manifest.models["m"].compiled_sql.splitlines() == [
        's True "s" VARCHAR True True False False False False',
        'i True "i" INTEGER True False True False False True',
        'n True "n" DECIMAL(2,1) True False False False True True',
        'f True "f" DOUBLE True False False True False True',
        'b True "b" BOOLEAN True False False False False False',
        'l True "l" INTEGER[] True False False False False False',
    ]


def test_models_that_ask_for_columns_of_those_that_ask_learn_them(tmp_path: Path) -> None:
    """However long the chain is, in any order of names."""
    files = {
        "models/z.sql": "select {{ dbt_utils.star(ref('a')) }} from {{ ref('a') }}",
        "models/y.sql": "select {{ dbt_utils.star(ref('z'), prefix='y_') }} from {{ ref('z') }}",
        "models/b.sql": "select {{ dbt_utils.star(ref('y'), except=['y_id']) }} from {{ ref('y') }}",
    }
    manifest = compiled(tmp_path, files)
    assert manifest.models["b"].compiled_sql == 'select "y_Word",\n  "y_price" from "shop"."main"."y"'
    engine = DuckDBEngine.in_memory()
    assert [column.name for column in infer(manifest, engine)["b"]] == ["y_Word", "y_price"]
    engine.close()


def test_a_union_has_the_columns_of_all(tmp_path: Path) -> None:
    """With their types, NULL where one has none, and where each row is from."""
    sql = "{{ dbt_utils.union_relations([ref('a'), ref('b')], exclude=['word'], where='id > 0') }}"
    files = {"models/b.sql": "select 7 as id, true as flag", "models/u.sql": sql}
    manifest = compiled(tmp_path, files)
    engine = DuckDBEngine.open(tmp_path / "shop.duckdb")
    for name in ("a", "b", "u"):
        engine.create(str(manifest.models[name].relation), manifest.models[name].compiled_sql, materialized="view")
    assert [(column.name, column.type) for column in engine.columns("from u")] == [
        ("_dbt_source_relation", "VARCHAR"),
        ("id", "INTEGER"),
        ("price", "DECIMAL(2,1)"),
        ("flag", "BOOLEAN"),
    ]
    assert [tuple(map(str, row)) for row in engine.rows("from u order by id")] == [
        ('"shop"."main"."a"', "1", "2.5", "None"),
        ('"shop"."main"."b"', "7", "None", "True"),
    ]
    engine.close()


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        ("include=['ID']", ["_dbt_source_relation", "id"]),
        ("source_column_name=none, include=['id']", ["id"]),
        ("source_column_name='of', column_override={'id': 'bigint'}, include=['id']", ["of", "id"]),
    ],
)
def test_a_union_takes_what_it_is_told(tmp_path: Path, options: str, columns: list[str]) -> None:
    """Columns, the name of the first one, and types."""
    sql = f"{{{{ dbt_utils.union_relations([ref('a')], {options}) }}}}"
    manifest = compiled(tmp_path, {"models/u.sql": sql})
    engine = DuckDBEngine.in_memory()
    found = infer(manifest, engine)["u"]
    engine.close()
    assert [column.name for column in found] == columns
    assert found[-1].type == ("BIGINT" if "bigint" in options else "INTEGER")


def test_the_table_of_an_incremental_model_has_columns_once_it_stands(tmp_path: Path) -> None:
    """Before that there are none, as in dbt."""
    sql = (
        "{{ config(materialized='incremental') }}select id{{ ', 1 as more' if is_incremental() }} from {{ ref('a') }} "
        "-- {{ adapter.get_columns_in_relation(this) | map(attribute='name') | join('+') }}"
    )
    manifest = compiled(tmp_path, {"models/m.sql": sql})
    assert manifest.models["m"].compiled_sql.endswith(' from "shop"."main"."a" --')
    assert manifest.standing(["m"]).models["m"].compiled_sql.rpartition("-- ")[2] == "id"


def test_unit_tests_and_data_tests_know_columns_too(tmp_path: Path) -> None:
    """A stand-in has the columns of what it stands for."""
    files = {
        "models/m.sql": "select {{ dbt_utils.star(ref('a')) }} from {{ ref('a') }}",
        "models/u.yml": (
            "unit_tests:\n"
            "  - {name: t, model: m, given: [{input: ref('a'), rows: [{id: 5}]}], expect: {rows: [{id: 5}]}}"
        ),
        "tests/q.sql": "select {{ dbt_utils.star(ref('m'), except=['id']) }} from {{ ref('m') }} where false",
    }
    alone = "{% set columns = adapter.get_columns_in_relation(ref('a')) %}select 1 where '{{ columns[1].name }}' = ''"
    manifest = compiled(tmp_path / "alone", {"tests/q.sql": alone})
    assert manifest.tests["q"].compiled_sql == "select 1 where 'Word' = ''"
    manifest = compiled(tmp_path, files)
    assert (
        manifest.unit_tests["t"].compiled_sql == 'select "id",\n  "Word",\n  "price" from "shop"."unit test main"."a"'
    )
    assert manifest.tests["q"].compiled_sql == 'select "Word",\n  "price" from "shop"."main"."m" where false'


WRONG = {
    "no relation": (
        "select {{ dbt_utils.star('nothing') }}",
        (
            "unknown-columns",
            "models/m.sql:1:21",
            "The columns of nothing are not known.",
            "Ask for those of a ref() or source(); run `pusher lint` without this model to see what is wrong there.",
        ),
    ),
    "no model": (
        "select {{ dbt_utils.star(ref('aa')) }} from {{ ref('aa') }}",
        ("missing-ref", "models/m.sql:1:26", "Model `aa` does not exist.", "Did you mean `a`?"),
    ),
    "wrong model": (
        "select {{ dbt_utils.star(ref('bad')) }} from {{ ref('bad') }}",
        (
            "unknown-columns",
            "models/m.sql:1:21",
            'The columns of "shop"."main"."bad" are not known.',
            "Ask for those of a ref() or source(); run `pusher lint` without this model to see what is wrong there.",
        ),
    ),
    "unknown argument": (
        "select {{ dbt_utils.star(ref('a'), exept=['id']) }}",
        (
            "wrong-call",
            "models/m.sql:1:21",
            "`star()` takes no `exept`.",
            "Correct what stands in its brackets.",
        ),
    ),
    "values": (
        "select {{ dbt_utils.get_relations_by_pattern('a', 'b') }}",
        (
            "unsupported-feature",
            "models/m.sql:1:21",
            "`dbt_utils.get_relations_by_pattern` is not supported.",
            (
                "Known: date_spine, generate_surrogate_key, get_column_values, get_filtered_columns_in_relation, "
                "get_query_results_as_dict, get_single_value, group_by, pivot, safe_divide, slugify, star, "
                "union_relations."
            ),
        ),
    ),
}


@pytest.mark.parametrize(("sql", "expected"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_known_is_told_at_its_place(
    tmp_path: Path, sql: str, expected: tuple[str, str, str, str]
) -> None:
    """With what to do; nothing loops for ever."""
    files = {"models/m.sql": sql, **({"models/bad.sql": "select nothing_there as id"} if "bad" in sql else {})}
    assert refused(tmp_path, files) == [expected]
