"""Whether a constant is only passed on, so that another text in its place changes nothing but the column it goes to."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from pusher.lint.flow.relations import span
from pusher.lint.flow.values import Place

# A query in one of these gives rows; anywhere else it is a value of an expression.
_READ_FROM = (exp.From, exp.Join, exp.CTE, exp.SetOperation, exp.Subquery, exp.Lateral)


def name_of(tree: exp.Expr, place: Place) -> str | None:
    """Return the name of the column that the literal at a place goes to, or None when it goes to a value."""
    for literal in tree.find_all(exp.Literal):
        if span(literal, place.model) != place:
            continue
        node: exp.Expr = literal
        while node.parent is not None and not isinstance(node.parent, exp.Select):
            node = node.parent
        select = node.parent
        if isinstance(select, exp.Select) and node.arg_key == "expressions" and _gives_rows(select):
            return _column_name(select, node)
    return None


def is_only_passed_on(tree: exp.Expr, names: set[str]) -> bool:
    """Whether the columns of these names are nowhere part of an expression; names that they are given are added."""
    if tree.find(exp.Pivot, exp.Columns, exp.PositionalColumn, exp.TableColumn):
        return False
    if any(_decides(star) for star in tree.find_all(exp.Star)):
        return False
    used = {identifier.name.lower() for join in tree.find_all(exp.Join) for identifier in join.args.get("using") or ()}
    tables = {one.alias_or_name.lower() for one in tree.find_all(exp.CTE, exp.Table, exp.Subquery)}
    while True:
        known = len(names)
        if names & used:
            return False
        for column in tree.find_all(exp.Column):
            name = column.name.lower()
            if isinstance(column.this, exp.Star) or (name not in names and name not in tables):
                continue
            given = _given_name(column)
            # A table's name is its row, which holds the column.
            if given is None or name not in names:
                return False
            names.add(given)
        if len(names) == known:
            return True


def _given_name(column: exp.Column) -> str | None:
    """Return the name under which a select list passes a column on as it is, or None when it does something else."""
    parent = column.parent
    if isinstance(parent, exp.Alias):
        return parent.alias.lower() if isinstance(parent.parent, exp.Select) else None
    is_listed = isinstance(parent, exp.Select) and column.arg_key == "expressions"
    return column.name.lower() if is_listed else None


def _decides(star: exp.Star) -> bool:
    """Whether a star is an argument, as in hash(*); count(*) asks for no column."""
    around = star.parent.parent if isinstance(star.parent, exp.Column) else star.parent
    return not isinstance(around, exp.Select | exp.Count)


def _gives_rows(select: exp.Select) -> bool:
    node: exp.Expr = select
    while isinstance(node.parent, exp.Subquery | exp.SetOperation):
        node = node.parent
    return node.parent is None or isinstance(node.parent, _READ_FROM)


def _column_name(select: exp.Select, projection: exp.Expr) -> str | None:
    """Return a column's name; the first query of a union names those of all."""
    number = select.expressions.index(projection)
    node: exp.Expr = select
    while isinstance(node.parent, exp.SetOperation):
        node = node.parent
        if node.args.get("by_name"):
            return projection.alias_or_name.lower() or None
    while isinstance(node, exp.SetOperation | exp.Subquery):
        node = node.this
    listed: Iterable[exp.Expr] = node.expressions[number : number + 1] if isinstance(node, exp.Select) else ()
    return next((one.alias_or_name.lower() or None for one in listed), None)
