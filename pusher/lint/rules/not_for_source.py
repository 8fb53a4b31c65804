"""PU206."""

from __future__ import annotations

from pusher.lint.rules.base import ColumnRule


class NotForSource(ColumnRule):
    """A column that this event source does not know.

    ## What it does
    Finds columns that TikTok takes for other event sources only, such as `ttclid` in a view of offline events.

    ## Why is this bad
    The column is dropped before sending. If it was meant to help matching, it does not.

    ## Example
    ```sql
    -- payload: offline_events
    select ttclid
    ```

    ## Use instead
    ```sql
    -- payload: offline_events
    select email
    ```
    """

    code = "PU206"
    name = "contract.not-for-source"
    severity = "warning"
    kind = "not-for-source"
