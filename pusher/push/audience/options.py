"""What a person chose for the audiences of one push."""

from __future__ import annotations

from dataclasses import dataclass, field

from pusher.push.audience.lock_file import LockFile

MOST_LEAVING_SHARE = 0.30
MOST_LEAVING = 1_000


@dataclass(frozen=True, slots=True)
class ShrinkGuard:
    """When an audience would lose too many members to be meant.

    Attributes:
        most_share: Share of the members that may go.
        most: Number of members that may go whatever their share.
        is_off: A person said that it is meant.
    """

    most_share: float = MOST_LEAVING_SHARE
    most: int = MOST_LEAVING
    is_off: bool = False


@dataclass(frozen=True, slots=True)
class AudienceOptions:
    """What a person chose for the audiences of one push.

    Attributes:
        guard: When too many would go.
        reassert: Tell everything again that is known.
        lock: The lock file, or None when audiences mean nothing outside this machine.
    """

    guard: ShrinkGuard = field(default_factory=ShrinkGuard)
    reassert: bool = False
    lock: LockFile | None = None
