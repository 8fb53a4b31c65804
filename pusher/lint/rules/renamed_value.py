"""PU209."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.enums import constants_of_enums
from pusher.payload.sql import literal


class RenamedValue(ViewRule):
    """A constant is an old name.

    ## What it does
    Finds event names and other listed values that TikTok has renamed or will take only for a while. A name with a
    successor is a note, because it is translated before it is sent; one without is a warning with its last year.
    `--fix` writes the new name where the column is only passed on: an `event_id` that is made of it would be another
    one, and `where event = 'CompletePayment'` would find nothing any more.

    ## Why is this bad
    Reports in TikTok show the new name, so the old one in SQL is hard to find again. After its sunset an event with
    a removed name is refused.

    ## Example
    ```sql
    select 'CompletePayment' as event
    ```

    ## Use instead
    ```sql
    select 'Purchase' as event
    ```
    """

    code = "PU209"
    name = "contract.renamed-value"
    severity = "note"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield constants that are old names."""
        for output, allowed, constant in constants_of_enums(view):
            renames = allowed.enum.renames if allowed.enum is not None else ()
            for rename in renames:
                if rename.old != constant.text:
                    continue
                if rename.new is not None:
                    message = f"{literal(rename.old)} is now called {literal(rename.new)}. {rename.note}"
                    edits = context.edit(constant.place, literal(rename.new)) if constant.as_written else ()
                    fix = Fix(
                        f"Write {literal(rename.new)}.",
                        edits,
                        safe=bool(edits) and context.is_only_passed_on(view, constant.place),
                    )
                else:
                    until = f" until {rename.sunset}" if rename.sunset else ""
                    message = f"{literal(rename.old)} is accepted only{until}. {rename.note}"
                    fix = Fix(f"Choose one of: {', '.join(allowed.values)}.")
                yield context.finding(
                    self,
                    view.model.name,
                    constant.place or context.place_in(view, output),
                    message,
                    fix,
                    column=output.name,
                    severity="note" if rename.new is not None else "warning",
                )
