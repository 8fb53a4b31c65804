"""What `status` says of audiences: who is where, who waits, and what to do about a refusal."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from pusher.project.outcomes import Patience
from tests.push.audiences import LATER
from tests.push.members import ADVERTISER, MEMBERS, NAME, Club, people, serving_audiences
from tests.push.support import NOW
from tests.torture.world import Ended


def test_status_says_who_is_where(tmp_path: Path) -> None:
    """In, maybe, and taken out."""
    late = {"match": {"path": "segment/mapping/", "nth": 3}, "do": "drop_before", "times": None}
    with serving_audiences(tmp_path, [late]) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(6)))
        club.push()
        club.join(people(range(5)))
        club.push()
        club.join(people(range(1, 8)))
        club.push()
        (audience,) = server.audiences()
        summary = club.project().ledger.summary()

    assert summary is not None
    assert summary.audiences == [
        {
            "model": MEMBERS,
            "name": NAME,
            "advertiser_id": ADVERTISER,
            "audience_id": audience["audience_id"],
            "method": "stream",
            "inside": 4,
            "maybe": 1,
            "outside": 1,
            "told_at": NOW.isoformat(timespec="seconds"),
        }
    ]
    about = {"what": "audience", "model": MEMBERS, "space": "", "until": None, "name": NAME}
    (need,) = summary.attention
    fix = need.pop("fix")
    assert need == {**about, "rows": 4, "advertiser_id": ADVERTISER}
    assert fix == "Run `pusher push` again: it tells TikTok what is still to be told, or is in doubt."


def test_status_says_what_to_do_about_a_refusal(tmp_path: Path) -> None:
    """To push again would be refused again; once it went well, the next that waits is pushed again."""
    refusal = {"match": {"path": "segment/mapping/"}, "do": 40001, "times": 1}
    with serving_audiences(tmp_path, [refusal]) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        report = club.push()
        refused = club.project().ledger.summary()
        club.push()
        club.join(people(range(6)))
        club.push(patience=Patience(deadline_s=0.0))
        waiting = club.project().ledger.summary()

    assert refused is not None
    assert waiting is not None
    (problem,) = report.problems
    assert (report.exit_code, problem.code.startswith("tiktok-")) == (3, True)
    assert [(one["rows"], one["fix"]) for one in refused.attention] == [(5, problem.fix)]
    again = "Run `pusher push` again: it tells TikTok what is still to be told, or is in doubt."
    assert [(one["rows"], one["fix"]) for one in waiting.attention] == [(1, again)]


def test_status_fails_while_an_audience_waits(tmp_path: Path) -> None:
    """What a run left to be told, what a killed run left behind, and nothing once it is settled."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))

        def status() -> tuple[int, str]:
            done = club.command("status", "--fail-if-pending")
            return done.wait(), done.communicate()[0].decode()

        club.push(patience=Patience(deadline_s=0.0))
        waiting = status()
        club.push()
        settled = status()
        with sqlite3.connect(club.state.ledger) as connection:
            connection.execute("update audience_change set settled_at = null")
        connection.close()
        killed = status()

    assert (waiting[0], settled[0], killed[0]) == (4, 0, 4)
    assert f"       5  ! audience: {MEMBERS}, `{NAME}` of advertiser {ADVERTISER}\n" in waiting[1]
    assert "Nothing needs a person." in settled[1]


def test_status_counts_what_a_killed_push_froze(tmp_path: Path) -> None:
    """It ended before it could say how much there is: who it was about to tell is told again by the next push."""

    def killed() -> bool:
        if len(server.requests()) >= 3:
            raise Ended
        return False

    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        with pytest.raises(Ended):
            club.push(should_stop=killed)
        summary = club.project().ledger.summary()
        after = club.push(now=LATER)
        settled = club.project(LATER).ledger.summary()

    assert summary is not None
    assert settled is not None
    assert [(one["what"], one["name"], one["rows"]) for one in summary.attention] == [("audience", NAME, 5)]
    assert (after.exit_code, settled.attention) == (0, [])
