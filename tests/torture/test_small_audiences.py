"""Seeded histories of audiences of a few people: each request tells nearly all there is to tell.

In a file of their own, so that they run beside those of `test_audiences`; both together are the 2,000 of gate G8.
"""

from __future__ import annotations

import os

from tests.torture.audiences import Settings, live_through

HISTORIES = int(os.environ.get("AUDIENCE_HISTORIES", "1500"))
FIRST = 1_000_000


def test_nobody_is_wrongly_in_or_out_of_a_small_audience() -> None:
    """Gate G8, with half a dozen people and one to three runs that can fail."""
    seeds = range(FIRST, FIRST + HISTORIES)

    found = live_through(Settings(seed, runs=1 + seed % 3, people=6) for seed in seeds)

    assert found.problems == []
    assert found.histories == HISTORIES
    assert min(found.runs["died"], found.runs["settled"], found.requests) > 0
