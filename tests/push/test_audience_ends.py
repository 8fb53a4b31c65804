"""Audiences that may have come to their end: TikTok is asked first, and what it does not say is not assumed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pusher.push.audience.run import AudiencePush
from tests.push.audience_files import DAY, line, push
from tests.push.members import MEMBERS, Club, emails, people, serving_audiences

YEAR = 370 * DAY
ENDED = "audience-not-valid"
NO_LIST = [{"match": {"path": "list/"}, "do": 503, "times": None}]


def test_a_new_ledger_asks_whether_the_audience_of_the_lock_file_has_ended(tmp_path: Path) -> None:
    """Nobody knows when it was filled: who waited for it to take members would wait for ever."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        push(club, server)
        shutil.rmtree(club.state.root)
        dry = push(club, server, YEAR, dry_run=True)
        reports = [push(club, server, YEAR + days * DAY) for days in (0, 1)]
        near = push(club, server, YEAR, dry_run=True)

    (problem,) = reports[0].problems
    expected = {"members": 5, "adds": 5, "refused_adds": 5, "problem": ENDED, "exit": 3}
    assert [line(one) for one in reports] == [expected, expected]
    assert problem.fix == (
        f"Choose another audience_name for {MEMBERS}, so that another is made: no ad uses one that has ended."
    )
    told = (
        "A dry run asks TikTok nothing. A push asks first whether this audience has ended: nobody was added to it for "
        "long, as far as this ledger knows."
    )
    assert [told in one.audiences[0].warnings for one in (dry, near)] == [True, True]


def test_an_audience_of_the_lock_file_that_has_not_ended_is_filled(tmp_path: Path) -> None:
    """It is asked about until this ledger has put somebody into it."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        push(club, server)
        shutil.rmtree(club.state.root)
        first, second = (push(club, server, days * DAY) for days in (10, 11))
        dry = push(club, server, 11 * DAY, dry_run=True)

    assert line(first) == {"members": 5, "adds": 5, "added": 5, "exit": 0}
    assert (first.audiences[0].requests, second.audiences[0].requests) == (2, 0)
    assert [text for text in dry.audiences[0].warnings if "ended" in text] == []


def test_a_change_that_was_refused_is_none(tmp_path: Path) -> None:
    """TikTok took nothing of it, so the audience went on to its end."""
    refused = [{"match": {"path": "segment/mapping/"}, "do": 40001, "times": None}]
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        push(club, server)
        club.join(people(range(6)))
        server.script(refused)
        before = push(club, server, 350 * DAY)
        server.script([])
        after = push(club, server, YEAR)

    assert (line(before)["problem"], line(after)["problem"], after.exit_code) == ("tiktok-config", ENDED, 3)


def test_who_left_an_audience_that_had_ended_does_not_make_it_live(tmp_path: Path) -> None:
    """Only who was added proves that it takes members: the next push asks again."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        push(club, server)
        club.suppress("email 2")
        reports = [push(club, server, YEAR + days * DAY) for days in (0, 1)]

    assert line(reports[0]) == {
        "members": 4, "unchanged": 4, "deletes": 1, "deleted": 1, "suppressed": 1, "problem": ENDED, "exit": 3,
    }  # fmt: skip
    # The sandbox lets it live on from its last change.
    assert (reports[1].audiences[0].requests, reports[1].exit_code) == (1, 0)


@pytest.mark.parametrize(("joins", "held"), [(6, {"adds": 1, "pending_adds": 1}), (5, {})])
def test_nobody_is_added_while_tiktok_does_not_say_whether_the_audience_has_ended(
    tmp_path: Path, joins: int, held: dict[str, int]
) -> None:
    """Who is suppressed leaves all the same, everybody else waits, and the push is told as incomplete."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        push(club, server)
        (audience,) = server.audiences()
        club.join(people(range(joins)))
        club.suppress("email 2")
        server.script(NO_LIST)
        report = push(club, server, 310 * DAY)
        members = server.members(audience["audience_id"])
        server.script([])
        later = push(club, server, 311 * DAY)

    (problem,) = report.problems
    assert line(report) == {
        "members": joins - 1, "unchanged": 4, **held, "deletes": 1, "deleted": 1, "suppressed": 1,
        "problem": problem.code, "exit": 4,
    }  # fmt: skip
    assert problem.message.startswith("The audiences of advertiser 7654321098765432109 cannot be listed")
    assert members == emails(range(5)) - emails([2])
    assert (later.exit_code, later.audiences[0].added) == (0, joins - 5)


def test_a_view_that_lost_its_members_waits_for_a_person_and_not_for_a_list(tmp_path: Path) -> None:
    """It is left as it is already, and running again would change nothing."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(2_000)))
        push(club, server)
        club.join(people(range(5)))
        server.script(NO_LIST)
        report = push(club, server, 310 * DAY)

    assert (line(report)["problem"], line(report)["refused_deletes"], report.exit_code) == (
        "audience-shrinks",
        1_995,
        1,
    )


def test_everybody_waits_also_when_somebody_is_suppressed_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They leave with another round of the push, which adds nobody either."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        push(club, server)
        (audience,) = server.audiences()
        club.join(people(range(1, 7)))
        server.script(NO_LIST)
        deliver_once, rounds = AudiencePush._deliver_once, []

        def deliver(self: AudiencePush, *rest: object) -> None:
            deliver_once(self, *rest)  # type: ignore[arg-type]
            rounds.append(self)
            if len(rounds) == 1:
                club.suppress("email 2")

        monkeypatch.setattr(AudiencePush, "_deliver_once", deliver)
        report = push(club, server, 310 * DAY)
        members = server.members(audience["audience_id"])

    assert (len(rounds), report.exit_code, report.audiences[0].pending_adds) == (2, 4, 2)
    assert members == emails(range(5)) - emails([2])
