"""Whether queries ask a column, or what is made of it, which rows they take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlglot import exp


def asks_for(trees: Iterable[exp.Expr], column: str) -> bool:
    """Say whether some condition of queries uses a column, or one that was made of it under another name.

    Args:
        trees: The queries, those that others read first.
        column: Name of the column.
    """
    names = {column.lower()}
    for tree in trees:
        names = _carried(tree, names)
        if any(_uses(condition, names) for condition in _conditions(tree)):
            return True
    return False


def _conditions(tree: exp.Expr) -> Iterator[exp.Expr]:
    for clause in tree.find_all(exp.Where, exp.Having, exp.Qualify, exp.Join):
        if isinstance(clause, exp.Join):
            yield from (one for one in (clause.args.get("on"), *clause.args.get("using", ())) if one is not None)
        elif not isinstance(clause.parent, exp.Filter):
            # What an aggregate leaves out stays a row.
            yield clause.this


def _uses(node: exp.Expr, names: set[str]) -> bool:
    if isinstance(node, exp.Identifier):
        return node.name.lower() in names
    return any(one.name.lower() in names for one in node.find_all(exp.Column))


def _carried(tree: exp.Expr, names: set[str]) -> set[str]:
    """Return names with those that a query gives to what is made of them."""
    while True:
        made = {one.alias.lower() for one in tree.find_all(exp.Alias) if one.alias and _uses(one.this, names)}
        if made <= names:
            return names
        names = names | made
