"""What is odd about a row that is sent all the same: counted, so that somebody can look at it.

Like `reasons`, the conditions read the typed columns that `checks` builds; unlike them, all that hold are counted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pusher.payload.model import Payload
from pusher.payload.sql import listing

CLEANED = "_cleaned"
VALUE_ROUNDED = "_value_rounded"
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class RowWarning:
    """Something odd about a row.

    Attributes:
        code: Stable kebab-case name.
        field: Column of the contract, or None when it may be any text.
        message: What is odd, without the value.
        fix: What to do.
        condition: SQL over the typed columns that is true for such a row.
    """

    code: str
    field: str | None
    message: str
    fix: str
    condition: str


def all_warnings(payload: Payload, typed: Collection[str], *, now_s: int) -> tuple[RowWarning, ...]:
    """Return the warnings that the columns of a view can raise; a staged row keeps them as bits in this order.

    Args:
        payload: What the view is pushed as.
        typed: Names of the typed columns.
        now_s: The run's clock in Unix seconds.
    """
    limits = payload.limits
    found = [
        RowWarning(
            "clock-skew",
            "event_time",
            f"event_time is up to {limits.future_grace_s // 60} minutes in the future; it is sent as it is.",
            "Set the clock of the system that writes it.",
            f"event_time > {now_s}",
        )
    ]
    if limits.warn_age_s < limits.max_age_s:
        found.append(
            RowWarning(
                "late",
                "event_time",
                f"The event is older than {limits.warn_age_s // _DAY_S} days, which is late for {payload.event_source} "
                "events.",
                "Push more often, or shorten the lookback.",
                f"event_time < {now_s - limits.warn_age_s}",
            )
        )
    if {"value", "currency"} <= set(typed):
        found.append(
            RowWarning(
                "value-missing",
                "value",
                "The row has a currency but no value.",
                "Look for a try_cast() or a pattern that makes NULL of amounts such as 1,234.50.",
                "value is null and currency is not null",
            )
        )
    if VALUE_ROUNDED in typed:
        found.append(
            RowWarning(
                "value-rounded",
                "value",
                "value is a DOUBLE with more than six decimal places and was rounded.",
                "Cast it to DECIMAL in staging, where the rounding can be chosen.",
                VALUE_ROUNDED,
            )
        )
    if "currency" in typed:
        found.append(
            RowWarning(
                "currency-unlisted",
                "currency",
                f"currency is none of the {len(payload.currencies)} codes that TikTok lists; it is sent as it is.",
                "Check the code; TikTok may refuse the row.",
                f"currency not in {listing(sorted(payload.currencies))}",
            )
        )
    found.append(
        RowWarning(
            "text-cleaned",
            None,
            "A text held control characters or marks of direction, which were left out.",
            "Clean it in staging; ids with such characters are refused.",
            CLEANED,
        )
    )
    return tuple(warning for warning in found if warning.field is None or warning.field in typed)


def warning_bits(warnings: Sequence[RowWarning]) -> str:
    """Return the expression of the bits of the warnings that hold for a row, NULL without any."""
    if not warnings:
        return "cast(null as smallint)"
    bits = " + ".join(f"case when {one.condition} then {1 << place} else 0 end" for place, one in enumerate(warnings))
    return f"cast(nullif({bits}, 0) as smallint)"


def set_bits(mask: int) -> list[int]:
    """Return the places of a mask's bits."""
    return [place for place in range(mask.bit_length()) if mask >> place & 1]
