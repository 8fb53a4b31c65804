"""Audiences that may have come to their end: TikTok is asked first, and what it does not say is not assumed."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.project.outcomes import Patience
from pusher.push.audience.run import AudiencePush
from pusher.push.world import PushReport
from tests.push.audience_files import DAY, FILE, filled, line, push, requests
from tests.push.members import MEMBERS, AudienceServer, Club, emails, people, serving_audiences
from tests.push.support import NOW

YEAR = 370 * DAY
ENDED = "audience-not-valid"
NO_LIST = [{"match": {"path": "list/"}, "do": 503, "times": None}]


def tell(club: Club, server: AudienceServer, after: timedelta = timedelta(), **choice: Any) -> PushReport:
    """Push a streaming audience a while after the beginning, with the patience of a real push."""
    return push(club, server, after, patience=Patience(), **choice)


def test_a_new_ledger_asks_whether_the_audience_of_the_lock_file_has_ended(tmp_path: Path) -> None:
    """Nobody knows when it was filled: who waited for it to take members would wait for ever."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        tell(club, server)
        shutil.rmtree(club.state.root)
        dry = tell(club, server, YEAR, dry_run=True)
        reports = [tell(club, server, YEAR + days * DAY) for days in (0, 1)]
        near = tell(club, server, YEAR, dry_run=True)

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
        tell(club, server)
        shutil.rmtree(club.state.root)
        first, second = (tell(club, server, days * DAY) for days in (10, 11))
        dry = tell(club, server, 11 * DAY, dry_run=True)

    assert line(first) == {"members": 5, "adds": 5, "added": 5, "exit": 0}
    assert (first.audiences[0].requests, second.audiences[0].requests) == (2, 0)
    assert [text for text in dry.audiences[0].warnings if "ended" in text] == []


def test_a_change_that_was_refused_is_none(tmp_path: Path) -> None:
    """TikTok took nothing of it, so the audience went on to its end."""
    refused = [{"match": {"path": "segment/mapping/"}, "do": 40001, "times": None}]
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        tell(club, server)
        club.join(people(range(6)))
        server.script(refused)
        before = tell(club, server, 350 * DAY)
        server.script([])
        after = tell(club, server, YEAR)

    assert (line(before)["problem"], line(after)["problem"], after.exit_code) == ("tiktok-config", ENDED, 3)


def test_who_left_an_audience_that_had_ended_does_not_make_it_live(tmp_path: Path) -> None:
    """Only who was added proves that it takes members: the next push asks again."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        tell(club, server)
        club.suppress("email 2")
        reports = [tell(club, server, YEAR + days * DAY) for days in (0, 1)]

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
        tell(club, server)
        (audience,) = server.audiences()
        club.join(people(range(joins)))
        club.suppress("email 2")
        server.script(NO_LIST)
        report = tell(club, server, 310 * DAY)
        members = server.members(audience["audience_id"])
        server.script([])
        later = tell(club, server, 311 * DAY)

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
        tell(club, server)
        club.join(people(range(5)))
        server.script(NO_LIST)
        report = tell(club, server, 310 * DAY)

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
        tell(club, server)
        (audience,) = server.audiences()
        club.join(people(range(1, 7)))
        server.script(NO_LIST)
        deliver_once, rounds = AudiencePush._deliver_once, []

        def deliver(self: AudiencePush, *rest: Any) -> None:
            deliver_once(self, *rest)
            rounds.append(self)
            if len(rounds) == 1:
                club.suppress("email 2")

        monkeypatch.setattr(AudiencePush, "_deliver_once", deliver)
        report = tell(club, server, 310 * DAY)
        members = server.members(audience["audience_id"])

    assert (len(rounds), report.exit_code, report.audiences[0].pending_adds) == (2, 4, 2)
    assert members == emails(range(5)) - emails([2])


@pytest.mark.parametrize(
    ("more", "near", "after"),
    [(f"{FILE}, 'retention_days': 30", 29 * DAY, 31 * DAY), (FILE, 300 * DAY, YEAR)],
)
def test_an_unchanged_audience_of_files_is_looked_at_when_it_may_have_ended(
    tmp_path: Path, more: str, near: timedelta, after: timedelta
) -> None:
    """Its end is fixed, or a year after its last change: then TikTok is asked, and before that nothing is."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=more)
        filled(club, server)
        before = len(server.requests())
        reports = [push(club, server, one) for one in (near, after)]
        sent = requests(server, before)

    same = {"members": 1_200, "unchanged": 1_200, "exit": 0}
    assert [line(one) for one in reports] == [same, same | {"problem": ENDED, "exit": 3}]
    assert sent == ["get/ 0"]


def test_a_dry_run_of_files_says_what_only_tiktok_knows(tmp_path: Path) -> None:
    """Whether the audience takes what a push would send; of one that is unchanged nothing is sent."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        filled(club, server)
        unchanged = push(club, server, 4 * DAY, dry_run=True)
        club.join(people(range(1_300)))
        changed = push(club, server, 4 * DAY, dry_run=True)

    asked = "whether TikTok is done with its last files, and whether it takes files of this kind."
    found = [[asked in one for one in report.audiences[0].warnings] for report in (unchanged, changed)]
    assert found == [[], [True]]


def test_an_unchanged_audience_of_files_that_lives_on_needs_nothing(tmp_path: Path) -> None:
    """The ledger does not know with which end an adopted one was made, so it is looked at by each push."""
    with serving_audiences(tmp_path) as server:
        audience = filled(Club(tmp_path / "first", server.base_url, more=FILE), server)
        club = Club(tmp_path / "second", server.base_url, more=FILE)
        club.join(people(range(1_300)))
        club.project(NOW + 3 * DAY).audiences.adopt(MEMBERS, audience)
        for days in (3, 6):
            push(club, server, days * DAY)
        before = len(server.requests())
        reports = [push(club, server, days * DAY) for days in (7, 8)]
        sent = requests(server, before)

    assert [line(one) for one in reports] == [{"members": 1_300, "unchanged": 1_300, "exit": 0}] * 2
    assert sent == ["get/ 0", "get/ 0"]


def test_an_audience_of_files_of_which_tiktok_does_not_say_whether_it_has_ended_is_not_up_to_date(
    tmp_path: Path,
) -> None:
    """Nobody knows, so the push is incomplete."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        filled(club, server)
        server.script([{"match": {"path": "custom_audience/get/"}, "do": 503, "times": None}])
        report = push(club, server, 310 * DAY)

    assert line(report) == {"members": 1_200, "unchanged": 1_200, "problem": "tiktok-server", "exit": 4}


def test_an_audience_of_files_that_lost_most_of_its_view_is_told_as_ended_too(tmp_path: Path) -> None:
    """To say that the loss is meant would not help."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        filled(club, server, 3_000)
        club.join(people(range(1_100)))
        report = push(club, server, YEAR)

    told = [text for text in report.audiences[0].warnings if "ended" in text]
    assert (line(report)["problem"], report.exit_code, len(told)) == ("audience-shrinks", 3, 1)


def test_an_audience_of_files_that_lost_most_of_its_view_waits_for_a_person(tmp_path: Path) -> None:
    """TikTok does not say whether it has ended: to run again is no remedy for a view that shrank."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        filled(club, server, 4_000)
        club.join(people(range(1_000)))
        server.script([{"match": {"path": "custom_audience/get/"}, "do": 503, "times": None}])
        report = push(club, server, 400 * DAY)

    assert line(report) == {
        "members": 1_000, "unchanged": 1_000, "deletes": 3_000, "refused_deletes": 3_000,
        "problem": "audience-shrinks", "exit": 1,
    }  # fmt: skip
