"""The models on a tiny shop, whole rows at a time, under every refund policy."""

from __future__ import annotations

import csv
import hashlib
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.models.render import CompilerError, Renderer, build, rows

ANN = [hashlib.sha256(b"ann@example.com").hexdigest()]
ANN_PHONE = [hashlib.sha256(b"+447700900123").hexdigest()]
BO = sorted(hashlib.sha256(text).hexdigest() for text in (b"bo@example.org", b"bo.ray@example.net"))
BO_PHONES = sorted(hashlib.sha256(text).hexdigest() for text in (b"+12125550100", b"+12135550101"))
MAT = {"content_id": "A2", "content_name": "Mat", "content_category": "Sleep", "brand": "Lark"}
PACK = {"content_id": "A1", "content_name": "Pack", "content_category": "Packs", "brand": None}


def at(text: str) -> datetime:
    """Return a naive UTC time."""
    return datetime.fromisoformat(text)


def event_id(order_id: str, entry: str = "sale") -> str:
    """Return the id that an order's event must have."""
    key = f"v18:Purchase{len(order_id)}:{order_id}{len(entry)}:{entry}"
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def item(product: dict[str, Any], price: str | None, quantity: int) -> dict[str, Any]:
    """Return an item of contents."""
    return {**product, "price": None if price is None else Decimal(price), "quantity": quantity}


def offline(order_id: str, entry: str = "sale", **given: Any) -> dict[str, Any]:
    """Return a row of tiktok_offline_events, with the values that most rows share."""
    return {
        "event": "Purchase",
        "event_id": event_id(order_id, entry),
        "event_time": None,
        "email": None,
        "phone": None,
        "value": None,
        "currency": "USD",
        "contents": None,
        "content_type": "product",
        "num_items": 1,
        "order_id": order_id,
        "shop_id": "PDX-01",
        "description": entry,
        "event_channel": "in_store",
        "brand": "Northwind Outfitters",
        **given,
    }


S_1 = offline(
    "S-1",
    event_time=at("2026-11-20T13:00:00"),
    email=ANN,
    phone=ANN_PHONE,
    value=Decimal("149.30"),
    currency="EUR",
    contents=[item(PACK, "149.00", 1), item(MAT, "0.10", 3)],
    num_items=4,
    shop_id="BER-01",
)
S_2 = offline(
    "S-2",
    event_time=at("2026-11-01T10:00:00"),
    email=BO,
    phone=BO_PHONES,
    value=Decimal("320.00"),
    contents=[item(PACK, "160.00", 2)],
    num_items=2,
    event_channel="phone_call",
)
S_3 = offline("S-3", value=Decimal("160.00"), contents=[item(PACK, "160.00", 1)])
S_4 = offline(
    "S-4",
    event_time=at("2026-11-02T10:00:00"),
    contents=[item(PACK, None, 1), item(MAT, "5.00", 1)],
    num_items=2,
)
EVENTS = {
    "drop": [S_1, S_2, S_3, S_4],
    "net": [S_1, S_2 | {"value": Decimal("160.00"), "contents": [item(PACK, "160.00", 1)], "num_items": 1}, S_3, S_4],
    "report": [
        S_1,
        offline(
            "S-2",
            "refund",
            event_time=at("2026-11-05T09:00:00"),
            email=BO,
            phone=BO_PHONES,
            value=Decimal("-160.00"),
            contents=[item(PACK, "160.00", -1)],
            num_items=-1,
            event_channel="phone_call",
        ),
        S_2,
        S_3,
        S_4,
    ],
}


@pytest.mark.parametrize("policy", list(EVENTS))
def test_offline_events(shop: Path, policy: str) -> None:
    """Every order outside the web is one row, unreadable values show as gaps, and refunds follow the policy."""
    connection = build(Renderer(data=shop, refund_policy=policy))
    assert rows(connection, "select * from tiktok_offline_events order by order_id, description") == EVENTS[policy]


def test_web_events(shop: Path) -> None:
    """Every web order is one row with its visit; a customer who bought anywhere before is returning."""
    connection = build(Renderer(data=shop))
    web = {
        "event": "Purchase",
        "ip": None,
        "user_agent": "UA/1",
        "content_type": "product",
        "num_items": 1,
        "shop_id": "web",
        "description": "sale",
        "event_channel": "website",
        "brand": "Northwind Outfitters",
    }
    expected = [
        {
            "event_id": event_id("W-1"),
            "event_time": at("2026-11-10T10:00:00"),
            "email": BO,
            "phone": BO_PHONES,
            "external_id": hashlib.sha256(b"C-2").hexdigest(),
            "ttclid": "E.C.P.1",
            "ttp": "ttp1",
            "page_url": "https://shop.example.com/w1",
            "page_referrer": "https://www.tiktok.com/",
            "value": Decimal("160.00"),
            "currency": "USD",
            "contents": [item(PACK, "160.00", 1)],
            "order_id": "W-1",
            "customer_type": "returning",
        },
        {
            "event_id": event_id("W-2"),
            "event_time": at("2026-11-11T10:00:00"),
            "email": ANN,
            "phone": ANN_PHONE,
            "external_id": hashlib.sha256(b"C-1").hexdigest(),
            "ttclid": None,
            "ttp": None,
            "page_url": "https://shop.example.com/w2",
            "page_referrer": None,
            "value": Decimal("120.00"),
            "currency": "GBP",
            "contents": [item(PACK, "120.00", 1)],
            "order_id": "W-2",
            "customer_type": "new",
        },
        {
            "event_id": event_id("W-3"),
            "event_time": at("2026-11-12T10:00:00"),
            "email": None,
            "phone": None,
            "external_id": hashlib.sha256(b"C-4").hexdigest(),
            "ttclid": None,
            "ttp": None,
            "page_url": "https://shop.example.com/w3",
            "page_referrer": None,
            "value": Decimal("120.00"),
            "currency": None,
            "contents": [item(PACK, "120.00", 1)],
            "order_id": "W-3",
            "customer_type": "new",
        },
    ]
    found = rows(connection, "select * from tiktok_web_events order by order_id")
    assert found == [web | row for row in expected]


def test_a_web_order_of_somebody_who_did_not_agree_identifies_nobody(shop: Path, tmp_path: Path) -> None:
    """Not by their visit either; a guest's visit is told, and the var lets everybody in."""
    for name in ("customers", "transactions"):
        (tmp_path / f"{name}.csv").write_bytes((shop / f"{name}.csv").read_bytes())
    times, goods = ["2026-11-13T10:00:00Z"] * 2, ["USD", "A1", "Pack", "Packs", "", "160.00", "1"]
    visit = ["https://shop.example.com/w", "", "E.C.P.9", "ttp9", "203.0.113.9", "UA/9", ""]
    with (tmp_path / "transactions.csv").open("a", encoding="utf-8", newline="") as file:
        for order, customer in (("W-8", "C-3"), ("W-9", "")):
            csv.writer(file).writerow([order, "1", "sale", "completed", "web", "web", customer, *times, *goods, *visit])
    query = "select external_id, ttclid, ttp, ip, user_agent from tiktok_web_events where order_id = '{}'"
    told = {"external_id": None, "ttclid": "E.C.P.9", "ttp": "ttp9", "ip": "203.0.113.9", "user_agent": "UA/9"}
    found = build(Renderer(data=tmp_path))
    assert rows(found, query.format("W-8")) == [dict.fromkeys(told)]
    assert rows(found, query.format("W-9")) == [told]
    everybody = build(Renderer(data=tmp_path, consent="ignored"))
    assert rows(everybody, query.format("W-8")) == [told | {"external_id": hashlib.sha256(b"C-3").hexdigest()}]


def test_a_web_order_given_back_is_no_event_under_net(shop: Path) -> None:
    """What was given back whole leaves no event."""
    connection = build(Renderer(data=shop, refund_policy="net"))
    assert [row["order_id"] for row in rows(connection, "select order_id from tiktok_web_events order by 1")] == [
        "W-1",
        "W-3",
    ]


@pytest.mark.parametrize("policy", list(EVENTS))
def test_an_order_that_cost_nothing_is_an_event(shop: Path, tmp_path: Path, policy: str) -> None:
    """Only a refund takes an order away, and only under net."""
    for name in ("customers", "transactions"):
        (tmp_path / f"{name}.csv").write_bytes((shop / f"{name}.csv").read_bytes())
    times, goods = ["2026-11-13T10:00:00Z"] * 2, ["USD", "A1", "Pack", "Packs", "", "0.00", "1"]
    with (tmp_path / "transactions.csv").open("a", encoding="utf-8", newline="") as file:
        line = ["S-9", "1", "sale", "completed", "store", "PDX-01", "C-1", *times, *goods, *[""] * 7]
        csv.writer(file).writerow(line)
    connection = build(Renderer(data=tmp_path, refund_policy=policy))
    query = "select description, value, num_items from tiktok_offline_events where order_id = 'S-9'"
    assert rows(connection, query) == [{"description": "sale", "value": Decimal("0.00"), "num_items": 1}]


def test_identities_are_kept_by_rank(shop: Path) -> None:
    """Of more identities than allowed, the account's address and the mobile number stay."""
    connection = build(Renderer(data=shop, max_identities=1))
    assert rows(connection, "select * from int_customers__identified order by customer_id") == [
        {"customer_id": "C-1", "emails": ANN, "phones": ANN_PHONE, "unusable_identities": 0},
        {
            "customer_id": "C-2",
            "emails": [hashlib.sha256(b"bo@example.org").hexdigest()],
            "phones": [hashlib.sha256(b"+12135550101").hexdigest()],
            "unusable_identities": 0,
        },
        {"customer_id": "C-4", "emails": None, "phones": None, "unusable_identities": 2},
    ]


def device(text: str) -> list[str]:
    """Return the digest of an advertising id in lower case, as a list."""
    return [hashlib.sha256(text.encode()).hexdigest()]


C_1 = {"email": ANN, "phone": ANN_PHONE, "idfa": device("a57ce0de-0000-8000-8000-00000000c001"), "aaid": None}
C_2 = {
    "email": BO,
    "phone": BO_PHONES,
    "idfa": device("a57ce0de-0000-8000-8000-00000000c002"),
    "aaid": device("a57ce0de-0000-8000-8000-00000000c0a2"),
}
C_3 = {
    "email": [hashlib.sha256(b"cy@example.com").hexdigest()],
    "phone": None,
    "idfa": device("a57ce0de-0000-8000-8000-00000000c003"),
    "aaid": None,
}


def members(connection: duckdb.DuckDBPyConnection, view: str) -> list[dict[str, Any]]:
    """Return the rows of an audience view in an order of their own."""
    return rows(connection, f"select * from {view} order by cast(phone as varchar) nulls last")


def in_order(expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return expected rows as `members` does."""
    return sorted(expected, key=lambda row: (row["phone"] is None, str(row["phone"]).replace("'", "")))


def test_an_audience_by_full_profile_has_everything_of_each_customer(shop: Path) -> None:
    """Lists without repeats, of those who agreed; who has nothing that identifies is no member."""
    assert members(build(Renderer(data=shop)), "tiktok_audience_full_profile") == in_order([C_1, C_2])


def test_an_audience_by_best_profile_has_one_of_each(shop: Path) -> None:
    """The account's address before the loyalty card's, the mobile number before the land line."""
    bo, mobile = (hashlib.sha256(text).hexdigest() for text in (b"bo@example.org", b"+12135550101"))
    expected = [{"email": ANN[0], "phone": ANN_PHONE[0]}, {"email": bo, "phone": mobile}]
    assert members(build(Renderer(data=shop)), "tiktok_audience_best_profile") == in_order(expected)


def test_the_profiles_are_counted_side_by_side(shop: Path) -> None:
    """Every customer of the best profile is one of the full, which knows more of them."""
    counted = {
        "member_count": 2,
        "also_in_other_count": 2,
        "email_count": 2,
        "phone_count": 2,
        "identifier_in_other_count": 4,
    }
    assert rows(build(Renderer(data=shop)), "select * from report_audience_profiles order by profile") == [
        {"profile": "best", **counted, "idfa_count": 0, "aaid_count": 0, "identifier_count": 4},
        {"profile": "full", **counted, "idfa_count": 2, "aaid_count": 1, "identifier_count": 9},
    ]


def test_profiles_of_nobody_are_counted_as_none(shop: Path, tmp_path: Path) -> None:
    """A shop without customers has two rows of zeros."""
    for name in ("customers", "transactions"):
        header = (shop / f"{name}.csv").read_text(encoding="utf-8").splitlines(keepends=True)[0]
        (tmp_path / f"{name}.csv").write_text(header, encoding="utf-8")
    found = rows(build(Renderer(data=tmp_path)), "select * exclude (profile) from report_audience_profiles")
    assert [set(row.values()) for row in found] == [{0}, {0}]


def test_one_var_lets_those_in_who_did_not_agree(shop: Path) -> None:
    """In audiences as in events; by default they are in none."""
    connection = build(Renderer(data=shop, consent="ignored"))
    assert members(connection, "tiktok_audience_full_profile") == in_order([C_1, C_2, C_3])
    known = "select customer_id from int_customers__identified order by 1"
    assert [row["customer_id"] for row in rows(connection, known)] == ["C-1", "C-2", "C-3", "C-4"]
    assert [row["customer_id"] for row in rows(build(Renderer(data=shop)), known)] == ["C-1", "C-2", "C-4"]


def test_another_profile_changes_audiences_and_no_event(shop: Path) -> None:
    """bo.ray@example.net loses its dot in audiences only."""
    found = build(Renderer(data=shop, audience_profile="audience_2025_dots"))
    short = sorted(hashlib.sha256(text).hexdigest() for text in (b"bo@example.org", b"boray@example.net"))
    assert members(found, "tiktok_audience_full_profile") == in_order([C_1, C_2 | {"email": short}])
    assert rows(found, "select email from tiktok_offline_events where order_id = 'S-2'") == [{"email": BO}]


def test_identifiers_of_an_audience_are_kept_by_rank(shop: Path) -> None:
    """Of more than allowed those of the best profile stay, and events keep theirs."""
    found = build(Renderer(data=shop, max_audience_identities=1))
    bo, mobile = ([hashlib.sha256(text).hexdigest()] for text in (b"bo@example.org", b"+12135550101"))
    assert members(found, "tiktok_audience_full_profile") == in_order([C_1, C_2 | {"email": bo, "phone": mobile}])
    assert rows(found, "select email from tiktok_offline_events where order_id = 'S-2'") == [{"email": BO}]


def test_a_misspelt_rule_about_consent_is_refused(shop: Path) -> None:
    """It must not let everybody in."""
    with pytest.raises(CompilerError, match=r"^consent must be required or ignored, not Required$"):
        build(Renderer(data=shop, consent="Required"))


def test_row_order_of_the_source_does_not_matter(shop: Path, tmp_path: Path) -> None:
    """A source file turned upside down gives the same rows."""
    for name in ("customers", "transactions"):
        header, *body = (shop / f"{name}.csv").read_text(encoding="utf-8").splitlines(keepends=True)
        (tmp_path / f"{name}.csv").write_text(header + "".join(reversed(body)), encoding="utf-8")
    query = "select * from tiktok_web_events order by event_id"
    assert rows(build(Renderer(data=tmp_path)), query) == rows(build(Renderer(data=shop)), query)
    query = "select * from tiktok_offline_events order by event_id"
    assert rows(build(Renderer(data=tmp_path)), query) == rows(build(Renderer(data=shop)), query)
    query = "select * from int_customers__profiled order by customer_id"
    assert rows(build(Renderer(data=tmp_path)), query) == rows(build(Renderer(data=shop)), query)
