"""The contract as SQL: what each column of a view becomes, and why a row is refused.

A view is read through two layers. The first casts each column to its field's type; a value that cannot be
cast, an empty text and an identifier that identifies nobody become NULL. The second gives each row the number
of the first reason against it, or NULL. `projection` builds on both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pusher.payload.casts import as_text, count_dropped, item_control_case, item_fault_case, item_list, typed_value
from pusher.payload.characters import SUSPICIOUS
from pusher.payload.model import Field, Payload
from pusher.payload.reasons import NOT_DIGESTS, SOURCE_ID, TIME_GIVEN, VALUE_GIVEN, Reason, all_reasons
from pusher.payload.row_warnings import VALUE_ROUNDED, RowWarning, all_warnings, warning_bits
from pusher.payload.shared import Shared, count_columns, junk_with, shared_reason
from pusher.payload.sql import identifier, literal
from pusher.payload.types import SqlType

GIVEN = "_given"
DROPPED = "_dropped_identifiers"


@dataclass(frozen=True, slots=True)
class RowChecks:
    """How the rows of one view are read and judged.

    Attributes:
        payload: The payload.
        typed: Column name to SQL expression of the first layer.
        counted: Names and expressions over the typed columns: how many identifiers the casts left out.
        fields: Fields that the view provides, by canonical name.
        reasons: Reasons in the order in which they are tried; their number is the place in this tuple.
        warnings: What may be odd about rows that are sent; their bit is the place in this tuple.
    """

    payload: Payload
    typed: Mapping[str, str]
    counted: Mapping[str, str]
    fields: Mapping[str, Field]
    reasons: tuple[Reason, ...]
    warnings: tuple[RowWarning, ...]

    def typed_sql(self, relation: str) -> str:
        """Return the first layer over a relation."""
        columns = ",\n    ".join(f"{sql} as {identifier(name)}" for name, sql in self.typed.items())
        counts = ", ".join(f"{sql} as {identifier(name)}" for name, sql in self.counted.items())
        return f"select *, {counts} from (select\n    {columns}\nfrom {relation}) as given"

    def reason_sql(self) -> str:
        """Return the expression that numbers the first reason against a row."""
        if not self.reasons:
            return "cast(null as smallint)"
        cases = " ".join(f"when {reason.condition} then {number}" for number, reason in enumerate(self.reasons))
        return f"cast(case {cases} end as smallint)"

    def warnings_sql(self) -> str:
        """Return the expression of a row's warnings as bits; NULL for a row that is not sent, or has none."""
        return f"case when _reason is null then {warning_bits(self.warnings)} end"


def _typed(
    payload: Payload, columns: Mapping[str, SqlType], fields: Mapping[str, str], source_id: str | None
) -> tuple[dict[str, str], dict[str, str]]:
    typed: dict[str, str] = {}
    not_digests: list[str] = []
    dropped: list[str] = []
    for canonical, name in fields.items():
        field = payload.field(canonical)
        type_ = columns[name]
        if field is None or field.type in {"items", "source_id"}:
            continue
        column = identifier(name)
        typed[canonical] = typed_value(field, column, type_, payload)
        if (field.holds_digests or field.type == "ip") and type_.family != "null":
            # Only what a row needs to be matched by makes it a row without digests.
            counted = not_digests if field.holds_digests and canonical in payload.identity else dropped
            given = f"{GIVEN}_{canonical}"
            typed[given] = column
            counted.append(count_dropped(identifier(canonical), identifier(given), type_))
    items = item_list(payload, columns)
    if items is not None:
        typed["contents"] = items[0]
    setting = f"cast({literal(source_id)} as varchar)"
    if payload.source_id.column in fields:
        name = fields[payload.source_id.column]
        value = f"nullif(trim({as_text(identifier(name), columns[name])}), '')"
        typed[SOURCE_ID] = f"coalesce({value}, {setting})"
    else:
        typed[SOURCE_ID] = setting
    if "event_time" in fields:
        typed[TIME_GIVEN] = f"{identifier(fields['event_time'])} is not null"
    if "value" in fields:
        value = identifier(fields["value"])
        typed[VALUE_GIVEN] = f"{value} is not null"
        if columns[fields["value"]].family == "float":
            # A sum such as 0.1 + 0.2 loses nothing that anybody meant.
            typed[VALUE_ROUNDED] = f"abs({value} - round({value}, 6)) > 1e-9 * greatest(abs({value}), 1)"
    counts = {
        NOT_DIGESTS: f"cast({' + '.join(not_digests) or '0'} as integer)",
        DROPPED: f"cast({' + '.join(not_digests + dropped) or '0'} as integer)",
    }
    return typed, counts


def row_checks(
    payload: Payload,
    columns: Mapping[str, SqlType],
    *,
    source_id: str | None,
    now_s: int,
    pixel_window: bool = False,
    oldest_s: int | None = None,
    shared: Sequence[Shared] = (),
) -> RowChecks:
    """Work out how a view's rows are cast and judged.

    Args:
        payload: What the view is pushed as.
        columns: The view's column names and types.
        source_id: Event source id from the settings, or None.
        now_s: The run's clock in Unix seconds.
        pixel_window: Refuse web events that the pixel reported longer ago than TikTok merges.
        oldest_s: Events before this Unix second are expired whatever the clock says, or None.
        shared: Identifiers that are nobody's own, by column.

    Returns:
        Expressions and reasons; nothing is run.
    """
    fields: dict[str, str] = {}
    for name in columns:
        field = payload.columns.get(name)
        known = field is not None and payload.event_source in (field.sources or (payload.event_source,))
        if field is not None and known and field.column not in fields:
            fields[field.column] = name
    if shared:
        payload = replace(payload, junk_digests=junk_with(payload.junk_digests, shared))
    typed, counted = _typed(payload, columns, fields, source_id)
    # A cast leaves them out, so they are counted as the view gives them.
    counted |= count_columns(shared, {name: (f"{GIVEN}_{name}", columns[given]) for name, given in fields.items()})
    max_age_s = payload.longest_age_s(pixel_window=pixel_window)
    reasons = all_reasons(
        payload, columns, fields, source_id=source_id, now_s=now_s, max_age_s=max_age_s, oldest_s=oldest_s
    )
    dropped = [one for one in shared if one.is_dropped]
    place = next((number for number, one in enumerate(reasons) if one.code == "not-a-digest"), None)
    if dropped and place is not None:
        left = [identifier(name) for name in payload.identity if name in fields]
        reasons.insert(place, shared_reason(dropped, " and ".join(f"{name} is null" for name in left)))
    provided = {name: field for name in fields if (field := payload.field(name)) is not None}
    return RowChecks(
        payload=payload,
        typed=typed,
        counted=counted,
        fields=provided,
        reasons=tuple(reasons),
        warnings=(*all_warnings(payload, typed, now_s=now_s), *(one.warning for one in shared)),
    )


def item_fault_sql(checks: RowChecks, columns: Mapping[str, SqlType]) -> str | None:
    """Return the expression that numbers the first fault among a row's items, or None without items."""
    items = item_list(checks.payload, columns)
    if items is None:
        return None
    fault, control = (case(checks.payload, items[1]) for case in (item_fault_case, item_control_case))
    highest = "list_max(list_transform(contents, lambda i: {}))".format
    return f"greatest(coalesce({highest(fault)}, 0), case when {SUSPICIOUS} then {highest(control)} end)"
