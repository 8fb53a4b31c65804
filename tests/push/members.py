"""A tiny shop with one audience view, and what a sandbox on a real socket holds of it."""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from pusher.clock import SystemClock
from pusher.destinations.tiktok.facts import contract
from pusher.destinations.tiktok.sandbox import sandbox_app
from pusher.destinations.tiktok.sandbox_faults import Plan, load_faults
from pusher.destinations.tiktok.sandbox_server import SandboxServer
from pusher.ledger.audiences import AudienceStore
from pusher.ledger.opening import open_store
from pusher.ledger.store import Store
from pusher.project.facade import LoadOptions, Project
from tests.canaries import EMAIL, PHONE
from tests.loopback import NO_AUTHORITIES
from tests.push.support import NOW, QuickClock, Server, Shop

ADVERTISER = "7654321098765432109"
OTHER = "7654321098765432110"
MEMBERS = "tiktok_audience_best"
NAME = "Best customers"
_SOURCES = """version: 2
sources:
  - name: crm
    tables:
      - name: people
        config:
          meta:
            external_location: "read_csv('people.csv', header = true, all_varchar = true)"
        columns:
          - {name: email, data_type: varchar}
          - {name: phone, data_type: varchar}
"""
_HEAD = (
    "{{{{ config(materialized='view', meta={{'pusher': {{'destination': 'tiktok', 'payload': 'audience', "
    "'audience_name': '{name}'{more}}}}}) }}}}\n"
)
EMAILS = "select email from {{ source('crm', 'people') }}\n"
BOTH = "select email, phone from {{ source('crm', 'people') }}\n"


def digest(text: str) -> str:
    """Return the digest of a text; one of the people is planted, and searched for in all that is written."""
    planted = {"email 1": EMAIL.lower(), "phone 1": PHONE}.get(text, text)
    return hashlib.sha256(planted.encode()).hexdigest()


def people(numbers: Iterable[int]) -> list[tuple[str, str]]:
    """Return people with an e-mail and a phone, as digests."""
    return [(digest(f"email {one}"), digest(f"phone {one}")) for one in numbers]


def stored(kind: str, value: str) -> tuple[str, str]:
    """Return a digest as the sandbox keeps it."""
    return kind, hashlib.sha256(f"{kind}{value}".encode()).hexdigest()[:32]


def emails(numbers: Iterable[int]) -> set[tuple[str, str]]:
    """Return what the sandbox keeps of the e-mails of people."""
    return {stored("EMAIL_SHA256", digest(f"email {one}")) for one in numbers}


class SkippingClock(SystemClock):
    """Skips every wait; wall time stands still.

    Args:
        start: Moment that `now()` returns.
    """

    def __init__(self, start: datetime = NOW) -> None:
        self._start, self.skipped_s = start, 0.0

    def now(self) -> datetime:
        """Return the fixed moment."""
        return self._start

    def monotonic_s(self) -> float:
        """Return real seconds and those that were skipped."""
        return time.monotonic() + self.skipped_s

    def sleep(self, seconds: float) -> None:
        """Skip the time."""
        self.skipped_s += seconds


class Club(Shop):
    """A project with one audience view.

    Args:
        root: Empty folder.
        base_url: Where it pushes to.
        sql: The view.
        name: Name of the audience.
        more: Further settings of the view.
        settings: Further settings of the destination.
    """

    def __init__(
        self,
        root: Path,
        base_url: str = "sandbox",
        sql: str = EMAILS,
        *,
        name: str = NAME,
        more: str = "",
        **settings: Any,
    ) -> None:
        self.vars: dict[str, str] = {}
        super().__init__(root, base_url, **{"advertiser_ids": [ADVERTISER], **settings})
        for path in (root / "models").iterdir():
            path.unlink()
        (root / "models" / "_crm.yml").write_text(_SOURCES)
        self.view(sql, name=name, more=more)

    def project(self, now: datetime = NOW) -> Project:
        """Load the project with a quick clock and the variables of the command line."""
        project = Project.load(LoadOptions(project_dir=self.root, vars=self.vars))
        project.clock = QuickClock(now)
        return project

    def view(self, sql: str, *, name: str = NAME, more: str = "") -> None:
        """Write the view."""
        (self.root / "models" / f"{MEMBERS}.sql").write_text(_HEAD.format(name=name, more=more) + sql)

    def join(self, rows: Sequence[tuple[str, str]]) -> None:
        """Write the table and build the view."""
        with (self.root / "people.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["email", "phone"])
            writer.writerows(rows)
        self.build()

    def suppress(self, *people: str) -> None:
        """Suppress the e-mails of people, as another process does while a push may be running."""
        with sqlite3.connect(self.state.ledger, isolation_level=None, timeout=30) as connection:
            store = Store(connection)
            with store.transaction():
                pairs = [("EMAIL_SHA256", digest(one)) for one in people]
                AudienceStore(store).suppress(pairs, reason="test", now=NOW)
        connection.close()

    def serve_another(self, base_url: str) -> None:
        """Let the ledger serve another port of the same sandbox."""
        store = open_store(self.state, base_url=None, now=NOW)
        with store.transaction():
            store.set_meta("base_url", base_url)
        store.close()

    def lock_file(self) -> str:
        """Return the lock file's text."""
        return (self.root / "audiences.lock.yml").read_text()


class AudienceServer(Server):
    """A sandbox whose clock can be moved, and which knows some advertisers only."""

    def __init__(
        self, state_file: Path, faults: Sequence[Mapping[str, Any]] = (), advertisers: Iterable[str] | None = None
    ) -> None:
        self.now = NOW
        self._faults_file = state_file.with_suffix(".faults.json")
        self._faults_file.write_text(json.dumps(list(faults)))
        steps = load_faults(self._faults_file)
        self.app = sandbox_app(state_file, contract(), self._time, steps, advertisers=advertisers)
        self._server = SandboxServer(self.app, 0)
        self._start()

    def script(self, faults: Sequence[Mapping[str, Any]]) -> None:
        """Let other requests fail from now on."""
        self._faults_file.write_text(json.dumps(list(faults)))
        self.app._plan = Plan.parse(load_faults(self._faults_file))

    def _time(self) -> datetime:
        return self.now

    def _page(self, page: str) -> Any:
        with httpx.Client(trust_env=False, verify=NO_AUTHORITIES) as client:  # noqa: TID251 -- the sandbox's pages
            return client.get(f"{self.base_url.partition('/open_api')[0]}/_sandbox/{page}").json()

    def audiences(self) -> list[dict[str, Any]]:
        """Return its audiences."""
        found: list[dict[str, Any]] = self._page("audiences?limit=100")["audiences"]
        return found

    def members(self, audience_id: str) -> set[tuple[str, str]]:
        """Return who is in an audience, as the sandbox keeps them."""
        listed = self._page(f"members?audience_id={audience_id}&limit=100000")["members"]
        return {(one["id_type"], one["member"]) for one in listed}

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        with httpx.Client(trust_env=False, verify=NO_AUTHORITIES) as client:  # noqa: TID251 -- stands for another tool
            answer = client.post(f"{self.base_url}/{path}", json=body, headers={"Access-Token": "t"}).json()
        assert answer["code"] == 0, answer
        return answer["data"]

    def make(self, name: str, advertiser_id: str = ADVERTISER) -> str:
        """Make an audience as somebody else would; returns its id."""
        body = {"advertiser_id": advertiser_id, "action": "create", "custom_audience_name": name}
        return str(self._post("segment/audience/", body)["audience_id"])

    def delete(self, audience_id: str) -> None:
        """Delete an audience as somebody else would."""
        body = {"advertiser_id": ADVERTISER, "action": "delete", "delete_audience_id": audience_id}
        self._post("segment/audience/", body)

    def change(self, audience_id: str, action: str, digests: Sequence[str]) -> None:
        """Change an audience as somebody else would."""
        rows = [[{"id": one, "audience_ids": [audience_id]}] for one in digests]
        body = {
            "advertiser_ids": [ADVERTISER], "action": action, "id_schema": ["EMAIL_SHA256"], "batch_data": rows,
        }  # fmt: skip
        self._post("segment/mapping/", body)

    def delete_files(self, audience_id: str) -> None:
        """Delete an audience of files as somebody else would."""
        body = {"advertiser_id": ADVERTISER, "custom_audience_ids": [audience_id]}
        self._post("dmp/custom_audience/delete/", body)


@contextmanager
def serving_audiences(
    folder: Path, faults: Sequence[Mapping[str, Any]] = (), advertisers: Iterable[str] | None = None
) -> Iterator[AudienceServer]:
    """Serve a sandbox for the length of a block."""
    server = AudienceServer(folder / "sandbox.sqlite", faults, advertisers)
    try:
        yield server
    finally:
        server.stop()
