"""Every class of error over a real socket, its actions by number, and each remedy walked to success."""

from __future__ import annotations

import errno
import json
import signal
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.credentials import FILE, CredentialStore
from pusher.push import brakes, plan
from pusher.settings.access import USER_VARIABLE
from tests.canaries import TOKEN
from tests.cli.conftest import Ran, pusher
from tests.credentials.support import credential
from tests.faults.scene import scene
from tests.preflight.accounts import ADVERTISER, CACHE, OTHER, account, configure, tell
from tests.preflight.accounts import event_set as event_set_of
from tests.push.members import MEMBERS, AudienceServer, Club, digest, people, serving_audiences
from tests.push.support import EVENT_SET, NOW, VIEW, Order, Shop, orders

POISON = {"match": {"contains": ['"value":13']}, "do": 40002, "message": "Invalid value", "times": None}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[AudienceServer]:
    """A sandbox whose faults can be changed."""
    with serving_audiences(tmp_path) as found:
        yield found


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait between attempts."""
    monkeypatch.setattr(brakes, "backoff_s", lambda *_: 0.01)


@dataclass
class Scene:
    """A shop and what a person does about its runs.

    Attributes:
        shop: The project.
        server: The sandbox.
        now: Moment of the commands.
    """

    shop: Shop
    server: AudienceServer
    now: datetime = NOW

    def __call__(self, command: str, *words: str) -> Ran:
        """Run a command on the shop at its moment; nothing secret is printed."""
        clock = () if command == "audience" else ("--clock", self.now.isoformat())
        ran = pusher(command, *words, "--project-dir", str(self.shop.root), *clock)
        assert TOKEN not in ran.out + ran.err
        assert digest("email 1") not in ran.out + ran.err
        return ran

    def page(self, run: str = "last") -> Any:
        """Return a run as JSON."""
        ran = self("status", run, "--json")
        assert (ran.code, ran.json["errors"]) == (0, [])
        return ran.json

    def do(self, name: str, *words: str, run: str) -> Ran:
        """Perform the action of a name."""
        numbers = {one["name"]: one["number"] for one in self.page(run)["actions"]}
        return self("status", run, "--do", str(numbers[name]), *words)

    def failed(self, name: str, *words: str) -> Any:
        """Push, and return the page of the run, which failed with one class."""
        ran = self("push", *words)
        page = self.page()
        assert {one["class"] for one in page["failures"]} == {name}
        assert f"`pusher status {page['run']['id']}` shows the steps of this run" in ran.out + ran.err
        assert page["run"]["exit_code"] == ran.code != 0
        return page

    def sell(self, rows: Sequence[Order]) -> None:
        """Write the shop's table."""
        self.shop.sell(rows)


def states(page: Any) -> list[tuple[str, str | None, str]]:
    """Return step, view and state of each step."""
    return [(one["step"], one["model"], one["state"]) for one in page["steps"]]


def names(page: Any) -> list[str]:
    """Return the names of the actions that apply."""
    return [one["name"] for one in page["actions"]]


def selling(tmp_path: Path, server: AudienceServer, rows: Sequence[Order] | None = None, **settings: Any) -> Scene:
    """Return a built shop."""
    shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000, **settings)
    shop.sell(orders(12) if rows is None else rows)
    shop.build_without_checks()
    return Scene(shop, server)


def filling(tmp_path: Path, server: AudienceServer, members: int = 20) -> Scene:
    """Return a built club."""
    club = Club(tmp_path / "shop", server.base_url, requests_per_second=1000)
    club.join(people(range(members)))
    return Scene(club, server)


def walked(found: Scene, page: Any) -> Any:
    """Go on with a run, which settles it: then going on does not apply any more, and says who did it."""
    run = page["run"]["id"]
    ended = found.do("restart", "--json", run=run)
    assert (ended.code, ended.json["command"], ended.json["exit_code"]) == (0, "push", 0)
    later = found.page()["run"]["id"]
    number = next(one["number"] for one in page["actions"] if one["name"] == "restart")
    again = found("status", run, "--do", str(number))
    assert again.code == 2
    assert f"Action {number} does not apply to run {run} any more: run {later} did the same later" in again.err
    assert found.page(later)["actions"] == []
    return ended.json


# token, rights, account -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "name", "actions", "step"),
    [
        (
            40300,
            "advertiser-not-found",
            ["review-destination", "check-account", "check-role", "check-again", "restart"],
            "Its account is an approved advertising account.",
        ),
        (
            40105,
            "invalid-credentials",
            ["review-credential", "log-in", "check-again", "restart"],
            "access_token is ****, profiles.yml:1.",
        ),
        (
            40001,
            "missing-permissions",
            ["review-destination", "check-role", "new-link", "log-in", "check-again", "restart"],
            "That user needs the role Operator or Admin of the ad account; Operator is enough, Analyst is not.",
        ),
        (
            40131,
            "scope-missing",
            ["add-scope", "new-link", "log-in", "check-again", "restart"],
            "A token keeps the scopes that it was made with: make a new one.",
        ),
        (
            40119,
            "app-not-approved",
            ["check-app", "log-in", "check-again", "restart"],
            "Its developer account is approved.",
        ),
        (
            40007,
            "setting-refused",
            ["review-destination", "check-account", "check-again", "restart"],
            "event_set_id is 7654321098765432109, profiles.yml:1.",
        ),
    ],
)
def test_what_tiktok_refuses_is_corrected_elsewhere_and_then_goes_on(
    tmp_path: Path, server: AudienceServer, *, code: int, name: str, actions: list[str], step: str
) -> None:
    """The failed step has the class and TikTok's code; a person's steps are shown; the check and the restart run."""
    found = selling(tmp_path, server)
    server.script([{"do": code, "times": None}])
    page = found.failed(name)
    run = page["run"]["id"]

    assert page["run"]["exit_code"] == 3
    assert states(page) == [
        ("load", None, "done"),
        ("plan", VIEW, "done"),
        ("deliver", VIEW, "failed"),
        ("settle", None, "done"),
        ("receipt", None, "done"),
    ]
    assert [one["error_class"] for one in page["steps"]] == [None, None, name, None, None]
    assert [(one["return_code"], one["model"]) for one in page["failures"]] == [(code, VIEW)]
    assert names(page) == actions
    told = [found.do(one["name"], "--json", run=run) for one in page["actions"] if one["who"] == "person"]
    assert {one.code for one in told} == {1}
    assert step in [line for one in told for line in one.json["action"]["steps"]]
    text = found("status", run)
    assert (text.code, text.err) == (0, "")
    assert f"({name})" in text.out
    # A command is copied, so that it is not cut.
    assert max(len(line) for line in text.out.splitlines() if "pusher " not in line) <= 80

    server.script([])
    checked = found.do("check-again", run=run)
    assert (checked.code, checked.err.splitlines()[0].startswith("$ pusher doctor --days 0 --project-dir")) == (0, True)
    assert checked.out.endswith("All is well, and nothing is due within 0 days.\n")

    receipt = walked(found, page)
    assert receipt["models"][0]["resumed"]["accepted"] == 12


def test_a_credential_that_is_not_there_is_made_by_logging_in(
    tmp_path: Path, server: AudienceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no mistake in a file: the page names what is missing, and the tool's own action is the login."""
    monkeypatch.setenv("PUSHER_CREDENTIALS_DIR", str(tmp_path / "credentials"))
    found = selling(tmp_path, server)
    assert found("push").code == 0
    configure(found.shop, server.base_url, access_token=None, credential="tills", preflight=False)
    page = found.failed("invalid-credentials")
    run = page["run"]["id"]

    assert names(page) == ["review-credential", "log-in", "check-again", "restart"]
    reviewed = found.do("review-credential", "--json", run=run).json["action"]["steps"]
    assert reviewed[:3] == [
        f"base_url is {server.base_url}, profiles.yml:1.",
        "credential is tills, profiles.yml:1.",
        (
            "profiles.yml:1: There is no credential `tills`. Authorise with `pusher auth login --name tills`, or set "
            "access_token of this target in profiles.yml, or the environment variable TIKTOK_ACCESS_TOKEN."
        ),
    ]
    CredentialStore(place=FILE).put(credential("tills"))
    walked(found, page)


def test_who_may_not_push_is_told_whom_to_ask(
    tmp_path: Path, server: AudienceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file has to be corrected; who may push does so by the same page."""
    found = selling(tmp_path, server)
    assert found("push").code == 0
    roles = "roles: {engineers: {users: [ana], orchestrations: [tiktok]}, others: {users: [ben]}}\n"
    (found.shop.root / "pusher.yml").write_text(roles)
    monkeypatch.setenv(USER_VARIABLE, "ben")
    page = found.failed("not-allowed")

    assert names(page) == ["ask-somebody", "restart"]
    assert found.do("ask-somebody", "--json", run="last").json["action"]["steps"] == [
        (
            f"pusher.yml: `ben` may not push tiktok.events from orchestrations ({VIEW}). Ask ana (role engineers) to "
            "push it. Whoever keeps pusher.yml has to add tiktok.events to `orchestrations` of role `others` if you "
            "should."
        ),
        "`pusher config` says who you are taken to be, and what you may push.",
    ]
    monkeypatch.setenv(USER_VARIABLE, "ana")
    walked(found, page)


@pytest.mark.parametrize(
    ("words", "event_set"),
    [((), "event_set_id is 7654321098765432109, profiles.yml:1."),
     (("--set", f"event_set_id={OTHER}"), f"event_set_id is {OTHER}, --set of the run.")],
    ids=["the profile's", "of the run"],
)  # fmt: skip
def test_what_a_look_before_the_push_refuses_shows_the_settings_of_the_run(
    tmp_path: Path, server: AudienceServer, *, words: tuple[str, ...], event_set: str
) -> None:
    """An account is about no view, so the settings of every view that was selected are reviewed."""
    found = selling(tmp_path, server, advertiser_ids=[ADVERTISER], preflight=True)
    assert found("push").code == 0
    tell(server, [account(OTHER)])
    (found.shop.root / ".pusher" / "dev" / CACHE).unlink()
    page = found.failed("advertiser-not-found", "--select", VIEW, *words)
    run = page["run"]["id"]
    advertiser = f"advertiser_ids is {ADVERTISER}, profiles.yml:1."

    assert states(page)[1] == ("preflight", None, "failed")
    reviewed = found.do("review-destination", "--json", run=run).json["action"]["steps"]
    assert reviewed[:4] == [
        f"base_url is {server.base_url}, profiles.yml:1.",
        "access_token is ****, profiles.yml:1.",
        event_set,
        advertiser,
    ]
    assert found.do("check-account", "--json", run=run).json["action"]["steps"][:2] == [
        advertiser,
        "The advertiser exists and its id is the one above.",
    ]
    tell(server, [account()], [event_set_of(ADVERTISER, OTHER if words else EVENT_SET)])
    walked(found, page)


def test_a_missing_token_is_told_although_nothing_was_sent(tmp_path: Path) -> None:
    """The load failed: the ledger of earlier pushes keeps it, and another token is all that it needs."""
    with serving_audiences(tmp_path) as server:
        found = selling(tmp_path, server)
        assert found("push").code == 0
        text = (found.shop.root / "profiles.yml").read_text()
        (found.shop.root / "profiles.yml").write_text(text.replace(TOKEN, "two words"))
        ran = found("push", "--json")
        page = found.page()

        assert (ran.code, ran.json["run_id"]) == (2, page["run"]["id"])
        assert [(one["class"], one["code"], one["file"], one["line"]) for one in page["failures"]] == [
            ("invalid-credentials", "access-token", "profiles.yml", 1)
        ]
        assert states(page)[:2] == [("load", None, "failed"), ("plan", None, "skipped")]
        (found.shop.root / "profiles.yml").write_text(text)
        walked(found, page)


# limits, network, ledger ----------------------------------------------------------------------------------------------


def test_a_used_up_quota_waits_for_midnight(tmp_path: Path, server: AudienceServer) -> None:
    """Waiting is shown on the day of the run only; the day after it is done by going on."""
    found = selling(tmp_path, server, event_set_id="7654321098765432109")
    server.script([{"do": 40100, "times": None}])
    page = found.failed("rate-limit-day", "--deadline", "1")

    assert (page["run"]["exit_code"], names(page)) == (4, ["lower-rate", "wait-for-quota", "restart"])
    waits = found.do("wait-for-quota", run=page["run"]["id"])
    assert waits.code == 1
    assert "2026-11-21 00:00 UTC, in 12 h 0 min" in waits.out.replace("\n     ", " ")
    found.now = NOW + timedelta(hours=12)
    assert names(found.page()) == ["lower-rate", "restart"]
    over = found("status", "last", "--do", "2")
    assert (over.code, "a new day has begun at 00:00 UTC" in over.err) == (2, True)
    server.script([])
    walked(found, page)


def test_a_quota_that_was_used_up_after_midnight_waits_for_the_next(tmp_path: Path, server: AudienceServer) -> None:
    """The day is the one on which the run ended, and not the one on which it began."""
    found = selling(tmp_path, server)
    server.script([{"do": 40100, "times": None}])
    run = found.failed("rate-limit-day", "--deadline", "1")["run"]["id"]
    ledger = found.shop.root / ".pusher" / "dev" / "ledger.sqlite"
    with closing(sqlite3.connect(ledger)) as connection, connection:
        began, ended = "2026-11-19T23:40:00.000000+00:00", "2026-11-20T00:05:00.000000+00:00"
        connection.execute("update run set started_at = ?, finished_at = ? where id = ?", (began, ended, run))
    waits = found.do("wait-for-quota", run=run)
    assert (waits.code, "2026-11-21 00:00 UTC, in 12 h 0 min" in waits.out.replace("\n     ", " ")) == (1, True)


@pytest.mark.parametrize("fault", ["drop_before", "html_502", "empty"])
def test_no_answer_is_tried_again(tmp_path: Path, server: AudienceServer, fault: str) -> None:
    """The network, or TikTok's own fault: the same bytes go out again."""
    found = selling(tmp_path, server)
    server.script([{"do": fault, "times": None}])
    page = found.failed("network")
    assert (page["run"]["exit_code"], names(page)) == (4, ["check-network", "check-again", "restart"])
    assert found.do("check-network", run=page["run"]["id"]).code == 1
    server.script([])
    walked(found, page)


def test_an_answer_that_should_not_exist_stops(tmp_path: Path, server: AudienceServer) -> None:
    """A redirect is never followed."""
    found = selling(tmp_path, server)
    server.script([{"do": "redirect", "times": None}])
    page = found.failed("unsafe-connection")
    assert (page["run"]["exit_code"], names(page)) == (3, ["check-certificate", "check-again", "restart"])
    server.script([])
    walked(found, page)


def test_a_full_disk_is_the_ledgers_trouble(
    tmp_path: Path, server: AudienceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be written ends the run in its step; once there is room it goes on."""
    found = selling(tmp_path, server)

    def full(*_words: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(plan, "publish", full)
        page = found.failed("ledger-trouble")
    assert (page["run"]["exit_code"], names(page)) == (4, ["mend-state-folder", "check-again", "restart"])
    assert states(page)[1:3] == [("plan", VIEW, "done"), ("plan", None, "failed")]
    walked(found, page)


# rows -----------------------------------------------------------------------------------------------------------------


def test_rows_that_break_the_contract_are_corrected_and_built_again(tmp_path: Path, server: AudienceServer) -> None:
    """The line of SQL that makes the column, then build, then go on."""
    rows = orders(12)
    rows[3].amount = "-1"
    found = selling(tmp_path, server, rows)
    page = found.failed("row-refused-by-contract")

    assert (page["run"]["exit_code"], names(page)) == (1, ["correct-rows", "rebuild", "restart"])
    assert {state for _, _, state in states(page)} == {"done"}
    shown = found.do("correct-rows", run=page["run"]["id"])
    assert shown.code == 1
    assert f"models/{VIEW}.sql:8: 1 x value" in shown.out
    rows[3].amount = "1.00"
    found.sell(rows)
    assert found.do("rebuild", "--quiet", run=page["run"]["id"]).code == 0
    walked(found, page)


def test_rows_that_tiktok_refused_are_let_go_and_sent(tmp_path: Path, server: AudienceServer) -> None:
    """Correct, build, let go, go on; afterwards nothing is left to let go of."""
    rows = orders(12)
    rows[3].amount = "13.00"
    found = selling(tmp_path, server, rows)
    server.script([POISON])
    page = found.failed("batch-refused")
    run = page["run"]["id"]

    assert (page["run"]["exit_code"], names(page)) == (1, ["correct-rows", "rebuild", "retry-refused", "restart"])
    assert [(one["return_code"], one["rows"]) for one in page["failures"]] == [(40002, 1)]
    rows[3].amount = "14.00"
    found.sell(rows)
    assert found.do("rebuild", run=run).code == 0
    retried = found.do("retry-refused", "--json", run=run)
    assert (retried.code, retried.json["command"], retried.json["reopened"]) == (0, "retry", 1)
    assert retried.err.startswith(f"$ pusher retry --select {VIEW} ")
    walked(found, page)
    number = next(one["number"] for one in page["actions"] if one["name"] == "retry-refused")
    over = found("status", run, "--do", str(number))
    assert (over.code, "no refused row is left to let go of" in over.err) == (2, True)
    assert server.counted() == sorted(row.order_id for row in rows)


def test_a_model_that_tiktok_refuses_as_a_whole_stops_the_run(tmp_path: Path, server: AudienceServer) -> None:
    """The rest is not tried; it is the same class, and the step has failed."""
    found = selling(tmp_path, server, orders(40))
    server.script([{"do": 40002, "message": "Invalid value", "times": None}])
    page = found.failed("batch-refused")
    assert page["run"]["exit_code"] == 1
    assert [one["code"] for one in page["failures"]] == ["refused-rows", "too-many-refused"]


def test_rows_that_changed_are_told_once(tmp_path: Path, server: AudienceServer) -> None:
    """The first values are restored, or the event gets another id; then the run goes on."""
    rows = orders(12)
    found = selling(tmp_path, server, rows)
    assert found("push").code == 0
    rows[0].amount = "99.00"
    found.sell(rows)
    page = found.failed("rows-changed")
    assert (page["run"]["exit_code"], names(page)) == (1, ["correct-changes", "rebuild", "restart"])
    rows[0].amount = "10.00"
    found.sell(rows)
    walked(found, page)


@pytest.mark.parametrize(("name", "counted"), [("assume-delivered", 0), ("resend-parked", 10)])
def test_rows_in_doubt_for_too_long_need_a_decision(
    tmp_path: Path, server: AudienceServer, name: str, counted: int
) -> None:
    """What cannot be taken back needs --yes, or an answer on a terminal; then the run goes on."""
    found = selling(tmp_path, server, orders(10))
    server.script([{"do": "drop_before", "times": None}])
    assert found("push").code == 4
    found.now = NOW + timedelta(hours=36, minutes=5)
    page = found.failed("outcome-unknown")
    run = page["run"]["id"]

    assert page["run"]["exit_code"] == 5
    assert names(page) == ["look-at-events", "list-parked", "resend-parked", "assume-delivered", "restart"]
    listed = found.do("list-parked", "--json", run=run)
    assert (listed.code, listed.json["action"], listed.json["rows"]) == (0, "list", 10)
    refused = found.do(name, run=run)
    assert (refused.code, "cannot be taken back" in refused.err, "--yes" in refused.err) == (2, True, True)
    done = found.do(name, "--yes", "--json", run=run)
    assert (done.code, done.json["rows"]) == (0, 10)
    server.script([])
    walked(found, page)
    assert len(server.counted()) == counted
    over = found("status", run, "--do", "3", "--yes")
    assert (over.code, "no row of these views is parked" in over.err) == (2, True)


def test_a_terminal_is_asked(tmp_path: Path, server: AudienceServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever says no has done nothing."""
    found = selling(tmp_path, server, orders(10))
    server.script([{"do": "drop_before", "times": None}])
    found("push")
    found.now = NOW + timedelta(hours=36, minutes=5)
    page = found.failed("outcome-unknown")
    answers = iter([False, True])
    monkeypatch.setattr("pusher.cli.run_page._asks", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda *_words, **_more: next(answers))

    no = found.do("assume-delivered", run=page["run"]["id"])
    yes = found.do("assume-delivered", run=page["run"]["id"])

    assert (no.code, "Nothing was done." in no.err) == (2, True)
    assert (yes.code, "taken for delivered" in yes.out) == (0, True)


# audiences ------------------------------------------------------------------------------------------------------------


def test_an_audience_that_is_not_editable_is_waited_for(tmp_path: Path, server: AudienceServer) -> None:
    """TikTok is still at work on it: list, wait, go on."""
    found = filling(tmp_path, server)
    busy = {"match": {"path": "segment/mapping/"}, "do": 40002, "message": "Audience is not editable", "times": None}
    server.script([busy])
    page = found.failed("audience-not-editable", "--deadline", "1")
    run = page["run"]["id"]

    assert (page["run"]["exit_code"], [one["rows"] for one in page["failures"]]) == (4, [None])
    assert ("deliver", MEMBERS, "failed") in states(page)
    assert names(page) == ["look-at-audience", "list-audiences", "adopt-audience", "reconcile-audience", "restart"]
    assert found.do("look-at-audience", run=run).code == 1
    listed = found.do("list-audiences", "--json", run=run)
    assert (listed.code, len(listed.json["audiences"])) == (0, 1)
    server.script([])
    receipt = walked(found, page)
    assert receipt["audiences"][0]["pending_adds"] == 0
    told = found.do("reconcile-audience", "--json", run=run)
    assert (told.code, told.json["command"]) == (0, "audience reconcile")


def test_an_audience_that_tiktok_refuses_to_change_is_about_the_audience(
    tmp_path: Path, server: AudienceServer
) -> None:
    """It was deleted: another one is named, and the run goes on with it."""
    found = filling(tmp_path, server)
    gone = {"match": {"path": "segment/mapping/"}, "do": 40002, "message": "The audience does not exist"}
    server.script([gone])
    page = found.failed("audience-not-editable")
    assert page["run"]["exit_code"] == 3
    # Some messages of a refusal hold its code, others do not.
    assert found("status", page["run"]["id"]).out.count("(code 40002)") == 1
    server.script([])
    walked(found, page)


def test_several_audiences_of_a_name_need_a_choice(
    tmp_path: Path, server: AudienceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal the command to type is shown; with one its id is asked for; then the run goes on."""
    found = filling(tmp_path, server)
    first, _ = server.make("Best customers"), server.make("Best customers")
    page = found.failed("audience-unclear")
    run = page["run"]["id"]

    assert names(page) == ["review-audience-name", "list-audiences", "adopt-audience", "restart"]
    named = found.do("review-audience-name", run=run)
    assert f"audience_name is Best customers, models/{MEMBERS}.sql" in named.out
    alone = found.do("adopt-audience", run=run)
    assert alone.code == 2
    typed = " ".join(alone.err.split())
    assert f"Give its id: pusher audience adopt {MEMBERS} --project-dir" in typed
    assert typed.endswith(" --audience-id ID")
    monkeypatch.setattr("pusher.cli.run_page._asks", lambda: True)
    monkeypatch.setattr("typer.prompt", lambda *_words, **_more: first)
    adopted = found.do("adopt-audience", run=run)
    assert (adopted.code, first in adopted.out) == (0, True)
    walked(found, page)


def test_an_audience_that_would_shrink_needs_a_word(tmp_path: Path, server: AudienceServer) -> None:
    """Whoever says that it is meant lets it shrink; the words of the run are repeated with it."""
    found = filling(tmp_path, server)
    assert found("push").code == 0
    assert isinstance(found.shop, Club)
    (found.shop.root / "pusher.yml").write_text("push:\n  audience_shrink: {share: 0.1, members: 1}\n")
    found.shop.join(people(range(3)))
    page = found.failed("audience-guarded", "--select", MEMBERS)
    run = page["run"]["id"]

    assert (page["run"]["exit_code"], names(page)) == (1, ["review-view", "rebuild", "allow-shrink", "restart"])
    assert page["run"]["words"] == ["--select", MEMBERS]
    assert found.do("allow-shrink", run=run).code == 2
    done = found.do("allow-shrink", "--yes", "--json", run=run)
    assert (done.code, done.json["audiences"][0]["deleted"]) == (0, 17)


# what ends a run otherwise --------------------------------------------------------------------------------------------


def test_a_model_that_is_broken_is_kept_where_there_is_a_ledger(tmp_path: Path, server: AudienceServer) -> None:
    """The first push has no ledger to keep it in; the second names file and line, and goes on when it is mended."""
    found = selling(tmp_path, server)
    model = found.shop.root / "models" / f"{VIEW}.sql"
    good = model.read_text()
    model.write_text(good.replace("{{ source", "{{ sorce"))
    first = found("push", "--json")
    assert (first.code, "run_id" in first.json) == (2, False)
    assert found("status", "last").err.startswith("error: Nothing was pushed with this target yet.")
    model.write_text(good)
    found("push")
    model.write_text(good.replace("{{ source", "{{ sorce"))

    page = found.failed("project")

    assert page["run"]["exit_code"] == 2
    assert states(page)[0] == ("load", None, "failed")
    assert [(one["file"], one["line"]) for one in page["failures"]] == [(f"models/{VIEW}.sql", 12)]
    assert names(page) == ["correct-project", "check-again", "rebuild", "restart"]
    shown = found.do("correct-project", run=page["run"]["id"])
    assert f"models/{VIEW}.sql:12:" in shown.out
    assert found.do("check-again", run=page["run"]["id"]).code == 2
    model.write_text(good)
    walked(found, page)


@pytest.mark.parametrize(
    ("words", "error", "offers", "look"),
    [
        ("--campaign Spring --group a", "not-offered", ["correct-command", "show-offers"], "config"),
        ("--select nothing", "wrong-selection", ["correct-command", "list-models"], "ls"),
        ("--set event_set_id=seven", "setting-wrong", ["correct-setting", "check-again"], "doctor"),
    ],
)
def test_words_that_ask_for_nothing_are_not_mended_by_a_build(
    tmp_path: Path, *, words: str, error: str, offers: list[str], look: str
) -> None:
    """What is offered is what helps: other words, and a look at what there is."""
    with serving_audiences(tmp_path) as server:
        found = selling(tmp_path, server)
        found("push")
        page = found.failed(error, *words.split())
        assert (page["run"]["exit_code"], names(page)) == (2, [*offers, "restart"])
        assert page["actions"][1]["command"][1] == look
        steps = " ".join(found.do(offers[0], run=page["run"]["id"]).out.split())
        assert page["failures"][0]["message"] in steps


def test_a_view_that_cannot_be_read_fails_in_its_plan(tmp_path: Path, server: AudienceServer) -> None:
    """The step of the view has failed, and those after it were not reached."""
    found = selling(tmp_path, server)
    (found.shop.root / "shop.duckdb").unlink()
    page = found.failed("project")
    assert states(page) == [
        ("load", None, "done"),
        ("plan", VIEW, "failed"),
        ("deliver", None, "skipped"),
        ("settle", None, "skipped"),
        ("receipt", None, "skipped"),
    ]
    assert found.do("rebuild", run=page["run"]["id"]).code == 0
    walked(found, page)


def test_a_killed_run_shows_how_far_it_came(tmp_path: Path) -> None:
    """SIGKILL with an answer in hand: deliver was running, is shown as interrupted, and the run goes on."""
    with scene(tmp_path) as told:
        assert told.killed_at("answer-read").code == -signal.SIGKILL
        found = Scene(told.shop, AudienceServer.__new__(AudienceServer))
        page = found.page()

        assert (page["run"]["state"], page["run"]["exit_code"]) == ("killed", None)
        assert states(page) == [("load", None, "done"), ("plan", VIEW, "done"), ("deliver", VIEW, "interrupted")]
        assert ([one["class"] for one in page["failures"]], names(page)) == (["killed"], ["restart"])
        assert "ended without a word" in found("status", "last").out
        sql = "select step, state from run_steps order by number desc limit 1"
        assert "deliver  interrupted" in found("status", "--sql", sql).out
        assert "(deliver interrupted)" in found("status").out.replace("\n", " ")
        walked(found, page)
        told.check()


def test_a_run_that_is_at_work_has_no_actions(tmp_path: Path, server: AudienceServer) -> None:
    """While its process holds the lock its step is running, and nothing can be done about it."""
    found = selling(tmp_path, server)
    assert found("push").code == 0
    run = found.page()["run"]["id"]
    with found.shop.state.locked():
        found.shop.ledger(f"update run set finished_at = null, exit_code = null where id = '{run}'")
        found.shop.ledger("update run_step set state = 'running' where name = 'receipt'")
        found.shop.ledger(
            "insert into run_problem (run, number, error_class, code, message) "
            f"values ('{run}', 1, 'network', 'x', 'y')"
        )
        page, text = found.page(), found("status", "last").out
        number = found("status", "last", "--do", "1")

    assert (page["run"]["state"], page["actions"], states(page)[-1][2]) == ("at work", [], "running")
    assert ("still at work" in text, "What to do" in text) == (True, False)
    assert (number.code, "the run is still at work" in number.err) == (2, True)


def test_a_run_that_was_interrupted_goes_on(tmp_path: Path, server: AudienceServer) -> None:
    """A deadline, as a signal, stops a run between its rows."""
    found = selling(tmp_path, server, orders(60))
    report = found.shop.push(should_stop=lambda: len(server.requests()) >= 1)
    page = found.page(report.run_id)
    assert ("deliver", VIEW, "stopped") in states(page)
    assert ([one["class"] for one in page["failures"]], names(page)) == (["stopped"], ["restart"])
    walked(found, page)


def test_a_run_whose_variables_are_not_known_asks_for_them(tmp_path: Path, server: AudienceServer) -> None:
    """Values are kept nowhere, so that the same ones have to be given again."""
    found = selling(tmp_path, server)
    server.script([{"do": 40105, "times": None}])
    page = found.failed("invalid-credentials", "--vars", "{campaign: canary}", "--set", "concurrency=2")
    run = page["run"]["id"]
    server.script([])

    assert (page["run"]["words"], page["run"]["variables"]) == (["--set", "concurrency=2"], ["campaign"])
    assert b"canary" not in found.shop.state.ledger.read_bytes()
    alone = found.do("restart", run=run)
    other = found.do("restart", "--vars", "{campain: canary}", run=run)
    done = found.do("restart", "--vars", "{campaign: canary}", run=run)

    for one in (alone, other):
        assert (one.code, "was given variables (campaign)" in one.err) == (2, True)
    assert done.code == 0
    assert "push --set concurrency=2 --vars '{campaign: canary}'" in done.err


# which run, which action ----------------------------------------------------------------------------------------------


def test_runs_are_named_by_the_beginning_of_their_ids(tmp_path: Path, server: AudienceServer) -> None:
    """An ambiguous beginning lists the runs; one that is not there says where to look."""
    found = selling(tmp_path, server)
    ids = [found("push", "--json").json["run_id"] for _ in range(7)]
    one = found("status", ids[2][:-1]) if sum(i.startswith(ids[2][:-1]) for i in ids) == 1 else found("status", ids[2])
    several, none, empty = found("status", "2026"), found("status", "2031"), found("status", "")

    assert (one.code, one.out.startswith(f"run {ids[2]}: pusher push, exit code 0")) == (0, True)
    assert "Nothing has to be done about it." in one.out
    assert several.code == 2
    assert several.err.startswith(f"error: 7 runs begin with `2026`: {', '.join(ids[:5])}, ....")
    assert (none.code, none.err.splitlines()[0]) == (2, "error: The ledger knows no run `2031`.")
    assert empty.code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--do", "1"), "--do needs a run."),
        (("last", "--yes"), "--yes and --vars go with --do."),
        (("last", "--vars", "{a: 1}"), "--yes and --vars go with --do."),
        (("last", "--sql", "select 1"), "--sql and --fail-if-pending are about the whole ledger."),
        (("last", "--fail-if-pending"), "--sql and --fail-if-pending are about the whole ledger."),
        (("last", "--do", "9"), "has no action 9."),
    ],
)
def test_words_that_mean_nothing_together_are_refused(
    tmp_path: Path, server: AudienceServer, words: tuple[str, ...], said: str
) -> None:
    """Before anything is done."""
    found = selling(tmp_path, server)
    server.script([{"do": 40105, "times": None}])
    found("push")
    ran = found("status", *words)
    assert (ran.code, said in ran.err) == (2, True)


def test_a_run_that_ended_well_has_no_action(tmp_path: Path, server: AudienceServer) -> None:
    """A wrong number says that there is nothing to do."""
    found = selling(tmp_path, server)
    found("push")
    ran = found("status", "last", "--do", "1")
    assert (ran.code, "Nothing has to be done about it." in ran.err) == (2, True)


def test_other_commands_keep_their_steps_too(tmp_path: Path, server: AudienceServer) -> None:
    """Retry, resolve, clean and reconcile are runs; forget can only be said again by a person."""
    found = filling(tmp_path, server)
    assert found("push").code == 0
    assert found("retry").code == 0
    assert found("clean", "--keep-days", "40").code == 0
    assert found("resolve", "--resend").code == 0
    seen: list[tuple[str, Sequence[str], list[tuple[str, str]]]] = []
    for row in found.shop.ledger("select id from run order by rowid"):
        page = found.page(row[0])
        steps = [(step, state) for step, _, state in states(page)]
        seen.append((page["run"]["command"], page["run"]["words"], steps))
    assert seen[1:] == [
        ("retry", [], [("load", "done"), ("retry", "done")]),
        ("clean", ["--keep-days", "40"], [("load", "done"), ("clean", "done")]),
        ("resolve", ["--resend"], [("load", "done"), ("resolve", "done")]),
    ]


def test_the_json_of_a_run_has_the_fields_of_the_formats_page(tmp_path: Path, server: AudienceServer) -> None:
    """Nothing is printed that is not documented."""
    found = selling(tmp_path, server)
    server.script([{"do": 40105, "times": None}])
    page = found.failed("invalid-credentials")
    assert {key: sorted(page[key]) for key in ("run",)} == {
        "run": ["base_url", "command", "exit_code", "finished_at", "id", "started_at", "state", "variables", "words"]
    }
    assert sorted(page["steps"][0]) == sorted(
        ["number", "step", "model", "state", "started_at", "finished_at", "seconds", "error_class", "code",
         "return_code", "message"]
    )  # fmt: skip
    assert sorted(page["failures"][0]) == sorted(
        ["class", "title", "words", "code", "return_code", "model", "rows", "message", "file", "line", "fix",
         "credential"]
    )  # fmt: skip
    assert sorted(page["actions"][0]) == sorted(["number", "name", "title", "who", "steps", "command", "needs"])
    assert json.dumps(page["alerts"]) == "[]"
