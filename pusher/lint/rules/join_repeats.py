"""PU502."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.grain import UNNEST, Fan, Kept, holds_items
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.grain import joins_that_repeat, named


class JoinRepeats(ViewRule):
    """A join may give an event more than once.

    ## What it does
    Finds joins behind a view of events on columns that are not known to be unique in what is joined, when nothing
    further down makes one row of them again. It is a warning when a data test or a `group by` says that a row of what
    is joined needs more columns than the join has, or its name is that of a table of items; else a note, also where a
    condition such as `is_primary` may keep one row of each event.

    ## Why is this bad
    One order with two addresses becomes two events with one id. TikTok counts the first; a sum over the view counts
    both.

    ## Example
    ```sql
    from orders
    left join addresses on orders.customer_id = addresses.customer_id
    ```

    ## Use instead
    ```sql
    from orders
    left join (
        select customer_id, min(city) as city from addresses group by customer_id
    ) as addresses on orders.customer_id = addresses.customer_id
    ```
    """

    code = "PU502"
    name = "grain.join-repeats"
    severity = "warning"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield joins after which an event can be there twice."""
        for fan in joins_that_repeat(context, view):
            if fan.distinct is None:
                message, is_sure = told(fan)
                severity = "warning" if is_sure and view.relation.grain.kept is not Kept.ONE else "note"
                yield context.finding(self, view.model.name, fan.place, message, advice(fan), severity=severity)


_TWICE = "an event can come several times."


def told(fan: Fan) -> tuple[str, bool]:
    """Return what a join does, and whether names or tests say so."""
    if fan.key:
        what = f"`{fan.table}` is joined on {named(fan.columns)} and has a row for each {named(fan.key)}"
        return f"{what}: {_TWICE}", True
    if fan.table == UNNEST:
        return f"`{fan.table}` makes several rows of one: {_TWICE}", False
    if not fan.columns:
        return f"The join with `{fan.table}` holds none of its columns to one value: {_TWICE}", False
    what = f"`{fan.table}` is joined on {named(fan.columns)}, which nothing proves to be unique there"
    return f"{what}: {_TWICE}", holds_items(fan.table)


def advice(fan: Fan) -> Fix:
    """Return what to do about a join."""
    if not fan.columns or fan.key:
        return Fix("Make one row for each event of it first, with GROUP BY or QUALIFY.")
    is_one = len(fan.columns) == 1
    test = f"`data_tests: [unique]` on `{fan.columns[0]}`" if is_one else "`dbt_utils.unique_combination_of_columns`"
    return Fix(f"Group `{fan.table}` by {named(fan.columns)} first, or declare it unique: {test} in its YAML.")
