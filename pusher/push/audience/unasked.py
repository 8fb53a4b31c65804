"""What only TikTok knows of an audience, and a dry run, which does not ask, says that it does not know."""

from __future__ import annotations

from datetime import datetime

from pusher.contracts import AudienceApi
from pusher.ledger.audiences import AudienceStore
from pusher.push.audience.binding import FILE, STREAM
from pusher.push.audience.past_end import may_have_ended
from pusher.push.audience.run import AudiencePush

_NOT_BOUND = {
    STREAM: (
        "A dry run asks TikTok nothing. A push fills the audience of this name that is there, or makes one; it stops "
        "when there are several, or when it is one of files. `pusher audience list` shows them."
    ),
    FILE: (
        "A dry run asks TikTok nothing. A push makes an audience of this name, and stops when one is there already, "
        "which files would replace. `pusher audience list` shows them."
    ),
}
_MAY_HAVE_ENDED = (
    "A dry run asks TikTok nothing. A push asks first whether this audience has ended: nobody was added to it for "
    "long, as far as this ledger knows."
)
_MAY_NOT_TAKE = (
    "A dry run asks TikTok nothing. A push asks first whether this audience has ended, whether TikTok is done with its "
    "last files, and whether it takes files of this kind."
)


def tell_unasked(members: AudiencePush, audiences: AudienceStore | None, api: AudienceApi, now: datetime) -> None:
    """Warn of audiences that are not found or made yet, and of those that may have come to their end.

    Args:
        members: The audiences of a dry run.
        audiences: The ledger's audiences, or None when there is no ledger.
        api: The destination's audiences.
        now: The run's clock.
    """
    for receipt in members.receipts:
        if receipt.audience_id is None and receipt.owner is None and receipt.problem is None:
            receipt.warnings.append(_NOT_BOUND[receipt.method])
    for plan in members.plans:
        if may_have_ended(plan, audiences, api, now):
            plan.receipt.warnings.append(_MAY_HAVE_ENDED)
    for whole in members.whole.plans:
        if whole.whole is not None and whole.receipt.audience_id is not None and whole.receipt.problem is None:
            whole.receipt.warnings.append(_MAY_NOT_TAKE)
