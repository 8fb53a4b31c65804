"""Builds with several workers: the same result as with one, in a right order, and cut short without a trace."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pytest

from pusher.builds.data_tests import DataTestRun, run_tests
from pusher.builds.model_run import Made, ModelRun
from pusher.builds.run import Built, build, standing
from pusher.builds.workers import Surroundings
from pusher.clock import SystemClock
from pusher.compile import Manifest
from pusher.config import Profile
from pusher.contracts import Engine, EngineError
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import BuildError, Problem
from pusher.progress import DataTestFinished, Listener, ModelBuilt, Notice, silent
from pusher.project.warehouse import open_warehouse, workers_of
from tests.builds.support import Told
from tests.cli.conftest import pusher
from tests.compile.support import compiled
from tests.conftest import ProjectFactory

T = TypeVar("T")
TOGETHER_S = 20
"""How long two tasks wait for each other; only a build that never runs them together needs it."""
ENDLESS = "select count(*) as n from range(1000000000000) as t(n) where hash(n) % 7 = 3"


@pytest.fixture(name="warehouse")
def _warehouse(tmp_path: Path) -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine.open(tmp_path / "shop.duckdb", threads=2)
    yield engine
    engine.close()


def drawing(seed: int) -> random.Random:
    """Return what draws the same each time."""
    return random.Random(seed)  # noqa: S311 -- no secret


def graph(seed: int) -> dict[str, str]:
    """Return a project drawn at random: views, tables and ephemeral models, some that fail, and tests that do."""
    draw = drawing(seed)
    files: dict[str, str] = {}
    yml, names = ["models:"], list[str]()
    for number in range(draw.randint(6, 14)):
        name = f"m{draw.randint(0, 99):02}_{number}"
        ups = draw.sample(names, min(len(names), draw.randint(0, 3)))
        kind = draw.choice(["view", "table", "table", "ephemeral"])
        column = draw.choices(["count(*)", "cast('x' || count(*) as integer)", "nope"], [12, 1, 1])[0]
        rows = " union all ".join(f"select id from {{{{ ref('{up}') }}}}" for up in ups) or "select 1 as id"
        files[f"models/{name}.sql"] = f"{{{{ config(materialized='{kind}') }}}}select {column} as id from ({rows})"
        tests = ["not_null", "{accepted_values: {arguments: {values: [-1]}, config: {severity: warn}}}"]
        tests.append("{accepted_values: {arguments: {values: [-2]}, config: {store_failures: true}}}")
        chosen = draw.choices(tests, [6, 1, 1], k=draw.randint(0, 2))
        yml.append(f"  - {{name: {name}, columns: [{{name: id, data_tests: [{', '.join(dict.fromkeys(chosen))}]}}]}}")
        names.append(name)
    for number in range(3):
        left, right = draw.sample(names, 2)
        wrong = draw.choice(["false", "false", "true"])
        sql = f"select * from {{{{ ref('{left}') }}}} as l, {{{{ ref('{right}') }}}} as r where {wrong}"
        files[f"tests/t{number}.sql"] = sql
    return {**files, "models/m.yml": "\n".join(yml)}


def report(manifest: Manifest, engine: DuckDBEngine, draw: random.Random, workers: int) -> dict[str, Any]:
    """Build a part of a project; returns all that came of it but the time it took."""
    models = [model for model in manifest.models.values() if draw.random() < 0.85]
    tests = [test for test in manifest.tests.values() if draw.random() < 0.85]
    built, told = Built([], []), Told()
    problems: tuple[Problem, ...] = ()
    notes: list[str] = []
    try:
        build(manifest, engine, models, told, tests=tests, into=built, workers=workers)
    except BuildError as error:
        problems, notes = error.problems, getattr(error, "__notes__", [])
    tables = engine.rows("select schema_name, table_name from duckdb_tables() order by all")
    views = engine.rows("select view_name, sql from duckdb_views() where not internal order by all")
    return {
        "models": [(one.model, one.status, one.rows, one.strategy, one.message) for one in built.models],
        "tests": [(one.test.name, one.status, one.message, one.fix) for one in built.tests],
        "problems": problems,
        "notes": notes,
        "told": sorted(
            (type(one).__name__, one.model if isinstance(one, ModelBuilt) else one.test)
            for one in told.events
            if isinstance(one, ModelBuilt | DataTestFinished)
        ),
        "views": views,
        "tables": {name: engine.rows(f'from "{schema}"."{name}" order by all') for schema, name in tables},
    }


class Slowed:
    """Lets every task take a random moment, and notes when it began and ended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
        self.draw, self.log, self.most = drawing(seed), list[tuple[str, str]](), 0
        self._running = 0
        self._lock = threading.Lock()
        make, ask = ModelRun.__call__, DataTestRun._ask

        def made(run: ModelRun, engine: Engine, tell: Listener) -> Made:
            return self._noted(run.model.name, lambda: make(run, engine, tell))

        def asked(run: DataTestRun, engine: Engine) -> tuple[int, bool, bool]:
            return self._noted(run.test.name, lambda: ask(run, engine))

        monkeypatch.setattr(ModelRun, "__call__", made)
        monkeypatch.setattr(DataTestRun, "_ask", asked)

    def _noted(self, name: str, work: Callable[[], T]) -> T:
        with self._lock:
            self.log.append(("begin", name))
            self._running += 1
            self.most = max(self.most, self._running)
        time.sleep(self.draw.random() / 200)
        try:
            return work()
        finally:
            with self._lock:
                self.log.append(("end", name))
                self._running -= 1

    def place(self, what: str, name: str) -> int:
        """Return when a task began or ended, -1 when it did not run."""
        return self.log.index((what, name)) if (what, name) in self.log else -1


@pytest.mark.parametrize("seed", range(24))
def test_what_becomes_of_a_project_does_not_depend_on_the_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """One worker and four give the same reports on a random graph, and four run nothing before what it waits for."""
    manifest = compiled(tmp_path, graph(seed))
    slowed = Slowed(monkeypatch, seed)
    reports: dict[int, list[dict[str, Any]]] = {}
    for workers in (1, 4):
        engine = DuckDBEngine.open(tmp_path / str(workers) / "shop.duckdb", threads=2)
        # The second build finds what the first one left, and chooses other parts of the project.
        for part in (seed, seed + 1000):
            slowed.log.clear()
            reports.setdefault(workers, []).append(report(manifest, engine, drawing(part), workers))
            for name, above in must_end_before(manifest).items():
                began = slowed.place("begin", name)
                ends = [slowed.place("end", one) for one in above if slowed.place("begin", one) >= 0]
                assert began == -1 or all(0 <= end < began for end in ends), (part, name)
        engine.close()
    assert reports[1] == reports[4]


def must_end_before(manifest: Manifest) -> Mapping[str, set[str]]:
    """Return the models above each model and test, and the tests that hold a model back."""
    above: dict[str, set[str]] = {}
    for name, model in manifest.models.items():
        above[name] = set(model.depends_on).union(*(above[up] for up in model.depends_on))
    models = {name: set(found) for name, found in above.items()}
    for test in manifest.tests.values():
        above[test.name] = set(test.depends_on).union(*(models[up] for up in test.depends_on))
        for name, found in models.items():
            if set(test.depends_on) <= found:
                above[name].add(test.name)
    return above


def test_models_and_tests_really_run_together(
    tmp_path: Path, warehouse: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two models wait for each other, and so do their tests: only a build that runs both at a time ends."""
    met = threading.Barrier(2, timeout=TOGETHER_S)
    make, ask = ModelRun.__call__, DataTestRun._ask

    def made(run: ModelRun, engine: Engine, tell: Listener) -> Made:
        met.wait()
        return make(run, engine, tell)

    def asked(run: DataTestRun, engine: Engine) -> tuple[int, bool, bool]:
        met.wait()
        return ask(run, engine)

    monkeypatch.setattr(ModelRun, "__call__", made)
    monkeypatch.setattr(DataTestRun, "_ask", asked)
    manifest = compiled(tmp_path, PAIR)
    built = build(manifest, warehouse, tests=manifest.tests.values(), workers=2)
    assert [(one.model, one.status, one.rows) for one in built.models] == [("a", "built", 3), ("b", "built", 3)]
    assert [one.status for one in built.tests] == ["pass", "pass"]
    alone = run_tests(manifest, manifest.tests.values(), Surroundings(warehouse, silent, SystemClock(), workers=2))
    assert [(one.test.name, one.status) for one in alone] == [("not_null_a_id", "pass"), ("not_null_b_id", "pass")]


PAIR = {
    "models/a.sql": "{{ config(materialized='table') }}select range as id from range(3)",
    "models/b.sql": "{{ config(materialized='table') }}select range as id from range(3)",
    "models/m.yml": "models:\n"
    "  - {name: a, columns: [{name: id, data_tests: [not_null]}]}\n"
    "  - {name: b, columns: [{name: id, data_tests: [not_null]}]}\n",
}


def test_one_worker_is_no_thread(tmp_path: Path, warehouse: DuckDBEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything runs in the session and in the thread of the caller, in the order of the graph."""
    seen = []
    make = ModelRun.__call__

    def made(run: ModelRun, engine: Engine, tell: Listener) -> Made:
        seen.append((run.model.name, engine is warehouse, threading.current_thread() is threading.main_thread()))
        return make(run, engine, tell)

    monkeypatch.setattr(ModelRun, "__call__", made)
    build(compiled(tmp_path, PAIR), warehouse)
    assert seen == [("a", True, True), ("b", True, True)]


class Crowded:
    """Lets the models of a pair run out of memory while another task runs, and counts what ran beside each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, always: str = "") -> None:
        self.beside: list[tuple[str, bool]] = []
        self._running: set[str] = set()
        met = threading.Barrier(2, timeout=TOGETHER_S)
        make, ask = ModelRun.__call__, DataTestRun._ask

        def crowded(name: str, work: Callable[[], T]) -> T:
            first = name not in [one for one, _ in self.beside]
            self._running.add(name)
            try:
                if first:
                    met.wait()
                self.beside.append((name, len(self._running) > 1))
                if first:
                    met.wait()
                if first or name == always:
                    raise EngineError("Too much.", kind="out-of-memory")
                return work()
            finally:
                self._running.discard(name)

        def made(run: ModelRun, engine: Engine, tell: Listener) -> Made:
            return crowded(run.model.name, lambda: make(run, engine, tell))

        def asked(run: DataTestRun, engine: Engine) -> tuple[int, bool, bool]:
            return crowded(run.test.name, lambda: ask(run, engine))

        monkeypatch.setattr(ModelRun, "__call__", made)
        monkeypatch.setattr(DataTestRun, "_ask", asked)


def test_what_ran_out_of_memory_beside_others_runs_again_alone(
    tmp_path: Path, warehouse: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Models and tests get the whole memory once before they count as failed, and a person is told."""
    crowded, told = Crowded(monkeypatch), Told()
    manifest = compiled(tmp_path, PAIR)
    built = build(manifest, warehouse, None, told, workers=2)
    assert [(one.model, one.status, one.rows) for one in built.models] == [("a", "built", 3), ("b", "built", 3)]
    tests = run_tests(manifest, manifest.tests.values(), Surroundings(warehouse, told, SystemClock(), workers=2))
    assert [one.status for one in tests] == ["pass", "pass"]
    names = ["a", "b", "not_null_a_id", "not_null_b_id"]
    assert sorted(crowded.beside) == [(name, beside) for name in names for beside in (False, True)]
    notices = {one.message for one in told.events if isinstance(one, Notice)}
    assert notices == {f"{name} does not fit into memory_limit beside others; trying again alone." for name in names}


def test_models_that_fit_one_by_one_fit_with_several_workers(tmp_path: Path) -> None:
    """Four models that each need most of the memory are all built, however they meet."""
    text = (
        "{{ config(materialized='table') }}select i %% 64 as k, "
        "length(string_agg(md5(cast(i + %d as varchar)) || i, ',' order by hash(i))) as letters "
        "from range(260000) as t(i) group by 1"
    )
    manifest = compiled(tmp_path, {f"models/m{number}.sql": text % number for number in range(4)})
    engine = DuckDBEngine.open(tmp_path / "shop.duckdb", settings={"memory_limit": "160MB"}, threads=1)
    built = build(manifest, engine, workers=4)
    engine.close()
    assert [(one.model, one.status, one.rows) for one in built.models] == [(f"m{n}", "built", 64) for n in range(4)]


def test_what_runs_out_of_memory_alone_has_failed(
    tmp_path: Path, warehouse: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second time counts, and is reported once."""
    crowded = Crowded(monkeypatch, always="a")
    with pytest.raises(BuildError) as caught:
        build(compiled(tmp_path, PAIR), warehouse, workers=2)
    assert [(one.code, one.file) for one in caught.value.problems] == [("sql-out-of-memory", "models/a.sql")]
    assert sorted(crowded.beside) == [("a", False), ("a", True), ("b", False), ("b", True)]


def test_a_table_that_is_built_in_passes_has_the_memory_for_itself(
    tmp_path: Path, warehouse: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing runs beside a model with `shard_by`, whatever is ready."""
    models = {
        f"models/m{number}.sql": "{{ config(materialized='table'" + more + ") }}select range as id from range(3)"
        for number, more in enumerate(["", ", meta={'pusher': {'shard_by': 'id'}}"] * 4)
    }
    slowed = Slowed(monkeypatch, 0)
    built = build(compiled(tmp_path, models), warehouse, workers=3)
    assert {(one.status, one.rows) for one in built.models} == {("built", 3)}
    for number in (1, 3, 5, 7):
        began, ended = slowed.place("begin", f"m{number}"), slowed.place("end", f"m{number}")
        assert ended == began + 1
        assert len({name for what, name in slowed.log[:began]}) * 2 == began
    assert slowed.most > 1


def test_incremental_models_add_their_rows_beside_each_other(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """Transactions and temporary tables of two sessions do not meet."""
    text = (
        "{{ config(materialized='incremental', unique_key='id', incremental_strategy='merge') }}"
        "select range as id, {{ var('today') }} as day from range({{ var('today') }} * 1000)"
    )
    files = {f"models/m{number}.sql": text for number in range(6)}
    for today in (1, 2, 3):
        manifest = compiled(tmp_path, files, today=today)
        names = standing(manifest, warehouse, full_refresh=False)
        built = build(manifest.standing(names) if names else manifest, warehouse, workers=3)
        assert {(one.strategy, one.rows) for one in built.models} == {("merge" if today > 1 else None, today * 1000)}
    assert warehouse.rows("select table_name from duckdb_tables() order by all") == [(f"m{n}",) for n in range(6)]
    assert warehouse.rows("select distinct day from m5") == [(3,)]


def test_a_failure_reaches_through_models_that_are_not_chosen(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """A model that stands on an older view of a table that failed is not built from it, as in dbt."""
    files = {
        "models/a.sql": "{{ config(materialized='table') }}select cast('x' || range as int) as id from range(3)",
        "models/b.sql": "select * from {{ ref('a') }}",
        "models/c.sql": "select * from {{ ref('b') }}",
        "tests/t.sql": "select * from {{ ref('b') }} where false",
    }
    manifest, built = compiled(tmp_path, files), Built([], [])
    with pytest.raises(BuildError):
        build(manifest, warehouse, manifest.select(["a", "c"]), tests=manifest.tests.values(), into=built)
    assert [(one.model, one.status) for one in built.models] == [("a", "failed"), ("c", "skipped")]
    assert [one.status for one in built.tests] == ["skipped"]


def test_a_defect_in_a_worker_ends_the_build_and_what_runs_beside(
    tmp_path: Path, warehouse: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error goes on, the endless query is cut short, no thread and no transaction stays."""
    began, make = threading.Event(), ModelRun.__call__

    def made(run: ModelRun, engine: Engine, tell: Listener) -> Made:
        if run.model.name == "endless":
            began.set()
            return make(run, engine, tell)
        assert began.wait(TOGETHER_S)
        raise ZeroDivisionError

    monkeypatch.setattr(ModelRun, "__call__", made)
    files = {"models/a.sql": "select 1 as id", "models/endless.sql": "{{ config(materialized='table') }}" + ENDLESS}
    built = Built([], [])
    with pytest.raises(ZeroDivisionError):
        build(compiled(tmp_path, files), warehouse, into=built, workers=2)
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("worker")] == []
    assert warehouse.rows("select * from duckdb_tables()") == []
    warehouse.create('"shop"."main"."endless"', "select 1 as n", materialized="table")
    assert warehouse.rows("from endless") == [(1,)]


UNITS = {
    "seeds/s.csv": "id\n1\n2\n",
    "models/a.sql": "{{ config(materialized='table') }}select id + 1 as id from {{ ref('s') }}",
    "models/b.sql": "select id from {{ ref('a') }} where id > 2",
    "models/c.sql": "select id from {{ ref('b') }}",
    "models/d.sql": "select id from {{ ref('a') }}",
    "models/m.yml": """
models: [{name: a, columns: [{name: id, data_tests: [not_null, {accepted_values: {arguments: {values: [2, 3]}}}]}]}]
unit_tests:
  - {name: adds, model: a, given: [{input: ref('s'), rows: [{id: 4}]}], expect: {rows: [{id: 5}]}}
  - {name: wrong, model: b, given: [{input: ref('a'), rows: [{id: 3}]}], expect: {rows: [{id: 4}]}}
  - {name: below, model: c, given: [{input: ref('b'), rows: [{id: 3}]}], expect: {rows: [{id: 3}]}}
""",
}


@pytest.mark.parametrize("command", ["build", "test"])
def test_a_command_prints_the_same_with_any_number_of_workers(project: ProjectFactory, command: str) -> None:
    """Seeds, unit tests, data tests and what is skipped stand in the order of the graph, in JSON and in artifacts."""
    printed = []
    for threads in (1, 3):
        output = {"type": "duckdb", "path": f"{threads}/shop.duckdb", "threads": threads}
        root = project({**UNITS, "profiles.yml": json.dumps({"shop": {"target": "dev", "outputs": {"dev": output}}})})
        if command == "test":
            assert pusher("build", "--project-dir", str(root)).code == 1
        ran = pusher(command, "--json", "--project-dir", str(root))
        kept = json.loads((root / "target/run_results.json").read_text())["results"]
        bodies = [*ran.json.get("models", ()), *ran.json["tests"], *kept]
        for body in bodies:
            body["seconds"] = body["execution_time"] = 0
        printed.append((ran.code, bodies, ran.json["errors"]))
    assert printed[0] == printed[1]
    names = ["adds", "accepted_values_a_id__2__3", "not_null_a_id", "wrong", "below"]
    tests = [body["name"] for body in printed[0][1] if "severity" in body]
    assert (printed[0][0], sorted(tests)) == (1, sorted(names))
    if command == "build":
        models = [(body["model"], body["status"]) for body in printed[0][1] if "resource_type" in body]
        assert models == [("s", "built"), ("a", "built"), ("b", "skipped"), ("d", "built"), ("c", "skipped")]


@pytest.mark.parametrize(
    ("cores", "threads", "settings", "expected"),
    [
        (2, None, {"threads": "1"}, (2, 1)),
        (64, None, {"threads": "1"}, (4, 1)),
        (2, 1, {}, (1, 1)),
        (2, 8, {}, (8, 8)),
        (2, 8, {"threads": "3"}, (8, 3)),
    ],
)
def test_threads_of_the_profile_are_workers_and_threads_of_duckdb(
    monkeypatch: pytest.MonkeyPatch,
    cores: int,
    threads: int | None,
    settings: dict[str, str],
    expected: tuple[int, int],
) -> None:
    """Without a number there is one worker for each core, up to four; `settings` sets DuckDB's alone."""
    monkeypatch.setattr("pusher.project.warehouse.cores", lambda: cores)
    chosen = Profile("shop", "dev", ":memory:", "main", threads, settings, None, {})
    engine = open_warehouse(chosen, ())
    ((found,),) = engine.rows("select current_setting('threads')")
    engine.close()
    assert (workers_of(chosen), found) == expected


SLOW = {
    "models/a.sql": "{{ config(materialized='table') }}" + ENDLESS,
    "models/b.sql": "{{ config(materialized='table') }}" + ENDLESS,
    "models/quick.sql": "{{ config(materialized='table') }}select 2 as n",
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_signal_cuts_a_build_short(project: ProjectFactory, threads: int, number: signal.Signals) -> None:
    """The exit code is that of the signal, old tables stand, and nothing else of the build does."""
    output = {"type": "duckdb", "path": "shop.duckdb", "threads": threads}
    profiles = json.dumps({"shop": {"target": "dev", "outputs": {"dev": output}}})
    root = project({**SLOW, "profiles.yml": profiles})
    with duckdb.connect(str(root / "shop.duckdb")) as connection:
        connection.execute("create table a as select 1 as n; create table b as select 1 as n")
    words = [str(Path(sys.executable).parent / "pusher"), "build", "--json"]
    with subprocess.Popen(words, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            until((root / "target/manifest.json").exists)
            time.sleep(1)
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()

    assert process.returncode == 128 + number
    result = json.loads(out)
    assert (result["exit_code"], result["errors"][0]["code"]) == (128 + number, "interrupted")
    assert b"Traceback" not in err
    kept = json.loads((root / "target/run_results.json").read_text())
    assert {one["status"] for one in kept["results"]} <= {"success"}
    with duckdb.connect(str(root / "shop.duckdb")) as connection:
        tables = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
        assert {"a", "b"} <= tables <= {"a", "b", "quick"}
        assert connection.execute("from a union all from b").fetchall() == [(1,), (1,)]


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError
