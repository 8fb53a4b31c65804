"""PU702."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.windows import max_age_days, windows_behind

# A window somewhat longer than the age lets a push count what came too late.
_MARGIN = 2


class LongWindow(ViewRule):
    """The window of a view is much longer than events count.

    ## What it does
    Notes views of events whose shortest window is more than twice as long as TikTok counts an event. A window that is
    somewhat longer is useful: a push then counts what came too late.

    ## Why is this bad
    Every push reads the older events again, only to count them as expired.

    ## Example
    ```sql
    where ordered_at >= {{ as_of() }} - interval 365 day
    ```

    ## Use instead
    ```sql
    where {{ lookback('ordered_at', 35) }}
    ```
    """

    code = "PU702"
    name = "time.long-window"
    severity = "note"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield the shortest window when it is too long."""
        found = windows_behind(context, view) or []
        known = [(window.days, model, window) for model, window in found if window.days is not None]
        if not found or len(known) < len(found):
            return
        days, model, window = min(known, key=lambda one: one[0])
        age = max_age_days(view)
        if days > _MARGIN * age:
            message = f"The window is at least {days:g} days long, and an event counts for {age} days."
            fix = Fix(f"Shorten it: {{{{ lookback('...', {age}) }}}}, and some days more to count what came too late.")
            yield context.finding(self, model, window.place, message, fix)
