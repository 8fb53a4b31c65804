"""Follows values through all models of a project, each model read once and only when it is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pusher.compile import INLINE, ColumnDoc, Manifest, Model, Source, SourceKey, moment_of_run
from pusher.contracts import Column
from pusher.lint.flow.arithmetic import ROUNDED
from pusher.lint.flow.choices import Choice
from pusher.lint.flow.declared import Declared
from pusher.lint.flow.digests import GIVEN
from pusher.lint.flow.epochs import named_unit
from pusher.lint.flow.grain import Grain, united
from pusher.lint.flow.identifiers import declared_value, kinds_of, pii_kinds, seed_columns, source_columns
from pusher.lint.flow.queries import Queries
from pusher.lint.flow.relations import Output, Relation, united_by_name
from pusher.lint.flow.times import moment_of
from pusher.lint.flow.values import Leak, Mark, Place, Value, join
from pusher.lint.flow.windows import Window, windows

_OPAQUE_KIND = "unknown"
_BINARY_FLOAT = re.compile(r"double|float|real", re.IGNORECASE)
_TOO_DEEP = "its SQL is nested too deeply"


@dataclass(frozen=True, slots=True)
class Failure:
    """A model that cannot be followed.

    Attributes:
        model: Its name.
        reason: Why, half a sentence.
        place: Where, as far as it is known.
    """

    model: str
    reason: str
    place: Place | None


class Flow:
    """What each column of each model may hold.

    Args:
        manifest: The compiled project.
        columns: Columns of each model as the engine's binder gives them.
        source_columns: The same of each source, for sources that declare none.
        dialect: sqlglot's name of the engine's SQL.
        label: Added to a model's name in each place, to tell it from the places of another flow.
        before: What the tables of incremental models hold to which these models add rows.

    Attributes:
        label: Added to a model's name in each place.
        failures: Models that cannot be followed, as far as they were read.
        choices: Functions of each model read so far that take one of several rows and leave open which.
    """

    def __init__(
        self,
        manifest: Manifest,
        columns: Mapping[str, Sequence[Column]],
        source_columns: Mapping[SourceKey, Sequence[Column]],
        *,
        dialect: str = "duckdb",
        label: str = "",
        before: Flow | None = None,
    ) -> None:
        self._manifest, self._columns, self._dialect = manifest, columns, dialect
        self._source_columns, self._before = source_columns, before
        self._moment = moment_of_run(manifest)
        self.label = label
        self._declared = Declared(manifest.tests.values())
        self._relations: dict[str, Relation] = {}
        self._trees: dict[str, exp.Expr | Failure] = {}
        self._windows: dict[str, list[Window]] = {}
        self.failures: dict[str, Failure] = {}
        self.choices: dict[str, list[Choice]] = {}

    @cached_property
    def _tables(self) -> dict[tuple[str, ...], Callable[[], Relation]]:
        tables: dict[tuple[str, ...], Callable[[], Relation]] = {}
        for model in self._manifest.models.values():
            tables[parts_of(model.relation)] = lambda name=model.name: self.relation(name)  # type: ignore[misc]
        for source in self._manifest.sources.values():
            found = _source_relation(source, self._source_columns.get(source.key, ()), self._declared)
            tables[parts_of(source.stub)] = tables[parts_of(source.relation)] = lambda found=found: found  # type: ignore[misc]
        return tables

    def tree(self, name: str) -> exp.Expr | Failure:
        """Return a model's parsed SQL, or why it does not parse."""
        if name not in self._trees:
            self._trees[name] = self._parsed(name)
        return self._trees[name]

    def _parsed(self, name: str) -> exp.Expr | Failure:
        sql = self._manifest.analysis_sql(name)
        try:
            tree = sqlglot.parse_one(sql, dialect=self._dialect)
        except SqlglotError as error:
            return Failure(name, "its SQL is not understood", _error_place(name + self.label, sql, error))
        except RecursionError:
            return Failure(name, _TOO_DEEP, None)
        if isinstance(tree, exp.Command):
            return Failure(name, "its SQL is not understood", Place(name + self.label, 0, len(sql)))
        return tree

    def windows(self, name: str) -> list[Window]:
        """Return the filters of a model that bound how old a row can be."""
        if name not in self._windows:
            tree = self.tree(name)
            self._windows[name] = [] if isinstance(tree, Failure) else list(windows(tree, name + self.label))
        return self._windows[name]

    def relation(self, name: str) -> Relation:
        """Return a model's columns and what they may hold; a model that fails may hold any identifier."""
        if name not in self._relations:
            if self._before is not None and self._manifest.models[name].adds:
                return self._added(name, self._before.relation(name))
            # A model that reads itself finds the failure instead of an endless descent.
            self._relations[name] = self._failed(Failure(name, "it reads itself", None))
            self._relations[name] = self._tagged(name, self._read(name))
        return self._relations[name]

    def _added(self, name: str, stands: Relation) -> Relation:
        """Return a table's columns after rows were added to it, by a query that may read the table."""
        self._relations[name] = stands
        # Each build can carry a value one column further.
        for _ in range(len(stands.outputs) + 1):
            known = self._relations[name]
            added = self._tagged(name, self._read(name))
            grain = self._grain_after(name, known.grain, added.grain)
            self._relations[name] = self._with_keys(name, replace(united_by_name(known, added), grain=grain))
            if self._relations[name] == known:
                break
        return self._relations[name]

    def _grain_after(self, name: str, stands: Grain, added: Grain) -> Grain:
        """Return what tells the rows of a table apart after an addition: its key, if that did before."""
        increment = self._manifest.models[name].increment
        key = increment.unique_key if increment is not None else ()
        grain = replace(united(stands, added), kept=min(stands.kept, added.kept))
        is_kept = bool(key) and stands.is_told_apart_by(frozenset(one.lower() for one in key))
        return grain.with_unique([key]) if is_kept else grain

    def _read(self, name: str) -> Relation:
        model = self._manifest.models[name]
        if model.seed is not None:
            return _seed_relation(model, self._columns.get(name, ()), self._declared.always_given(name))
        tree = self.tree(name)
        if isinstance(tree, Failure):
            self.failures[name] = tree
            return self._failed(tree)
        queries = Queries(name + self.label, self._lookup, self._moment, follows_rows=name == INLINE)
        try:
            found = queries.relation(tree)
            self.choices[name] = list(queries.choices)
        except (RecursionError, SqlglotError):
            self.failures[name] = Failure(name, _TOO_DEEP, None)
            return self._failed(self.failures[name])
        return self._aligned(name, found)

    def _lookup(self, parts: tuple[str, ...]) -> Relation | None:
        found = self._tables.get(parts)
        if found is None:
            ends = [table for key, table in self._tables.items() if key[-len(parts) :] == parts]
            found = ends[0] if len(ends) == 1 else None
        return None if found is None else found()

    def _names(self, name: str) -> list[str] | None:
        columns = self._columns.get(name)
        return None if columns is None else [column.name for column in columns]

    def _failed(self, failure: Failure) -> Relation:
        leak = Leak(_OPAQUE_KIND, failure.model, "opaque", f"the model `{failure.model}`", failure.place)
        value = Value(leaks=frozenset({leak}))
        outputs = tuple(Output(name, value) for name in self._names(failure.model) or [])
        return Relation(outputs, None if outputs else value, uncertain=not outputs)

    def _aligned(self, name: str, found: Relation) -> Relation:
        """Give the columns the engine's names; the engine knows what a star or COLUMNS stands for."""
        names = self._names(name)
        if names is None:
            return found
        if not found.uncertain and len(names) == len(found.outputs):
            outputs = (
                output if output.name == new else replace(output, name=new)
                for output, new in zip(found.outputs, names, strict=True)
            )
            pairs = list(zip(found.outputs, names, strict=True))
            given = {(one.name or new).lower(): new.lower() for one, new in reversed(pairs)}
            return Relation(tuple(outputs), grain=found.grain.renamed(given))
        rest = found.everything() if found.rest is None else found.rest
        rest_node = next((output.node for output in found.outputs if output.node is not None), None)
        given = {one.lower(): one.lower() for one in names if one.lower() in found.named}
        return Relation(
            tuple(found.named.get(one.lower()) or Output(one, rest, rest_node, name + self.label) for one in names),
            grain=found.grain.renamed(given),
        )

    def _tagged(self, name: str, found: Relation) -> Relation:
        """Add the identifiers that the model's own YAML declares, where nothing upstream explains the tag."""
        model = self._manifest.models[name]
        docs = {doc.name.lower(): doc for doc in model.columns.values()}
        outputs = tuple(_tagged(output, docs.get((output.name or "").lower()), name) for output in found.outputs)
        return self._with_keys(name, Relation(outputs, found.rest, found.uncertain, found.grain))

    def _with_keys(self, name: str, found: Relation) -> Relation:
        """Return a model's relation with the keys that its data tests declare."""
        values = {column: output.value for column, output in found.named.items()}
        grain = found.grain.declared(name, self._declared.keys(name), values)
        return Relation(found.outputs, found.rest, found.uncertain, grain)

    def ancestors(self, names: Sequence[str]) -> list[Model]:
        """Return models and everything they read, in graph order."""
        needed = set(names)
        for model in reversed(list(self._manifest.models.values())):
            if model.name in needed:
                needed.update(model.depends_on)
        return [model for model in self._manifest.models.values() if model.name in needed]


def _tagged(output: Output, doc: ColumnDoc | None, model: str) -> Output:
    kinds = pii_kinds(doc.meta) if doc is not None else ()
    if not kinds or output.value.leaks or output.value.hashed:
        return output
    return replace(output, value=join((output.value, declared_value(kinds, f"{model}.{output.name}"))))


def parts_of(relation: Any) -> tuple[str, ...]:
    """Return database, schema and name of a relation as they are compared."""
    return (relation.database.lower(), relation.schema.lower(), relation.identifier.lower())


def _source_relation(source: Source, given: Sequence[Column], declared: Declared) -> Relation:
    label = f"{source.source_name}.{source.name}"
    always = declared.always_given(source.key)
    outputs = tuple(
        Output(column.name, _source_value(column, f"{label}.{column.name}", source.meta.get("timezone"), always))
        for column in source_columns(source, given)
    )
    if outputs:
        values = {output.name.lower(): output.value for output in outputs if output.name}
        grain = Grain(tables=frozenset({label})).declared(label, declared.keys(source.key), values)
        return Relation(outputs, grain=grain)
    through = f"source {label}, whose columns are not known"
    return Relation((), Value(leaks=frozenset({Leak(_OPAQUE_KIND, label, "opaque", through)})), uncertain=True)


def _seed_relation(seed: Model, given: Sequence[Column], always: frozenset[str]) -> Relation:
    columns = seed_columns(seed, given)
    values = (_source_value(one, f"{seed.name}.{one.name}", None, always) for one in columns)
    return Relation(tuple(Output(one.name, value) for one, value in zip(columns, values, strict=True)))


def _source_value(column: ColumnDoc, label: str, table_zone: object, always: frozenset[str]) -> Value:
    columns, kinds = frozenset({label}), kinds_of(column)
    marks = named_unit(column, label)
    if _BINARY_FLOAT.match(column.data_type or ""):
        marks |= {Mark(ROUNDED, column.data_type or "", None)}
    if kinds and column.name.lower() in always:
        marks |= {Mark(GIVEN, "", None)}
    found = declared_value(kinds, label)
    value = Value(leaks=found.leaks, hashed=found.hashed, columns=columns, marks=marks)
    moment = moment_of(column, label, table_zone)
    return value if moment is None else replace(value, moments=frozenset({moment}))


def _error_place(name: str, sql: str, error: SqlglotError) -> Place | None:
    details = getattr(error, "errors", None)
    if not details or details[0].get("line") is None:
        return None
    lines = sql.splitlines(keepends=True)
    offset = sum(map(len, lines[: details[0]["line"] - 1])) + max(details[0].get("col", 1) - 1, 0)
    return Place(name, min(offset, len(sql)), min(offset + 1, len(sql)))
