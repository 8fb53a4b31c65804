"""A push that kills itself: `python -m tests.faults.killed POINT NTH push ...`.

The process is the real one; only one function is wrapped, and at its n-th call nothing of the process goes on.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from pusher.cli.app import run
from pusher.ledger.store import Store
from pusher.push.deliver import Delivery
from pusher.push.recovery import Recovery
from pusher.transport import Transport

POINTS: dict[str, tuple[Any, str, str]] = {
    "before-plan-commit": (Store, "add_part", "before"),
    "after-plan": (Delivery, "deliver", "before"),
    "after-intent": (Transport, "post", "before"),
    "answer-read": (Transport, "post", "after"),
    "inside-acknowledgement": (Store, "conclude", "after"),
    "before-summary": (Store, "finish_run", "before"),
    "inside-split": (Store, "add_batch", "after"),
    "inside-recovery": (Recovery, "take_over", "after"),
    "inside-settling": (Store, "settle_part", "after"),
}
"""What is wrapped, and whether the process ends before or after it."""


def arm(point: str, nth: int) -> None:
    """Let the process end at a point."""
    owner, name, moment = POINTS[point]
    real: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def wrapped(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*arguments, **named)
        if calls == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, wrapped)


if __name__ == "__main__":
    arm(sys.argv[1], int(sys.argv[2]))
    sys.exit(run(sys.argv[3:]))
