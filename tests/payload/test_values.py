"""What becomes of single values: times, money, identifiers, texts and items, through the SQL of a push."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from tests.payload.warehouse import EMAIL, EVENT_SET, GOOD, GOOD_ROW, ITEM, NOW_S, PHONE, PIXEL, Staged, Warehouse

MOMENT = "2026-09-21 12:33:20"
MOMENT_S = 1_789_994_000


def changed(**change: Any) -> dict[str, Any]:
    """Return the good row's JSON with user or properties added to."""
    return {
        **GOOD_ROW,
        "user": {**GOOD_ROW["user"], **change.get("user", {})},
        "properties": {**GOOD_ROW["properties"], **change.get("properties", {})},
    }


def outcome(staged: Staged) -> tuple[str | None, dict[str, Any]]:
    """Return the reason and the JSON row."""
    return staged.reason, staged.row


def sha256(text: str) -> str:
    """Return a digest in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (f"timestamp '{MOMENT}'", MOMENT_S),
        (f"timestamp '{MOMENT}.999999'", MOMENT_S),
        (f"timestamp_s '{MOMENT}'", MOMENT_S),
        (f"timestamp_ms '{MOMENT}.999'", MOMENT_S),
        (f"timestamp_ns '{MOMENT}.999999999'", MOMENT_S),
        (f"timestamptz '{MOMENT}+02'", MOMENT_S - 7200),
        (str(MOMENT_S), MOMENT_S),
        (f"{MOMENT_S}::hugeint", MOMENT_S),
        (f"{MOMENT_S}::ubigint", MOMENT_S),
        ("'2026-09-21T12:33:20Z'", MOMENT_S),
        ("'2026-09-21t12:33:20z'", MOMENT_S),
        ("'2026-09-21 12:33:20.999999+00:00'", MOMENT_S),
        ("'2026-09-21T12:33:20+05:30'", MOMENT_S - 19_800),
        ("'2026-09-21T04:33:20-0800'", MOMENT_S),
        ("'2026-09-21T12:33Z'", MOMENT_S - 20),
        ("'2026-09-21T12:33:20'", "event-time-unreadable"),
        ("'2026-09-21'", "event-time-unreadable"),
        ("'2026-09-31T12:33:20Z'", "event-time-unreadable"),
        ("'2026-09-21T12:33:20 Europe/Berlin'", "event-time-unreadable"),
        ("'03/04/2026 12:00Z'", "event-time-unreadable"),
        ("'infinity'", "event-time-unreadable"),
        ("'now'", "event-time-unreadable"),
        ("''", "event-time-unreadable"),
        ("timestamp 'infinity'", "event-time-unreadable"),
        ("timestamp '-infinity'", "event-time-unreadable"),
        ("timestamptz 'infinity'", "event-time-unreadable"),
        ("170141183460469231731687303715884105727::hugeint", "event-time-unreadable"),
        ("18446744073709551615::ubigint", "event-time-unreadable"),
        ("(-9223372036854775808)::bigint", "event-time-implausible"),
        ("null", "event-time-missing"),
    ],
)
def test_a_moment_in_any_accepted_form_is_unix_seconds(warehouse: Warehouse, sql: str, expected: int | str) -> None:
    """Fractions are cut off, zones are applied, and what has no zone or no end is refused."""
    staged = warehouse.stage_one({"event_time": sql})
    assert (staged.row.get("event_time") or staged.reason) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("10.50::decimal(18, 2)", Decimal("10.50")),
        ("0.1::double + 0.2::double", Decimal("0.300000")),
        ("0.1::float", Decimal("0.100000")),
        ("1e-9::double", Decimal("0.000000")),
        ("-0.0::double", Decimal("0.000000")),
        ("0", Decimal(0)),
        ("123456789012345.123456789::decimal(38, 18)", Decimal("123456789012345.123456789000000000")),
        ("999999999999999::hugeint", Decimal(999_999_999_999_999)),
        ("5::utinyint", Decimal(5)),
        ("1e15::double", "value-not-finite"),
        ("1000000000000000::bigint", "value-not-finite"),
        ("9223372036854775807::bigint", "value-not-finite"),
        ("1000000000000000::decimal(38, 0)", "value-not-finite"),
        ("170141183460469231731687303715884105727::hugeint", "value-not-finite"),
        ("340282366920938463463374607431768211455::uhugeint", "value-not-finite"),
        ("'nan'::double", "value-not-finite"),
        ("'inf'::double", "value-not-finite"),
        ("'-inf'::double", "value-not-finite"),
        ("1e308::double", "value-not-finite"),
        ("cast('1e400' as double)", "value-not-finite"),
        ("'inf'::float", "value-not-finite"),
        ("(-9223372036854775808)::bigint", "value-negative"),
        ("(-170141183460469231731687303715884105728)::hugeint", "value-not-finite"),
        ("-1e15::double", "value-not-finite"),
        ("-0.01::decimal(18, 2)", "value-negative"),
    ],
)
def test_money_is_exact_or_refused(warehouse: Warehouse, sql: str, expected: Decimal | str) -> None:
    """Decimals pass as they are, doubles are rounded to 6 places, and no number is without bound."""
    if "1e400" in sql:
        sql = "'inf'::double * 1e308"
    staged = warehouse.stage_one({"value": sql})
    assert staged.row.get("properties", {}).get("value", staged.reason) == expected


def test_a_row_without_a_value_needs_no_currency(warehouse: Warehouse) -> None:
    """Value and currency may both be missing; a currency alone is sent."""
    assert outcome(warehouse.stage_one({"value": "null::double"})) == (
        None,
        {**GOOD_ROW, "properties": {"currency": "EUR"}},
    )
    without = {name: value for name, value in GOOD_ROW.items() if name != "properties"}
    assert outcome(warehouse.stage_one({"value": None, "currency": None})) == (None, without)
    assert warehouse.stage_one({"currency": None}).reason == "currency-missing"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("'usd'", "USD"),
        ("' eur '", "EUR"),
        # ISO 4217's code for no currency: three letters that TikTok does not list are sent, with a warning.
        ("'XXX'", "XXX"),
        ("'US$'", "currency-malformed"),
        ("'EURO'", "currency-malformed"),
        ("'\u0415UR'", "currency-malformed"),
        ("'978'", "currency-malformed"),
        ("repeat('EUR', 5000)", "currency-malformed"),
        ("' '", "currency-missing"),
        ("''", "currency-missing"),
    ],
)
def test_a_currency_is_three_letters_in_upper_case(warehouse: Warehouse, sql: str, expected: str) -> None:
    """Case and spaces are mended, unknown codes pass, anything else is refused."""
    staged = warehouse.stage_one({"currency": sql})
    assert staged.row.get("properties", {}).get("currency", staged.reason) == expected


GOOD_ONE, OTHER = sha256("ann@shop.example"), sha256("bob@shop.example")
JUNK = {text: sha256(text) for text in ("", "null", "+1")}


@pytest.mark.parametrize(
    ("sql", "expected", "dropped"),
    [
        (f"'{GOOD_ONE.upper()}'", GOOD_ONE, 0),
        (f"' {GOOD_ONE} '", GOOD_ONE, 0),
        (f"['{GOOD_ONE}']", [GOOD_ONE], 0),
        (f"['{OTHER}', '{GOOD_ONE.upper()}', '{GOOD_ONE}', null]", sorted([GOOD_ONE, OTHER]), 0),
        (f"['{GOOD_ONE[:63]}', '{GOOD_ONE}0', '{GOOD_ONE}']", [GOOD_ONE], 2),
        (f"['{GOOD_ONE}', 'ann@shop.example', '{'g' * 64}', '']", [GOOD_ONE], 2),
        (f"['{JUNK['']}', '{JUNK['null']}', '{JUNK['+1'].upper()}', '{GOOD_ONE}']", [GOOD_ONE], 3),
        (f"['{GOOD_ONE}']::varchar[1]", [GOOD_ONE], 0),
        (f"['{GOOD_ONE}', '{GOOD_ONE[:32]}']", [GOOD_ONE], 1),
        (f"'{hashlib.sha512(b'x').hexdigest()}'", "not-a-digest", 1),
        (f"'{JUNK['']}'", "not-a-digest", 1),
        (f"'{GOOD_ONE}' || chr(10)", "not-a-digest", 1),
        ("'ann@shop.example'", "not-a-digest", 1),
        ("['ann@shop.example', '+12133734253']", "not-a-digest", 2),
        ("[]::varchar[]", "no-identity", 0),
        ("[null]::varchar[]", "no-identity", 0),
        ("['', ' ']", "no-identity", 0),
        ("''", "no-identity", 0),
        ("null", "no-identity", 0),
    ],
)
def test_identifiers_are_digests_or_left_out_and_counted(
    warehouse: Warehouse, sql: str, expected: Any, dropped: int
) -> None:
    """Good digests are lower-cased, sorted and sent once; others are counted and never staged.

    Defect B13 of peers: 64 hexadecimal digits within a longer text are no digest, and capitals do not stay.
    """
    staged = warehouse.stage_one({"email": sql})
    assert (staged.row.get("user", {}).get("email", staged.reason), staged.dropped) == (expected, dropped)


def test_one_good_identifier_is_enough(warehouse: Warehouse) -> None:
    """A raw address beside a good phone digest is left out and counted; the row goes."""
    staged = warehouse.stage_one({"email": "'ann@shop.example'", "phone": f"'{PHONE}'"})
    assert (*outcome(staged), staged.dropped) == (None, {**GOOD_ROW, "user": {"phone": PHONE}}, 1)


def test_a_raw_identifier_never_reaches_the_staged_row(warehouse: Warehouse) -> None:
    """Whatever column a raw address or number stands in by mistake, no staged column holds it."""
    raw = {"email": "'ann@shop.example'", "phone": "['+12133734253', 'ann@shop.example']"}
    for change in (raw, {**raw, "phone": f"['{PHONE}', '+12133734253']"}):
        staged = repr(warehouse.stage_one(change))
        assert ("ann@shop" in staged, "2133734253" in staged) == (False, False)


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("8.8.8.8", "8.8.8.8"),
        (" 2001:DB8::1 ", "2001:db8::1"),
        ("2a00:1450:4001:82a:0:0:0:200e", "2a00:1450:4001:82a:0:0:0:200e"),
        ("2a00::", "2a00::"),
        ("172.15.0.1", "172.15.0.1"),
        ("172.32.0.1", "172.32.0.1"),
        ("100.128.0.1", "100.128.0.1"),
        *(
            (address, None)
            for address in (
                "10.0.0.1", "192.168.1.1", "172.16.0.1", "172.31.255.255", "127.0.0.1", "169.254.1.1", "100.64.0.1",
                "0.0.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "fc00::1", "ff02::1",
                "999.1.1.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4:80", "::ffff:10.0.0.1", ":::", "1::2::3",
                "2001:db8", "12345::1", "1:2:3:4:5:6:7:8:9", "host.example", "fe80::1%eth0",
            )
        ),
    ],
)  # fmt: skip
def test_only_public_addresses_are_sent(warehouse: Warehouse, address: str, sent: str | None) -> None:
    """Private, reserved and malformed addresses are left out and counted; the row goes all the same."""
    staged = warehouse.stage_one({"ip": f"'{address}'"}, name="web_events")
    user = {"email": EMAIL} if sent is None else {"email": EMAIL, "ip": sent}
    assert (staged.reason, staged.row["user"], staged.dropped) == (None, user, int(sent is None))


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("offline_events", "CompletePayment", "Purchase"),
        ("offline_events", "SubmitForm", "Lead"),
        ("offline_events", "Pageview", "PageView"),
        ("offline_events", "PlaceAnOrder", "PlaceAnOrder"),
        ("offline_events", "purchase", "event-unknown"),
        ("offline_events", "OurOwn", "event-unknown"),
        ("offline_events", " Purchase", "event-unknown"),
        ("web_events", "OurOwn", "OurOwn"),
        ("web_events", "CompletePayment", "Purchase"),
    ],
)
def test_events_have_their_current_name(warehouse: Warehouse, name: str, given: str, expected: str) -> None:
    """Renamed events are sent under the new name; only offline refuses names of one's own."""
    staged = warehouse.stage_one({"event": f"'{given}'"}, name=name)
    assert staged.row.get("event", staged.reason) == expected


BLANKS = ["''", "' '", "chr(9)", "chr(10) || chr(13)", "chr(160)", "chr(8203)", "chr(65279) || ' '", "chr(12288)"]


@pytest.mark.parametrize("blank", BLANKS)
def test_a_text_of_spaces_is_no_text(warehouse: Warehouse, blank: str) -> None:
    """Blank texts are left out everywhere, lists lose them, and a blank id is missing."""
    change = {
        "description": blank,
        "content_type": blank,
        "order_id": blank,
        "content_ids": f"[{blank}, 'a']",
        "contents": f"[{{'content_id': 'sku-1', 'content_name': {blank}, 'price': 1}}]",
    }
    expected = {"content_ids": ["a"], "contents": [{"content_id": "sku-1", "price": 1}]}
    assert outcome(warehouse.stage_one(change)) == (None, changed(properties=expected))
    assert outcome(warehouse.stage_one({**change, "content_ids": f"[{blank}]"})) == (
        None,
        changed(properties={"contents": expected["contents"]}),
    )
    assert warehouse.stage_one({"event_id": blank}).reason == "event-id-missing"
    assert warehouse.stage_one({"event": blank}, name="web_events").reason == "event-missing"
    assert warehouse.stage_one({"contents": f"[{{'content_id': {blank}, 'price': 1}}]"}).reason == "contents-content-id"


def test_a_text_is_sent_as_it_is(warehouse: Warehouse) -> None:
    """Spaces around, letters of other scripts, emoji and combining forms are not touched; ids keep their case."""
    text = "  Ünï 日本 مرحبا 👩\u200d👧 e\u0301 '\"\\ "
    quoted = text.replace("'", "''")
    change = {"description": f"'{quoted}'", "event_id": "' Order-1 '", "order_id": "'~tilde first'"}
    expected = changed(properties={"description": text, "order_id": "~tilde first"})
    assert outcome(warehouse.stage_one(change)) == (None, {**expected, "event_id": " Order-1 "})


CONTROLS = [
    ("'a' || chr(0) || 'b'", "ab"),
    ("'a' || chr(27) || '[31mb'", "a[31mb"),
    ("'a' || chr(13) || chr(10) || 'b' || chr(9) || 'c'", "a b c"),
    ("'a' || chr(127) || 'b' || chr(133) || 'c' || chr(159)", "ab c"),
    ("chr(8206) || 'a' || chr(8238) || 'b' || chr(8236) || chr(8297) || chr(1564)", "ab"),
    ("'\"q\" \\ é'", '"q" \\ é'),
    ("chr(0) || chr(8206)", None),
]


@pytest.mark.parametrize(("sql", "expected"), CONTROLS)
def test_control_characters_and_marks_of_direction_are_left_out(
    warehouse: Warehouse, sql: str, expected: str | None
) -> None:
    """In texts for people, of the order and of its items, however many other items there are."""
    item = f"{{'content_id': 'sku-1', 'content_name': {sql}, 'price': 1}}"
    change = {"description": sql, "contents": f"[{item}, {item}]"}
    one = {"content_id": "sku-1", "price": 1} | ({} if expected is None else {"content_name": expected})
    text = {} if expected is None else {"description": expected}
    assert outcome(warehouse.stage_one(change)) == (None, changed(properties={**text, "contents": [one, one]}))


def test_an_id_with_a_control_character_refuses_its_row(warehouse: Warehouse) -> None:
    """An id that was changed on its way would be another one."""
    for sql in ("'a' || chr(10)", "'a' || chr(0) || 'b'", "chr(8206) || 'a'"):
        assert warehouse.stage_one({"event_id": sql}).reason == "event-id-control-character"
        assert warehouse.stage_one({"order_id": sql}).reason == "order-id-control-character"
        item = f"[{{'content_id': {sql}, 'price': 1}}]"
        assert warehouse.stage_one({"contents": item}).reason == "contents-content-id"


def test_numbers_as_ids_become_text(warehouse: Warehouse) -> None:
    """Whole numbers of any size keep their digits as ids."""
    change = {
        "event_id": "7654321098765432109::bigint",
        "order_id": "170141183460469231731687303715884105727::hugeint",
        "shop_id": "7::utinyint",
        "content_ids": "[1, 2]",
        "contents": "[{'content_id': 42, 'price': 1}]",
        "description": "true",
    }
    expected = changed(
        properties={
            "order_id": "170141183460469231731687303715884105727",
            "shop_id": "7",
            "content_ids": ["1", "2"],
            "contents": [{"content_id": "42", "price": 1}],
            "description": "true",
        }
    )
    assert outcome(warehouse.stage_one(change)) == (None, {**expected, "event_id": "7654321098765432109"})


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (f"[{ITEM}]", [{"content_id": "sku-1", "price": Decimal("5.25"), "quantity": 2}]),
        (f"[{ITEM}, null]", [{"content_id": "sku-1", "price": Decimal("5.25"), "quantity": 2}]),
        ("[{'content_id': 'a', 'price': 0.1::double}]", [{"content_id": "a", "price": Decimal("0.1")}]),
        ("[{'content_id': 'a', 'price': 0, 'quantity': 1.5}]", [{"content_id": "a", "price": 0}]),
        ("[{'content_id': 'a', 'price': 0, 'quantity': 2.0}]", [{"content_id": "a", "price": 0, "quantity": 2}]),
        (f"[{ITEM}][:0]", None),
        (f"nullif([{ITEM}], [{ITEM}])", None),
        ("null", None),
        ("[null]", None),
        (f"list_resize([{ITEM}], 201, {ITEM})", "contents-too-many"),
        (f"[{ITEM}, {{'content_id': 'b', 'price': null, 'quantity': 1}}]", "contents-price"),
        ("[{'content_id': 'a', 'price': 'nan'::double}]", "contents-price"),
        ("[{'content_id': 'a', 'price': 'inf'::double}]", "contents-price"),
        ("[{'content_id': 'a', 'price': -1}]", "contents-price"),
        ("[{'content_id': 'a', 'price': 1, 'quantity': 0}]", "contents-quantity"),
        ("[{'content_id': 'a', 'price': 1, 'quantity': -1}]", "contents-quantity"),
    ],
)
def test_items_are_sent_or_the_row_is_refused(warehouse: Warehouse, sql: str, expected: Any) -> None:
    """Empty lists are left out, a part of a unit has no quantity, and one bad item refuses its row."""
    staged = warehouse.stage_one({"contents": sql})
    found = staged.reason if staged.reason is not None else staged.row["properties"].get("contents")
    assert found == expected


def test_flat_item_columns_are_one_item(warehouse: Warehouse) -> None:
    """A view without contents may give one item in flat columns; with contents they are not read."""
    flat = {"content_id": "'sku-9'", "content_name": "' '", "brand": "'Ours'", "price": "2.50", "quantity": "3"}
    item = {"content_id": "sku-9", "brand": "Ours", "price": Decimal("2.50"), "quantity": 3}
    assert outcome(warehouse.stage_one(flat)) == (None, changed(properties={"contents": [item]}))
    assert warehouse.stage_one({**flat, "price": "-1"}).reason == "contents-price"
    assert warehouse.stage_one({**flat, "content_id": "null::varchar"}).reason == "contents-content-id"
    nested = {"content_id": "sku-1", "price": Decimal("5.25"), "quantity": 2}
    both = warehouse.stage_one({**flat, "contents": f"[{ITEM}]"})
    assert outcome(both) == (None, changed(properties={"contents": [nested]}))


def test_columns_of_other_names_are_not_mixed_up(warehouse: Warehouse) -> None:
    """A view may have columns that are called like parts of the SQL that reads it."""
    odd = dict.fromkeys(("i", "d", "t", "typed", "judged"), "{'content_id': 'wrong', 'price': -1, 'quantity': 0}")
    change = {**odd, "contents": f"[{ITEM}]", "email": f"['{EMAIL}']", "content_ids": "['a']"}
    item = {"content_id": "sku-1", "price": Decimal("5.25"), "quantity": 2}
    expected = changed(user={"email": [EMAIL]}, properties={"contents": [item], "content_ids": ["a"]})
    assert outcome(warehouse.stage_one(change)) == (None, expected)


@pytest.mark.parametrize(
    ("name", "column", "setting", "expected"),
    [
        ("offline_events", None, EVENT_SET, EVENT_SET),
        ("offline_events", "'1111111111111111111'", EVENT_SET, "1111111111111111111"),
        ("offline_events", "1111111111111111111", EVENT_SET, "1111111111111111111"),
        ("offline_events", "' '", EVENT_SET, EVENT_SET),
        ("offline_events", "null", EVENT_SET, EVENT_SET),
        ("offline_events", "null", None, "source-id"),
        ("offline_events", "'765432109876543210'", EVENT_SET, "source-id"),
        ("offline_events", "'76543210987654321098'", EVENT_SET, "source-id"),
        ("offline_events", "'765432109876543210x'", EVENT_SET, "source-id"),
        ("web_events", "'C4A1B2C3D4E5F6G7H8J0'", PIXEL, "C4A1B2C3D4E5F6G7H8J0"),
        ("web_events", "'c4a1b2c3d4e5f6g7h8i9'", PIXEL, "source-id"),
        ("web_events", "'C4A1B2C3D4E5F6G7H8I9' || chr(10)", PIXEL, "source-id"),
    ],
)
def test_a_row_names_its_event_source_or_the_setting_does(
    warehouse: Warehouse, name: str, column: str | None, setting: str | None, expected: str
) -> None:
    """A column wins over the setting, a blank one does not, and a wrong form is refused."""
    key = "event_set_id" if name == "offline_events" else "pixel_code"
    staged = warehouse.stage_one({key: column}, name=name, source_id=setting)
    assert (staged.reason or staged.facts["_source_id"]) == expected


def test_aliases_are_read_as_the_columns_they_stand_for(warehouse: Warehouse) -> None:
    """Every alias gives the same row, key and hash as the canonical name."""
    aliases = {
        "timestamp": GOOD["event_time"],
        "emails": GOOD["email"],
        "phone_numbers": f"'{PHONE}'",
        "tiktok_click_id": "'E.C.P'",
        "cookie_id": "'c-1'",
        "agent": "'Mozilla/5.0'",
        "event_source_id": f"'{PIXEL}'",
    }
    canonical = ("event_time", "email", "phone", "ttclid", "ttp", "user_agent", "pixel_code")
    plain = dict(zip(canonical, aliases.values(), strict=True))
    taken: Mapping[str, None] = {"event_time": None, "email": None}
    one = warehouse.stage_one({**taken, **aliases}, name="web_events", source_id=None)
    assert one == warehouse.stage_one({**taken, **plain}, name="web_events", source_id=None)
    user = {"email": EMAIL, "phone": PHONE, "ttclid": "E.C.P", "ttp": "c-1", "user_agent": "Mozilla/5.0"}
    assert outcome(one) == (None, {**GOOD_ROW, "user": user})


def test_fields_of_other_sources_are_not_sent(warehouse: Warehouse) -> None:
    """An offline row has no browser: what only web events know is dropped."""
    web_only = {"ip": "'8.8.8.8'", "user_agent": "'Mozilla/5.0'", "page_url": "'https://shop.example/'"}
    assert outcome(warehouse.stage_one(web_only)) == (None, GOOD_ROW)
    everything = {**web_only, "attribution_share": "0.5", "limited_data_use": "true", "customer_type": "'new'"}
    assert outcome(warehouse.stage_one(everything, name="web_events")) == (
        None,
        {
            **changed(
                user={"ip": "8.8.8.8", "user_agent": "Mozilla/5.0"},
                properties={"customer_type": "new"},
            ),
            "page": {"url": "https://shop.example/"},
            "ad": {"attribution_share": Decimal("0.5")},
            "limited_data_use": True,
        },
    )


def test_columns_without_a_type_are_nulls(warehouse: Warehouse) -> None:
    """A column of bare nulls is accepted for every field and means nothing is given."""
    names = ("phone", "contents", "content_ids", "num_items", "order_id", "event_set_id", "shop_id", "event_channel")
    staged = warehouse.stage_one(dict.fromkeys(names, "null") | {"value": "null", "currency": "null"})
    without = {name: value for name, value in GOOD_ROW.items() if name != "properties"}
    assert outcome(staged) == (None, without)
    assert warehouse.stage_one({"event_time": "null"}).reason == "event-time-missing"
    assert NOW_S > MOMENT_S
