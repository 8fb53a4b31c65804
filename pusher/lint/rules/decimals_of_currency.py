"""PU605."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.money import amounts
from pusher.payload.model import Currency


class DecimalsOfCurrency(ViewRule):
    """An amount has other decimals than its currency.

    ## What it does
    Where `currency` is one constant, compares its decimal places with those of `value` and of the prices in
    `contents`: too few places in the type, and constants with too many, are warnings; a type with more places than a
    currency without decimals has is a note.

    ## Why is this bad
    Yen have no sen in a shop: 1999.50 JPY is an amount in another currency. Dinars of Kuwait have three places, and
    a DECIMAL(18, 2) rounds the third one away.

    ## Example
    ```sql
    select cast(total as decimal(18, 2)) as value, 'KWD' as currency
    ```

    ## Use instead
    ```sql
    select cast(total as decimal(18, 3)) as value, 'KWD' as currency
    ```
    """

    code = "PU605"
    name = "money.decimals-of-currency"
    severity = "warning"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield amounts whose places are not those of the constant currency."""
        currency = _currency(view)
        if currency is None:
            return
        places = currency.minor_units
        what = f"{currency.code} has {places or 'no'} decimal places"
        for output, name, type_ in amounts(view):
            constants = sorted(one.text for one in output.value.constants if _places(one.text) > places)
            where, model, column = context.place_in(view, output), view.model.name, output.name
            if constants:
                message, fix = (
                    f"`{name}` can be {constants[0]}, and {what}.",
                    Fix("Correct the amount, or the currency."),
                )
                yield context.finding(self, model, where, message, fix, column=column)
            elif output.value.is_open and type_.family == "decimal" and type_.scale < places:
                message = f"`{name}` is {type_.text}, and {what}."
                fix = Fix(f"Cast it to decimal(18, {places}) from the first model on.")
                yield context.finding(self, model, where, message, fix, column=column)
            elif output.value.is_open and not places and type_.family == "decimal" and type_.scale:
                message = f"`{name}` is {type_.text}, and {what}."
                fix = Fix("Round it to whole units, unless all amounts are whole.")
                yield context.finding(self, model, where, message, fix, column=column, severity="note")


def _currency(view: View) -> Currency | None:
    """Return the one currency of a view, when it is written in the SQL."""
    values = [output.value for output in view.outputs_of("currency")]
    codes = {constant.text.strip().upper() for value in values for constant in value.constants}
    if len(values) != 1 or values[0].is_open or len(codes) != 1:
        return None
    return view.payload.currencies.get(codes.pop())


def _places(number: str) -> int:
    """Return the decimal places of a number as it is written, zeros at the end left out."""
    return len(number.partition(".")[2].rstrip("0")) if number.replace(".", "", 1).isdigit() else 0
