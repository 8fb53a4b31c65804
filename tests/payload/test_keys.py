"""Event keys and payload hashes: what they are made of, and what must not change them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from pusher.payload.checks import row_checks
from pusher.payload.model import Payload
from pusher.payload.projection import staged_sql
from tests.payload.warehouse import EMAIL, EVENT_SET, GOOD, NOW_S, PHONE, PIXEL, TABLE, Warehouse
from tests.payload.warehouse import payload as warehouse_payload


def event_key(source: str, source_id: str, event: str, event_id: str) -> str:
    """Compute a key as the format says: the first half of a digest of length-prefixed parts."""
    parts = b"".join(
        str(len(part.encode())).encode() + b":" + part.encode() for part in (source, source_id, event, event_id)
    )
    return hashlib.sha256(parts).hexdigest()[:32]


@pytest.mark.parametrize(
    ("event", "sent", "event_id"),
    [
        ("Purchase", "Purchase", "order-1"),
        ("CompletePayment", "Purchase", "order-1"),
        ("PlaceAnOrder", "PlaceAnOrder", "order-1"),
        ("Purchase", "Purchase", "Ünïcode 👩\u200d👧 1:2"),
        ("Purchase", "Purchase", " ORDER-1 "),
        ("Purchase", "Purchase", "x" * 4096),
    ],
)
def test_an_event_key_is_the_digest_of_its_four_parts(
    warehouse: Warehouse, event: str, sent: str, event_id: str
) -> None:
    """Source, source id, event after renames and id, each with its length in bytes; no more and no less."""
    change = {"event": f"'{event}'", "event_id": f"'{event_id}'"}
    assert warehouse.stage_one(change).key == event_key("offline", EVENT_SET, sent, event_id)
    assert warehouse.stage_one(change, name="web_events").key == event_key("web", PIXEL, sent, event_id)


def test_parts_of_a_key_cannot_run_into_each_other(warehouse: Warehouse) -> None:
    """The same letters cut at another place are another event."""
    one, two = warehouse.stage(
        {**GOOD, "event": "'Own1'", "event_id": "'0:2'"},
        {**GOOD, "event": "'Own'", "event_id": "'10:2'"},
        name="web_events",
    )
    assert one.key != two.key
    assert one.key == event_key("web", PIXEL, "Own1", "0:2")


def test_a_renamed_event_is_the_same_event(warehouse: Warehouse) -> None:
    """CompletePayment and Purchase have one key and one hash, whether they come in one view or in two."""
    old, new = warehouse.stage({**GOOD, "event": "'CompletePayment'"}, GOOD)
    assert (old.key, old.payload_hash) == (new.key, new.payload_hash)


def test_a_source_id_of_the_row_counts_as_the_setting_does(warehouse: Warehouse) -> None:
    """The key is the same wherever the event set is named."""
    column = warehouse.stage_one({"event_set_id": f"'{EVENT_SET}'"}, source_id="1111111111111111111")
    assert column.key == warehouse.stage_one().key


A = "{'content_id': 'a', 'price': 1.50, 'quantity': 1}"
B = "{'content_id': 'b', 'price': 2.25, 'quantity': 2}"
FULL = {
    **GOOD,
    "phone": f"['{PHONE}', '{EMAIL}']",
    "contents": f"[{A}, {B}]",
    "content_type": "'product'",
    "content_ids": "['a', 'b']",
    "num_items": "3",
    "search_string": "'mugs'",
    "order_id": "'o-1'",
    "shop_id": "'s-1'",
    "description": "'text'",
    "delivery_category": "'in_store'",
    "external_id": f"'{EMAIL}'",
    "ttclid": "'E.C'",
    "ttp": "'c'",
    "ip": "'8.8.8.8'",
    "user_agent": "'Mozilla'",
    "locale": "'en-US'",
    "customer_type": "'new'",
    "page_url": "'https://shop.example/a'",
    "page_referrer": "'https://shop.example/b'",
    "attribution_share": "0.50",
    "limited_data_use": "false",
}
CHANGES = {
    "event": "'Lead'",
    "event_id": "'order-2'",
    "event_time": f"to_timestamp({NOW_S - 3601})::timestamp",
    "email": f"'{PHONE}'",
    "value": "10.51::decimal(18, 2)",
    "currency": "'USD'",
    "phone": f"['{PHONE}']",
    "contents": FULL["contents"].replace("2.25", "2.26"),
    "content_type": "'product_group'",
    "content_ids": "['a', 'c']",
    "num_items": "4",
    "external_id": f"'{PHONE}'",
    "ip": "'8.8.4.4'",
    "customer_type": "'returning'",
    "delivery_category": "'curbside'",
    "attribution_share": "0.51",
    "limited_data_use": "true",
}


@pytest.mark.parametrize("column", [name for name in FULL if name not in {"event", "event_id"}])
def test_a_payload_hash_changes_with_each_field(warehouse: Warehouse, column: str) -> None:
    """One other value in any field that is sent gives another hash; a null does as well."""
    other = CHANGES.get(column, "'something else'")
    before, after, gone = warehouse.stage(
        FULL, {**FULL, column: other}, {**FULL, column: f"nullif({FULL[column]}, {FULL[column]})"}, name="web_events"
    )
    if column == "event_time":
        assert (after.reason, after.payload_hash == before.payload_hash) == (None, False)
    else:
        reasons = (before.reason, after.reason, gone.reason)
        assert reasons == (None, None, "currency-missing" if column == "currency" else None)
        assert len({before.payload_hash, after.payload_hash, gone.payload_hash}) == 3


@pytest.mark.parametrize("column", ["event", "event_id"])
def test_a_payload_hash_leaves_the_key_to_the_key(warehouse: Warehouse, column: str) -> None:
    """Rows of two events may have one hash, because only rows of one event are compared."""
    one, two = warehouse.stage(FULL, {**FULL, column: CHANGES[column]}, name="web_events")
    assert (one.key == two.key, one.payload_hash == two.payload_hash) == (False, True)


@pytest.mark.parametrize("column", ["event_channel", "brand"])
def test_a_payload_hash_ignores_what_is_not_sent(warehouse: Warehouse, column: str) -> None:
    """Columns that are kept for grouping change neither hash nor JSON."""
    one, two = warehouse.stage({**FULL, column: "'website'"}, {**FULL, column: "'email'"})
    assert (one.payload_hash, one.row) == (two.payload_hash, two.row)


def test_a_payload_hash_does_not_depend_on_any_order(warehouse: Warehouse) -> None:
    """Order of columns, of rows, of items and of identifiers makes no difference."""
    mixed = {
        **FULL,
        "contents": f"[{B}, {A}]",
        "phone": f"['{EMAIL.upper()}', '{PHONE}', '{PHONE}']",
    }
    other = {**GOOD, "event_id": "'order-9'", **{name: sql for name, sql in FULL.items() if name not in GOOD}}
    one = warehouse.stage(FULL, other, name="web_events")[0]
    backwards = dict(reversed(mixed.items()))
    two = warehouse.stage({name: other[name] for name in backwards}, backwards, name="web_events")[1]
    assert (two.key, two.payload_hash, two.contents_hash) == (one.key, one.payload_hash, one.contents_hash)


def test_a_contents_hash_is_that_of_the_items_alone(warehouse: Warehouse) -> None:
    """Other money under the same items keeps it; a row without items has none."""
    one, two, none = warehouse.stage(
        FULL,
        {**FULL, "value": "99.00::decimal(18, 2)"},
        {**FULL, "contents": f"nullif({FULL['contents']}, {FULL['contents']})"},
    )
    assert one.contents_hash is not None
    assert (two.contents_hash, none.contents_hash) == (one.contents_hash, None)
    assert one.payload_hash != two.payload_hash


def test_nulls_are_left_out_of_the_hash(warehouse: Warehouse) -> None:
    """A column that is added later and is empty so far does not change what was sent."""
    assert warehouse.stage_one({"order_id": "null::varchar"}).payload_hash == warehouse.stage_one().payload_hash
    one, two = warehouse.stage_one({"order_id": "'x'"}), warehouse.stage_one({"shop_id": "'x'"})
    assert one.payload_hash != two.payload_hash


def test_a_field_that_the_contract_adds_to_items_changes_no_digest_of_rows_without_it(warehouse: Warehouse) -> None:
    """The first six fields of an item have places; a later one stands by its name, and only where a view has it."""
    payload = warehouse_payload("web_events")
    later = replace(payload.item_fields[2], column="colour", path="colour")
    grown = replace(payload, item_fields=(*payload.item_fields, later))
    red = ", 'colour': 'red'}"
    coloured = {**FULL, "contents": f"[{A.replace('}', red)}, {B.replace('}', red)}]"}
    hashes = [digests(warehouse, kind, row) for kind, row in ((payload, FULL), (grown, FULL), (grown, coloured))]
    assert (len(payload.item_fields), hashes[0] == hashes[1], hashes[1] == hashes[2]) == (6, True, False)


def digests(warehouse: Warehouse, kind: Payload, row: dict[str, str]) -> tuple[Any, ...]:
    """Return the digests of a row as a payload's."""
    columns = warehouse.fill([row])
    checks = row_checks(kind, columns, source_id=PIXEL, now_s=NOW_S)
    staged = staged_sql(checks, columns, TABLE)
    sql = f"select _reason, hex(_payload_hash), _contents_hash from ({staged}) as staged"
    ((reason, *hashes),) = warehouse.engine.rows(sql)
    assert reason is None
    return tuple(hashes)


PRICES = ("1.5::decimal(18, 2)", "1.5::decimal(38, 10)", "1.5::double", "1.5::decimal(4, 1)")
LARGE = ("1234567890123::bigint", "1234567890123.00::decimal(18, 2)", "1234567890123::decimal(38, 9)")
FINE = ("0.12345678::decimal(12, 8)", "0.12345678::decimal(38, 20)")


@pytest.mark.parametrize("numbers", [PRICES, LARGE, FINE, ("7::integer", "7.00::decimal(9, 2)", "7::hugeint")])
def test_digests_do_not_depend_on_the_type_of_a_number(warehouse: Warehouse, numbers: tuple[str, ...]) -> None:
    """A cast in a model makes no conflict with what was sent before."""
    staged = [
        warehouse.stage_one({"value": number, "contents": f"[{{'content_id': 'a', 'price': {number}, 'quantity': 1}}]"})
        for number in numbers
    ]
    assert {row.reason for row in staged} == {None}
    assert len({(row.payload_hash, row.contents_hash) for row in staged}) == 1


@pytest.mark.parametrize(("one", "two"), [("0.1234567", "0.1234568"), ("1234567890123.01", "1234567890123.02")])
def test_digests_tell_close_numbers_apart(warehouse: Warehouse, one: str, two: str) -> None:
    """Neither a seventh decimal nor a thirteenth digit is lost."""
    hashes = {
        warehouse.stage_one(
            {"contents": f"[{{'content_id': 'a', 'price': {number}::decimal(38, 9), 'quantity': 1}}]"}
        ).contents_hash
        for number in (one, two)
    }
    assert len(hashes) == 2


def test_a_digest_and_a_list_of_it_are_the_same(warehouse: Warehouse) -> None:
    """A model that begins to give several addresses changes nothing for people with one."""
    one, many = warehouse.stage_one({"email": f"'{EMAIL}'"}), warehouse.stage_one({"email": f"['{EMAIL}']"})
    assert one.payload_hash == many.payload_hash
