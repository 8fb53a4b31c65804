"""Answers the queries that models ask while they render, and proves the SQL that comes of it before it is built."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from pusher.compile import INLINE, Inference, Manifest, Model, Relation, graph, inspect
from pusher.compile.query_answers import MOST_CHARS, MOST_ROWS, AskedQuery, Table
from pusher.config import PolicyFile
from pusher.contracts import Engine, EngineError
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import Problem
from pusher.payload.model import Payload

QUERY_SECONDS = 60.0
# The rules on identifiers; all others are about rows, which the push judges one by one.
_PRIVACY = "PU4"


@dataclass(slots=True)
class Answering:
    """Renders open models with the rows of a warehouse.

    Args:
        manifest: The compiled project, whose models become what they are with these rows.
        first: The project before the tables of its incremental models stood, when these models now add rows.
        engine: The warehouse.
        payloads: Payload of each destination view.
        policy: Project policy.
        hides: Whether the user may see no personal data, not even in the words of an error.
    """

    manifest: Manifest
    first: Manifest | None
    engine: Engine
    payloads: Mapping[str, Payload]
    policy: PolicyFile
    hides: bool = False
    _asked: list[AskedQuery] = field(default_factory=list)
    _is_needed: bool = field(init=False)

    def __post_init__(self) -> None:
        self._is_needed = any(model.query is not None for model in self.manifest.models.values())

    def answer(self, names: Iterable[str]) -> list[Problem]:
        """Render models, and all that they read, with the rows of their queries; returns why that cannot be done."""
        for name in self._closure(names):
            for manifest in self._versions:
                self._asked.clear()
                problems = manifest.answer([name], self._run)
                if manifest.models[name].adds:
                    # What a table holds that a query reads itself is known once the text that fills it is.
                    problems += [found for one in self._asked if (found := self._forbidden(one)) is not None]
                if problems:
                    return problems
        return []

    def prepare(self, model: Model, chosen: frozenset[str]) -> list[Problem]:
        """Answer the queries of a model that is built next, and prove the destination views that it is a part of.

        A view stands already, maybe, and reads what is built now: so it is proven before that, whether it is built
        again or not. As long as other models behind it are open that are built later, it is proven as far as it is
        known; the last of them proves it whole.

        Args:
            model: The model; everything that it reads has been built.
            chosen: All models of this build.
        """
        if not self._is_needed:
            return []
        edges = {name: one.depends_on for name, one in self.manifest.models.items()}
        above = graph.reach([model.name], edges)
        if all(self.manifest.models[name].query is None for name in above):
            return []
        problems = self.answer([model.name]) if model.is_open else []
        if problems:
            return problems
        below = [model.name] if model.query is None else graph.reach([model.name], graph.downstream(edges))
        open_later = chosen.intersection(self.manifest.open_models)
        views = {name: not open_later.isdisjoint(graph.reach([name], edges)) for name in below if name in self.payloads}
        for is_partial in (True, False):
            problems = self.prove([name for name, is_one in views.items() if is_one == is_partial], partly=is_partial)
            if problems:
                return problems
        return []

    def prove(self, views: Iterable[str], *, partly: bool = False) -> list[Problem]:
        """Return the raw identifiers in destination views, by the SQL that they have with the rows of all queries.

        Args:
            views: Names of the views.
            partly: By what is known; no query is answered for it.
        """
        names = set(views)
        wanted = [self.manifest.models[name] for name in self.manifest.models if name in names]
        if not wanted:
            return []
        problems = [] if partly else self.answer(model.name for model in wanted)
        if problems:
            return problems
        inference = self._inference([model.name for model in wanted])
        if inference.problems:
            return inference.problems
        from pusher.lint import lint

        payloads = {model.name: self.payloads[model.name] for model in wanted}
        found = lint(
            self._versions[0],
            columns=inference.models,
            source_columns=inference.sources,
            payload_of=payloads,
            source_id_of=dict.fromkeys(payloads),
            policy=self.policy,
            models=wanted,
            again=None if self.first is None else self.manifest,
        )
        return [
            Problem(one.name, one.message, one.file, one.line, one.column, one.fix.description if one.fix else None)
            for one in found
            if one.rule.startswith(_PRIVACY) and one.severity == "error"
        ]

    @property
    def _versions(self) -> list[Manifest]:
        return [self.manifest] if self.first is None else [self.first, self.manifest]

    def _closure(self, names: Iterable[str]) -> list[str]:
        wanted = graph.reach(names, {name: one.depends_on for name, one in self.manifest.models.items()})
        return [name for name in self.manifest.models if name in wanted]

    def _inference(self, names: Iterable[str]) -> Inference:
        with closing(DuckDBEngine.in_memory(allowed_paths=self.manifest.source_paths())) as empty:
            return inspect(self._versions[0], empty, names)

    def _run(self, query: AskedQuery) -> Table | Problem:
        """Return the rows of a query, or why it may not run or failed."""
        self._asked.append(query)
        problem = self._forbidden(query)
        if problem is not None:
            return problem
        try:
            self.engine.check_is_query(query.sql)
            names, rows = self.engine.first_rows(query.sql, most_rows=MOST_ROWS, seconds=QUERY_SECONDS)
        except EngineError as error:
            # The words of an error can be made of the data.
            message = "run_query() failed in the warehouse." if self.hides else f"run_query() failed: {error.message}"
            fix = error.fix or "Correct the query; what it reads has to be built before."
            return Problem("query-failed", message, fix=fix)
        if len(rows) > MOST_ROWS:
            return Problem("render-limit", f"run_query() gives more than {MOST_ROWS:,} rows.", fix=_FEWER)
        values = [[_as_in_dbt(value) for value in row] for row in rows]
        if sum(len(value) for row in values for value in row if isinstance(value, str)) > MOST_CHARS:
            return Problem("render-limit", f"run_query() gives more than {MOST_CHARS:,} characters.", fix=_FEWER)
        return Table(_unlike(names), values)

    def _forbidden(self, query: AskedQuery) -> Problem | None:
        """Return why a query may not run: its rows become text of SQL, where nobody could tell whose they are."""
        asking = self.manifest.models[query.model]
        with closing(DuckDBEngine.in_memory(allowed_paths=self.manifest.source_paths())) as empty:
            versions = [manifest.models[query.model] for manifest in self._versions]
            read = {name for version in versions for name in version.depends_on}
            # An incremental model may ask its own table, which has the columns of its first build.
            read |= {query.model} if asking.adds else set()
            sources = [key for version in versions for key in version.sources]
            found = inspect(self._versions[0], empty, read, sources=sources)
            try:
                empty.check_is_query(query.analysis_sql)
                columns = empty.columns(query.analysis_sql)
            except EngineError as error:
                message = f"run_query() may not run this: {error.message}"
                fix = error.fix or "Read models by ref() and tables by source(), whose columns are known."
                return Problem("query-refused", message, fix=fix)
        if found.problems:
            return found.problems[0]
        from pusher.lint.personal import personal_outputs

        asked = replace(
            asking, name=INLINE, relation=Relation.of(self.manifest.database, "query", INLINE), columns={},
            increment=None, adds=False, seed=None, data_tests=(),
        )  # fmt: skip
        personal = personal_outputs(
            cast("Manifest", _WithQuery(self.manifest, asked, query.analysis_sql)),
            INLINE,
            columns={**found.models, INLINE: columns},
            source_columns=found.sources,
            first=self.first,
        )
        if not personal:
            return None
        listed = ", ".join(f"`{column.name}`" for column in columns if column.name.lower() in personal)
        message = f"run_query() may not read {listed}: it may hold what identifies a person, which would become SQL."
        fix = "Ask for columns without identifiers, or join the data in the SQL of the model."
        return Problem("query-of-personal-data", message, fix=fix)


_FEWER = "Ask for fewer rows, such as with `distinct` or `limit`."


class _WithQuery:
    """A project with a query beside its models, for following what flows into it."""

    def __init__(self, manifest: Manifest, asked: Model, sql: str) -> None:
        self._manifest, self._sql = manifest, sql
        self.models = {**manifest.models, INLINE: asked}
        self.sources, self.tests, self.run_started_at = manifest.sources, manifest.tests, manifest.run_started_at

    def analysis_sql(self, name: str) -> str:
        """Return a model's SQL, or that of the query."""
        return self._sql if name == INLINE else self._manifest.analysis_sql(name)


def _as_in_dbt(value: Any) -> Any:
    """Return a value as dbt's tables hold it."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, UUID):
        return str(value)
    return value


def _unlike(names: Iterable[str]) -> list[str]:
    """Return names with a number behind those that stand there already."""
    found: list[str] = []
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        found.append(name if counts[name] == 1 else f"{name}_{counts[name]}")
    return found
