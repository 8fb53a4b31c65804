"""The rows of a frozen change, cut into chunks that travel in one request each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pusher.ledger.audiences import Change, Chunk

if TYPE_CHECKING:
    import pyarrow as pa

Suppressed = Mapping[str, Collection[str]]
"""Digests that may not be added, by kind."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk with its rows.

    Attributes:
        chunk: As the ledger has it, or will have it.
        action: `add` or `delete`.
        cells: Its digests, a column of texts for each kind; NULL where a row has none.
        held_until: Moment before which it may not be sent, or None.
        is_known: The ledger knows that its members are in the audience, or may be.
    """

    chunk: Chunk
    action: str
    cells: pa.RecordBatch
    held_until: datetime | None = None
    is_known: bool = True

    def halves(self) -> tuple[Piece, Piece]:
        """Cut it into two of about equal size."""
        middle = self.chunk.rows // 2
        return self._part(0, middle), self._part(middle, self.chunk.rows)

    def _part(self, start: int, end: int) -> Piece:
        cells = self.cells.slice(start, end - start)
        chunk = Chunk(
            0,
            self.chunk.change,
            self.chunk.first_row + start,
            end - start,
            count(cells),
            at_risk=self.chunk.at_risk,
            last_risk_at=self.chunk.last_risk_at,
        )
        return Piece(chunk, self.action, cells, self.held_until, self.is_known)

    def without(self, suppressed: Suppressed) -> pa.RecordBatch:
        """Return the digests that may still be added; rows that have none are left out."""
        import pyarrow as pa
        import pyarrow.compute as pc

        columns, is_left = [], pa.array([False] * self.cells.num_rows)
        for kind, digests in zip(self.cells.schema.names, self.cells.columns, strict=True):
            barred = pc.is_in(digests, pa.array(sorted(suppressed.get(kind, ())), digests.type))
            kept = pc.if_else(barred, pa.scalar(None, digests.type), digests)
            columns.append(kept)
            is_left = pc.or_(is_left, pc.is_valid(kept))
        return pa.RecordBatch.from_arrays(columns, names=self.cells.schema.names).filter(is_left)


def count(cells: pa.RecordBatch) -> int:
    """Return how many digests there are."""
    return sum(len(digests) - digests.null_count for digests in cells.columns)


def pieces(change: Change, path: Path, rows_per_request: int) -> Iterator[Piece]:
    """Read a change in its order, as much at a time as one request holds."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    first_row, rest = 0, None
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            # Whole groups are read several times as fast as batches of a group.
            read = file.read_row_group(group)
            table = read if rest is None else pa.concat_tables([rest, read])
            whole = table.num_rows - table.num_rows % rows_per_request
            if group == file.num_row_groups - 1:
                whole = table.num_rows
            rest = table.slice(whole)
            for cells in table.slice(0, whole).combine_chunks().to_batches(max_chunksize=rows_per_request):
                chunk = Chunk(0, change.id, first_row, cells.num_rows, count(cells))
                first_row += cells.num_rows
                yield Piece(chunk, change.action, cells, change.held_until, change.is_known)
