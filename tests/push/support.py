"""A tiny shop with one offline view, a sandbox on a real socket, and a checker over the sandbox's history."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from pusher.clock import SystemClock
from pusher.destinations.tiktok.facts import contract
from pusher.destinations.tiktok.sandbox import Sandbox, sandbox_app
from pusher.destinations.tiktok.sandbox_faults import load_faults
from pusher.destinations.tiktok.sandbox_server import SandboxServer
from pusher.ledger.state import StateFolder
from pusher.project.facade import LoadOptions, Project
from pusher.project.outcomes import PushChoice
from pusher.push.world import PushReport
from tests.canaries import EMAIL, TOKEN
from tests.loopback import NO_AUTHORITIES

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EVENT_SET = "7654321098765432109"
VIEW = "tiktok_offline_events"
SPEED = 25.0

_SOURCES = """version: 2
sources:
  - name: shop
    tables:
      - name: orders
        config:
          meta:
            external_location: "read_csv('orders.csv', header = true, all_varchar = true)"
        columns:
          - {name: order_id, data_type: varchar}
          - {name: ordered_at, data_type: varchar, config: {meta: {timezone: UTC}}}
          - {name: digest, data_type: varchar}
          - {name: amount, data_type: varchar}
          - {name: event_set, data_type: varchar}
"""


def view_sql(payload: str, *more: str) -> str:
    """Return a view of the orders.

    Args:
        payload: What it is pushed as.
        more: Its columns beside those that every event has.
    """
    columns = ",\n    ".join(
        (
            "'Purchase' as event",
            "order_id as event_id",
            "cast(ordered_at as timestamp) as event_time",
            "digest as email",
            "cast(amount as decimal(18, 2)) as value",
            "'USD' as currency",
            *more,
        )
    )
    config = (
        f"{{{{ config(materialized='view', meta={{'pusher': {{'destination': 'tiktok', 'payload': '{payload}'}}}}) }}}}"
    )
    return f"{config}\n\nselect\n    {columns}\nfrom {{{{ source('shop', 'orders') }}}}\n"


MODEL = view_sql("offline_events", "order_id", "event_set as event_set_id")


class QuickClock(SystemClock):
    """Waits and deadlines run `SPEED` times as fast; wall time starts at a fixed moment.

    Args:
        start: Moment that `now()` returns first.
    """

    def __init__(self, start: datetime = NOW) -> None:
        self.start = start

    def now(self) -> datetime:
        """Return the fixed moment."""
        return self.start

    def monotonic_s(self) -> float:
        """Return real seconds times `SPEED`."""
        return time.monotonic() * SPEED

    def sleep(self, seconds: float) -> None:
        """Wait for a share of the time."""
        time.sleep(seconds / SPEED)


@dataclass
class Order:
    """One row of the shop's table."""

    order_id: str
    at: str = "2026-11-19 10:00:00"
    digest: str = ""
    amount: str = "10.00"
    event_set: str = EVENT_SET

    def __post_init__(self) -> None:
        """Give the order a customer of its own."""
        if self.digest == "":
            # One customer is planted, and searched for in all that is written.
            customer = EMAIL.lower() if self.order_id == "order-00000" else self.order_id
            self.digest = hashlib.sha256(customer.encode()).hexdigest()


def terms(report: PushReport) -> dict[str, int]:
    """Return the terms of the first view that are not zero."""
    return {name: count for name, count in report.models[0].terms.items() if count}


def orders(count: int, start: int = 0) -> list[Order]:
    """Return orders with ids `order-00000`, `order-00001` ..."""
    return [Order(f"order-{number:05d}") for number in range(start, start + count)]


class Shop:
    """A project in a folder.

    Args:
        root: Empty folder.
        base_url: Where it pushes to.
        settings: Further settings of the destination.
    """

    def __init__(self, root: Path, base_url: str = "sandbox", **settings: Any) -> None:
        self.root = root
        (root / "models").mkdir(parents=True)
        (root / "dbt_project.yml").write_text("name: shop\nprofile: shop\nconfig-version: 2\n")
        (root / "models" / "_shop.yml").write_text(_SOURCES)
        (root / "models" / f"{VIEW}.sql").write_text(MODEL)
        self.profile(base_url, **settings)

    def profile(self, base_url: str, **settings: Any) -> None:
        """Write profiles.yml."""
        tiktok = {"base_url": base_url, "event_set_id": EVENT_SET, "access_token": TOKEN, **settings}
        text = {
            "shop": {"target": "dev", "outputs": {"dev": {"type": "duckdb", "path": "shop.duckdb", "threads": 2}}},
            "pusher": {"dev": {"tiktok": tiktok}},
        }
        # JSON is YAML, and its texts are quoted.
        (self.root / "profiles.yml").write_text(json.dumps(text))

    def sell(self, rows: Sequence[Order]) -> None:
        """Write the shop's table."""
        with (self.root / "orders.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["order_id", "ordered_at", "digest", "amount", "event_set"])
            writer.writerows([row.order_id, row.at, row.digest, row.amount, row.event_set] for row in rows)

    def project(self, now: datetime = NOW) -> Project:
        """Load the project with a quick clock."""
        project = Project.load(LoadOptions(project_dir=self.root))
        project.clock = QuickClock(now)
        return project

    def build_as_users_do(self) -> None:
        """Create the view and judge its rows, which takes three times as long."""
        self.project().build()

    def build(self) -> None:
        """Create the view."""
        from pusher.builds.run import build

        project = self.project()
        engine = project._warehouse()
        build(project.manifest, engine)
        engine.close()

    def push(
        self,
        now: datetime = NOW,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
        should_stop: Callable[[], bool] = lambda: False,
        **choice: Any,
    ) -> PushReport:
        """Push in this process."""
        return self.project(now).push(select, exclude, PushChoice(**choice), should_stop=should_stop)

    def command(self, *arguments: str, largest_file_bytes: int | None = None) -> subprocess.Popen[bytes]:
        """Start `pusher` in a process of its own, which may not write files beyond a size."""
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        return subprocess.Popen(
            [sys.executable, "-m", "pusher", *arguments, "--project-dir", str(self.root)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            preexec_fn=None if largest_file_bytes is None else _limit_files(largest_file_bytes),  # noqa: PLW1509
        )

    @property
    def state(self) -> StateFolder:
        """The state folder of the target."""
        return StateFolder(self.root / ".pusher" / "dev")

    def ledger(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query on the ledger's SQLite file."""
        import sqlite3

        with sqlite3.connect(self.state.ledger) as connection:
            found = connection.execute(sql).fetchall()
        connection.close()
        return found

    def keys(self) -> list[tuple[str, int]]:
        """Return how many keys are held in each state."""
        files = sorted(str(path) for path in self.state.keys.glob("*.parquet"))
        if not files:
            return []
        with duckdb.connect() as connection:
            return connection.execute(
                "select state, count(*) from read_parquet($files) group by state order by state", {"files": files}
            ).fetchall()


def _limit_files(most_bytes: int) -> Callable[[], None]:
    """Let every write beyond a size fail, as on a full disk."""
    import resource

    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))


class Server:
    """A sandbox behind a loopback port, in a thread.

    Args:
        state_file: Where it keeps its counts.
        faults: Scripted faults.
        now: The sandbox's time.
        wrap: Puts something between the socket and the sandbox.
        rules: What the sandbox lets in, as `sandbox_app` takes it.
    """

    def __init__(
        self,
        state_file: Path,
        faults: Sequence[dict[str, Any]] = (),
        now: datetime = NOW,
        wrap: Callable[[Sandbox], Any] = lambda app: app,
        **rules: Any,
    ) -> None:
        self._faults_file = state_file.with_suffix(".faults.json")
        self._faults_file.write_text(json.dumps(list(faults)))
        self.app: Sandbox = sandbox_app(state_file, contract(), lambda: now, load_faults(self._faults_file), **rules)
        self._server = SandboxServer(wrap(self.app), 0)
        self._start()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()

    @property
    def base_url(self) -> str:
        """What goes into the profile."""
        return self._server.base_url

    def stop(self) -> None:
        """Stop serving."""
        self._server.stop()
        self._thread.join(timeout=5)

    def _get(self, page: str) -> Any:
        import httpx

        with httpx.Client(trust_env=False, verify=NO_AUTHORITIES) as client:  # noqa: TID251 -- the sandbox's pages
            return client.get(f"{self.base_url.partition('/open_api')[0]}/_sandbox/{page}?limit=100000").json()

    def requests(self) -> list[dict[str, Any]]:
        """Return every request it saw."""
        found: list[dict[str, Any]] = self._get("history")["requests"]
        return found

    def look_ups(self) -> int:
        """Return how many requests asked only what is there."""
        found: int = self._get("accounts")["look_ups"]
        return found

    def totals(self) -> dict[str, int]:
        """Return its counts."""
        found: dict[str, int] = self._get("history")["totals"]
        return found

    def counted(self) -> list[str]:
        """Return the ids of the events that it counted, each as often as it was counted."""
        return sorted(event["event_id"] for event in self._get("events")["events"])


@contextmanager
def serving(state_file: Path, faults: Sequence[dict[str, Any]] = (), now: datetime = NOW) -> Iterator[Server]:
    """Serve a sandbox for the length of a block."""
    server = Server(state_file, faults, now)
    try:
        yield server
    finally:
        server.stop()


def wait_until(happened: Any, timeout_s: float = 20.0) -> None:
    """Wait for something that another process does.

    Raises:
        AssertionError: It did not happen in time.
    """
    end = time.monotonic() + timeout_s
    while not happened():
        if time.monotonic() > end:
            raise AssertionError("it did not happen in time")
        time.sleep(0.01)
