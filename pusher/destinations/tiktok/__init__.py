"""TikTok's Business API: conversions by Events API 2.0.

Facts live in `contract/`; the modules here read them. `destination` is made, and the contract read, on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pusher.contracts import Destination

    destination: Destination

__all__ = ["destination"]


def __getattr__(name: str) -> Any:
    if name == "destination":
        from pusher.destinations.tiktok.facade import tiktok

        return tiktok()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
