"""`pusher lint`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pusher.cli import options
from pusher.cli.audit import show_audit
from pusher.cli.changes import changes_markdown, changes_text
from pusher.cli.colours import painted
from pusher.cli.session import session
from pusher.errors import ConfigError, Problem
from pusher.plural import counted
from pusher.project.outcomes import LintReport

if TYPE_CHECKING:
    from pusher.changes import Changes
    from pusher.cli.session import Session
    from pusher.lint import Finding
    from pusher.project.facade import Project

HELP = """Prove from the SQL alone that the views carry what TikTok requires.

Needs no warehouse, no data and no token. Example: pusher lint --format json"""
FORMATS = ("text", "json", "github", "sarif", "markdown")


def lint(
    *,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    select: options.Select = None,
    selector: options.Selector = None,
    exclude: options.Exclude = None,
    overrides: options.Set = None,
    format_: Annotated[
        str, typer.Option("--format", help="text, json, github or sarif; with --diff also markdown.")
    ] = "text",
    diff: Annotated[
        str | None,
        typer.Option("--diff", metavar="COMMIT", help="Judge what differs from a commit, and count what that changes."),
    ] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="First make the edits that are safe, in the models' files.")
    ] = False,
    pii: Annotated[
        bool, typer.Option("--pii", help="Also show the way of each identifier, and try it with made-up rows.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the way of each identifier to this page; implies --pii.")
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Judge everything anew, and keep nothing for the next time.")
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Check models."""
    with session("lint", as_json=json or format_ == "json", quiet=quiet, no_color=no_color) as current:
        _check_usage(format_, diff=diff, fix=fix)
        from pusher.lint import summary

        found = _Found()
        if format_ not in {"text", "json"} and not json:
            current.document = _document(format_, found, _folder(project_dir))

        def load() -> Project:
            return current.project(
                project_dir, profiles_dir, target, variables, overrides=overrides, uses_cache=not no_cache
            )

        only: Collection[str] | None = None
        if fix:
            project, report = _fix(current, load, options.chosen(select, selector, exclude), exclude or ())
        else:
            project = load()
            if diff is not None:
                only = _differing(current, project, diff, found)
            report = project.lint(
                options.chosen(select, selector, exclude), exclude or (), only=only, uses_cache=not no_cache
            )
        found.findings += report.findings
        counts = summary(found.findings, report.models)
        current.body["findings"] = [finding.as_json() for finding in found.findings]
        current.body["summary"] = counts
        current.exit_code = 1 if counts["errors"] else 0
        current.text("\n".join(map(_line, found.findings)))
        current.text(summary_line(report))
        if pii or html is not None:
            show_audit(
                current,
                project,
                project.audit(options.chosen(select, selector, exclude), exclude or (), only=only),
                html,
            )


@dataclass(slots=True)
class _Found:
    """What is known when a document is made, also when something stopped lint."""

    findings: list[Finding] = field(default_factory=list)
    changes: Changes | None = None


def _check_usage(format_: str, *, diff: str | None, fix: bool) -> None:
    if format_ not in FORMATS:
        *others, last = FORMATS
        message = f"--format {format_} is not known."
        raise ConfigError(Problem("usage", message, fix=f"Use {', '.join(others)} or {last}."))
    if format_ == "markdown" and diff is None:
        raise ConfigError(Problem("usage", "--format markdown needs --diff.", fix="Write --diff main."))
    if diff is not None and fix:
        raise ConfigError(Problem("usage", "--fix and --diff do not go together.", fix="Run one after the other."))


def _document(format_: str, found: _Found, folder: str) -> Callable[[Sequence[Problem]], str]:
    """Return what makes the whole output in a format of its own."""
    from pusher.lint import github, sarif

    if format_ == "markdown":
        return lambda problems: changes_markdown(found.changes, found.findings, problems)
    render = github if format_ == "github" else sarif
    return lambda problems: render(found.findings, problems, folder)


def _differing(current: Session, project: Project, revision: str, found: _Found) -> set[str]:
    """Say what differs from a commit; returns the names of that and of what is below it."""
    from pusher.changes import changes_since

    found.changes = changes_since(project, revision)
    current.body["diff"] = found.changes.as_json()
    current.text(changes_text(found.changes) + "\n")
    return {*found.changes.changed, *found.changes.below}


def _fix(
    current: Session, load: Callable[[], Project], select: Sequence[str], exclude: Sequence[str]
) -> tuple[Project, LintReport]:
    """Make the safe edits; returns the project and what is left."""
    from pusher import fixing

    fixed = fixing.fix(load, select, exclude)
    current.body["fixed"] = [finding.as_json() for finding in fixed.findings]
    if fixed.findings:
        what, where = counted(len(fixed.findings), "finding"), counted(len(fixed.files), "file")
        current.text(f"fixed {what} in {where}: {', '.join(fixed.files)}")
    return fixed.project, fixed.report


def summary_line(report: LintReport) -> str:
    """Return how much was found in how many models."""
    from pusher.lint import summary

    counts = summary(report.findings, report.models)
    return (
        f"{counted(counts['models'], 'model')}: {counted(counts['errors'], 'error')}, "
        f"{counted(counts['warnings'], 'warning')}, {counted(counts['notes'], 'note')}"
    )


def _line(finding: Finding) -> str:
    """Return a finding with its severity in colour."""
    return finding.as_text().replace(f": {finding.severity} ", f": {painted(finding.severity)} ", 1)


def _folder(project_dir: Path) -> str:
    """Return the project's path below the folder that the command runs in, which CI makes the checkout's root."""
    try:
        return project_dir.resolve().relative_to(Path.cwd()).as_posix().removeprefix(".")
    except ValueError:
        return ""
