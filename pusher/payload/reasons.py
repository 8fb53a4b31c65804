"""Why a row is not sent: what each reason says and the SQL that is true for such a row.

The conditions read the typed columns that `checks` builds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pusher.payload.casts import MAX_NUMBER, item_list, items_size
from pusher.payload.characters import in_suspicious_row, matches_control
from pusher.payload.model import Field, Payload
from pusher.payload.sql import identifier, listing, literal
from pusher.payload.types import SqlType

NOT_DIGESTS = "_not_digests"
TIME_GIVEN = "_time_given"
VALUE_GIVEN = "_value_given"
ITEM_FAULT = "_item_fault"
SOURCE_ID = "_source_id"
# What a time in another unit is when it is read as seconds: any moment from 2001 to 2100.
_OTHER_UNITS = (
    ("milliseconds", 978_307_200_000, 4_102_444_800_000, "Divide it by 1,000, or read it with epoch_ms()."),
    ("microseconds", 978_307_200_000_000, 4_102_444_800_000_000, "Divide it by 1,000,000, or use make_timestamp()."),
    ("nanoseconds", 978_307_200_000_000_000, 4_102_444_800_000_000_000, "Use make_timestamp_ns()."),
    ("Excel days", 36_892, 73_051, "Count the days from 1899-12-30: timestamp '1899-12-30' + days * interval 1 day."),
)
_DIGEST_BYTES = 67  # with quotes and comma


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a row is not sent.

    Attributes:
        code: Stable kebab-case name.
        field: Column of the contract.
        term: The receipt's term: `invalid`, `no_identity` or `expired`.
        message: What is wrong, without the value.
        fix: What to do.
        condition: SQL over the typed columns that is true for such a row.
    """

    code: str
    field: str
    term: str
    message: str
    fix: str
    condition: str


def all_reasons(
    payload: Payload,
    columns: Mapping[str, SqlType],
    fields: Mapping[str, str],
    *,
    source_id: str | None,
    now_s: int,
    max_age_s: int,
    oldest_s: int | None,
) -> list[Reason]:
    """Return the reasons in the order in which they are tried.

    Args:
        payload: What the view is pushed as.
        columns: The view's column names and types.
        fields: Canonical name of each field that the view provides, and its column.
        source_id: Event source id from the settings, or None.
        now_s: The run's clock in Unix seconds.
        max_age_s: Age after which an event is not counted any more.
        oldest_s: Events before this Unix second are expired whatever the clock says, or None.
    """
    reasons = _time_reasons(payload, now_s, max_age_s, oldest_s) if "event_time" in fields else []
    reasons += _identity_reasons(payload, fields)
    reasons += _source_reasons(payload, fields, source_id)
    reasons += _field_reasons(payload, fields)
    reasons += _money_reasons(fields)
    items = item_list(payload, columns)
    if items is not None:
        reasons += _item_reasons(payload, items[1])
    return reasons + _size_reasons(payload, columns, fields)


def _time_reasons(payload: Payload, now_s: int, max_age_s: int, oldest_s: int | None = None) -> list[Reason]:
    limits = payload.limits
    year_s = 366 * 86_400
    earliest_s = limits.earliest_time_s if now_s - year_s > limits.earliest_time_s else now_s - 10 * year_s
    why = f"older than {max_age_s // 86_400} days; TikTok would not count it"
    if max_age_s < limits.max_age_s:
        why = f"older than {max_age_s // 3_600} hours; the pixel reported it too long ago for TikTok to drop a copy"
    return [
        Reason(
            "event-time-missing",
            "event_time",
            "invalid",
            "The row has no event_time.",
            "Fill event_time in the model.",
            f"not {TIME_GIVEN}",
        ),
        Reason(
            "event-time-unreadable",
            "event_time",
            "invalid",
            "event_time is not a moment with a zone.",
            "Convert it to a naive UTC TIMESTAMP, or to ISO 8601 text with Z or an offset.",
            "event_time is null",
        ),
        *(
            Reason(
                f"event-time-{unit.partition(' ')[0].lower()}",
                "event_time",
                "invalid",
                f"event_time lies outside 2020 to tomorrow and looks like {unit}.",
                fix,
                f"event_time between {first} and {last}",
            )
            for unit, first, last, fix in _OTHER_UNITS
        ),
        Reason(
            "event-time-implausible",
            "event_time",
            "invalid",
            "event_time lies outside 2020 to tomorrow.",
            "Give the moment of the event as TIMESTAMP in UTC, or in seconds since 1970.",
            f"event_time < {earliest_s} or event_time > {now_s + 86_400}",
        ),
        Reason(
            "event-time-in-future",
            "event_time",
            "invalid",
            f"event_time is more than {limits.future_grace_s // 60} minutes in the future.",
            "Check the time zone of the source column.",
            f"event_time > {now_s + limits.future_grace_s}",
        ),
        Reason(
            "too-old",
            "event_time",
            "expired",
            f"The event is {why}.",
            "Nothing to do; send events within the window.",
            f"event_time < {max(now_s - max_age_s, oldest_s or 0)}",
        ),
    ]


def _identity_reasons(payload: Payload, fields: Mapping[str, str]) -> list[Reason]:
    present = [name for name in payload.identity if name in fields]
    if not present or not payload.identity_required:
        return []
    nothing = " and ".join(f"{identifier(name)} is null" for name in present)
    names = " or ".join(payload.identity[:2])
    return [
        Reason(
            "not-a-digest",
            present[0],
            "invalid",
            "No identifier of the row is a SHA-256 digest in 64 hex digits.",
            "Hash it with the macros in macros/identity/.",
            f"{NOT_DIGESTS} > 0 and {nothing}",
        ),
        Reason(
            "no-identity",
            present[0],
            "no_identity",
            "The row has no identifier that TikTok could match.",
            f"Nothing to do unless the source knows {names} of the customer.",
            nothing,
        ),
    ]


def _enum_reason(payload: Payload, field: Field) -> Reason | None:
    if field.enum is None or field.enum == "currencies" or field.type == "grouping":
        return None
    if payload.event_source in field.enum_open:
        return None
    enum = payload.enums[field.enum]
    old = {rename.old for rename in enum.renames if rename.new is None}
    allowed = listing(sorted({*enum.values, *old}))
    return Reason(
        f"{field.column.replace('_', '-')}-unknown",
        field.column,
        "invalid",
        f"{field.column} is none of the contract's values.",
        f"Use one of: {', '.join(enum.values)}.",
        f"{identifier(field.column)} not in {allowed}",
    )


def _control_reason(name: str, condition: str) -> Reason:
    return Reason(
        f"{name.replace('_', '-')}-control-character",
        name,
        "invalid",
        f"{name} holds a control character or a mark of direction.",
        "Correct it where it is made: an id is never changed on its way.",
        in_suspicious_row(condition),
    )


def _field_reasons(payload: Payload, fields: Mapping[str, str]) -> list[Reason]:
    reasons = []
    for canonical in fields:
        field = payload.field(canonical)
        if field is None or field.type in {"items", "source_id", "time", "grouping"}:
            continue
        name = identifier(canonical)
        label = canonical.replace("_", "-")
        if payload.event_source in field.required_by:
            reasons.append(
                Reason(
                    f"{label}-missing",
                    canonical,
                    "invalid",
                    f"The row has no {canonical}.",
                    f"Fill {canonical} in the model: {field.doc}",
                    f"{name} is null",
                )
            )
        if field.type == "id" or (field.column == "event" and payload.event_source in field.enum_open):
            reasons.append(_control_reason(canonical, matches_control(name)))
        if (reason := _enum_reason(payload, field)) is not None:
            reasons.append(reason)
        if field.minimum is not None:
            reasons.append(
                Reason(
                    f"{label}-negative",
                    canonical,
                    "invalid",
                    f"{canonical} is below {field.minimum}.",
                    "Set the var refund_policy to drop or net, or leave refunds out of the model.",
                    f"{name} < {field.minimum}",
                )
            )
        if field.maximum is not None:
            reasons.append(
                Reason(
                    f"{label}-too-large",
                    canonical,
                    "invalid",
                    f"{canonical} is above {field.maximum}.",
                    f"Correct it in the model: {field.doc}",
                    f"{name} > {field.maximum}",
                )
            )
        is_closed = field.enum is not None and (
            field.enum == "currencies" or payload.event_source not in field.enum_open
        )
        if field.type in {"text", "id"} and not is_closed:
            reasons.append(
                Reason(
                    f"{label}-too-long",
                    canonical,
                    "invalid",
                    f"{canonical} is longer than {payload.limits.max_field_bytes:,} bytes.",
                    "Shorten it in the model.",
                    f"strlen({name}) > {payload.limits.max_field_bytes}",
                )
            )
    return reasons


def _money_reasons(fields: Mapping[str, str]) -> list[Reason]:
    reasons = []
    if "value" in fields:
        reasons.append(
            Reason(
                "value-not-finite",
                "value",
                "invalid",
                "value is not a finite number below 10^15.",
                "Guard divisions with nullif(..., 0) and casts with a pattern.",
                f"{VALUE_GIVEN} and (value is null or value >= {MAX_NUMBER} or value <= -{MAX_NUMBER})",
            )
        )
        missing = "currency is null" if "currency" in fields else "true"
        reasons.append(
            Reason(
                "currency-missing",
                "currency",
                "invalid",
                "The row has a value but no currency.",
                "Fill currency in the model; there is no default.",
                f"value is not null and {missing}",
            )
        )
    if "currency" in fields:
        reasons.append(
            Reason(
                "currency-malformed",
                "currency",
                "invalid",
                "currency is not three letters.",
                "Use the ISO 4217 code, such as EUR.",
                "not regexp_full_match(currency, '[A-Z]{3}')",
            )
        )
    return reasons


def _item_reasons(payload: Payload, types: Mapping[str, SqlType]) -> list[Reason]:
    limits = payload.limits
    reasons = [
        Reason(
            "contents-too-many",
            "contents",
            "invalid",
            f"contents has more than {limits.max_items} items.",
            "Group the items, or send the event without contents.",
            f"len(contents) > {limits.max_items}",
        )
    ]
    for number, field in enumerate(payload.item_fields, start=1):
        if field.column not in types:
            continue
        reasons.append(
            Reason(
                f"contents-{field.column.replace('_', '-')}",
                f"contents.{field.column}",
                "invalid",
                f"An item's {field.column} is missing or not allowed.",
                f"Correct or leave out the item in the roll-up: {field.doc}",
                f"{ITEM_FAULT} = {number}",
            )
        )
    return reasons


def _size_reasons(payload: Payload, columns: Mapping[str, SqlType], fields: Mapping[str, str]) -> list[Reason]:
    """Bound what single columns leave open: lists, and the row as a whole."""
    limits, sizes, reasons = payload.limits, [], []
    is_open = False
    for name, given in fields.items():
        field, column = payload.field(name), identifier(name)
        family = columns[given].family
        if field is None or family == "null":
            continue
        is_open = is_open or family == "list"
        if field.type == "texts":
            held = f"list_contains(list_transform({column}, lambda t: {matches_control('t')}), true)"
            reasons.append(_control_reason(name, held))
            reasons.append(
                Reason(
                    f"{name.replace('_', '-')}-too-long",
                    name,
                    "invalid",
                    f"{name} has more than {limits.max_items} values, or one of more than "
                    f"{limits.max_field_bytes:,} bytes.",
                    "Shorten it in the model.",
                    f"len({column}) > {limits.max_items} "
                    f"or list_max(list_transform({column}, lambda t: strlen(t))) > {limits.max_field_bytes}",
                )
            )
            sizes.append(f"coalesce(strlen(array_to_string({column}, '')), 0)")
        elif field.holds_digests:
            sizes.append(
                f"coalesce(len({column}), 0) * {_DIGEST_BYTES}"
                if columns[given].family == "list"
                else str(_DIGEST_BYTES)
            )
        elif field.type in {"text", "id"}:
            sizes.append(f"coalesce(strlen({column}), 0)")
    if item_list(payload, columns) is not None:
        # Few items cannot fill a row, and to count the bytes of many takes time.
        few = limits.max_row_bytes // (len(payload.item_fields) * limits.max_field_bytes)
        sizes.append(f"case when len(contents) > {few} then {items_size(payload, columns)} else 0 end")
    # Without a list the limits of the fields keep the row small.
    if is_open:
        reasons.append(
            Reason(
                "row-too-large",
                next(name for name, given in fields.items() if columns[given].family == "list"),
                "invalid",
                f"The row is larger than {limits.max_row_bytes:,} bytes.",
                "Shorten its texts, group its items, or leave identifiers out.",
                f"{' + '.join(sizes)} > {limits.max_row_bytes}",
            )
        )
    return reasons


def _source_reasons(payload: Payload, fields: Mapping[str, str], source_id: str | None) -> list[Reason]:
    name = payload.source_id.column
    # What the setting says is judged once, not row by row.
    value = SOURCE_ID if name in fields else f"cast({literal(source_id)} as varchar)"
    fix = f"Set {payload.source_id_setting} in profiles.yml, or fill {name} in the model. {payload.source_id.doc}"
    pattern = literal(payload.source_id_pattern)
    return [
        Reason(
            "source-id",
            name,
            "invalid",
            f"{name} is missing or not in its form.",
            fix,
            f"{value} is null or not regexp_matches({value}, {pattern})",
        )
    ]
