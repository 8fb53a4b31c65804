"""A push looks at the account before it sends anything: each thing that can be wrong, with its remedy."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.credentials import FILE, Credential, CredentialStore
from pusher.errors import DestinationRefused, Problem, PusherError, UsageError
from pusher.progress import Event, Notice
from pusher.project.outcomes import PushChoice
from tests.credentials.support import credential
from tests.preflight.accounts import (
    ADVERTISER,
    CACHE,
    OTHER,
    TOKEN,
    account,
    configure,
    event_set,
    sandbox,
    store,
    tell,
)
from tests.push.members import Club, people
from tests.push.support import EVENT_SET, NOW, VIEW, Server, Shop

Keep = Callable[[Credential], None]
WRONG_SET = "7654321098765432199"
HOUR = timedelta(hours=1)
RIGHT, ANOTHER = "token-that-is-right", "another-token"


@pytest.fixture
def keep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keep:
    """Return a function that stores a credential in a private file."""
    folder = tmp_path / "credentials"
    monkeypatch.setenv("PUSHER_CREDENTIALS_DIR", str(folder))
    return CredentialStore(folder, place=FILE).put


def refused(shop: Shop, kind: type[PusherError] = DestinationRefused, **push: Any) -> list[Problem]:
    """Push, and return the problems that stopped it."""
    with pytest.raises(PusherError) as caught:
        shop.push(**push)
    assert type(caught.value) is kind
    return list(caught.value.problems)


def counts(server: Server) -> tuple[int, int]:
    """Return how many requests and how many look-ups a sandbox saw."""
    return server.totals()["requests"], server.look_ups()


def statuses(shop: Shop, **push: Any) -> dict[str, str]:
    """Push, and return each check of its preflight."""
    report = shop.push(**push)
    assert report.preflight is not None
    return {" ".join(filter(None, (one["name"], one["about"]))): one["status"] for one in report.preflight["checks"]}


def test_a_push_that_finds_all_in_place_sends_and_says_what_it_saw(tmp_path: Path) -> None:
    """Its own requests and those of the look are counted apart, in the receipt and by the sandbox."""
    with sandbox(tmp_path) as server:
        tell(server, [account()], [event_set()])
        shop = store(tmp_path, server.base_url)
        report = shop.push()
        assert (report.exit_code, report.requests, counts(server)) == (0, 1, (1, 3))
        assert report.preflight is not None
        assert {**report.preflight, "checks": len(report.preflight["checks"])} == {
            "checked_at": "2026-11-20T12:00:00+00:00", "cached": False, "requests": 3, "checks": 6,
        }  # fmt: skip
        assert [(one["name"], one["about"], one["status"], one["found"]) for one in report.preflight["checks"]] == [
            ("token", "", "ok", "TikTok takes it"),
            ("scopes", "", "unknown", "only a login tells which scopes a token has"),
            ("advertiser", ADVERTISER, "ok", "approved, and this token may read it"),
            ("event_source", EVENT_SET, "ok", f"`Stores`, event set of advertiser {ADVERTISER}"),
            ("role", "", "unknown", "TikTok names no role; it refuses with 40001 where one is missing"),
            ("clock", "", "ok", "0 s from TikTok's"),
        ]
        assert shop.ledger("select count(*) from attempt") == [(1,)]


# Each thing that can be wrong, walked to its end


def test_a_token_that_is_not_taken(tmp_path: Path) -> None:
    """Nothing is sent until another one is set."""
    with sandbox(tmp_path, token=RIGHT) as server:
        shop = store(tmp_path, server.base_url)
        (problem,) = refused(shop)
        assert (problem.code, problem.message) == (
            "preflight-token",
            "TikTok does not take the access token: Access token is incorrect or has been revoked (code 40105).",
        )
        assert (counts(server), shop.ledger("select count(*) from part")) == ((0, 1), [(0,)])
        configure(shop, server.base_url, access_token=RIGHT)
        assert shop.push().exit_code == 0


@pytest.mark.parametrize(
    ("there", "message", "remedy"),
    [
        (
            account(status="STATUS_PENDING_CONFIRM"),
            "is not approved yet: the application is under review (STATUS_PENDING_CONFIRM).",
            "once it is approved",
        ),
        # TikTok may have one answer for this and for an account that is not approved, so the remedy names both.
        (
            account(OTHER),
            f"does not exist for this token, or is not approved: Advertiser does not exist: {ADVERTISER} (code 40300).",
            "see that the account exists, is approved",
        ),
    ],
    ids=["not approved", "missing"],
)
def test_an_advertiser_that_cannot_be_sent_to(there: dict[str, Any], message: str, remedy: str, tmp_path: Path) -> None:
    """Told with the place of its id and what to do; once that is done, the push goes on."""
    with sandbox(tmp_path) as server:
        tell(server, [there], [event_set()])
        shop = store(tmp_path, server.base_url)
        (problem,) = refused(shop)
        assert (problem.code, problem.file, problem.line) == ("preflight-advertiser", "profiles.yml", 1)
        assert problem.message == f"Advertiser {ADVERTISER} {message}"
        assert problem.fix is not None
        assert remedy in problem.fix
        tell(server, [account()], [event_set()])
        assert shop.push().exit_code == 0


def test_an_event_set_of_another_advertiser(tmp_path: Path) -> None:
    """The setting is named with its place; the other advertiser's id is a remedy, and so is the right event set."""
    with sandbox(tmp_path) as server:
        tell(server, [account(), account(OTHER)], [event_set(OTHER), event_set(id_=WRONG_SET)])
        shop = store(tmp_path, server.base_url)
        (problem,) = refused(shop)
        assert (problem.code, problem.file, problem.line, problem.message) == (
            "preflight-event-source",
            "profiles.yml",
            1,
            f"Event set {EVENT_SET} (event_set_id) is none of advertiser {ADVERTISER}.",
        )
        configure(shop, server.base_url, advertiser_ids=[ADVERTISER, OTHER])
        assert shop.push().exit_code == 0
        configure(shop, server.base_url, event_set_id=WRONG_SET)
        assert shop.push().exit_code == 0


def test_a_user_without_a_role(tmp_path: Path) -> None:
    """What only a person can do in Business Center is said."""
    with sandbox(tmp_path) as server:
        tell(server, [account(role="none")], [event_set()])
        shop = store(tmp_path, server.base_url)
        (problem,) = refused(shop)
        assert problem.code == "preflight-role"
        assert problem.message == (
            f"The token's user has no right to advertiser {ADVERTISER}: No permission to operate advertiser: "
            f"{ADVERTISER}, must be an admin or operator (code 40001)."
        )
        assert problem.fix is not None
        assert "Operator or Admin" in problem.fix
        assert "Analyst is not enough" in problem.fix
        tell(server, [account(role="admin")], [event_set()])
        assert shop.push().exit_code == 0


def test_an_analyst_shows_only_when_something_is_sent(tmp_path: Path) -> None:
    """Looking is allowed, so the role cannot be told; the refusal of the push makes the next one look again."""
    with sandbox(tmp_path) as server:
        tell(server, [account(role="analyst")], [event_set()])
        shop = store(tmp_path, server.base_url)
        report = shop.push()
        assert (report.exit_code, [one.code for one in report.problems]) == (3, ["tiktok-config"])
        assert not (shop.state.root / CACHE).exists()
        tell(server, [account(role="operator")], [event_set()])
        report = shop.push()
        assert report.preflight is not None
        assert (report.exit_code, report.preflight["cached"]) == (0, False)


@pytest.mark.parametrize(
    ("ahead", "message"),
    [
        (timedelta(minutes=-7), "This machine's clock is 7 min ahead of TikTok's."),
        (timedelta(hours=2, minutes=5), "This machine's clock is 2 h 5 min behind TikTok's."),
        (timedelta(days=3, hours=1), "This machine's clock is 3 d 1 h behind TikTok's."),
    ],
    ids=str,
)
def test_a_clock_that_is_wrong(ahead: timedelta, message: str, tmp_path: Path) -> None:
    """Ages decide what is sent, so it is the machine that has to be put right: exit 2."""
    with sandbox(tmp_path, now=NOW + ahead) as server:
        shop = store(tmp_path, server.base_url)
        (problem,) = refused(shop, UsageError)
        assert (problem.code, problem.message) == ("preflight-clock", message)
        assert shop.push(now=NOW + ahead).exit_code == 0


def test_several_problems_are_told_at_once_and_the_worst_code_wins(tmp_path: Path) -> None:
    """Two accounts, a role, an event set and the clock."""
    with sandbox(tmp_path, now=NOW + HOUR) as server:
        tell(server, [account(role="none")], [event_set()])
        shop = store(tmp_path, server.base_url, advertiser_ids=[ADVERTISER, OTHER])
        problems = refused(shop)
        assert [one.code for one in problems] == ["preflight-advertiser", "preflight-role", "preflight-clock"]
        assert counts(server) == (0, 5)


def test_an_audience_asks_for_its_own_advertisers(tmp_path: Path) -> None:
    """What stops it is told before anything is compared; then the audience is made."""
    with sandbox(tmp_path) as server:
        tell(server, [account(OTHER)])
        club = Club(tmp_path / "club", server.base_url, preflight=True)
        club.join(people(range(3)))
        club.build()
        (problem,) = refused(club)
        assert (problem.code, counts(server)) == ("preflight-advertiser", (0, 3))
        tell(server, [account(OTHER), account()])
        assert club.push().exit_code == 0


def test_a_scope_that_the_login_did_not_grant(tmp_path: Path, keep: Keep) -> None:
    """The stored facts tell it without a refusal; another login of the app with the scope is the remedy."""
    with sandbox(tmp_path) as server:
        shop = store(tmp_path, server.base_url, access_token=None, preflight=None)
        configure(shop, server.base_url, access_token=None)
        keep(credential(scopes=("30", "31")))
        (problem,) = refused(shop)
        assert problem.code == "preflight-scopes"
        assert problem.message == (
            "The token of the credential default lacks the scope Report Conversion Event (7224195155857866754), which "
            "tiktok_offline_events needs for event/track/."
        )
        keep(credential(scopes=("5", "30")))
        assert statuses(shop)["scopes"] == "ok"


def test_a_token_of_events_manager_sends_events_and_no_audience(tmp_path: Path, keep: Keep) -> None:
    """Nothing is asked of TikTok; the wrong kind of token is a mistake of the settings."""
    keep(credential(kind="events", app_id=None, advertisers=(), scopes=()))
    with sandbox(tmp_path) as server:
        shop = store(tmp_path, server.base_url, access_token=None)
        configure(shop, server.base_url, access_token=None)
        assert set(statuses(shop).values()) == {"unknown"}
        assert counts(server) == (1, 0)
        club = Club(tmp_path / "club", server.base_url, preflight=True)
        configure(club, server.base_url, access_token=None)
        club.join(people(range(3)))
        club.build()
        assert [one.code for one in refused(club, UsageError)] == ["preflight-token"]


# What stops nothing


def test_what_nobody_can_tell_stops_nothing(tmp_path: Path) -> None:
    """A stand-in that knows the endpoint of events only answers look-ups with 404."""
    paths = ("user/info/", "advertiser/info/", "offline/get/")
    faults = [{"match": {"path": path}, "do": 404, "times": None} for path in paths]
    with sandbox(tmp_path, faults) as server:
        shop = store(tmp_path, server.base_url)
        assert statuses(shop) == {
            "token": "unknown", "scopes": "unknown", f"advertiser {ADVERTISER}": "unknown",
            f"event_source {EVENT_SET}": "unknown", "role": "unknown", "clock": "ok",
        }  # fmt: skip


def test_a_server_that_does_not_answer_is_asked_once_and_stops_nothing(tmp_path: Path) -> None:
    """The push has its own patience; what was not answered is not remembered."""
    with sandbox(tmp_path, [{"match": {"path": "user/info/"}, "do": "html_502", "times": None}]) as server:
        shop = store(tmp_path, server.base_url)
        found = statuses(shop)
        assert found.pop("clock") == "ok"
        assert (set(found.values()), counts(server)) == ({"unknown"}, (1, 1))
        assert not (shop.state.root / CACHE).exists()


def test_a_token_that_may_be_of_events_manager_stops_nothing_by_itself(tmp_path: Path) -> None:
    """Without `preflight: true` a refusal of look-ups is a notice, and the events are sent."""
    paths = ("user/info/", "advertiser/info/", "offline/get/")
    faults = [{"match": {"path": path}, "do": 40001, "times": None} for path in paths]
    with sandbox(tmp_path, faults) as server:
        shop = store(tmp_path, server.base_url)
        assert [one.code for one in refused(shop)] == ["preflight-role"]
        preflighting = shop.project()._pushing().preflight(shop.state)
        preflighting.is_strict = False
        told: list[Event] = []

        def listen(event: Event) -> None:
            told.append(event)

        from pusher.preflight.needs import needs_of

        project = shop.project()
        found = preflighting.before_push(
            needs_of(project.account, project.manifest.models, project.views(), []), listen
        )
        assert [one.name for one in found.failed] == ["role"]
        (notice,) = told
        assert isinstance(notice, Notice)
        assert notice.message.endswith("with `preflight: true` it would stop here.")


def test_rows_that_name_their_event_source_are_not_stopped_by_the_setting(tmp_path: Path) -> None:
    """The setting is wrong, but the view has a column that wins over it."""
    with sandbox(tmp_path) as server:
        tell(server, [account()], [event_set()])
        shop = store(tmp_path, server.base_url, event_set_id=WRONG_SET)
        sql = (shop.root / "models" / f"{VIEW}.sql").read_text()
        named = sql.replace("'USD' as currency", "'USD' as currency, event_set as event_set_id")
        (shop.root / "models" / f"{VIEW}.sql").write_text(named)
        shop.build()
        assert statuses(shop)[f"event_source {WRONG_SET}"] == "unknown"


def test_settings_that_leave_nothing_to_ask(tmp_path: Path) -> None:
    """Without accounts nobody can be asked about an event set."""
    with sandbox(tmp_path) as server:
        shop = store(tmp_path, server.base_url, advertiser_ids=None)
        assert statuses(shop) == {
            "token": "ok", "scopes": "unknown", f"event_source {EVENT_SET}": "unknown", "role": "unknown",
            "clock": "ok",
        }  # fmt: skip
        assert counts(server) == (1, 1)


# When it looks


def test_it_looks_once_an_hour_and_again_when_something_else_is_asked(tmp_path: Path) -> None:
    """The file is private and holds no token, and no digest of one."""
    with sandbox(tmp_path) as server:
        shop = store(tmp_path, server.base_url)

        def looks(**push: Any) -> int:
            before = server.look_ups()
            shop.push(**push)
            return server.look_ups() - before

        assert [looks(), looks(), looks(now=NOW + HOUR - timedelta(seconds=1))] == [3, 0, 0]
        configure(shop, server.base_url, access_token=ANOTHER)
        assert [looks(), looks()] == [3, 0]
        path = shop.state.root / CACHE
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        kept = path.read_text()
        for secret in (TOKEN, hashlib.sha256(TOKEN.encode()).hexdigest(), ANOTHER):
            assert secret not in kept
        assert len(json.loads(kept)["entries"]) == 2


def test_an_hour_later_it_looks_again(tmp_path: Path) -> None:
    """Also when the clock went back: an entry of the future says nothing about now."""
    with sandbox(tmp_path) as server:
        shop = store(tmp_path, server.base_url)
        shop.push()
        path = shop.state.root / CACHE
        for moment in (NOW - HOUR, NOW + timedelta(seconds=1)):
            kept = json.loads(path.read_text())
            for entry in kept["entries"].values():
                entry["checked_at"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
            path.write_text(json.dumps(kept))
            report = shop.push()
            assert report.preflight is not None
            assert (report.preflight["cached"], report.preflight["requests"]) == (False, 3)


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[]", "null", '{"schema_version": 2, "entries": {}}', '{"schema_version": 1, "entries": []}',
        '{"schema_version": 1, "entries": {"KEY": 1}}', '{"schema_version": 1, "entries": {"KEY": {"checks": []}}}',
        '{"schema_version": 1, "entries": {"KEY": {"checked_at": "2026-11-20T12:00:00Z", "checks": [1]}}}',
        (
            '{"schema_version": 1, "entries": {"KEY": {"checked_at": "2026-11-20T12:00:00Z", '
            '"checks": [{"name": 1, "about": "", "status": "ok", "found": ""}]}}}'
        ),
    ],
)  # fmt: skip
def test_a_damaged_file_is_no_cache_and_is_written_anew(content: str, tmp_path: Path) -> None:
    """Nothing stops, and nothing of it is believed."""
    with sandbox(tmp_path) as server:
        shop = store(tmp_path, server.base_url)
        shop.push()
        path = shop.state.root / CACHE
        (key,) = json.loads(path.read_text())["entries"]
        path.write_text(content.replace("KEY", key))
        report = shop.push()
        assert report.preflight is not None
        assert report.preflight["requests"] == 3
        assert list(json.loads(path.read_text())["entries"]) == [key]


def test_a_file_that_others_could_write_is_not_believed(tmp_path: Path) -> None:
    """It is asked again, and the new file is private."""
    with sandbox(tmp_path) as server:
        shop = store(tmp_path, server.base_url)
        shop.push()
        path = shop.state.root / CACHE
        path.chmod(0o620)
        shop.push()
        assert (server.look_ups(), stat.S_IMODE(path.stat().st_mode)) == (6, 0o600)


def test_a_file_that_cannot_be_written_is_no_trouble(tmp_path: Path) -> None:
    """A folder stands in its place: the push goes on, and the next one looks again."""
    with sandbox(tmp_path) as server:
        shop = store(tmp_path, server.base_url)
        (shop.state.root / CACHE).mkdir(parents=True)
        assert [shop.push().exit_code, shop.push().exit_code] == [0, 0]
        assert server.look_ups() == 6
        assert sorted(path.name for path in shop.state.root.glob(f"{CACHE[:-5]}*")) == [CACHE]


def test_it_looks_where_the_settings_say(tmp_path: Path) -> None:
    """Not at other servers on loopback, unless asked; never in a dry run; not where it is turned off."""
    with sandbox(tmp_path) as server:
        shop = store(tmp_path, server.base_url)
        assert shop.push(dry_run=True).preflight is None
        for setting in (None, False):
            configure(shop, server.base_url, preflight=setting)
            assert shop.push().preflight is None
        assert server.look_ups() == 0


def test_the_embedded_sandbox_is_looked_at_and_counts_it_apart(tmp_path: Path) -> None:
    """The receipt's requests and the sandbox's are those of the push alone."""
    shop = store(tmp_path, "sandbox", preflight=None, access_token=None)
    report = shop.push()
    assert report.preflight is not None
    assert report.sandbox is not None
    assert (report.exit_code, report.requests, report.preflight["requests"]) == (0, 1, 3)
    assert report.sandbox["requests"] == 1
    assert {one["status"] for one in report.preflight["checks"] if one["name"] in {"token", "event_source"}} == {"ok"}


def test_a_run_that_its_preflight_stopped_is_kept_with_its_code(tmp_path: Path) -> None:
    """The ledger knows the run, and no attempt."""
    with sandbox(tmp_path) as server:
        tell(server, [account(OTHER)])
        shop = store(tmp_path, server.base_url)
        refused(shop)
        assert shop.ledger("select exit_code from run") == [(3,)]
        assert shop.ledger("select count(*) from attempt") == [(0,)]


def test_a_push_that_is_stopped_while_it_looks_asks_nothing_more(tmp_path: Path) -> None:
    """Ctrl-C before the first question."""
    with sandbox(tmp_path) as server:
        shop = store(tmp_path, server.base_url)
        with pytest.raises(PusherError) as caught:
            shop.project().push(choice=PushChoice(), should_stop=lambda: True)
        assert [one.code for one in caught.value.problems] == ["interrupted"]
        assert counts(server) == (0, 0)
        assert not (shop.state.root / CACHE).exists()
