"""Frozen rows to request bodies: the same rows always give the same bytes."""

from __future__ import annotations

import hashlib
import io
from bisect import bisect_right
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pusher.ledger.rows import Ranges
from pusher.payload.model import Payload
from pusher.payload.projection import PROJECTION_VERSION

if TYPE_CHECKING:
    import pyarrow as pa

BODIES_AHEAD = 8


def encoder_id(payload: Payload) -> str:
    """Name everything that decides the bytes of a row: recovery must encode with the same.

    Args:
        payload: The payload whose fields and paths are nested.
    """
    facts = repr([(field.column, field.path, field.type) for field in (*payload.fields, *payload.item_fields)])
    digest = hashlib.sha256(facts.encode()).hexdigest()[:12]
    return f"arro3-io {_arro3_version()}/{payload.name} {digest}/projection {PROJECTION_VERSION}"


@cache
def _arro3_version() -> str:
    # Every batch asks, and importlib reads the files of the package each time.
    from importlib.metadata import version

    return version("arro3-io")


@dataclass(frozen=True, slots=True)
class Body:
    """An encoded request.

    Attributes:
        content: The bytes.
        sha256: Their digest.
    """

    content: bytes
    sha256: str


def due_rows(path: Path, wanted: Callable[[str], bool]) -> pa.Table:
    """Read columns of a part's due rows: those without a reason, in physical order."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as part:
        names = [name for name in part.schema_arrow.names if wanted(name)]
        table = part.read(columns=[*names, "_reason"])
    reasons = table.column("_reason")
    if reasons.null_count < len(reasons):
        table = table.filter(pc.is_null(reasons))
    return table.select(names)


class PartEncoder:
    """Encodes row ranges of one outbox part.

    Args:
        path: The part's Parquet file.
        envelope: Bytes before and after the JSON array of rows.
        pool: One thread that encodes ahead, or None.
    """

    def __init__(self, path: Path, envelope: tuple[bytes, bytes], pool: Executor | None = None) -> None:
        self._pool = pool
        self._ahead: dict[Ranges, Future[Body]] = {}
        table = due_rows(path, lambda name: not name.startswith("_")).combine_chunks()
        batches = table.to_batches()
        self._rows: pa.RecordBatch | None = batches[0] if batches else None
        self._prefix, self._suffix = envelope
        self.rows = table.num_rows

    def encode(self, ranges: Ranges) -> Body:
        """Return the request body for the rows of these ranges, in their order."""
        from arro3.io import write_json

        stream = io.BytesIO()
        write_json(self._slice(ranges), stream)
        content = b"".join((self._prefix, stream.getbuffer(), self._suffix))
        return Body(content, hashlib.sha256(content).hexdigest())

    def cut(self, free: Ranges, *, max_rows: int, max_bytes: int) -> tuple[Ranges, Ranges, Body]:
        """Take as many free rows as fit into one request; a single row may be larger.

        The requests that will probably follow are encoded meanwhile, in a thread of their own.

        Returns:
            Rows taken, rows still free, and the body.
        """
        count = min(max_rows, sum(rows for _, rows in free))
        while True:
            taken, rest = split_at(free, count)
            if taken not in self._ahead:
                self._ahead.clear()
            body = self._ahead.pop(taken).result() if taken in self._ahead else self.encode(taken)
            if len(body.content) <= max_bytes or count == 1:
                self.encode_ahead(rest, max_rows)
                return taken, rest, body
            self._ahead.clear()
            # Rows differ in size, so aim a little below the share that would fit.
            count = max(1, min(count - 1, int(count * 0.95 * max_bytes / len(body.content))))

    def encode_ahead(self, free: Ranges, rows: int) -> None:
        """Begin to encode the requests that these rows will probably be cut into, so many rows each."""
        if self._pool is None:
            return
        for _ in range(BODIES_AHEAD):
            taken, free = split_at(free, rows)
            if not taken:
                return
            if taken not in self._ahead:
                self._ahead[taken] = self._pool.submit(self.encode, taken)

    def _slice(self, ranges: Ranges) -> pa.RecordBatch | pa.Table:
        import pyarrow as pa

        assert self._rows is not None  # noqa: S101 -- a part without rows is never stored
        if len(ranges) == 1:
            return self._rows.slice(*ranges[0])
        return pa.Table.from_batches([self._rows.slice(*piece) for piece in ranges]).combine_chunks()


def halves(ranges: Ranges) -> tuple[Ranges, Ranges]:
    """Cut ranges into two of about equal size, keeping their order."""
    total = sum(count for _, count in ranges)
    return split_at(ranges, total // 2)


def split_at(ranges: Ranges, rows: int) -> tuple[Ranges, Ranges]:
    """Cut ranges after a number of rows."""
    left: list[tuple[int, int]] = []
    right: list[tuple[int, int]] = []
    for first, count in ranges:
        taken = max(0, min(count, rows))
        if taken:
            left.append((first, taken))
        if count > taken:
            right.append((first + taken, count - taken))
        rows -= taken
    return tuple(left), tuple(right)


def without(ranges: Ranges, bad_rows: Sequence[int]) -> tuple[list[Ranges], Ranges]:
    """Take single rows out of ranges.

    Args:
        ranges: Rows of a batch.
        bad_rows: Places within the batch, from 0.

    Returns:
        One range for each bad row, and the rest.
    """
    alone: list[Ranges] = []
    rest: Ranges = ranges
    for place in sorted(set(bad_rows), reverse=True):
        before, from_here = split_at(rest, place)
        bad, after = split_at(from_here, 1)
        alone.append(bad)
        rest = (*before, *after)
    return alone[::-1], rest


def minus(ranges: Ranges, taken: Ranges) -> Ranges:
    """Take rows out of ranges, keeping the order of the rest."""
    gone = _runs(taken)
    ends = [end for _, end in gone]
    kept: list[tuple[int, int]] = []
    for first, count in ranges:
        start, stop = first, first + count
        for run in range(bisect_right(ends, start), len(gone)):
            begin, end = gone[run]
            if begin >= stop:
                break
            if begin > start:
                kept.append((start, begin - start))
            start = end
        if start < stop:
            kept.append((start, stop - start))
    return tuple(kept)


def common(ranges: Ranges, other: Ranges) -> Ranges:
    """Return the rows that are in both, in the order of the first."""
    return minus(ranges, minus(ranges, other)) if other else ()


def _runs(ranges: Ranges) -> list[tuple[int, int]]:
    """Return first row and end of the runs that ranges cover, in physical order."""
    runs: list[tuple[int, int]] = []
    for first, count in sorted(ranges):
        if runs and first <= runs[-1][1]:
            runs[-1] = (runs[-1][0], max(runs[-1][1], first + count))
        else:
            runs.append((first, first + count))
    return runs
