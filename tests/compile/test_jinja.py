"""dbt's words in templates, and what a template may not do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pusher.compile import load
from pusher.config import load_project_file
from tests.compile.support import compiled, profile, refused, write


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


UNCLOSED = (
    "Unexpected end of template. Jinja was looking for the following tags: 'elif' or 'else' or 'endif'. "
    "The innermost block that needs to be closed is 'if'."
)
ERRORS = {
    "undefined name": (
        "select 1,\n  {{ custmer }} as x",
        ("undefined-name", "models/m.sql:2:6", "`custmer` is not defined.", "Did you mean `customer`?"),
    ),
    "undefined function": (
        "{% set a = 1 %}\nselect {{ refs('a') }}",
        ("undefined-name", "models/m.sql:2:11", "`refs` is not defined.", "Did you mean `ref`?"),
    ),
    "undefined in a macro": (
        "select {{ broken('a') }}",
        ("undefined-name", "macros/all.sql:5:12", "`colum` is not defined.", "Did you mean `column_list`?"),
    ),
    "undefined in a loop": (
        "select\n{% for n in [1, 2] %}\n  {{ n }},\n  {{ nn }}\n{% endfor %}",
        (
            "undefined-name",
            "models/m.sql:4:6",
            "`nn` is not defined.",
            "Define it with {% set %}, as a macro in macros/, or as a var.",
        ),
    ),
    "undefined attribute": (
        "select {{ target.schma }}",
        (
            "undefined-name",
            "models/m.sql:1:18",
            "'types.SimpleNamespace object' has no attribute 'schma'.",
            "Check the name.",
        ),
    ),
    "missing ref": (
        "select *\nfrom {{ ref('othr') }}",
        ("missing-ref", "models/m.sql:2:9", "Model `othr` does not exist.", "Did you mean `other`?"),
    ),
    "missing ref in a macro": (
        "select * from {{ joined() }}",
        ("missing-ref", "macros/all.sql:8:24", "Model `gone` does not exist.", "Known: m, other."),
    ),
    "ref to another package": (
        "from {{ ref('pkg', 'other') }}",
        (
            "missing-package",
            "models/m.sql:1:9",
            "Package `pkg` does not exist.",
            "Known: shop.",
        ),
    ),
    "missing source": (
        "from {{ source('raw', 'order') }}",
        ("missing-source", "models/m.sql:1:9", "Source `raw.order` does not exist.", "Did you mean `raw.orders`?"),
    ),
    "missing variable": (
        "\n\nselect {{ var('count') }}",
        ("missing-var", "models/m.sql:3:11", "Variable `count` does not exist.", "Did you mean `country`?"),
    ),
    "missing variable, nothing near": (
        "select {{ var('zzz') }}",
        (
            "missing-var",
            "models/m.sql:1:11",
            "Variable `zzz` does not exist.",
            "Give it under `vars:` in dbt_project.yml or with --vars.",
        ),
    ),
    "unset environment variable": (
        "select '{{ env_var('PUSHER_TEST_UNSET') }}'",
        (
            "no-env-var",
            "models/m.sql:1:12",
            "Environment variable PUSHER_TEST_UNSET is not set.",
            "Set it: export PUSHER_TEST_UNSET=..., or give a default: env_var('PUSHER_TEST_UNSET', '...').",
        ),
    ),
    "secret in a model": (
        "select '{{ env_var('TIKTOK_ACCESS_TOKEN') }}'",
        (
            "secret-in-model",
            "models/m.sql:1:12",
            "A model may not read the secret TIKTOK_ACCESS_TOKEN: compiled SQL is stored and shown.",
            "Use secrets in profiles.yml only.",
        ),
    ),
    "unknown setting": (
        "{{ config(\n    materialized='table',\n    materialised='view',\n) }}\nselect 1",
        (
            "unknown-config",
            "models/m.sql:3:5",
            "Unknown configuration key `materialised`.",
            "Did you mean `materialized`?",
        ),
    ),
    "unsupported setting": (
        "{{ config(sql_header='x') }}select 1",
        (
            "unsupported-config",
            "models/m.sql:1:11",
            "`sql_header` is not supported.",
            "Remove it; models are view, table, incremental or ephemeral.",
        ),
    ),
    "external": (
        "{{ config(materialized='external') }}select 1",
        (
            "unsupported-config",
            "models/m.sql:1:11",
            "Materialization `external` is not supported.",
            "Use view, table, incremental or ephemeral.",
        ),
    ),
    "strategy of another warehouse": (
        "{{ config(materialized='incremental', incremental_strategy='insert_overwrite') }}select 1",
        (
            "unsupported-config",
            "models/m.sql:1:39",
            "Strategy `insert_overwrite` is not supported.",
            "Use append, delete+insert or merge.",
        ),
    ),
    "unknown schema change": (
        "{{ config(materialized='incremental', on_schema_change='append_columns') }}select 1",
        (
            "unknown-config",
            "models/m.sql:1:39",
            "Unknown value of on_schema_change `append_columns`.",
            "Did you mean `append_new_columns`?",
        ),
    ),
    "merge without a key": (
        "-- why\n{{ config(materialized='incremental', incremental_strategy='merge') }}select 1",
        (
            "missing-config",
            "models/m.sql:2:4",
            "Strategy `merge` needs `unique_key`: without one it would only add rows.",
            "Give unique_key, or write incremental_strategy='append'.",
        ),
    ),
    "a key that is no column": (
        "{{ config(unique_key=5) }}select 1",
        (
            "wrong-type",
            "models/m.sql:1:11",
            "`unique_key` must be a column or a list of columns.",
            "Write unique_key='order_id' or unique_key=['order_id', 'day'].",
        ),
    ),
    "unknown materialization": (
        "{{ config(materialized='tabel') }}select 1",
        ("unknown-config", "models/m.sql:1:11", "Unknown materialization `tabel`.", "Did you mean `table`?"),
    ),
    "raised": (
        "select 1\n{{ exceptions.raise_compiler_error('No such policy.') }}",
        ("raised-in-template", "models/m.sql:2:15", "No such policy.", "The model or macro raises this itself."),
    ),
    "raised by a macro": (
        "select 1,\n  {{ helped('x') }} as y",
        (
            "raised-in-template",
            "models/m.sql:2:3",
            "No such helper: x.",
            "The macro raises this itself, at macros/all.sql:10; correct what it is given.",
        ),
    ),
    "unclosed block": (
        "select 1\n{% if true %}",
        (
            "jinja-syntax",
            "models/m.sql:2:1",
            UNCLOSED,
            "Fix the Jinja at this place.",
        ),
    ),
    "unknown filter": (
        "select {{ 'a' | uper }}",
        ("jinja-syntax", "models/m.sql:1:17", "No filter named 'uper'.", "Did you mean `upper`?"),
    ),
    "unknown tag": (
        "{% sett x = 1 %}",
        ("jinja-syntax", "models/m.sql:1:4", "Encountered unknown tag 'sett'.", "Fix the Jinja at this place."),
    ),
    "snapshot": (
        "{% snapshot x %}select 1{% endsnapshot %}",
        (
            "unsupported-feature",
            "models/m.sql:1:4",
            "`{% snapshot %}` is not supported.",
            "Build the history outside pusher and declare it as a source.",
        ),
    ),
    "materialization of one's own": (
        "{% materialization x, default %}{% endmaterialization %}",
        (
            "unsupported-feature",
            "models/m.sql:1:4",
            "`{% materialization %}` is not supported.",
            "Remove it; models are view, table, incremental or ephemeral.",
        ),
    ),
    "query while compiling": (
        "{% set x = load_result('x') %}",
        (
            "unsupported-feature",
            "models/m.sql:1:12",
            "`load_result` is not supported.",
            "Write it in SQL, or use vars.",
        ),
    ),
    "wrong type": (
        "select {{ 1 + 'a' }}",
        (
            "jinja",
            "models/m.sql:1:8",
            "Jinja failed: TypeError: unsupported operand type(s) for +: 'int' and 'str'.",
            "Fix the Jinja at this place.",
        ),
    ),
    "return in a model": (
        "{{ return(1) }}",
        ("jinja", "models/m.sql:1:4", "return() works inside macros only.", "Remove it."),
    ),
}
ERROR_MACROS = """{% macro column_list() %}a{% endmacro %}

{% macro broken(column) %}
  {# the mistake is below #}
  lower({{ colum }})
{% endmacro %}

{% macro joined() %}{{ ref('gone') }}{% endmacro %}
{% macro customer() %}{% endmacro %}
{% macro helped(name) %}{{ exceptions.raise_compiler_error('No such helper: ' ~ name ~ '.') }}{% endmacro %}
"""


@pytest.mark.parametrize(("text", "expected"), ERRORS.values(), ids=ERRORS.keys())
def test_every_mistake_has_its_place_and_a_way_out(
    tmp_path: Path, text: str, expected: tuple[str, str, str, str]
) -> None:
    """File, line and column of the user's own source, in macros and loops too, and what to do."""
    files = {
        "dbt_project.yml": "name: shop\nprofile: shop\nvars: {country: us}\n",
        "models/m.sql": text,
        "models/other.sql": "select 1",
        "models/s.yml": "sources:\n  - name: raw\n    tables: [{name: orders}]\n",
        "macros/all.sql": ERROR_MACROS,
    }
    assert refused(tmp_path, files) == [expected]


def test_all_problems_of_a_project_come_at_once(tmp_path: Path) -> None:
    """Several mistakes in one model and in several files are one answer."""
    files = {
        "models/a.sql": "select {{ var('x') }} from {{ ref('nope') }}\njoin {{ source('s', 't') }}",
        "models/b.sql": "{{ config(enabledd=true) }}select {{ nothing_like_it }}",
        "models/c.yml": "models: [{name: zz}]\nsorces: []\n",
    }
    found = [(code, place) for code, place, *_ in refused(tmp_path, files)]
    assert found == [
        ("unknown-key", "models/c.yml:2:1"),
        ("missing-model", "models/c.yml:1:1"),
        ("missing-var", "models/a.sql:1:11"),
        ("missing-ref", "models/a.sql:1:31"),
        ("missing-source", "models/a.sql:2:9"),
        ("unknown-config", "models/b.sql:1:11"),
        ("undefined-name", "models/b.sql:1:38"),
    ]


ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ ref.__globals__ }}",
    "{{ ref.__self__ }}",
    "{{ config._words }}",
    "{{ this._words }}",
    "{{ (ref | attr('__self__')) }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ '{x.__class__}'.format_map({'x': 1}) }}",
    "{{ [].append(1) }}",
    "{{ {}.update({'a': 1}) }}",
    "{{ modules.datetime.sys }}",
    "{{ modules.os }}",
    "{{ exceptions.__class__.__mro__ }}",
    "{% include 'other.sql' %}",
    "{% import 'other.sql' as o %}",
    "{% extends '/etc/passwd' %}",
    "{{ open('/etc/passwd') }}",
    "{{ run_started_at.__reduce__() }}",
    "{{ cycler.__init__ }}",
    "{{ lipsum.__globals__ }}",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_a_template_cannot_leave_the_sandbox(tmp_path: Path, text: str) -> None:
    """Attributes of Python objects, other files and changes to values are refused, with a place."""
    found = refused(tmp_path, {"models/m.sql": f"select 1\n{text}"})
    assert [place.split(":")[:2] for _, place, *_ in found] == [["models/m.sql", "2"]]


FLOODS = {
    "text times number": "{{ 'a' * 50000000 }}",
    "number times text": "{{ 50000000 * 'a' }}",
    "list times number": "{{ [1] * 50000000 }}",
    "doubling by ~": "{% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "doubling by +": "{% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "doubling a number": "{% set a = namespace(x=9) %}{% for i in range(60) %}{% set a.x = a.x * a.x %}{% endfor %}",
    "power": "{{ 10 ** 10000000 }}",
    "replace": "{{ ('a' * 1000) | replace('a', 'b' * 100000) }}",
    "replace method": "{{ ('a' * 1000).replace('a', 'b' * 100000) }}",
    "replace by name": "{{ ('a' * 1000) | replace(old='a', new='b' * 100000) }}",
    "center": "{{ 'a' | center(1000000000) }}",
    "ljust": "{{ 'a'.ljust(1000000000) }}",
    "zfill": "{{ 'a'.zfill(1000000000) }}",
    "indent": "{{ 'a\nb' | indent(1000000000) }}",
    "expandtabs": "{{ '\t'.expandtabs(1000000000) }}",
    "percent format": "{{ '%1000000000d' % 1 }}",
    "percent star": "{{ '%*d' % (1000000000, 1) }}",
    "format filter": "{{ '%1000000000d' | format(1) }}",
    "format method": "{{ '{:>1000000000}'.format(1) }}",
    "format nested": "{{ '{:>{w}}'.format(1, w=1000000000) }}",
    "join": "{{ (['a' * 100000] * 1000) | join }}",
    "range": "{% for i in range(1000000) %}{% endfor %}",
    "output": "{% for i in range(90000) %}aaaaaaaaaaaaaaaaaaaa{% endfor %}",
    "macro output": "{{ flood() }}",
    "endless recursion": "{{ again() }}",
}
FLOOD_MACROS = """
{% macro flood() %}{% for i in range(90000) %}aaaaaaaaaaaaaaaaaaaa{% endfor %}{% endmacro %}
{% macro again() %}{{ again() }}{% endmacro %}
"""


@pytest.mark.parametrize("text", FLOODS.values(), ids=FLOODS.keys())
def test_a_template_cannot_flood_the_memory(tmp_path: Path, text: str) -> None:
    """Growth without end is one clear problem, long before the memory is full."""
    found = refused(tmp_path, {"models/m.sql": text, "macros/all.sql": FLOOD_MACROS})
    assert [code for code, *_ in found] == ["render-limit"]


FIX = "Make loops and texts smaller; let SQL do the work."
LOOPS = "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}"
BUSY = {
    "loops in loops": LOOPS,
    "loops in a macro": "{{ busy() }}",
    "loops in a call block": "{% call once() %}" + LOOPS + "{% endcall %}",
    "calls that double": "{{ doubling(40) }}",
    "a recursive loop": "{% for a in range(90000) recursive %}{{ loop(range(90000)) if loop.depth < 3 }}{% endfor %}",
    "filters over filters": "{% set l = range(90000) | list %}{% for a in l %}{{ l | map('abs') | sum }}{% endfor %}",
}
BUSY_MACROS = (
    "{% macro busy() %}" + LOOPS + "{% endmacro %}{% macro once() %}{{ caller() }}{% endmacro %}"
    "{% macro doubling(n) %}{% if n %}{{ doubling(n - 1) }}{{ doubling(n - 1) }}{% endif %}{% endmacro %}"
)


@pytest.mark.parametrize("text", BUSY.values(), ids=BUSY.keys())
def test_a_template_that_never_ends_is_stopped_after_so_many_steps(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count is the same on every machine; the place is where the template was, the next model is still read."""
    monkeypatch.setattr("pusher.compile.budget.RENDER_SECONDS", 300)
    monkeypatch.setattr("pusher.compile.budget.MAX_STEPS", 100_000)
    files = {"models/m.sql": f"select 1\n{text}", "models/n.sql": "select {{ no }}", "macros/b.sql": BUSY_MACROS}
    busy, other = refused(tmp_path, files)
    assert busy in [
        (
            "render-limit",
            place,
            "The template takes more than 100,000 steps; loop passes and calls are steps.",
            FIX,
        )
        for place in ("models/m.sql:2:1", "macros/b.sql:1:1")
    ]
    assert other[:2] == ("undefined-name", "models/n.sql:1:11")


def test_a_template_that_takes_too_long_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow steps end at the deadline, in a thread of a scheduler too, where no signal would arrive."""
    monkeypatch.setattr("pusher.compile.budget.RENDER_SECONDS", 0.3)
    slow = "{% set l = range(90000) | list %}\n{% for a in l %}{{ l == [a] }}{% endfor %}"
    files = {"models/m.sql": slow, "models/n.sql": "select 1"}
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(refused, tmp_path, files).result()
    assert found == [("render-limit", "models/m.sql:2:1", "The template did not finish within 0.3 seconds.", FIX)]


LAUGHS = (
    "{% set a = ['lol', 'lol', 'lol', 'lol', 'lol', 'lol', 'lol', 'lol', 'lol', 'lol'] %}"
    + "".join(f"{{% set {new} = [{', '.join([old] * 10)}] %}}" for old, new in zip("abcdefgh", "bcdefghi", strict=True))
    + "{% set other = [h, h, h, h, h, h, h, h, h, h] %}"
)
USES = {
    "output": "{{ i }}",
    "concatenation": "{{ 'a' ~ i }}",
    "filter": "{{ i | string }}",
    "filter in a chain": "{{ [i] | map('string') | list }}",
    "join": "{{ i | join }}",
    "function": "{{ tojson(i) }}",
    "percent": "{{ '%s' % i }}",
    "method": "{{ '{}'.format(i) }}",
    "comparison": "{{ i == other }}",
    "test": "{{ i is eq other }}",
}


@pytest.mark.parametrize("text", USES.values(), ids=USES.keys())
def test_lists_in_lists_are_counted_as_often_as_they_stand(tmp_path: Path, text: str) -> None:
    """A few hundred letters can name ten thousand million; no operation of Python is given them."""
    message = "A list in lists stands for more than 5,000,000 characters and items."
    assert refused(tmp_path, {"models/m.sql": f"{LAUGHS}\n{text}"}) == [
        ("render-limit", "models/m.sql:2:1", message, FIX)
    ]


PILES = {
    "a macro's text": "{% macro f() %}{% for i in range(900) %}{{ 'a' * 90000 }}{% endfor %}{% endmacro %}{{ f() }}",
    "a macro's plain text": (
        "{% macro f() %}{% for i in range(90000) %}" + "a" * 900 + "{% endfor %}{% endmacro %}{{ f() }}"
    ),
    "a set block": "{% set x %}{% for i in range(900) %}{{ 'a' * 90000 }}{% endfor %}{% endset %}",
    "texts in a list": (
        "{% set ns = namespace(x=[]) %}{% for i in range(9000) %}{% set ns.x = ns.x + ['a' * 90000 ~ i] %}{% endfor %}"
    ),
    "copies of a list": (
        "{% set l = range(90000) | list %}{% set ns = namespace(x=[]) %}"
        "{% for i in range(9000) %}{% set ns.x = ns.x + [l[:]] %}{% endfor %}"
    ),
}


@pytest.mark.parametrize("text", PILES.values(), ids=PILES.keys())
def test_what_piles_up_on_the_way_is_counted(tmp_path: Path, text: str) -> None:
    """Each piece is small enough, all of them together are not."""
    message = "The template makes more than 50,000,000 characters and list items on its way."
    assert refused(tmp_path, {"models/m.sql": text}) == [("render-limit", "models/m.sql:1:1", message, FIX)]


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
