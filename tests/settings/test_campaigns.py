"""Audiences that are filled for a campaign, and how their names are built."""

from __future__ import annotations

from pathlib import Path

import pytest

from pusher.errors import ConfigError
from pusher.settings.campaigns import Campaign
from tests.cli.conftest import pusher
from tests.push.members import ADVERTISER, EMAILS, MEMBERS, Club, digest, people, serving_audiences, stored
from tests.push.support import NOW
from tests.settings.offered import EVENTS, FOR_CAMPAIGNS, NAME, SPRING, SUMMER, dry, offered, project, refused


def test_an_audience_is_filled_for_each_campaign(tmp_path: Path) -> None:
    """Its name is built from campaign and group; each name is an audience of its own with its own people."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, name=NAME, more=FOR_CAMPAIGNS)
        for count, campaign in ((5, SPRING), (3, Campaign("Summer", "a")), (6, SPRING)):
            club.join(people(range(count)))
            report = project(club, campaign).push()
        held = {one["name"]: server.members(one["audience_id"]) for one in server.audiences()}

    members = [stored("EMAIL_SHA256", digest(f"email {one}")) for one in range(6)]
    assert held == {"Tents - Spring - a": set(members), "Tents - Summer - a": set(members[:3])}
    (counts,) = [one.counts for one in report.audiences]
    assert (counts.unchanged, counts.adds, report.exit_code) == (5, 1, 0)


def test_audiences_of_campaigns_are_listed_with_their_view_and_their_end(tmp_path: Path) -> None:
    """Without naming one: what each campaign had made is the view's, and doctor's calendar says until when."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, name=NAME, more=FOR_CAMPAIGNS)
        club.join(people(range(5)))
        place = ("--project-dir", str(club.root), "--json")
        before = pusher("audience", "list", *place).json["audiences"]
        for campaign in (SPRING, Campaign("Summer", "a")):
            project(club, campaign).push()
        server.make("Somebody else's")
        listed = pusher("audience", "list", *place)
        calendar = pusher("doctor", *place, "--clock", NOW.isoformat()).json["calendar"]

    names = {"Tents - Spring - a": MEMBERS, "Tents - Summer - a": MEMBERS, "Somebody else's": None}
    assert before == []
    assert {one["name"]: one["model"] for one in listed.json["audiences"]} == names
    assert [one["what"] for one in calendar if one["kind"] == "audience"] == [
        "Audience `Tents - Spring - a` ends",
        "Audience `Tents - Summer - a` ends",
    ]


def test_a_push_of_everything_takes_suppressed_people_out_of_audiences_of_campaigns(tmp_path: Path) -> None:
    """It fills none of them and does not say that nobody does: the view is filled by its campaigns."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, name=NAME, more=FOR_CAMPAIGNS)
        (club.root / "models" / "events.sql").write_text(EVENTS)
        club.join(people(range(3)))
        project(club, SPRING).push()
        quiet = project(club).push()
        club.suppress("email 2")
        report = project(club).push()
        members = server.members(server.audiences()[0]["audience_id"])

    told = f"Left out: {MEMBERS} is filled by `push --campaign NAME --group NAME`."
    assert (quiet.notices, quiet.audiences) == ((told,), [])
    assert [(one.name, one.deleted) for one in report.audiences] == [("Tents - Spring - a", 1)]
    assert report.notices == (told,)
    assert members == {stored("EMAIL_SHA256", digest(f"email {one}")) for one in range(2)}


def test_a_project_of_campaigns_alone_takes_suppressed_people_out_of_their_audiences(tmp_path: Path) -> None:
    """A push of everything has no view to fill, and lets them leave; so does telling everything again."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, name=NAME, more=FOR_CAMPAIGNS)
        club.join(people(range(4)))
        assert refused(club)[0][0] == "no-views"
        for campaign in (SPRING, SUMMER):
            project(club, campaign).push()
        club.suppress("email 3")
        rehearsed = project(club).push(choice=dry())
        pushed = project(club).push()
        club.suppress("email 2", "email 3")
        told_again = project(club).reconcile()
        members = [server.members(one["audience_id"]) for one in server.audiences()]

    assert [
        [(one.name, one.counts.deletes) for one in report.audiences] for report in (rehearsed, pushed, told_again)
    ] == [[("Tents - Spring - a", leaving), ("Tents - Summer - a", leaving)] for leaving in (1, 1, 2)]
    assert [report.exit_code for report in (rehearsed, pushed, told_again)] == [0, 0, 0]
    told = f"Left out: {MEMBERS} is filled by `push --campaign NAME --group NAME`."
    assert [report.notices for report in (rehearsed, pushed, told_again)] == [(told,)] * 3
    assert members == [{stored("EMAIL_SHA256", digest(f"email {one}")) for one in range(2)}] * 2


def test_a_push_for_a_campaign_takes_suppressed_people_out_of_those_of_others(tmp_path: Path) -> None:
    """A campaign that is over is pushed no more; nothing is said of audiences that other campaigns fill."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, name=NAME, more=FOR_CAMPAIGNS)
        club.join(people(range(4)))
        project(club, SPRING).push()
        club.suppress("email 3")
        report, again = project(club, SUMMER).push(), project(club, SUMMER).push()
        selected = project(club, SUMMER).push([MEMBERS])
        members = [server.members(one["audience_id"]) for one in server.audiences()]

    assert [(one.name, one.added, one.deleted) for one in report.audiences] == [
        ("Tents - Summer - a", 3, 0),
        ("Tents - Spring - a", 0, 1),
    ]
    assert [[one.name for one in report.audiences] for report in (again, selected)] == [["Tents - Summer - a"]] * 2
    assert (report.exit_code, report.notices, again.notices) == (0, (), ())
    assert members == [{stored("EMAIL_SHA256", digest(f"email {one}")) for one in range(3)}] * 2


def test_what_a_campaign_may_not_push_is_left_alone_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Marketing fills its audiences; the others hold suppressed people until somebody pushes who may."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, name=NAME, more=FOR_CAMPAIGNS)
        club.join(people(range(4)))
        project(club, SPRING).push()
        club.suppress("email 3")
        with (club.root / "pusher.yml").open("a") as file:
            file.write("roles: {marketing: {users: [mia], campaigns: [tiktok.audiences]}}\n")
        monkeypatch.setenv("PUSHER_USER", "mia")
        report = project(club, SUMMER).push()
        spring = next(one for one in server.audiences() if "Spring" in one["name"])
        members = server.members(spring["audience_id"])

    assert [one.name for one in report.audiences if one.deleted] == []
    assert len(members) == 4
    assert [notice.partition(", and no view")[0] for notice in report.notices] == [
        (
            f"Audience {spring['audience_id']} of advertiser {ADVERTISER}, `Tents - Spring - a` of {MEMBERS}, holds 1 "
            "identifier of suppressed people"
        )
    ]


def test_a_run_for_a_campaign_is_repeated_for_it(tmp_path: Path) -> None:
    """What its page offers would be another push without the campaign."""
    with serving_audiences(tmp_path, [{"match": {"path": "segment/mapping/"}, "do": 40001, "times": None}]) as server:
        club = Club(tmp_path / "club", server.base_url, name=NAME, more=FOR_CAMPAIGNS)
        club.join(people(range(5)))
        report = project(club, SPRING).push()
        page = project(club).run_page(report.run_id, commands=["push", "status"])

    (restart,) = [one.command for one in page.open_actions if one.name == "restart"]
    assert (report.exit_code, restart) == (3, ("push", "--campaign", "Spring", "--group", "a"))


def test_an_audience_for_campaigns_is_forecast_for_one(tmp_path: Path) -> None:
    """The remedy that its refusal names is an option of the command."""
    club = offered(tmp_path)
    words = ("audience", "forecast", "--project-dir", str(club.root), "--select", MEMBERS, "--json")
    without = pusher(*words)
    assert (without.code, without.json["errors"][0]["fix"][:37]) == (2, "Say --campaign NAME --group NAME, or ")
    ran = pusher(*words, "--campaign", "Spring", "--group", "a")
    assert (ran.code, [(one["model"], one["name"]) for one in ran.json["forecasts"]]) == (
        0,
        [(MEMBERS, "Tents - Spring - a")],
    )


def test_a_push_from_a_campaign_takes_audiences_only(tmp_path: Path) -> None:
    """Events go by query and orchestration only: they are left out, and refused where somebody names them."""
    club = offered(tmp_path)
    report = project(club, SPRING).push(choice=dry())
    left_out = "Left out: events holds events, which go by query and orchestration only, never from a campaign."
    assert ([one.model for one in report.models], [one.name for one in report.audiences], report.notices[0]) == (
        [],
        ["Tents - Spring - a"],
        left_out,
    )
    assert refused(club, "events", campaign=SPRING) == [
        ("not-offered", left_out.removeprefix("Left out: "), "Push it without --campaign and --group.")
    ]


def test_a_push_from_an_orchestration_leaves_out_what_waits_for_a_campaign(tmp_path: Path) -> None:
    """A nightly push of everything goes on; who names the view is told what it needs."""
    club = offered(tmp_path)
    report = project(club).push(choice=dry())
    told = f"Left out: {MEMBERS} is filled by `push --campaign NAME --group NAME`."
    assert ([one.model for one in report.models], report.audiences, report.notices[0]) == (["events"], [], told)
    assert project(club).push(exclude=["nothing_of_it"], choice=dry()).notices[0] == told
    assert [one.view.model for one in project(club, SPRING).destination_views.audiences((), ())] == [MEMBERS]
    assert refused(club, MEMBERS) == [
        (
            "no-campaign",
            f"{MEMBERS}: the audience is named after a campaign and a group, and none is given.",
            "Say --campaign NAME --group NAME, or give one run a name: --set audience_name=NAME.",
        )
    ]
    named = project(club, overrides={"audience_name": "Once"}).push([MEMBERS], choice=dry())
    assert [one.name for one in named.audiences] == ["Once"]


@pytest.mark.parametrize(
    ("name", "more", "wrong"),
    [
        ("Tents", FOR_CAMPAIGNS, ["the name of an audience for campaigns must be built from {campaign} and {group}."]),
        (
            "Tents {campaign}",
            FOR_CAMPAIGNS,
            ["the name of an audience for campaigns must be built from {campaign} and {group}."],
        ),
        (
            "{campaing} {group}",
            FOR_CAMPAIGNS,
            [
                "nothing fills {campaing}.",
                "the name of an audience for campaigns must be built from {campaign} and {group}.",
            ],
        ),
        (
            "{{ campaign }} - {{ group }}",
            FOR_CAMPAIGNS,
            ["the audience's name holds marks of a template, which nothing renders here."],
        ),
        ("{{ campaign }}", "", ["the audience's name holds marks of a template, which nothing renders here."]),
        (NAME, "", ["the audience's name holds {campaign}, but the view is not offered to campaigns."]),
    ],
)
def test_a_name_that_no_campaign_can_fill_is_refused(tmp_path: Path, name: str, more: str, wrong: list[str]) -> None:
    """Both variables are required where the template offers itself to campaigns, and nowhere else."""
    club = offered(tmp_path)
    club.view(EMAILS, name=name, more=more)
    for act in (lambda: project(club).lint(), lambda: project(club).configs(), lambda: project(club).push()):
        with pytest.raises(ConfigError) as caught:
            act()
        assert [one.message for one in caught.value.problems] == [f"{MEMBERS}: {one}" for one in wrong]


def test_a_template_as_the_name_of_one_run_is_refused(tmp_path: Path) -> None:
    """`--set` renders nothing, so the audience would be called like the template."""
    club = offered(tmp_path)
    with pytest.raises(ConfigError) as caught:
        project(club, overrides={"audience_name": "{{ campaign }} x"}).push([MEMBERS], choice=dry())
    assert [one.code for one in caught.value.problems] == ["campaign-name"]


def test_a_campaign_that_contradicts_a_variable_is_refused(tmp_path: Path) -> None:
    """The name would say one thing and the rows another."""
    club = offered(tmp_path)
    with pytest.raises(ConfigError) as caught:
        _ = project(club, SPRING, vars={"campaign": "Summer"}).manifest
    assert [one.message for one in caught.value.problems] == ["--campaign and the var `campaign` differ."]
