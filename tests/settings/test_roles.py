"""Who may push what, and from where."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pusher.errors import NotAllowed, StateError
from pusher.settings.access import USER_VARIABLE
from tests.push.members import ADVERTISER, MEMBERS, Club
from tests.settings.offered import SPRING, dry, offered, project, refused

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
    assert [one.name for one in project(club, SPRING).push(choice=dry()).audiences] == ["Tents - Spring - a"]
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
        assert [one.model for one in project(club).push(["events"], choice=dry()).models] == ["events"]
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
