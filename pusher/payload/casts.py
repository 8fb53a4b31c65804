"""How a column of any accepted type becomes a value of its field: one SQL expression for each field type.

A value that cannot be cast, an empty text and an identifier that identifies nobody become NULL; `checks` decides
what a NULL means for the row.
"""

from __future__ import annotations

from collections.abc import Mapping

from pusher.payload.characters import is_visible, matches_control
from pusher.payload.model import Field, Payload
from pusher.payload.sql import identifier, literal
from pusher.payload.types import SqlType

MAX_NUMBER = "1e15"
FEW = 3
_NUMBER_BYTES = 20
# Private and other addresses that are not reachable from outside (RFC 1918, 3927, 4193, 4291, 6598).
_PRIVATE_IP = (
    r"^(0|10|127)\.|^192\.168\.|^169\.254\.|^172\.(1[6-9]|2[0-9]|3[01])\.|^100\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\."
    r"|^22[4-9]\.|^2[345][0-9]\.|^::1?$|^f[cdef]"
)
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_GROUP = "[0-9a-f]{1,4}"
# `::` stands for at least one group, wherever it is; IPv4 inside IPv6 is not public and has no form here.
_IP_FORM = "|".join(
    (
        rf"^({_OCTET}\.){{3}}{_OCTET}$",
        f"^({_GROUP}:){{7}}{_GROUP}$",
        f"^({_GROUP}:){{1,7}}:$",
        f"^:(:{_GROUP}){{1,7}}$",
        *(f"^({_GROUP}:){{1,{before}}}(:{_GROUP}){{1,{7 - before}}}$" for before in range(1, 7)),
        "^::$",
    )
)
_ISO_WITH_ZONE = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
)


def as_text(column: str, type_: SqlType) -> str:
    """Return a text column as it is, any other cast to text."""
    return column if type_.text.upper() == "VARCHAR" else f"cast({column} as varchar)"


def _digest_is_good(value: str, payload: Payload) -> str:
    # To read the digits takes half the time of a regular expression, and takes capitals too.
    hexadecimal = f"strlen({value}) = 64 and try(unhex({value})) is not null and {value} = lower({value})"
    # NOT IN with this many values becomes a join for each place where it stands, and CASE costs more in a lambda.
    junk = ", ".join(literal(digest) for digest in payload.junk_digests)
    return f"{hexadecimal} and not list_contains([{junk}], {value})"


def _is_clean_list(column: str, payload: Payload) -> str:
    """Say that a list of few digests would stay as it is: each good, and greater than the one before."""
    bad = f"list_contains(list_transform({column}, lambda d: coalesce({_digest_is_good('d', payload)}, false)), false)"
    rising = " ".join(
        f"when {length} then " + " and ".join(f"{column}[{n}] < {column}[{n + 1}]" for n in range(1, length))
        for length in range(2, FEW + 1)
    )
    return f"not {bad} and case len({column}) when 1 then true {rising} else false end"


def _digests(column: str, type_: SqlType, payload: Payload) -> str:
    if type_.family == "list":
        item = f"lower(trim({as_text('d', type_.item or type_)}))"
        good = _digest_is_good("d", payload)
        cleaned = f"list_distinct(list_filter(list_transform({column}, lambda d: {item}), lambda d: {good}))"
        every = f"nullif(list_sort({cleaned}), [])"
        if type_.text.upper() != "VARCHAR[]":
            return every
        # Most lists hold a few clean digests in order; functions that make a list anew cost several times as much.
        kept = f"when {column} is null then null when {_is_clean_list(column, payload)} then {column}"
        return f"case {kept} else {every} end"
    text = as_text(column, type_)
    value = f"lower(trim({text}))"
    # Nearly every digest is clean as it is, and to clean it costs as much as to look at it.
    as_it_is = f"when {_digest_is_good(text, payload)} then {text}"
    return f"case {as_it_is} when {_digest_is_good(value, payload)} then {value} end"


def _time(column: str, type_: SqlType) -> str:
    match type_.family:
        case "integer":
            return f"try_cast({column} as bigint)"
        case "text":
            value = f"upper({as_text(column, type_)})"
            moment = f"try_cast({value} as timestamptz)"
            return (
                f"case when regexp_matches({value}, {literal(_ISO_WITH_ZONE)}) "
                f"then cast(epoch(date_trunc('second', {moment})) as bigint) end"
            )
        case _ if type_.text.upper() == "TIMESTAMP_NS":
            # date_trunc() would round it to microseconds first, and so into the next second.
            return f"case when isfinite({column}) then epoch_ns({column}) // 1000000000 end"
        case _:
            return f"case when isfinite({column}) then cast(epoch(date_trunc('second', {column})) as bigint) end"


def _number(column: str, type_: SqlType) -> str:
    if type_.family == "float":
        return f"case when abs({column}) < {MAX_NUMBER} then cast(round({column}, 6) as decimal(38, 6)) end"
    if type_.text.upper() in {"HUGEINT", "UHUGEINT"}:
        return f"try_cast({column} as decimal(38, 0))"
    return column


def _integer(column: str, type_: SqlType) -> str:
    if type_.family == "integer":
        return f"try_cast({column} as bigint)"
    return f"case when {column} = floor({column}) then try_cast({column} as bigint) end"


def _texts(column: str, type_: SqlType) -> str:
    if type_.family != "list":
        value = as_text(column, type_)
        return f"case when {is_visible(value)} then [{value}] end"
    item = as_text("t", type_.item or type_)
    filtered = f"list_filter(list_transform({column}, lambda t: {item}), lambda t: {is_visible('t')})"
    return f"nullif({filtered}, [])"


def is_ip(value: str) -> str:
    """Return the condition that a text in lower case has the form of an address, public or not."""
    return f"regexp_matches({value}, {literal(_IP_FORM)})"


def _ip(column: str, type_: SqlType) -> str:
    value = f"lower(trim({as_text(column, type_)}))"
    good = f"{is_ip(value)} and not regexp_matches({value}, {literal(_PRIVATE_IP)})"
    return f"case when {good} then {value} end"


def typed_value(field: Field, column: str, type_: SqlType, payload: Payload) -> str:
    """Return the expression that makes a column a value of its field, or NULL."""
    if type_.family == "null":
        return f"cast(null as {_EMPTY_TYPES.get(field.type, 'varchar')})"
    match field.type:
        case "digest" | "digests":
            return _digests(column, type_, payload)
        case "time":
            return _time(column, type_)
        case "decimal":
            return _number(column, type_)
        case "integer":
            return _integer(column, type_)
        case "boolean":
            return column
        case "texts":
            return _texts(column, type_)
        case "ip":
            return _ip(column, type_)
        case _:
            value = as_text(column, type_)
            if field.enum == "currencies":
                return f"nullif(upper(trim({value})), '')"
            return _translated(field, f"case when {is_visible(value)} then {value} end", payload)


def is_name(field: Field) -> bool:
    """Whether a field is a text for people, which loses its control characters; an id with one is refused."""
    return field.type == "text" and field.enum is None


ITEM = "_pusher_item"
"""Parameter of a lambda over items: a column of the view named like it would be read instead."""
_EMPTY_TYPES = {"time": "bigint", "decimal": "decimal(18, 2)", "integer": "bigint", "boolean": "boolean"}


def _translated(field: Field, value: str, payload: Payload) -> str:
    """Replace an old name by the one that is sent."""
    enum = payload.enums.get(field.enum or "")
    if enum is None or not enum.translations:
        return value
    cases = " ".join(f"when {literal(old)} then {literal(new)}" for old, new in enum.translations.items())
    return f"case {value} {cases} else {value} end"


def _item_struct(payload: Payload, types: Mapping[str, SqlType], reference: str) -> str:
    """Build one element of contents from a struct or from flat columns."""
    parts = []
    for field in payload.item_fields:
        if field.column in types:
            name = f"{reference}{identifier(field.column)}"
            parts.append(f"{identifier(field.column)} := {typed_value(field, name, types[field.column], payload)}")
    return f"struct_pack({', '.join(parts)})"


def item_fault_case(payload: Payload, types: Mapping[str, SqlType]) -> str:
    """Number the first fault of an item: the place of its field in `item_fields`, from 1."""
    cases = []
    for number, field in enumerate(payload.item_fields, start=1):
        if field.column not in types:
            continue
        value = f"i.{identifier(field.column)}"
        faults = [f"{value} is null"] if payload.event_source in field.required_by else []
        if field.minimum is not None:
            faults.append(f"{value} < {field.minimum}")
        if field.positive:
            faults.append(f"{value} <= 0")
        if field.type in {"text", "id"}:
            faults.append(f"strlen({value}) > {payload.limits.max_field_bytes}")
        if faults:
            cases.append(f"when {' or '.join(faults)} then {number}")
    return f"case {' '.join(cases)} else 0 end"


def item_control_case(payload: Payload, types: Mapping[str, SqlType]) -> str:
    """Number the first id of an item that holds a control character, as `item_fault_case` does."""
    cases = [
        f"when {matches_control(f'i.{identifier(field.column)}')} then {number}"
        for number, field in enumerate(payload.item_fields, start=1)
        if field.type == "id" and field.column in types
    ]
    return f"case {' '.join(cases)} else 0 end"


_SAFE_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}


def _unless_clean(payload: Payload, given: SqlType, made: str) -> str:
    """Return contents as they are where making every item anew would change nothing, else `made`.

    One look at each item costs less than a new struct for it. Types that need more than a plain cast, and texts
    that start with anything but a visible ASCII character, go the long way.
    """
    types = given.item.fields if given.item is not None else {}
    fields = [field for field in payload.item_fields if field.column in types]
    if [field.column for field in fields] != list(types) or not given.text.endswith("[]"):
        return made
    dirty, casts = [f"{ITEM} is null"], []
    for field in fields:
        type_, name = types[field.column], identifier(field.column)
        text = type_.text.upper()
        if typed_value(field, name, type_, payload) == name:
            casts.append(f"{name} {type_.text}")
        elif field.type == "integer" and text in _SAFE_INTEGERS:
            casts.append(f"{name} bigint")
        elif field.type in {"text", "id"} and field.enum is None and text == "VARCHAR":
            dirty.append(f"{ITEM}.{name} not between '!' and '~'")
            casts.append(f"{name} varchar")
        else:
            return made
    seen = f"list_contains(list_transform(contents, lambda {ITEM}: {' or '.join(dirty)}), true)"
    as_is = f"cast(contents as struct({', '.join(casts)})[])"
    return f"case when len(contents) = 0 then null when {seen} then {made} else {as_is} end"


def item_list(payload: Payload, columns: Mapping[str, SqlType]) -> tuple[str, dict[str, SqlType]] | None:
    """Return the expression of the item list and the types of an item's fields, if the view has items."""
    given = columns.get("contents")
    if given is not None and given.item is not None and given.item.fields:
        types = given.item.fields
        struct = _item_struct(payload, types, f"{ITEM}.")
        kept = f"list_filter(contents, lambda {ITEM}: {ITEM} is not null)"
        made = f"nullif(list_transform({kept}, lambda {ITEM}: {struct}), [])"
        return _unless_clean(payload, given, made), dict(types)
    if given is not None:
        return None
    flat = {field.column: columns[field.column] for field in payload.item_fields if field.column in columns}
    if "content_id" not in flat:
        return None
    return f"[{_item_struct(payload, flat, '')}]", flat


def _count_given(column: str, type_: SqlType) -> str:
    """Return the expression that counts the different identifiers that a column holds, good or bad."""
    if type_.family != "list":
        return f"case when trim({as_text(column, type_)}) <> '' then 1 else 0 end"
    trimmed = f"list_transform({column}, lambda d: lower(trim({as_text('d', type_.item or type_)})))"
    return f"coalesce(len(list_distinct(list_filter({trimmed}, lambda d: d <> ''))), 0)"


def count_dropped(name: str, given: str, type_: SqlType) -> str:
    """Return the expression that counts the identifiers that the cast left out.

    Args:
        name: The typed column.
        given: The column before the cast.
        type_: Type of the column before the cast.
    """
    counted = _count_given(given, type_)
    if type_.family == "list":
        # A cast that left nothing out keeps the length, and most do.
        return f"case when len({name}) = len({given}) then 0 else greatest({counted} - coalesce(len({name}), 0), 0) end"
    return f"case when {name} is null then {counted} else 0 end"


def items_size(payload: Payload, columns: Mapping[str, SqlType]) -> str:
    """Return the expression that bounds the bytes of a row's items as JSON, their names left out."""
    found = item_list(payload, columns)
    types = found[1] if found is not None else {}
    texts = [field.column for field in payload.item_fields if field.column in types and field.type in {"text", "id"}]
    sizes = [f"coalesce(strlen({ITEM}.{identifier(name)}), 0)" for name in texts]
    sizes.append(str(_NUMBER_BYTES * len(types)))
    return f"list_sum(list_transform(contents, lambda {ITEM}: {' + '.join(sizes)}))"
