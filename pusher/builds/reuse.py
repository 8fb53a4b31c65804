"""What a build may leave as it is: models and data tests that would come out the same.

What the last build made is remembered beside the other artifacts. A model stays only where it is proven that building
it again would change nothing: the same SQL, by functions whose answer depends on their arguments alone, over files
and tables that nobody wrote to, below models that stay too. Whatever is not proven is built.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pusher.builds.data_tests import PASSED, DataTestResult, counting_sql
from pusher.builds.unit_tests import UnitTestResult
from pusher.builds.written import Written
from pusher.compile import DataTest, Manifest, Model, SourceKey, digest
from pusher.contracts import Engine, Reading
from pusher.payload.sql import folded

FORMAT = 2
MOST_BYTES = 50_000_000
# What a model or a test comes from: a file of its own, files that sources declare, or tables of the database alone.
SEED, FILES, TABLES = "seed", "files", "tables"
# It may come out otherwise although none of that changes.
UNSETTLED = "unsettled"


@dataclass(frozen=True, slots=True)
class Remembered:
    """How a model or a data test came about.

    Attributes:
        made_of: Digest of its SQL and its configuration.
        build: The build that made it.
        reads: The builds that made what it reads.
        files: State of the files that it could read, None where that proves nothing.
        count: Rows of a table, or what a test found; None for a view.
        comes_from: `seed`, `files`, `tables` or `unsettled`; None as long as nobody asked.
    """

    made_of: str
    build: str
    reads: Mapping[str, str]
    files: str | None
    count: int | None
    comes_from: str | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What the last build left behind.

    Attributes:
        models: By name.
        tests: By name.
        written: How the models whose relations stand were written when they were built.
    """

    models: Mapping[str, Remembered] = field(default_factory=dict)
    tests: Mapping[str, Remembered] = field(default_factory=dict)
    written: Mapping[str, Written] = field(default_factory=dict)


NOTHING = Memory()


@dataclass(frozen=True, slots=True)
class Kept:
    """What a build leaves as it is.

    Attributes:
        models: Rows of each table, None for a view.
        tests: What each test found when it passed.
    """

    models: Mapping[str, int | None] = field(default_factory=dict)
    tests: Mapping[str, int] = field(default_factory=dict)


NONE_KEPT = Kept()


def read_memory(path: Path, surroundings: Mapping[str, Any]) -> Memory:
    """Return what a file remembers; nothing when it is damaged, or of other surroundings.

    Args:
        path: The file.
        surroundings: What has to be as it was: versions, settings, and the database as the last build left it.
    """
    try:
        content = _content(path)
        if content["surroundings"] != json.loads(json.dumps(surroundings)):
            return NOTHING
        return Memory(
            {str(name): _remembered(one) for name, one in content["models"].items()},
            {str(name): _remembered(one) for name, one in content["tests"].items()},
            {str(name): _written(one) for name, one in content["written"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # Whatever is wrong with it: a build that remembers nothing builds everything.
        return NOTHING


def read_written(path: Path, surroundings: Mapping[str, Any]) -> Mapping[str, Written]:
    """Return how the models whose relations stand were written; nothing when that cannot be told.

    Args:
        path: The file.
        surroundings: What has to be as it was, a part of what `read_memory` asks for.
    """
    try:
        content = _content(path)
        known = {key: content["surroundings"][key] for key in surroundings}
        if known != json.loads(json.dumps(surroundings)):
            return {}
        return {str(name): _written(one) for name, one in content["written"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _content(path: Path) -> Any:
    """Return what a file holds.

    Raises:
        ValueError: It is too large, or no JSON.
    """
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(path)
    return json.loads(path.read_bytes())


def write_memory(path: Path, surroundings: Mapping[str, Any], memory: Memory) -> None:
    """Write what the next build may rely on, whole or not at all; a disk that refuses is no error."""
    content = {
        "surroundings": surroundings,
        "models": {name: asdict(one) for name, one in memory.models.items()},
        "tests": {name: asdict(one) for name, one in memory.tests.items()},
        "written": {name: asdict(one) for name, one in memory.written.items()},
    }
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_text(json.dumps(content), encoding="utf-8")
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()


def _written(value: Mapping[str, Any]) -> Written:
    """Return an entry as it was kept.

    Raises:
        ValueError: It is none.
    """
    if not all(isinstance(one, str) for one in value.values()):
        raise ValueError(value)
    return Written(**value)


def _remembered(value: Mapping[str, Any]) -> Remembered:
    """Return an entry as it was kept.

    Raises:
        ValueError: It is none.
    """
    count, reads = value["count"], value["reads"]
    texts = [value["made_of"], value["build"], *reads, *reads.values()]
    maybe = [one for one in (value["files"], value["comes_from"]) if one is not None]
    if not all(isinstance(one, str) for one in (*texts, *maybe)) or isinstance(count, bool):
        raise ValueError(value)
    if count is not None and not isinstance(count, int):
        raise ValueError(value)
    return Remembered(**{**value, "reads": dict(reads)})


@dataclass(slots=True)
class Reuse:
    """Decides what stays, and remembers what was made.

    Args:
        manifest: The compiled project.
        engine: The database.
        memory: What the last build left behind, if the database is as it was then.
        build: Id of this build.
        files: State of all files that queries may read, None where that proves nothing.
        seed_files: State of the file of each seed, likewise.
        paths: The files that queries may read.
    """

    manifest: Manifest
    engine: Engine
    memory: Memory
    build: str
    files: str | None
    seed_files: Mapping[str, str | None]
    paths: frozenset[str]
    _own: set[tuple[str, ...]] = field(init=False)
    _same: dict[str, Remembered] = field(default_factory=dict)
    _same_tests: dict[str, Remembered] = field(default_factory=dict)

    def __post_init__(self) -> None:
        stored = [test.stored for test in self.manifest.tests.values() if test.stored is not None]
        models = [model.relation for model in self.manifest.models.values()]
        # The relations that this project makes.
        self._own = {_parts(relation) for relation in (*stored, *models)}
        if self.memory.models:
            self._decide()

    def kept(self, models: Iterable[Model], tests: Iterable[DataTest]) -> Kept:
        """Return which of some models and tests stay as they are."""
        return Kept(
            {model.name: self._same[model.name].count for model in models if model.name in self._same},
            {test.name: self._same_tests[test.name].count or 0 for test in tests if test.name in self._same_tests},
        )

    def remember(
        self,
        built: Mapping[str, int | None],
        left: Collection[str],
        tested: Sequence[DataTestResult | UnitTestResult],
    ) -> Memory:
        """Return what the next build may rely on.

        Args:
            built: Models that were made, with their rows.
            left: Models that stand as they were, because they stay or were not asked for.
            tested: What became of tests.
        """
        models: dict[str, Remembered] = {}
        for name, model in self.manifest.models.items():
            one = self._same.get(name) if name in left else None
            if name in built and _is_repeatable(model):
                one = self._new(model, models, built[name])
            if one is not None:
                models[name] = one
        tests: dict[str, Remembered] = {}
        results = {one.test.name: one for one in tested if isinstance(one, DataTestResult)}
        for name, test in self.manifest.tests.items():
            result, kept = results.get(name), self._same_tests.get(name)
            if result is not None and not result.is_reused:
                kept = self._new(test, models, result.failures) if result.status == PASSED else None
            if kept is not None and test.stored is None:
                tests[name] = kept
        return Memory(models, tests)

    def _new(self, one: Model | DataTest, models: Mapping[str, Remembered], count: int | None) -> Remembered:
        seed = isinstance(one, Model) and one.seed is not None
        return Remembered(
            made_of=self._made_of(one),
            build=self.build,
            # What is below something that is not remembered is never the same.
            reads={name: models[name].build if name in models else "" for name in self._upstream(one)},
            files=self.seed_files.get(one.name) if seed else self.files,
            count=count,
            comes_from=SEED if seed else None,
        )

    def _decide(self) -> None:
        """Find out what would come out the same."""
        standing = self.engine.standing()
        models = self._made_of_the_same(self.memory.models, self.manifest.models)
        tests = self._made_of_the_same(self.memory.tests, self.manifest.tests)
        self._ask(models, tests, standing)
        for name, model in self.manifest.models.items():
            one = models.get(name)
            files = self.files if model.seed is None else self.seed_files.get(name)
            if one is not None and self._is_same(one, files) and standing.get(_parts(model.relation)) == _kind(model):
                self._same[name] = one
        self._same_tests = {name: one for name, one in tests.items() if self._is_same(one, self.files)}

    def _made_of_the_same(
        self, remembered: Mapping[str, Remembered], current: Mapping[str, Model] | Mapping[str, DataTest]
    ) -> dict[str, Remembered]:
        found = {name: one for name, one in remembered.items() if name in current}
        return {name: one for name, one in found.items() if one.made_of == self._made_of(current[name])}

    def _ask(
        self,
        models: dict[str, Remembered],
        tests: dict[str, Remembered],
        standing: Mapping[tuple[str, ...], str],
    ) -> None:
        """Find out what those models and tests come from of which no build has asked it."""
        unknown: list[tuple[dict[str, Remembered], Model | DataTest]] = [
            *((models, self.manifest.models[name]) for name, one in models.items() if one.comes_from is None),
            *((tests, self.manifest.tests[name]) for name, one in tests.items() if one.comes_from is None),
        ]
        if not unknown:
            return
        readings = self.engine.understand([_sql(one) for _, one in unknown])
        settled = self.engine.settled({name for reading in readings for name in reading.functions})
        for (found, one), reading in zip(unknown, readings, strict=True):
            found[one.name] = replace(found[one.name], comes_from=self._comes_from(one, reading, settled, standing))

    def _is_same(self, one: Remembered, files: str | None) -> bool:
        if any(name not in self._same or self._same[name].build != build for name, build in one.reads.items()):
            return False
        is_of_same_files = one.files is not None and one.files == files
        return one.comes_from == TABLES or (one.comes_from in {SEED, FILES} and is_of_same_files)

    def _comes_from(
        self, one: Model | DataTest, reading: Reading, settled: Collection[str], standing: Mapping[tuple[str, ...], str]
    ) -> str:
        """Return what the rows of a query come from."""
        if not reading.is_understood or not reading.functions <= set(settled):
            return UNSETTLED
        sources = [self.manifest.sources[key] for key in self._sources(one)]
        tables = {_parts(source.relation) for source in sources if source.external is None}
        # A view of somebody else's may read anything, and so may a column that is computed.
        tables = {table for table in tables if standing.get(table) == "table" and table not in self._own}
        allowed = tables | {_parts(self.manifest.models[name].relation) for name in self._upstream(one)}
        if not reading.relations <= allowed or not reading.files <= self.paths:
            return UNSETTLED
        return FILES if reading.files or reading.calls_reader else TABLES

    def _made_of(self, one: Model | DataTest) -> str:
        """Return the digest of all that decides what becomes of a model or a test, but for what it reads."""
        config = json.dumps(one.config, sort_keys=True, default=str)
        sources = [self.manifest.sources[key] for key in self._sources(one)]
        read = [f"{source.sql} {_parts(source.relation) in self._own}" for source in sources]
        if isinstance(one, DataTest):
            return digest(["test", _sql(one), one.severity, config, *read])
        # Those that a contract holds the model to.
        columns = json.dumps([[column.name, column.data_type] for column in one.columns.values() if column.data_type])
        meta = json.dumps(one.meta, sort_keys=True, default=str)
        return digest(["model", one.compiled_sql, one.relation, one.materialized, config, meta, columns, *read])

    def _upstream(self, one: Model | DataTest) -> list[str]:
        """Return the models whose relations it reads, also through ephemeral ones."""
        found: dict[str, None] = {}
        for name in one.depends_on:
            model = self.manifest.models[name]
            found |= dict.fromkeys(self._upstream(model) if model.materialized == "ephemeral" else [name])
        return list(found)

    def _sources(self, one: Model | DataTest) -> list[SourceKey]:
        """Return the sources that it reads, also through ephemeral models."""
        found = dict.fromkeys(one.sources)
        for name in one.depends_on:
            if self.manifest.models[name].materialized == "ephemeral":
                found |= dict.fromkeys(self._sources(self.manifest.models[name]))
        return list(found)


def _is_repeatable(model: Model) -> bool:
    return model.increment is None and model.materialized in {"table", "view", SEED}


def _kind(model: Model) -> str:
    return "table" if model.has_rows else "view"


def _sql(one: Model | DataTest) -> str:
    return one.compiled_sql if isinstance(one, Model) else counting_sql(one)


def _parts(relation: Any) -> tuple[str, ...]:
    return tuple(map(folded, (relation.database, relation.schema, relation.identifier)))
