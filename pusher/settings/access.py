"""Who works with the project, and what the roles of pusher.yml let them do.

A guard rail and no wall: who may edit pusher.yml, set a variable or read the warehouse's file gets round it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pusher.config import EVERYBODY_ELSE, PolicyFile, Role, load_policy_file, suggest
from pusher.errors import ConfigError

USER_VARIABLE = "PUSHER_USER"
SYSTEM = "the operating system"


@dataclass(frozen=True, slots=True)
class Person:
    """Who the user is taken to be.

    Attributes:
        name: Name that roles know; empty when the variable is set and blank.
        source: What says so: `PUSHER_USER`, or the operating system.
    """

    name: str
    source: str


def person() -> Person:
    """Return who the user is: what the variable says, else the user of the operating system."""
    given = os.environ.get(USER_VARIABLE)
    if given is not None:
        return Person(given.strip(), USER_VARIABLE)
    return Person(_system_user(), SYSTEM)


def _system_user() -> str:
    """Return the user that the process runs as, whatever LOGNAME and USER say."""
    try:
        import pwd
    except ImportError:  # pragma: no cover -- Windows
        import getpass

        return getpass.getuser()
    number = os.geteuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        # In a container a number may have no name.
        return str(number)


@dataclass(frozen=True, slots=True)
class Access:
    """What somebody may do.

    Attributes:
        person: Who it is.
        roles: Roles that name them.
        all_roles: All roles of the project; None when pusher.yml has none, and everybody may do everything.
    """

    person: Person
    roles: tuple[Role, ...]
    all_roles: tuple[Role, ...] | None

    @property
    def is_restricted(self) -> bool:
        """Whether no personal data may be shown: a role says so, or roles there are and none names the user."""
        return self.all_roles is not None and (not self.roles or any(role.restrict_pii for role in self.roles))

    def may_push(self, destination: str, origin: str) -> bool:
        """Whether a role lets the user push a destination from orchestrations or from campaigns."""
        return self.all_roles is None or any(covers(getattr(role, origin), destination) for role in self.roles)

    def who_may_push(self, destination: str, origin: str) -> list[Role]:
        """Return the roles that let somebody push a destination."""
        return [role for role in self.all_roles or () if covers(getattr(role, origin), destination)]

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        granted: Mapping[str, list[str] | None] = {
            origin: None
            if self.all_roles is None
            else list(dict.fromkeys(one for role in self.roles for one in getattr(role, origin)))
            for origin in ("orchestrations", "campaigns")
        }
        return {
            "name": self.person.name,
            "source": self.person.source,
            "roles": None if self.all_roles is None else [role.name for role in self.roles],
            "restrict_pii": self.is_restricted,
            **granted,
        }


def covers(granted: Collection[str], destination: str) -> bool:
    """Whether a list of destinations has this one, such as `tiktok.events`, or the whole of it, such as `tiktok`."""
    return destination in granted or destination.partition(".")[0] in granted


def access(policy: PolicyFile) -> Access:
    """Return what the user may do."""
    user = person()
    if policy.roles is None:
        return Access(user, (), None)
    named = tuple(role for role in policy.roles if user.name in role.users and user.name != EVERYBODY_ELSE)
    rest = tuple(role for role in policy.roles if EVERYBODY_ELSE in role.users)
    return Access(user, named or (rest if user.name else ()), policy.roles)


def sees_no_personal_data(root: Path) -> bool:
    """Whether the user of a project may see no personal data; so it is while pusher.yml cannot be read."""
    try:
        return access(load_policy_file(root)).is_restricted
    except ConfigError:
        return True


def check_roles(roles: Sequence[Role], destinations: Sequence[str], never_for_campaigns: Mapping[str, str]) -> None:
    """Refuse roles that name a destination that there is not, or one that campaigns never fill.

    Args:
        roles: The roles of pusher.yml.
        destinations: What may be named.
        never_for_campaigns: Destinations that are not for campaigns, with the reason.

    Raises:
        ConfigError: With one problem for each of them.
    """
    problems = []
    for role in roles:
        for origin in ("orchestrations", "campaigns"):
            for number, one in enumerate(getattr(role, origin)):
                path = ("roles", role.name, origin, number)
                if one not in destinations:
                    near = suggest(one, destinations)
                    fix = f"Did you mean `{near}`?" if near else f"Destinations: {', '.join(destinations)}."
                    message = f"Role `{role.name}` names the unknown destination `{one}`."
                    problems.append(role.document.problem("unknown-destination", message, path, fix))
                elif origin == "campaigns" and one in never_for_campaigns:
                    message = f"Role `{role.name}`: {never_for_campaigns[one]}"
                    fix = "Put it into `orchestrations`."
                    problems.append(role.document.problem("events-in-campaigns", message, path, fix))
    if problems:
        raise ConfigError(*problems)
