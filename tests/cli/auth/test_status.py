"""`pusher auth status`, `revoke` and `logout`: what a project lacks, and how a token ends."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from pusher.credentials import CredentialStore
from tests.authorising.support import ACCOUNT, APP, Browser
from tests.cli.auth.support import BUILD, DAY, PUSH, at, shop_at, stored_token
from tests.cli.conftest import pusher
from tests.credentials.support import credential
from tests.push.support import NOW, VIEW, orders


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
