"""Names and types of models from the engine's binder, without data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pusher.compile import Manifest, infer, inspect
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import CompileError, Problem
from tests.compile.support import compiled, problems

SOURCES = """sources:
  - name: raw
    meta: {external_location: "data/{name}.csv"}
    tables:
      - name: orders
        columns:
          - {name: id, data_type: bigint}
          - {name: email, data_type: string}
          - {name: paid, data_type: "decimal(18, 2)"}
"""


@pytest.fixture(name="engine")
def _engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine.in_memory(allowed_paths=[tmp_path / "data/orders.csv", tmp_path / "data/orders.parquet"])
    yield engine
    engine.close()


def types(manifest: Manifest, engine: DuckDBEngine) -> dict[str, list[tuple[str, str]]]:
    """Return (name, type) of each model's columns."""
    found = infer(manifest, engine)
    return {name: [(column.name, column.type) for column in columns] for name, columns in found.items()}


def test_types_flow_from_declared_columns_through_the_graph(tmp_path: Path, engine: DuckDBEngine) -> None:
    """No file, no warehouse: the binder gives exact types, nested ones and those of ephemeral models too."""
    files = {
        "models/s.yml": SOURCES,
        "models/stg.sql": "select id, lower(email) as email, paid from {{ source('raw', 'orders') }}",
        "models/eph.sql": (
            "{{ config(materialized='ephemeral') }}select id, sum(paid) as paid from {{ ref('stg') }} group by id"
        ),
        "models/fin.sql": "{{ config(schema='out') }}select *, [{'a': paid}] as l, null as n from {{ ref('eph') }}",
        "models/last.sql": "select n, l[1].a as a from {{ ref('fin') }}",
    }
    assert types(compiled(tmp_path, files), engine) == {
        "stg": [("id", "BIGINT"), ("email", "VARCHAR"), ("paid", "DECIMAL(18,2)")],
        "eph": [("id", "BIGINT"), ("paid", "DECIMAL(38,2)")],
        "fin": [("id", "BIGINT"), ("paid", "DECIMAL(38,2)"), ("l", "STRUCT(a DECIMAL(38,2))[]"), ("n", '"NULL"')],
        "last": [("n", '"NULL"'), ("a", "DECIMAL(38,2)")],
    }
    assert not (tmp_path / "shop.duckdb").exists()


def test_inferred_types_are_those_of_the_built_relation(tmp_path: Path, engine: DuckDBEngine) -> None:
    """What lint says is what the database will have."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/orders.csv").write_text("id,email,paid\n1,a@example.com,1.50\n")
    files = {
        "models/s.yml": SOURCES.replace(
            '"data/{name}.csv"',
            "\"read_csv('data/%(name)s.csv', types={'paid': 'decimal(18,2)'})\", formatter: oldstyle",
        ),
        "models/a.sql": (
            "{{ config(materialized='table') }}select *, sum(paid) over () as s from {{ source('raw', 'orders') }}"
        ),
        "models/b.sql": "select s, paid * 2 as d, id % 2 as m from {{ ref('a') }}",
    }
    manifest = compiled(tmp_path, files)
    built = DuckDBEngine.open(tmp_path / "shop.duckdb", allowed_paths=manifest.source_paths())
    for model in manifest.models.values():
        built.create(model.relation, model.compiled_sql, materialized=model.materialized)
    expected = {name: built.columns(f"from {model.relation}") for name, model in manifest.models.items()}
    assert infer(manifest, engine) == expected
    built.close()


def test_undeclared_columns_come_from_the_file(tmp_path: Path, engine: DuckDBEngine) -> None:
    """A source without columns has those of its file; one without types takes the file's."""
    (tmp_path / "data").mkdir()
    duckdb.sql(f"copy (select 1::smallint as id, 'x' as email, 2.5::float as paid) to '{tmp_path}/data/orders.parquet'")
    yaml = SOURCES.replace(".csv", ".parquet")
    for given in (
        yaml.split("        columns:")[0],
        yaml.replace(', data_type: "decimal(18, 2)"', "").replace("bigint", "smallint"),
    ):
        files = {"models/s.yml": given, "models/m.sql": "select * from {{ source('raw', 'orders') }}"}
        found = inspect(compiled(tmp_path, files), engine)
        assert [(column.name, column.type) for column in found.models["m"]] == [
            ("id", "SMALLINT"),
            ("email", "VARCHAR"),
            ("paid", "FLOAT"),
        ]
        assert (found.problems, found.notes) == ([], [])


def test_untyped_columns_without_a_file_take_the_cast_of_their_model(tmp_path: Path, engine: DuckDBEngine) -> None:
    """A cast in the staging model tells the type; what is left is text, with one note for the source."""
    yaml = (
        "sources:\n  - name: raw\n    tables:\n      - name: orders\n        columns:\n"
        "          - name: id\n          - name: paid\n          - name: other\n          - name: more\n"
    )
    text = (
        "select id::bigint as id, try_cast(o.paid as decimal(9, 2)) as paid, other, more\n"
        "from {{ source('raw', 'orders') }} o"
    )
    found = inspect(compiled(tmp_path, {"models/s.yml": yaml, "models/m.sql": text}), engine)
    assert [(column.name, column.type) for column in found.sources["raw", "orders"]] == [
        ("id", "BIGINT"),
        ("paid", "DECIMAL(9,2)"),
        ("other", "VARCHAR"),
        ("more", "VARCHAR"),
    ]
    message = "No type is declared for other, more of source raw.orders; read as VARCHAR."
    fix = "Add `data_type` to these columns."
    assert found.notes == [Problem("assumed-types", message, "models/s.yml", 4, 1, fix)]


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        (
            SOURCES.split("        columns:", maxsplit=1)[0],
            "No file of source raw.orders can be read, so the columns of its models are unknown.",
        ),
        (
            "sources:\n  - name: raw\n\n    tables:\n      - name: orders\n",
            "Source raw.orders declares no columns, so the columns of its models are unknown.",
        ),
    ],
)
def test_a_source_with_neither_columns_nor_file_says_what_to_declare(
    tmp_path: Path, engine: DuckDBEngine, yaml: str, message: str
) -> None:
    """Its models are skipped, not guessed."""
    files = {"models/s.yml": yaml, "models/m.sql": "select * from {{ source('raw', 'orders') }}"}
    found = inspect(compiled(tmp_path, files), engine)
    fix = "List its columns with `data_type` under `columns:`, or give an external_location that exists."
    assert found.problems == [Problem("unknown-source-columns", message, "models/s.yml", 5, 1, fix)]
    assert (found.models, found.skipped) == ({}, ["m"])


def test_a_declared_type_that_does_not_exist_has_its_line(tmp_path: Path, engine: DuckDBEngine) -> None:
    """The column's own line in the YAML file, with the type that was meant."""
    files = {
        "models/s.yml": SOURCES.replace("string", "varchr"),
        "models/m.sql": "select 1 from {{ source('raw', 'orders') }}",
    }
    message, fix = "`varchr` is not a type of column `email`.", "Did you mean `varchar`?"
    found = inspect(compiled(tmp_path, files), engine)
    assert found.problems == [Problem("unknown-type", message, "models/s.yml", 8, 1, fix)]


def test_all_wrong_models_are_reported_at_once(tmp_path: Path, engine: DuckDBEngine) -> None:
    """Independent mistakes all show, in the user's own files; what reads a wrong model is skipped."""
    files = {
        "models/s.yml": SOURCES,
        "macros/m.sql": "{% macro cleaned(c) %}\n  lower(\n    trimm({{ c }}))\n{% endmacro %}",
        "models/a_ok.sql": "select id, email from {{ source('raw', 'orders') }}",
        "models/b_macro.sql": "select {{ cleaned('email') }} as e from {{ ref('a_ok') }}",
        "models/c_below.sql": "select e from {{ ref('b_macro') }}",
        "models/d_loop.sql": (
            "select\n{% for c in ['id', 'emial'] %}\n  o.{{ c }},\n{% endfor %} 1 as one\nfrom {{ ref('a_ok') }} o"
        ),
        "models/e_syntax.sql": "{{ config(materialized='table') }}\n\nselect id\nform {{ ref('a_ok') }} x",
        "models/f_direct.sql": "select * from a_ok",
        "models/g_two.sql": "select 1;\nselect 2",
        "models/h_twice.sql": "select id, email as ID from {{ ref('a_ok') }}",
        "models/i_ddl.sql": "create table x as select 1",
        "models/j_source.sql": "select nope from {{ source('raw', 'orders') }}",
    }
    manifest = compiled(tmp_path, files)
    with pytest.raises(CompileError) as caught:
        infer(manifest, engine)
    here = "Fix the SQL at this place."
    in_from = "Name a column of a table in FROM. models/s.yml:5 declares of data/orders.csv: id, email, paid."
    two = "A model is exactly one SELECT; this text has 2 statements."
    missing = 'Table "o" does not have a column named "emial".'
    assert problems(caught.value) == [
        ("sql-catalog", "models/f_direct.sql:1:15", "Table with name a_ok does not exist.", "Write {{ ref('a_ok') }}."),
        ("sql-parser", "models/g_two.sql:2:1", two, "Keep one SELECT; every other one is a model of its own."),
        (
            "sql-parser",
            "models/i_ddl.sql:1:1",
            "A model is exactly one SELECT; this is CREATE.",
            "Write the SELECT alone: its view or table is created by the build.",
        ),
        ("sql-binder", "models/j_source.sql:1:8", 'Referenced column "nope" not found in FROM clause.', in_from),
        (
            "sql-catalog",
            "macros/m.sql:3:5",
            "Scalar Function with name trimm does not exist (in model b_macro).",
            "Did you mean `trim`?",
        ),
        ("sql-binder", "models/d_loop.sql:3:3", missing, "Did you mean `email`?"),
        ("sql-parser", "models/e_syntax.sql:4:6", 'Syntax error at or near ""shop"".', here),
        (
            "duplicate-column",
            "models/h_twice.sql:1:21",
            "Column `ID` is selected twice.",
            "Rename or remove one of them.",
        ),
    ]
    assert inspect(manifest, engine).skipped == ["c_below"]


def test_some_models_bring_what_they_read(tmp_path: Path, engine: DuckDBEngine) -> None:
    """A choice is checked with everything above it, and nothing else."""
    files = {
        "models/a.sql": "select 1 as x",
        "models/b.sql": "select x from {{ ref('a') }}",
        "models/c.sql": "select broken",
    }
    assert list(infer(compiled(tmp_path, files), engine, ["b"])) == ["a", "b"]


def test_a_second_look_with_the_same_engine_is_fresh(tmp_path: Path, engine: DuckDBEngine) -> None:
    """Tables of an earlier look give way, with other columns too."""
    for text, expected in (("select 1 as x", "x"), ("select 'a' as y", "y")):
        found = infer(compiled(tmp_path, {"models/a.sql": text, "models/b.sql": "from {{ ref('a') }}"}), engine)
        assert [column.name for column in found["b"]] == [expected]
