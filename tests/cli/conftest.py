"""A tiny shop whose customers are canaries, a way to run commands on it, and a sandbox that it may push to."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.cli.app import run
from tests.canaries import EMAIL, PHONE, TOKEN, found_in
from tests.conftest import PROFILES, ProjectFactory
from tests.push.members import AudienceServer, serving_audiences

CANARIES = ("canary.one@shop.example", EMAIL, PHONE, "canary five@@shop", "2133734254")
ENVELOPE = ["schema_version", "command", "exit_code", "errors"]
"""Fields that every JSON output begins with."""
MAIN = [sys.executable, "-m", "pusher"]
"""The program in a process of its own."""
SOURCES = """\
version: 2
sources:
  - name: raw
    tables:
      - name: orders
        config:
          meta:
            external_location: orders.csv
        columns:
          - {name: order_id, data_type: varchar}
          - {name: Email, data_type: varchar, config: {meta: {pii: email}}}
          - {name: phone, data_type: varchar, config: {meta: {pii: phone}}}
          - {name: note, data_type: varchar}
          - {name: amount, data_type: double}
          - {name: ordered_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
"""
STAGING = """\
select order_id, Email as "EMAIL", phone, note, Email as contact, amount, ordered_at
from {{ source("raw", "orders") }}
"""
VIEW = """\
{{ config(materialized='view', meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}) }}
select
    'Purchase' as event,
    order_id as event_id,
    ordered_at as event_time,
    case when order_id <> '4' then sha256(lower(trim("EMAIL"))) else "EMAIL" end as email,
    amount as value,
    'EUR' as currency
from {{ ref('stg_orders') }}
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return the one object that stdout is."""
        return json.loads(self.out, parse_constant=pytest.fail)


def pusher(*words: str) -> Ran:
    """Run a command in this process."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        code = run(words)
    written = [stream.buffer.getvalue() for stream in streams]
    shown = [what for data in written for what in found_in(data, digests=_shows_digests(words))]
    assert _is_asked_to_reveal(words) or shown == [], f"pusher {' '.join(words)} shows {shown}"
    out, err = (data.decode() for data in written)
    return Ran(code, out, err)


def _shows_digests(words: tuple[str, ...]) -> bool:
    """Whether showing digests is what a command is for."""
    return words[:1] == ("explain",) or (words[:1] == ("show",) and "--payload" in words)


def _is_asked_to_reveal(words: tuple[str, ...]) -> bool:
    return words[:1] == ("explain",) and "--reveal" in words


Command = Callable[..., Ran]


@dataclass(frozen=True, slots=True)
class Shop:
    """A project and its commands."""

    root: Path

    def __call__(self, command: str, *words: str) -> Ran:
        """Run a command on the project."""
        return pusher(command, "--project-dir", str(self.root), *words)


@pytest.fixture
def shop(project: ProjectFactory, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Return the shop: two good orders, one without identity, one with a raw address, one that is too old."""
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    recent, old = ((now - timedelta(days=days)).isoformat(" ") for days in (1, 40))
    rows = [
        f"1,{CANARIES[0]},{CANARIES[2]},call {CANARIES[2]},10.5,{recent}",
        f"2,{CANARIES[1]},{CANARIES[4]},write to {CANARIES[0]},20.25,{recent}",
        f"3,,,,5,{recent}",
        f"4,{CANARIES[3]},,,7,{recent}",
        f"5,{CANARIES[0]},,,9,{old}",
    ]
    root = project(
        {
            "profiles.yml": PROFILES.replace('"base_url"', f'"access_token": "{TOKEN}", "base_url"'),
            "models/_sources.yml": SOURCES,
            "models/stg_orders.sql": STAGING,
            "models/offline.sql": VIEW,
            "orders.csv": "order_id,Email,phone,note,amount,ordered_at\n" + "\n".join(rows) + "\n",
        }
    )
    monkeypatch.chdir(root)
    return Shop(root)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[AudienceServer]:
    """A sandbox on a socket, whose faults can be changed."""
    with serving_audiences(tmp_path) as found:
        yield found
