"""Which rules run and how bad their findings are, as pusher.yml says: by code, by name or by group."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from pusher.config import POLICY_FILE, PolicyFile, suggest
from pusher.errors import ConfigError, Problem
from pusher.lint.finding import Finding
from pusher.lint.rules import RULES, Rule

OFF = "off"


def severity_of(finding: Finding, policy: PolicyFile) -> str:
    """Return how bad a finding is; its model counts before its path, a longer path before a shorter one."""
    paths = sorted((path for path in policy.path_severities if _is_below(finding.file, path)), key=len, reverse=True)
    scopes = [
        policy.model_severities.get(finding.model, {}),
        *(policy.path_severities[path] for path in paths),
        policy.severities,
    ]
    found = (chosen(finding.rule, finding.name, severities) for severities in scopes)
    return next((one for one in found if one is not None), finding.severity)


def chosen(code: str, name: str, severities: Mapping[str, str]) -> str | None:
    """Return the severity that a rule is given, or None; its code counts before its name, its group last."""
    names = (code, name, group_of(name))
    return next((severities[one] for one in names if one in severities), None)


def group_of(name: str) -> str:
    """Return the group of a rule, such as `money` for `money.no-currency`."""
    return name.partition(".")[0]


def running(policy: PolicyFile, *, models: Collection[str], files: Collection[str]) -> Iterator[Rule]:
    """Yield the rules that are on, at least somewhere.

    Args:
        policy: Project policy.
        models: Names of the project's models.
        files: Paths of its files.

    Raises:
        ConfigError: pusher.yml names a rule, a model or a path that there is not.
    """
    scopes = {
        "severity": policy.severities,
        **{f"models.{name}": severities for name, severities in policy.model_severities.items()},
        **{f"paths.{path}": severities for path, severities in policy.path_severities.items()},
    }
    known = {name for rule in RULES for name in (rule.code, rule.name, group_of(rule.name))}
    problems = [
        _unknown(scope, name, known) for scope, severities in scopes.items() for name in severities if name not in known
    ]
    problems += [_unknown_model(name, models) for name in policy.model_severities if name not in models]
    problems += [
        Problem("unknown-path", f"`lint.paths` names no file and no folder: `{path}`.", POLICY_FILE, fix=_PATHS)
        for path in policy.path_severities
        if not any(_is_below(file, path) for file in files)
    ]
    if problems:
        raise ConfigError(*problems)
    for rule in RULES:
        everywhere = chosen(rule.code, rule.name, policy.severities) or rule.severity
        somewhere = (chosen(rule.code, rule.name, severities) or OFF for severities in scopes.values())
        if everywhere != OFF or any(one != OFF for one in somewhere):
            yield rule


_PATHS = "Paths are as lint prints them, such as models/staging."


def _is_below(file: str, path: str) -> bool:
    return file == path or file.startswith(f"{path}/")


def _unknown_model(name: str, models: Collection[str]) -> Problem:
    near = suggest(name, models)
    fix = f"Did you mean `{near}`?" if near else "`pusher ls` lists the models."
    return Problem("unknown-model", f"`lint.models` names no model: `{name}`.", POLICY_FILE, fix=fix)


def _unknown(scope: str, name: str, known: set[str]) -> Problem:
    # Codes are all alike: the nearest says nothing.
    near = suggest(name, (one for one in known if one.islower()))
    fix = f"Did you mean `{near}`?" if near else "Rules and groups: docs/reference/lint-rules.md."
    return Problem("unknown-rule", f"`lint.{scope}` names no rule and no group: `{name}`.", POLICY_FILE, fix=fix)
