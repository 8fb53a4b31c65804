"""The configuration of a data test: which keys exist, and what dbt_project.yml sets for all of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from pusher.config import Document, ProjectFile, suggest
from pusher.errors import Problem

KNOWN_KEYS = frozenset(
    {
        "severity", "where", "limit", "warn_if", "error_if", "fail_calc", "store_failures", "tags", "enabled", "meta",
        "alias", "schema",
    }
)  # fmt: skip
_REFUSED = frozenset({"store_failures_as", "database", "group", "sql_header", "static_analysis"})
SEVERITIES = ("error", "warn")


def _is_texts(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value))


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_limit(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0)


def _is_severity(value: Any) -> bool:
    return isinstance(value, str) and value.lower() in SEVERITIES


_TYPES: Mapping[str, tuple[Callable[[Any], bool], str, str]] = {
    "severity": (_is_severity, "error or warn", "Write severity: warn."),
    "where": (_is_text, "text", "Quote it."),
    "limit": (_is_limit, "a number of rows", "Write limit: 100."),
    "warn_if": (_is_text, "text", 'Write warn_if: "> 10".'),
    "error_if": (_is_text, "text", 'Write error_if: "> 10".'),
    "fail_calc": (_is_text, "text", 'Write fail_calc: "count(*)".'),
    "store_failures": (_is_flag, "true or false", "Remove the quotes."),
    "tags": (_is_texts, "text or a list of texts", "Write tags: [a, b]."),
    "enabled": (_is_flag, "true or false", "Remove the quotes."),
    "meta": (lambda value: isinstance(value, Mapping), "a mapping", "Write one `name: value` a line below it."),
    "alias": (_is_text, "text", "Quote it."),
    "schema": (_is_text, "text", "Quote it."),
}


def check(key: str, value: Any) -> Problem | None:
    """Return what is wrong with a setting of a data test, without a place, or None."""
    if key in _REFUSED:
        return Problem("unsupported-config", f"`{key}` of a data test is not supported.", fix="Remove it.")
    if key not in KNOWN_KEYS:
        near = suggest(key, KNOWN_KEYS)
        fix = f"Did you mean `{near}`?" if near else f"Known: {', '.join(sorted(KNOWN_KEYS))}."
        return Problem("unknown-config", f"Unknown setting `{key}` of a data test.", fix=fix)
    is_good, wanted, fix = _TYPES[key]
    return None if is_good(value) else Problem("wrong-type", f"`{key}` must be {wanted}.", fix=fix)


def of_project(
    project: ProjectFile,
    name: str,
    others: Collection[str],
    render: Callable[[Any, Document, tuple[str | int, ...]], Any],
) -> tuple[dict[str, Any], list[Problem]]:
    """Return what dbt_project.yml sets for all data tests of a project or package, and what is wrong with it.

    Settings stand at the top or under its name; folders below it are not supported.

    Args:
        project: The file.
        name: Name of the project or package.
        others: Names of all others, whose settings stand there too.
        render: Renders Jinja in a value.
    """
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    document, top = project.document, "data_tests" if "data_tests" in project.document.value else "tests"
    own = project.data_tests.get(name)
    layers: list[tuple[dict[str, Any], tuple[str, ...]]] = [
        ({key: value for key, value in project.data_tests.items() if key != name and key not in others}, (top,))
    ]
    if isinstance(own, Mapping):
        layers.append((dict(own), (top, name)))
    for given, path in layers:
        for raw_key, raw in given.items():
            key = str(raw_key).removeprefix("+")
            value = render(raw, document, (*path, raw_key))
            problem = check(key, value)
            if problem is None:
                found[key] = value
            else:
                problems.append(document.problem(problem.code, problem.message, (*path, raw_key), problem.fix))
    return found, problems
