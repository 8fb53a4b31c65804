"""PU302."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.marks import NUMBERED
from pusher.lint.flow.values import MOMENT
from pusher.lint.rules.base import ViewRule

_FIX = "Build it from the business key: {{ event_id('Purchase', 'order_id') }}."


class UnstableEventId(ViewRule):
    """An event id differs from run to run.

    ## What it does
    Follows `event_id` back to clocks, random numbers, row numbers without an order, and the moment of the run that
    `as_of()` and `run_started_at` write into the SQL. The place of a row among all others, such as
    `row_number() over (order by ordered_at)`, is a warning.

    ## Why is this bad
    TikTok and the ledger know a conversion by this id. With a new id in each run every conversion counts again.
    An order that comes late, or that has left the window, moves the numbers of all that follow.

    ## Example
    ```sql
    select uuid() as event_id
    ```

    ## Use instead
    ```sql
    select {{ event_id('Purchase', 'order_id') }} as event_id
    ```
    """

    code = "PU302"
    name = "determinism.unstable-event-id"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield what makes the id differ."""
        for output in view.outputs_of("event_id"):
            for found in sorted(output.value.unstable, key=lambda one: (one.name, str(one.place))):
                message = f"`event_id` depends on {found.name}, so a second run counts every conversion again."
                fix = Fix(_FIX)
                place = found.place
                # The macro as_of() is right as it is; where its moment goes is not.
                if place is None or (found.name == MOMENT and not context.is_in_model(place)):
                    place = context.place_in(view, output)
                yield context.finding(self, view.model.name, place, message, fix, column=output.name)
            for mark in output.value.marks_of(NUMBERED):
                message = f"`event_id` is made of {mark.what}() over all rows, which moves when others come or go."
                yield self.at_mark(context, view, output, mark, message=message, fix=_FIX, severity="warning")
