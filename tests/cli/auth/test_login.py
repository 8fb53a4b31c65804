"""`pusher auth login` in a browser: what a person sees, what a script reads, and what is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from pusher.cli import auth
from pusher.credentials import CredentialStore
from tests.authorising.support import ACCOUNT, APP, Browser, serving_tokens
from tests.cli.auth.support import BUILD, DAY, PUSH, SCOPES, at, shop_at, stored_token
from tests.cli.conftest import pusher
from tests.credentials.support import OwnKeyring, credential, using
from tests.push.support import VIEW, wait_until


def test_login_in_a_browser_says_who_may_consent_and_what_came_of_it(
    tmp_path: Path, base_url: str, browser: Browser
) -> None:
    """What to do stands on stderr, what came of it on stdout; the token on neither."""
    shop = shop_at(tmp_path, base_url)
    ran = at(shop, "auth", "login", "--store", "file", "--description", "Northwind")
    browser.join()
    assert (ran.code, [page.status_code for page in browser.pages]) == (0, [200])
    assert ran.err == (
        "Consent on TikTok's page within 5 minutes, in a browser on this machine:\n"
        f"  {browser.url}\n"
        "Whoever consents has to be Admin or Operator of the ad account; an Analyst's\nconsent is worth nothing.\n"
    )
    assert DAY.sub("then", ran.out) == (
        "default (in a private file)\n"
        "  Northwind\n"
        f"  granted    then, to app {APP.app_id}\n"
        "  last used  never by a push\n"
        f"  accounts   {ACCOUNT} Sandbox account\n"
        f"{SCOPES}"
        "Targets without a `credential` of their own use it, unless access_token or\n"
        "TIKTOK_ACCESS_TOKEN gives another token.\n"
    )
    assert stored_token(tmp_path) not in ran.out + ran.err


@pytest.mark.parametrize(
    ("settings", "variable", "first"),
    [
        ({}, "an-older-token-0123456789", "TIKTOK_ACCESS_TOKEN"),
        ({"access_token": "an-older-token-0123456789"}, "", "access_token of target dev"),
        ({}, "", None),
    ],
    ids=["environment", "profile", "neither"],
)
def test_login_says_when_another_token_comes_first(
    tmp_path: Path,
    base_url: str,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
    *,
    settings: dict[str, str],
    variable: str,
    first: str | None,
) -> None:
    """Who logs in because a token was refused would be refused again with the old one."""
    monkeypatch.setenv("TIKTOK_ACCESS_TOKEN", variable)
    shop = shop_at(tmp_path, base_url, **settings)
    told = at(shop, "auth", "login", "--store", "file")
    browser.join()
    warned = " ".join(told.err.split()).partition("warning: ")[2]
    expected = f"{first} gives one here, so this credential is not used: take it away first."
    assert (told.code, warned) == (0, "" if first is None else expected)
    said = at(shop, "auth", "login", "--store", "file", "--json")
    browser.join()
    assert (said.code, said.json["comes_first"]) == (0, first)


def test_login_elsewhere_and_json(tmp_path: Path, base_url: str, browser: Browser) -> None:
    """One object on stdout; a named credential; the page is not opened."""
    shop = shop_at(tmp_path, base_url, credential="shop")
    ran = at(shop, "auth", "login", "--store", "file", "--no-browser", "--json")
    found = ran.json
    granted_at = found["credential"].pop("granted_at")
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", granted_at)
    assert (ran.code, browser.pages, found["replaced"]) == (0, [], None)
    scopes = found["credential"].pop("scopes")
    assert found["credential"] == {
        "name": "shop",
        "description": "",
        "kind": "oauth",
        "store": "file",
        "app_id": APP.app_id,
        "advertisers": [{"id": ACCOUNT, "name": "Sandbox account"}],
        "last_used_at": None,
    }
    assert {"id": "30", "name": "Read Custom Audiences"} in scopes
    assert stored_token(tmp_path, "shop") not in ran.out + ran.err


def test_login_and_status_say_what_the_app_may_not(tmp_path: Path, browser: Browser) -> None:
    """While its settings are at hand: what a push lacks, and what only a check before it does."""
    with serving_tokens(tmp_path / "few", requires_token=True, scopes=["7224195155857833986"]) as base_url:
        shop = shop_at(tmp_path, base_url, advertiser_ids=[ACCOUNT])
        ran = at(shop, "auth", "login", "--store", "file")
    browser.join()
    told = (
        "Without the scope Ad account info (100) of default nobody can tell before a\n"
        "    push whether the ad account is approved.\n"
        "    Add it to the app in TikTok's developer portal, then `pusher auth login\n"
        "    --name default`; a push works without it.\n"
    )
    lacks = (
        "  ! The token of default lacks the scope Report Conversion Event\n"
        "    (7224195155857866754).\n"
        "    Add it to the app in TikTok's developer portal, then `pusher auth login\n"
        "    --name default`.\n"
    )
    assert (ran.code, ran.err.partition("consent is worth nothing.\n")[2]) == (0, f"{lacks}  ? {told}")
    status = at(shop, "auth", "status")
    assert (status.code, status.out.endswith(f"  ? {told}")) == (1, True)
    (view,) = at(shop, "auth", "status", "--json").json["views"]
    assert [[one["code"] for one in view[name]] for name in ("missing", "unchecked")] == [
        ["scope-missing"],
        ["scope-for-checks"],
    ]


def test_a_login_is_kept_whatever_the_models_say(tmp_path: Path, base_url: str, browser: Browser) -> None:
    """What its views need is then not told; `auth status` tells what is wrong with them."""
    shop = shop_at(tmp_path, base_url)
    (shop.root / "models" / f"{VIEW}.sql").write_text("select {{ nothing_that_is }}")
    ran = at(shop, "auth", "login", "--store", "file", "--json")
    browser.join()
    assert (ran.code, ran.json["views"], bool(stored_token(tmp_path))) == (0, [], True)
    assert at(shop, "auth", "status").code == 2


def test_a_login_of_the_same_name_says_what_it_replaces(tmp_path: Path, base_url: str, browser: Browser) -> None:
    """The earlier token may still work."""
    del browser
    CredentialStore(place="file").put(credential("other"))
    ran = at(shop_at(tmp_path, base_url), "auth", "login", "--name", "other", "--store", "file", "--no-browser")
    assert ran.out.endswith(
        "It replaces the one of 2026-11-01 08:30 UTC, whose token may still work at\nTikTok.\n"
        "Targets with `credential: other` in profiles.yml use it, unless access_token or\n"
        "TIKTOK_ACCESS_TOKEN gives another token.\n"
    )


def test_with_a_keyring_the_token_goes_there(tmp_path: Path, base_url: str, browser: Browser) -> None:
    """Nothing has to be chosen, and no file holds it."""
    del browser
    backend, shop = OwnKeyring(), shop_at(tmp_path, base_url)
    with using(backend):
        ran = at(shop, "auth", "login", "--no-browser")
        pushed = [at(shop, *words).code for words in (BUILD, PUSH)]
    (token,) = backend.entries.values()
    assert (ran.code, ran.out.splitlines()[0], pushed) == (0, "default (in the keyring)", [0, 0])
    held = [path for path in tmp_path.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]
    assert held == []


@pytest.mark.parametrize("words", [(), ("--json",), ("--no-browser",)])
def test_without_a_place_for_the_token_nobody_consents(
    tmp_path: Path, base_url: str, browser: Browser, words: tuple[str, ...]
) -> None:
    """Stdout is no terminal, so the token could not be shown either."""
    ran = at(shop_at(tmp_path, base_url), "auth", "login", *words)
    assert (ran.code, browser.said, "no-store" in ran.out + ran.err or "nowhere to keep a token" in ran.err) == (
        2, [], True,
    )  # fmt: skip


def test_a_person_at_a_terminal_sees_the_token_once(
    tmp_path: Path, base_url: str, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no keyring and no file was chosen; never as JSON."""
    del browser
    monkeypatch.setattr(auth, "_is_terminal", bool)
    shop = shop_at(tmp_path, base_url)
    shown, machine = at(shop, "auth", "login", "--no-browser"), at(shop, "auth", "login", "--no-browser", "--json")
    assert (shown.code, machine.code, CredentialStore().names()) == (0, 2, [])
    assert re.search(
        r"\n\nThis system has no keyring, so the token is shown once, here\. Keep it where only you can read it, and\n"
        r"set TIKTOK_ACCESS_TOKEN to it:\n\n[0-9a-f]{40}\n\n$",
        shown.out,
    )


def test_ways_that_exclude_each_other_are_refused() -> None:
    """A token of Events Manager needs no consent."""
    ran = pusher("auth", "login", "--token-stdin", "--no-browser")
    assert ran.code == 2
    assert ran.err == (
        "error: --token-stdin and --no-browser exclude each other.\n"
        "  Pass one of the two: a token of Events Manager needs no consent.\n"
    )


def test_a_target_of_the_embedded_sandbox_has_no_page(tmp_path: Path) -> None:
    """It needs no token."""
    ran = at(shop_at(tmp_path, "sandbox"), "auth", "login", "--store", "file")
    assert ran.code == 2
    assert ran.err == (
        "error: Target dev uses the sandbox of this process, which needs no token.\n"
        "  Pass --target with one that sends to TikTok, or run it outside of the project.\n"
    )


def test_outside_of_a_project_the_real_api_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its page is printed; nothing is sent before the answer."""

    def paste(url: str) -> str:
        urls.append(url)
        return "not the address"

    urls: list[str] = []
    found = Browser(pasted=paste)
    monkeypatch.setattr(auth, "hidden_value", found.person().ask)
    monkeypatch.setattr(auth, "_say", found.said.append)
    ran = pusher("auth", "login", "--store", "file", "--no-browser")
    assert (ran.code, ran.err.splitlines()[0]) == (2, "error: This is not the address of the redirect.")
    assert urls[0].startswith(f"https://business-api.tiktok.com/portal/auth?app_id={APP.app_id}&state=")
    assert urls[0].endswith("&redirect_uri=http%3A%2F%2F127.0.0.1%3A17651%2Ftiktok%2Fcallback")


@pytest.mark.parametrize(
    ("environment", "terminals", "expected"),
    [
        ({"DISPLAY": ":0"}, True, True),
        ({"WAYLAND_DISPLAY": "w"}, True, True),
        ({"BROWSER": "x"}, True, True),
        ({"DISPLAY": ":0"}, False, False),
        ({}, True, False),
    ],
)
def test_a_browser_is_opened_only_where_a_person_sees_it(
    *, monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str], terminals: bool, expected: bool
) -> None:
    """A terminal and a display; a text browser would take the terminal."""
    opened: list[str] = []
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(auth, "_is_terminal", lambda _: terminals)
    monkeypatch.setattr("webbrowser.open", opened.append)
    found = auth._browser()
    if found is not None:
        found("https://example.com/")
        wait_until(lambda: opened)
    assert (found is not None, opened) == (expected, ["https://example.com/"] if expected else [])
