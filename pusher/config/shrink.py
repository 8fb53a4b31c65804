"""When an audience would lose too many members to be meant, as pusher.yml sets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pusher.config.strict_yaml import Document
from pusher.errors import Problem

PATH = ("push", "audience_shrink")


@dataclass(frozen=True, slots=True)
class ShrinkGuard:
    """When an audience would lose too many members to be meant: more than both of its bounds.

    Attributes:
        share: Share of the members that may go, from 0 to 1.
        members: Number of members that may go whatever their share.
        is_off: A person said that it is meant.
    """

    share: float = 0.30
    members: int = 1_000
    is_off: bool = False


def read_shrink(document: Document, found: Mapping[Any, Any], problems: list[Problem]) -> ShrinkGuard:
    """Return the bounds of a mapping; what is wrong with it goes to `problems`."""
    problems += document.unknown_keys(found, ("share", "members"), PATH)
    share, members = found.get("share", ShrinkGuard().share), found.get("members", ShrinkGuard().members)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        fix = "Write share: 0.3 for 30 % of the members."
        problems.append(document.problem("wrong-value", "`share` must be a share from 0 to 1.", (*PATH, "share"), fix))
        share = 0
    if isinstance(members, bool) or not isinstance(members, int) or members < 0:
        fix = f"Write members: {ShrinkGuard().members}."
        message = "`members` must be a whole number from 0 on."
        problems.append(document.problem("wrong-value", message, (*PATH, "members"), fix))
        members = 0
    return ShrinkGuard(float(share), members)
