"""From consent to a credential, and to its end, against a sandbox on a socket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pusher.authorising import (
    Place,
    Wish,
    credential_standings,
    keep_events_token,
    log_in,
    log_out,
    place_for,
    revocable,
    revoke,
)
from pusher.clock import FixedClock, SystemClock
from pusher.config import Secret
from pusher.credentials import Application, CredentialStore
from pusher.errors import ConfigError, PusherError, Unanswered
from tests.authorising.support import ACCOUNT, APP, Browser, altered, api, browse, redirect_of, serving_tokens
from tests.credentials.support import TOKEN, OwnKeyring, credential, using

URIS = [f"http://127.0.0.1:{port}/tiktok/callback" for port in (17641, 17642, 17643)]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
COMPARE = (
    "Compare TIKTOK_APP_ID and TIKTOK_APP_SECRET with the app's page in TikTok's portal, "
    "then `pusher auth login` again."
)
USED = (
    "A code counts once, within an hour, and for the app that asked for it: `pusher auth login` again, with the "
    "address that it prints."
)
WISH = Wish("default", "Northwind", Place.FILE)
SCOPES = (
    "8", "30", "31", "32", "100", "7224195155857833986", "7224195155857866754", "7294180478502846465",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test credentials of its own."""
    monkeypatch.setenv("PUSHER_CREDENTIALS_DIR", str(tmp_path / "credentials"))


def code_of(error: PusherError) -> tuple[str, int]:
    """Return code and exit code of the one problem."""
    (problem,) = error.problems
    return problem.code, error.exit_code


def logged_in(folder: Path, wish: Wish = WISH, **rules: Any) -> CredentialStore:
    """Log in at a sandbox and return the store."""
    with serving_tokens(folder, **rules) as base_url:
        log_in(api(base_url), wish, Browser().person(), pastes=True)
    return CredentialStore()


def test_a_consent_in_the_browser_becomes_a_credential(tmp_path: Path) -> None:
    """Who may consent is said; accounts, scopes and the moment are kept with the token."""
    browser = Browser()
    with serving_tokens(tmp_path) as base_url:
        side = api(base_url, clock=FixedClock(NOW))
        kept = log_in(side, WISH, browser.person(), pastes=False, redirect_uris=URIS)
    browser.join()
    found = CredentialStore().get("default")
    assert found is not None
    assert (found, kept.place, kept.replaced) == (kept.credential, Place.FILE, None)
    assert found == credential(
        description="Northwind",
        advertisers=((ACCOUNT, "Sandbox account"),),
        scopes=SCOPES,
        granted_at=NOW.replace(tzinfo=None),
    )
    assert [page.status_code for page in browser.pages] == [200]
    assert browser.said == [
        "Consent on TikTok's page within 5 minutes, in a browser on this machine:",
        f"  {browser.url}",
        "Whoever consents has to be Admin or Operator of the ad account; an Analyst's consent is worth nothing.",
    ]


def test_a_consent_elsewhere_is_pasted(tmp_path: Path) -> None:
    """The address can be handed to another person; nothing listens."""
    browser = Browser()
    with serving_tokens(tmp_path) as base_url:
        kept = log_in(api(base_url), WISH, browser.person(), pastes=True)
    assert (CredentialStore().names(), kept.credential.scopes, browser.pages) == (["default"], SCOPES, [])
    assert browser.said[0] == "Open this page in any browser, or send it to the person who may consent:"
    assert browser.said[-1] == "address that the browser ends at (hidden): "


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"state": "another"}, ("wrong-state", 2)),
        ({"state": None}, ("wrong-state", 2)),
        ({"auth_code": None, "code": None}, ("no-code", 3)),
        ({"auth_code": "0" * 40, "code": None}, ("tiktok-auth", 3)),
    ],
)
def test_another_answer_brings_no_token(
    tmp_path: Path, change: Mapping[str, str | None], expected: tuple[str, int]
) -> None:
    """Pasted by mistake, or by somebody with a plan."""
    browser = Browser(pasted=lambda url: altered(redirect_of(url), **change))
    with serving_tokens(tmp_path) as base_url, pytest.raises(PusherError) as caught:
        log_in(api(base_url), WISH, browser.person(), pastes=True)
    assert (code_of(caught.value), CredentialStore().names()) == (expected, [])


def test_a_paste_after_an_hour_is_too_late(tmp_path: Path) -> None:
    """As late as the code itself."""

    class Slow(SystemClock):
        skipped_s = 0.0

        def monotonic_s(self) -> float:
            return super().monotonic_s() + self.skipped_s

    clock = Slow()

    def paste(url: str) -> str:
        clock.skipped_s = 3_601
        return redirect_of(url)

    with serving_tokens(tmp_path) as base_url, pytest.raises(ConfigError) as caught:
        log_in(api(base_url, clock=clock), WISH, Browser(pasted=paste).person(), pastes=True)
    assert code_of(caught.value) == ("late-answer", 2)


def test_a_code_counts_once(tmp_path: Path) -> None:
    """Whoever saw the address cannot use it again."""
    with serving_tokens(tmp_path) as base_url:
        side = api(base_url)
        url = redirect_of(side.authorisation_url("state", URIS[0]))
        code = url.partition("auth_code=")[2].partition("&")[0]
        token = side.exchange(code).token.reveal()
        with pytest.raises(Unanswered) as caught:
            side.exchange(code)
    (problem,) = caught.value.problems
    assert (problem.message, problem.fix, caught.value.exit_code) == (
        "TikTok gave no token (code 40110): Auth code is used, expired or not of this app.",
        USED,
        3,
    )
    assert token not in repr(caught.value.problems)


def test_a_wrong_secret_is_told_with_where_it_stands(tmp_path: Path) -> None:
    """TikTok names no more than that; the secret is not repeated."""
    wrong = Application(APP.app_id, Secret("another-secret-0"))
    with serving_tokens(tmp_path) as base_url:
        log_in(api(base_url), WISH, Browser().person(), pastes=True)
        with pytest.raises(Unanswered) as caught:
            log_in(api(base_url, wrong), WISH, Browser().person(), pastes=True)
    (problem,) = caught.value.problems
    assert (problem.code, problem.fix) == ("tiktok-auth", COMPARE)
    assert "another-secret-0" not in repr(problem)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"do": "html_502"}, ("tiktok-server", 4)),
        ({"do": "drop_after_accept"}, ("tiktok-unknown", 4)),
        ({"do": 50000}, ("tiktok-server", 4)),
        ({"do": 40100}, ("tiktok-throttle", 4)),
        ({"do": 0, "data": {}}, ("no-token", 4)),
        ({"do": 0, "data": {"access_token": "bad token"}}, ("no-token", 4)),
        ({"do": "redirect"}, ("tiktok-stop", 3)),
    ],
)
def test_an_exchange_that_goes_wrong_keeps_nothing(
    tmp_path: Path, fault: Mapping[str, Any], expected: tuple[str, int]
) -> None:
    """Nothing is retried, because a code counts once: the person logs in again."""
    faults = [{"match": {"path": "oauth2/access_token/"}, **fault}]
    with serving_tokens(tmp_path, faults) as base_url, pytest.raises(Unanswered) as caught:
        log_in(api(base_url), WISH, Browser().person(), pastes=True)
    assert (code_of(caught.value), CredentialStore().names()) == (expected, [])


@pytest.mark.parametrize("fault", [{"do": 40001}, {"do": 50000, "times": None}, {"do": 0, "data": {"list": 5}}])
def test_a_token_is_not_lost_when_accounts_cannot_be_listed(tmp_path: Path, fault: Mapping[str, Any]) -> None:
    """The exchange has their ids; their names are not known."""

    class Quick(SystemClock):
        def sleep(self, seconds: float) -> None:
            del seconds

    faults = [{"match": {"path": "oauth2/advertiser/get/"}, **fault}]
    with serving_tokens(tmp_path, faults) as base_url:
        kept = log_in(api(base_url, clock=Quick()), WISH, Browser().person(), pastes=True)
    assert kept.credential.advertisers == ((ACCOUNT, ""),)


def test_a_token_is_not_lost_when_somebody_ends_the_login_behind_it(tmp_path: Path) -> None:
    """TikTok has granted it by then, and grants it once."""

    class Impatient(SystemClock):
        def sleep(self, seconds: float) -> None:
            del seconds
            raise KeyboardInterrupt

    faults = [{"match": {"path": "oauth2/advertiser/get/"}, "do": 50000, "times": None}]
    with serving_tokens(tmp_path, faults) as base_url, pytest.raises(KeyboardInterrupt):
        log_in(api(base_url, clock=Impatient()), WISH, Browser().person(), pastes=True)
    found = CredentialStore().get("default")
    assert found is not None
    assert (found.kind, found.advertisers, found.scopes, bool(found.token)) == ("oauth", ((ACCOUNT, ""),), SCOPES, True)


def test_accounts_are_asked_for_again_after_a_hiccup(tmp_path: Path) -> None:
    """Once a second, a few times."""
    waited: list[float] = []

    class Noting(SystemClock):
        def sleep(self, seconds: float) -> None:
            waited.append(seconds)

    faults = [{"match": {"path": "oauth2/advertiser/get/"}, "do": "html_502"}]
    with serving_tokens(tmp_path, faults) as base_url:
        kept = log_in(api(base_url, clock=Noting()), WISH, Browser().person(), pastes=True)
    assert (kept.credential.advertisers, waited) == (((ACCOUNT, "Sandbox account"),), [1.0])


def test_ids_that_come_as_numbers_are_kept_as_texts(tmp_path: Path) -> None:
    """Every digit of them; what is no id is left out."""
    data = {"access_token": TOKEN, "advertiser_ids": [int(ACCOUNT), True, "x"], "scope": [31, "30", 1.5]}
    faults = [
        {"match": {"path": "oauth2/access_token/"}, "do": 0, "data": data},
        {"match": {"path": "oauth2/advertiser/get/"}, "do": 40001},
    ]
    with serving_tokens(tmp_path, faults) as base_url:
        kept = log_in(api(base_url), WISH, Browser().person(), pastes=True)
    assert (kept.credential.advertisers, kept.credential.scopes) == (((ACCOUNT, ""),), ("31", "30"))


def test_a_login_of_the_same_name_replaces(tmp_path: Path) -> None:
    """And says when the replaced one was granted."""
    CredentialStore(place="file").put(credential())
    with serving_tokens(tmp_path) as base_url:
        kept = log_in(api(base_url), WISH, Browser().person(), pastes=True)
    assert kept.replaced == credential().granted_at
    found = CredentialStore().get("default")
    assert found is not None
    assert found.token.reveal() == kept.credential.token.reveal() != TOKEN


def test_a_token_that_is_shown_is_kept_nowhere(tmp_path: Path) -> None:
    """No file is made."""
    with serving_tokens(tmp_path / "server") as base_url:
        kept = log_in(api(base_url), Wish("default", "", Place.SHOWN), Browser().person(), pastes=True)
    assert (bool(kept.credential.token), (tmp_path / "credentials").exists()) == (True, False)


def test_a_place_that_fails_after_the_consent_is_told(tmp_path: Path) -> None:
    """It was tried before; what a person can do about the token that nobody has is said, and not the token."""
    backend = OwnKeyring()
    backend.is_locked = True
    with serving_tokens(tmp_path) as base_url, using(backend), pytest.raises(ConfigError) as caught:
        log_in(api(base_url), Wish("default", "", Place.KEYRING), Browser().person(), pastes=True)
    assert [problem.code for problem in caught.value.problems] == ["keyring", "token-lost"]
    with using(backend), pytest.raises(ConfigError) as pasted:
        keep_events_token(TOKEN, Wish("default", "", Place.KEYRING), SystemClock())
    assert [problem.code for problem in pasted.value.problems] == ["keyring"]
    assert CredentialStore().names() == []


@pytest.mark.parametrize(
    ("chosen", "may_show", "expected"),
    [("file", False, Place.FILE), ("file", True, Place.FILE), (None, True, Place.SHOWN)],
)
def test_a_place_without_a_keyring(chosen: str | None, may_show: bool, expected: Place) -> None:  # noqa: FBT001 -- a case
    """A file by explicit choice, or a person at a terminal."""
    assert place_for(chosen, may_show=may_show) is expected


@pytest.mark.parametrize(
    ("chosen", "expected"), [(None, "no-store"), ("keyring", "no-keyring"), ("Keyring", "store"), ("", "store")]
)
def test_without_a_place_nothing_begins(chosen: str | None, expected: str) -> None:
    """A token that came now would be lost."""
    with pytest.raises(ConfigError) as caught:
        place_for(chosen, may_show=False)
    assert code_of(caught.value) == (expected, 2)


def test_a_keyring_is_used_unless_the_file_is_chosen() -> None:
    """It is tried before there is a token; a locked one is no reason to show the token."""
    backend = OwnKeyring()
    with using(backend):
        assert place_for(None, may_show=True) is Place.KEYRING
        assert place_for("file", may_show=True) is Place.FILE
        backend.is_locked = True
        with pytest.raises(ConfigError) as caught:
            place_for(None, may_show=True)
    assert code_of(caught.value) == ("keyring", 2)


def test_a_folder_that_cannot_be_used_is_noticed_before_the_consent(tmp_path: Path) -> None:
    """Nobody consents for nothing."""
    (tmp_path / "credentials").mkdir(mode=0o755)
    (tmp_path / "credentials").chmod(0o755)
    with pytest.raises(ConfigError) as caught:
        place_for("file", may_show=False)
    assert code_of(caught.value) == ("credentials-mode", 2)


def test_a_token_of_events_manager_is_kept(tmp_path: Path) -> None:
    """No app, no accounts, no scopes."""
    kept = keep_events_token(TOKEN, WISH, FixedClock(NOW))
    assert kept.credential == credential(
        description="Northwind",
        kind="events",
        app_id=None,
        advertisers=(),
        scopes=(),
        granted_at=NOW.replace(tzinfo=None),
    )
    assert TOKEN in (tmp_path / "credentials" / "credentials.json").read_text()


@pytest.mark.parametrize("text", ["", "a-word", "Bearer " + TOKEN, TOKEN + " ", "tökén-0123456789"])
def test_what_is_no_token_is_refused_without_being_repeated(text: str) -> None:
    """Mostly a word that was pasted along."""
    with pytest.raises(ConfigError) as caught:
        keep_events_token(text, WISH, SystemClock())
    assert code_of(caught.value) == ("not-a-token", 2)
    assert not text or text not in repr(caught.value.problems)


def test_a_revoked_token_works_nowhere(tmp_path: Path) -> None:
    """TikTok refuses it, and the credential is gone."""
    with serving_tokens(tmp_path) as base_url:
        side = api(base_url)
        log_in(side, WISH, Browser().person(), pastes=True)
        one = revocable("default")
        before = side.advertisers(one.token)
        worked = revoke(one, side)
        after = side.advertisers(one.token)
        again = side.revoke(one.token)
    assert (before, worked, after, again) == (((ACCOUNT, "Sandbox account"),), True, None, False)
    assert CredentialStore().names() == []


def test_a_token_that_was_revoked_elsewhere_is_forgotten(tmp_path: Path) -> None:
    """TikTok's own pages ended it before."""
    with serving_tokens(tmp_path) as base_url:
        side = api(base_url)
        log_in(side, WISH, Browser().person(), pastes=True)
        side.revoke(revocable("default").token)
        assert revoke(revocable("default"), side) is False
    assert CredentialStore().names() == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"do": "html_502"}, ("tiktok-server", 4)),
        ({"do": 40101}, ("tiktok-auth", 3)),
        ({"do": 40100}, ("tiktok-throttle", 4)),
    ],
)
def test_a_credential_stays_while_its_token_may_work(
    tmp_path: Path, fault: Mapping[str, Any], expected: tuple[str, int]
) -> None:
    """Only TikTok's word ends it; running it again is safe."""
    with serving_tokens(tmp_path, [{"match": {"path": "oauth2/revoke_token/"}, **fault}]) as base_url:
        side = api(base_url)
        log_in(side, WISH, Browser().person(), pastes=True)
        with pytest.raises(Unanswered) as caught:
            revoke(revocable("default"), side)
        assert (code_of(caught.value), CredentialStore().names()) == (expected, ["default"])
        assert revoke(revocable("default"), side) is True
    assert CredentialStore().names() == []


def test_another_app_cannot_revoke(tmp_path: Path) -> None:
    """Both are named before anything is sent."""
    store = logged_in(tmp_path)
    with pytest.raises(ConfigError) as caught:
        revoke(revocable("default"), api("http://127.0.0.1:9/v1.3", Application("99", Secret("x"))))
    (problem,) = caught.value.problems
    assert (problem.code, problem.message, store.names()) == (
        "other-app",
        "The credential default was granted to app 7123456789, and this is app 99.",
        ["default"],
    )


def test_a_token_of_events_manager_is_ended_there() -> None:
    """No request could do it."""
    keep_events_token(TOKEN, WISH, SystemClock())
    with pytest.raises(ConfigError) as caught:
        revocable("default")
    assert code_of(caught.value) == ("events-token", 2)


def test_logging_out_forgets_and_asks_nobody() -> None:
    """The token works on at TikTok."""
    CredentialStore(place="file").put(credential("shop"))
    assert (log_out("shop"), CredentialStore().names()) == (credential("shop"), [])


@pytest.mark.parametrize(
    ("known", "fix"),
    [
        ([], "There are none yet: `pusher auth login` makes one."),
        (["shop"], "Did you mean `shop`?"),
        (["other", "third"], "There are: other, third."),
    ],
)
def test_a_name_that_is_not_there_is_told(known: list[str], fix: str) -> None:
    """With the nearest one, or all."""
    for name in known:
        CredentialStore(place="file").put(credential(name))
    for work in (log_out, revocable, credential_standings):
        with pytest.raises(ConfigError) as caught:
            work("shopp")
        assert [(one.message, one.fix) for one in caught.value.problems] == [("There is no credential `shopp`.", fix)]


def test_the_page_of_consent_sends_nobody_elsewhere(tmp_path: Path) -> None:
    """The sandbox leads to this machine only."""
    with serving_tokens(tmp_path) as base_url:
        url = api(base_url).authorisation_url("s", "https://evil.example/")
        assert browse(url).status_code == 400


def test_the_state_of_the_sandbox_holds_nothing_that_works(tmp_path: Path) -> None:
    """Codes, tokens and secrets are digests in it."""
    logged_in(tmp_path)
    entry = json.loads((tmp_path / "credentials" / "credentials.json").read_text())["credentials"]["default"]
    held = b"".join(path.read_bytes() for path in tmp_path.glob("tokens.sqlite*"))
    assert (entry["token"].encode() in held, APP.secret.reveal().encode() in held) == (False, False)
