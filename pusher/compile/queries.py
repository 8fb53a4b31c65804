"""The queries that models ask while they render, and their rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from pusher.compile.model import Source
from pusher.compile.one_render import Render
from pusher.compile.query_answers import AskedQuery, Table
from pusher.errors import Problem

Ask = Callable[[AskedQuery], Table | Problem]
"""Runs a query, or says why it may not run or failed."""
MOST_QUERIES = 100
# What a render for a source map puts into texts.
_MARKS = re.compile("[\ue000-\ue019]")


class QueryMemory:
    """Rows of queries by model, so that each further render of a model says what the first one said.

    Args:
        sources: Returns the sources of the project.

    Attributes:
        is_running: Queries that are not known are run; otherwise they are an error.
    """

    def __init__(self, sources: Callable[[], Iterable[Source]]) -> None:
        self._sources = sources
        self._known: dict[str, dict[str, Table]] = {}
        self._ask: Ask | None = None
        self.is_running = False

    @contextmanager
    def asking(self, model: str, ask: Ask) -> Iterator[QueryMemory]:
        """Answer the queries of a model from here on."""
        self._known[model], self._ask = {}, ask
        try:
            yield self
        finally:
            self._ask = None

    def forget(self, model: str) -> None:
        """Let a model be open again."""
        self._known.pop(model, None)

    def answer_of(self, render: Render, sql: str) -> Table | Problem | None:
        """Return the rows of a query; None for a model whose queries nobody answers."""
        known = self._known.get(render.name)
        if known is None:
            return None
        sql = _MARKS.sub("", sql)
        analysis_sql = self._for_analysis(sql)
        if analysis_sql not in known:
            if self._ask is None or not self.is_running:
                message = "The template asks another query than it asked when its queries ran."
                return Problem("query-changed", message, fix="Let the text of the query hang on nothing but its rows.")
            if len(known) >= MOST_QUERIES:
                message = f"The template asks more than {MOST_QUERIES} queries."
                return Problem("render-limit", message, fix="Ask one query for several values.")
            found = self._ask(AskedQuery(render.name, sql, analysis_sql))
            if isinstance(found, Problem):
                return found
            known[analysis_sql] = found
        return known[analysis_sql]

    def _for_analysis(self, sql: str) -> str:
        """Return a query with its sources as stub tables, also when it has these already."""
        for source in sorted(self._sources(), key=lambda one: -len(one.sql)):
            sql = sql.replace(source.sql, str(source.stub))
        return sql


def changed(model: str, before: Render, after: Render) -> list[Problem]:
    """Return what the rows of queries may not change: what a model reads, and its configuration."""
    problems = []
    for name, place in after.refs.items():
        if name not in before.refs and name != model:
            message = f"ref('{name}') is reached only when the query has run, so the order of the build is not known."
            fix = f"Write -- depends_on: {{{{ ref('{name}') }}}} into the file."
            problems.append(Problem("late-ref", message, *place, fix))
    place = after.query or (after.path, 1, 1)
    for key in after.sources:
        if key not in before.sources:
            written = f"source('{key[0]}', '{key[1]}')"
            message = f"{written} is reached only when the query has run, so nobody knows that the model reads it."
            problems.append(Problem("late-ref", message, *place, f"Write -- depends_on: {{{{ {written} }}}}."))
    if before.merged() != after.merged():
        message = "The rows of a query change the configuration of the model."
        problems.append(Problem("late-config", message, *place, "Write config() with values that are known before."))
    return problems
