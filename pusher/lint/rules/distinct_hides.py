"""PU503."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.grain import Kept
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.grain import joins_that_repeat
from pusher.lint.rules.join_repeats import told


class DistinctHides(ViewRule):
    """`select distinct` hides that a join repeats rows.

    ## What it does
    Finds `select distinct` over a join that may repeat rows, where what is joined stays in the select list. A
    `distinct` whose columns all come from a table with a known key is fine: it makes one row of each again.

    ## Why is this bad
    It works until two of the repeated rows differ. Then the event is there twice, and nothing says so.

    ## Example
    ```sql
    select distinct orders.order_id, items.price as value
    from orders
    inner join items on orders.order_id = items.order_id
    ```

    ## Use instead
    ```sql
    select orders.order_id, sum(items.price) as value
    from orders
    inner join items on orders.order_id = items.order_id
    group by orders.order_id
    ```
    """

    code = "PU503"
    name = "grain.distinct-hides-join"
    severity = "warning"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield each `select distinct` over such a join."""
        for fan in joins_that_repeat(context, view):
            if fan.distinct is None:
                continue
            what, is_sure = told(fan)
            message = f"`select distinct` hides a join as long as its rows are alike. {what}"
            severity = "warning" if is_sure and view.relation.grain.kept is not Kept.ONE else "note"
            fix = Fix("Make one row of it for each event with GROUP BY before the join, and leave DISTINCT out.")
            yield context.finding(self, view.model.name, fan.place, message, fix, severity=severity)
