"""The figures of the ledger: what it costs at a server's latency, on a slow disk, and after a crash."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from benchmarks.processes import BenchmarkError, child, pusher, pusher_command
from benchmarks.report import Bound, Figure
from benchmarks.server import discarding_server
from benchmarks.world import VIEW, World

LATENCIES_MS = (0, 50, 200, 400)
IN_FLIGHT = (1, 8, 32)
LEAST_SHARE = 0.85
MOST_COMMITS = 0.5
SLOW_COMMIT_MS = 15
SLOW_COMMIT_IN_FLIGHT = 8
SLOW_COMMIT_LATENCIES_MS = (0, 50)
LONGEST_RECOVERY_S = 2.0
# A pair takes about this long at a latency, so that what is done once in a process does not decide the share.
_PAIR_S = 2.0
_MOST_REQUESTS = 900
_REQUESTS_WITHOUT_LATENCY = 300
_REQUESTS_OF_SLOW_COMMITS = 150
_CANARY_ROWS, _ROWS = 10, 1_000
_FIRST_REQUEST_S = 120.0


def _requests(latency_ms: int, in_flight: int) -> int:
    if not latency_ms:
        return _REQUESTS_WITHOUT_LATENCY
    return min(_MOST_REQUESTS, max(8, int(_PAIR_S * 1_000 / latency_ms) * in_flight))


def _cell(world: World, url: str, *, requests: int, in_flight: int) -> dict[str, Any]:
    frozen = world.frozen
    return {
        "project": str(world.project),
        "view": VIEW,
        "files": frozen["files"],
        "rows": min(frozen["rows"], _CANARY_ROWS + requests * _ROWS),
        "work": str(world.work / "cell"),
        "url": url,
        "connections": in_flight,
    }


def latency_figures(world: World) -> list[Figure]:
    """Deliver with the ledger, and with the same client and encoder without one."""
    figures = []
    for latency_ms in LATENCIES_MS:
        with discarding_server(latency_ms) as url:
            for in_flight in IN_FLIGHT:
                cell = _cell(world, url, requests=_requests(latency_ms, in_flight), in_flight=in_flight)
                ours, bare = [], []
                for _ in range(world.scale.rounds):
                    ours.append(child("deliver", **cell).json())
                    bare.append(child("post", **cell).json())
                figures.append(
                    Figure(
                        latency_name(latency_ms, in_flight),
                        f"delivery at {latency_ms} ms and {in_flight} in flight, against the same client, no ledger",
                        "events/s",
                        [done["rows"] / done["seconds"] for done in ours],
                        [done["rows"] / done["seconds"] for done in bare],
                        Bound("ratio", LEAST_SHARE, at_least=True) if latency_ms else None,
                        {"requests": ours[0]["requests"], "commits": ours[0]["commits"]},
                    )
                )
    return figures


def latency_name(latency_ms: int, in_flight: int) -> str:
    """Return the name of one figure."""
    return f"ledger-{latency_ms}ms-{in_flight}"


def commit_figure(world: World) -> list[Figure]:
    """Count commits when each takes long."""
    shares: dict[int, list[float]] = {}
    for latency_ms in SLOW_COMMIT_LATENCIES_MS:
        with discarding_server(latency_ms) as url:
            cell = _cell(world, url, requests=_REQUESTS_OF_SLOW_COMMITS, in_flight=SLOW_COMMIT_IN_FLIGHT)
            for _ in range(world.scale.rounds):
                done = child("deliver", commit_ms=SLOW_COMMIT_MS, **cell).json()
                shares.setdefault(latency_ms, []).append(done["commits"] / done["requests"])
    worst = [max(shares_of_round) for shares_of_round in zip(*shares.values(), strict=True)]
    return [
        Figure(
            "commits",
            "commits for each batch at 8 in flight, when a commit takes 15 ms longer; the worst latency counts",
            "a batch",
            worst,
            [],
            Bound("ours", MOST_COMMITS),
            {f"at {latency_ms} ms": sum(found) / len(found) for latency_ms, found in shares.items()},
        )
    ]


class Silent:
    """A server that takes connections and never answers."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/open_api/v1.3"

    def close(self) -> None:
        """Refuse connections from now on."""
        self._listener.close()

    def kill_at_first_request(self, command: Sequence[str]) -> float:
        """Start a push, kill it when the first bytes of a request are here, and return how long that took.

        Raises:
            BenchmarkError: It sent nothing.
        """
        started = time.monotonic()
        process = subprocess.Popen(list(command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            self._listener.settimeout(_FIRST_REQUEST_S)
            connection, _ = self._listener.accept()
            with connection:
                connection.settimeout(_FIRST_REQUEST_S)
                connection.recv(1)
                seconds = time.monotonic() - started
                process.kill()
                process.wait()
                self._forget_waiting()
        except TimeoutError:
            raise BenchmarkError(f"{' '.join(command)[:200]} sent nothing.") from None
        finally:
            process.kill()
            process.wait()
        return seconds

    def _forget_waiting(self) -> None:
        """Drop what the killed process had opened beside its first connection."""
        self._listener.settimeout(0.0)
        while True:
            try:
                self._listener.accept()[0].close()
            except BlockingIOError:
                return


@contextmanager
def _silent() -> Iterator[Silent]:
    server = Silent()
    try:
        yield server
    finally:
        server.close()


def _recovery(world: World, server: Silent, name: str, *, events: int, is_open: bool) -> Figure:
    """Fill the ledger of a killed push, then kill its successors at their first request, each a recovery."""
    small = World(replace(world.scale, events=events), world.cache, world.work / name, server.url)
    small.set_up()
    small.build()
    state = small.work / "state"
    push = pusher_command("push", *small.options(), "--select", VIEW, "--state-dir", str(state))
    server.kill_at_first_request(push)
    batches = child("fill-ledger", state=str(state), batches=world.scale.batches, is_open=is_open).json()["batches"]
    # The view moves on, while the rows that were frozen from it wait.
    pusher("build", *small.options(), "--select", VIEW, "--vars", json.dumps({"lookback_days": 1}))
    seconds = [server.kill_at_first_request(push) for _ in range(small.scale.quick_rounds)]
    where = "in parts that are not settled" if is_open else "in settled parts"
    return Figure(
        name,
        f"from the start of a push after kill -9 to its first request, the ledger's batches {where}",
        "s",
        seconds,
        [],
        Bound("ours", LONGEST_RECOVERY_S),
        {"batches": batches, "ledger MB": (state / "ledger.sqlite").stat().st_size / 1_000_000},
    )


def recovery_figures(world: World) -> list[Figure]:
    """Time what a push needs after a crash, with a long history and with many batches under way."""
    with _silent() as server:
        few = min(2_000, world.scale.events)
        many = min(world.scale.batches * 11 // 10, world.scale.events)
        return [
            _recovery(world, server, "recovery", events=few, is_open=False),
            _recovery(world, server, "recovery-open", events=many, is_open=True),
        ]
