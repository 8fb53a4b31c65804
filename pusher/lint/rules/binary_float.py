"""PU603."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.arithmetic import FLOAT
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.money import amounts


class BinaryFloat(ViewRule):
    """An amount is a DOUBLE.

    ## What it does
    Finds amounts whose type is DOUBLE or FLOAT, in `contents` too, and shows the cast, the division or the average
    that makes them so. A column that comes so from its source is a note.

    ## Why is this bad
    A DOUBLE cannot hold 0.1. Sums differ in the last digits with the order of the rows, so the same order can have
    another value in the next run, which is a conflict with what was sent.

    ## Example
    ```sql
    select cast(revenue as double) as value
    ```

    ## Use instead
    ```sql
    select cast(revenue as decimal(18, 2)) as value
    ```
    """

    code = "PU603"
    name = "money.binary-float"
    severity = "warning"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield amounts in binary fractions."""
        for output, name, type_ in amounts(view):
            if type_.family != "float":
                continue
            marks = output.value.marks_of(FLOAT)
            by = f", made so by {marks[0].what}" if marks else ""
            message = f"`{name}` is {type_.text}{by}."
            fix = Fix("Cast it to decimal(18, 2), where the rounding can be chosen.")
            place = (marks[0].place if marks else None) or context.place_in(view, output)
            severity = "warning" if marks else "note"
            yield context.finding(self, view.model.name, place, message, fix, column=output.name, severity=severity)
