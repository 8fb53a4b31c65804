"""Several credentials of a target, and tokens of Events Manager: which name a login is kept under."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.authorising.support import Browser
from tests.cli.auth.support import DAY, at, shop_at, stdin, stored_token
from tests.cli.conftest import pusher
from tests.credentials.support import TOKEN

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
