"""PU602."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding
from pusher.lint.flow.arithmetic import DIVIDED
from pusher.lint.rules.base import ViewRule, first_reached

_NUMBERS = {"decimal", "integer", "items"}


class DivisionByZero(ViewRule):
    """An amount is divided by something that can be 0.

    ## What it does
    Finds divisions on the way to numbers and items of a view of events whose divisor can be 0: it is no constant, and
    neither `nullif(..., 0)` nor a CASE, a FILTER, a WHERE, a HAVING, a QUALIFY or an inner join, also further up, keeps
    it from being 0.

    ## Why is this bad
    DuckDB gives infinity for `1.0 / 0` and stops the build for `1 // 0`. Infinity is no amount: the row is refused.

    ## Example
    ```sql
    select revenue / quantity as price
    ```

    ## Use instead
    ```sql
    select cast(revenue / nullif(quantity, 0) as decimal(18, 2)) as price
    ```
    """

    code = "PU602"
    name = "money.division-by-zero"
    severity = "warning"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield divisions, each with the first column that they reach."""
        if view.payload.kind != "events":
            return
        fields = [(output, view.field(output)) for output in view.relation.outputs]
        numbers = [output for output, field in fields if field is not None and field.type in _NUMBERS]
        for output, mark in first_reached(numbers, DIVIDED):
            message = f"`{output.name}` comes from a division by `{mark.what}`, which can be 0."
            fix = f"Divide by nullif({mark.what}, 0), or leave such rows out."
            yield self.at_mark(context, view, output, mark, message=message, fix=fix)
