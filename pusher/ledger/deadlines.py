"""What of the ledger's rows has a last moment: to be sent at all, to be sent again, to be kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pusher.ledger.opening import unreadable
from pusher.ledger.state import StateFolder
from pusher.ledger.views import copy_of, ledger_database, rows_of

if TYPE_CHECKING:
    import duckdb

_RESENDING, _KEEPING = "resending", "keeping"


@dataclass(frozen=True, slots=True)
class Deadline:
    """Rows of a view that can be used until a moment.

    Attributes:
        what: `pending`, `parked`, `dead`, `reopened`, `conflicting`, `invalid` or `no_identity` rows become too old to
            be sent; `resending`: an unknown outcome becomes too old to send again; `keeping`: rows are parked that
            could not be sent for too long.
        model: The view.
        space: Key space, empty for real events.
        rows: Rows whose moment is still to come.
        due_rows: Those of them whose moment comes soon.
        until: The first moment.
    """

    what: str
    model: str
    space: str
    rows: int
    due_rows: int
    until: datetime


def deadlines(
    state: StateFolder,
    *,
    now: datetime,
    before: datetime,
    max_age_s: Mapping[str, int],
    resend_limit_s: int,
    longest_wait: timedelta,
) -> list[Deadline]:
    """Return the first moment of each kind, view and key space, earliest first.

    Args:
        state: The state folder.
        now: Current moment.
        before: End of what is soon.
        max_age_s: Age after which an event is not counted any more, by payload.
        resend_limit_s: How long after its first attempt an unknown batch may be sent again.
        longest_wait: How long frozen rows are kept before they are parked.

    Raises:
        StateError: The ledger, or a file that it names, cannot be read.
    """
    import duckdb

    copy = copy_of(state)
    if copy is None:
        return []
    ages = ", ".join(f"('{payload}', {seconds})" for payload, seconds in max_age_s.items())
    try:
        with ledger_database(state, copy, of=("open_rows", "_refused_rows", "part", "quarantine", "run")) as connection:
            _define(connection, ages, min(max_age_s.values()), resend_limit_s, int(longest_wait.total_seconds()))
            now_s, before_s = int(now.timestamp()), int(before.timestamp())
            found = rows_of(
                connection,
                "select what, model, space, count(*)::bigint as rows, "
                f"count(*) filter (where until < {before_s})::bigint as due_rows, min(until)::bigint as until "
                f"from last_moment where until >= {now_s} group by what, model, space "
                "order by until, what, model, space",
            )
    except duckdb.Error as error:
        raise unreadable(error, state.ledger.name) from error
    return [Deadline(**{**row, "until": datetime.fromtimestamp(row["until"], now.tzinfo)}) for row in found]


def _define(
    connection: duckdb.DuckDBPyConnection, ages: str, least_age_s: int, resend_limit_s: int, longest_wait_s: int
) -> None:
    """Create `last_moment`: a line for each row and each moment that it has."""
    connection.execute(
        "create temp view last_moment as "
        "select case state when 'parked' then 'parked' else 'pending' end as what, open_rows.model, open_rows.space, "
        "open_rows.event_time + age.seconds as until from open_rows join part on part.id = open_rows.part "
        f"join (values {ages}) as age (payload, seconds) on age.payload = part.payload "
        f"union all select '{_RESENDING}', model, space, "
        f"epoch(cast(first_risk_at as timestamp))::bigint + {resend_limit_s} "
        "from open_rows where state <> 'parked' and first_risk_at is not null "
        f"union all select '{_KEEPING}', open_rows.model, open_rows.space, "
        f"epoch(cast(run.started_at as timestamp))::bigint + {longest_wait_s} "
        "from open_rows join run on run.id = open_rows.run where state <> 'parked' "
        "union all select 'dead', model, space, event_time + age.seconds from _refused_rows as row "
        f"join (values {ages}) as age (payload, seconds) on age.payload = row.payload "
        # Refusals that older versions kept do not say until when a row could be sent.
        f"union all select term, model, space, coalesce(sendable_until, event_time + {least_age_s}) from quarantine "
        "where term in ('dead', 'reopened', 'conflicting', 'invalid', 'no_identity') "
        "and not (term = 'dead' and (space, event_key) in (select (space, event_key) from _refused_rows))"
    )
