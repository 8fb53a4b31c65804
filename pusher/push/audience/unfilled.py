"""Audiences that no view of a push fills: which of them may hold suppressed people, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pusher.ledger.audiences import Audience, AudienceStore
from pusher.plural import counted
from pusher.progress import Listener, Notice
from pusher.push.audience.binding import FILE
from pusher.push.audience.lock_file import LockFile
from pusher.push.audience.plan import AudienceView, untold
from pusher.push.audience.receipt import AudienceReceipt


def unfilled(
    audiences: AudienceStore, lock: LockFile | None, views: Sequence[AudienceView], *, reassert: bool
) -> Iterator[Audience]:
    """Yield the audiences that the ledger knows, no view fills, and somebody may have to leave.

    Args:
        audiences: What the ledger knows of audiences.
        lock: The lock file, or None.
        views: The views that fill audiences.
        reassert: Tell TikTok again also what it was told.
    """
    for audience in not_filled(audiences.everyone(), lock, views):
        # Whoever has one of files by share knows no members of it, and tells nothing.
        is_told = audience.method != FILE and bool(untold(audiences, audience, reassert=reassert))
        if is_told or audiences.member_files(audience):
            yield audience


def not_filled(
    audiences: Iterable[Audience], lock: LockFile | None, views: Sequence[AudienceView]
) -> Iterator[Audience]:
    """Yield the audiences that no view fills, by the ledger or by the lock file."""
    filled = {(view.view.model, one, view.name) for view in views for one in view.advertisers}
    locked = {(one[1], lock.get(*one)) for one in filled} - {(one[1], None) for one in filled} if lock else set()
    for audience in audiences:
        is_filled = not audience.is_retired and (audience.model, audience.advertiser_id, audience.name) in filled
        if not is_filled and (audience.advertiser_id, audience.audience_id) not in locked:
            yield audience


def tell_unfilled(receipts: Iterable[AudienceReceipt], listener: Listener) -> None:
    """Name the audiences that no view fills any more."""
    for receipt in receipts:
        if receipt.counts.known:
            listener(
                Notice(
                    f"No view fills audience {receipt.audience_id} of advertiser {receipt.advertiser_id} any more, "
                    f"`{receipt.name}` of {receipt.model}: only who is suppressed is taken out of it."
                )
            )


def tell_held(receipts: Iterable[AudienceReceipt], why: str, listener: Listener) -> None:
    """Name the audiences that hold suppressed people who are not taken out, and why they are not."""
    for receipt in receipts:
        if held := receipt.counts.deletes:
            listener(
                Notice(
                    f"Audience {receipt.audience_id} of advertiser {receipt.advertiser_id}, `{receipt.name}` of "
                    f"{receipt.model}, holds {counted(held, 'identifier')} of suppressed people, and no view of this "
                    f"push fills it: {why}"
                )
            )
