"""Merges what many runs wrote: key files once there are many, and the conflicts that were told already.

Rows of events that may not be sent any more are forgotten.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from pusher.errors import Problem, StateError
from pusher.ledger.reconcile import path_list
from pusher.ledger.rows import File
from pusher.ledger.state import StateFolder, publish
from pusher.ledger.store import Store
from pusher.payload.sql import literal

MOST_KEY_FILES = 64
# Rows are only copied, while the delivery's memory is still with the process.
MEMORY_LIMIT = "128MB"
THREADS = 1


def compact_keys(
    store: Store, state: StateFolder, *, space: str, keep_since: int, run: str, now: datetime
) -> str | None:
    """Replace the key files of a key space by one, if there are more than `MOST_KEY_FILES`.

    The files as they were stay valid, so that a failure costs nothing but the merge.

    Args:
        store: The ledger.
        state: The state folder.
        space: Key space.
        keep_since: Unix second; older events are refused by age, so their keys may go.
        run: Run id.
        now: Current moment.

    Returns:
        Why the merge was left for another run, or None.
    """
    import duckdb

    final = state.keys / f"{run}-compact.parquet"
    try:
        _compact(store, state, final, space=space, keep_since=keep_since, run=run, now=now)
    except (duckdb.Error, sqlite3.Error, OSError) as error:
        # A final file that no commit names is removed when the ledger is opened next.
        with contextlib.suppress(OSError):
            final.with_suffix(".tmp").unlink(missing_ok=True)
        words = str(error).partition("\n")[0].rstrip(".")
        return f"The key files could not be merged, which another run will try again: {words}."
    return None


def _compact(
    store: Store, state: StateFolder, final: Path, *, space: str, keep_since: int, run: str, now: datetime
) -> None:
    files = store.files("keys", space)
    if len(files) <= MOST_KEY_FILES:
        return
    temporary = final.with_suffix(".tmp")
    rows = merge([state.root / file.path for file in files], temporary, keep_since=keep_since)
    digest = publish(temporary, final)
    merged = File(
        id=0,
        path=final.relative_to(state.root).as_posix(),
        kind="keys",
        space=space,
        model=None,
        rows=rows,
        bytes=final.stat().st_size,
        sha256=digest,
    )
    with store.transaction():
        store.drop_files(files)
        store.add_file(merged, run=run, now=now)
        store.set_meta("pruned_before", str(max(keep_since, pruned_before(store) or 0)))
    for file in files:
        (state.root / file.path).unlink(missing_ok=True)


def pruned_before(store: Store) -> int | None:
    """Return the Unix second before which keys may be forgotten, or None if none were."""
    text = store.meta("pruned_before")
    return int(text) if text is not None else None


def merge(paths: Sequence[Path], target: Path, *, keep_since: int) -> int:
    """Merge key files into one, leaving out keys of events too old to be sent again; returns its rows."""
    import duckdb

    with duckdb.connect(
        ":memory:", config={"memory_limit": MEMORY_LIMIT, "threads": THREADS, "temp_directory": str(target.parent)}
    ) as connection:
        connection.execute(
            f"copy (select * from read_parquet({path_list(paths)}) where event_time >= {keep_since}) "
            f"to {literal(target.as_posix())} (format parquet, compression snappy)"
        )
        row = connection.execute(f"select count(*) from read_parquet({literal(target.as_posix())})").fetchone()
    return int(row[0]) if row else 0


def remember_conflicts(told: Sequence[Path], now: Path | None, target: Path, *, keep_since: int) -> int:
    """Keep the conflicts that earlier runs told and the newest quarantine of their view no longer lists.

    Args:
        told: Quarantine that is replaced, and what was remembered before.
        now: Quarantine that replaces it, or None.
        target: File to write; it is removed again if there is nothing to remember.
        keep_since: Unix second; older events are refused by age, so their conflicts may go.

    Returns:
        Rows written.

    Raises:
        StateError: The files cannot be read or written; nothing was recorded.
    """
    import duckdb

    columns = "event_key, payload_hash, event_time"
    absent = ""
    if now is not None:
        listed = f"select event_key, payload_hash from read_parquet({path_list([now])}) where term = 'conflicting'"
        absent = f"anti join ({listed}) as now using (event_key, payload_hash)"
    try:
        with duckdb.connect(":memory:", config={"memory_limit": MEMORY_LIMIT}) as connection:
            connection.execute(
                f"copy (select distinct {columns}, 'conflicting' as term "
                f"from read_parquet({path_list(told)}, union_by_name = true) as told {absent} "
                f"where told.term = 'conflicting' and told.event_time >= {keep_since}) "
                f"to {literal(target.as_posix())} (format parquet, compression zstd)"
            )
            row = connection.execute(f"select count(*) from read_parquet({literal(target.as_posix())})").fetchone()
    except duckdb.Error as error:
        target.unlink(missing_ok=True)
        words = str(error).partition("\n")[0].rstrip(".")
        fix = "Free space in the state folder, then run again: nothing was sent."
        raise StateError(Problem("state-write", f"Conflicts could not be kept: {words}.", fix=fix)) from error
    rows = int(row[0]) if row else 0
    if rows == 0:
        target.unlink()
    return rows
