"""What WHERE says about the values of a column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from pusher.lint.flow.digests import GIVEN, SKIPS_NULL
from pusher.lint.flow.guards import not_zero
from pusher.lint.flow.relations import Scope
from pusher.lint.flow.values import Value


def narrow(scope: Scope, condition: exp.Expr) -> None:
    """Keep only what a condition lets through, in the scope's own relations."""
    for kept in () if isinstance(condition, (exp.And, exp.Paren)) else not_zero(condition):
        _apply(scope, kept, lambda value: replace(value, may_be_zero=False) if value.may_be_zero else value)
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
