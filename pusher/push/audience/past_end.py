"""Audiences that have come to their end: nobody is put into them, and their views are not up to date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pusher.contracts import AudienceApi, FoundAudience
from pusher.errors import Problem, Unanswered
from pusher.ledger.audiences import Audience, AudienceStore
from pusher.push.audience.asking import Asking
from pusher.push.audience.binding import ended
from pusher.push.audience.plan import AudiencePlan


def ended_by_now(
    plans: Sequence[AudiencePlan], audiences: AudienceStore, asking: Asking, now: datetime
) -> dict[int, Problem]:
    """Return why nobody may be put into the audiences that TikTok says have ended, by the place of their plan.

    Only those are asked for that nothing was told for so long that they may have.

    Args:
        plans: What has to change in each audience.
        audiences: The ledger's audiences.
        asking: Asks which audiences there are, once for each advertiser.
        now: The run's clock.
    """
    problems: dict[int, Problem] = {}
    listed: dict[str, dict[str, FoundAudience]] = {}
    for place, plan in enumerate(plans):
        receipt, audience = plan.receipt, known_of(plan, audiences)
        if audience is None or not may_have_ended(audience, audiences, asking.api, now):
            continue
        if plan.advertiser_id not in listed:
            before = asking.requests
            listed[plan.advertiser_id] = _listed(asking, plan.advertiser_id)
            receipt.requests += asking.requests - before
        found = listed[plan.advertiser_id].get(audience.audience_id or "")
        problem = None if found is None else ended(found, audience, now)
        if problem is not None:
            problems[place] = problem
    return problems


def known_of(plan: AudiencePlan, audiences: AudienceStore) -> Audience | None:
    """Return the audience of a plan with TikTok's id, or None while there is none."""
    view = plan.staged.view
    found = audiences.current(view.view.model, plan.advertiser_id, view.name)
    return found if found is not None and found.audience_id is not None else None


def may_have_ended(audience: Audience, audiences: AudienceStore, api: AudienceApi, now: datetime) -> bool:
    """Say whether nothing was told to an audience for so long that it may have come to its end."""
    last = audiences.last_told(audience)
    return last is not None and now >= last + api.may_end_after


def _listed(asking: Asking, advertiser_id: str) -> dict[str, FoundAudience]:
    """Return an advertiser's audiences by their ids, or none when TikTok does not say which there are."""
    try:
        return {one.audience_id: one for one in asking.audiences(advertiser_id)}
    except Unanswered:
        return {}
