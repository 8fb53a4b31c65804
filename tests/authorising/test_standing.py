"""What `auth status` knows: every credential, and what each view's token lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pusher.authorising import ViewStanding, credential_standings, view_standings
from pusher.credentials import CredentialStore
from pusher.errors import ConfigError
from pusher.project.facade import LoadOptions, Project
from tests.credentials.support import OwnKeyring, credential, using
from tests.push.members import ADVERTISER, MEMBERS, OTHER, Club
from tests.push.support import VIEW, Shop

NO_SHOP = (
    "Authorise with `pusher auth login --name shop`, or set access_token of this target in profiles.yml, or the "
    "environment variable TIKTOK_ACCESS_TOKEN."
)
REAL = "https://business-api.tiktok.com/open_api/v1.3"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test credentials of its own."""
    monkeypatch.setenv("PUSHER_CREDENTIALS_DIR", str(tmp_path / "credentials"))


def shop(folder: Path, base_url: str = REAL, **settings: Any) -> Project:
    """Return a project with a view of events."""
    root = Shop(folder / "shop", base_url, **{"access_token": None, **settings}).root
    return Project.load(LoadOptions(project_dir=root))


def club(folder: Path, more: str = "", **settings: Any) -> Project:
    """Return a project with an audience."""
    root = Club(folder / "club", REAL, more=more, **{"access_token": None, **settings}).root
    return Project.load(LoadOptions(project_dir=root))


def keep(name: str = "default", **given: Any) -> None:
    """Keep a credential."""
    CredentialStore(place="file").put(credential(name, **given))


def unchecked(project: Project) -> list[str]:
    """Return what nobody can look up with the token of the only view."""
    (one,) = view_standings(project)
    return [problem.message for problem in one.unchecked]


def lacks(project: Project) -> list[str]:
    """Return what the token of the only view lacks."""
    (one,) = view_standings(project)
    return [problem.message for problem in one.missing]


def test_every_credential_is_shown_without_opening_the_keyring() -> None:
    """With the place of its token, and one alone on demand."""
    backend = OwnKeyring()
    with using(backend):
        CredentialStore().put(credential("a"))
        keep("b")
        backend.is_locked = True
        found = credential_standings()
        one = credential_standings("b")
    assert [(one.credential.name, one.place, bool(one.credential.token)) for one in found] == [
        ("a", "keyring", False),
        ("b", "file", False),
    ]
    assert one == found[1:]


def test_scopes_have_names_as_far_as_they_are_known() -> None:
    """A number alone says nothing to a person; one that is not known stays."""
    keep(scopes=("31", "99"))
    (one,) = credential_standings()
    assert one.as_json()["scopes"] == [
        {"id": "31", "name": "Create and Update Custom Audiences"},
        {"id": "99", "name": "99"},
    ]


@pytest.mark.parametrize(
    ("base_url", "settings", "variable", "expected"),
    [
        ("sandbox", {}, "", ("not-needed", None)),
        ("http://127.0.0.1:9/open_api/v1.3", {}, "", ("not-needed", None)),
        (REAL, {"access_token": "{{ env_var('GIVEN') }}"}, "", ("access_token", None)),
        (REAL, {}, "given", ("environment", None)),
    ],
)
def test_a_token_of_elsewhere_is_named_and_not_judged(
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    base_url: str,
    settings: dict[str, str],
    variable: str,
    expected: tuple[str, str | None],
) -> None:
    """Nothing is known of it."""
    monkeypatch.setenv("GIVEN", "given-0123")
    monkeypatch.setenv("TIKTOK_ACCESS_TOKEN", variable)
    found = view_standings(shop(tmp_path, base_url, **settings))
    assert found == [ViewStanding(VIEW, "offline_events", *expected)]


def test_a_view_without_a_token_says_what_to_do(tmp_path: Path) -> None:
    """The credential that its target would use is named."""
    (one,) = view_standings(shop(tmp_path, credential="shop"))
    (problem,) = one.missing
    assert (one.token, one.credential, problem.code, problem.file, problem.fix) == (
        "missing",
        None,
        "no-credential",
        "profiles.yml",
        NO_SHOP,
    )


@pytest.mark.parametrize("scopes", [("7224195155857866754",), ("5",)], ids=["itself", "the one above it"])
def test_a_scope_or_the_one_above_it_is_enough(tmp_path: Path, scopes: tuple[str, ...]) -> None:
    """A parent implies its children."""
    keep(scopes=scopes)
    assert view_standings(shop(tmp_path)) == [ViewStanding(VIEW, "offline_events", "credential", "default")]


def test_the_credential_that_the_target_names_counts(tmp_path: Path) -> None:
    """Not the one called default."""
    keep()
    keep("other", scopes=("30",))
    (one,) = view_standings(shop(tmp_path, credential="other"))
    assert (one.credential, [problem.message for problem in one.missing]) == (
        "other",
        ["The token of other lacks the scope Report Conversion Event (7224195155857866754)."],
    )


def test_an_audience_needs_scopes_and_its_advertisers(tmp_path: Path) -> None:
    """All that is missing, at once."""
    keep(scopes=("7224195155857866754",))
    assert lacks(club(tmp_path, advertiser_ids=[ADVERTISER, OTHER])) == [
        "The token of default lacks the scope Read Custom Audiences (30).",
        "The token of default lacks the scope Create and Update Custom Audiences (31).",
        f"The token of default does not reach advertiser {OTHER}.",
    ]


def test_events_need_their_advertisers_too(tmp_path: Path) -> None:
    """A push looks for the event set at each of them."""
    keep()
    assert lacks(shop(tmp_path, advertiser_ids=[ADVERTISER, OTHER])) == [
        f"The token of default does not reach advertiser {OTHER}."
    ]


def test_a_scope_of_checks_alone_is_told_and_not_missed(tmp_path: Path) -> None:
    """A push works without it, and nobody can tell before whether the account would let it."""
    keep(scopes=("7224195155857866754",))
    (one,) = view_standings(shop(tmp_path, advertiser_ids=[ADVERTISER]))
    fix = (
        "Add it to the app in TikTok's developer portal, then `pusher auth login --name default`; a push works without "
        "it."
    )
    assert (one.missing, [(problem.code, problem.message, problem.fix) for problem in one.unchecked]) == (
        (),
        [
            (
                "scope-for-checks",
                f"Without the scope {scope} of default nobody can tell before a push {told}.",
                fix,
            )
            for scope, told in (
                ("Ad account info (100)", "whether the ad account is approved"),
                (
                    "Offline Events Management: read (7224195155857833986)",
                    "whether the event set is there",
                ),
            )
        ],
    )


@pytest.mark.parametrize(
    "given",
    [{"scopes": ("30", "31", "10")}, {"scopes": ()}, {"kind": "events", "app_id": None, "scopes": ()}],
    ids=["one above it", "scopes that nobody told", "a token of Events Manager"],
)
def test_checks_that_are_possible_or_of_which_nothing_is_known_are_not_told(
    tmp_path: Path, given: dict[str, Any]
) -> None:
    """What the token may read counts with its parents; without a list of scopes there is nothing to say."""
    keep(**given)
    assert unchecked(club(tmp_path)) == []


def test_an_audience_of_files_for_several_needs_to_share(tmp_path: Path) -> None:
    """For one account it does not."""
    keep(scopes=("30", "31"), advertisers=((ADVERTISER, ""), (OTHER, "")))
    files = ", 'method': 'file'"
    assert lacks(club(tmp_path / "one", files)) == []
    assert lacks(club(tmp_path / "two", files, advertiser_ids=[ADVERTISER, OTHER])) == [
        "The token of default lacks the scope Share Custom Audiences (32)."
    ]


def test_an_audience_that_waits_for_a_campaign_is_judged_without_its_name(tmp_path: Path) -> None:
    """What the token lacks does not hang on the campaign."""
    keep(scopes=("30",))
    more = ", 'visible_to_campaigns': true"
    assert lacks(club(tmp_path, more, name="Tents - {campaign} - {group}")) == [
        "The token of default lacks the scope Create and Update Custom Audiences (31)."
    ]


def test_a_token_of_events_manager_is_for_events_only(tmp_path: Path) -> None:
    """It has no scopes that could be listed."""
    keep(kind="events", app_id=None, advertisers=(), scopes=())
    assert lacks(shop(tmp_path)) == []
    assert lacks(club(tmp_path)) == ["The token of default is of Events Manager and reaches no audience."]


def test_accounts_that_are_not_known_are_not_missed(tmp_path: Path) -> None:
    """TikTok did not list them when the token was granted."""
    keep(advertisers=())
    assert lacks(club(tmp_path)) == []


def test_a_project_without_views_lacks_nothing(tmp_path: Path) -> None:
    """A new project."""
    root = Shop(tmp_path / "shop", REAL, access_token=None).root
    (root / "models" / f"{VIEW}.sql").unlink()
    assert view_standings(Project.load(LoadOptions(project_dir=root))) == []


def test_the_view_is_that_of_its_model(tmp_path: Path) -> None:
    """Payload and name, for those who read the JSON."""
    keep(scopes=("30", "31", "100"))
    (one,) = view_standings(club(tmp_path))
    assert one.as_json() == {
        "model": MEMBERS,
        "payload": "audience",
        "token": "credential",
        "credential": "default",
        "missing": [],
        "unchecked": [],
    }


def test_settings_that_are_wrong_are_refused(tmp_path: Path) -> None:
    """A credential's name has a form."""
    with pytest.raises(ConfigError) as caught:
        view_standings(shop(tmp_path, credential="no such name"))
    assert [problem.code for problem in caught.value.problems] == ["wrong-value"]
