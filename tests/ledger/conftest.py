"""A shop with a ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.push.support import Shop, orders


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop that has pushed three orders to the embedded sandbox."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(3))
    shop.build()
    shop.push()
    return shop
