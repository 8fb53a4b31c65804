"""`python -m benchmarks.soak`: push many events, kill the push three times, and count what arrived.

The server is a process of its own that counts different event ids. At the end they must be as many as the view has
rows that may be sent, and as the ledger says were accepted; and the push may not have grown with the data.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.figures import MEGABYTE, MOST_PUSH_MB
from benchmarks.processes import ROOT, BenchmarkError, pusher, pusher_command
from benchmarks.report import Bound, Figure, table
from benchmarks.server import start
from benchmarks.world import VIEW, Scale, World

# Not in a hidden folder, where no source may lie.
CACHE = ROOT / "data" / "bench"
KILLS = 3
# The moments of the kills lie between these shares of the rows, so that each hits a delivery.
_EARLIEST, _LATEST = 0.1, 0.9
_LONGEST_S = 4 * 3_600.0
_POLL_S = 0.005


class CountingServer:
    """The server, and what it said last.

    Args:
        latency_ms: How long an answer takes.
    """

    def __init__(self, latency_ms: float) -> None:
        self._process, self.url = start(str(latency_ms), "count")
        self.rows = 0
        self.distinct = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(b"distinct"):
                self.distinct = int(line.split()[1])
            else:
                self.rows = int(line)

    def stop(self) -> None:
        """End it, and take its last word."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._reader.join(timeout=60)


@dataclass(frozen=True, slots=True)
class Soaked:
    """What a soak did.

    Attributes:
        rows: Rows of the view that may be sent.
        accepted: Rows that the ledger holds as accepted.
        unsettled: Parts that are not settled.
        arrived: Rows that the server got, copies included.
        distinct: Different event ids among them.
        at_risk: Rows that were on their way at a kill.
        peaks: Peak memory of each push.
        seconds: Time from the first start to the last end.
    """

    rows: int
    accepted: int
    unsettled: int
    arrived: int
    distinct: int
    at_risk: int
    peaks: tuple[int, ...]
    seconds: float

    @property
    def problems(self) -> list[str]:
        """What is not as it must be."""
        checks = {
            f"{self.distinct:,} different events arrived, the view has {self.rows:,}": self.distinct == self.rows,
            f"{self.accepted:,} rows are accepted in the ledger": self.accepted == self.rows,
            f"{self.unsettled} parts are not settled": self.unsettled == 0,
            f"{self.arrived - self.distinct:,} rows arrived twice, {self.at_risk:,} were on their way at a kill": (
                self.arrived - self.distinct <= self.at_risk
            ),
        }
        return [text for text, holds in checks.items() if not holds]


def _wait(process: subprocess.Popen[bytes], server: CountingServer, kill_at: float | None) -> int:
    """Wait for a push to end, or kill it when so many rows arrived; returns its peak memory in bytes."""
    end = time.monotonic() + _LONGEST_S
    pid = 0
    while not pid:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if not pid and ((kill_at is not None and server.rows >= kill_at) or time.monotonic() > end):
            # Not by Popen, which would take the end that is waited for here.
            os.kill(process.pid, signal.SIGKILL)
            pid, status, usage = os.wait4(process.pid, 0)
        time.sleep(_POLL_S)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss * 1_024


def _status(options: Sequence[str], state: Path, sql: str) -> int:
    (row,) = pusher("status", *options, "--state-dir", str(state), "--sql", sql).json()["rows"]
    return int(row["found"] or 0)


def soak(events: int, cache: Path, *, seed: int = 1, latency_ms: float = 0.0) -> Soaked:
    """Push that many events with kills in between.

    Args:
        events: Orders in stores.
        cache: Folder of the generated data.
        seed: Of the moments of the kills.
        latency_ms: How long the server takes for an answer.

    Raises:
        BenchmarkError: A push ended otherwise than it should.
    """
    cache.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="soak-", dir=cache))
    random = Random(seed)  # noqa: S311 -- moments of kills, not secrets
    server = CountingServer(latency_ms)
    try:
        world = World(Scale(events=events, concurrency=8), cache, work, server.url)
        world.set_up()
        # Nothing becomes due while a soak runs.
        clock = ("--clock", world.afterwards.isoformat())
        (coverage,) = (view for view in world.build(more=clock).json()["coverage"] if view["model"] == VIEW)
        rows = coverage["good"]
        state = work / "state"
        moments = sorted(random.uniform(_EARLIEST, _LATEST) * rows for _ in range(KILLS))
        at_risk, peaks = 0, []
        started = time.monotonic()
        for kill_at in (*moments, None):
            command = pusher_command("push", *world.options(), "--select", VIEW, "--state-dir", str(state), *clock)
            with tempfile.TemporaryFile() as output:
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output)
                peaks.append(_wait(process, server, kill_at))
                output.seek(0)
                said = output.read().decode()
            killed = process.returncode < 0
            if killed != (kill_at is not None) or process.returncode > 1:
                raise BenchmarkError(f"The push ended with {process.returncode}: {said[-2_000:]}")
            if killed:
                at_risk += _status(
                    world.options(), state, "select sum(rows) as found from batch where state = 'sending'"
                )
        seconds = time.monotonic() - started
        accepted = _status(world.options(), state, "select sum(rows) as found from batch where state = 'accepted'")
        unsettled = _status(world.options(), state, "select count(*) as found from part where settled_at is null")
    finally:
        server.stop()
        shutil.rmtree(work)
    return Soaked(rows, accepted, unsettled, server.rows, server.distinct, at_risk, tuple(peaks), seconds)


def figures(done: Soaked) -> list[Figure]:
    """Return the speed and the peak memory."""
    speed = Figure(
        "soak",
        "events from the start of the first push to the end of the last, kills included",
        "events/s",
        [done.rows / done.seconds],
        [],
        None,
        {"rows": done.rows, "kills": KILLS, "rows sent twice": done.arrived - done.distinct, "at risk": done.at_risk},
    )
    peaks = [peak / MEGABYTE for peak in done.peaks]
    notes = {f"push {number}": peak for number, peak in enumerate(peaks, start=1)}
    memory = Figure(
        "soak-memory", "the highest peak memory of a push", "MB", [max(peaks)], [], Bound("ours", MOST_PUSH_MB), notes
    )
    return [speed, memory]


def main() -> int:
    """Soak; exit 1 when something was lost or a bound is not kept, 2 when a program failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description="Push much, with kills.")
    parser.add_argument("--events", type=int, default=10_000_000, help="orders in stores")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills")
    parser.add_argument("--latency", type=float, default=0.0, help="milliseconds that an answer takes")
    parser.add_argument("--cache", type=Path, default=CACHE, metavar="DIR", help="folder of the generated data")
    parser.add_argument("--json", type=Path, metavar="FILE", dest="target", help="where the figures go as JSON, too")
    given = parser.parse_args()
    try:
        done = soak(given.events, given.cache.resolve(), seed=given.seed, latency_ms=given.latency)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 2
    found = figures(done)
    if given.target:
        given.target.write_text(json.dumps([figure.as_json() for figure in found], indent=2) + "\n", encoding="utf-8")
    print(table(found))
    print(f"\n{done.distinct:,} different events arrived, of {done.rows:,} rows that may be sent")
    for problem in done.problems:
        print(f"WRONG: {problem}")
    return int(bool(done.problems) or not all(figure.is_kept for figure in found))


if __name__ == "__main__":
    sys.exit(main())
