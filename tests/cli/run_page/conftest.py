"""A push that does not wait between attempts."""

from __future__ import annotations

import pytest

from pusher.push import brakes


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait between attempts."""
    monkeypatch.setattr(brakes, "backoff_s", lambda *_: 0.01)
