"""Histories of one audience of files: days on which requests fail, then days on which none does."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pusher.project.outcomes import Patience
from tests.push.members import Club, digest, people, serving_audiences, stored
from tests.push.support import NOW

FAULTS: tuple[dict[str, Any], ...] = (
    {"do": "drop_before"},
    {"do": "drop_after_accept"},
    {"do": "html_502", "after": "accept"},
    {"do": "late", "delay_s": 100},
    {"do": 50000},
    {"do": 40100},
    {"do": 40910},
    {"do": 40002, "message": "Audience is being updated or under processing"},
)
PATHS = ("custom_audience/list/", "custom_audience/get/", "file/upload/", "custom_audience/create/", "audience/update/")
DAY = timedelta(days=1)
PATIENT = Patience(deadline_s=20.0)


def history(folder: Path, seed: int, days: int = 6) -> tuple[set[Any], set[Any], list[datetime]]:
    """Live through a history; returns who is in the audience, who should be, and when all were replaced, perhaps."""
    chance = Random(seed)  # noqa: S311 -- a made-up history
    with serving_audiences(folder) as server:
        club = Club(folder / "club", server.base_url, more=", 'method': 'file'")
        now, wanted = NOW, list(range(1_200))
        for day in range(days + 4):
            is_clean = day >= days
            if day <= days:
                wanted = chance.sample(range(1_300), 1_200)
                club.join(people(wanted))
            server.script([] if is_clean else [_fault(chance) for _ in range(chance.randrange(3))])
            server.now = now
            report = club.push(now=now, patience=PATIENT, allow_shrink=True)
            now += 3 * DAY if is_clean else timedelta(hours=chance.choice([0, 1, 20, 30, 50, 72]))
        server.now = now
        (audience,) = server.audiences()
        members = server.members(audience["audience_id"])
    assert report.exit_code == 0
    asked = club.ledger("select asked_at from audience_load where action = 'replace' and state <> 'refused' order by 1")
    return (
        members,
        {stored("EMAIL_SHA256", digest(f"email {one}")) for one in wanted},
        [datetime.fromisoformat(moment) for (moment,) in asked],
    )


def _fault(chance: Random) -> dict[str, Any]:
    return {"match": {"path": chance.choice(PATHS)}, **chance.choice(FAULTS), "times": chance.choice([1, 1, 2, None])}


@pytest.mark.parametrize("seed", range(5))
def test_the_audience_ends_as_the_view_says(tmp_path: Path, seed: int) -> None:
    """Whatever failed before, nobody is missing and nobody is left, and no day has two replacements."""
    members, wanted, replaced = history(tmp_path, seed)
    assert members == wanted
    assert all(later - before >= DAY for before, later in pairwise(replaced))
