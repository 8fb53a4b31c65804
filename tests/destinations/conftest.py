"""A sandbox without faults, which was told of no account."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.destinations.worlds import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a sandbox without faults, which was told of no account."""
    return World(tmp_path / "sandbox.sqlite")
