"""PU703."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.epochs import SECONDS, UNITS, WRONG_UNIT, kind_of
from pusher.lint.flow.values import Mark
from pusher.lint.rules.base import ViewRule

_FIX = Fix(
    "to_timestamp() takes seconds, epoch_ms() milliseconds, make_timestamp() microseconds; as a number, `event_time` "
    "is in seconds."
)


class EpochUnit(ViewRule):
    """A number of one unit is read as another.

    ## What it does
    Follows numbers that count time since 1970: what `epoch_ms()` and its kin give for a timestamp, and source columns
    that name their unit, such as `created_ms`. It finds those that reach `event_time` through a function for another
    unit, or as a number that is not in seconds.

    ## Why is this bad
    Milliseconds read as seconds are a day in the year 55,000, seconds read as milliseconds one in January 1970. All
    rows are refused.

    ## Example
    ```sql
    select to_timestamp(created_ms) as event_time
    ```

    ## Use instead
    ```sql
    select epoch_ms(created_ms) as event_time
    ```
    """

    code = "PU703"
    name = "time.epoch-unit"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield times in a wrong unit."""
        for output in view.outputs_of("event_time"):
            type_ = (view.types or {}).get(output.name or "")
            told = [(mark, mark.what) for mark in output.value.marks_of(WRONG_UNIT)]
            if type_ is not None and type_.family == "integer":
                kinds = [kind_of(unit) for unit in UNITS if unit != SECONDS]
                told += [
                    (mark, f"{mark.what}, and a number counts as seconds") for mark in output.value.marks_of(*kinds)
                ]
            for mark, what in told:
                place = mark.place or context.place_in(view, output)
                message = f"`{output.name}` is wrong: {what}."
                severity = "error" if _is_certain(mark) else "warning"
                yield context.finding(
                    self, view.model.name, place, message, _FIX, column=output.name, severity=severity
                )


def _is_certain(mark: Mark) -> bool:
    """Whether a function gave the unit, and not the name of a column."""
    return "()" in mark.what.partition(" is in ")[0]
