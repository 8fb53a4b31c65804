"""What the ledger says when a file or the machine fails it: what happened, and what to do."""

from __future__ import annotations

import errno
import fcntl
import sqlite3
from pathlib import Path

import pytest

from pusher.destinations.tiktok.facts import contract
from pusher.errors import StateError
from pusher.ledger import opening
from pusher.ledger.compaction import remember_conflicts
from pusher.ledger.exclusion import Exclusion
from pusher.ledger.opening import open_beside, read_store
from pusher.ledger.reconcile import Reconciler
from pusher.ledger.state import SCRATCH, StateFolder, remove_old_scratch
from pusher.ledger.summary import Summary, summarise
from pusher.ledger.views import query
from tests.ledger.older import as_of_schema_1
from tests.ledger.test_reconcile import staged
from tests.push.support import NOW, Shop, orders


def summary_of(state: StateFolder) -> Summary | None:
    """Return the summary of a ledger at the moment of the tests."""
    limits = contract().payloads["offline_events"].limits
    ages = {"offline_events": limits.max_age_s}
    return summarise(state, now=NOW, max_age_s=ages, limits={"offline_events": limits})


def told(error: pytest.ExceptionInfo[StateError]) -> tuple[str, str | None]:
    """Return what the one problem says, and what to do."""
    (problem,) = error.value.problems
    return problem.message, problem.fix


def break_a_promise(state: StateFolder) -> None:
    """Let a table hold what its definition rules out: every page can be read, and only a check finds the damage."""
    connection = sqlite3.connect(state.ledger)
    connection.execute("update batch set message = null")
    connection.execute("pragma writable_schema = on")
    promised = "update sqlite_master set sql = replace(sql, 'message text', 'message text not null')"
    assert connection.execute(f"{promised} where name = 'batch'").rowcount == 1
    connection.commit()
    connection.close()


def test_a_connection_that_cannot_be_set_up_is_closed(tmp_path: Path) -> None:
    """SQLite sees only then that a file is no database."""
    path = tmp_path / "ledger.sqlite"
    path.write_text("This is no database, and longer than the header of one is." * 10, encoding="utf-8")
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        opening._connect(path)
    path.unlink()


def test_a_path_that_the_system_refuses_is_named() -> None:
    """Status of a state folder whose name no file system takes."""
    with pytest.raises(StateError) as caught:
        summary_of(StateFolder(Path("/", "x" * 300)))
    assert told(caught) == (
        "Cannot use the state folder: File name too long.",
        "Check its rights, its owner and free space, or pass --state-dir.",
    )


def test_a_ledger_of_a_newer_version_is_not_read(shop: Shop) -> None:
    """Its tables may mean something else."""
    with sqlite3.connect(shop.state.ledger) as connection:
        connection.execute("pragma user_version = 99")
    connection.close()
    with pytest.raises(StateError) as caught:
        summary_of(shop.state)
    assert told(caught) == (
        f"The ledger has schema 99, this version of pusher knows {opening.SCHEMA_VERSION}.",
        "Install the newer pusher that wrote it.",
    )


def test_a_database_without_a_version_holds_no_ledger_yet(tmp_path: Path) -> None:
    """A first run that was killed before its first commit."""
    state = StateFolder(tmp_path)
    with sqlite3.connect(state.ledger) as connection:
        connection.execute("create table other (x)")
    connection.close()
    assert (summary_of(state), read_store(state)) == (None, None)


def test_a_ledger_that_may_only_be_read_is_read(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy on a medium that takes no writes."""
    opened: list[str] = []
    query_only = opening._query_only

    def without_writing(path: Path, mode: str) -> sqlite3.Connection:
        opened.append(mode)
        if mode == "rw":
            raise sqlite3.OperationalError("unable to open database file")
        return query_only(path, mode)

    monkeypatch.setattr(opening, "_query_only", without_writing)
    summary = summary_of(shop.state)
    assert summary is not None
    assert [row["rows"] for row in summary.settled_rows] == [3]
    assert opened == ["rw", "ro"]


def test_a_ledger_that_fails_its_check_is_not_read(shop: Shop) -> None:
    """Pages that can be read and contradict each other."""
    break_a_promise(shop.state)
    for ask in (read_store, summary_of):
        with pytest.raises(StateError) as caught:
            ask(shop.state)
        assert told(caught) == ("The ledger is damaged.", "Restore it from a backup; nothing was sent.")


def test_a_copy_of_an_older_ledger_is_dropped_when_it_cannot_be_brought_up(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who presses Ctrl-C while a large ledger is read."""
    as_of_schema_1(shop.state.ledger)
    before = shop.state.ledger.read_bytes()
    copies: list[sqlite3.Connection] = []

    def interrupted(copy: sqlite3.Connection) -> None:
        copies.append(copy)
        raise KeyboardInterrupt

    monkeypatch.setattr(opening, "bring_up", interrupted)
    with pytest.raises(KeyboardInterrupt):
        read_store(shop.state)
    (copy,) = copies
    with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
        copy.execute("select 1")
    assert shop.state.ledger.read_bytes() == before


def test_a_ledger_that_was_not_made_yet_has_nothing_to_open_beside_a_run(tmp_path: Path) -> None:
    """A first run has yet to make the file, or was killed before it wrote to it."""
    state = StateFolder(tmp_path)
    absent = open_beside(state)
    state.ledger.touch()

    assert (absent, open_beside(state), list(tmp_path.iterdir())) == (None, None, [state.ledger])


def test_a_folder_in_the_place_of_the_ledger_cannot_be_opened_beside_a_run(tmp_path: Path) -> None:
    """What the system says is told with a remedy."""
    state = StateFolder(tmp_path)
    state.ledger.mkdir()

    with pytest.raises(StateError) as caught:
        open_beside(state)

    assert [one.code for one in caught.value.problems] == ["state-folder"]


def test_a_ledger_of_an_older_version_is_left_to_whoever_holds_the_lock(
    shop: Shop, connections: list[sqlite3.Connection]
) -> None:
    """It is migrated under the lock only, and is not kept open."""
    as_of_schema_1(shop.state.ledger)
    before = shop.state.ledger.read_bytes()
    connections.clear()

    assert open_beside(shop.state) is None
    assert shop.state.ledger.read_bytes() == before
    (connection,) = connections
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("select 1")


def test_a_damaged_ledger_is_not_opened_beside_a_run(shop: Shop) -> None:
    """Its first page is no longer one of a database."""
    shop.state.ledger.write_bytes(b"SQLite format 3\x00" + b"\xff" * 8192)
    with pytest.raises(StateError) as caught:
        open_beside(shop.state)
    assert told(caught) == (
        "The ledger cannot be read: file is not a database.",
        "Run again if a push is running; otherwise check its rights, or restore the state folder from a backup.",
    )


def test_a_path_that_the_system_refuses_is_not_opened_beside_a_run() -> None:
    """A state folder whose name no file system takes is named as one."""
    with pytest.raises(StateError) as caught:
        open_beside(StateFolder(Path("/", "x" * 300)))
    assert told(caught) == (
        "Cannot use the state folder: File name too long.",
        "Check its rights, its owner and free space, or pass --state-dir.",
    )


def test_rows_that_cannot_be_frozen_stop_the_plan(tmp_path: Path) -> None:
    """A staged file that went away: nothing is recorded."""
    files = staged(tmp_path, [("a", "x", None)])
    frozen = tmp_path / "frozen"
    frozen.mkdir()
    with Reconciler(frozen, files, Exclusion(), (), {}) as reconciler:
        files[0].path.unlink()
        with pytest.raises(StateError) as caught:
            reconciler.reconcile(model="view", run="run", first_seen="now", max_age_s=10)
    message, fix = told(caught)
    assert message.startswith("The rows could not be frozen: IO Error: ")
    assert fix == "Free space in the state folder and memory, then run again: nothing was sent."


def test_conflicts_that_cannot_be_kept_stop_the_push(tmp_path: Path) -> None:
    """What was told before would be told again, so nothing is sent."""
    with pytest.raises(StateError) as caught:
        remember_conflicts([tmp_path / "gone.parquet"], tmp_path / "kept.parquet", keep_since=0)
    message, fix = told(caught)
    assert message.startswith("Conflicts could not be kept: IO Error: No files found")
    assert fix == "Free space in the state folder, then run again: nothing was sent."
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_the_file_system_cannot_give_is_no_other_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network file systems have none; the message does not speak of another push."""

    def no_locks(descriptor: int, operation: int) -> None:
        del descriptor, operation
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    state = StateFolder(tmp_path)
    with pytest.raises(StateError) as caught, state.locked():
        pytest.fail("there is no lock")
    assert told(caught) == (
        "Cannot use the state folder: No locks available.",
        "Check its rights, its owner and free space, or pass --state-dir.",
    )


def test_scratch_of_an_impossible_process_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that only looks like ours, and one that another process removes in the same moment."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    strange = tmp_path / f"{SCRATCH}-99999999999999999999-a"
    strange.mkdir()
    vanishing = tmp_path / f"{SCRATCH}-4194305-b"
    lstat = Path.lstat

    def gone(path: Path) -> object:
        if path == vanishing:
            raise FileNotFoundError
        return lstat(path)

    vanishing.mkdir()
    monkeypatch.setattr(Path, "lstat", gone)
    remove_old_scratch()
    assert strange.is_dir()


def test_key_files_that_went_away_are_left_out_of_the_views(shop: Shop) -> None:
    """While a push is at work, `status --sql` shows what is there."""
    for path in shop.state.keys.iterdir():
        path.unlink()
    with shop.state.locked():
        assert query(shop.state, "select count(*) as n from sent_keys") == [{"n": 0}]


def test_status_sql_takes_one_select(shop: Shop) -> None:
    """Neither two statements nor one that writes."""
    for sql in ("select 1; select 2", "create table x (y int)"):
        with pytest.raises(Exception, match="exactly one SELECT"):
            query(shop.state, sql)


def test_a_quarantine_with_damaged_pages_is_told(tmp_path: Path) -> None:
    """Its footer can be read and its rows cannot."""
    shop = Shop(tmp_path / "shop")
    rows = orders(300)
    for row in rows[:200]:
        row.amount = "-1"
    shop.sell(rows)
    shop.build()
    shop.push()
    (path,) = shop.state.quarantine.iterdir()
    content = bytearray(path.read_bytes())
    footer = int.from_bytes(content[-8:-4], "little")
    content[4 : -8 - footer] = bytes(len(content) - 12 - footer)
    path.write_bytes(content)
    with pytest.raises(StateError) as caught:
        summary_of(shop.state)
    message, fix = told(caught)
    assert message.startswith("The ledger cannot be read: ")
    assert fix is not None
