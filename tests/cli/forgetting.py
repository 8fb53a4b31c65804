"""What tests of `pusher forget` share: a shop with three audiences that Jane is in, and a search for what she gave."""

from __future__ import annotations

import base64
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

from tests.cli.conftest import pusher
from tests.push.members import ADVERTISER, AudienceServer, digest, stored
from tests.push.support import NOW, Order, Shop, orders

ROOT = Path(__file__).parents[2]
EMAIL = "Jane.Doe+vip@Example.com"
PHONE = "+44 20 7946 0123"
DEVICE = "AEBE52E7-03EE-455A-B3C4-E57283966239"
PLAIN, DOTLESS = digest("jane.doe+vip@example.com"), digest("janedoe@example.com")
NUMBER = digest("+442079460123")
OTHER = digest("somebody else")
_SOURCE = """version: 2
sources:
  - name: crm
    tables:
      - name: members
        config: {meta: {external_location: "read_csv('members.csv', header = true, all_varchar = true)"}}
        columns: [{name: audience, data_type: varchar}, {name: digest, data_type: varchar}]
"""
_VIEW = """{{{{ config(materialized='view', meta={{'pusher': {{'destination': 'tiktok', 'payload': 'audience',
'audience_name': '{name}'}}}}) }}}}
select digest as {column} from {{{{ source('crm', 'members') }}}} where audience = '{name}'
"""
AUDIENCES = {"plain": ("email", PLAIN), "dotless": ("email", DOTLESS), "numbers": ("phone", NUMBER)}


@dataclass(frozen=True, slots=True)
class Forgot:
    """How the command ended."""

    returncode: int
    stdout: bytes
    stderr: bytes


class People(Shop):
    """A shop with events and three audiences, and the macros of the shipped project."""

    def __init__(self, root: Path, base_url: str) -> None:
        super().__init__(root, base_url, advertiser_ids=[ADVERTISER], requests_per_second=1000)
        shutil.copytree(ROOT / "macros" / "identity", root / "macros" / "identity")
        (root / "models" / "_crm.yml").write_text(_SOURCE)
        lines = ["audience,digest"]
        for name, (column, person) in AUDIENCES.items():
            (root / "models" / f"audience_{name}.sql").write_text(_VIEW.format(name=name, column=column))
            lines += [f"{name},{person}", f"{name},{OTHER}"]
        (root / "members.csv").write_text("\n".join(lines) + "\n")
        self.sell([*orders(3), Order("order-of-jane", digest=PLAIN)])
        self.build()

    def forget(self, text: str, *arguments: str) -> Forgot:
        """Pipe people into the command, in this process."""
        given = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
        with patch.object(sys, "stdin", given):
            done = pusher(*self._words(*arguments))
        return Forgot(done.code, done.out.encode(), done.err.encode())

    def forget_beside(self, text: str, *arguments: str) -> Forgot:
        """Pipe people into the command, in a process of its own."""
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        words = [sys.executable, "-m", "pusher", *self._words(*arguments)]
        done = subprocess.run(words, input=text.encode(), capture_output=True, check=False, env=environment)
        return Forgot(done.returncode, done.stdout, done.stderr)

    def _words(self, *arguments: str) -> list[str]:
        return ["forget", *arguments, "--project-dir", str(self.root), "--clock", NOW.isoformat()]


def held(server: AudienceServer) -> dict[str, set[tuple[str, str]]]:
    """Return who is in each audience of the sandbox."""
    return {one["name"]: server.members(one["audience_id"]) for one in server.audiences()}


ONLY_OTHER = {
    "plain": {stored("EMAIL_SHA256", OTHER)},
    "dotless": {stored("EMAIL_SHA256", OTHER)},
    "numbers": {stored("PHONE_SHA256", OTHER)},
}


def coded(value: str) -> Iterator[bytes]:
    """Yield a value in every form in which it may leak."""
    for text in (value, value.lower(), value.upper()):
        raw = text.encode()
        yield from (raw, quote(text).encode(), base64.b64encode(raw).rstrip(b"="), raw.hex().encode())


def leaks(values: dict[str, str], *texts: bytes) -> list[str]:
    """Return the names of the values that some text has in some form."""
    return [name for name, value in values.items() if any(form in text for form in coded(value) for text in texts)]


def rows_of_files(folder: Path) -> Iterator[Any]:
    """Yield every row of every Parquet file; halves of digests are put together again."""
    import pyarrow.parquet as pq

    for path in folder.rglob("*.parquet"):
        for row in pq.read_table(path).to_pylist():
            halves = [getattr(row[name], "bytes", row[name]) for name in ("a", "b") if name in row]
            yield row, b"".join(halves).hex()


def waiting(shop: Shop) -> dict[str, int]:
    """Return how many identifiers status says are to be told to each audience."""
    summary = shop.project().ledger.summary()
    assert summary is not None
    return {one["name"]: one["rows"] for one in summary.attention if one["what"] == "audience"}
