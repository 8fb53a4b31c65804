"""A push with two tokens looks at the account with each of them, at the views that it is for."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.credentials import CredentialStore
from pusher.errors import DestinationRefused, PusherError, UsageError
from tests.cli.conftest import pusher
from tests.credentials.support import credential
from tests.preflight.accounts import CACHE, account, event_set, tell
from tests.push.members import ADVERTISER, MEMBERS, OTHER, Club
from tests.push.support import EVENT_SET, NOW, VIEW, Server
from tests.push.tokens import ADS, PIXEL, brand, hearing, keep

APP = {"kind": "oauth", "scopes": ("5",)}
AT = ("--clock", NOW.isoformat())


@pytest.fixture(autouse=True)
def _credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep both credentials."""
    monkeypatch.setenv("PUSHER_CREDENTIALS_DIR", str(tmp_path / "credentials"))
    keep()


def looking(folder: Path, server: Server, **settings: Any) -> Club:
    """Return a brand whose pushes look at the account first."""
    return brand(folder, server.base_url, **{"preflight": True, **settings})


def checks(shop: Club, **push: Any) -> list[tuple[str | None, str, str]]:
    """Push, and return part, name and status of each check."""
    report = shop.push(**push)
    assert report.preflight is not None
    return [(one["part"], one["name"], one["status"]) for one in report.preflight["checks"]]


def test_each_token_is_asked_about_its_own_views(tmp_path: Path) -> None:
    """One of Events Manager is asked nothing, and does not stop the audiences; the other one is in order."""
    with hearing(tmp_path) as (server, heard):
        shop = looking(tmp_path, server)
        assert checks(shop) == [
            ("events", "token", "unknown"), ("events", "scopes", "unknown"), ("events", "advertiser", "unknown"),
            ("events", "event_source", "unknown"), ("events", "role", "unknown"), ("events", "clock", "unknown"),
            ("audiences", "token", "ok"), ("audiences", "scopes", "ok"), ("audiences", "advertiser", "ok"),
            ("audiences", "role", "unknown"), ("audiences", "clock", "ok"),
        ]  # fmt: skip
        found = heard.taken()
    assert found.pop("event/track/") == {PIXEL}
    assert (set().union(*found.values()), "user/info/" in found, "offline/get/" in found) == ({ADS}, True, False)


def test_two_tokens_of_apps_are_both_asked_and_remembered_apart(tmp_path: Path) -> None:
    """A new token for audiences lets these alone be looked at again."""
    keep(**APP)
    with hearing(tmp_path) as (server, heard):
        tell(server, [account()], [event_set()])
        shop = looking(tmp_path, server)
        heard.taken()

        def looked(select: tuple[str, ...] = ()) -> dict[str, set[str | None]]:
            shop.push(select=select)
            kinds = {"user/info/", "offline/get/", "dmp/custom_audience/list/"}
            return {path: tokens for path, tokens in heard.taken().items() if path in kinds}

        first = looked()
        assert (first["user/info/"], first["offline/get/"]) == ({PIXEL, ADS}, {PIXEL})
        assert (looked(), looked((VIEW,)), looked((MEMBERS,))) == ({}, {}, {})
        CredentialStore(place="file").put(credential("ads", "t0ken-that-is-new", scopes=("30", "31")))
        assert looked() == {"user/info/": {"t0ken-that-is-new"}, "dmp/custom_audience/list/": {"t0ken-that-is-new"}}
        kept = (shop.state.root / CACHE).read_text()
        assert len(json.loads(kept)["entries"]) == 3
        assert [token for token in (PIXEL, ADS, "t0ken-that-is-new") if token in kept] == []


def stopped(shop: Club, kind: type[PusherError] = DestinationRefused) -> list[tuple[str, str, str | None]]:
    """Push, and return code, message and credential of what stopped it."""
    with pytest.raises(PusherError) as caught:
        shop.push()
    assert type(caught.value) is kind
    return [(one.code, one.message, one.credential) for one in caught.value.problems]


def test_a_token_that_is_not_taken_is_named_in_message_remedy_and_action(tmp_path: Path) -> None:
    """The other one is in order; nothing is sent with it."""
    with hearing(tmp_path, token=PIXEL) as (server, heard):
        shop = looking(tmp_path, server)
        found = "Access token is incorrect or has been revoked (code 40105)."
        assert stopped(shop) == [
            ("preflight-token", f"TikTok does not take the access token of the credential ads: {found}", "ads")
        ]
        assert heard.taken() == {"user/info/": {ADS}}
        ran = pusher("status", "last", "--json", "--project-dir", str(shop.root))
        place = ("--project-dir", str(shop.root))
        (login,) = [one["command"] for one in ran.json["actions"] if one["name"] == "log-in"]
        assert login == ["pusher", "auth", "login", "--name", "ads", *place]
        (failure,) = ran.json["failures"]
        assert (failure["class"], failure["credential"]) == ("invalid-credentials", "ads")
        assert "authorise again with `pusher auth login --name ads`" in failure["fix"]


def test_everything_that_is_wrong_with_both_is_told_at_once(tmp_path: Path) -> None:
    """Each with its credential; the clock, which both tell, once."""
    keep(kind="oauth", scopes=("30",))
    CredentialStore(place="file").put(credential("ads", ADS, scopes=("30",)))
    with hearing(tmp_path, now=NOW + timedelta(hours=1)) as (server, _):
        tell(server, [account(OTHER)], [event_set()])
        shop = looking(tmp_path, server)
        gone = f"Advertiser {ADVERTISER} does not exist for this token, or is not approved: "
        gone += f"Advertiser does not exist: {ADVERTISER} (code 40300)."
        lacks = "The token of the credential {} lacks the scope {}, which {} needs for {}."
        tracks = lacks.format("pixel", "Report Conversion Event (7224195155857866754)", VIEW, "event/track/")
        creates = lacks.format(
            "ads", "Create and Update Custom Audiences (31)", MEMBERS, "segment/audience/, segment/mapping/"
        )
        assert stopped(shop) == [
            ("preflight-scopes", tracks, "pixel"),
            ("preflight-advertiser", gone, "pixel"),
            ("preflight-clock", "This machine's clock is 1 h 0 min behind TikTok's.", "pixel"),
            ("preflight-scopes", creates, "ads"),
        ]


def test_an_advertiser_is_named_with_the_line_of_its_part(tmp_path: Path) -> None:
    """Where the one stands that has to be corrected."""
    with hearing(tmp_path) as (server, _):
        tell(server, [account(OTHER)], [event_set()])
        audiences = {"credential": "ads", "advertiser_ids": [ADVERTISER]}
        shop = looking(tmp_path, server, audiences=audiences, advertiser_ids=[OTHER])
        profiles = shop.root / "profiles.yml"
        profiles.write_text(json.dumps(json.loads(profiles.read_text()), indent=2))
        lines = profiles.read_text().splitlines()
        with pytest.raises(DestinationRefused) as caught:
            shop.push()
    (problem,) = caught.value.problems
    assert (problem.code, problem.file) == ("preflight-advertiser", "profiles.yml")
    assert problem.line is not None
    assert ("advertiser_ids" in lines[problem.line - 1], ADVERTISER in lines[problem.line]) == (True, True)


def test_a_token_of_events_manager_for_all_views_says_how_to_have_two(tmp_path: Path) -> None:
    """The audiences are stopped, and the remedy is a credential of their own."""
    with hearing(tmp_path) as (server, heard):
        shop = looking(tmp_path, server, credential="pixel", audiences=None)
        message = f"A token of Events Manager cannot fill audiences ({MEMBERS})."
        with pytest.raises(UsageError) as caught:
            shop.push()
        fix = "Give audiences a token of their own, which a developer app was granted: "
        fix += "`pusher auth login --name ads`, and `audiences: {credential: ads}` in profiles.yml."
        assert [(one.message, one.fix) for one in caught.value.problems] == [(message, fix)]
        shop.profile(server.base_url, access_token=None, credential="pixel", audiences={"credential": "ads"},
                     advertiser_ids=[ADVERTISER], preflight=True)  # fmt: skip
        assert shop.push().exit_code == 0
        assert heard.taken()["event/track/"] == {PIXEL}


def test_what_has_no_name_is_told_by_its_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tokens of the environment."""
    monkeypatch.setenv("OF_EVENTS", "t0ken-of-events")
    monkeypatch.setenv("OF_AUDIENCES", "t0ken-of-audiences")
    parts = {name.lower(): {"access_token": f"{{{{ env_var('OF_{name}') }}}}"} for name in ("EVENTS", "AUDIENCES")}
    with hearing(tmp_path, token="t0ken-of-events") as (server, _):  # noqa: S106 -- made up
        tell(server, [account()], [event_set()])
        shop = looking(tmp_path, server, **parts)
        found = "Access token is incorrect or has been revoked (code 40105)."
        message = f"TikTok does not take the access token of audiences: {found}"
        assert stopped(shop) == [("preflight-token", message, None)]


def test_the_doctor_looks_with_both_and_lists_audiences_with_theirs(tmp_path: Path) -> None:
    """Each line says whose it is, and the calendar has both tokens."""
    with hearing(tmp_path) as (server, heard):
        shop = looking(tmp_path, server)
        shop.push(select=[MEMBERS])
        heard.taken()
        ran = pusher("doctor", *AT, "--project-dir", str(shop.root))
        assert ran.code == 0, ran.out + ran.err
        assert set().union(*heard.taken().values()) == {ADS}
    lines = ran.out.splitlines()
    assert "ok      token         audiences: TikTok takes it" in lines
    assert "?       event source  events: 7654321098765432109: a token of Events Manager can" in lines
    assert EVENT_SET in ran.out
    told = [line.split(":")[0].strip() for line in lines if line.strip().startswith("Access token `")]
    assert told == ["Access token `pixel` (events)", "Access token `ads` (oauth)"]


def test_the_doctor_lists_audiences_though_the_token_of_events_is_refused(tmp_path: Path) -> None:
    """What is wrong with one token says nothing about the other."""
    keep(**APP)
    with hearing(tmp_path, token=ADS) as (server, heard):
        tell(server, [account()], [event_set()])
        shop = looking(tmp_path, server)
        ran = pusher("doctor", *AT, "--project-dir", str(shop.root), "--json")
        found = heard.taken()
    failed = [(one["part"], one["name"]) for one in ran.json["preflight"]["checks"] if one["status"] == "failed"]
    assert (ran.code, failed) == (3, [("events", "token")])
    assert found["dmp/custom_audience/list/"] == {ADS}
    assert found["user/info/"] == {PIXEL, ADS}
