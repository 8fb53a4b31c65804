"""A run on made-up rows that confirms what lint proves: no readable identifier reaches a destination view."""

from __future__ import annotations

from pusher.canary.bait import HASHED, READABLE, WEAK
from pusher.canary.run import Seen, Sighting, canary

__all__ = ["HASHED", "READABLE", "WEAK", "Seen", "Sighting", "canary"]
