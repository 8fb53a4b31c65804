"""Statements before and after models and builds: what they see, what they undo, and what becomes of a failure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pusher.errors import BuildError, PusherError
from pusher.project.facade import LoadOptions, Project
from tests.cli.conftest import pusher
from tests.compile.support import problems
from tests.conftest import ProjectFactory

PROJECT = """\
name: shop
profile: shop
on-run-start: create table if not exists journal (what varchar)
on-run-end:
  - insert into journal select '{{ results | map(attribute='status') | join(' ') }}'
  - insert into journal select '{{ schemas | join }} {{ database_schemas[0][0] }}'
"""
FILES = {"dbt_project.yml": PROJECT}


def build(root: Path, **variables: Any) -> list[tuple[str, str]]:
    """Build a project; return what became of its models."""
    return [(one.model, one.status) for one in Project.load(LoadOptions(root, vars=variables)).build().models]


def rows(root: Path, sql: str) -> list[Any]:
    """Return the rows of a query of one column."""
    with duckdb.connect(str(root / "shop.duckdb"), read_only=True) as connection:
        return [value for (value,) in connection.execute(sql).fetchall()]


def table(sql: str, **hooks: Any) -> str:
    """Return a model that is a table and has hooks."""
    return f"{{{{ config(materialized='table', **{json.dumps(hooks)}) }}}}\n{sql}"


def note(what: str) -> str:
    """Return a statement that adds a row to the journal."""
    return f"insert into journal select {what}"


def test_a_hook_that_fails_leaves_the_table_of_before_and_stops_what_is_below(project: ProjectFactory) -> None:
    """What hooks in the same transaction did is undone too; what runs at the end runs, and knows."""
    before = [{"sql": note("'outside'"), "transaction": False}, note("'before'")]
    model = table("select {{ var('n') }} as id", pre_hook=before, post_hook=note("cast('1{{ var('n') }}' as utinyint)"))
    root = project({**FILES, "models/m.sql": model, "models/below.sql": "select * from {{ ref('m') }}"})
    assert build(root, n=1) == [("m", "built"), ("below", "built")]
    assert rows(root, "from journal") == ["outside", "before", "11", "success success", "main shop"]
    with pytest.raises(BuildError) as caught:
        build(root, n=999)
    assert (caught.value.exit_code, [one.code for one in caught.value.problems]) == (2, ["hook-failed"])
    assert caught.value.__notes__ == ["Not built because of this: below."]
    assert (rows(root, "from m"), rows(root, "from journal")[5:]) == ([1], ["outside", "error skipped", "main shop"])
    assert rows(root, "select table_name from duckdb_tables() order by all") == ["journal", "m"]


def test_a_model_that_fails_undoes_what_its_hooks_did(project: ProjectFactory) -> None:
    """They are one with it."""
    model = table("select cast(word as integer) as id from {{ ref('words') }}", pre_hook=note("'before'"))
    root = project({**FILES, "seeds/words.csv": "word\nx\n", "models/m.sql": model})
    with pytest.raises(BuildError):
        build(root)
    assert rows(root, "from journal") == ["success error", "main shop"]


@pytest.mark.parametrize("place", ["on-run-start", "on-run-end"])
def test_a_failure_before_everything_stops_the_build_and_one_after_it_fails_it(
    project: ProjectFactory, place: str
) -> None:
    """Each is told at its line; the statements of a hook are one, and hooks behind it do not run."""
    kept, undone, end = note("'kept'"), note("'undone'"), note("'end'")
    lines = f"  - {kept}\n  - {undone}; select error('no')\n  - select 1\n"
    begin = "create table journal (what varchar)"
    other = {"on-run-start": f"on-run-end: {end}", "on-run-end": f"on-run-start: {begin}"}[place]
    first = {"on-run-start": f"  - {begin}\n", "on-run-end": "  - select 1\n"}[place]
    text = f"name: shop\nprofile: shop\n{other}\n{place}:\n{first}{lines}"
    root = project({"dbt_project.yml": text, "models/m.sql": "select 1 as id"})
    with pytest.raises(BuildError) as caught:
        build(root)
    (problem,) = caught.value.problems
    assert (problem.code, problem.place, caught.value.exit_code) == ("hook-failed", "dbt_project.yml:7:5", 2)
    built = rows(root, "select view_name from duckdb_views() where not internal")
    expected = (["kept", "end"], []) if place == "on-run-start" else (["kept"], ["m"])
    assert (rows(root, "from journal"), built) == expected


def test_hooks_of_all_places_add_up(project: ProjectFactory) -> None:
    """The folder's come first, then those of the YAML file, then the model's own; ephemeral models have none."""
    start = "name: shop\nprofile: shop\non-run-start: create table if not exists journal (what varchar)\n"
    own = note("'{{ model.name }} ' || count(*) from {{ this }}")
    of_folder, of_yaml = note("'{{ this.name }} {{ target.name }}'"), note("'yaml'")
    folder = f"models:\n  shop:\n    +post-hook: {of_folder}\n"
    files = {
        "dbt_project.yml": start + folder,
        "models/m.yml": f'models: [{{name: m, config: {{post-hook: [{{sql: "{of_yaml}"}}]}}}}]',
        "models/m.sql": f"{{{{ config(post_hook=\"{own}\") }}}}select * from {{{{ ref('e') }}}}",
        "models/e.sql": "{{ config(materialized='ephemeral') }}select 1 as id",
    }
    root = project(files)
    assert build(root) == [("m", "built")]
    assert rows(root, "from journal") == ["m dev", "yaml", "m 1"]


def test_what_a_hook_refers_to_is_built_before_its_model(project: ProjectFactory) -> None:
    """As in dbt; what it refers to is a parent in manifest.json."""
    model = table("select 1 as id", post_hook=note("'rows ' || count(*) from {{ ref('z') }}"))
    root = project({**FILES, "models/a.sql": model, "models/z.sql": table("select 1 as id")})
    assert build(root) == [("z", "built"), ("a", "built")]
    node = json.loads((root / "target/manifest.json").read_text("utf-8"))["nodes"]["model.shop.a"]
    sql = "insert into journal select 'rows ' || count(*) from {{ ref('z') }}"
    assert node["config"]["post-hook"] == [{"sql": sql, "transaction": True, "index": None}]
    assert node["depends_on"]["nodes"] == ["model.shop.z"]


def test_models_with_hooks_do_not_meet_in_the_table_that_all_write_to(project: ProjectFactory) -> None:
    """Each runs alone, or their changes of one row would be refused as a conflict."""
    counts = {"on": "update counted set n = n + 1"}
    files = {f"models/m{number}.sql": table("select 1 as id", post_hook=counts["on"]) for number in range(6)}
    text = "name: shop\nprofile: shop\non-run-start: create or replace table counted as select 0 as n\n"
    root = project({"dbt_project.yml": text, **files})
    build(root)
    assert rows(root, "from counted") == [6]


def test_packages_run_theirs_first(project: ProjectFactory) -> None:
    """As in dbt, with the variables of the package."""
    own = "name: shop\nprofile: shop\non-run-start: insert into journal select 'project'\n"
    package = (
        "name: rules\nvars: {word: package}\non-run-start:\n"
        "  - create table journal (what varchar)\n  - insert into journal select '{{ var('word') }}'\n"
    )
    files = {"packages.yml": "packages: [{local: rules}]\n", "rules/dbt_project.yml": package}
    root = project({"dbt_project.yml": own, **files, "models/m.sql": "select 1 as id"})
    build(root)
    assert rows(root, "from journal") == ["package", "project"]


SQL = "select 1 as id"
KIND = "`pre_hook` must be a statement, a mapping with `sql`, or a list of these."
END = "name: shop\nprofile: shop\non-run-end:\n  - select 1\n  - drop view m\n"
UNKNOWN = "models:\n  - name: m\n    config:\n      pre_hook: select '{{ nothing }}'\n"
READS_N = "{{ config(pre_hook=\"select 1 from {{ ref('n') }}\") }}select 1 as id"
WRONG: Mapping[str, tuple[Mapping[str, str], tuple[str, str, str]]] = {
    "a write to what is proven": (
        {"models/m.sql": "{{ config(post_hook='delete from {{ this }}') }}select 1 as id"},
        ("hook-refused", "models/m.sql:1:11", "This post_hook would change `m`, which is a model of the project."),
    ),
    "a write of the project": (
        {"dbt_project.yml": END, "models/m.sql": SQL},
        ("hook-refused", "dbt_project.yml:5:5", "This on-run-end would change `m`, which is a model of the project."),
    ),
    "a name that is none": (
        {"models/m.yml": UNKNOWN, "models/m.sql": SQL},
        ("undefined-name", "models/m.yml:4:7", "`nothing` is not defined."),
    ),
    "a number": (
        {"models/m.sql": "{{ config(pre_hook=5) }}select 1 as id"},
        ("wrong-type", "models/m.sql:1:11", KIND),
    ),
    "a mapping with another key": (
        {"models/m.sql": "{{ config(pre_hook={'sql': 'select 1', 'when': 1}) }}select 1 as id"},
        ("wrong-type", "models/m.sql:1:11", KIND),
    ),
    "a circle": (
        {"models/m.sql": READS_N, "models/n.sql": "select * from {{ ref('m') }}"},
        ("cycle", "models/n.sql:1:18", "Models refer to each other in a circle: m -> n -> m."),
    ),
}


@pytest.mark.parametrize(("files", "expected"), WRONG.values(), ids=WRONG.keys())
def test_a_hook_that_cannot_be_is_told_before_anything_runs(
    project: ProjectFactory, files: Mapping[str, str], expected: tuple[str, str, str]
) -> None:
    """By every command, with file, line and column."""
    with pytest.raises(PusherError) as caught:
        _ = Project.load(LoadOptions(project(files))).manifest
    assert caught.value.exit_code == 2
    assert [found[:3] for found in problems(caught.value)] == [expected]


def test_results_made_of_data_are_checked_again_before_they_run(project: ProjectFactory) -> None:
    """What runs at the end is known only then: a statement that its results make is held to the same rules."""
    end = "{% if results %}delete from {{ results[0].node.relation_name }}{% endif %}"
    text = f'name: shop\nprofile: shop\non-run-end: "{end}"\n'
    root = project({"dbt_project.yml": text, "models/m.sql": table("select 1 as id")})
    ran = pusher("build", "--json", "--project-dir", str(root))
    (problem,) = ran.json["errors"]
    assert (ran.code, problem["code"], problem["line"]) == (2, "hook-refused", 3)
    assert rows(root, "from m") == [1]
