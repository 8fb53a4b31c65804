"""Records in the ledger how a run ended, however it ends."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from pusher.clock import Clock
from pusher.errors import Incomplete, PusherError
from pusher.ledger.store import Store


@contextmanager
def recorded(store: Store, run: str, clock: Clock) -> Iterator[None]:
    """Record the end of a run that the block does not record itself."""
    try:
        yield
    except BaseException as error:  # Ctrl-C too ends a run, and the error goes on
        with contextlib.suppress(sqlite3.Error, OSError):
            store.end_run(run=run, now=clock.now(), exit_code=_exit_code(error))
        raise
    store.end_run(run=run, now=clock.now(), exit_code=0)


def _exit_code(error: BaseException) -> int:
    """Return the code that a run ends with that did not get to its receipt."""
    if isinstance(error, PusherError):
        return error.exit_code
    return Incomplete.exit_code if isinstance(error, OSError | sqlite3.OperationalError) else PusherError.exit_code
