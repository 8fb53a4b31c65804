"""The state folder: one per target, private to its user, with one writer at a time.

SQLite is the only truth about files: a file it does not name is removed on open, a named file that is missing
or differs stops everything. A file is unlinked only after the commit that no longer names it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import sqlite3
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pusher.errors import AnotherRunIsActive, Incomplete, Problem, StateError

FOLDERS = ("outbox", "keys", "quarantine", "members")
SCRATCH = "pusher-scratch"
PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
LOCK_POLL_S = 0.1
GLANCE_S = 0.02
"""Somebody who only looks whether the lock is held holds it for less than this."""


class StateFolder:
    """Paths and durability of one target's state.

    Args:
        root: `<project>/.pusher/<target>/` or where `--state-dir` points.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ledger = root / "ledger.sqlite"
        self.ledger_id = root / "ledger.id"
        self.lock = root / "run.lock"
        self.outbox = root / "outbox"
        self.keys = root / "keys"
        self.quarantine = root / "quarantine"
        self.members = root / "members"
        self.sandbox = root / "sandbox.sqlite"
        self.spill = root / "spill"

    def create(self) -> None:
        """Make the folders, private to the user.

        Raises:
            StateError: A folder cannot be made.
        """
        try:
            for folder in (self.root, *(self.root / name for name in FOLDERS)):
                folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
                folder.chmod(PRIVATE_FOLDER)
        except OSError as error:
            raise unusable(error, self.root) from error

    def was_used(self) -> bool:
        """Whether a ledger was here: its id is kept beside it, and so are the keys of what was sent."""
        return self.ledger_id.exists() or any(self.keys.glob("*.parquet"))

    def has_ledger(self) -> bool:
        """Whether a ledger is here.

        Raises:
            StateError: The folder cannot be looked into.
        """
        try:
            return self.ledger.exists()
        except OSError as error:
            raise unusable(error, self.ledger) from error

    def has_written_ledger(self) -> bool:
        """Whether a ledger is here that anything was ever written to: making one begins with an empty file.

        Raises:
            StateError: The folder cannot be looked into.
        """
        return self.has_ledger() and self.ledger.stat().st_size > 0

    @contextmanager
    def locked(
        self,
        *,
        wait_s: float = 0.0,
        should_stop: Callable[[], bool] = lambda: False,
        on_wait: Callable[[], None] = lambda: None,
    ) -> Iterator[None]:
        """Hold the lock of this folder; the kernel frees it however the process ends.

        Args:
            wait_s: How long to wait for another process that holds it.
            should_stop: True once waiting is no longer wanted.
            on_wait: Called once if there is something to wait for.

        Raises:
            AnotherRunIsActive: Another process holds it.
            StateError: The lock cannot be made or taken.
        """
        try:
            descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        except OSError as error:
            raise unusable(error, self.lock) from error
        try:
            until_s = time.monotonic() + max(wait_s, GLANCE_S)
            has_waited = False
            while not self._take_lock(descriptor):
                if should_stop() or time.monotonic() >= until_s:
                    fix = "Wait for it to end, then run again; `--wait SECONDS` waits for it."
                    message = "Another push of this target is running."
                    raise AnotherRunIsActive(Problem("another-run", message, self.lock.as_posix(), fix=fix))
                if not has_waited and wait_s > 0:
                    on_wait()
                has_waited = True
                time.sleep(min(LOCK_POLL_S, max(wait_s, GLANCE_S)))
            yield
        finally:
            os.close(descriptor)

    def is_locked(self) -> bool:
        """Whether a run is at work: another process holds the lock of this folder."""
        try:
            descriptor = os.open(self.lock, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _take_lock(self, descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise unusable(error, self.lock) from error
        return True

    def remove_unnamed(self, named: set[str]) -> None:
        """Remove what no committed row names: leftovers of a run that ended early."""
        for folder in (self.outbox, self.keys, self.quarantine, self.members):
            for path in folder.iterdir() if folder.is_dir() else ():
                if path.relative_to(self.root).as_posix() in named:
                    continue
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()
        shutil.rmtree(self.spill, ignore_errors=True)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a private folder outside the project for the length of a block.

    Its name holds the process id: what a killed process left behind, the next one removes.

    Raises:
        Incomplete: No folder can be written: the disk is full, mostly.
    """
    remove_old_scratch()
    try:
        folder = Path(tempfile.mkdtemp(prefix=f"{SCRATCH}-{os.getpid()}-"))
    except OSError as error:
        message = f"No folder for temporary files can be written: {error.strerror}."
        fix = "Free space, or let TMPDIR name a folder that can be written, then run again: nothing was changed."
        raise Incomplete(Problem("state-write", message, fix=fix)) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_old_scratch() -> None:
    """Remove the scratch folders of this user whose process is gone."""
    try:
        place = Path(tempfile.gettempdir())
    except OSError:
        # Nothing can be written anywhere: whoever needs a folder says so.
        return
    for folder in place.glob(f"{SCRATCH}-*"):
        named = re.match(rf"{SCRATCH}-([0-9]+)-", folder.name)
        if named is None or _is_alive(int(named[1])):
            continue
        try:
            facts = folder.lstat()
        except OSError:
            continue
        if stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid():
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def unusable(error: OSError, path: Path) -> StateError:
    """Return what to tell a person about state that cannot be read or written.

    Args:
        error: What the system said; it may name a file of its own.
        path: What was wanted.
    """
    place = error.filename if isinstance(error.filename, str) else path.as_posix()
    message = f"Cannot use the state folder: {error.strerror or error}."
    fix = "Check its rights, its owner and free space, or pass --state-dir."
    return StateError(Problem("state-folder", message, place, fix=fix))


@contextmanager
def told_when_full(state: StateFolder) -> Iterator[None]:
    """Tell a person when files or tables of the state folder cannot be read or written.

    Raises:
        StateError: A disk is full, mostly; what was committed stands.
    """
    import duckdb

    try:
        yield
    except (duckdb.Error, sqlite3.Error, OSError) as error:
        words = str(error).partition("\n")[0].rstrip(".")
        fix = "Free space or correct its rights, then run again: nothing was lost."
        message = f"The state folder cannot be written: {words}."
        raise StateError(Problem("state-write", message, state.root.name, fix=fix)) from error


def sync_folder(folder: Path) -> None:
    """Make a folder's entries durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def make_durable(path: Path) -> str:
    """Make a file private and durable, and return its SHA-256."""
    path.chmod(PRIVATE_FILE)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        os.fsync(stream.fileno())
    return digest


def publish(temporary: Path, final: Path) -> str:
    """Give a finished file its durable name: fsync, rename, fsync the folder.

    Returns:
        SHA-256 of the file.
    """
    digest = make_durable(temporary)
    temporary.rename(final)
    sync_folder(final.parent)
    return digest
