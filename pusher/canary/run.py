"""A run on made-up rows: identifiers that nobody has go in, and are searched for in what the destination views give.

It confirms what lint proves from the SQL, and it sees what lint refuses to follow. It is blind where no row arrives,
which it says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pusher.canary.bait import DIGEST, Bait, bait_of
from pusher.canary.rows import MadeUp
from pusher.compile import Inference, Manifest, Model
from pusher.contracts import Column, Engine, EngineError


@dataclass(frozen=True, slots=True)
class Sighting:
    """An identifier in a column of a view.

    Attributes:
        column: The column.
        kind: Kind of the identifier.
        how: `readable`, `weakly hashed`, or `hashed` with SHA-256.
        rows: Rows that have it.
    """

    column: str
    kind: str
    how: str
    rows: int


@dataclass(slots=True)
class Seen:
    """What the canary saw of a view.

    Attributes:
        view: Its name.
        rows: Rows that it gave.
        sightings: Identifiers in them.
        failed: Why the view could not run on made-up rows, or None.
    """

    view: str
    rows: int = 0
    sightings: list[Sighting] = field(default_factory=list)
    failed: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return {
            "view": self.view,
            "rows": self.rows,
            "failed": self.failed,
            "sightings": [
                {"view_column": one.column, "kind": one.kind, "how": one.how, "rows": one.rows}
                for one in self.sightings
            ],
        }


def canary(
    manifest: Manifest,
    inference: Inference,
    engine: Engine,
    *,
    personal: Mapping[str, Sequence[str]],
    views: Sequence[str],
    now: datetime,
) -> list[Seen]:
    """Run the models that some views read on made-up rows, and return what is seen of identifiers in the views.

    Args:
        manifest: The compiled project.
        inference: Columns of sources and models.
        engine: A database that `inspect` has filled with empty tables.
        personal: Kinds of identifiers of each column that holds some, by `source.table.column`.
        views: Names of the destination views.
        now: Moment of the run; times of made-up rows lie before it.
    """
    run = _Run(manifest, inference, engine, personal, now)
    run.fill()
    failed = run.build(views)
    return [_look(engine, manifest.models[name], run.baits, failed.get(name)) for name in views]


class _Run:
    def __init__(
        self,
        manifest: Manifest,
        inference: Inference,
        engine: Engine,
        personal: Mapping[str, Sequence[str]],
        now: datetime,
    ) -> None:
        self._manifest, self._inference, self._engine = manifest, inference, engine
        kinds = {kind.removesuffix(DIGEST) for found in personal.values() for kind in found}
        self.baits = [bait_of(kind) for kind in sorted(kinds)]
        self._made_up = MadeUp(manifest, personal, now)

    def fill(self) -> None:
        """Make the tables of sources and seeds."""
        for key, source in self._manifest.sources.items():
            columns = self._inference.sources.get(key, ())
            if columns and self._manifest.seed_behind(source) is None:
                self._make(str(source.stub), ".".join(key), columns)
        for model in self._manifest.models.values():
            if model.seed is not None:
                self._make(str(model.relation), model.name, self._inference.models.get(model.name, ()))
        for source in self._manifest.sources.values():
            seed = self._manifest.seed_behind(source)
            if seed is not None:
                self._engine.create(str(source.stub), f"select * from {source.relation}", materialized="view")

    def build(self, views: Sequence[str]) -> dict[str, str]:
        """Make what the views read; returns why a model could not be made, by its name."""
        needed = set(views)
        for name in reversed(list(self._manifest.models)):
            if name in needed:
                needed.update(self._manifest.models[name].depends_on)
        failed: dict[str, str] = {}
        for name, model in self._manifest.models.items():
            if name not in needed or model.seed is not None or model.materialized == "ephemeral":
                continue
            above = next((failed[up] for up in model.depends_on if up in failed), None)
            if above is not None:
                failed[name] = above
                continue
            try:
                self._engine.create(str(model.relation), self._manifest.analysis_sql(name), materialized="table")
            except EngineError as error:
                failed[name] = f"{name}: {error.message}"
        return failed

    def _make(self, relation: str, table: str, columns: Sequence[Column]) -> None:
        self._engine.create(relation, self._made_up.rows_sql(table, columns), materialized="table")


def _look(engine: Engine, view: Model, baits: Sequence[Bait], failed: str | None) -> Seen:
    seen = Seen(view.name, failed=failed)
    if failed is not None:
        return seen
    try:
        names = [column.name for column in engine.columns(f"select * from {view.relation}")]
        rows = engine.rows(f"select * from {view.relation}")
    except EngineError as error:
        seen.failed = f"{view.name}: {error.message}"
        return seen
    seen.rows = len(rows)
    counts: dict[tuple[str, str, str], int] = {}
    for row in rows:
        for name, value in zip(names, row, strict=True):
            text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
            for bait in baits:
                how = bait.how(text)
                if how is not None:
                    key = (name, bait.kind, how)
                    counts[key] = counts.get(key, 0) + 1
    seen.sightings = [Sighting(*key, rows=count) for key, count in sorted(counts.items())]
    return seen
