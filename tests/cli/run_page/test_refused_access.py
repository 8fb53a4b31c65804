"""A token, a right or an account that TikTok refuses: what the run's page says, and each remedy walked to success."""

from __future__ import annotations

from pathlib import Path

import pytest

from pusher.credentials import FILE, CredentialStore
from pusher.settings.access import USER_VARIABLE
from tests.canaries import TOKEN
from tests.cli.run_page.scene import names, selling, states, walked
from tests.credentials.support import credential
from tests.preflight.accounts import ADVERTISER, CACHE, OTHER, account, configure, tell
from tests.preflight.accounts import event_set as event_set_of
from tests.push.members import AudienceServer, serving_audiences
from tests.push.support import EVENT_SET, VIEW


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
