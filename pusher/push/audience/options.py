"""What a person chose for the audiences of one push."""

from __future__ import annotations

from dataclasses import dataclass, field

from pusher.config import ShrinkGuard
from pusher.push.audience.lock_file import LockFile


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
