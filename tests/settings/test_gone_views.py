"""What earlier runs froze for a view that the project has no more: who may go on with it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from pusher.project.outcomes import Patience, PushChoice
from pusher.push.world import PushReport
from pusher.settings.access import USER_VARIABLE
from tests.push.members import ADVERTISER, MEMBERS, NAME, Club, people, serving_audiences
from tests.push.support import NOW, VIEW, Shop, orders, serving
from tests.settings.offered import EVENTS, offered, project

ROLES = """\
roles:
  engineers: {users: [ana], orchestrations: [tiktok]}
  marketing: {users: [mia], orchestrations: [tiktok.audiences]}
  tills: {users: [tom], orchestrations: [tiktok.events]}
  analysts: {users: [ben], orchestrations: [tiktok], restrict_pii: true}
"""
WAIT = "3 rows that earlier runs froze for events wait: the project has no such view any more, and "
NO_ROLE = (
    "`mia` may not push tiktok.events from orchestrations. Ask ana (role engineers), or tom (role tills) to push it."
)
OPEN = "nothing says that it is open to such users. Ask ana (role engineers), or tom (role tills) to push it."


def push(club: Club, user: str, monkeypatch: pytest.MonkeyPatch, **choice: object) -> PushReport:
    """Push everything as one of the users."""
    monkeypatch.setenv(USER_VARIABLE, user)
    return project(club).push(choice=PushChoice(**choice))  # type: ignore[arg-type]


def events_of(report: PushReport) -> dict[str, dict[str, int]]:
    """Return what became of rows of earlier runs, by view."""
    return {one.model: {term: rows for term, rows in one.resumed.items() if rows} for one in report.models}


@pytest.fixture
def club(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Club:
    """Return a project of one audience whose view of events was deleted while three rows of it were to be sent."""
    club = offered(tmp_path, more="", name="Members", destination={"allow_restricted_pii": True})
    (club.root / "pusher.yml").write_text(ROLES)
    left = push(club, "ana", monkeypatch, patience=Patience(deadline_s=0))
    assert [one.terms["pending"] for one in left.models] == [3]
    (club.root / "models" / "events.sql").unlink()
    return club


@pytest.mark.parametrize(
    ("user", "why"), [("mia", NO_ROLE), ("ben", f"`ben` has restricted PII, and {OPEN}")], ids=["role", "restricted"]
)
def test_who_may_not_push_events_leaves_rows_of_a_view_that_is_gone(
    club: Club, user: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They stay frozen, every push says so, also one that only plans, and somebody who may sends them all."""
    dry = push(club, user, monkeypatch, dry_run=True)
    report = push(club, user, monkeypatch)
    assert (dry.notices, report.notices, events_of(report)) == ((WAIT + why,), (WAIT + why,), {})
    rest = push(club, "ana", monkeypatch)
    assert (rest.notices, events_of(rest)) == ((), {"events": {"planned": 3, "accepted": 3}})
    assert push(club, user, monkeypatch).notices == ()


def test_a_destination_that_is_not_offered_keeps_rows_of_a_view_that_is_gone(
    club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The view itself would have been left out of the push."""
    club.profile("sandbox", advertiser_ids=[ADVERTISER], events={"visible_to_orchestrations": False})
    report = push(club, "ana", monkeypatch)
    hidden = f"{WAIT}`visible_to_orchestrations: false` in profiles.yml:1 hides tiktok.events."
    assert (report.notices, events_of(report)) == ((hidden,), {})


def test_who_may_not_push_audiences_takes_nobody_out_of_those_without_a_view(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The push names the audience and whom to ask, and theirs takes the suppressed people out."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(3)))
        (club.root / "pusher.yml").write_text(ROLES)
        push(club, "ana", monkeypatch)
        (club.root / "models" / f"{MEMBERS}.sql").unlink()
        (club.root / "models" / "events.sql").write_text(EVENTS)
        club.build()
        club.suppress("email 1")
        (audience_id,) = [one["audience_id"] for one in server.audiences()]
        dry, report = (push(club, "tom", monkeypatch, dry_run=is_dry) for is_dry in (True, False))
        between = server.members(audience_id)
        rest = push(club, "ana", monkeypatch)
        members = server.members(audience_id)

    held = (
        f"Audience {audience_id} of advertiser {ADVERTISER}, `{NAME}` of {MEMBERS}, holds 1 identifier of suppressed "
        "people, and no view of this push fills it: `tom` may not push tiktok.audiences from orchestrations. "
        "Ask ana (role engineers), or mia (role marketing) to push it."
    )
    assert (dry.notices, report.notices, report.audiences) == ((held,), (held,), [])
    assert [one.deleted for one in rest.audiences] == [1]
    assert (len(between), len(members)) == (3, 2)


def test_who_has_restricted_pii_decides_nothing_about_a_view_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its parked rows are no part of what they decide, and wait for somebody else."""
    settings = {"advertiser_ids": [ADVERTISER], "allow_restricted_pii": True}
    with serving(tmp_path / "sandbox.sqlite", [{"match": {}, "do": "drop_after_accept", "times": None}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, **settings)
        shop.sell(orders(3))
        shop.build()
        shop.push()
        (shop.root / "pusher.yml").write_text(ROLES)
        (shop.root / "models" / f"{VIEW}.sql").rename(shop.root / "models" / "other.sql")
        decided = {}
        for user in ("ben", "ana"):
            monkeypatch.setenv(USER_VARIABLE, user)
            ledger = shop.project(NOW + timedelta(hours=37)).ledger
            decided[user] = [(one.model, one.rows) for one in ledger.resolve("resend").batches]

    assert decided == {"ben": [], "ana": [(VIEW, 3)]}
