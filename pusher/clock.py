"""The one place that reads time.

Ages, windows and retention use wall time in UTC; waiting uses the monotonic clock.
`FixedClock` serves `--clock` and tests: it starts at a given moment and moves on with real time.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Wall time for ages, monotonic time for waiting, and sleep."""

    def now(self) -> datetime:
        """Return the current moment, timezone-aware, in UTC."""

    def monotonic_s(self) -> float:
        """Return seconds that never go back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Return the current moment in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        time.sleep(seconds)


def cpu_s() -> float:
    """Return the CPU seconds of this process so far."""
    return time.process_time()


class FixedClock(SystemClock):
    """Wall time that starts at a chosen moment and runs on from there.

    Args:
        start: Timezone-aware moment that `now()` returns first.
    """

    def __init__(self, start: datetime) -> None:
        self._start = start.astimezone(UTC)
        self._origin_s = time.monotonic()

    def now(self) -> datetime:
        """Return the chosen start plus the real time since then."""
        return self._start + timedelta(seconds=time.monotonic() - self._origin_s)
