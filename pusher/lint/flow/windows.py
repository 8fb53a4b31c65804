"""How far back the filters of a query let rows go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from pusher.lint.flow.functions import CLOCKS, CLOCKS_BY_NAME, is_a
from pusher.lint.flow.guards import number
from pusher.lint.flow.relations import span
from pusher.lint.flow.times import is_called_like_time
from pusher.lint.flow.values import Place

_DAYS = {"SECOND": 1 / 86_400, "MINUTE": 1 / 1440, "HOUR": 1 / 24, "DAY": 1, "WEEK": 7, "MONTH": 28, "YEAR": 365}
"""Days of a unit; of a month the fewest, so that a window is never called longer than it is."""
_AGES = (exp.DateDiff, exp.TimestampDiff, exp.DatetimeDiff)
_AGES_BY_NAME = frozenset({"age", "date_sub", "datesub"})
_DATE = re.compile(r"^\d{4}-\d{2}")


@dataclass(frozen=True, slots=True)
class Window:
    """A filter that leaves older rows out.

    Attributes:
        days: How many days it lets rows go back, or None when that cannot be told.
        place: The filter.
    """

    days: float | None
    place: Place | None


def windows(tree: exp.Expr, model: str) -> Iterator[Window]:
    """Yield the filters of a model that bound how old a row can be."""
    for clause in tree.find_all(exp.Where, exp.Having, exp.Qualify, exp.Join):
        condition = clause.args.get("on") if isinstance(clause, exp.Join) else clause.this
        if condition is not None:
            yield from _bounding(condition, model)


def _bounding(condition: exp.Expr, model: str) -> list[Window]:
    """Return what of a condition bounds every row with a time that it keeps: of an OR, either side has to."""
    if isinstance(condition, exp.Paren):
        return _bounding(condition.this, model)
    if isinstance(condition, (exp.And, exp.Or)):
        sides = [side.unnest() for side in (condition.this, condition.expression)]
        # A row without a time is not older than the others.
        bounds = [_bounding(one, model) for one in sides if not _is_null_check(one)]
        is_open = isinstance(condition, exp.Or) and not all(bounds)
        return [] if is_open else [window for one in bounds for window in one]
    found = []
    for one in condition.find_all(exp.GT, exp.GTE, exp.LT, exp.LTE, exp.EQ, exp.In, exp.Between):
        older, limit = _sides(one)
        if _bounds(one, older, limit):
            found.append(Window(_days(older, limit), span(one, model)))
    return found


def _is_null_check(node: exp.Expr) -> bool:
    return isinstance(node, exp.Is) and isinstance(node.expression, exp.Null)


def _sides(node: exp.Expr) -> tuple[exp.Expr, exp.Expr | None]:
    """Return what is to be later, and what it is to be later than."""
    if isinstance(node, exp.Between):
        return node.this, node.args["low"]
    if isinstance(node, exp.In):
        return node.this, next(iter(node.expressions), node.args.get("query"))
    if isinstance(node, (exp.LT, exp.LTE)) and not _is_age(node.this):
        return node.expression, node.this
    return node.this, node.expression


def _is_age(node: exp.Expr) -> bool:
    return is_a(node, _AGES, _AGES_BY_NAME) or (isinstance(node, exp.Sub) and _is_about_time(node))


def _bounds(node: exp.Expr, older: exp.Expr, limit: exp.Expr | None) -> bool:
    if limit is None or older.find(exp.Column) is None:
        return False
    if isinstance(node, (exp.LT, exp.LTE)) and _is_age(node.this):
        return True
    return _is_about_time(limit) or any(is_called_like_time(one.name) for one in older.find_all(exp.Column))


def _is_about_time(node: exp.Expr) -> bool:
    for part in node.walk():
        if isinstance(part, (exp.Interval, exp.Query)) or is_a(part, CLOCKS, CLOCKS_BY_NAME):
            return True
        if isinstance(part, exp.Cast) and part.to.this in exp.DataType.TEMPORAL_TYPES:
            return True
        if isinstance(part, exp.Literal) and part.is_string and _DATE.match(str(part.this)):
            return True
    return False


def _days(older: exp.Expr, limit: exp.Expr | None) -> float | None:
    if isinstance(older, exp.DateDiff) and limit is not None:
        count, unit = number(limit), _DAYS.get(older.text("unit").upper().removesuffix("S"))
        return None if count is None or unit is None else count * unit
    while isinstance(limit, (exp.Paren, exp.Cast, exp.TimestampTrunc, exp.DateTrunc)):
        limit = limit.this
    if not isinstance(limit, exp.Sub) or limit.find(exp.Column, exp.Query) is not None:
        return None
    # `current_date - 30` counts days; a number taken from anything else may be anything.
    if isinstance(limit.this, exp.CurrentDate):
        count = number(limit.expression)
        if count is not None:
            return count
    return _interval(limit.expression)


def _interval(node: exp.Expr) -> float | None:
    if isinstance(node, exp.Paren):
        return _interval(node.this)
    if isinstance(node, exp.Mul):
        for one, other in ((node.this, node.expression), (node.expression, node.this)):
            count, length = number(one), _interval(other)
            if count is not None and length is not None:
                return count * length
        return None
    if isinstance(node, exp.ToDays):
        return number(node.this)
    if not isinstance(node, exp.Interval) or node.this is None:
        return None
    unit = _DAYS.get(node.text("unit").upper().removesuffix("S"))
    written = node.this
    count = number(written)
    if isinstance(written, exp.Literal) and written.is_string and str(written.this).strip().isdigit():
        count = float(str(written.this))
    return None if count is None or unit is None else count * unit
