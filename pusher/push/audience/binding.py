"""Finds or makes the audience that a view fills: once, and never a second one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from pusher.clock import Clock
from pusher.contracts import FoundAudience, SeenAudience, Verdict
from pusher.errors import PlanError, Problem, Unanswered
from pusher.ledger.audiences import Audience, AudienceStore
from pusher.ledger.members import HOLD
from pusher.ledger.store import Store
from pusher.progress import Listener, Notice
from pusher.push.audience.asking import refusal
from pusher.push.audience.lock_file import LockFile

LOOK_AGAIN_S = 5.0
STREAM, FILE = "stream", "file"
"""The methods: members are told one by one, or given as files."""


class Making(Protocol):
    """What a binder needs to find and make audiences."""

    @property
    def requests(self) -> int:
        """Requests so far."""

    def audiences(self, advertiser_id: str) -> list[FoundAudience]:
        """Return every audience of an advertiser."""

    def prepare(self, advertiser_id: str) -> None:
        """Make ready what a request to create needs."""

    def create(self, advertiser_id: str, name: str) -> tuple[str | None, Verdict]:
        """Ask once to make an audience; returns its id, or None, and what the answer proves."""


def go_on_until(deadline_s: float, should_stop: Callable[[], bool], clock: Clock) -> None:
    """Raise NotBound when nothing new is to be begun: the user asked to stop, or the deadline was reached."""
    fix = "Run again: nothing was lost."
    if should_stop():
        raise NotBound(Problem("interrupted", "The push was interrupted.", fix=fix))
    if clock.monotonic_s() >= deadline_s:
        raise NotBound(Problem("deadline", "The run's deadline was reached.", fix=fix))


class NotBound(Exception):
    """There is no audience to fill.

    Attributes:
        problem: Why, and what to do.
        is_halted: Running again does not help: TikTok refused the token, a right or a setting, or a person has to say
            which audience is meant.
    """

    def __init__(self, problem: Problem, *, is_halted: bool = False) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.is_halted = is_halted


def known_audience(
    audiences: AudienceStore | None, lock: LockFile | None, *, model: str, advertiser_id: str, name: str
) -> tuple[Audience | None, str | None]:
    """Return what is known of an audience before anybody is asked.

    Args:
        audiences: What the ledger knows, or None when there is none.
        lock: The lock file, or None when audiences mean nothing outside this machine.
        model: The view.
        advertiser_id: The advertiser.
        name: Name of the audience.

    Returns:
        The audience whose members the ledger knows, or None; and the id that the lock file names instead, or None.
    """
    known = audiences.current(model, advertiser_id, name) if audiences is not None else None
    locked = lock.get(model, advertiser_id, name) if lock is not None else None
    if locked is None or (known is not None and known.audience_id == locked):
        return known, None
    return None, locked


def checked_audience(
    audiences: AudienceStore | None, lock: LockFile | None, *, model: str, advertiser_id: str, name: str
) -> tuple[Audience | None, str | None]:
    """Return what `known_audience` does, unless somebody else fills it too: each would take the other's people out.

    A view whose audience_name was changed, in the lock file too, goes on with its audience.

    Raises:
        PlanError: Another target or view fills it.
    """
    known, locked = known_audience(audiences, lock, model=model, advertiser_id=advertiser_id, name=name)
    audience_id = locked or (known.audience_id if known is not None else None)
    if lock is None or audience_id is None:
        return known, locked
    target = lock.other_target(advertiser_id, audience_id)
    if target is not None:
        raise PlanError(of_other_target(target, Audience(0, model, advertiser_id, name, audience_id), audience_id))
    filled = audiences.filled_by(advertiser_id, audience_id) if audiences is not None else None
    if filled is not None and (filled.model, filled.name) != (model, name):
        is_renamed = filled.model == model and lock.get(model, advertiser_id, filled.name) != audience_id
        if not is_renamed:
            raise PlanError(already_filled(filled, model))
    return known, locked


def take_locked(
    store: Store, *, model: str, advertiser_id: str, name: str, audience_id: str, now: datetime, method: str = "stream"
) -> Audience:
    """Keep in the ledger that a view fills the audience that the lock file names; see `checked_audience`."""
    with store.transaction():
        return AudienceStore(store).add(
            model=model, advertiser_id=advertiser_id, name=name, audience_id=audience_id, method=method, now=now
        )


def already_filled(other: Audience, model: str, *, is_there: bool = False) -> Problem:
    """Return why a view cannot fill an audience that is filled already: each would take the other's people out.

    Args:
        other: The audience as the other view fills it.
        model: The view.
        is_there: The project has the other view still, so that it was not renamed.
    """
    message = f"{other.model} fills audience {other.audience_id} of advertiser {other.advertiser_id} already"
    adopt = f"`pusher audience adopt {model} --advertiser-id {other.advertiser_id} --audience-id {other.audience_id}`."
    if other.model == model:
        fix = f"Choose another audience_name, or let it go on with that audience by the new name: {adopt}"
        return Problem("audience-filled", f"{message}, by the name `{other.name}`.", fix=fix)
    fix = f"Give {model} an audience_name of its own, or bring the people of both into one view."
    if not is_there:
        fix += f" If {other.model} was renamed: {adopt}"
    return Problem("audience-filled", f"{message}.", fix=fix)


def filled_before(known: Audience, audience: Audience) -> Problem:
    """Return why a view does not go on by itself with an audience that another one filled: people would leave it.

    Args:
        known: The audience as it was filled last, whose people the ledger knows.
        audience: What is to be filled.
    """
    which = f"audience {known.audience_id} of advertiser {known.advertiser_id}"
    fix = (
        f"If {audience.model} is to fill it now, so that whoever it does not name leaves it: `pusher audience adopt "
        f"{audience.model} --advertiser-id {known.advertiser_id} --audience-id {known.audience_id}`. If not, choose "
        "another audience_name."
    )
    message = (
        f"{known.model} filled {which} before, which is named `{audience.name}`, and this ledger knows who is in it."
    )
    return Problem("audience-filled", message, fix=fix)


def unfit(found: FoundAudience | SeenAudience, audience: Audience) -> Problem | None:
    """Return why the audience that TikTok has cannot be filled by a method, or None.

    Args:
        found: How TikTok tells it.
        audience: What it is to be filled as, with TikTok's id.
    """
    which = f"Audience {audience.audience_id} of advertiser {audience.advertiser_id}"
    other = f"Choose another audience_name for {audience.model}, so that another audience is made."
    if found.is_of_files is not None and found.is_of_files != (audience.method == FILE):
        kind = "one of customer files, which takes no streamed members" if found.is_of_files else "no audience of files"
        return Problem("audience-method", f"{which} is {kind}.", fix=other)
    if found.is_own is False:
        fix = f"Let the advertiser who made it fill it, as the first of advertiser_ids. {other}"
        return Problem("audience-not-own", f"{which} was made by another advertiser.", fix=fix)
    return None


def ended(found: FoundAudience, audience: Audience, now: datetime) -> Problem | None:
    """Return why nobody can be put any more into the audience that TikTok has, or None: it came to its end."""
    if found.ends_at is None or now < found.ends_at:
        return None
    message = f"Audience `{audience.name}` takes no members any more: it ended at {found.expires}."
    fix = f"Choose another audience_name for {audience.model}, so that another is made: no ad uses one that has ended."
    return Problem("audience-not-valid", message, fix=fix)


def of_other_target(target: str, audience: Audience, audience_id: str) -> Problem:
    """Return why two targets cannot fill one audience: neither ledger knows whom the other told."""
    message = f"Target {target} fills audience {audience_id} of advertiser {audience.advertiser_id} already."
    fix = "Give each target an audience_name of its own, by `target.name` for example, or another advertiser."
    return Problem("audience-of-other-target", message, fix=fix)


@dataclass(slots=True)
class Binder:
    """Finds or makes audiences.

    Args:
        store: The ledger.
        audiences: Its tables of audiences.
        asking: Asks TikTok.
        lock: The lock file, or None when audiences mean nothing outside this machine.
        clock: Wall and monotonic time.
        listener: Is told what was found or made.
        wait: Waits for so many seconds.
        is_kept_whole: All members will be replaced, so an audience that somebody else made is not taken.
    """

    store: Store
    audiences: AudienceStore
    asking: Making
    lock: LockFile | None
    clock: Clock
    listener: Listener
    wait: Callable[[float], None]
    is_kept_whole: bool = False
    go_on: Callable[[], None] = lambda: None

    def bind(self, audience: Audience) -> tuple[Audience, bool]:
        """Return the audience with TikTok's id, and whether it was made now.

        Raises:
            NotBound: It cannot be found or made, or there are several of its name.
        """
        if audience.audience_id is not None:
            self._lock(audience)
            return audience, False
        self.go_on()
        try:
            named = self._named(audience)
            if not named:
                return self._create(audience)
        except Unanswered as error:
            raise NotBound(error.problems[0], is_halted=error.outcome == "halt") from error
        return self._adopt(audience, named), False

    def _named(self, audience: Audience) -> list[FoundAudience]:
        found = self.asking.audiences(audience.advertiser_id)
        return [one for one in found if one.name == audience.name]

    def _adopt(self, audience: Audience, named: list[FoundAudience]) -> Audience:
        """Take the one audience of this name; asked for by this ledger before, or made by somebody else."""
        if len(named) > 1:
            listed = ", ".join(one.audience_id for one in named)
            message = (
                f"Advertiser {audience.advertiser_id} has {len(named)} audiences named `{audience.name}`: {listed}."
            )
            fix = (
                f"Choose one: `pusher audience adopt {audience.model} --advertiser-id {audience.advertiser_id} "
                "--audience-id ...`, or change audience_name."
            )
            raise NotBound(Problem("audience-ambiguous", message, fix=fix), is_halted=True)
        problem = unfit(named[0], replace(audience, audience_id=named[0].audience_id))
        problem = problem or ended(named[0], audience, self.clock.now())
        if problem is not None:
            raise NotBound(problem, is_halted=True)
        other = self.audiences.filled_by(audience.advertiser_id, named[0].audience_id)
        if other is not None:
            raise NotBound(already_filled(other, audience.model), is_halted=True)
        target = self.lock.other_target(audience.advertiser_id, named[0].audience_id) if self.lock is not None else None
        if target is not None:
            raise NotBound(of_other_target(target, audience, named[0].audience_id), is_halted=True)
        known = self.audiences.last(audience.advertiser_id, named[0].audience_id, audience.method)
        if known is not None:
            raise NotBound(filled_before(known, audience), is_halted=True)
        is_ours = audience.create_asked_at is not None
        if self.is_kept_whole and not is_ours:
            raise NotBound(self._taken(audience, named[0]), is_halted=True)
        bound = self._bound(audience, named[0].audience_id)
        if not is_ours:
            self.listener(
                Notice(
                    f"{audience.model} fills audience {bound.audience_id} of advertiser {bound.advertiser_id}, which "
                    f"was there already as `{bound.name}`: whoever is in it and not in the view stays, because nobody "
                    "can ask who is in it."
                )
            )
        return bound

    def _taken(self, audience: Audience, found: FoundAudience) -> Problem:
        message = (
            f"Advertiser {audience.advertiser_id} has an audience named `{audience.name}` already, "
            f"{found.audience_id}, and files would replace everybody in it."
        )
        fix = (
            f"If that is meant: `pusher audience adopt {audience.model} --advertiser-id {audience.advertiser_id} "
            f"--audience-id {found.audience_id}`. If not, change audience_name."
        )
        return Problem("audience-taken", message, fix=fix)

    def _create(self, audience: Audience) -> tuple[Audience, bool]:
        """Make it, unless an earlier request to make it may still arrive."""
        asked = audience.create_asked_at
        if asked is not None and self.clock.now() < asked + HOLD:
            raise NotBound(self._in_doubt(audience, asked + HOLD - self.clock.now()))
        self.go_on()
        self.asking.prepare(audience.advertiser_id)
        with self.store.transaction():
            audience = self.audiences.ask_to_create(audience, now=self.clock.now())
        made, verdict = self.asking.create(audience.advertiser_id, audience.name)
        if made is not None:
            self._refuse_twins(audience, made)
            return self._bound(audience, made), True
        if verdict.outcome in {"rejected", "halt", "retry"}:
            with self.store.transaction():
                self.audiences.not_created(audience)
            what = f"Advertiser {audience.advertiser_id} got no audience `{audience.name}`"
            raise NotBound(refusal(verdict, what), is_halted=verdict.outcome != "retry")
        # It may have been made although no answer says so.
        self.wait(LOOK_AGAIN_S)
        named = self._named(audience)
        if named:
            return self._adopt(audience, named), True
        raise NotBound(self._in_doubt(audience, HOLD))

    def _refuse_twins(self, audience: Audience, made: str) -> None:
        """Look whether somebody else made an audience of the name at the same moment, and fill neither then.

        An audience of files has its members already, so it stays this view's, and the other one is told.
        """
        try:
            named = self._named(audience)
        except Unanswered:
            if self.is_kept_whole:
                return
            raise
        found = sorted({made, *(one.audience_id for one in named)}, key=lambda one: (len(one), one))
        if len(found) == 1:
            return
        message = (
            f"Advertiser {audience.advertiser_id} has {len(found)} audiences named `{audience.name}`: "
            f"{', '.join(found)}. This push made {made}, and somebody else made another at the same moment"
        )
        if self.is_kept_whole:
            self.listener(Notice(f"{message}: {audience.model} fills {made}. Delete the other in TikTok."))
            return
        with self.store.transaction():
            self.audiences.not_created(audience)
        fix = (
            "Let all who push this view fill one of them: take the audiences.lock.yml of whoever fills one already, or "
            f"run `pusher audience adopt {audience.model} --advertiser-id {audience.advertiser_id} --audience-id "
            f"{found[0]}` everywhere. Then delete the other in TikTok."
        )
        raise NotBound(Problem("audience-ambiguous", f"{message}, so it fills neither.", fix=fix), is_halted=True)

    def _in_doubt(self, audience: Audience, left: timedelta) -> Problem:
        message = f"Nobody knows whether audience `{audience.name}` was made for advertiser {audience.advertiser_id}."
        fix = (
            f"Run again in {max(1, round(left.total_seconds()))} seconds: it is looked for, and made only if it is not "
            "there, so that there are never two."
        )
        return Problem("audience-in-doubt", message, fix=fix)

    def _bound(self, audience: Audience, audience_id: str) -> Audience:
        with self.store.transaction():
            audience = self.audiences.bind(audience, audience_id, now=self.clock.now())
        self._lock(audience)
        return audience

    def _lock(self, audience: Audience) -> None:
        if self.lock is not None and audience.audience_id is not None:
            told = self.lock.put(audience.model, audience.advertiser_id, audience.name, audience.audience_id)
            if told is not None:
                self.listener(Notice(told))
