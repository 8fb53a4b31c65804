"""Opens a ledger, and refuses one that cannot be trusted: damaged, foreign, newer, or with files that differ."""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path

from pusher.errors import Problem, StateError
from pusher.ledger.failure import words_of
from pusher.ledger.rows import minute, stamp
from pusher.ledger.state import PRIVATE_FILE, StateFolder, file_sha256, publish, sync_folder, unusable
from pusher.ledger.store import Store

SCHEMA_VERSION = 9
BUSY_TIMEOUT_S = 30
MOST_BEHIND = timedelta(hours=24)
OLDER_COPY = "ledger-schema-{version}.sqlite"
CHANGED = "A file of the ledger was changed."
FILE_FIX = "Restore the state folder from a backup; without this file rows could be sent twice or not at all."
_BEGINS_ANEW = (
    "If it is lost, `pusher push --adopt` begins a new one: it sends every row of the views again, and what TikTok "
    "got more than 48 hours ago counts twice."
)


def damaged(message: str, shown: str, fix: str) -> StateError:
    """Return the error of a ledger that cannot be trusted."""
    return StateError(Problem("ledger", message, shown, fix=fix))


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
    try:
        for pragma in (
            "journal_mode = delete",
            "synchronous = extra",
            "secure_delete = on",
            "foreign_keys = on",
            "trusted_schema = off",
            f"busy_timeout = {BUSY_TIMEOUT_S * 1000}",
        ):
            connection.execute(f"pragma {pragma}")
    except BaseException:  # Ctrl-C too must not keep the file open, and the error goes on
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, state: StateFolder) -> None:
    """Bring the schema to this version; a ledger of an older one is copied before it is changed."""
    version, shown = connection.execute("pragma user_version").fetchone()[0], state.ledger.name
    if version > SCHEMA_VERSION:
        message = f"The ledger has schema {version}, this version of pusher knows {SCHEMA_VERSION}."
        raise damaged(message, shown, "Install the newer pusher that wrote it.")
    if version == SCHEMA_VERSION:
        return
    if version > 0:
        _copy_before(connection, state.root / OLDER_COPY.format(version=version))
    # A table can only be made anew while nothing checks who refers to it.
    connection.execute("pragma foreign_keys = off")
    bring_up(connection)
    connection.execute("pragma foreign_keys = on")


def bring_up(connection: sqlite3.Connection) -> None:
    """Bring the tables of an older version to this one's, in one step."""
    (version,) = connection.execute("pragma user_version").fetchone()
    texts = [text for number, text in migrations() if number > version]
    connection.executescript(f"begin immediate; {' '.join(texts)} pragma user_version = {SCHEMA_VERSION}; commit;")


def migrations() -> list[tuple[int, str]]:
    """Return number and text of every migration, in order."""
    scripts = resources.files("pusher.ledger").joinpath("migrations").iterdir()
    return sorted((int(script.name.partition("_")[0]), script.read_text("utf-8")) for script in scripts)


def _copy_before(connection: sqlite3.Connection, path: Path) -> None:
    """Keep a ledger as an older version of this program left it."""
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, PRIVATE_FILE))
    with closing(sqlite3.connect(path)) as copy:
        connection.backup(copy)
    sync_folder(path.parent)


def _check_is_ledger(path: Path, shown: str) -> None:
    if path.stat().st_size == 0:
        raise damaged("The ledger is empty.", shown, f"Restore it from a backup. {_BEGINS_ANEW}")
    with path.open("rb") as stream:
        if stream.read(16) != b"SQLite format 3\x00":
            raise damaged("The ledger is not an SQLite file.", shown, "Restore it from a backup.")


def check_pages(connection: sqlite3.Connection, shown: str) -> None:
    """Refuse a file with damaged pages.

    Raises:
        StateError: SQLite's quick check finds fault.
    """
    if connection.execute("pragma quick_check").fetchone()[0] != "ok":
        raise damaged("The ledger is damaged.", shown, "Restore it from a backup; nothing was sent.")


def _identify(
    store: Store, state: StateFolder, *, base_url: str | None, now: datetime, expected: str | None, adopt: bool
) -> None:
    ledger_id = store.meta("ledger_id")
    if ledger_id is None and base_url is not None:
        if _noted(state) and not adopt:
            raise _gone(state)
        ledger_id = (expected if adopt else None) or secrets.token_hex(8)
        with store.transaction():
            store.set_meta("ledger_id", ledger_id)
            store.set_meta("base_url", base_url)
            store.set_meta("created_at", stamp(now))
    if adopt and expected is not None and expected != ledger_id:
        ledger_id = expected
        with store.transaction():
            store.set_meta("ledger_id", ledger_id)
    check_identity(store, state, base_url=base_url, expected=expected, adopt=adopt)
    # A crash may have come before it was written down.
    if ledger_id is not None and _noted(state) != ledger_id:
        _write_id(state, ledger_id)


def _noted(state: StateFolder) -> str:
    """Return the ledger that a folder is in use with, or nothing."""
    try:
        return state.ledger_id.read_text("utf-8", errors="replace").strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise unusable(error, state.ledger_id) from error


def check_identity(
    store: Store, state: StateFolder, *, base_url: str | None, expected: str | None, adopt: bool = False
) -> None:
    """Refuse a ledger that is not the one of the profile or of the folder, or that serves another place.

    Args:
        store: The open ledger.
        state: Its state folder.
        base_url: Where rows are to go, or None to serve no push.
        expected: Ledger that the profile pins, or None.
        adopt: A person takes it for the right one.

    Raises:
        StateError: It is another one.
    """
    if not adopt and expected is not None and expected != store.meta("ledger_id"):
        fix = (
            "Point --state-dir at the right ledger, or correct ledger_id in profiles.yml. If this ledger takes its "
            "place, run `pusher push --adopt` once."
        )
        raise damaged("This is not the ledger that the profile names.", state.ledger.name, fix)
    noted = _noted(state)
    if not adopt and noted and noted != store.meta("ledger_id"):
        fix = (
            "Restore the state folder from a backup. If this ledger takes the place of the other one, run `pusher push "
            "--adopt` once: it sends what this one does not know."
        )
        raise damaged(f"This folder was in use with another ledger, {noted}.", state.ledger.name, fix)
    served = store.meta("base_url")
    if base_url is not None and served != base_url:
        message = f"This ledger records pushes to {served}, not to {base_url}."
        raise damaged(message, state.ledger.name, "Use another target or --state-dir: one ledger serves one base_url.")


def _write_id(state: StateFolder, ledger_id: str) -> None:
    temporary = state.ledger_id.with_suffix(".tmp")
    temporary.write_text(ledger_id + "\n", encoding="utf-8")
    publish(temporary, state.ledger_id)


def _check_files(store: Store, state: StateFolder, *, has_digests: bool = True) -> set[str]:
    """Refuse a ledger of which a file is missing or differs; returns the files that it names."""
    named = set()
    for file in store.files():
        path = state.root / file.path
        named.add(file.path)
        if not path.is_file():
            raise damaged("A file of the ledger is missing.", file.path, FILE_FIX)
        # The archive may hold years, which take as long to digest as all else that a push does; what cannot be read of
        # it is looked into then.
        is_same = not has_digests or file.kind == "archive" or file_sha256(path) == file.sha256
        if path.stat().st_size != file.bytes or not is_same:
            raise damaged(CHANGED, file.path, FILE_FIX)
    return named


def check_files_at_rest(store: Store, state: StateFolder, *, has_digests: bool) -> None:
    """Refuse to read a ledger of which a file is missing or differs, unless a push is at work, which replaces files.

    Args:
        store: The ledger as it was opened for reading.
        state: Its state folder.
        has_digests: Compare digests too, and not sizes alone.

    Raises:
        StateError: A file is missing or differs.
    """
    try:
        _check_files(store, state, has_digests=has_digests)
    except (StateError, FileNotFoundError):
        if state.is_locked():
            return
        # A push may have ended since the ledger was read.
        now = read_store(state)
        if now is None:
            raise
        with closing(now):
            _check_files(now, state, has_digests=has_digests)
    except OSError as error:
        raise unusable(error, state.root) from error


def open_store(
    state: StateFolder, *, base_url: str | None, now: datetime, expected_id: str | None = None, adopt: bool = False
) -> Store:
    """Open the ledger of a state folder for writing, creating it when there is none.

    The caller holds the folder's lock.

    Args:
        state: The state folder.
        base_url: Where its rows go to, or None to serve no push.
        now: Current moment.
        expected_id: Ledger that the profile pins, or None.
        adopt: Take the ledger that is here, or a new one, for the one that the profile pins or that was here before.

    Raises:
        StateError: The ledger is damaged, foreign, of a newer version, cannot be read or written, or one of its
            files is missing or differs.
    """
    try:
        return _open(state, base_url=base_url, now=now, expected_id=expected_id, adopt=adopt)
    except sqlite3.Error as error:
        raise damaged(
            f"The ledger cannot be used: {error}.", state.ledger.name, "Check disk space and rights, or restore it."
        ) from error
    except OSError as error:
        raise unusable(error, state.ledger) from error


def open_beside(state: StateFolder) -> Store | None:
    """Open the ledger of this version for writing while another run may hold the lock; None when there is none.

    Only what commits alone may be written: nothing is recovered, migrated or removed.

    Raises:
        StateError: The ledger cannot be used.
    """
    try:
        if not state.has_written_ledger():
            return None
        _check_is_ledger(state.ledger, state.ledger.name)
        connection = _connect(state.ledger)
        if connection.execute("pragma user_version").fetchone()[0] == SCHEMA_VERSION:
            return Store(connection)
        connection.close()
    except sqlite3.Error as error:
        raise unreadable(error, state.ledger.name) from error
    except OSError as error:
        raise unusable(error, state.ledger) from error
    return None


def no_ledger(state: StateFolder) -> StateError:
    """Return what to tell a person who asks for a ledger that is not there."""
    if state.was_used():
        return _gone(state)
    return StateError(Problem("no-ledger", "Nothing was pushed with this target yet.", fix="Run `pusher push`."))


def _gone(state: StateFolder) -> StateError:
    fix = f"Restore the ledger from a backup. {_BEGINS_ANEW}"
    return damaged("The ledger is gone, but its state folder was in use.", state.ledger.name, fix)


def _open(state: StateFolder, *, base_url: str | None, now: datetime, expected_id: str | None, adopt: bool) -> Store:
    shown = state.ledger.name
    # A crash while a ledger is made leaves an empty file: a first one has no ledger.id yet, and one that takes the
    # place of a lost ledger was asked for by a person.
    fresh = not state.has_written_ledger() and (adopt or not state.has_ledger() or not state.ledger_id.exists())
    if fresh and state.was_used() and not adopt:
        raise _gone(state)
    if fresh and expected_id is not None and not adopt:
        fix = f"Restore the state folder or point --state-dir at it. {_BEGINS_ANEW}"
        raise damaged(f"The ledger {expected_id} that the profile names is not here.", shown, fix)
    if fresh:
        os.close(os.open(state.ledger, os.O_CREAT | os.O_WRONLY, PRIVATE_FILE))
    else:
        _check_is_ledger(state.ledger, shown)
    connection = _connect(state.ledger)
    try:
        check_pages(connection, shown)
        _migrate(connection, state)
        store = Store(connection)
        _identify(store, state, base_url=base_url, now=now, expected=expected_id, adopt=adopt)
        if fresh:
            sync_folder(state.root)
        state.remove_unnamed(_check_files(store, state))
    except BaseException:  # Ctrl-C too must not keep the file open, and the error goes on
        connection.close()
        raise
    return store


def refuse_old_clock(store: Store, now: datetime, shown: str) -> None:
    """Refuse to judge ages by a clock that ran ahead of now in an earlier run.

    Raises:
        StateError: The newest run began more than 24 hours after now.
    """
    newest = store.newest_run()
    if newest is None or now >= newest[1] - MOST_BEHIND:
        return
    message = f"The clock says {minute(now)}, but run {newest[0]} began at {minute(newest[1])}."
    fix = (
        "Correct the clock of this machine: ages decide what is sent. If the clock of that run was the wrong one, "
        "see `A clock that ran ahead` in docs/reference/ledger.md."
    )
    raise StateError(Problem("clock-behind", message, shown, fix=fix))


def read_connection(state: StateFolder) -> sqlite3.Connection | None:
    """Open a ledger for reading, without the lock; None when nothing was recorded yet.

    A push that was killed can leave a journal, and only a connection that may write can roll it back. So the file
    is opened for writing with `query_only` on, and read-only where it may not be written.

    Raises:
        StateError: The file is gone or empty although the folder was in use, is not a ledger of this version, or it
            cannot be read.
    """
    shown = state.ledger.name
    try:
        if not state.ledger.exists():
            if state.was_used():
                raise _gone(state)
            return None
        if not state.has_written_ledger() and not state.was_used():
            return None
        _check_is_ledger(state.ledger, shown)
        connection = _connect_for_reading(state.ledger)
        version = connection.execute("pragma user_version").fetchone()[0]
    except sqlite3.Error as error:
        raise unreadable(error, shown) from error
    except OSError as error:
        raise unusable(error, state.ledger) from error
    if 0 < version <= SCHEMA_VERSION:
        return connection
    connection.close()
    if version == 0:
        return None
    message = f"The ledger has schema {version}, this version of pusher knows {SCHEMA_VERSION}."
    raise damaged(message, shown, "Install the newer pusher that wrote it.")


def _connect_for_reading(path: Path) -> sqlite3.Connection:
    try:
        return _query_only(path, "rw")
    except sqlite3.OperationalError:
        return _query_only(path, "ro")


def _query_only(path: Path, mode: str) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)
    try:
        connection.execute("pragma query_only = on")
        # The first read rolls a journal back.
        connection.execute("select count(*) from sqlite_master").fetchone()
    except BaseException:  # Ctrl-C too must not keep the file open, and the error goes on
        connection.close()
        raise
    return connection


def unreadable(error: Exception, shown: str) -> StateError:
    """Return what to tell a person about a ledger that cannot be read."""
    words = words_of(error)
    fix = "Run again if a push is running; otherwise check its rights, or restore the state folder from a backup."
    return damaged(f"The ledger cannot be read: {words}.", shown, fix)


def read_store(state: StateFolder) -> Store | None:
    """Open a ledger for reading, without the lock; None when there is none yet.

    One of an older version is read as a copy in memory, brought to this version.

    Raises:
        StateError: The file is not a ledger of this version, or it cannot be read.
    """
    connection = read_connection(state)
    if connection is None:
        return None
    try:
        check_pages(connection, state.ledger.name)
        if connection.execute("pragma user_version").fetchone()[0] < SCHEMA_VERSION:
            connection = _brought_up(connection)
    except sqlite3.Error as error:
        connection.close()
        raise unreadable(error, state.ledger.name) from error
    except BaseException:  # Ctrl-C too must not keep the file open, and the error goes on
        connection.close()
        raise
    return Store(connection)


def _brought_up(source: sqlite3.Connection) -> sqlite3.Connection:
    """Return a copy of an older ledger in memory, in this version's schema, and close the file."""
    copy = sqlite3.connect(":memory:", isolation_level=None)
    try:
        source.backup(copy)
        bring_up(copy)
    except BaseException:  # Ctrl-C too must not keep the copy in memory, and the error goes on
        copy.close()
        raise
    source.close()
    return copy
