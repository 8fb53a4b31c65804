"""The rows of a frozen change, cut into chunks that travel in one request each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pusher.ledger.audiences import Change, Chunk

Cells = Mapping[str, Sequence[str | None]]
"""Digests by kind, a column for each; all columns are of one length."""
Suppressed = Mapping[str, Collection[str]]
"""Digests that may not be added, by kind."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk with its rows.

    Attributes:
        chunk: As the ledger has it, or will have it.
        action: `add` or `delete`.
        cells: Its digests.
        held_until: Moment before which it may not be sent, or None.
    """

    chunk: Chunk
    action: str
    cells: Cells
    held_until: datetime | None = None

    def halves(self) -> tuple[Piece, Piece]:
        """Cut it into two of about equal size."""
        middle = self.chunk.rows // 2
        return self._part(0, middle), self._part(middle, self.chunk.rows)

    def _part(self, start: int, end: int) -> Piece:
        cells = {kind: digests[start:end] for kind, digests in self.cells.items()}
        chunk = Chunk(0, self.chunk.change, self.chunk.first_row + start, end - start, count(cells))
        return Piece(chunk, self.action, cells, self.held_until)

    def without(self, suppressed: Suppressed) -> Cells:
        """Return the digests that may still be added; rows that have none are left out."""
        kept = {
            kind: [digest if digest not in suppressed.get(kind, ()) else None for digest in digests]
            for kind, digests in self.cells.items()
        }
        rows = [row for row in zip(*kept.values(), strict=True) if any(row)]
        columns = zip(*rows, strict=True) if rows else ([] for _ in kept)
        return dict(zip(kept, map(list, columns), strict=True))


def count(cells: Cells) -> int:
    """Return how many digests there are."""
    return sum(len(digests) - digests.count(None) for digests in cells.values())


def pieces(change: Change, path: Path, rows_per_request: int) -> Iterator[Piece]:
    """Read a change in its order, as much at a time as one request holds."""
    import pyarrow.parquet as pq

    first_row = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=rows_per_request):
            cells = {name: column.to_pylist() for name, column in zip(batch.schema.names, batch.columns, strict=True)}
            chunk = Chunk(0, change.id, first_row, batch.num_rows, count(cells))
            first_row += batch.num_rows
            yield Piece(chunk, change.action, cells, change.held_until)
