"""Every reason against a row, each by a row that has exactly this fault; and what a refused row keeps."""

from __future__ import annotations

import pytest

from pusher.destinations.tiktok.facts import contract
from pusher.payload.checks import row_checks
from pusher.payload.types import parse_type
from tests.payload.warehouse import EMAIL, GOOD, GOOD_ROW, ITEM, NOW_S, PHONE, Staged, Warehouse

DAY_S = 86_400
LONG = "repeat('x', 4097)"


def at(seconds: int) -> str:
    """Return a naive UTC TIMESTAMP that lies this many seconds from now."""
    return f"to_timestamp({NOW_S + seconds})::timestamp"


def items(**change: str) -> str:
    """Return a list of one item with fields changed."""
    fields = {
        "content_id": "'sku-1'",
        "content_name": "'Mug'",
        "content_category": "'Kitchen'",
        "brand": "'Ours'",
        "price": "5.25::decimal(18, 2)",
        "quantity": "2",
        **change,
    }
    return f"[{{{', '.join(f'{name!r}: {sql}' for name, sql in fields.items())}}}]"


WEB_COLUMNS = {
    "external_id": "null::varchar",
    "first_name": "null::varchar",
    "last_name": "null::varchar",
    "zip_code": "null::varchar",
    "city": "null::varchar",
    "state": "null::varchar",
    "country": "null::varchar",
    "ttclid": "null::varchar",
    "ttp": "null::varchar",
    "ip": "null::varchar",
    "user_agent": "null::varchar",
    "locale": "null::varchar",
    "contents": items(),
    "content_type": "null::varchar",
    "content_ids": "null::varchar[]",
    "num_items": "1",
    "search_string": "null::varchar",
    "query": "null::varchar",
    "order_id": "null::varchar",
    "shop_id": "null::varchar",
    "description": "null::varchar",
    "customer_type": "null::varchar",
    "delivery_category": "null::varchar",
    "predicted_ltv": "100.0",
    "page_url": "null::varchar",
    "page_referrer": "null::varchar",
    "attribution_share": "0.5",
    "limited_data_use": "false",
    "pixel_code": "null::varchar",
    "phone": "null::varchar",
}
OFFLINE = {
    "event-time-missing": {"event_time": "null::timestamp"},
    "event-time-unreadable": {"event_time": "'infinity'::timestamp"},
    "event-time-milliseconds": {"event_time": str((NOW_S - 60) * 1000)},
    "event-time-microseconds": {"event_time": str((NOW_S - 60) * 1_000_000)},
    "event-time-nanoseconds": {"event_time": str((NOW_S - 60) * 1_000_000_000)},
    "event-time-excel": {"event_time": "46000"},
    "event-time-implausible": {"event_time": "0"},
    "event-time-in-future": {"event_time": at(601)},
    "too-old": {"event_time": at(-28 * DAY_S - 1)},
    "not-a-digest": {"email": "'ann@shop.example'"},
    "no-identity": {"email": "null::varchar"},
    "source-id": {"event_set_id": "'765432109876543210'"},
    "event-missing": {"event": "null::varchar"},
    "event-unknown": {"event": "'purchase'"},
    "event-id-missing": {"event_id": "null::varchar"},
    "event-id-control-character": {"event_id": "'order' || chr(0) || '1'"},
    "event-id-too-long": {"event_id": LONG},
    "value-negative": {"value": "-0.01"},
    "value-not-finite": {"value": "'nan'::double"},
    "currency-missing": {"currency": "null::varchar"},
    "currency-malformed": {"currency": "'US$'"},
}
WEB = {
    **{code: change for code, change in OFFLINE.items() if code != "event-unknown"},
    "source-id": {"pixel_code": "'7654321098765432109-'"},
    "event-too-long": {"event": LONG},
    "event-control-character": {"event": "'Our' || chr(8238) || 'Own'"},
    "content-ids-control-character": {"content_ids": "['a', 'b' || chr(10)]"},
    "order-id-control-character": {"order_id": "'a' || chr(127)"},
    "shop-id-control-character": {"shop_id": "chr(8206) || 'a'"},
    "ttclid-too-long": {"ttclid": LONG},
    "ttp-too-long": {"ttp": LONG},
    "user-agent-too-long": {"user_agent": LONG},
    "locale-too-long": {"locale": LONG},
    "city-too-long": {"city": LONG},
    "state-too-long": {"state": LONG},
    "country-too-long": {"country": LONG},
    "content-type-unknown": {"content_type": "'Product'"},
    "content-ids-too-long": {"content_ids": f"['a', {LONG}]"},
    "num-items-negative": {"num_items": "-1"},
    "search-string-too-long": {"search_string": LONG},
    "query-too-long": {"query": LONG},
    "order-id-too-long": {"order_id": LONG},
    "shop-id-too-long": {"shop_id": LONG},
    "description-too-long": {"description": LONG},
    "customer-type-unknown": {"customer_type": "'old'"},
    "delivery-category-unknown": {"delivery_category": "'drone'"},
    "page-url-too-long": {"page_url": LONG},
    "page-referrer-too-long": {"page_referrer": LONG},
    "attribution-share-negative": {"attribution_share": "-0.5"},
    "attribution-share-too-large": {"attribution_share": "1.1"},
    "contents-too-many": {"contents": f"list_resize({items()}, 201, {items()}[1])"},
    "contents-content-id": {"contents": items(content_id="null::varchar")},
    "contents-content-name": {"contents": items(content_name=LONG)},
    "contents-content-category": {"contents": items(content_category=LONG)},
    "contents-brand": {"contents": items(brand=LONG)},
    "contents-price": {"contents": items(price="-5.25")},
    "contents-quantity": {"contents": items(quantity="0")},
    "row-too-large": {"content_ids": "list_resize(['a'], 20, repeat('x', 4096))"},
}
CRM_COLUMNS = {
    "crm_event_set_id": "null::varchar",
    "external_id": "null::varchar",
    "lead_id": "'7012345678901234567'",
    "lead_event_source": "null::varchar",
}
CRM = {
    **{code: change for code, change in OFFLINE.items() if code != "event-unknown"},
    "not-a-digest": {"email": "'ann@shop.example'", "lead_id": "null::varchar"},
    "no-identity": {"email": "null::varchar", "lead_id": "null::varchar"},
    "source-id": {"crm_event_set_id": "'71'"},
    "event-too-long": {"event": LONG},
    "event-control-character": {"event": "'Our' || chr(8238) || 'Own'"},
    "lead-id-missing": {"lead_id": "null::varchar"},
    "lead-id-control-character": {"lead_id": "'7' || chr(0)"},
    "lead-id-too-long": {"lead_id": LONG},
    "lead-event-source-too-long": {"lead_event_source": LONG},
}
APP_TEXTS = (
    "idfv", "app_name", "app_version", "callback", "campaign_id", "ad_id", "creative_id", "attribution_type",
    "attribution_provider",
)  # fmt: skip
APP_COLUMNS = {
    **dict.fromkeys((*APP_TEXTS, "tiktok_app_id", "idfa", "gaid", "att_status"), "null::varchar"),
    "app_id": "'com.example.shop'",
    "is_retargeting": "false",
    "attributed": "true",
}
APP = {
    **{code: change for code, change in OFFLINE.items() if code != "event-unknown"},
    "source-id": {"tiktok_app_id": "'com.example.shop'"},
    "event-too-long": {"event": LONG},
    "att-status-unknown": {"att_status": "'authorized'"},
    "app-id-missing": {"app_id": "null::varchar"},
    "app-id-control-character": {"app_id": "'a' || chr(0)"},
    "app-id-too-long": {"app_id": LONG},
    **{f"{name.replace('_', '-')}-too-long": {name: LONG} for name in APP_TEXTS},
    "event-control-character": {"event": "'Our' || chr(8238) || 'Own'"},
    **{
        f"{name.replace('_', '-')}-control-character": {name: "'7' || chr(0)"}
        for name in ("campaign_id", "ad_id", "creative_id")
    },
}
COLUMNS = {
    "offline_events": {"event_set_id": "null::varchar"},
    "web_events": WEB_COLUMNS,
    "crm_events": CRM_COLUMNS,
    "app_events": APP_COLUMNS,
}
REASONS = {"offline_events": OFFLINE, "web_events": WEB, "crm_events": CRM, "app_events": APP}
CASES = [
    (name, code, {**COLUMNS[name], **change}) for name, changes in REASONS.items() for code, change in changes.items()
]


@pytest.mark.parametrize(("name", "code", "change"), CASES, ids=[f"{name[:3]}-{code}" for name, code, _ in CASES])
def test_a_row_with_one_fault_has_exactly_this_reason(
    warehouse: Warehouse, name: str, code: str, change: dict[str, str]
) -> None:
    """The fault is named, no other row is touched, and the refused row keeps no key, no hash and no JSON."""
    bad, good = {**GOOD, **change}, {**GOOD, **COLUMNS[name], "event_id": "'order-2'"}
    good = {column: good[column] for column in bad}
    if change.get("event_time", "").isdecimal():
        good["event_time"] = str(NOW_S)
    refused, sent = warehouse.stage(bad, good, name=name)
    assert [refused.reason, sent.reason] == [code, None]
    assert (refused.row, refused.key, refused.payload_hash) == ({}, None, None)


@pytest.mark.parametrize("name", list(COLUMNS))
def test_no_reason_is_without_a_row_above(warehouse: Warehouse, name: str) -> None:
    """The cases above know every reason that these columns can have."""
    checks = warehouse.checks(warehouse.fill([{**GOOD, **COLUMNS[name]}]), name, None)
    assert {reason.code for reason in checks.reasons} == set(REASONS[name])


def test_terms_follow_from_the_reasons(warehouse: Warehouse) -> None:
    """Only a row without identity and a row out of the window are no defect of the model."""
    checks = warehouse.checks(warehouse.fill([{**GOOD, **WEB_COLUMNS}]), "web_events", None)
    terms = {reason.code: reason.term for reason in checks.reasons if reason.term != "invalid"}
    assert terms == {"too-old": "expired", "no-identity": "no_identity"}


def test_no_message_and_no_fix_is_empty_or_repeated(warehouse: Warehouse) -> None:
    """Each reason says what is wrong and what to do, in whole sentences of its own."""
    checks = warehouse.checks(warehouse.fill([{**GOOD, **WEB_COLUMNS}]), "web_events", None)
    messages = [reason.message for reason in checks.reasons]
    assert len(set(messages)) == len(messages)
    assert [text for reason in checks.reasons for text in (reason.message, reason.fix) if not text.endswith(".")] == []


def test_the_first_reason_counts(warehouse: Warehouse) -> None:
    """A row with several faults is counted once, by the first of them."""
    worst = {"event_time": "null::timestamp", "email": "null::varchar", "event": "null::varchar", "value": "-1"}
    assert warehouse.stage_one(worst).reason == "event-time-missing"


def test_reasons_are_counted_in_one_query(warehouse: Warehouse) -> None:
    """Rows by reason, events that stand twice, and identifiers that were left out."""
    rows = [
        GOOD,
        {**GOOD, "value": "10.51"},
        {**GOOD, "event_id": "'order-2'"},
        {**GOOD, "event_id": "'order-3'", "email": "'ann@shop.example'"},
        {**GOOD, "event_id": "'order-4'", "email": "null::varchar"},
    ]
    assert warehouse.count(*rows) == {None: (3, 2, 0), "not-a-digest": (1, 0, 1), "no-identity": (1, 0, 0)}


def test_a_refused_row_keeps_the_facts_that_the_receipt_counts(warehouse: Warehouse) -> None:
    """Money, time and business ids stay beside the reason; identifiers do not."""
    change = {"email": "'ann@shop.example'", "phone": "'+12133734253'", "shop_id": "'s-1'", "num_items": "3"}
    assert warehouse.stage_one({**change, "event_channel": "'in_store'"}) == Staged(
        reason="not-a-digest",
        row={},
        key=None,
        payload_hash=None,
        contents_hash=None,
        dropped=2,
        facts={
            "_event_time": GOOD_ROW["event_time"],
            "_value": GOOD_ROW["properties"]["value"],
            "_currency": "EUR",
            "_event": "Purchase",
            "_event_id": "order-1",
            "_source_id": "7654321098765432109",
            "_shop_id": "s-1",
            "_event_channel": "in_store",
            "_brand": None,
            "_num_items": 3,
            "_warnings": None,
        },
    )


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [
        (600, None),
        (601, "event-time-in-future"),
        (DAY_S, "event-time-in-future"),
        (DAY_S + 1, "event-time-implausible"),
        (-28 * DAY_S, None),
        (-28 * DAY_S - 1, "too-old"),
    ],
)
def test_the_window_ends_at_the_second(warehouse: Warehouse, seconds: int, reason: str | None) -> None:
    """28 days back and 10 minutes ahead are sent; one second more is not."""
    assert warehouse.stage_one({"event_time": at(seconds)}).reason == reason


@pytest.mark.parametrize(("seconds", "reason"), [(-36 * 3600, None), (-36 * 3600 - 1, "too-old")])
def test_events_that_the_pixel_reports_too_end_after_36_hours(
    warehouse: Warehouse, seconds: int, reason: str | None
) -> None:
    """TikTok would count a later copy twice, so it is not sent; offline events have no pixel."""
    change = {"event_time": at(seconds)}
    assert warehouse.stage_one(change, name="web_events", pixel_window=True).reason == reason
    assert warehouse.stage_one(change, pixel_window=True).reason is None


@pytest.mark.parametrize(
    ("pixel_window", "message"),
    [
        (False, "The event is older than 28 days; TikTok would not count it."),
        (True, "The event is older than 36 hours; the pixel reported it too long ago for TikTok to drop a copy."),
    ],
)
def test_an_old_event_says_which_limit_it_is_beyond(*, pixel_window: bool, message: str) -> None:
    """TikTok does not count it any more, or would count it beside what the pixel sent."""
    payload = contract().payloads["web_events"]
    columns = {"event_time": parse_type("BIGINT")}
    checks = row_checks(payload, columns, source_id="C4A1", now_s=NOW_S, pixel_window=pixel_window)
    assert [reason.message for reason in checks.reasons if reason.code == "too-old"] == [message]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (NOW_S * 1000, "event-time-milliseconds"),
        (NOW_S * 1_000_000, "event-time-microseconds"),
        (NOW_S * 1_000_000_000, "event-time-nanoseconds"),
        (46_000, "event-time-excel"),
        (0, "event-time-implausible"),
        (-1, "event-time-implausible"),
    ],
)
def test_a_wrong_unit_of_time_is_named(warehouse: Warehouse, given: int, reason: str) -> None:
    """Milliseconds and an Excel serial are called by their name."""
    assert warehouse.stage_one({"event_time": f"{given}::bigint"}).reason == reason


def test_a_private_address_alone_is_no_identity(warehouse: Warehouse) -> None:
    """A visitor behind a private address cannot be matched; that is no defect of the model."""
    staged = warehouse.stage_one({"email": None, "ip": "'192.168.1.7'"}, name="web_events")
    assert (staged.reason, staged.dropped) == ("no-identity", 1)


def test_lists_and_items_may_fill_a_row_up_to_its_limit(warehouse: Warehouse) -> None:
    """A long list of identifiers and many long items count into the size of the row."""
    digests = f"list_transform(range({{}}), lambda n: sha256(n::varchar)) || ['{EMAIL}', '{PHONE}']"
    assert warehouse.stage_one({"email": digests.format(900)}).reason is None
    assert warehouse.stage_one({"email": digests.format(1100)}).reason == "row-too-large"
    item = "{{'content_id': n::varchar, 'price': 1, 'content_name': repeat('x', 4096)}}"
    many = f"list_transform(range({{}}), lambda n: {item})"
    assert warehouse.stage_one({"contents": many.format(15)}).reason is None
    assert warehouse.stage_one({"contents": many.format(16)}).reason == "row-too-large"
    assert warehouse.stage_one({"contents": f"list_resize([{ITEM}], 200, {ITEM})"}).reason is None
