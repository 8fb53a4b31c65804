"""Tells when an older copy of a ledger was put back: this user's own folder knows the last run of each ledger.

A backup that is restored brings the whole state folder back, so nothing in it can tell. What is remembered is no
truth: where it is missing, because another machine or user pushed last, nothing is said.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pusher.errors import Problem, StateError
from pusher.ledger.rows import minute, stamp
from pusher.ledger.state import PRIVATE_FILE, PRIVATE_FOLDER
from pusher.ledger.store import Store

FOLDER_VARIABLE = "XDG_STATE_HOME"
SCHEMA_VERSION = 1
MOST_LEDGERS = 256
"""Of the ledgers that were pushed with before these, nothing is remembered."""
NEWEST_PUSH = "newest_push"
"""The ledger's own fact about itself: the last push that was compared with what its user remembers."""
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class LastRun:
    """A push of a ledger.

    Attributes:
        run: Run id.
        started_at: Its start.
    """

    run: str
    started_at: datetime


def remember_run(store: Store, run: str, now: datetime) -> None:
    """Remember that a push of a ledger began, here and in the ledger; where that cannot be written here, nothing is."""
    store.set_meta(NEWEST_PUSH, json.dumps({"run": run, "started_at": stamp(now)}))
    ledger_id = store.meta("ledger_id")
    with contextlib.suppress(OSError, RuntimeError):
        path = _path()
        known = _read(path)
        known.pop(ledger_id, None)
        known[ledger_id] = {"run": run, "started_at": stamp(now)}
        kept = dict(list(known.items())[-MOST_LEDGERS:])
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        try:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "w") as file:
                json.dump({"schema_version": SCHEMA_VERSION, "ledgers": kept}, file)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


def check_newest(store: Store, now: datetime, *, window_s: int, shown: str, adopt: bool) -> str | None:
    """Compare the newest push of a ledger with the one that this user began last.

    Other runs prove nothing: an older copy can be cleaned, and a push of it fail, before anybody looks.

    Args:
        store: The ledger.
        now: Current moment.
        window_s: For how long what lost runs sent may be sent again and does no harm.
        shown: Name of the ledger's file.
        adopt: The person takes the ledger as it is.

    Returns:
        What a person should know of an older copy that does no harm, or that they want; None of any other ledger.

    Raises:
        StateError: Runs are missing whose rows TikTok would count twice, or whose members nobody would take out.
    """
    last, newest = _last_run(store), _newest_push(store)
    if last is None or store.has_run(last.run):
        return None
    # Old runs are forgotten, also the newest one of a ledger that nobody pushed with for long.
    if newest is not None and (newest.run == last.run or newest.started_at > last.started_at):
        return None
    message = f"Run {last.run} of {minute(last.started_at)} is not in this ledger: an older copy of it was put back."
    if adopt or (newest is not None and now - newest.started_at < timedelta(seconds=window_s)):
        return f"{message} Rows that were sent since look new and are sent again."
    fix = (
        "Put the newer copy of the state folder back: without it TikTok counts older rows twice, and nobody knows whom "
        "the lost runs put into audiences. If there is none, `pusher push --adopt` goes on with this one."
    )
    raise StateError(Problem("older-ledger", message, shown, fix=fix))


def _last_run(store: Store) -> LastRun | None:
    """Return the last push of this user with a ledger, as their own folder has it."""
    try:
        entry = _read(_path()).get(str(store.meta("ledger_id")))
        return _run_of(entry) if entry else None
    except (OSError, RuntimeError, ValueError, KeyError, TypeError):
        return None


def _newest_push(store: Store) -> LastRun | None:
    """Return the last push of a ledger that was compared; of one by an older version, its newest run."""
    known = store.meta(NEWEST_PUSH)
    if known is not None:
        return _run_of(json.loads(known))
    newest = store.newest_run()
    return None if newest is None else LastRun(*newest)


def _run_of(entry: Mapping[str, str]) -> LastRun:
    return LastRun(str(entry["run"]), datetime.fromisoformat(entry["started_at"]))


def _path() -> Path:
    folder = Path(os.environ.get(FOLDER_VARIABLE, ""))
    # The specification of these variables says to ignore a relative one.
    return (folder if folder.is_absolute() else Path.home() / ".local" / "state") / "pusher" / "ledgers.json"


def _read(path: Path) -> dict[Any, Any]:
    """Return what is remembered by ledger id; nothing of a file that is not in its form."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return {}
        content = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    is_known = isinstance(content, dict) and content.get("schema_version") == SCHEMA_VERSION
    ledgers = content.get("ledgers") if is_known else None
    return ledgers if isinstance(ledgers, dict) else {}
