"""Shrinks a finished part to its keys: nothing that identifies a person outlives its delivery.

The files are written beside the delivery, in a thread; the writer of the ledger names them afterwards. What a run
does not come to name, the next one removes and shrinks again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from pusher.contracts import FINAL_STATES, BatchState
from pusher.ledger.rows import Batch, File, Part, Ranges, leaves
from pusher.ledger.state import StateFolder, publish
from pusher.ledger.store import Store
from pusher.push.encode import due_rows
from pusher.push.refused import Explainer, refused_rows
from pusher.push.revenue import accepted_value
from pusher.push.work import PartWork

if TYPE_CHECKING:
    import pyarrow as pa

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


_DIFFERENT = {"event_key", "payload_hash", "contents_hash", "event_id", "event_time", "value"}


def _states(batches: list[Batch], rows: int) -> list[str]:
    states = [BatchState.PLANNED.value] * rows
    for batch in batches:
        if batch.has_left_unsent:
            # TikTok has nothing of it: when the person is let back in, it is as new.
            continue
        for first, count in batch.ranges:
            states[first : first + count] = [batch.state.value] * count
    return states


def _write(table: pa.Table, folder: Path, final: Path) -> File:
    import pyarrow.parquet as pq

    temporary = folder / f"{final.name}.tmp"
    # Where every value differs, a dictionary is as long as the column.
    repeating = [name for name in table.column_names if name not in _DIFFERENT]
    pq.write_table(
        table,
        temporary,
        compression="snappy",
        use_dictionary=repeating,  # type: ignore[arg-type]  # the stubs know of no list
    )
    digest = publish(temporary, final)
    return File.at(final, folder.parent, kind=folder.name, space="", model=None, rows=table.num_rows, sha256=digest)


def _facts(path: Path, names: Sequence[str]) -> pa.Table:
    """Read what the columns of a part that are not sent say about its due rows."""
    columns = [f"_{name}" for name in names]
    return due_rows(path, columns.__contains__).select(columns).rename_columns(list(names))


def value_so_far(work: PartWork, state: StateFolder) -> dict[str, Decimal]:
    """Return the summed value by currency of what this run got accepted of a part that stays open."""
    if not work.accepted:
        return {}
    assert work.part.path is not None  # noqa: S101 -- open parts have a file
    return accepted_value(_facts(state.root / work.part.path, ("value", "currency")), work.accepted)


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What is left of a part.

    Attributes:
        keys: Durable file of the keys of its final rows.
        refused: Durable file of its refused rows, or None.
        accepted: Summed value by currency of the rows that this run got accepted.
        kept: Durable file of rows that wait on in a part of their own, or None.
    """

    keys: File
    refused: File | None
    accepted: dict[str, Decimal]
    kept: File | None = None


def shrink(
    part: Part,
    batches: list[Batch],
    reasons: dict[int, tuple[int | None, str]],
    accepted: Sequence[Ranges],
    *,
    state: StateFolder,
    run: str,
    now: datetime,
    max_age_s: int,
    explain: Explainer,
    keep: Ranges = (),
) -> Shrunk:
    """Write the keys of a part's final rows, and its refused rows for the quarantine; the part stays.

    Rows that are not final were never sent, nor were those of suppressed people that were not at risk: without a key,
    the next plan takes them from their view again.

    Args:
        part: A part with a file.
        batches: Its batches that were not split.
        reasons: Code and message of each dead one.
        accepted: Rows of the batches that were accepted in this run.
        state: The state folder.
        run: Run id.
        now: Current moment.
        max_age_s: Age after which an event is not counted any more.
        explain: Says what in the user's SQL an answer is about.
        keep: Rows that wait on: their view would not give them again.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    assert part.path is not None  # noqa: S101 -- open parts have a file
    source = state.root / part.path
    if any(batch.first_risk_at is not None and batch.state not in FINAL_STATES for batch in batches):
        raise AssertionError(f"part {part.id} has rows in doubt")
    table = _facts(source, _KEY_NAMES)
    value = accepted_value(table, accepted)
    table = table.append_column("state", pa.array(_states(batches, part.rows), pa.string()))
    table = table.filter(pc.is_in(table.column("state"), pa.array(sorted(FINAL_STATES))))
    keys = _write(table, state.keys, state.keys / f"{run}-{part.id}.parquet")
    rows = refused_rows(part, source, batches, reasons, run=run, now=now, max_age_s=max_age_s, explain=explain)
    refused = None
    if rows is not None:
        refused = _of(_write(rows, state.quarantine, state.quarantine / f"{run}-{part.id}-refused.parquet"), part)
    kept = _of(_kept(source, keep, state, f"{run}-{part.id}-kept.parquet"), part) if keep else None
    return Shrunk(_of(keys, part), refused, value, kept)


def _kept(source: Path, keep: Ranges, state: StateFolder, name: str) -> File:
    """Write some rows of a part as the part that they were."""
    import pyarrow as pa

    table = due_rows(source, lambda _name: True)
    return _write(pa.concat_tables([table.slice(*piece) for piece in keep]), state.outbox, state.outbox / name)


class Settling:
    """The parts of one delivery that are being settled.

    Args:
        store: The ledger, used by the thread that calls these methods.
        state: The state folder.
        run: Run id.
        now: Gives the current moment.
        pool: Where files are written.
        on_accepted: Is told a part and what of it this run got accepted, by currency.
        explain: Says what in the user's SQL an answer is about.
        pixel_window: Web events are also reported by the pixel.
    """

    def __init__(
        self,
        *,
        store: Store,
        state: StateFolder,
        run: str,
        now: Callable[[], datetime],
        pool: Executor,
        on_accepted: Callable[[Part, dict[str, Decimal]], None],
        explain: Explainer,
        pixel_window: bool,
    ) -> None:
        self._store = store
        self._state = state
        self._run = run
        self._now = now
        self._pool = pool
        self._on_accepted = on_accepted
        self._explain = explain
        self._pixel_window = pixel_window
        self._shrinking: deque[tuple[PartWork, Future[Shrunk]]] = deque()

    def start(self, work: PartWork, keep: Ranges = ()) -> None:
        """Begin to settle a part whose batches do not change any more; rows to keep wait in a part of their own."""
        part = work.part
        future = self._pool.submit(
            shrink,
            part,
            leaves(self._store.batches(part.id)),
            self._store.reasons(part.id),
            work.accepted,
            state=self._state,
            run=self._run,
            now=self._now(),
            max_age_s=work.payload.longest_age_s(pixel_window=self._pixel_window),
            explain=self._explain,
            keep=keep,
        )
        self._shrinking.append((work, future))

    def finish(self, *, wait: bool = False) -> None:
        """Name the files that are written and remove their parts; with `wait`, those of all parts begun.

        Raises:
            OSError: A file could not be written; its part stays.
        """
        while self._shrinking and (wait or self._shrinking[0][1].done()):
            work, future = self._shrinking.popleft()
            self._name(work.part, future.result())

    def _name(self, part: Part, shrunk: Shrunk) -> None:
        assert part.path is not None  # noqa: S101 -- open parts have a file
        now = self._now()
        with self._store.transaction():
            if shrunk.refused is not None:
                self._store.add_file(shrunk.refused, run=self._run, now=now)
            if shrunk.kept is not None:
                self._store.keep_rows(part, shrunk.kept, run=self._run, now=now)
            self._store.settle_part(part, keys=shrunk.keys, run=self._run, now=now)
        (self._state.root / part.path).unlink()
        self._on_accepted(part, shrunk.accepted)


def _of(file: File, part: Part) -> File:
    from dataclasses import replace

    return replace(file, space=part.space, model=part.model)
