"""CSV files of a project become tables; what is wrong with one is told with its line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pusher.builds.run import build
from pusher.compile import Manifest, infer, inspect
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import BuildError
from tests.compile.support import compiled, problems, refused

PROJECT = "name: shop\nprofile: shop\n"


def columns(root: Path, files: Mapping[str, str]) -> dict[str, list[tuple[str, str]]]:
    """Return the columns of everything in a project, without its warehouse."""
    manifest = compiled(root, files)
    engine = DuckDBEngine.in_memory(allowed_paths=manifest.source_paths())
    found = infer(manifest, engine)
    engine.close()
    return {name: [(column.name, column.type) for column in known] for name, known in found.items()}


def built(manifest: Manifest, *relations: str) -> list[list[tuple[Any, ...]]]:
    """Build a project and return the rows of some relations."""
    engine = DuckDBEngine.open(manifest.project.root / "shop.duckdb", allowed_paths=manifest.source_paths())
    try:
        build(manifest, engine)
        return [engine.rows(f"from {one} order by all") for one in relations]
    finally:
        engine.close()


def wrong_build(root: Path, files: Mapping[str, str]) -> list[tuple[str, str, str, str | None]]:
    """Build a project that must not build, and return its problems."""
    with pytest.raises(BuildError) as caught:
        built(compiled(root, files))
    return problems(caught.value)


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        (("2147483647", "-2147483648"), "INTEGER"),
        (("2147483648", "1"), "BIGINT"),
        (("7654321098765432109", ""), "BIGINT"),
        (("9223372036854775808", "1"), "HUGEINT"),
        (("9" * 60, "1"), "VARCHAR"),
        (("1e100", "1"), "DOUBLE"),
        (("12345678901234567.5", "1"), "DOUBLE"),
        (("NaN", "1"), "VARCHAR"),
        (("true ", "false"), "VARCHAR"),
        (("true", "null"), "VARCHAR"),
        (("2020-02-30", "2020-02-01"), "VARCHAR"),
        (("2020-01-02T24:00:00", ""), "VARCHAR"),
        (("2020-01-02 03:04:05", "2020-01-02T03:04:05"), "VARCHAR"),
    ],
)
def test_a_column_has_the_type_that_all_its_values_fit(tmp_path: Path, values: tuple[str, str], type_: str) -> None:
    """Beside what dbt says of the same values, those for which its guess fails when the file is read."""
    text = f'"id","v"\n1,{values[0]}\n2,{values[1]}\n'
    found = columns(tmp_path, {"seeds/s.csv": text})
    assert found == {"s": [("id", "INTEGER"), ("v", type_)]}
    assert len(built(compiled(tmp_path, {"seeds/s.csv": text}), "s")[0]) == 2


def test_a_seed_is_read_by_ref_like_a_model(tmp_path: Path) -> None:
    """Its columns are known without a warehouse, it is built first, and it is no SQL that could be written."""
    files = {
        "models/m.sql": "select country, rate * 2 as twice from {{ ref('rates') }}",
        "seeds/deep/rates.csv": "\ufeffcountry,rate\nDE,1.5\nAT,2.5\n",
    }
    assert columns(tmp_path, files) == {
        "rates": [("country", "VARCHAR"), ("rate", "DOUBLE")],
        "m": [("country", "VARCHAR"), ("twice", "DOUBLE")],
    }
    manifest = compiled(tmp_path, files)
    assert [(one.name, one.resource_type, one.fqn) for one in manifest.models.values()] == [
        ("rates", "seed", ("shop", "deep", "rates")),
        ("m", "model", ("shop", "m")),
    ]
    assert built(manifest, "rates", "m") == [[("AT", 2.5), ("DE", 1.5)], [("AT", 5.0), ("DE", 3.0)]]
    written = [path.relative_to(tmp_path).as_posix() for path in manifest.write_compiled()]
    assert written == ["target/compiled/shop/models/m.sql"]


def test_a_seed_is_read_anew_in_every_build(tmp_path: Path) -> None:
    """Rows that are gone from the file are gone from the table, and so are columns."""
    assert built(compiled(tmp_path, {"seeds/s.csv": "a,b\n1,2\n3,4\n"}), "s") == [[(1, 2), (3, 4)]]
    assert built(compiled(tmp_path, {"seeds/s.csv": "a\nx\n"}), "s") == [[("x",)]]


def test_settings_of_a_seed_come_from_the_project_and_its_yaml(tmp_path: Path) -> None:
    """Folder settings, then the YAML entry; `column_types` name columns in any case."""
    files = {
        "dbt_project.yml": PROJECT + "seed-paths: [data]\nseeds: {shop: {lists: {+schema: ref, +delimiter: ';'}}}\n",
        "data/lists/zips.csv": "Zip;city\n01234;a,b\n",
        "data/_data.yml": "seeds:\n  - name: zips\n    config: {column_types: {zip: varchar}, tags: small}\n",
        "models/m.sql": "select * from {{ ref('zips') }}",
    }
    manifest = compiled(tmp_path, files)
    zips = manifest.models["zips"]
    assert (str(zips.relation), zips.tags, zips.meta) == ('"shop"."main_ref"."zips"', ("small",), {})
    assert built(manifest, "main_ref.zips", "m") == [[("01234", "a,b")], [("01234", "a,b")]]
    assert [one.name for one in manifest.select(["config.materialized:seed"])] == ["zips"]
    assert [one.name for one in manifest.select(["resource_type:seed+"])] == ["zips", "m"]
    assert [one.name for one in manifest.select(["zips.csv"])] == ["zips"]


def test_a_source_that_is_the_table_of_a_seed_comes_after_it(tmp_path: Path) -> None:
    """In dbt the model runs first, on a table that is not there yet; its columns need no declaration either."""
    files = {
        "models/a.sql": "select v from {{ source('raw', 'items') }}",
        "models/s.yml": "sources: [{name: raw, schema: main, tables: [{name: items}]}]",
        "seeds/items.csv": "v\n1\n",
    }
    manifest = compiled(tmp_path, files)
    assert list(manifest.models) == ["items", "a"]
    assert manifest.models["a"].depends_on == ("items",)
    assert columns(tmp_path, files)["a"] == [("v", "INTEGER")]
    assert built(manifest, "a") == [[(1,)]]


def test_a_test_of_a_source_waits_for_the_seed_behind_it(tmp_path: Path) -> None:
    """It would look at a table that is not there yet, or at the rows of before."""
    tests = "columns: [{name: v, data_tests: [not_null]}]"
    files = {
        "models/a.sql": "select v from {{ source('raw', 'items') }}",
        "models/s.yml": f"sources: [{{name: raw, schema: main, tables: [{{name: items, {tests}}}]}}]",
        "tests/q.sql": "select v from {{ source('raw', 'items') }} where v < 0",
        "seeds/items.csv": "v\n1\n",
    }
    manifest = compiled(tmp_path, files)
    engine = DuckDBEngine.open(tmp_path / "shop.duckdb", allowed_paths=manifest.source_paths())
    found = build(manifest, engine, tests=manifest.tests.values())
    engine.close()
    assert [(one.model, one.status) for one in found.models] == [("items", "built"), ("a", "built")]
    assert sorted((one.test.name, one.status) for one in found.tests) == [
        ("q", "pass"),
        ("source_not_null_raw_items_v", "pass"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("no-header", "seeds/s.csv:1:1", "The file has no header.", "Write the columns' names in line 1.")),
        ("\n1\n", ("no-header", "seeds/s.csv:1:1", "The file has no header.", "Write the columns' names in line 1.")),
        (
            "a,A\n1,2\n",
            (
                "bad-header",
                "seeds/s.csv:1:1",
                "Column `A` stands twice in the header.",
                "Give each column a name of its own.",
            ),
        ),
        (
            "a,\n1,2\n",
            ("bad-header", "seeds/s.csv:1:1", "A column has no name.", "Give each column a name of its own."),
        ),
        (
            "a,b\n1,2\n3\n",
            (
                "sql-conversion",
                "seeds/s.csv:3:1",
                "Line 3 of s.csv has another number of fields than the header: 1, not 2.",
                "Correct the line: quotes, delimiter and number of fields must fit the header.",
            ),
        ),
        (
            'a,b\n1,2\n3,"4\n',
            (
                "sql-conversion",
                "seeds/s.csv:3:1",
                "Line 3 of s.csv cannot be read.",
                "Correct the line: quotes, delimiter and number of fields must fit the header.",
            ),
        ),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_line(
    tmp_path: Path, text: str, expected: tuple[str, str, str, str]
) -> None:
    """No line is skipped and no name made up; lint finds it as the build does."""
    files = {"seeds/s.csv": text, "models/m.sql": "select * from {{ ref('s') }}"}
    assert wrong_build(tmp_path, files) == [expected]
    manifest = compiled(tmp_path, files)
    engine = DuckDBEngine.in_memory(allowed_paths=manifest.source_paths())
    found = inspect(manifest, engine)
    engine.close()
    assert [(one.code, one.place, one.message, one.fix) for one in found.problems] == [expected]
    assert found.skipped == ["m"]


def test_a_file_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    """In the header and in a line."""
    manifest = compiled(tmp_path, {"seeds/s.csv": "a\n"})
    found = []
    for raw in (b"\xff\n1\n", b"a\n1\n" + b"2\n" * 200_000 + b"\xff\n"):
        (tmp_path / "seeds/s.csv").write_bytes(raw)
        with pytest.raises(BuildError) as caught:
            built(manifest)
        found += [(one.code, one.place, one.message) for one in caught.value.problems]
    assert found == [
        ("unreadable-file", "seeds/s.csv:1:1", "Cannot read the header: it is not UTF-8 or no CSV."),
        ("sql-conversion", "seeds/s.csv:200003:1", "Line 200003 of s.csv is not UTF-8."),
    ]


def test_a_declared_type_that_the_values_do_not_fit_is_told_with_the_line(tmp_path: Path) -> None:
    """The value itself is not shown."""
    files = {
        "seeds/s.csv": "a,b\n1,x\n",
        "dbt_project.yml": PROJECT + "seeds: {shop: {+column_types: {b: integer}}}\n",
    }
    fix = "Correct the line, or declare the column as varchar and cast it in staging."
    assert wrong_build(tmp_path, files) == [
        ("sql-conversion", "seeds/s.csv:2:1", "Line 2 of s.csv: column b is no INTEGER.", fix)
    ]


def test_a_type_for_a_column_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With the nearest name."""
    files = {
        "seeds/s.csv": "zip_code\n1\n",
        "dbt_project.yml": PROJECT + "seeds: {shop: {+column_types: {zipcode: varchar}}}\n",
    }
    assert wrong_build(tmp_path, files) == [
        (
            "unknown-column",
            "seeds/s.csv:1:1",
            "`column_types` names `zipcode`, which is no column.",
            "Did you mean `zip_code`?",
        )
    ]


WRONG = {
    "twice": (
        {"seeds/a/s.csv": "a\n", "seeds/b/s.csv": "a\n"},
        (
            "duplicate-seed",
            "seeds/b/s.csv:1:1",
            "Seed `s` is defined twice, first in seeds/a/s.csv.",
            "Rename one of the files.",
        ),
    ),
    "name of a model": (
        {"seeds/s.csv": "a\n", "models/s.sql": "select 1 as a"},
        (
            "duplicate-seed",
            "seeds/s.csv:1:1",
            "Seed `s` has the name of a model, models/s.sql.",
            "Rename one of the files.",
        ),
    ),
    "described as a model": (
        {"seeds/s.csv": "a\n", "models/m.yml": "models: [{name: s}]"},
        (
            "missing-model",
            "models/m.yml:1:1",
            "Model `s` does not exist.",
            "`s` is a seed: describe it under `seeds:`.",
        ),
    ),
    "model described as a seed": (
        {"models/s.sql": "select 1 as a", "models/m.yml": "seeds: [{name: s}]"},
        (
            "missing-seed",
            "models/m.yml:1:1",
            "Seed `s` does not exist.",
            "`s` is a model: describe it under `models:`.",
        ),
    ),
    "unknown setting": (
        {"seeds/s.csv": "a\n", "seeds/s.yml": "seeds: [{name: s, config: {delimeter: ';'}}]"},
        ("unknown-config", "seeds/s.yml:1:28", "Unknown setting `delimeter` of a seed.", "Did you mean `delimiter`?"),
    ),
    "hook": (
        {"seeds/s.csv": "a\n", "seeds/s.yml": "seeds: [{name: s, config: {pre_hook: x}}]"},
        ("unsupported-config", "seeds/s.yml:1:28", "`pre_hook` of a seed is not supported.", "Remove it."),
    ),
    "long delimiter": (
        {"seeds/s.csv": "a\n", "seeds/s.yml": "seeds: [{name: s, config: {delimiter: '||'}}]"},
        ("wrong-type", "seeds/s.yml:1:28", "`delimiter` must be one character.", 'Write delimiter: ";".'),
    ),
    "types are no texts": (
        {"seeds/s.csv": "a\n", "seeds/s.yml": "seeds: [{name: s, config: {column_types: {a: 1}}}]"},
        (
            "wrong-type",
            "seeds/s.yml:1:28",
            "`column_types` must be a mapping of texts.",
            "Write {zip_code: varchar}.",
        ),
    ),
    "disabled": (
        {
            "seeds/s.csv": "a\n",
            "seeds/s.yml": "seeds: [{name: s, config: {enabled: false}}]",
            "models/m.sql": "select * from {{ ref('s') }}",
        },
        ("disabled-ref", "models/m.sql:1:18", "Seed `s` is disabled.", "Enable it, or do not refer to it."),
    ),
}


@pytest.mark.parametrize(("files", "expected"), WRONG.values(), ids=WRONG.keys())
def test_every_mistake_about_seeds_has_its_place(
    tmp_path: Path, files: Mapping[str, str], expected: tuple[str, str, str, str]
) -> None:
    """Before anything is built."""
    assert refused(tmp_path, files) == [expected]


def test_a_link_out_of_the_project_is_no_seed(tmp_path: Path) -> None:
    """A seed is read without a declaration, so it may not lead elsewhere."""
    (tmp_path / "outside.csv").write_text("a\n1\n", encoding="utf-8")
    root = tmp_path / "shop"
    (root / "seeds").mkdir(parents=True)
    (root / "seeds/s.csv").symlink_to(tmp_path / "outside.csv")
    assert refused(root, {}) == [
        (
            "outside-project",
            "seeds/s.csv",
            "The file is a link out of the project.",
            "Copy the file into the project.",
        )
    ]
