"""The YAML of what a query becomes: sources with types, zones and identifiers, and the tests that rows have to pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from pusher.importer.models import Composing
from pusher.importer.tables import Table
from pusher.importer.types import MOMENT


def yaml_files(made: Composing) -> dict[str, str]:
    """Return the text of each YAML file by its path in the project."""
    found: dict[str, str] = {}
    by_source: dict[str, list[Table]] = {}
    for table in made.sources.tables.values():
        by_source.setdefault(made.names.source_of(table), []).append(table)
    for source, tables in by_source.items():
        folder = f"models/staging/{source}"
        found[f"{folder}/_{source}__{made.names.query}_sources.yml"] = _written(
            {"sources": [_source(made, source, tables)]}
        )
        models = [_staging(made, table) for table in tables]
        found[f"{folder}/_{source}__{made.names.query}_models.yml"] = _written({"models": models})
    view = made.names.view
    found[f"models/tiktok/_{view}__models.yml"] = _written({"models": [_view(made, view)]})
    return found


def _source(made: Composing, name: str, tables: Sequence[Table]) -> dict[str, Any]:
    schema = tables[0].schema or "main"
    return {
        "name": name,
        "description": f"Tables that the query {made.names.query} reads, as they are in the warehouse.",
        "schema": schema,
        "tables": [
            {
                "name": table.name,
                "description": f"As the query {made.names.query} reads it; types are what it does with the columns.",
                "columns": [_column(made, table, column) for column in sorted(table.columns)],
            }
            for table in tables
        ],
    }


def _column(made: Composing, table: Table, name: str) -> dict[str, Any]:
    type_, meta = made.types[table.key, name], {}
    zone = made.zones.get((table.key, name))
    if type_ == MOMENT or zone is not None:
        meta["timezone"] = zone or made.timezone
    if (table.key, name) in made.shape.pii:
        meta["pii"] = made.shape.pii[table.key, name]
    return {"name": name, "data_type": type_, **({"config": {"meta": meta}} if meta else {})}


def _staging(made: Composing, table: Table) -> dict[str, Any]:
    unique = sorted(made.unique.get(table.key, ()))
    columns = [{"name": name, "data_tests": ["unique"]} for name in unique]
    described: dict[str, Any] = {
        "name": made.names.staging(table),
        "description": f"The columns of {table.key} that the query {made.names.query} reads, in types of their own.",
    }
    return described | ({"columns": columns} if columns else {})


def _view(made: Composing, name: str) -> dict[str, Any]:
    is_event = made.shape.payload.kind == "events"
    grain = "One row per event" if is_event else "One row per person"
    described: dict[str, Any] = {"name": name, "description": f"{grain}, from the query {made.names.query}."}
    if not is_event or "event_id" not in made.shape.rows:
        return described
    if "event" not in made.shape.rows:
        return described | {"columns": [{"name": "event_id", "data_tests": ["not_null", "unique"]}]}
    # Events of two kinds may share an id.
    arguments = {"column_name": "concat_ws('|', event, event_id)"}
    unique = {"unique": {"name": f"{name}_has_each_event_once", "arguments": arguments}}
    return described | {"data_tests": [unique], "columns": [{"name": "event_id", "data_tests": ["not_null"]}]}


class _Indented(yaml.SafeDumper):
    """Moves the elements of lists to the right, as people write them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 -- the base's own
        """Begin a list, always further to the right."""
        super().increase_indent(flow, False)


def _written(content: Mapping[str, Any]) -> str:
    return yaml.dump({"version": 2, **content}, Dumper=_Indented, sort_keys=False, allow_unicode=True, width=110)
