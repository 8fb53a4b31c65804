"""Credentials of each test's own, a sandbox that lets in its own tokens only, and a person at a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pusher.cli import auth
from tests.authorising.support import APP, Browser, serving_tokens
from tests.cli.auth.support import SECRET
from tests.push.support import NOW


@pytest.fixture(autouse=True)
def _own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test credentials, an app and a folder of its own."""
    monkeypatch.setenv("PUSHER_CREDENTIALS_DIR", str(tmp_path / "credentials"))
    monkeypatch.setenv("TIKTOK_APP_ID", APP.app_id)
    monkeypatch.setenv("TIKTOK_APP_SECRET", SECRET)
    (tmp_path / "outside").mkdir()
    monkeypatch.chdir(tmp_path / "outside")


@pytest.fixture
def base_url(tmp_path: Path) -> Iterator[str]:
    """A sandbox that lets in only tokens of its own."""
    with serving_tokens(tmp_path / "server", requires_token=True, now=lambda: NOW) as found:
        yield found


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    """A person whom the command talks with."""
    found = Browser()
    monkeypatch.setattr(auth, "_browser", lambda: found.person().open_url)
    monkeypatch.setattr(auth, "hidden_value", found.person().ask)
    say = auth._say

    def hear(text: str) -> None:
        found.said.append(text)
        say(text)

    monkeypatch.setattr(auth, "_say", hear)
    return found
