"""Which relations and schemas a database has, as its sessions know it together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock


def _key(parts: Sequence[str]) -> tuple[str, ...]:
    # Names are not case sensitive.
    return tuple(part.lower() for part in parts)


@dataclass(slots=True)
class Catalogue:
    """What stands in a database, asked once: as long as nothing else makes any, this process alone has it.

    It is shared by sessions in several threads. What a session made is noted after it was committed, and asking the
    database is one step with keeping its answer, so no note is lost.
    """

    _kinds: dict[tuple[str, ...], str] | None = None
    _schemas: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def forget(self) -> None:
        """Forget all of it: a statement of somebody else may have made or dropped relations."""
        with self._lock:
            self._kinds = None
            self._schemas.clear()

    def kind(self, parts: Sequence[str], ask: Callable[[], Iterable[Sequence[str]]]) -> str | None:
        """Return `table` or `view`, or None when no relation has this name.

        Args:
            parts: The name.
            ask: Returns the names of all relations, each with its kind behind it.
        """
        with self._lock:
            if self._kinds is None:
                self._kinds = {_key(names): kind for *names, kind in ask()}
            return self._kinds.get(_key(parts))

    def note(self, parts: Sequence[str], kind: str) -> None:
        """Note that a relation stands."""
        with self._lock:
            if self._kinds is not None:
                self._kinds[_key(parts)] = kind

    def need_schema(self, schema: str, create: Callable[[str], object]) -> None:
        """Have a schema; of two sessions that create one at the same time DuckDB would refuse the second."""
        with self._lock:
            if schema not in self._schemas:
                create(f"create schema if not exists {schema}")
                self._schemas.add(schema)
