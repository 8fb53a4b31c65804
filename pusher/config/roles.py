"""Who may push what from where, and who may not see personal data, as pusher.yml says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pusher.config.strict_yaml import Document
from pusher.errors import Problem

PATH = ("roles",)
EVERYBODY_ELSE = "*"
"""Stands among the users of a role for whoever is named by no other one."""
_KEYS = ("users", "orchestrations", "campaigns", "restrict_pii")


@dataclass(frozen=True, slots=True)
class Role:
    """What some users may do.

    Attributes:
        name: Its name.
        users: Who has it; `*` is everybody whom no other role names.
        orchestrations: Destinations that they may push from orchestrations: commands, schedulers, CI.
        campaigns: Destinations that they may push from campaigns: `pusher push --campaign`.
        restrict_pii: They see no personal data, and push only what is open to users with restricted PII.
        document: The file, for messages.
    """

    name: str
    users: tuple[str, ...]
    orchestrations: tuple[str, ...]
    campaigns: tuple[str, ...]
    restrict_pii: bool
    document: Document


def read_roles(document: Document, found: Mapping[Any, Any], problems: list[Problem]) -> tuple[Role, ...] | None:
    """Return the roles of pusher.yml, or None when it says nothing of roles; what is wrong goes to `problems`."""
    if "roles" not in found:
        return None
    given = found["roles"]
    if not isinstance(given, dict) or not given:
        # An emptied section must not open everything.
        fix = (
            "Write `engineers: {users: [ana], orchestrations: [tiktok]}` below it, or remove it: then nobody is bound."
        )
        problems.append(document.problem("wrong-type", "`roles` must be a mapping of at least one role.", PATH, fix))
        return ()
    return tuple(_role(document, str(name), value, problems) for name, value in given.items())


def _role(document: Document, name: str, value: Any, problems: list[Problem]) -> Role:
    path = (*PATH, name)
    if not isinstance(value, dict):
        fix = f"Write {name}: {{users: [ana], orchestrations: [tiktok]}}."
        problems.append(document.problem("wrong-type", f"Role `{name}` must be a mapping.", path, fix))
        value = {}
    else:
        problems += document.unknown_keys(value, _KEYS, path)
        if "users" not in value:
            fix = f"Write users: [ana], or users: ['{EVERYBODY_ELSE}'] for whoever no other role names."
            problems.append(document.problem("wrong-value", f"Role `{name}` has no users.", path, fix))
    lists = {key: _names(document, value, (*path, key), problems) for key in ("users", "orchestrations", "campaigns")}
    restricts = value.get("restrict_pii", False)
    if not isinstance(restricts, bool):
        message, fix = "`restrict_pii` must be true or false.", "Write restrict_pii: true."
        problems.append(document.problem("wrong-value", message, (*path, "restrict_pii"), fix))
        restricts = True
    return Role(name, restrict_pii=restricts, document=document, **lists)


def _names(
    document: Document, holder: Mapping[str, Any], path: tuple[str, ...], problems: list[Problem]
) -> tuple[str, ...]:
    value = holder.get(path[-1], [])
    if isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value):
        return tuple(dict.fromkeys(value))
    example = "ana" if path[-1] == "users" else "tiktok"
    fix = f"Write {path[-1]}: [{example}], names of digits in quotes."
    problems.append(document.problem("wrong-type", f"`{path[-1]}` must be a list of names.", path, fix))
    return ()
