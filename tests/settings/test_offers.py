"""What a view is offered to, and how the names of audiences for campaigns are built."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pusher.errors import ConfigError, NotAllowed, PusherError, StateError
from pusher.project.facade import LoadOptions, Project
from pusher.project.outcomes import PushChoice
from pusher.settings.access import USER_VARIABLE
from pusher.settings.campaigns import Campaign
from tests.cli.conftest import pusher
from tests.push.members import ADVERTISER, EMAILS, MEMBERS, Club, digest, people, serving_audiences, stored
from tests.push.support import NOW, QuickClock

EVENTS = """{{ config(materialized='view', meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}) }}
select 'Purchase' as event, 'order ' || row_number() over (order by email) as event_id,
    timestamp '2026-11-19 10:00:00' as event_time, email, 1 as value, 'EUR' as currency
from {{ source('crm', 'people') }}
"""
NAME = "Tents - {campaign} - {group}"
FOR_CAMPAIGNS = ", 'visible_to_campaigns': true"
SPRING, SUMMER = Campaign("Spring", "a"), Campaign("Summer", "a")
BRACES = "and build its name from {campaign} and {group}"


def offered(
    tmp_path: Path, *, destination: dict[str, Any] | None = None, more: str = FOR_CAMPAIGNS, name: str = NAME
) -> Club:
    """Return a built project of one audience and one view of events."""
    club = Club(tmp_path / "club", name=name, more=more, **(destination or {}))
    (club.root / "models" / "events.sql").write_text(EVENTS)
    club.join(people(range(3)))
    return club


def project(club: Club, campaign: Campaign | None = None, **more: Any) -> Project:
    """Return the project as a push from an orchestration, or from a campaign, sees it."""
    found = Project.load(LoadOptions(project_dir=club.root, campaign=campaign, **more))
    found.clock = QuickClock()
    found.started_at = found.clock.now()
    return found


def refused(club: Club, *select: str, campaign: Campaign | None = None) -> list[tuple[str, str, str | None]]:
    """Return code, message and remedy of what forbids a push."""
    with pytest.raises(PusherError) as caught:
        project(club, campaign).push(select)
    assert caught.value.exit_code == 2
    return [(one.code, one.message, one.fix) for one in caught.value.problems]


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
        dry = project(club).push(choice=_dry())
        pushed = project(club).push()
        club.suppress("email 2", "email 3")
        told_again = project(club).reconcile()
        members = [server.members(one["audience_id"]) for one in server.audiences()]

    assert [[(one.name, one.counts.deletes) for one in report.audiences] for report in (dry, pushed, told_again)] == [
        [("Tents - Spring - a", leaving), ("Tents - Summer - a", leaving)] for leaving in (1, 1, 2)
    ]
    assert [report.exit_code for report in (dry, pushed, told_again)] == [0, 0, 0]
    told = f"Left out: {MEMBERS} is filled by `push --campaign NAME --group NAME`."
    assert [report.notices for report in (dry, pushed, told_again)] == [(told,)] * 3
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
    report = project(club, SPRING).push(choice=_dry())
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
    report = project(club).push(choice=_dry())
    told = f"Left out: {MEMBERS} is filled by `push --campaign NAME --group NAME`."
    assert ([one.model for one in report.models], report.audiences, report.notices[0]) == (["events"], [], told)
    assert project(club).push(exclude=["nothing_of_it"], choice=_dry()).notices[0] == told
    assert [one.view.model for one in project(club, SPRING).destination_views.audiences((), ())] == [MEMBERS]
    assert refused(club, MEMBERS) == [
        (
            "no-campaign",
            f"{MEMBERS}: the audience is named after a campaign and a group, and none is given.",
            "Say --campaign NAME --group NAME, or give one run a name: --set audience_name=NAME.",
        )
    ]
    named = project(club, overrides={"audience_name": "Once"}).push([MEMBERS], choice=_dry())
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
        project(club, overrides={"audience_name": "{{ campaign }} x"}).push([MEMBERS], choice=_dry())
    assert [one.code for one in caught.value.problems] == ["campaign-name"]


DENIED = {"visible_to_campaigns": False}


@pytest.mark.parametrize(
    ("destination", "more", "to"),
    [
        ({}, "", ["orchestrations"]),
        ({}, FOR_CAMPAIGNS, ["orchestrations", "campaigns"]),
        ({"visible_to_campaigns": True}, "", ["orchestrations"]),
        (DENIED, FOR_CAMPAIGNS, ["orchestrations"]),
        ({"audiences": DENIED, "visible_to_campaigns": True}, FOR_CAMPAIGNS, ["orchestrations"]),
        ({"audiences": {"visible_to_campaigns": True}, **DENIED}, FOR_CAMPAIGNS, ["orchestrations", "campaigns"]),
        ({"visible_to_orchestrations": False}, FOR_CAMPAIGNS, ["campaigns"]),
        ({"visible_to_orchestrations": True}, ", 'visible_to_orchestrations': false" + FOR_CAMPAIGNS, ["campaigns"]),
        ({"visible_to_orchestrations": False}, ", 'visible_to_orchestrations': true", []),
    ],
)
def test_switches_stand_on_the_destination_or_on_the_template(
    tmp_path: Path, destination: dict[str, Any], more: str, to: list[str]
) -> None:
    """What one of them closes, the other does not open; the two switches do not touch each other."""
    club = offered(tmp_path, destination=destination, more=more, name=NAME if FOR_CAMPAIGNS in more else "Tents")
    assert [one.offered_to for one in project(club).configs([MEMBERS])] == [to]


def test_what_is_not_visible_to_orchestrations_is_left_out_or_refused(tmp_path: Path) -> None:
    """The message says which layer closes it."""
    club = offered(tmp_path, destination={"audiences": {"visible_to_orchestrations": False}}, more="", name="Tents")
    report = project(club).push(choice=_dry())
    told = f"{MEMBERS} is not offered to orchestrations."
    assert (report.audiences, report.notices[0]) == ([], f"Left out: {told}")
    assert refused(club, MEMBERS) == [
        ("not-offered", told, "`visible_to_orchestrations: false` in profiles.yml:1 says so.")
    ]


@pytest.mark.leaks  # Event ids of this view are digests of addresses.
def test_what_was_frozen_before_a_view_was_hidden_waits_until_it_is_shown_again(tmp_path: Path) -> None:
    """A push of everything goes on with what earlier runs left, and not with that of a view that is not offered."""
    refusing = [{"match": {"path": "event/track/"}, "do": 40001}]
    with serving_audiences(tmp_path, refusing) as server:
        club = Club(tmp_path / "club", server.base_url)
        (club.root / "models" / "events.sql").write_text(EVENTS)
        club.join(people(range(3)))
        frozen = project(club).push(["events"])
        offered = (club.root / "models" / "events.sql").read_text()
        hidden = offered.replace("'payload'", "'visible_to_orchestrations': false, 'payload'")
        (club.root / "models" / "events.sql").write_text(hidden)
        without = project(club).push()
        (club.root / "models" / "events.sql").write_text(offered)
        after = project(club).push()

    (first,), (last,) = ([one.as_json() for one in report.models] for report in (frozen, after))
    assert (first["model"], first["pending"], first["accepted"]) == ("events", 3, 0)
    assert (without.exit_code, without.models) == (0, [])
    assert (after.exit_code, last["model"], last["resumed"]["accepted"]) == (0, "events", 3)


def test_a_push_without_anything_to_take_says_what_would_be_taken(tmp_path: Path) -> None:
    """Nothing is offered to where it comes from: by name, by switch, or because a campaign has to say its name."""
    club = offered(tmp_path, destination={"events": {"visible_to_orchestrations": False}})
    assert refused(club) == [
        (
            "no-views",
            "No view is offered to orchestrations.",
            "Say --campaign NAME --group NAME to fill audiences for a campaign.",
        )
    ]
    (club.root / "models" / "events.sql").unlink()
    club.view(EMAILS)
    assert refused(club, campaign=SPRING) == [
        (
            "not-offered",
            f"{MEMBERS} is not offered to campaigns.",
            f"Write 'visible_to_campaigns': true in the model's meta.pusher, {BRACES}.",
        )
    ]


def test_test_events_are_offered_like_others(tmp_path: Path) -> None:
    """A code does not open what a switch closes."""
    club = offered(tmp_path, destination={"events": {"visible_to_orchestrations": False}}, more="", name="Tents")
    with pytest.raises(ConfigError) as caught:
        project(club).push(choice=PushChoice(test_event_code="TEST1"))
    assert [one.message for one in caught.value.problems] == ["No view of events is offered to orchestrations."]


def test_a_campaign_that_contradicts_a_variable_is_refused(tmp_path: Path) -> None:
    """The name would say one thing and the rows another."""
    club = offered(tmp_path)
    with pytest.raises(ConfigError) as caught:
        _ = project(club, SPRING, vars={"campaign": "Summer"}).manifest
    assert [one.message for one in caught.value.problems] == ["--campaign and the var `campaign` differ."]


# Roles ---------------------------------------------------------------------------------------------------------------

ASK, ROLE = "Ask ana, airflow (role engineers) to push it.", "role `marketing`"
ROLES = """\
roles:
  engineers: {users: [ana, airflow], orchestrations: [tiktok], campaigns: [tiktok]}
  marketing: {users: [ben], campaigns: [tiktok.audiences]}
  analysts: {users: [cy], orchestrations: [tiktok.events], restrict_pii: true}
"""


def with_roles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: str, **destination: Any) -> Club:
    """Return the project with roles, for one of its users."""
    club = offered(tmp_path, destination=destination)
    (club.root / "pusher.yml").write_text(ROLES)
    monkeypatch.setenv(USER_VARIABLE, user)
    return club


def test_who_has_the_right_pushes_from_where_they_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The two policies are independent: marketing fills audiences for campaigns and pushes nothing else."""
    club = with_roles(tmp_path, monkeypatch, "ben")
    assert [one.name for one in project(club, SPRING).push(choice=_dry()).audiences] == ["Tents - Spring - a"]
    assert refused(club) == [
        (
            "not-allowed",
            "`ben` may not push tiktok.events from orchestrations (events).",
            f"{ASK} Whoever keeps pusher.yml has to add tiktok.events to `orchestrations` of {ROLE} if you should.",
        )
    ]
    assert [(one.model, one.may_push_from) for one in project(club).configs()] == [
        ("events", []),
        (MEMBERS, ["campaigns"]),
    ]


def test_a_user_in_no_role_may_push_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dry runs included, and before the warehouse or the ledger is opened."""
    club = with_roles(tmp_path, monkeypatch, "eve")
    (club.root / "shop.duckdb").unlink()
    assert refused(club, "events") == [
        (
            "not-allowed",
            "`eve` may not push tiktok.events from orchestrations (events).",
            f"{ASK} Whoever keeps pusher.yml has to name `eve` among the users of a role if you should.",
        )
    ]
    assert not (club.root / ".pusher").exists()
    assert not (club.root / "shop.duckdb").exists()


@pytest.mark.parametrize(
    ("destination", "closed"),
    [
        ({}, "Whoever keeps it can say `allow_restricted_pii: true` of the destination or the template."),
        ({"allow_restricted_pii": True}, None),
        ({"events": {"allow_restricted_pii": True}}, None),
        ({"allow_restricted_pii": False}, "`allow_restricted_pii: false` in profiles.yml:1 closes it."),
        (
            {"allow_restricted_pii": True, "events": {"allow_restricted_pii": False}},
            "`allow_restricted_pii: false` in profiles.yml:1 closes it.",
        ),
    ],
)
def test_users_with_restricted_pii_push_what_is_open_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, destination: dict[str, Any], closed: str | None
) -> None:
    """A role's right is not enough: the destination must allow it."""
    club = with_roles(tmp_path, monkeypatch, "cy", **destination)
    if closed is None:
        assert [one.model for one in project(club).push(["events"], choice=_dry()).models] == ["events"]
    else:
        assert refused(club, "events") == [
            (
                "not-allowed",
                "`cy` has restricted PII, and events is not open to such users.",
                f"{ASK} {closed}",
            )
        ]


def test_who_could_push_nothing_either_is_nobody_to_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then only the file can change it."""
    club = with_roles(tmp_path, monkeypatch, "ben")
    (club.root / "pusher.yml").write_text("roles: {marketing: {users: [ben]}}\n")
    assert refused(club, "events")[0][2] == (
        "No other role may push it either. Whoever keeps pusher.yml has to add tiktok.events to `orchestrations` of "
        f"{ROLE} if you should."
    )


def test_reconciling_adopting_and_forgetting_are_pushes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever tells TikTok of people asks who does it; suppressing them here does not."""
    club = with_roles(tmp_path, monkeypatch, "cy", allow_restricted_pii=True)
    found = project(club, SPRING)
    may_not = f"`cy` may not push tiktok.audiences from campaigns ({MEMBERS})."
    with pytest.raises(NotAllowed) as caught:
        found.reconcile()
    assert [one.message for one in caught.value.problems] == [may_not]
    with pytest.raises(NotAllowed) as caught:
        found.audiences.adopt(MEMBERS, "7200000000000000001", ADVERTISER)
    assert [one.message for one in caught.value.problems] == [may_not]
    with pytest.raises(NotAllowed) as caught:
        project(club).forget(["ann@example.com"])
    assert [one.message for one in caught.value.problems] == ["`cy` may not tell tiktok.audiences who has to go."]


def test_deciding_about_rows_is_for_who_may_push_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To send again, or to take for delivered, is to push; to look is not."""
    club = with_roles(tmp_path, monkeypatch, "ben")
    message = "`ben` may not decide what becomes of rows of tiktok.events."
    may_not = [(message, "Ask ana, airflow (role engineers) to decide.")]
    for act in (
        project(club).ledger.retry,
        lambda: project(club).ledger.resolve("resend"),
        lambda: project(club).ledger.resolve("assume_delivered"),
    ):
        with pytest.raises(NotAllowed) as caught:
            act()
        assert [(one.message, one.fix) for one in caught.value.problems] == may_not
    with pytest.raises(StateError):
        project(club).ledger.resolve("list")
    monkeypatch.setenv(USER_VARIABLE, "ana")
    with pytest.raises(StateError):
        project(club).ledger.resolve("resend")


def test_deciding_about_rows_needs_what_a_push_of_them_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user with restricted PII decides where the destination is open to them."""
    closed = [
        (
            "`cy` has restricted PII, and events is not open to such users.",
            f"{ASK} Whoever keeps it can say `allow_restricted_pii: true` of the destination or the template.",
        )
    ]
    for number, (select, opened) in enumerate([((), False), (("events",), False), ((), True), (("events",), True)]):
        settings = {"allow_restricted_pii": True} if opened else {}
        club = with_roles(tmp_path / str(number), monkeypatch, "cy", **settings)
        ledger = project(club).ledger
        for act in (ledger.retry, partial(ledger.resolve, "resend"), partial(ledger.resolve, "assume_delivered")):
            # Who may decide comes as far as the ledger, which is not there yet.
            with pytest.raises(StateError if opened else NotAllowed) as caught:
                act(select)
            assert opened or [(one.message, one.fix) for one in caught.value.problems] == closed


def test_nobody_is_told_how_to_become_somebody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that a script leaves empty names no user, and none can be added to a role."""
    club = with_roles(tmp_path, monkeypatch, " ")
    assert refused(club, "events") == [
        (
            "not-allowed",
            "Nobody (PUSHER_USER is empty) may not push tiktok.events from orchestrations (events).",
            f"{ASK} Or let PUSHER_USER say who you are, or unset it.",
        )
    ]


# A code of test events -----------------------------------------------------------------------------------------------


@pytest.mark.leaks  # Event ids of this view are digests of addresses.
def test_a_test_event_code_may_stand_in_any_layer(tmp_path: Path) -> None:
    """What it is set for are test events, which is told; audiences know no such thing."""
    club = offered(tmp_path, destination={"test_event_code": "TEST1"}, name="Tents", more="")
    report = project(club).push(choice=_dry())
    told = "These are test events, which count nowhere and never as sent: "
    left = f"Left out: {MEMBERS} is an audience, and no test event."
    by_file = f"{told}test_event_code is set in profiles.yml:1."
    assert (report.audiences, report.notices[:2]) == ([], (by_file, left))
    by_hand = project(club).push(choice=replace(_dry(), test_event_code="TEST3"))
    assert (by_hand.audiences, by_hand.notices[:2]) == ([], (f"{told}--test-event-code.", left))
    run = project(club, overrides={"test_event_code": "TEST2"}).push(["events"])
    assert [row[0] for row in club.ledger("select test_event_code from run")] == ["TEST2"]
    assert run.notices[0] == f"{told}test_event_code is set in --set."


def test_views_with_different_codes_are_pushed_apart(tmp_path: Path) -> None:
    """One push has one code; which one would be a guess."""
    club = offered(tmp_path, name="Tents", more="")
    coded = EVENTS.replace("'offline_events'", "'offline_events', 'test_event_code': 'TEST1'")
    (club.root / "models" / "more.sql").write_text(coded)
    assert refused(club, "events more")[0][:2] == (
        "test-event-code",
        "Only some of the views, or different ones, have a test_event_code: more.",
    )


def _dry() -> PushChoice:
    return PushChoice(dry_run=True)
