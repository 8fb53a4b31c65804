"""`pusher doctor`: what it prints, what it finds due, and how it ends."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher import doctor
from pusher.cli.app import run
from pusher.credentials import FILE, CredentialStore
from pusher.errors import DestinationRefused
from pusher.project.outcomes import Patience
from tests.cli.conftest import Ran, pusher
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
from tests.push.support import NOW, VIEW, Order, Server, Shop, orders

AT = ("--clock", NOW.isoformat())


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A sandbox on a socket."""
    with sandbox(tmp_path) as found:
        yield found


def examined(shop: Shop, *words: str) -> Ran:
    """Run the command on a project."""
    return pusher("doctor", "--project-dir", str(shop.root), *(words or AT))


def calendar(ran: Ran, kind: str) -> list[dict[str, Any]]:
    """Return the entries of a kind."""
    return [entry for entry in ran.json["calendar"] if entry["kind"] == kind]


def test_a_project_in_order_is_printed_in_three_parts(tmp_path: Path, server: Server) -> None:
    """Surroundings, account and calendar, within 80 columns; the exit code is 0."""
    shop = store(tmp_path, server.base_url)
    ran = examined(shop)
    assert ran.code == 0, ran.out + ran.err
    lines = ran.out.splitlines()
    assert [line for line in lines if line in {"Surroundings", "Account", "Calendar, in UTC"}] == [
        "Surroundings", "Account", "Calendar, in UTC",
    ]  # fmt: skip
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "All is well, and nothing is due within 14 days."
    assert "ok      token         TikTok takes it" in lines
    assert "?       clock         --clock sets it" in lines
    assert server.totals()["requests"] == 0


def test_it_always_asks_and_what_it_found_spares_the_push_a_look(tmp_path: Path, server: Server) -> None:
    """A passed look is remembered by both, and the doctor never takes an old one."""
    shop = store(tmp_path, server.base_url)
    shop.push()
    looked = server.look_ups()
    ran = examined(shop, *AT, "--json")
    assert (ran.json["preflight"]["cached"], server.look_ups() - looked) == (False, 3)


def test_what_the_doctor_finds_wrong_lets_the_next_push_look_again(tmp_path: Path, server: Server) -> None:
    """Within the hour too: an account that was closed since is no longer one that was found well."""
    shop = store(tmp_path, server.base_url)
    assert shop.push().exit_code == 0
    tell(server, [account(status="STATUS_DISABLE")], [event_set()])
    assert examined(shop, *AT).code == 3
    with pytest.raises(DestinationRefused) as caught:
        shop.push()
    assert [problem.code for problem in caught.value.problems] == ["preflight-advertiser"]


def test_a_new_project_is_looked_at_without_making_anything(tmp_path: Path) -> None:
    """No state folder comes from looking; the embedded sandbox's own file is the exception that it always was."""
    shop = Shop(tmp_path / "shop", "https://business-api.tiktok.com/open_api/v1.3", access_token=None)
    shop.sell(orders(1))
    ran = examined(shop, "--json")
    assert ran.code == 2
    assert {check["name"]: check["status"] for check in ran.json["checks"]}["token"] == "failed"  # noqa: S105 -- a status
    assert ran.json["preflight"] is None
    assert not (shop.root / ".pusher").exists()


def test_a_project_that_does_not_load_ends_with_2(tmp_path: Path) -> None:
    """What depends on it is skipped, and the calendar is empty."""
    shop = Shop(tmp_path / "shop")
    (shop.root / "profiles.yml").unlink()
    ran = examined(shop)
    assert (ran.code, ran.out.splitlines()[-1]) == (2, "1 check failed.")
    assert "It was not asked." in ran.out


def test_what_tiktok_refuses_ends_with_3_and_stands_below_its_check(tmp_path: Path, server: Server) -> None:
    """The remedy is the one of a push."""
    tell(server, [account(OTHER)], [event_set()])
    shop = store(tmp_path, server.base_url)
    ran = examined(shop)
    assert ran.code == 3
    assert "failed  advertiser    7654321098765432109" in ran.out.splitlines()
    assert "Business Center" in ran.out
    assert ran.out.splitlines()[-1] == "1 check failed."


def test_a_token_that_is_not_taken_is_not_tried_further(tmp_path: Path) -> None:
    """One request tells it; audiences are not listed."""
    with sandbox(tmp_path, token="token-that-is-right") as server:  # noqa: S106 -- made up
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(3)))
        club.build()
        ran = examined(club, *AT, "--json")
        assert (ran.code, server.totals()["requests"], server.look_ups()) == (3, 0, 1)
    assert [check["name"] for check in ran.json["preflight"]["checks"] if check["status"] == "failed"] == ["token"]


# The calendar


def test_rows_that_become_too_old_are_listed_with_their_first_moment(tmp_path: Path) -> None:
    """The last moment to send again, to send at all and to be kept, earliest first."""
    with sandbox(tmp_path, [{"match": {"path": "event/track/"}, "do": "drop_before", "times": None}]) as server:
        shop = store(tmp_path, server.base_url, preflight=False)
        old = NOW - timedelta(days=25)
        nobody = Order("order-nobody", digest="no digest")
        shop.sell([*orders(2), Order("order-old", at=old.strftime("%Y-%m-%d %H:%M:%S")), nobody])
        shop.build()
        assert shop.push(patience=Patience(deadline_s=5)).exit_code == 4
        ran = examined(shop, *AT, "--json")
        rows = [(entry["date"], entry["what"].split(";")[0]) for entry in calendar(ran, "rows")]
    assert (ran.code, rows) == (
        1,
        [
            ("2026-11-22T00:00:00+00:00", "3 rows of unknown outcome"),
            ("2026-11-23T12:00:00+00:00", "3 rows not sent yet"),
            ("2026-11-27T12:00:00+00:00", "3 rows frozen and not settled"),
            ("2026-12-17T10:00:00+00:00", "1 row refused by the contract"),
        ],
    )


def test_what_is_due_of_test_events_is_done_with_their_code(tmp_path: Path, server: Server) -> None:
    """A plain push would not send them."""
    shop = store(tmp_path, server.base_url, preflight=False)
    shop.sell(orders(1))
    shop.build()
    shop.push(test_event_code="T1", patience=Patience(deadline_s=0.0))

    entries = calendar(examined(shop, *AT, "--json"), "rows")

    assert [(entry["where"], entry["fix"]) for entry in entries] == [
        (
            f"{VIEW} (test:T1)",
            "Run `pusher push --test-event-code T1`: after 7 days they are parked, and a person decides.",
        ),
        (
            f"{VIEW} (test:T1)",
            "Run `pusher push --test-event-code T1`: after that TikTok does not count them.",
        ),
    ]


def test_rows_without_identity_are_listed_and_do_not_count(tmp_path: Path, server: Server) -> None:
    """There are some on most days, and a push ends with 0 whatever their number."""
    shop = store(tmp_path, server.base_url)
    path = shop.root / "models" / f"{VIEW}.sql"
    path.write_text(path.read_text().replace("digest as email", "nullif(digest, 'none') as email"))
    shop.sell([Order("order-nobody", digest="none", at="2026-10-24 10:00:00")])
    shop.build()
    assert shop.push().exit_code == 0
    ran = examined(shop, *AT, "--json")
    (entry,) = calendar(ran, "rows")
    assert (ran.code, entry["counts"], entry["what"]) == (
        0,
        False,
        "1 row without identity; this is the last moment of the first, 1 within 14 days",
    )
    said = examined(shop, *AT).out.splitlines()
    assert said[-1] == "All is well, and nothing that needs anybody is due within 14 days."


def test_an_audience_ends_when_tiktok_says_so(tmp_path: Path, server: Server) -> None:
    """Within the days it is due."""
    club = Club(tmp_path / "club", server.base_url)
    club.join(people(range(3)))
    club.push()
    (entry,) = calendar(examined(club, *AT, "--json"), "audience")
    ends = datetime.fromisoformat(entry["date"])
    # The clock runs on from NOW, so that the last day is not whole.
    assert (ends - NOW, entry["days_left"]) == (timedelta(days=365), 364)
    assert entry["what"] == "Audience `Best customers` ends"
    assert entry["where"].endswith(f"of advertiser {ADVERTISER}")
    soon = examined(club, "--clock", (ends - timedelta(days=3)).isoformat(), "--json")
    assert (soon.code, calendar(soon, "audience")[0]["days_left"]) == (1, 2)
    over = examined(club, "--clock", (ends + timedelta(days=2)).isoformat())
    assert f"{ends:%Y-%m-%d %H:%M}, over" in over.out.splitlines()


def test_an_audience_whose_end_tiktok_does_not_tell_has_no_date(tmp_path: Path) -> None:
    """The rule of 365 days is said instead."""
    listed: dict[str, Any] = {
        "list": [],
        "page_info": {"page": 1, "page_size": 100, "total_number": 1, "total_page": 1},
    }
    faults: list[dict[str, Any]] = []
    with sandbox(tmp_path, faults) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(3)))
        club.push()
        (known,) = calendar(examined(club, *AT, "--json"), "audience")
        audience_id = known["where"].split()[2]
    listed["list"] = [{"audience_id": audience_id, "name": "Best customers", "expired_time": ""}]
    answer = {"match": {"path": "list/", "nth": 2}, "do": 0, "times": None, "data": listed}
    with sandbox(tmp_path, [answer]) as server:
        club.profile(server.base_url, advertiser_ids=[ADVERTISER])
        (club.root / ".pusher" / "dev" / "ledger.sqlite").unlink()
        (club.root / ".pusher" / "dev" / "ledger.id").unlink()
        (entry,) = calendar(examined(club, *AT, "--json"), "audience")
    assert (entry["date"], entry["days_left"]) == (None, None)
    assert entry["what"].endswith("unused and unchanged it ends after 365 days")


@pytest.mark.parametrize("name", ["Tents - {campaign} - {group}", "Best customers"])
def test_an_audience_that_waits_for_a_campaign_is_looked_at_like_any_other(name: str, tmp_path: Path) -> None:
    """It has no name yet, and its account, scopes and role are needed all the same."""
    club = Club(tmp_path / "club", name=name, more=", 'visible_to_campaigns': true" if "{" in name else "")
    club.join(people(range(3)))
    ran = examined(club, *AT, "--json")
    assert (ran.code, ran.json["errors"], [one for one in ran.json["checks"] if one["status"] != "ok"]) == (0, [], [])
    assert {one["name"]: one["status"] for one in ran.json["preflight"]["checks"]} == {
        "token": "ok",
        "scopes": "unknown",
        "advertiser": "ok",
        "role": "unknown",
        "clock": "unknown",
    }


def test_audiences_that_cannot_be_listed_are_a_check_of_their_own(tmp_path: Path) -> None:
    """An answer without a list: nothing is known, and nothing is wrong."""
    fault = {"match": {"path": "custom_audience/list/", "nth": 2}, "do": 0, "times": None}
    with sandbox(tmp_path, [fault]) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(3)))
        club.build()
        ran = examined(club, *AT, "--json")
    checks = {check["name"]: check["status"] for check in ran.json["checks"]}
    assert (ran.code, checks["audiences"]) == (4, "unknown")


def test_a_server_that_is_not_there_is_not_asked_twice(tmp_path: Path) -> None:
    """Nobody can say that all is well: exit 4, and the rest of the calendar is there."""
    club = Club(tmp_path / "club", "http://127.0.0.1:9/open_api/v1.3")
    club.join(people(range(3)))
    club.build()
    ran = examined(club)
    assert (ran.code, ran.out.splitlines()[-1]) == (4, "TikTok did not answer: run it again.")
    assert examined(club, *AT, "--json").json["preflight"]["requests"] == 1


def test_an_event_name_with_a_last_year_is_listed_with_its_place(tmp_path: Path, server: Server) -> None:
    """From the first day of that year on it may be refused."""
    shop = store(tmp_path, server.base_url)
    path = shop.root / "models" / f"{VIEW}.sql"
    path.write_text(path.read_text().replace("'Purchase'", "'PlaceAnOrder'"))
    (entry,) = calendar(examined(shop, *AT, "--json"), "event_name")
    assert entry == {
        "date": "2027-01-01T00:00:00+00:00",
        "days_left": 41,
        "kind": "event_name",
        "what": (
            "`PlaceAnOrder` may be refused from then on. Removed from the documentation in 2025, still accepted until "
            "its sunset in 2027"
        ),
        "where": f"{VIEW}, models/{VIEW}.sql:4",
        "fix": "Choose another event name; `pusher lint` lists them (PU209).",
        "counts": True,
    }
    assert examined(shop, *AT, "--days", "42").code == 1


def test_what_has_no_date_comes_last(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token from the file or the environment, the disks, and the facts about TikTok."""
    shop = store(tmp_path, server.base_url)
    ran = examined(shop, *AT, "--json")
    found = [(entry["kind"], entry["where"]) for entry in ran.json["calendar"]]
    assert [kind for kind, _ in found] == ["token", "disk", "disk", "contract"]
    assert found[0][1] == "profiles.yml:1"
    assert found[1][1] == ".pusher/dev"
    configure(shop, server.base_url, access_token=None)
    monkeypatch.setenv("TIKTOK_ACCESS_TOKEN", TOKEN)
    assert calendar(examined(shop, *AT, "--json"), "token")[0]["where"] == "TIKTOK_ACCESS_TOKEN"


def test_a_stored_token_has_an_age_and_a_last_use(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no end, so its age is what there is to know."""
    monkeypatch.setenv("PUSHER_CREDENTIALS_DIR", str(tmp_path / "credentials"))
    shop = store(tmp_path, server.base_url, access_token=None)
    configure(shop, server.base_url, access_token=None)
    kept = CredentialStore(place=FILE)
    found = []
    for used in (None, NOW - timedelta(hours=2), NOW - timedelta(days=1), NOW - timedelta(days=3)):
        kept.put(credential(last_used_at=None if used is None else used.replace(tzinfo=None)))
        (entry,) = calendar(examined(shop, *AT, "--json"), "token")
        assert (entry["date"], entry["where"]) == (None, "credential default")
        found.append(entry["what"].removeprefix("Access token `default` (oauth): no end known, granted 19 days ago, "))
    assert found == ["never used", "used within a day", "last used 1 day ago", "last used 3 days ago"]


def test_a_full_disk_is_due_now(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less than a gigabyte is too little for the next build and push."""
    shop = store(tmp_path, server.base_url)
    little = type("Usage", (), {"free": doctor.LEAST_FREE_BYTES - 1})
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: little)
    ran = examined(shop)
    assert ran.code == 1
    assert f"{NOW:%Y-%m-%d %H:%M}, within a day" in ran.out.splitlines()


def test_a_ledger_that_cannot_be_read_fails_alone(tmp_path: Path, server: Server) -> None:
    """The rest of the calendar is there."""
    shop = store(tmp_path, server.base_url)
    shop.push()
    shop.state.ledger.write_bytes(b"no ledger")
    ran = examined(shop, *AT, "--json")
    assert ran.code == 2
    assert {"ledger": "failed"}.items() <= {check["name"]: check["status"] for check in ran.json["checks"]}.items()
    assert calendar(ran, "contract")


def test_no_secret_and_no_person_is_in_any_output(tmp_path: Path, server: Server) -> None:
    """The token in no form, and no digest of a customer, in text, in JSON or in the file that is kept."""
    shop = store(tmp_path, server.base_url)
    shop.push()
    texts = [(shop.state.root / CACHE).read_text()]
    for words in ((), ("--json",)):
        ran = examined(shop, *AT, *words)
        texts += [ran.out, ran.err]
    digests = [hashlib.sha256(order.order_id.encode()).hexdigest() for order in orders(3)]
    secrets = [TOKEN, TOKEN.upper(), TOKEN.encode().hex(), hashlib.sha256(TOKEN.encode()).hexdigest(), *digests]
    assert [secret for secret in secrets for text in texts if secret in text] == []


def test_json_is_one_object_with_what_the_page_names(tmp_path: Path, server: Server) -> None:
    """Also for a project that does not load."""
    shop = store(tmp_path, server.base_url)
    found = examined(shop, *AT, "--json").json
    assert {"days", "checks", "preflight", "calendar"} <= found.keys()
    (shop.root / "dbt_project.yml").unlink()
    broken = examined(shop, *AT, "--json")
    assert (broken.code, broken.json["calendar"]) == (2, [])
    assert json.loads(broken.out)["preflight"] is None


def test_days_below_zero_are_refused(tmp_path: Path) -> None:
    """As any wrong option."""
    assert run(["doctor", "--days", "-1", "--project-dir", str(tmp_path)]) == 2
