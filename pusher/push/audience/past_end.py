"""Audiences that have come to their end: nobody is put into them, and their views are not up to date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pusher.contracts import AudienceApi, FoundAudience
from pusher.errors import Unanswered
from pusher.ledger.audiences import Audience, AudienceStore
from pusher.push.audience.asking import Asking
from pusher.push.audience.binding import STREAM, NotBound, ended
from pusher.push.audience.plan import AudiencePlan


def ended_by_now(
    plans: Sequence[AudiencePlan], audiences: AudienceStore, asking: Asking, now: datetime
) -> dict[int, NotBound]:
    """Return why nobody may be put into audiences, by the place of their plan.

    They have ended, or TikTok does not say whether they have. Only those are asked for that may have.

    Args:
        plans: What has to change in each audience.
        audiences: The ledger's audiences.
        asking: Asks which audiences there are, once for each advertiser.
        now: The run's clock.
    """
    found: dict[int, NotBound] = {}
    listed: dict[str, dict[str, FoundAudience] | NotBound] = {}
    for place, plan in enumerate(plans):
        audience = _known(plan, audiences)
        if audience is None or not may_have_ended(plan, audiences, asking.api, now):
            continue
        if plan.advertiser_id not in listed:
            before = asking.requests
            listed[plan.advertiser_id] = _listed(asking, plan.advertiser_id)
            plan.receipt.requests += asking.requests - before
        there = listed[plan.advertiser_id]
        if isinstance(there, NotBound):
            found[place] = there
            continue
        seen = there.get(audience.audience_id or "")
        problem = None if seen is None else ended(seen, audience, now)
        if problem is not None:
            found[place] = NotBound(problem, is_halted=True)
    return found


def may_have_ended(plan: AudiencePlan, audiences: AudienceStore | None, api: AudienceApi, now: datetime) -> bool:
    """Say whether an audience may have come to its end, as far as the ledger knows.

    TikTok took nobody into it for so long, or the ledger does not know when it did: what was only found or named by the
    lock file may be as old as it likes.
    """
    if plan.receipt.audience_id is None:
        return False
    audience = _known(plan, audiences) if audiences is not None else None
    last = audiences.last_added(audience) if audiences is not None and audience is not None else None
    return last is None or now >= last + api.may_end_after


def _known(plan: AudiencePlan, audiences: AudienceStore) -> Audience | None:
    """Return the audience of a plan as the ledger knows it, or None."""
    audience_id = plan.receipt.audience_id
    return audiences.last(plan.advertiser_id, audience_id, STREAM) if audience_id is not None else None


def _listed(asking: Asking, advertiser_id: str) -> dict[str, FoundAudience] | NotBound:
    """Return an advertiser's audiences by their ids, or why TikTok does not say which there are."""
    try:
        return {one.audience_id: one for one in asking.audiences(advertiser_id)}
    except Unanswered as error:
        return NotBound(error.problems[0], is_halted=error.outcome == "halt")
