"""Many seeded histories, and what is wrong with any of them."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture.checker import violations
from tests.torture.history import Settings, live

# Where a file system in memory is: the histories commit some hundred thousand times.
_MEMORY = Path("/dev/shm")  # noqa: S108 -- a folder of its own is made in it


@dataclass(slots=True)
class Found:
    """What many histories came to.

    Attributes:
        seeds: Histories.
        endings: How their runs ended.
        kills: Runs that died.
        requests: Requests that reached the server.
        parked: Events that were left for a person.
        problems: What is not as promised, with its seed.
    """

    seeds: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    requests: int = 0
    parked: int = 0
    problems: list[str] = field(default_factory=list)


def live_through(many: Iterable[Settings], *, most_problems: int = 20) -> Found:
    """Live through histories, until there are too many problems to be worth more."""
    found = Found()
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as root:
        for settings in many:
            folder = Path(root) / str(found.seeds)
            folder.mkdir()
            history = live(settings, folder)
            found.seeds += 1
            found.kills += history.kills
            found.requests += history.tally.requests
            found.parked += len(history.parked)
            found.endings.update(history.endings)
            found.problems += [f"{settings}: {problem}" for problem in violations(history)]
            shutil.rmtree(folder)
            if len(found.problems) >= most_problems:
                break
    return found
