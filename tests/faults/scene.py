"""A shop, a sandbox on a socket, and the checker that reads what both of them know."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from pusher.push.world import PushReport
from tests.canaries import TOKEN
from tests.faults.recorder import Recorder, payloads
from tests.push.support import EVENT_SET, NOW, Order, Server, Shop, orders

ROWS = 25
MOST_RUNS = 6


@dataclass(slots=True)
class Ran:
    """How a process ended.

    Attributes:
        code: Exit code; minus the signal that killed it.
        out: What it printed.
        err: What it complained of.
    """

    code: int
    out: bytes
    err: bytes


@dataclass
class Scene:
    """Everything that a fault happens to.

    Attributes:
        root: Folder of all of it.
        server: The sandbox.
        shop: The project.
        printed: Every byte that any process printed.
    """

    root: Path
    server: Server
    shop: Shop
    printed: list[bytes] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """Where arrivals are written down."""
        return self.root / "arrived.log"

    def sell(self, rows: Sequence[Order] | int) -> None:
        """Write the shop's table, and the view once."""
        self.shop.sell(orders(rows) if isinstance(rows, int) else rows)
        if not (self.shop.root / "shop.duckdb").exists():
            self.shop.build()

    def push(self, now: datetime = NOW, **choice: Any) -> PushReport:
        """Push in this process."""
        return self.shop.push(now, **choice)

    def start(self, *words: str, module: str = "pusher", **settings: Any) -> subprocess.Popen[bytes]:
        """Start a push in a process of its own."""
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        where = ("--project-dir", str(self.shop.root), "--clock", NOW.isoformat())
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
        return subprocess.Popen([sys.executable, "-m", module, *words, *where], env=environment, **streams)

    def end(self, process: subprocess.Popen[bytes], timeout_s: float = 60) -> Ran:
        """Wait for a process."""
        out, err = process.communicate(timeout=timeout_s)
        self.printed += [out, err]
        return Ran(process.returncode, out, err)

    def killed_at(self, point: str, nth: int = 1) -> Ran:
        """Push in a process that kills itself at a named point."""
        return self.end(self.start(point, str(nth), "push", module="tests.faults.killed"))

    def settle(self, now: datetime = NOW) -> list[PushReport]:
        """Push until nothing is left to send, with the model as it is now."""
        reports = []
        for _ in range(MOST_RUNS):
            reports.append(self.push(now))
            if reports[-1].exit_code not in {3, 4}:
                break
        return reports

    def requests(self) -> int:
        """Return how many requests arrived."""
        return len(self.server.requests())

    # the checker ----------------------------------------------------------------------------------------------------

    def check(
        self, *, dead: Sequence[str] = (), parked: Sequence[str] = (), events: Sequence[str] | None = None
    ) -> None:
        """Prove I1 to I5 and I7 of everything that happened so far; refused and parked events are as told."""
        names = list(events) if events is not None else [row.order_id for row in orders(ROWS)]
        states = self._states(names)
        counted = self.server.counted()
        arrived = payloads(self.log)
        expected = {name: "dead" if name in dead else "accepted" for name in names if name not in parked}
        assert states == expected, "I1: every event has the state that the ledger says, none is lost"
        accepted = sorted(name for name in names if expected.get(name) == "accepted")
        assert [name for name in counted if name not in parked] == accepted, "I2, I4: each accepted event counts once"
        drifted = [name for name, digests in arrived.items() if len(set(digests)) > 1]
        assert drifted == [], "I3: one payload for each event"
        repeated = sum(len(digests) - 1 for digests in arrived.values())
        assert repeated <= self._rows_not_accepted(), "I5: only rows of attempts that were not accepted are sent again"
        self._nothing_leaks()

    def _states(self, names: Sequence[str]) -> dict[str, str]:
        files = sorted(str(path) for path in self.shop.state.keys.glob("*.parquet"))
        if not files:
            return {}
        with duckdb.connect() as connection:
            rows = connection.execute(
                "select cast(event_key as varchar), state from read_parquet($files)", {"files": files}
            ).fetchall()
        keys = {event_key(name): name for name in names}
        assert len({key for key, _ in rows}) == len(rows), "I1: one key for each event"
        return {keys[key]: state for key, state in rows}

    def _rows_not_accepted(self) -> int:
        rows = self.shop.ledger(
            "select coalesce(sum(batch.rows), 0) from attempt join batch on batch.id = attempt.batch "
            "where coalesce(attempt.response_class, '') <> 'ACK'"
        )
        return int(rows[0][0])

    def _nothing_leaks(self) -> None:
        """I7: no token anywhere, and no digest of a person outside the outbox and the sandbox's own file."""
        secrets = [TOKEN.encode(), *(row.digest.encode() for row in orders(ROWS))]
        kept = {"outbox", "spill"}
        files = [
            path
            for path in self.shop.state.root.rglob("*")
            if path.is_file() and not kept & set(path.relative_to(self.shop.state.root).parts)
        ]
        texts = {str(path): path.read_bytes() for path in files if path.name != "sandbox.sqlite"}
        texts |= {f"output {number}": text for number, text in enumerate(self.printed)}
        leaks = [name for name, text in texts.items() for secret in secrets if secret in text]
        assert leaks == [], "I7: nothing that identifies a person or lets one in"


def event_key(event_id: str) -> str:
    """Return the key of an offline purchase as a UUID, as the formats page says."""
    parts = ("offline", EVENT_SET, "Purchase", event_id)
    text = "".join(f"{len(part.encode())}:{part}" for part in parts)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"


@contextmanager
def scene(
    root: Path,
    faults: Sequence[dict[str, Any]] = (),
    *,
    now: datetime = NOW,
    rows: int = ROWS,
    delay_s: float = 0.0,
    **settings: Any,
) -> Iterator[Scene]:
    """Set the scene: a served sandbox that takes its time, and a shop with some orders."""
    server = Server(root / "sandbox.sqlite", faults, now, lambda app: Recorder(app, root / "arrived.log", delay_s))
    try:
        shop = Shop(root / "shop", server.base_url, **{"requests_per_second": 1000, **settings})
        found = Scene(root, server, shop)
        found.sell(rows)
        yield found
    finally:
        server.stop()
