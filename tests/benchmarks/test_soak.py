"""A small soak: three kills, and every event arrives."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.processes import ROOT
from benchmarks.server import ANSWER, Counter, serve_connection
from benchmarks.soak import KILLS, Soaked


def test_a_push_that_is_killed_three_times_loses_nothing(tmp_path: Path) -> None:
    """The number of different events is that of the view's rows, which the program checks itself."""
    target = tmp_path / "soak.json"
    options = ["--events", "30000", "--latency", "100", "--cache", str(tmp_path / "cache"), "--json", str(target)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    speed, memory = json.loads(target.read_text("utf-8"))
    assert f"{speed['notes']['rows']:,} different events arrived" in done.stdout
    assert (speed["notes"]["kills"], len(memory["notes"])) == (KILLS, KILLS + 1)
    assert 100 < memory["ours"] < memory["bound"]["limit"]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["raw-30000"]


SOAKED = Soaked(rows=10, accepted=10, unsettled=0, arrived=13, distinct=10, at_risk=3, peaks=(1, 2, 3, 4), seconds=1.0)


@pytest.mark.parametrize(
    "wrong", [{"distinct": 9, "arrived": 12}, {"accepted": 9}, {"unsettled": 1}, {"arrived": 14}, {"at_risk": 2}]
)
def test_each_thing_that_is_lost_is_told(wrong: dict[str, int]) -> None:
    """Nothing missing, nothing left, and no more copies than rows that were on their way."""
    assert SOAKED.problems == []
    assert len(replace(SOAKED, **wrong).problems) == 1  # type: ignore[arg-type]  # all of them are whole numbers


def test_the_server_counts_whole_requests_only(capsys: pytest.CaptureFixture[str]) -> None:
    """Two requests with a repeated id, and one whose client hangs up in the middle."""
    counter = Counter()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname(), timeout=5)
        theirs, _ = listener.accept()
    serving = threading.Thread(target=serve_connection, args=(theirs, 0.0, counter))
    serving.start()
    for body in (b'[{"event_id":"a"},{"event_id":"b"}]', b'[{"event_id":"b"}]'):
        ours.sendall(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        answer = b""
        while len(answer) < len(ANSWER):
            answer += ours.recv(len(ANSWER) - len(answer))
        assert answer == ANSWER
    ours.sendall(b'POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\n[{"event_id":"c"}')
    ours.close()
    serving.join(timeout=5)
    assert not serving.is_alive()
    assert (counter.distinct(), capsys.readouterr().out.split()) == (2, ["2", "3"])
