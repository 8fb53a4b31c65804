"""Makes the relation of one model in a session of the engine: its seed is read, or its SQL is run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from pusher.compile import Manifest, Model, Source, hooks
from pusher.compile.columns import duplicate_column, sql_problem
from pusher.compile.hooks import Hook
from pusher.compile.increments import addition
from pusher.compile.lacking import in_files, lacks_column
from pusher.compile.model_contract import broken_contract, is_enforced, ordered
from pusher.compile.seeds import Seed, failed_read, seed_query
from pusher.contracts import Addition, Engine, EngineError, Reading
from pusher.errors import Problem
from pusher.progress import Listener, Notice

# What one pass of a sharded table reads, so that grouping it stays well below 1 GB of memory.
ROWS_PER_SHARD = 3_000_000
TEXT_BYTES_PER_SHARD = 600_000_000
MOST_SHARDS = 256
BYTES_PER_SHARD = {".parquet": 150_000_000, ".gz": 100_000_000, ".zst": 100_000_000}


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a model.

    Attributes:
        rows: Rows of a table, None for a view.
        problems: Why it was not made.
    """

    rows: int | None
    problems: tuple[Problem, ...] = ()


@contextmanager
def _around(engine: Engine, model: Model) -> Iterator[None]:
    """Run the hooks of a model around what makes it, in the order and the transactions of dbt."""
    inside = [hook for hook in model.hooks if hook.is_inside]
    outside = [hook for hook in model.hooks if not hook.is_inside]
    _run_hooks(engine, hooks.PRE, outside)
    if inside:
        with engine.together(model.relation):
            _run_hooks(engine, hooks.PRE, inside)
            yield
            _run_hooks(engine, hooks.POST, inside)
    else:
        yield
    _run_hooks(engine, hooks.POST, outside)


def _run_hooks(engine: Engine, event: str, several: Sequence[Hook]) -> None:
    hooks.run((hook for hook in several if hook.event == event), engine)


@dataclass(frozen=True, slots=True)
class ModelRun:
    """Makes the relation of a model.

    Args:
        manifest: The compiled project.
        model: The model.
        reading: What its SQL says about itself, when that was asked already: then it is known to be a query.
    """

    manifest: Manifest
    model: Model
    reading: Reading | None = None

    def __call__(self, engine: Engine, tell: Listener) -> Made:
        """Make it; the old relation stays until the new one is whole.

        Args:
            engine: The session that runs its SQL.
            tell: Told when it is begun again.

        Raises:
            EngineError: The engine failed; `problem_of` says what that means.
        """
        try:
            with _around(engine, self.model):
                seed = self.model.seed
                made = self._create_seed(engine, seed) if seed else self._create_or_explain(engine, tell)
                if made.problems:
                    raise hooks.Undone(*made.problems)  # noqa: TRY301 -- for what surrounds it
        except hooks.Undone as error:
            return Made(None, error.problems)
        return made

    def problem_of(self, error: EngineError) -> Problem:
        """Return an error of the engine as a problem in the file that a person wrote."""
        if self.model.seed is not None:
            return failed_read(self.model.seed, error)
        views = [one.name for one in self._inside() if one.materialized == "view"]
        if error.kind not in {"parser", "binder", "catalog"} and views:
            # The engine counts the position in the text of the view that failed, without saying which.
            known = f" (in this model or a view it reads: {', '.join(views)})"
            error = EngineError(
                error.message.removesuffix(".") + known + ".",
                kind=error.kind,
                candidates=error.candidates,
                fix=error.fix,
            )
        return sql_problem(self.manifest, self.model, error, analysis=False)

    def _create_seed(self, engine: Engine, seed: Seed) -> Made:
        """Create the table of a CSV file."""
        query = seed_query(engine, seed)
        if isinstance(query, Problem):
            if query.code == "sql-out-of-memory":
                # That says nothing about the file.
                raise EngineError(query.message, kind="out-of-memory", fix=query.fix)
            return Made(None, (query,))
        return Made(engine.create(self.model.relation, query.sql, materialized="table"))

    def _create_or_explain(self, engine: Engine, tell: Listener) -> Made:
        """Create the relation of a model; a column that no file of its sources has is told with what they have."""
        try:
            return self._create_model(engine, tell)
        except EngineError as error:
            if not lacks_column(self.model, error):
                raise
            columns = in_files(self.manifest, engine, self.model)
            return Made(None, (sql_problem(self.manifest, self.model, error, analysis=False, columns=columns),))

    def _create_model(self, engine: Engine, tell: Listener) -> Made:
        """Create the relation of a model, unless its SQL is wrong."""
        model = self.model
        reading = self.reading
        if reading is None:
            engine.check_is_query(model.compiled_sql)
            reading = engine.read([model.compiled_sql])[0]
        names = reading.names
        # Asking the engine binds the query and all views below it, which creating it does anyway.
        if names is None or len({name.lower() for name in names}) < len(names) or is_enforced(model):
            columns = engine.columns(model.compiled_sql)
            twice = duplicate_column(self.manifest, model, columns, analysis=False)
            problems = broken_contract(engine, model, columns) if twice is None else [twice]
            if problems:
                return Made(None, tuple(problems))
        wanted = _addition(engine, model)
        if isinstance(wanted, Problem):
            return Made(None, (Problem(wanted.code, wanted.message, model.path, 1, 1, wanted.fix),))
        return Made(self._create(engine, tell, wanted))

    def _create(self, engine: Engine, tell: Listener, wanted: Addition | None) -> int | None:
        """Create a model's view or table, or add rows to the table that stands; returns the rows of a table.

        A table whose passes do not fit into memory is begun again with smaller ones.
        """
        model, shard_by = self.model, shard_by_of(self.model)
        shards = self._shards(engine) if shard_by else 1
        while True:
            try:
                return _write(engine, model, wanted, shards, shard_by)
            except EngineError as error:
                if error.kind != "out-of-memory" or shard_by is None or shards >= MOST_SHARDS:
                    raise
                shards *= 2
                tell(Notice(f"{model.name} does not fit into memory_limit; trying again in {shards} passes."))

    def _shards(self, engine: Engine) -> int:
        """Return in how many passes a table is built, from the size of what it reads through its views.

        Counting the rows of a view would run it, which can cost as much as the table; sizes of files and
        tables are known at once.
        """
        weight = 0.0
        for one in (self.model, *self._inside()):
            tables = [self.manifest.models[name] for name in one.depends_on]
            weight += sum(_rows(engine, table) or 0 for table in tables) / ROWS_PER_SHARD
            weight += sum(_source_weight(engine, self.manifest.sources[key]) for key in one.sources)
        return max(1, math.ceil(weight))

    def _inside(self) -> list[Model]:
        """Return the views and ephemeral models whose SQL runs as part of this model."""
        found: dict[str, Model] = {}
        waiting = list(self.model.depends_on)
        while waiting:
            upstream = self.manifest.models[waiting.pop(0)]
            if not upstream.has_rows and upstream.name not in found:
                found[upstream.name] = upstream
                waiting += upstream.depends_on
        return list(found.values())


def shard_by_of(model: Model) -> str | None:
    """Return the column by which a table is built in several passes, or None."""
    settings = model.meta.get("pusher")
    found = settings.get("shard_by") if isinstance(settings, dict) else None
    return found if isinstance(found, str) and model.has_rows else None


def _addition(engine: Engine, model: Model) -> Addition | Problem | None:
    """Return how rows join the table that stands, or None when the model is built anew."""
    if model.increment is None or not model.adds:
        return None
    sql = ordered(model, model.compiled_sql)
    return addition(model.increment, engine.table_columns(model.relation) or (), engine.columns(sql))


def _write(engine: Engine, model: Model, wanted: Addition | None, shards: int, shard_by: str | None) -> int | None:
    sql = ordered(model, model.compiled_sql)
    if wanted is not None:
        engine.add_rows(model.relation, sql, wanted, shards=shards, shard_by=shard_by)
        return _rows(engine, model)
    materialized = "table" if model.has_rows else model.materialized
    return engine.create(model.relation, sql, materialized=materialized, shards=shards, shard_by=shard_by)


def _rows(engine: Engine, model: Model) -> int | None:
    if not model.has_rows:
        return None
    return int(engine.rows(f"select count(*) from {model.relation}")[0][0])


def _source_weight(engine: Engine, source: Source) -> float:
    if source.external is None:
        return int(engine.rows(f"select count(*) from {source.relation}")[0][0]) / ROWS_PER_SHARD
    # A pattern is absolute, as DuckDB takes it.
    files = [Path(name) for path in source.paths for name in glob(path, recursive=True)]  # noqa: PTH207
    return sum(file.stat().st_size / BYTES_PER_SHARD.get(file.suffix, TEXT_BYTES_PER_SHARD) for file in files)
