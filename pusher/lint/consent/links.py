"""Whether two relations of a join are about one person."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from pusher.lint.consent.rows import Entry, Scope

# What compares by order, or by being different, brings no rows of one person together.
_APART: tuple[type[exp.Expr], ...] = (
    exp.NEQ, exp.NullSafeNEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.Is, exp.Not,
)  # fmt: skip


def is_link(condition: exp.Expr, scope: Scope, entry: Entry) -> bool:
    """Whether a condition of a join says that rows belong to one person: columns of both sides, compared as equal."""
    condition = condition.unnest()
    if isinstance(condition, exp.Or):
        return is_link(condition.this, scope, entry) and is_link(condition.expression, scope, entry)
    if isinstance(condition, exp.And):
        return is_link(condition.this, scope, entry) or is_link(condition.expression, scope, entry)
    if isinstance(condition, _APART):
        return False
    owners = [
        id(owner) for column in condition.find_all(exp.Column) for owner in scope.owners(column) or _outside(scope)
    ]
    return id(entry) in owners and len(set(owners)) > 1


def _outside(scope: Scope) -> list[Entry]:
    """Return what a column is of that no relation here has: of a query around this one."""
    return [] if scope.parent is None else scope.parent.entries[:1]


def links(condition: exp.Expr, scope: Scope, entry: Entry) -> Iterator[str]:
    """Yield the columns of a relation that cannot be NULL where a condition of its join holds."""
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from links(condition.this, scope, entry)
        yield from links(condition.expression, scope, entry)
    elif isinstance(condition, exp.EQ):
        for column in condition.find_all(exp.Column):
            if any(owner is entry for owner in scope.owners(column)) and column.find_ancestor(exp.Coalesce) is None:
                yield column.name.lower()


def is_about_one(query: exp.Expr, scope: Scope) -> bool:
    """Whether a subquery is about the person of the rows around it: it compares a column of theirs with its own."""
    query = query.unnest() if isinstance(query, exp.Subquery) else query
    if not isinstance(query, exp.Select):
        selects = [query.this, query.expression] if isinstance(query, exp.SetOperation) else []
        return bool(selects) and all(is_about_one(one, scope) for one in selects)
    tables = {one.alias_or_name.lower() for one in query.find_all(exp.Table, exp.Subquery)}
    around = {entry.alias for one in scope.around() for entry in one.entries}
    for condition in query.find_all(exp.EQ, exp.NullSafeEQ, exp.In, exp.ArrayContains):
        qualified = {column.table.lower() for column in condition.find_all(exp.Column)}
        if qualified & (around - tables) and (qualified - around or "" in qualified or qualified & tables):
            return True
    return False
