"""What may be sent next: retries that are due, pieces of refused batches, new rows, what earlier runs left behind."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from pusher.push.work import PartWork, Source, Try


class Queue:
    """The order in which a delivery sends.

    Attributes:
        blocked: Event sources that TikTok refused; none of their rows is handed out.
    """

    def __init__(self) -> None:
        self.blocked: set[Source] = set()
        self._parts: deque[PartWork] = deque()
        self._due: list[tuple[float, int, Try]] = []
        self._pieces: list[tuple[int, int, Try]] = []
        self._leftovers: deque[Try] = deque()

    def add(self, work: PartWork, leftovers: Sequence[Try]) -> None:
        """Take a part, with the batches that an earlier run left behind."""
        self._parts.append(work)
        self._leftovers += leftovers

    def schedule(self, attempt: Try, at_s: float) -> None:
        """Hand a batch out again from a moment of the monotonic clock on."""
        heapq.heappush(self._due, (at_s, attempt.batch.id, attempt))

    def isolate(self, piece: Try) -> None:
        """Hand a piece of a refused batch out before all larger ones, and before new rows.

        So the first bad rows are found, and counted, long before every piece was looked into.
        """
        heapq.heappush(self._pieces, (piece.batch.rows, piece.batch.id, piece))

    def head(self) -> PartWork | None:
        """Return the part whose rows are cut next."""
        while self._parts and (not self._parts[0].free or self._parts[0].source in self.blocked):
            self._parts.popleft()
        return self._parts[0] if self._parts else None

    def following(self) -> PartWork | None:
        """Return the part whose rows are cut after those of the first."""
        return self._parts[1] if len(self._parts) > 1 else None

    def __bool__(self) -> bool:
        """Whether anything is left to send, now or later."""
        return bool(self._due or self._pieces or self._leftovers) or self.head() is not None

    def ready_at_s(self, now_s: float) -> float:
        """Return when the next batch may be sent; the queue is not empty."""
        return now_s if self._pieces or self._leftovers or self.head() is not None else self._due[0][0]

    def pop_due(self, now_s: float) -> Try | None:
        """Return a retry whose time has come."""
        if self._due and self._due[0][0] <= now_s:
            return heapq.heappop(self._due)[2]
        return None

    def pop_piece(self) -> Try | None:
        """Return the smallest piece of the batches that were refused."""
        return heapq.heappop(self._pieces)[2] if self._pieces else None

    def pop_leftover(self) -> Try | None:
        """Return a batch that an earlier run left behind."""
        return self._leftovers.popleft() if self._leftovers else None

    def waiting(self, work: PartWork) -> list[Try]:
        """Return the batches of a part that wait to be sent, again or in pieces."""
        return [attempt for attempt in self._every() if attempt.work is work]

    def drop(self, dropped: Try) -> None:
        """Forget a batch that waits to be sent, again or in pieces."""
        self._take(lambda attempt: attempt is dropped)

    def block(self, source: Source) -> list[Try]:
        """Stop handing out rows of an event source; returns its batches that were waiting."""
        self.blocked.add(source)
        return self._take(lambda attempt: attempt.work.source == source)

    def _every(self) -> Iterator[Try]:
        yield from self._leftovers
        yield from (attempt for _, _, attempt in (*self._pieces, *self._due))

    def _take(self, is_meant: Callable[[Try], bool]) -> list[Try]:
        taken = [attempt for attempt in self._every() if is_meant(attempt)]
        self._leftovers = deque(attempt for attempt in self._leftovers if not is_meant(attempt))
        self._pieces = [entry for entry in self._pieces if not is_meant(entry[2])]
        self._due = [entry for entry in self._due if not is_meant(entry[2])]
        heapq.heapify(self._pieces)
        heapq.heapify(self._due)
        return taken
