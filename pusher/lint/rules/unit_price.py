"""PU601."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.arithmetic import PER_UNIT, counts_units, is_quantity
from pusher.lint.flow.relations import Output
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.money import columns_of

_UNIT_PRICE = re.compile(
    r"(^|_)(unit|item|list|sale|single)_?price$|^price(_(each|per_unit))?$|^unit_cost$", re.IGNORECASE
)
_TOTAL = re.compile(r"(^|_)(total|amount|revenue|subtotal|net|gross|sum|value|sales)(_|$)", re.IGNORECASE)
_FIX = Fix("Sum over the order: sum(price * quantity), grouped by the order.")


class UnitPrice(ViewRule):
    """The price of one unit stands where the order's value belongs.

    ## What it does
    Follows `value` back to its sources. It finds a value that is divided by a quantity and not multiplied by one
    before or after, and a value made of a unit price alone while its table has a quantity that does not go into it.
    `stock_quantity`, `min_quantity` and the like are no quantity of an order.

    ## Why is this bad
    An order of three pairs at 40.00 is worth 120.00. Reported as 40.00, campaigns that sell more per order look no
    better than those that sell one.

    ## Example
    ```sql
    select order_id, line_revenue / quantity as value from line_items
    ```

    ## Use instead
    ```sql
    select order_id, sum(line_revenue) as value from line_items group by order_id
    ```
    """

    code = "PU601"
    name = "money.unit-price"
    severity = "warning"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield values that are a price per unit."""
        for output in view.outputs_of("value"):
            divided = output.value.marks_of(PER_UNIT)
            if divided:
                place = divided[0].place or context.place_in(view, output)
                message = f"`{output.name}` is divided by {divided[0].what}: it is the price of one unit."
                yield context.finding(self, view.model.name, place, message, _FIX, column=output.name)
                continue
            for column, quantity in _without_quantity(context, output):
                message = f"`{output.name}` is {column}, the price of one unit: {quantity} does not go into it."
                place = context.place_in(view, output)
                yield context.finding(self, view.model.name, place, message, _FIX, column=output.name)
                break


def _without_quantity(context: Context, output: Output) -> Iterator[tuple[str, str]]:
    """Yield the unit prices of a value, each with the quantity beside it that does not go into the value."""
    columns = output.value.columns
    names = [column.rpartition(".")[2] for column in columns]
    if any(map(counts_units, columns)) or any(map(_TOTAL.search, names)):
        return
    for column in sorted(columns):
        table, _, name = column.rpartition(".")
        if _UNIT_PRICE.search(name):
            beside = next((one for one in columns_of(context, table) if is_quantity(one)), None)
            if beside is not None:
                yield column, f"{table}.{beside}"
