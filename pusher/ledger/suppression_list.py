"""How many people the project's own list of suppressed people named at the last push; nobody of them by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pusher.ledger.rows import stamp
from pusher.ledger.store import Store


@dataclass(frozen=True, slots=True)
class ListBefore:
    """The list of the last push that went by one.

    Attributes:
        model: Its model.
        digests: How many digests it had, by kind of identifier.
    """

    model: str
    digests: Mapping[str, int]


class SuppressionListStore:
    """Typed reads and writes of the table of the list.

    Args:
        store: The open ledger; its transactions hold what is written here.
    """

    def __init__(self, store: Store) -> None:
        self._connection = store.connection

    def before(self) -> ListBefore | None:
        """Return the list of the last push, or None when that went by none."""
        rows = self._connection.execute("select model, kind, digests from suppression_list order by kind").fetchall()
        return ListBefore(rows[0][0], {kind: digests for _, kind, digests in rows}) if rows else None

    def keep(self, model: str | None, digests: Mapping[str, int], *, now: datetime) -> None:
        """Record the list that a push goes by; None when there is no list any more."""
        self._connection.execute("delete from suppression_list")
        if model is not None:
            self._connection.executemany(
                "insert into suppression_list (kind, model, digests, read_at) values (?, ?, ?, ?)",
                [(kind, model, count, stamp(now)) for kind, count in sorted(digests.items())],
            )
