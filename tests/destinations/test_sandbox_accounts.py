"""The sandbox's accounts: look-ups, roles, and what it refuses once it was told which accounts there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.destinations.worlds import START, World

MINE, OTHERS, THIRD = "7654321098765432109", "7654321098765432110", "7654321098765432111"
SET, PIXEL = "7654321098765432120", "C4A1B2C3D4E5F6G7H8I9"
EVENTS: dict[str, Any] = {
    "event_source": "offline",
    "event_source_id": SET,
    "data": [{"event": "Purchase", "event_id": "order-1", "event_time": int(START.timestamp())}],
}
NAMED = {"advertiser_ids": [MINE], "action": "add", "id_schema": ["EMAIL_SHA256"], "batch_data": [[{}]]}


def tell(world: World, accounts: Any = (), sources: Any = (), **more: Any) -> Any:
    """Let these be all accounts and event sources."""
    body = {"accounts": accounts, "event_sources": sources, **more}
    with httpx.Client(transport=httpx.WSGITransport(app=world.app)) as client:  # noqa: TID251 -- not the API
        return client.post("http://sandbox.invalid/_sandbox/accounts", json=body).json()


def account(advertiser_id: str = MINE, **more: Any) -> dict[str, Any]:
    """Return an account."""
    return {"advertiser_id": advertiser_id, **more}


def source(kind: str, id_: str, advertiser_id: str = MINE) -> dict[str, str]:
    """Return an event source."""
    return {"kind": kind, "id": id_, "advertiser_id": advertiser_id, "name": f"The {kind} one"}


def looked(world: World, path: str, **query: Any) -> tuple[int, Any]:
    """Return code and data of a look-up."""
    answer = world.get(path, **query)
    return answer["code"], answer["data"]


def test_without_accounts_every_one_is_there_and_owns_what_it_is_asked_about(world: World) -> None:
    """A sandbox that knows nothing lets everything through, and counts look-ups apart."""
    assert looked(world, "user/info/") == (0, {})
    moment = "2026-07-01 12:00:00"
    assert looked(world, "offline/get/", advertiser_id=MINE, event_set_ids=[SET]) == (
        0,
        {
            "event_set_list": [
                {
                    "advertiser_id": MINE, "event_set_id": SET, "name": "Sandbox event set", "description": "",
                    "auto_tracking": False, "create_time": moment, "update_time": moment,
                }
            ]
        },
    )  # fmt: skip
    assert looked(world, "pixel/list/", advertiser_id=MINE, code=PIXEL) == (
        0,
        {
            "pixels": [{"pixel_code": PIXEL, "pixel_name": "Sandbox pixel", "events": []}],
            "page_info": {"page": 1, "page_size": 20, "total_number": 1, "total_page": 1},
        },
    )
    assert looked(world, "crm/list/", advertiser_id=MINE, event_set_ids=[SET]) == (
        0, {"crm_event_sets": [{"event_set_id": SET, "name": "Sandbox CRM event set", "create_time": moment}]},
    )  # fmt: skip
    assert looked(world, "dmp/custom_audience/list/", advertiser_id=MINE, page_size=1)[0] == 0
    assert (world.totals["requests"], world.page("accounts")["look_ups"]) == (0, 5)
    assert looked(world, "dmp/custom_audience/list/", advertiser_id=MINE)[0] == 0
    assert (world.totals["requests"], world.page("accounts")["look_ups"]) == (1, 5)


def test_event_sources_are_those_of_the_account_that_is_asked(world: World) -> None:
    """All of them without an id, and none of another owner."""
    told = tell(world, [account(), account(OTHERS)], [source("offline", SET), source("web", PIXEL, OTHERS)])
    assert told == {
        "accounts": [
            {"advertiser_id": one, "name": "", "role": "operator", "status": "STATUS_ENABLE"} for one in (MINE, OTHERS)
        ],
        "event_sources": [source("offline", SET), source("web", PIXEL, OTHERS)],
        "look_ups": 0,
        "problems": [],
    }
    assert world.page("accounts") == {name: value for name, value in told.items() if name != "problems"}
    assert [one["name"] for one in looked(world, "offline/get/", advertiser_id=MINE)[1]["event_set_list"]] == [
        "The offline one"
    ]
    assert looked(world, "offline/get/", advertiser_id=OTHERS, event_set_ids=[SET]) == (0, {"event_set_list": []})
    assert looked(world, "pixel/list/", advertiser_id=OTHERS)[1]["pixels"][0]["pixel_code"] == PIXEL


def test_the_status_of_an_account_is_told_whether_it_is_approved_or_not(world: World) -> None:
    """Of an account that is there; of one that was never told of when none was."""
    asked = {"advertiser_ids": [MINE, OTHERS], "fields": ["advertiser_id", "status"]}
    row = {"name": "Sandbox ad account", "status": "STATUS_ENABLE", "rejection_reason": ""}
    shown = [{"advertiser_id": one, **row} for one in (MINE, OTHERS)]
    assert looked(world, "advertiser/info/", **asked) == (0, {"list": shown})
    tell(world, [account(status="STATUS_LIMIT", name="Shop")])
    assert looked(world, "advertiser/info/", advertiser_ids=[MINE]) == (
        0, {"list": [{**shown[0], "name": "Shop", "status": "STATUS_LIMIT"}]},
    )  # fmt: skip
    assert looked(world, "advertiser/info/", **asked)[0] == 40300


@pytest.mark.parametrize(
    ("path", "query", "message"),
    [
        ("advertiser/info/", {}, "advertiser_ids: Missing data for required field"),
        ("advertiser/info/", {"advertiser_ids": [MINE], "fields": ["a b"]}, "fields.0: Not a field"),
        ("offline/get/", {}, "advertiser_id: Missing data for required field"),
        ("crm/list/", {"advertiser_id": "shop"}, "advertiser_id: Not a valid id"),
        ("offline/get/", {"advertiser_id": MINE, "event_set_ids": "{"}, "event_set_ids"),
        ("crm/list/", {"advertiser_id": MINE, "event_set_ids": [SET] * 51}, "event_set_ids"),
    ],
)
def test_a_look_up_that_is_wrong_is_refused(path: str, query: dict[str, Any], message: str, world: World) -> None:
    """The parameter is named."""
    answer = world.get(path, **query)
    assert answer["code"] == 40002
    assert message in answer["message"]


@pytest.mark.parametrize(
    ("mine", "look", "change"),
    [
        (account(role="admin"), 0, 0),
        (account(role="operator"), 0, 0),
        (account(role="analyst"), 0, 40001),
        (account(role="none"), 40001, 40001),
        (account(status="STATUS_PENDING_CONFIRM"), 40300, 40300),
        (account(status="STATUS_PENDING_CONFIRM_MODIFY"), 0, 0),
        (account(THIRD), 40300, 40300),
    ],
    ids=["admin", "operator", "analyst", "none", "not approved", "changing", "missing"],
)
def test_a_role_decides_who_may_look_and_who_may_change(
    mine: dict[str, Any], look: int, change: int, world: World
) -> None:
    """For look-ups, events and audiences alike; what is refused counts nothing."""
    tell(world, [account(OTHERS), mine], [source("offline", SET)])
    assert looked(world, "offline/get/", advertiser_id=MINE)[0] == look
    assert looked(world, "dmp/custom_audience/list/", advertiser_id=MINE)[0] == look
    assert world.code(EVENTS)[0] == change
    made = {"advertiser_id": MINE, "action": "create", "custom_audience_name": "A"}
    assert world.code(made, path="segment/audience/")[0] == change
    assert world.totals["counted"] == (change == 0)


def test_events_of_an_event_set_that_is_nobodys_are_refused(world: World) -> None:
    """With the words that TikTok has for a wrong id."""
    tell(world, [account()], [])
    assert world.code(EVENTS) == (
        40001, f"No permission to operate event source: {SET}, must be an admin or operator",
    )  # fmt: skip


def test_members_of_an_account_that_is_not_there_are_refused(world: World) -> None:
    """Every advertiser of a request counts."""
    tell(world, [account()], [])
    digest = "a" * 64
    rows = [[{"id": digest, "audience_ids": ["7200000000000000001"]}]]
    body = {**NAMED, "advertiser_ids": [MINE, THIRD], "batch_data": rows}
    assert world.code(body, path="segment/mapping/") == (40300, f"Advertiser does not exist: {THIRD}")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"people": []}, "The body must be an object"),
        ({"accounts": {"advertiser_id": MINE}}, "accounts must be a list."),
        ({"accounts": [{"advertiser_id": MINE, "is_rich": True}]}, "accounts.0 must be an object"),
        ({"accounts": [{"name": "x"}]}, "accounts.0 must be an object"),
        ({"accounts": [{"advertiser_id": 1}]}, "accounts.0 has a value of the wrong type."),
        ({"accounts": [{"advertiser_id": MINE, "role": "owner"}]}, "accounts.0: role is one of"),
        ({"event_sources": [{"kind": "app", "id": SET, "advertiser_id": MINE}]}, "event_sources.0: role is one of"),
    ],
)
def test_what_it_is_told_wrongly_changes_nothing(body: dict[str, Any], problem: str, world: World) -> None:
    """The accounts from before stay."""
    tell(world, [account()], [])
    told = tell(world, **body)
    assert told["problems"][0].startswith(problem)
    assert [one["advertiser_id"] for one in world.page("accounts")["accounts"]] == [MINE]


def test_a_reset_forgets_accounts_too(world: World) -> None:
    """Then every one is there again."""
    tell(world, [account(OTHERS)], [])
    world.page("reset", "POST")
    assert looked(world, "offline/get/", advertiser_id=MINE)[0] == 0


def test_advertisers_that_the_sandbox_was_started_with_hold_for_look_ups(tmp_path: Path) -> None:
    """As for every other endpoint."""
    world = World(tmp_path / "sandbox.sqlite", advertisers=[OTHERS])
    assert looked(world, "crm/list/", advertiser_id=MINE)[0] == 40001


def test_answers_carry_the_sandboxs_own_date(world: World) -> None:
    """A scripted date wins."""
    with httpx.Client(transport=httpx.WSGITransport(app=world.app)) as client:  # noqa: TID251 -- not the API
        answer = client.get("http://sandbox.invalid/open_api/v1.3/user/info/")
    assert answer.headers.get_list("date") == ["Wed, 01 Jul 2026 12:00:00 GMT"]
