"""Rows that are left for another run, and what was said last about them."""

from __future__ import annotations

from dataclasses import dataclass

from pusher.ledger.store import Store

PIECE = "batch.state = 'planned' and batch.response_class is not null"
"""What tells, in SQL, a piece of a refused batch that was not tried by itself."""
SEARCH_ON = "Run `pusher push` again: it goes on looking for the rows that TikTok refuses, and sends the others."


@dataclass(frozen=True, slots=True)
class Left:
    """Rows of a view that wait for one reason.

    Attributes:
        model: Destination view.
        space: Key space.
        payload: Payload of the view.
        response_class: Class of the last answer about them, or None when there was none.
        code: TikTok's return code, or None.
        message: Its words, redacted.
        rows: How many.
        is_piece: The answer refused a batch that they were in, and none of them was tried by itself yet.
    """

    model: str
    space: str
    payload: str
    response_class: str | None
    code: int | None
    message: str
    rows: int
    is_piece: bool

    @property
    def told(self) -> str:
        """What a person reads about them."""
        if not self.is_piece:
            return self.message or "No answer came."
        code = "" if self.code is None else f" (code {self.code})"
        return f"TikTok refused a batch with these rows{code}: {self.message or 'no message'}"


def left_rows(store: Store) -> list[Left]:
    """Return what is left of the batches that are neither final nor parked, most rows first."""
    found = store.connection.execute(
        "select part.model, part.space, part.payload, batch.response_class, batch.code, "
        f"max(coalesce(batch.message, '')), sum(batch.rows), {PIECE} from batch join part on part.id = batch.part "
        "where part.settled_at is null and batch.state in ('planned', 'retry', 'unknown') "
        "group by 1, 2, 3, 4, 5, 8 order by 7 desc"
    ).fetchall()
    return [
        Left(model, space, payload, response_class, code, message, rows, bool(is_piece))
        for model, space, payload, response_class, code, message, rows, is_piece in found
    ]
