"""Which audience of TikTok a view of customer files is bound to, and which it never takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pusher.errors import ConfigError, PlanError
from tests.push.audience_files import DAY, FILE, filled, line, push, requests
from tests.push.members import (
    ADVERTISER,
    BOTH,
    EMAILS,
    MEMBERS,
    NAME,
    OTHER,
    AudienceServer,
    Club,
    emails,
    people,
    serving_audiences,
)
from tests.push.support import NOW


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


def test_an_unchanged_audience_that_ended_before_its_files_were_worked_on_is_told(tmp_path: Path) -> None:
    """The push asks what became of the files, and hears that no ad uses the audience any more."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=f"{FILE}, 'retention_days': 2")
        club.join(people(range(1_200)))
        push(club, server)
        report = push(club, server, 10 * DAY)

    assert (line(report).get("problem"), report.exit_code) == ("audience-not-valid", 3)


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
