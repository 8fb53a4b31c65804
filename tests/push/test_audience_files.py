"""Audiences of customer files end to end: what the view names is what the sandbox holds, whatever happened."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.destinations.tiktok import destination, sandbox_audience_state
from pusher.errors import ConfigError, PlanError
from pusher.project.outcomes import Patience
from pusher.push.audience import files_deliver
from pusher.push.world import PushReport
from tests.push.members import (
    ADVERTISER,
    BOTH,
    EMAILS,
    MEMBERS,
    NAME,
    OTHER,
    AudienceServer,
    Club,
    digest,
    people,
    serving_audiences,
    stored,
)
from tests.push.support import NOW
from tests.push.test_suppressions import opt_out

FILE = ", 'method': 'file'"
DAY = timedelta(days=1)
THIRD = "7654321098765432111"
PATIENT = Patience(deadline_s=20.0)
"""Less than the first wait for an audience that TikTok works on."""


def line(report: PushReport, place: int = 0) -> dict[str, Any]:
    """Return what one audience came to, without its names and counts that are nought."""
    found = report.audiences[place].as_json()
    kept = (
        "members", "unchanged", "adds", "deletes", "added", "deleted", "suppressed", "pending_adds", "pending_deletes",
        "refused_adds", "refused_deletes", "files", "bytes",
    )  # fmt: skip
    problem = report.audiences[place].problem
    told = {"problem": problem.code} if problem else {}
    return {name: found[name] for name in kept if found[name]} | told | {"exit": report.exit_code}


def emails(numbers: Iterable[int]) -> set[tuple[str, str]]:
    """Return what the sandbox keeps of the e-mails of people."""
    return {stored("EMAIL_SHA256", digest(f"email {one}")) for one in numbers}


def requests(server: AudienceServer, since: int = 0) -> list[str]:
    """Return path and code of the requests from one on."""
    return [f"{one['path'].rpartition('custom_audience/')[2]} {one['code']}" for one in server.requests()[since:]]


def push(club: Club, server: AudienceServer, after: timedelta = timedelta(), **choice: Any) -> PushReport:
    """Push a while after the beginning, by the clocks of both sides."""
    server.now = NOW + after
    return club.push(now=server.now, **{"patience": PATIENT, **choice})


def filled(club: Club, server: AudienceServer, count: int = 1_200) -> str:
    """Give an audience its first members, let TikTok work on them, and return its id."""
    club.join(people(range(count)))
    push(club, server)
    push(club, server, 3 * DAY)
    return str(server.audiences()[0]["audience_id"])


def test_an_audience_of_files_ends_as_its_view_says(tmp_path: Path) -> None:
    """It is made once, left alone while nothing changes, and then all its members are replaced."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=f"{FILE}, 'retention_days': 90")
        club.join(people(range(1_200)))
        first = push(club, server)
        made = requests(server)
        again = push(club, server)
        later = push(club, server, 3 * DAY)
        known = push(club, server, 3 * DAY)
        looked = requests(server, len(made))
        club.join(people(range(100, 1_300)))
        changed = push(club, server, 3 * DAY)
        done = push(club, server, 6 * DAY)
        (audience,) = server.audiences()
        members = server.members(audience["audience_id"])
        sent = requests(server, len(made) + len(looked))

    whole = {"members": 1_200, "unchanged": 1_200, "exit": 0}
    assert line(first) == {"members": 1_200, "adds": 1_200, "added": 1_200, "files": 1, "bytes": 78_000, "exit": 0}
    assert made == ["list/ 0", "file/upload/ 0", "create/ 0", "list/ 0"]
    assert (line(again), line(later), line(known), line(done)) == (whole, whole, whole, whole)
    assert looked == ["get/ 0", "get/ 0"]
    assert line(changed) == {
        "members": 1_200, "unchanged": 1_100, "adds": 100, "deletes": 100, "added": 100, "deleted": 100, "files": 1,
        "bytes": 78_000, "exit": 0,
    }  # fmt: skip
    assert sent == ["get/ 0", "file/upload/ 0", "update/ 0", "get/ 0"]
    assert members == emails(range(100, 1_300))
    assert (audience["name"], audience["family"]) == (NAME, "file")
    assert f"'{NAME}': '{audience['audience_id']}'" in club.lock_file()
    assert not list(club.state.outbox.iterdir())


def test_a_second_change_of_a_day_waits(tmp_path: Path) -> None:
    """TikTok works on the replacement and takes one a day: the push says when the next may go, and sends nothing."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        audience = filled(club, server)
        club.join(people(range(1_300)))
        push(club, server, 3 * DAY)
        before = len(server.requests())
        same = push(club, server, 3 * DAY)
        club.join(people(range(1_400)))
        waits = push(club, server, 3 * DAY + timedelta(hours=23))
        shown = push(club, server, 3 * DAY + timedelta(hours=23), dry_run=True)
        busy = push(club, server, 3 * DAY + timedelta(hours=25))
        sent = requests(server, before)
        last = push(club, server, 6 * DAY)
        push(club, server, 9 * DAY)
        members = server.members(audience)

    pending = {"members": 1_400, "unchanged": 1_300, "adds": 100, "pending_adds": 100}
    told = (
        f"{MEMBERS}: audience `{NAME}` of advertiser {ADVERTISER} was replaced today already, or may have been: next "
        "at 2026-11-24 12:00 UTC. Who comes is told before that, once TikTok has worked on the last files."
    )
    assert line(same) == {"members": 1_300, "unchanged": 1_300, "exit": 0}
    assert (line(waits), waits.notices) == (pending | {"exit": 4}, (told,))
    assert (line(shown), shown.notices) == (pending | {"files": 1, "bytes": 6_500, "exit": 0}, (told,))
    assert line(busy) == pending | {"files": 1, "bytes": 91_000, "problem": "audience-processing", "exit": 4}
    assert sent == ["get/ 0", "get/ 0", "get/ 0"]
    assert line(last)["added"] == 100
    assert members == emails(range(1_400))


def test_what_tiktok_works_on_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault 60: a refusal that means later is no error while there is time."""
    faults = [{"match": {"path": "update/"}, "do": 40002, "message": "Audience is not editable", "times": 2}]
    with serving_audiences(tmp_path, faults) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        filled(club, server)
        before = len(server.requests())
        club.join(people(range(1_300)))
        monkeypatch.setattr(files_deliver, "POLL_FIRST_S", 1.0)
        report = push(club, server, 3 * DAY)
        sent = requests(server, before)

    assert (report.exit_code, line(report)["added"]) == (0, 100)
    assert sent == ["get/ 0", "file/upload/ 0", "update/ 40002", "update/ 40002", "update/ 0"]


def test_fewer_members_than_tiktok_takes_are_refused_before_anything_is_sent(tmp_path: Path) -> None:
    """Case C11: TikTok would fail the whole load; nobody in the audience is touched."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        club.join(people(range(999)))
        first = push(club, server)
        club.join([])
        empty = push(club, server)
        nothing = server.requests()
        audience = filled(club, server, 1_000)
        before = len(server.requests())
        club.join(people(range(999)))
        fewer = push(club, server, 3 * DAY)
        assert requests(server, before) == []
        members = server.members(audience)

    assert line(first) == {
        "members": 999, "adds": 999, "refused_adds": 999, "problem": "audience-too-small", "exit": 1,
    }  # fmt: skip
    assert first.audiences[0].problem is not None
    assert first.audiences[0].problem.message == (
        f"{MEMBERS} would leave 999 identifiers in audience `{NAME}`: TikTok fails files of fewer than 1,000 members, "
        "so nothing is sent."
    )
    assert (line(empty), nothing) == ({"problem": "audience-too-small", "exit": 1}, [])
    assert line(fewer) == {
        "members": 999, "unchanged": 999, "deletes": 1, "refused_deletes": 1, "problem": "audience-too-small",
        "exit": 1,
    }  # fmt: skip
    assert members == emails(range(1_000))


def test_another_retention_is_told_and_does_not_count(tmp_path: Path) -> None:
    """TikTok takes it when an audience is made; what is not known of an older one is not guessed."""
    kept = (
        f"{MEMBERS}: audience `{NAME}` of advertiser {ADVERTISER} was made with retention_days 90 and keeps that, "
        "although it is set {} now: TikTok takes it when an audience is made. Choose another audience_name for another "
        "end."
    )
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=f"{FILE}, 'retention_days': 90")
        filled(club, server)
        same = push(club, server, 3 * DAY)
        club.view(EMAILS, more=f"{FILE}, 'retention_days': 30")
        shorter = push(club, server, 3 * DAY)
        club.view(EMAILS, more=FILE)
        moving = push(club, server, 3 * DAY, dry_run=True)
        with sqlite3.connect(club.state.ledger) as connection:
            connection.execute("update audience set retention_days = null")
        connection.close()
        unknown = push(club, server, 3 * DAY)

    assert [one.notices for one in (same, shorter, moving, unknown)] == [
        (), (kept.format("with retention_days 30"),), (kept.format("without retention_days"),), (),
    ]  # fmt: skip


def test_whoever_is_suppressed_leaves_an_audience_of_files_by_all_identifiers(tmp_path: Path) -> None:
    """Also while the guard holds the view back: the row says that the phone is theirs."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, BOTH, more=FILE)
        audience = filled(club, server, 2_000)
        club.join(people(range(700)))
        club.suppress("email 0")
        report = push(club, server, 3 * DAY)
        push(club, server, 6 * DAY)
        members = server.members(audience)

    assert (line(report)["deleted"], line(report)["problem"]) == (2, "audience-shrinks")
    assert members == emails(range(1, 2_000)) | {
        stored("PHONE_SHA256", digest(f"phone {one}")) for one in range(1, 2_000)
    }


def test_a_view_that_shrank_replaces_nobody_but_who_is_suppressed(tmp_path: Path) -> None:
    """Fault 57: the guard holds the view back, never a suppression; `--allow-shrink` says that it is meant."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        audience = filled(club, server, 4_000)
        before = len(server.requests())
        club.join(people(range(1_500)))
        refused = push(club, server, 3 * DAY)
        nothing = requests(server, before)
        club.suppress("email 0", "email 3999")
        suppressed = push(club, server, 3 * DAY)
        push(club, server, 6 * DAY)
        kept = server.members(audience)
        allowed = push(club, server, 6 * DAY, allow_shrink=True)
        push(club, server, 9 * DAY)
        left = server.members(audience)

    assert line(refused) == {
        "members": 1_500, "unchanged": 1_500, "deletes": 2_500, "refused_deletes": 2_500,
        "problem": "audience-shrinks", "exit": 1,
    }  # fmt: skip
    assert nothing == []
    assert line(suppressed) == {
        "members": 1_499, "unchanged": 1_499, "deletes": 2_501, "deleted": 2, "suppressed": 1,
        "refused_deletes": 2_499, "files": 1, "bytes": 65 * 3_998, "problem": "audience-shrinks", "exit": 1,
    }  # fmt: skip
    assert kept == emails(range(1, 3_999))
    assert line(allowed)["deleted"] == 2_499
    assert left == emails(range(1, 1_500))


def test_other_advertisers_have_the_audience_by_share(tmp_path: Path) -> None:
    """The first one of the list owns it; each of the others succeeds or fails alone, in a line of its own."""
    with serving_audiences(tmp_path, advertisers=[ADVERTISER, OTHER]) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE, advertiser_ids=[ADVERTISER, THIRD, OTHER])
        club.join(people(range(1_200)))
        first = push(club, server)
        later = push(club, server, 3 * DAY)
        before = len(server.requests())
        again = push(club, server, 3 * DAY)
        sent = requests(server, before)
        (audience,) = server.audiences()
        summary = club.project().ledger.summary()
        # The lock file says it to a machine whose ledger knows nothing.
        shutil.rmtree(club.state.root)
        before = len(server.requests())
        push(club, server, 3 * DAY)
        elsewhere = requests(server, before)

    assert summary is not None
    assert {one["advertiser_id"]: one["inside"] for one in summary.audiences} == {ADVERTISER: 1_200, OTHER: 1_200}
    assert elsewhere == ["get/ 0", "file/upload/ 0", "update/ 0", "share/ 40001"]
    assert [line(first, place) for place in range(3)] == [
        {"members": 1_200, "adds": 1_200, "added": 1_200, "files": 1, "bytes": 78_000, "exit": 3},
        {"members": 1_200, "adds": 1_200, "pending_adds": 1_200, "problem": "tiktok-config", "exit": 3},
        {"members": 1_200, "adds": 1_200, "pending_adds": 1_200, "problem": "audience-processing", "exit": 3},
    ]
    assert [line(later, place) for place in range(3)] == [
        {"members": 1_200, "unchanged": 1_200, "exit": 3},
        {"members": 1_200, "adds": 1_200, "pending_adds": 1_200, "problem": "tiktok-config", "exit": 3},
        {"members": 1_200, "adds": 1_200, "added": 1_200, "exit": 3},
    ]
    assert line(again, 2) == {"members": 1_200, "unchanged": 1_200, "exit": 3}
    assert sent == ["share/ 40001"]
    assert {one.audience_id for one in later.audiences} == {audience["audience_id"], None}
    assert [one.owner for one in later.audiences] == [None, ADVERTISER, ADVERTISER]
    assert club.lock_file().count(audience["audience_id"]) == 2


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


def test_a_large_audience_goes_in_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is at most as large as TikTok takes; several kinds of identifier stand side by side."""
    monkeypatch.setattr(destination.file_audiences, "most_file_bytes", 50_000)
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, BOTH, more=FILE)
        club.join([*people(range(1_200)), ("", digest("phone alone"))])
        report = push(club, server)
        push(club, server, 3 * DAY)
        members = server.members(server.audiences()[0]["audience_id"])
        sent = requests(server)

    header, row = len("email_SHA256,phone_SHA256\n"), 130
    rows_of_a_file = (50_000 - header) // row
    files = -(-1_201 // rows_of_a_file)
    assert line(report) == {
        "members": 2_401, "adds": 2_401, "added": 2_401, "files": files,
        "bytes": files * header + 1_200 * row + 66, "exit": 0,
    }  # fmt: skip
    assert sent.count("file/upload/ 0") == files
    phones = {stored("PHONE_SHA256", digest(f"phone {one}")) for one in [*range(1_200), "alone"]}
    assert members == emails(range(1_200)) | phones


def test_people_who_are_suppressed_during_the_upload_stay_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are written again without them before TikTok is told to use any."""
    from pusher.push.audience.files_asking import FileAsking

    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        club.join(people(range(1_200)))
        upload = FileAsking.upload

        def interrupted(self: FileAsking, *given: Any) -> tuple[str, ...]:
            paths = upload(self, *given)
            monkeypatch.setattr(FileAsking, "upload", upload)
            with closing(sqlite3.connect(club.state.ledger)) as ledger, ledger:
                ledger.execute(
                    "insert into suppressed (id_schema, digest, reason, since) values (?, ?, 'test', '')",
                    ("EMAIL_SHA256", digest("email 7")),
                )
            return paths

        monkeypatch.setattr(FileAsking, "upload", interrupted)
        report = push(club, server)
        push(club, server, 3 * DAY)
        members = server.members(server.audiences()[0]["audience_id"])
        sent = requests(server)

    assert line(report) == {
        "members": 1_199, "adds": 1_199, "added": 1_199, "suppressed": 1, "files": 1, "bytes": 65 * 1_199, "exit": 0,
    }  # fmt: skip
    assert members == emails(range(1_200)) - emails(range(7, 8))
    assert [one for one in sent if "create" in one] == ["create/ 0"]


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


def test_an_audience_that_somebody_else_made_is_not_taken(tmp_path: Path) -> None:
    """Files would replace everybody in it; the lock file says that it is meant, and its kind is looked at."""
    with serving_audiences(tmp_path) as server:
        filled(Club(tmp_path / "first", server.base_url, more=FILE), server)
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        club.join(people(range(1_200)))
        taken = push(club, server, 3 * DAY)
        streamed = server.make("Streamed")
        club.view(EMAILS, name="Streamed", more=FILE)
        club.build()
        (club.root / "audiences.lock.yml").write_text(
            f"version: 1\ntargets: {{dev: {{{MEMBERS}: {{'{ADVERTISER}': {{'Streamed': '{streamed}'}}}}}}}}\n"
        )
        unfit = push(club, server, 3 * DAY)

    assert (line(taken)["problem"], taken.exit_code) == ("audience-taken", 3)
    assert (line(unfit)["problem"], unfit.exit_code) == ("audience-method", 3)


def expect_unfit(club: Club, server: AudienceServer, there: str, code: str, told: str) -> None:
    """Push and adopt refuse an audience of the wanted name, bind nothing and send it nothing."""
    club.join(people(range(1_200)))
    before = len(server.requests())
    report = push(club, server, 3 * DAY)
    with pytest.raises(ConfigError) as caught:
        club.project(NOW + 3 * DAY).audiences.adopt(MEMBERS, there)
    problem = report.audiences[0].problem
    assert problem is not None
    assert (problem.code, problem.message, report.exit_code) == (code, told, 3)
    assert [(one.code, one.message) for one in caught.value.problems] == [(code, told)]
    assert requests(server, before) == ["list/ 0", "list/ 0"]
    assert not (club.root / "audiences.lock.yml").exists()


@pytest.mark.parametrize(
    ("method", "kind"),
    [("", "one of customer files, which takes no streamed members"), (FILE, "no audience of files")],
    ids=["stream", "file"],
)
def test_an_audience_of_the_other_kind_is_neither_found_nor_adopted(tmp_path: Path, method: str, kind: str) -> None:
    """It has the wanted name and could never be filled, so nothing is bound and nothing is sent to it."""
    with serving_audiences(tmp_path) as server:
        there = server.make(NAME) if method else filled(Club(tmp_path / "first", server.base_url, more=FILE), server)
        club = Club(tmp_path / "club", server.base_url, more=method)
        expect_unfit(club, server, there, "audience-method", f"Audience {there} of advertiser {ADVERTISER} is {kind}.")


def test_an_audience_that_another_advertiser_shares_is_neither_found_nor_adopted(tmp_path: Path) -> None:
    """Only who made it may change it; the remedy says so before the ledger is bound to it."""
    with serving_audiences(tmp_path) as server:
        owner = Club(tmp_path / "owner", server.base_url, more=FILE, advertiser_ids=[ADVERTISER, OTHER])
        there = filled(owner, server)
        club = Club(tmp_path / "club", server.base_url, more=FILE, advertiser_ids=[OTHER])
        told = f"Audience {there} of advertiser {OTHER} was made by another advertiser."
        expect_unfit(club, server, there, "audience-not-own", told)


def test_an_adopted_audience_of_files_gets_the_members_of_the_view(tmp_path: Path) -> None:
    """Another ledger made it; who is in it and not in the view goes, because all members are replaced."""
    with serving_audiences(tmp_path) as server:
        first = Club(tmp_path / "first", server.base_url, more=FILE)
        audience = filled(first, server)
        second = Club(tmp_path / "second", server.base_url, more=FILE)
        second.join(people(range(500, 1_600)))
        second.project(NOW + 3 * DAY).audiences.adopt(MEMBERS, audience)
        report = push(second, server, 3 * DAY)
        push(second, server, 6 * DAY)
        members = server.members(audience)

    assert line(report) == {"members": 1_100, "adds": 1_100, "added": 1_100, "files": 1, "bytes": 71_500, "exit": 0}
    assert members == emails(range(500, 1_600))


def test_a_view_whose_files_became_others_is_refused(tmp_path: Path) -> None:
    """An audience keeps the type of its files, and its method."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        filled(club, server)
        before = len(server.requests())
        club.view(BOTH, more=FILE)
        club.build()
        other = push(club, server, 3 * DAY)
        sent = requests(server, before)
        club.view(EMAILS)
        club.build()
        with pytest.raises(PlanError) as caught:
            push(club, server, 3 * DAY)

    assert (line(other)["problem"], other.exit_code, sent) == ("audience-type", 3, ["get/ 0"])
    assert [one.code for one in caught.value.problems] == ["audience-method"]


def test_an_audience_that_has_ended_is_not_waited_for(tmp_path: Path) -> None:
    """Nothing makes it valid again, so the push says at once that another one is needed, and uploads nothing."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=f"{FILE}, 'retention_days': 30")
        filled(club, server)
        before = len(server.requests())
        club.join(people(range(1_300)))
        report = push(club, server, 40 * DAY)
        sent = requests(server, before)

    problem = report.audiences[0].problem
    assert problem is not None
    assert (problem.code, problem.message, problem.fix) == (
        "audience-not-valid",
        f"Audience `{NAME}` takes no members any more: it ended at {NOW + 30 * DAY:%Y-%m-%d %H:%M:%S}.",
        f"Choose another audience_name for {MEMBERS}: TikTok changes only audiences that are valid.",
    )
    assert (report.exit_code, sent) == (3, ["get/ 0"])


def test_an_audience_that_was_deleted_is_not_made_again(tmp_path: Path) -> None:
    """Somebody meant that: what to do is told."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        audience = filled(club, server)
        server.delete_files(audience)
        club.join(people(range(1_300)))
        report = push(club, server, 3 * DAY)
        left = server.audiences()

    assert (line(report)["problem"], report.exit_code, left) == ("audience-gone", 3, [])


def test_more_files_than_a_request_takes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 of 250 MB each are more people than there are, but nothing is cut off in silence."""
    monkeypatch.setattr(destination.file_audiences, "most_file_bytes", 50_000)
    monkeypatch.setattr(destination.file_audiences, "most_files", 1)
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        club.join(people(range(1_200)))
        report = push(club, server)
        sent = server.requests()

    assert (line(report)["problem"], report.exit_code, sent) == ("audience-too-large", 1, [])


def test_reconcile_gives_all_members_again(tmp_path: Path) -> None:
    """Also those that nothing changed about; at most once a day too."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        filled(club, server)
        before = len(server.requests())
        reports = [push(club, server, after * DAY, reassert=True) for after in (3, 3.5)]
        sent = requests(server, before)

    assert [(line(one)["adds"], one.exit_code) for one in reports] == [(1_200, 0), (1_200, 4)]
    assert sent == ["get/ 0", "file/upload/ 0", "update/ 0", "get/ 0"]


def test_who_is_forgotten_is_taken_out_of_the_files(tmp_path: Path) -> None:
    """All others of the audience are given again, whatever its view says by now; not twice on one day."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, BOTH, more=FILE)
        audience = filled(club, server)
        club.join([])
        before = len(server.requests())
        forgotten = [forget(club, server, 3 * DAY, number) for number in (5, 6)]
        sent = requests(server, before)
        club.join(people(range(1_200)))
        push(club, server, 6 * DAY)
        push(club, server, 9 * DAY)
        members = server.members(audience)

    assert forgotten == [(0, [(1, 1, 0)]), (4, [(1, 0, 1)])]
    assert sent == ["get/ 0", "file/upload/ 0", "update/ 0", "get/ 0"]
    kept = [one for one in range(1_200) if one not in {5, 6}]
    assert members == emails(kept) | {stored("PHONE_SHA256", digest(f"phone {one}")) for one in kept}


def test_who_is_suppressed_in_an_audience_that_would_be_too_small_is_still_to_go(tmp_path: Path) -> None:
    """TikTok would fail the files, which is neither done nor refused; they go once the view names more people."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        audience = filled(club, server, 1_000)
        before = len(server.requests())
        forgotten = forget(club, server, 3 * DAY, 5)
        waits = push(club, server, 3 * DAY)
        sent = requests(server, before)
        club.join(people(range(1_200)))
        gone = push(club, server, 3 * DAY)
        push(club, server, 6 * DAY)
        members = server.members(audience)

    assert (forgotten, sent) == ((4, [(1, 0, 1)]), [])
    assert line(waits) == {
        "members": 999, "unchanged": 999, "deletes": 1, "suppressed": 1, "pending_deletes": 1,
        "problem": "audience-too-small", "exit": 4,
    }  # fmt: skip
    assert waits.audiences[0].problem is not None
    assert waits.audiences[0].problem.fix == (
        "Widen the view, or set `method: stream` and another audience_name: streaming takes any number. Who is "
        "suppressed stays in it until then; to have them out now, delete the audience in TikTok."
    )
    assert (line(gone)["deleted"], gone.exit_code) == (1, 0)
    assert members == emails(range(1_200)) - emails(range(5, 6))


def forget(club: Club, server: AudienceServer, after: timedelta, number: int) -> tuple[int, list[Any]]:
    """Forget somebody; returns exit code, and what was due, done and left in each audience."""
    server.now = NOW + after
    pushing = club.project(server.now)._pushing()
    digests = [("EMAIL_SHA256", digest(f"email {number}"))]
    found = pushing.forget(digests, sends=True, wait_s=0.0, methods={MEMBERS: "file"})
    return found.exit_code, [(one.counts.deletes, one.deleted, one.pending_deletes) for one in found.audiences]


def test_forgetting_does_not_wait_while_tiktok_works_on_files(tmp_path: Path) -> None:
    """That takes a day or two, and nobody else could push meanwhile: it looks once, and a later push takes them out."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        club.join(people(range(1_200)))
        push(club, server)
        before = len(server.requests())
        forgotten = forget(club, server, timedelta(hours=1), 7)
        sent = requests(server, before)
        push(club, server, 3 * DAY)
        push(club, server, 6 * DAY)
        members = server.members(str(server.audiences()[0]["audience_id"]))

    assert (forgotten, sent) == ((4, [(1, 0, 1)]), ["get/ 0"])
    assert members == emails(range(1_200)) - emails(range(7, 8))


def test_a_new_ledger_lets_the_next_push_take_people_out_of_files(tmp_path: Path) -> None:
    """Nobody can be taken out of an audience whose members nobody knows; all members are given anew, and no others."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        audience = filled(club, server)
        shutil.rmtree(club.state.root)
        forgotten = forget(club, server, 6 * DAY, 7)
        report = push(club, server, 6 * DAY)
        push(club, server, 9 * DAY)
        members = server.members(audience)

    assert (forgotten, report.exit_code) == ((4, []), 0)
    assert members == emails(range(1_200)) - emails(range(7, 8))


def test_the_projects_list_keeps_members_out_of_files(tmp_path: Path) -> None:
    """Who comes to be on it later goes with the next replacement."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        audience = filled(club, server)
        opt_out(club, digest("email 7"))
        report = push(club, server, 3 * DAY)
        push(club, server, 6 * DAY)
        members = server.members(audience)

    assert (line(report)["deleted"], line(report)["suppressed"], report.exit_code) == (1, 1, 0)
    assert members == emails(range(1_200)) - emails(range(7, 8))


def test_a_dry_run_shows_the_files_and_sends_nothing(tmp_path: Path) -> None:
    """It counts them, and keeps nothing."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE, advertiser_ids=[ADVERTISER, OTHER])
        club.join(people(range(1_200)))
        report = push(club, server, dry_run=True)
        sent = server.requests()

    assert line(report) == {
        "members": 1_200, "adds": 1_200, "pending_adds": 1_200, "files": 1, "bytes": 78_000, "exit": 0,
    }  # fmt: skip
    assert [one.method for one in report.audiences] == ["file", "file"]
    assert [one.warnings for one in report.audiences] == [
        [
            "A dry run asks TikTok nothing. A push makes an audience of this name, and stops when one is there already, "
            "which files would replace. `pusher audience list` shows them."
        ],
        [],
    ]
    assert (sent, club.state.ledger.exists(), (club.root / "audiences.lock.yml").exists()) == ([], False, False)


def test_the_first_lines_of_a_file_can_be_seen(tmp_path: Path) -> None:
    """What a request of a streaming audience is elsewhere; nobody is no file."""
    club = Club(tmp_path / "club", sql=BOTH, more=FILE)
    club.join([(digest("a"), digest("b")), (digest("c"), "")])
    text = club.project().show_payload(MEMBERS, limit=1).decode()
    club.join([])
    with pytest.raises(PlanError) as caught:
        club.project().show_payload(MEMBERS, limit=1)

    first = min(f"{digest('a')},{digest('b')}\n", f"{digest('c')},\n")
    assert text == f"email_SHA256,phone_SHA256\n{first}"
    assert [one.code for one in caught.value.problems] == ["no-rows"]


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


@pytest.mark.parametrize(
    ("name", "more", "codes"),
    [
        ("x" * 128, FILE, []),
        (NAME, ", 'method': 'fax'", ["audience-method"]),
        (NAME, f"{FILE}, 'retention_days': 366", ["retention-days"]),
        (NAME, f"{FILE}, 'retention_days': '30'", ["retention-days"]),
        (NAME, ", 'retention_days': 30", ["retention-days"]),
    ],
)
def test_a_wrong_setting_of_files_is_told(tmp_path: Path, name: str, more: str, codes: list[str]) -> None:
    """Case C12: 128 characters go, 129 do not."""
    club = Club(tmp_path / "club", name=name, more=more)
    club.join(people(range(1_200)))
    found: list[str] = []
    try:
        club.push(dry_run=True)
    except ConfigError as error:
        found = [one.code for one in error.problems]
    assert found == codes
    assert destination.file_audiences.name_problem("x" * 129) is not None


@pytest.mark.parametrize("more", ["", FILE])
def test_clean_forgets_old_runs_of_audiences(tmp_path: Path, more: str) -> None:
    """Settled changes and loads go with their runs; what says who is in an audience stays."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=more)
        filled(club, server)
        club.join(people(range(10, 1_210)))
        push(club, server, 3 * DAY)
        push(club, server, 6 * DAY)
        before = [club.ledger(f"select count(*) from audience_{table}")[0][0] for table in ("change", "chunk", "load")]
        late = (NOW + 500 * DAY).isoformat()
        done = club.command("clean", "--clock", late)
        out = done.communicate()
        after = [club.ledger(f"select count(*) from audience_{table}")[0][0] for table in ("change", "chunk", "load")]
        again = push(club, server, 500 * DAY)

    assert done.returncode == 0, out
    assert (before, after) == (([0, 0, 2], [0, 0, 1]) if more else ([3, 4, 0], [0, 0, 0]))
    assert line(again) == {"members": 1_200, "unchanged": 1_200, "exit": 0}
    assert club.ledger("pragma foreign_key_check") == []
