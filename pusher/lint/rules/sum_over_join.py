"""PU606."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding
from pusher.lint.flow.arithmetic import REPEATED
from pusher.lint.rules.base import ViewRule


class SumOverJoin(ViewRule):
    """A value is summed over a join that repeats its rows.

    ## What it does
    Finds a `value` that is made of `sum()` over one table's column, where data tests or a `group by` prove that a join
    gives rows of this table more than once, or where the other table is one of items by its name.

    ## Why is this bad
    An order of three items has three times its revenue, and ads are paid for by it.

    ## Example
    ```sql
    select orders.order_id, sum(orders.total) as value
    from orders
    inner join order_items on orders.order_id = order_items.order_id
    group by orders.order_id
    ```

    ## Use instead
    ```sql
    select orders.order_id, sum(order_items.line_total) as value
    from orders
    inner join order_items on orders.order_id = order_items.order_id
    group by orders.order_id
    ```

    Or roll the items up to one row for each order before the join.
    """

    code = "PU606"
    name = "money.sum-over-join"
    severity = "warning"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield values that count the same amount several times."""
        for output in view.outputs_of("value"):
            for mark in output.value.marks_of(REPEATED)[:1]:
                message = (
                    f"`{output.name}` sums a column of `{mark.what}` over a join that gives its rows several times."
                )
                fix = "Sum what belongs to the rows of the join, or roll the other side up before it."
                yield self.at_mark(context, view, output, mark, message=message, fix=fix)
