"""PU303."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.rules.base import ViewRule

_CHANGES = ("email", "phone")


class EventIdFromIdentity(ViewRule):
    """An event id depends on an e-mail address or a phone number.

    ## What it does
    Follows `event_id` back to hashed e-mail addresses and phone numbers.

    ## Why is this bad
    When a customer corrects the address, the same order gets a new id and counts again.

    ## Example
    ```sql
    select sha256(email || ordered_at) as event_id
    ```

    ## Use instead
    ```sql
    select {{ event_id('Purchase', 'order_id') }} as event_id
    ```
    """

    code = "PU303"
    name = "determinism.event-id-from-identity"
    severity = "warning"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield identities behind the id."""
        for output in view.outputs_of("event_id"):
            columns = sorted({hashed.column for hashed in output.value.hashed if hashed.kind in _CHANGES})
            if columns:
                message = f"`event_id` depends on {', '.join(columns)}: a corrected address makes a new event."
                fix = Fix("Build it from the business key: {{ event_id('Purchase', 'order_id') }}.")
                yield context.finding(
                    self, view.model.name, context.place_in(view, output), message, fix, column=output.name
                )
