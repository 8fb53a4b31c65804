"""Rows that TikTok refused, for the quarantine: its words, the column they name, and the SQL that makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pusher.contracts import BatchState, ColumnOrigin, Destination
from pusher.ledger.rows import Batch, Part, for_space
from pusher.ledger.store import Store
from pusher.push.encode import due_rows

if TYPE_CHECKING:
    import pyarrow as pa

REFUSED_MESSAGE = "TikTok refused the row."
REFUSED_FIX = (
    "Correct the row in the model, the message says what is wrong; then run `pusher retry`, `pusher build` and "
    "`pusher push`."
)


def reason_of(code: int | None) -> str:
    """Return the reason of rows that TikTok refused with a code, or with an HTTP status alone."""
    return "refused" if code is None else f"tiktok-{code}"


class Explainer:
    """Says what in the user's SQL an answer is about; its methods may be called from any thread.

    Args:
        destination: Knows which column its words name.
        origins: Says which SQL makes each column of a view.
    """

    def __init__(self, destination: Destination, origins: Callable[[str], Mapping[str, ColumnOrigin]]) -> None:
        self._destination, self._origins = destination, origins

    def column(self, payload: str, message: str) -> str | None:
        """Return the contract column that an answer names, or None."""
        return self._destination.column_named(self._destination.payloads[payload], message)

    def origin(self, model: str, column: str | None) -> ColumnOrigin | None:
        """Return what makes a column of a view, or None where that is not known."""
        return None if column is None else self._origins(model).get(column.partition(".")[0])

    @staticmethod
    def fix(column: str | None, origin: ColumnOrigin | None) -> str:
        """Return what a person should do about a refused row."""
        if column is None:
            return REFUSED_FIX
        place = "in the model" if origin is None else f"in {origin.file}:{origin.line}"
        return f"Correct {column} {place}, then run `pusher retry`, `pusher build` and `pusher push`."


def refused_keys(store: Store, space: str, root: Path) -> list[UUID]:
    """Return the keys of the rows of a key space that TikTok refused in parts which are not settled."""
    found: list[UUID] = []
    for part in store.open_parts():
        if part.space != space or part.path is None or BatchState.DEAD not in store.part_states(part.id):
            continue
        dead = [batch for batch in store.batches(part.id) if batch.state is BatchState.DEAD]
        keys = due_rows(root / part.path, "_event_key".__eq__).column(0)
        taken: list[Any] = keys.take([place for batch in dead for place in _places(batch)]).to_pylist()
        found += taken
    return found


def refused_rows(
    part: Part,
    source: Path,
    batches: list[Batch],
    reasons: dict[int, tuple[int | None, str]],
    *,
    run: str,
    now: datetime,
    max_age_s: int,
    explain: Explainer,
) -> pa.Table | None:
    """Return the rows of a part that TikTok refused, no identifier among them, or None.

    Args:
        part: The part.
        source: Its file.
        batches: Its batches that were not split.
        reasons: Code and message of each dead one.
        run: Run id.
        now: Current moment.
        max_age_s: Age after which an event is not counted any more.
        explain: Says what in the user's SQL an answer is about.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    dead = [(batch, place) for batch in batches if batch.state is BatchState.DEAD for place in _places(batch)]
    if not dead:
        return None
    names = ["_event", "_event_id", "_source_id", "_event_time", "_value", "_currency", "_event_key", "_payload_hash"]
    rows = due_rows(source, names.__contains__).take([place for _, place in dead])
    told = [_told(part, *reasons.get(batch.id, (None, "")), explain) for batch, _ in dead]
    facts = {
        "model": part.model,
        "run": run,
        "term": "dead",
        "first_seen": now.isoformat(),
    }
    table = pa.table({name: pa.array([value] * len(dead), pa.string()) for name, value in facts.items()})
    for name in ("reason", "field", "message", "fix", "sql_model", "sql_file", "sql_text"):
        table = table.append_column(name, pa.array([one[name] for one in told], pa.string()))
    table = table.append_column("sql_line", pa.array([one["sql_line"] for one in told], pa.int64()))
    for name in names:
        table = table.append_column(name.removeprefix("_"), rows.column(name))
    until = pc.add(rows.column("_event_time"), pa.scalar(max_age_s, pa.int64()))
    return table.append_column("sendable_until", until)


def _told(part: Part, code: int | None, message: str, explain: Explainer) -> dict[str, Any]:
    column = explain.column(part.payload, message)
    origin = explain.origin(part.model, column)
    return {
        "reason": reason_of(code),
        "field": column,
        "message": f"{REFUSED_MESSAGE} {message}".strip(),
        "fix": for_space(explain.fix(column, origin), part.space),
        "sql_model": origin.model if origin else None,
        "sql_file": origin.file if origin else None,
        "sql_line": origin.line if origin else None,
        "sql_text": origin.sql if origin else None,
    }


def _places(batch: Batch) -> list[int]:
    return [place for first, count in batch.ranges for place in range(first, first + count)]
