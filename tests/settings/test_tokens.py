"""Which token counts for events and for audiences: who speaks of fewer requests comes first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pusher.config import load_profile
from pusher.credentials import CredentialStore
from pusher.errors import ConfigError
from pusher.project.facade import LoadOptions, Project
from pusher.settings.account import Account
from tests.canaries import TOKEN
from tests.cli.conftest import pusher
from tests.credentials.support import credential
from tests.push.members import MEMBERS
from tests.push.support import NOW, VIEW, Shop
from tests.push.tokens import brand

REAL = "https://business-api.tiktok.com/open_api/v1.3"
LOOPBACK = "http://127.0.0.1:9/open_api/v1.3"
AUTHORISE = (
    "Authorise with `pusher auth login --name unheard-of`, or set access_token of `events` of this target in "
    "profiles.yml."
)
NAMES = ("default", "shop", "pixel", "ads", "run")


@pytest.fixture(autouse=True)
def _kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep some credentials, and set some variables."""
    monkeypatch.setenv("PUSHER_CREDENTIALS_DIR", str(tmp_path / "credentials"))
    for name in NAMES:
        CredentialStore(place="file").put(credential(name, f"t0ken-of-{name}"))
    monkeypatch.setenv("OF_BLOCK", "t0ken-of-the-block")
    monkeypatch.setenv("OF_PART", "t0ken-of-the-part")


def given(name: str) -> str:
    """Return what stands in profiles.yml for the token of a variable."""
    return f"{{{{ env_var('{name}') }}}}"


def account(folder: Path, base_url: str = REAL, overrides: dict[str, str] | None = None, **settings: Any) -> Account:
    """Return the account of a project."""
    root = Shop(folder / "project", base_url, **{"access_token": None, **settings}).root
    return Project.load(LoadOptions(project_dir=root, overrides=overrides or {})).account


BLOCK, PART = {"access_token": given("OF_BLOCK")}, {"access_token": given("OF_PART")}
ADS, SHOP, RUN = {"credential": "ads"}, {"credential": "shop"}, {"credential": "run"}


@pytest.mark.parametrize(
    ("overrides", "part", "block", "variable", "token"),
    [
        (RUN, {**PART, **ADS}, {**BLOCK, **SHOP}, "of-the-environment", "t0ken-of-run"),
        ({}, {**PART, **ADS}, {**BLOCK, **SHOP}, "of-the-environment", "t0ken-of-the-part"),
        ({}, ADS, {**BLOCK, **SHOP}, "of-the-environment", "t0ken-of-ads"),
        ({}, {}, {**BLOCK, **SHOP}, "of-the-environment", "t0ken-of-the-block"),
        ({}, {}, SHOP, "of-the-environment", "of-the-environment"),
        ({}, {}, SHOP, "", "t0ken-of-shop"),
        ({}, {}, {}, "", "t0ken-of-default"),
        ({}, {"access_token": "{{ env_var('NOT_SET', '') }}", "credential": None}, SHOP, "", "t0ken-of-shop"),
    ],
    ids=["run", "part's token", "part's credential", "block's token", "environment", "block's credential", "default",
         "nothing said"],
)  # fmt: skip
def test_who_speaks_of_fewer_requests_comes_first(
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    overrides: dict[str, str],
    part: dict[str, str],
    block: dict[str, str],
    variable: str,
    token: str,
) -> None:
    """The run, the part, then what is for all views; the other part changes nothing, nor is it changed."""
    monkeypatch.setenv("TIKTOK_ACCESS_TOKEN", variable)
    settings: dict[str, Any] = {**block, "audiences": part, "events": {"credential": "pixel"}}
    found = account(tmp_path, overrides=overrides, **settings).endpoints(tmp_path, notes_use=False)
    tokens = {kind: found.of(kind).headers["Access-Token"] for kind in ("audience", "events")}
    assert tokens == {"audience": token, "events": "t0ken-of-run" if overrides else "t0ken-of-pixel"}


def test_the_embedded_sandbox_needs_none_and_asks_no_store(tmp_path: Path) -> None:
    """Also where a part names a credential that is not there."""
    found = account(tmp_path, "sandbox", events={"credential": "gone"}, audiences=PART)
    endpoints = found.endpoints(tmp_path, notes_use=True)
    assert [dict(endpoints.of(kind).headers) for kind in ("events", "audience")] == [{}, {}]
    assert found.tokens.by_token(["audience", "events"]) == [("audience", "events")]


@pytest.mark.parametrize(
    ("settings", "groups"),
    [
        ({}, [("events", "audience")]),
        ({"events": ADS, "audiences": ADS}, [("events", "audience")]),
        ({"audiences": {"credential": "default"}}, [("events", "audience")]),
        ({"events": BLOCK, "audiences": PART}, [("events",), ("audience",)]),
        ({"audiences": ADS}, [("events",), ("audience",)]),
    ],
)
def test_views_with_one_token_are_one_group_however_it_is_named(
    tmp_path: Path, settings: dict[str, Any], groups: list[tuple[str, ...]]
) -> None:
    """They are asked about together."""
    assert account(tmp_path, **settings).tokens.by_token(["events", "audience", "events"]) == groups


@pytest.mark.parametrize(
    ("part", "name", "fix"),
    [
        ("audiences", "adds", "Did you mean `ads`?"),
        ("events", "unheard-of", AUTHORISE),
    ],
)
@pytest.mark.parametrize("base_url", [REAL, LOOPBACK])
def test_a_credential_that_a_part_names_and_that_is_not_there(
    tmp_path: Path, base_url: str, part: str, name: str, fix: str
) -> None:
    """The part with its place, and what to do; the environment is no way out, because the part comes first."""
    found = account(tmp_path, base_url, **{part: {"credential": name}})
    kind = "events" if part == "events" else "audience"
    with pytest.raises(ConfigError) as caught:
        found.endpoint(kind, tmp_path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.message, problem.file, problem.line, problem.fix, problem.credential) == (
        "no-credential",
        f"There is no credential `{name}`, which `{part}` of this target names.",
        "profiles.yml",
        1,
        fix,
        name,
    )


def test_a_credential_of_the_run_that_is_not_there(tmp_path: Path) -> None:
    """The option is named, and no file."""
    with pytest.raises(ConfigError) as caught:
        account(tmp_path, overrides={"credential": "unheard-of"}, audiences=ADS).endpoint("audience", tmp_path)
    (problem,) = caught.value.problems
    assert (problem.message, problem.file) == ("--set: There is no credential `unheard-of`.", None)


# What may stand in a part


def refused(folder: Path, **settings: Any) -> list[tuple[str, str, str | None]]:
    """Return code, message and remedy of what is wrong with the settings."""
    with pytest.raises(ConfigError) as caught:
        account(folder, **settings).check_settings()
    return [(one.code, one.message, one.fix) for one in caught.value.problems]


@pytest.mark.parametrize("part", ["events", "audiences"])
def test_a_token_that_is_written_out_is_refused_in_a_part_too(tmp_path: Path, part: str) -> None:
    """For the real API; the message does not repeat it."""
    (problem,) = refused(tmp_path, **{part: {"access_token": TOKEN}})
    assert problem[:2] == ("token-in-file", "The access token itself stands in the file.")
    account(tmp_path / "loopback", LOOPBACK, **{part: {"access_token": TOKEN}}).check_settings()


@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        ({"credental": "ads"}, ("unknown-key", "Unknown key `credental`.", "Did you mean `credential`?")),
        ({"acces_token": "x"}, ("unknown-key", "Unknown key `acces_token`.", "Did you mean `access_token`?")),
        (
            {"base_url": "sandbox"},
            ("wrong-value", "`base_url` is no setting of audiences alone.", "Put it beside `audiences`, not below."),
        ),
        (
            {"credential": 7},
            (
                "wrong-value",
                "`audiences.credential` must be text.",
                "Put it in quotes: YAML reads bare digits as a number, which can change them.",
            ),
        ),
    ],
)
def test_other_keys_and_forms_are_refused(tmp_path: Path, part: dict[str, Any], wrong: tuple[str, str, str]) -> None:
    """With the nearest key that there is."""
    assert refused(tmp_path, audiences=part) == [wrong]


@pytest.mark.parametrize("key", ["credential", "access_token"])
def test_a_template_names_no_token(tmp_path: Path, key: str) -> None:
    """It is shared; a token is of a person or a machine."""
    shop = Shop(tmp_path / "project", REAL, access_token=None)
    path = shop.root / "models" / f"{VIEW}.sql"
    path.write_text(path.read_text().replace("'offline_events'", f"'offline_events', '{key}': 'ads'"))
    ran = pusher("lint", "--project-dir", str(shop.root), "--json")
    where = " or in --set credential=..." if key == "credential" else ""
    assert [(one["message"], one["fix"]) for one in ran.json["errors"]] == [
        (
            f"{VIEW}: `{key}` is no setting of a template.",
            f"It stands in the destination's block in profiles.yml{where}.",
        )
    ]


def test_a_token_of_a_part_shows_itself_nowhere(tmp_path: Path) -> None:
    """Not in what is printed of the settings, and not in a message about its form."""
    shop = Shop(tmp_path / "project", LOOPBACK, events={"access_token": f"Bearer {TOKEN}"})
    settings = load_profile(project_root=shop.root, profile_name="shop", profiles_dir=None, target=None)
    assert repr(settings.destinations["tiktok"].values["events"]) == "{'access_token': Secret(****)}"
    found = Project.load(LoadOptions(project_dir=shop.root)).account
    with pytest.raises(ConfigError) as caught:
        found.endpoint("events", tmp_path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.file, TOKEN in str(caught.value)) == ("access-token", "profiles.yml", False)


@pytest.mark.parametrize("value", [7, ["a"], {"a": "b"}])
def test_a_token_of_a_part_that_is_no_text(tmp_path: Path, value: object) -> None:
    """Told as one beside the parts is."""
    with pytest.raises(ConfigError) as caught:
        account(tmp_path, audiences={"access_token": value})
    assert [(one.code, one.message) for one in caught.value.problems] == [
        ("wrong-type", "`access_token` must be text.")
    ]


# What people are shown


def chain(setting: dict[str, Any]) -> list[tuple[str | None, str, int | None]]:
    """Return value, layer and line of a setting, down to its default."""
    found: list[tuple[str | None, str, int | None]] = []
    one: dict[str, Any] | None = setting
    while one is not None:
        found.append((one["value"], one["layer"], one["line"]))
        one = one["otherwise"]
    return found


def test_config_shows_what_counts_for_a_view_and_what_it_would_be_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each place with its line, the run first, and no token."""
    monkeypatch.setenv("TIKTOK_ACCESS_TOKEN", TOKEN)
    shop = brand(tmp_path, LOOPBACK, access_token=given("OF_BLOCK"), events=PART, audiences={"credential": "gone"})
    profiles = shop.root / "profiles.yml"
    profiles.write_text(json.dumps(json.loads(profiles.read_text()), indent=2))
    lines = profiles.read_text().splitlines()
    block, part = (1 + next(n for n, line in enumerate(lines) if text in line) for text in ("OF_BLOCK", "OF_PART"))
    gone = 1 + next(number for number, line in enumerate(lines) if '"gone"' in line)

    def shown(view: str, *words: str) -> list[tuple[str | None, str, int | None]]:
        ran = pusher("config", view, "--project-dir", str(shop.root), "--json", *words)
        assert "t0ken" not in ran.out
        return chain(next(one for one in ran.json["settings"] if one["name"] == "access_token"))

    rest = [
        ("****", "destination", block),
        ("****", "environment", None),
        ("**** of the credential default", "credential", None),
        (None, "default", None),
    ]
    assert shown(VIEW) == [("****", "destination", part), *rest]
    assert shown(MEMBERS) == [(None, "credential", gone), *rest]
    of_run = ("**** of the credential run", "credential", None)
    assert shown(VIEW, "--set", "credential=run") == [of_run, ("****", "destination", part), *rest]
    assert shown(MEMBERS, "--set", "credential=run") == [of_run, (None, "credential", gone), *rest]


def test_debug_names_both_tokens(tmp_path: Path) -> None:
    """One that is missing is a failure where a view needs it."""
    shop = brand(tmp_path, REAL)

    def token() -> dict[str, Any]:
        ran = pusher("debug", "--project-dir", str(shop.root), "--json")
        return next(one for one in ran.json["checks"] if one["name"] == "token")

    assert (token()["status"], token()["found"]) == (
        "ok", "events from the credential pixel; audiences from the credential ads",
    )  # fmt: skip
    CredentialStore().remove("ads")
    assert (token()["status"], [one["message"] for one in token()["problems"]]) == (
        "failed", ["There is no credential `ads`, which `audiences` of this target names."],
    )  # fmt: skip
    (shop.root / "models" / f"{MEMBERS}.sql").unlink()
    assert token()["found"] == "from the credential pixel"


def test_auth_status_judges_each_view_by_its_credential(tmp_path: Path) -> None:
    """A credential that is not there is named with the part and its place."""
    CredentialStore(place="file").put(credential("pixel", "t0ken", kind="events", app_id=None, scopes=()))
    shop = brand(tmp_path, REAL)
    ran = pusher("auth", "status", "--project-dir", str(shop.root), "--json")
    assert (ran.code, [(one["model"], one["credential"], one["missing"]) for one in ran.json["views"]]) == (
        0, [(MEMBERS, "ads", []), (VIEW, "pixel", [])],
    )  # fmt: skip
    CredentialStore().remove("ads")
    ran = pusher("auth", "status", "--project-dir", str(shop.root))
    assert ran.code == 1
    assert "There is no credential `ads`, which `audiences` of this target names." in ran.out
    assert "`pusher auth login --name ads`" in ran.out
    assert f"{VIEW}: credential pixel, nothing is missing" in ran.out


def test_a_push_by_another_credential_for_once_uses_it_for_all_views(tmp_path: Path) -> None:
    """`--set credential=NAME` comes before the parts."""
    root = brand(tmp_path, LOOPBACK).root
    found = Project.load(LoadOptions(project_dir=root, overrides={"credential": "run"}, clock=NOW)).account
    assert found.tokens.by_token(["events", "audience"]) == [("events", "audience")]
    found.endpoints(tmp_path, notes_use=True).of("audience")
    used = {name: CredentialStore().get(name) for name in NAMES}
    assert [name for name, one in used.items() if one is not None and one.last_used_at is not None] == ["run"]
