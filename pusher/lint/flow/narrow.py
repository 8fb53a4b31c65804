"""What conditions say about the values of a column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlglot import exp

from pusher.lint.flow.digests import GIVEN, SKIPS_NULL
from pusher.lint.flow.guards import is_guarded, not_zero
from pusher.lint.flow.relations import Output, Scope
from pusher.lint.flow.values import Value


def narrow(scope: Scope, condition: exp.Expr) -> None:
    """Keep only what a condition lets through, in the scope's own relations."""
    if not isinstance(condition, (exp.And, exp.Paren)):
        narrow_zero(scope, condition)
    if not isinstance(condition, (exp.And, exp.Paren, exp.Or, exp.Is)):
        for column in condition.find_all(exp.Column):
            _apply(scope, column, _given)
    match condition:
        case exp.And():
            narrow(scope, condition.this)
            narrow(scope, condition.expression)
        case exp.Paren():
            narrow(scope, condition.this)
        case exp.EQ():
            _keep(scope, condition.this, [condition.expression])
        case exp.In():
            _keep(scope, condition.this, condition.expressions)
        case exp.NEQ():
            _drop(scope, condition.this, [condition.expression])
        case exp.Not(this=exp.In() as inner):
            _drop(scope, inner.this, inner.expressions)
        case _:
            pass


def narrow_zero(scope: Scope, condition: exp.Expr) -> None:
    """Keep only numbers that are not 0 where a condition of a join says so."""
    for kept in not_zero(condition):
        _apply(scope, kept.node, lambda value: replace(value, may_be_zero=False) if value.may_be_zero else value)


def conditions_of(node: exp.Select, scope: Scope) -> tuple[list[exp.Expr], list[exp.Expr]]:
    """Return what holds for all rows that a SELECT calculates with, and what holds for those that it returns."""
    joins = node.args.get("joins") or []
    is_inner = not any(join.side in {"RIGHT", "FULL"} for join in joins)
    on = [join.args.get("on") for join in joins if is_inner and not join.side and join.kind != "ANTI"]
    read = [one for one in [node.args.get("where"), *on] if one is not None]
    returned = [node.args[part] for part in ("having", "qualify") if node.args.get(part) is not None]
    return read, [*returned, *(_meant(one, node, scope) for one in returned)]


def _meant(condition: exp.Expr, node: exp.Select, scope: Scope) -> exp.Expr:
    """Return a condition with expressions in place of the names that the select list gives them."""
    named = {one.alias.lower(): one.this for one in node.expressions if isinstance(one, exp.Alias)}

    def behind(one: exp.Expr) -> exp.Expr:
        is_free = isinstance(one, exp.Column) and not one.table and not _is_of_from(one.name.lower(), scope)
        found = named.get(one.name.lower()) if is_free else None
        return one if found is None else found.copy()

    return condition.transform(behind)


def _is_of_from(name: str, scope: Scope) -> bool:
    return any(name in entry.relation.named or entry.relation.uncertain for entry in scope.entries)


def without_zero(output: Output, node: exp.Expr | None, conditions: Sequence[exp.Expr], scope: Scope) -> Output:
    """Return a column after the conditions of its query.

    Args:
        output: The column.
        node: Its expression, or None where a star passes it on.
        conditions: The conditions.
        scope: What the query reads.
    """
    if not output.value.may_be_zero:
        return output
    name = (output.name or "").lower()
    # A name is that of a column of FROM first; where a star passes it on, this is the same column.
    is_own = not _is_of_from(name, scope) if node is not None else len(scope.entries) == 1
    kept = (one.node for condition in conditions for one in not_zero(condition))
    is_named = is_own and any(
        isinstance(one, exp.Column) and not one.table and one.name.lower() == name for one in kept
    )
    if is_named or (node is not None and is_guarded(node, ((condition, True) for condition in conditions))):
        return replace(output, value=replace(output.value, may_be_zero=False))
    return output


def _texts(nodes: list[exp.Expr]) -> set[str] | None:
    if not nodes or not all(isinstance(node, exp.Literal) and node.is_string for node in nodes):
        return None
    return {str(node.this) for node in nodes}


def _keep(scope: Scope, column: exp.Expr, nodes: list[exp.Expr]) -> None:
    texts = _texts(nodes)
    if texts is not None:
        _apply(scope, column, lambda value: _narrowed(value, keep=texts, drop=set()))


def _drop(scope: Scope, column: exp.Expr, nodes: list[exp.Expr]) -> None:
    texts = _texts(nodes)
    if texts is not None:
        _apply(scope, column, lambda value: _narrowed(value, keep=None, drop=texts))


def _narrowed(value: Value, *, keep: set[str] | None, drop: set[str]) -> Value:
    constants = frozenset(
        constant
        for constant in value.constants
        if constant.text not in drop and (keep is None or constant.text in keep)
    )
    return replace(value, constants=constants)


def _given(value: Value) -> Value:
    # Rows without an identifier are left out, which counts only where there is one.
    return value.without(SKIPS_NULL).marked(GIVEN, "", None) if value.leaks else value


def _apply(scope: Scope, column: exp.Expr, change: Callable[[Value], Value]) -> None:
    if not isinstance(column, exp.Column) or len(column.parts) > 2:  # noqa: PLR2004 -- table and column
        return
    name, table = column.name.lower(), column.table.lower()
    for entry in scope.entries:
        value = entry.relation.get(name)
        if value is None or (table and entry.alias != table):
            continue
        # With an open value nothing new is claimed: the literal of a filter is not a value that a model makes.
        changed = change(value)
        if changed is not value:
            entry.relation = entry.relation.narrowed(name, changed)
