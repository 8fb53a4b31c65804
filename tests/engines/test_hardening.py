"""What a model's SQL cannot reach, probe by probe, on a real database file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pusher.contracts import EngineError
from pusher.engines.duckdb import DuckDBEngine


# One database for all probes: each must leave it as it was.
@pytest.fixture(name="root", scope="module")
def _root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("hardening")
    for folder in ("declared", "other", "outbox"):
        (tmp_path / folder).mkdir()
    duckdb.sql(f"copy (select 1 as a) to '{tmp_path}/declared/sales.parquet'")
    duckdb.sql(f"copy (select 1 as a) to '{tmp_path}/other/secret.parquet'")
    (tmp_path / "declared/sales.csv").write_text("a\n1\n")
    (tmp_path / "other/secret.csv").write_text("a\n1\n")
    (tmp_path / "declared/link.csv").symlink_to(tmp_path / "other/secret.csv")
    with duckdb.connect(str(tmp_path / "other/foreign.duckdb")) as foreign:
        foreign.execute("create table t as select 1 as a")
    return tmp_path


@pytest.fixture(name="engine", scope="module")
def _engine(root: Path) -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine.open(
        root / "shop.duckdb",
        allowed_paths=[root / "declared/sales.parquet", root / "declared/sales.csv"],
        allowed_directories=[root / "outbox"],
    )
    engine.execute("create table t as select 1 as a")
    yield engine
    engine.close()


PROBES = {
    "read another csv": "select * from read_csv('{root}/other/secret.csv')",
    "read another csv by name": "from '{root}/other/secret.csv'",
    "read another parquet": "select * from read_parquet('{root}/other/secret.parquet')",
    "read a list with one undeclared": "from read_csv(['{root}/declared/sales.csv', '{root}/other/secret.csv'])",
    "read through ../": "select * from read_csv('{root}/declared/../other/secret.csv')",
    "read out of the outbox through ../": "select * from read_csv('{root}/outbox/../other/secret.csv')",
    "read a link beside a declared file": "select * from read_csv('{root}/declared/link.csv')",
    "read a relative path": "select * from read_csv('other/secret.csv')",
    "read text": "select * from read_text('/etc/passwd')",
    "read blob": "select * from read_blob('/etc/passwd')",
    "read json": "select * from read_json('{root}/other/secret.csv')",
    "read from standard input": "select * from read_csv('/dev/stdin')",
    "sniff": "select * from sniff_csv('{root}/other/secret.csv')",
    "list a folder": "select * from glob('{root}/other/*')",
    "list by glob in a scan": "from '{root}/other/*.parquet'",
    "list the root": "select * from glob('/*')",
    "parquet metadata": "select * from parquet_metadata('{root}/other/secret.parquet')",
    "parquet schema": "select * from parquet_schema('{root}/other/secret.parquet')",
    "copy to a new file": "copy t to '{root}/other/new.csv'",
    "copy to the home folder": "copy t to '~/pusher-probe.csv'",
    "copy over the project": "copy t to '{root}/dbt_project.yml'",
    "copy through ../ of the outbox": "copy t to '{root}/outbox/../other/new.csv'",
    "copy into a neighbour with the same prefix": "copy t to '{root}/outbox2.csv'",
    "copy from a file": "copy t from '{root}/other/secret.csv'",
    "copy inside with": "with x as (copy t to '{root}/other/new.csv') select 1",
    "export": "export database '{root}/other/dump'",
    "import": "import database '{root}/other/dump'",
    "attach a file": "attach '{root}/other/foreign.duckdb' as foreign_db",
    "attach read only": "attach '{root}/other/foreign.duckdb' as foreign_db (read_only)",
    "attach sqlite": "attach '{root}/other/x.sqlite' (type sqlite)",
    "attach a url": "attach 'https://example.com/x.duckdb'",
    "http": "from 'http://127.0.0.1:9/x.csv'",
    "https": "select * from read_parquet('https://example.com/x.parquet')",
    "s3": "select * from read_parquet('s3://bucket/x.parquet')",
    "install": "install httpfs",
    "install from a url": "install httpfs from 'http://127.0.0.1:9'",
    "load": "load httpfs",
    "load a file": "load '{root}/other/x.duckdb_extension'",
    "autoload by function": "select * from sqlite_scan('{root}/other/x.sqlite', 't')",
    "secret": "create secret s (type s3, key_id 'a', secret 'b')",
    "persistent secret": "create persistent secret s (type http, bearer_token 'a')",
    "open the gate": "set enable_external_access = true",
    "widen the paths": "set allowed_paths = ['/etc/passwd']",
    "widen the folders": "set allowed_directories = ['/']",
    "reset the paths": "reset allowed_paths",
    "reset the gate": "reset enable_external_access",
    "unlock": "set lock_configuration = false",
    "reset the lock": "reset lock_configuration",
    "session setting": "set session timezone = 'America/New_York'",
    "pragma": "pragma memory_limit = '1TB'",
    "python variables on": "set python_enable_replacements = true",
    "extensions on": "set autoinstall_known_extensions = true",
    "log to a file": "call enable_logging(storage_path = '{root}/other/log')",
    "profile to a file": "pragma profiling_output = '{root}/other/profile'",
    "python variable": "select * from python_table",
}


@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES.keys())
def test_statements_that_leave_the_declared_files_are_refused(engine: DuckDBEngine, root: Path, probe: str) -> None:
    """Nothing but declared files and the outbox can be read or written, and no setting loosens that."""
    python_table = [{"a": 1}]
    before = sorted(root.rglob("*"))
    with pytest.raises(EngineError):
        engine.execute(probe.format(root=root))
    del python_table
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES.keys())
def test_streams_run_on_cursors_that_are_hardened_too(engine: DuckDBEngine, root: Path, probe: str) -> None:
    """A cursor of its own gives a stream no way around the lock."""
    python_table = [{"a": 1}]
    with pytest.raises(EngineError):
        engine.reader(probe.format(root=root))
    del python_table


NOT_QUERIES = {
    "nothing": ("", "A model is exactly one SELECT; this text has no statement."),
    "a comment": ("-- later", "A model is exactly one SELECT; this text has no statement."),
    "two": ("select 1; select 2", "A model is exactly one SELECT; this text has 2 statements."),
    "create": ("create table x as select 1", "A model is exactly one SELECT; this is CREATE."),
    "drop": ("drop table t", "A model is exactly one SELECT; this is DROP."),
    "insert": ("insert into t values (2)", "A model is exactly one SELECT; this is INSERT."),
    "update": ("update t set a = 2", "A model is exactly one SELECT; this is UPDATE."),
    "delete": ("delete from t", "A model is exactly one SELECT; this is DELETE."),
    "truncate": ("truncate t", "A model is exactly one SELECT; this is DELETE."),
    "alter": ("alter table t add column b int", "A model is exactly one SELECT; this is ALTER."),
    "copy": ("copy t to 'x'", "A model is exactly one SELECT; this is COPY."),
    "attach": ("attach 'x'", "A model is exactly one SELECT; this is ATTACH."),
    "detach": ("detach x", "A model is exactly one SELECT; this is DETACH."),
    "install": ("install httpfs", "A model is exactly one SELECT; this is LOAD."),
    "load": ("load httpfs", "A model is exactly one SELECT; this is LOAD."),
    "set": ("set threads = 1", "A model is exactly one SELECT; this is SET."),
    "pragma": ("pragma version", "A model is exactly one SELECT; this is PRAGMA."),
    "call": ("call pragma_version()", "A model is exactly one SELECT; this is CALL."),
    "explain": ("explain select 1", "A model is exactly one SELECT; this is EXPLAIN."),
    "export": ("export database 'x'", "A model is exactly one SELECT; this is EXPORT."),
    "vacuum": ("vacuum", "A model is exactly one SELECT; this is VACUUM."),
    "checkpoint": ("checkpoint", "A model is exactly one SELECT; this is CALL."),
    "begin": ("begin", "A model is exactly one SELECT; this is TRANSACTION."),
    "prepare": ("prepare q as select 1", "A model is exactly one SELECT; this is PREPARE."),
    "parameter": ("select $1", "A model has no parameters (`?`, `$1`, `$name`)."),
    "dynamic pivot": (
        "pivot t on a using count(*)",
        "PIVOT without a list of values gives columns that depend on the data; list them: ON x IN (...).",
    ),
    "insert inside with": (
        "with x as (insert into t values (2) returning a) select * from x",
        "A model only reads; its WITH holds a statement that writes.",
    ),
    "copy inside with": (
        "with x as (copy t to 'x') select 1",
        "A model only reads; its WITH holds a statement that writes.",
    ),
}


@pytest.mark.parametrize(("sql", "message"), NOT_QUERIES.values(), ids=NOT_QUERIES.keys())
def test_only_one_select_is_a_query(engine: DuckDBEngine, sql: str, message: str) -> None:
    """Everything but exactly one SELECT is refused by what it is, without running it."""
    with pytest.raises(EngineError) as caught:
        engine.check_is_query(sql)
    assert (caught.value.message, caught.value.kind) == (message, "parser")
    assert engine.rows("select * from t") == [(1,)]


@pytest.mark.parametrize(
    "sql",
    [
        "select 1",
        "select 1;",
        "select 1; -- done",
        "-- why\nwith a as (select 1) select * from a",
        "from t",
        "values (1)",
        "select * from (pivot t on a in (1) using count(*))",
        "with recursive r as (select 1 as n union all select n + 1 from r where n < 3) select * from r",
    ],
)
def test_every_form_of_one_select_is_a_query(engine: DuckDBEngine, sql: str) -> None:
    """Comments, WITH, FROM first, VALUES, a PIVOT with values and a last semicolon are fine."""
    engine.check_is_query(sql)


WRITING = "with x as (insert into t values (2) returning a) select * from x"


@pytest.mark.parametrize("materialized", ["view", "table"])
def test_a_model_that_writes_fails_even_without_the_check(engine: DuckDBEngine, materialized: str) -> None:
    """DuckDB 2.0 runs INSERT inside WITH; no way of running a model lets it."""
    with pytest.raises(EngineError):
        engine.create('"shop"."main"."m"', WRITING, materialized=materialized)
    assert engine.rows("select * from t") == [(1,)]


def test_staging_a_query_that_writes_fails(engine: DuckDBEngine, root: Path) -> None:
    """The query behind an outbox cannot change the database either."""
    (root / "outbox/new").mkdir()
    with pytest.raises(EngineError):
        engine.stage(WRITING, root / "outbox/new", rows_per_file=1000)
    assert engine.rows("select * from t") == [(1,)]


def test_declared_files_can_be_read(engine: DuckDBEngine, root: Path) -> None:
    """The gate is closed for everything but what sources declare."""
    for name in ("sales.parquet", "sales.csv"):
        assert engine.rows(f"select * from '{root}/declared/{name}'") == [(1,)]


def test_a_declared_glob_can_be_read_in_full(tmp_path: Path) -> None:
    """A source over many files works through its pattern, and only that pattern."""
    for day in (1, 2):
        duckdb.sql(f"copy (select {day} as a) to '{tmp_path}/day_{day}.parquet'")
    duckdb.sql(f"copy (select 3 as a) to '{tmp_path}/other.parquet'")
    pattern = f"{tmp_path}/day_*.parquet"
    engine = DuckDBEngine.in_memory(allowed_paths=[pattern, f"{tmp_path}/day_1.parquet", f"{tmp_path}/day_2.parquet"])
    assert engine.rows(f"select a from '{pattern}' order by a") == [(1,), (2,)]
    with pytest.raises(EngineError):
        engine.rows(f"select a from '{tmp_path}/*.parquet'")
    engine.close()


def test_the_settings_are_what_the_design_says(engine: DuckDBEngine) -> None:
    """Every lock is on, on the connection and on its cursors."""
    names = [
        "enable_external_access", "autoinstall_known_extensions", "autoload_known_extensions",
        "allow_community_extensions", "python_enable_replacements", "allow_unsigned_extensions",
        "allow_persistent_secrets", "lock_configuration", "errors_as_json", "TimeZone",
    ]  # fmt: skip
    sql = "select " + ", ".join(f"current_setting('{name}')" for name in names)
    locked = (False, False, False, False, False, False, False, True, True, "UTC")
    assert engine.rows(sql) == [locked]
    assert engine._connection.execute(sql).fetchall() == [locked]
