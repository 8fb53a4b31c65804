"""Which numbers a condition keeps from being 0."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlglot import exp

_FLIPPED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GT: exp.LT, exp.LT: exp.GT, exp.GTE: exp.LTE, exp.LTE: exp.GTE, exp.EQ: exp.EQ, exp.NEQ: exp.NEQ,
}  # fmt: skip
_OPPOSITE: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GT: exp.LTE, exp.LT: exp.GTE, exp.GTE: exp.LT, exp.LTE: exp.GT, exp.EQ: exp.NEQ, exp.NEQ: exp.EQ,
}  # fmt: skip

_NULL_SAFE: dict[type[exp.Expr], type[exp.Expr]] = {exp.NullSafeEQ: exp.EQ, exp.NullSafeNEQ: exp.NEQ}

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


@dataclass(frozen=True, slots=True)
class NotZero:
    """What a condition keeps from being 0.

    Attributes:
        node: The expression, without what leaves 0 as it is.
        is_given: It is not NULL either.
    """

    node: exp.Expr
    is_given: bool


def not_zero(condition: exp.Expr, *, holds: bool = True) -> Iterator[NotZero]:
    """Yield what is not 0 where a condition holds, or where it does not (false or NULL)."""
    if isinstance(condition, (exp.Paren, exp.Where, exp.Having, exp.Qualify)):
        yield from not_zero(condition.this, holds=holds)
    elif isinstance(condition, exp.Not):
        yield from not_zero(condition.this, holds=not holds)
    elif isinstance(condition, exp.And if holds else exp.Or):
        yield from not_zero(condition.this, holds=holds)
        yield from not_zero(condition.expression, holds=holds)
    elif isinstance(condition, exp.Or) and isinstance(condition.expression, exp.Is):
        empty = bare(condition.expression.this)
        yield from (NotZero(one.node, is_given=False) for one in not_zero(condition.this) if one.node == empty)
    elif isinstance(condition, exp.Is):
        yield from _not_null(condition, holds=holds)
    else:
        yield from _by_numbers(condition, holds=holds)


def _by_numbers(condition: exp.Expr, *, holds: bool) -> Iterator[NotZero]:
    """Yield what one comparison with numbers keeps from being 0."""
    kind = type(condition)
    if isinstance(condition, exp.In):
        if _keeps_zero_out(condition, holds=holds):
            yield _told(condition.this, is_given=holds)
    elif isinstance(condition, exp.Between):
        if holds and (number(condition.args["low"]) or 0) > 0:
            yield _told(condition.this, is_given=True)
    elif kind in _NULL_SAFE or kind in _OPPOSITE:
        # `x is distinct from 0` holds for NULL, too.
        is_given = holds and kind is not exp.NullSafeNEQ
        kind = _NULL_SAFE.get(kind, kind)
        kept = _compared(kind if holds else _OPPOSITE[kind], condition.this, condition.expression)
        yield from (_told(one, is_given=is_given) for one in kept)


def _told(node: exp.Expr, *, is_given: bool) -> NotZero:
    return NotZero(bare(node), is_given=is_given or _turns_null_to_zero(node))


def _not_null(condition: exp.Is, *, holds: bool) -> Iterator[NotZero]:
    """Yield the number of `nullif(x, 0) is not null`."""
    inner = condition.this.unnest()
    is_asked = not holds and isinstance(condition.expression, exp.Null) and isinstance(inner, exp.Nullif)
    if is_asked and number(inner.expression) == 0:
        yield NotZero(bare(inner.this), is_given=True)


def _keeps_zero_out(condition: exp.In, *, holds: bool) -> bool:
    """Whether `x in (...)` tells that x is not 0: no 0 is listed, or one is and x is not in the list."""
    numbers = [number(one) for one in condition.expressions]
    return all(numbers) and bool(numbers) if holds else 0 in numbers


def _compared(kind: type[exp.Expr], left: exp.Expr, right: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the side of a comparison with a number that is not 0."""
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
        yield left


def is_guarded(node: exp.Expr, guards: Iterable[Guard]) -> bool:
    """Whether one of the conditions around an expression keeps it from being 0."""
    wanted, needs_value = bare(node), _turns_null_to_zero(node)
    kept = (one for condition, holds in guards for one in not_zero(condition, holds=holds))
    return any(_same(wanted, one.node) and (one.is_given or not needs_value) for one in kept)


def _turns_null_to_zero(node: exp.Expr) -> bool:
    """Whether a number is 0 where it is NULL without `coalesce(..., 0)`."""
    while isinstance(node, (exp.Paren, exp.Cast, exp.Abs, exp.Neg)):
        node = node.this
    return isinstance(node, exp.Coalesce)


def _same(one: exp.Expr, other: exp.Expr) -> bool:
    if isinstance(one, exp.Column) and isinstance(other, exp.Column) and not (one.table and other.table):
        return one.name.lower() == other.name.lower()
    return one == other


def looks_at(node: exp.Expr, guards: Iterable[Guard]) -> bool:
    """Whether one of the conditions around an expression is about one of its columns."""
    names = {column.name.lower() for column in node.find_all(exp.Column)}
    return any(column.name.lower() in names for guard, _ in guards for column in guard.find_all(exp.Column))
