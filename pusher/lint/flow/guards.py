"""Which numbers a condition keeps from being 0."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlglot import exp

_FLIPPED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GT: exp.LT, exp.LT: exp.GT, exp.GTE: exp.LTE, exp.LTE: exp.GTE, exp.EQ: exp.EQ, exp.NEQ: exp.NEQ,
}  # fmt: skip
_OPPOSITE: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GT: exp.LTE, exp.LT: exp.GTE, exp.GTE: exp.LT, exp.LTE: exp.GT, exp.EQ: exp.NEQ, exp.NEQ: exp.EQ,
}  # fmt: skip

Guard = tuple[exp.Expr, bool]
"""A condition, and whether it is true or not (false or NULL)."""


def number(node: exp.Expr | None) -> float | None:
    """Return the number that is written, or None."""
    sign = 1.0
    while isinstance(node, (exp.Paren, exp.Neg, exp.Cast)):
        sign = -sign if isinstance(node, exp.Neg) else sign
        node = node.this
    if not isinstance(node, exp.Literal) or node.is_string:
        return None
    try:
        return sign * float(str(node.this))
    except ValueError:
        return None


def bare(node: exp.Expr) -> exp.Expr:
    """Return an expression without what leaves 0 as it is."""
    while True:
        if isinstance(node, (exp.Paren, exp.Cast, exp.Abs, exp.Neg)) or (
            isinstance(node, exp.Coalesce) and all(number(one) == 0 for one in node.expressions)
        ):
            node = node.this
        else:
            return node


def not_zero(condition: exp.Expr, *, holds: bool = True) -> Iterator[exp.Expr]:
    """Yield what is not 0 (it may be NULL) where a condition holds, or where it does not."""
    kind = type(condition)
    if isinstance(condition, (exp.Paren, exp.Where, exp.Having)):
        yield from not_zero(condition.this, holds=holds)
    elif isinstance(condition, exp.Not):
        yield from not_zero(condition.this, holds=not holds)
    elif isinstance(condition, exp.And if holds else exp.Or):
        yield from not_zero(condition.this, holds=holds)
        yield from not_zero(condition.expression, holds=holds)
    elif isinstance(condition, exp.Or) and isinstance(condition.expression, exp.Is):
        empty = bare(condition.expression.this)
        yield from (kept for kept in not_zero(condition.this) if kept == empty)
    elif holds and isinstance(condition, exp.Between) and (number(condition.args["low"]) or 0) > 0:
        yield bare(condition.this)
    elif holds and isinstance(condition, exp.In) and condition.expressions:
        if all(map(number, condition.expressions)):
            yield bare(condition.this)
    elif kind in _OPPOSITE:
        yield from _compared(kind if holds else _OPPOSITE[kind], condition.this, condition.expression)


def _compared(kind: type[exp.Expr], left: exp.Expr, right: exp.Expr) -> Iterator[exp.Expr]:
    limit = number(right)
    if limit is None:
        limit, left, kind = number(left), right, _FLIPPED[kind]
    if limit is None:
        return
    says: dict[type[exp.Expr], bool] = {
        exp.NEQ: limit == 0,
        exp.EQ: limit != 0,
        exp.GT: limit >= 0,
        exp.GTE: limit > 0,
        exp.LT: limit <= 0,
        exp.LTE: limit < 0,
    }
    if says[kind]:
        yield bare(left)


def is_guarded(node: exp.Expr, guards: Iterable[Guard]) -> bool:
    """Whether one of the conditions around an expression keeps it from being 0."""
    wanted = bare(node)
    return any(_same(wanted, kept) for condition, holds in guards for kept in not_zero(condition, holds=holds))


def _same(one: exp.Expr, other: exp.Expr) -> bool:
    if isinstance(one, exp.Column) and isinstance(other, exp.Column) and not (one.table and other.table):
        return one.name.lower() == other.name.lower()
    return one == other


def looks_at(node: exp.Expr, guards: Iterable[Guard]) -> bool:
    """Whether one of the conditions around an expression is about one of its columns."""
    names = {column.name.lower() for column in node.find_all(exp.Column)}
    return any(column.name.lower() in names for guard, _ in guards for column in guard.find_all(exp.Column))
