"""PU808."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from pusher.lint.rules.portability import Difference, PortabilityRule, bare, part_of

_NAMES = {"epoch_us", "epoch_ns"}
_MILLISECONDS = "3"


class EpochFraction(PortabilityRule):
    """A number of seconds is made of a time with its fraction.

    ## What it does
    Finds `epoch()` of a time that was not cut to the second, `epoch_ms()` and its kin, and `extract(epoch from ...)`.

    ## Why is this bad
    `epoch()` has a fraction here and none on Spark, and a cast to a whole number rounds here and cuts there: half of
    all events are one second apart. `epoch_ms()` is another function elsewhere.

    ## Example
    ```sql
    select cast(epoch(ordered_at) as bigint) as event_time from orders
    ```

    ## Use instead
    ```sql
    select cast(epoch(date_trunc('second', ordered_at)) as bigint) as event_time from orders
    ```
    """

    code = "PU808"
    name = "portability.epoch-fraction"

    def differences(self, node: exp.Expr) -> Iterator[Difference]:
        """Yield counts of seconds, but for those of full seconds."""
        if isinstance(node, exp.TimeToUnix):
            message = None if _is_cut(node.this) else "epoch() has a fraction here and none on Spark."
        elif isinstance(node, exp.UnixToTime) and node.text("scale") == _MILLISECONDS:
            message = "epoch_ms() is another function on Spark and PostgreSQL."
        elif isinstance(node, exp.Anonymous) and node.name.lower() in _NAMES:
            message = f"{node.name.lower()}() is missing elsewhere."
        elif part_of(node) == "epoch":
            message = "The part `epoch` of a time is missing on Spark."
        else:
            return
        if message is not None:
            yield Difference(message, "Write cast(epoch(date_trunc('second', x)) as bigint).")


def _is_cut(time: exp.Expr | None) -> bool:
    """Whether a time has no fraction of a second: it was cut, or is a date."""
    time = bare(time)
    is_date = isinstance(time, exp.Cast) and time.to.this == exp.DataType.Type.DATE
    return is_date or isinstance(time, exp.TimestampTrunc | exp.DateTrunc)
