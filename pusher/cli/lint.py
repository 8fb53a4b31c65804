"""`pusher lint`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pusher.cli import options
from pusher.cli.render import counted
from pusher.cli.session import session
from pusher.errors import ConfigError, Problem

HELP = """Prove from the SQL alone that the views carry what TikTok requires.

Needs no warehouse, no data and no token. Example: pusher lint --format json"""


def lint(
    *,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    select: options.Select = None,
    exclude: options.Exclude = None,
    overrides: options.Set = None,
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Check models."""
    with session("lint", as_json=json or format_ == "json", quiet=quiet) as current:
        if format_ not in {"text", "json"}:
            raise ConfigError(Problem("usage", f"--format {format_} is not known.", fix="Use text or json."))
        from pusher.lint import render_text, summary

        project = current.project(project_dir, profiles_dir, target, variables, overrides=overrides)
        report = project.lint(select or (), exclude or ())
        counts = summary(report.findings, report.models)
        current.body["findings"] = [finding.as_json() for finding in report.findings]
        current.body["summary"] = counts
        current.exit_code = 1 if counts["errors"] else 0
        current.text(render_text(report.findings))
        current.text(
            f"{counted(counts['models'], 'model')}: {counted(counts['errors'], 'error')}, "
            f"{counted(counts['warnings'], 'warning')}, {counted(counts['notes'], 'note')}"
        )
