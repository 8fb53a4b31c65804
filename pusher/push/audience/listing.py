"""Which audiences there are at each advertiser, and which view fills which."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pusher.contracts import FoundAudience
from pusher.errors import ConfigError, Problem
from pusher.ledger.audiences import Audience, AudienceStore
from pusher.ledger.store import Store
from pusher.progress import Listener, Notice
from pusher.push.audience.asking import Asking
from pusher.push.audience.binding import already_filled, ended, known_audience, of_other_target, unfit
from pusher.push.audience.lock_file import LockFile
from pusher.push.audience.plan import AudienceView


@dataclass(frozen=True, slots=True)
class ListedAudience:
    """An audience of an advertiser, or a view that has none yet.

    Attributes:
        advertiser_id: Who owns it.
        audience_id: TikTok's id, or None when the view has none yet.
        name: Its name.
        model: The view that fills it, or None.
        kind: TikTok's word for its kind, or empty.
        size: Matched people as TikTok tells, or None.
        is_valid: TikTok calls it valid: not before it has been filled for a while.
        expires: When it ends, in TikTok's words, or empty.
        is_listed: TikTok lists it.
    """

    advertiser_id: str
    audience_id: str | None
    name: str
    model: str | None
    kind: str = ""
    size: int | None = None
    is_valid: bool | None = None
    expires: str = ""
    is_listed: bool = True

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return asdict(self)


def listed(
    views: Sequence[AudienceView],
    *,
    asking: Asking,
    audiences: AudienceStore | None,
    lock: LockFile | None,
    unnamed: Collection[str] = (),
    others: Collection[str] = (),
) -> list[ListedAudience]:
    """Return every audience of the views' advertisers, by advertiser and name.

    Args:
        views: Views of audiences.
        asking: Asks TikTok.
        audiences: The ledger's audiences, or None.
        lock: The lock file, or None when audiences mean nothing outside this machine.
        unnamed: Models whose audiences get their names from campaigns: those are theirs that the ledger says.
        others: Models of the project's other audience views: likewise.

    Raises:
        Unanswered: TikTok refuses, or does not answer.
    """
    found: list[ListedAudience] = []
    for advertiser_id in dict.fromkeys(one for view in views for one in view.advertisers):
        there = asking.audiences(advertiser_id)
        known = audiences.currents() if audiences is not None else []
        filled = {
            one.audience_id: one.model
            for one in known
            if one.advertiser_id == advertiser_id and one.model in {*unnamed, *others} and one.audience_id is not None
        }
        for view in views:
            if advertiser_id not in view.advertisers or view.view.model in unnamed:
                continue
            audience_id = bound_id(view, advertiser_id, audiences, lock)
            if audience_id is None or all(one.audience_id != audience_id for one in there):
                absent = ListedAudience(advertiser_id, audience_id, view.name, view.view.model, is_listed=False)
                found.append(absent)
            else:
                filled[audience_id] = view.view.model
        found += [_listed(one, advertiser_id, filled.get(one.audience_id)) for one in there]
    return sorted(found, key=lambda one: (one.advertiser_id, one.name, one.audience_id or ""))


def _listed(found: FoundAudience, advertiser_id: str, model: str | None) -> ListedAudience:
    return ListedAudience(
        advertiser_id,
        found.audience_id,
        found.name,
        model,
        found.kind,
        found.size,
        found.is_valid,
        found.expires,
    )


def bound_id(
    view: AudienceView, advertiser_id: str, audiences: AudienceStore | None, lock: LockFile | None
) -> str | None:
    """Return the id of the audience that a view fills at an advertiser, or None before it is made."""
    known, locked = known_audience(audiences, lock, model=view.view.model, advertiser_id=advertiser_id, name=view.name)
    return locked or (known.audience_id if known is not None else None)


def adopt(
    view: AudienceView,
    audience_id: str,
    advertiser_id: str | None,
    *,
    asking: Asking,
    store: Store,
    lock: LockFile | None,
    now: datetime,
    views: Collection[str],
    listener: Listener,
) -> ListedAudience:
    """Let a view fill an audience that is there.

    Args:
        view: The view.
        audience_id: The audience.
        advertiser_id: Who owns it; may be left out when the view has one advertiser.
        asking: Asks TikTok.
        store: The ledger, open for writing.
        lock: The lock file, or None when audiences mean nothing outside this machine.
        now: The run's clock.
        views: Names of the project's audience views: what a model filled that is gone, another may fill, and what the
            view itself filled by another name, it may fill by the new one.
        listener: Is told when the lock file cannot be written.

    Raises:
        ConfigError: The advertiser has no such audience, or it is not clear which advertiser is meant.
        Unanswered: TikTok refuses, or does not answer.
    """
    if advertiser_id is None and len(view.advertisers) > 1:
        fix = f"Add --advertiser-id: {', '.join(view.advertisers)}."
        raise ConfigError(Problem("audience-adopt", f"{view.view.model} has several advertisers.", fix=fix))
    owner = advertiser_id or view.advertisers[0]
    if owner not in view.advertisers:
        fix = f"Advertisers of {view.view.model}: {', '.join(view.advertisers)}."
        raise ConfigError(Problem("audience-adopt", f"{owner} is no advertiser of {view.view.model}.", fix=fix))
    found = next((one for one in asking.audiences(owner) if one.audience_id == audience_id), None)
    if found is None:
        fix = "`pusher audience list` shows those that there are."
        raise ConfigError(Problem("audience-adopt", f"Advertiser {owner} has no audience {audience_id}.", fix=fix))
    wanted = Audience(0, view.view.model, owner, view.name, audience_id, method=view.method)
    problem = unfit(found, wanted) or ended(found, wanted, now)
    if problem is not None:
        raise ConfigError(problem)
    target = lock.other_target(owner, audience_id) if lock is not None else None
    if target is not None:
        raise ConfigError(of_other_target(target, wanted, audience_id))
    audiences = AudienceStore(store)
    current, filled = audiences.current(view.view.model, owner, view.name), audiences.filled_by(owner, audience_id)
    if filled is not None and filled.model in views and filled.model != view.view.model:
        raise ConfigError(already_filled(filled, view.view.model, is_there=True))
    if current is None or current.audience_id != audience_id or current.method != view.method:
        with store.transaction():
            if current is not None and not audiences.was_told(current):
                # What its view said of it before was never true of an audience.
                audiences.set_method(current, view.method)
            audiences.add(
                model=view.view.model,
                advertiser_id=owner,
                name=view.name,
                audience_id=audience_id,
                method=view.method,
                now=now,
            )
    told = lock.put(view.view.model, owner, view.name, audience_id) if lock is not None else None
    if told is not None:
        listener(Notice(told))
    return _listed(found, owner, view.view.model)
