"""When an identifier stands in too many rows to be one person's, as pusher.yml sets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from pusher.config.strict_yaml import Document
from pusher.errors import Problem

PATH = ("identity", "shared")
ACTIONS = ("drop", "report")


@dataclass(frozen=True, slots=True)
class SharedLimits:
    """Thresholds for an identifier in the rows of one view.

    Attributes:
        action: `drop` leaves such an identifier out of its rows, `report` sends it; both count it.
        share: More than this share of the rows is too much, from 0 to 1.
        rows: Fewer rows than this are never too many by their share.
        most_rows: More rows than this are too many, whatever their share.
    """

    action: str = "drop"
    share: Decimal = Decimal("0.01")
    rows: int = 50
    most_rows: int = 1_000

    def too_many(self, total: int) -> int:
        """Return the fewest rows that are too many for one identifier in a view of so many rows."""
        by_share = int(self.share * total) + 1
        return min(self.most_rows + 1, max(self.rows, by_share))


def read_shared(document: Document, found: Mapping[Any, Any], problems: list[Problem]) -> SharedLimits:
    """Return the thresholds of a mapping; what is wrong with it goes to `problems`."""
    problems += document.unknown_keys(found, [one.name for one in fields(SharedLimits)], PATH)
    given: dict[str, Any] = {}
    for key in ("rows", "most_rows"):
        value = found.get(key, getattr(SharedLimits(), key))
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            message = f"`{key}` must be a whole number above 0."
            problems.append(
                document.problem("wrong-value", message, (*PATH, key), f"Write {key}: {getattr(SharedLimits(), key)}.")
            )
        given[key] = value
    share = found.get("share", 0.01)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        fix = "Write share: 0.01 for 1 % of the rows."
        problems.append(document.problem("wrong-value", "`share` must be a share from 0 to 1.", (*PATH, "share"), fix))
        share = 0
    action = found.get("action", "drop")
    if action not in ACTIONS:
        fix = "Write action: drop."
        problems.append(
            document.problem("wrong-value", "`action` must be one of: drop, report.", (*PATH, "action"), fix)
        )
    return SharedLimits(action=action, share=Decimal(str(share)), **given)
