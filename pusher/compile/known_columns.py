"""Columns of models of which an earlier run knows most: the engine is asked about the others only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Protocol

from pusher.compile.columns import Inference, create_empty, inspect, inspect_model, inspect_source, make_schemas
from pusher.compile.digest import digest
from pusher.compile.manifest import Manifest
from pusher.compile.mentions import Mentions
from pusher.compile.model import Model, Source, SourceKey
from pusher.compile.model_contract import is_enforced
from pusher.contracts import Column, Engine

_READS_FILES = re.compile(r"(?:read_\w+|parquet_\w+|sniff_csv|glob)\s*\(")
_READERS = ("read_", "parquet_", "sniff_csv", "glob")


class Known(Protocol):
    """Columns that an earlier run found, by a key of everything that they came from."""

    def columns(self, key: str) -> list[Column] | None:
        """Return the columns of a relation, if they are known."""

    def keep_columns(self, key: str, columns: Sequence[Column]) -> None:
        """Keep the columns of a relation."""


def inspect_with(manifest: Manifest, engine: Callable[[], Engine], known: Known, mentions: Mentions) -> Inference:
    """Return the columns of all models as `inspect` does, and ask the engine only about what is not known.

    What is wrong is found without what is known: then all is asked.

    Args:
        manifest: The compiled project.
        engine: Opens an in-memory engine, where one is needed; empty tables are created in it.
        known: What an earlier run found.
        mentions: What each model reads.
    """
    found = _Asking(manifest, engine, known, mentions).run()
    return inspect(manifest, engine()) if found is None else found


class _Asking:
    """One pass over a project whose columns are known in part."""

    def __init__(self, manifest: Manifest, open_engine: Callable[[], Engine], known: Known, mentions: Mentions) -> None:
        self._manifest, self._open_engine, self._known, self._mentions = manifest, open_engine, known, mentions
        self._found = Inference()
        self._made: set[str | SourceKey] = set()

    def run(self) -> Inference | None:
        """Return the columns, or None when something is wrong or cannot be told by a key."""
        manifest, found = self._manifest, self._found
        if manifest.uncertain:
            return None
        for key in dict.fromkeys(key for model in manifest.models.values() for key in model.sources):
            source = manifest.sources[key]
            is_typed = bool(source.columns) and all(one.data_type is not None for one in source.columns)
            if manifest.seed_behind(source) or not is_typed:
                return None
            listed = [f"{one.name} {one.data_type}" for one in source.columns]
            self._columns_of_source(source, digest(["source", *listed]))
        for model in manifest.models.values():
            if model.seed is not None or is_enforced(model) or not self._columns_of_model(model):
                return None
        return None if found.problems else found

    @cached_property
    def _engine(self) -> Engine:
        engine = self._open_engine()
        make_schemas(self._manifest, engine, self._manifest.sources.values(), self._manifest.models.values())
        return engine

    def _columns_of_source(self, source: Source, key: str) -> None:
        columns = self._known.columns(key)
        if columns is None:
            self._make_source(source)
            columns = self._found.sources.get(source.key)
        if columns is not None:
            self._known.keep_columns(key, columns)
            self._found.sources[source.key] = columns

    def _make_source(self, source: Source) -> None:
        if source.key not in self._made:
            self._made.add(source.key)
            inspect_source(self._manifest, self._engine, source, self._found)

    def _columns_of_model(self, model: Model) -> bool:
        found, mentions = self._found, self._mentions
        read = sorted(mentions.models(model.name))
        parts = ["model", mentions.sql(model.name)]
        for name in read:
            parts += [name, *_as_text(found.models.get(name, ()))]
        for source in sorted(mentions.sources(model.name)):
            parts += [*source, *_as_text(found.sources.get(source, ()))]
        key = digest(parts)
        # What stands in a file is no part of a key.
        reads_files = _reads_files(mentions.sql(model.name))
        columns = None if reads_files else self._known.columns(key)
        if columns is not None:
            found.models[model.name] = columns
            return True
        for name in mentions.closure(model.name):
            for source in sorted(mentions.sources(name)):
                self._make_source(self._manifest.sources[source])
            if name != model.name and name in found.models and name not in self._made:
                self._made.add(name)
                create_empty(self._engine, self._manifest.models[name].relation, found.models[name])
        self._made.add(model.name)
        inspect_model(self._manifest, self._engine, model, found)
        if model.name not in found.models:
            return False
        if not reads_files:
            self._known.keep_columns(key, found.models[model.name])
        return True


def _reads_files(sql: str) -> bool:
    """Whether SQL may read a file by itself, by a function or by its path behind FROM or JOIN."""
    lower = sql.lower()
    if any(word in lower for word in _READERS) and _READS_FILES.search(lower):
        return True
    before = (part for part in lower.split("'")[:-1] if part[-1:].isspace())
    return any(part.rstrip().endswith(("from", "join")) for part in before)


def _as_text(columns: Iterable[Column]) -> list[str]:
    return [f"{column.name} {column.type}" for column in columns]
