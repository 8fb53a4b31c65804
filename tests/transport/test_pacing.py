"""Waiting, with time and chance as parameters."""

from __future__ import annotations

import threading
from random import Random

import pytest

from pusher.clock import SystemClock
from pusher.transport import Pacer, backoff_s


class StepClock(SystemClock):
    """Monotonic time that moves only by sleeping."""

    def __init__(self) -> None:
        self.time_s = 1_000.0
        self._lock = threading.Lock()

    def monotonic_s(self) -> float:
        """Return the time of the test."""
        return self.time_s

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self.time_s += seconds


@pytest.mark.parametrize(("n", "longest"), [(0, 1), (1, 2), (3, 8), (5, 32), (6, 60), (40, 60), (10**6, 60)])
def test_back_off_is_full_jitter_below_a_doubling_limit(n: int, longest: float) -> None:
    """Waits spread over the whole range, so that clients do not return together."""
    random = Random(7)  # noqa: S311 -- seeded on purpose
    waits = [backoff_s(n, random) for _ in range(2_000)]
    assert min(waits) >= 0
    assert max(waits) <= longest
    assert sum(waits) / len(waits) == pytest.approx(longest / 2, rel=0.05)


@pytest.mark.parametrize("rate", [0.5, 10, 1_000])
def test_requests_are_spaced_at_the_rate(rate: float) -> None:
    """In the long run the rate holds."""
    clock = StepClock()
    pacer = Pacer(rate, clock)
    began = clock.time_s
    for _ in range(200):
        pacer.acquire()
    assert (clock.time_s - began) * rate == pytest.approx(199, rel=0.01)


def test_an_idle_pacer_saves_up_no_burst() -> None:
    """An hour without requests buys no second full of them."""
    clock = StepClock()
    pacer = Pacer(10, clock)
    clock.sleep(3_600)
    assert [round(pacer.wait_s(), 3) for _ in range(4)] == [0, 0.05, 0.15, 0.25]


def test_threads_never_share_a_slot() -> None:
    """Slots are handed out one by one."""
    pacer = Pacer(100, StepClock())
    waits: list[float] = []
    threads = [threading.Thread(target=lambda: waits.extend(pacer.wait_s() for _ in range(50))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [round(wait, 6) for wait in sorted(waits)] == [round(number / 100, 6) for number in range(200)]


def test_a_slow_down_cuts_the_rate_at_once_and_recovers_along_a_cubic() -> None:
    """Recovery starts fast and ends carefully, at the full rate."""
    clock = StepClock()
    pacer = Pacer(10, clock)
    pacer.slow_down()
    rates = []
    for _ in range(5):
        rates.append(round(pacer.requests_per_s, 3))
        clock.sleep(15)
    assert rates == [7.0, 8.734, 9.625, 9.953, 10.0]


def test_slow_downs_add_up_to_a_floor() -> None:
    """However often the server asks, requests do not stop for ever."""
    pacer = Pacer(10, StepClock())
    rates = []
    for _ in range(3):
        pacer.slow_down()
        rates.append(round(pacer.requests_per_s, 3))
    for _ in range(100):
        pacer.slow_down(0.1)
    assert rates == [7.0, 4.9, 3.43]
    assert pacer.requests_per_s == pytest.approx(0.1)
