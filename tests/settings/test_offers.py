"""What a view is offered to: switches of the destination and of the template, and codes of test events."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pusher.errors import ConfigError
from pusher.project.outcomes import PushChoice
from tests.push.members import EMAILS, MEMBERS, Club, people, serving_audiences
from tests.settings.offered import BRACES, EVENTS, FOR_CAMPAIGNS, NAME, SPRING, dry, offered, project, refused

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
    report = project(club).push(choice=dry())
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


@pytest.mark.leaks  # Event ids of this view are digests of addresses.
def test_a_test_event_code_may_stand_in_any_layer(tmp_path: Path) -> None:
    """What it is set for are test events, which is told; audiences know no such thing."""
    club = offered(tmp_path, destination={"test_event_code": "TEST1"}, name="Tents", more="")
    report = project(club).push(choice=dry())
    told = "These are test events, which count nowhere and never as sent: "
    left = f"Left out: {MEMBERS} is an audience, and no test event."
    by_file = f"{told}test_event_code is set in profiles.yml:1."
    assert (report.audiences, report.notices[:2]) == ([], (by_file, left))
    by_hand = project(club).push(choice=replace(dry(), test_event_code="TEST3"))
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
