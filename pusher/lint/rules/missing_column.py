"""PU201."""

from __future__ import annotations

from pusher.lint.rules.base import ColumnRule


class MissingColumn(ColumnRule):
    """A required column is missing.

    ## What it does
    Compares the columns of a destination view with the contract, through `select *`, CTEs and joins. A column that
    TikTok only advises for this event source is a warning. The source id may stand in the settings instead.

    ## Why is this bad
    TikTok refuses an event without its name, id or time, and cannot report revenue without value and currency. Without
    this check that shows after the push, row by row.

    ## Example
    ```sql
    select
        'Purchase' as event,
        order_id as event_id
    from {{ ref('orders') }}
    ```

    ## Use instead
    ```sql
    select
        'Purchase' as event,
        order_id as event_id,
        ordered_at as event_time
    from {{ ref('orders') }}
    ```
    """

    code = "PU201"
    name = "contract.missing-column"
    severity = "error"
    kind = "missing-column"
