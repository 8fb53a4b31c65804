"""PU501."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.grain import Kept, holds_items
from pusher.lint.flow.relations import Output
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.enums import in_order
from pusher.lint.rules.grain import event_id_of, is_of_an_item, named
from pusher.payload.sql import literal

_ROLL_UP = (
    "Roll the rows up to one for each event first: group by what the id is made of, items in {{ contents(...) }}."
)
_TEST = "Add `data_tests: [unique]` to `event_id` in the view's YAML: `pusher build` runs it."
_BUSINESS_KEY = "Build it from the business key: {{ event_id('Purchase', 'order_id') }}."
_COUNT_ONCE = " Rows that share an id count once."


class SharedEventId(ViewRule):
    """Rows of a view of events share an id, or nothing proves that they do not.

    ## What it does
    Follows what tells the rows of a view apart: data tests (`unique`, `unique_combination_of_columns`), `group by`,
    `distinct on`, `qualify row_number() over (...) = 1`, unions of differing constants, and joins on a column that is
    unique on the other side. It is

    - an error when a row is known to stand for less than the id is made of, such as a line of an order by a test of
      `order_id` and `line_no` together while `event_id` is made of `order_id`, and when the id is a text of the SQL,
    - a warning when names say so: a table of items, or a group by `sku`; and where a condition such as
      `channel = 'store'` may leave one row of each,
    - a note when nothing proves that the id is unique, also where a condition looks like it: `is_latest`,
      `version <= 1`, `exists (...)`. A data test on the view's `event_id` proves it.

    ## Why is this bad
    TikTok and the ledger know a conversion by its id. Of all items of an order that carry the order's id the first one
    counts, with its own price; the others are duplicates, and nobody answers with an error.

    ## Example
    ```sql
    select {{ event_id('Purchase', 'order_id') }} as event_id, price * quantity as value
    from {{ ref('order_items') }}
    ```

    ## Use instead
    ```sql
    select {{ event_id('Purchase', 'order_id') }} as event_id, sum(price * quantity) as value
    from {{ ref('order_items') }}
    group by order_id
    ```
    """

    code = "PU501"
    name = "grain.shared-event-id"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield the id that does not tell the rows of the view apart."""
        output = event_id_of(context, view)
        if output is None:
            return
        severity, message, fix = _judged(view, output)
        # A join that repeats rows is a finding of its own, at the join.
        if severity != "note" or not view.relation.grain.fans:
            place = context.place_in(view, output)
            yield context.finding(
                self, view.model.name, place, message, Fix(fix), column=output.name, severity=severity
            )


def _judged(view: View, output: Output) -> tuple[str, str, str]:
    """Return severity, message and advice, no worse than what conditions may leave of the rows of one event."""
    severity, message, fix = _told(view, output)
    kept = view.relation.grain.kept
    if kept is Kept.ONE and severity != "note":
        return (
            "note",
            f"{message.removesuffix(_COUNT_ONCE)} A condition may keep one of them; nothing proves it.",
            _TEST,
        )
    return "warning" if kept is Kept.SOME and severity == "error" else severity, message, fix


def _told(view: View, output: Output) -> tuple[str, str, str]:
    grain, texts = view.relation.grain, in_order(output.value.constants)
    if texts and not output.value.is_open:
        what = literal(texts[0].text) if len(texts) == 1 else f"one of {len(texts)} texts"
        return "error", f"`event_id` is {what} in every row.{_COUNT_ONCE}", _BUSINESS_KEY
    rows = grain.rows
    inside, outside = ([], []) if rows is None else rows.beyond(output.value.columns)
    if rows is not None and inside and outside:
        message = f"`event_id` is made of {named(inside)}, and a row is one {named(rows.key)} of {rows.of}."
        if rows.is_declared:
            return "error", f"{message}{_COUNT_ONCE}", _ROLL_UP
        if any(map(is_of_an_item, outside)):
            return "warning", f"{message}{_COUNT_ONCE}", _ROLL_UP
    if rows is not None and rows.is_declared and outside and not inside:
        severity = "warning" if holds_items(rows.of) else "note"
        message = f"A row is one {named(rows.key)} of {rows.of}, and `event_id` is not made of it."
        return severity, message, _TEST
    items = sorted(filter(holds_items, grain.tables))
    if items:
        message = f"Rows of {items[0]} come one by one, and nothing proves that `event_id` is unique among them."
        return "warning", message, f"{_ROLL_UP} {_TEST}"
    return "note", "Nothing proves that `event_id` is unique.", _TEST
