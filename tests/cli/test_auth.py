"""`pusher auth`: what a person sees, what a script reads, and where a token never is."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from pusher.cli import auth
from pusher.credentials import CredentialStore
from tests.authorising.support import ACCOUNT, APP, Browser, browse, redirect_of, serving_tokens
from tests.cli.conftest import Ran, pusher
from tests.credentials.support import TOKEN, OwnKeyring, credential, using
from tests.push.support import NOW, VIEW, Shop, orders, wait_until

SECRET = APP.secret.reveal()
BUILD, PUSH = ("build", "--clock", NOW.isoformat()), ("push", "--clock", NOW.isoformat())
DAY = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC, \d+ days? ago")
SCOPES = """\
  scopes     Pixel Management (8)
             Read Custom Audiences (30)
             Create and Update Custom Audiences (31)
             Share Custom Audiences (32)
             Ad account info (100)
             Offline Events Management: read (7224195155857833986)
             Report Conversion Event (7224195155857866754)
             CRM Event Management: read (7294180478502846465)
"""


@pytest.fixture(autouse=True)
def _own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test credentials, an app and a folder of its own."""
    monkeypatch.setenv("PUSHER_CREDENTIALS_DIR", str(tmp_path / "credentials"))
    monkeypatch.setenv("TIKTOK_APP_ID", APP.app_id)
    monkeypatch.setenv("TIKTOK_APP_SECRET", SECRET)
    (tmp_path / "outside").mkdir()
    monkeypatch.chdir(tmp_path / "outside")


@pytest.fixture
def base_url(tmp_path: Path) -> Iterator[str]:
    """A sandbox that lets in only tokens of its own."""
    with serving_tokens(tmp_path / "server", requires_token=True, now=lambda: NOW) as found:
        yield found


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    """A person whom the command talks with."""
    found = Browser()
    monkeypatch.setattr(auth, "_browser", lambda: found.person().open_url)
    monkeypatch.setattr(auth, "hidden_value", found.person().ask)
    say = auth._say

    def hear(text: str) -> None:
        found.said.append(text)
        say(text)

    monkeypatch.setattr(auth, "_say", hear)
    return found


def shop_at(folder: Path, base_url: str, **settings: Any) -> Shop:
    """Return a project that has something to push."""
    shop = Shop(folder / "project", base_url, **{"access_token": None, **settings})
    shop.sell(orders(3))
    return shop


def at(shop: Shop, *words: str) -> Ran:
    """Run a command on a project."""
    return pusher(*words, "--project-dir", str(shop.root))


def stdin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Pipe a text into the command."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def stored_token(folder: Path, name: str = "default") -> str:
    """Return the token in the file."""
    text = (folder / "credentials" / "credentials.json").read_text("utf-8")
    token: str = json.loads(text)["credentials"][name]["token"]
    return token


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


PARTS = {"events": {"credential": "pixel"}, "audiences": {"credential": "ads"}}


def test_a_target_that_asks_for_several_credentials_wants_to_know_which(tmp_path: Path, base_url: str) -> None:
    """One under another name would serve nobody, and the wrong one could be revoked; nobody has consented by then."""
    shop = shop_at(tmp_path, base_url, **PARTS)
    for command in ("login", "revoke", "logout"):
        ran = at(shop, "auth", command)
        told = (
            "error: Target dev asks for several credentials: `pixel` for its events, `ads` for its audiences. "
            f"Say which is meant: `pusher auth {command} --name pixel` or `pusher auth {command} --name ads`."
        )
        assert (ran.code, " ".join(ran.err.split())) == (2, told)


@pytest.mark.parametrize(
    ("settings", "name", "needed"),
    [
        (PARTS, "pixel", {"ads": "audiences"}),
        ({"credential": "shop", "audiences": {"credential": "ads"}}, "shop", {"ads": "audiences"}),
        ({"audiences": {"credential": "ads"}}, "default", {"ads": "audiences"}),
        ({"events": {"credential": "one"}, "audiences": {"credential": "one"}}, "one", {}),
        ({"audiences": {"access_token": "an-older-token-0123456789"}}, "default", {}),
    ],
)
def test_a_token_of_events_manager_gets_the_name_that_events_ask_for(
    tmp_path: Path,
    base_url: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    settings: dict[str, Any],
    name: str,
    needed: dict[str, str],
) -> None:
    """It serves nothing else, and what the target still needs is told."""
    shop = shop_at(tmp_path, base_url, **settings)
    stdin(monkeypatch, f"{TOKEN}\n")
    ran = at(shop, "auth", "login", "--token-stdin", "--store", "file")
    told = [
        f"Target dev still needs `{one}` for its {what}: `pusher auth login --name {one}`."
        for one, what in needed.items()
    ]
    assert (ran.code, " ".join(ran.err.split())) == (0, " ".join(told))
    assert stored_token(tmp_path, name) == TOKEN
    stdin(monkeypatch, f"{TOKEN}\n")
    again = at(shop, "auth", "login", "--token-stdin", "--store", "file", "--json")
    assert again.json["still_needed"] == list(needed)


def test_a_login_needs_no_name_where_one_credential_is_asked_for(
    tmp_path: Path, base_url: str, browser: Browser
) -> None:
    """Also when a part asks for it, and the other part is given its token otherwise."""
    del browser
    settings = {"events": {"access_token": "an-older-token-0123456789"}, "audiences": {"credential": "ads"}}
    ran = at(shop_at(tmp_path, base_url, **settings), "auth", "login", "--store", "file", "--no-browser")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "ads (in a private file)")


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


def test_a_token_of_events_manager_comes_from_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No app is needed."""
    monkeypatch.delenv("TIKTOK_APP_ID")
    stdin(monkeypatch, f"{TOKEN}\n")
    ran = pusher("auth", "login", "--token-stdin", "--store", "file", "--name", "pixel")
    assert (ran.code, ran.err, stored_token(tmp_path, "pixel")) == (0, "", TOKEN)
    assert DAY.sub("then", ran.out) == (
        "pixel (in a private file)\n"
        "  granted    then, by Events Manager\n"
        "  last used  never by a push\n"
        "  scopes     events of one data source, nothing else\n"
        "Targets with `credential: pixel` in profiles.yml use it, unless access_token or\n"
        "TIKTOK_ACCESS_TOKEN gives another token.\n"
    )


def test_a_piped_token_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a place for it, it stays where it came from."""
    monkeypatch.setattr(auth, "_is_terminal", bool)
    stdin(monkeypatch, TOKEN)
    ran = pusher("auth", "login", "--token-stdin")
    assert (ran.code, TOKEN in ran.out + ran.err) == (2, False)


@pytest.mark.parametrize(
    "words",
    [(TOKEN,), ("--token", TOKEN), (f"--token={TOKEN}",), ("--token-stdin", TOKEN), ("--set", f"access_token={TOKEN}")],
)
@pytest.mark.parametrize("json_", [(), ("--json",)])
@pytest.mark.parametrize("command", ["login", "revoke", "logout", "status"])
def test_a_token_is_never_an_argument(command: str, words: tuple[str, ...], json_: tuple[str, ...]) -> None:
    """Other users see a command line; what was typed there is not repeated."""
    ran = pusher("auth", command, *words, *json_)
    assert (ran.code, TOKEN in ran.out + ran.err) == (2, False)
    assert "a token is never an argument" in ran.out + ran.err


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


def test_status_without_credentials() -> None:
    """It works outside of a project, and says how one is made."""
    plain, named = pusher("auth", "status"), pusher("auth", "status", "--name", "shop")
    assert (plain.code, plain.out, plain.err) == (0, "There are no credentials; `pusher auth login` makes one.\n", "")
    assert (named.code, named.out, named.err) == (
        2, "", "error: There is no credential `shop`.\n  There are none yet: `pusher auth login` makes one.\n",
    )  # fmt: skip


def test_status_says_what_a_view_lacks(tmp_path: Path) -> None:
    """Exit code 1, as for every finding; the same as JSON."""
    CredentialStore(place="file").put(credential(scopes=("31",)))
    CredentialStore(place="file").put(credential("shop", description="", advertisers=(), scopes=("5",)))
    shop = shop_at(tmp_path, "https://business-api.tiktok.com/open_api/v1.3")
    ran, machine = at(shop, "auth", "status"), at(shop, "auth", "status", "--json")
    lacks = "The token of default lacks the scope Report Conversion Event (7224195155857866754)."
    fix = "Add it to the app in TikTok's developer portal, then `pusher auth login --name default`."
    assert (ran.code, machine.code) == (1, 1)
    assert DAY.sub("then", ran.out) == (
        "default (in a private file)\n"
        "  Northwind, all accounts\n"
        "  granted    then, to app 7123456789\n"
        "  last used  never by a push\n"
        f"  accounts   {ACCOUNT} Northwind\n"
        "  scopes     Create and Update Custom Audiences (31)\n"
        "\n"
        "shop (in a private file)\n"
        "  granted    then, to app 7123456789\n"
        "  last used  never by a push\n"
        "  scopes     Measurement (5)\n"
        "\n"
        "target dev\n"
        f"  {VIEW}: credential default\n"
        "    ! The token of default lacks the scope Report Conversion Event\n"
        "      (7224195155857866754).\n"
        "      Add it to the app in TikTok's developer portal, then `pusher auth login\n"
        "      --name default`.\n"
    )
    problem = {"code": "scope-missing", "message": lacks, "file": None, "line": None, "column": None, "fix": fix}
    assert machine.json["views"] == [
        {"model": VIEW, "payload": "offline_events", "token": "credential", "credential": "default",
         "missing": [problem], "unchecked": []}
    ]  # fmt: skip
    assert (machine.json["target"], [one["name"] for one in machine.json["credentials"]]) == (
        "dev",
        ["default", "shop"],
    )


def test_status_of_a_project_that_lacks_nothing(tmp_path: Path) -> None:
    """Exit code 0."""
    CredentialStore(place="file").put(credential())
    shop = shop_at(tmp_path, "https://business-api.tiktok.com/open_api/v1.3")
    ran = at(shop, "auth", "status")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, f"  {VIEW}: credential default, nothing is missing")


def test_status_shows_credentials_when_the_project_is_wrong(tmp_path: Path) -> None:
    """They are the user's own."""
    CredentialStore(place="file").put(credential())
    shop = shop_at(tmp_path, "sandbox")
    (shop.root / "profiles.yml").write_text("{")
    ran = at(shop, "auth", "status", "--json")
    assert (ran.code, [one["name"] for one in ran.json["credentials"]], ran.json["views"]) == (2, ["default"], [])
    assert ran.json["errors"][0]["file"] == "profiles.yml"


def test_control_characters_of_an_account_steer_no_terminal() -> None:
    """Its name is TikTok's text, or a stranger's."""
    CredentialStore(place="file").put(credential(advertisers=((ACCOUNT, "\x1b[2J"),), description="\x07"))
    assert {"\x1b", "\x07"} & set(pusher("auth", "status").out) == set()


def test_a_revoked_token_refuses_the_push_and_says_how_to_go_on(
    tmp_path: Path, base_url: str, browser: Browser
) -> None:
    """Login, push, revoke at TikTok, push: 3; login, push: all is sent. The last use is noted."""
    shop = shop_at(tmp_path, base_url)
    at(shop, *BUILD)
    without = at(shop, *PUSH)
    login = ("auth", "login", "--store", "file", "--no-browser")
    assert [at(shop, *words).code for words in (login, PUSH)] == [0, 0]
    used = CredentialStore().get("default")
    assert used is not None
    assert used.last_used_at is not None
    assert used.last_used_at - NOW.replace(tzinfo=None) < timedelta(minutes=1)
    CredentialStore(place="file").put(credential("copy", used.token.reveal(), app_id=APP.app_id))
    revoked = at(shop, "auth", "revoke", "--name", "copy")
    shop.sell(orders(6))
    at(shop, *BUILD)
    refused = at(shop, *PUSH)
    browser.said.clear()
    again = [at(shop, *words).code for words in (login, PUSH)]
    status = json.loads(at(shop, "status", "--json").out)
    assert (without.code, refused.code) == (3, 3)
    assert (revoked.code, revoked.out) == (0, "The token is revoked, and the credential copy is gone.\n")
    assert "authorise again with `pusher auth login --name default`" in " ".join((refused.out + refused.err).split())
    assert (again, status["exit_code"]) == ([0, 0], 0)


def test_revoke_ends_the_token_and_logout_only_forgets_it(tmp_path: Path, base_url: str, browser: Browser) -> None:
    """Each says what it did; the JSON too."""
    shop = shop_at(tmp_path, base_url)
    at(shop, "auth", "login", "--store", "file", "--no-browser")
    token = stored_token(tmp_path)
    out = at(shop, "auth", "logout")
    gone = at(shop, "auth", "logout", "--json")
    CredentialStore(place="file").put(credential(token=token, app_id=APP.app_id))
    revoked = at(shop, "auth", "revoke", "--json")
    CredentialStore(place="file").put(credential(token=token, app_id=APP.app_id))
    again = at(shop, "auth", "revoke")
    del browser
    assert out.code == 0
    assert out.out == (
        "The credential default is gone from this machine. Its token still works for\n"
        "whoever has a copy, until somebody ends it on TikTok's own pages.\n"
    )
    CredentialStore(place="file").put(credential("pixel", kind="events", app_id=None))
    assert at(shop, "auth", "logout", "--name", "pixel").out == (
        "The credential pixel is gone from this machine. Its token still works for\n"
        "whoever has a copy, until somebody ends it in Events Manager, at the data\n"
        "source.\n"
    )
    assert (gone.code, gone.json["errors"][0]["message"]) == (2, "There is no credential `default`.")
    assert {key: revoked.json[key] for key in ("name", "revoked", "worked_before", "exit_code")} == {
        "name": "default", "revoked": True, "worked_before": True, "exit_code": 0,
    }  # fmt: skip
    assert again.out == "TikTok says that the token was revoked before, and the credential default is gone.\n"


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


def _started(shop: Shop, *words: str, **more: Any) -> subprocess.Popen[bytes]:
    """Start a login in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "pusher", "auth", "login", *words, "--project-dir", str(shop.root)],
        **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
    )


def _url(lines: bytes) -> str | None:
    found = re.search(r"^ {2}(http://\S+)\s", lines.decode(), re.MULTILINE)
    return found[1] if found else None


def test_the_address_is_piped_into_a_process(tmp_path: Path, base_url: str) -> None:
    """As a script does it for a person elsewhere."""
    process = _started(shop_at(tmp_path, base_url), "--store", "file", "--no-browser")
    assert process.stderr is not None
    said = b""
    while (url := _url(said)) is None:
        said += process.stderr.readline()
    out, err = process.communicate(redirect_of(url).encode() + b"\n", timeout=20)
    token = stored_token(tmp_path).encode()
    assert (process.returncode, token in out + said + err, out.splitlines()[0]) == (
        0, False, b"default (in a private file)",
    )  # fmt: skip


def test_ctrl_c_ends_the_wait(tmp_path: Path, base_url: str) -> None:
    """At once, with 130; the port is free again and nothing is kept."""
    process = _started(shop_at(tmp_path, base_url), "--store", "file")
    assert process.stderr is not None
    said = b""
    while _url(said) is None:
        said += process.stderr.readline()
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, b"Traceback" in err, CredentialStore().names()) == (130, False, [])


def test_on_a_terminal_without_a_keyring_the_token_is_shown_once(tmp_path: Path, base_url: str) -> None:
    """With the variable to set; it stands in no file."""
    terminal, inside = pty.openpty()
    shop = shop_at(tmp_path, base_url)
    process = _started(shop, stdin=subprocess.DEVNULL, stdout=inside)
    os.close(inside)
    assert process.stderr is not None
    said = b""
    while (url := _url(said)) is None:
        said += process.stderr.readline()
    threading.Thread(target=browse, args=(url,), daemon=True).start()
    shown = b""
    while select.select([terminal], [], [], 20)[0]:
        try:
            part = os.read(terminal, 65_536)
        except OSError:
            break
        if not part:
            break
        shown += part
    process.communicate(timeout=20)
    os.close(terminal)
    text = shown.decode().replace("\r\n", "\n")
    found = re.search(r"set TIKTOK_ACCESS_TOKEN to it:\n\n([0-9a-f]{40})\n", text)
    assert process.returncode == 0
    assert found is not None
    assert text.startswith("default (kept nowhere)\n")
    assert (tmp_path / "credentials" / "credentials.json").exists() is False


def _forms(secret: str) -> Iterator[bytes]:
    """Yield a secret as it may be written somewhere."""
    raw = secret.encode()
    yield from (raw, raw.upper(), raw.hex().encode(), quote(secret, safe="").encode())
    yield from (base64.b64encode(raw).rstrip(b"="), base64.urlsafe_b64encode(raw).rstrip(b"="))
    yield hashlib.sha256(raw).hexdigest().encode()


def test_token_and_secret_are_in_no_byte_of_any_output_or_file(
    tmp_path: Path, base_url: str, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Raw, in capitals, as hex, base64, in a URL or as its digest; but for the store, and the server's own digests."""
    del browser
    shop = shop_at(tmp_path, base_url)
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    commands = [
        ("auth", "login", "--store", "file", "--no-browser"),
        ("auth", "status"),
        ("auth", "status", "--json"),
        ("config", VIEW),
        ("debug",),
        BUILD,
        PUSH,
        (*PUSH, "--json"),
        ("status", "--json"),
        ("auth", "revoke"),
    ]
    ran = []
    token = ""
    for words in commands:
        ran.append(at(shop, *words))
        token = token or stored_token(tmp_path)
        if words[:2] == ("auth", "revoke"):
            CredentialStore(place="file").put(credential(token=token))
            ran += [at(shop, *PUSH), at(shop, "auth", "revoke", "--json"), at(shop, "auth", "logout")]
    assert [one.code for one in ran] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    shown = b"".join((one.out + one.err).encode() for one in ran)
    files = {
        path.relative_to(tmp_path).as_posix(): path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file() and not path.is_relative_to(tmp_path / "server")
    }
    forms = [form for secret in (token, SECRET) for form in _forms(secret)]
    assert [form for form in forms if form in shown] == []
    assert [(name, form) for name, held in files.items() for form in forms if form in held] == []


def test_processes_end(tmp_path: Path, base_url: str) -> None:
    """A login that nobody answers holds its port only as long as it runs."""
    process = _started(shop_at(tmp_path, base_url), "--store", "file")
    assert process.stderr is not None
    said = b""
    while _url(said) is None:
        said += process.stderr.readline()
    process.terminate()
    process.communicate(timeout=20)
    wait_until(lambda: process.poll() is not None)
    assert process.returncode == 143
