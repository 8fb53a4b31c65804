"""What a join does to the rows on both of its sides."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import replace

from sqlglot import exp

from pusher.lint.consent.expressions import Expressions
from pusher.lint.consent.links import is_link, links
from pusher.lint.consent.rows import Entry, Rows, Scope, Worlds, narrowed
from pusher.lint.consent.worlds import ALL, ANY, NOT_AGREED, NULL, SOME, TRUE, WORLDS, Blame, Tokens, World, truth
from pusher.lint.flow.relations import span
from pusher.lint.flow.select_input import conjuncts

_MOST_TEXT = 80
SAYS_TRUE = frozenset({TRUE})
"""A condition that holds for sure."""


class Joins(ABC):
    """Reads the joins of one model.

    Args:
        model: Name of the model, for places.
        expressions: Reads its expressions.
    """

    def __init__(self, model: str, expressions: Expressions) -> None:
        self._model, self._expressions = model, expressions

    @abstractmethod
    def _entry(self, node: exp.Expr, scope: Scope) -> Entry:
        """Return a relation of FROM."""

    def _blame(self, kind: str, node: exp.Expr, worlds: Worlds = NOT_AGREED) -> Blame:
        shown = node.transform(lambda one: exp.column("...") if isinstance(one, exp.Query) and one is not node else one)
        text = " ".join(shown.sql(dialect="duckdb", comments=False).replace('"..."', "...").split())
        text = text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 2]} …"
        return Blame(kind, span(node, self._model), text, worlds)

    def _add_joins(self, node: exp.Expr, conditions: list[exp.Expr], scope: Scope) -> None:
        for clause in node.args.get("joins") or []:
            self._add_join(clause, self._entry(clause.this, scope), conditions, scope)

    def _add_join(self, clause: exp.Join, entry: Entry, conditions: list[exp.Expr], scope: Scope) -> None:
        """Add a relation that is joined to those before it.

        Args:
            clause: The join.
            entry: The relation.
            conditions: Those of WHERE, which link relations of a FROM with commas.
            scope: The relations before it.
        """
        before, on = list(scope.entries), list(conjuncts(clause.args.get("on")))
        shared = {one.name.lower() for one in clause.args.get("using") or []}
        if clause.method == "NATURAL":
            shared = {name for one in before for name in one.rows.columns} & entry.rows.columns.keys()
        scope.entries.append(entry)
        entry.hidden = frozenset(shared)
        linking = [one for one in on if is_link(one, scope, entry)]
        others = [one for one in on if one not in linking]
        by_where = (is_link(one, scope, entry) for one in conditions if not clause.side)
        is_correlated = isinstance(clause.this, (exp.Lateral, exp.Unnest)) or not before
        is_linked = bool(shared or linking) or is_correlated or any(by_where)
        if not is_linked:
            if not entry.rows.may & NOT_AGREED:
                scope.blames.append(replace(self._blame("apart", clause.this), text=entry.alias or "a subquery"))
            entry.rows = entry.rows.of_others()
        can, sure = self._matching(others, entry.rows, scope)
        if clause.kind in {"SEMI", "ANTI"}:
            self._keep_some(clause, entry, others, (can, sure if is_linked else frozenset()), scope)
            return
        keys = shared | {name for one in linking for name in links(one, scope, entry)}
        self._keep(clause, entry, keys, (can, sure), scope)
        self._blamed(others, scope, kind="outer" if clause.side else "condition")

    def _keep_some(
        self, clause: exp.Join, entry: Entry, others: list[exp.Expr], matching: tuple[Worlds, Worlds], scope: Scope
    ) -> None:
        """Keep the rows that a semi join finds, or that an anti join does not."""
        can, sure = matching
        scope.entries.remove(entry)
        if clause.kind == "SEMI":
            scope.may, scope.must = scope.may & can, scope.must & sure
        else:
            scope.may, scope.must = scope.may - sure, scope.must - can
            if entry.rows.may != ALL and scope.may & NOT_AGREED:
                blame = self._blame("anti", clause.this, scope.may & NOT_AGREED)
                scope.blames.append(replace(blame, text=entry.alias or "a subquery"))
        self._blamed(others, scope, kind="condition")

    def _keep(
        self, clause: exp.Join, entry: Entry, keys: set[str], matching: tuple[Worlds, Worlds], scope: Scope
    ) -> None:
        """Keep the rows of both sides that a join keeps, and NULL where it finds none."""
        can, sure = matching
        keeps_left, keeps_right = clause.side in {"LEFT", "FULL"}, clause.side in {"RIGHT", "FULL"}
        if keeps_right:
            left = scope.may if keeps_left else scope.may & can
            kept = {world: (world in left, True) for world in WORLDS}
            for one in scope.entries[:-1]:
                one.rows = narrowed(one.rows, kept)
            entry.rows = narrowed(entry.rows, dict.fromkeys(WORLDS, (True, keeps_left)))
        else:
            there = {world: (world in can, keeps_left and world not in sure) for world in WORLDS}
            entry.rows = narrowed(_matched_keys(entry.rows, keys), there)
        if keeps_left and keeps_right:
            scope.may, scope.must = scope.may | entry.rows.may, scope.must | entry.rows.must
        elif keeps_right:
            scope.may, scope.must = entry.rows.may, entry.rows.must
        elif not keeps_left:
            scope.may, scope.must = scope.may & can, scope.must & sure

    def _matching(self, conditions: list[exp.Expr], rows: Rows, scope: Scope) -> tuple[Worlds, Worlds]:
        """Return where a row may be joined, and where one is for sure."""
        can, sure = set(rows.may), set(rows.must)
        for world in WORLDS:
            for one in conditions:
                holds = truth(self._expressions.tokens(one, scope, world))
                if TRUE not in holds:
                    can.discard(world)
                if holds != SAYS_TRUE:
                    sure.discard(world)
        return frozenset(can), frozenset(sure)

    def _blamed(self, conditions: Iterable[exp.Expr], scope: Scope, *, kind: str) -> None:
        """Note conditions that ask and still let others through."""
        for one in conditions:
            if self._expressions.asks(one, scope):
                through = {w for w in NOT_AGREED if TRUE in truth(self._expressions.tokens(one, scope, w))}
                if through or kind == "outer":
                    scope.blames.append(self._blame(kind, one, frozenset(through) or NOT_AGREED))


def _matched_keys(rows: Rows, keys: set[str]) -> Rows:
    """Return the rows where the columns that a join compares are not NULL."""

    def given(_: World, tokens: Tokens) -> Tokens:
        return frozenset(SOME if one == ANY else one for one in tokens if one != NULL)

    columns = {name: known.mapped(given) if name in keys else known for name, known in rows.columns.items()}
    if rows.rest is not None:
        columns |= {name: rows.rest.mapped(given) for name in keys if name not in columns}
    return replace(rows, columns=columns)
