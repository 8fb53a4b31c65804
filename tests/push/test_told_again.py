"""Somebody else puts a suppressed person back into an audience: what tells TikTok of them once more."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from pusher.project.outcomes import PushChoice
from tests.push.audiences import line
from tests.push.members import EMAILS, MEMBERS, AudienceServer, Club, digest, emails, people, serving_audiences
from tests.push.support import NOW


def forget(club: Club, server: AudienceServer, number: int) -> tuple[int, int, list[Any]]:
    """Forget somebody; returns exit code, how many are new, and what was told to each audience."""
    found = (
        club.project(server.now)
        ._pushing()
        .forget([("EMAIL_SHA256", digest(f"email {number}"))], sends=True, wait_s=0.0, methods={MEMBERS: "stream"})
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
