"""When to send: full-jitter back-off and a token bucket shared by all workers."""

from __future__ import annotations

import threading
from random import Random

from pusher.clock import Clock

LONGEST_BACKOFF_S = 60.0
RECOVERY_S = 60.0
"""Time after a slow-down until the full rate is reached again."""
SLOWEST_SHARE = 0.01
_BURST_S = 0.05  # forgives a worker that wakes late, without a visible burst


def backoff_s(n: int, random: Random) -> float:
    """Return how long to wait before attempt `n + 1`: between nothing and 2^n seconds, at most a minute.

    Args:
        n: Attempts so far, from 0.
        random: Source of chance.
    """
    return random.uniform(0.0, min(LONGEST_BACKOFF_S, 2.0 ** min(n, 30)))


class Pacer:
    """Spaces requests evenly; safe to share between threads.

    A slow-down cuts the rate at once; it then recovers along a cubic, carefully at first near the rate that was too
    much, and is back after `RECOVERY_S`.

    Args:
        requests_per_s: Full rate.
        clock: Source of monotonic time and of sleep.
    """

    def __init__(self, requests_per_s: float, clock: Clock) -> None:
        self._full = requests_per_s
        self._clock = clock
        self._lock = threading.Lock()
        self._low = requests_per_s
        self._slowed_at_s = clock.monotonic_s() - RECOVERY_S
        self._next_at_s = clock.monotonic_s()

    @property
    def requests_per_s(self) -> float:
        """The rate at this moment."""
        with self._lock:
            return self._rate(self._clock.monotonic_s())

    def wait_s(self) -> float:
        """Take the next slot and return the seconds until it comes."""
        with self._lock:
            now = self._clock.monotonic_s()
            slot = max(self._next_at_s, now - _BURST_S)
            self._next_at_s = slot + 1.0 / self._rate(now)
            return max(0.0, slot - now)

    def acquire(self) -> None:
        """Take the next slot and sleep until it comes."""
        seconds = self.wait_s()
        if seconds > 0:
            self._clock.sleep(seconds)

    def slow_down(self, factor: float = 0.7) -> None:
        """Lower the rate because the server asked for it."""
        with self._lock:
            now = self._clock.monotonic_s()
            self._low = max(self._rate(now) * factor, self._full * SLOWEST_SHARE)
            self._slowed_at_s = now

    def _rate(self, now: float) -> float:
        missing = max(0.0, 1.0 - (now - self._slowed_at_s) / RECOVERY_S)
        return self._full - (self._full - self._low) * missing**3
