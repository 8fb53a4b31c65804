"""Shops with refused rows and with rows in doubt, for tests about what a person decides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.push.support import Order, Server, Shop, orders, terms

POISON = {"match": {"contains": ['"value":13']}, "do": 40002, "message": "Invalid value", "times": None}


def quarantine(shop: Shop) -> list[tuple[str, str]]:
    """Return event id and term of every quarantined row."""
    rows = shop.project().ledger.query("select event_id, term from quarantine order by event_id")
    return [(row["event_id"], row["term"]) for row in rows]


def shop_at(server: Server, tmp_path: Path, rows: Sequence[Order]) -> Shop:
    """Return a built shop that pushes to a server."""
    shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
    shop.sell(rows)
    shop.build()
    return shop


def with_a_refused_row(server: Server, tmp_path: Path) -> Shop:
    """Return a shop of which TikTok took 29 rows and refused one."""
    rows = orders(30)
    rows[7].amount = "13.00"
    shop = shop_at(server, tmp_path, rows)
    assert terms(shop.push()) == {"planned": 30, "accepted": 29, "dead": 1}
    return shop


def pin(shop: Shop, ledger_id: str) -> None:
    """Let the profile name a ledger."""
    text = (shop.root / "profiles.yml").read_text()
    named = f'{{"dev": {{"ledger_id": "{ledger_id}", "tiktok"'
    (shop.root / "profiles.yml").write_text(text.replace('{"dev": {"tiktok"', named))
