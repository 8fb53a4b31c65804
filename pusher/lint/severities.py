"""Which rules run and how bad their findings are, as pusher.yml says: by code, by name or by group."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.config import POLICY_FILE, PolicyFile, suggest
from pusher.errors import ConfigError, Problem
from pusher.lint.rules import RULES, Rule

OFF = "off"


def chosen(code: str, name: str, policy: PolicyFile) -> str | None:
    """Return the severity that pusher.yml gives a rule, or None; its code counts before its name, its group last."""
    names = (code, name, group_of(name))
    return next((policy.severities[one] for one in names if one in policy.severities), None)


def group_of(name: str) -> str:
    """Return the group of a rule, such as `money` for `money.no-currency`."""
    return name.partition(".")[0]


def running(policy: PolicyFile) -> Iterator[Rule]:
    """Yield the rules that are on.

    Raises:
        ConfigError: pusher.yml names a rule that there is not.
    """
    known = {name for rule in RULES for name in (rule.code, rule.name, group_of(rule.name))}
    if unknown := [name for name in policy.severities if name not in known]:
        raise ConfigError(*(_unknown(name, known) for name in unknown))
    for rule in RULES:
        if (chosen(rule.code, rule.name, policy) or rule.severity) != OFF:
            yield rule


def _unknown(name: str, known: set[str]) -> Problem:
    # Codes are all alike: the nearest says nothing.
    near = suggest(name, (one for one in known if one.islower()))
    fix = f"Did you mean `{near}`?" if near else "Rules and groups: docs/reference/lint-rules.md."
    return Problem("unknown-rule", f"`lint.severity` names no rule and no group: `{name}`.", POLICY_FILE, fix=fix)
