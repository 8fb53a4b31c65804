"""Shrinks a finished part to its keys: nothing that identifies a person outlives its delivery."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pusher.contracts import FINAL_STATES, BatchState
from pusher.ledger.state import StateFolder, publish
from pusher.ledger.store import Batch, File, Part, Store, leaves
from pusher.push.encode import due_rows

if TYPE_CHECKING:
    import pyarrow as pa

REFUSED_MESSAGE = "TikTok refused the row."
# What an event was, and the columns that a person groups by; nothing that identifies anybody.
_KEY_NAMES = (
    "event_key",
    "payload_hash",
    "contents_hash",
    "event_time",
    "value",
    "currency",
    "event",
    "source_id",
    "shop_id",
    "event_channel",
    "brand",
    "num_items",
)


def _states(batches: list[Batch], rows: int) -> list[str]:
    states = [BatchState.PLANNED.value] * rows
    for batch in batches:
        for first, count in batch.ranges:
            states[first : first + count] = [batch.state.value] * count
    return states


def _write(table: pa.Table, folder: Path, final: Path) -> File:
    import pyarrow.parquet as pq

    temporary = folder / f"{final.name}.tmp"
    pq.write_table(table, temporary, compression="snappy")
    digest = publish(temporary, final)
    return File(
        id=0,
        path=final.relative_to(folder.parent).as_posix(),
        kind=folder.name,
        space="",
        model=None,
        rows=table.num_rows,
        bytes=final.stat().st_size,
        sha256=digest,
    )


def settle(part: Part, *, store: Store, state: StateFolder, run: str, now: datetime, max_age_s: int) -> None:
    """Replace a part by the keys of its final rows, and list its refused rows in the quarantine.

    Rows that are not final were never sent: without a key, the next plan takes them from their view again.

    Args:
        part: A part with a file.
        store: The ledger.
        state: The state folder.
        run: Run id.
        now: Current moment.
        max_age_s: Age after which an event is not counted any more.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    assert part.path is not None  # noqa: S101 -- open parts have a file
    source = state.root / part.path
    batches = leaves(store.batches(part.id))
    columns = [f"_{name}" for name in _KEY_NAMES]
    table = due_rows(source, columns.__contains__).select(columns).rename_columns(list(_KEY_NAMES))
    if any(batch.first_risk_at is not None and batch.state not in FINAL_STATES for batch in batches):
        raise AssertionError(f"part {part.id} has rows in doubt")
    table = table.append_column("state", pa.array(_states(batches, part.rows), pa.string()))
    table = table.filter(pc.is_in(table.column("state"), pa.array(sorted(FINAL_STATES))))
    keys = _write(table, state.keys, state.keys / f"{run}-{part.id}.parquet")
    refused = _refused(part, source, batches, store.reasons(part.id), run=run, now=now, max_age_s=max_age_s)
    with store.transaction():
        if refused is not None:
            name = f"{run}-{part.id}-refused.parquet"
            file = _write(refused, state.quarantine, state.quarantine / name)
            store.add_file(_of(file, part), run=run, now=now)
        store.settle_part(part, keys=_of(keys, part), run=run, now=now)
    source.unlink()


def _of(file: File, part: Part) -> File:
    from dataclasses import replace

    return replace(file, space=part.space, model=part.model)


def _refused(
    part: Part,
    source: Path,
    batches: list[Batch],
    reasons: dict[int, tuple[int | None, str]],
    *,
    run: str,
    now: datetime,
    max_age_s: int,
) -> pa.Table | None:
    """Return the rows that TikTok refused, with its words; no identifier among them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    dead = [(batch, place) for batch in batches if batch.state is BatchState.DEAD for place in _places(batch)]
    if not dead:
        return None
    names = ["_event", "_event_id", "_source_id", "_event_time", "_value", "_currency", "_event_key", "_payload_hash"]
    rows = due_rows(source, names.__contains__).take([place for _, place in dead])
    texts: dict[str, list[Any]] = {"reason": [], "message": []}
    for batch, _ in dead:
        code, message = reasons.get(batch.id, (None, ""))
        texts["reason"].append(f"tiktok-{code}" if code is not None else "refused")
        texts["message"].append(f"{REFUSED_MESSAGE} {message}".strip())
    count = len(dead)
    facts = {
        "model": [part.model] * count,
        "run": [run] * count,
        "term": ["dead"] * count,
        "reason": texts["reason"],
        "field": [None] * count,
        "message": texts["message"],
        "fix": ["Correct the row in the model; the message names the field."] * count,
        "first_seen": [now.isoformat()] * count,
    }
    table = pa.table({name: pa.array(values, pa.string()) for name, values in facts.items()})
    for name in names:
        table = table.append_column(name.removeprefix("_"), rows.column(name))
    until = pc.add(rows.column("_event_time"), pa.scalar(max_age_s, pa.int64()))
    return table.append_column("sendable_until", until)


def _places(batch: Batch) -> list[int]:
    return [place for first, count in batch.ranges for place in range(first, first + count)]
