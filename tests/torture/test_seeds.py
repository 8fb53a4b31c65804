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
def test_64_no_history_loses_changes_or_doubles_an_event(chunk: int) -> None:
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
