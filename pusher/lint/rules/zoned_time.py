"""PU813."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from pusher.lint.rules.portability import Difference, PortabilityRule

_ZONED = {exp.DataType.Type.TIMESTAMPTZ, exp.DataType.Type.TIMESTAMPLTZ, exp.DataType.Type.TIMETZ}


class ZonedTime(PortabilityRule):
    """A time goes through a time zone.

    ## What it does
    Finds casts to a time with a zone, `at time zone`, `timezone()` and `to_timestamp()`.

    ## Why is this bad
    `at time zone` of a time without a zone goes the other way on Spark: two hours earlier here are two hours later
    there. What a time with a zone looks like as text depends on the session. Nothing fails.

    ## Example
    ```sql
    select cast(ordered_at as timestamptz) as ordered_at from orders
    ```

    ## Use instead
    ```sql
    select {{ utc_timestamp('ordered_at') }} as ordered_at from orders
    ```
    """

    code = "PU813"
    name = "portability.zoned-time"

    def differences(self, node: exp.Expr) -> Iterator[Difference]:
        """Yield what makes a time with a zone, or reads one."""
        if isinstance(node, exp.AtTimeZone) or (isinstance(node, exp.Anonymous) and node.name.lower() == "timezone"):
            message = "A time without a zone goes the other way on Spark."
            yield Difference(message, "Take the time in UTC from the source, or a macro with a form for each engine.")
        elif isinstance(node, exp.Cast) and node.to.this in _ZONED:
            message = "What a time with a zone is as text depends on the session elsewhere."
            yield Difference(message, "Keep times in UTC as TIMESTAMP, without a zone.")
        elif isinstance(node, exp.UnixToTime) and not node.args.get("scale"):
            message = "to_timestamp() gives a time with a zone."
            yield Difference(message, "Write timestamp '1970-01-01 00:00:00' + x * interval '1' second.")
