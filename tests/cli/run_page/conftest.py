"""A sandbox whose faults can be changed, and a push that does not wait between attempts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pusher.push import brakes
from tests.push.members import AudienceServer, serving_audiences


@pytest.fixture
def server(tmp_path: Path) -> Iterator[AudienceServer]:
    """A sandbox whose faults can be changed."""
    with serving_audiences(tmp_path) as found:
        yield found


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait between attempts."""
    monkeypatch.setattr(brakes, "backoff_s", lambda *_: 0.01)
