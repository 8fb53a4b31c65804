"""Holds back a push whose list of suppressed people came out empty, or much smaller than at the last push.

Whoever is missing on it would be let back into audiences and events, in silence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pusher.config import ShrinkGuard
from pusher.errors import Problem
from pusher.ledger.store import Store
from pusher.ledger.suppression_list import ListBefore, SuppressionListStore
from pusher.plural import counted
from pusher.progress import Notice
from pusher.push.suppressions import read_suppressions
from pusher.push.world import PushWorld

SHRUNK = "suppressions-shrink"


@dataclass(frozen=True, slots=True)
class Listing:
    """The project's list as a push goes by it.

    Attributes:
        model: Its model, or None when the project has no list.
        files: Its digests.
        digests: How many there are, by kind of identifier.
        problem: Why nobody is added and no event is sent, or None.
    """

    model: str | None
    files: Sequence[Path]
    digests: Mapping[str, int]
    problem: Problem | None

    def keep(self, store: Store, *, now: datetime) -> None:
        """Let the next push compare its list with this one, unless this one is held back."""
        if self.problem is None:
            with store.transaction():
                SuppressionListStore(store).keep(self.model, self.digests, now=now)


def listed_in(folder: Path, run: str) -> Path:
    """Return where the digests of the list are written."""
    return folder / f"{run}-suppressions"


def read_listing(world: PushWorld, folder: Path, run: str, store: Store | None, guard: ShrinkGuard) -> Listing:
    """Read the project's list and compare it with that of the last push.

    Args:
        world: The list, the warehouse, and whom to tell.
        folder: Where its digests are written.
        run: Run id.
        store: The ledger, or None when there is none yet.
        guard: When it lost too many digests to be meant.

    Raises:
        PlanError: The list cannot be read, or has a value that is no digest.
    """
    given = world.suppressions
    with world.interruptible():
        read = read_suppressions(given, open_engine=lambda: world.open_engine(folder), folder=listed_in(folder, run))
    model = given.model if given is not None else None
    before = SuppressionListStore(store).before() if store is not None else None
    problem = None
    if before is not None and not guard.is_off:
        problem = _shrunk(model, given.file if given is not None else None, read.digests, before, guard)
    if model is not None and problem is None and not any(read.digests.values()):
        world.listener(Notice(f"{model} lists nobody, so consent.suppressions keeps nobody out."))
    if model is not None and problem is None and before is not None and before.model != model:
        world.listener(Notice(f"consent.suppressions names {model}; at the last push it named {before.model}."))
    return Listing(model, read.files, read.digests, problem)


def _shrunk(
    model: str | None, file: str | None, digests: Mapping[str, int], before: ListBefore, guard: ShrinkGuard
) -> Problem | None:
    """Return what is wrong with a list that lost too many digests of some kind, or None."""
    lost = []
    for kind, had in before.digests.items():
        has = digests.get(kind, 0)
        if had and (has == 0 or had - has > max(guard.members, guard.share * had)):
            lost.append(f"{has:,} instead of {counted(had, 'digest')} of {kind.removesuffix('_SHA256').lower()}")
    if not lost:
        return None
    what = f"{model} lists {', '.join(lost)}"
    if model is None:
        what = f"pusher.yml names no consent.suppressions any more, and {before.model} had {_total(before)}"
    message = (
        f"{what} at the last push: whoever is missing would be let back in, so nobody is added to an audience and no "
        "event is sent."
    )
    look = "Name the list in pusher.yml again" if model is None else "Look at what the list is made of"
    fix = f"{look}. If it is meant, run `pusher push --allow-suppressions-shrink`."
    return Problem(SHRUNK, message, file or "pusher.yml", fix=fix)


def _total(before: ListBefore) -> str:
    total = sum(before.digests.values())
    return counted(total, "digest")
