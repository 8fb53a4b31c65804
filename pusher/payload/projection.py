"""The SQL that turns a destination view into rows ready to freeze, and the SQL that counts its faults.

A staged row carries its key and the facts that the receipt needs in columns that start with an underscore,
and beside them the JSON row as nested columns. A row that is not sent keeps no identifier: its nested columns
are NULL.
"""

from __future__ import annotations

from collections.abc import Mapping

from pusher.payload.casts import MAX_NUMBER
from pusher.payload.checks import DROPPED, RowChecks, item_fault_sql
from pusher.payload.cleaning import cleaned_sql
from pusher.payload.digests import ITEMS, event_key, payload_text
from pusher.payload.reasons import ITEM_FAULT, SOURCE_ID
from pusher.payload.sql import identifier, uuid_of_hex
from pusher.payload.types import SqlType

PROJECTION_VERSION = 1
"""Goes into every batch's encoder id: recovery must nest rows as the first attempt did."""


def _checked_sql(checks: RowChecks, columns: Mapping[str, SqlType], relation: str) -> str:
    """Clean the typed columns, and add the reason."""
    typed = cleaned_sql(checks, columns, checks.typed_sql(relation))
    fault = item_fault_sql(checks, columns)
    if fault is not None:
        typed = f"select *, {fault} as {ITEM_FAULT} from ({typed}) as typed"
    return f"select *, {checks.reason_sql()} as _reason from ({typed}) as judged"


def _nest(checks: RowChecks) -> dict[str, str]:
    """Return the top-level JSON names and the expressions that build them."""
    flat: dict[str, str] = {}
    groups: dict[str, dict[str, str]] = {}
    names = [*checks.fields, *(["contents"] if "contents" in checks.typed and "contents" not in checks.fields else [])]
    for name in names:
        field = checks.payload.field(name)
        if field is None or not field.path or name not in checks.typed:
            continue
        head, _, rest = field.path.partition(".")
        if rest:
            groups.setdefault(head, {})[rest] = name
        else:
            flat[head] = identifier(name)
    nested = {head: f"case when _reason is null then {sql} end" for head, sql in flat.items()}
    for head, members in groups.items():
        present = " or ".join(f"{identifier(name)} is not null" for name in members.values())
        packed = ", ".join(f"{identifier(key)} := {identifier(name)}" for key, name in members.items())
        nested[head] = f"case when _reason is null and ({present}) then struct_pack({packed}) end"
    return nested


def payload_columns(checks: RowChecks) -> list[str]:
    """Return the top-level JSON names of a staged row, in the order in which they are encoded."""
    return list(_nest(checks))


def staged_sql(checks: RowChecks, columns: Mapping[str, SqlType], relation: str) -> str:
    """Return the query whose rows are frozen.

    Args:
        checks: How the view is read and judged.
        columns: The view's columns and types.
        relation: The view, quoted.

    Returns:
        One row per row of the view: `_reason` is NULL for a row that may be sent.
    """
    provided = checks.typed
    inner = _checked_sql(checks, columns, relation)
    value = "cast(null as decimal(38, 9))"
    if "value" in provided:
        value = f"case when value > -{MAX_NUMBER} and value < {MAX_NUMBER} then cast(value as decimal(38, 9)) end"
    # Only tells which column differs; the payload's own digest covers the items too.
    contents = uuid_of_hex(f"md5({ITEMS})") if "contents" in provided else "cast(null as uuid)"

    def text(name: str) -> str:
        return name if name in provided else "cast(null as varchar)"

    facts = {
        "_event_key": f"case when _reason is null then {event_key(checks.payload)} end",
        # Not inside CASE: DuckDB computes what two columns share only once, but never looks into a CASE for it.
        "_payload_hash": f"unhex(sha256({payload_text(checks, columns)} || case when _reason is null then '' end))",
        "_contents_hash": contents,
        "_event_time": "event_time" if "event_time" in provided else "cast(null as bigint)",
        "_value": f"case when value > -{MAX_NUMBER} and value < {MAX_NUMBER} then {value} end"
        if "value" in provided
        else value,
        "_currency": text("currency"),
        "_event": text("event"),
        "_event_id": text("event_id"),
        "_source_id": SOURCE_ID,
        "_shop_id": text("shop_id"),
        "_event_channel": text("event_channel"),
        "_brand": text("brand"),
        "_num_items": "cast(num_items as bigint)" if "num_items" in provided else "cast(null as bigint)",
        "_reason": "_reason",
        "_warnings": checks.warnings_sql(),
        "_dropped_identifiers": DROPPED,
    }
    chosen = [f"{sql} as {identifier(name)}" for name, sql in (facts | _nest(checks)).items()]
    return "select\n    " + ",\n    ".join(chosen) + f"\nfrom ({inner}) as checked"


def fault_counts_sql(checks: RowChecks, columns: Mapping[str, SqlType], relation: str) -> str:
    """Return the query that counts a view's rows by reason, with duplicate keys, dropped identifiers and warnings.

    Returns:
        SQL with the columns reason (NULL for good rows), rows, distinct events or members, distinct events whose ids
        differ in more than case and spaces, dropped identifiers, and the rows of each warning.
    """
    key = folded = SOURCE_ID
    if checks.payload.kind == "audience":
        # Two customers with the same identifiers are one member.
        names = (name for name in checks.payload.identity if name in checks.typed)
        key = folded = ", ".join((SOURCE_ID, *map(identifier, names)))
    elif {"event", "event_id"} <= set(checks.typed):
        key = f"{SOURCE_ID}, event, event_id"
        folded = f"{SOURCE_ID}, event, lower(replace(event_id, ' ', ''))"
    warned = "".join(f", count(*) filter (where {one.condition})" for one in checks.warnings)
    return (
        f"select _reason, count(*), count(distinct case when _reason is null then hash({key}) end), "
        f"count(distinct case when _reason is null then hash({folded}) end), "
        f"cast(sum({DROPPED}) as bigint){warned} "
        f"from ({_checked_sql(checks, columns, relation)}) as checked group by _reason order by _reason"
    )
