"""OAuth in the sandbox: codes, tokens, scopes, and the codes by which the contract refuses them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from pusher.destinations.tiktok import oauth
from pusher.destinations.tiktok.facts import tables
from tests.destinations.worlds import World

APP = {"app_id": "7123456789", "secret": "s3cr3t"}
REDIRECT = "http://127.0.0.1:17651/tiktok/callback"
ACCOUNT = "7654321098765432109"
EVENT = {
    "event_source": "offline",
    "event_source_id": ACCOUNT,
    "data": [{"event": "Purchase", "event_id": "1", "event_time": 1_782_900_000, "user": {"email": "a" * 64}}],
}


def consent(world: World, **changes: str) -> httpx.Response:
    """Open the page of consent."""
    query = {"app_id": APP["app_id"], "state": "the state", "redirect_uri": REDIRECT, **changes}
    with httpx.Client(transport=httpx.WSGITransport(app=world.app)) as client:  # noqa: TID251 -- a browser's stand-in
        return client.get("http://sandbox.invalid/portal/auth", params=query)


def code(world: World) -> str:
    """Return a new code."""
    return parse_qs(urlsplit(consent(world).headers["Location"]).query)["auth_code"][0]


def exchange(world: World, auth_code: str, **changes: str) -> dict[str, Any]:
    """Exchange a code."""
    return world.send(oauth.EXCHANGE, {**APP, "auth_code": auth_code, **changes})


def token(world: World) -> str:
    """Return a new token."""
    found: str = exchange(world, code(world))["data"]["access_token"]
    return found


def answer(world: World, given: str | None) -> int:
    """Send an event with a token and return the code of the answer."""
    return world.code(EVENT, token=given)[0]


def test_whoever_opens_the_page_consents(tmp_path: Path) -> None:
    """The browser goes back with a code and the state as it was."""
    found = consent(World(tmp_path / "s.sqlite"))
    parts = urlsplit(found.headers["Location"])
    query = parse_qs(parts.query)
    assert (found.status_code, parts._replace(query="").geturl(), sorted(query)) == (
        302, REDIRECT, ["auth_code", "code", "state"],
    )  # fmt: skip
    assert (query["state"], query["code"]) == (["the state"], query["auth_code"])


@pytest.mark.parametrize(
    "changes",
    [
        {"app_id": "an app"},
        {"app_id": ""},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": "http://evil.example/"},
        {"redirect_uri": ""},
    ],
)
def test_the_page_refuses_what_leads_elsewhere(tmp_path: Path, changes: Mapping[str, str]) -> None:
    """It is no way to send people to other sites."""
    assert consent(World(tmp_path / "s.sqlite"), **changes).status_code == 400


def test_a_code_becomes_a_token_with_accounts_and_scopes(tmp_path: Path) -> None:
    """In the form of the contract: scopes as numbers, ids as texts."""
    world = World(tmp_path / "s.sqlite", advertisers=[ACCOUNT], scopes=["31", "30"])
    found = exchange(world, code(world))
    given = found["data"].pop("access_token")
    assert (len(given), found) == (
        40,
        {"status": 200, "code": 0, "message": "OK", "data": {"advertiser_ids": [ACCOUNT], "scope": [30, 31]}},
    )


def test_a_code_works_once_for_its_app_and_for_an_hour(tmp_path: Path) -> None:
    """Else it is used, expired or another app's."""
    world = World(tmp_path / "s.sqlite")
    first, second, third = code(world), code(world), code(world)
    used = [exchange(world, first)["code"], exchange(world, first)["code"]]
    foreign = exchange(world, second, app_id="99")["code"]
    world.now += timedelta(hours=1, seconds=1)
    assert (used, foreign, exchange(world, third)["code"]) == ([0, 40110], 40110, 40110)


def test_the_first_secret_of_an_app_is_its_secret(tmp_path: Path) -> None:
    """For the exchange, the list and the end of tokens; a wrong one uses up no code."""
    world = World(tmp_path / "s.sqlite")
    given, other = token(world), code(world)
    wrong = {**APP, "secret": "wrong"}
    assert exchange(world, other, secret="wrong")["code"] == 40101  # noqa: S106 -- made up
    assert world.send(oauth.REVOKE, {**wrong, "access_token": given})["code"] == 40101
    assert world.get(oauth.ADVERTISERS, **wrong)["code"] == 40101
    assert (exchange(world, other)["code"], answer(world, given)) == (0, 0)


def test_a_token_works_until_it_is_revoked(tmp_path: Path) -> None:
    """Then it is refused everywhere, and cannot be revoked again."""
    world = World(tmp_path / "s.sqlite")
    given, other = token(world), token(world)
    before = answer(world, given)
    ended = [world.send(oauth.REVOKE, {**APP, "access_token": given})["code"] for _ in range(2)]
    assert (before, ended, answer(world, given), answer(world, other)) == (0, [0, 40105], 40105, 0)


def test_no_token_is_needed_unless_that_is_asked(tmp_path: Path) -> None:
    """By default everybody is let in, also with a token of elsewhere."""
    world, strict = World(tmp_path / "a.sqlite"), World(tmp_path / "b.sqlite", requires_token=True)
    assert (answer(world, None), answer(world, "of elsewhere")) == (0, 0)
    assert (answer(strict, None), answer(strict, "of elsewhere"), answer(strict, token(strict))) == (40104, 40105, 0)


def test_a_token_reaches_what_its_scopes_say(tmp_path: Path) -> None:
    """A scope above one is enough; another one is refused by name."""
    names = tables("responses")["answer"]["codes"]
    enough, lacking = World(tmp_path / "a.sqlite", scopes=["5"]), World(tmp_path / "b.sqlite", scopes=["31"])
    assert (answer(enough, token(enough)), answer(lacking, token(lacking))) == (0, names["scope_missing"])
    assert lacking.code(EVENT, token=token(lacking))[1] == "The token lacks the permission Report Conversion Event"


def test_accounts_have_names(tmp_path: Path) -> None:
    """Those of the token, or those that exist for one of elsewhere."""
    world = World(tmp_path / "s.sqlite", advertisers=[ACCOUNT])
    found = world.get(oauth.ADVERTISERS, **APP)["data"]
    assert found == {"list": [{"advertiser_id": ACCOUNT, "advertiser_name": "Sandbox account"}]}


@pytest.mark.parametrize("path", [oauth.EXCHANGE, oauth.REVOKE])
@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"app_id": 5, "secret": "x", "auth_code": "x"}'])
def test_a_body_has_to_be_whole(tmp_path: Path, path: str, body: bytes) -> None:
    """Each text of the contract."""
    assert World(tmp_path / "s.sqlite").send(path, body)["code"] == 40002


def test_a_list_needs_the_app(tmp_path: Path) -> None:
    """Its id and its secret stand in the query."""
    found = World(tmp_path / "s.sqlite").get(oauth.ADVERTISERS, app_id="1")
    assert (found["code"], found["message"]) == (40002, "secret: Missing data for required field")


def test_faults_are_scripted_as_elsewhere(tmp_path: Path) -> None:
    """On the page of consent too; a late exchange gives its token to nobody."""
    faults: list[dict[str, Any]] = [
        {"match": {"path": "portal/auth"}, "do": "html_502"},
        {"match": {"path": "access_token"}, "do": 40113, "message": "App is blocked"},
        {"match": {"path": "access_token"}, "do": "late", "delay_s": 5},
    ]
    world = World(tmp_path / "s.sqlite", faults)
    assert consent(world).status_code == 502
    given = code(world)
    assert exchange(world, given)["code"] == 40113
    with pytest.raises(AssertionError):
        exchange(world, given)
    world.now += timedelta(seconds=6)
    assert exchange(world, given)["code"] == 40110


def test_a_reset_forgets_tokens_too(tmp_path: Path) -> None:
    """A token of before is one of elsewhere."""
    world = World(tmp_path / "s.sqlite", requires_token=True)
    given = token(world)
    world.page("reset", "POST")
    assert answer(world, given) == 40105


def test_the_history_shows_no_code_and_no_token(tmp_path: Path) -> None:
    """Paths without their queries."""
    world = World(tmp_path / "s.sqlite")
    given = token(world)
    world.get(oauth.ADVERTISERS, **APP)
    shown = world.page("history")
    assert [line["path"] for line in shown["requests"]] == [
        "/portal/auth", "/open_api/v1.3/oauth2/access_token/", "/open_api/v1.3/oauth2/advertiser/get/",
    ]  # fmt: skip
    assert given not in str(shown)


def test_a_state_file_of_before_gets_the_tables(tmp_path: Path) -> None:
    """What it counted stays."""
    world = World(tmp_path / "s.sqlite")
    answer(world, None)
    del world
    with sqlite3.connect(tmp_path / "s.sqlite") as connection:
        for table in ("apps", "auth_codes", "tokens", "accounts", "event_sources"):
            connection.execute(f"drop table {table}")
        connection.execute("pragma user_version = 3")
    connection.close()
    again = World(tmp_path / "s.sqlite")
    assert (again.totals["counted"], len(token(again))) == (1, 40)
