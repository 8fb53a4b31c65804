"""Audiences of files in the sandbox: uploads, what is made of them, how long that takes, and sharing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.destinations.tiktok.facts import tables
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

THIRD = "7654321098765432111"
FOLDER = "dmp/custom_audience/"
UPLOAD = f"{FOLDER}file/upload/"


def all_kept(people: Iterable[object], id_type: str = EMAIL) -> list[dict[str, str]]:
    """Return what the sandbox says of members."""
    return sorted((kept(person, id_type) for person in people), key=lambda one: one["member"])


def file_of(people: Iterable[object]) -> bytes:
    """Return a file of a single type."""
    return "".join(f"{digest(person)}\n" for person in people).encode()


def upload(
    world: World,
    content: bytes,
    *,
    name: str = "best.csv",
    advertiser: str = ADVERTISER,
    calculate_type: str = EMAIL,
    signature: str | None = None,
) -> dict[str, Any]:
    """Send a file."""
    signature = hashlib.md5(content, usedforsecurity=False).hexdigest() if signature is None else signature
    fields = {"advertiser_id": advertiser, "calculate_type": calculate_type, "file_signature": signature}
    return world.upload(UPLOAD, fields, (name, content))


def path_of(world: World, people: Iterable[object], **more: Any) -> str:
    """Send a file of a single type and return its path."""
    answer = upload(world, file_of(people), **more)
    assert answer["code"] == 0, answer
    path: str = answer["data"]["file_path"]
    return path


def create(world: World, *paths: str, **more: Any) -> dict[str, Any]:
    """Make an audience of files."""
    body = {
        "advertiser_id": ADVERTISER,
        "custom_audience_name": "Best customers",
        "calculate_type": EMAIL,
        "file_paths": list(paths),
        **more,
    }
    return world.send(f"{FOLDER}create/", body)


def update(world: World, *paths: str, **more: Any) -> dict[str, Any]:
    """Change an audience of files."""
    files = {"file_paths": list(paths)} if paths else {}
    return world.send(f"{FOLDER}update/", {"advertiser_id": ADVERTISER, "custom_audience_id": FIRST, **files, **more})


def ready(world: World, people: Iterable[object] = range(1_500), **more: Any) -> None:
    """Make an audience of files and wait until it can be used."""
    assert create(world, path_of(world, people), **more)["code"] == 0
    world.now += timedelta(hours=48)


def listed(world: World, advertiser: str = ADVERTISER) -> list[dict[str, Any]]:
    """Return an account's audiences."""
    found: list[dict[str, Any]] = world.get(LIST, advertiser_id=advertiser)["data"]["list"]
    return found


def details(world: World) -> dict[str, Any]:
    """Return what is known of the first audience."""
    (found,) = world.get(GET, advertiser_id=ADVERTISER, custom_audience_ids=[FIRST])["data"]["list"]
    answer: dict[str, Any] = found
    return answer


def shown(**more: Any) -> dict[str, Any]:
    """Return an audience as the list shows a new one."""
    return as_listed("Customer File Audience", EMAIL, **more)


NOT_EDITABLE = refused(f"Audience is not editable: {FIRST} is not valid")
PROCESSING = refused("Audience is being updated or under processing")


# Uploads


def test_a_file_gets_a_path_of_16_characters(world: World) -> None:
    """Another upload gets another path, even of the same bytes."""
    first, second = path_of(world, [1]), path_of(world, [1])
    assert (len(first), len(second), first == second) == (16, 16, False)
    assert world.totals == totals(requests=2, members=2)


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"content": b""}, 40906, "file: Must not be empty"),
        ({"name": "best.CSV"}, 40908, "file: Only .csv and .txt are supported"),
        ({"name": "best.csv.gz"}, 40908, "file: Only .csv and .txt are supported"),
        ({"signature": "0" * 32}, 40900, "file_signature: Not the MD5 of the file"),
        ({"signature": "0"}, 40002, "file_signature: Not an MD5 digest of 32 hexadecimal digits"),
        ({"calculate_type": "EMAIL_MD5"}, 40909, "calculate_type: Not a valid choice"),
        ({"advertiser": "x"}, 40002, "advertiser_id: Not a valid id"),
        ({"content": b"email_SHA256\n"}, 40914, "file: Line 1: Not a SHA-256 digest of 64 hexadecimal digits"),
        ({"content": b"\xff\n"}, 40914, "file: Line 1: Not a SHA-256 digest of 64 hexadecimal digits"),
        (
            {"content": b"email\n", "calculate_type": "MULTIPLE_TYPES"},
            40915,
            "file: Line 1: A header holds only MAID, phone_SHA256, email_SHA256, MAID_SHA256, MAID_MD5",
        ),
    ],
)
def test_a_wrong_upload_is_refused(world: World, change: dict[str, Any], code: int, message: str) -> None:
    """Each rule has its code."""
    assert upload(world, **{"content": file_of([1]), **change}) == refused(message, code)


@pytest.mark.parametrize(
    ("name", "calculate_type"),
    [("best.txt", EMAIL), ("best.csv", "PHONE_SHA256"), ("best.csv", "MAID_SHA256"), ("best.csv", "FIRST_SHA256")],
)
def test_files_of_each_kind_are_taken(world: World, name: str, calculate_type: str) -> None:
    """The signature may be in upper case."""
    content = file_of([1])
    signature = hashlib.md5(content, usedforsecurity=False).hexdigest().upper()
    answer = upload(world, content, name=name, calculate_type=calculate_type, signature=signature)
    assert answer["code"] == 0


def test_an_upload_without_its_parts_is_refused(world: World) -> None:
    """The file, a field, a form at all, or a form that ends early."""
    fields = {"advertiser_id": ADVERTISER, "calculate_type": EMAIL, "file_signature": "0" * 32}
    no_file = refused("file: Missing data for required field", 40905)
    assert world.upload(UPLOAD, fields, None) == no_file
    assert world.upload(UPLOAD, {**fields, "file": "text"}, None) == no_file
    del fields["calculate_type"]
    file = ("best.csv", file_of([1]))
    assert world.upload(UPLOAD, fields, file) == refused("calculate_type: Missing data for required field")
    assert world.upload(UPLOAD, fields, file, files=None, json={}) == refused("Not multipart/form-data")
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    broken = world.upload(UPLOAD, fields, file, files=None, headers=headers, content=b"--b\r\n")
    assert broken == refused("Not valid multipart/form-data")
    more: list[tuple[str, tuple[str | None, bytes]]] = [("x", (None, b"1")), ("x", (None, b"2"))]
    assert world.upload(UPLOAD, fields, file, files=more) == refused("x: Stands twice")
    more = [("x", ("x.csv", b"1"))]
    assert world.upload(UPLOAD, fields, file, files=more) == refused("x: Must not be a file")
    more = [("name", (None, b"x" * 70_000))]
    assert world.upload(UPLOAD, fields, file, files=more) == refused("name: Longer than 65536 bytes")


def test_a_file_may_have_250_mb(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number is the contract's; here it is made small."""
    most = tables("audience")["number"]["file_bytes"]
    assert most["value"] == 250_000_000
    monkeypatch.setitem(most, "value", 130)
    assert upload(world, file_of(range(2)))["code"] == 0
    assert upload(world, file_of(range(3))) == refused("file: Larger than 130 bytes", 40907)


def test_no_digest_of_a_file_is_stored_as_it_was_sent(world: World, tmp_path: Path) -> None:
    """Neither as text nor as bytes."""
    path_of(world, [1])
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert bytes.fromhex(all_kept([1])[0]["member"]) in stored
    assert digest(1).encode() not in stored
    assert bytes.fromhex(digest(1))[:16] not in stored


# Audiences


def test_an_audience_has_its_members_after_48_hours(world: World) -> None:
    """Until then it is there, has no size and takes nothing else."""
    first, second = path_of(world, range(1_000)), path_of(world, range(900, 1_200))
    assert create(world, first, second) == {**OK, "data": {"custom_audience_id": FIRST}}
    assert (listed(world), members(world)) == ([shown()], [])
    assert details(world)["audience_details"]["msg"] == "Audience is being updated or under processing"
    assert update(world, custom_audience_name="Better") == PROCESSING
    world.now = START + timedelta(hours=47.9)
    assert listed(world) == [shown()]
    world.now = START + timedelta(hours=48)
    assert listed(world) == [shown(cover_num=1_200, is_valid=True, expired_time="2027-07-03 12:00:00")]
    assert members(world) == all_kept(range(1_200))
    assert details(world) == {
        "audience_details": {
            **{name: value for name, value in listed(world)[0].items() if name != "audience_type"},
            "type": "Customer File Audience",
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


def test_an_audience_of_fewer_than_1000_cannot_be_used_or_changed(world: World) -> None:
    """Its size is 0, and the API says why."""
    ready(world, range(999))
    assert (listed(world), len(members(world))) == ([shown()], 999)
    assert details(world)["audience_details"]["error_msg"] == "CREATE failed: fewer than 1000 members were matched"
    assert update(world, path_of(world, [1]), action="APPEND") == NOT_EDITABLE
    assert update(world, custom_audience_name="Better") == NOT_EDITABLE


@pytest.mark.parametrize(
    ("action", "people", "left"),
    [
        ("APPEND", range(1_000, 2_000), range(2_000)),
        ("REMOVE", range(1_000, 9_000), range(1_000)),
        ("REPLACE", range(500, 1_500), range(500, 1_500)),
        (None, range(500, 1_500), range(500, 1_500)),
    ],
)
def test_members_are_appended_removed_or_replaced(
    world: World, action: str | None, people: Iterable[int], left: Iterable[int]
) -> None:
    """After 48 hours; without an action all are replaced."""
    ready(world)
    assert update(world, path_of(world, people), **({"action": action} if action else {})) == OK
    assert members(world) == all_kept(range(1_500))
    world.now += timedelta(hours=48)
    assert members(world) == all_kept(left)
    lines = [(line["action"], line["msg"]) for line in details(world)["audience_history"]]
    assert lines == [(action or "REPLACE", ""), ("CREATE", "")]


@pytest.mark.parametrize(("action", "people"), [("REMOVE", range(501)), ("REPLACE", range(999))])
def test_an_update_that_would_leave_fewer_than_1000_fails(world: World, action: str, people: Iterable[int]) -> None:
    """Everybody stays, and the history says so."""
    ready(world)
    assert update(world, path_of(world, people), action=action) == OK
    world.now += timedelta(hours=48)
    assert members(world) == all_kept(range(1_500))
    error = f"{action} failed: fewer than 1000 members were matched"
    assert (details(world)["audience_details"]["error_msg"], details(world)["audience_history"][0]["msg"]) == (
        error,
        error,
    )
    assert update(world, path_of(world, [7_000]), action="APPEND") == OK
    assert details(world)["audience_details"]["error_msg"] == ""


def test_only_one_update_is_worked_on_at_a_time(world: World) -> None:
    """A second replace has a message of its own; the audience stays usable meanwhile."""
    ready(world)
    path = path_of(world, range(1_000))
    assert update(world, path, action="REPLACE") == OK
    unfinished = refused("Request rejected as there is an existing unfinished replace operation")
    assert update(world, path, action="REPLACE") == unfinished
    assert update(world, path) == unfinished
    assert update(world, path, action="APPEND") == PROCESSING
    assert update(world, custom_audience_name="Better") == PROCESSING
    assert listed(world)[0]["is_valid"] is True
    world.now += timedelta(hours=47)
    assert update(world, path, action="APPEND") == PROCESSING
    world.now += timedelta(hours=1)
    path = path_of(world, [1])
    assert update(world, path, action="APPEND") == OK
    assert update(world, path, action="REPLACE") == PROCESSING


def test_an_audience_is_renamed_at_once_and_may_become_one_for_reach(world: World) -> None:
    """That cannot be undone, and whatever else the request asks is ignored."""
    ready(world)
    assert update(world, custom_audience_name="x" * 128) == OK
    assert update(world, custom_audience_name="Ignored", audience_sub_type="REACH_FREQUENCY") == OK
    assert update(world, audience_sub_type="NORMAL") == refused("audience_sub_type: Cannot become NORMAL again")
    found = details(world)
    assert (found["audience_details"]["name"], found["audience_details"]["audience_sub_type"]) == (
        "x" * 128,
        "REACH_FREQUENCY",
    )
    assert [line["action"] for line in found["audience_history"]] == ["RENAME", "CREATE"]


def test_files_of_several_types_fill_an_audience(world: World) -> None:
    """Each column is of a type, and a person may have several or none."""
    rows = [f"{digest(person)},{digest(-person)}" for person in range(600)] + [f"{digest(1_000)},"]
    content = "\r\n".join(["Email_SHA256,MAID_SHA256", *rows]).encode()
    answer = upload(world, content, calculate_type="MULTIPLE_TYPES")
    assert create(world, answer["data"]["file_path"], calculate_type="MULTIPLE_TYPES")["code"] == 0
    world.now += timedelta(hours=48)
    emails, devices = all_kept([*range(600), 1_000]), all_kept((-person for person in range(600)), "FIRST_SHA256")
    assert members(world) == emails + devices
    assert listed(world)[0]["cover_num"] == 1_201
    assert world.totals == totals(requests=3, members=601)


def test_a_file_is_of_its_advertiser_its_type_and_its_day(world: World) -> None:
    """Each has its code, when an audience is made and when it is changed."""
    ready(world)
    foreign, phones = path_of(world, [1], advertiser=OTHER), path_of(world, [1], calculate_type="PHONE_SHA256")
    old = path_of(world, [1])
    missing = refused("file_paths.0: There is no such file of this advertiser", 40905)
    wrong = refused(f"file_paths.1: The file is of PHONE_SHA256, not of {EMAIL}", 40909)
    for send in (create, update):
        assert [send(world, foreign), send(world, "f" * 16), send(world, old, phones)] == [missing, missing, wrong]
    world.now += timedelta(hours=23.9)
    assert create(world, old)["code"] == 0
    world.now += timedelta(hours=0.1)
    expired = refused("file_paths.0: The file has expired", 40910)
    assert [create(world, old), update(world, old)] == [expired, expired]


def test_a_file_under_another_name_of_its_type_fits(world: World) -> None:
    """MAID is what FIRST is called in an upload."""
    path = path_of(world, range(1_000), calculate_type="MAID_SHA256")
    assert create(world, path, calculate_type="FIRST_SHA256")["code"] == 0
    world.now += timedelta(hours=48)
    assert members(world) == all_kept(range(1_000), "FIRST_SHA256")


def test_a_file_that_expires_while_an_audience_waits_for_it_is_there(world: World) -> None:
    """Expired files are forgotten only when nothing can wait for them."""
    path = path_of(world, range(1_000))
    world.now += timedelta(hours=23.9)
    create(world, path)
    world.now += timedelta(hours=47)
    path_of(world, [1])
    world.now += timedelta(hours=2)
    path_of(world, [1])
    assert len(members(world)) == 1_000


def test_a_retention_is_a_fixed_day(world: World) -> None:
    """A change does not move it, and from then on nothing can be changed."""
    ready(world, retention_in_days=30)
    assert (listed(world)[0]["expired_time"], listed(world)[0]["is_expiring"]) == ("2026-07-31 12:00:00", True)
    assert update(world, custom_audience_name="Better") == OK
    assert listed(world)[0]["expired_time"] == "2026-07-31 12:00:00"
    world.now = START + timedelta(days=30)
    assert (listed(world)[0]["is_valid"], listed(world)[0]["cover_num"]) == (False, 1_500)
    assert update(world, custom_audience_name="Best") == NOT_EDITABLE


@pytest.mark.parametrize("body", [b"{", b"[]"])
@pytest.mark.parametrize("path", ["create/", "update/", "delete/", "share/", "share/cancel/"])
def test_a_body_that_is_no_object_is_refused(world: World, path: str, body: bytes) -> None:
    """By every endpoint that takes one."""
    message = "Not valid JSON" if body == b"{" else "Not a valid object"
    assert world.send(FOLDER + path, body) == refused(message)


def test_the_families_do_not_mix(world: World) -> None:
    """A streaming audience takes no file, and one of files no streamed member; 400 are for both together."""
    ready(world)
    segment = {"advertiser_id": ADVERTISER, "action": "create", "custom_audience_name": "Stream"}
    assert world.send("segment/audience/", segment)["data"] == {"audience_id": SECOND}
    rows = [[{"id": digest(1), "audience_ids": [FIRST]}]]
    mapping = {"advertiser_ids": [ADVERTISER], "action": "add", "id_schema": [EMAIL], "batch_data": rows}
    assert world.send("segment/mapping/", mapping) == refused(
        f"batch_data.0.0.audience_ids: {FIRST} is not a streaming audience"
    )
    drop = {"advertiser_id": ADVERTISER, "action": "delete", "delete_audience_id": FIRST}
    assert world.send("segment/audience/", drop) == refused(f"delete_audience_id: {FIRST} is no streaming audience")
    none = refused(f"{SECOND} is no customer file audience")
    assert update(world, custom_audience_id=SECOND, custom_audience_name="x") == none
    delete = {"advertiser_id": ADVERTISER, "custom_audience_ids": [FIRST, SECOND]}
    assert world.send(f"{FOLDER}delete/", delete) == none
    assert [(one["audience_id"], one["audience_type"]) for one in listed(world)] == [
        (FIRST, "Customer File Audience"),
        (SECOND, "Partner"),
    ]
    for _ in range(398):
        world.send("segment/audience/", segment)
    full = refused("The account has 400 audiences, which is the most that it can have")
    assert create(world, path_of(world, [1])) == full


def test_audiences_are_deleted_all_or_none(world: World) -> None:
    """By their owner, also while they are worked on."""
    ready(world)
    create(world, path_of(world, range(1_000)))
    delete = {"advertiser_id": OTHER, "custom_audience_ids": [FIRST, SECOND]}
    assert world.send(f"{FOLDER}delete/", delete) == refused(f"No permission to operate audience: {FIRST}", 40001)
    delete["advertiser_id"] = ADVERTISER
    assert world.send(f"{FOLDER}delete/", {**delete, "custom_audience_ids": [FIRST, "1"]}) == refused(
        "1 is no customer file audience"
    )
    assert len(listed(world)) == 2
    assert world.send(f"{FOLDER}delete/", delete) == OK
    world.now += timedelta(hours=48)
    assert (listed(world), members(world), members(world, SECOND)) == ([], [], [])


# Sharing


def share(world: World, *others: str, **more: Any) -> dict[str, Any]:
    """Share the first audience."""
    body = {"advertiser_id": ADVERTISER, "custom_audience_ids": [FIRST], "shared_advertiser_ids": list(others), **more}
    return world.send(f"{FOLDER}share/", body)


def cancel(world: World, other: str, **more: Any) -> dict[str, Any]:
    """End the share of the first audience."""
    body = {"advertiser_id": ADVERTISER, "custom_audience_id": FIRST, "shared_advertiser_id": other, **more}
    return world.send(f"{FOLDER}share/cancel/", body)


def log(world: World) -> list[tuple[str, str]]:
    """Return with whom the first audience is or was shared."""
    found = world.get(f"{FOLDER}share/log/", advertiser_id=ADVERTISER, custom_audience_id=FIRST)["data"]["list"]
    return [(line["shared_advertiser_id"], line["status"]) for line in found]


def test_an_audience_is_shared_and_taken_back(world: World) -> None:
    """The other account sees it and cannot change it; the log keeps who had it."""
    ready(world)
    assert share(world, OTHER, THIRD) == OK
    assert share(world, OTHER) == OK
    mine = shown(cover_num=1_500, is_valid=True, expired_time="2027-07-03 12:00:00", shared=True)
    assert (listed(world), listed(world, OTHER)) == ([mine], [{**mine, "is_creator": False}])
    assert update(world, advertiser_id=OTHER, custom_audience_name="Mine") == refused(
        f"No permission to operate audience: {FIRST}", 40001
    )
    assert log(world) == [(OTHER, "SHARED"), (THIRD, "SHARED")]
    assert cancel(world, OTHER) == OK
    assert cancel(world, OTHER) == refused(f"{FIRST} is not shared with {OTHER}")
    assert (listed(world, OTHER), log(world)) == ([], [(OTHER, "CANCELLED"), (THIRD, "SHARED")])
    assert cancel(world, THIRD) == OK
    assert listed(world)[0]["shared"] is False
    assert share(world, OTHER) == OK
    assert log(world) == [(OTHER, "SHARED"), (THIRD, "CANCELLED")]


def test_a_line_of_the_log_is_as_the_api_writes_it(world: World) -> None:
    """Account, name, audience and state."""
    ready(world)
    share(world, OTHER)
    answer = world.get(f"{FOLDER}share/log/", advertiser_id=ADVERTISER, custom_audience_id=FIRST)
    assert answer["data"]["list"] == [
        {
            "custom_audience_id": FIRST,
            "shared_advertiser_id": OTHER,
            "shared_advertiser_name": f"Advertiser {OTHER}",
            "status": "SHARED",
        }
    ]


def test_what_cannot_be_shared_is_refused(tmp_path: Path) -> None:
    """An audience that is not ready, a stranger's, with oneself, or with an account that does not exist."""
    world = World(tmp_path / "s.sqlite", advertisers=[ADVERTISER, OTHER])
    create(world, path_of(world, range(1_000)))
    assert share(world, OTHER) == NOT_EDITABLE
    world.now += timedelta(hours=48)
    assert share(world, ADVERTISER) == refused("shared_advertiser_ids: Must not hold the owner")
    message = f"No permission to operate advertiser: {THIRD}, must be an admin or operator"
    assert share(world, OTHER, THIRD) == refused(message, 40001)
    foreign = refused(f"No permission to operate audience: {FIRST}", 40001)
    assert share(world, ADVERTISER, advertiser_id=OTHER) == foreign
    assert cancel(world, ADVERTISER, advertiser_id=OTHER) == foreign
    answer = world.get(f"{FOLDER}share/log/", advertiser_id=OTHER, custom_audience_id=FIRST)
    assert (answer["code"], answer["message"]) == (foreign["code"], foreign["message"])
    assert world.get(f"{FOLDER}share/log/", advertiser_id=OTHER)["code"] == 40002
    assert [share(world, OTHER), listed(world, OTHER)[0]["is_valid"]] == [OK, True]


@pytest.mark.parametrize("path", ["create/", "update/", "delete/", "share/cancel/"])
def test_an_unknown_advertiser_needs_permission(tmp_path: Path, path: str) -> None:
    """Every endpoint asks for it, uploads too."""
    world = World(tmp_path / "s.sqlite", advertisers=[ADVERTISER])
    message = f"No permission to operate advertiser: {OTHER}, must be an admin or operator"
    bodies: dict[str, dict[str, Any]] = {
        "create/": {"custom_audience_name": "Best", "calculate_type": EMAIL, "file_paths": ["a"]},
        "update/": {"custom_audience_id": FIRST, "custom_audience_name": "Best"},
        "delete/": {"custom_audience_ids": [FIRST]},
        "share/cancel/": {"custom_audience_id": FIRST, "shared_advertiser_id": ADVERTISER},
    }
    assert world.send(FOLDER + path, {"advertiser_id": OTHER, **bodies[path]}) == refused(message, 40001)
    assert upload(world, file_of([1]), advertiser=OTHER) == refused(message, 40001)


# Faults


def test_an_answer_about_a_file_may_be_lost_or_come_late(tmp_path: Path) -> None:
    """A file that lands late can be used from then on, and so can what was made of it."""
    late = {"do": "late", "delay_s": 60}
    steps = [{**late, "match": {"path": "file/upload/", "nth": 2}}, {**late, "match": {"path": "create/"}}]
    world = World(tmp_path / "s.sqlite", steps)
    path = path_of(world, range(1_000))
    with pytest.raises(ConnectionResetError):
        upload(world, file_of([1]))
    with pytest.raises(AssertionError):
        create(world, path)
    assert (listed(world), world.totals["members"]) == ([], 1_000)
    world.now += timedelta(seconds=60)
    assert (listed(world)[0]["name"], world.totals["members"]) == ("Best customers", 1_001)
    world.now += timedelta(hours=47.9)
    assert members(world) == []
    world.now += timedelta(hours=0.1)
    assert len(members(world)) == 1_000
