"""What tests of streamed audiences share: what came of one, and when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pusher.push.world import PushReport
from tests.push.support import NOW

LATER = NOW + timedelta(minutes=10)


def line(report: PushReport, place: int = 0) -> dict[str, Any]:
    """Return what one audience came to, without its names and counts that are nought."""
    found = report.audiences[place].as_json()
    kept = (
        "members", "unchanged", "adds", "deletes", "added", "deleted", "held", "suppressed", "pending_adds",
        "pending_deletes", "refused_adds", "refused_deletes", "requests", "no_identity", "dropped_identifiers",
        "unknown_deletes", "pending_unknown_deletes",
    )  # fmt: skip
    return {name: found[name] for name in kept if found[name]} | {"exit": report.exit_code}
