"""manifest.json and run_results.json, as the tools around dbt read them.

The fields are those of dbt's schemas manifest v12 and run-results v6 that say something about a project of pusher.
No row of any table and no value of a unit test's result is in them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pusher.builds.data_tests import DataTestResult
from pusher.builds.run import Built, BuiltModel
from pusher.builds.unit_tests import UnitTestResult
from pusher.compile import ColumnDoc, DataTest, Fixture, Manifest, Model, Source, SourceKey, UnitTest, hooks
from pusher.compile.exposures import Exposure
from pusher.compile.macro_texts import MacroKey
from pusher.compile.model_contract import is_enforced

MANIFEST, RUN_RESULTS = "manifest.json", "run_results.json"
# The version whose answers the tests compare with; readers look at it to know the fields.
DBT_VERSION = "1.11.16"
_SCHEMAS = "https://schemas.getdbt.com/dbt"
_STATUSES = {"built": "success", "failed": "error", "skipped": "skipped"}
_HASH_LETTERS = 10
# dbt's schema has no status of its own for what stands because a build would not change it.
REUSED = "Reused: it would come out the same."


@dataclass(frozen=True, slots=True)
class Invocation:
    """The command that writes an artifact.

    Attributes:
        id: Its id.
        command: Its name.
        started_at: When it started.
        generated_at: When the artifact is written.
        version: Version of pusher.
    """

    id: str
    command: str
    started_at: datetime
    generated_at: datetime
    version: str

    def metadata(self, schema: str) -> dict[str, Any]:
        """Return the head of an artifact."""
        return {
            "dbt_schema_version": f"{_SCHEMAS}/{schema}.json",
            "dbt_version": DBT_VERSION,
            "generated_at": _moment(self.generated_at),
            "invocation_id": self.id,
            "invocation_started_at": _moment(self.started_at),
            "env": {"PUSHER_VERSION": self.version},
        }


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


class _Ids:
    """dbt's unique ids of what a project is made of."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self.project = manifest.project.name
        self.package = manifest.projects.name

    def model(self, name: str) -> str:
        model = self._manifest.models[name]
        return f"{model.resource_type}.{self.package(model.package)}.{name}"

    def source(self, key: SourceKey) -> str:
        return f"source.{self.package(self._manifest.sources[key].package)}.{key[0]}.{key[1]}"

    def data_test(self, test: DataTest) -> str:
        if test.is_singular:
            return f"test.{self.package(test.package)}.{test.name}"
        text = test.whole_name + repr(_hashed(_test_metadata(test)))
        digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[-_HASH_LETTERS:]
        return f"test.{self.package(test.package)}.{test.whole_name}.{digest}"

    def unit_test(self, test: UnitTest) -> str:
        return f"unit_test.{self.package(test.package)}.{test.model}.{test.name}"

    def exposure(self, exposure: Exposure) -> str:
        return f"exposure.{self.package(exposure.package)}.{exposure.name}"

    def macro(self, key: MacroKey) -> str:
        return f"macro.{self.package(key[0])}.{key[1]}"

    def parents(self, models: Iterable[str], sources: Iterable[SourceKey]) -> list[str]:
        return [*map(self.model, models), *map(self.source, sources)]


def manifest_json(manifest: Manifest, invocation: Invocation) -> dict[str, Any]:
    """Return the content of manifest.json."""
    ids = _Ids(manifest)
    nodes = {ids.model(name): _model(manifest, ids, model) for name, model in manifest.models.items()}
    nodes |= {ids.data_test(test): _data_test(manifest, ids, test) for test in manifest.tests.values()}
    unit_tests = {ids.unit_test(test): _unit_test(manifest, ids, test) for test in manifest.unit_tests.values()}
    exposures = {ids.exposure(one): _exposure(manifest, ids, one) for one in manifest.exposures.values()}
    sources = {ids.source(key): _source(manifest, ids, source) for key, source in manifest.sources.items()}
    parents: dict[str, list[str]] = {
        key: sorted(node["depends_on"].get("nodes", ())) for key, node in {**nodes, **unit_tests, **exposures}.items()
    }
    parents |= {key: [] for key in sources}
    children: dict[str, list[str]] = {key: [] for key in parents}
    for key, above in parents.items():
        for parent in above:
            children[parent].append(key)
    empty: dict[str, Any] = {}
    return {
        "metadata": {
            **invocation.metadata("manifest/v12"),
            "project_name": ids.project,
            "project_id": hashlib.md5(ids.project.encode(), usedforsecurity=False).hexdigest(),
            "user_id": None,
            "send_anonymous_usage_stats": False,
            "adapter_type": "duckdb",
        },
        "nodes": nodes,
        "sources": sources,
        "macros": _macros(manifest, ids),
        "exposures": exposures,
        **dict.fromkeys(("docs", "metrics", "groups", "selectors", "disabled"), empty),
        "parent_map": parents,
        "child_map": {key: sorted(found) for key, found in children.items()},
        **dict.fromkeys(("group_map", "saved_queries", "semantic_models"), empty),
        "unit_tests": unit_tests,
    }


def _macros(manifest: Manifest, ids: _Ids) -> dict[str, Any]:
    texts = manifest.macro_texts
    return {
        ids.macro(key): {
            "name": macro.name,
            "resource_type": "macro",
            **_place(manifest, macro.path, macro.package),
            "unique_id": ids.macro(key),
            "macro_sql": macro.text,
            "depends_on": {"macros": [ids.macro(one) for one in texts.called(macro.text, macro.package)]},
        }
        for key, macro in texts.all.items()
    }


def _place(manifest: Manifest, path: str, package: str) -> dict[str, Any]:
    within = manifest.projects.within(path, package)
    return {"package_name": manifest.projects.name(package), "path": within, "original_file_path": within}


def _common(manifest: Manifest, *, name: str, kind: str, file: tuple[str, str], unique_id: str) -> dict[str, Any]:
    place = _place(manifest, *file)
    return {
        "database": manifest.database,
        "name": name,
        "resource_type": kind,
        **place,
        "path": _below_its_folder(place["path"]),
        "unique_id": unique_id,
    }


def _below_its_folder(path: str) -> str:
    """Return a path without the folder of models, seeds or tests that it begins with."""
    return path.partition("/")[2] or path


def _model(manifest: Manifest, ids: _Ids, model: Model) -> dict[str, Any]:
    relation = model.relation
    is_seed = model.seed is not None
    node = {
        **_common(
            manifest,
            name=model.name,
            kind=model.resource_type,
            file=(model.path, model.package),
            unique_id=ids.model(model.name),
        ),
        "schema": relation.schema,
        "alias": relation.identifier,
        "fqn": list(model.fqn),
        "checksum": {"name": "sha256", "checksum": checksum(model)},
        "config": {**_plain(_config(model)), "contract": {"enforced": is_enforced(model), "alias_types": True}},
        "tags": list(model.tags),
        "description": model.description,
        "columns": {name: _column(column) for name, column in model.columns.items()},
        "meta": _plain(model.meta),
        "patch_path": _patch_path(manifest, model),
        "relation_name": None if model.materialized == "ephemeral" else str(relation),
        "raw_code": model.raw_sql.strip(),
    }
    if is_seed:
        return {**node, "root_path": None, "depends_on": {"macros": []}}
    return {
        **node,
        "language": "sql",
        "refs": [{"name": name, "package": None, "version": None} for name in model.depends_on],
        "sources": [list(key) for key in model.sources],
        "depends_on": {
            "macros": [ids.macro(one) for one in manifest.macro_texts.called(model.raw_sql, model.package)],
            "nodes": ids.parents(model.depends_on, model.sources),
        },
        "compiled": True,
        "compiled_code": model.compiled_sql,
        "compiled_path": _compiled_path(manifest, model.path, model.package),
    }


def _config(model: Model) -> dict[str, Any]:
    """Return the configuration of a model with its hooks as dbt has them."""
    known = {key: value for key, value in model.config.items() if key not in hooks.SPELLINGS}
    spelled = {hooks.PRE: "pre-hook", hooks.POST: "post-hook"}
    return known | {new: hooks.in_manifest(model.config[old]) for old, new in spelled.items() if old in model.config}


def _patch_path(manifest: Manifest, model: Model) -> str | None:
    if model.patch is None:
        return None
    return f"{manifest.projects.name(model.package)}://{manifest.projects.within(model.patch[0], model.package)}"


def checksum(model: Model) -> str:
    """Return the digest of the text of a model or seed, as dbt takes it."""
    if model.seed is None:
        return _digest(model.raw_sql)
    try:
        with model.seed.absolute.open("rb") as file:
            return hashlib.sha256(file.read().strip()).hexdigest()
    except OSError:
        return ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.strip().encode()).hexdigest()


def _column(column: ColumnDoc) -> dict[str, Any]:
    meta, tags = _plain(column.meta), list(column.tags)
    return {
        "name": column.name,
        "description": column.description,
        "meta": meta,
        "data_type": column.data_type,
        "constraints": [],
        "quote": column.quote or None,
        "config": {"meta": meta, "tags": tags},
        "tags": tags,
    }


def _data_test(manifest: Manifest, ids: _Ids, test: DataTest) -> dict[str, Any]:
    file = (test.file, test.package)
    common = _common(manifest, name=test.whole_name, kind="test", file=file, unique_id=ids.data_test(test))
    path = test.file if test.is_singular else f"{test.file}/{test.name}.sql"
    node = {
        **common,
        "schema": test.stored.schema if test.stored else "",
        "alias": test.stored.identifier if test.stored else test.name,
        "path": common["path"] if test.is_singular else f"{test.name}.sql",
        "fqn": list(test.fqn),
        "checksum": {"name": "sha256", "checksum": _digest(test.raw_sql)}
        if test.is_singular
        else {"name": "none", "checksum": ""},
        "config": {**_plain(test.config), "severity": test.severity, "materialized": "test"},
        "tags": list(test.tags),
        "description": "",
        "columns": {},
        "meta": _plain(test.config.get("meta") or {}),
        "relation_name": None if test.stored is None else str(test.stored),
        "raw_code": test.raw_sql.strip(),
        "language": "sql",
        "refs": [{"name": name, "package": None, "version": None} for name in test.depends_on],
        "sources": [list(key) for key in test.sources],
        "depends_on": {"macros": [], "nodes": ids.parents(test.depends_on, test.sources)},
        "compiled": True,
        "compiled_code": test.compiled_sql,
        "compiled_path": _compiled_path(manifest, path, test.package),
    }
    if test.is_singular:
        return node
    return {
        **node,
        "column_name": test.column,
        "attached_node": None if test.model is None else ids.model(test.model),
        "test_metadata": _test_metadata(test),
    }


def _test_metadata(test: DataTest) -> dict[str, Any]:
    package, _, kind = test.kind.rpartition(".")
    return {"name": kind, "kwargs": _plain(test.arguments), "namespace": package or None}


def _hashed(value: Any) -> Any:
    """Return a value in the form whose text dbt takes the digest of."""
    if isinstance(value, dict):
        return {key: _hashed(value[key]) for key in sorted(value)}
    return [_hashed(one) for one in value] if isinstance(value, list) else str(value)


def _unit_test(manifest: Manifest, ids: _Ids, test: UnitTest) -> dict[str, Any]:
    written = test.written
    overrides = {"macros": written.macros, "vars": written.variables, "env_vars": written.environment}
    return {
        **_common(
            manifest,
            name=test.name,
            kind="unit_test",
            file=(test.file, test.package),
            unique_id=ids.unit_test(test),
        ),
        "model": test.model,
        "given": [{"input": given.written, **_fixture(given.fixture)} for given in written.given],
        "expect": _fixture(written.expect),
        "fqn": list(test.fqn),
        "description": written.description,
        "overrides": _plain(overrides) if any(overrides.values()) else None,
        "depends_on": {"macros": [], "nodes": [ids.model(test.model)]},
        "config": {"tags": list(test.tags), "meta": _plain(test.config.get("meta") or {}), "enabled": True},
        "schema": manifest.models[test.model].relation.schema,
    }


def _exposure(manifest: Manifest, ids: _Ids, exposure: Exposure) -> dict[str, Any]:
    place = _place(manifest, exposure.file, exposure.package)
    return {
        "name": exposure.name,
        "resource_type": "exposure",
        **place,
        "path": _below_its_folder(place["path"]),
        "unique_id": ids.exposure(exposure),
        "fqn": [place["package_name"], *place["path"].split("/")[1:-1], exposure.name],
        "type": exposure.kind,
        "description": exposure.description,
        "owner": {"email": None, "name": None},
        **_plain(exposure.details),
        "depends_on": {"macros": [], "nodes": ids.parents(exposure.models, exposure.sources)},
    }


def _fixture(fixture: Fixture) -> dict[str, Any]:
    if fixture.query is not None:
        return {"rows": fixture.query, "format": "sql", "fixture": None}
    return {"rows": [_plain(row.values) for row in fixture.rows], "format": "dict", "fixture": None}


def _source(manifest: Manifest, ids: _Ids, source: Source) -> dict[str, Any]:
    relation, place = source.relation, _place(manifest, source.file, source.package)
    return {
        "database": relation.database,
        "schema": relation.schema,
        "name": source.name,
        "resource_type": "source",
        **place,
        "unique_id": ids.source(source.key),
        "fqn": [place["package_name"], *place["path"].split("/")[1:-1], *source.key],
        "source_name": source.source_name,
        "source_description": "",
        "loader": "",
        "identifier": relation.identifier,
        "description": source.description,
        "columns": {column.name: _column(column) for column in source.columns},
        "meta": _plain(source.meta),
        "source_meta": {},
        "tags": list(source.tags),
        "config": {"enabled": True},
        "relation_name": str(relation) if source.external is None else source.external,
    }


def _compiled_path(manifest: Manifest, path: str, package: str) -> str:
    return manifest.project.within(manifest.project.compiled_folder / manifest.compiled_path(path, package))


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def run_results_json(manifest: Manifest, built: Built, invocation: Invocation, elapsed_s: float) -> dict[str, Any]:
    """Return the content of run_results.json.

    Args:
        manifest: The project as it was built.
        built: What became of its models and tests.
        invocation: The command.
        elapsed_s: How long it took.
    """
    ids = _Ids(manifest)
    return {
        "metadata": invocation.metadata("run-results/v6"),
        "results": [
            *(_built(manifest, ids, one) for one in built.models),
            *(_tested(ids, one) for one in built.tests),
        ],
        "elapsed_time": elapsed_s,
        "args": {"which": invocation.command},
    }


def results(manifest: Manifest, built: Built) -> list[dict[str, Any]]:
    """Return what became of models and tests as run_results.json has it, each with its name."""
    ids = _Ids(manifest)
    models = [{**_built(manifest, ids, one), "name": one.model} for one in built.models]
    return [*models, *({**_tested(ids, one), "name": one.test.name} for one in built.tests)]


def _result(unique_id: str, status: str, seconds: float, message: str | None) -> dict[str, Any]:
    return {
        "status": status,
        "timing": [],
        "thread_id": "MainThread",
        "execution_time": seconds,
        "adapter_response": {},
        "message": message,
        "failures": None,
        "unique_id": unique_id,
        "compiled": status != "skipped",
        "compiled_code": None,
        "relation_name": None,
        "batch_results": None,
    }


def _built(manifest: Manifest, ids: _Ids, one: BuiltModel) -> dict[str, Any]:
    model = manifest.models[one.model]
    rows = {} if one.rows is None else {"rows_affected": one.rows}
    message = one.message or (REUSED if one.is_reused else "OK" if one.status == "built" else None)
    return {
        **_result(ids.model(one.model), _STATUSES[one.status], one.seconds, message),
        "adapter_response": {"_message": "OK", **rows} if one.status == "built" else {},
        "compiled_code": model.compiled_sql or None,
        "relation_name": str(model.relation),
    }


def _tested(ids: _Ids, one: DataTestResult | UnitTestResult) -> dict[str, Any]:
    if isinstance(one, UnitTestResult):
        unique_id, failures = ids.unit_test(one.test), one.as_json()["failures"]
    else:
        unique_id, failures = ids.data_test(one.test), one.failures
    is_reused = isinstance(one, DataTestResult) and one.is_reused
    return {
        **_result(unique_id, one.status, one.seconds, one.message or (REUSED if is_reused else None)),
        "failures": failures,
        "compiled_code": one.test.compiled_sql,
    }


def write(folder: Path, name: str, content: Mapping[str, Any]) -> None:
    """Write an artifact whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{name}.{os.getpid()}.tmp"
    temporary.write_text(json.dumps(content), encoding="utf-8")
    temporary.replace(folder / name)
