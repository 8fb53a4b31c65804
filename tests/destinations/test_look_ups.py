"""What is asked before a push, and how the answers are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from pusher.contracts import Answer, Failure, LookUp, Need, Seen
from pusher.destinations.tiktok.facts import contract
from pusher.destinations.tiktok.preflight import tiktok_preflight

MINE, OTHERS = "7654321098765432109", "7654321098765432110"
SET, PIXEL = "7654321098765432120", "C4A1B2C3D4E5F6G7H8I9"
DATE = {"date": "Fri, 20 Nov 2026 12:00:00 GMT"}
ABOUT_ACCOUNT = LookUp("advertiser/info/?x", "account", "ad account", MINE, MINE)
ABOUT_SET = LookUp("offline/get/?x", "offline", "event set", MINE, SET)


def need(payload: str, source_id: str | None = SET, advertisers: tuple[str, ...] = (MINE,), **more: Any) -> Need:
    """Return what a view needs."""
    return Need("a_view", contract().payloads[payload], source_id, advertisers, **more)


def answer(code: int = 0, data: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an envelope."""
    body = {"code": code, "message": "words" if code else "OK", "request_id": "R1", "data": data or {}}
    return Answer(200, json.dumps(body).encode(), headers or {}, 0.1)


def test_each_view_asks_about_its_own_source_at_each_of_its_advertisers() -> None:
    """The token comes first, and nothing is asked twice."""
    needs = [
        need("offline_events", advertisers=(MINE, OTHERS)), need("offline_events"), need("web_events", PIXEL),
        need("crm_events"), need("app_events", "123"), need("audience", "Best"), need("web_events", None),
    ]  # fmt: skip
    mine, others = (
        f"advertiser/info/?advertiser_ids=%5B%22{one}%22%5D&fields=%5B%22advertiser_id%22%2C+%22name%22%2C+%22status"
        "%22%2C+%22rejection_reason%22%5D"
        for one in (MINE, OTHERS)
    )
    assert [one.path for one in tiktok_preflight().look_ups(needs)] == [
        "user/info/",
        mine,
        others,
        f"offline/get/?advertiser_id={MINE}&event_set_ids=%5B%22{SET}%22%5D",
        f"offline/get/?advertiser_id={OTHERS}&event_set_ids=%5B%22{SET}%22%5D",
        f"pixel/list/?advertiser_id={MINE}&code={PIXEL}",
        f"crm/list/?advertiser_id={MINE}&event_set_ids=%5B%22{SET}%22%5D",
        f"dmp/custom_audience/list/?advertiser_id={MINE}&page=1&page_size=1",
    ]
    assert [tiktok_preflight().has_look_up(one.payload) for one in needs[3:6]] == [True, False, True]


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([{"event_set_id": SET, "advertiser_id": MINE, "name": "Stores"}], Seen("there", "Stores")),
        ([{"event_set_id": SET}], Seen("there")),
        ([{"event_set_id": SET, "name": "Ann\x1b[2J <ann@example.com>"}], Seen("there", "Ann\\x1b[2J <[e-mail]>")),
        ([{"event_set_id": SET, "advertiser_id": OTHERS, "name": "Stores"}], Seen("absent")),
        ([{"event_set_id": OTHERS, "advertiser_id": MINE}, 7], Seen("absent")),
        ([], Seen("absent")),
        ("none", Seen("absent")),
    ],
)
def test_an_event_set_is_there_when_the_asked_account_owns_it(listed: Any, expected: Seen) -> None:
    """What has another owner, another id or another form is not it."""
    assert tiktok_preflight().seen(ABOUT_SET, answer(data={"event_set_list": listed})) == expected


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (40001, "role"), (40106, "other_advertiser"), (40300, "advertiser"), (40309, "advertiser"), (40105, "token"),
        (40102, "token"), (40130, "scope"), (40131, "scope"), (40003, "refused"), (40002, "refused"),
        (40100, "unanswered"), (50000, "unanswered"), (20001, "refused"),
    ],
)  # fmt: skip
def test_a_refusal_is_about_what_its_code_says(code: int, said: str) -> None:
    """Codes that say nothing about the account are not taken for more than that."""
    assert tiktok_preflight().seen(ABOUT_SET, answer(code)) == Seen(said, words=f"words (code {code})")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"status": "STATUS_ENABLE", "name": "Shop"}, Seen("approved", "Shop", "approved (STATUS_ENABLE)")),
        (
            {"status": "STATUS_CONFIRM_FAIL", "rejection_reason": "licence\nof ann@example.com expired."},
            Seen(
                "rejected",
                words="the review refused it (STATUS_CONFIRM_FAIL), because: licence of [e-mail] expired",
            ),
        ),
        ({"status": "STATUS_NEW"}, Seen("untold", words="the status of its ad account is STATUS_NEW")),
        ({}, Seen("untold", words="the status of its ad account is empty")),
        ({"advertiser_id": OTHERS}, Seen("untold", words="no status of its ad account is listed")),
    ],
)
def test_an_account_is_what_its_status_says(row: dict[str, Any], expected: Seen) -> None:
    """A status that the contract does not know says nothing, and what a person wrote is masked."""
    rows = [7, {"advertiser_id": MINE, **row}]
    assert tiktok_preflight().seen(ABOUT_ACCOUNT, answer(data={"list": rows})) == expected


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (40001, "refused"), (40106, "other_advertiser"), (40300, "advertiser"), (40105, "refused"), (40131, "refused"),
        (40002, "refused"), (40100, "unanswered"),
    ],
)  # fmt: skip
def test_a_refusal_to_tell_the_status_is_no_fault_of_the_account(code: int, said: str) -> None:
    """A token may lack the scope of this one look-up and all the same be good for a push."""
    assert tiktok_preflight().seen(ABOUT_ACCOUNT, answer(code)) == Seen(said, words=f"words (code {code})")


def test_the_clock_is_read_from_the_answer_where_it_is_one() -> None:
    """A header that is missing, odd or without a zone says nothing."""
    api = tiktok_preflight()
    times = [api.seen(ABOUT_SET, answer(headers=headers)).server_time for headers in (DATE, {}, {"date": "soon"})]
    times.append(api.seen(ABOUT_SET, answer(headers={"date": "Fri, 20 Nov 2026 12:00:00 -0000"})).server_time)
    assert times == [datetime(2026, 11, 20, 12, tzinfo=UTC), None, None, None]
    failure = Failure("not_sent", "dns", "The name business-api.tiktok.com has no address.", 0.1)
    assert api.seen(ABOUT_SET, failure) == Seen("unanswered", words="The name business-api.tiktok.com has no address")


@pytest.mark.parametrize(
    ("wanted", "scopes"),
    [
        (need("offline_events"), {"7224195155857866754": ("event/track/",)}),
        (
            need("audience"),
            {"30": ("dmp/custom_audience/list/",), "31": ("segment/audience/", "segment/mapping/")},
        ),
        (
            need("audience", advertisers=(MINE, OTHERS), method="file"),
            {
                "30": ("dmp/custom_audience/list/", "dmp/custom_audience/get/"),
                "31": (
                    "dmp/custom_audience/file/upload/", "dmp/custom_audience/create/", "dmp/custom_audience/update/",
                ),
                "32": ("dmp/custom_audience/share/",),
            },
        ),
    ],
)  # fmt: skip
def test_a_view_needs_the_scopes_of_what_its_push_calls(wanted: Need, scopes: dict[str, tuple[str, ...]]) -> None:
    """Sharing is needed where there is somebody to share with."""
    assert tiktok_preflight().scopes(wanted) == scopes


def test_a_parent_holds_its_children() -> None:
    """A scope is granted by itself or by one above it."""
    api = tiktok_preflight()
    assert [api.grants(granted, "31") for granted in (["31"], ["3"], ["30"], [])] == [True, True, False, False]
    assert [api.grants(granted, "100") for granted in (["1"], ["10"], ["100"])] == [True, True, True]
    assert [api.scope_name(one) for one in ("31", "99")] == ["Create and Update Custom Audiences", "99"]
