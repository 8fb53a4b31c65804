"""What conditions may leave of the rows of one event, where what they fix is not read."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from pusher.lint.flow.grain import Kept
from pusher.lint.flow.guards import number

# A column of such a name tells one row of several from the others.
_TELLS = re.compile(
    r"(^|_)(is|rn|rnk|rank|row_?(num|number|no)|seq|sequence|version|revision|current|latest|newest|last|first|main"
    r"|primary|default|valid|active|effective|expir\w*|ended|superseded|deleted|removed|index|idx|ordinal|header|flag)"
    r"(_|$)",
    re.IGNORECASE,
)
_YES = frozenset({"1", "y", "yes", "t", "true", "0", "n", "no", "f", "false", "main", "primary", "current", "latest"})
_ORDERS = (exp.GT, exp.GTE, exp.LT, exp.LTE)
_EQUALS = (exp.EQ, exp.NullSafeEQ, exp.In)
_LEAVES_OUT_SOME = (exp.NEQ, exp.NullSafeNEQ)

IsColumn = Callable[[exp.Column], bool]


def kept_by(condition: exp.Expr, *, tells: IsColumn, may_be_missing: IsColumn) -> Kept:
    """Return what one condition may leave.

    Args:
        condition: The condition.
        tells: Whether a column is part of what tells the rows apart.
        may_be_missing: Whether a column is of a table that an outer join brings.
    """
    match condition:
        case exp.Paren():
            return kept_by(condition.this, tells=tells, may_be_missing=may_be_missing)
        case exp.And() | exp.Or():
            sides = (kept_by(one, tells=tells, may_be_missing=may_be_missing) for one in condition.flatten())
            return max(sides) if isinstance(condition, exp.And) else min(sides)
        case _:
            pass
    columns = list(condition.find_all(exp.Column))
    if condition.find(exp.Query, exp.Window) is not None:
        return Kept.ONE
    if (not columns and condition.find(exp.AggFunc) is None) or (
        _asks_for_a_value(condition) and not any(map(may_be_missing, columns))
    ):
        return Kept.ALL
    if any(tells(column) or _TELLS.search(column.name) for column in columns):
        return Kept.ONE
    return _negated(condition.this) if isinstance(condition, exp.Not) else _compared(condition)


def _asks_for_a_value(condition: exp.Expr) -> bool:
    """Whether a condition is `x is not null`, or `x <> ''`."""
    if isinstance(condition, exp.Not) and isinstance(condition.this, exp.Is):
        return isinstance(condition.this.expression, exp.Null)
    empty = condition.expression if isinstance(condition, _LEAVES_OUT_SOME) else None
    return isinstance(empty, exp.Literal) and str(empty.this) == ""


def _negated(condition: exp.Expr) -> Kept:
    condition = condition.unnest()
    return Kept.ALL if isinstance(condition, exp.Predicate) and not isinstance(condition, exp.Is) else Kept.ONE


def _compared(condition: exp.Expr) -> Kept:
    others = [condition.expression, *condition.expressions, condition.args.get("low"), condition.args.get("high")]
    others = [one for one in others if isinstance(one, exp.Expr)]
    sides = [condition.this, *others]
    if isinstance(condition, (*_ORDERS, exp.Between)):
        is_small = any(number(one) in {0, 1, 2} for one in sides) and _is_below(condition)
        is_between_columns = sum(one.find(exp.Column) is not None for one in sides) > 1
        return Kept.ONE if is_small or is_between_columns else Kept.ALL
    if isinstance(condition, _LEAVES_OUT_SOME):
        return Kept.ONE if any(isinstance(one, exp.Boolean) for one in sides) else Kept.ALL
    if isinstance(condition, _EQUALS):
        is_plain = len(others) == 1 and others[0].find(exp.Column) is None and not _is_flag(others[0])
        return Kept.SOME if is_plain or (len(others) > 1 and not any(map(_is_flag, others))) else Kept.ONE
    return Kept.SOME if isinstance(condition, exp.Predicate) and not isinstance(condition, exp.Is) else Kept.ONE


def _is_below(condition: exp.Expr) -> bool:
    """Whether a number may be no more than a small one: `x <= 1`, `2 > x`."""
    if isinstance(condition, (exp.LT, exp.LTE)):
        return number(condition.expression) is not None
    return isinstance(condition, exp.Between) or number(condition.this) is not None


def _is_flag(node: exp.Expr) -> bool:
    is_word = isinstance(node, exp.Literal) and str(node.this).lower() in _YES
    return is_word or number(node) is not None or isinstance(node, exp.Boolean)
