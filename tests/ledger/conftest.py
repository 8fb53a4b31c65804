"""A shop with a ledger."""

from __future__ import annotations

import sqlite3
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


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """Every connection to SQLite that is opened from now on."""
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def remember(*words: object, **more: object) -> sqlite3.Connection:
        opened.append(connect(*words, **more))  # type: ignore[call-overload]
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", remember)
    return opened
