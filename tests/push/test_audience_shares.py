"""What the lines of advertisers say who have an audience of files by share: whom it holds, and nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from pusher.destinations.tiktok import sandbox_audience_state
from tests.push.audience_files import DAY, FILE, filled, line, push
from tests.push.members import ADVERTISER, EMAILS, OTHER, Club, people, serving_audiences
from tests.push.support import NOW

SHARED = f"{FILE}, 'advertiser_ids': ['{ADVERTISER}', '{OTHER}']"


def test_who_is_still_to_come_is_not_counted_at_those_who_share_the_audience(tmp_path: Path) -> None:
    """They are in it for all once TikTok took them."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=SHARED)
        filled(club, server)
        push(club, server, 6 * DAY)
        club.join(people(range(1_300)))
        server.script([{"match": {"path": "file/upload/"}, "do": 503, "times": None}])
        before = push(club, server, 7 * DAY)
        server.script([])
        dry = push(club, server, 8 * DAY, dry_run=True)
        after = push(club, server, 8 * DAY)

    shares = {"members": 1_200, "unchanged": 1_200}
    assert line(before)["pending_adds"] == 100
    assert [line(one, 1) for one in (before, dry, after)] == [
        shares | {"exit": 4}, shares | {"exit": 0}, {"members": 1_300, "unchanged": 1_300, "exit": 0},
    ]  # fmt: skip


def test_an_audience_is_shared_with_those_whom_it_holds(tmp_path: Path) -> None:
    """The owner's change waits for another day: the line of the new advertiser does not count it."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        filled(club, server)
        club.view(EMAILS, more=SHARED)
        club.join(people(range(1_300)))
        server.script([{"match": {"path": "file/upload/"}, "do": 503, "times": None}])
        report = push(club, server, 4 * DAY)

    assert (line(report)["pending_adds"], report.exit_code) == (100, 4)
    assert line(report, 1) == {"members": 1_200, "adds": 1_200, "added": 1_200, "exit": 4}


def test_who_left_by_a_replacement_is_not_counted_either(tmp_path: Path) -> None:
    """The view lost people and got others."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=SHARED)
        filled(club, server)
        push(club, server, 6 * DAY)
        club.join(people(range(100, 1_250)))
        report = push(club, server, 7 * DAY)
        again = push(club, server, 7 * DAY, reassert=True)

    assert (line(report)["added"], line(report)["deleted"]) == (50, 100)
    assert [line(one, 1)["members"] for one in (report, again)] == [1_150, 1_150]


def test_of_an_audience_of_another_owner_nobody_is_known(tmp_path: Path) -> None:
    """Whoever has it by share comes to stand first: it is refused, and its line counts nobody."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=SHARED)
        filled(club, server)
        push(club, server, 6 * DAY)
        club.view(EMAILS, more=f"{FILE}, 'advertiser_ids': ['{OTHER}', '{ADVERTISER}']")
        club.join(people(range(1_300)))
        report = push(club, server, 7 * DAY)

    assert line(report)["problem"] == "audience-not-own"
    assert line(report, 1) == {"exit": 3}


def test_an_audience_whose_files_failed_is_known_to_hold_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TikTok took the files and made nothing of them, and does not say whom it kept."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=SHARED)
        filled(club, server)
        push(club, server, 6 * DAY)
        club.join(people(range(1_300)))
        push(club, server, 7 * DAY)
        least = sandbox_audience_state.number
        with monkeypatch.context() as patched:
            # The sandbox matches everybody, unless it asks for more than there are.
            patched.setattr(sandbox_audience_state, "number", lambda name: 5_000 if "least" in name else least(name))
            server.now = NOW + 10 * DAY
            server.audiences()
        failed = push(club, server, 10 * DAY)
        server.script([{"match": {"path": "file/upload/"}, "do": 503, "times": None}])
        waiting = push(club, server, 11 * DAY)
        server.script([])
        after = push(club, server, 12 * DAY)

    assert line(failed)["problem"] == "audience-files-failed"
    assert [line(one, 1) for one in (failed, waiting)] == [{"exit": 4}, {"exit": 4}]
    assert line(after, 1) == {"members": 1_300, "unchanged": 1_300, "exit": 0}
