"""A run of twenty batches that goes wrong at each of its steps in turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.history import Settings, live
from tests.torture.seeds import live_through

ROWS = 143
"""A canary of ten rows and nineteen batches of seven."""


def steps() -> int:
    """Return how many steps the first run of the twenty batches has."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        history = live(Settings(1, runs=1, rows=ROWS, fault_share=0.0, deaths=False), Path(folder))
    assert history.tally.requests >= 20
    return history.steps


@pytest.mark.parametrize("kind", ["ends_at", "fails_at"])
def test_11_12_a_run_may_end_or_its_disk_may_fill_up_at_any_step(kind: str) -> None:
    """Gate G3, faults 11 and 12: for every step of a run of twenty batches the next runs put everything right."""
    every = [
        Settings(1, runs=1, rows=ROWS, fault_share=0.0, deaths=False, **{kind: step})  # type: ignore[arg-type]
        for step in range(1, steps() + 1)
    ]

    found = live_through(every)

    assert found.problems == []
    assert found.seeds == len(every) > 150
    ended = "died" if kind == "ends_at" else "disk full"
    assert found.endings[ended] > 100


@pytest.mark.parametrize("fault", ["lost", "unreachable", "server_error", "half", "slow", "throttled", "partial"])
def test_any_request_may_go_wrong(fault: str) -> None:
    """Gate G3: every n-th request of a run of twenty batches is spoilt, each in turn."""
    every = [
        Settings(1, runs=1, rows=ROWS, fault_share=0.0, deaths=False, spoilt=(number, fault)) for number in range(1, 21)
    ]

    found = live_through(every)

    assert found.problems == []
    assert found.requests > 20 * 20
