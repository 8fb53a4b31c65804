"""A project of one audience and one view of events, and what forbids to push them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pusher.errors import PusherError
from pusher.project.facade import LoadOptions, Project
from pusher.project.outcomes import PushChoice
from pusher.settings.campaigns import Campaign
from tests.push.members import Club, people
from tests.push.support import QuickClock

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


def dry() -> PushChoice:
    """Return the choice of a push that sends nothing."""
    return PushChoice(dry_run=True)
