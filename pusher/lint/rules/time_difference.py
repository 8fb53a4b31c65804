"""PU807."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from pusher.lint.rules.portability import Difference, PortabilityRule, bare

_DAYS = {"DAY", "DAYS", "D"}


class TimeDifference(PortabilityRule):
    """A difference of times counts something else elsewhere.

    ## What it does
    Finds `date_diff()`, but for days between two dates, and one date minus another.

    ## Why is this bad
    DuckDB counts how often the clock passes a full unit, Spark how many whole units fit: from 12:34 to 11:00 the next
    day are 23 hours here and 22 there, from 31 December to 1 January 1 month and 0. Nothing fails. A date minus a date
    is a number here and an interval on Spark.

    ## Example
    ```sql
    where date_diff('day', ordered_at, refunded_at) <= 14
    ```

    ## Use instead
    ```sql
    where date_diff('day', cast(ordered_at as date), cast(refunded_at as date)) <= 14
    ```
    """

    code = "PU807"
    name = "portability.time-difference"

    def differences(self, node: exp.Expr) -> Iterator[Difference]:
        """Yield differences that are none of dates in days."""
        if isinstance(node, exp.Sub) and _is_date(node.this) and _is_date(node.expression):
            yield Difference("A date minus a date is an interval on Spark.", "Write date_diff('day', y, x).")
        if not isinstance(node, exp.DateDiff):
            return
        unit = node.text("unit").upper()
        if unit in _DAYS and _is_date(node.this) and _is_date(node.args.get("expression")):
            return
        message = f"date_diff() in {unit.lower()}s counts the turns of the clock here and full ones on Spark."
        instead = (
            "Cast both to date: date_diff('day', cast(x as date), cast(y as date))."
            if unit in _DAYS
            else "Truncate both first and take the difference of epoch(), or compare with x + interval '1' hour."
        )
        yield Difference(message, instead)


def _is_date(node: exp.Expr | None) -> bool:
    node = bare(node)
    return isinstance(node, exp.Cast) and node.to.this == exp.DataType.Type.DATE
