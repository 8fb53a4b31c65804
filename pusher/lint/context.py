"""What a rule sees: the destination views, what their columns may hold, and where things stand in the user's files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

from sqlglot import exp

from pusher.compile import Manifest, Model, SourceKey, SourceMap
from pusher.config import PolicyFile
from pusher.contracts import Column
from pusher.lint.consent.asked import Asked
from pusher.lint.consent.comparisons import Words
from pusher.lint.finding import Edit, Finding, Fix
from pusher.lint.flow.passed_on import is_only_passed_on, name_of
from pusher.lint.flow.project import Failure, Flow
from pusher.lint.flow.relations import Output, Relation, span
from pusher.lint.flow.values import Place
from pusher.payload.columns import ColumnFinding, check_columns
from pusher.payload.model import Field, Payload
from pusher.payload.types import SqlType, parse_type

# Tells the places of a model's first build from those in the SQL that adds rows to it.
_FIRST = " (first build)"


class Named(Protocol):
    """The names that every finding of a rule carries."""

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[str]


@dataclass(frozen=True)
class View:
    """A destination view.

    Attributes:
        model: The model.
        payload: What it is pushed as.
        relation: Its columns and what they may hold.
        types: Its columns' types, in the view's spelling, or None when the engine could not tell.
        source_id: Event source id from the settings, or None.
        select: The final SELECT in the compiled SQL.
        strict: Ask for the vendor page's list of required columns.
        missing_settings: What it needs and no layer of settings gives, beside its source id.
    """

    model: Model
    payload: Payload
    relation: Relation
    types: Mapping[str, SqlType] | None
    source_id: str | None
    select: Place
    strict: bool
    missing_settings: Sequence[ColumnFinding] = ()

    @cached_property
    def column_findings(self) -> list[ColumnFinding]:
        """What the contract says about the columns."""
        if self.types is None:
            return []
        found = check_columns(self.payload, self.types, source_id=self.source_id, strict=self.strict)
        return [*self.missing_settings, *found]

    @cached_property
    def _fields(self) -> Mapping[str, Field | None]:
        # Every rule asks for them.
        names = {(output.name or "").lower() for output in self.relation.outputs}
        return {name: self.payload.field(name) for name in names}

    def field(self, output: Output) -> Field | None:
        """Return the contract's field of a column, case ignored."""
        return self._fields.get((output.name or "").lower())

    def identities(self) -> Iterator[tuple[Output, Field]]:
        """Yield the columns that hold digests of identifiers, each with its field."""
        for output in self.relation.outputs:
            field = self.field(output)
            if field is not None and field.holds_digests:
                yield output, field

    def outputs_of(self, column: str) -> Iterator[Output]:
        """Yield the columns that give a field of the contract."""
        for output in self.relation.outputs:
            field = self.field(output)
            if field is not None and field.column == column:
                yield output


class Context:
    """Everything that rules ask for.

    Args:
        manifest: The compiled project.
        columns: Columns of each model.
        source_columns: Columns of each source.
        payload_of: Payload of each destination model.
        source_id_of: Event source id of each destination model, from the settings.
        missing_settings: What each destination model needs and no layer of settings gives, beside its source id.
        policy: Project policy.
        source_map: Returns the map of a model's analysis SQL.
        models: Models to judge.
        first: The project before the tables of its incremental models stood, when these models now add rows.
        flow: What each column may hold, as far as it was followed already.
        asked: Who was asked for consent, likewise.

    Attributes:
        flow: What each column of each model may hold.
        models: Models to judge.
    """

    def __init__(
        self,
        manifest: Manifest,
        *,
        columns: Mapping[str, Sequence[Column]],
        source_columns: Mapping[SourceKey, Sequence[Column]],
        payload_of: Mapping[str, Payload],
        source_id_of: Mapping[str, str | None],
        policy: PolicyFile,
        source_map: Callable[[str], SourceMap],
        models: Sequence[Model],
        first: Manifest | None = None,
        missing_settings: Mapping[str, Sequence[ColumnFinding]] | None = None,
        flow: Flow | None = None,
        asked: Asked | None = None,
    ) -> None:
        self.manifest, self.columns, self.source_columns = manifest, columns, source_columns
        self.policy, self.models = policy, models
        if flow is None:
            before = Flow(first, columns, source_columns, label=_FIRST) if first else None
            flow = Flow(manifest, columns, source_columns, before=before)
        self.flow = flow
        self._asked = asked
        self._first = first
        self._missing_settings = missing_settings or {}
        self._payload_of, self._source_id_of, self._source_map = payload_of, source_id_of, source_map

    @cached_property
    def views(self) -> list[View]:
        """The destination views among the models."""
        return [
            self._view(model, self._payload_of[model.name]) for model in self.models if model.name in self._payload_of
        ]

    @cached_property
    def behind_views(self) -> list[Model]:
        """The views and all models that they read."""
        return self.flow.ancestors([model.name for model in self.models if model.name in self._payload_of])

    def trees_behind_views(self) -> Iterator[tuple[Model, exp.Expr]]:
        """Yield the views and all models that they read with their SQL, as far as it can be parsed."""
        for model in self.behind_views:
            tree = self.flow.tree(model.name)
            if not isinstance(tree, Failure):
                yield model, tree

    @cached_property
    def asked(self) -> Asked | None:
        """What each model does with the consent column; None where the policy names none."""
        consent = self.policy.consent
        if self._asked is not None or consent.column is None:
            return self._asked
        words = Words(consent.column.strip().lower(), consent.words)
        return Asked(self.manifest, self.flow, self.columns, self.source_columns, words)

    def _view(self, model: Model, payload: Payload) -> View:
        columns = self.columns.get(model.name)
        return View(
            model=model,
            payload=payload,
            relation=self.flow.relation(model.name),
            types=None if columns is None else {column.name: parse_type(column.type) for column in columns},
            source_id=self._source_id_of.get(model.name),
            select=self._final_select(model.name),
            strict=self.policy.require_vendor_page_columns,
            missing_settings=self._missing_settings.get(model.name, ()),
        )

    def _final_select(self, name: str) -> Place:
        sql = self.sql(name)
        tree = self.flow.tree(name)
        if isinstance(tree, Failure):
            return Place(name, 0, 1)
        while isinstance(tree, (exp.SetOperation, exp.Subquery)):
            tree = tree.this
        places = [place for node in tree.expressions if (place := span(node, name)) is not None]
        if not places:
            return span(tree, name) or Place(name, 0, 1)
        first = min(place.start for place in places)
        keyword = sql.lower().rfind("select", 0, first)
        return Place(name, max(keyword, 0), max(place.end for place in places))

    def sql(self, name: str) -> str:
        """Return the SQL of a model, or of a place's model, as it was analysed."""
        if self._first is not None and name.endswith(_FIRST):
            return self._first.analysis_sql(name.removesuffix(_FIRST))
        return self.manifest.analysis_sql(name)

    def _map(self, name: str) -> SourceMap:
        if self._first is not None and name.endswith(_FIRST):
            return self._first.source_map(name.removesuffix(_FIRST), analysis=True)
        return self._source_map(name)

    def about(self, model: Model) -> Context:
        """Return the same for one of the models alone."""
        return Context(
            self.manifest,
            columns=self.columns,
            source_columns=self.source_columns,
            payload_of=self._payload_of,
            source_id_of=self._source_id_of,
            policy=self.policy,
            source_map=self._source_map,
            models=[model],
            first=self._first,
            missing_settings=self._missing_settings,
            flow=self.flow,
            asked=self.asked,
        )

    # -- findings

    def finding(
        self,
        rule: Named,
        model: str,
        place: Place | None,
        message: str,
        fix: Fix | None,
        *,
        column: str | None = None,
        severity: str | None = None,
    ) -> Finding:
        """Return a finding with its place in the user's own file."""
        file, line, start, end_line, end = self.locate(place or Place(model, 0, 1))
        return Finding(
            rule=rule.code,
            name=rule.name,
            severity=severity or rule.severity,
            model=model,
            model_column=column,
            file=file,
            line=line,
            column=start,
            end_line=end_line,
            end_column=end,
            message=message,
            fix=fix,
        )

    def place_in(self, view: View, output: Output) -> Place:
        """Return where a view's column is made, in a model: what a macro wrote is shown by the name it is given."""
        places = (output.place, output.name_place)
        return next((place for place in places if place is not None and self.is_in_model(place)), view.select)

    def is_in_model(self, place: Place) -> bool:
        """Whether a place is in the file of a model, and not in that of a macro."""
        file = self.locate(place)[0]
        return any(model.path == file for model in self.manifest.models.values())

    def is_made_in(self, view: View, output: Output) -> bool:
        """Whether a view's own SQL makes a column, and not that of a model whose columns it passes on by a star."""
        return output.model.removesuffix(_FIRST) == view.model.name

    def locate(self, place: Place) -> tuple[str, int, int, int, int]:
        """Return file, line, column, end line and end column of a place."""
        locator = self._map(place.model)
        start, last = locator.locate(place.start), locator.locate(max(place.end - 1, place.start))
        # What a macro or an expression of Jinja made can end in another file, or before it starts.
        if last.file != start.file or (last.line, last.column) < (start.line, start.column):
            last = start
        return start.file, start.line, start.column, last.line, last.column + 1

    def edit(self, place: Place | None, text: str) -> tuple[Edit, ...]:
        """Return the edit of a place, or none when the user's file does not hold this very text there."""
        if place is None:
            return ()
        edit = Edit(*self.locate(place), text)
        written = self._written(edit)
        compiled = self.sql(place.model)[place.start : place.end]
        return (edit,) if written is not None and written == compiled else ()

    def is_only_passed_on(self, view: View, place: Place | None) -> bool:
        """Whether the text at a place does nothing on its way but become a column of a view.

        No condition compares it there, and no id is made of it: another text changes the column and nothing else.
        """
        if place is None:
            return False
        names: set[str] = set()
        reached: set[str] = set()
        for model in self.flow.ancestors([view.model.name]):
            tree = self.flow.tree(model.name)
            if model.name == place.model.removesuffix(_FIRST):
                name = None if isinstance(tree, Failure) else name_of(tree, Place(model.name, place.start, place.end))
                if name is None:
                    return False
                names.add(name)
            elif reached.isdisjoint(model.depends_on):
                continue
            reached.add(model.name)
            if isinstance(tree, Failure) or not is_only_passed_on(tree, names):
                return False
        return bool(reached)

    def _written(self, edit: Edit) -> str | None:
        model = next((model for model in self.manifest.models.values() if model.path == edit.file), None)
        if model is None or edit.line != edit.end_line:
            return None
        lines = model.raw_sql.split("\n")
        return lines[edit.line - 1][edit.column - 1 : edit.end_column - 1] if edit.line <= len(lines) else None
