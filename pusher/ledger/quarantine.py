"""The rows of a plan that are not sent: what the quarantine says about each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pusher.contracts import ColumnOrigin
from pusher.payload.sql import literal, path_list

CONFLICT = (
    "The same event has other material values than before.",
    "TikTok keeps what was sent first: restore it, or leave it. Under another event_id it counts twice.",
)
SEVERAL = "several rows"
"""Detail of rows of one view that are one event and differ; material columns that do follow after a colon."""
SEVERAL_DIFFER = (
    "The view has the event more than once, with different values.",
    "Roll the rows up to one, or give each an event_id of its own.",
)
DUPLICATE = ("The view has this event twice with equal values.", "Nothing to do; one copy is sent.")
UNEXPLAINED = ("planned", "already_sent", "enriched", "suppressed")
"""Terms whose rows the quarantine does not list."""
OUTLIVED = ("accepted", "in_flight", "suppressed")
"""States in which the ledger holds rows outside the window that are not told as too old: an earlier push sent them, or
has frozen them and may have sent them."""
QUARANTINED = "_event_key, _payload_hash, _event, _event_id, _source_id, _event_time, _value, _currency"
"""Columns of a staged row that the quarantine tells."""


@dataclass(frozen=True, slots=True)
class ReasonText:
    """What the quarantine says about one reason number.

    Attributes:
        term: The receipt's term.
        code: Reason code.
        field: Contract column.
        message: What is wrong.
        fix: What to do.
    """

    term: str
    code: str
    field: str
    message: str
    fix: str


def differing_columns(detail: str) -> str:
    """Return the columns in which rows of a view differ that are one event, or the one that makes them one."""
    return detail.removeprefix(SEVERAL).removeprefix(": ") or "event_id"


def origin_table(origins: Mapping[str, ColumnOrigin]) -> str:
    """Return the SQL that makes a temporary table of what makes each contract column."""
    rows = ", ".join(
        f"({literal(field)}, {literal(one.model)}, {literal(one.file)}, {one.line}, {literal(one.sql)})"
        for field, one in origins.items()
    )
    columns = "field, sql_model, sql_file, sql_line, sql_text"
    empty = "select null::varchar, null::varchar, null::varchar, null::bigint, null::varchar where false"
    return f"create temp table origin as select * from ({f'values {rows}' if rows else empty}) as origin ({columns})"


def quarantine_sql(
    outcome: str,
    reasons: Mapping[int, ReasonText],
    told: Sequence[Path],
    *,
    model: str,
    run: str,
    first_seen: str,
    max_age_s: int,
) -> str:
    """Return the query of the rows that are not sent, each with its reason and its remedy.

    It reads the table that `origin_table` makes.

    Args:
        outcome: Query of the staged rows: the columns `QUARANTINED`, `_reason`, and their `term` and `detail`.
        reasons: Reason number to its text.
        told: Quarantine files of earlier plans.
        model: Destination view.
        run: Run id.
        first_seen: ISO moment of the run's start, for rows that no earlier plan set aside.
        max_age_s: Age after which an event is not counted any more.
    """
    texts = ", ".join(
        f"({number}, {literal(text.field)}, {literal(text.message)}, {literal(text.fix)})"
        for number, text in reasons.items()
    )
    reason = f"(values {texts or '(-1, null, null, null)'}) as reason (number, field, message, fix)"
    is_several = f"starts_with(detail, {literal(SEVERAL)})"
    columns = (
        f"case when {is_several} then coalesce(nullif(split_part(detail, ': ', 2), ''), 'event_id') else detail end"
    )
    # A repeated row has no detail.
    code = "coalesce(nullif(detail, ''), term)"
    return (
        f"select {literal(model)} as model, {literal(run)} as run, term, {code} as reason, "
        f"case term when 'conflicting' then {columns} when 'duplicate' then 'event_id' else reason.field end as field, "
        f"case when {is_several} then {literal(SEVERAL_DIFFER[0])} "
        f"when term = 'conflicting' then {literal(CONFLICT[0])} when term = 'duplicate' then {literal(DUPLICATE[0])} "
        "else reason.message end as message, "
        f"case when {is_several} then {literal(SEVERAL_DIFFER[1])} "
        f"when term = 'conflicting' then {literal(CONFLICT[1])} when term = 'duplicate' then {literal(DUPLICATE[1])} "
        "else reason.fix end as fix, "
        "_event as event, _event_id as event_id, _source_id as source_id, _event_time as event_time, "
        "_value as value, _currency as currency, _event_key as event_key, _payload_hash as payload_hash, "
        f"coalesce(seen.first_seen, {literal(first_seen)}) as first_seen, "
        f"_event_time + {max_age_s} as sendable_until, "
        "origin.sql_model, origin.sql_file, origin.sql_line, origin.sql_text "
        f"from ({outcome}) as outcome left join {reason} on reason.number = outcome._reason "
        f"left join origin on origin.field = case term when 'conflicting' then split_part({columns}, ',', 1) "
        "when 'duplicate' then 'event_id' else split_part(reason.field, '.', 1) end "
        f"left join ({_seen_before(model, told)}) as seen on seen.event_id = _event_id and seen.event = _event "
        f"and seen.source_id = _source_id and seen.reason = {code} "
        f"where term not in ({', '.join(literal(term) for term in UNEXPLAINED)}) "
        f"and not (term = 'expired' and detail in ({', '.join(literal(detail) for detail in OUTLIVED)}))"
    )


def _seen_before(model: str, told: Sequence[Path]) -> str:
    """Return the rows that earlier plans of a view set aside, and when the first of them did."""
    facts = "event, event_id, source_id, reason"
    if not told:
        return "select null as event, null as event_id, null as source_id, null as reason, null as first_seen"
    return (
        f"select {facts}, min(first_seen) as first_seen from read_parquet({path_list(told)}, "
        f"union_by_name = true) where model = {literal(model)} and term <> 'dead' group by {facts}"
    )


def new_conflicts_sql(path: Path, known: Sequence[Path]) -> str:
    """Return the query that counts the conflicts of a quarantine file that none of the known files has."""
    seen = "select null::uuid as event_key, null::blob as payload_hash where false"
    if known:
        seen = f"select event_key, payload_hash from read_parquet({path_list(known)}) where term = 'conflicting'"
    return (
        f"select count(*) from read_parquet({literal(path.as_posix())}) as now "
        f"where term = 'conflicting' and not exists (select 1 from ({seen}) as seen "
        "where seen.event_key = now.event_key and seen.payload_hash = now.payload_hash)"
    )
