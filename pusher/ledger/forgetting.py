"""Forgets what is too old to matter: what `pusher clean` does to a state folder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from pusher.errors import Problem, StateError
from pusher.ledger.compaction import compact_keys, merge, space_suffix, written
from pusher.ledger.opening import OLDER_COPY
from pusher.ledger.rows import File, stamp
from pusher.ledger.state import StateFolder
from pusher.ledger.store import Store

_NAMING_RUNS = ("file", "part", "batch", "attempt", "audience_change", "audience_chunk", "audience_load")
_OLD_LOADS = """\
delete from audience_load as old where updated_at < ?1 and (state = 'refused' or exists (
    select 1 from audience_load as newer
    where newer.audience = old.audience and newer.id > old.id and newer.state <> 'refused'
    and (newer.action = old.action or old.action = 'create')
))"""


def forget(
    store: Store, state: StateFolder, *, run: str, now: datetime, keep: timedelta, keep_keys: timedelta
) -> dict[str, int]:
    """Forget what ended before a time; returns how much of what.

    Rows that wait, keys that a plan may still meet and conflicts that were told stay whatever their age.

    Args:
        store: The ledger, whose lock the caller holds.
        state: The state folder.
        run: Run id.
        now: Current moment.
        keep: How long runs, requests, refused rows and archived keys are kept.
        keep_keys: How long an event may be met by a plan.

    Raises:
        StateError: Keys could not be merged.
        OSError: A file could not be written.
        duckdb.Error: A file could not be read or written.
    """
    before_s, keys_since = int((now - keep).timestamp()), int((now - keep_keys).timestamp())
    spaces = sorted({file.space for file in store.files("keys")})
    for space in spaces:
        left = compact_keys(store, state, space=space, keep_since=keys_since, run=run, now=now, most_files=0)
        if left is not None:
            raise StateError(Problem("state-write", left, state.root.name, fix="Free space, then run again."))
    counts = {}
    for what, kind, folder, condition in (
        ("archived keys", "archive", state.keys, f"event_time >= {before_s}"),
        ("reopened rows", "reopened", state.quarantine, f"event_time >= {keys_since}"),
        ("refused rows", "quarantine", state.quarantine, f"sendable_until >= {before_s}"),
    ):
        ending = "refused" if kind == "quarantine" else kind
        counts[what] = 0
        aging = _aging(store, kind)
        for space in sorted({file.space for file in aging}):
            final = folder / f"{run}{space_suffix(space)}-kept-{ending}.parquet"
            files = [file for file in aging if file.space == space]
            counts[what] += _merge(store, state, files, final, condition, run=run, now=now)
    with store.transaction():
        counts |= forget_runs(store, now - keep)
    # Gives the room of deleted rows back to the file system.
    store.connection.execute("vacuum")
    counts["older ledgers"] = 0
    for path in state.root.glob(OLDER_COPY.format(version="*")):
        if path.stat().st_mtime < before_s:
            path.unlink()
            counts["older ledgers"] += 1
    return counts


def forget_runs(store: Store, moment: datetime) -> dict[str, int]:
    """Delete what is known of runs, and of what they sent, that ended before a moment; returns how many of what.

    The caller holds a transaction.
    The newest load of each audience says what is in it, and when it may be replaced again.
    """
    old = "part.settled_at is not null and part.settled_at < ?1"
    batches = f"select batch.id from batch join part on part.id = batch.part where {old}"
    named = " union ".join(f"select run from {table}" for table in _NAMING_RUNS)
    old_changes = "select id from audience_change where settled_at is not null and settled_at < ?1"
    before = (stamp(moment),)
    counts = {}
    for what, sql in (
        ("attempts", f"delete from attempt where batch in ({batches})"),
        ("batches", f"delete from batch where id in ({batches})"),
        ("parts", f"delete from part where {old}"),
        ("audience requests", f"delete from audience_chunk where change in ({old_changes})"),
        ("audience changes", f"delete from audience_change where id in ({old_changes})"),
        ("audience loads", _OLD_LOADS),
        ("runs", f"delete from run where started_at < ?1 and id not in ({named})"),
    ):
        counts[what] = store.connection.execute(sql, before).rowcount
    return counts


def _aging(store: Store, kind: str) -> list[File]:
    """Return the files of a kind whose rows age; the newest plan's quarantine is replaced by the next plan."""
    return [file for file in store.files(kind) if kind != "quarantine" or file.path.endswith("-refused.parquet")]


def _merge(
    store: Store, state: StateFolder, files: Sequence[File], final: Path, condition: str, *, run: str, now: datetime
) -> int:
    """Put the rows that a condition keeps into one file; returns how many are gone."""
    kept = merge([state.root / file.path for file in files], final.with_suffix(".tmp"), condition)
    named = written(final, state, kind=files[0].kind, space=files[0].space, rows=kept) if kept else None
    with store.transaction():
        store.drop_files(files)
        if named is not None:
            store.add_file(named, run=run, now=now)
    for file in files:
        (state.root / file.path).unlink(missing_ok=True)
    return sum(file.rows for file in files) - kept
