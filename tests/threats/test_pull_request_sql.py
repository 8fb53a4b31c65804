"""SQL that comes with a pull request, or that a person types, by every door through which pusher runs it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.conftest import Ran, pusher
from tests.conftest import EVENT_SET, ProjectFactory
from tests.engines.test_hardening import PROBES

SECRET = "open-sesame-and-poppy"  # noqa: S105 -- what must not be read
# Each is one SELECT, so that nothing but what it reads or calls can be wrong.
SELECTS = {
    **{name: sql for name, sql in PROBES.items() if sql.startswith(("select", "from", "with"))},
    "read a csv one file at a time": "select * from read_single_csv_file('{root}/other/secret.csv')",
    "read lines of json": "select * from read_ndjson_objects('{root}/other/secret.csv')",
    "read another database": "select * from read_duckdb('{root}/other/foreign.duckdb', table_name = 't')",
    "keys of a parquet": "select * from parquet_kv_metadata('{root}/other/secret.parquet')",
    "metadata of a file": "select * from parquet_file_metadata('{root}/other/secret.parquet')",
    "pages of a parquet": "select * from parquet_page_index('{root}/other/secret.parquet')",
    "filters of a parquet": "select * from parquet_bloom_probe('{root}/other/secret.parquet', 'a', 1)",
    "describe a file": "from (describe '{root}/other/secret.csv')",
    "summarize a file": "from (summarize '{root}/other/secret.csv')",
    "a file by a table's name": "select * from query_table('{root}/other/secret.csv')",
    "a file in a text of SQL": "select * from query('from read_csv(''{root}/other/secret.csv'')')",
    "a write in a text of SQL": "select * from query('copy (select 1) to ''{root}/other/new.csv''')",
    "a text of SQL": "select * from query('select 1 as a')",
    "a quoted function of text": "select * from \"QUERY\"('select 1 as a')",
    "a function of text in its schema": "select * from main.query('select 1 as a')",
    "a serialized query": "select * from json_execute_serialized_sql(json_serialize_sql('select 1'))",
    "the settings": "select * from duckdb_settings()",
    "a setting": "select current_setting('allowed_paths')",
    "the paths of databases": "select * from duckdb_databases()",
    "the paths of databases as a view": "select * from duckdb_databases",
    "the list of databases": "select * from pragma_database_list",
    "secrets": "select * from duckdb_secrets()",
    "which secret": "select * from which_secret('s3://bucket', 's3')",
    "extensions": "select * from duckdb_extensions()",
    "temporary files": "select * from duckdb_temporary_files()",
    "the log": "select * from duckdb_logs()",
    "write to the log": "select write_log('x')",
    "log to a file by a select": "select * from enable_logging(storage = 'file', storage_path = '{root}/other/log')",
    "profile to a file by a select": "select * from enable_profiling(format = 'json', save_location = '{root}/p')",
    "forget the log": "select * from truncate_duckdb_logs()",
    "checkpoint by a select": "select * from checkpoint()",
    "another grammar": "select * from add_grammar_extension('x', 'y')",
    "another resource": "select * from create_external_resource('x')",
    "an address of Arrow": "select * from arrow_scan(1, 1, 1)",
    "an address of pandas": "select * from pandas_scan(1)",
    "a function of Python": "select * from python_map_function(1)",
    "an environment variable": "select getenv('HOME')",
    "a variable": "select getvariable('x')",
    "the running query": "select current_query()",
    "sleep": "select sleep_ms(100000)",
    "the seed of chance": "select setseed(0.5)",
    "insert inside with": "with x as (insert into t values (1) returning *) select * from x",
    "create inside with": "with x as (create table t2 as select 1) select 1",
    "attach inside with": "with x as (attach '{root}/other/foreign.duckdb') select 1",
}
# What is no SELECT at all, or more than one.
STATEMENTS = {
    **{name: sql for name, sql in PROBES.items() if name not in SELECTS},
    "two": "select 1; select 2",
    "a write behind a select": "select 1; copy (select 1) to '{root}/other/new.csv'",
    "a prepared statement": "prepare q as select 1",
    "an executed one": "execute q",
    "a macro": "create macro f() as table select * from read_csv('{root}/other/secret.csv')",
    "a secret of a folder": "create secret s in local_file (type http, bearer_token 'a')",
    "a pivot that reads first": "pivot (from '{root}/other/secret.csv') on a using count(*)",
    "use": "use other",
    "vacuum": "vacuum",
    "a variable that is set": "set variable x = 1",
}
ATTEMPTS = SELECTS | STATEMENTS
NAMES = [f"probe_{number:03d}" for number in range(len(ATTEMPTS))]


def _source(name: str, location: str) -> str:
    return (
        f"  - {{name: {name}, config: {{meta: {{external_location: {json.dumps(location)}}}}}, "
        "columns: [{name: a, data_type: varchar}]}\n"
    )


@pytest.fixture(name="root")
def _root(project: ProjectFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project beside files that are none of its business."""
    root = project(
        {
            "models/ok.sql": "select a from {{ source('raw', 'sales') }}",
            "models/s.yml": "sources:\n- name: raw\n  tables:\n" + _source("sales", "data/sales.csv"),
            "data/sales.csv": "a\n1\n",
        }
    )
    other = tmp_path / "other"
    other.mkdir()
    (other / "secret.csv").write_text(f"a\n{SECRET}\n")
    monkeypatch.chdir(root)
    return root


def attempts(root: Path) -> Mapping[str, str]:
    """Return the SQL of every attempt, with the places that are to be reached filled in."""
    return {name: sql.format(root=root.parent) for name, sql in ATTEMPTS.items()}


def expect_nothing_came_of_it(ran: Ran, root: Path, *, code: int) -> None:
    """Nothing was read, nothing was written outside the project."""
    assert (ran.code, SECRET in ran.out, SECRET in ran.err) == (code, False, False)
    assert [path.name for path in (root.parent / "other").iterdir()] == ["secret.csv"]
    assert sorted(path.name for path in root.parent.iterdir()) == ["other", "shop"]


def refused_files(ran: Ran) -> set[str]:
    """Return the files with errors; each stands for one attempt."""
    return {str(error["file"]) for error in ran.json["errors"]}


@pytest.mark.parametrize("command", ["lint", "build"])
def test_models_are_refused_by_the_binder(root: Path, command: str) -> None:
    """One model for each attempt: every one is an error, before any of them runs.

    A build tells of all texts that are no query before it asks the binder about the others.
    """
    for name, sql in zip(NAMES, attempts(root).values(), strict=True):
        (root / f"models/{name}.sql").write_text(sql)
    missing = {f"models/{name}.sql" for name in NAMES}
    for _ in range(2 if command == "build" else 1):
        ran = pusher(command, "--json", "--project-dir", str(root))
        expect_nothing_came_of_it(ran, root, code=2)
        found = refused_files(ran)
        missing -= found
        for one in found:
            (root / one).unlink()
    assert [list(ATTEMPTS)[NAMES.index(Path(one).stem)] for one in sorted(missing)] == []


def test_data_tests_are_refused(root: Path) -> None:
    """A data test is a query of the project as well."""
    (root / "tests").mkdir()
    for name, sql in zip(NAMES, attempts(root).values(), strict=True):
        (root / f"tests/{name}.sql").write_text(sql)
    ran = pusher("build", "--json", "--project-dir", str(root))
    expect_nothing_came_of_it(ran, root, code=ran.code)
    status = {one["name"]: one["status"] for one in ran.json.get("tests", ())}
    assert (ran.code != 0, [one for one, told in status.items() if told in {"pass", "fail", "warn"}]) == (True, [])
    told = json.dumps(ran.json)
    assert [attempt for attempt, name in zip(ATTEMPTS, NAMES, strict=True) if name not in told] == []


def test_conditions_of_data_tests_are_refused(root: Path) -> None:
    """`where` and arguments of a data test become part of its query."""
    selects = [sql.format(root=root.parent) for sql in SELECTS.values() if not sql.startswith("with")]
    tests = "".join(
        f"      - not_null: {{name: probe_{number}, config: {{where: {json.dumps(f'exists ({sql})')}}}}}\n"
        for number, sql in enumerate(selects)
    )
    (root / "models/m.yml").write_text("models:\n- name: ok\n  columns:\n  - name: a\n    data_tests:\n" + tests)
    ran = pusher("build", "--json", "--project-dir", str(root))
    expect_nothing_came_of_it(ran, root, code=ran.code)
    passed = [one["name"] for one in ran.json.get("tests", ()) if one["status"] == "pass"]
    assert (ran.code, passed) == (ran.code or 1, [])


def test_rows_of_unit_tests_are_refused(root: Path) -> None:
    """Rows in SQL are a query too, and their database is as hard as any."""
    tests = "".join(
        f"- name: {name}\n  model: ok\n  given:\n  - {{input: \"source('raw', 'sales')\", format: sql, rows: "
        f"{json.dumps(sql)}}}\n  expect: {{rows: [{{a: '1'}}]}}\n"
        for name, sql in zip(NAMES, attempts(root).values(), strict=True)
    )
    (root / "models/u.yml").write_text(f"unit_tests:\n{tests}")
    ran = pusher("test", "--json", "--project-dir", str(root))
    expect_nothing_came_of_it(ran, root, code=ran.code)
    passed = [one["name"] for one in ran.json.get("tests", ()) if one["status"] == "pass"]
    assert (ran.code, passed) == (ran.code or 1, [])


@pytest.mark.parametrize("sql", ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_queries_of_a_person_are_refused(root: Path, sql: str) -> None:
    """`show --inline` runs what is typed on the warehouse, and reads what sources declare."""
    ran = pusher("show", "--json", "--project-dir", str(root), "--inline", sql.format(root=root.parent))
    expect_nothing_came_of_it(ran, root, code=2)


@pytest.fixture(name="pushed")
def _pushed(root: Path) -> Path:
    """Return the project with a ledger."""
    (root / "models/off.sql").write_text(
        "{{ config(materialized='view', meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}) }}\n"
        "select 'Purchase' as event, a as event_id, now()::timestamp as event_time, sha256(a) as external_id, "
        f"sha256(a) as email, 1.5 as value, 'EUR' as currency, '{EVENT_SET}' as event_set_id "
        "from {{ source('raw', 'sales') }}"
    )
    assert pusher("build", "--project-dir", str(root)).code in {0, 1}
    assert pusher("push", "--project-dir", str(root)).code in {0, 1}
    return root


def files_of_state(root: Path) -> dict[str, bytes]:
    """Return every file of the state; what SQLite keeps beside an open sandbox comes and goes."""
    files = [path for path in (root / ".pusher").rglob("*") if path.is_file() and "sandbox" not in path.name]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def test_questions_to_the_ledger_are_refused(pushed: Path) -> None:
    """`status --sql` has the ledger's tables and files, and nothing else of this machine."""
    fine = pusher("status", "--json", "--project-dir", str(pushed), "--sql", "select count(*) as n from sent_keys")
    assert (fine.code, fine.json["rows"]) == (0, [{"n": 1}])
    state = files_of_state(pushed)
    for name, sql in attempts(pushed).items():
        ran = pusher("status", "--json", "--project-dir", str(pushed), "--sql", sql)
        assert (name, ran.code, SECRET in ran.out + ran.err) == (name, 2, False)
    keys = next((pushed / ".pusher/dev/keys").glob("*.parquet"))
    over = f"with x as (copy (select 1) to '{keys}') select 1"
    assert pusher("status", "--project-dir", str(pushed), "--sql", over).code == 2
    assert files_of_state(pushed) == state
    assert [path.name for path in (pushed.parent / "other").iterdir()] == ["secret.csv"]


LOCATIONS = {
    "a page": "https://example.com/x.csv",
    "a bucket": "s3://bucket/x.parquet",
    "a page in a call": "read_csv('http://127.0.0.1:9/x.csv')",
    "a file url": "file:///etc/passwd",
    "text": "read_text('/etc/passwd')",
    "a query": "(select * from read_text('/etc/passwd'))",
    "a text of SQL": "query('select 1')",
    "a glob of everything": "glob('/*')",
    "another database": "read_duckdb('x.duckdb')",
    "sqlite": "sqlite_scan('x.sqlite', 't')",
    "a call behind the call": "read_csv('data/sales.csv') union all select * from read_csv('/etc/passwd')",
    "a statement behind the call": "read_csv('data/sales.csv'); copy (select 1) to 'x'",
    "a file behind the file": "read_csv(['data/sales.csv', (select '/etc/passwd')])",
    "the state by a pattern": "read_csv('[.]pusher/dev/*')",
    "the state by a wide pattern": "read_csv('**/ledger.sqlite')",
}
_ANY_TEXT = "header = false, all_varchar = true, names = ['a'], sep = '|', quote = '', escape = ''"
# Each could be read if it were not for where it lies.
PRIVATE = {
    "the state": f"read_csv('.pusher/dev/ledger.sqlite', {_ANY_TEXT})",
    "the state by another way": f"read_csv('models/../.pusher/dev/ledger.sqlite', {_ANY_TEXT})",
    "the state by a link to its folder": f"read_csv('data/linked/dev/ledger.sqlite', {_ANY_TEXT})",
    "the state by a link to its file": "data/ledger.csv",
    "the state in a list": f"read_csv(['data/sales.csv', '.pusher/dev/ledger.sqlite'], {_ANY_TEXT})",
    "the profile": f"read_csv('profiles.yml', {_ANY_TEXT})",
    "the profile by a link": f"read_csv('data/profile.csv', {_ANY_TEXT})",
    "a hidden folder of the user": f"read_csv('~/.keys/id.csv', {_ANY_TEXT})",
    "a hidden file": f"read_csv('.env', {_ANY_TEXT})",
}


@pytest.fixture(name="furnished")
def _furnished(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the project with state, links and a home folder that hold the secret."""
    (root / ".pusher/dev").mkdir(parents=True)
    (root / ".pusher/dev/ledger.sqlite").write_text(f"a\n{SECRET}\n")
    (root / "data/linked").symlink_to(root / ".pusher")
    (root / "data/ledger.csv").symlink_to(root / ".pusher/dev/ledger.sqlite")
    (root / "data/profile.csv").symlink_to(root / "profiles.yml")
    (root / ".env").write_text(f"{SECRET}\n")
    home = tmp_path / "shop/home"
    (home / ".keys").mkdir(parents=True)
    (home / ".keys/id.csv").write_text(f"a\n{SECRET}\n")
    monkeypatch.setenv("HOME", str(home))
    return root


@pytest.mark.parametrize("location", PRIVATE.values(), ids=PRIVATE.keys())
def test_state_and_secrets_are_no_source(furnished: Path, location: str) -> None:
    """What lies in a hidden folder, or is the profile, is refused by that, whichever way leads there."""
    (furnished / "models/s.yml").write_text("sources:\n- name: raw\n  tables:\n" + _source("sales", location))
    for command in ("lint", "build"):
        ran = pusher(command, "--json", "--project-dir", str(furnished))
        expect_nothing_came_of_it(ran, furnished, code=2)
        assert [error["message"] for error in ran.json["errors"]] == [
            "A source may not be profiles.yml, nor lie in a hidden folder."
        ]


@pytest.mark.parametrize("location", LOCATIONS.values(), ids=LOCATIONS.keys())
def test_locations_of_sources_are_files_of_data(furnished: Path, location: str) -> None:
    """A source is a local file that is declared; other files, text of SQL and the network are none."""
    root = furnished
    (root / "models/s.yml").write_text("sources:\n- name: raw\n  tables:\n" + _source("sales", location))
    # Lint opens no file; that it finds nothing wrong with a location is no more than that.
    linted = pusher("lint", "--json", "--project-dir", str(root))
    expect_nothing_came_of_it(linted, root, code=linted.code)
    for words in (("build",), ("show", "--inline", "select * from {{ source('raw', 'sales') }}")):
        ran = pusher(words[0], "--json", "--project-dir", str(root), *words[1:])
        expect_nothing_came_of_it(ran, root, code=2)


def test_a_macro_of_the_project_gives_explain_no_more_than_a_model_has(root: Path) -> None:
    """`explain` and `forget` run the project's own macros in an empty database that is as hard as any."""
    (root / "macros").mkdir()
    for name in ("normalize_email", "hashed_email", "unusable_identity"):
        (root / f"macros/{name}.sql").write_text(
            "{% macro " + name + "(a='', b='', c='', d='') %}(select max(content) from "
            f"read_text('{root.parent}/other/secret.csv'))" + "{% endmacro %}"
        )
    ran = pusher("explain", "--email", "--json", "--project-dir", str(root))
    assert (ran.code != 0, SECRET in ran.out + ran.err) == (True, False)
