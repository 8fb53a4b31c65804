"""The DuckDB engine on real files: what it creates, stages, streams and says."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pusher.contracts import Column, EngineError, StagedFile
from pusher.engines.duckdb import DuckDBEngine
from pusher.engines.duckdb.failure import engine_error

RELATION = '"shop"."main"."m"'


@pytest.fixture(name="engine")
def _engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine.open(tmp_path / "shop.duckdb", allowed_directories=[tmp_path / "outbox"], threads=2)
    yield engine
    engine.close()


def fails(engine: DuckDBEngine, sql: str) -> tuple[str, str, int | None, tuple[str, ...]]:
    """Return message, kind, offset and candidates of a query that does not bind."""
    with pytest.raises(EngineError) as caught:
        engine.columns(sql)
    error = caught.value
    return error.message, error.kind, error.offset, error.candidates


def fails_running(engine: DuckDBEngine, sql: str) -> tuple[str, str]:
    """Return message and kind of a query that fails while it runs."""
    with pytest.raises(EngineError) as caught:
        engine.create(RELATION, sql, materialized="table")
    return caught.value.message, caught.value.kind


def test_columns_are_described_without_running_the_query(engine: DuckDBEngine) -> None:
    """Names and types come from the binder, in the engine's own words."""
    sql = "select 1 as a, 'x' as b, [{'c': 1.50}] as d, error('ran') as e"
    assert engine.columns(sql) == [
        Column("a", "INTEGER"),
        Column("b", "VARCHAR"),
        Column("d", "STRUCT(c DECIMAL(3,2))[]"),
        Column("e", '"NULL"'),
    ]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select a +  from t", ('Syntax error at or near "from".', "parser", 12, ())),
        (
            "select 'a' 'b\nc " + "d" * 100_000 + "' from t",
            (f'Syntax error at or near "\'b c {"d" * 55}...".', "parser", 11, ()),
        ),
        ("select emial from t", ('Referenced column "emial" not found in FROM clause.', "binder", 7, ("email",))),
        ("select 'é', emial from t", ('Referenced column "emial" not found in FROM clause.', "binder", 12, ("email",))),
        ("select trimm(email) from t", ("Scalar Function with name trimm does not exist.", "catalog", 7, ("trim",))),
        ("select * from tt", ("Table with name tt does not exist.", "catalog", 14, ("t",))),
        ("select a::varchra from t", ("Type with name varchra does not exist.", "catalog", 10, ("varchar",))),
        (
            "select 1 union select 1, 2",
            (
                "Set operations can only apply to expressions with the same number of result columns.",
                "binder",
                None,
                (),
            ),
        ),
    ],
)
def test_a_query_that_does_not_bind_has_a_place_and_candidates(
    engine: DuckDBEngine, sql: str, expected: tuple[str, str, int | None, tuple[str, ...]]
) -> None:
    """Parser, binder and catalog errors say where, what kind, and what may have been meant."""
    engine.execute("create table t as select 1 as a, 'x' as email")
    assert fails(engine, sql) == expected


PERSON = "ann.secret@example.com"
LEAKS = {
    "text to integer": ("select cast(v as integer) as c from t", "A text cannot be converted to INT32 in column v."),
    "text to integer, nested": (
        "select cast(v || '''' as integer) as c from t",
        "A text cannot be converted to INT32.",
    ),
    "text to date": ("select cast(v as date) as c from t", "A text is not a date."),
    "text to timestamp": ("select cast(v as timestamp) as c from t", "A text is not a timestamp."),
    "text to json": ("select cast(v as json) as c from t", "A text is not JSON."),
    "text to boolean": ("select cast(v as boolean) as c from t", "A text cannot be converted to BOOL in column v."),
    "text to decimal": (
        "select cast(v as decimal(5,2)) as c from t",
        "A text cannot be converted to DECIMAL(5,2) in column v.",
    ),
    "text to uuid": ("select cast(v as uuid) as c from t", "A text cannot be converted to UUID in column v."),
    "text to enum": ("select cast(v as enum('a')) as c from t", "A text cannot be converted to ENUM('a') in column v."),
    "strptime": ("select strptime(v, '%Y') as c from t", "A text does not follow the format of strptime."),
    "own error": ("select error(v) as c from t", "A value in the data cannot be processed."),
    "pattern": ("select regexp_matches('a', v || '(') as c from t", "A value in the data cannot be processed."),
    "out of range": ("select n::tinyint as c from t", "A INT32 is out of range for INT8."),
    "overflow": ("select (n::bigint * 9223372036854775807) as c from t", "Overflow in multiplication of INT64."),
    "division": ("select n // 0 as c from t", "Division by zero; use nullif() for the divisor."),
    "subquery": (
        "select (select unnest([v, 'b'])) as c from t",
        "A subquery used as an expression returned more than one row.",
    ),
}


@pytest.mark.parametrize(("sql", "message"), LEAKS.values(), ids=LEAKS.keys())
def test_errors_never_show_a_value_from_the_data(engine: DuckDBEngine, sql: str, message: str) -> None:
    """DuckDB quotes the value that failed; we say type and column only."""
    engine.execute(f"create table t as select '{PERSON}' as v, 70000 as n")
    assert fails_running(engine, sql) == (message, "conversion")


def test_a_bad_line_of_a_csv_file_is_named_by_number_only(tmp_path: Path) -> None:
    """The reader quotes the whole line; we say its number."""
    path = tmp_path / "raw.csv"
    path.write_text("a,b\n1,x\n" + "2,y\n" * 30_000 + f"{PERSON},z\n")
    engine = DuckDBEngine.in_memory(allowed_paths=[path])
    sql = f"select * from read_csv('{path}', columns={{'a': 'integer', 'b': 'varchar'}})"
    with pytest.raises(EngineError) as caught:
        engine.create('"memory"."main"."m"', sql, materialized="table")
    assert (caught.value.message, caught.value.kind) == (
        "Line 30003 of raw.csv: column a is no INTEGER.",
        "conversion",
    )
    engine.close()


def test_a_missing_source_file_is_an_io_error(tmp_path: Path) -> None:
    """A declared file that is not there is named."""
    path = tmp_path / "absent.parquet"
    engine = DuckDBEngine.in_memory(allowed_paths=[path])
    assert fails(engine, f"select * from '{path}'")[:2] == (f'No file "{path}" is there.', "io")
    engine.close()


def test_an_undeclared_file_is_a_permission_error(tmp_path: Path) -> None:
    """What is not declared cannot be read; the message says how to declare it."""
    engine = DuckDBEngine.in_memory()
    message, kind, *_ = fails(engine, f"select * from '{tmp_path}/x.parquet'")
    assert (message, kind) == (
        f'File "{tmp_path}/x.parquet" is not declared; models read files through source() only.',
        "permission",
    )
    engine.close()


def test_a_query_beyond_the_memory_limit_says_so(tmp_path: Path) -> None:
    """Out of memory is a kind of its own."""
    settings = {"memory_limit": "20MB", "temp_directory": ""}
    engine = DuckDBEngine.open(":memory:", settings=settings, threads=1)
    with pytest.raises(EngineError) as caught:
        engine.create('"memory"."main"."m"', "select list(x) as c from range(30000000) r(x)", materialized="table")
    assert caught.value.kind == "out-of-memory"
    assert caught.value.message == "The query needs more memory than memory_limit allows."
    engine.close()
    assert not list(tmp_path.iterdir())


def test_a_full_temporary_folder_says_so() -> None:
    """A spill that finds no space is an error about the disk, not about the query."""
    text = "Out of Memory Error: failed to offload data block of size 256.0 KiB; see max_temp_directory_size"
    found = engine_error(duckdb.OutOfMemoryException(text))
    assert (found.message, found.kind) == (
        "The disk is full: no space for the database or its temporary files.",
        "io",
    )


def test_a_csv_file_whose_lines_differ_in_form_is_named(tmp_path: Path) -> None:
    """DuckDB gives up before it knows a line, and its words fill a page."""
    path = tmp_path / "orders.csv"
    path.write_text("id,email,amount\n1,ann@shop.example,1\n2,bob@shop.example,2,3,4\n3,cleo@shop.example,3\n")
    with pytest.raises(duckdb.Error) as caught:
        duckdb.sql(f"from read_csv('{path}', delim = ',', header = true, all_varchar = true)")
    found = engine_error(caught.value)
    assert (found.message, found.fix) == (
        "The lines of orders.csv do not have one form.",
        "Look for a line with too few or too many fields, and for a quote that is not closed or not doubled.",
    )


def test_a_write_that_fails_in_another_thread_is_told_in_words() -> None:
    """DuckDB quotes the error of such a thread whole, in a form for programs."""
    inner = json.dumps({"exception_type": "IO", "exception_message": 'Could not write file "x": File too large'})
    text = f"Async write failed for range [offset=27, size=480035]: {inner}"
    outer = json.dumps({"exception_type": "IO", "exception_message": text})
    found = engine_error(duckdb.IOException(outer))
    assert (found.message, found.kind) == ('Could not write file "x": File too large.', "io")


HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"


def test_a_database_in_use_by_another_process_says_which(tmp_path: Path) -> None:
    """The lock is named with the process that holds it."""
    path = tmp_path / "shop.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(EngineError) as caught:
            DuckDBEngine.open(path)
        assert (caught.value.message, caught.value.kind) == (
            f"shop.duckdb is in use by another process (process {holder.pid}); close it first.",
            "io",
        )
        holder.communicate(b"")


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    """A wrong path in the profile is not a crash."""
    path = tmp_path / "shop.duckdb"
    path.write_text("hello" * 2000)
    with pytest.raises(EngineError) as caught:
        DuckDBEngine.open(path)
    assert (caught.value.message, caught.value.kind) == ("shop.duckdb is not a DuckDB database.", "io")


def test_a_setting_that_duckdb_refuses_is_named(tmp_path: Path) -> None:
    """A bad value in the profile names the setting."""
    with pytest.raises(EngineError) as caught:
        DuckDBEngine.open(tmp_path / "shop.duckdb", settings={"memory_limit": "plenty"})
    assert caught.value.message.startswith("Setting memory_limit is refused: ")


def test_settings_of_the_profile_hold(tmp_path: Path) -> None:
    """Memory, threads and the temporary folder come from the profile; the folder is private."""
    temp = tmp_path / "state" / "tmp"
    engine = DuckDBEngine.open(
        tmp_path / "shop.duckdb", settings={"memory_limit": "500MB"}, threads=3, temp_directory=temp
    )
    names = "current_setting('memory_limit'), current_setting('threads'), current_setting('temp_directory')"
    assert engine.rows(f"select {names}") == [("476.8 MiB", 3, str(temp))]
    assert stat.S_IMODE(temp.stat().st_mode) == 0o700
    engine.close()


def test_new_files_are_for_their_owner_only(tmp_path: Path) -> None:
    """Database, write-ahead log and staged files are 0600 under any umask, which is put back."""
    before = os.umask(0o022)
    try:
        outbox = tmp_path / "outbox"
        outbox.mkdir()
        engine = DuckDBEngine.open(tmp_path / "shop.duckdb", allowed_directories=[outbox])
        engine.execute("create table t as select range as a from range(10)")
        (outbox / "p").mkdir()
        engine.stage("from t", outbox / "p", rows_per_file=10)
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        modes = {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in files}
        assert modes == {"shop.duckdb": "0o600", "shop.duckdb.wal": "0o600", "data_0.parquet": "0o600"}
        engine.close()
    finally:
        assert os.umask(before) == 0o022


def test_new_databases_can_be_read_by_older_duckdb(engine: DuckDBEngine) -> None:
    """A database file made by 2.0 with its default is refused by 1.5; ours is not."""
    sql = "select tags['storage_version'] from duckdb_databases() where database_name = 'shop'"
    assert engine.rows(sql) == [("v1.0.0+",)]


def test_a_relation_can_change_between_view_and_table(engine: DuckDBEngine) -> None:
    """Analysts change the materialization; the old kind gives way."""
    for number, materialized in enumerate(["view", "view", "table", "table", "view"]):
        engine.create(RELATION, f"select {number} as a", materialized=materialized)
        assert engine.rows(f"select * from {RELATION}") == [(number,)]
        kinds = engine.rows(
            "select 'view' from duckdb_views() where view_name = 'm' union all select 'table' from duckdb_tables()"
        )
        assert kinds == [(materialized,)]


def test_the_old_table_stays_when_the_new_one_fails(engine: DuckDBEngine) -> None:
    """A failure leaves the old rows and nothing else."""
    engine.create(RELATION, "select 1 as a", materialized="table")
    with pytest.raises(EngineError):
        engine.create(RELATION, "select cast('x' as integer) as a from range(3)", materialized="table")
    assert engine.rows(f"select * from {RELATION}") == [(1,)]
    assert engine.rows("select table_name from duckdb_tables()") == [("m",)]


def test_the_old_view_stays_when_the_new_one_fails(engine: DuckDBEngine) -> None:
    """A table that takes the place of a view does so only when it is whole; so does a view of a table."""
    engine.create(RELATION, "select 1 as a", materialized="table")
    with pytest.raises(EngineError):
        engine.create(RELATION, "select nope as a", materialized="view")
    assert engine.rows(f"select * from {RELATION}") == [(1,)]


def test_a_table_left_over_from_a_crash_is_no_hindrance(engine: DuckDBEngine) -> None:
    """The working name of an interrupted build is taken over."""
    engine.execute('create table "m__pusher_new" as select 1 as a')
    engine.create(RELATION, "select 2 as a", materialized="table")
    assert engine.rows("select table_name from duckdb_tables()") == [("m",)]


def test_names_with_quotes_and_schemas_work(engine: DuckDBEngine) -> None:
    """Schemas are created; odd names are quoted."""
    relation = '"shop"."my schema"."a ""b"""'
    for materialized in ("table", "view"):
        engine.create(relation, "select 1 as a", materialized=materialized)
        assert engine.rows(f"select * from {relation}") == [(1,)]


def test_a_query_that_ends_in_a_comment_works(engine: DuckDBEngine) -> None:
    """A trailing comment does not swallow what is put around the query."""
    for materialized in ("table", "view"):
        engine.create(RELATION, "select 1 as a -- one", materialized=materialized, shards=2, shard_by="a")
        assert engine.rows(f"select * from {RELATION}") == [(1,)]


@pytest.mark.parametrize("shards", [1, 2, 7])
def test_a_table_built_in_shards_has_every_row_once(engine: DuckDBEngine, shards: int) -> None:
    """Shards change how much memory a build takes, not its result; null keys are kept."""
    sql = "select nullif(x % 100, 3) as k, count(*) as n, min(x) as first from range(10000) r(x) group by k"
    engine.create(RELATION, sql, materialized="table", shards=shards, shard_by="k")
    assert engine.rows(f"select count(*) from {RELATION}") == [(100,)]
    assert engine.rows(f"(from {RELATION}) except all ({sql})") == []


def test_staging_cuts_files_at_the_limit_and_counts_rows(engine: DuckDBEngine, tmp_path: Path) -> None:
    """No file is larger than asked, the rows add up, and the numbers are those of the files."""
    folder = tmp_path / "outbox" / "run"
    folder.mkdir(parents=True)
    staged = engine.stage("select range as a from range(250000)", folder, rows_per_file=100_000)
    assert sum(part.rows for part in staged) == 250_000
    assert [part.rows for part in staged] == [pq.read_metadata(part.path).num_rows for part in staged]
    assert {part.path for part in staged} == {path.resolve() for path in folder.iterdir()}
    assert max(part.rows for part in staged) <= 100_000
    assert pa.concat_tables(pq.read_table(part.path) for part in staged).sort_by("a")["a"].to_pylist() == [
        *range(250_000)
    ]


def test_staging_nothing_leaves_no_file(engine: DuckDBEngine, tmp_path: Path) -> None:
    """An empty result is no file, not an empty one."""
    folder = tmp_path / "outbox" / "run"
    folder.mkdir(parents=True)
    assert engine.stage("select 1 as a where false", folder, rows_per_file=1000) == []
    assert list(folder.iterdir()) == []


def test_staging_small_files_keeps_the_limit(engine: DuckDBEngine, tmp_path: Path) -> None:
    """A limit below one vector still holds."""
    folder = tmp_path / "outbox" / "run"
    folder.mkdir(parents=True)
    staged = engine.stage("select range as a from range(10)", folder, rows_per_file=100_000)
    assert staged == [StagedFile((folder / "data_0.parquet").resolve(), 10)]


def test_streams_are_independent_of_writes(engine: DuckDBEngine) -> None:
    """A stream has its own cursor: writing and a second stream do not cut it short."""
    engine.execute("create table t as select range as a from range(300000)")
    first = engine.reader("select a from t order by a", 1000)
    read = next(iter(first)).num_rows
    engine.execute("insert into t values (-1)")
    second = engine.reader("select a from t", 1000)
    assert sum(batch.num_rows for batch in second) == 300_001
    assert read + sum(batch.num_rows for batch in first) == 300_000


def test_rows_keep_times_with_a_zone(engine: DuckDBEngine) -> None:
    """DuckDB needs pytz for such a value; we do not."""
    rows = engine.rows("select timestamptz '2026-11-23 06:00:00+02' as t, 1.50::decimal(5,2) as d, null as n")
    assert [(str(t), str(d), n) for t, d, n in rows] == [("2026-11-23 04:00:00+00:00", "1.50", None)]


def test_identifiers_of_results_stay_integers(engine: DuckDBEngine) -> None:
    """count() and sum() come back as integers, whatever width they have in the engine."""
    assert engine.rows("select count(*), sum(x) from range(3) r(x)") == [(3, 3)]


def test_opening_twice_in_one_process_says_so(tmp_path: Path) -> None:
    """A database opened elsewhere in this process with other settings is not silently shared."""
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)), pytest.raises(EngineError) as caught:
        DuckDBEngine.open(path)
    assert (caught.value.message, caught.value.kind) == ("shop.duckdb is already open in this process.", "io")


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("with a as (select 1 as x) select x, a.x as y, count(*) as z from a group by all", ["x", "y", "z"]),
        ('select 1 as "A b" union all select 2 as other', ["A b"]),
        ("select t.s.id from t", ["id"]),
        ("select 1 as id, 2 as id", ["id", "id"]),
        ("select id, * from t", None),
        ("from t", None),
        ("select max(columns(*)) as m from t", None),
        ("select unnest({'a': 1, 'b': 2}) as u", None),
        ("select 1 + 1", None),
        ("values (1)", None),
        ("pivot t on x in (1, 2) using sum(y)", None),
    ],
)
def test_names_of_columns_are_read_off_a_query_that_writes_them_all(sql: str, names: list[str] | None) -> None:
    """No table is looked at; what only the engine can tell is not guessed."""
    engine = DuckDBEngine.in_memory()
    assert engine.read([sql])[0].names == (None if names is None else tuple(names))
    engine.close()


@pytest.mark.parametrize(
    "verb", ["insert into t values (1)", "delete from t", "update t set id = 2", "copy t to 'x.csv'"]
)
def test_a_query_whose_with_writes_is_refused_in_any_case(verb: str) -> None:
    """Only a text without any word of these needs no look at its tree."""
    engine = DuckDBEngine.in_memory()
    engine.execute("create table t (id integer)")
    with pytest.raises(EngineError, match="WITH holds a statement that writes"):
        engine.check_is_query(
            f"WITH x AS ({verb.upper()} RETURNING id) select * from x"
            if "copy" not in verb
            else f"with x as ({verb}) select * from x"
        )
    engine.check_is_query("with x as (select id as insert_id, 'delete' as word from t) select * from x")
    engine.close()


def test_relations_that_others_make_in_between_are_seen(tmp_path: Path) -> None:
    """What create() remembers ends with the next statement of another kind."""
    engine = DuckDBEngine.open(tmp_path / "x.duckdb")
    relation = '"x"."main"."a"'
    engine.create(relation, "select 1 as id", materialized="view")
    engine.execute(f"drop view {relation}")
    engine.execute(f"create table {relation} as select 2 as id")
    engine.create(relation, "select 3 as id", materialized="view")
    assert engine.rows(f"from {relation}") == [(3,)]
    assert engine.rows("select table_type from information_schema.tables") == [("VIEW",)]
    engine.create('"x"."main"."A"', "select 4 as id", materialized="table")
    assert engine.rows("select table_name, table_type from information_schema.tables") == [("A", "BASE TABLE")]
    engine.close()


@pytest.mark.parametrize("shards", [1, 2])
def test_a_first_table_that_fails_leaves_nothing(tmp_path: Path, shards: int) -> None:
    """In one statement or in several passes."""
    engine = DuckDBEngine.open(tmp_path / "x.duckdb")
    sql = "select range as id, cast(case when range > 5000 then 'x' else '1' end as integer) as n from range(9000)"
    with pytest.raises(EngineError):
        engine.create('"x"."main"."a"', sql, materialized="table", shards=shards, shard_by="id")
    assert engine.rows("select table_name from information_schema.tables") == []
    engine.create('"x"."main"."a"', "select 1 as id", materialized="table", shards=shards, shard_by="id")
    assert engine.rows("select table_name from information_schema.tables") == [("a",)]
    engine.close()


def test_a_query_of_a_thousand_terms_has_no_written_names() -> None:
    """Its tree is deeper than Python goes; the engine tells its columns."""
    engine = DuckDBEngine.in_memory()
    sql = f"select {' + '.join(['1'] * 900)} as x"
    assert (engine.read([sql])[0].names, [column.name for column in engine.columns(sql)]) == (None, ["x"])
    engine.close()
