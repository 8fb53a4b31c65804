"""State that cannot be read or written is named with a remedy, and a journal of a killed push is rolled back."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from pusher.errors import PusherError, StateError
from pusher.ledger.opening import open_store
from pusher.ledger.state import StateFolder
from tests.push.support import NOW, Shop


@pytest.fixture
def interrupted(shop: Shop) -> Shop:
    """The shop after a push that was killed in the middle of a commit: the journal is hot."""
    ledger, journal = shop.state.ledger, Path(f"{shop.state.ledger}-journal")
    connection = sqlite3.connect(ledger, isolation_level=None)
    for statement in (
        "pragma cache_size = 1",
        "begin immediate",
        "update batch set message = hex(randomblob(3000))",
        "insert into meta values ('x', hex(randomblob(200000)))",
    ):
        connection.execute(statement)
    for path in (ledger, journal):
        shutil.copy(path, path.with_suffix(".copy"))
        shutil.copy(path, shop.root / path.name)
        path.with_suffix(".copy").unlink()
    connection.rollback()
    connection.close()
    for path in (ledger, journal):
        shutil.copy(shop.root / path.name, path)
    assert journal.stat().st_size > 0
    return shop


@pytest.mark.parametrize(
    "words",
    [["status"], ["status", "--sql", "select count(*) as runs from run"], ["push", "--dry-run", "--clock", str(NOW)]],
    ids=["status", "sql", "dry run"],
)
def test_reading_rolls_the_journal_of_a_killed_push_back(interrupted: Shop, words: list[str]) -> None:
    """Commands that only read work after a kill -9, and see the last commit."""
    process = interrupted.command(*words, "--json")
    out, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (0, b"")
    assert json.loads(out)["errors"] == []
    assert interrupted.ledger("select count(*) from meta where name = 'x'") == [(0,)]


def _damage(state: StateFolder) -> None:
    content = bytearray(state.ledger.read_bytes())
    content[4096:12288] = b"\xff" * 8192
    state.ledger.write_bytes(content)


def _foreign(state: StateFolder) -> None:
    state.ledger.write_bytes(b"not a database at all, but long enough to look at " * 100)


def _hollow(state: StateFolder) -> None:
    state.ledger.write_bytes(b"SQLite format 3\0" + b"\xff" * 8192)


def _folder(state: StateFolder) -> None:
    state.ledger.unlink()
    state.ledger.mkdir()
    (state.ledger / "content").touch()


def _keys(state: StateFolder) -> None:
    for path in state.keys.iterdir():
        path.write_bytes(b"no parquet")


def _asks(shop: Shop) -> Iterator[PusherError]:
    for ask in (
        shop.project().ledger.summary,
        lambda: shop.project().ledger.query("select * from sent_keys"),
        lambda: shop.push(dry_run=True),
    ):
        with pytest.raises(PusherError) as caught:
            ask()
        yield caught.value


@pytest.mark.parametrize("harm", [_damage, _foreign, _hollow])
def test_damage_is_told_without_a_traceback(shop: Shop, harm: object) -> None:
    """Reading commands name a ledger that they cannot read, with a remedy."""
    assert callable(harm)
    harm(shop.state)

    for error in _asks(shop):
        assert isinstance(error, StateError)
        assert error.problems[0].fix
        assert error.problems[0].file == "ledger.sqlite"


def test_key_file_that_is_no_parquet_is_told_without_a_traceback(shop: Shop) -> None:
    """`status` names a file that is not as it was written, and that it cannot read while a push may have written it."""
    _keys(shop.state)

    with pytest.raises(StateError) as caught:
        shop.project().ledger.summary()
    with shop.state.locked(), pytest.raises(StateError) as beside:
        shop.project().ledger.summary()

    assert caught.value.problems[0].message == "A file of the ledger was changed."
    assert "cannot be read" in beside.value.problems[0].message


def test_ledger_without_any_table_was_never_used(shop: Shop) -> None:
    """An empty file, as a kill during the very first run leaves it, says that nothing was pushed."""
    shop.state.ledger.write_bytes(b"")
    shop.state.ledger_id.unlink()
    for keys in shop.state.keys.iterdir():
        keys.unlink()

    assert shop.project().ledger.summary() is None


def _lost(state: StateFolder) -> str:
    state.ledger.unlink()
    return "The ledger is gone, but its state folder was in use."


def _emptied(state: StateFolder) -> str:
    state.ledger.write_bytes(b"")
    return "The ledger is empty."


@pytest.mark.parametrize("harm", [_lost, _emptied])
def test_a_loss_is_no_first_run_for_whoever_asks(shop: Shop, harm: Callable[[StateFolder], str]) -> None:
    """What reads, plans, decides or cleans says the same as a push would, and makes no ledger."""
    said = harm(shop.state)
    ledger = shop.project().ledger
    asks: list[Callable[[], object]] = [
        ledger.summary,
        lambda: ledger.query("select 1"),
        lambda: shop.push(dry_run=True),
        shop.push,
        ledger.retry,
        lambda: ledger.resolve("list"),
        lambda: ledger.clean(keep=timedelta(days=400)),
    ]
    found = []
    for ask in asks:
        with pytest.raises(StateError) as caught:
            ask()
        found.append((caught.value.exit_code, caught.value.problems[0].message))

    assert found == [(2, said)] * len(asks)


def test_a_ledger_that_a_crash_left_without_an_id_is_no_first_one_where_another_was(shop: Shop) -> None:
    """Its folder was in use by a ledger that is lost; whoever adopts it gives it an id of its own."""
    base_url = shop.ledger("select value from meta where name = 'base_url'")[0][0]
    noted = shop.state.ledger_id.read_text()
    with closing(sqlite3.connect(shop.state.ledger)) as ledger, ledger:
        ledger.execute("delete from meta where name = 'ledger_id'")

    with pytest.raises(StateError, match="The ledger is gone, but its state folder was in use"):
        open_store(shop.state, base_url=base_url, now=NOW)
    open_store(shop.state, base_url=base_url, now=NOW, adopt=True).close()

    assert shop.state.ledger_id.read_text() not in {noted, "\n"}


def _no_lock(state: StateFolder) -> Path:
    state.lock.unlink()
    state.lock.mkdir()
    return state.lock


def _no_ledger(state: StateFolder) -> Path:
    _folder(state)
    return state.ledger


def _no_folder(state: StateFolder) -> Path:
    shutil.rmtree(state.keys)
    state.keys.touch()
    return state.keys


def _looping_link(state: StateFolder) -> Path:
    state.ledger.unlink()
    state.ledger.symlink_to(state.ledger)
    state.ledger_id.unlink()
    return state.ledger


@pytest.mark.parametrize("harm", [_no_lock, _no_ledger, _no_folder, _looping_link])
def test_18_state_that_cannot_be_opened_is_named_with_a_remedy(shop: Shop, harm: object) -> None:
    """What the system refuses ends with exit code 2, the path, and what to do."""
    assert callable(harm)
    path = harm(shop.state)

    with pytest.raises(StateError) as caught:
        shop.push()

    problem = caught.value.problems[0]
    assert (problem.code, problem.file) == ("state-folder", path.as_posix())
    assert problem.message.startswith("Cannot use the state folder: ")
    assert problem.fix == "Check its rights, its owner and free space, or pass --state-dir."


def test_ledger_that_is_refused_is_closed_again(shop: Shop, connections: list[sqlite3.Connection]) -> None:
    """A connection does not outlive the refusal, so that the file can be replaced at once."""
    with pytest.raises(StateError):
        open_store(shop.state, base_url="http://127.0.0.1:1/open_api/v1.3", now=NOW)

    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connections[0].execute("select 1")
