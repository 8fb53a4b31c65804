"""Proves from the SQL alone that destination views carry what their payload needs and no raw identifier.

::

    findings = lint(manifest, columns=inference.models, source_columns=inference.sources,
                    payload_of={...}, source_id_of={...}, policy=policy, models=manifest.select())
    print(*map(Finding.as_text, findings)); print(summary(findings, len(models)))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pusher.compile import Manifest, Mentions, Model, SourceKey, SourceMap
from pusher.config import PolicyFile
from pusher.contracts import Column
from pusher.lint.cache import Cache
from pusher.lint.context import Context
from pusher.lint.finding import Edit, Finding, Fix, summary
from pusher.lint.formats import github, sarif
from pusher.lint.keys import ViewKeys
from pusher.lint.noqa import unsuppressed
from pusher.lint.rules import Rule
from pusher.lint.severities import OFF, running, severity_of
from pusher.payload.columns import ColumnFinding
from pusher.payload.model import Payload

__all__ = ["Edit", "Finding", "Fix", "github", "lint", "sarif", "summary"]


def lint(
    manifest: Manifest,
    *,
    columns: Mapping[str, Sequence[Column]],
    payload_of: Mapping[str, Payload],
    source_id_of: Mapping[str, str | None],
    policy: PolicyFile,
    models: Sequence[Model],
    source_columns: Mapping[SourceKey, Sequence[Column]] | None = None,
    source_map: Callable[[str], SourceMap] | None = None,
    again: Manifest | None = None,
    missing_settings: Mapping[str, Sequence[ColumnFinding]] | None = None,
    cache: Cache | None = None,
    mentions: Mentions | None = None,
) -> list[Finding]:
    """Return everything that is wrong with the destination views among some models, by place.

    Args:
        manifest: The compiled project.
        columns: Columns of each model, from the engine's binder; a model that did not bind is missing.
        payload_of: Payload of each destination model.
        source_id_of: Event source id of each destination model, from the settings.
        policy: Severities, and which columns are required.
        models: Models to judge; what they read is followed too.
        source_columns: Columns of each source, for sources that declare none.
        source_map: Returns the map of a model's analysis SQL; the manifest's own by default.
        again: The project with the tables of its incremental models standing, judged beside their first build.
        missing_settings: What each destination model needs and no layer of settings gives, beside its source id.
        cache: What was found before, and takes what is found now; of no use where rows are added to tables.
        mentions: What the models read, where somebody knows already.

    Raises:
        ConfigError: pusher.yml gives a severity to a rule, or for a model or a path, that there is not.
    """

    def judge(manifest: Manifest, source_map: Callable[[str], SourceMap] | None, first: Manifest | None) -> Context:
        return Context(
            manifest,
            columns=columns,
            source_columns=source_columns or {},
            payload_of=payload_of,
            source_id_of=source_id_of,
            policy=policy,
            source_map=source_map or (lambda name: manifest.source_map(name, analysis=True)),
            models=[manifest.models[model.name] for model in models],
            first=first,
            missing_settings=missing_settings or {},
        )

    contexts = [judge(manifest, source_map, None)]
    if again is not None:
        contexts.append(judge(again, None, manifest))
    rules = list(running(policy, models=manifest.models, files=[*manifest.texts, *manifest.yaml_files]))
    keys = None
    if cache is not None and again is None:
        keys = ViewKeys(
            manifest,
            mentions or Mentions(manifest),
            columns=columns,
            source_columns=source_columns or {},
            payload_of=payload_of,
            source_id_of=source_id_of,
            missing_settings=missing_settings or {},
            policy=policy,
        )
    found = [finding for context in contexts for rule in rules if rule.looks_at_all for finding in rule.check(context)]
    about_views = [rule for rule in rules if not rule.looks_at_all]
    for model in models:
        if model.name in payload_of:
            found += _of_view(contexts, about_views, model, cache, None if keys is None else keys.of(model.name))
    # One mistake behind two views is one finding, told about the first of them for which it is one.
    findings: dict[Finding, Finding] = {}
    for finding in found:
        severity = severity_of(finding, policy)
        if severity != OFF:
            judged = replace(finding, severity=severity)
            findings.setdefault(replace(judged, model=""), judged)
    return sorted(unsuppressed(list(findings.values()), manifest.texts), key=_order)


def _of_view(
    contexts: Sequence[Context], rules: Sequence[Rule], model: Model, cache: Cache | None, key: str | None
) -> list[Finding]:
    """Return what is wrong with a view, from the cache where that knows it."""
    if cache is None or key is None:
        return _judged(contexts, rules, model)
    known = cache.view(key)
    if known is None:
        known = _judged(contexts, rules, model)
        cache.keep_view(key, known)
    return known


def _judged(contexts: Sequence[Context], rules: Sequence[Rule], model: Model) -> list[Finding]:
    alone = [context.about(model) for context in contexts]
    return [finding for context in alone for rule in rules for finding in rule.check(context)]


def _order(finding: Finding) -> tuple[Any, ...]:
    return (*finding.order, finding.model_column or "", finding.model)
