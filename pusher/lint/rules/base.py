"""What all rules share."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar

from sqlglot import exp

from pusher.lint.context import Context, View
from pusher.lint.finding import Edit, Finding, Fix
from pusher.lint.flow.choices import Choice
from pusher.lint.flow.relations import Output
from pusher.lint.flow.values import Mark
from pusher.payload.columns import ColumnFinding


class Rule(ABC):
    """One thing that lint checks; the docstring of a rule is its manual page.

    Attributes:
        code: Stable code.
        name: Readable name.
        severity: How bad it is unless the policy says otherwise.
        looks_at_all: It is about all models, and not about the views and what they read.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[str]
    looks_at_all: ClassVar[bool] = False

    @abstractmethod
    def check(self, context: Context) -> Iterator[Finding]:
        """Yield what is wrong."""

    def at_mark(
        self,
        context: Context,
        view: View,
        output: Output,
        mark: Mark,
        *,
        message: str,
        fix: str,
        severity: str | None = None,
    ) -> Finding:
        """Return a finding about a column, at the place of what was done to its value on the way."""
        place = mark.place or context.place_in(view, output)
        return context.finding(self, view.model.name, place, message, Fix(fix), column=output.name, severity=severity)


class ViewRule(Rule):
    """A rule that looks at one destination view after the other."""

    def check(self, context: Context) -> Iterator[Finding]:
        """Yield what is wrong with the views."""
        for view in context.views:
            yield from self.check_view(context, view)

    @abstractmethod
    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield what is wrong with one destination view."""


def first_reached(outputs: Iterable[Output], kind: str) -> Iterator[tuple[Output, Mark]]:
    """Yield each mark of a kind with the first of some columns that it reaches."""
    seen = set()
    for output in outputs:
        for mark in output.value.marks_of(kind):
            if mark.place not in seen:
                seen.add(mark.place)
                yield output, mark


class ColumnRule(ViewRule):
    """A rule that the contract's own check of columns decides.

    Attributes:
        kind: The `code` of its findings there.
    """

    kind: ClassVar[str]

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield the contract's findings of this kind."""
        for found in view.column_findings:
            if found.code == self.kind:
                yield self.translated(context, view, found)

    def translated(self, context: Context, view: View, found: ColumnFinding) -> Finding:
        """Return the contract's finding with its place."""
        output = view.relation.named.get(found.column.lower().partition(".")[0])
        place = view.select if output is None else context.place_in(view, output)
        fix = Fix(found.fix)
        # Another model's column may have other readers, under its name.
        if output is not None and context.is_made_in(view, output) and found.replacement is not None:
            edits = renaming(context, output, found.replacement)
            # Other names are guesses.
            fix = Fix(found.fix, edits, safe=found.code == "alias")
        return context.finding(
            self, view.model.name, place, found.message, fix, column=found.column, severity=found.severity
        )


def choices_behind_views(context: Context) -> Iterator[tuple[str, Choice]]:
    """Yield what takes one of several rows in the destination views and in what they read, with its model."""
    for model in context.behind_views:
        for choice in context.flow.choices.get(model.name, ()):
            yield model.name, choice


def renaming(context: Context, output: Output, name: str) -> tuple[Edit, ...]:
    """Return the edit that gives a column another name, when neither the rest of the model nor its YAML has the old."""
    place = output.name_place
    if place is None:
        return ()
    sql = context.sql(place.model)
    old = sql[place.start : place.end]
    if re.search(rf"(?<!\w){re.escape(old)}(?!\w)", sql[place.end :], re.IGNORECASE):
        return ()
    model = context.manifest.models.get(place.model)
    if model is not None and (output.name or "").lower() in {column.lower() for column in model.columns}:
        # Its description, and its tests, are for a column of the old name.
        return ()
    return context.edit(place, name if isinstance(output.node, exp.Alias) else f"{old} as {name}")
