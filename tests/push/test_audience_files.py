"""Audiences of customer files end to end: what the view names is what the sandbox holds, whatever happened."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from pusher.destinations.tiktok import destination
from pusher.errors import ConfigError, PlanError
from pusher.push.audience import files_deliver
from tests.push.audience_files import DAY, FILE, filled, line, push, requests
from tests.push.members import (
    ADVERTISER,
    BOTH,
    EMAILS,
    MEMBERS,
    NAME,
    OTHER,
    Club,
    digest,
    emails,
    people,
    serving_audiences,
    stored,
)
from tests.push.support import NOW

THIRD = "7654321098765432111"


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
    unasked = (
        "A dry run asks TikTok nothing. A push makes an audience of this name, and stops when one is there already, "
        "which files would replace. `pusher audience list` shows them."
    )
    assert [one.warnings for one in report.audiences] == [[unasked], []]
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
    # An audience to which nothing was told for so long has ended, and that is known without them.
    assert line(again) == {"members": 1_200, "unchanged": 1_200, "problem": "audience-not-valid", "exit": 3}
    assert club.ledger("pragma foreign_key_check") == []
