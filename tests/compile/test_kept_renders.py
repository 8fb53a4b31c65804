"""What templates rendered to before: a project compiled with it is the project compiled without it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pusher.compile import KeptRenders, Manifest, load
from pusher.compile.environment import Sandbox
from pusher.compile.kept import FILE
from pusher.config import Profile, load_project_file
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import PusherError
from tests.compile.support import profile, write

VENDORED = "dbt_packages/rules"
FILES = {
    "dbt_project.yml": "name: shop\nprofile: shop\nvars: {country: US, rate: 7, rules: {rate: 3}}\n"
    "models: {shop: {late: {+tags: [late]}}}\n",
    "models/_.yml": "sources: [{name: raw, tables: [{name: t, columns: [{name: k, data_type: int}]}]}]\n"
    "models:\n  - {name: plain, config: {tags: [plain]}, columns: [{name: k, data_tests: [not_null, odd]}]}\n"
    "unit_tests:\n  - {name: u, model: plain, given: [{input: \"source('raw', 't')\", rows: [{k: 1}]}],"
    " expect: {rows: [{k: 1}]}}\n",
    "macros/words.sql": """
        {% set top = var('country') %}
        {% macro country() %}'{{ top }}'{% endmacro %}
        {% macro shop() %}'{{ env_var('SHOP_NAME', 'none') }}'{% endmacro %}
        {% macro as_of() %}{% set m = var('as_of', run_started_at) | string | replace('T', ' ') -%}
        '{{ m | replace('+00:00', '') }}'{% endmacro %}
        {% macro around(x) %}({{ x }} and {{ caller() }}){% endmacro %}
        {% macro moment() %}{{ return(var('as_of', run_started_at)) }}{% endmacro %}
        {% macro generate_schema_name(custom, node) -%}
        {{ (custom or 'main') ~ '_' ~ target.name ~ '_' ~ var('stage', 'x') }}{% endmacro %}
        {% macro normaliser_version() %}{{ var('version', 1) }}{% endmacro %}
        {% macro default__size() %}1{% endmacro %}{% macro size() %}{{ adapter.dispatch('size')() }}{% endmacro %}
        {% test odd(model, column_name) -%}
        select * from {{ model }} where {{ column_name }} = {{ country() }}{% endtest %}
    """,
    f"{VENDORED}/dbt_project.yml": "name: rules\nvars: {rate: 2}\n",
    f"{VENDORED}/macros/all.sql": "{% macro twice(x) %}{{ x }} * {{ var('rate') }} * {{ size() }}{% endmacro %}",
    f"{VENDORED}/models/base.sql": "select {{ twice('2') }} as amount, 'x' as word",
    "models/plain.sql": "select k from {{ source('raw', 't') }}",
    "models/above.sql": "select *, {{ country() }} as c, {{ shop() }} as s, '{{ target.threads }}' as n "
    "from {{ ref('plain') }}",
    "models/inside.sql": "{{ config(materialized=var('kind', 'ephemeral')) }}select 1 as id",
    "models/named.sql": "{{ config(alias=var('alias', 'other'), tags=['t'], meta={'a': [1, 2.5, true, none]}) }}"
    "select {{ rules.twice('3') }} as x, '{{ this.schema }}' as y from {{ ref('inside') }}"
    "{{ log('hello', info=true) }}",
    "models/star.sql": "select {{ dbt_utils.star(ref('rules', 'base')) }} from {{ ref('base') }}"
    " join {{ ref('named') }} on true",
    "models/added.sql": "{{ config(materialized='incremental') }}select 1 as id"
    "{% if is_incremental() %} where 1 > (select max(id) from {{ this }}){% endif %}",
    "models/late/window.sql": "select {{ as_of() }} as a, '{{ run_started_at }}' as b"
    "{% set c %}{{ as_of() }}{% endset %}, {{ c }} as c, {{ as_of() ~ ' ' ~ 1 }} as d"
    "{% for one in [run_started_at, 1] %}, '{{ one }}' as e{{ loop.index }}{% endfor %}"
    ", {% call around(as_of()) %}{{ moment() }}{% endcall %} as f where {{ as_of() if true else '' }} is not null",
    "tests/alone.sql": "select * from {{ ref('above') }} where s = {{ shop() }} and {{ as_of() }} is null",
}
LOOK_AT_THE_MOMENT = (
    "{{ 'x' if as_of() else 'y' }}",
    "{{ run_started_at.year }}",
    "{{ run_started_at.strftime('%A') }}",
    "{{ as_of()[:5] }}",
    "{{ as_of() | length }}{{ as_of() | upper }}",
    "{{ 'old' if '2026' in as_of() else 'new' }}",
    "{{ 'old' if as_of() < '\\'2027' else 'new' }}",
    "{{ 'old' if run_started_at == moment() and moment().month > 11 else 'new' }}",
    "{% for letter in as_of() %}{{ letter if letter == '6' }}{% endfor %}",
    "{{ [as_of(), 'a'] | join('-') }}{{ [run_started_at] }}",
    "{{ as_of().split('-')[1] }}{{ '%s!' % as_of() }}{{ as_of() + '!' }}",
    "{{ {'2026-11-23 06:00:00': 1}.get(as_of() | replace(\"'\", ''), 2) }}",
    "{{ (as_of() ~ 'T') | replace('T', 'U') | replace('1', '') }}",
    "{% set ns = namespace(x=1) %}{% set ns.x = as_of() %}{{ [ns] | map(attribute='x') | map('first') | list }}",
    "{% filter replace('2', '3') %}{{ as_of() }}{% endfilter %}",
    "{% set a, b = (run_started_at | string).split(' ') %}{{ a }}",
    "{{ (run_started_at | string | replace('2026-11-23 06:00:00+00:00', '')) or 'empty' }}",
    "{{ modules.datetime.datetime.combine(run_started_at.date(), run_started_at.time()) }}",
    "{{ as_of() | trim | indent(4) }}{{ as_of() | default('a', true) }}{{ as_of() is in ['b'] }}",
    "{{ tojson([as_of()]) }}{{ env_var('SHOP_NAME', as_of()) }}{{ var('nothing', as_of()) }}",
)
STARTED = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Shop:
    """A project, and what a compile of it starts from."""

    root: Path
    profile: Profile
    variables: Mapping[str, Any] = field(default_factory=dict)
    started: datetime = STARTED
    standing: tuple[str, ...] = ()

    def load(self, kept: KeptRenders | None) -> Manifest:
        """Compile it."""
        manifest = load(
            load_project_file(self.root),
            self.profile,
            vars=self.variables,
            run_started_at=self.started,
            open_engine=lambda paths: DuckDBEngine.in_memory(allowed_paths=paths),
            kept=kept,
        )
        return manifest.standing(self.standing) if self.standing else manifest

    def write(self, files: Mapping[str, str]) -> Shop:
        """Write some files anew."""
        write(self.root, {"dbt_project.yml": (self.root / "dbt_project.yml").read_text("utf-8"), **files})
        return self


def everything(shop: Shop, kept: KeptRenders | None) -> Any:
    """Return all that a compile finds out, or all that is wrong."""
    try:
        manifest = shop.load(kept)
    except PusherError as error:
        return error.problems
    names = ("models", "sources", "tests", "unit_tests", "exposures", "macros", "notices", "normaliser_version")
    return {
        **{name: getattr(manifest, name) for name in names},
        "analysis": {name: manifest.analysis_sql(name) for name in manifest.models},
        "places": [manifest.locate("above", at) for at in (0, 9, 40)],
    }


def kept_of(root: Path) -> KeptRenders:
    """Return what is kept of a project."""
    (root / "target").mkdir(exist_ok=True)
    kept = KeptRenders.open(root / "target" / FILE)
    assert kept is not None
    return kept


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Return the project, of which everything is kept."""
    monkeypatch.setenv("SHOP_NAME", "corner")
    found = Shop(write(tmp_path, FILES), profile(tmp_path))
    kept = kept_of(tmp_path)
    assert isinstance(everything(found, kept), dict)
    kept.write()
    return found


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the files of the templates that run, source maps left out."""
    compile_source, files = Sandbox.compile_source, list[str]()

    def noted(self: Sandbox, source: str, file: str, rewrite: Any = None) -> Any:
        if rewrite is None:
            files.append(file)
        return compile_source(self, source, file, rewrite)

    monkeypatch.setattr(Sandbox, "compile_source", noted)
    return files


def _text(path: str, old: str, new: str) -> Callable[[Shop], Shop]:
    def change(shop: Shop) -> Shop:
        assert old in FILES[path]
        return shop.write({path: FILES[path].replace(old, new)})

    return change


def _variable(name: str, value: Any) -> Callable[[Shop], Shop]:
    return lambda shop: replace(shop, variables={name: value})


def _profile(**values: Any) -> Callable[[Shop], Shop]:
    return lambda shop: replace(shop, profile=replace(shop.profile, **values))


def _environment(shop: Shop) -> Shop:
    os.environ["SHOP_NAME"] = "market"
    return shop


LATE = {"models/x/late.sql": "select 1"}
ALIAS = "{% macro generate_alias_name(custom, node) %}a_{{ custom or node.name }}{% endmacro %}"
NAMING, TOP = "{{ (custom", "{% set top"
CHANGES: Mapping[str, Callable[[Shop], Shop]] = {
    "nothing": lambda shop: shop,
    "the moment": lambda shop: replace(shop, started=datetime(2027, 12, 31, 23, 59, 58, 17, tzinfo=UTC)),
    "a template": _text("models/above.sql", "as n", "as m"),
    "a macro": _text("macros/words.sql", "return(var('as_of', run_started_at))", "return('never')"),
    "a macro behind a dispatch": _text("macros/words.sql", "%}1{%", "%}2{%"),
    "a variable": _variable("country", "CH"),
    "the moment as a variable": _variable("as_of", "2026-01-02T03:04:05"),
    "a variable that had a default": _variable("stage", "y"),
    "a variable that no text stands for": _variable("kind", "table"),
    "a variable of the project": _text("dbt_project.yml", "country: US", "country: DE"),
    "a variable for a package": _text("dbt_project.yml", "rate: 3", "rate: 4"),
    "a variable of a package": _text(f"{VENDORED}/dbt_project.yml", "rate: 2", "rate: 5, size: 1"),
    "the name of a table": _variable("alias", "another"),
    "a constant": _variable("version", 2),
    "a moment in a variable": _variable("as_of", datetime(2026, 1, 2, tzinfo=UTC)),
    "an environment variable": _environment,
    "the target": _profile(target="prod"),
    "the schema": _profile(schema="s"),
    "the database": _profile(database="other.duckdb"),
    "the threads": _profile(threads=9),
    "configuration of a folder": _text("dbt_project.yml", "[late]", "[later]"),
    "configuration in YAML": _text("models/_.yml", "{tags: [plain]}", "{materialized: ephemeral}"),
    "a source": _text("models/_.yml", "{name: t,", "{name: t, identifier: other,"),
    "columns that are asked for": _text(f"{VENDORED}/models/base.sql", "as word", "as words"),
    "a macro of a package": _text(f"{VENDORED}/macros/all.sql", "{{ x }} *", "{{ x }} +"),
    "another macro of a package": _text(f"{VENDORED}/macros/all.sql", "{% macro", ALIAS + "{% macro"),
    "a new model": lambda shop: shop.write({"models/new.sql": "select * from {{ ref('late') }}", **LATE}),
    "what a model reads": _text("models/above.sql", "ref('plain')", "ref('named')"),
    "a model with a mistake": _text("models/above.sql", "shop()", "shopp()"),
    "a circle": _text("models/plain.sql", "from", "from {{ ref('above') }},"),
    "a macro that cannot be read": _text("macros/words.sql", "{% macro shop() %}", "{% macro shop( %}"),
    "tables that stand": lambda shop: replace(shop, standing=("added",)),
    "a file of macros that asks the moment": _text("macros/words.sql", TOP, "{% set at = run_started_at %}" + TOP),
    "a file of macros that keeps a state": _text("macros/words.sql", TOP, "{% set ns = namespace(x=1) %}" + TOP),
    "a macro that names and says so": _text("macros/words.sql", NAMING, "{{ log('naming', info=true) }}" + NAMING),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_compiled_does_not_depend_on_what_is_kept(shop: Shop, what: str) -> None:
    """After a change, when it is compiled again, and after it is undone; what is wrong is told as ever."""
    changed = CHANGES[what](shop)
    expected = everything(changed, None)
    for _ in range(2):
        kept = kept_of(shop.root)
        assert everything(changed, kept) == expected
        kept.write()

    os.environ["SHOP_NAME"] = "corner"
    write(shop.root, FILES)
    for name in ("models/new.sql", "models/x/late.sql"):
        (shop.root / name).unlink(missing_ok=True)

    assert everything(shop, kept_of(shop.root)) == everything(shop, None)


def test_templates_that_only_write_the_moment_are_kept(shop: Shop, run: list[str]) -> None:
    """The next run has another one; as long as nothing else is asked, no template and no macro is even compiled."""
    words = FILES["macros/words.sql"].replace("generate_schema_name", "other_name")
    shop.write({"macros/words.sql": words, "models/_.yml": FILES["models/_.yml"].partition("models:")[0]})
    # It asks for columns, and at first nobody knows them.
    (shop.root / "models/star.sql").unlink()
    kept = kept_of(shop.root)
    shop.load(kept)
    kept.write()
    run.clear()

    found = replace(shop, started=datetime(2030, 1, 2, tzinfo=UTC)).load(kept_of(shop.root))

    assert run == []
    assert found.models["window"].compiled_sql == (
        "select '2030-01-02 00:00:00' as a, '2030-01-02 00:00:00+00:00' as b, '2030-01-02 00:00:00' as c, "
        "'2030-01-02 00:00:00' 1 as d, '2030-01-02 00:00:00+00:00' as e1, '1' as e2, "
        "('2030-01-02 00:00:00' and 2030-01-02 00:00:00+00:00) as f where '2030-01-02 00:00:00' is not null"
    )
    assert found.normaliser_version == "1"


@pytest.mark.parametrize("at", [datetime(2026, 11, 23, 6, 0, 0, 1, tzinfo=UTC), datetime(2031, 6, 1, tzinfo=UTC)])
def test_templates_that_look_at_the_moment_run_again(tmp_path: Path, run: list[str], at: datetime) -> None:
    """Whichever way they look at it."""
    models = {f"models/late/m{number}.sql": f"select '{text}'" for number, text in enumerate(LOOK_AT_THE_MOMENT)}
    macros = {name: text for name, text in FILES.items() if name == "macros/words.sql"}
    project = {"dbt_project.yml": FILES["dbt_project.yml"]}
    shop = Shop(write(tmp_path, {**project, **macros, **models}), profile(tmp_path))
    kept = kept_of(tmp_path)
    shop.load(kept)
    kept.write()
    later = replace(shop, started=at)
    expected = {name: model.compiled_sql for name, model in later.load(None).models.items()}
    run.clear()

    found = later.load(kept_of(tmp_path))

    assert {name: model.compiled_sql for name, model in found.models.items()} == expected
    assert sorted(file for file in run if file in models) == sorted(models)
