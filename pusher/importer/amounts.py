"""Amounts in a query: what a value is the value of, and the amount of a line behind the price of a unit."""

from __future__ import annotations

import re

from sqlglot import exp

from pusher.importer.draft import Draft
from pusher.importer.tables import Sources

VALUE_GRAINS = ("line", "order")
_LINE = re.compile(r"(^|_)(line|item|row|extended|ext|subtotal)(_|$)", re.IGNORECASE)
_ORDER = re.compile(r"(^|_)(order|basket|cart|grand|invoice|transaction|receipt)(_|$)", re.IGNORECASE)
_QUANTITY = re.compile(r"(^|_)(quantity|qty|units|unit_count|pieces)(_|$)", re.IGNORECASE)
_UNIT = re.compile(r"(^|_)(unit|item|each)_?price(_|$)|^price$", re.IGNORECASE)
_AROUND = (exp.Cast, exp.TryCast, exp.Paren, exp.ToDouble)


class Amounts:
    """Finds out what the value of a query is the value of.

    Args:
        draft: The query; the value's expression is rewritten where it is the price of a unit.
        sources: Its tables.
        price: Projection of the price of a unit, or None.
        quantity: Projection of the number of units, or None.
        others: Projections of other columns of an item.
    """

    def __init__(
        self, draft: Draft, sources: Sources, *, price: exp.Expr | None, quantity: exp.Expr | None,
        others: list[exp.Expr],
    ) -> None:  # fmt: skip
        self._draft, self._sources = draft, sources
        self._price, self._quantity = self._roots(price), self._roots(quantity)
        self._price_node, self._quantity_node = price, quantity
        self._tables = {table.key for one in (price, quantity, *others) if one for table, _ in sources.roots(one)}

    def _roots(self, node: exp.Expr | None) -> set[tuple[str, str]]:
        return set() if node is None else {(table.key, name) for table, name in self._sources.roots(node)}

    def grain(self, projection: exp.Expr, *, given: str | None) -> str | None:
        """Return `line` or `order` for a value, or None when that cannot be told; then it is noted what to do.

        Args:
            projection: The value; rewritten to the amount of a line where it is the price of a unit.
            given: What the person said it is, or None.
        """
        node = self._bare(projection.unalias())
        if isinstance(node, exp.Div) and self._is_quantity(node.expression):
            self._per_unit(node)
            return "line"
        if isinstance(node, exp.Window):
            return "order"
        if isinstance(node, exp.Mul) or node.find(exp.AggFunc) is not None:
            return given or "line"
        roots = self._roots(node)
        if self._price and roots == self._price:
            return self._times_quantity(projection)
        if given is not None:
            return given
        return self._by_name(projection, node, roots)

    def _bare(self, node: exp.Expr) -> exp.Expr:
        """Return what is under casts and behind the names of CTEs."""
        while True:
            if isinstance(node, _AROUND) or (isinstance(node, exp.Round) and node.this is not None):
                node = node.this
                continue
            producers = self._sources.behind(node) if isinstance(node, exp.Column) else []
            if len(producers) != 1:
                return node
            node = producers[0].unalias()

    def _is_quantity(self, node: exp.Expr) -> bool:
        node = node.unnest()
        while isinstance(node, (exp.Nullif, exp.Cast, exp.TryCast)):
            node = node.this
        roots = self._roots(node)
        return bool(roots) and (roots == self._quantity or all(_QUANTITY.search(name) for _, name in roots))

    def _per_unit(self, node: exp.Div) -> None:
        why = "It was the price of one unit; the value of an event is the order's, the sum of the amounts of its lines."
        self._draft.told("value", node, node, self._draft.words(node.this), why)
        node.replace(node.this)

    def _times_quantity(self, projection: exp.Expr) -> str | None:
        node = projection.unalias()
        while isinstance(node, _AROUND):
            node = node.this
        if self._quantity_node is None:
            message = "`value` is the price of one unit, and the query has no quantity to multiply it with."
            fix = "Add the number of units as `quantity`, or select the amount of the line as `value`."
            self._draft.refuse("import-value", projection, message, fix)
            return None
        quantity = self._quantity_node.unalias().copy()
        why = "It was the price of one unit; the value of an event is the order's: the sum of price times quantity."
        new = exp.Mul(this=_wrapped(node.copy()), expression=_wrapped(quantity))
        self._draft.told("value", projection, node, self._draft.words(new), why)
        projection.unalias().replace(new)
        return "line"

    def _by_name(self, projection: exp.Expr, node: exp.Expr, roots: set[tuple[str, str]]) -> str | None:
        tables, names = {table for table, _ in roots}, [name for _, name in roots]
        if self._tables and tables and not tables & self._tables:
            return "order"
        if names and all(_LINE.search(name) for name in names):
            return "line"
        if names and all(_ORDER.search(name) for name in names):
            return "order"
        message = f"Nothing says whether `{self._draft.words(node)}` is the amount of a line or of the whole order."
        fix = (
            "Say it: --value-of line when the lines of an order add up to it, --value-of order when it repeats on them."
        )
        self._draft.refuse("import-value", projection, message, fix)
        return None

    @staticmethod
    def is_of_a_unit(projection: exp.Expr) -> bool:
        """Tell whether a value is the price of a unit by its form alone."""
        names = [column.name for column in projection.find_all(exp.Column)]
        divided = any(
            _QUANTITY.search(column.name)
            for one in projection.find_all(exp.Div)
            for column in one.expression.find_all(exp.Column)
        )
        return divided or (len(names) == 1 and _UNIT.search(names[0]) is not None)


def _wrapped(node: exp.Expr) -> exp.Expr:
    return exp.paren(node) if isinstance(node, exp.Binary) else node
