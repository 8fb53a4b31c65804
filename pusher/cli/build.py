"""`pusher build`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pusher.cli import options
from pusher.cli.built import report_text
from pusher.cli.session import session
from pusher.cli.signals import CutShort
from pusher.cli.test import exit_code
from pusher.errors import ConfigError, Problem

if TYPE_CHECKING:
    from pusher.builds.run import Built
    from pusher.project.facade import Project

HELP = """Run models and their data tests in the warehouse, and judge destination views by their contract.

What is below a data test that fails is not built. Models and tests that would come out the same stay as they are,
unless --no-reuse is given. With --watch each saved file is built and linted at once.

Example: pusher build --select +tiktok_offline_events"""


def build(
    *,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    select: options.Select = None,
    selector: options.Selector = None,
    exclude: options.Exclude = None,
    compare_to: options.CompareTo = None,
    overrides: options.Set = None,
    clock: options.ClockAt = None,
    full_refresh: options.FullRefresh = False,
    no_reuse: options.NoReuse = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Stay, and build and lint again what a saved file changes.")
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Run models."""
    with session("build", as_json=json, quiet=quiet, no_color=no_color) as current, CutShort() as stop:

        def load() -> Project:
            return current.project(
                project_dir, profiles_dir, target, variables, compare_to=compare_to, overrides=overrides, clock=clock
            )

        if watch:
            if json:
                message, fix = "--watch prints more than one JSON object would hold.", "Leave out one of the two."
                raise ConfigError(Problem("usage", message, fix=fix))
            from pusher.cli.watch import watch_build

            watch_build(
                current,
                load,
                options.chosen(select, selector, exclude),
                exclude or (),
                full_refresh=full_refresh,
                reuse=not no_reuse,
                folder=profiles_dir,
            )
            return
        from pusher.builds.run import Built

        project = load()
        built = Built([], [])
        try:
            report = project.build(
                options.chosen(select, selector, exclude),
                exclude or (),
                full_refresh=full_refresh,
                reuse=not no_reuse,
                interruptible=stop.interruptible,
                into=built,
            )
        finally:
            current.body |= _as_json(built)
        current.body["coverage"] = [coverage.as_json() for coverage in report.coverage]
        current.text(report_text(report))
        current.body["_problems"] = report.problems
        current.exit_code = exit_code(report.tests, report.problems)


def _as_json(built: Built) -> dict[str, Any]:
    """Return what became of models and tests, so far; no view is judged before all are done."""
    models = [
        {
            "model": one.model,
            "resource_type": one.resource_type,
            "status": one.status,
            "rows": one.rows,
            "seconds": round(one.seconds, 3),
            "strategy": one.strategy,
            "reused": one.is_reused,
            "message": one.message,
        }
        for one in built.models
    ]
    return {"models": models, "tests": [one.as_json() for one in built.tests], "coverage": []}
