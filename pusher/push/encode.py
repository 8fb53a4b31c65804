"""Frozen rows to request bodies: the same rows always give the same bytes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from pusher.payload.model import Payload
from pusher.payload.projection import PROJECTION_VERSION

if TYPE_CHECKING:
    import pyarrow as pa

Ranges = tuple[tuple[int, int], ...]


def encoder_id(payload: Payload) -> str:
    """Name everything that decides the bytes of a row: recovery must encode with the same.

    Args:
        payload: The payload whose fields and paths are nested.
    """
    from importlib.metadata import version

    facts = repr([(field.column, field.path, field.type) for field in (*payload.fields, *payload.item_fields)])
    digest = hashlib.sha256(facts.encode()).hexdigest()[:12]
    return f"arro3-io {version('arro3-io')}/{payload.name} {digest}/projection {PROJECTION_VERSION}"


@dataclass(frozen=True, slots=True)
class Body:
    """An encoded request.

    Attributes:
        content: The bytes.
        sha256: Their digest.
    """

    content: bytes
    sha256: str


class PartEncoder:
    """Encodes row ranges of one outbox part.

    Args:
        path: The part's Parquet file.
        envelope: Bytes before and after the JSON array of rows.
    """

    def __init__(self, path: Path, envelope: tuple[bytes, bytes]) -> None:
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as part:
            names = [name for name in part.schema_arrow.names if not name.startswith("_")]
            table = part.read(columns=names).combine_chunks()
            self._money = part.read(columns=["_currency", "_value"]).combine_chunks()
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

        Returns:
            Rows taken, rows still free, and the body.
        """
        count = min(max_rows, sum(rows for _, rows in free))
        while True:
            taken, rest = split_at(free, count)
            body = self.encode(taken)
            if len(body.content) <= max_bytes or count == 1:
                return taken, rest, body
            # Rows differ in size, so aim a little below the share that would fit.
            count = max(1, min(count - 1, int(count * 0.95 * max_bytes / len(body.content))))

    def value(self, ranges: Ranges) -> dict[str, Decimal]:
        """Return the summed value of these rows by currency; rows without a value add nothing."""
        import pyarrow as pa

        money = pa.concat_tables([self._money.slice(*piece) for piece in ranges])
        sums = money.group_by("_currency").aggregate([("_value", "sum")]).to_pylist()
        return {row["_currency"]: row["_value_sum"] for row in sums if row["_value_sum"] is not None}

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
    rest = list(ranges)
    for first, count in taken:
        kept: list[tuple[int, int]] = []
        for start, rows in rest:
            before = min(rows, max(0, first - start))
            after = min(rows, max(0, start + rows - first - count))
            if before:
                kept.append((start, before))
            if after:
                kept.append((start + rows - after, after))
        rest = kept
    return tuple(rest)
