"""Macros of other packages: what they write, what runs, and what is said about those that are not there.

Those of dbt itself are compared with dbt's own answers in tests/dbt.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.compile.support import compiled, refused


def rows(root: Path, model: str, **files: str) -> list[tuple[object, ...]]:
    """Return what a model selects."""
    manifest = compiled(root, {"models/m.sql": model, **{f"macros/{name}.sql": text for name, text in files.items()}})
    with duckdb.connect() as connection:
        return connection.execute(manifest.models["m"].compiled_sql).fetchall()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (
            "{{ dbt_utils.generate_surrogate_key(['a', 'b']) }}",
            "md5('1-_dbt_utils_surrogate_key_null_')",
        ),
        ("{{ dbt_utils.safe_divide('a', 'a - 1') }}", "null"),
        ("{{ dbt_utils.safe_divide('a', 2) }}", "0.5"),
        ("'{{ dbt_utils.slugify('2 Big-Words!') }}'", "'_2_big_words'"),
        ("{{ dbt.listagg('a', \"','\", '', 1) }}", "'1'"),
    ],
)
def test_a_macro_of_a_package_writes_sql_that_runs(tmp_path: Path, expression: str, expected: str) -> None:
    """With the result that the package gives."""
    found = rows(tmp_path, f"select {expression} is not distinct from {expected} from (select 1 as a, null as b)")

    assert found == [(True,)]


def test_empty_keys_can_be_like_empty_texts(tmp_path: Path) -> None:
    """By the variable of the package."""
    (tmp_path / "models").mkdir()
    found = compiled(
        tmp_path,
        {"models/m.sql": "select {{ dbt_utils.generate_surrogate_key(['a']) }} = md5('') from (select null as a)"},
        surrogate_key_treat_nulls_as_empty_strings=True,
    )

    with duckdb.connect() as connection:
        assert connection.execute(found.models["m"].compiled_sql).fetchall() == [(True,)]


def test_a_spine_has_each_day_up_to_the_end(tmp_path: Path) -> None:
    """The end itself is left out."""
    spine = "{{ dbt_utils.date_spine('day', \"cast('2026-02-27' as date)\", \"cast('2026-03-02' as date)\") }}"

    assert rows(tmp_path, f"select strftime(date_day, '%m-%d') from ({spine}) order by 1") == [
        ("02-27",),
        ("02-28",),
        ("03-01",),
    ]


def test_a_pivot_has_a_column_for_each_value(tmp_path: Path) -> None:
    """Values are quoted; groups are numbered."""
    model = (
        "select day, {{ dbt_utils.pivot('kind', ['a', \"b's\"], then_value='n', prefix='of ') }}\n"
        "from (values (1, 'a', 2), (1, 'b''s', 3), (2, 'a', 4)) as t (day, kind, n)\n"
        "{{ dbt_utils.group_by(1) }} order by day"
    )
    assert rows(tmp_path, model) == [(1, 2, 3), (2, 4, 0)]
    quoted = "select {{ dbt_utils.pivot('kind', ['a\"b']) }} from (select 'a\"b' as kind)"
    assert rows(tmp_path, quoted) == [(1,)]
    plain = "select {{ dbt_utils.pivot('kind', ['A b'], agg='count', distinct=true, quote_identifiers=false) }} from t"
    found = compiled(tmp_path, {"models/m.sql": plain}).models["m"].compiled_sql
    assert " ".join(found.split()) == ("select count(distinct case when kind = 'A b' then 1 else 0 end) as a_b from t")


def test_a_macro_of_the_project_goes_before_one_of_dbt(tmp_path: Path) -> None:
    """By its bare name; under dbt's name the one of dbt stays."""
    found = rows(
        tmp_path,
        "select '{{ type_string() }}', '{{ dbt.type_string() }}'",
        own="{% macro type_string() %}mine{% endmacro %}",
    )

    assert found == [("mine", "TEXT")]


@pytest.mark.parametrize(
    ("call", "message", "fix"),
    [
        (
            "dbt_utils.generate_surrogat_key(['a'])",
            "`dbt_utils.generate_surrogat_key` is not supported.",
            "Did you mean `generate_surrogate_key`?",
        ),
        ("dbt.datead('day', 1, 'a')", "`dbt.datead` is not supported.", "Did you mean `dateadd`?"),
    ],
)
def test_a_macro_that_is_not_there_is_named(tmp_path: Path, call: str, message: str, fix: str) -> None:
    """With its place, the nearest name, or what to do instead."""
    found = refused(tmp_path, {"models/m.sql": "select 1 as one,\n    {{ " + call + " }}"})

    assert found[0][:1] + found[0][2:] == ("unsupported-feature", message, fix)
    assert found[0][1].startswith("models/m.sql:2:")


def test_what_a_package_writes_stands_where_it_is_called(tmp_path: Path) -> None:
    """An error in it points at the call in the user's own file."""
    manifest = compiled(tmp_path, {"models/m.sql": "select\n    1 as one,\n    {{ dbt.hash('nope') }} as hashed"})
    sql = manifest.models["m"].compiled_sql

    place = manifest.locate("m", sql.index("nope"))

    assert (place.file, place.line) == ("models/m.sql", 3)
