"""What a query's text says about itself, and which functions are settled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pusher.contracts import Reading
from pusher.engines.duckdb import DuckDBEngine
from pusher.engines.duckdb.stamp import stamp_of


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    """Return an empty database."""
    made = DuckDBEngine.in_memory()
    yield made
    made.close()


def one(engine: DuckDBEngine, sql: str) -> Reading:
    """Return what a query says about itself."""
    (found,) = engine.understand([sql])
    return found


@pytest.mark.parametrize(
    ("sql", "relations", "files"),
    [
        ('select x from "D"."s"."T" as t', {("d", "s", "t")}, set()),
        ("with a as (select * from d.s.t) select * from a", {("d", "s", "t")}, set()),
        ("with a as (select 1), b as (select * from A) select * from b", set(), set()),
        ("with a as (select * from b), b as (select 1) select * from a, b", set(), {"b"}),
        ("with t as (select * from t) select * from t", set(), {"t"}),
        ("select * from (with t as (select 1) select * from t), t", set(), {"t"}),
        ("with recursive r as (select 1 as n union all select n + 1 from r where n < 3) select * from r", set(), set()),
        (
            "select (select max(x) from s.t) from d.s.u where exists (select 1 from v)",
            {("s", "t"), ("d", "s", "u")},
            {"v"},
        ),
        ("select 1 union all select x from d.s.t order by 1", {("d", "s", "t")}, set()),
        ("select * from '/data/orders.csv'", set(), {"/data/orders.csv"}),
        ("select * from d.s.É", {("d", "s", "É")}, set()),
    ],
)
def test_a_query_says_what_it_reads(
    engine: DuckDBEngine, sql: str, relations: set[tuple[str, ...]], files: set[str]
) -> None:
    """Names of a WITH are followed to where they can be seen."""
    found = one(engine, sql)
    assert (found.is_understood, set(found.relations), set(found.files)) == (True, relations, files)


@pytest.mark.parametrize(
    "sql",
    [
        "select current_date",
        "select 1 where Current_Timestamp is not null",
        "select localtime",
        "select user",
        "select rowid from d.s.t",
        "select t.rowid from d.s.t as t",
        "select * from d.s.t using sample 3",
        "select * from d.s.t tablesample 10%",
        "select main.lower('x')",
        "select d.s.own(x) from d.s.t",
        "select * from glob('*')",
        "select * from duckdb_tables()",
        "pivot d.s.t on x in (1, 2) using sum(y)",
        "describe d.s.t",
        "select ?",
        "select 1; select 2",
        "create table t (i int)",
        "selct 1",
        "",
    ],
)
def test_a_query_that_may_do_more_is_not_understood(engine: DuckDBEngine, sql: str) -> None:
    """What is not followed is nothing to rely on."""
    assert one(engine, sql).is_understood is False


def test_a_query_says_what_it_calls(engine: DuckDBEngine) -> None:
    """Operators are functions too, and so are those of a window, a filter and a table."""
    sql = (
        "select row_number() over (order by Lower(x)) + count(*) filter (x ~ 'a'), "
        "first_value(x order by hash(x)) over () from read_csv('a.csv', header = true)"
    )
    found = one(engine, sql)
    assert (found.is_understood, set(found.functions), found.calls_reader) == (
        True,
        {"row_number", "lower", "+", "count_star", "regexp_matches", "first_value", "hash", "read_csv"},
        True,
    )


def test_queries_are_read_in_their_order(engine: DuckDBEngine) -> None:
    """One that is too much for DuckDB takes nothing from the others."""
    deep = f"select {'(' * 5_000}1{')' * 5_000} as x"
    found = engine.read(["select 1 as a", deep, "select 2 as b"])
    assert [one.names for one in found] == [("a",), None, ("b",)]
    assert [one.is_understood for one in engine.understand(["select 1", deep, "select 2"])] == [True, False, True]


def test_a_function_is_settled_when_its_arguments_say_everything(engine: DuckDBEngine) -> None:
    """Those of the clock, of chance, of the session and of tables are not, by DuckDB's own words about them."""
    said = dict(
        engine.rows(
            "select lower(function_name), bool_and(coalesce(stability, '') like 'CONSISTENT%') "
            "from duckdb_functions() group by 1"
        )
    )
    settled = engine.settled(said)
    clock = {"now", "today", "current_date", "get_current_timestamp", "transaction_timestamp", "age", "ago"}
    chance = {"random", "uuid", "gen_random_uuid", "nextval", "reservoir_quantile", "setseed"}
    session = {"current_setting", "getvariable", "txid_current", "current_schema", "current_query", "in_search_path"}
    assert settled & (clock | chance | session) == set()
    assert {"sum", "lower", "date_trunc", "list_transform", "coalesce_", "read_csv", "+", "row_number"} - settled == {
        "coalesce_"
    }
    unsaid = {name for name in settled if not said.get(name.lower())}
    assert {name for name in unsaid if name.startswith(("duckdb_", "pragma_", "pg_", "current_"))} == set()


def test_no_word_that_is_a_function_is_taken_for_a_column(engine: DuckDBEngine) -> None:
    """Whatever DuckDB computes where no column has the name: each of its functions is tried as a word."""
    names = [name for (name,) in engine.rows("select distinct function_name from duckdb_functions()")]
    words = [name for name in names if name.isidentifier()]

    def is_computed(word: str) -> bool:
        try:
            engine.columns(f"select {word}")
        except Exception:  # noqa: BLE001 -- it is no word of its own
            return False
        return True

    computed = [word for word in words if is_computed(word)]
    assert "current_date" in computed
    assert [word for word in computed if one(engine, f"select {word}").is_understood] == []


@pytest.mark.parametrize(
    "write",
    [
        "insert into t values (1)",
        "create view v as select 1",
        "create macro f(x) as x",
        "update t set i = 2",
        "drop table t",
    ],
)
def test_a_database_that_was_written_to_has_another_stamp(tmp_path: Path, write: str) -> None:
    """Who opens it and asks leaves none; what is in the log only makes it worthless."""
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table t as select 1 as i")
    before = stamp_of(path)
    assert before is not None
    with duckdb.connect(str(path)) as connection:
        connection.execute("create temporary table n as from t")
        connection.execute("checkpoint")
    assert stamp_of(path) == before
    with duckdb.connect(str(path)) as connection:
        connection.execute(write)
        connection.execute("pragma disable_checkpoint_on_shutdown")
    assert stamp_of(path) is None
    with duckdb.connect(str(path)) as connection:
        connection.execute("checkpoint")
    after = stamp_of(path)
    assert after is not None
    assert (after.head, after.place) != (before.head, before.place)
    assert after.head != before.head


def test_a_file_that_is_not_there_has_no_stamp(tmp_path: Path) -> None:
    """Nor has a folder."""
    assert (stamp_of(tmp_path / "none.duckdb"), stamp_of(tmp_path)) == (None, None)
