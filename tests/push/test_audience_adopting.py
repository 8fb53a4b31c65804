"""Whose audience a view may be given: nobody takes one that another view of the project fills."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from pusher.errors import ConfigError
from pusher.project.facade import LoadOptions, Project
from pusher.settings.campaigns import Campaign
from tests.push.audience_files import line
from tests.push.members import ADVERTISER, MEMBERS, NAME, Club, people, serving_audiences
from tests.push.support import NOW, QuickClock

OTHER_VIEW = "tiktok_audience_other"
SPRING = Campaign("Spring", "treatment")


def of_campaign(club: Club, campaign: Campaign | None, now: datetime = NOW) -> Project:
    """Load a club's project for a campaign."""
    project = Project.load(LoadOptions(project_dir=club.root, campaign=campaign))
    project.clock = QuickClock(now)
    return project


def add_view(club: Club, sql: str) -> None:
    """Give a club another view of an audience."""
    (club.root / "models" / f"{OTHER_VIEW}.sql").write_text(sql)


def test_an_audience_of_a_campaign_is_not_taken_by_another_view(tmp_path: Path) -> None:
    """Its view is there, although nothing but a push for the campaign fills it."""
    with serving_audiences(tmp_path) as server:
        more = ", 'visible_to_campaigns': true"
        club = Club(tmp_path / "club", server.base_url, name="{campaign} - {group}", more=more)
        sql = (club.root / "models" / f"{MEMBERS}.sql").read_text()
        add_view(club, sql.replace("{campaign} - {group}", NAME).replace(more, ""))
        club.join(people(range(5)))
        of_campaign(club, SPRING).push([MEMBERS])
        (audience,) = server.audiences()
        with pytest.raises(ConfigError) as caught:
            club.project().audiences.adopt(OTHER_VIEW, audience["audience_id"])
        club.join(people(range(6)))
        again = of_campaign(club, SPRING).push([MEMBERS])

    (problem,) = caught.value.problems
    assert (problem.code, problem.message) == (
        "audience-filled",
        f"{MEMBERS} fills audience {audience['audience_id']} of advertiser {ADVERTISER} already.",
    )
    assert line(again) == {"members": 6, "unchanged": 5, "adds": 1, "added": 1, "exit": 0}


@pytest.mark.parametrize("wrong", ["'advertiser_ids': []", "'payload': 'audiense'"])
def test_a_wrong_setting_of_another_view_does_not_keep_a_view_from_its_audience(tmp_path: Path, wrong: str) -> None:
    """And what the other view fills is still its own, whatever its settings lack."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        (audience,) = server.audiences()
        wanted = server.make("Made by hand")
        sql = (club.root / "models" / f"{MEMBERS}.sql").read_text()
        add_view(club, sql.replace(NAME, "Another"))
        (club.root / "models" / f"{MEMBERS}.sql").write_text(
            sql.replace("'payload': 'audience'", wrong if "payload" in wrong else f"'payload': 'audience', {wrong}")
        )
        adopted = club.project().audiences.adopt(OTHER_VIEW, wanted)
        with pytest.raises(ConfigError) as caught:
            club.project().audiences.adopt(OTHER_VIEW, audience["audience_id"])

    assert (adopted.audience_id, adopted.model) == (wanted, OTHER_VIEW)
    assert [one.code for one in caught.value.problems] == ["audience-filled"]
