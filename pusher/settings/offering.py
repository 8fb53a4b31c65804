"""Which views a push may take: those that are offered to where it comes from, to a user who may push them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pusher.compile import Manifest, Model
from pusher.errors import ConfigError, NotAllowed, Problem
from pusher.payload.model import Payload
from pusher.settings.access import USER_VARIABLE, Access
from pusher.settings.account import Account
from pusher.settings.campaigns import needs_campaign
from pusher.settings.offers import (
    CAMPAIGNS,
    ORCHESTRATIONS,
    RESTRICTED,
    SWITCH_OF,
    closed_by_destination,
    switch,
)

if TYPE_CHECKING:
    from pusher.config import Role
    from pusher.push.plan import View


@dataclass(frozen=True, slots=True)
class Offering:
    """What may be pushed by whom.

    Attributes:
        manifest: The compiled project.
        account: The destination, with the settings of the target.
        access: What the user may do.
    """

    manifest: Manifest
    account: Account
    access: Access

    @property
    def origin(self) -> str:
        """Where this push comes from: `orchestrations`, or `campaigns` when it names one."""
        return ORCHESTRATIONS if self.account.campaign is None else CAMPAIGNS

    def taken(
        self, views: Sequence[View], *, is_selected: bool, may_be_none: bool = False
    ) -> tuple[list[View], list[str]]:
        """Return the views that a push takes, and what to tell of those that it leaves out.

        Args:
            views: Destination views.
            is_selected: Somebody named them: then each must be offered.
            may_be_none: There is something to do without any view.

        Raises:
            ConfigError: One that was named is not offered, or none is.
            NotAllowed: The user may not push one of them.
        """
        left_out = {view.model: problem for view in views if (problem := self._not_offered(view)) is not None}
        if left_out and (is_selected or (len(left_out) == len(views) and not may_be_none)):
            raise ConfigError(*left_out.values())
        kept = [view for view in views if view.model not in left_out]
        waiting = [] if is_selected else [view for view in kept if self._waits_for_campaign(view)]
        kept = [view for view in kept if view not in waiting]
        self.check_allowed(kept)
        told = [f"Left out: {problem.message}" for problem in left_out.values()]
        told += [f"Left out: {view.model} is filled by `push --campaign NAME --group NAME`." for view in waiting]
        if not kept and not may_be_none:
            fix = "Say --campaign NAME --group NAME to fill audiences for a campaign."
            raise ConfigError(Problem("no-views", "No view is offered to orchestrations.", fix=fix))
        return kept, told

    def check_allowed(self, views: Sequence[View]) -> None:
        """Refuse what the user may not push.

        Raises:
            NotAllowed: With one problem for each destination, and one for each view with restricted PII.
        """
        problems = []
        for destination in dict.fromkeys(destination_of(self.account, view.payload) for view in views):
            mine = [view for view in views if destination_of(self.account, view.payload) == destination]
            if not self.access.may_push(destination, self.origin):
                problems.append(self._no_role(destination, [view.model for view in mine]))
            elif self.access.is_restricted:
                closed = (self._closed(destination, self.manifest.models[view.model], view.payload) for view in mine)
                problems += [problem for problem in closed if problem is not None]
        if problems:
            raise NotAllowed(*problems)

    def check_open(self, names: Collection[str] | None) -> None:
        """Refuse views of events that are not open to users with restricted PII, as this one is.

        Args:
            names: Names of models, or None for all of the project.

        Raises:
            NotAllowed: With one problem for each of them.
        """
        models = [model for name, model in self.manifest.models.items() if names is None or name in names]
        payloads = self.account.payloads_of(models)
        views = [
            (self.manifest.models[name], payload) for name, payload in payloads.items() if payload.kind == "events"
        ]
        closed = (self._closed(destination_of(self.account, payload), model, payload) for model, payload in views)
        problems = [problem for problem in closed if problem is not None]
        if problems:
            raise NotAllowed(*problems)

    def check_telling(self) -> None:
        """Refuse to take people out of audiences at once, for a user who may not push them.

        Raises:
            NotAllowed: They may not.
        """
        payload = next(one for one in self.account.destination.payloads.values() if one.kind == "audience")
        destination = destination_of(self.account, payload)
        if self.access.may_push(destination, ORCHESTRATIONS) and not self.access.is_restricted:
            return
        message = f"{self._who} may not tell {destination} who has to go."
        fix = f"Say --no-push: they are suppressed at once, and the next push takes them out. {self._ask(destination)}"
        raise NotAllowed(Problem("not-allowed", message, fix=fix))

    def held_back(self) -> dict[str, str]:
        """Return why the user may not go on with what no view of the project has any more, by kind of views.

        With its view went what it was offered to and whom it was open to. So the destination has to be offered, a role
        has to name it, and nobody with restricted PII goes on with it. A kind that is not in the answer may go on.
        """
        found = {}
        payloads = {one.kind: one for one in self.account.destination.payloads.values()}
        for kind, payload in payloads.items():
            destination = destination_of(self.account, payload)
            hidden = closed_by_destination(self.account, payload, SWITCH_OF[ORCHESTRATIONS])
            ask = _ask(self.access, destination, ORCHESTRATIONS)
            if not self.access.may_push(destination, ORCHESTRATIONS):
                found[kind] = f"{self._who} may not push {destination} from {ORCHESTRATIONS}. {ask}"
            elif self.access.is_restricted:
                found[kind] = f"{self._who} has restricted PII, and nothing says that it is open to such users. {ask}"
            elif kind == "events" and hidden is not None:
                found[kind] = f"`{SWITCH_OF[ORCHESTRATIONS]}: false` in {hidden.place} hides {destination}."
        return found

    def may_push_from(self, view: View) -> list[str]:
        """Return the origins from which the user may push a view that is offered to them."""
        model = self.manifest.models[view.model]
        destination = destination_of(self.account, view.payload)
        is_open = not self.access.is_restricted or switch(self.account, model, view.payload, RESTRICTED).is_on
        return [
            origin
            for origin, name in SWITCH_OF.items()
            if is_open
            and self.access.may_push(destination, origin)
            and switch(self.account, model, view.payload, name).is_on
        ]

    def offered_to(self, view: View) -> list[str]:
        """Return the origins that a view is offered to, whoever pushes."""
        model = self.manifest.models[view.model]
        return [origin for origin, name in SWITCH_OF.items() if switch(self.account, model, view.payload, name).is_on]

    def _not_offered(self, view: View) -> Problem | None:
        model, name = self.manifest.models[view.model], SWITCH_OF[self.origin]
        found = switch(self.account, model, view.payload, name)
        if found.is_on:
            return None
        if self.origin == CAMPAIGNS and view.payload.kind == "events":
            message = f"{view.model} holds events, which go by query and orchestration only, never from a campaign."
            return Problem("not-offered", message, view.file, fix="Push it without --campaign and --group.")
        message = f"{view.model} is not offered to {self.origin}."
        if found.by is None:
            fix = (
                f"Write '{name}': true in the model's meta.pusher, and build its name from {{campaign}} and {{group}}."
            )
            return Problem("not-offered", message, view.file, fix=fix)
        fix = f"`{name}: false` in {found.by.place} says so."
        return Problem("not-offered", message, found.by.file, found.by.line, found.by.column, fix)

    def _waits_for_campaign(self, view: View) -> bool:
        return (
            self.account.campaign is None and view.payload.kind == "audience" and needs_campaign(view.source_id or "")
        )

    def _no_role(self, destination: str, models: Sequence[str]) -> Problem:
        message = f"{self._who} may not push {destination} from {self.origin} ({', '.join(models)})."
        if self.access.roles:
            named = " or ".join(f"`{role.name}`" for role in self.access.roles)
            change = f"to add {destination} to `{self.origin}` of role {named}"
        else:
            change = f"to name `{self.access.person.name}` among the users of a role"
        fix = f"{self._ask(destination)} Whoever keeps pusher.yml has {change} if you should."
        if not self.access.person.name:
            fix = f"{self._ask(destination)} Or let {USER_VARIABLE} say who you are, or unset it."
        return Problem("not-allowed", message, "pusher.yml", fix=fix)

    def _closed(self, destination: str, model: Model, payload: Payload) -> Problem | None:
        found = switch(self.account, model, payload, RESTRICTED)
        if found.is_on:
            return None
        message = f"{self._who} has restricted PII, and {model.name} is not open to such users."
        opening = f"Whoever keeps it can say `{RESTRICTED}: true` of the destination or the template."
        fix = f"{self._ask(destination)} {opening}"
        if found.by is not None:
            fix = f"{self._ask(destination)} `{RESTRICTED}: false` in {found.by.place} closes it."
        return Problem("not-allowed", message, model.path, fix=fix)

    @property
    def _who(self) -> str:
        return _who(self.access)

    def _ask(self, destination: str) -> str:
        return _ask(self.access, destination, self.origin)


def check_deciding(account: Account, access: Access) -> None:
    """Refuse to let rows be sent again, or be taken for delivered, for a user who may not push events.

    Raises:
        NotAllowed: They may not.
    """
    payload = next(one for one in account.destination.payloads.values() if one.kind == "events")
    destination = destination_of(account, payload)
    if not access.may_push(destination, ORCHESTRATIONS):
        message = f"{_who(access)} may not decide what becomes of rows of {destination}."
        fix = _ask(access, destination, ORCHESTRATIONS).replace("to push it", "to decide")
        raise NotAllowed(Problem("not-allowed", message, "pusher.yml", fix=fix))


def _who(access: Access) -> str:
    user = access.person
    return f"`{user.name}`" if user.name else f"Nobody ({user.source} is empty)"


def _ask(access: Access, destination: str, origin: str) -> str:
    """Return whom to ask for a push."""
    roles = access.who_may_push(destination, origin)
    able = [role for role in roles if not role.restrict_pii and not set(role.users) <= {access.person.name}]
    if not able:
        return "No other role may push it either."
    return f"Ask {', or '.join(map(_users, able))} to push it."


def _users(role: Role) -> str:
    return f"{', '.join(role.users)} (role {role.name})"


def destination_of(account: Account, payload: Payload) -> str:
    """Return the destination of a kind of views as roles name it, such as `tiktok.events`."""
    from pusher.destinations.tiktok.settings import FAMILIES

    return f"{account.destination.name}.{FAMILIES[payload.kind]}"
