"""Who the user is taken to be, and what the roles of pusher.yml let them do."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Any

import pytest

from pusher.config import load_policy_file
from pusher.errors import ConfigError
from pusher.project.facade import LoadOptions, Project
from pusher.settings.access import SYSTEM, USER_VARIABLE, Person, access, person, sees_no_personal_data
from tests.conftest import ProjectFactory

ROLES = """\
roles:
  engineers: {users: [ana, airflow], orchestrations: [tiktok], campaigns: [tiktok.audiences]}
  marketing: {users: [ben, cy], orchestrations: [tiktok.audiences]}
  guests: {users: [cy], restrict_pii: true}
  others: {users: ["*"], restrict_pii: true, orchestrations: [tiktok.events]}
"""


def of(root: Path, user: str | None, monkeypatch: pytest.MonkeyPatch, text: str = ROLES) -> dict[str, Any]:
    """Return what a user may do by a pusher.yml."""
    (root / "pusher.yml").write_text(text)
    if user is not None:
        monkeypatch.setenv(USER_VARIABLE, user)
    return access(load_policy_file(root)).as_json()


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("ana", (["engineers"], False, ["tiktok"], ["tiktok.audiences"])),
        ("ben", (["marketing"], False, ["tiktok.audiences"], [])),
        ("cy", (["marketing", "guests"], True, ["tiktok.audiences"], [])),
        ("dora", (["others"], True, ["tiktok.events"], [])),
        ("*", (["others"], True, ["tiktok.events"], [])),
        ("", ([], True, [], [])),
    ],
)
def test_rights_of_roles_add_up_and_one_restriction_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: str, expected: tuple[Any, ...]
) -> None:
    """`*` holds for whoever no other role names; an empty name is nobody."""
    found = of(tmp_path, user, monkeypatch)
    assert (found["name"], found["source"]) == (user, "PUSHER_USER")
    assert tuple(found[key] for key in ("roles", "restrict_pii", "orchestrations", "campaigns")) == expected


def test_without_roles_everybody_may_do_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it was before there were any."""
    assert of(tmp_path, "ana", monkeypatch, "version: 1\n") == {
        "name": "ana",
        "source": "PUSHER_USER",
        "roles": None,
        "restrict_pii": False,
        "orchestrations": None,
        "campaigns": None,
    }


def test_who_is_in_no_role_may_push_nothing_and_sees_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where roles are, a name that nobody wrote down is closed out."""
    found = of(tmp_path, "eve", monkeypatch, "roles: {engineers: {users: [ana], orchestrations: [tiktok]}}\n")
    assert (found["roles"], found["restrict_pii"], found["orchestrations"]) == ([], True, [])


def test_the_user_is_that_of_the_process_whatever_the_shell_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """LOGNAME and USER are words that anybody sets; a number without a name is itself."""
    monkeypatch.setenv("LOGNAME", "root-of-all")
    monkeypatch.setenv("USER", "root-of-all")
    assert person() == Person(pwd.getpwuid(os.geteuid()).pw_name, SYSTEM)
    monkeypatch.setattr(os, "geteuid", lambda: 123_456)
    assert person() == Person("123456", SYSTEM)


def test_a_file_that_cannot_be_read_shows_nobody(tmp_path: Path) -> None:
    """Nobody knows what it would have said."""
    (tmp_path / "pusher.yml").write_text("roles: {")
    assert sees_no_personal_data(tmp_path)
    (tmp_path / "pusher.yml").unlink()
    assert not sees_no_personal_data(tmp_path)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("roles:\n", [("pusher.yml:1:1", "`roles` must be a mapping of at least one role.")]),
        ("roles: {}\n", [("pusher.yml:1:1", "`roles` must be a mapping of at least one role.")]),
        ("roles: {a: x}\n", [("pusher.yml:1:9", "Role `a` must be a mapping.")]),
        ("roles: {a: {orchestrations: [tiktok]}}\n", [("pusher.yml:1:9", "Role `a` has no users.")]),
        ("roles: {a: {users: ana}}\n", [("pusher.yml:1:13", "`users` must be a list of names.")]),
        ("roles: {a: {users: [1]}}\n", [("pusher.yml:1:13", "`users` must be a list of names.")]),
        ("roles: {a: {users: [ana], restrict_pi: true}}\n", [("pusher.yml:1:27", "Unknown key `restrict_pi`.")]),
        (
            "roles: {a: {users: [ana], restrict_pii: 1}}\n",
            [("pusher.yml:1:27", "`restrict_pii` must be true or false.")],
        ),
        (
            "roles: {a: {users: [ana], orchestrations: [tictok]}}\n",
            [("pusher.yml:1:44", "Role `a` names the unknown destination `tictok`.")],
        ),
        (
            "roles: {a: {users: [ana], campaigns: [tiktok.events]}}\n",
            [
                (
                    "pusher.yml:1:39",
                    "Role `a`: events are never offered to campaigns: they go by query and orchestration only.",
                )
            ],
        ),
    ],
)
def test_a_wrong_role_is_refused_with_its_place(
    project: ProjectFactory, text: str, problems: list[tuple[str, str]]
) -> None:
    """What would open or close something else than was meant."""
    root = project({"pusher.yml": text})
    with pytest.raises(ConfigError) as caught:
        Project.load(LoadOptions(project_dir=root))
    assert [(one.place, one.message) for one in caught.value.problems] == problems


def test_a_misspelt_destination_of_a_role_is_suggested(project: ProjectFactory) -> None:
    """The right name is one word away."""
    root = project({"pusher.yml": "roles: {a: {users: [ana], campaigns: [tiktok.audience]}}\n"})
    with pytest.raises(ConfigError) as caught:
        Project.load(LoadOptions(project_dir=root))
    assert [one.fix for one in caught.value.problems] == ["Did you mean `tiktok.audiences`?"]
