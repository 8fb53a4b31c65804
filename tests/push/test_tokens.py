"""Two tokens in one push over a real socket: each request has the one of its kind of view, and no other ever."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.credentials import CredentialStore
from pusher.errors import ConfigError
from tests.push.members import ADVERTISER, MEMBERS, NAME, OTHER, people
from tests.push.support import NOW, VIEW, orders
from tests.push.tokens import ADS, PIXEL, brand, hearing, keep

STREAM = {"segment/audience/", "segment/mapping/", "dmp/custom_audience/list/"}
REFUSED = "Access token is incorrect or has been revoked"


@pytest.fixture(autouse=True)
def _credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep both credentials."""
    monkeypatch.setenv("PUSHER_CREDENTIALS_DIR", str(tmp_path / "credentials"))
    keep()


def uses() -> dict[str, bool]:
    """Return which credentials were used."""
    found = {name: CredentialStore().get(name) for name in ("ads", "pixel")}
    return {name: one is not None and one.last_used_at is not None for name, one in found.items()}


@pytest.mark.parametrize("preflight", [False, True], ids=["alone", "after a look"])
@pytest.mark.parametrize("method", ["stream", "file"])
def test_each_request_has_the_token_of_its_kind_of_view(tmp_path: Path, method: str, *, preflight: bool) -> None:
    """Events with one, audiences with the other, by stream and by files; both uses are noted."""
    more = f", 'method': '{method}'"
    with hearing(tmp_path) as (server, heard):
        # TikTok takes files of a thousand members and more.
        settings = {"preflight": preflight, "advertiser_ids": [ADVERTISER, OTHER]}
        shop = brand(tmp_path, server.base_url, more, members=1_100, **settings)
        report = shop.push()
        found = heard.taken()
    # TikTok works on files for a while; their audience is shared after that.
    assert (report.exit_code, uses()) == (0 if method == "stream" else 4, {"ads": True, "pixel": True})
    assert found.pop("event/track/") == {PIXEL}
    assert set().union(*found.values()) == {ADS}
    assert {path.partition("/")[0] for path in found} >= {"segment" if method == "stream" else "dmp"}


@pytest.mark.parametrize(
    ("select", "paths", "used"),
    [
        (VIEW, {"event/track/": {PIXEL}}, {"ads": False, "pixel": True}),
        (MEMBERS, {path: {ADS} for path in STREAM}, {"ads": True, "pixel": False}),
    ],
)
def test_a_push_of_one_kind_uses_its_token_alone(
    tmp_path: Path, select: str, paths: dict[str, set[str]], used: dict[str, bool]
) -> None:
    """And needs no other one to be there."""
    CredentialStore().remove("ads" if select == VIEW else "pixel")
    with hearing(tmp_path) as (server, heard):
        shop = brand(tmp_path, server.base_url)
        assert shop.push(select=[select]).exit_code == 0
        assert heard.taken() == paths
    assert uses() == used


def test_what_earlier_runs_froze_goes_on_with_the_token_of_its_kind(tmp_path: Path) -> None:
    """Events that were refused and members whose answer was lost are sent again by it, also when it is a new one."""
    faults = [
        {"match": {"path": "event/track/"}, "do": 40105, "times": 1},
        {"match": {"path": "segment/mapping/"}, "do": 40105, "times": 1},
    ]
    with hearing(tmp_path, faults) as (server, heard):
        shop = brand(tmp_path, server.base_url)
        assert shop.push().exit_code == 3
        heard.taken()
        shop.profile(server.base_url, access_token=None, audiences={"credential": "ads"}, advertiser_ids=[ADVERTISER],
                     events={"access_token": "t0ken-that-is-new"})  # fmt: skip
        report = shop.push()
        assert report.exit_code == 0
        assert heard.taken() == {
            "event/track/": {"t0ken-that-is-new"},
            "segment/mapping/": {ADS},
            # Nobody was ever added to it, so that it is asked for.
            "dmp/custom_audience/list/": {ADS},
        }


def test_whom_to_forget_is_told_with_the_token_of_audiences(tmp_path: Path) -> None:
    """The events that wait are only left out, which TikTok is not told."""
    with hearing(tmp_path) as (server, heard):
        shop = brand(tmp_path, server.base_url)
        shop.push()
        heard.taken()
        shop.suppress("email 2")
        pushing = shop.project()._pushing()
        forgotten = pushing.forget([("EMAIL_SHA256", people([3])[0][0])], sends=True, wait_s=0)
        assert (forgotten.exit_code, [one.deleted for one in forgotten.audiences]) == (0, [2])
        assert heard.taken() == {"segment/mapping/": {ADS}}


def test_suppressing_alone_needs_no_token(tmp_path: Path) -> None:
    """Nothing is sent, so it is not in the way that the credential is gone."""
    with hearing(tmp_path) as (server, heard):
        shop = brand(tmp_path, server.base_url)
        shop.push()
        heard.taken()
        CredentialStore().remove("ads")
        assert shop.project()._pushing().forget([("EMAIL_SHA256", people([3])[0][0])], sends=False, wait_s=0).new == 1
        assert heard.taken() == {}


def test_audiences_are_listed_adopted_and_told_again_with_their_token(tmp_path: Path) -> None:
    """Whatever a person asks of audiences."""
    with hearing(tmp_path) as (server, heard):
        shop = brand(tmp_path, server.base_url)
        shop.push(select=[MEMBERS])
        heard.taken()
        (listed,) = shop.project().audiences.listed()
        assert listed.audience_id is not None
        shop.project().audiences.adopt(MEMBERS, listed.audience_id)
        assert heard.taken() == {"dmp/custom_audience/list/": {ADS}}
        assert shop.project().reconcile().exit_code == 0
        assert heard.taken() == {"segment/mapping/": {ADS}}


MISSING = "There is no credential `ads`, which `audiences` of this target names."
AUTHORISE = (
    "Authorise with `pusher auth login --name ads`, or set access_token of `audiences` of this target in profiles.yml."
)


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_credential_that_is_missing_stops_the_push_before_anything_is_planned(
    tmp_path: Path, *, dry_run: bool
) -> None:
    """Part, file, line and what to do."""
    CredentialStore().remove("ads")
    with hearing(tmp_path) as (server, heard):
        shop = brand(tmp_path, server.base_url)
        with pytest.raises(ConfigError) as caught:
            shop.push(dry_run=dry_run)
        (problem,) = caught.value.problems
        assert (problem.code, problem.message, problem.file, problem.line, problem.fix, problem.credential) == (
            "no-credential", MISSING, "profiles.yml", 1, AUTHORISE, "ads",
        )  # fmt: skip
        assert heard.taken() == {}
    assert not shop.state.ledger.exists()


def test_people_who_have_to_go_from_an_audience_without_a_view_need_its_token(tmp_path: Path) -> None:
    """A push of the other view says so before it freezes anything, and goes on once the credential is there."""
    with hearing(tmp_path) as (server, heard):
        shop = brand(tmp_path, server.base_url)
        shop.push()
        (shop.root / "models" / f"{MEMBERS}.sql").unlink()
        shop.suppress("email 2")
        CredentialStore().remove("ads")
        heard.taken()
        with pytest.raises(ConfigError) as caught:
            shop.push(now=NOW + timedelta(minutes=1))
        assert [one.message for one in caught.value.problems] == [MISSING]
        assert (heard.taken(), sorted(path.name for path in shop.state.outbox.iterdir())) == ({}, [])
        page = shop.project().run_page("last", commands=["push", "auth", "doctor"])
        assert [(error.name, one.credential) for error, one in page.failures] == [("invalid-credentials", "ads")]
        assert ("auth", "login", "--name", "ads") in [one.command for one in page.actions]
        keep()
        report = shop.push(now=NOW + timedelta(minutes=2))
        assert (report.exit_code, [(one.name, one.deleted) for one in report.audiences]) == (0, [(NAME, 1)])
        assert heard.taken() == {"segment/mapping/": {ADS}}


@pytest.mark.parametrize(
    ("path", "name", "login"),
    [
        ("event/track/", "pixel", "pusher auth login --name pixel --token-stdin"),
        ("segment/mapping/", "ads", "pusher auth login --name ads"),
        ("dmp/custom_audience/list/", "ads", "pusher auth login --name ads"),
    ],
)
def test_a_refusal_names_the_credential_that_was_refused(tmp_path: Path, path: str, name: str, login: str) -> None:
    """In what to do, and in the command of the action that logs in again."""
    fault: dict[str, Any] = {"match": {"path": path}, "do": 40105, "times": None}
    with hearing(tmp_path, [fault]) as (server, _):
        shop = brand(tmp_path, server.base_url)
        report = shop.push()
    (problem,) = report.problems
    assert (report.exit_code, problem.credential) == (3, name)
    assert problem.fix is not None
    assert f"authorise again with `{login}`" in problem.fix
    page = shop.project().run_page(report.run_id, commands=["push", "auth", "doctor"])
    assert [one.credential for _, one in page.failures] == [name]
    assert [" ".join(("pusher", *one.command)) for one in page.actions if one.name == "log-in"] == [login]


def test_a_refusal_of_audiences_that_are_listed_names_the_credential_too(tmp_path: Path) -> None:
    """No run keeps it; the words are the same."""
    fault: dict[str, Any] = {"match": {"path": "dmp/custom_audience/list/"}, "do": 40105, "times": None}
    with hearing(tmp_path, [fault]) as (server, _):
        from pusher.errors import Unanswered

        shop = brand(tmp_path, server.base_url)
        with pytest.raises(Unanswered) as caught:
            shop.project().audiences.listed()
    (problem,) = caught.value.problems
    assert (caught.value.exit_code, problem.credential) == (3, "ads")
    assert "`pusher auth login --name ads`" in (problem.fix or "")


def test_events_need_no_token_of_audiences_that_are_only_named(tmp_path: Path) -> None:
    """Nobody knows whether an audience of files was made; its view and its credential are gone, and events go on."""
    lost = {"match": {"path": "custom_audience/create/"}, "do": "drop_before", "times": None}
    with hearing(tmp_path, [lost]) as (server, heard):
        shop = brand(tmp_path, server.base_url, ", 'method': 'file'", members=1_100)
        doubtful = shop.push()
        (shop.root / "models" / f"{MEMBERS}.sql").unlink()
        CredentialStore().remove("ads")
        heard.taken()
        shop.sell(orders(5))
        report = shop.push(now=NOW + timedelta(hours=1))
        paths = heard.taken()

    assert (doubtful.exit_code, report.exit_code, report.models[0].terms["accepted"]) == (4, 0, 2)
    assert paths == {"event/track/": {PIXEL}}
    assert [one[:41] for one in report.notices] == [f"No view fills audience `{NAME}` of"[:41]]
