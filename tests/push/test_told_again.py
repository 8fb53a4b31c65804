"""Somebody else puts a suppressed person back into an audience: what tells TikTok of them once more."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.errors import ConfigError
from pusher.project.outcomes import PushChoice
from tests.push.audiences import line
from tests.push.members import EMAILS, MEMBERS, AudienceServer, Club, digest, emails, people, serving_audiences
from tests.push.support import NOW


def forget(club: Club, server: AudienceServer, number: int, *, sends: bool = True) -> tuple[int, int, list[Any]]:
    """Forget somebody; returns exit code, how many are new, and what was told to each audience."""
    found = (
        club.project(server.now)
        ._pushing()
        .forget([("EMAIL_SHA256", digest(f"email {number}"))], sends=sends, wait_s=0.0, methods={MEMBERS: "stream"})
    )
    return found.exit_code, found.new, [(one.deleted, one.unknown_deleted) for one in found.audiences]


def put_back(server: AudienceServer, number: int) -> None:
    """Put somebody into every audience, as another tool does."""
    for audience in server.audiences():
        server.change(audience["audience_id"], "add", [digest(f"email {number}")])


def test_to_forget_somebody_again_takes_them_out_again(tmp_path: Path) -> None:
    """They are suppressed already, and every audience was told of them."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        first = forget(club, server, 3)
        put_back(server, 3)
        again = forget(club, server, 3)
        members = server.members(server.audiences()[0]["audience_id"])

    assert (first, again) == ((0, 1, [(1, 0)]), (0, 0, [(0, 1)]))
    assert members == emails(range(5)) - emails(range(3, 4))


@pytest.mark.parametrize("sends", [False, True])
def test_who_was_to_be_told_of_again_is_told_by_the_next_push(tmp_path: Path, *, sends: bool) -> None:
    """Nobody was asked to tell TikTok, or TikTok took nothing: it is not forgotten with the run."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        forget(club, server, 3)
        put_back(server, 3)
        server.script([{"match": {"path": "segment/mapping/"}, "do": 40105, "times": None}])
        code = forget(club, server, 3, sends=sends)[0]
        server.script([])
        server.now = NOW + timedelta(hours=1)
        report = club.push(server.now)
        members = server.members(server.audiences()[0]["audience_id"])

    assert (code, report.exit_code, line(report)["unknown_deletes"]) == (3 if sends else 4, 0, 1)
    assert members == emails(range(5)) - emails(range(3, 4))


def test_reconcile_tells_audiences_where_no_view_is_left(tmp_path: Path) -> None:
    """It is the remedy also for a project that fills none any more; without a ledger there is nothing to tell."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        (club.root / "models" / f"{MEMBERS}.sql").write_text("select 1 as number\n")
        forget(club, server, 3)
        put_back(server, 3)
        server.now = NOW + timedelta(minutes=5)
        report = club.project(server.now).reconcile()
        members = server.members(server.audiences()[0]["audience_id"])
        shutil.rmtree(club.state.root)
        with pytest.raises(ConfigError) as caught:
            club.project(server.now).reconcile()

    assert line(report) == {"unknown_deletes": 1, "requests": 1, "exit": 0}
    assert members == emails(range(5)) - emails(range(3, 4))
    assert [one.code for one in caught.value.problems] == ["no-views"]


def test_reconcile_tells_audiences_that_no_view_fills(tmp_path: Path) -> None:
    """With a selection it tells nobody else, and nobody but suppressed people leaves."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        club.view(EMAILS, name="Streamed anew")
        club.join(people(range(4)))
        club.push()
        forget(club, server, 3)
        put_back(server, 3)
        server.now = NOW + timedelta(minutes=5)
        some = club.project(server.now).reconcile([MEMBERS])
        left = [server.members(one["audience_id"]) for one in server.audiences()]
        dry = club.project(server.now).reconcile(choice=PushChoice(dry_run=True))
        every = club.project(server.now).reconcile()
        told = [server.members(one["audience_id"]) for one in server.audiences()]

    old, new = emails(range(5)) - emails(range(3, 4)), emails(range(3))
    assert ([one.model for one in some.audiences], left) == ([MEMBERS], [old | emails(range(3, 4)), new])
    assert line(dry, 1) == {"unknown_deletes": 1, "pending_unknown_deletes": 1, "exit": 0}
    assert (every.exit_code, line(every, 1)) == (0, {"unknown_deletes": 1, "requests": 1, "exit": 0})
    assert told == [old, new]
