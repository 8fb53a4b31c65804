"""`pusher clean`: what is too old to matter is forgotten, and nothing that a push may still meet."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pusher.errors import StateError
from pusher.ledger import reopen
from tests.push.refused import POISON, shop_at, with_a_refused_row
from tests.push.support import NOW, VIEW, Order, Shop, orders, serving, terms

NO_AUDIENCES = {"audience requests": 0, "audience changes": 0, "audience loads": 0}


def test_clean_tells_keys_that_cannot_be_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is forgotten in silence: the command ends with 2 and what to do."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = with_a_refused_row(server, tmp_path)
        before = shop.ledger("select kind, path from file order by id")

        def full(*_: object) -> str:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("pusher.ledger.compaction.publish", full)
        with pytest.raises(StateError, match="key files could not be merged"):
            shop.project().ledger.clean(keep=timedelta(days=400))

        assert shop.ledger("select kind, path from file order by id") == before


def test_clean_forgets_what_is_too_old_and_nothing_else(tmp_path: Path) -> None:
    """Runs, requests and refused rows of long ago go; what a push may still meet stays, and nothing is sent twice."""
    now = NOW + timedelta(days=20)
    with serving(tmp_path / "sandbox.sqlite", [POISON], now) as server:
        shop = with_a_refused_row(server, tmp_path)
        shop.project().compile()
        rows = [Order(f"order-{number:05d}", at="2026-12-09 10:00:00") for number in range(100, 105)]
        rows[0].amount = "13.00"
        shop.sell([*orders(30), *rows])
        shop.build()
        shop.push(now=now)

        early = shop.project(now).ledger.clean(keep=timedelta(days=35))
        again = shop.push(now=now)
        late = NOW + timedelta(days=60)
        removed = shop.project(late).ledger.clean(keep=timedelta(days=45))

        assert early == {
            "compiled files": 1,
            "archived keys": 0,
            "reopened rows": 0,
            "refused rows": 0,
            "attempts": 0,
            "batches": 0,
            "parts": 0,
            "runs": 0,
            "older ledgers": 0,
            **NO_AUDIENCES,
        }
        assert again.models[0].held == {"accepted": 33, "corrected": 1, "dead": 1}
        assert terms(again) == {"already_sent": 35}
        attempts = removed.pop("attempts")
        assert attempts >= 2
        assert removed == {
            "compiled files": 0,
            "archived keys": 30,
            "reopened rows": 0,
            "refused rows": 0,
            "batches": removed["batches"],
            "parts": 1,
            "runs": 1,
            "older ledgers": 0,
            **NO_AUDIENCES,
        }
        assert shop.keys() == [("accepted", 4), ("dead", 1)]
        assert shop.ledger("select count(*) from part") == [(1,)]


def test_keys_that_no_plan_can_meet_go_to_the_archive(tmp_path: Path) -> None:
    """Events of more than 30 days ago cannot be sent any more; what was sent of them is still known for reports."""
    late = NOW + timedelta(days=40)
    with serving(tmp_path / "sandbox.sqlite", now=NOW) as server:
        shop = shop_at(server, tmp_path, orders(3))
        shop.push()
    with serving(tmp_path / "later.sqlite", now=late) as server:
        shop.profile(server.base_url)
        with sqlite3.connect(shop.state.ledger) as connection:
            connection.execute("update meta set value = ? where name = 'base_url'", (server.base_url,))
        connection.close()
        shop.sell([Order("order-00100", at="2026-12-29 10:00:00")])
        shop.push(now=late)

        shop.project(late).ledger.clean(keep=timedelta(days=400))

        assert shop.ledger("select kind, rows from file order by kind") == [("archive", 3), ("keys", 1)]
        known = shop.project().ledger.query("select count(*) as keys from sent_keys where state = 'accepted'")
        assert known == [{"keys": 4}]


@pytest.mark.parametrize("seconds", [-1, 0, 1])
def test_a_key_at_the_limit_is_kept_once(tmp_path: Path, seconds: int) -> None:
    """Thirty days after the event, to the second, its key is in one of the two files."""
    shop = Shop(tmp_path / "shop")
    shop.sell([Order("order-00000", at="2026-11-19 10:00:00")])
    shop.build()
    shop.push()
    at = NOW.replace(day=19, hour=10) + timedelta(days=30, seconds=seconds)

    shop.project(at).ledger.clean(keep=timedelta(days=400))

    assert shop.ledger("select kind, rows from file") == [("archive" if seconds > 0 else "keys", 1)]


def test_clean_forgets_everything_of_a_shop_that_was_closed(tmp_path: Path) -> None:
    """After a long time no refused row, no archived key and no older copy of the ledger is left."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = with_a_refused_row(server, tmp_path)
        for name, days_ago in (("ledger-schema-0.sqlite", 600), ("ledger-schema-1.sqlite", 0)):
            (shop.state.root / name).touch()
            at = (NOW + timedelta(days=500 - days_ago)).timestamp()
            os.utime(shop.state.root / name, (at, at))
        late = NOW + timedelta(days=500)
        shop.sell([Order("order-00000", at="2020-01-01 10:00:00")])
        shop.push(now=late)

        removed = shop.project(late).ledger.clean(keep=timedelta(days=400))

        assert {what: removed[what] for what in ("archived keys", "refused rows", "older ledgers", "runs")} == {
            "archived keys": 30,
            "refused rows": 1,
            "older ledgers": 1,
            "runs": 1,
        }
        assert shop.ledger("select kind from file") == [("quarantine",)]
        assert not (shop.state.root / "ledger-schema-0.sqlite").exists()
        assert (shop.state.root / "ledger-schema-1.sqlite").exists()


def test_retry_leaves_key_files_without_refused_rows_alone(tmp_path: Path) -> None:
    """Only the files that hold a reopened row are written anew."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = with_a_refused_row(server, tmp_path)
        shop.sell(orders(40))
        shop.push()
        before = shop.ledger("select path, sha256 from file where kind = 'keys' order by id")

        shop.project().ledger.retry()

        after = shop.ledger("select path, sha256 from file where kind = 'keys' order by id")
        assert len(before) == len(after) == 2
        assert after[0] == before[1]


def test_clean_keeps_key_spaces_apart(tmp_path: Path) -> None:
    """Keys of real events and of a test are merged and archived each for itself, and neither is sent again."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(3))
    shop.build()
    shop.push()
    shop.sell(orders(2))
    shop.push(test_event_code="T1")
    files = "select kind, space, rows from file order by space"

    shop.project().ledger.clean(keep=timedelta(days=400))
    merged = shop.ledger(files)
    again = [shop.push(), shop.push(test_event_code="T1")]
    late = NOW + timedelta(days=40)
    for _ in range(2):
        shop.project(late).ledger.clean(keep=timedelta(days=400))

    assert merged == [("keys", "", 3), ("keys", "test:T1", 2)]
    assert [report.models[0].held for report in again] == [{"accepted": 2}, {"accepted": 2}]
    assert shop.ledger(files) == [("archive", "", 3), ("archive", "test:T1", 2)]
    known = shop.project().ledger.query("select space, count(*) as keys from sent_keys group by space order by space")
    assert known == [{"space": "", "keys": 3}, {"space": "test:T1", "keys": 2}]


def test_clean_keeps_reopened_rows_while_a_plan_may_meet_them(tmp_path: Path) -> None:
    """A reopened row that nobody corrected is not sent again as it was; it is forgotten once its event is too old."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = with_a_refused_row(server, tmp_path)
        shop.project().ledger.retry()
        sent = len(server.requests())

        early = shop.project().ledger.clean(keep=timedelta(days=400))
        after = shop.push()
        late = shop.project(NOW + timedelta(days=30)).ledger.clean(keep=timedelta(days=400))

        assert (early["reopened rows"], late["reopened rows"]) == (0, 1)
        assert (after.models[0].held, len(server.requests())) == ({"accepted": 29, "dead": 1}, sent)


def test_retry_finds_refused_rows_that_clean_kept(tmp_path: Path) -> None:
    """Cleaning up takes nothing away from what a person may still decide about, and is recorded as a run."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = with_a_refused_row(server, tmp_path)

        shop.project().ledger.clean(keep=timedelta(days=400))
        report = shop.project().ledger.retry()

        assert [(one.model, one.reason, one.rows) for one in report.refused] == [(VIEW, "tiktok-40002", 1)]
        assert report.reopened == 1
        runs = shop.ledger("select command, exit_code, finished_at is not null from run order by rowid")
        assert runs == [("push", 1, 1), ("clean", 0, 1), ("retry", 0, 1)]


def test_forgotten_keys_stay_forgotten_when_the_clock_went_back(tmp_path: Path) -> None:
    """After a clean by a clock that ran ahead, another one by the right clock does not let archived events be sent."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(5))
    shop.build()
    shop.push()
    ahead = NOW + timedelta(days=46)
    shop.sell([Order("order-00100", at="2027-01-04 10:00:00")])
    shop.push(now=ahead)
    shop.project(ahead).ledger.clean(keep=timedelta(days=400))
    with sqlite3.connect(shop.state.ledger) as connection:
        connection.execute("update run set started_at = ?", (NOW.isoformat(),))
    connection.close()
    now = NOW + timedelta(hours=60)
    shop.sell(orders(5))

    shop.project(now).ledger.clean(keep=timedelta(days=400))
    report = shop.push(now=now)

    assert (terms(report), report.requests) == ({"expired": 5}, 0)


def test_an_archive_that_lost_bytes_stops_the_next_push(tmp_path: Path) -> None:
    """It may hold years, so its digest is not worked out each time; its size is looked at."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(3))
    shop.build()
    shop.push()
    late = NOW + timedelta(days=40)
    shop.project(late).ledger.clean(keep=timedelta(days=400))
    (archive,) = shop.state.keys.iterdir()
    archive.write_bytes(archive.read_bytes()[:-1])

    with pytest.raises(StateError) as caught:
        shop.push(now=late)

    (problem,) = caught.value.problems
    assert (problem.message, problem.file) == ("A file of the ledger was changed.", f"keys/{archive.name}")


def test_an_archive_that_a_plan_cannot_read_is_told_as_damaged(tmp_path: Path) -> None:
    """Whatever DuckDB makes of its bytes: nothing is sent, and the remedy is the backup."""
    rows = orders(300)
    shop = Shop(tmp_path / "shop")
    shop.sell(rows)
    shop.build()
    shop.push()
    late = NOW + timedelta(days=40)
    shop.project(late).ledger.clean(keep=timedelta(days=400))
    (archive,) = shop.state.keys.iterdir()
    whole = archive.read_bytes()
    shop.sell([replace(order, at="2026-12-29 10:00:00") for order in rows])

    told = set()
    for place in range(4, len(whole) - 8, len(whole) // 20):
        archive.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            shop.push(now=late, dry_run=True)
        except StateError as error:
            (problem,) = error.problems
            told.add((problem.message, problem.file))

    assert told == {("A file of the ledger was changed.", f"keys/{archive.name}")}


def test_an_archive_that_retry_cannot_read_is_told_as_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks there for what was accepted since; what else DuckDB cannot do is not laid to a file that is whole."""
    late = NOW + timedelta(days=40)
    with serving(tmp_path / "sandbox.sqlite", [POISON], now=late) as server:
        shop = shop_at(server, tmp_path, orders(3))
        shop.push()
        shop.project(late).ledger.clean(keep=timedelta(days=400))
        shop.sell([Order("order-00100", at="2026-12-29 10:00:00", amount="13.00")])
        shop.push(now=late)
        (path,) = (one for (one,) in shop.ledger("select path from file where kind = 'archive'"))
        archive = shop.state.root / path
        whole = archive.read_bytes()
        with monkeypatch.context() as patched:
            patched.setattr(reopen, "MEMORY_LIMIT", "1KB")
            with pytest.raises(StateError) as other:
                shop.project(late).ledger.retry()
        archive.write_bytes(whole[:-20] + bytes(20))
        with pytest.raises(StateError) as caught:
            shop.project(late).ledger.retry()

    assert [one.code for one in other.value.problems] == ["state-write"]
    assert [(one.message, one.file) for one in caught.value.problems] == [("A file of the ledger was changed.", path)]


def test_clean_gives_the_room_of_what_it_forgot_back(tmp_path: Path) -> None:
    """The ledger's file holds no empty page afterwards."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(3))
    shop.build()
    for day in range(10):
        shop.push(now=NOW + timedelta(days=day))
    size = shop.state.ledger.stat().st_size

    shop.project(NOW + timedelta(days=60)).ledger.clean(keep=timedelta(days=35))

    assert shop.ledger("select command from run") == [("clean",)]
    assert shop.ledger("pragma freelist_count") == [(0,)]
    assert shop.state.ledger.stat().st_size < size


def test_clean_before_the_first_push_only_removes_compiled_sql(tmp_path: Path) -> None:
    """Without a ledger there is nothing to forget, and none is made."""
    shop = Shop(tmp_path / "shop")
    shop.project().compile()

    assert shop.project().ledger.clean(keep=timedelta(days=400)) == {"compiled files": 1}
    assert not shop.state.root.exists()


@pytest.mark.parametrize("target_path", ["target", ".", "notes"])
def test_clean_removes_nothing_but_compiled_sql(tmp_path: Path, target_path: str) -> None:
    """Whatever folder `target-path` names, the files of the project and its ledger stay."""
    shop = Shop(tmp_path / "shop")
    with (shop.root / "dbt_project.yml").open("a") as file:
        file.write(f'target-path: "{target_path}"\n')
    shop.sell(orders(1))
    shop.build_as_users_do()
    shop.push()
    (shop.root / target_path).mkdir(exist_ok=True)
    (shop.root / target_path / "notes.txt").write_text("mine")
    compiled = shop.root / target_path / "compiled"
    before = {path for path in shop.root.rglob("*") if path.is_file() and compiled not in path.parents}

    removed = shop.project().ledger.clean(keep=timedelta(days=400))

    assert removed["compiled files"] == 1
    after = {path for path in shop.root.rglob("*") if path.is_file()}
    assert {path for path in before if shop.state.root not in path.parents} <= after
    assert shop.push().models[0].held == {"accepted": 1}
