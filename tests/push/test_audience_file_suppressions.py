"""Audiences of customer files and who is suppressed: out by every identifier."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.push.audience_files import DAY, FILE, filled, forget, line, push, requests
from tests.push.members import ADVERTISER, BOTH, MEMBERS, NAME, Club, digest, emails, people, serving_audiences, stored
from tests.push.opted_out import opt_out


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


def test_an_unfilled_audience_of_files_that_is_gone_keeps_nobody_from_pushing(tmp_path: Path) -> None:
    """Nobody is in it any more; one that has ended first has to be deleted, since nobody can be taken out of it."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=f"{FILE}, 'retention_days': 2")
        audience = filled(club, server)
        club.view("select email from {{ source('crm', 'people') }}\n", name="Another", more=FILE)
        club.join(people(range(1_200)))
        push(club, server, 3 * DAY)
        club.suppress("email 7")
        ended = push(club, server, 9 * DAY)
        server.delete_files(audience)
        gone = [push(club, server, 9 * DAY) for _ in range(2)]

    (problem,) = [one.problem for one in ended.audiences if one.problem is not None]
    assert (ended.exit_code, problem.code, problem.fix) == (
        3,
        "audience-not-valid",
        f"If {MEMBERS} still fills it, choose another audience_name for it; then delete audience {audience} in TikTok.",
    )
    told = f"Advertiser {ADVERTISER} has no audience {audience}, `{NAME}`, any more, so nobody is in it."
    assert [one.exit_code for one in gone] == [0, 0]
    assert [told in one.notices for one in gone] == [True, False]
