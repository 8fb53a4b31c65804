"""What the tills of the stores have sent by a morning, and what follows from it; for year.py.

Most lines are there by the next morning. Some baskets arrive a day or two late, and of some others one line does: by
then the basket may have been sent without it. This is worked out from the raw lines alone, without the project's
models, so that it can be held against what they and the push made of the same lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

LOOKBACK_DAYS = 7
# What a till keeps: more than any view looks at.
_KEPT = timedelta(days=LOOKBACK_DAYS + 3)
_LINES = """
create table lines as
with lines as (
    select *, row_number() over () as line, cast(round(sales_value * 100) as bigint) as cents
    from read_parquet($transactions)
    where transaction_timestamp <= $until
),
baskets as (
    select
        basket_id,
        hash(basket_id, $seed, 'late') % 1000 as roll,
        to_days(cast(1 + hash(basket_id, $seed, 'days') % 2 as integer)) as delay,
        case when count(*) > 1 and max(cents) > 0 then arg_max(line, cents) end as dearest
    from lines
    group by basket_id
)
select
    lines.*,
    least($until, transaction_timestamp + case
        when roll < $late then delay
        when roll < 2 * $late and line = dearest then delay
        else interval 0 days
    end) as arrives_at
from lines join baskets using (basket_id)
"""
_BASKETS = """
create table baskets as
with all_lines as (
    select *, min(arrives_at) over basket as complete_but_one, max(arrives_at) over basket as complete
    from lines
    window basket as (partition by basket_id)
)
select
    cast(basket_id as varchar) as basket,
    any_value(household_id) in (select household_id from read_parquet($demographics)) as is_identified,
    any_value(transaction_timestamp) as purchased_at,
    any_value(complete_but_one) as arrived,
    any_value(complete) as complete,
    sum(cents) as cents,
    coalesce(sum(cents) filter (arrives_at < complete or complete_but_one = complete), 0) as cents_before
from all_lines
group by basket_id
"""
_SENT = """
create or replace table sent as
select
    baskets.*,
    mornings.morning as first_seen,
    case when mornings.morning >= complete then cents else cents_before end as cents_then,
    mornings.morning < complete as changes_later
from baskets asof left join mornings on baskets.arrived <= mornings.morning
"""
_VIEWS = f"""
create or replace table views as
select
    mornings.morning,
    count(*) as view_rows,
    count(*) filter (not is_identified) as no_identity,
    count(*) filter (is_identified and first_seen = mornings.morning) as planned,
    count(*) filter (is_identified and changes_later and complete <= mornings.morning) as conflicting,
    count(*) filter (
        is_identified and first_seen < mornings.morning and not (changes_later and complete <= mornings.morning)
    ) as already_sent,
    count(*) filter (
        is_identified and changes_later and complete <= mornings.morning
        and complete > coalesce(mornings.before, timestamp '1970-01-01')
    ) as new_conflicts,
    sum(case when complete <= mornings.morning then cents else cents_before end) as cents
from (select morning, lag(morning) over (order by morning) as before from mornings) as mornings
join sent on arrived <= mornings.morning
    and purchased_at between mornings.morning - interval {LOOKBACK_DAYS} days and mornings.morning
group by all
"""


@dataclass(frozen=True, slots=True)
class Basket:
    """What must have become of a basket.

    Attributes:
        event_id: Its event's id, as the view had it.
        is_identified: Its household has an identity.
        was_seen: A morning's view had it.
        cents_then: Its value on the first morning that saw it.
        cents: Its value when all its lines were there.
    """

    event_id: str | None
    is_identified: bool
    was_seen: bool
    cents_then: int
    cents: int


class Tills:
    """The tills of all stores.

    Args:
        data: Folder of the three tables.
        until: The last morning; what arrives later arrives by then.
        seed: Of the lateness.
        late: Of a thousand baskets, how many arrive late; as many are short of a line at first.
    """

    def __init__(self, data: Path, *, until: datetime, seed: int, late: int) -> None:
        self._connection = duckdb.connect()
        until = until.replace(tzinfo=None)
        facts = {"transactions": str(data / "transactions.parquet"), "until": until, "seed": seed, "late": late}
        self._connection.execute(_LINES, facts)
        self._connection.execute(_BASKETS, {"demographics": str(data / "demographics.parquet")})
        self._connection.execute("create table ids (basket varchar, event_id varchar, primary key (basket, event_id))")

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()

    def send(self, morning: datetime, target: Path) -> None:
        """Write the lines of the last days that have arrived."""
        unfinished = target.with_suffix(".tmp")
        at = morning.replace(tzinfo=None)
        self._connection.execute(
            "copy (select * exclude (line, cents, arrives_at) from lines "
            f"where arrives_at <= timestamp '{at}' and transaction_timestamp > timestamp '{at - _KEPT}' order by line) "
            f"to '{unfinished}' (format parquet)"
        )
        unfinished.replace(target)

    def note_ids(self, warehouse: Path, view: str) -> None:
        """Remember which event id the view gives to each basket."""
        self._connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
        self._connection.execute(f"insert or ignore into ids select order_id, event_id from warehouse.main.{view}")
        self._connection.execute("detach warehouse")

    def expect(self, mornings: Sequence[datetime]) -> dict[datetime, dict[str, int]]:
        """Return what the view of each morning that ran must have been, by the term of its receipt."""
        self._connection.execute("create or replace table mornings (morning timestamp)")
        self._connection.executemany("insert into mornings values (?)", [[at.replace(tzinfo=None)] for at in mornings])
        self._connection.execute(_SENT)
        self._connection.execute(_VIEWS)
        found = self._rows("select * from views order by morning")
        return {row.pop("morning").replace(tzinfo=mornings[0].tzinfo): row for row in found}

    def baskets(self) -> list[Basket]:
        """Return what must have become of every basket, one entry for each event id that a view gave it."""
        found = self._rows(
            "select event_id, is_identified, first_seen is not null as was_seen, "
            "coalesce(cents_then, 0) as cents_then, cents from sent left join ids using (basket)"
        )
        return [Basket(**row) for row in found]

    def lateness(self) -> tuple[int, int]:
        """Return how many baskets came late as a whole, and how many were short of a line at first."""
        late = self._connection.execute(
            "select count(*) filter (arrived > purchased_at), count(*) filter (arrived < complete) from baskets"
        ).fetchone()
        assert late is not None  # noqa: S101 -- an aggregate has a row
        return late[0], late[1]

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        cursor = self._connection.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
