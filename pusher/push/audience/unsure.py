"""Audiences of files of whose members this ledger knows nothing: nobody can be taken out of them by a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pusher.contracts import FoundAudience
from pusher.errors import Problem
from pusher.ledger.audiences import Audience
from pusher.ledger.members import HOLD
from pusher.progress import Listener, Notice
from pusher.push.audience.asking import Asking
from pusher.push.audience.binding import FILE
from pusher.push.audience.locked import UNCLEAR, not_told


def still_there(audiences: Iterable[Audience], asking: Asking, now: datetime) -> list[Audience]:
    """Return those that TikTok has, or may still make; where it does not say which there are, all.

    Args:
        audiences: The audiences.
        asking: Asks which audiences there are, once for each advertiser.
        now: The run's clock.
    """
    listed: dict[str, list[FoundAudience] | None] = {}
    there = []
    for audience in audiences:
        if audience.advertiser_id not in listed:
            listed[audience.advertiser_id] = asking.audiences_if_told(audience.advertiser_id)
        if _may_be(audience, listed[audience.advertiser_id], now):
            there.append(audience)
    return there


def _may_be(audience: Audience, listed: Sequence[FoundAudience] | None, now: datetime) -> bool:
    if listed is None:
        return True
    if audience.audience_id is not None:
        return audience.audience_id in {one.audience_id for one in listed}
    asked = audience.create_asked_at
    return audience.name in {one.name for one in listed} or (asked is not None and now < asked + HOLD)


def tell_unsure(audiences: Iterable[Audience], listener: Listener) -> None:
    """Name those that no view fills any more."""
    for one in audiences:
        listener(
            Notice(
                f"No view fills audience {_named(one)} any more, and this ledger does not know who is in it: nobody "
                "can be taken out of it. Delete it in TikTok."
            )
        )


def unsure_problems(audiences: Iterable[Audience], methods: Mapping[str, str]) -> list[Problem]:
    """Return of which of them people to forget could not be taken out, and what to do.

    Args:
        audiences: The audiences.
        methods: The method of each view, where it is known.
    """
    filled, others = list[str](), list[str]()
    for one in audiences:
        is_filled = not one.is_retired and methods.get(one.model) == FILE
        (filled if is_filled else others).append(_named(one))
    problems = [not_told(FILE, filled)] if filled else []
    if others:
        message = "No view fills these audiences of files, and this ledger does not know who is in them"
        fix = "They were not told. Delete them in TikTok."
        problems.append(Problem(UNCLEAR, f"{message}: {', '.join(others)}.", fix=fix))
    return problems


def _named(audience: Audience) -> str:
    known_as = audience.audience_id or f"`{audience.name}`"
    return f"{known_as} of advertiser {audience.advertiser_id} ({audience.model})"
