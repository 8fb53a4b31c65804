"""The sandbox: TikTok's rules, its 48 h dedupe, scripted faults, and a state that outlives a process."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from pusher.contracts import Answer, Failure
from pusher.destinations.tiktok import sandbox_state
from pusher.destinations.tiktok.sandbox_faults import FAULT_NAMES, Plan, load_faults
from pusher.errors import ConfigError, StateError
from tests.destinations.worlds import START, World, totals

SET = "7654321098765432109"
DIGEST = hashlib.sha256(b"somebody").hexdigest()


FIRST_VERSION = """
create table events (
    source_id text not null, test_event_code text not null, event text not null, event_id text not null,
    event_time integer not null, value text, currency text,
    first_seen_s real not null, times integer not null, counted integer not null,
    primary key (source_id, test_event_code, event, event_id)
) without rowid;
create table requests (
    id integer primary key, time text not null, path text not null, status integer, code text, fault text,
    rows integer not null, accepted integer not null, counted integer not null, duplicates integer not null,
    bytes integer not null, body_sha256 text not null
);
pragma user_version = 1;
"""


def row(event_id: str = "order-1", **more: Any) -> dict[str, Any]:
    """Return an event that is right."""
    return {"event": "Purchase", "event_id": event_id, "event_time": int(START.timestamp()), **more}


def request(*rows: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return a request with rows."""
    return {"event_source": "offline", "event_source_id": SET, "data": list(rows), **more}


# Rules


def test_a_request_that_is_right_is_accepted_and_counted(world: World) -> None:
    """Code 0, and the history knows time, size and digest but no identifier."""
    body = json.dumps(request(row(user={"email": DIGEST}, properties={"value": 12.50, "currency": "EUR"}))).encode()
    assert world.code(body) == (0, "OK")
    assert world.page("history") == {
        "requests": [
            {
                "id": 1,
                "time": "2026-07-01T12:00:00.000+00:00",
                "path": "/open_api/v1.3/event/track/",
                "status": 200,
                "code": 0,
                "fault": None,
                "rows": 1,
                "accepted": 1,
                "counted": 1,
                "duplicates": 0,
                "added": 0,
                "removed": 0,
                "already": 0,
                "landed": None,
                "bytes": len(body),
                "body_sha256": hashlib.sha256(body).hexdigest(),
            }
        ],
        "totals": totals(requests=1, rows=1, counted=1),
    }
    assert world.page("events") == {
        "events": [
            {
                "source_id": SET,
                "test_event_code": "",
                "event": "Purchase",
                "event_id": "order-1",
                "event_time": int(START.timestamp()),
                "value": "12.5",
                "currency": "EUR",
                "first_seen_s": START.timestamp(),
                "times": 1,
                "counted": 1,
            }
        ]
    }


def test_no_identifier_is_stored(world: World, tmp_path: Path) -> None:
    """The state file holds keys and amounts only."""
    world.code(request(row(user={"email": DIGEST, "phone": [DIGEST]})))
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"order-1" in stored
    assert DIGEST.encode() not in stored


def test_only_the_owner_reads_the_state(world: World, tmp_path: Path) -> None:
    """Files are private."""
    world.code(request(row()))
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (request(row(event_id=17)), "data.0.event_id: Not a valid string"),  # type: ignore[arg-type]
        (request(row(), row("order-2", user={"email": "jane"})), "data.1.user.email: Not a SHA-256 digest"),
        (request(), "data: Length must be between 1 and 1000"),
        (request(row(), event_source_id="C4A1B2C3D4E5F6G7H8I9"), "event_source_id: Not in the form"),
        (b"{", "Not valid JSON"),
        (b'{"data":NaN}', "Not valid JSON"),
        (b"\xff", "Not valid JSON"),
        (b"[" * 100_000, "Not valid JSON"),
        (b"[]", "Not a valid object"),
    ],
)
def test_one_wrong_row_refuses_the_whole_request(world: World, body: Any, message: str) -> None:
    """Nothing of a refused request counts, and the message names the first problem."""
    code, found = world.code(body)
    assert (code, found[: len(message)]) == (40002, message)
    assert world.page("events") == {"events": []}
    rows = len(body["data"]) if isinstance(body, dict) else 0
    assert world.totals == totals(requests=1, rows=rows, refused=rows)


@pytest.mark.parametrize(
    ("path", "status"), [("event/track", 404), ("event/trac/", 404), ("event/track/?x=1", 200), ("pixel/track/", 404)]
)
def test_only_the_documented_path_exists(world: World, path: str, status: int) -> None:
    """The slash at the end is part of it."""
    answer = world.post(request(row()), path=path)
    assert isinstance(answer, Answer)
    assert answer.status == status


def test_a_request_above_the_byte_limit_is_too_large(world: World) -> None:
    """The limit is the contract's, so that a batch that was cut wrong shows."""
    rows = [row(f"order-{number}", properties={"description": "x" * 2_000}) for number in range(500)]
    answer = world.post(request(*rows))
    assert isinstance(answer, Answer)
    assert (answer.status, world.totals) == (413, totals(requests=1, rows=500, refused=500))


@pytest.mark.parametrize(
    ("token", "code"), [("right", 0), (None, 40104), ("", 40104), ("wrong", 40105), ("Bearer right", 40105)]
)
def test_a_token_is_asked_for_if_the_sandbox_has_one(tmp_path: Path, token: str | None, code: int) -> None:
    """A prefix makes it another token."""
    world = World(tmp_path / "s.sqlite", token="right")  # noqa: S106 -- not a secret
    assert world.code(request(row()), token=token)[0] == code


def test_an_unknown_event_source_needs_permission_if_the_sandbox_knows_some(tmp_path: Path) -> None:
    """Without a list every source exists."""
    world = World(tmp_path / "s.sqlite", event_sources=["1234567890123456789"])
    assert world.code(request(row()))[0] == 40001
    assert world.code(request(row(), event_source_id="1234567890123456789"))[0] == 0
    assert world.totals == totals(requests=2, rows=2, counted=1, refused=1)


# Dedupe


def test_a_key_counts_once_within_48_hours_of_its_first_arrival(world: World) -> None:
    """The window starts with the arrival that counted, not with the latest."""
    sent_at = [0, 24, 47.99, 48, 95.99, 96.1]
    for hours in sent_at:
        world.now = START + timedelta(hours=hours)
        assert world.code(request(row()))[0] == 0
    (event,) = world.page("events")["events"]
    assert (event["times"], event["counted"]) == (6, 3)
    assert world.totals == totals(requests=6, rows=6, counted=3, duplicates=3)


def test_the_key_is_source_event_after_renames_and_id(world: World) -> None:
    """CompletePayment and Purchase are one event; another name, id or source is another."""
    rows = [row(), row(event="CompletePayment"), row(event="Lead"), row("order-2"), row()]
    assert world.code(request(*rows))[0] == 0
    assert world.code(request(row(), event_source_id="1234567890123456789"))[0] == 0
    found = [
        (event["source_id"], event["event"], event["event_id"], event["times"])
        for event in world.page("events")["events"]
    ]
    assert found == [
        ("1234567890123456789", "Purchase", "order-1", 1),
        (SET, "Lead", "order-1", 1),
        (SET, "Purchase", "order-1", 3),
        (SET, "Purchase", "order-2", 1),
    ]
    assert world.totals == totals(requests=2, rows=6, counted=4, duplicates=2)


def test_test_events_are_kept_apart_and_never_counted(world: World) -> None:
    """A row shown under Test Events does not make the real one a duplicate."""
    assert world.code(request(row(), test_event_code="TEST1"))[0] == 0
    assert world.code(request(row()))[0] == 0
    assert world.totals == totals(requests=2, rows=2, counted=1, test=1)
    assert [event["counted"] for event in world.page("events?test_event_code=TEST1")["events"]] == [0]


def test_the_state_outlives_the_process_that_made_it(tmp_path: Path) -> None:
    """The second command meets what the first one sent."""
    first = World(tmp_path / "s.sqlite")
    first.code(request(row()))
    second = World(tmp_path / "s.sqlite")
    second.code(request(row()))
    assert second.totals == totals(requests=2, rows=2, counted=1, duplicates=1)
    assert first.totals == second.totals


def test_many_threads_may_send_at_once(world: World) -> None:
    """Counts stay exact."""

    def work(thread: int) -> None:
        for number in range(5):
            world.code(request(*[row(f"order-{number}-{place}") for place in range(20)], row(f"own-{thread}-{number}")))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.totals == totals(requests=20, rows=420, counted=120, duplicates=300)


def test_a_foreign_state_file_is_named(tmp_path: Path) -> None:
    """The sandbox does not write into what is not its own."""
    (tmp_path / "s.sqlite").write_text("something else")
    with pytest.raises(StateError) as caught:
        World(tmp_path / "s.sqlite").post(request(row()))
    assert [problem.code for problem in caught.value.problems] == ["sandbox-state"]
    assert (tmp_path / "s.sqlite").read_text() == "something else"


def test_a_file_of_the_first_version_keeps_its_events(tmp_path: Path) -> None:
    """What was counted before audiences came is a duplicate still, and a later version is refused."""
    path = tmp_path / "s.sqlite"
    with closing(sqlite3.connect(path)) as old:
        old.executescript(FIRST_VERSION)
        seen = (SET, "Purchase", "order-1", int(START.timestamp()), START.timestamp())
        old.execute("insert into events values (?, '', ?, ?, ?, null, null, ?, 1, 1)", seen)
        old.execute("insert into requests values (1, 'then', '/p', 200, '0', null, 1, 1, 1, 0, 99, 'abc')")
        old.commit()
    world = World(path)
    assert world.code(request(row())) == (0, "OK")
    assert world.totals == totals(requests=2, rows=2, counted=1, duplicates=1)
    assert world.page("history?limit=1")["requests"] == [
        {
            "id": 1,
            "time": "then",
            "path": "/p",
            "status": 200,
            "code": 0,
            "fault": None,
            "rows": 1,
            "accepted": 1,
            "counted": 1,
            "duplicates": 0,
            "added": 0,
            "removed": 0,
            "already": 0,
            "landed": None,
            "bytes": 99,
            "body_sha256": "abc",
        }
    ]
    with closing(sqlite3.connect(path)) as later:
        later.execute("pragma user_version = 99")
    with pytest.raises(StateError):
        World(path).code(request(row()))


# Its own pages


def test_pages_are_cut_by_limit_and_offset_and_events_by_key(world: World) -> None:
    """A checker reads what it needs."""
    for number in range(4):
        world.code(request(row(f"order-{number}")))
    assert [entry["id"] for entry in world.page("history?limit=2&offset=1")["requests"]] == [2, 3]
    assert world.page("history?limit=0")["totals"] == totals(requests=4, rows=4, counted=4)
    assert [event["event_id"] for event in world.page("events?event_id=order-3&event=Purchase")["events"]] == [
        "order-3"
    ]
    assert [event["event_id"] for event in world.page("events?limit=1&offset=2")["events"]] == ["order-2"]
    assert world.page("events?source_id=other") == {"events": []}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/open_api/v1.3/event/track/", 405),
        ("GET", "/open_api/v1.3/segment/mapping/", 405),
        ("GET", "/open_api/v1.3/dmp/custom_audience/create/", 405),
        ("POST", "/open_api/v1.3/dmp/custom_audience/list/", 405),
        ("POST", "/open_api/v1.3/dmp/custom_audience/apply/", 404),
        ("GET", "/open_api/v1.3/dmp/custom_audience/list", 404),
        ("GET", "/_sandbox/history?limit=all", 400),
        ("GET", "/_sandbox/other", 404),
        ("GET", "/_sandbox/reset", 404),
    ],
)
def test_a_wrong_method_or_page_is_said_by_its_status(world: World, method: str, path: str, status: int) -> None:
    """As a web server does, without a return code."""
    with httpx.Client(transport=httpx.WSGITransport(app=world.app)) as client:  # noqa: TID251 -- not the push's
        assert client.request(method, f"http://sandbox.invalid{path}").status_code == status


def test_a_request_that_breaks_the_sandbox_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows and its line are kept together or not at all, and the next request works."""
    with monkeypatch.context() as patch:
        patch.setattr(sandbox_state, "record", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            world.code(request(row()))
    assert (world.totals, world.page("events")) == (totals(), {"events": []})
    assert world.code(request(row())) == (0, "OK")


def test_a_reset_forgets_everything(world: World) -> None:
    """A test starts over without touching files."""
    world.code(request(row()))
    assert world.page("reset", "POST") == {"reset": True}
    assert (world.totals, world.page("events")) == (totals(), {"events": []})
    world.code(request(row()))
    assert world.totals == totals(requests=1, rows=1, counted=1)


# Faults


def test_a_number_is_a_return_code_and_three_digits_an_http_status(tmp_path: Path) -> None:
    """Any code can be scripted, also one that does not exist."""
    faults = [{"do": code} for code in (40100, 50000, "40105", -1, 10**20)] + [
        {"do": 429, "headers": {"Retry-After": "7"}}
    ]
    world = World(tmp_path / "s.sqlite", faults)
    assert [world.code(request(row()))[0] for _ in range(5)] == [40100, 50000, 40105, -1, 10**20]
    answer = world.post(request(row()))
    assert isinstance(answer, Answer)
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    assert world.code(request(row()))[0] == 0
    assert world.totals == totals(requests=7, rows=1, counted=1)
    assert [entry["code"] for entry in world.page("history")["requests"]] == [40100, 50000, 40105, -1, 10**20, None, 0]


@pytest.mark.parametrize(
    ("name", "expected", "counted"),
    [
        ("drop_before", ("in_doubt", "reset"), 0),
        ("drop_after_accept", ("in_doubt", "reset"), 1),
        ("redirect", ("stop", "redirect"), 0),
        ("slow_drip", ("in_doubt", "deadline"), 1),
        ("truncate", (200, b'{"code":0,"messa'), 1),
        ("empty", (200, b""), 0),
        ("null", (200, b"null"), 0),
        ("list", (200, b"[]"), 0),
        ("code_text", (200, b'{"code":"0"'), 0),
        ("code_true", (200, b'{"code":true'), 0),
        ("no_code", (200, b'{"message":"'), 0),
        ("html_200", (200, b"<html>"), 0),
        ("html_502", (502, b"<html>"), 0),
    ],
)
def test_each_named_fault_does_what_it_says(tmp_path: Path, name: str, expected: tuple[Any, Any], counted: int) -> None:
    """Whether the rows counted is part of the fault."""
    world = World(tmp_path / "s.sqlite", [{"do": name}])
    result = world.post(request(row()), total_s=0.3)
    if isinstance(result, Failure):
        assert (result.kind, result.reason) == expected
    else:
        assert (result.status, result.body[: len(expected[1])]) == expected
    assert (world.totals["counted"], world.page("history")["requests"][0]["fault"]) == (counted, name)


def test_every_fault_is_tested() -> None:
    """A fault that is added needs a line above."""
    marks = test_each_named_fault_does_what_it_says.pytestmark
    assert sorted([*(case[0] for case in marks[0].args[1]), "late"]) == sorted(FAULT_NAMES)


def test_events_may_land_late_and_count_from_then_on(tmp_path: Path) -> None:
    """Until then nothing of the request is there; its line of the history says when it landed."""
    world = World(tmp_path / "s.sqlite", [{"do": "late", "delay_s": 90}])
    assert isinstance(world.post(request(row(), row("order-2"))), Failure)
    assert (world.totals, world.page("events")) == (totals(requests=1), {"events": []})
    world.now = START + timedelta(seconds=100)
    assert world.code(request(row())) == (0, "OK")
    assert world.totals == totals(requests=2, rows=3, counted=2, duplicates=1)
    seen = [(event["event_id"], event["first_seen_s"], event["times"]) for event in world.page("events")["events"]]
    assert seen == [("order-1", START.timestamp() + 90, 2), ("order-2", START.timestamp() + 90, 1)]
    lines = [
        (line["fault"], line["status"], line["rows"], line["landed"]) for line in world.page("history")["requests"]
    ]
    assert lines == [("late", None, 2, "2026-07-01T12:01:30.000+00:00"), (None, 200, 1, None)]


def test_a_request_that_is_refused_never_lands(tmp_path: Path) -> None:
    """It is judged when it comes."""
    world = World(tmp_path / "s.sqlite", [{"do": "late", "delay_s": 0}])
    assert isinstance(world.post(request()), Failure)
    assert world.totals == totals(requests=1)
    assert [line["landed"] for line in world.page("history")["requests"]] == [None]


def test_rows_may_be_accepted_before_any_fault(tmp_path: Path) -> None:
    """An answer of 50000 does not mean that nothing was counted."""
    world = World(tmp_path / "s.sqlite", [{"do": 50000, "after": "accept"}, {"do": 50000, "after": "before"}])
    assert [world.code(request(row(f"order-{number}")))[0] for number in range(3)] == [50000, 50000, 0]
    assert [event["event_id"] for event in world.page("events")["events"]] == ["order-0", "order-2"]


def test_a_step_waits_for_its_request_and_works_as_often_as_it_says(tmp_path: Path) -> None:
    """`nth` counts the requests that match, `times` those that it spoils."""
    steps = [{"match": {"path": "track", "contains": ["good", "order"], "nth": 2}, "do": 50000, "times": 2}]
    world = World(tmp_path / "s.sqlite", steps)
    sent = ["order-bad", "order-good", "order-good", "good", "order-good", "order-good"]
    assert [world.code(request(row(event_id)))[0] for event_id in sent] == [0, 0, 50000, 0, 50000, 0]


def test_a_poisoned_row_is_refused_for_ever(tmp_path: Path) -> None:
    """A bad row that only TikTok knows, with its own message and data."""
    step = {"match": {"contains": "order-7"}, "do": 40002, "times": None, "message": "bad", "data": {"a": 1}}
    world = World(tmp_path / "s.sqlite", [step])
    assert [world.code(request(row("order-7"))) for _ in range(3)] == [(40002, "bad")] * 3
    answer = world.post(request(row("order-7")))
    assert isinstance(answer, Answer)
    assert json.loads(answer.body)["data"] == {"a": 1}


@pytest.mark.parametrize(
    ("step", "message", "fix"),
    [
        ({"do": "html_501"}, "Fault 1: `do: html_501` is not known.", "Did you mean `html_502`?"),
        ({"doo": 1}, "Fault 1: unknown key `doo`.", "Did you mean `do`?"),
        ({"do": 1, "match": {"pth": "x"}}, "Fault 1: unknown key `pth`.", "Did you mean `path`?"),
        ({"do": 1, "match": {"nth": 0}}, "Fault 1: `nth` must be a whole number from 1.", None),
        ({"do": 1, "times": True}, "Fault 1: `times` must be a whole number from 1, or null.", None),
        ({"do": 1, "after": "all"}, "Fault 1: `after` must be accept or before.", None),
        ({"do": 1, "headers": []}, None, None),
        ({"do": 1, "data": [1]}, "Fault 1: `data` and `headers` must be mappings.", None),
        ("drop_before", "Fault 1: must be a mapping.", None),
        ({"do": "late"}, "Fault 1: `do: late` needs `delay_s`, a number of seconds from 0.", None),
        ({"do": "late", "delay_s": -1}, "Fault 1: `do: late` needs `delay_s`, a number of seconds from 0.", None),
        ({"do": "late", "delay_s": True}, "Fault 1: `do: late` needs `delay_s`, a number of seconds from 0.", None),
        ({"do": "late", "delay_s": 1, "after": "accept"}, "Fault 1: `after` is not for `do: late`.", None),
        ({"do": 1, "delay_s": 1}, "Fault 1: `delay_s` is for `do: late`.", None),
    ],
)
def test_a_fault_that_is_not_understood_is_refused(step: Any, message: str | None, fix: str | None) -> None:
    """A typo must not turn a test into one that proves nothing."""
    if message is None:
        Plan.parse([step])
        return
    with pytest.raises(ConfigError) as caught:
        Plan.parse([step])
    assert [(problem.message, problem.fix) for problem in caught.value.problems] == [(message, fix)]


@pytest.mark.parametrize("text", ['[{"do": "drop_before"}, {"do": 429}]', "- do: drop_before\n- {do: 429}\n"])
def test_faults_are_read_from_json_or_yaml(tmp_path: Path, text: str) -> None:
    """Both are lists of steps."""
    path = tmp_path / "faults"
    path.write_text(text)
    assert load_faults(path) == [{"do": "drop_before"}, {"do": 429}]


@pytest.mark.parametrize("text", ["do: 429", "1", "[", "- {do: 1, do: 2}"])
def test_a_faults_file_without_a_list_is_refused(tmp_path: Path, text: str) -> None:
    """The file is named."""
    path = tmp_path / "faults.yml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_faults(path)
    assert [problem.file for problem in caught.value.problems] == ["faults.yml"]


def test_full_batches_are_counted_row_by_row(world: World) -> None:
    """What comes a second time within 48 hours is a duplicate."""
    bodies = [full_batch(number) for number in range(3)]
    world.post(bodies[0])
    for body in bodies:
        assert isinstance(world.post(body), Answer)
    assert world.totals == totals(requests=4, rows=4_000, counted=3_000, duplicates=1_000)


def full_batch(number: int) -> bytes:
    """Return a request of 1,000 rows."""
    item = {"content_id": "sku-1", "price": 5.25, "quantity": 2, "content_name": "Mug"}
    rows: Iterable[dict[str, Any]] = (
        row(
            f"order-{number}-{place}",
            user={"email": DIGEST, "phone": DIGEST},
            properties={"value": 10.5, "currency": "EUR", "order_id": f"{place}", "contents": [item, item]},
        )
        for place in range(1_000)
    )
    return json.dumps(request(*rows)).encode()


def test_a_full_disk_is_what_the_sandbox_fails_of(tmp_path: Path) -> None:
    """SQLite ends the transaction by itself then, and undoing it again must not hide why."""
    state, full = sandbox_state.SandboxState(tmp_path / "sandbox.sqlite", ()), "database or disk is full"

    def fill() -> None:
        with state.transaction(0) as connection:
            connection.execute("rollback")
            raise sqlite3.OperationalError(full)

    with pytest.raises(sqlite3.OperationalError, match=full):
        fill()
