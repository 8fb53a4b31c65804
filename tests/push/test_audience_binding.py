"""Which audience a view fills: found, made once, adopted, and written down for everybody."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.errors import ConfigError, PlanError, PusherError, StateError
from pusher.project.outcomes import Patience
from pusher.push.world import PushReport
from tests.push.audiences import line
from tests.push.members import (
    ADVERTISER,
    BOTH,
    EMAILS,
    MEMBERS,
    NAME,
    Club,
    digest,
    emails,
    people,
    serving_audiences,
    stored,
)
from tests.push.refused import pin
from tests.push.support import NOW

EVENTS = """{{ config(materialized='view', meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}) }}
select 'Purchase' as event, md5(phone) as event_id, timestamp '2026-11-19 10:00:00' as event_time, email, 1 as value,
    'EUR' as currency
from {{ source('crm', 'people') }}
order by email
limit 3
"""
LATER = NOW + timedelta(minutes=10)


@pytest.mark.parametrize("fault", ["drop_after_accept", "html_502", "empty"])
def test_59_a_lost_answer_to_create_makes_no_second_audience(tmp_path: Path, fault: str) -> None:
    """Fault 59: the audience is found by its name."""
    faults = [{"match": {"path": "segment/audience/"}, "do": fault, "after": "accept"}]
    with serving_audiences(tmp_path, faults) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        report = club.push()
        (audience,) = server.audiences()
        members = server.members(audience["audience_id"])

    assert line(report) == {"members": 5, "adds": 5, "added": 5, "requests": 4, "exit": 0}
    assert members == emails(range(5))


def test_an_audience_in_doubt_is_not_made_again_at_once(tmp_path: Path) -> None:
    """A request to make it that may still land is waited for."""
    faults = [{"match": {"path": "segment/audience/"}, "do": "drop_before"}]
    with serving_audiences(tmp_path, faults) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        reports = [club.push(), club.push(now=NOW + timedelta(seconds=60)), club.push(now=LATER)]
        audiences = server.audiences()

    problems = [report.audiences[0].problem for report in reports]
    assert [problem and problem.code for problem in problems] == ["audience-in-doubt", "audience-in-doubt", None]
    assert [report.exit_code for report in reports] == [4, 4, 0]
    assert len(audiences) == 1


def test_an_audience_of_the_name_is_adopted_and_two_are_not(tmp_path: Path) -> None:
    """Case C12: one is taken with a notice about who is in it, two are refused with what to do."""
    with serving_audiences(tmp_path) as server:
        mine = server.make(NAME)
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        adopted = club.push()
        members = server.members(mine)
        twins = [server.make("Twins"), server.make("Twins")]
        club.view(EMAILS, name="Twins")
        club.build()
        refused = club.push()

    assert line(adopted) == {"members": 5, "adds": 5, "added": 5, "requests": 2, "exit": 0}
    assert members == emails(range(5))
    told = (
        f"{MEMBERS} fills audience {mine} of advertiser {ADVERTISER}, which was there already as `{NAME}`: whoever "
        "is in it and not in the view stays, because nobody can ask who is in it."
    )
    assert adopted.notices == (told,)
    problem = refused.audiences[0].problem
    assert problem is not None
    assert (problem.code, refused.exit_code) == ("audience-ambiguous", 3)
    assert problem.message == f"Advertiser {ADVERTISER} has 2 audiences named `Twins`: {', '.join(twins)}."
    assert problem.fix == (
        f"Choose one: `pusher audience adopt {MEMBERS} --advertiser-id {ADVERTISER} --audience-id ...`, or change "
        "audience_name."
    )


def test_a_name_that_tiktok_would_cut_is_refused(tmp_path: Path) -> None:
    """Case C12: 70 characters go, 71 do not, and an emoji is one."""
    codes: list[str] = []
    for name in ("x" * 70, "x" * 71, "\N{ATHLETIC SHOE}" * 70, "\N{ATHLETIC SHOE}" * 71):
        club = Club(tmp_path / str(len(codes)), name=name)
        club.join(people(range(5)))
        try:
            codes.append(str(club.push().exit_code))
        except PusherError as error:
            codes.append(error.problems[0].code)

    assert codes == ["0", "audience-name", "0", "audience-name"]


FORMS = ("audience-method", "id-types", "retention-days")


@pytest.mark.parametrize(
    ("name", "more", "codes"),
    [
        ("x" * 70, "", []),
        ("x" * 71, "", ["audience-name"]),
        ("x" * 128, ", 'method': 'file'", []),
        ("x" * 129, ", 'method': 'file'", ["audience-name"]),
        (f"{'x' * 70} {{campaign}} {{group}}", ", 'visible_to_campaigns': true", []),
        ("x", ", 'method': 'fax', 'id_types': ['FAX'], 'retention_days': 0", list(FORMS)),
        ("x", ", 'retention_days': 30", ["retention-days"]),
        ("x", ", 'method': 'file', 'id_types': ['email'], 'retention_days': 30", []),
    ],
    ids=[
        "70", "71", "128 of files", "129 of files", "a campaign's, which is not known yet", "three settings",
        "days of a stream", "all well",
    ],
)  # fmt: skip
def test_lint_refuses_what_a_push_would(tmp_path: Path, name: str, more: str, codes: list[str]) -> None:
    """Case C12, and each setting of the view: a pull request fails by it, not the push of the night after."""
    club = Club(tmp_path, name=name, more=more)
    found: list[str] = []
    try:
        club.project().lint()
    except ConfigError as error:
        found += [one.code for one in error.problems]

    assert found == codes


def test_whoever_is_suppressed_leaves_an_audience_of_a_lost_ledger_by_all_identifiers(tmp_path: Path) -> None:
    """Their phone was put there by a ledger that is gone; the phone that another person has too stays, and is told."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, BOTH)
        club.join(people(range(3)))
        club.push()
        (audience,) = server.audiences()
        shutil.rmtree(club.state.root)
        club.state.create()
        club.serve_another(server.base_url)
        club.suppress("email 1", "email 2")
        club.join([*people(range(3)), (digest("email 3"), digest("phone 2"))])
        report, again = club.push(), club.push()
        members = server.members(audience["audience_id"])

    counts = report.audiences[0].counts
    assert (counts.members, counts.suppressed, counts.unknown_deletes, report.exit_code) == (4, 3, 3, 0)
    assert members == {
        *(stored("EMAIL_SHA256", digest(f"email {one}")) for one in (0, 3)),
        *(stored("PHONE_SHA256", digest(f"phone {one}")) for one in (0, 2)),
    }
    assert line(again) == {"members": 4, "unchanged": 4, "suppressed": 3, "exit": 0}


def test_two_views_do_not_fill_one_audience(tmp_path: Path) -> None:
    """Each would take the other's people out: they are refused together, and one after the other."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        (audience,) = server.audiences()
        other = (club.root / "models" / f"{MEMBERS}.sql").read_text()
        (club.root / "models" / "other.sql").write_text(other)
        club.build()
        with pytest.raises(ConfigError) as together:
            club.push()
        report = club.push(select=["other"])
        (club.root / "models" / "other.sql").write_text(other.replace(NAME, "Others"))
        with pytest.raises(ConfigError) as adopting:
            club.project().audiences.adopt("other", audience["audience_id"])

    message = f"{MEMBERS} fills audience {audience['audience_id']} of advertiser {ADVERTISER} already."
    (second,) = report.audiences
    assert second.problem is not None
    assert [one.code for one in together.value.problems] == ["audience-twice"]
    assert (second.problem.message, second.pending_adds, report.exit_code) == (message, 5, 3)
    apart = "Give other an audience_name of its own, or bring the people of both into one view."
    assert (adopting.value.problems[0].message, adopting.value.problems[0].fix) == (message, apart)


def test_a_renamed_view_adopts_its_audience_with_all_that_is_known(tmp_path: Path) -> None:
    """Who left meanwhile is taken out, because the ledger knows who was in."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        (audience,) = server.audiences()
        models = club.root / "models"
        (models / f"{MEMBERS}.sql").rename(models / "renamed.sql")
        club.join(people(range(4)))
        refused = club.push()
        club.project().audiences.adopt("renamed", audience["audience_id"])
        report = club.push()
        members = server.members(audience["audience_id"])

    problem = refused.audiences[0].problem
    assert problem is not None
    assert "pusher audience adopt renamed --advertiser-id 7654321098765432109 --audience-id" in (problem.fix or "")
    assert line(report) == {"members": 4, "unchanged": 4, "deletes": 1, "deleted": 1, "requests": 1, "exit": 0}
    assert members == emails(range(4))


def test_a_view_does_not_take_an_audience_that_another_filled_without_a_word(tmp_path: Path) -> None:
    """The ledger knows who is in it, and whoever is not in the view would stay; adopted, they leave."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        (audience,) = server.audiences()
        club.project().audiences.adopt(MEMBERS, server.make("Another"))
        club.push()
        models = club.root / "models"
        (models / f"{MEMBERS}.sql").rename(models / "renamed.sql")
        club.join(people(range(3, 7)))
        refused = club.push()
        before = server.members(audience["audience_id"])
        club.project().audiences.adopt("renamed", audience["audience_id"])
        report = club.push()
        members = server.members(audience["audience_id"])

    problem = refused.audiences[0].problem
    assert problem is not None
    assert (refused.exit_code, problem.code, before) == (3, "audience-filled", emails(range(5)))
    assert problem.message == (
        f"{MEMBERS} filled audience {audience['audience_id']} of advertiser {ADVERTISER} before, which is named "
        f"`{NAME}`, and this ledger knows who is in it."
    )
    assert (report.exit_code, members) == (0, emails(range(3, 7)))


@pytest.mark.parametrize("by_hand", [False, True], ids=["adopted", "by the lock file"])
def test_a_view_with_a_new_audience_name_goes_on_with_its_audience_when_told_so(
    tmp_path: Path, *, by_hand: bool
) -> None:
    """A dry run and a push know who is in it, and the lock file names it once."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        (audience,) = server.audiences()
        club.view(EMAILS, name="Better customers")
        club.join(people(range(4)))
        if by_hand:
            (club.root / "audiences.lock.yml").write_text(club.lock_file().replace(NAME, "Better customers"))
        else:
            club.project().audiences.adopt(MEMBERS, audience["audience_id"])
        dry, report = club.push(dry_run=True), club.push()
        members = server.members(audience["audience_id"])

    assert line(dry) == {"members": 4, "unchanged": 4, "deletes": 1, "pending_deletes": 1, "exit": 0}
    assert line(report) == {"members": 4, "unchanged": 4, "deletes": 1, "deleted": 1, "requests": 1, "exit": 0}
    assert (members, dry.notices, report.notices) == (emails(range(4)), (), ())
    assert [club.lock_file().count(one) for one in (audience["audience_id"], NAME, "Better customers")] == [1, 0, 1]


def test_a_view_fills_one_audience_by_one_name(tmp_path: Path) -> None:
    """The lock file names it by both names: whoever pushes the second is told how the first is given up."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        (audience,) = server.audiences()
        lock = club.root / "audiences.lock.yml"
        lock.write_text(f"{club.lock_file()}        'Better customers': '{audience['audience_id']}'\n")
        club.view(EMAILS, name="Better customers")
        club.build()
        with pytest.raises(PlanError) as caught:
            club.push(dry_run=True)

    (problem,) = caught.value.problems
    which = f"--advertiser-id {ADVERTISER} --audience-id {audience['audience_id']}"
    assert problem.message == (
        f"{MEMBERS} fills audience {audience['audience_id']} of advertiser {ADVERTISER} already, by the name `{NAME}`."
    )
    assert problem.fix == (
        "Choose another audience_name, or let it go on with that audience by the new name: "
        f"`pusher audience adopt {MEMBERS} {which}`."
    )


@pytest.mark.parametrize("more", ["", ", 'method': 'file'"])
def test_a_name_that_nobody_can_read_is_refused(tmp_path: Path, more: str) -> None:
    """The lock file could not hold it."""
    club = Club(tmp_path / "club", name="Best\\x07customers", more=more)
    club.join(people(range(5)))
    with pytest.raises(ConfigError) as caught:
        club.push()

    assert [one.code for one in caught.value.problems] == ["audience-name"]


@pytest.mark.parametrize("more", ["", ", 'method': 'file'"])
def test_a_name_may_hold_emoji_that_are_joined(tmp_path: Path, more: str) -> None:
    """Case C12: what joins them is not seen, and the lock file gives the name back; between letters it is refused."""
    family = "Families \U0001f468\u200d\U0001f469\u200d\U0001f467"
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, name=family, more=more)
        club.join(people(range(1_200)))
        reports = [club.push(), club.push()]
        names = [one["name"] for one in server.audiences()]
        club.view(EMAILS, name="Fami\u200dlies", more=more)
        club.build()
        with pytest.raises(ConfigError) as caught:
            club.push()

    assert [one.exit_code for one in reports] == [0, 0]
    assert names == [family]
    assert [one.code for one in caught.value.problems] == ["audience-name"]


def test_audiences_are_listed_with_the_views_that_fill_them(tmp_path: Path) -> None:
    """Before the first push, after it, one of somebody else, and one that is gone."""
    with serving_audiences(tmp_path) as server:
        foreign = server.make("Somebody else's")
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        before = club.project().audiences.listed()
        club.push()
        after = club.project().audiences.listed()
        mine = after[0].audience_id
        server.delete(str(mine))
        gone = club.project().audiences.listed()

    def shown(found: Any) -> list[tuple[Any, ...]]:
        return [(one.audience_id, one.name, one.model, one.is_listed) for one in found]

    assert shown(before) == [(None, NAME, MEMBERS, False), (foreign, "Somebody else's", None, True)]
    assert shown(after) == [(mine, NAME, MEMBERS, True), (foreign, "Somebody else's", None, True)]
    assert shown(gone) == [(mine, NAME, MEMBERS, False), (foreign, "Somebody else's", None, True)]


def test_a_view_adopts_an_audience_of_another_name(tmp_path: Path) -> None:
    """The next push fills it, the lock file names it, and one that is not there is refused."""
    with serving_audiences(tmp_path) as server:
        wanted = server.make("Made by hand")
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        adopted = club.project().audiences.adopt(MEMBERS, wanted)
        report = club.push()
        members = server.members(wanted)
        with pytest.raises(ConfigError) as caught:
            club.project().audiences.adopt(MEMBERS, "12")

    assert (adopted.audience_id, adopted.model, adopted.name) == (wanted, MEMBERS, "Made by hand")
    assert f"'{NAME}': '{wanted}'" in club.lock_file()
    assert line(report) == {"members": 5, "adds": 5, "added": 5, "requests": 2, "exit": 0}
    assert members == emails(range(5))
    assert caught.value.problems[0].message == f"Advertiser {ADVERTISER} has no audience 12."


def test_a_view_fills_an_audience_for_each_campaign(tmp_path: Path) -> None:
    """The name is built from variables, which are required; each name is an audience of its own with its own people."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        name = "var('campaign') ~ ' - ' ~ var('group')"
        view = (club.root / "models" / f"{MEMBERS}.sql").read_text().replace(f"'{NAME}'", name)
        (club.root / "models" / f"{MEMBERS}.sql").write_text(view)

        def push(count: int, **variables: str) -> PushReport:
            club.vars = variables
            club.join(people(range(count)))
            return club.push()

        spring, summer = push(5, campaign="Spring", group="a"), push(3, campaign="Summer", group="a")
        again = push(6, campaign="Spring", group="a")
        held = {one["name"]: server.members(one["audience_id"]) for one in server.audiences()}
        with pytest.raises(PusherError) as caught:
            push(5, campaign="Spring")

    assert [line(report)["exit"] for report in (spring, summer, again)] == [0, 0, 0]
    assert line(again) == {"members": 6, "unchanged": 5, "adds": 1, "added": 1, "requests": 1, "exit": 0}
    assert held == {"Spring - a": emails(range(6)), "Summer - a": emails(range(3))}
    assert "group" in caught.value.problems[0].message


@pytest.mark.parametrize(("method", "count"), [("stream", 5), ("file", 1_000)])
@pytest.mark.parametrize(
    ("requests", "deadline_s", "code", "asked"),
    [
        (1, 1800.0, "interrupted", []),
        (2, 1800.0, "interrupted", ["dmp/custom_audience/list/"]),
        (9, 0.0, "deadline", []),
    ],
    ids=["stopped before", "stopped between", "no time left"],
)
def test_nothing_is_looked_for_or_made_after_the_end(
    tmp_path: Path, *, method: str, count: int, requests: int, deadline_s: float, code: str, asked: list[str]
) -> None:
    """Somebody stopped the run, or its time was over, while events were sent; the next run makes the audience."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=f", 'method': '{method}'")
        (club.root / "models" / "events.sql").write_text(EVENTS)
        club.join(people(range(count)))
        patience = Patience(deadline_s=deadline_s)
        stopped = club.push(should_stop=lambda: len(server.requests()) >= requests, patience=patience)
        seen = [one["path"].partition("v1.3/")[2] for one in server.requests()]
        made = server.audiences()
        again = club.push(now=LATER)

    assert (stopped.exit_code, made, [path for path in seen if path != "event/track/"]) == (4, [], asked)
    assert [one.problem and one.problem.code for one in stopped.audiences] == [code]
    assert [(one.is_new, one.added) for one in again.audiences] == [(True, count)]


def test_an_audience_is_adopted_for_no_other_ledger_than_the_pinned_one(tmp_path: Path) -> None:
    """Another ledger would not know it: nothing is bound, in the lock file neither."""
    with serving_audiences(tmp_path) as server:
        wanted = server.make(NAME)
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        before = (club.root / "audiences.lock.yml").read_bytes()
        pin(club, "0123456789abcdef")

        with pytest.raises(StateError, match="This is not the ledger that the profile names"):
            club.project().audiences.adopt(MEMBERS, wanted)

    assert (club.root / "audiences.lock.yml").read_bytes() == before
