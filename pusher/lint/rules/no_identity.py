"""PU207."""

from __future__ import annotations

from pusher.lint.rules.base import ColumnRule


class NoIdentity(ColumnRule):
    """The view carries no identity at all.

    ## What it does
    Finds a destination view without any of the columns that can match an event to a person: for offline events
    `email` or `phone`.

    ## Why is this bad
    TikTok cannot match such an event, so no row of the view would be sent.

    ## Example
    ```sql
    select
        'Purchase' as event,
        order_id as event_id,
        ordered_at as event_time
    ```

    ## Use instead
    ```sql
    select
        'Purchase' as event,
        order_id as event_id,
        ordered_at as event_time,
        {{ hashed_email('email') }} as email
    ```
    """

    code = "PU207"
    name = "contract.no-identity"
    severity = "error"
    kind = "no-identity"
