"""What is said about a view's columns before any row is read, and which types a field takes."""

from __future__ import annotations

import pytest

from pusher.payload.columns import ColumnFinding, check_columns, type_fits
from pusher.payload.model import Field
from pusher.payload.types import SqlType, parse_type
from tests.payload.warehouse import EVENT_SET, payload

GOOD = {
    "event": "VARCHAR",
    "event_id": "VARCHAR",
    "event_time": "TIMESTAMP",
    "email": "VARCHAR[]",
    "value": "DECIMAL(18,2)",
    "currency": "VARCHAR",
}
ITEMS = "STRUCT(content_id VARCHAR, price DECIMAL(18,2), quantity INTEGER)[]"


def found(
    change: dict[str, str | None],
    name: str = "offline_events",
    source_id: str | None = EVENT_SET,
    *,
    strict: bool = False,
) -> list[ColumnFinding]:
    """Return the findings of good columns after a change; None takes a column away."""
    columns = {column: parse_type(type_) for column, type_ in {**GOOD, **change}.items() if type_ is not None}
    return check_columns(payload(name), columns, source_id=source_id, strict=strict)


def test_good_columns_have_no_finding() -> None:
    """Neither with items nor without, neither offline nor web with its page."""
    assert found({}) == found({"contents": ITEMS}) == found({"page_url": "VARCHAR"}, "web_events") == []


ADD_EVENT_ID = (
    "Add `... as event_id` to the final select: Stable id from the business key; TikTok removes duplicates by source "
    "id, event and this id."
)
CASES: dict[str, tuple[dict[str, str | None], ColumnFinding]] = {
    "required": (
        {"event_id": None},
        ColumnFinding("missing-column", "error", "event_id", "Required column `event_id` is missing.", ADD_EVENT_ID),
    ),
    "wanted": (
        {"currency": None},
        ColumnFinding(
            "missing-column",
            "warning",
            "currency",
            "Column `currency` is missing.",
            "Add `... as currency`: ISO 4217 code in upper case; needed with value.",
        ),
    ),
    "no identity": (
        {"email": None, "external_id": None},
        ColumnFinding(
            "no-identity",
            "error",
            "email",
            "No identity: the view has none of email, phone.",
            "Add `email` or `phone` as digests.",
        ),
    ),
    "misspelt": (
        {"orderid": "VARCHAR"},
        ColumnFinding(
            "unknown-column",
            "error",
            "orderid",
            "`orderid` is not a column of offline_events; it is not sent.",
            "Did you mean `order_id`?",
            "order_id",
        ),
    ),
    "unknown": (
        {"zzzzzz": "VARCHAR"},
        ColumnFinding(
            "unknown-column",
            "warning",
            "zzzzzz",
            "`zzzzzz` is not a column of offline_events; it is not sent.",
            "Remove it from the destination view.",
        ),
    ),
    "alias": (
        {"email": None, "emails": "VARCHAR"},
        ColumnFinding(
            "alias",
            "note",
            "emails",
            "`emails` is accepted as an alias of `email`.",
            "Rename it: `as email`.",
            "email",
        ),
    ),
    "twice": (
        {"emails": "VARCHAR"},
        ColumnFinding("twice", "error", "emails", "`emails` gives `email` a second time.", "Keep `email` only."),
    ),
    "another source's": (
        {"page_url": "VARCHAR"},
        ColumnFinding(
            "not-for-source",
            "warning",
            "page_url",
            "`page_url` is not sent for offline events.",
            "Remove it; only web events know it.",
        ),
    ),
    "id as double": (
        {"event_id": "DOUBLE"},
        ColumnFinding(
            "wrong-type",
            "error",
            "event_id",
            "`event_id` is DOUBLE, but must be text or a whole number.",
            "A DOUBLE loses digits of a long id: keep it as text from the first model on.",
        ),
    ),
    "source id as double": (
        {"event_set_id": "DOUBLE"},
        ColumnFinding(
            "wrong-type",
            "error",
            "event_set_id",
            "`event_set_id` is DOUBLE, but must be text.",
            "A DOUBLE loses digits of a long id: keep it as text from the first model on.",
        ),
    ),
    "date": (
        {"event_time": "DATE"},
        ColumnFinding(
            "wrong-type",
            "error",
            "event_time",
            "`event_time` is DATE, but must be TIMESTAMP, TIMESTAMPTZ or ISO 8601 text.",
            "A date has no time of day: use the moment of the event as TIMESTAMP.",
        ),
    ),
    "money as text": (
        {"value": "VARCHAR"},
        ColumnFinding(
            "wrong-type",
            "error",
            "value",
            "`value` is VARCHAR, but must be DECIMAL.",
            "Cast it in staging, guarded by a pattern: case when ... then cast(... as decimal(18, 2)) end.",
        ),
    ),
    "items of text": (
        {"contents": "VARCHAR[]"},
        ColumnFinding(
            "wrong-type",
            "error",
            "contents",
            "`contents` is VARCHAR[], but must be a list of structs.",
            "Cast it. Items of the order as a list of structs.",
        ),
    ),
    "item without price": (
        {"contents": "STRUCT(content_id VARCHAR)[]"},
        ColumnFinding(
            "missing-column",
            "error",
            "contents",
            "`contents` lacks the field `price`.",
            "Add it to the struct: Price of one unit.",
        ),
    ),
    "item with a misspelt field": (
        {"contents": ITEMS.replace("quantity", "quantiti")},
        ColumnFinding(
            "unknown-column",
            "error",
            "contents",
            "`contents` has the unknown field `quantiti`.",
            "Did you mean `quantity`?",
        ),
    ),
    "item with an unknown field": (
        {"contents": ITEMS.replace("quantity", "zzz")},
        ColumnFinding(
            "unknown-column",
            "error",
            "contents",
            "`contents` has the unknown field `zzz`.",
            "Known: content_id, content_name, content_category, brand, price, quantity.",
        ),
    ),
    "item with a wrong type": (
        {"contents": ITEMS.replace("INTEGER", "VARCHAR")},
        ColumnFinding(
            "wrong-type",
            "error",
            "contents.quantity",
            "`contents.quantity` is VARCHAR, but must be a whole number.",
            "Cast it. Number of units.",
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", list(CASES))
def test_each_finding_says_what_where_and_what_next(case: str) -> None:
    """One change to good columns is one finding, word by word."""
    change, expected = CASES[case]
    assert [one for one in found(change) if one.column != "external_id"] == [expected]


def test_a_source_id_must_come_from_somewhere() -> None:
    """A column or a setting is enough; an alias of the column as well."""
    assert found({}, source_id=None) == [
        ColumnFinding(
            "missing-column",
            "error",
            "event_set_id",
            "Neither a column nor a setting gives `event_set_id`.",
            'Give it in one of three layers: `event_set_id: "7654321098765432109"` in the destination\'s block of the '
            "target in profiles.yml; `meta={'pusher': {..., 'event_set_id': '7654321098765432109'}}` in the model's "
            "config; `--set event_set_id=7654321098765432109` for one run. Or add `... as event_set_id` to the view.",
        )
    ]
    assert found({"event_set_id": "BIGINT"}, source_id=None) == []
    assert [one.code for one in found({"event_source_id": "VARCHAR"}, source_id=None)] == ["alias"]


def test_the_strict_list_asks_for_an_email() -> None:
    """The vendor page wants the address itself; a phone digest is not enough then."""
    change: dict[str, str | None] = {"email": None, "phone": "VARCHAR"}
    assert found(change) == []
    assert found(change, strict=True) == [
        ColumnFinding(
            "missing-column",
            "error",
            "email",
            "The vendor page's strict list asks for `email`.",
            "Add `... as email`, or drop require_vendor_page_columns from pusher.yml.",
        )
    ]


def test_errors_come_first() -> None:
    """Findings are ordered by how bad they are."""
    change: dict[str, str | None] = {"emails": "VARCHAR", "email": None, "zzzzzz": "VARCHAR", "event_id": "DOUBLE"}
    assert [one.severity for one in found(change)] == ["error", "warning", "note"]


def test_flat_item_columns_are_known_without_contents() -> None:
    """One item per row may be flat; beside contents such columns are read by nobody."""
    flat: dict[str, str | None] = {
        "content_id": "VARCHAR",
        "price": "DOUBLE",
        "quantity": "INTEGER",
        "brand": "VARCHAR",
    }
    assert found(flat) == []
    both = found({**flat, "contents": ITEMS})
    assert sorted((one.code, one.column) for one in both) == [
        ("unknown-column", "content_id"),
        ("unknown-column", "price"),
        ("unknown-column", "quantity"),
    ]


TYPES = (
    "VARCHAR", "UUID", "ENUM('a', 'b')", "INTEGER", "HUGEINT", "DECIMAL(18,2)", "DOUBLE", "BOOLEAN", "TIMESTAMP",
    "TIMESTAMP WITH TIME ZONE", "DATE", "TIME", "INTERVAL", "BLOB", "JSON", "VARCHAR[]", "INTEGER[]", "VARCHAR[3]",
    "VARCHAR[][]", "STRUCT(a INTEGER)", "STRUCT(a INTEGER)[]", "MAP(VARCHAR, VARCHAR)", '"NULL"', '"NULL"[]',
)  # fmt: skip
TEXTS = ["VARCHAR", "UUID", "ENUM('a', 'b')"]
ACCEPTED = {
    "event": [*TEXTS, "INTEGER", "HUGEINT", "BOOLEAN", '"NULL"'],
    "event_id": [*TEXTS, "INTEGER", "HUGEINT", '"NULL"'],
    "event_time": [*TEXTS, "INTEGER", "HUGEINT", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", '"NULL"'],
    "email": [*TEXTS, "VARCHAR[]", "VARCHAR[3]", '"NULL"', '"NULL"[]'],
    "ip": [*TEXTS, '"NULL"'],
    "value": ["INTEGER", "HUGEINT", "DECIMAL(18,2)", "DOUBLE", '"NULL"'],
    "num_items": ["INTEGER", "HUGEINT", "DECIMAL(18,2)", '"NULL"'],
    "limited_data_use": ["BOOLEAN", '"NULL"'],
    "content_ids": [*TEXTS, "INTEGER", "HUGEINT", "VARCHAR[]", "INTEGER[]", "VARCHAR[3]", '"NULL"', '"NULL"[]'],
    "contents": ["STRUCT(a INTEGER)[]", '"NULL"', '"NULL"[]'],
    "event_channel": [*TEXTS, "INTEGER", "HUGEINT", "BOOLEAN", '"NULL"'],
    "pixel_code": [*TEXTS, "INTEGER", "HUGEINT", '"NULL"'],
}


@pytest.mark.parametrize("column", list(ACCEPTED))
def test_a_field_takes_these_types_and_no_others(column: str) -> None:
    """A type that would need a guess is refused before any row is read."""
    field = payload("web_events").field(column)
    assert isinstance(field, Field)
    fitting = [type_ for type_ in TYPES if type_fits(field, parse_type(type_))]
    assert sorted(fitting) == sorted(ACCEPTED[column])


PARSED = {
    "varchar": SqlType("varchar", "text"),
    "DECIMAL(38,18)": SqlType("DECIMAL(38,18)", "decimal", scale=18),
    "TIMESTAMP_NS": SqlType("TIMESTAMP_NS", "timestamp"),
    "TIMESTAMPTZ": SqlType("TIMESTAMPTZ", "timestamptz"),
    "TIME WITH TIME ZONE": SqlType("TIME WITH TIME ZONE", "other"),
    "UNION(a INTEGER, b VARCHAR)": SqlType("UNION(a INTEGER, b VARCHAR)", "other"),
    "INTEGER[][3]": SqlType(
        "INTEGER[][3]", "list", item=SqlType("INTEGER[]", "list", item=SqlType("INTEGER", "integer"))
    ),
    'STRUCT("a ""b"", c" DECIMAL(18,2), d STRUCT(e VARCHAR[]))': SqlType(
        'STRUCT("a ""b"", c" DECIMAL(18,2), d STRUCT(e VARCHAR[]))',
        "struct",
        fields={
            'a "b", c': SqlType("DECIMAL(18,2)", "decimal", scale=2),
            "d": SqlType(
                "STRUCT(e VARCHAR[])",
                "struct",
                fields={"e": SqlType("VARCHAR[]", "list", item=SqlType("VARCHAR", "text"))},
            ),
        },
    ),
    "STRUCT(a ENUM('x, y', 'z)'), b INTEGER)": SqlType(
        "STRUCT(a ENUM('x, y', 'z)'), b INTEGER)",
        "struct",
        fields={"a": SqlType("ENUM('x, y', 'z)')", "text"), "b": SqlType("INTEGER", "integer")},
    ),
}


@pytest.mark.parametrize("text", list(PARSED))
def test_type_texts_are_read_with_their_parts(text: str) -> None:
    """Lists, structs with quoted names, enumerations with odd values: as DuckDB writes them."""
    assert parse_type(text) == PARSED[text]
