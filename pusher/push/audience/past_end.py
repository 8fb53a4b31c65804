"""Audiences that have come to their end: nobody is put into them, and their views are not up to date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pusher.contracts import FoundAudience
from pusher.errors import Unanswered
from pusher.ledger.audiences import AudienceStore
from pusher.push.audience.asking import Asking
from pusher.push.audience.binding import ended
from pusher.push.audience.plan import AudiencePlan


def refuse_ended(plans: Sequence[AudiencePlan], audiences: AudienceStore, asking: Asking, now: datetime) -> None:
    """Leave alone the audiences that TikTok says have ended, and say so in their receipts.

    Only those are asked for that nothing was told for so long that they may have.

    Args:
        plans: What has to change in each audience.
        audiences: The ledger's audiences.
        asking: Asks which audiences there are, once for each advertiser.
        now: The run's clock.
    """
    listed: dict[str, dict[str, FoundAudience]] = {}
    for plan in plans:
        receipt, view = plan.receipt, plan.staged.view
        audience = audiences.current(view.view.model, plan.advertiser_id, view.name)
        if audience is None or audience.audience_id is None:
            continue
        last = audiences.last_told(audience)
        if last is None or now < last + asking.api.may_end_after:
            continue
        if plan.advertiser_id not in listed:
            before = asking.requests
            listed[plan.advertiser_id] = _listed(asking, plan.advertiser_id)
            receipt.requests += asking.requests - before
        found = listed[plan.advertiser_id].get(audience.audience_id)
        problem = None if found is None else ended(found, audience, now)
        if problem is not None:
            receipt.problem, receipt.is_halted = problem, True
            plan.frozen.clear()


def _listed(asking: Asking, advertiser_id: str) -> dict[str, FoundAudience]:
    """Return an advertiser's audiences by their ids, or none when TikTok does not say which there are."""
    try:
        return {one.audience_id: one for one in asking.audiences(advertiser_id)}
    except Unanswered:
        return {}
