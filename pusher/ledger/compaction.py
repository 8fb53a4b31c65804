"""Merges what many runs wrote: key files once there are many, and the conflicts that were told already.

Keys of events that may not be sent any more go to the archive, which tells only who is dated anew by a model.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from pusher.errors import Problem, StateError
from pusher.ledger.failure import words_of
from pusher.ledger.rows import File
from pusher.ledger.state import StateFolder, publish
from pusher.ledger.store import Store
from pusher.payload.sql import literal, path_list

MOST_KEY_FILES = 64
# Rows are only copied, while the delivery's memory is still with the process.
MEMORY_LIMIT = "128MB"
THREADS = 1


def compact_keys(
    store: Store,
    state: StateFolder,
    *,
    space: str,
    keep_since: int,
    run: str,
    now: datetime,
    most_files: int | None = None,
) -> str | None:
    """Replace the key files of a key space by one and an archive, if there are more than `most_files`.

    The files as they were stay valid, so that a failure costs nothing but the merge.

    Args:
        store: The ledger.
        state: The state folder.
        space: Key space.
        keep_since: Unix second; older events are refused by age, so their keys may go.
        run: Run id.
        now: Current moment.
        most_files: Files that may stay as they are; `MOST_KEY_FILES` by default.

    Returns:
        Why the merge was left for another run, or None.
    """
    import duckdb

    if len(store.files("keys", space)) <= (MOST_KEY_FILES if most_files is None else most_files):
        return None
    try:
        _compact(store, state, space=space, keep_since=keep_since, run=run, now=now)
    except (duckdb.Error, sqlite3.Error, OSError) as error:
        # A final file that no commit names is removed when the ledger is opened next.
        for temporary in state.keys.glob(f"{run}-*.tmp"):
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        words = words_of(error)
        return f"The key files could not be merged, which another run will try again: {words}."
    return None


def _compact(store: Store, state: StateFolder, *, space: str, keep_since: int, run: str, now: datetime) -> None:
    files = store.files("keys", space)
    paths = [state.root / file.path for file in files]
    found = []
    for kind, ending, condition in (
        ("keys", "compact", f"event_time >= {keep_since}"),
        ("archive", "archive", f"event_time < {keep_since}"),
    ):
        final = state.keys / f"{run}-{ending}{space_suffix(space)}.parquet"
        rows = merge(paths, final.with_suffix(".tmp"), condition)
        if rows:
            found.append(written(final, state, kind=kind, space=space, rows=rows))
    with store.transaction():
        store.drop_files(files)
        for file in found:
            store.add_file(file, run=run, now=now)
        store.set_meta("pruned_before", str(max(keep_since, pruned_before(store) or 0)))
    for file in files:
        (state.root / file.path).unlink(missing_ok=True)


def space_suffix(space: str) -> str:
    """Return what tells the files of a key space apart; the code of a test is no file name."""
    return f"-{hashlib.sha256(space.encode()).hexdigest()[:8]}" if space else ""


def written(final: Path, state: StateFolder, *, kind: str, space: str, rows: int) -> File:
    """Give a finished temporary file its durable name and return what the ledger stores about it."""
    digest = publish(final.with_suffix(".tmp"), final)
    path = final.relative_to(state.root).as_posix()
    return File(0, path, kind, space, None, rows, final.stat().st_size, digest)


def pruned_before(store: Store) -> int | None:
    """Return the Unix second before which keys may be forgotten, or None if none were."""
    text = store.meta("pruned_before")
    return int(text) if text is not None else None


def merge(paths: Sequence[Path], target: Path, condition: str) -> int:
    """Merge the rows of files for which a condition holds; returns how many, and leaves no file without any."""
    import duckdb

    with duckdb.connect(
        ":memory:", config={"memory_limit": MEMORY_LIMIT, "threads": THREADS, "temp_directory": str(target.parent)}
    ) as connection:
        connection.execute(
            f"copy (select * from read_parquet({path_list(paths)}, union_by_name = true) where {condition}) "
            f"to {literal(target.as_posix())} (format parquet, compression snappy)"
        )
        row = connection.execute(f"select count(*) from read_parquet({literal(target.as_posix())})").fetchone()
    rows = int(row[0]) if row else 0
    if rows == 0:
        target.unlink()
    return rows


def remember_conflicts(told: Sequence[Path], target: Path, *, keep_since: int) -> int:
    """Keep the conflicts that earlier runs told.

    Args:
        told: Quarantine that is replaced, and what was remembered before.
        target: File to write; it is removed again if there is nothing to remember.
        keep_since: Unix second; older events are refused by age, so their conflicts may go.

    Returns:
        Rows written.

    Raises:
        StateError: The files cannot be read or written; nothing was recorded.
    """
    import duckdb

    try:
        with duckdb.connect(":memory:", config={"memory_limit": MEMORY_LIMIT}) as connection:
            connection.execute(
                "copy (select distinct event_key, payload_hash, event_time, term "
                f"from read_parquet({path_list(told)}, union_by_name = true) "
                f"where term = 'conflicting' and event_time >= {keep_since}) "
                f"to {literal(target.as_posix())} (format parquet, compression zstd)"
            )
            row = connection.execute(f"select count(*) from read_parquet({literal(target.as_posix())})").fetchone()
    except duckdb.Error as error:
        target.unlink(missing_ok=True)
        words = words_of(error)
        fix = "Free space in the state folder, then run again: nothing was sent."
        raise StateError(Problem("state-write", f"Conflicts could not be kept: {words}.", fix=fix)) from error
    rows = int(row[0]) if row else 0
    if rows == 0:
        target.unlink()
    return rows
