"""When an audience, or the list of suppressed people, lost too many to be meant, as pusher.yml sets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pusher.config.strict_yaml import Document
from pusher.errors import Problem


@dataclass(frozen=True, slots=True)
class ShrinkGuard:
    """When an audience would lose too many members to be meant, or the list of suppressed people too many digests.

    That is more than both of its bounds, or all of them.

    Attributes:
        share: Share that may go, from 0 to 1.
        members: Number that may go whatever their share.
        is_off: A person said that it is meant.
    """

    share: float = 0.30
    members: int = 1_000
    is_off: bool = False


LIST_GUARD = ShrinkGuard(members=10)
"""Few people take an objection back, and each who is let back in by mistake is one too many."""


def read_audience_shrink(document: Document, found: Mapping[Any, Any], problems: list[Problem]) -> ShrinkGuard:
    """Return the bounds for audiences; what is wrong with the mapping goes to `problems`."""
    return _read(document, found, problems, path=("push", "audience_shrink"), key="members", default=ShrinkGuard())


def read_list_shrink(document: Document, found: Mapping[Any, Any], problems: list[Problem]) -> ShrinkGuard:
    """Return the bounds for the list of suppressed people; what is wrong with the mapping goes to `problems`."""
    return _read(document, found, problems, path=("push", "suppressions_shrink"), key="digests", default=LIST_GUARD)


def _read(
    document: Document,
    found: Mapping[Any, Any],
    problems: list[Problem],
    *,
    path: tuple[str, str],
    key: str,
    default: ShrinkGuard,
) -> ShrinkGuard:
    problems += document.unknown_keys(found, ("share", key), path)
    share, members = found.get("share", default.share), found.get(key, default.members)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        fix = f"Write share: 0.3 for 30 % of the {key}."
        problems.append(document.problem("wrong-value", "`share` must be a share from 0 to 1.", (*path, "share"), fix))
        share = 0
    if isinstance(members, bool) or not isinstance(members, int) or members < 0:
        fix = f"Write {key}: {default.members}."
        message = f"`{key}` must be a whole number from 0 on."
        problems.append(document.problem("wrong-value", message, (*path, key), fix))
        members = 0
    return ShrinkGuard(float(share), members)
