"""Which token a target sends: its own, the environment's, or that of a credential."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pusher.credentials import CredentialStore
from pusher.diagnosis import diagnose
from pusher.errors import ConfigError
from pusher.project.facade import LoadOptions, Project
from pusher.settings.account import Account
from tests.cli.conftest import pusher
from tests.credentials.support import TOKEN, credential
from tests.push.support import VIEW, Shop

REAL = "https://business-api.tiktok.com/open_api/v1.3"
LOOPBACK = "http://127.0.0.1:9/open_api/v1.3"
UNHEARD_OF = (
    "Authorise with `pusher auth login --name unheard-of`, or set access_token of this target in profiles.yml, "
    "or the environment variable TIKTOK_ACCESS_TOKEN."
)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep two credentials."""
    monkeypatch.setenv("PUSHER_CREDENTIALS_DIR", str(tmp_path / "credentials"))
    for name, token in (("default", TOKEN), ("shop", "t0ken-of-the-shop")):
        CredentialStore(place="file").put(credential(name, token))


def account(folder: Path, base_url: str = REAL, **settings: Any) -> Account:
    """Return the account of a project."""
    root = Shop(folder / "project", base_url, **{"access_token": None, **settings}).root
    project = Project.load(LoadOptions(project_dir=root))
    return project.account


def sent(found: Account, tmp_path: Path, kind: str = "events") -> str | None:
    """Return the token that requests about views of a kind carry."""
    return found.endpoint(kind, tmp_path).headers.get("Access-Token")


@pytest.mark.parametrize(
    ("base_url", "settings", "variable", "token", "name"),
    [
        (LOOPBACK, {"access_token": "of-the-profile"}, "of-the-environment", "of-the-profile", None),
        (REAL, {"credential": "shop"}, "of-the-environment", "of-the-environment", None),
        (REAL, {"credential": "shop"}, "", "t0ken-of-the-shop", "shop"),
        (REAL, {}, "", TOKEN, "default"),
        (LOOPBACK, {}, "", TOKEN, "default"),
        ("sandbox", {"credential": "shop"}, "", None, None),
    ],
    ids=["profile", "environment", "named", "default", "loopback", "sandbox"],
)
def test_the_first_place_that_has_a_token_wins(
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    base_url: str,
    settings: dict[str, str],
    variable: str,
    token: str | None,
    name: str | None,
) -> None:
    """The target's own, the environment's, the credential's; the embedded sandbox needs none."""
    monkeypatch.setenv("TIKTOK_ACCESS_TOKEN", variable)
    found = account(tmp_path, base_url, **settings)
    used = found.tokens.credential("events")
    assert (sent(found, tmp_path), used.name if used is not None else None) == (token, name)


def test_a_missing_token_names_all_three_places(tmp_path: Path) -> None:
    """Exit code 2, before anything is sent."""
    CredentialStore().remove("default")
    with pytest.raises(ConfigError) as caught:
        account(tmp_path).endpoint("events", tmp_path)
    (problem,) = caught.value.problems
    assert problem.fix == (
        "Authorise with `pusher auth login`, or set access_token of this target in profiles.yml, or the environment "
        "variable TIKTOK_ACCESS_TOKEN; `base_url: sandbox` needs none."
    )


def test_loopback_without_a_credential_needs_none(tmp_path: Path) -> None:
    """As ever."""
    CredentialStore().remove("default")
    found = account(tmp_path, LOOPBACK)
    assert (sent(found, tmp_path), found.tokens.credential("events")) == (None, None)


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("shops", "Did you mean `shop`?"),
        ("unheard-of", UNHEARD_OF),
    ],
)
@pytest.mark.parametrize("base_url", [REAL, LOOPBACK])
def test_a_credential_that_is_not_there_is_refused(tmp_path: Path, base_url: str, name: str, fix: str) -> None:
    """On loopback too: it was asked for by name."""
    with pytest.raises(ConfigError) as caught:
        account(tmp_path, base_url, credential=name).endpoint("events", tmp_path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.message, problem.file, problem.fix) == (
        "no-credential",
        f"There is no credential `{name}`.",
        "profiles.yml",
        fix,
    )


def test_a_use_is_noted_at_its_credential(tmp_path: Path) -> None:
    """With the moment of the run."""
    root = Shop(tmp_path / "project", LOOPBACK, access_token=None, credential="shop").root
    Project.load(LoadOptions(project_dir=root, clock=NOW)).account.tokens.note_use("events")
    used = {name: CredentialStore().get(name) for name in ("default", "shop")}
    moments = {name: one.last_used_at for name, one in used.items() if one is not None}
    assert moments["default"] is None
    assert moments["shop"] is not None
    assert moments["shop"].replace(microsecond=0) == NOW.replace(tzinfo=None)


def test_a_use_of_another_token_is_noted_nowhere(tmp_path: Path) -> None:
    """There is no credential to note it at."""
    account(tmp_path, access_token="of-the-profile").tokens.note_use("events")  # noqa: S106 -- made up
    found = CredentialStore().get("default")
    assert found == credential()


def test_the_settings_show_the_credential_and_no_token(tmp_path: Path) -> None:
    """`pusher config` says where the token comes from."""
    shop = Shop(tmp_path / "project", REAL, access_token=None, credential="shop")
    ran = pusher("config", VIEW, "--project-dir", str(shop.root), "--json")
    found = {one["name"]: (one["value"], one["layer"]) for one in ran.json["settings"]}
    assert (found["access_token"], found["credential"]) == (
        ("**** of the credential shop", "credential"),
        ("shop", "destination"),
    )
    assert "t0ken" not in ran.out


def test_debug_names_the_credential(tmp_path: Path) -> None:
    """As it names the other places."""
    shop = Shop(tmp_path / "project", REAL, access_token=None)
    checks = {one.name: one for one in diagnose(LoadOptions(project_dir=shop.root))}
    assert checks["token"].found == "from the credential default"
