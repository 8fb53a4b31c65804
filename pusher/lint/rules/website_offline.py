"""PU213."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.enums import in_order


class WebsiteOffline(ViewRule):
    """Web orders go to an offline event set.

    ## What it does
    Finds a view of offline events whose `event_channel` can be `website`.

    ## Why is this bad
    TikTok removes duplicates inside one event source only. An order that the pixel or a web view reports as well
    counts twice.

    ## Example
    ```sql
    -- payload: offline_events
    select 'website' as event_channel
    ```

    ## Use instead
    ```sql
    -- payload: offline_events
    select channel as event_channel
    from {{ ref('orders') }}
    where channel <> 'website'
    ```
    """

    code = "PU213"
    name = "contract.website-offline"
    severity = "warning"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield the constant `website` in offline events."""
        if view.payload.event_source != "offline":
            return
        for output in view.outputs_of("event_channel"):
            for constant in in_order(output.value.constants):
                if constant.text == "website":
                    message = "Web orders in an offline event set count twice when the pixel reports them too."
                    fix = Fix("Leave web orders out with a filter, or send them from a view of web events.")
                    place = context.place_in(view, output)
                    yield context.finding(self, view.model.name, place, message, fix, column=output.name)
                    break
