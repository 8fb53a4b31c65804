"""Streaming audiences in the sandbox: made, listed, filled and emptied, and what they look like meanwhile."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.contracts import Failure
from pusher.destinations.tiktok.sandbox_faults import FAULT_NAMES
from tests.destinations.audiences import (
    ADVERTISER,
    EMAIL,
    FIRST,
    GET,
    LIST,
    OK,
    OTHER,
    SECOND,
    as_listed,
    digest,
    kept,
    members,
    refused,
)
from tests.destinations.worlds import START, World, totals

HUGE = "9" * 19
SEGMENT, MAPPING = "segment/audience/", "segment/mapping/"


def make(world: World, name: str = "Best customers", advertiser: str = ADVERTISER) -> dict[str, Any]:
    """Make an audience."""
    return world.send(SEGMENT, {"advertiser_id": advertiser, "action": "create", "custom_audience_name": name})


def mapping(people: Iterable[object], action: str = "add", audience: str = FIRST, **more: Any) -> dict[str, Any]:
    """Return a request about members with an e-mail address each."""
    rows = [[{"id": digest(person), "audience_ids": [audience]}] for person in people]
    body = {"advertiser_ids": [ADVERTISER], "action": action, "id_schema": [EMAIL], "batch_data": rows}
    return {**body, **more}


def listed(world: World, **query: Any) -> dict[str, Any]:
    """Return the data of a page of audiences."""
    answer = world.get(LIST, advertiser_id=ADVERTISER, **query)
    assert (answer["code"], answer["message"]) == (0, "OK")
    data: dict[str, Any] = answer["data"]
    return data


def shown(name: str = "Best customers", **more: Any) -> dict[str, Any]:
    """Return an audience as the list shows a new one."""
    return as_listed("Partner", None, name=name, **more)


# Audiences


def test_an_audience_is_made_and_listed(world: World) -> None:
    """The answer has its id, and the account's list shows it."""
    assert make(world) == {**OK, "data": {"audience_id": FIRST}}
    assert listed(world) == {
        "list": [shown()],
        "page_info": {"page": 1, "page_size": 10, "total_number": 1, "total_page": 1},
    }
    assert world.page("audiences") == {
        "audiences": [
            {
                "audience_id": FIRST,
                "advertiser_id": ADVERTISER,
                "name": "Best customers",
                "family": "stream",
                "members": 0,
            }
        ]
    }
    assert world.totals == totals(requests=2)


@pytest.mark.parametrize(
    ("name", "kept_as"), [("x" * 70, "x" * 70), ("x" * 71, "x" * 67 + "..."), ("\u00e9" * 80, "\u00e9" * 67 + "...")]
)
def test_a_long_name_is_cut(world: World, name: str, kept_as: str) -> None:
    """More than 70 characters become 67 and three dots, without a word about it."""
    assert make(world, name)["code"] == 0
    assert [one["name"] for one in listed(world)["list"]] == [kept_as]


def test_names_are_not_unique(world: World) -> None:
    """The same request twice makes two audiences."""
    assert [make(world)["data"], make(world)["data"]] == [{"audience_id": FIRST}, {"audience_id": SECOND}]
    assert listed(world)["list"] == [shown(), shown(audience_id=SECOND)]


def test_an_account_has_at_most_400_audiences(world: World) -> None:
    """A deleted one makes room; another account has its own number."""
    assert [make(world)["code"] for _ in range(400)] == [0] * 400
    full = refused("The account has 400 audiences, which is the most that it can have")
    assert make(world) == full
    assert make(world, advertiser=OTHER)["code"] == 0
    delete = {"advertiser_id": ADVERTISER, "action": "delete", "delete_audience_id": FIRST}
    assert world.send(SEGMENT, delete) == {**OK, "data": {"audience_id": FIRST}}
    assert [make(world)["code"], make(world)] == [0, full]
    assert listed(world)["page_info"]["total_number"] == 400


def test_an_audience_is_deleted_with_its_members_by_its_owner(world: World) -> None:
    """A stranger is refused, and an id that was deleted is not used again."""
    make(world)
    world.send(MAPPING, mapping([1]))
    delete = {"advertiser_id": OTHER, "action": "delete", "delete_audience_id": FIRST}
    assert world.send(SEGMENT, delete) == refused(f"No permission to operate audience: {FIRST}", 40001)
    assert world.send(SEGMENT, {**delete, "advertiser_id": ADVERTISER})["code"] == 0
    assert (world.page("audiences"), members(world)) == ({"audiences": []}, [])
    gone = refused(f"delete_audience_id: {FIRST} is no streaming audience")
    assert world.send(SEGMENT, {**delete, "advertiser_id": ADVERTISER}) == gone
    assert make(world)["data"] == {"audience_id": SECOND}


# The pages


def test_the_list_is_cut_into_pages(world: World) -> None:
    """Ten on a page unless asked otherwise; a page after the last is empty."""
    for number in range(12):
        make(world, f"Audience {number}")
    make(world, "Foreign", OTHER)
    info = {"page": 1, "page_size": 10, "total_number": 12, "total_page": 2}
    assert listed(world)["page_info"] == info
    assert [one["name"] for one in listed(world)["list"]] == [f"Audience {number}" for number in range(10)]
    second = listed(world, page="2")
    assert [one["name"] for one in second["list"]] == ["Audience 10", "Audience 11"]
    assert second["page_info"] == {**info, "page": 2}
    assert listed(world, page="3", page_size="5")["page_info"] == {**info, "page": 3, "page_size": 5, "total_page": 3}
    assert listed(world, page="4", page_size="5")["list"] == []
    assert len(listed(world, page_size="100")["list"]) == 12
    assert listed(world, custom_audience_ids=[SECOND, "1", "7200000000000000013"]) == {
        "list": [shown("Audience 1", audience_id=SECOND)],
        "page_info": {**info, "total_number": 1, "total_page": 1},
    }


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({}, "advertiser_id: Missing data for required field"),
        ({"advertiser_id": "x"}, "advertiser_id: Not a valid id"),
        ({"custom_audience_ids": "7"}, "custom_audience_ids: Not a valid list"),
        ({"custom_audience_ids": "[1"}, "custom_audience_ids: Not a valid list"),
        ({"custom_audience_ids": "[7]"}, "custom_audience_ids.0: Not a valid string"),
        ({"custom_audience_ids": []}, "custom_audience_ids: Must not be empty"),
        ({"custom_audience_ids": ["1"] * 101}, "custom_audience_ids: Length must be between 1 and 100"),
        ({"page": "0"}, "page: Must be a whole number from 1"),
        ({"page": "one"}, "page: Must be a whole number from 1"),
        ({"page_size": "0"}, "page_size: Must be a whole number from 1 to 100"),
        ({"page_size": "101"}, "page_size: Must be a whole number from 1 to 100"),
    ],
)
def test_a_wrong_parameter_of_the_list_is_refused(world: World, query: dict[str, Any], message: str) -> None:
    """A list is JSON in one parameter."""
    answer = world.get(LIST, **({"advertiser_id": ADVERTISER, **query} if query else {}))
    assert (answer["code"], answer["message"], answer["data"]) == (40002, message, {})


def test_the_details_of_audiences_have_their_history(world: World) -> None:
    """Both pages say the same, and name the type differently."""
    make(world)
    answer = world.get(GET, advertiser_id=ADVERTISER, custom_audience_ids=[FIRST])
    details = {name: value for name, value in shown().items() if name != "audience_type"}
    assert answer["data"] == {
        "list": [
            {
                "audience_details": {
                    **details,
                    "type": "Partner",
                    "audience_sub_type": "NORMAL",
                    "msg": "",
                    "error_msg": "",
                    "owner_id": ADVERTISER,
                    "rule": None,
                    "is_auto_refresh": False,
                },
                "audience_history": [
                    {
                        "action": "CREATE",
                        "action_detail": "Best customers",
                        "editor": "open_api",
                        "msg": "",
                        "opt_time": "2026-07-01 12:00:00",
                    }
                ],
            }
        ]
    }
    assert world.get(GET, advertiser_id=OTHER, custom_audience_ids=[FIRST])["data"] == {"list": []}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({}, "custom_audience_ids: Missing data for required field"),
        ({"custom_audience_ids": [FIRST], "history_size": "0"}, "history_size: Must be a whole number from 1 to 100"),
        ({"custom_audience_ids": [FIRST], "history_size": "101"}, "history_size: Must be a whole number from 1 to 100"),
        ({"custom_audience_ids": ["1"] * 101}, "custom_audience_ids: Length must be between 1 and 100"),
    ],
)
def test_a_wrong_parameter_of_the_details_is_refused(world: World, query: dict[str, Any], message: str) -> None:
    """Here the ids must be given."""
    answer = world.get(GET, advertiser_id=ADVERTISER, **query)
    assert (answer["code"], answer["message"], answer["data"]) == (40002, message, {})


# Members


def test_members_come_and_go(world: World) -> None:
    """What is there already changes nothing, and the totals of events stay as they are."""
    make(world)
    assert world.send(MAPPING, mapping([1, 2, 2, 3])) == OK
    assert world.send(MAPPING, mapping([3, 4], action="add")) == OK
    assert members(world) == sorted((kept(person) for person in (1, 2, 3, 4)), key=lambda one: one["member"])
    assert world.send(MAPPING, mapping([2, 3, 9], action="delete")) == OK
    assert members(world) == sorted((kept(person) for person in (1, 4)), key=lambda one: one["member"])
    assert [one["members"] for one in world.page("audiences")["audiences"]] == [2]
    assert world.totals == totals(requests=4, members=9, added=4, removed=2, already=3)
    lines = [
        tuple(line[name] for name in ("rows", "accepted", "counted", "duplicates", "added", "removed", "already"))
        for line in world.page("history")["requests"]
    ]
    assert lines == [(0, 0, 0, 0, 0, 0, 0), (4, 4, 0, 0, 3, 0, 1), (2, 2, 0, 0, 1, 0, 1), (3, 3, 0, 0, 0, 2, 1)]


def test_members_page_by_limit_and_offset(world: World) -> None:
    """A checker reads what it needs."""
    make(world)
    world.send(MAPPING, mapping(range(5)))
    everyone = members(world)
    assert world.page(f"members?audience_id={FIRST}&limit=2&offset=3")["members"] == everyone[3:]
    assert world.page("members?audience_id=1") == {"members": []}
    assert world.page("members") == {"members": []}


def test_cells_stand_in_the_order_of_the_schema(world: World) -> None:
    """One request may hold several types and several audiences; a type is part of what is kept."""
    make(world)
    make(world)
    both, first = [FIRST, SECOND], [FIRST]
    rows = [
        [{"id": digest(1), "audience_ids": both}, {}, {}],
        [{}, {"id": digest(1), "audience_ids": first}, {"id": digest(2)[:32], "audience_ids": first}],
    ]
    body = mapping([], id_schema=["phone_sha256", EMAIL, "AAID_MD5"], batch_data=rows)
    assert world.send(MAPPING, body) == OK
    md5 = hashlib.sha256(f"AAID_MD5{digest(2)[:32]}".encode()).hexdigest()[:32]
    assert members(world) == [{"id_type": "AAID_MD5", "member": md5}, kept(1), kept(1, "PHONE_SHA256")]
    assert members(world, SECOND) == [kept(1, "PHONE_SHA256")]
    assert world.totals == totals(requests=3, members=2, added=4)


def test_the_case_of_a_digest_does_not_matter(world: World) -> None:
    """It is a number, however it is written."""
    make(world)
    upper = mapping([1])
    upper["batch_data"][0][0]["id"] = digest(1).upper()
    assert [world.send(MAPPING, body) for body in (upper, mapping([1]))] == [OK, OK]
    assert members(world) == [kept(1)]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (mapping([1], audience="7"), "batch_data.0.0.audience_ids: 7 is no audience of these advertisers"),
        (
            mapping([1], advertiser_ids=[OTHER]),
            f"batch_data.0.0.audience_ids: {FIRST} is no audience of these advertisers",
        ),
        (mapping([1], audience=SECOND), f"batch_data.0.0.audience_ids: {SECOND} is no audience of these advertisers"),
        (
            mapping([1], audience="9" * 19),
            f"batch_data.0.0.audience_ids: {'9' * 19} is no audience of these advertisers",
        ),
        (mapping([1], id_schema=["EMAIL_MD5"]), "id_schema.0: Not a valid choice"),
        (mapping(range(3), id_schema=["IDFA_MD5"]), "batch_data.0.0.id: Not an MD5 digest of 32 hexadecimal digits"),
        (mapping([]), "batch_data: Length must be between 1 and 10000"),
    ],
)
def test_a_wrong_request_about_members_changes_nothing(world: World, body: dict[str, Any], message: str) -> None:
    """All of it is refused; the history has its rows."""
    make(world)
    make(world, advertiser=OTHER)
    assert world.send(MAPPING, body) == refused(message)
    assert members(world) == []
    rows = len(body["batch_data"])
    assert world.totals == totals(requests=3, members=rows, members_refused=rows)


def test_audiences_of_several_advertisers_are_changed_by_one_request(world: World) -> None:
    """Each belongs to one of them."""
    make(world)
    make(world, advertiser=OTHER)
    rows = [[{"id": digest(1), "audience_ids": [FIRST, SECOND]}]]
    assert world.send(MAPPING, mapping([], batch_data=rows, advertiser_ids=[ADVERTISER, OTHER])) == OK
    assert (members(world), members(world, SECOND)) == ([kept(1)], [kept(1)])


def test_an_unknown_advertiser_needs_permission_if_the_sandbox_knows_some(tmp_path: Path) -> None:
    """Without a list every advertiser exists."""
    world = World(tmp_path / "s.sqlite", advertisers=[ADVERTISER])
    message = f"No permission to operate advertiser: {OTHER}, must be an admin or operator"
    assert (make(world)["code"], make(world, advertiser=OTHER)) == (0, refused(message, 40001))
    assert world.send(MAPPING, mapping([1], advertiser_ids=[ADVERTISER, OTHER])) == refused(message, 40001)
    for path in (LIST, GET):
        answer = world.get(path, advertiser_id=OTHER, custom_audience_ids=[FIRST])
        assert (answer["code"], answer["message"]) == (40001, message)
    assert world.totals == totals(requests=5, members=1, members_refused=1)


def test_a_token_is_asked_for_here_too(tmp_path: Path) -> None:
    """Every endpoint asks for it."""
    world = World(tmp_path / "s.sqlite", token="right")  # noqa: S106 -- not a secret
    assert world.send(MAPPING, mapping([1])) == refused("Access token is empty", 40104)
    assert world.get(LIST, advertiser_id=ADVERTISER)["code"] == 40104
    body = {"advertiser_id": ADVERTISER, "action": "create", "custom_audience_name": "Best"}
    assert world.send(SEGMENT, body, token="right")["code"] == 0  # noqa: S106 -- not a secret


# Sizes


def test_a_size_shows_with_a_delay_and_from_1000_on(world: World) -> None:
    """48 hours after a change it shows; an audience without a size cannot be used."""
    make(world)
    hours = START

    def look(after_h: float) -> tuple[int, bool]:
        world.now = hours + timedelta(hours=after_h)
        (one,) = listed(world)["list"]
        return one["cover_num"], one["is_valid"]

    world.send(MAPPING, mapping(range(999)))
    assert look(50) == (0, False)
    world.send(MAPPING, mapping(range(1_500)))
    assert [look(97.9), look(98)] == [(0, False), (1_500, True)]
    world.send(MAPPING, mapping(range(600), action="delete"))
    assert [look(145.9), look(146)] == [(1_500, True), (0, False)]
    assert [one["members"] for one in world.page("audiences")["audiences"]] == [900]


def test_an_audience_expires_a_year_after_its_last_change(world: World) -> None:
    """The last 60 days it is expiring; a change starts the year again."""
    make(world)
    world.send(MAPPING, mapping(range(1_000)))

    def look(days: int) -> tuple[bool, bool, str]:
        world.now = START + timedelta(days=days)
        (one,) = listed(world)["list"]
        return one["is_valid"], one["is_expiring"], one["expired_time"]

    assert look(304) == (True, False, "2027-07-01 12:00:00")
    assert look(305) == (True, True, "2027-07-01 12:00:00")
    assert look(365) == (False, False, "2027-07-01 12:00:00")
    world.now = START + timedelta(days=306)
    world.send(MAPPING, mapping([1]))
    assert look(370) == (True, False, "2028-05-02 12:00:00")


# Faults and the state


def late(*delays: float, path: str = MAPPING) -> list[dict[str, Any]]:
    """Return steps that let requests land late, one after the other."""
    return [{"do": "late", "delay_s": delay, "match": {"path": path}} for delay in delays]


def send_all(world: World, bodies: Sequence[dict[str, Any]]) -> None:
    """Send requests that are not answered."""
    for body in bodies:
        assert isinstance(world.post(body, path=MAPPING), Failure)


def test_a_late_add_lands_after_a_newer_delete(tmp_path: Path) -> None:
    """The person is back although the last request that was sent took them out."""
    world = World(tmp_path / "s.sqlite", late(90))
    make(world)
    send_all(world, [mapping([1, 2])])
    assert world.send(MAPPING, mapping([1], action="delete")) == OK
    world.now = START + timedelta(seconds=89)
    assert members(world) == []
    world.now = START + timedelta(seconds=90)
    assert members(world) == sorted((kept(person) for person in (1, 2)), key=lambda one: one["member"])
    assert world.totals == totals(requests=3, members=3, added=2, already=1)
    landed = [line["landed"] for line in world.page("history")["requests"]]
    assert landed == [None, "2026-07-01T12:01:30.000+00:00", None]


def test_late_requests_land_in_the_order_of_their_times(tmp_path: Path) -> None:
    """Not in the order in which they were sent, and before the request that comes next."""
    world = World(tmp_path / "s.sqlite", late(60, 30))
    make(world)
    send_all(world, [mapping([1], action="delete"), mapping([1, 2])])
    world.now = START + timedelta(seconds=600)
    assert world.send(MAPPING, mapping([3])) == OK
    assert members(world) == sorted((kept(person) for person in (2, 3)), key=lambda one: one["member"])


def test_what_is_to_land_outlives_the_process_and_holds_no_digest(tmp_path: Path) -> None:
    """The next command meets it."""
    first = World(tmp_path / "s.sqlite", late(60))
    make(first)
    send_all(first, [mapping([1])])
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"map_members" in stored
    assert digest(1).encode() not in stored
    assert bytes.fromhex(digest(1)) not in stored
    second = World(tmp_path / "s.sqlite")
    second.now = START + timedelta(seconds=60)
    assert members(second) == [kept(1)]


def test_a_late_request_may_find_its_audience_gone(tmp_path: Path) -> None:
    """It changes nothing, and its members count as refused."""
    world = World(tmp_path / "s.sqlite", late(60))
    make(world)
    send_all(world, [mapping([1])])
    world.send(SEGMENT, {"advertiser_id": ADVERTISER, "action": "delete", "delete_audience_id": FIRST})
    world.now = START + timedelta(seconds=60)
    assert world.totals == totals(requests=3, members=1, members_refused=1)


def test_an_audience_too_is_made_or_deleted_late(tmp_path: Path) -> None:
    """A second look at the list finds what the first did not."""
    world = World(tmp_path / "s.sqlite", late(60, 120, path=SEGMENT))
    for more in (
        {"action": "create", "custom_audience_name": "Best"},
        {"action": "delete", "delete_audience_id": FIRST},
    ):
        assert isinstance(world.post({"advertiser_id": ADVERTISER, **more}, path=SEGMENT), Failure)
    seen = []
    for seconds in (0, 60, 120):
        world.now = START + timedelta(seconds=seconds)
        seen.append([one["name"] for one in listed(world)["list"]])
    assert seen == [[], ["Best"], []]


def test_a_page_that_comes_late_is_a_lost_connection(tmp_path: Path) -> None:
    """There is nothing that could land."""
    world = World(tmp_path / "s.sqlite", late(60, path=LIST))
    with pytest.raises(ConnectionResetError):
        listed(world)
    world.now = START + timedelta(seconds=60)
    assert [line["landed"] for line in world.page("history")["requests"]] == [None]


def test_the_answer_to_a_new_audience_may_be_lost(tmp_path: Path) -> None:
    """The list has it."""
    world = World(tmp_path / "s.sqlite", [{"do": "drop_after_accept", "match": {"path": SEGMENT}}])
    body = {"advertiser_id": ADVERTISER, "action": "create", "custom_audience_name": "Best"}
    assert isinstance(world.post(body, path=SEGMENT), Failure)
    assert [one["name"] for one in listed(world)["list"]] == ["Best"]


@pytest.mark.parametrize("name", sorted({*FAULT_NAMES} - {"late", "slow_drip"}))
def test_each_named_fault_works_here_too(tmp_path: Path, name: str) -> None:
    """Members come in before it where events would; `slow_drip` and `late` have tests of their own."""
    world = World(tmp_path / "s.sqlite", [{"do": name, "match": {"path": MAPPING}}])
    make(world)
    result = world.post(mapping([1]), path=MAPPING)
    assert isinstance(result, Failure) == (name in {"drop_before", "drop_after_accept", "redirect"})
    assert members(world) == ([kept(1)] if name in {"drop_after_accept", "truncate"} else [])
    assert world.send(MAPPING, mapping([2])) == OK
    assert [line["fault"] for line in world.page("history")["requests"]] == [None, name, None]


def test_many_threads_may_send_members_at_once(world: World) -> None:
    """Everybody comes in once."""
    make(world)

    def work(thread: int) -> None:
        for number in range(5):
            world.send(MAPPING, mapping([*range(20), f"{thread}-{number}"]))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.totals == totals(requests=21, members=420, added=40, already=380)
    assert [one["members"] for one in world.page("audiences")["audiences"]] == [40]


def test_any_code_can_be_scripted_here_too(tmp_path: Path) -> None:
    """An audience that is being processed, or members that were taken before the server failed."""
    step = {"match": {"path": MAPPING}, "do": 40002, "message": "Audience is being processed", "times": 2}
    world = World(tmp_path / "s.sqlite", [step, {"match": {"path": MAPPING}, "do": 50000, "after": "accept"}])
    make(world)
    answers = [world.send(MAPPING, mapping([person])) for person in range(4)]
    processing = refused("Audience is being processed")
    assert answers == [processing, processing, refused("Scripted by the sandbox", 50000), OK]
    assert members(world) == sorted((kept(person) for person in (2, 3)), key=lambda one: one["member"])


def test_no_digest_is_stored_as_it_was_sent(world: World, tmp_path: Path) -> None:
    """Neither as text nor as bytes."""
    make(world)
    world.send(MAPPING, mapping([1]))
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert bytes.fromhex(kept(1)["member"]) in stored
    assert digest(1).encode() not in stored
    assert bytes.fromhex(digest(1))[:16] not in stored


def test_a_reset_forgets_audiences_too(tmp_path: Path) -> None:
    """What was to land is gone with them."""
    world = World(tmp_path / "s.sqlite", [{"do": "late", "delay_s": 60, "match": {"path": MAPPING, "nth": 2}}])
    make(world)
    world.send(MAPPING, mapping([1]))
    send_all(world, [mapping([2])])
    assert world.page("reset", "POST") == {"reset": True}
    world.now = START + timedelta(hours=1)
    assert (world.page("audiences"), members(world), world.totals) == ({"audiences": []}, [], totals())


def test_ten_thousand_members_are_taken_by_one_request(world: World) -> None:
    """As many as any connector sends at a time."""
    make(world)
    assert world.send(MAPPING, mapping(range(10_000))) == OK
    assert world.send(MAPPING, mapping(range(10_001))) == refused("batch_data: Length must be between 1 and 10000")
    assert world.totals == totals(requests=3, members=20_001, added=10_000, members_refused=10_001)


def test_nobody_comes_into_an_audience_that_has_ended(world: World) -> None:
    """It ends a year after its last change, and lets go of people still."""
    make(world)
    world.send(MAPPING, mapping(range(2)))
    world.now = START + timedelta(days=365)
    added = world.send(MAPPING, mapping([2]))
    removed = world.send(MAPPING, mapping([1], "delete"))

    assert (added["code"], added["message"]) == (40002, f"Audience is not editable: {FIRST} is not valid")
    assert (removed["code"], members(world)) == (0, [kept(0)])
