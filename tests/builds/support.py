"""A listener that keeps what it is told, and a clock that stands still."""

from __future__ import annotations

from datetime import datetime

from pusher.progress import Event
from tests.compile.support import STARTED


class Told:
    """A listener that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        """Keep one fact."""
        self.events.append(event)


class Still:
    """A clock that stands still."""

    def now(self) -> datetime:
        """Return the one moment."""
        return STARTED

    def monotonic_s(self) -> float:
        """Return the same number of seconds."""
        return 0.0

    def sleep(self, seconds: float) -> None:
        """Let nothing pass."""


STILL = Still()
