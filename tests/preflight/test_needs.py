"""What the views of a push need of the account, and where a wrong id would have to be corrected."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pusher.contracts import Need
from pusher.preflight.needs import needs_of
from pusher.project.facade import LoadOptions, Project
from tests.preflight.accounts import ADVERTISER, OTHER, store
from tests.push.members import MEMBERS, NAME, Club
from tests.push.support import EVENT_SET, VIEW

FILE = f"models/{VIEW}.sql"


@pytest.mark.parametrize(
    ("meta", "overrides", "expected"),
    [
        ("", {}, (EVENT_SET, "profiles.yml", 1)),
        (f", 'event_set_id': '{OTHER}'", {}, (OTHER, FILE, 1)),
        (f", 'event_set_id': '{OTHER}'", {"event_set_id": ADVERTISER}, (ADVERTISER, None, None)),
    ],
    ids=["destination", "template", "run"],
)
def test_the_place_of_an_event_set_is_that_of_the_layer_that_wins(
    meta: str, overrides: dict[str, str], expected: tuple[str, str | None, int | None], tmp_path: Path
) -> None:
    """The target's block, the model, or the command line, which has no file."""
    shop = store(tmp_path, "sandbox")
    path = shop.root / FILE
    path.write_text(path.read_text().replace("'offline_events'", f"'offline_events'{meta}"))
    project = Project.load(LoadOptions(project_dir=shop.root, overrides=overrides))
    (need,) = needs_of(project.account, project.manifest.models, project.views(), [])
    assert (need.source_id, need.file, need.line, need.advertisers) == (*expected, (ADVERTISER,))


def test_what_stands_in_the_part_of_events_is_what_they_need(tmp_path: Path) -> None:
    """Their own accounts and event set, at the place of the part."""
    shop = store(tmp_path, "sandbox", events={"advertiser_ids": [OTHER], "event_set_id": OTHER})
    project = Project.load(LoadOptions(project_dir=shop.root))
    (need,) = needs_of(project.account, project.manifest.models, project.views(), [])
    assert (need.source_id, need.file, need.line, need.advertisers) == (OTHER, "profiles.yml", 1, (OTHER,))


def test_an_audience_needs_its_own_advertisers(tmp_path: Path) -> None:
    """Those of the view win over those of the target."""
    club = Club(tmp_path / "club", more=f", 'advertiser_ids': ['{OTHER}'], 'method': 'file'")
    project = club.project()
    audiences = project.destination_views.audiences([], [])
    payload = project.account.destination.payloads["audience"]
    file = f"models/{MEMBERS}.sql"
    assert needs_of(project.account, project.manifest.models, [], audiences) == [
        Need(MEMBERS, payload, NAME, (OTHER,), method="file", file=file, accounts_place=(file, 1))
    ]


def test_what_is_for_these_views_only_has_its_own_place(tmp_path: Path) -> None:
    """The part of the block wins over what stands beside it, for the event set and for the accounts."""
    shop = store(tmp_path, "sandbox")
    path = shop.root / "profiles.yml"
    profiles = json.loads(path.read_text())
    profiles["pusher"]["dev"]["tiktok"]["events"] = {"event_set_id": OTHER, "advertiser_ids": [OTHER]}
    path.write_text(json.dumps(profiles, indent=1))
    lines = path.read_text().splitlines()
    numbers = [[number for number, text in enumerate(lines, 1) if key in text] for key in ("event_set_id", "advert")]
    project = Project.load(LoadOptions(project_dir=shop.root))
    (need,) = needs_of(project.account, project.manifest.models, project.views(), [])
    assert (need.source_id, need.file, need.line, need.advertisers, need.accounts_place) == (
        OTHER,
        "profiles.yml",
        numbers[0][1],
        (OTHER,),
        ("profiles.yml", numbers[1][1]),
    )
