"""Models whose SQL hangs on the rows of queries: rendered without them by lint, with them and proven by a build."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pusher.changes import Version, compare
from pusher.errors import PusherError
from pusher.lint import Finding
from pusher.project.facade import LoadOptions, Project
from tests.cli.conftest import Shop
from tests.compile.support import problems
from tests.conftest import ProjectFactory

SALES = {"seeds/sales.csv": "id,kind,amount\n1,tea,2\n2,coffee,3.5\n3,tea,4\n"}
# `{{ rows }}` is what a template makes of what it asks.
ASKING = "{% set found = run_query('select kind from ' ~ ref('sales') ~ ' order by id') %}\n"
VIEW = """\
{{ config(materialized='view', meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}) }}
{% set column = dbt_utils.get_single_value('select name from ' ~ ref('chosen'), 'order_id') %}
select
    'Purchase' as event,
    order_id as event_id,
    ordered_at as event_time,
    sha256(lower(trim("EMAIL"))) as email,
    {{ column }} as search_string
from {{ ref('stg_orders') }}
"""


def project_of(root: Path, **variables: Any) -> Project:
    """Load a project."""
    return Project.load(LoadOptions(root, vars=variables))


def rows(root: Path, sql: str) -> list[tuple[Any, ...]]:
    """Return rows of the warehouse."""
    with duckdb.connect(str(root / "shop.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def findings(found: list[Finding]) -> list[tuple[str, str, str]]:
    """Return findings as place, severity and code."""
    return [(f"{one.file}:{one.line}:{one.column}", one.severity, one.rule) for one in found]


SALES_OF = "ref('sales')"
# What stands between the quotes of a text; what that is while no warehouse is open, and with its rows.
TEMPLATES = {
    "values": ("{{ dbt_utils.get_column_values(SALES, 'kind', order_by='kind') | join('+') }}", "", "coffee+tea"),
    "one value": ("{{ dbt_utils.get_column_values(SALES, 'kind', 'max(id)', 1) | join('+') }}", "", "coffee"),
    "no value": ("{{ dbt_utils.get_column_values(SALES, 'id', default=[7], where='id > 9') | join }}", "7", "7"),
    "single": ("{{ dbt_utils.get_single_value('select max(amount) from ' ~ SALES, 0) }}", "0", "4.0"),
    "single null": ("{{ dbt_utils.get_single_value('select null from ' ~ SALES, 5) }}", "5", "5"),
    "mapping": ("{{ dbt_utils.get_query_results_as_dict('select id from ' ~ SALES).get('id', []) | sum }}", "0", "6"),
    "columns": ("{% if execute %}{{ found.columns[0].values() | join }}{% endif %}", "", "teacoffeetea"),
    "distinct": ("{% if execute %}{{ found.columns['kind'].values_distinct() | join }}{% endif %}", "", "teacoffee"),
    "loop": ("{% for row in found or [] %}{{ row['kind'] }}{{ row[0] | length }}{% endfor %}", "", "tea3coffee6tea3"),
    "rows": ("{% if execute %}{{ found.rows[1].kind }}{{ found[1].get('x', 2) }}{% endif %}", "", "coffee2"),
    "names": ("{% if execute %}{{ found.column_names | join }}{{ found | length }}{% endif %}", "", "kind3"),
    "items": ("{% if execute %}{% for k, v in found[0].items() %}{{ k }}{{ v }}{% endfor %}{% endif %}", "", "kindtea"),
    "execute": ("{{ execute }}", "False", "True"),
}


def test_templates_say_one_thing_without_rows_and_another_with_them(project: ProjectFactory) -> None:
    """`execute` is false only where a query is asked and no warehouse is open; rows are reached as in agate."""
    models = {
        f"models/{name.replace(' ', '_')}.sql": f"{ASKING}select '{text.replace('SALES', SALES_OF)}' as a"
        for name, (text, _, _) in TEMPLATES.items()
    }
    root = project({**SALES, **models, "models/plain.sql": "select '{{ execute }}' as a"})
    loaded = project_of(root)
    expected = {name.replace(" ", "_"): both for name, (_, *both) in TEMPLATES.items()} | {"plain": ["True", "True"]}
    texts = {name: loaded.manifest.models[name].compiled_sql for name in expected}
    loaded.build()
    compiled = {name: (root / f"target/compiled/shop/models/{name}.sql").read_text("utf-8") for name in expected}
    said = {name: [text.strip()[8:-6] for text in (texts[name], compiled[name])] for name in expected}
    assert said == expected
    assert {name: [one[1]] for name, one in expected.items()} == {
        name: [value for (value,) in rows(root, f'from "{name}"')] for name in expected
    }


def test_lint_tells_which_text_it_has_not_seen(project: ProjectFactory) -> None:
    """A note; for a model of which a destination view is made a warning; nothing else is claimed about what follows."""
    select = "select 1 as id{% if execute %}, '{{ found.rows[0][0] }}' as kind{% endif %}"
    files = {"models/m.sql": ASKING + select, "models/below.sql": "select id, kind from {{ ref('m') }}"}
    assert findings(project_of(project({**SALES, **files})).lint().findings) == [("models/m.sql:1:16", "note", "PU103")]


def view_files(chosen: str) -> dict[str, str]:
    """Return a destination view with a column whose name is data."""
    return {"seeds/chosen.csv": f"name\n{chosen}\n", "models/offline.sql": VIEW}


def wrote(root: Path, files: Mapping[str, str]) -> None:
    """Write files of a project."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_a_view_is_proven_by_the_text_that_its_rows_make(shop: Shop) -> None:
    """A row that names a raw column is refused before anything of the view is built; the view of before stays."""
    wrote(shop.root, view_files("order_id"))
    linted = shop("lint", "--json").json["findings"]
    assert [(one["rule"], one["severity"], one["file"], one["line"]) for one in linted if one["rule"] < "PU2"] == [
        ("PU103", "warning", "models/offline.sql", 2)
    ]
    assert shop("build").code == 0
    wrote(shop.root, view_files("note"))
    assert shop("build").code == 0
    wrote(shop.root, view_files("contact"))
    ran = shop("build", "--json")
    (problem,) = ran.json["errors"]
    assert (ran.code, problem["code"], problem["file"], problem["line"]) == (
        2, "privacy.raw-identifier", "models/offline.sql", 8,
    )  # fmt: skip
    (sql,) = rows(shop.root, "select sql from duckdb_views() where view_name = 'offline'")[0]
    assert ("note AS search_string" in sql, "contact" in sql) == (True, False)
    # A push would send what was built, but its rows make another text by now.
    assert [one["code"] for one in shop("push", "--json").json["errors"]] == ["privacy.raw-identifier"]
    wrote(shop.root, view_files("order_id"))
    assert (shop("build").code, shop("push", "--json").json["errors"]) == (0, [])


@pytest.mark.parametrize("selected", [(), ("--select", "chosen", "--select", "asking")])
@pytest.mark.parametrize("more", [{}, {"models/later.sql": ASKING + "select '{{ execute }}' as word"}])
def test_a_model_behind_a_view_is_proven_with_the_view_that_reads_it(
    shop: Shop, selected: tuple[str, ...], more: dict[str, str]
) -> None:
    """Building that model changes what the view sends, whether the view is built too or other models ask later."""
    asking = (
        "{% set column = dbt_utils.get_single_value('select name from ' ~ ref('chosen'), 'order_id') %}\n"
        "select *, {{ column }} as word from {{ ref('stg_orders') }}"
    )
    view = VIEW.replace("{{ column }}", "word").replace("ref('stg_orders')", "ref('asking')")
    view = "".join(line for line in view.splitlines(keepends=True) if "{% set" not in line)
    view += "where 'x' not in (select word from {{ ref('later') }})\n" if more else ""
    files = {**SALES, **more, "seeds/chosen.csv": "name\norder_id\n", "models/asking.sql": asking}
    wrote(shop.root, {**files, "models/offline.sql": view})
    assert shop("build").code == 0
    wrote(shop.root, {"seeds/chosen.csv": "name\ncontact\n"})
    ran = shop("build", "--json", *selected)
    assert (ran.code, {one["code"] for one in ran.json["errors"]}) == (2, {"privacy.raw-identifier"})
    assert "order_id AS word" in rows(shop.root, "select sql from duckdb_views() where view_name = 'asking'")[0][0]


def test_what_only_the_unknown_text_would_prove_is_refused(shop: Shop) -> None:
    """An audit and a comparison with another version judge no text that is not there; every push has it."""
    wrote(shop.root, view_files("order_id"))
    assert shop("build").code == 0
    audit = shop("lint", "--html", "audit.html")
    assert (audit.code, "an audit without a warehouse proves nothing" in audit.err) == (2, True)
    assert shop("push", "--stateless", "--dry-run").code == 0
    manifest = project_of(shop.root).manifest
    with pytest.raises(PusherError) as caught:
        compare(Version(manifest, {}), Version(manifest, {}), "HEAD", None)
    assert [one.code for one in caught.value.problems] == ["text-of-rows"]


def test_what_a_query_reads_is_built_before(project: ProjectFactory) -> None:
    """In the order of the build; alone, and never built, it is told as what is missing in the warehouse."""
    asking = "{% set n = dbt_utils.get_single_value('select count(*) from ' ~ ref('z_last'), 0) %}select {{ n }} as n"
    files = {"models/a_first.sql": asking, "models/z_last.sql": "select id from {{ ref('sales') }} where id < 3"}
    root = project({**SALES, **files})
    with pytest.raises(PusherError) as caught:
        project_of(root).build(["a_first"])
    assert problems(caught.value) == [
        (
            "query-failed",
            "models/a_first.sql:1:22",
            "run_query() failed: Table with name z_last does not exist.",
            "Correct the query; what it reads has to be built before.",
        )
    ]
    project_of(root).build()
    assert rows(root, "from a_first") == [(2,)]


WRONG = {
    "rows without a guard": (
        {"models/m.sql": ASKING + "select '{{ found.columns[0].values() | join }}' as a"},
        [
            (
                "undefined-name",
                "models/m.sql:2:18",
                "'None' has no attribute 'columns'.",
                "run_query() gives nothing as long as no warehouse is open: put what uses it inside {% if execute %}.",
            )
        ],
    ),
    "a data test": (
        {"tests/t.sql": ASKING + "select 1 as a where false"},
        [
            (
                "query-not-here",
                "tests/t.sql:1:16",
                "run_query() works in models, not in data tests.",
                "Write the query into the SQL of the test, as a subquery.",
            )
        ],
    ),
    "a file of macros": (
        {"macros/m.sql": "{% set found = run_query('select 1') %}"},
        [
            (
                "query-not-here",
                "macros/m.sql:1:16",
                "run_query() works in models only.",
                "Call it in the file of a model.",
            )
        ],
    ),
    "a hook": (
        {"models/m.sql": "{{ config(post_hook=\"select {{ run_query('select 1') }}\") }}select 1 as a"},
        [
            (
                "query-not-here",
                "models/m.sql:1:11",
                "run_query() works in models, not in hooks.",
                "Write the query into the statement, as a subquery.",
            )
        ],
    ),
    "a thing of agate that is not here": (
        {"models/m.sql": ASKING + "{% do found.print_table() %}select 1 as a"},
        [
            (
                "undefined-name",
                "models/m.sql:2:13",
                "'None' has no attribute 'print_table'.",
                "run_query() gives nothing as long as no warehouse is open: put what uses it inside {% if execute %}.",
            )
        ],
    ),
}


@pytest.mark.parametrize(("files", "expected"), WRONG.values(), ids=WRONG.keys())
def test_queries_where_there_is_no_warehouse_are_told_at_their_place(
    project: ProjectFactory, files: Mapping[str, str], expected: list[tuple[str, str, str, str]]
) -> None:
    """What dbt would fail on when it parses, and what only models may."""
    with pytest.raises(PusherError) as caught:
        _ = project_of(project({**SALES, **files})).manifest
    assert problems(caught.value) == expected


LATE = {
    "a model": (
        "{% if execute %}-- {{ ref('other') }}{% endif %} select 1 as a",
        "late-ref",
        "ref('other') is reached only when the query has run, so the order of the build is not known.",
    ),
    "its configuration": (
        "{% if execute %}{{ config(alias=found.rows[0][0]) }}{% endif %} select 1 as a",
        "late-config",
        "The rows of a query change the configuration of the model.",
    ),
    "a class of Python": (
        "{% if execute %}{{ found.rows[0].dict.__globals__ }}{% endif %} select 1 as a",
        "jinja-unsafe",
        "access to attribute '__globals__' of 'method' object is unsafe.",
    ),
    "what lies inside of a table": (
        "{% if execute %}{{ found.rows[0]._values }}{% endif %} select 1 as a",
        "jinja-unsafe",
        "access to attribute '_values' of 'Named' object is unsafe.",
    ),
    "a method that is not here": (
        "{% if execute %}{% do found.print_table() %}{% endif %} select 1 as a",
        "undefined-name",
        "'pusher.compile.query_answers.Table object' has no attribute 'print_table'.",
    ),
}


@pytest.mark.parametrize(("template", "code", "message"), LATE.values(), ids=LATE.keys())
def test_rows_change_neither_what_is_read_nor_how_it_is_configured(
    project: ProjectFactory, template: str, code: str, message: str
) -> None:
    """The order of the build and the relation are known before any query runs."""
    files = {"models/m.sql": ASKING + template, "models/other.sql": "select 1 as b"}
    with pytest.raises(PusherError) as caught:
        project_of(project({**SALES, **files})).build()
    assert [(one.code, one.message) for one in caught.value.problems] == [(code, message)]


def test_a_unit_test_says_what_the_macro_gives_that_asks(project: ProjectFactory) -> None:
    """There is no warehouse to ask; without an override the test fails and says so."""
    macro = "{% macro kinds() %}{{ return(dbt_utils.get_column_values(ref('sales'), 'kind')) }}{% endmacro %}"
    given = "model: m, given: [{{input: ref('sales'), rows: []}}]"
    test = f"unit_tests: [{{{{name: {{name}}, {given}, {{more}}expect: {{{{rows: [{{{{a: tea}}}}]}}}}}}}}]"
    files = {"macros/k.sql": macro, "models/m.sql": "select '{{ kinds() | join }}' as a -- {{ ref('sales') }}"}
    overridden = "overrides: {macros: {kinds: [tea]}}, "
    root = project({**SALES, **files, "models/u.yml": test.format(name="with_rows", more=overridden)})
    assert [(one.status) for one in project_of(root).test()] == ["pass"]
    wrote(root, {"models/u.yml": test.format(name="without", more="")})
    (found,) = project_of(root).test()
    assert (found.status, found.problem.message) == (
        "error",
        "without: The model asks a query by run_query(), and a unit test has no warehouse.",
    )


def test_compile_and_show_ask_the_warehouse(shop: Shop) -> None:
    """What they show is what a build would run; rows of identifiers are refused there too."""
    wrote(shop.root, {**SALES, "models/m.sql": ASKING + "select '{{ found.rows[0][0] if execute }}' as a"})
    assert shop("build").code == 0
    assert "select 'tea' as a" in shop("compile", "--select", "m").out
    inline = "select {{ dbt_utils.get_single_value('select sum(id) from ' ~ ref('sales'), 0) }} as n"
    assert shop("compile", "--inline", inline).out.strip() == "select 6 as n"
    assert shop("show", "--inline", inline, "--json").json["rows"] == [{"n": 6}]
    leak = "select '{{ dbt_utils.get_single_value('select max(phone) from ' ~ ref('stg_orders'), 0) }}' as n"
    for words in (("compile",), ("show", "--json")):
        ran = shop(*words, "--inline", leak)
        assert (ran.code, "run_query() may not read" in ran.out + ran.err) == (2, True)


def test_what_asks_a_query_is_not_kept(
    project: ProjectFactory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither what it says with rows nor without: the next command asks again."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir(mode=0o700)
    files = {"models/m.sql": ASKING + "select 'said_by_m' as a", "models/n.sql": "select '{{ 'said_' ~ 'by_n' }}' as a"}
    root = project({**SALES, **files})
    (root / "target").mkdir()
    Project.load(LoadOptions(root, uses_cache=True)).build()
    said = (root / "target/render-cache.json").read_text("utf-8")
    assert ("said_by_m" in said, "said_by_n" in said) == (False, True)
