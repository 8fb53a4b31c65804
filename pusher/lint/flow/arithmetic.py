"""What arithmetic does to a value: which results can be 0, and which quotients divide by it."""

from __future__ import annotations

import re
from dataclasses import replace

from sqlglot import exp

from pusher.lint.flow.guards import number
from pusher.lint.flow.relations import span
from pusher.lint.flow.values import Place, Value

DIVIDED, FLOAT, PER_UNIT = "divided", "float", "per unit"
REPEATED = "repeated"
"""A sum counts a value several times, because a join repeats its row."""
ROUNDED = "rounded"
"""It was a binary floating-point number on the way, whatever it is now: only 15 digits are sure to be left."""
DIVISIONS = (exp.Div, exp.IntDiv, exp.Mod)
_UNITS = re.compile(r"(^|[._])(quantity|qty|units|pieces|pcs)(_|$)", re.IGNORECASE)
# Units that lie in a warehouse, that limit an order, or that came back.
_NOT_ORDERED = re.compile(
    r"(^|_)(stock|inventory|warehouse|hand|available|availability|reserved|backorder(ed)?|reorder|safety|remaining|min"
    r"|minimum|max|maximum|limit|threshold|capacity|per|pack|package|case|return(ed|s)?|refund(ed|s)?|cancel(l?ed)?)(_|$)",
    re.IGNORECASE,
)


def is_quantity(column: str) -> bool:
    """Whether a column's name says that it counts the units of an order."""
    return counts_units(column) and not _NOT_ORDERED.search(column.rpartition(".")[2])


def counts_units(column: str) -> bool:
    """Whether a column's name says that it counts units, of an order or of anything else."""
    return bool(_UNITS.search(column.rpartition(".")[2]))


def divided(node: exp.Expr, sides: list[Value], whole: Value, place: Place | None, *, is_guarded: bool) -> Value:
    """Return a quotient.

    Args:
        node: The division.
        sides: What its sides may be.
        whole: What both may hold.
        place: Where the division stands.
        is_guarded: A condition around it keeps the divisor from being 0.
    """
    dividend, divisor = sides
    if divisor.may_be_zero and not is_guarded:
        whole = whole.marked(DIVIDED, node.expression.sql("duckdb", normalize_functions="lower"), place)
    if isinstance(node, exp.Div):
        whole = whole.marked(FLOAT, "the division", place)
    is_per_unit = bool(divisor.columns) and all(map(is_quantity, divisor.columns))
    if is_per_unit and not _is_multiplied(node, dividend, divisor):
        whole = whole.marked(PER_UNIT, " and ".join(sorted(divisor.columns)), place)
    return whole


def _is_multiplied(node: exp.Expr, dividend: Value, divisor: Value) -> bool:
    """Whether a quantity went into what is divided: of one more column, or as a factor, as in `total * mine / all`."""
    if any(counts_units(column) for column in dividend.columns - divisor.columns):
        return True
    product = node.this.unnest()
    if not isinstance(product, exp.Mul):
        return False
    by = _divisor(node.expression)
    factors = (factor.unnest() for factor in product.flatten())
    names = ({column.name for column in factor.find_all(exp.Column)} for factor in factors if factor != by)
    return any(found and all(map(counts_units, found)) for found in names)


def _divisor(node: exp.Expr) -> exp.Expr:
    """Return a divisor without what keeps it from being 0."""
    node = node.unnest()
    return _divisor(node.this) if isinstance(node, exp.Nullif) else node


def multiplied(whole: Value, sides: list[Value]) -> Value:
    """Return a product: a price per unit times a quantity is no price per unit any more."""
    if any(counts_units(column) for side in sides for column in side.columns if not _per_unit(side)):
        whole = whole.without(PER_UNIT)
    return whole if any(side.may_be_zero for side in sides) else replace(whole, may_be_zero=False)


def _per_unit(side: Value) -> bool:
    return any(mark.kind == PER_UNIT for mark in side.marks)


def calculated(node: exp.Expr, value: Value, model: str) -> Value:
    """Return the value of any other function with what is known of 0 and of binary fractions."""
    match node:
        case exp.Avg():
            return value.marked(FLOAT, "avg()", span(node, model))
        case exp.Add():
            # A rate is added to 1, and prices are divided by that: no rate is -100 %.
            is_kept = any((number(side) or 0) > 0 for side in (node.this, node.expression))
        case exp.Greatest():
            is_kept = any((number(side) or 0) > 0 for side in (node.this, *node.expressions))
        case exp.Count():
            is_kept = isinstance(node.this, exp.Star)
        case exp.Nullif():
            is_kept = number(node.expression) == 0
        case exp.Pow():
            is_kept = bool(number(node.this))
        case _:
            return value
    return replace(value, may_be_zero=False) if is_kept else value
