"""From a query to its rows: of whom they may be, and what their columns may tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from sqlglot import exp

from pusher.lint.consent.comparisons import Words
from pusher.lint.consent.expressions import Expressions
from pusher.lint.consent.joins import SAYS_TRUE, Joins
from pusher.lint.consent.links import is_about_one, is_link
from pusher.lint.consent.rows import (
    Entry,
    Rows,
    Scope,
    in_brackets,
    of_others,
    opaque,
    united_by_name,
    united_by_place,
    within,
)
from pusher.lint.consent.worlds import (
    ALL,
    ANY,
    FALSE,
    HARMLESS,
    NOT_AGREED,
    NOTHING,
    NULL,
    TRUE,
    WORLDS,
    Fact,
    Tokens,
    World,
    fact,
    joined,
    literal,
    truth,
)
from pusher.lint.flow.functions import function_name
from pusher.lint.flow.queries import ROWS_OF_ARGUMENTS, star_in
from pusher.lint.flow.select_input import conjuncts

Lookup = Callable[[tuple[str, ...]], Rows | None]
# What aggregates make of no rows.
_OF_NO_ROWS = frozenset({NULL, FALSE, literal("0")})


class Queries(Joins):
    """Reads the queries of one model.

    Args:
        model: Name of the model, for places.
        lookup: Returns the rows of a table by the parts of its name.
        words: What says yes.
    """

    def __init__(self, model: str, lookup: Lookup, words: Words) -> None:
        super().__init__(model, Expressions(words, self.rows, is_about_one))
        self._lookup = lookup

    def rows(self, node: exp.Expr, parent: Scope | None = None) -> Rows:
        """Return the rows of a query."""
        match node:
            case exp.Select():
                return self._select(node, parent)
            case exp.SetOperation():
                return self._set_operation(node, parent)
            case exp.Subquery():
                scope = self._with(node, parent)
                if _is_bracket(node):
                    return in_brackets(self._entered(node.this, [], Scope(scope))).rows
                return self._limited(node, self.rows(node.this, scope))
            case exp.Table():
                return self._table(node, self._with(node, parent))
            case exp.Values():
                return Rows({}, must=ALL, rest=fact(lambda _: frozenset({HARMLESS})))
            case exp.Pivot() if node.this is not None:
                return self._pivoted(node, self.rows(node.this, parent))
            case _:
                return opaque(self._blame("opaque", node))

    def _with(self, node: exp.Expr, parent: Scope | None) -> Scope:
        scope = Scope(parent)
        clause = node.args.get("with_")
        for cte in clause.expressions if clause is not None else ():
            name = cte.alias.lower()
            names = cte.alias_column_names
            if clause is not None and clause.args.get("recursive") and isinstance(cte.this, exp.SetOperation):
                # What comes back from it is made of what was there before.
                scope.ctes[name] = self.rows(cte.this.this, scope).renamed(names)
                for _ in scope.ctes[name].columns:
                    scope.ctes[name] = self.rows(cte.this, scope).renamed(names)
            scope.ctes[name] = self.rows(cte.this, scope).renamed(names)
        return scope

    def _limited(self, node: exp.Expr, rows: Rows) -> Rows:
        """Return the rows after a LIMIT, which leaves out anybody."""
        parts = ("limit", "offset", "sample", "fetch")
        return replace(rows, must=frozenset()) if any(node.args.get(part) for part in parts) else rows

    # -- set operations

    def _set_operation(self, node: exp.SetOperation, parent: Scope | None) -> Rows:
        scope = self._with(node, parent)
        left, right = self.rows(node.this, scope), self.rows(node.expression, scope)
        if isinstance(node, exp.Except):
            return self._limited(node, within(replace(left, must=frozenset()), left.may - right.must))
        if isinstance(node, exp.Intersect):
            may = left.may & right.may
            return self._limited(node, within(replace(left, must=left.must & right.must), may))
        # Where one branch asks, another that does not is what to look at.
        if left.escapes != right.escapes:
            if left.escapes:
                left = left.blaming(self._blame("branch", _last(node.this)))
            else:
                right = right.blaming(self._blame("branch", _last(node.expression)))
        found = united_by_name(left, right) if node.args.get("by_name") else united_by_place(left, right)
        return self._limited(node, found)

    # -- FROM

    def _select(self, node: exp.Select, parent: Scope | None) -> Rows:
        scope = self._with(node, parent)
        clause, where = node.args.get("from_"), node.args.get("where")
        conditions = list(conjuncts(where))
        if clause is not None:
            self._entered(clause.this, conditions, scope)
        self._add_joins(node, conditions, scope)
        for lateral in node.args.get("laterals") or []:
            scope.entries.append(self._entry(lateral, scope))
        scope.named = {one.alias.lower(): one.this for one in node.expressions if isinstance(one, exp.Alias)}
        self._filtered(node, conditions, scope)
        for part in ("having", "qualify"):
            self._filtered(node, list(conjuncts(node.args.get(part))), scope)
        return self._limited(node, self._projected(node, scope))

    def _entered(self, table: exp.Expr, conditions: list[exp.Expr], scope: Scope) -> Scope:
        """Add the first relation of FROM, and what is joined to it in brackets."""
        if _is_bracket(table):
            self._entered(table.this, conditions, scope)
        else:
            entry = self._entry(table, scope)
            scope.entries.append(entry)
            scope.may, scope.must = scope.may & entry.rows.may, scope.must & entry.rows.must
        self._add_joins(table, conditions, scope)
        return scope

    def _entry(self, node: exp.Expr, scope: Scope) -> Entry:
        if _is_bracket(node):
            return in_brackets(self._entered(node.this, [], Scope(scope)))
        rows, name = self._source(node, scope)
        pivots = node.args.get("pivots")
        if pivots:
            rows, name = self._pivoted(node, rows), pivots[0].alias or name
        if node.args.get("sample"):
            rows = replace(rows, must=frozenset())
        return Entry((node.alias or name).lower(), rows.renamed(node.alias_column_names))

    def _pivoted(self, node: exp.Expr, rows: Rows) -> Rows:
        """Return rows whose columns only the engine knows."""
        anything = fact(lambda world: frozenset({ANY}) if world in rows.may else NOTHING)
        return Rows({}, rows.may, rest=anything.blaming([self._blame("opaque", node)]))

    def _source(self, node: exp.Expr, scope: Scope) -> tuple[Rows, str]:
        if isinstance(node, exp.Lateral):
            inner = node.this.this if isinstance(node.this, exp.Subquery) else node.this
            return (self.rows(inner, scope) if isinstance(inner, exp.Query) else self._called(inner, scope)), ""
        if isinstance(node, (exp.Unnest, exp.Explode)):
            return self._called(node, scope), "unnest"
        if not isinstance(node, exp.Table):
            return self.rows(node, scope), ""
        if isinstance(node.this, exp.Identifier):
            return self._table(node, scope), node.name
        return self._called(node.this, scope), node.this.name

    def _called(self, node: exp.Expr, scope: Scope) -> Rows:
        """Return the rows that a function makes of its arguments; what else it reads, nobody asked."""
        given = [one for one in node.iter_expressions() if not isinstance(one, (exp.TableAlias, exp.Identifier))]
        is_of_them = isinstance(node, (exp.Unnest, exp.Explode, exp.GenerateSeries))
        if not is_of_them and function_name(node) not in ROWS_OF_ARGUMENTS:
            return opaque(self._blame("opaque", node))
        return Rows({}, rest=joined(self._expressions.fact(one, scope) for one in given))

    def _table(self, node: exp.Table, scope: Scope) -> Rows:
        parts = tuple(part.name.lower() for part in node.parts)
        found = scope.cte(parts[0]) if len(parts) == 1 else None
        found = found if found is not None else self._lookup(parts)
        return opaque(self._blame("opaque", node)) if found is None else found

    # -- conditions and columns

    def _filtered(self, node: exp.Select, conditions: list[exp.Expr], scope: Scope) -> None:
        """Leave out the rows of which a condition cannot be true."""
        is_mixed = _is_one_group(node) and not self._is_correlated(node, scope)
        for one in conditions:
            holds = {world: truth(self._expressions.tokens(one, scope, world)) for world in WORLDS}
            if is_mixed and one.find(exp.AggFunc) is not None:
                everybody = NOTHING.union(*holds.values())
                holds = dict.fromkeys(WORLDS, everybody)
            scope.may &= frozenset(world for world in WORLDS if TRUE in holds[world])
            is_linking = any(is_link(one, scope, entry) for entry in scope.entries)
            if not is_linking and not _keeps_everybody(one, node, scope):
                scope.must &= frozenset(world for world in WORLDS if holds[world] == SAYS_TRUE)
        if scope.may & NOT_AGREED:
            self._blamed(conditions, scope, kind="condition")

    def _is_correlated(self, node: exp.Select, scope: Scope) -> bool:
        return scope.parent is not None and is_about_one(node, scope.parent)

    def _projected(self, node: exp.Select, scope: Scope) -> Rows:
        columns: dict[str, Fact] = {}
        rests: list[Fact] = []
        for projection in node.expressions:
            for name, found in self._columns_of(projection, scope):
                if name is None:
                    rests.append(found)
                else:
                    columns[name if name not in columns else f"{name}_{len(columns)}"] = found

        is_one_group = _is_one_group(node)
        is_mixed = is_one_group and not self._is_correlated(node, scope)

        def in_world(world: World, tokens: Tokens) -> Tokens:
            found = tokens if world in scope.may else NOTHING
            return found | _OF_NO_ROWS if is_one_group and world not in scope.must else found

        def kept(known: Fact) -> Fact:
            given = of_others(known, scope.may) if is_mixed else known.mapped(in_world)
            return given.blaming(scope.blames)

        named = {name: kept(one) for name, one in columns.items()}
        may, must = scope.may, scope.must
        if is_one_group:
            may, must = ALL, ALL
        return Rows(named, may, must, kept(joined(rests)) if rests else None)

    def _columns_of(self, node: exp.Expr, scope: Scope) -> Iterator[tuple[str | None, Fact]]:
        inner = node.unalias()
        star = star_in(inner)
        if star is not None:
            yield from self._starred(inner, star, scope)
        elif inner.find(exp.Columns) is not None:
            everything = joined(one.rows.everything() for one in scope.entries)
            for one in scope.entries:
                for name in one.rows.columns:
                    yield name, everything
            yield None, everything
        else:
            name = node.alias_or_name.lower() if isinstance(node, (exp.Alias, exp.Column, exp.Dot)) else ""
            yield name or inner.sql(dialect="duckdb").lower(), self._expressions.fact(inner, scope)

    def _starred(self, node: exp.Expr, star: exp.Star, scope: Scope) -> Iterator[tuple[str | None, Fact]]:
        alias = node.table.lower() if isinstance(node, exp.Column) else ""
        left_out = {child.name.lower() for child in star.args.get("except_") or []}
        replaced = {child.alias.lower(): child.this for child in star.args.get("replace") or []}
        renamed = {child.this.name.lower(): child.alias.lower() for child in star.args.get("rename") or []}
        entries = [one for one in scope.entries if (one.alias == alias if alias else one.in_star)]
        if not entries:
            # The fields of a struct.
            column = exp.column(alias) if alias else exp.Star()
            yield None, self._expressions.fact(column, scope)
        for entry in entries:
            for name, known in entry.rows.columns.items():
                if name in left_out or (not alias and name in entry.hidden):
                    continue
                own = replaced.get(name)
                yield renamed.get(name, name), known if own is None else self._expressions.fact(own, scope)
            if entry.rows.rest is not None:
                yield None, entry.rows.rest


def _is_bracket(node: exp.Expr) -> bool:
    """Whether brackets are around relations that are joined, and not around a query."""
    inner = node.this if isinstance(node, exp.Subquery) and not node.alias else None
    return isinstance(inner, exp.Table) or (isinstance(inner, exp.Subquery) and bool(inner.args.get("joins")))


def _is_one_group(node: exp.Select) -> bool:
    """Whether a SELECT makes one row of all that it reads."""
    if node.args.get("group") is not None or node.args.get("distinct") is not None:
        return False

    def is_over_rows(one: exp.Expr) -> bool:
        around = one.find_ancestor(exp.Window, exp.Query)
        return not isinstance(around, exp.Window)

    parts = [*node.expressions, *([node.args["having"]] if node.args.get("having") else [])]
    return any(is_over_rows(one) for part in parts for one in part.find_all(exp.AggFunc) if _query_of(one) is node)


def _query_of(node: exp.Expr) -> exp.Expr | None:
    return node.find_ancestor(exp.Select)


def _keeps_everybody(condition: exp.Expr, node: exp.Select, scope: Scope) -> bool:
    """Whether a condition leaves out no person: a row without the one column that is taken is nobody's."""
    if isinstance(condition, exp.EQ) and {
        isinstance(one.unnest(), exp.RowNumber) or (isinstance(one, exp.Window) and isinstance(one.this, exp.RowNumber))
        for one in (condition.this, scope.named.get(condition.this.name.lower(), condition.this))
    } & {True}:
        return isinstance(condition.expression, exp.Literal) and str(condition.expression.this) == "1"
    asked = condition.this.this if isinstance(condition, exp.Not) and isinstance(condition.this, exp.Is) else None
    taken = {one.unalias().name.lower() for one in node.expressions if isinstance(one.unalias(), exp.Column)}
    return isinstance(asked, exp.Column) and taken == {asked.name.lower()}


def _last(node: exp.Expr) -> exp.Expr:
    """Return the SELECT of a branch."""
    while isinstance(node, (exp.Subquery, exp.Paren)):
        node = node.this
    return node
