"""PU604."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.relations import Output
from pusher.lint.rules.base import ViewRule


class NoCurrency(ViewRule):
    """A value has no currency.

    ## What it does
    Finds a view with a column `value` and no column `currency`, or with one that is always empty.

    ## Why is this bad
    There is no default: a row with a value and no currency is refused.

    ## Example
    ```sql
    select order_total as value
    ```

    ## Use instead
    ```sql
    select order_total as value, 'EUR' as currency
    ```
    """

    code = "PU604"
    name = "money.no-currency"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield values without a currency."""
        currency = next(view.outputs_of("currency"), None)
        for value in values_without_currency(view):
            message = f"`{value.name}` has no currency: `currency` is {'always empty' if currency else 'missing'}."
            fix = Fix("Add `currency` as an ISO 4217 code, such as 'EUR'; there is no default.")
            place = context.place_in(view, currency or value)
            yield context.finding(self, view.model.name, place, message, fix, column=value.name)


def values_without_currency(view: View) -> list[Output]:
    """Return the values of a view that has no currency for them."""
    if view.relation.uncertain or view.payload.field("currency") is None:
        return []
    if not all(map(_is_empty, view.outputs_of("currency"))):
        return []
    return [value for value in view.outputs_of("value") if not _is_empty(value)]


def _is_empty(output: Output) -> bool:
    """Whether a column is NULL, or a blank text, in every row."""
    value = output.value
    return not value.is_open and not any(constant.text.strip() for constant in value.constants)
