"""Audiences that TikTok knows no more: nobody has to be taken out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pusher.contracts import FoundAudience
from pusher.progress import Listener, Notice
from pusher.push.audience.asking import Asking
from pusher.push.audience.plan import AudiencePlan
from pusher.push.audience.receipt import AudienceReceipt

REFUSED = "tiktok-data"


def excuse_gone(plans: Sequence[AudiencePlan], asking: Asking, listener: Listener) -> None:
    """Take back what was to be told to audiences that TikTok refused and does not list any more.

    Only for audiences that are told of suppressed people and of nobody else: who fills one has to know that it is gone.

    Args:
        plans: What was told; the receipts of those that are gone ask for nothing from then on.
        asking: Asks which audiences there are.
        listener: Is told which are gone.
    """
    listed: dict[str, list[FoundAudience] | None] = {}
    for plan in plans:
        receipt = plan.receipt
        if receipt.problem is None or receipt.problem.code != REFUSED:
            continue
        if plan.advertiser_id not in listed:
            listed[plan.advertiser_id] = asking.audiences_if_told(plan.advertiser_id)
        there = listed[plan.advertiser_id]
        if there is None or receipt.audience_id in {one.audience_id for one in there}:
            continue
        receipt.problem, receipt.is_halted = None, False
        excuse(receipt, listener)


def excuse(receipt: AudienceReceipt, listener: Listener) -> None:
    """Ask nothing more of an audience that is gone, and say so."""
    receipt.counts = replace(receipt.counts, deletes=receipt.deleted, unknown_deletes=receipt.unknown_deleted)
    receipt.is_open = False
    listener(
        Notice(
            f"Advertiser {receipt.advertiser_id} has no audience {receipt.audience_id}, `{receipt.name}`, any more, so "
            "nobody is in it."
        )
    )
