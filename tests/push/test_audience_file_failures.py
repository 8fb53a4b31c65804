"""Audiences of customer files when something fails: lost answers, damaged files, killed and stopped runs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.destinations.tiktok import sandbox_audience_state
from tests.push.audience_files import DAY, FILE, filled, line, push, requests
from tests.push.members import Club, emails, people, serving_audiences
from tests.push.support import NOW


@pytest.mark.parametrize("path", ["file/upload/", "create/"])
@pytest.mark.parametrize("fault", ["drop_after_accept", "html_502"])
def test_a_lost_answer_of_a_first_load_makes_no_second_audience(tmp_path: Path, path: str, fault: str) -> None:
    """Fault 59: a file is uploaded again, an audience is found by its name."""
    faults = [{"match": {"path": path}, "do": fault, "after": "accept"}]
    with serving_audiences(tmp_path, faults) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        club.join(people(range(1_200)))
        report = push(club, server)
        push(club, server, 3 * DAY)
        again = push(club, server, 3 * DAY)
        (audience,) = server.audiences()
        members = server.members(audience["audience_id"])

    assert line(report)["added"] == 1_200
    assert (report.exit_code, again.exit_code, members) == (0, 0, emails(range(1_200)))


def test_an_audience_of_files_in_doubt_is_not_made_again_at_once(tmp_path: Path) -> None:
    """A request to make it that may still land is waited for."""
    faults = [{"match": {"path": "custom_audience/create/"}, "do": "late", "delay_s": 60}]
    with serving_audiences(tmp_path, faults) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        club.join(people(range(1_200)))
        doubtful = push(club, server)
        # The members of that request are not those of today's view.
        club.join(people(range(1_300)))
        found = push(club, server, timedelta(minutes=3))
        push(club, server, 3 * DAY)
        push(club, server, 6 * DAY)
        (audience,) = server.audiences()
        members = server.members(audience["audience_id"])

    assert line(doubtful)["problem"] == "audience-in-doubt"
    assert (line(found)["problem"], found.exit_code) == ("audience-processing", 4)
    assert members == emails(range(1_300))


def test_a_replacement_without_an_answer_that_its_history_names_has_arrived(tmp_path: Path) -> None:
    """Fault 55: TikTok obeyed, and the answer was lost; nothing is told twice."""
    faults = [{"match": {"path": "custom_audience/update/"}, "do": "drop_after_accept"}]
    with serving_audiences(tmp_path, faults) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        audience = filled(club, server)
        before = len(server.requests())
        club.join(people(range(100, 1_300)))
        report = push(club, server, 3 * DAY)
        push(club, server, 6 * DAY)
        sent = requests(server, before)
        members = server.members(audience)

    assert (report.exit_code, line(report)["added"]) == (0, 100)
    assert sent == ["get/ 0", "file/upload/ 0", "update/ None", "get/ 0", "get/ 0"]
    assert members == emails(range(100, 1_300))


@pytest.mark.parametrize("lands", [True, False])
def test_a_replacement_that_may_still_land_counts_as_todays(tmp_path: Path, lands: bool) -> None:  # noqa: FBT001 -- a table
    """It is told again a day later, or known by its history before that if the view is the same."""
    fault = {"do": "late", "delay_s": 3_600} if lands else {"do": "drop_before"}
    faults = [{"match": {"path": "custom_audience/update/"}, **fault}]
    with serving_audiences(tmp_path, faults) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        audience = filled(club, server)
        club.join(people(range(100, 1_300)))
        doubtful = push(club, server, 3 * DAY)
        before = len(server.requests())
        early = push(club, server, 3 * DAY + timedelta(hours=2))
        first = requests(server, before)
        reports = [push(club, server, after * DAY) for after in (5.5, 9)]
        members = server.members(audience)

    waits = {
        "members": 1_200, "unchanged": 1_100, "adds": 100, "deletes": 100, "pending_adds": 100,
        "pending_deletes": 100, "files": 1, "bytes": 78_000, "exit": 4,
    }  # fmt: skip
    assert line(doubtful) == waits
    assert len(doubtful.notices) == 1
    assert first == ["get/ 0"]
    assert (early.exit_code, len(early.notices)) == ((0, 0) if lands else (4, 1))
    assert [one.exit_code for one in reports] == [0, 0]
    assert members == emails(range(100, 1_300))


@pytest.mark.parametrize(
    ("path", "code", "expected"),
    [
        ("file/upload/", 40900, ["list/ 0", "file/upload/ 40900", "file/upload/ 0", "create/ 0", "list/ 0"]),
        (
            "create/",
            40910,
            ["list/ 0", "file/upload/ 0", "create/ 40910", "list/ 0", "file/upload/ 0", "create/ 0", "list/ 0"],
        ),
    ],
)
def test_a_file_that_came_damaged_or_has_expired_is_uploaded_again(
    tmp_path: Path, path: str, code: int, expected: list[str]
) -> None:
    """Once: the same refusal again is told."""
    with serving_audiences(tmp_path, [{"match": {"path": path}, "do": code}]) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        club.join(people(range(1_200)))
        report = push(club, server)
        sent = requests(server)
    with serving_audiences(tmp_path / "club", [{"match": {"path": path}, "do": code, "times": None}]) as server:
        club = Club(tmp_path / "another", server.base_url, more=FILE)
        club.join(people(range(1_200)))
        refused = push(club, server)

    assert (report.exit_code, sent) == (0, expected)
    assert (line(refused)["problem"], refused.exit_code) == ("tiktok-config", 3)


def test_files_of_a_replacement_that_expired_are_uploaded_again(tmp_path: Path) -> None:
    """Both requests count as one replacement, because the first was refused."""
    with serving_audiences(tmp_path, [{"match": {"path": "custom_audience/update/"}, "do": 40910}]) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        filled(club, server)
        before = len(server.requests())
        club.join(people(range(1_300)))
        report = push(club, server, 3 * DAY)
        sent = requests(server, before)

    assert report.exit_code == 0
    assert sent == ["get/ 0", "file/upload/ 0", "update/ 40910", "file/upload/ 0", "update/ 0"]


def test_a_load_that_tiktok_failed_on_is_told_and_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was accepted, and then too few people were matched: the next push gives all members again."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        audience = filled(club, server)
        club.join(people(range(1_300)))
        push(club, server, 3 * DAY)
        least = sandbox_audience_state.number
        with monkeypatch.context() as patched:
            # The sandbox matches everybody, unless it asks for more than there are.
            patched.setattr(sandbox_audience_state, "number", lambda name: 5_000 if "least" in name else least(name))
            server.now = NOW + 6 * DAY
            server.audiences()
        failed = push(club, server, 6 * DAY)
        again = push(club, server, 6 * DAY)
        push(club, server, 9 * DAY)
        members = server.members(audience)

    assert (line(failed)["problem"], failed.exit_code) == ("audience-files-failed", 4)
    assert again.exit_code == 0
    assert members == emails(range(1_300))


def test_a_first_load_that_was_not_taken_yet_is_tried_again(tmp_path: Path) -> None:
    """TikTok throttled it, so nothing was done; the file need not travel a second time."""
    with serving_audiences(tmp_path, [{"match": {"path": "custom_audience/create/"}, "do": 40100}]) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        club.join(people(range(1_200)))
        report = push(club, server)
        sent = requests(server)

    assert report.exit_code == 0
    assert sent == ["list/ 0", "file/upload/ 0", "create/ 40100", "list/ 0", "create/ 0", "list/ 0"]


def test_a_stopped_push_begins_no_upload(tmp_path: Path) -> None:
    """What was not begun is pending, and the next push does it."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        club.join(people(range(1_200)))
        stopped = push(club, server, should_stop=lambda: len(server.requests()) >= 1)
        after = push(club, server)

    assert (line(stopped)["problem"], stopped.exit_code) == ("interrupted", 4)
    assert (line(after)["added"], after.exit_code) == (1_200, 0)


def test_a_replacement_that_was_killed_is_in_doubt(tmp_path: Path) -> None:
    """Fault 58: the process ended while the request travelled; a day later it is told again."""
    from pusher.push.audience.files_asking import FileAsking

    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        audience = filled(club, server)
        club.join(people(range(1_300)))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(FileAsking, "change", _die)
            with pytest.raises(KeyboardInterrupt):
                push(club, server, 3 * DAY)
        before = len(server.requests())
        early = push(club, server, 3 * DAY + timedelta(hours=1))
        late = push(club, server, 4 * DAY)
        push(club, server, 7 * DAY)
        members = server.members(audience)
        sent = requests(server, before)

    assert (early.exit_code, line(early)["pending_adds"], late.exit_code) == (4, 1_300, 0)
    assert sent == ["get/ 0", "get/ 0", "file/upload/ 0", "update/ 0", "get/ 0"]
    assert members == emails(range(1_300))


def _die(*given: Any) -> Any:
    """End as a killed process does, before anything else is kept."""
    del given
    raise KeyboardInterrupt
