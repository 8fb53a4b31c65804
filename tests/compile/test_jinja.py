"""dbt's words in templates, and macros that call one another."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pusher.compile import load
from pusher.config import load_project_file
from tests.compile.support import compiled, profile, write


def sql(root: Path, text: str, macros: str = "", **variables: object) -> str:
    """Return what a model's text renders to."""
    return compiled(root, {"models/m.sql": text, "macros/all.sql": macros}, **variables).models["m"].compiled_sql


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select {{ var('given') }}", "select 1"),
        ("select {{ var('absent', 7) }}", "select 7"),
        ("select {{ var('absent', none) or 8 }}", "select 8"),
        ("select '{{ env_var('PUSHER_TEST_SET') }}'", "select 'here'"),
        ("select '{{ env_var('PUSHER_TEST_UNSET', 'x') }}'", "select 'x'"),
        ("select * from {{ this }}", 'select * from "shop"."main"."m"'),
        (
            "select '{{ this.database }}.{{ this.schema }}.{{ this.identifier }}.{{ this.name }}'",
            "select 'shop.main.m.m'",
        ),
        ("{{ config(alias='n', schema='s') }}from {{ this }}", 'from "shop"."main_s"."n"'),
        ("select '{{ target.name }} {{ target.schema }} {{ target.type }}'", "select 'dev main duckdb'"),
        ("select '{{ target.database }} {{ target.threads }} {{ target.profile_name }}'", "select 'shop 4 shop'"),
        ("select '{{ run_started_at.isoformat() }}'", "select '2026-11-23T06:00:00+00:00'"),
        ("select 1 {% if is_incremental() %}no{% endif %}", "select 1"),
        ("{% if execute %}select 1{% endif %}", "select 1"),
        ("select {% for n in range(3) %}{{ n }}{{ ', ' if not loop.last }}{% endfor %}", "select 0, 1, 2"),
        ("{% set names = ['a', 'b'] %}select {{ names | join(', ') }}", "select a, b"),
        (
            "{% set a = namespace(n=0) %}{% for i in range(4) %}{% set a.n = a.n + i %}{% endfor %}select {{ a.n }}",
            "select 6",
        ),
        ("{% do log('seen', info=true) %}select 1", "select 1"),
        ("{# a comment #}select 1", "select 1"),
        ("{% raw %}select '{{ x }}'{% endraw %}", "select '{{ x }}'"),
        ("select '{{ modules.datetime.date(2026, 1, 2) }}'", "select '2026-01-02'"),
        ("select '{{ tojson({'a': 1}) }}'", "select '{\"a\": 1}'"),
        ("select {{ fromjson('[1, 2]')[1] }}", "select 2"),
        ("select '{{ config.get('materialized', 'view') }}'", "select 'view'"),
        ("{{ config(materialized='table') }}select '{{ config.get('materialized') }}'", "select 'table'"),
        ("select '{{ model.name }}'", "select 'm'"),
        ("select 1;  \n", "select 1"),
    ],
)
def test_words_render_as_in_dbt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: str) -> None:
    """Each word gives what a dbt user expects of it."""
    monkeypatch.setenv("PUSHER_TEST_SET", "here")
    assert sql(tmp_path, text, given=1) == expected


def test_command_line_variables_win_over_the_project(tmp_path: Path) -> None:
    """--vars beats dbt_project.yml, which beats the default in the call."""
    files = {
        "dbt_project.yml": "name: shop\nprofile: shop\nvars: {a: 1, b: 2, shop: {c: 3}}\n",
        "models/m.sql": "select {{ var('a', 9) }}, {{ var('b', 9) }}, {{ var('c', 9) }}",
    }
    assert compiled(tmp_path, files, a=7).models["m"].compiled_sql == "select 7, 2, 3"


def test_references_render_as_dbt_duckdb_does(tmp_path: Path) -> None:
    """Relations are quoted in three parts; one and two arguments mean the same."""
    files = {
        "models/a.sql": "select 1 as x",
        "models/b.sql": "select * from {{ ref('a') }} join {{ ref('shop', 'a') }} using (x)",
        "models/c.sql": "select '{{ ref('a').schema }}' as s",
    }
    models = compiled(tmp_path, files).models
    assert models["b"].compiled_sql == 'select * from "shop"."main"."a" join "shop"."main"."a" using (x)'
    assert models["c"].compiled_sql == "select 'main' as s"
    assert [(model.name, model.depends_on) for model in models.values()] == [("a", ()), ("b", ("a",)), ("c", ("a",))]


MACROS = """
{% macro plain(column, places=2) %}round({{ column }}, {{ places }}){% endmacro %}
{% macro nested(column) %}coalesce({{ plain(column, places=0) }}, 0){% endmacro %}
{% macro wrapped() %}({{ caller() }}){% endmacro %}
{% macro names() %}{{ return(['a', 'b']) }}{% endmacro %}
{% macro early(x) %}{% if x %}{{ return('yes') }}{% endif %}no{% endmacro %}
{% macro of_model() %}{{ this.identifier }} {{ config.get('materialized') }} {{ ref('other') }}{% endmacro %}
{% macro default__ported() %}everywhere{% endmacro %}
{% macro duckdb__ported() %}duckdb{% endmacro %}
{% macro ported() %}{{ return(adapter.dispatch('ported', 'shop')()) }}{% endmacro %}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ plain('a') }}", "round(a, 2)"),
        ("{{ plain(column='a', places=3) }}", "round(a, 3)"),
        ("{{ shop.plain('a') }}", "round(a, 2)"),
        ("{{ nested('a') }}", "coalesce(round(a, 0), 0)"),
        ("{% call wrapped() %}x{% endcall %}", "(x)"),
        ("{{ names() | join('+') }} {{ names()[1] }}", "a+b b"),
        ("{{ early(true) }} {{ early(false) }}", "yes no"),
        ("{{ config(materialized='table') }}{{ of_model() }}", 'm table "shop"."main"."other"'),
        ("{{ ported() }}", "duckdb"),
    ],
)
def test_macros_see_one_another_and_the_model(tmp_path: Path, text: str, expected: str) -> None:
    """Macros of all files can be called, with defaults, keywords, caller() and return()."""
    files = {"models/m.sql": text, "models/other.sql": "select 1", "macros/deep/all.sql": MACROS}
    assert compiled(tmp_path, files).models["m"].compiled_sql == expected


def test_macros_of_one_file_call_those_of_a_later_one(tmp_path: Path) -> None:
    """The order of the files does not matter."""
    files = {
        "models/m.sql": "select {{ first() }}",
        "macros/a.sql": "{% macro first() %}{{ second() }}{% endmacro %}",
        "macros/b.sql": "{% macro second() %}2{% endmacro %}",
    }
    assert compiled(tmp_path, files).models["m"].compiled_sql == "select 2"


def test_ephemeral_models_become_ctes(tmp_path: Path) -> None:
    """An ephemeral model is inlined once, after those it needs, before the model's own WITH."""
    files = {
        "models/base.sql": "select 1 as x",
        "models/one.sql": "{{ config(materialized='ephemeral') }}select x from {{ ref('base') }}",
        "models/two.sql": "{{ config(materialized='ephemeral') }}\nselect x from {{ ref('one') }} -- all",
        "models/with_it.sql": (
            "-- why\nwith a as (from {{ ref('two') }})\nselect * from a join {{ ref('one') }} using (x)"
        ),
        "models/without.sql": "select * from {{ ref('one') }}",
    }
    models = compiled(tmp_path, files).models
    assert models["with_it"].compiled_sql == (
        '-- why\nwith __dbt__cte__one as (\nselect x from "shop"."main"."base"\n), '
        "__dbt__cte__two as (\n\nselect x from __dbt__cte__one -- all\n), "
        "a as (from __dbt__cte__two)\nselect * from a join __dbt__cte__one using (x)"
    )
    assert models["without"].compiled_sql == (
        'with __dbt__cte__one as (\nselect x from "shop"."main"."base"\n)\nselect * from __dbt__cte__one'
    )
    assert models["with_it"].depends_on == ("two", "one")


def test_a_model_configured_after_it_was_read_is_still_referred_to_rightly(tmp_path: Path) -> None:
    """`a` is read before `z` says it is ephemeral or has an alias."""
    files = {
        "models/a.sql": "select * from {{ ref('y') }}, {{ ref('z') }}",
        "models/y.sql": "{{ config(alias='why', schema='s') }}select 1 as b",
        "models/z.sql": "{{ config(materialized='ephemeral') }}select 1 as a",
    }
    expected = 'with __dbt__cte__z as (\nselect 1 as a\n)\nselect * from "shop"."main_s"."why", __dbt__cte__z'
    assert compiled(tmp_path, files).models["a"].compiled_sql == expected


def test_templates_leave_messages_for_people(tmp_path: Path) -> None:
    """log(info=True), print() and exceptions.warn() are kept, the last with its place; log() alone is not."""
    files = {
        "models/m.sql": "{{ log('quiet') }}{{ log('loud', info=True) }}\n{{ exceptions.warn('careful') }}select 1",
        # Read twice, because `z` is configured after it; said once.
        "models/a.sql": "{{ print('here') }}{{ old() }}from {{ ref('z') }}",
        "models/z.sql": "{{ config(alias='other') }}select 1",
        "macros/old.sql": "\n{% macro old() %}{% do exceptions.warn('old() is going away') %}{% endmacro %}",
    }
    assert compiled(tmp_path, files).notices == (
        "here",
        "warning: old() is going away (macros/old.sql:2:35)",
        "loud",
        "warning: careful (models/m.sql:2:15)",
    )


def test_one_moment_for_the_whole_run(tmp_path: Path) -> None:
    """run_started_at is what the caller gives, in every model."""
    write(tmp_path, {"models/m.sql": "select '{{ run_started_at.strftime('%Y-%m-%d') }}'"})
    moment = datetime(2020, 2, 29, tzinfo=UTC)
    manifest = load(load_project_file(tmp_path), profile(tmp_path), vars={}, run_started_at=moment)
    assert manifest.render_model("m") == "select '2020-02-29'"
