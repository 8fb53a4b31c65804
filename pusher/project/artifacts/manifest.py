"""manifest.json: models, tests, sources, exposures and macros, and what depends on what."""

from __future__ import annotations

import hashlib
from typing import Any

from pusher.compile import ColumnDoc, DataTest, Fixture, Manifest, Model, Source, UnitTest, hooks
from pusher.compile.exposures import Exposure
from pusher.compile.model_contract import is_enforced
from pusher.project.artifacts.ids import Ids, generic_of, plain
from pusher.project.artifacts.invocation import Invocation


def manifest_json(manifest: Manifest, invocation: Invocation) -> dict[str, Any]:
    """Return the content of manifest.json."""
    ids = Ids(manifest)
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


def _macros(manifest: Manifest, ids: Ids) -> dict[str, Any]:
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


def _model(manifest: Manifest, ids: Ids, model: Model) -> dict[str, Any]:
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
        "config": {**plain(_config(model)), "contract": {"enforced": is_enforced(model), "alias_types": True}},
        "tags": list(model.tags),
        "description": model.description,
        "columns": {name: _column(column) for name, column in model.columns.items()},
        "meta": plain(model.meta),
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
    meta, tags = plain(column.meta), list(column.tags)
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


def _data_test(manifest: Manifest, ids: Ids, test: DataTest) -> dict[str, Any]:
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
        "config": {**plain(test.config), "severity": test.severity, "materialized": "test"},
        "tags": list(test.tags),
        "description": "",
        "columns": {},
        "meta": plain(test.config.get("meta") or {}),
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
        "test_metadata": generic_of(test),
    }


def _unit_test(manifest: Manifest, ids: Ids, test: UnitTest) -> dict[str, Any]:
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
        "overrides": plain(overrides) if any(overrides.values()) else None,
        "depends_on": {"macros": [], "nodes": [ids.model(test.model)]},
        "config": {"tags": list(test.tags), "meta": plain(test.config.get("meta") or {}), "enabled": True},
        "schema": manifest.models[test.model].relation.schema,
    }


def _exposure(manifest: Manifest, ids: Ids, exposure: Exposure) -> dict[str, Any]:
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
        **plain(exposure.details),
        "depends_on": {"macros": [], "nodes": ids.parents(exposure.models, exposure.sources)},
    }


def _fixture(fixture: Fixture) -> dict[str, Any]:
    if fixture.query is not None:
        return {"rows": fixture.query, "format": "sql", "fixture": None}
    return {"rows": [plain(row.values) for row in fixture.rows], "format": "dict", "fixture": None}


def _source(manifest: Manifest, ids: Ids, source: Source) -> dict[str, Any]:
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
        "meta": plain(source.meta),
        "source_meta": {},
        "tags": list(source.tags),
        "config": {"enabled": True},
        "relation_name": str(relation) if source.external is None else source.external,
    }


def _compiled_path(manifest: Manifest, path: str, package: str) -> str:
    return manifest.project.within(manifest.project.compiled_folder / manifest.compiled_path(path, package))
