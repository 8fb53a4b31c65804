"""The comparison with other programs never passes over one that cannot run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import peers
from benchmarks.processes import BenchmarkError
from benchmarks.server import Meter, metering_server


def test_a_peer_that_cannot_be_installed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a registry the comparison stops with pip's words, and the next run tries again."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    for _ in range(2):
        with pytest.raises(BenchmarkError, match="No matching distribution found for drt-core"):
            peers.environment_of(tmp_path, "drt", peers.REQUIREMENTS["drt"])


def test_rows_that_did_not_arrive_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that ends well and sends too little is not measured."""
    monkeypatch.setattr(peers, "environment_of", lambda _cache, _peer, _requirements: Path("/bin"))
    monkeypatch.setattr(peers, "environment_of_ours", lambda _cache: Path(sys.executable).parent)
    source = peers.Rows(tmp_path / "cache", tmp_path, rows=200)
    sent = source.send("pusher")
    assert (sent.requests, sent.deliver_s < sent.wall_s, 60_000 < sent.body_bytes < 100_000) == (2, True, True)
    source._rows = 201
    with pytest.raises(BenchmarkError, match="The server got 200 of 201 rows from pusher"):
        source.send("pusher")


def test_the_server_meters_what_it_got() -> None:
    """Requests, rows and bytes; a server that got nothing says so."""
    meter = Meter()
    for body in (b'[{"event_id":"a"},{"event_id": "b"}]', b'[{"event_id":"c"}]'):
        meter.take(bytearray(body))
    found = json.loads(meter.last_words())
    assert 0 <= found.pop("seconds") < 5
    assert found == {"requests": 2, "rows": 3, "bytes": 54}
    with metering_server() as server:
        pass
    assert server.found == {"requests": 0, "rows": 0, "bytes": 0, "seconds": 0.0}
