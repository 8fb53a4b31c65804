"""Audiences that only the lock file names, because the ledger is new: they are told of people to forget too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pusher.errors import Problem
from pusher.ledger.audiences import AudienceStore
from pusher.ledger.store import Store
from pusher.progress import Listener, Notice
from pusher.push.audience.binding import FILE, take_locked
from pusher.push.audience.lock_file import LOCK_FILE, LockFile

OPEN, UNCLEAR = "audience-open", "audience-unclear"


def take_unknown(
    store: Store, lock: LockFile | None, methods: Mapping[str, str], *, listener: Listener, now: datetime
) -> list[Problem]:
    """Keep in the ledger which audiences the lock file names beside those that it knows, and how views fill them.

    Args:
        store: The ledger.
        lock: The lock file, or None when audiences mean nothing outside this machine.
        methods: The method of each view, where it is known: the file does not say it.
        listener: Is told which were taken.
        now: The run's clock.

    Returns:
        Of which of them nobody can be taken out now, and why.
    """
    audiences = AudienceStore(store)
    for audience in audiences.currents():
        by_view = methods.get(audience.model, audience.method)
        if by_view != audience.method and not audiences.was_told(audience):
            with store.transaction():
                audiences.set_method(audience, by_view)
    untold: dict[str | None, list[str]] = {}
    for model, advertiser_id, name, audience_id in lock.named() if lock is not None else ():
        if audiences.knows(advertiser_id, audience_id):
            continue
        method = methods.get(model)
        if method is None or method == FILE:
            untold.setdefault(method, []).append(f"{audience_id} of advertiser {advertiser_id} ({model})")
            continue
        listener(
            Notice(
                f"{model} fills audience {audience_id} of advertiser {advertiser_id} by {LOCK_FILE}; this ledger does "
                "not know who is in it, so people to forget leave it, and who else is in it and not in the view stays."
            )
        )
        take_locked(store, model=model, advertiser_id=advertiser_id, name=name, audience_id=audience_id, now=now)
    return [not_told(method, which) for method, which in untold.items()]


def not_told(method: str | None, which: Sequence[str]) -> Problem:
    """Return that audiences were not told of people to forget, and what to do.

    Args:
        method: `file`, or None where the settings of their views cannot be read.
        which: The audiences, in words.
    """
    if method is None:
        message = f"{LOCK_FILE} names audiences of views whose settings cannot be read: {', '.join(which)}."
        fix = (
            "They were not told. Correct the settings of these views and forget the people again; where a view is "
            f"gone, delete its audience in TikTok and its lines in {LOCK_FILE}."
        )
        return Problem(UNCLEAR, message, LOCK_FILE, fix=fix)
    message = f"This ledger does not know who is in these audiences of files: {', '.join(which)}."
    fix = "Run `pusher push`: it gives them all their members anew, and whoever is suppressed is not among them."
    return Problem(OPEN, message, fix=fix)
