"""The SQL that counts which identifiers the rows of a view hold, by store and day."""

from __future__ import annotations

from pusher.payload.checks import RowChecks
from pusher.payload.sql import identifier

STORE = "shop_id"
"""Column of the store, as in the report on revenue."""


def identifying_columns(checks: RowChecks) -> tuple[str, ...]:
    """Return the view's columns that can identify a person, in the contract's order."""
    return tuple(name for name in checks.payload.identity if name in checks.typed)


def presence_sql(checks: RowChecks, relation: str) -> str:
    """Return the query that counts a view's rows by store, UTC day and the identifiers that they hold.

    It reads no other column, so that a view costs a fraction of what judging its rows costs.

    Returns:
        SQL with the columns store, day as text, identifiers as bits in the order of `identifying_columns`, and rows.
    """
    bits = " + ".join(
        f"case when {identifier(name)} is not null then {1 << place} else 0 end"
        for place, name in enumerate(identifying_columns(checks))
    )
    store = identifier(STORE) if STORE in checks.typed else "cast(null as varchar)"
    # Whole days are far fewer than rows, and cost less to group by than their texts.
    day = "event_time // 86400" if "event_time" in checks.typed else "cast(null as bigint)"
    counted = (
        f"select {store} as store, {day} as day, {bits or '0'} as held, count(*) as n "
        f"from ({checks.typed_sql(relation)}) as typed group by all"
    )
    # A time that is no moment on a calendar is told by its own reason.
    readable = "day between -100000 and 100000"
    text = f"case when {readable} then strftime(date '1970-01-01' + cast(day as integer), '%Y-%m-%d') end"
    return (
        f"select store, {text} as day, held, cast(sum(n) as bigint) from ({counted}) as counted "
        "group by all order by all"
    )
