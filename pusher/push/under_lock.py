"""The ledger while it is worked on: opened under the lock of its folder, and named when it cannot be written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from pusher.errors import Incomplete, Problem
from pusher.ledger.opening import open_store
from pusher.ledger.state import StateFolder
from pusher.ledger.store import Store
from pusher.progress import Notice
from pusher.push.world import PushOptions, PushWorld


@contextmanager
def ledger_under_lock(world: PushWorld, options: PushOptions, *, adopt: bool = False) -> Iterator[Store]:
    """Give the ledger as long as the block lasts, in which no other process works on it.

    Args:
        world: State folder, clock, endpoints.
        options: How long to wait for another push, and which ledger is expected.
        adopt: Take the ledger over, whichever it is.

    Raises:
        AnotherRunIsActive: Another process works on it.
        StateError: It cannot be trusted.
    """
    with world.state.locked(
        wait_s=options.wait_s,
        should_stop=world.should_stop,
        on_wait=lambda: world.listener(Notice("Waiting for another push of this target to end.")),
    ):
        store = open_store(
            world.state,
            base_url=world.endpoints.shown_as,
            now=world.clock.now(),
            expected_id=options.ledger_id,
            adopt=adopt,
        )
        try:
            yield store
        finally:
            store.close()


@contextmanager
def writable(state: StateFolder) -> Iterator[None]:
    """Tell a person when the state folder cannot be written.

    Raises:
        Incomplete: A full disk, mostly. The ledger's last commit stands, so what was sent is known or in doubt.
    """
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        message = f"The state folder cannot be written: {error}."
        fix = "Free space or correct its rights, then run again: nothing was lost."
        raise Incomplete(Problem("state-write", message, state.root.name, fix=fix)) from error
