"""A view whose method was wrong for a while: what it said then is no fact about an audience."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pusher.push.world import PushReport
from tests.push.audience_files import DAY, FILE, filled, forget, push
from tests.push.members import EMAILS, MEMBERS, AudienceServer, Club, digest, emails, people, serving_audiences


def lose_ledger(club: Club, server: AudienceServer) -> None:
    """Begin with an empty state folder, as a new machine does; the lock file stays."""
    shutil.rmtree(club.state.root)
    club.state.create()
    club.serve_another(server.base_url)


def codes(*reports: PushReport) -> list[tuple[int, str | None]]:
    """Return how pushes ended, and the problem of their one audience."""
    problems = [report.audiences[0].problem for report in reports]
    return [
        (report.exit_code, problem.code if problem else None) for report, problem in zip(reports, problems, strict=True)
    ]


@pytest.mark.parametrize("between", ["push", "forget", "adopt"])
def test_a_streamed_audience_goes_on_after_its_view_asked_for_files(tmp_path: Path, between: str) -> None:
    """On a new machine the ledger knows the audience by the lock file alone, which does not say how it is filled."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(1_200)))
        club.push()
        (audience,) = server.audiences()
        lose_ledger(club, server)
        club.view(EMAILS, more=FILE)
        wrong = push(club, server)
        club.view(EMAILS)
        club.build()
        if between == "forget":
            digests = [("EMAIL_SHA256", digest("email 7"))]
            found = club.project()._pushing().forget(digests, sends=True, wait_s=0.0, methods={MEMBERS: "stream"})
            assert found.exit_code == 0
            assert server.members(audience["audience_id"]) == emails({*range(1_200)} - {7})
        if between == "adopt":
            club.project().audiences.adopt(MEMBERS, audience["audience_id"])
            assert club.ledger("select method from audience where retired_at is null") == [("stream",)]
        dry, right, again = push(club, server, dry_run=True), push(club, server), push(club, server)
        club.join(people(range(1_100)))
        left = push(club, server)
        members = server.members(audience["audience_id"])

    assert codes(wrong, dry, right, again, left) == [(3, "audience-method"), *[(0, None)] * 4]
    assert members == emails({*range(1_100)} - ({7} if between == "forget" else set()))


def test_an_audience_of_files_goes_on_after_its_view_asked_for_a_stream(tmp_path: Path) -> None:
    """TikTok refused every streamed member, so the audience of files is as it was."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        filled(club, server)
        lose_ledger(club, server)
        club.view(EMAILS)
        wrong = push(club, server, 3 * DAY)
        club.view(EMAILS, more=FILE)
        club.build()
        right = push(club, server, 3 * DAY)
        push(club, server, 6 * DAY)
        again = push(club, server, 6 * DAY)
        forgotten = forget(club, server, 6 * DAY, 7)

    assert (wrong.exit_code, right.exit_code, again.exit_code, forgotten[0]) == (3, 0, 0, 0)


def test_a_view_that_never_had_an_audience_may_change_its_method(tmp_path: Path) -> None:
    """TikTok has an audience of files of the name: it takes no streamed members, and nothing was bound to it."""
    with serving_audiences(tmp_path) as server:
        filled(Club(tmp_path / "first", server.base_url, more=FILE), server)
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(1_200)))
        wrong = push(club, server, 3 * DAY)
        club.view(EMAILS, more=FILE)
        club.build()
        right = push(club, server, 3 * DAY)

    assert codes(wrong, right) == [(3, "audience-method"), (3, "audience-taken")]
