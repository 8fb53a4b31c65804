"""What is known of a query while it is turned into models: its tree, where things stand in it, and what was changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pusher.errors import CompileError, Problem

DIALECTS = ("presto", "snowflake", "bigquery", "spark")
_JINJA = re.compile(r"\{[{%#]")
_OPENING = re.compile(r"(?:\b(?:try_|safe_)?cast\s*\(|\bcase(?:\s+when)?|\bconcat\s*\(|\()\s*$", re.IGNORECASE)
_SELECT = re.compile(r"\bselect\b(?:\s+distinct\b)?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that means something else in the models than in the query, or that was taken for granted.

    Attributes:
        kind: Of the list in docs/reference/formats.md, such as `hash` or `window`.
        line: 1-based line in the query.
        column: 1-based column in that line.
        old: What stood there.
        new: What stands in the models instead; empty when nothing does.
        why: One sentence.
    """

    kind: str
    line: int
    column: int
    old: str
    new: str
    why: str


@dataclass(slots=True)
class Draft:
    """A query on its way.

    Attributes:
        text: As written.
        file: Its name, for errors.
        dialect: Of `DIALECTS`.
        tree: Its syntax tree, which is rewritten.
        changes: What changed in meaning, in no order.
        problems: What cannot be carried over.
    """

    text: str
    file: str
    dialect: str
    tree: exp.Query
    changes: dict[Change, None] = field(default_factory=dict)
    problems: dict[Problem, None] = field(default_factory=dict)

    def place(self, node: exp.Expr) -> tuple[int, int]:
        """Return line and column of a part of the query."""
        return self._line_and_column(self._start(node))

    def _line_and_column(self, offset: int) -> tuple[int, int]:
        before = self.text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1

    def _start(self, node: exp.Expr) -> int:
        parent = node.parent
        if isinstance(parent, exp.Select) and node.arg_key == "expressions" and node.index is not None:
            return self._projection_start(parent, node)
        starts = [start for start, _ in _spans(node)]
        if not starts:
            return 0 if parent is None else self._start(parent)
        start = min(starts)
        while not (isinstance(node, (exp.Column, exp.Literal)) or "start" in node.meta):
            opening = _OPENING.search(self.text, 0, start)
            if opening is None:
                break
            start = opening.start()
            node = _first(node)
        return start

    def _projection_start(self, select: exp.Select, node: exp.Expr) -> int:
        index = node.index or 0
        before = [span for sibling in select.expressions[:index] for span in _spans(sibling)]
        inside = min((start for start, _ in _spans(node)), default=len(self.text))
        if before:
            # The comma behind the sibling, past the brackets that close it.
            start = self.text.find(",", max(end for _, end in before), inside) + 1
        else:
            found = [match.end() for match in _SELECT.finditer(self.text, 0, inside)]
            start = max(found, default=inside)
        start = start or inside
        return start + len(self.text[start:inside]) - len(self.text[start:inside].lstrip())

    def words(self, node: exp.Expr) -> str:
        """Return a part of the query in its own dialect, on one line."""
        return " ".join(node.sql(self.dialect, comments=False).split())

    def told(self, kind: str, node: exp.Expr, old: exp.Expr | str, new: str, why: str) -> None:
        """Note that something means something else now.

        Args:
            kind: Kind of the change.
            node: Part of the query, for the place.
            old: What stood there, or its text.
            new: What stands there now.
            why: One sentence.
        """
        written = old if isinstance(old, str) else self.words(old)
        self.changes[Change(kind, *self.place(node), written, new, why)] = None

    def refuse(self, code: str, node: exp.Expr, message: str, fix: str) -> None:
        """Note that something cannot be carried over; nothing is written then."""
        self.problems[Problem(code, message, self.file, *self.place(node), fix)] = None

    def no_equal(self, node: exp.Expr) -> exp.Expr | None:
        """Note that a function has no known equal in DuckDB; returns None, since nothing stands for it."""
        written = self.words(node)
        message = f"`{written if len(written) < 80 else written[:77] + '...'}` has no known equal in DuckDB."  # noqa: PLR2004 -- a line
        fix = "Write it in another way, or load its result as a column of the table."
        self.refuse("import-function", node, message, fix)
        return None

    def stop_if_refused(self) -> None:
        """End when something cannot be carried over.

        Raises:
            CompileError: With everything that was noted.
        """
        if self.problems:
            raise CompileError(*sorted(self.problems, key=lambda one: (one.line or 0, one.column or 0, one.message)))


Handlers = tuple[tuple[tuple[type[exp.Expr], ...], Callable[[Draft, exp.Expr], exp.Expr | None]], ...]
"""What carries a function to DuckDB, by the classes that sqlglot gives it."""


def read(text: str, file: str, dialect: str) -> Draft:
    """Parse a query.

    Args:
        text: The query.
        file: Its name, for errors.
        dialect: Of `DIALECTS`.

    Raises:
        CompileError: It is no query of this dialect, or not one.
    """
    if found := _JINJA.search(text):
        line = text.count("\n", 0, found.start()) + 1
        fix = "Import the query as the platform runs it, with values in the places of its variables."
        raise CompileError(Problem("import-template", "The query is a template.", file, line, 1, fix))
    try:
        trees = [tree for tree in sqlglot.parse(text, dialect=dialect) if tree is not None]
    except SqlglotError as error:
        raise CompileError(_unreadable(error, file, dialect)) from error
    except RecursionError as error:
        message, fix = "The query is nested too deeply.", "Write its parts as CTEs."
        raise CompileError(Problem("import-syntax", message, file, 1, 1, fix)) from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        message = "The file is not one query." if len(trees) != 1 else "This is no SELECT."
        fix = "Import one SELECT; what creates tables around it is the work of models."
        raise CompileError(Problem("import-not-a-query", message, file, 1, 1, fix))
    tree = trees[0]
    while isinstance(tree, exp.Subquery) and not tree.args.get("with_"):
        tree = tree.this
    tree.parent = None
    return Draft(text, file, dialect, tree)


def _unreadable(error: SqlglotError, file: str, dialect: str) -> Problem:
    details = getattr(error, "errors", None) or [{}]
    line, column = details[0].get("line"), details[0].get("col")
    near = str(details[0].get("highlight") or "").strip()
    message = f"This is no SQL of {dialect}" + (f": not understood near `{near}`." if near else ".")
    fix = "Check the query, or name its dialect: --dialect " + "|".join(DIALECTS) + "."
    return Problem("import-syntax", message, file, line or 1, column or 1, fix)


def _spans(node: exp.Expr) -> Iterator[tuple[int, int]]:
    for child in node.walk(prune=lambda one: isinstance(one, exp.DataType)):
        if "start" in child.meta:
            yield int(child.meta["start"]), int(child.meta["end"]) + 1


def _first(node: exp.Expr) -> exp.Expr:
    """Return the part of a node that stands first, one level down."""
    children = [(min(starts), child) for child in node.iter_expressions() if (starts := [s for s, _ in _spans(child)])]
    return min(children, key=lambda one: one[0])[1] if children else exp.Literal.number(0)


def leaves(query: exp.Expr) -> list[exp.Select]:
    """Return the SELECTs whose rows a query's rows are."""
    if isinstance(query, exp.SetOperation):
        return [*leaves(query.left), *leaves(query.right)]
    if isinstance(query, exp.Subquery):
        return leaves(query.this)
    return [query] if isinstance(query, exp.Select) else []
