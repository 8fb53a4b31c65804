"""Seeded histories of audiences: whatever fails, dies or lands late, the last clean run puts everybody right."""

from __future__ import annotations

import os

import pytest

from tests.torture.audiences import live_through, seeded

HISTORIES = int(os.environ.get("AUDIENCE_HISTORIES", "500"))
CHUNKS = 2


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_nobody_is_wrongly_in_or_out_of_an_audience(chunk: int) -> None:
    """Gate G8: a quarter of the requests spoilt, requests land up to two minutes late, most runs die."""
    seeds = range(chunk, HISTORIES, CHUNKS)

    found = live_through(map(seeded, seeds))

    assert found.problems == []
    assert found.histories == len(seeds)
    assert min(found.runs["died"], found.runs["settled"], found.requests) > 0
