"""PU306."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding
from pusher.lint.rules.base import ViewRule, first_reached


class UnsortedList(ViewRule):
    """A list is made of rows in no order.

    ## What it does
    Follows `list()`, `array_agg()`, `string_agg()` and `json_group_array()` without ORDER BY to the columns of a view
    of events. `list_sort()` on the way puts them right. A text or an id that is made of such a list is a warning, a
    list a note.

    ## Why is this bad
    Threads finish in another order each time. The same event has other bytes in the next run, and an id that is made
    of them counts it again.

    ## Example
    ```sql
    select order_id, string_agg(title, ', ') as description from items group by order_id
    ```

    ## Use instead
    ```sql
    select order_id, string_agg(title, ', ' order by line_no) as description from items group by order_id
    ```
    """

    code = "PU306"
    name = "determinism.unsorted-list"
    severity = "warning"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield lists without an order, each with the first column that they reach."""
        if view.payload.kind != "events":
            return
        fields = [(output, view.field(output)) for output in view.relation.outputs]
        # A push sorts digests.
        others = [output for output, field in fields if field is not None and not field.holds_digests]
        for output, mark in first_reached(others, "unsorted"):
            type_ = (view.types or {}).get(output.name or "")
            severity = "note" if type_ is not None and type_.family == "list" else "warning"
            message = f"`{output.name}` is made of {mark.what}() without ORDER BY: its order differs from run to run."
            fix = f"Write {mark.what}(... order by ...) with an order that ends in a unique key, or sort the list."
            yield self.at_mark(context, view, output, mark, message=message, fix=fix, severity=severity)
