"""The audit of personal data: what lint proves about each identifier, and what a run on made-up rows saw of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pusher.canary import HASHED, Seen, Sighting, canary
from pusher.canary.bait import DIGEST
from pusher.compile import Manifest, Model, inspect
from pusher.config import PolicyFile
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import CompileError, Problem
from pusher.lint.personal_flow import STATES, TAKEN, WRONG, PersonalColumn, PersonalData, PersonalFlow, personal_data
from pusher.payload.model import Payload


@dataclass(frozen=True, slots=True)
class Audit:
    """What a project does with personal data.

    Attributes:
        data: Columns with identifiers and where these may go, from the SQL.
        seen: What a run on made-up rows saw, by destination view.
    """

    data: PersonalData
    seen: Mapping[str, Seen]

    def sighting(self, flow: PersonalFlow) -> Sighting | None:
        """Return what the run saw of an identifier in the column of a view, or None."""
        seen, kind = self.seen[flow.view], flow.kind.removesuffix(DIGEST)
        found = [one for one in seen.sightings if (one.column, one.kind) == (flow.view_column, kind)]
        return next(iter(sorted(found, key=lambda one: one.how == HASHED)), None)

    def seen_words(self, flow: PersonalFlow) -> str:
        """Return what the run saw of an identifier, for people; empty when it saw no row."""
        seen = self.seen[flow.view]
        if seen.failed is not None or not seen.rows:
            return ""
        found = self.sighting(flow)
        return "not seen" if found is None else f"seen {found.how} in {found.rows:,} of {seen.rows:,} made-up rows"

    def words_of(self, flow: PersonalFlow) -> str:
        """Return how an identifier arrives, and whether the run saw it, for people."""
        return "; ".join(filter(None, (STATES[flow.state], self.seen_words(flow))))

    @property
    def escapes(self) -> list[tuple[str, Sighting]]:
        """What the run saw readable, or weakly hashed, where TikTok does not take it so: view and sighting."""
        taken = {(flow.view, flow.view_column, flow.kind) for flow in self.data.flows if flow.state == TAKEN}
        return [
            (view, one)
            for view, seen in self.seen.items()
            for one in seen.sightings
            if one.how != HASHED and (view, one.column, one.kind) not in taken
        ]

    @property
    def is_wrong(self) -> bool:
        """Whether an identifier may arrive, or did, as it must not."""
        return bool(self.escapes) or any(flow.state in WRONG for flow in self.data.flows)

    @property
    def kept_back(self) -> list[PersonalColumn]:
        """Columns with identifiers that reach no destination view."""
        sent = {flow.source_column for flow in self.data.flows}
        return [one for one in self.data.columns if one.name not in sent]

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return {
            "columns": [{"name": one.name, "kind": one.kind} for one in self.data.columns],
            "flows": [
                {**flow.as_json(), "seen": None if (found := self.sighting(flow)) is None else found.how}
                for flow in self.data.flows
            ],
            "normaliser_version": self.data.normaliser_version,
            "identities": [one.as_json() for one in self.data.identities],
            "canary": [seen.as_json() for seen in self.seen.values()],
        }


def audit(
    manifest: Manifest,
    again: Manifest | None,
    *,
    payload_of: Mapping[str, Payload],
    policy: PolicyFile,
    models: Sequence[Model],
    now: datetime,
) -> Audit:
    """Follow every identifier through the SQL, and look for made-up ones in what the destination views give.

    Args:
        manifest: The compiled project.
        again: The project with the tables of its incremental models standing, when that makes a difference.
        payload_of: Payload of each destination model.
        policy: Project policy.
        models: Models to judge.
        now: Moment of the run.

    Raises:
        CompileError: The SQL behind a view hangs on the rows of a query, so there is nothing to prove yet.
    """
    names = {model.name for model in models if model.name in payload_of}
    if not names.isdisjoint(manifest.uncertain):
        raise CompileError(*map(_text_of_rows, (manifest.models[name] for name in manifest.open_models)))
    with closing(DuckDBEngine.in_memory(allowed_paths=manifest.source_paths())) as engine:
        inference = inspect(manifest, engine)
        data = personal_data(
            manifest,
            columns=inference.models,
            source_columns=inference.sources,
            payload_of=payload_of,
            policy=policy,
            models=models,
            again=again,
        )
        kinds: dict[str, list[str]] = {}
        for column in data.columns:
            kinds.setdefault(column.name, []).append(column.kind)
        views = [model.name for model in models if model.name in payload_of]
        seen = canary(manifest, inference, engine, personal=kinds, views=views, now=now)
    return Audit(data, {one.view: one for one in seen})


def _text_of_rows(model: Model) -> Problem:
    file, line, column = model.query or (model.path, 1, 1)
    message = f"The SQL of `{model.name}` hangs on the rows of a query, so an audit without a warehouse proves nothing."
    fix = "Write the values out, or leave out the views behind it."
    return Problem("text-of-rows", message, file, line, column, fix)
