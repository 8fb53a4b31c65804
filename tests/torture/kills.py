"""Real pushes that are killed with SIGKILL, at every kind of step and at random moments, against a bad server.

One process serves a sandbox on loopback that spoils a quarter of the requests. Pushes are forked from a process that
has everything imported, so that a kill costs the work and not the imports. What arrived is compared with the ledger.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

from pusher.destinations.tiktok.facade import tiktok
from pusher.destinations.tiktok.facts import contract
from pusher.destinations.tiktok.sandbox import sandbox_app
from pusher.destinations.tiktok.sandbox_server import SandboxServer
from tests.faults.recorder import Recorder, payloads
from tests.push.support import NOW, Order, Shop
from tests.torture.world import Fate, fated

MOST_ROWS = 200
ROWS_PER_REQUEST = 7
MOST_KILLS = 12
FAULTS = (
    "drop_before",
    "drop_after_accept",
    "truncate",
    "html_502",
    "html_200",
    "empty",
    "code_text",
    "50000",
    "40100",
)
FAULT_SHARE = 0.25
# A push that is not killed ends by itself in this time.
LONGEST_S = 60.0


@dataclass(slots=True)
class Campaign:
    """What happened.

    Attributes:
        kills: Pushes that were killed.
        histories: Shops that lived through kills until everything was settled.
        requests: HTTP requests that arrived.
        problems: What is not as promised.
    """

    kills: int = 0
    histories: int = 0
    requests: int = 0
    problems: list[str] = field(default_factory=list)


class _Killed(Fate):
    """A process that kills itself at a step."""

    def step(self) -> None:
        """Come to a step."""
        self.steps += 1
        if self.steps == self._ends_at:
            os.kill(os.getpid(), signal.SIGKILL)


def campaign(kills: int, seed: int, *, folder: Path | None = None) -> Campaign:
    """Kill pushes until there are enough, each shop until it is settled."""
    found, chance = Campaign(), Random(seed)  # noqa: S311 -- repeatable, not secret
    with tempfile.TemporaryDirectory(dir=folder) as root:
        while found.kills < kills and not found.problems:
            found.histories += 1
            _one(found, chance, Path(root) / str(found.histories), kills)
    return found


def _one(found: Campaign, chance: Random, root: Path, kills: int) -> None:
    root.mkdir()
    log = root / "arrived.log"
    log.touch()
    with _serving(root, _faults(chance), log) as base_url:
        shop = Shop(root / "shop", base_url, requests_per_second=1000, concurrency=4)
        events: list[str] = []
        _sell(shop, events, chance)
        _forked(shop.build)
        end = min(found.kills + MOST_KILLS, kills)
        while found.kills < end:
            found.kills += _push(shop, chance, killed=True)
            _sell(shop, events, chance)
        for _ in range(20):
            _push(shop, chance, killed=False)
            found.problems += _untrue_endings(shop)
            if not _is_open(shop, len(events)):
                break
        found.problems += _check(shop, root, log, events)
    found.requests += len(shop.ledger("select 1 from attempt"))


def _sell(shop: Shop, events: list[str], chance: Random) -> None:
    """Sell some more, and let the model drift: what is frozen must win."""
    more = range(len(events), len(events) + (chance.randint(10, 40) if len(events) < MOST_ROWS else 0))
    events += [f"order-{number:05d}" for number in more]
    shop.sell([Order(event, amount=f"{chance.randint(1, 9)}.00") for event in events])


def _faults(chance: Random) -> list[dict[str, Any]]:
    return [
        {"match": {"nth": number}, "do": chance.choice(FAULTS)}
        for number in range(1, 400)
        if chance.random() < FAULT_SHARE
    ]


@contextmanager
def _serving(root: Path, faults: Sequence[dict[str, Any]], log: Path) -> Iterator[str]:
    """Serve a sandbox from a process of its own; gives its base_url."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            app = sandbox_app(root / "sandbox.sqlite", contract(), lambda: NOW, faults)
            server = SandboxServer(Recorder(app, log), 0)  # type: ignore[arg-type]  # only called, as the sandbox is
            os.write(write, server.base_url.encode() + b"\n")
            server.run()
        finally:
            os._exit(1)
    os.close(write)
    try:
        with os.fdopen(read) as told:
            yield told.readline().strip()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _push(shop: Shop, chance: Random, *, killed: bool) -> int:
    """Push in a forked process; returns 1 if it was killed."""
    at_step = chance.randint(1, 110) if killed and chance.random() < 0.7 else None
    after_s = chance.uniform(0.3, 1.0) if killed and at_step is None else LONGEST_S
    child = _fork(lambda: _pushed(shop, at_step))
    end = time.monotonic() + after_s
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return int(os.WIFSIGNALED(status))
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 1


def _fork(work: Callable[[], Any]) -> int:
    """Do something in a child process, silently; returns its id."""
    child = os.fork()
    if child:
        return child
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        work()
        os._exit(0)
    except BaseException:  # noqa: BLE001 -- a forked child must not go on as its parent
        os._exit(70)


def _forked(work: Callable[[], Any]) -> Any:
    """Do something in a child process and return what it gives: DuckDB's threads must not be there at the next fork."""
    read, write = os.pipe()
    child = _fork(lambda: os.write(write, json.dumps(work()).encode()))
    os.close(write)
    with os.fdopen(read) as told:
        text = told.read()
    os.waitpid(child, 0)
    return json.loads(text)


def _pushed(shop: Shop, at_step: int | None) -> None:
    destination: Any = tiktok()
    small = destination.payloads["offline_events"]
    limits = replace(small.limits, max_rows_per_request=ROWS_PER_REQUEST)
    destination.payloads = {**destination.payloads, small.name: replace(small, limits=limits)}
    with fated(_Killed(at_step)):
        shop.push()


def _untrue_endings(shop: Shop) -> list[str]:
    """Say when the newest run ended as if everything were settled while rows wait."""
    run, code = shop.ledger("select id, exit_code from run order by rowid desc limit 1")[0]
    waiting = shop.ledger("select count(*), coalesce(sum(rows), 0) from part where file is not null")[0]
    return [f"I8: run {run} ended with {code}, and {waiting[1]} rows wait"] if code in (0, 1) and waiting[0] else []


def _is_open(shop: Shop, rows: int) -> bool:
    """Whether rows wait, also those that were never planned."""
    if not shop.state.ledger.exists():
        return True
    ended = shop.ledger("select count(*) from run where finished_at is not null and exit_code in (0, 1)")[0][0]
    waiting = shop.ledger("select count(*) from part where file is not null")[0][0]
    return bool(waiting) or not ended or sum(count for _, count in _forked(shop.keys)) < rows


def _check(shop: Shop, root: Path, log: Path, events: Sequence[str]) -> list[str]:
    app = sandbox_app(root / "sandbox.sqlite", contract(), lambda: NOW, [])
    counted = sorted(event["event_id"] for event in _admin(app, "/_sandbox/events?limit=100000")["events"])
    problems = []
    keys = _forked(shop.keys)
    if keys != [["accepted", len(events)]]:
        problems.append(f"I1: the ledger holds {keys} of {len(events)}")
    if counted != sorted(events):
        problems.append(f"I2, I4: {len(counted)} counted, {len(set(counted))} events")
    drifted = [event for event, digests in payloads(log).items() if len(set(digests)) > 1]
    if drifted:
        problems.append(f"I3: {len(drifted)} events were sent with two payloads")
    left = [path.name for path in shop.state.outbox.iterdir()]
    if left:
        problems.append(f"the outbox still holds {left}")
    return problems


def _admin(app: Any, address: str) -> dict[str, Any]:
    path, _, query = address.partition("?")
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": query, "wsgi.input": BytesIO()}
    found: dict[str, Any] = json.loads(b"".join(app(environ, lambda *_: None)))
    return found
