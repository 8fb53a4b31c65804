"""The surroundings of a simulated push: time that is moved by hand, one thread, and a process that can end anywhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pusher.ledger import opening, state
from pusher.push import settle
from pusher.push.audience import change_files
from pusher.push.audience import settle as members_settle


class Ended(BaseException):
    """The process is gone: nothing that it would still do happens."""


class HandClock:
    """Wall and monotonic time that pass only when somebody waits.

    Args:
        start: First moment.
    """

    def __init__(self, start: datetime) -> None:
        self._start, self._passed_s = start, 0.0

    def now(self) -> datetime:
        """Return the wall time."""
        return self._start + timedelta(seconds=self._passed_s)

    def monotonic_s(self) -> float:
        """Return the seconds since the beginning."""
        return self._passed_s

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._passed_s += max(0.0, seconds)


class Inline(Executor):
    """Runs each task at once, in the thread that submits it."""

    def __init__(self, workers: int, name: str) -> None:
        del workers, name

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a task and return its result."""
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 -- a task's error belongs to who asks for its result
            done.set_exception(error)
        return done


class Fate:
    """Counts the steps of a process at which it can end, or at which a call can fail.

    Args:
        ends_at: Step at which the process ends, or None.
        fails_at: Step at which the ledger says that the disk is full, or None.

    Attributes:
        steps: Steps so far.
        is_dead: The process is gone.
    """

    def __init__(self, ends_at: int | None = None, fails_at: int | None = None) -> None:
        self._ends_at, self._fails_at = ends_at, fails_at
        self.steps = 0
        self.is_dead = False

    def step(self) -> None:
        """Come to a step."""
        if self.is_dead:
            raise Ended
        self.steps += 1
        if self.steps == self._ends_at:
            self.is_dead = True
            raise Ended

    def write(self) -> None:
        """Come to a step that writes to the ledger."""
        self.step()
        if self.steps == self._fails_at:
            raise sqlite3.OperationalError("database or disk is full")


class _Connection:
    """An SQLite connection whose writes are steps."""

    def __init__(self, connection: sqlite3.Connection, fate: Fate) -> None:
        self._connection, self._fate = connection, fate

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Run one statement."""
        if not sql.lstrip().lower().startswith(("select", "pragma")):
            self._fate.write()
        elif self._fate.is_dead:
            raise Ended
        return self._connection.execute(sql, *values)

    def executemany(self, sql: str, values: Any) -> sqlite3.Cursor:
        """Run one statement many times."""
        self._fate.write()
        return self._connection.executemany(sql, values)

    def executescript(self, sql: str) -> sqlite3.Cursor:
        """Run many statements."""
        self._fate.write()
        return self._connection.executescript(sql)

    def commit(self) -> None:
        """Commit, ending before it or right after it."""
        self._fate.write()
        self._connection.commit()
        self._fate.step()

    def rollback(self) -> None:
        """Roll back, unless the process is gone: then the next one finds the journal."""
        if not self._fate.is_dead:
            self._connection.rollback()

    def close(self) -> None:
        """Let go of the file, as the system does for a dead process."""
        self._connection.close()

    def backup(self, target: sqlite3.Connection) -> None:
        """Copy the database."""
        self._connection.backup(target)


@contextmanager
def fated(fate: Fate) -> Iterator[None]:
    """Let every write of the ledger and every file that is settled be a step."""
    connect, publish, unlink = opening._connect, state.publish, Path.unlink

    def connected(path: Path) -> Any:
        return _Connection(connect(path), fate)

    def published(temporary: Path, final: Path) -> str:
        fate.step()
        digest = publish(temporary, final)
        fate.step()
        return digest

    def unlinked(path: Path, missing_ok: bool = False) -> None:  # noqa: FBT001, FBT002 -- pathlib's own signature
        fate.step()
        unlink(path, missing_ok=missing_ok)

    with (
        patch.object(opening, "_connect", connected),
        patch.object(settle, "publish", published),
        patch.object(change_files, "publish", published),
        patch.object(members_settle, "publish", published),
        patch.object(Path, "unlink", unlinked),
    ):
        yield
