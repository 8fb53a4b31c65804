"""Follows consent through all models of a project."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from pusher.compile import Manifest, Source, SourceKey
from pusher.contracts import Column
from pusher.lint.consent.comparisons import Words
from pusher.lint.consent.queries import Queries
from pusher.lint.consent.rows import NO_ROWS, Rows, opaque
from pusher.lint.consent.worlds import ALL, ANY, ANYTHING, CONSENT, MOMENT, WORLDS, Blame, Fact
from pusher.lint.flow.identifiers import seed_columns, source_columns
from pusher.lint.flow.project import Failure, Flow, parts_of


class Asked:
    """What each model does with the answer of the people in it.

    Args:
        manifest: The compiled project.
        flow: Its parsed models.
        columns: Columns of each model.
        source_columns: Columns of each source.
        words: What the consent column is called, and what in it says yes.
    """

    def __init__(
        self,
        manifest: Manifest,
        flow: Flow,
        columns: Mapping[str, Sequence[Column]],
        source_columns: Mapping[SourceKey, Sequence[Column]],
        words: Words,
    ) -> None:
        self._manifest, self._flow, self._words = manifest, flow, words
        self._columns, self._source_columns = columns, source_columns
        self._rows: dict[str, Rows] = {}

    def rows(self, name: str) -> Rows:
        """Return a model's rows."""
        if name not in self._rows:
            # A table that adds to itself adds to what was judged by its first build.
            self._rows[name] = NO_ROWS
            self._rows[name] = self._named(self._read(name), name)
        return self._rows[name]

    def _read(self, name: str) -> Rows:
        model = self._manifest.models[name]
        if model.seed is not None:
            listed = seed_columns(model, self._columns.get(name, ()))
            return self._given([(one.name, one.data_type or "") for one in listed])
        tree = self._flow.tree(name)
        if isinstance(tree, Failure):
            return opaque(Blame("opaque", tree.place, name))
        try:
            return Queries(name + self._flow.label, self._lookup, self._words).rows(tree)
        except RecursionError:
            return opaque(Blame("opaque", None, name))

    def _named(self, rows: Rows, name: str) -> Rows:
        """Give the columns the engine's names, and take one of the consent column's name for it."""
        names = [column.name.lower() for column in self._columns.get(name, ())]
        if rows.rest is None and len(names) == len(rows.columns):
            rows = replace(rows, columns=dict(zip(names, rows.columns.values(), strict=True)))
        elif names and rows.rest is not None:
            rows = replace(rows, columns={one: rows.get(one) or rows.rest for one in names}, rest=None)
        known = rows.columns.get(self._words.column)
        if known is not None and all(known.of(world) == {ANY} for world in WORLDS):
            return replace(rows, columns={**rows.columns, self._words.column: CONSENT})
        return rows

    def _lookup(self, parts: tuple[str, ...]) -> Rows | None:
        found = self._tables.get(parts)
        if found is None:
            ends = [table for key, table in self._tables.items() if key[-len(parts) :] == parts]
            found = ends[0] if len(ends) == 1 else None
        return None if found is None else found()

    @cached_property
    def _tables(self) -> dict[tuple[str, ...], Callable[[], Rows]]:
        tables: dict[tuple[str, ...], Callable[[], Rows]] = {}
        for model in self._manifest.models.values():
            tables[parts_of(model.relation)] = lambda name=model.name: self.rows(name)  # type: ignore[misc]
        for source in self._manifest.sources.values():
            tables[parts_of(source.stub)] = tables[parts_of(source.relation)] = (
                lambda source=source: self._source(source)  # type: ignore[misc]
            )
        return tables

    def _source(self, source: Source) -> Rows:
        types = {one.name.lower(): one.type for one in self._source_columns.get(source.key, ())}
        listed = source_columns(source, self._source_columns.get(source.key, ()))
        return self._given([(one.name, one.data_type or types.get(one.name.lower(), "")) for one in listed])

    def _given(self, columns: Sequence[tuple[str, str]]) -> Rows:
        """Return the rows of a table that no model makes."""
        facts = {name.lower(): self._fact(name.lower(), type_.lower()) for name, type_ in columns}
        # Whose answer is anywhere has a row where the answers are.
        knows_all = ALL if self._words.column in facts else frozenset()
        return Rows(facts, must=knows_all, rest=None if facts else ANYTHING)

    def _fact(self, name: str, type_: str) -> Fact:
        if name != self._words.column:
            return ANYTHING
        return MOMENT if type_.startswith(("timestamp", "date", "datetime")) else CONSENT
