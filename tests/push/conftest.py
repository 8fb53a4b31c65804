"""A shop that pushes to the embedded sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.push.support import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop that pushes to the embedded sandbox."""
    return Shop(tmp_path / "shop")
