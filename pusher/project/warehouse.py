"""The warehouse: the DuckDB file of the profile, opened as every command needs it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pusher.compile import Manifest, Model
from pusher.compile.columns import sql_problem
from pusher.config import Profile
from pusher.contracts import EngineError
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import BuildError, Problem

# A push runs beside other programs. Joins that need more spill to disk; memory_limit in profiles.yml changes it.
READING_MEMORY = "320MB"
# Without a limit DuckDB takes most of the machine for what it has read already, and is hardly faster.
BUILDING_MEMORY = "2GB"
# More sessions than this share memory_limit in parts too small to be of use.
MOST_WORKERS = 4


def open_warehouse(
    profile: Profile,
    source_paths: Sequence[str],
    allowed_directories: Sequence[Path] = (),
    *,
    memory: str | None = None,
) -> DuckDBEngine:
    """Open the database of a profile.

    Args:
        profile: The chosen target.
        source_paths: Files of sources that models read.
        allowed_directories: Folders that may be written.
        memory: DuckDB's memory limit where the profile sets none.

    Raises:
        BuildError: It cannot be opened.
    """
    defaults = {} if memory is None else {"memory_limit": memory}
    try:
        return DuckDBEngine.open(
            profile.database,
            settings={**defaults, **profile.engine_settings},
            threads=None if "threads" in profile.engine_settings else profile.threads,
            allowed_paths=source_paths,
            allowed_directories=allowed_directories,
        )
    except EngineError as error:
        fix = error.fix or "Check `path` in profiles.yml, and the rights of the file and its folder."
        raise BuildError(Problem("warehouse", error.message, Path(profile.database).name, fix=fix)) from error


def workers_of(profile: Profile) -> int:
    """Return how many models and data tests run at a time: as many as the profile says, else one for each core."""
    return profile.threads or min(cores(), MOST_WORKERS)


def cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def count_relations(engine: DuckDBEngine) -> int:
    """Return how many tables and views the warehouse has."""
    tables = "select 1 from duckdb_tables() where not internal"
    found = engine.rows(f"select count(*) from ({tables} union all select 1 from duckdb_views() where not internal)")
    return int(found[0][0])


def first_rows(engine: DuckDBEngine, model: Model, *, limit: int) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return the column names and some rows of a built model.

    Raises:
        BuildError: The model is not in the warehouse.
    """
    try:
        names = [column.name for column in engine.columns(f"select * from {model.relation}")]
        return names, engine.rows(f"select * from {model.relation} limit {int(limit)}")
    except EngineError as error:
        fix = f"Run `pusher build --select +{model.name}` first."
        raise BuildError(Problem("not-built", f"{model.name}: {error.message}", model.path, fix=fix)) from error


def rows_of_query(
    engine: DuckDBEngine, manifest: Manifest, model: Model, *, limit: int
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return the column names and some rows of a query that is no relation of the warehouse.

    Raises:
        BuildError: What it reads is not there, or it fails.
    """
    try:
        engine.check_is_query(model.compiled_sql)
        names = [column.name for column in engine.columns(model.compiled_sql)]
        return names, engine.rows(f"select * from (\n{model.compiled_sql}\n) as query limit {int(limit)}")
    except EngineError as error:
        raise BuildError(sql_problem(manifest, model, error, analysis=False)) from error
