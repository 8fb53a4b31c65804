"""Merges key files once there are many, and forgets keys of events that may not be sent any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from pusher.ledger.reconcile import MEMORY_LIMIT, path_list
from pusher.ledger.state import StateFolder, publish
from pusher.ledger.store import File, Store
from pusher.payload.sql import literal

MOST_KEY_FILES = 64


def compact_keys(store: Store, state: StateFolder, *, space: str, keep_since: int, run: str, now: datetime) -> None:
    """Replace the key files of a key space by one, if there are more than `MOST_KEY_FILES`.

    Args:
        store: The ledger.
        state: The state folder.
        space: Key space.
        keep_since: Unix second; older events are refused by age, so their keys may go.
        run: Run id.
        now: Current moment.
    """
    files = store.files("keys", space)
    if len(files) <= MOST_KEY_FILES:
        return
    final = state.keys / f"{run}-compact.parquet"
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
        store.set_meta("pruned_before", str(keep_since))
    for file in files:
        (state.root / file.path).unlink(missing_ok=True)


def merge(paths: Sequence[Path], target: Path, *, keep_since: int) -> int:
    """Merge key files into one, leaving out keys of events too old to be sent again; returns its rows."""
    import duckdb

    with duckdb.connect(
        ":memory:", config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(target.parent)}
    ) as connection:
        connection.execute(
            f"copy (select * from read_parquet({path_list(paths)}) where event_time >= {keep_since}) "
            f"to {literal(target.as_posix())} (format parquet, compression snappy)"
        )
        row = connection.execute(f"select count(*) from read_parquet({literal(target.as_posix())})").fetchone()
    return int(row[0]) if row else 0
