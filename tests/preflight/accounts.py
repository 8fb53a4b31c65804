"""Accounts of a sandbox on a real socket, and a shop whose view takes its event set from the settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from pusher.project.facade import Project
from tests.loopback import NO_AUTHORITIES
from tests.push.support import EVENT_SET, NOW, VIEW, Server, Shop, orders

ADVERTISER = "7654321098765432109"
OTHER = "7654321098765432110"
TOKEN = "token-of-a-preflight-canary-0123456789"  # noqa: S105 -- made up
CACHE = "preflight.json"
MODEL = """{{ config(materialized='view', meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}) }}

select
    'Purchase' as event,
    order_id as event_id,
    cast(ordered_at as timestamp) as event_time,
    digest as email,
    cast(amount as decimal(18, 2)) as value,
    'USD' as currency
from {{ source('shop', 'orders') }}
"""


def account(advertiser_id: str = ADVERTISER, **more: Any) -> dict[str, Any]:
    """Return an account of which the token's user is an Operator."""
    return {"advertiser_id": advertiser_id, "name": f"Account {advertiser_id[-2:]}", **more}


def event_set(advertiser_id: str = ADVERTISER, id_: str = EVENT_SET, kind: str = "offline") -> dict[str, str]:
    """Return an event set of an account."""
    return {"kind": kind, "id": id_, "advertiser_id": advertiser_id, "name": "Stores"}


def tell(server: Server, accounts: Sequence[Mapping[str, Any]], sources: Sequence[Mapping[str, Any]] = ()) -> Any:
    """Let these accounts be all that there are."""
    body = {"accounts": list(accounts), "event_sources": list(sources)}
    with httpx.Client(trust_env=False, verify=NO_AUTHORITIES) as client:  # noqa: TID251 -- the sandbox's own pages
        return client.post(f"{server.base_url.partition('/open_api')[0]}/_sandbox/accounts", json=body).json()


@contextmanager
def sandbox(folder: Path, faults: Sequence[dict[str, Any]] = (), **rules: Any) -> Iterator[Server]:
    """Serve a sandbox for the length of a block."""
    server = Server(folder / "served.sqlite", faults, **{"now": NOW, **rules})
    try:
        yield server
    finally:
        server.stop()


def store(folder: Path, base_url: str, **settings: Any) -> Shop:
    """Return a built shop with three orders, whose pushes look at the account first."""
    shop = Shop(folder / "shop", base_url)
    (shop.root / "models" / f"{VIEW}.sql").write_text(MODEL)
    configure(shop, base_url, **settings)
    shop.sell(orders(3))
    shop.build()
    return shop


def configure(shop: Shop, base_url: str, **settings: Any) -> None:
    """Write the settings of a shop anew; None leaves one out."""
    chosen = {"access_token": TOKEN, "advertiser_ids": [ADVERTISER], "preflight": True, **settings}
    shop.profile(base_url, **chosen)
    path = shop.root / "profiles.yml"
    profiles = json.loads(path.read_text())
    tiktok = profiles["pusher"]["dev"]["tiktok"]
    profiles["pusher"]["dev"]["tiktok"] = {key: value for key, value in tiktok.items() if value is not None}
    path.write_text(json.dumps(profiles))


def cache_of(project: Project) -> Path:
    """Return the file that remembers a passed preflight."""
    return project.state.root / CACHE
