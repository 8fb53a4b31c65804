"""Seeded histories in one process: fake clock, wire and disk, everything between them real."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.torture.history import Settings, live
from tests.torture.seeds import live_through

SEEDS = int(os.environ.get("TORTURE_SEEDS", "2000"))
CHUNKS = 8


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_history_loses_changes_or_doubles_an_event(chunk: int) -> None:
    """Gate G2: a quarter of the requests spoilt, most runs dead, and every event ends once, as the ledger says."""
    found = live_through(Settings(seed) for seed in range(chunk, SEEDS, CHUNKS))

    assert found.problems == []
    assert found.seeds == len(range(chunk, SEEDS, CHUNKS))
    assert min(found.kills, found.endings["done"], found.requests) > 0


@pytest.mark.parametrize("seed", range(10, 20))
def test_the_same_seed_lives_the_same_history(tmp_path: Path, seed: int) -> None:
    """A history that fails can be lived again to the last request."""
    histories = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        histories.append(live(Settings(seed, runs=6, rows=120), tmp_path / name))
    one, two = histories

    assert one.tally.trace == two.tally.trace
    assert (one.states, one.parked, one.endings) == (two.states, two.parked, two.endings)
    assert len(one.tally.trace) > 20


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
def test_a_run_may_end_or_its_disk_may_fill_up_at_any_step(kind: str) -> None:
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
