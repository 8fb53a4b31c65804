"""Which frozen rows can be given back to their view: those that it still shows, so that the next plan finds them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pusher.contracts import FINAL_STATES, BatchState
from pusher.ledger.rows import Part, Ranges, leaves
from pusher.ledger.store import Store
from pusher.push.encode import common, due_rows, minus


def rows_to_keep(part: Part, store: Store, root: Path, shown: Sequence[Path]) -> Ranges | None:
    """Return the waiting rows of an earlier run's part that no view shows any more: nobody else would send them.

    Args:
        part: An open part of which nothing can have arrived.
        store: The ledger.
        root: The state folder.
        shown: Files of `part` and `event_key`: the rows of such parts that the views of this run show.

    Returns:
        The rows, or None when all of them have to stay: none is shown, or a person decides about them.
    """
    import pyarrow.parquet as pq

    assert part.path is not None  # noqa: S101 -- open parts have a file
    if BatchState.PARKED in store.part_states(part.id):
        return None
    tables = [pq.read_table(path, columns=["event_key"], filters=[("part", "=", part.id)]) for path in shown]
    there = {key for table in tables for key in table.column(0).to_pylist()}
    if not there:
        return None
    keys = due_rows(root / part.path, "_event_key".__eq__).column(0).to_pylist()
    ended = [one.ranges for one in leaves(store.batches(part.id)) if one.state in FINAL_STATES]
    waiting = minus(((0, part.rows),), tuple(piece for ranges in ended for piece in ranges))
    return common(waiting, tuple((place, 1) for place, key in enumerate(keys) if key not in there))
