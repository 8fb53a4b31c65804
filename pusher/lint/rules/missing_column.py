"""PU201."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.rules.base import ColumnRule
from pusher.lint.rules.no_currency import values_without_currency


class MissingColumn(ColumnRule):
    """A required column is missing.

    ## What it does
    Compares the columns of a destination view with the contract, through `select *`, CTEs and joins. A column that
    TikTok only advises for this event source is a warning. The source id may stand in the settings instead. A required
    column that is NULL in every row is missing too.

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

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield missing columns, but for the currency of a value: PU604 says what becomes of such rows."""
        for finding in super().check_view(context, view):
            if finding.model_column != "currency" or not values_without_currency(view):
                yield finding
        for output in view.relation.outputs:
            field = view.field(output)
            is_empty = not output.value.is_open and not any(one.text.strip() for one in output.value.constants)
            if field is None or not is_empty or view.payload.event_source not in field.required_by:
                continue
            message = f"Required column `{output.name}` is always NULL."
            place = context.place_in(view, output)
            yield context.finding(self, view.model.name, place, message, Fix(field.doc), column=output.name)
