"""A ledger that cannot be trusted stops everything, and a ledger that can forgets nothing."""

from __future__ import annotations

import errno
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import duckdb
import pytest

from pusher.errors import Problem, StateError
from pusher.ledger import opening
from pusher.ledger.compaction import merge
from pusher.ledger.opening import SCHEMA_VERSION, check_files_at_rest, open_store, read_store
from pusher.ledger.state import StateFolder
from pusher.ledger.views import query
from tests.push.support import NOW, Order, Shop, orders

SENT_TWICE = "Restore the state folder from a backup; without this file rows could be sent twice or not at all."


def refused(shop: Shop) -> Problem:
    """Return the problem that the next push stops with."""
    with pytest.raises(StateError) as caught:
        shop.push()
    assert caught.value.exit_code == 2
    return caught.value.problems[0]


def test_state_is_private_to_its_user(shop: Shop) -> None:
    """Folders are 0700 and files 0600, whatever the umask."""
    modes = {
        path.relative_to(shop.state.root).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in (shop.state.root, *shop.state.root.rglob("*"))
    }

    assert {mode for name, mode in modes.items() if (shop.state.root / name).is_dir()} == {0o700}
    assert {mode for name, mode in modes.items() if (shop.state.root / name).is_file()} == {0o600}


def test_key_file_that_is_missing_stops_the_next_push(shop: Shop) -> None:
    """Without its keys a ledger would send rows again, so nothing is sent."""
    (keys,) = shop.state.keys.iterdir()
    keys.unlink()

    assert refused(shop) == Problem("ledger", "A file of the ledger is missing.", f"keys/{keys.name}", fix=SENT_TWICE)


def test_key_file_with_one_changed_byte_stops_the_next_push(shop: Shop) -> None:
    """A flipped byte of the same size is found by its digest."""
    (keys,) = shop.state.keys.iterdir()
    content = bytearray(keys.read_bytes())
    content[len(content) // 2] ^= 1
    keys.write_bytes(content)

    assert refused(shop) == Problem("ledger", "A file of the ledger was changed.", f"keys/{keys.name}", fix=SENT_TWICE)


@pytest.mark.parametrize("command", ["status", "report", "dry run"])
def test_a_missing_key_file_is_told_by_whatever_reads_the_ledger(shop: Shop, command: str) -> None:
    """Not that nothing was sent; while a push is at work, which replaces files, its word is taken."""
    read: dict[str, Callable[[], object]] = {
        "status": shop.project().ledger.summary,
        "report": lambda: shop.project().report(),
        "dry run": lambda: shop.push(dry_run=True),
    }
    (keys,) = shop.state.keys.iterdir()
    keys.unlink()

    with pytest.raises(StateError) as caught:
        read[command]()

    assert caught.value.problems == (
        Problem("ledger", "A file of the ledger is missing.", f"keys/{keys.name}", fix=SENT_TWICE),
    )
    if command == "status":
        with shop.state.locked():
            read[command]()


def test_a_dry_run_looks_at_every_byte_that_a_push_would(shop: Shop) -> None:
    """It would count rows as new that were sent."""
    (keys,) = shop.state.keys.iterdir()
    content = bytearray(keys.read_bytes())
    content[len(content) // 2] ^= 1
    keys.write_bytes(content)

    with pytest.raises(StateError) as caught:
        shop.push(dry_run=True)

    assert [one.message for one in caught.value.problems] == ["A file of the ledger was changed."]


def test_what_a_push_replaced_since_the_ledger_was_read_is_no_damage(shop: Shop) -> None:
    """The file that was read of is gone, and the ledger names another one by now."""
    store = read_store(shop.state)
    assert store is not None
    (keys,) = shop.state.keys.iterdir()
    renamed = keys.rename(keys.with_name("merged.parquet"))
    before = store.files()
    with closing(sqlite3.connect(shop.state.ledger)) as ledger, ledger:
        ledger.execute("update file set path = ? where kind = 'keys'", (f"keys/{renamed.name}",))

    with closing(store), patch.object(store, "files", lambda: before):
        check_files_at_rest(store, shop.state, has_digests=True)


def test_a_ledger_that_goes_away_while_it_is_read_is_damaged_still(shop: Shop) -> None:
    """There is nothing any more that could say that its files were replaced."""
    store = read_store(shop.state)
    assert store is not None
    (keys,) = shop.state.keys.iterdir()
    for path in (keys, shop.state.ledger, shop.state.ledger_id):
        path.unlink()

    with closing(store), pytest.raises(StateError) as caught:
        check_files_at_rest(store, shop.state, has_digests=False)

    assert caught.value.problems[0].message == "A file of the ledger is missing."


def test_a_key_file_that_cannot_be_read_is_told(shop: Shop) -> None:
    """As what it is, with its folder."""
    store = read_store(shop.state)
    assert store is not None

    def locked_away(_path: Path) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")

    with closing(store), patch.object(opening, "file_sha256", locked_away), pytest.raises(StateError) as caught:
        check_files_at_rest(store, shop.state, has_digests=True)

    assert "Permission denied" in caught.value.problems[0].message


def test_file_that_the_ledger_does_not_name_is_removed(shop: Shop) -> None:
    """Leftovers of a run that ended early do not stay."""
    leftover = shop.state.outbox / "half-written.parquet"
    leftover.write_bytes(b"half")
    (shop.state.keys / "old.staging").mkdir()

    shop.push()

    assert not leftover.exists()
    assert [path.suffix for path in shop.state.keys.iterdir()] == [".parquet"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The ledger is empty."),
        (b"not a database at all, but long enough to look at", "The ledger is not an SQLite file."),
    ],
)
def test_ledger_that_is_no_database_is_never_replaced(shop: Shop, content: bytes, message: str) -> None:
    """An empty or foreign file in the ledger's place is refused and kept."""
    shop.state.ledger.write_bytes(content)

    assert refused(shop).message == message
    assert shop.state.ledger.read_bytes() == content


def test_ledger_with_a_damaged_page_is_refused(shop: Shop) -> None:
    """Damage inside the file is found before anything is sent."""
    content = bytearray(shop.state.ledger.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    shop.state.ledger.write_bytes(content)

    assert refused(shop).code == "ledger"


def test_ledger_of_a_newer_version_is_refused(shop: Shop) -> None:
    """A downgrade does not touch a ledger that it does not know."""
    with sqlite3.connect(shop.state.ledger) as connection:
        connection.execute("pragma user_version = 99")
    connection.close()

    problem = refused(shop)

    assert problem.message == f"The ledger has schema 99, this version of pusher knows {SCHEMA_VERSION}."
    assert problem.fix == "Install the newer pusher that wrote it."


def test_ledger_that_was_deleted_is_not_made_anew(shop: Shop) -> None:
    """With the rest of the state folder still there, a missing ledger is a loss, not a first run."""
    shop.state.ledger.unlink()

    assert refused(shop).message == "The ledger is gone, but its state folder was in use."


def test_profile_that_pins_another_ledger_is_refused(shop: Shop) -> None:
    """A pinned ledger_id that differs stops the push."""
    text = (shop.root / "profiles.yml").read_text()
    (shop.root / "profiles.yml").write_text(text.replace('{"dev": {"tiktok"', '{"dev": {"ledger_id": "x", "tiktok"'))

    assert refused(shop).message == "This is not the ledger that the profile names."


def test_pinned_ledger_that_is_absent_is_not_made_anew(shop: Shop) -> None:
    """With a pinned ledger_id an absent state folder is a loss, not a first run."""
    shop.profile("sandbox")
    text = (shop.root / "profiles.yml").read_text()
    (shop.root / "profiles.yml").write_text(text.replace('{"dev": {"tiktok"', '{"dev": {"ledger_id": "x", "tiktok"'))
    shutil.rmtree(shop.state.root)

    assert refused(shop).message == "The ledger x that the profile names is not here."


def test_crash_while_the_ledger_was_made_is_forgiven(tmp_path: Path) -> None:
    """An empty ledger file without its id was never used, so the next run makes it."""
    state = StateFolder(tmp_path / "state")
    state.create()
    state.ledger.touch()

    store = open_store(state, base_url="sandbox", now=NOW)

    assert store.meta("base_url") == "sandbox"
    store.close()


def test_a_full_disk_that_ends_a_transaction_by_itself_is_what_is_told(shop: Shop) -> None:
    """SQLite has rolled back by then, so that there is nothing left to roll back, and the next transaction works."""
    store = open_store(shop.state, base_url=None, now=NOW)
    (pages,) = store.connection.execute("pragma page_count").fetchone()
    store.connection.execute(f"pragma max_page_count = {pages}")

    def fill() -> None:
        with store.transaction():
            store.set_meta("first", "small")
            store.set_meta("large", "x" * 10**6)

    with pytest.raises(sqlite3.OperationalError, match="database or disk is full"):
        fill()
    with store.transaction():
        store.set_meta("second", "small")

    assert [store.meta(name) for name in ("first", "large", "second")] == [None, None, "small"]
    store.close()


def test_a_commit_that_fails_leaves_no_transaction_open(shop: Shop) -> None:
    """Somebody reads for longer than a commit waits: nothing of it is stored, then or by what is stored next."""
    store = open_store(shop.state, base_url="sandbox", now=NOW)
    store.connection.execute("pragma busy_timeout = 0")
    reader = sqlite3.connect(shop.state.ledger, isolation_level=None)
    reader.execute("begin")
    reader.execute("select count(*) from run").fetchone()

    with pytest.raises(sqlite3.OperationalError, match="locked"), store.transaction():
        store.set_meta("half", "done")
    reader.close()
    with store.transaction():
        store.set_meta("whole", "done")

    assert (store.meta("half"), store.meta("whole")) == (None, "done")
    store.close()


def test_keys_are_merged_where_a_condition_holds(tmp_path: Path) -> None:
    """A merge keeps the rows that it is asked for; without any there is no file."""
    paths = []
    for number, event_time in enumerate((5, 10, 15)):
        path = tmp_path / f"{number}.parquet"
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (select {number} as event_key, {event_time}::bigint as event_time) to '{path}' (format parquet)"
            )
        paths.append(path)

    rows = merge(paths, tmp_path / "merged.parquet", "event_time >= 10")

    with duckdb.connect() as connection:
        kept = connection.execute(
            f"select event_key from read_parquet('{tmp_path}/merged.parquet') order by 1"
        ).fetchall()
    assert rows == 2
    assert kept == [(1,), (2,)]
    assert merge(paths, tmp_path / "empty.parquet", "event_time > 15") == 0
    assert not (tmp_path / "empty.parquet").exists()


def test_many_key_files_become_one_and_still_hold_every_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the merge a look-back over everything that was sent still sends nothing."""
    monkeypatch.setattr("pusher.ledger.compaction.MOST_KEY_FILES", 2)
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(1))
    shop.build()
    for day in range(4):
        shop.sell(orders(day + 1))
        shop.push(now=NOW + timedelta(minutes=day))

    report = shop.push()

    assert report.models[0].held == {"accepted": 4}
    assert len(list(shop.state.keys.iterdir())) <= 3


def test_ledger_can_be_asked_in_sql_while_it_is_locked(shop: Shop) -> None:
    """`status --sql` reads a copy, so it works while a push holds the lock."""
    with shop.state.locked():
        rows = query(
            shop.state,
            "select model, state, sum(batch.rows)::int as rows from batch join part on part.id = part group by all",
        )
        keys = query(shop.state, "select state, count(*) as keys from sent_keys group by state")

    assert rows == [{"model": "tiktok_offline_events", "state": "accepted", "rows": 3}]
    assert keys == [{"state": "accepted", "keys": 3}]


def test_status_counts_what_is_open(shop: Shop) -> None:
    """Rows that were planned and not sent are shown as open, with how many are refused and why."""
    shop.sell([*orders(3), Order("late", at="2026-09-01 00:00:00")])
    shop.push()

    summary = shop.project().ledger.summary()

    assert summary is not None
    assert summary.open_rows == []
    assert summary.settled_rows == [{"model": "tiktok_offline_events", "space": "", "state": "accepted", "rows": 3}]
    assert [(row["term"], row["reason"], row["rows"]) for row in summary.quarantined] == [("expired", "too-old", 1)]


def test_views_tell_test_events_from_real_ones_and_are_there_before_any_file(tmp_path: Path) -> None:
    """A key carries its key space, moments with a zone can be asked for, and an empty view has its columns."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(2))
    shop.build()
    shop.push(test_event_code="TEST1")

    keys = query(shop.state, "select space, count(*) as keys from sent_keys group by space")
    moments = query(shop.state, "select to_timestamp(max(event_time)) as newest from sent_keys")
    empty = query(shop.state, "select count(sendable_until) as rows from quarantine")

    assert keys == [{"space": "test:TEST1", "keys": 2}]
    assert moments[0]["newest"].isoformat() == "2026-11-19T10:00:00+00:00"
    assert empty == [{"rows": 0}]
