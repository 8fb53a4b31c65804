"""Run models and seeds in the engine, each after those it reads; data tests run as soon as they can."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path

from pusher.clock import Clock, SystemClock
from pusher.compile import DataTest, Manifest, Model, Source, UnitTest
from pusher.compile.columns import duplicate_column, sql_problem
from pusher.compile.increments import addition
from pusher.compile.model_contract import broken_contract, is_enforced, ordered
from pusher.compile.seeds import Seed, failed_read, seed_query
from pusher.contracts import Addition, Engine, EngineError
from pusher.data_tests import DataTestResult, ancestors_of, blocked_by, run_test, skipped
from pusher.errors import BuildError, Problem
from pusher.progress import DataTestFinished, Listener, ModelBuilt, Notice, UnitTestFinished, silent
from pusher.unit_tests import UnitTestResult, UnitTestRun
from pusher.unit_tests import skipped as skip_unit_test

# What one pass of a sharded table reads, so that grouping it stays well below 1 GB of memory.
ROWS_PER_SHARD = 3_000_000
TEXT_BYTES_PER_SHARD = 600_000_000
MOST_SHARDS = 256
BYTES_PER_SHARD = {".parquet": 150_000_000, ".gz": 100_000_000, ".zst": 100_000_000}


@dataclass(frozen=True, slots=True)
class BuiltModel:
    """What became of a model.

    Attributes:
        model: Its name.
        status: `built`, `failed` or `skipped` (something it reads failed, or a data test of it did).
        rows: Rows of a table, None for a view.
        seconds: Time it took.
        strategy: How rows were added to the table that stood, None when the model was built anew.
        resource_type: `model`, or `seed`.
        message: Why it failed, else empty.
    """

    model: str
    status: str
    rows: int | None
    seconds: float
    strategy: str | None = None
    resource_type: str = "model"
    message: str = ""


@dataclass(frozen=True, slots=True)
class Built:
    """What became of models and their tests.

    Attributes:
        models: In the order of the build.
        tests: Likewise.
    """

    models: list[BuiltModel]
    tests: list[DataTestResult | UnitTestResult]


@dataclass(slots=True)
class _Run:
    manifest: Manifest
    engine: Engine
    listener: Listener
    clock: Clock
    waiting: list[DataTest]
    unit_tests: dict[str, list[UnitTest]]
    unit_test_run: UnitTestRun | None
    found: Built
    problems: list[Problem] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)


def standing(manifest: Manifest, engine: Engine, *, full_refresh: bool) -> list[str]:
    """Return the incremental models that add rows to their table, because it stands and is not built anew.

    Args:
        manifest: The compiled project.
        engine: The database.
        full_refresh: Build anew; a model's own `full_refresh` wins.
    """
    found = []
    for model in manifest.models.values():
        if model.increment is None:
            continue
        anew = full_refresh if model.increment.full_refresh is None else model.increment.full_refresh
        if not anew and engine.table_columns(model.relation) is not None:
            found.append(model.name)
    return found


def build(
    manifest: Manifest,
    engine: Engine,
    models: Sequence[Model] | None = None,
    listener: Listener = silent,
    clock: Clock | None = None,
    *,
    tests: Iterable[DataTest] = (),
    unit_tests: Iterable[UnitTest] = (),
    unit_test_run: UnitTestRun | None = None,
    into: Built | None = None,
) -> Built:
    """Create the relations of models, in graph order, and run data tests as soon as what they read is there.

    What is below everything that a failed test reads is not built. Unit tests run before their model, which is not
    built when one fails.

    Args:
        manifest: The compiled project.
        engine: The database.
        models: What to build, all by default; ephemeral models live inside those that read them.
        listener: Told about each model that was built, and about each test.
        clock: Measures.
        tests: Data tests to run.
        unit_tests: Unit tests to run.
        unit_test_run: Runs them; without it there are none.
        into: Takes what became of each, also when the build fails.

    Raises:
        BuildError: Models failed. What does not read them was still built; all problems at once, those of tests too.
    """
    chosen = {model.name for model in models} if models is not None else set(manifest.models)
    of_model: dict[str, list[UnitTest]] = {}
    for test in unit_tests:
        of_model.setdefault(test.model, []).append(test)
    found = into or Built([], [])
    run = _Run(manifest, engine, listener, clock or SystemClock(), list(tests), of_model, unit_test_run, found)
    coming = set(chosen)
    _test(run, coming)
    for model in manifest.models.values():
        _test_unit(run, model)
        if model.name not in chosen and model.materialized != "ephemeral":
            continue
        if model.name in run.broken or run.broken.intersection(model.depends_on):
            run.broken.add(model.name)
            if model.materialized != "ephemeral":
                run.found.models.append(BuiltModel(model.name, "skipped", None, 0.0, resource_type=model.resource_type))
        elif model.materialized != "ephemeral":
            _one(run, model)
        coming.discard(model.name)
        _test(run, coming)
    if run.problems:
        error = BuildError(*run.problems, *(one.problem for one in run.found.tests if one.is_wrong))
        skipped = [built.model for built in run.found.models if built.status == "skipped"]
        if skipped:
            error.add_note(f"Not built because of this: {', '.join(skipped)}.")
        raise error
    return found


def _test_unit(run: _Run, model: Model) -> None:
    """Run the unit tests of a model; it counts as broken when one of them fails."""
    tests = run.unit_tests.get(model.name, ())
    if run.unit_test_run is None or not tests:
        return
    is_blocked = model.name in run.broken or not run.broken.isdisjoint(model.depends_on)
    for test in tests:
        done = skip_unit_test(test) if is_blocked else run.unit_test_run.run(test)
        run.found.tests.append(done)
        run.listener(UnitTestFinished(test.name, done.status, done.seconds))
        if done.is_wrong:
            run.broken.add(model.name)


def _test(run: _Run, coming: set[str]) -> None:
    """Run the tests that read nothing that is still to be built."""
    ready = [test for test in run.waiting if coming.isdisjoint(test.depends_on)]
    if not ready:
        return
    run.waiting = [test for test in run.waiting if test not in ready]
    for test in ready:
        if run.broken.intersection(test.depends_on):
            done = skipped(test)
        else:
            done = run_test(run.manifest, run.engine, test, run.clock)
        run.found.tests.append(done)
        run.listener(DataTestFinished(test.name, done.status, done.failures, done.seconds))
        if done.is_wrong:
            run.broken |= set(blocked_by(test, ancestors_of(run.manifest)))


def _one(run: _Run, model: Model) -> None:
    clock, started = run.clock, run.clock.monotonic_s()
    try:
        problem = _create_seed(run, model, model.seed) if model.seed else _create_model(run, model)
        rows = _rows(run.engine, model) if problem is None else None
    except EngineError as error:
        problem = _problem(run.manifest, model, error)
    if problem is not None:
        run.broken.add(model.name)
        run.problems.append(problem)
        seconds = clock.monotonic_s() - started
        failed = BuiltModel(
            model.name, "failed", None, seconds, resource_type=model.resource_type, message=problem.message
        )
        run.found.models.append(failed)
        return
    seconds = clock.monotonic_s() - started
    strategy = model.increment.strategy if model.increment and model.adds else None
    run.found.models.append(BuiltModel(model.name, "built", rows, seconds, strategy, model.resource_type))
    run.listener(ModelBuilt(model.name, strategy or model.materialized, rows, seconds))


def _create_seed(run: _Run, model: Model, seed: Seed) -> Problem | None:
    """Create the table of a CSV file; returns why it cannot be read."""
    query = seed_query(run.engine, seed)
    if isinstance(query, Problem):
        return query
    try:
        run.engine.create(model.relation, query.sql, materialized="table")
    except EngineError as error:
        return failed_read(seed, error)
    return None


def _create_model(run: _Run, model: Model) -> Problem | None:
    """Create the relation of a model; returns why its SQL is wrong."""
    run.engine.check_is_query(model.compiled_sql)
    names = run.engine.written_names(model.compiled_sql)
    # Asking the engine binds the query and all views below it, which creating it does anyway.
    if names is None or len({name.lower() for name in names}) < len(names) or is_enforced(model):
        columns = run.engine.columns(model.compiled_sql)
        twice = duplicate_column(run.manifest, model, columns, analysis=False)
        broken = [] if twice else broken_contract(run.engine, model, columns)
        if broken:
            *others, last = broken
            run.problems += others
            return last
        if twice is not None:
            return twice
    return _create(run, model)


def _create(run: _Run, model: Model) -> Problem | None:
    """Create a model's view or table, or add rows to the table that stands; returns why that may not be.

    A table whose passes do not fit into memory is begun again with smaller ones.
    """
    wanted = _addition(run.engine, model)
    if isinstance(wanted, Problem):
        return Problem(wanted.code, wanted.message, model.path, 1, 1, wanted.fix)
    shard_by = _shard_by(model)
    shards = _shards(run, model) if shard_by else 1
    while True:
        try:
            _write(run.engine, model, wanted, shards, shard_by)
        except EngineError as error:
            if error.kind != "out-of-memory" or shard_by is None or shards >= MOST_SHARDS:
                raise
            shards *= 2
            run.listener(Notice(f"{model.name} does not fit into memory_limit; trying again in {shards} passes."))
        else:
            return None


def _addition(engine: Engine, model: Model) -> Addition | Problem | None:
    """Return how rows join the table that stands, or None when the model is built anew."""
    if model.increment is None or not model.adds:
        return None
    sql = ordered(model, model.compiled_sql)
    return addition(model.increment, engine.table_columns(model.relation) or (), engine.columns(sql))


def _write(engine: Engine, model: Model, wanted: Addition | None, shards: int, shard_by: str | None) -> None:
    sql = ordered(model, model.compiled_sql)
    if wanted is not None:
        engine.add_rows(model.relation, sql, wanted, shards=shards, shard_by=shard_by)
        return
    materialized = "table" if model.has_rows else model.materialized
    engine.create(model.relation, sql, materialized=materialized, shards=shards, shard_by=shard_by)


def _rows(engine: Engine, model: Model) -> int | None:
    if not model.has_rows:
        return None
    return int(engine.rows(f"select count(*) from {model.relation}")[0][0])


def _shard_by(model: Model) -> str | None:
    settings = model.meta.get("pusher")
    found = settings.get("shard_by") if isinstance(settings, dict) else None
    return found if isinstance(found, str) and model.has_rows else None


def _shards(run: _Run, model: Model) -> int:
    """Return in how many passes a table is built, from the size of what it reads through its views.

    Counting the rows of a view would run it, which can cost as much as the table; sizes of files and
    tables are known at once.
    """
    weight = 0.0
    for one in (model, *_inside(run.manifest, model)):
        tables = [run.manifest.models[name] for name in one.depends_on]
        weight += sum(_rows(run.engine, table) or 0 for table in tables) / ROWS_PER_SHARD
        weight += sum(_source_weight(run, run.manifest.sources[key]) for key in one.sources)
    return max(1, math.ceil(weight))


def _source_weight(run: _Run, source: Source) -> float:
    if source.external is None:
        return int(run.engine.rows(f"select count(*) from {source.relation}")[0][0]) / ROWS_PER_SHARD
    # A pattern is absolute, as DuckDB takes it.
    files = [Path(name) for path in source.paths for name in glob(path, recursive=True)]  # noqa: PTH207
    return sum(file.stat().st_size / BYTES_PER_SHARD.get(file.suffix, TEXT_BYTES_PER_SHARD) for file in files)


def _problem(manifest: Manifest, model: Model, error: EngineError) -> Problem:
    views = [one.name for one in _inside(manifest, model) if one.materialized == "view"]
    if error.kind not in {"parser", "binder", "catalog"} and views:
        # The engine counts the position in the text of the view that failed, without saying which.
        known = f" (in this model or a view it reads: {', '.join(views)})"
        unplaced = EngineError(
            error.message.removesuffix(".") + known + ".", kind=error.kind, candidates=error.candidates, fix=error.fix
        )
        return sql_problem(manifest, model, unplaced, analysis=False)
    return sql_problem(manifest, model, error, analysis=False)


def _inside(manifest: Manifest, model: Model) -> list[Model]:
    """Return the views and ephemeral models whose SQL runs as part of this model."""
    found: dict[str, Model] = {}
    waiting = list(model.depends_on)
    while waiting:
        upstream = manifest.models[waiting.pop(0)]
        if not upstream.has_rows and upstream.name not in found:
            found[upstream.name] = upstream
            waiting += upstream.depends_on
    return list(found.values())
