"""PU211."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.arithmetic import ROUNDED
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.enums import in_order
from pusher.payload.sql import literal


class SourceIdForm(ViewRule):
    """A constant event source id has the wrong form.

    ## What it does
    Checks constants in the column that names the event source: 19 digits for an offline event set, letters and
    digits for a pixel code. Finds ids that were DOUBLE or FLOAT on the way, also where they are text again.

    ## Why is this bad
    TikTok refuses the whole request. A digit that is lost in copying, or a numeric pixel id in place of the pixel
    code, looks right to a reader.

    ## Example
    ```sql
    select '765432109876543210' as event_set_id
    ```

    ## Use instead
    ```sql
    select '7654321098765432109' as event_set_id
    ```
    """

    code = "PU211"
    name = "contract.source-id-form"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield source ids of the wrong form."""
        field = view.payload.source_id
        for output in view.outputs_of(field.column):
            for constant in in_order(output.value.constants):
                if re.search(view.payload.source_id_pattern, constant.text):
                    continue
                message = f"`{output.name}` is {literal(constant.text)} ({len(constant.text)} characters)."
                place = constant.place or context.place_in(view, output)
                yield context.finding(self, view.model.name, place, message, Fix(field.doc), column=output.name)
            for mark in output.value.marks_of(ROUNDED)[:1]:
                message = f"`{output.name}` was {mark.what.upper()} on the way, which keeps 15 of its digits."
                fix = "Keep it as text from its source on."
                yield self.at_mark(context, view, output, mark, message=message, fix=fix)
