"""Keys of what lint finds about a view: everything that its rules can see of it, and of what it reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from pusher.compile import Manifest, Mentions, Model, SourceKey, digest
from pusher.config import PolicyFile
from pusher.contracts import Column
from pusher.payload.columns import ColumnFinding
from pusher.payload.model import Payload


class ViewKeys:
    """Makes the keys.

    Args:
        manifest: The compiled project.
        mentions: What its models read.
        columns: Columns of each model.
        source_columns: Columns of each source.
        payload_of: Payload of each destination model.
        source_id_of: Event source id of each destination model.
        missing_settings: What each destination model needs and no layer of settings gives.
        policy: Project policy.
    """

    def __init__(
        self,
        manifest: Manifest,
        mentions: Mentions,
        *,
        columns: Mapping[str, Sequence[Column]],
        source_columns: Mapping[SourceKey, Sequence[Column]],
        payload_of: Mapping[str, Payload],
        source_id_of: Mapping[str, str | None],
        missing_settings: Mapping[str, Sequence[ColumnFinding]],
        policy: PolicyFile,
    ) -> None:
        self._manifest, self._mentions, self._columns = manifest, mentions, columns
        self._source_columns, self._payload_of, self._source_id_of = source_columns, payload_of, source_id_of
        self._missing_settings, self._policy = missing_settings, policy
        self._models: dict[str, str] = {}
        self._payloads: dict[str, str] = {}

    def of(self, name: str) -> str:
        """Return the key of a view's findings."""
        payload = self._payload_of[name]
        if payload.name not in self._payloads:
            self._payloads[payload.name] = digest([repr(payload)])
        settings = repr((self._source_id_of.get(name), tuple(self._missing_settings.get(name, ()))))
        parts = [self._everywhere, name, payload.name, self._payloads[payload.name], settings]
        return digest([*parts, *map(self._model, self._mentions.closure(name))])

    @cached_property
    def _everywhere(self) -> str:
        """What any view may depend on: macros, YAML, policy, and what relations there are."""
        manifest = self._manifest
        known_macros = list(manifest.macro_texts.all.values())
        macros = [part for one in known_macros for part in (one.package, one.path, one.name)]
        macros += [manifest.texts.get(path, "") for path in sorted({one.path for one in known_macros})]
        relations = [str(model.relation) for model in manifest.models.values()]
        relations += [f"{source.relation} {source.stub}" for source in manifest.sources.values()]
        known = [f"{key} {columns}" for key, columns in sorted(self._source_columns.items())]
        # What YAML says can come from variables and from dbt_project.yml: as it was rendered, beside its text.
        said = [repr(source) for source in manifest.sources.values()]
        said += [
            repr((test.model, test.source, test.kind, test.column, test.severity, test.arguments, test.config))
            for test in manifest.tests.values()
        ]
        return digest([repr(self._policy), *macros, *map(_content, manifest.yaml_paths), *relations, *known, *said])

    def _model(self, name: str) -> str:
        if name not in self._models:
            model = self._manifest.models[name]
            self._models[name] = digest([*_told(model), self._mentions.sql(name), repr(self._columns.get(name))])
        return self._models[name]


def _told(model: Model) -> list[str]:
    """Return what a model's own file says."""
    parts = (model.relation, model.materialized, model.depends_on, model.sources, model.patch, model.columns)
    config = json.dumps(model.config, sort_keys=True, default=repr)
    return [model.name, model.path, model.raw_sql, config, *map(repr, parts)]


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        return repr(error)
