"""Lint for machines that show findings beside the code: GitHub's workflow commands, and SARIF 2.1.0."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Sequence
from inspect import getdoc
from typing import Any

from pusher.errors import Problem
from pusher.lint.finding import Edit, Finding
from pusher.lint.rules import RULES, Rule
from pusher.lint.severities import OFF
from pusher.version import __version__

SARIF_VERSION = "2.1.0"
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
# The root of the checkout, as code scanning knows it.
_ROOT = "%SRCROOT%"
_GITHUB_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


def github(findings: Sequence[Finding], problems: Sequence[Problem], folder: str = "") -> str:
    """Return one workflow command for each finding and each error that stopped lint.

    Args:
        findings: What lint found.
        problems: Errors that stopped it.
        folder: POSIX path of the project below the root of the checkout, empty when it is the root.
    """
    lines = [
        _command(
            _GITHUB_LEVELS[finding.severity],
            _with_fix(finding.message, finding.fix.description if finding.fix else None),
            title=f"{finding.rule} {finding.name}",
            file=posixpath.join(folder, finding.file),
            start=(finding.line, finding.column),
            end=(finding.end_line, finding.end_column),
        )
        for finding in findings
    ]
    lines += [
        _command(
            "error",
            _with_fix(problem.message, problem.fix),
            title=problem.code,
            file=posixpath.join(folder, problem.file) if problem.file else None,
            start=(problem.line, problem.column),
        )
        for problem in problems
    ]
    return "\n".join(lines)


def _with_fix(message: str, fix: str | None) -> str:
    return message if fix is None else f"{message}\n{fix}"


def _command(
    level: str,
    message: str,
    *,
    title: str,
    file: str | None,
    start: tuple[int | None, int | None],
    end: tuple[int, int] | None = None,
) -> str:
    facts: dict[str, Any] = {"file": file, "line": start[0], "col": start[1], "title": title}
    if end is not None:
        facts["endLine"] = end[0]
        # GitHub takes columns only where a place stays on one line; its last column belongs to the place.
        facts |= {"endColumn": end[1] - 1} if start[0] == end[0] and end[1] > (start[1] or 0) else {}
        facts["col"] = start[1] if start[0] == end[0] else None
    given = ",".join(f"{name}={_property(str(value))}" for name, value in facts.items() if value is not None)
    return f"::{level} {given}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def sarif(findings: Sequence[Finding], problems: Sequence[Problem], folder: str = "") -> str:
    """Return a SARIF log with one run; errors that stopped lint are notifications of the tool.

    Args:
        findings: What lint found.
        problems: Errors that stopped it.
        folder: POSIX path of the project below the root of the checkout, empty when it is the root.
    """
    places = {rule.code: place for place, rule in enumerate(RULES)}
    run = {
        "tool": {"driver": {"name": "pusher", "version": __version__, "rules": [_rule(rule) for rule in RULES]}},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the checkout."}}},
        "invocations": [
            {
                "executionSuccessful": not problems,
                "toolExecutionNotifications": [_notification(problem, folder) for problem in problems],
            }
        ],
        "results": [_result(finding, places[finding.rule], folder) for finding in findings],
    }
    return json.dumps({"$schema": _SARIF_SCHEMA, "version": SARIF_VERSION, "runs": [run]}, indent=2)


def _rule(rule: Rule) -> dict[str, Any]:
    title, _, page = (getdoc(rule) or "").partition("\n")
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": title},
        "help": {"text": page.strip(), "markdown": page.strip()},
        "defaultConfiguration": {"enabled": False} if rule.severity == OFF else {"level": rule.severity},
    }


def _result(finding: Finding, place: int, folder: str) -> dict[str, Any]:
    region = _region(finding.line, finding.column, finding.end_line, finding.end_column)
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": place,
        "level": finding.severity,
        "message": {"text": _with_fix(finding.message, finding.fix.description if finding.fix else None)},
        "locations": [{"physicalLocation": {"artifactLocation": _artifact(finding.file, folder), "region": region}}],
    }
    if finding.fix is not None and finding.fix.edits:
        changes = [_change(edit, folder) for edit in finding.fix.edits]
        result["fixes"] = [{"description": {"text": finding.fix.description}, "artifactChanges": changes}]
    return result


def _change(edit: Edit, folder: str) -> dict[str, Any]:
    region = _region(edit.line, edit.column, edit.end_line, edit.end_column)
    return {
        "artifactLocation": _artifact(edit.file, folder),
        "replacements": [{"deletedRegion": region, "insertedContent": {"text": edit.text}}],
    }


def _notification(problem: Problem, folder: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "descriptor": {"id": problem.code},
        "level": "error",
        "message": {"text": _with_fix(problem.message, problem.fix)},
    }
    if problem.file:
        place: dict[str, Any] = {"artifactLocation": _artifact(problem.file, folder)}
        if problem.line is not None:
            column = {} if problem.column is None else {"startColumn": problem.column}
            place["region"] = {"startLine": problem.line, **column}
        found["locations"] = [{"physicalLocation": place}]
    return found


def _artifact(file: str, folder: str) -> dict[str, str]:
    from urllib.parse import quote

    return {"uri": quote(posixpath.join(folder, file)), "uriBaseId": _ROOT}


def _region(line: int, column: int, end_line: int, end_column: int) -> dict[str, int]:
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}
