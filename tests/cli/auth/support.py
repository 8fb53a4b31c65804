"""What tests of `pusher auth` share: a shop without a token, and what is piped and stored."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.authorising.support import APP
from tests.cli.conftest import Ran, pusher
from tests.push.support import NOW, Shop, orders

SECRET = APP.secret.reveal()
BUILD, PUSH = ("build", "--clock", NOW.isoformat()), ("push", "--clock", NOW.isoformat())
DAY = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC, \d+ days? ago")
SCOPES = """\
  scopes     Pixel Management (8)
             Read Custom Audiences (30)
             Create and Update Custom Audiences (31)
             Share Custom Audiences (32)
             Ad account info (100)
             Offline Events Management: read (7224195155857833986)
             Report Conversion Event (7224195155857866754)
             CRM Event Management: read (7294180478502846465)
"""


def shop_at(folder: Path, base_url: str, **settings: Any) -> Shop:
    """Return a project that has something to push."""
    shop = Shop(folder / "project", base_url, **{"access_token": None, **settings})
    shop.sell(orders(3))
    return shop


def at(shop: Shop, *words: str) -> Ran:
    """Run a command on a project."""
    return pusher(*words, "--project-dir", str(shop.root))


def stdin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Pipe a text into the command."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def stored_token(folder: Path, name: str = "default") -> str:
    """Return the token in the file."""
    text = (folder / "credentials" / "credentials.json").read_text("utf-8")
    token: str = json.loads(text)["credentials"][name]["token"]
    return token
