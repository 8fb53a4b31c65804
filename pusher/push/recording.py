"""Records in the ledger what a run did and how it ended, however it ends."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime

from pusher.clock import Clock
from pusher.contracts import Destination
from pusher.errors import Incomplete, PusherError
from pusher.ledger.opening import open_beside
from pusher.ledger.rows import Asked, new_run_id
from pusher.ledger.state import StateFolder
from pusher.ledger.steps import RunProblem, Steps
from pusher.ledger.store import Store
from pusher.transport import redact
from pusher.version import __version__

PUSH_STEPS = ("load", "plan", "deliver", "settle", "receipt")
"""What a push does, in its order."""


@contextmanager
def recorded(
    store: Store, run: str, clock: Clock, destination: Destination, *, asked: Asked, steps: Sequence[str] = PUSH_STEPS
) -> Iterator[Steps]:
    """Record the steps of a run, what went wrong, and the end that the block does not record itself.

    Args:
        store: The ledger.
        run: Run id.
        clock: Wall time.
        destination: Knows the classes of errors.
        asked: What the person asked for.
        steps: What such a run does, in its order; the first has ended by now.
    """
    keeper = Steps(store, run, clock.now)
    try:
        keeper.done(steps[0], _began(asked, clock.now()))
        yield keeper
        keeper.skip(steps)
    except BaseException as error:  # Ctrl-C too ends a run, and the error goes on
        with contextlib.suppress(sqlite3.Error, OSError):
            keeper.fail(error)
            keeper.skip(steps)
            keep_error(keeper, error, destination)
        with contextlib.suppress(sqlite3.Error, OSError):
            store.end_run(run=run, now=clock.now(), exit_code=_exit_code(error))
        if isinstance(error, PusherError):
            error.run_id = run
        raise
    store.end_run(run=run, now=clock.now(), exit_code=0)


def keep_error(steps: Steps, error: BaseException, destination: Destination) -> None:
    """Keep with a run what ended it."""
    for problem in problems_of(error, destination):
        steps.problem(problem)


def problems_of(error: BaseException, destination: Destination) -> list[RunProblem]:
    """Return what to keep of an error: no value, and no word of a server as it came."""
    if isinstance(error, PusherError):
        return [
            RunProblem(
                destination.error_class(one.code, one.return_code, of_audience=False),
                one.code,
                redact(one.message),
                return_code=one.return_code,
                file=one.file,
                line=one.line,
                fix=None if one.fix is None else redact(one.fix),
                credential=one.credential,
            )
            for one in error.problems
        ]
    code, message = "internal", f"pusher has a defect: {type(error).__name__}."
    if isinstance(error, KeyboardInterrupt):
        code, message = "interrupted", "The run was interrupted."
    elif isinstance(error, OSError | sqlite3.OperationalError):
        code, message = "state-write", "The state folder could not be written."
    return [RunProblem(destination.error_class(code, None, of_audience=False), code, message)]


def keep_failed_load(
    state: StateFolder, error: PusherError, destination: Destination, *, command: str, asked: Asked, now: datetime
) -> str | None:
    """Keep a run that failed before it came to its ledger, where there is a ledger already; returns its id.

    What cannot be kept is not: the error itself is told in any case.
    """
    with contextlib.suppress(PusherError, sqlite3.Error, OSError):
        store = open_beside(state)
        if store is None:
            return None
        with closing(store):
            run = new_run_id(now)
            served = store.meta("base_url") or ""
            with store.transaction():
                store.start_run(
                    run=run,
                    command=command,
                    now=_began(asked, now),
                    version=__version__,
                    base_url=served,
                    words=asked.words,
                    variables=asked.variables,
                )
                steps = Steps(store, run, lambda: now)
                steps.enter(PUSH_STEPS[0])
                steps.fail(error)
                steps.skip(PUSH_STEPS)
                keep_error(steps, error, destination)
                store.end_run(run=run, now=now, exit_code=error.exit_code)
        return run
    return None


def _began(asked: Asked, now: datetime) -> datetime:
    """Return when the command began, by the clock of its run."""
    return now if asked.began_at is None else min(asked.began_at, now)


def _exit_code(error: BaseException) -> int:
    """Return the code that a run ends with that did not get to its receipt."""
    if isinstance(error, PusherError):
        return error.exit_code
    return Incomplete.exit_code if isinstance(error, OSError | sqlite3.OperationalError) else PusherError.exit_code
