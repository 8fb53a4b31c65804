"""A small shop that something is wrong with, and what a person reads about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.cli.conftest import pusher
from tests.conftest import PROFILES, PROJECT

MODEL, MACROS, PROJECT_FILE = "models/x.sql", "macros/m.sql", "dbt_project.yml"
RAW = "from {{ source('raw', 'orders') }}"
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S")
SOURCES = """\
version: 2
sources:
  - name: raw
    tables:
      - name: orders
        config: {meta: {external_location: orders.csv}}
        columns:
          - {name: order_id, data_type: varchar}
          - {name: email, data_type: varchar, config: {meta: {pii: email}}}
          - {name: amount, data_type: double}
          - {name: ordered_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
"""
STAGING = f"select order_id, sha256(lower(trim(email))) as email, amount, ordered_at\n{RAW}\n"
HEADER = "{{ config(meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}) }}\n"
VIEW = (
    HEADER
    + """\
select
    'Purchase' as event,
    order_id as event_id,
    ordered_at as event_time,
    email,
    amount as value,
    'EUR' as currency
from {{ ref('stg') }}
"""
)
LINES = (
    "order_id,email,amount,ordered_at",
    f"1,ann@shop.example,10.5,{YESTERDAY}",
    f"2,bob@shop.example,20.5,{YESTERDAY}",
)
SHOP: Mapping[str, str | bytes] = {
    "dbt_project.yml": PROJECT,
    "profiles.yml": PROFILES,
    "models/_s.yml": SOURCES,
    "models/stg.sql": STAGING,
    "models/off.sql": VIEW,
    "orders.csv": "\n".join(LINES) + "\n",
}
Files = Mapping[str, str | bytes | None]


@dataclass(frozen=True, slots=True)
class Case:
    """One bad input.

    Attributes:
        files: Files that differ from the shop's; None takes one away.
        told: Lines that are printed about it.
        command: Command that is run.
    """

    files: Files
    told: tuple[str, ...]
    command: str = "lint"


def view(old: str, new: str) -> Files:
    """Return the destination view with a part replaced."""
    assert old in VIEW
    return {"models/off.sql": VIEW.replace(old, new)}


def source(old: str, new: str) -> Files:
    """Return the source's YAML with a part replaced."""
    assert old in SOURCES
    return {"models/_s.yml": SOURCES.replace(old, new)}


def profile(old: str, new: str) -> Files:
    """Return profiles.yml with a part replaced."""
    assert old in PROFILES
    return {"profiles.yml": PROFILES.replace(old, new)}


def csv(*lines: str) -> Files:
    """Return the source's file."""
    return {"orders.csv": "".join(f"{line}\n" for line in lines)}


def write(root: Path, files: Files) -> Path:
    """Write the shop with some files changed, and return its folder."""
    for name, content in {**SHOP, **files}.items():
        if content is not None:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def printed(root: Path, command: str) -> tuple[int, tuple[str, ...]]:
    """Return the exit code of a command and the lines that it prints, progress left out."""
    ran = pusher(*command.split(), "--quiet", "--project-dir", str(root))
    return ran.code, tuple((ran.out + ran.err).splitlines())


def answered(root: Path, command: str) -> Any:
    """Return the JSON object of a command."""
    return json.loads(pusher(*command.split(), "--json", "--project-dir", str(root)).out)
