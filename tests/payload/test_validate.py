"""Every rule of a finished request, one change at a time against a request that is right."""

from __future__ import annotations

import copy
import json
import time
from decimal import Decimal
from typing import Any

import pytest

from pusher.destinations.tiktok.facts import contract
from pusher.payload.validate import BodyProblem, validate_body

NOW_S = 1_790_000_000
DIGEST = "9f7ec22d72092cd3c0b58726ed9c2d91b92e51a3f29837508fb2948bb22dd2fd"
ITEM = {"content_id": "sku-1", "price": 5.25, "quantity": 2, "content_name": "Mug", "brand": "B"}
OFFLINE: dict[str, Any] = {
    "event_source": "offline",
    "event_source_id": "7654321098765432109",
    "data": [
        {
            "event": "Purchase",
            "event_id": "order-1",
            "event_time": NOW_S - 60,
            "user": {"email": DIGEST, "phone": [DIGEST]},
            "properties": {
                "value": 10.5,
                "currency": "EUR",
                "contents": [ITEM],
                "content_type": "product",
                "content_ids": ["sku-1"],
                "num_items": 2,
                "order_id": "1",
            },
        }
    ],
}
WEB: dict[str, Any] = {
    "event_source": "web",
    "event_source_id": "C4A1B2C3D4E5F6G7H8I9",
    "data": [
        {
            "event": "SomethingOfOurOwn",
            "event_id": "order-1",
            "event_time": NOW_S,
            "user": {"external_id": DIGEST, "ip": "2001:db8::1", "user_agent": "Mozilla/5.0", "ttclid": "E.C.P.abc"},
            "page": {"url": "https://shop.example/"},
            "ad": {"attribution_share": 0.5},
            "limited_data_use": False,
        }
    ],
}
CRM: dict[str, Any] = {
    "event_source": "crm",
    "event_source_id": "7654321098765432109",
    "data": [
        {
            "event": "qualified_lead",
            "event_id": "lead-1-qualified",
            "event_time": NOW_S,
            "user": {"email": DIGEST, "external_id": DIGEST},
            "lead": {"lead_id": "7012345678901234567", "lead_event_source": "Salesforce"},
        }
    ],
}
APP: dict[str, Any] = {
    "event_source": "app",
    "event_source_id": "7123456789",
    "data": [
        {
            "event": "InstallApp",
            "event_id": "install-1",
            "event_time": NOW_S,
            "user": {"idfa": DIGEST, "idfv": "BE7583CD-A667-48BC-B806-42ECB2B48606", "att_status": "AUTHORIZED"},
            "app": {"app_id": "com.example.shop", "app_name": "Shop", "app_version": "1.2"},
            "ad": {"callback": "cb", "ad_id": "2", "attributed": True, "attribution_share": 1},
        }
    ],
}
GONE = object()


def problems(body: Any, now_s: float = NOW_S) -> list[str]:
    """Return the texts of what is wrong."""
    return [problem.text for problem in validate_body(body, contract(), now_s=now_s)]


def changed(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a copy with one place changed or removed."""
    body = copy.deepcopy(body)
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    holder: Any = body
    for step in way:
        holder = holder[step]
    if value is GONE:
        del holder[last]
    else:
        holder[last] = value
    return body


@pytest.mark.parametrize("body", [OFFLINE, WEB, CRM, APP], ids=["offline", "web", "crm", "app"])
def test_a_request_that_is_right_has_no_problem(body: dict[str, Any]) -> None:
    """Each payload passes as it should be."""
    assert problems(body) == []


@pytest.mark.parametrize("body", [None, [], "x", 1, True, [OFFLINE]])
def test_a_body_must_be_an_object(body: Any) -> None:
    """Whatever JSON is, a request is an object."""
    assert problems(body) == ["Not a valid object"]


STRING, MISSING, EMPTY = "Not a valid string", "Missing data for required field", "Must not be empty"
DIGESTS = "Not a SHA-256 digest of 64 lower-case hexadecimal digits"
ENVELOPE = [
    ("event_source", GONE, f"event_source: {MISSING}"),
    ("event_source", "shop", "event_source: Not a valid choice"),
    ("event_source", 1, "event_source: Not a valid choice"),
    ("event_source_id", GONE, f"event_source_id: {MISSING}"),
    ("event_source_id", 7654321098765432109, f"event_source_id: {STRING}"),
    ("event_source_id", "C4A1B2C3D4E5F6G7H8I9", "event_source_id: Not in the form of this event source's ids"),
    ("event_source_id", "7654321098765432109\n", "event_source_id: Not in the form of this event source's ids"),
    ("data", GONE, f"data: {MISSING}"),
    ("data", {}, "data: Not a valid list"),
    ("data", [], "data: Length must be between 1 and 1000"),
    ("test_event_code", "", f"test_event_code: {EMPTY}"),
    ("test_event_code", 12, f"test_event_code: {STRING}"),
    ("partner_name", "pusher", "partner_name: Unknown field"),
]
ROW = [
    ("event", GONE, MISSING),
    ("event", 1, STRING),
    ("event", "", EMPTY),
    ("event", "purchase", "Not a valid choice"),
    ("event", "SomethingOfOurOwn", "Not a valid choice"),
    ("event_id", GONE, MISSING),
    ("event_id", 17, STRING),
    ("event_id", "", EMPTY),
    ("event_id", "  ", EMPTY),
    ("event_id", "\u200b\u00ad", EMPTY),
    ("event_id", None, STRING),
    ("event_id", "x" * 4097, "Longer than 4096 bytes"),
    ("event_id", "é" * 2049, "Longer than 4096 bytes"),
    ("event_time", GONE, MISSING),
    ("event_time", "2026-01-01", "Not a valid integer"),
    ("event_time", float(NOW_S), "Not a valid integer"),
    ("event_time", True, "Not a valid integer"),
    ("event_time", -1, "Not a valid Unix time in seconds"),
    ("event_time", NOW_S + 601, "Is in the future"),
    ("event_time", NOW_S * 1000, "Is in the future"),
    ("event_time", 10**400, "Is in the future"),
    ("timestamp", NOW_S, "Unknown field"),
    ("event_channel", "email", "Unknown field"),
    ("limited_data_use", False, "Unknown field"),
    ("page", {"url": "https://shop.example/"}, "Unknown field"),
    ("user", {}, EMPTY),
    ("user", [], "Not a valid object"),
    ("user.email", "jane@mail.example", DIGESTS),
    ("user.email", DIGEST.upper(), DIGESTS),
    ("user.email", DIGEST[:-1], DIGESTS),
    ("user.email", 1, STRING),
    ("user.email", [], EMPTY),
    ("user.external_id", DIGEST, "Unknown field"),
    ("user.ttclid", "E.C.P.abc", "Unknown field"),
    ("user.ip", "192.0.2.1", "Unknown field"),
    ("properties", {}, EMPTY),
    ("properties.value", "10.50", "Not a valid number"),
    ("properties.value", True, "Not a valid number"),
    ("properties.value", float("nan"), "Not a valid number"),
    ("properties.value", float("inf"), "Not a valid number"),
    ("properties.value", Decimal("NaN"), "Not a valid number"),
    ("properties.value", -0.01, "Must be at least 0"),
    ("properties.currency", "eur", "Not a currency code of three upper-case letters"),
    ("properties.currency", "US$", "Not a currency code of three upper-case letters"),
    ("properties.currency", "", EMPTY),
    ("properties.currency", 978, STRING),
    ("properties.num_items", 2.0, "Not a valid integer"),
    ("properties.num_items", -1, "Must be at least 0"),
    ("properties.content_type", "service", "Not a valid choice"),
    ("properties.content_type", None, STRING),
    ("properties.content_ids", [], EMPTY),
    ("properties.content_ids", "sku-1", "Not a valid list"),
    ("properties.content_ids", ["sku-1"] * 201, "Longer than 200"),
    ("properties.contents", [], EMPTY),
    ("properties.contents", {}, "Not a valid list"),
    ("properties.contents", [ITEM] * 201, "Longer than 200"),
    ("properties.contents.0", {}, EMPTY),
    ("properties.contents.0", "sku-1", "Not a valid object"),
    ("properties.contents.0.content_id", 17, STRING),
    ("properties.contents.0.content_id", GONE, MISSING),
    ("properties.contents.0.price", GONE, MISSING),
    ("properties.contents.0.price", "5.25", "Not a valid number"),
    ("properties.contents.0.price", -1, "Must be at least 0"),
    ("properties.contents.0.quantity", 0, "Must be greater than 0"),
    ("properties.contents.0.quantity", 1.5, "Not a valid integer"),
    ("properties.contents.0.content_type", "product", "Unknown field"),
    ("properties.event_channel", "email", "Unknown field"),
]


@pytest.mark.parametrize(("path", "value", "expected"), ENVELOPE)
def test_each_rule_of_the_envelope(path: str, value: Any, expected: str) -> None:
    """One wrong thing around the rows is one problem."""
    assert problems(changed(OFFLINE, path, value)) == [expected]


@pytest.mark.parametrize(("path", "value", "expected"), ROW)
def test_each_rule_of_a_row(path: str, value: Any, expected: str) -> None:
    """One wrong thing in a row is one problem, at its place."""
    assert problems(changed(OFFLINE, f"data.0.{path}", value)) == [f"data.0.{path}: {expected}"]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("user.ip", "999.1.1.1", "Not a valid IP address"),
        ("user.ip", 1, STRING),
        ("user.user_agent", "", EMPTY),
        ("limited_data_use", 1, "Not a valid boolean"),
        ("limited_data_use", "true", "Not a valid boolean"),
        ("ad.attribution_share", -0.1, "Must be at least 0"),
        ("ad.attribution_share", 1.01, "Must be at most 1"),
        ("ad.attributed", True, "Unknown field"),
        ("user.first_name", "Jane", DIGESTS),
        ("page.title", "Shop", "Unknown field"),
        ("event", 1, STRING),
        ("event", " ", EMPTY),
    ],
)
def test_each_rule_that_only_web_has(path: str, value: Any, expected: str) -> None:
    """A web row knows more fields, and any event name."""
    assert problems(changed(WEB, f"data.0.{path}", value)) == [f"data.0.{path}: {expected}"]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("lead", GONE, f"data.0.lead: {MISSING}"),
        ("lead.lead_id", GONE, f"data.0.lead.lead_id: {MISSING}"),
        ("lead.lead_id", 7012345678901234567, f"data.0.lead.lead_id: {STRING}"),
        ("user.ip", "192.0.2.1", "data.0.user.ip: Unknown field"),
    ],
)
def test_each_rule_that_only_crm_has(path: str, value: Any, expected: str) -> None:
    """A required field asks for the object around it."""
    assert problems(changed(CRM, f"data.0.{path}", value)) == [expected]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("app", GONE, f"data.0.app: {MISSING}"),
        ("app.app_id", GONE, f"data.0.app.app_id: {MISSING}"),
        ("app.app_id", 71, f"data.0.app.app_id: {STRING}"),
        ("user.idfa", [DIGEST], f"data.0.user.idfa: {STRING}"),
        ("user.idfa", "EA7583CD-A667-48BC-B806-42ECB2B48606", f"data.0.user.idfa: {DIGESTS}"),
        ("user.att_status", "authorized", "data.0.user.att_status: Not a valid choice"),
        ("user.external_id", DIGEST, "data.0.user.external_id: Unknown field"),
        ("ad.attributed", "true", "data.0.ad.attributed: Not a valid boolean"),
    ],
)
def test_each_rule_that_only_app_has(path: str, value: Any, expected: str) -> None:
    """The app is required, and an advertising id is one digest."""
    assert problems(changed(APP, f"data.0.{path}", value)) == [expected]


@pytest.mark.parametrize(
    ("body", "path", "value"),
    [
        (OFFLINE, "event_source_id", "1234567890123456789"),
        (OFFLINE, "test_event_code", "TEST12345"),
        (OFFLINE, "data.0.event_time", NOW_S + 600),
        (OFFLINE, "data.0.event_time", NOW_S - 10 * 365 * 86_400),
        (OFFLINE, "data.0.event", "CompletePayment"),
        (OFFLINE, "data.0.event", "PlaceAnOrder"),
        (OFFLINE, "data.0.user.email", [DIGEST, DIGEST]),
        (OFFLINE, "data.0.properties.value", 0),
        (OFFLINE, "data.0.properties.value", Decimal("12345678901234567890.12")),
        (OFFLINE, "data.0.properties.value", 10**400),
        (OFFLINE, "data.0.properties.currency", "XYZ"),
        (OFFLINE, "data.0.properties.contents.0.quantity", GONE),
        (OFFLINE, "data.0.properties.contents", [ITEM] * 200),
        (OFFLINE, "data.0.user", GONE),
        (WEB, "data.0.page", GONE),
        (WEB, "data.0.event_id", "é" * 2048),
    ],
)
def test_what_the_destination_accepts_is_no_problem(body: dict[str, Any], path: str, value: Any) -> None:
    """Old rows, old names, unlisted currencies and rows that match nobody are accepted, counted or not."""
    assert problems(changed(body, path, value)) == []


def test_a_thousand_rows_pass_and_one_more_does_not() -> None:
    """The limit of rows is the contract's."""
    row = OFFLINE["data"][0]
    assert problems({**OFFLINE, "data": [row] * 1000}) == []
    assert problems({**OFFLINE, "data": [row] * 1001}) == ["data: Length must be between 1 and 1000"]


def test_all_problems_are_found_and_know_their_rows() -> None:
    """The envelope comes first, then the rows in their order."""
    body = {**OFFLINE, "data": [*OFFLINE["data"], 1, {"event": "Purchase"}], "extra": 1}
    assert validate_body(body, contract(), now_s=NOW_S) == [
        BodyProblem("extra", "Unknown field", None),
        BodyProblem("data.1", "Not a valid object", 1),
        BodyProblem("data.2.event_id", MISSING, 2),
        BodyProblem("data.2.event_time", MISSING, 2),
    ]


def test_messages_never_quote_a_value() -> None:
    """A problem is shown and stored, so it holds no data."""
    address = "jane@mail.example"
    for path in ("event", "event_id", "user.email", "properties.value", "properties.currency", "properties.contents"):
        for value in (address, [address]):
            texts = problems(changed(OFFLINE, f"data.0.{path}", value))
            assert [text for text in texts if address in text] == []


def test_a_row_of_a_full_batch_takes_as_long_as_one_of_a_small_batch() -> None:
    """Twenty times the rows take about twenty times as long, not four hundred times."""

    def seconds(rows: int) -> float:
        body = json.loads(json.dumps({**OFFLINE, "data": OFFLINE["data"] * rows}))
        taken = []
        for _ in range(3):
            started = time.process_time()
            assert validate_body(body, contract(), now_s=NOW_S) == []
            taken.append(time.process_time() - started)
        return min(taken)

    seconds(50)
    assert seconds(1_000) / seconds(50) < 100
