"""PU215."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding
from pusher.lint.flow.arithmetic import ROUNDED
from pusher.lint.rules.base import ViewRule


class RoundedId(ViewRule):
    """An id was DOUBLE or FLOAT on the way.

    ## What it does
    Finds event ids and other ids of a row that were cast to DOUBLE or FLOAT, or are so in their source, also where they
    are text again.

    ## Why is this bad
    A DOUBLE keeps 15 digits, a FLOAT or REAL 6: two longer order numbers become one id, and TikTok drops the second
    order as a copy of the first. As a text a DOUBLE of 7 is `7.0`, and the pixel's id for the same order is another
    one.

    ## Example
    ```sql
    select cast(cast(order_no as double) as varchar) as event_id
    ```

    ## Use instead
    ```sql
    select order_no as event_id
    ```
    """

    code = "PU215"
    name = "contract.rounded-id"
    severity = "warning"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield ids whose last digits may be made up."""
        for output in view.relation.outputs:
            field = view.field(output)
            type_ = (view.types or {}).get(output.name or "")
            # PU203 refuses what still is a DOUBLE in the view.
            if field is None or field.type != "id" or (type_ is not None and type_.family == "float"):
                continue
            for mark in output.value.marks_of(ROUNDED)[:1]:
                message = f"`{output.name}` was {mark.what.upper()} on the way: long ids lose their last digits."
                fix = "Keep it as text from its source on."
                yield self.at_mark(context, view, output, mark, message=message, fix=fix)
