"""Which SQL of the user makes each column of a destination view: for a row that is refused, the line to correct."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from textwrap import shorten

from sqlglot import exp

from pusher.compile import Manifest, SourceKey
from pusher.contracts import Column, ColumnOrigin
from pusher.lint.flow.origin import Made, origin_of
from pusher.lint.flow.project import Flow, parts_of
from pusher.lint.flow.relations import span
from pusher.lint.flow.values import Place
from pusher.payload.model import Payload

MOST_TEXT = 300
DIALECT = "duckdb"
# What stands before the first expression of a list.
_OPENINGS = re.compile(r"\bselect\b(?:\s+distinct\b)?|\breplace\s*\(", re.IGNORECASE)
_QUOTED_OR_COMMENT = re.compile(r"""'[^']*'|"[^"]*"|--[^\n]*|/\*.*?\*/""", re.DOTALL)
_BLANK = re.compile(r"\s*")


def column_origins(
    manifest: Manifest,
    name: str,
    payload: Payload,
    *,
    columns: Mapping[str, Sequence[Column]],
    source_columns: Mapping[SourceKey, Sequence[Column]],
) -> dict[str, ColumnOrigin]:
    """Return what makes each contract column that a view has.

    A column that a model passes on is followed to the model that makes it; what a macro wrote is shown where the
    macro is called.

    Args:
        manifest: The compiled project.
        name: The view.
        payload: What it is pushed as.
        columns: Columns of each model.
        source_columns: Columns of each source.
    """
    flow = Flow(manifest, columns, source_columns, dialect=DIALECT)
    models = {parts_of(model.relation): model.name for model in manifest.models.values()}

    def model_of(table: exp.Table) -> str | None:
        parts = tuple(part.name.lower() for part in table.parts)
        ends = [model for key, model in models.items() if key[-len(parts) :] == parts]
        return ends[0] if len(ends) == 1 else None

    found: dict[str, ColumnOrigin] = {}
    for column in columns.get(name, ()):
        field = payload.field(column.name.lower())
        made = None if field is None else origin_of(flow, model_of, name, column.name)
        if field is not None and made is not None:
            found[field.column] = _origin(manifest, made)
    return found


def _origin(manifest: Manifest, made: Made) -> ColumnOrigin:
    model = manifest.models[made.model]
    sql = _without_comments(manifest.analysis_sql(made.model))
    place = _whole(sql, made)
    source_map = manifest.source_map(made.model, analysis=True, macros=False)
    # A projection ends with its name, which stands in the model also where a macro wrote the rest.
    found = [source_map.locate(offset) for offset in (place.start, place.end - 1)]
    line = next((one.line for one in found if one.file == model.path), 1)
    text = shorten(sql[place.start : place.end], MOST_TEXT, placeholder=" …")
    return ColumnOrigin(made.model, model.path, line, text)


def _without_comments(sql: str) -> str:
    """Return the SQL with blanks where its comments are, so that every place in it stays the same."""
    return _QUOTED_OR_COMMENT.sub(lambda found: found[0] if found[0][0] in "'\"" else " " * len(found[0]), sql)


def _whole(sql: str, made: Made) -> Place:
    """Return where a projection stands from its first letter on: functions have no position of their own."""
    node, known = made.projection, _span(made.projection, made.model)
    parent = node.parent
    siblings = [] if parent is None else parent.args.get("replace") or parent.expressions
    number = next((place for place, one in enumerate(siblings) if one is node), 0)
    if number:
        start = sql.find(",", _span(siblings[number - 1], made.model).end) + 1
    else:
        start = max((match.end() for match in _OPENINGS.finditer(sql, 0, known.start)), default=known.start)
    blank = _BLANK.match(sql, start, known.end)
    return Place(made.model, blank.end() if blank is not None else start, known.end)


def _span(node: exp.Expr, model: str) -> Place:
    return span(node, model) or Place(model, 0, 1)
