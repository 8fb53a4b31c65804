"""PU701."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.windows import max_age_days, windows_behind


class NoWindow(ViewRule):
    """A view of events goes back to the first order.

    ## What it does
    Notes a view of events when no filter in it, or in the models behind it, bounds how old a row can be. Incremental
    models and seeds are left alone.

    ## Why is this bad
    TikTok counts an event up to an age that is in the contract. Every push reads all the older ones again, only to
    count them as expired, and takes longer with every month.

    ## Example
    ```sql
    select * from {{ ref('orders') }}
    ```

    ## Use instead
    ```sql
    select * from {{ ref('orders') }}
    where {{ lookback('ordered_at') }}
    ```
    """

    code = "PU701"
    name = "time.no-window"
    severity = "note"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield the time of a view that nothing bounds."""
        if windows_behind(context, view) != []:
            return
        for output in view.outputs_of("event_time"):
            age = max_age_days(view)
            message = f"No filter bounds how old an event can be; older than {age} days it does not count."
            fix = Fix("Add a window: where {{ lookback('...') }}.")
            place = context.place_in(view, output)
            yield context.finding(self, view.model.name, place, message, fix, column=output.name)
