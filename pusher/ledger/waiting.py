"""What became of the rows that a view shows and earlier runs had frozen, in money."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pusher.contracts import BatchState
from pusher.ledger.store import Store
from pusher.payload.sql import literal

if TYPE_CHECKING:
    import pyarrow as pa

# So that what is known of their batches fits into little memory, however many were left.
PARTS_AT_A_TIME = 32
STRETCH_ROWS = 256
"""Rows of a part that are looked up at once: the more, the more batches are compared with each row of small ones."""
Fate = Literal["now", "before", "waits", "unsent"]
"""Accepted in this run or in an earlier one, still to be sent or in doubt, or ended without being sent."""
_Piece = tuple[int, int, int, Fate]


@dataclass(frozen=True, slots=True)
class Waiting:
    """The rows that a view shows of parts which were open when it was planned.

    Attributes:
        path: File with the number of the part as `source`, `place` in it, `currency` and `value` of each.
        parts: Ids of the parts that the ledger knew by then, by number.
    """

    path: Path
    parts: Mapping[int, int]

    def value_by_fate(self, store: Store, run: str) -> dict[str, dict[str, Decimal]]:
        """Return their summed value by fate, and by currency.

        Args:
            store: The ledger, once they were delivered.
            run: The run at work.
        """
        import duckdb

        found: dict[str, dict[str, Decimal]] = {}
        still_open = {part.id for part in store.open_parts()}
        shown = f"read_parquet({literal(self.path.as_posix())})"
        with duckdb.connect(":memory:") as connection:
            sources = [source for (source,) in connection.execute(f"select distinct source from {shown}").fetchall()]
            for place in range(0, len(sources), PARTS_AT_A_TIME):
                chosen = sources[place : place + PARTS_AT_A_TIME]
                pieces = [piece for source in chosen for piece in self._pieces(source, store, run, still_open)]
                connection.register("piece", _table(pieces))
                rows = connection.execute(
                    "select coalesce(piece.fate, rest.fate) as became, currency, sum(value) "
                    f"from {shown} as shown join (from piece where length = 0) as rest on rest.source = shown.source "
                    # Joined by equal stretches, rows stream past the batches; `asof join` would keep and sort them.
                    "left join (select *, unnest(range(start // $rows, (start + length - 1) // $rows + 1)) as stretch "
                    "from piece where length > 0) as piece "
                    "on piece.source = shown.source and piece.stretch = shown.place // $rows "
                    "and piece.start <= shown.place and shown.place < piece.start + piece.length "
                    f"where shown.source in ({', '.join(map(str, chosen))}) "
                    "and currency is not null and value is not null group by became, currency",
                    {"rows": STRETCH_ROWS},
                ).fetchall()
                for fate, currency, value in rows:
                    values = found.setdefault(fate, {})
                    values[currency] = values.get(currency, Decimal(0)) + value
        return found

    def _pieces(self, source: int, store: Store, run: str, still_open: Collection[int]) -> list[_Piece]:
        """Return the fate of each piece of a part whose batches are final, and under no length that of the rest."""
        part = self.parts.get(source)
        if part is None:
            # Another view of this run has frozen it.
            return [(source, 0, 0, "waits")]
        # What no batch holds was not tried yet, or given back to its view.
        pieces: list[_Piece] = [(source, 0, 0, "waits" if part in still_open else "unsent")]
        for ranges, state, of_run, was_at_risk in store.fates(part):
            fate = _fate(state, is_ours=of_run == run, was_at_risk=was_at_risk)
            pieces += [(source, first, count, fate) for first, count in ranges if fate is not None]
        return pieces


def _table(pieces: Sequence[_Piece]) -> pa.Table:
    import pyarrow as pa

    names = ("source", "start", "length", "fate")
    types = (pa.int64(), pa.int64(), pa.int64(), pa.string())
    columns = zip(*pieces, strict=True)
    return pa.table({name: pa.array(column, type_) for name, type_, column in zip(names, types, columns, strict=True)})


def _fate(state: BatchState, *, is_ours: bool, was_at_risk: bool) -> Fate | None:
    """Return what became of the rows of a batch, or None while it is not final."""
    match state:
        case BatchState.ACCEPTED:
            return "now" if is_ours else "before"
        case BatchState.DEAD | BatchState.EXPIRED:
            return "unsent"
        case BatchState.SUPPRESSED:
            # It may have arrived before its person was suppressed.
            return "waits" if was_at_risk else "unsent"
        case _:
            return None
