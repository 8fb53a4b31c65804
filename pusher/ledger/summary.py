"""What `pusher status` shows: the last runs, what became of rows, and what needs a person, each with its remedy."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pusher.ledger.audiences import AudienceStore
from pusher.ledger.left import PIECE, SEARCH_ON, left_rows
from pusher.ledger.members import member_states
from pusher.ledger.opening import unreadable
from pusher.ledger.rows import for_space
from pusher.ledger.state import StateFolder, scratch_folder
from pusher.ledger.store import Store
from pusher.ledger.views import copy_of, ledger_database, rows_of

if TYPE_CHECKING:
    import duckdb

    from pusher.payload.model import Limits

LEAST_HORIZON = timedelta(hours=24)
_FIXES = {
    "pending": "Run `pusher push` again: they are sent, and nothing is sent twice.",
    "refused": SEARCH_ON,
    "parked": "Run `pusher resolve`: did they arrive?",
    "dead": "Correct the rows in their model, then run `pusher retry`, `pusher build` and `pusher push`.",
    "reopened": "Run `pusher build` and `pusher push` once their model gives other values.",
    "conflicting": "TikTok keeps what was sent first: restore it, or leave it. Under another event_id it counts twice.",
    "audience": "Run `pusher push` again: it tells TikTok what is still to be told, or is in doubt.",
    "expiring": "Send or correct them before the next run: after that they are too old to be sent.",
}


@dataclass(frozen=True, slots=True)
class Summary:
    """What `pusher status` shows.

    Attributes:
        ledger_id: Name of the ledger.
        base_url: What it serves.
        runs: Newest runs first: id, command, started, finished (UTC), exit code, and
            the first step that did not end well, or None.
        attention: Rows that need something: what they are (`pending`, `parked`, `dead`, `reopened`, `conflicting`,
            `expiring`), model, key space, rows, the first moment (Unix seconds) after which some cannot be sent any
            more, and the remedy. Of an `audience` also its name and advertiser; its rows are identifiers.
        expiring_before: End of the time that `expiring` looks ahead: when the next run is to be expected.
        open_rows: Rows by model, key space and state that are neither accepted nor refused for good.
        settled_rows: Rows by model, key space and final state.
        quarantined: Rows by model, key space, term and reason.
        audiences: What each view fills: model, name, advertiser, audience, identifiers in it, perhaps in it and taken
            out of it, and when it was told last.
    """

    ledger_id: str
    base_url: str
    runs: list[dict[str, Any]]
    attention: list[dict[str, Any]]
    expiring_before: datetime
    open_rows: list[dict[str, Any]]
    settled_rows: list[dict[str, Any]]
    quarantined: list[dict[str, Any]]
    audiences: list[dict[str, Any]]


def summarise(
    state: StateFolder, *, now: datetime, max_age_s: Mapping[str, int], limits: Mapping[str, Limits]
) -> Summary | None:
    """Return what there is to know at a glance, or None when there is no ledger yet.

    Args:
        state: The state folder.
        now: Current moment.
        max_age_s: Age after which an event is not counted any more, by payload.
        limits: What says until when an unknown batch may be sent again, by the same payloads.

    Raises:
        StateError: The ledger, or a file that it names, cannot be read.
    """
    import duckdb

    copy = copy_of(state)
    if copy is None:
        return None
    try:
        known = {
            payload: (age_s, limits[payload].resend_limit_s, limits[payload].future_grace_s)
            for payload, age_s in max_age_s.items()
        }
        return _summary(state, copy, now, known)
    except duckdb.Error as error:
        raise unreadable(error, state.ledger.name) from error


def _summary(
    state: StateFolder, copy: sqlite3.Connection, now: datetime, seconds: Mapping[str, tuple[int, int, int]]
) -> Summary:
    meta = dict(copy.execute("select name, value from meta").fetchall())
    audiences = _audiences(state, AudienceStore(Store(copy)))
    asked = ("open_rows", "_refused_rows", "batch", "part", "quarantine", "run", "run_steps")
    with ledger_database(state, copy, of=asked) as connection:
        open_rows = rows_of(
            connection,
            "select model, space, state, count(*)::bigint as rows, min(first_risk_at) as since from open_rows "
            "group by model, space, state order by model, space, state",
        )
        settled = rows_of(
            connection,
            "select part.model, part.space, batch.state, sum(batch.rows)::bigint as rows "
            "from batch join part on part.id = batch.part "
            "where batch.state in ('accepted', 'dead', 'expired', 'suppressed') group by all order by all",
        )
        quarantined = rows_of(
            connection,
            "select model, space, term, reason, count(*) as rows, min(fix) as fix from quarantine "
            "group by all order by all",
        )
        quarantined = [{**row, "fix": row["fix"] and for_space(row["fix"], row["space"])} for row in quarantined]
        runs = rows_of(
            connection,
            "select id, command, substr(started_at, 1, 19) as started, substr(finished_at, 1, 19) as finished, "
            "exit_code, (select min_by(step || ' ' || state, number) from run_steps where run_steps.run = run.id "
            "and state in ('failed', 'stopped', 'interrupted')) as failed_step "
            "from run order by started_at desc limit 10",
        )
        before = now + _until_next_run(connection)
        attention = _attention(connection, now=now, before=before, seconds=seconds)
        _tell_refused_batches(copy, attention)
        attention += _unsettled_audiences(copy, audiences)
    return Summary(
        meta.get("ledger_id", ""),
        meta.get("base_url", ""),
        runs,
        attention,
        before,
        open_rows,
        settled,
        quarantined,
        audiences,
    )


def _tell_refused_batches(copy: sqlite3.Connection, attention: list[dict[str, Any]]) -> None:
    """Call pieces of refused batches pending, and say why they were refused."""
    left = {(one.model, one.space): one.told for one in reversed(left_rows(Store(copy))) if one.is_piece}
    for row in attention:
        if row["what"] == "refused":
            row["what"] = "pending"
            row["fix"] += f" {left[row['model'], row['space']]}"


def _audiences(state: StateFolder, audiences: AudienceStore) -> list[dict[str, Any]]:
    """Return what each view fills, and how many identifiers are where."""
    found = []
    with scratch_folder() as folder:
        currents = audiences.currents()
        # Of an audience of files only its owner's line has members, and others have it by share.
        filled = {one.audience_id: one for one in currents if one.method == "file" and audiences.member_files(one)}
        for audience in currents:
            owner = filled.get(audience.audience_id, audience)
            files = [state.root / file.path for file in audiences.member_files(owner)]
            # A push that is running may have merged one meanwhile.
            states = member_states([path for path in files if path.is_file()], folder)
            found.append(
                {
                    "model": audience.model,
                    "name": audience.name,
                    "advertiser_id": audience.advertiser_id,
                    "audience_id": audience.audience_id,
                    "method": audience.method,
                    "inside": states.inside,
                    "maybe": states.maybe,
                    "outside": states.outside,
                    "told_at": None if states.told_at is None else states.told_at.isoformat(timespec="seconds"),
                }
            )
    return found


def _unsettled_audiences(copy: sqlite3.Connection, audiences: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the audiences that the next push has something to tell of."""
    found, refused = _pending(copy), _refused(copy)
    for one in audiences:
        key = one["model"], one["name"], one["advertiser_id"]
        found[key] = max(found.get(key, 0), one["maybe"])
    for *names, rows in copy.execute(
        "select model, name, advertiser_id, sum(change.rows) from audience_change as change "
        "join audience on audience.id = change.audience where settled_at is null group by model, name, advertiser_id"
    ):
        model, name, advertiser_id = names
        found[model, name, advertiser_id] = max(found.get((model, name, advertiser_id), 0), rows)
    return [
        {
            "what": "audience",
            "model": model,
            "space": "",
            "rows": rows,
            "until": None,
            "fix": refused.get((model, name, advertiser_id), _FIXES["audience"]),
            "name": name,
            "advertiser_id": advertiser_id,
        }
        for (model, name, advertiser_id), rows in sorted(found.items())
        if rows
    ]


def _pending(copy: sqlite3.Connection) -> dict[tuple[str, str, str], int]:
    """Return the identifiers that were still to be told after the last run about each audience."""
    pushed: dict[tuple[str, str, str], int] = {}
    forgotten: dict[tuple[str, str, str], int] = {}
    told: set[str] = set()
    for command, listed in copy.execute(
        "select command, json_extract(receipt, '$.audiences') from run where receipt is not null "
        "order by started_at desc, rowid desc"
    ):
        lines = json.loads(listed or "[]")
        for line in lines:
            key = line["model"], line["name"], line["advertiser_id"]
            if command == "forget":
                # It tells nobody but who is forgotten, so that what the push before it left has still to be told.
                if key not in pushed:
                    forgotten.setdefault(key, _pending_deletes(line))
                continue
            # A newer push of the view did not name this advertiser or name any more: nobody is to be added there.
            adds = 0 if line["model"] in told else line["pending_adds"]
            pushed.setdefault(key, adds + _pending_deletes(line))
        if command != "forget":
            told |= {line["model"] for line in lines}
    return {key: max(pushed.get(key, 0), forgotten.get(key, 0)) for key in pushed | forgotten}


def _refused(copy: sqlite3.Connection) -> dict[tuple[str, str, str], str]:
    """Return what is to be done about the audiences that TikTok refused in the newest push about them."""
    found: dict[tuple[str, str, str], str] = {}
    for (listed,) in copy.execute(
        "select json_extract(receipt, '$.audiences') from run where receipt is not null and command <> 'forget' "
        "order by started_at desc, rowid desc"
    ):
        for line in json.loads(listed or "[]"):
            problem = line.get("problem") or {}
            is_refusal = str(problem.get("code")).startswith("tiktok-")
            fix = problem.get("fix") if is_refusal else None
            found.setdefault((line["model"], line["name"], line["advertiser_id"]), fix or "")
    return {key: fix for key, fix in found.items() if fix}


def _pending_deletes(line: Mapping[str, Any]) -> int:
    """Return who is still to be taken out by a line of a receipt; older ones know nobody who leaves to be sure."""
    return int(line["pending_deletes"] + line.get("pending_unknown_deletes", 0))


def _until_next_run(connection: duckdb.DuckDBPyConnection) -> timedelta:
    """Return the time between the last two pushes, a day at least."""
    starts = connection.execute(
        "select started_at from run where command = 'push' order by started_at desc limit 2"
    ).fetchall()
    moments = [datetime.fromisoformat(row[0]) for row in starts]
    apart = [newer - older for newer, older in pairwise(moments)]
    return max([LEAST_HORIZON, *apart])


def _attention(
    connection: duckdb.DuckDBPyConnection,
    *,
    now: datetime,
    before: datetime,
    seconds: Mapping[str, tuple[int, int, int]],
) -> list[dict[str, Any]]:
    listed = [
        f"('{payload}', {age_s}, {resend_s}, {grace_s})" for payload, (age_s, resend_s, grace_s) in seconds.items()
    ]
    values = ", ".join(listed) or "('', 0, 0, 0)"
    known = f"(values {values}) as known (payload, age_s, resend_s, grace_s)"
    now_s, before_s = int(now.timestamp()), int(before.timestamp())
    connection.execute(
        "create temp view need as with waiting as ("
        "select open_rows.*, known.*, epoch(cast(first_risk_at as timestamp)) as risk_s "
        f"from open_rows join part on part.id = open_rows.part left join {known} on known.payload = part.payload), "
        # What is in doubt for too long, or nobody knows for how long, is not sent again: the next push parks it.
        f"judged as (select *, state = 'parked' or coalesce(risk_s + resend_s <= {now_s} "
        f"or risk_s > {now_s} + grace_s, false) as is_parked from waiting) "
        f"select case when is_parked then 'parked' when batch in (select id from batch where {PIECE}) then 'refused' "
        "else 'pending' end as what, model, space, "
        "least(event_time + age_s, case when not is_parked then risk_s + resend_s end) as until from judged "
        "union all select 'dead', model, space, event_time + known.age_s from _refused_rows as row "
        f"left join {known} on known.payload = row.payload "
        "union all select term, model, space, sendable_until from quarantine "
        "where term in ('dead', 'reopened', 'conflicting') "
        "and not (term = 'dead' and (space, event_key) in (select (space, event_key) from _refused_rows)) "
        "union all select 'correctable', model, space, sendable_until from quarantine "
        "where term in ('invalid', 'no_identity')"
    )
    order = ", ".join(f"'{what}'" for what in _FIXES)
    found = rows_of(
        connection,
        "with listed as ("
        "select what, model, space, until from need where what <> 'correctable' "
        # No `retry` lets go of what TikTok would not count any more.
        f"and (what not in ('dead', 'reopened') or coalesce(until, {now_s}) >= {now_s}) union all "
        "select 'expiring', model, space, until from need "
        f"where what not in ('conflicting') and until >= {now_s} and until < {before_s}) "
        f"select what, model, space, count(*)::bigint as rows, min(until) filter (where until >= {now_s})::bigint as "
        f"until from listed group by what, model, space order by list_position([{order}], what), model, space",
    )
    return [{**row, "fix": for_space(_FIXES[row["what"]], row["space"])} for row in found]
