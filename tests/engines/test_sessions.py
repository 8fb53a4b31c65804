"""Several sessions on one DuckDB database: what they share, what each has alone, and how they are cut short."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pusher.contracts import Addition, EngineError
from pusher.engines.duckdb import DuckDBEngine
from pusher.engines.duckdb.private import PrivateFiles
from pusher.engines.duckdb.relations import Relations

TABLE = '"shop"."main"."m"'
ENDLESS = "select count(*) as n from range(1000000000000) as t(n) where hash(n) % 7 = 3"


@pytest.fixture(name="engine")
def _engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    (tmp_path / "declared.csv").write_text("a\n1\n")
    (tmp_path / "other.csv").write_text("a\n2\n")
    engine = DuckDBEngine.open(tmp_path / "shop.duckdb", threads=2, allowed_paths=[tmp_path / "declared.csv"])
    yield engine
    engine.close()


def together(*works: Callable[[], object]) -> list[BaseException]:
    """Run functions in a thread each, and return what they raised."""
    raised: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 -- the test looks at it
            raised.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def cut_short(engine: DuckDBEngine, work: Callable[[], object]) -> EngineError:
    """Run a function in a thread, interrupt the engine without a pause until it ends, and return what it raised."""
    raised: list[BaseException] = []
    runs = threading.Thread(target=lambda: raised.extend(together(work)))
    runs.start()
    while runs.is_alive():
        engine.interrupt()
    (error,) = raised
    assert isinstance(error, EngineError)
    return error


def test_a_session_is_as_hard_as_the_first(engine: DuckDBEngine, tmp_path: Path) -> None:
    """It reads declared files only, cannot change a setting, and says what is wrong in the same words."""
    beside = engine.beside()
    assert beside.rows(f"select a from '{tmp_path}/declared.csv'") == [(1,)]
    for session in (engine, beside):
        with pytest.raises(EngineError, match="is not declared; models read files through"):
            session.rows(f"select a from '{tmp_path}/other.csv'")
        with pytest.raises(EngineError, match="configuration has been locked"):
            session.execute("set global enable_external_access = true")
        with pytest.raises(EngineError) as caught:
            session.columns("select nope from (select 1 as note)")
        assert (caught.value.offset, caught.value.candidates) == (7, ("note",))
        names = ("timezone", "threads", "memory_limit", "preserve_insertion_order", "errors_as_json")
        settings = ", ".join(f"current_setting('{name}')" for name in names)
        assert session.rows(f"select {settings}") == engine.rows(f"select {settings}")


def test_temporary_tables_and_transactions_are_of_one_session(engine: DuckDBEngine) -> None:
    """What is not committed, and what is temporary, is seen by nobody else."""
    beside = engine.beside()
    engine.execute("create table t as select 1 as a")
    beside.execute("create temporary table mine as select 1 as a")
    beside.execute("begin transaction")
    beside.execute("insert into t values (2)")
    assert engine.rows("select count(*) from t") == [(1,)]
    with pytest.raises(EngineError, match="Table with name mine does not exist"):
        engine.columns("from mine")
    beside.execute("commit")
    assert engine.rows("select count(*) from t") == [(2,)]


def test_sessions_create_relations_in_new_schemas_at_the_same_time(engine: DuckDBEngine) -> None:
    """Relations and their schemas are made, replaced and turned into the other kind, without a conflict."""
    sessions = [engine.beside() for _ in range(6)]

    def work(number: int, session: DuckDBEngine) -> None:
        for turn in range(15):
            kind = ("view", "table", "table")[(turn + number) % 3]
            for schema in ("one", "two", "three"):
                relation = f'"shop"."{schema}{turn % 5}"."m{number}"'
                session.create(relation, f"select {turn} as a from range(10)", materialized=kind)
                assert session.rows(f"select distinct a from {relation}") == [(turn,)]

    assert together(*(lambda n=n, one=one: work(n, one) for n, one in enumerate(sessions))) == []
    counts = "(select count(*) from duckdb_tables()), (select count(*) from duckdb_views() where not internal)"
    ((tables, views),) = engine.rows(f"select {counts}")
    assert tables + views == 6 * 15


def test_the_umask_is_put_back_by_the_last_thread(tmp_path: Path) -> None:
    """While one thread is inside, files stay private, whoever else leaves."""
    private = PrivateFiles()
    before = os.umask(0o022)
    try:
        first, second = threading.Event(), threading.Event()

        def inside() -> None:
            with private:
                first.set()
                second.wait(20)
                (tmp_path / "made").touch()

        thread = threading.Thread(target=inside)
        thread.start()
        first.wait(20)
        with private:
            pass
        second.set()
        thread.join()
        assert (tmp_path / "made").stat().st_mode & 0o777 == 0o600
    finally:
        assert os.umask(before) == 0o022


def test_files_of_statements_in_many_threads_are_private(engine: DuckDBEngine, tmp_path: Path) -> None:
    """The umask of the process is as it was when all of them ended."""
    before = os.umask(0o022)
    try:
        sessions = [engine.beside() for _ in range(4)]

        def work(number: int, session: DuckDBEngine) -> None:
            for turn in range(20):
                session.create(f'"shop"."main"."m{number}"', f"select {turn} as a", materialized="table")

        assert together(*(lambda n=n, one=one: work(n, one) for n, one in enumerate(sessions))) == []
        assert (tmp_path / "shop.duckdb.wal").stat().st_mode & 0o777 == 0o600
    finally:
        assert os.umask(before) == 0o022


@pytest.mark.parametrize(
    "work",
    [
        lambda session: session.rows(ENDLESS),
        lambda session: session.execute(f"create table t as {ENDLESS}"),
        lambda session: session.create(TABLE, ENDLESS, materialized="table"),
        lambda session: session.add_rows(TABLE, ENDLESS, Addition("append", (), ("n",))),
    ],
    ids=["rows", "execute", "create", "add_rows"],
)
def test_an_interrupt_reaches_every_session(engine: DuckDBEngine, work: Callable[[DuckDBEngine], object]) -> None:
    """Whatever runs there ends, the old table stands, and the session is as good as new."""
    engine.create(TABLE, "select 1 as n", materialized="table")
    beside = engine.beside()
    cut_short(engine, lambda: work(beside))
    assert beside.rows("select table_name from duckdb_tables()") == [("m",)]
    beside.execute("begin transaction")
    beside.execute("commit")
    beside.create(TABLE, "select n + 1 as n from m", materialized="table")
    assert engine.rows("from m") == [(2,)]


@pytest.mark.parametrize(("statement", "rows"), [("begin transaction", [(1,)]), ("commit", [(1,), (2,)])])
def test_an_interrupt_behind_an_end_of_a_transaction_leaves_none_open(
    engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch, statement: str, rows: list[tuple[int]]
) -> None:
    """The statement has done its work when it is told that it was cut short."""
    engine.create(TABLE, "select 1 as n", materialized="table")
    beside = engine.beside()
    run = beside._relations._run

    def cut(sql: str, **how: Any) -> Any:
        done = run(sql, **how)
        if sql == statement:
            raise EngineError("Interrupted.", kind="interrupt")
        return done

    monkeypatch.setattr(beside._relations, "_run", cut)
    with pytest.raises(EngineError, match="Interrupted"):
        beside.add_rows(TABLE, "select 2 as n", Addition("append", (), ("n",)))
    monkeypatch.undo()
    beside.execute("begin transaction")
    beside.execute("commit")
    assert engine.rows("from m order by n") == rows


def test_an_interrupt_does_not_cut_cleaning_up_short(engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table that was to take the place of the old one is dropped under a rain of interrupts."""
    fill = Relations._fill

    def slow(self: Relations, table: str, sql: str, shards: int, shard_by: str | None, **how: str) -> None:
        fill(self, table, sql, shards, shard_by, **how)
        self._run(ENDLESS)

    engine.create(TABLE, "select 1 as n", materialized="table")
    monkeypatch.setattr(Relations, "_fill", slow)
    beside = engine.beside()
    for _ in range(20):
        cut_short(engine, lambda: beside.create(TABLE, "select 2 as n from range(100000)", materialized="table"))
        assert engine.rows("select table_name from duckdb_tables()") == [("m",)]
    assert engine.rows("from m") == [(1,)]


def test_sessions_are_closed_with_the_first(tmp_path: Path) -> None:
    """The file can be opened again, and an interrupt that comes late does nothing."""
    engine = DuckDBEngine.open(tmp_path / "shop.duckdb")
    beside = engine.beside()
    beside.create(TABLE, "select 1 as n", materialized="table")
    engine.close()
    engine.interrupt()
    again = DuckDBEngine.open(tmp_path / "shop.duckdb", threads=1)
    assert again.rows("from m") == [(1,)]
    again.close()
