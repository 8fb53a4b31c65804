"""`pusher debug`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pusher.cli import options
from pusher.cli.colours import painted
from pusher.cli.options import parse_clock, parse_overrides, parse_vars
from pusher.cli.render import problem_lines, wrapped
from pusher.cli.session import Session, session

if TYPE_CHECKING:
    from pusher.project.facade import Project

HELP = """Look at everything that a push needs, and say what is wrong with it.

Changes nothing and sends nothing, but for --send-alerts. Example: pusher debug --target prod"""


def debug(
    *,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    overrides: options.Set = None,
    state_dir: options.StateDir = None,
    clock: options.ClockAt = None,
    send_alerts: Annotated[
        bool, typer.Option("--send-alerts", help="Send a trial to everybody whom `alerts` of pusher.yml names.")
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Check the surroundings."""
    with session("debug", as_json=json, quiet=quiet, no_color=no_color) as current:
        from pusher.diagnosis import diagnose
        from pusher.project.facade import LoadOptions, Project

        current.guard(project_dir)
        chosen = LoadOptions(
            project_dir=project_dir,
            profiles_dir=profiles_dir,
            target=target,
            vars=parse_vars(variables),
            overrides=parse_overrides(overrides),
            state_dir=state_dir,
            clock=parse_clock(clock),
        )
        checks = diagnose(chosen)
        current.body["checks"] = [check.as_json() for check in checks]
        failed = [check for check in checks if check.status == "failed"]
        current.exit_code = 2 if failed else 0
        for check in checks:
            head = f"{check.status:<8}{check.name:<10}"
            line = wrapped(check.found, head) if check.found else head.rstrip()
            current.text(line.replace(check.status, painted(check.status), 1))
            if check.problems:
                current.text(problem_lines(check.problems))
        current.text("\nEverything is in place." if not failed else f"\n{len(failed)} of {len(checks)} checks failed.")
        if send_alerts:
            _send_alerts(current, Project.load(chosen))


def _send_alerts(current: Session, project: Project) -> None:
    """Send a trial to everybody, and say to whom it went."""
    told = project.alerting(current.complain).try_out()
    current.body["alerts"] = [
        {"channel": channel, "target": target, "failure": failure} for channel, target, failure in told
    ]
    lines = [f"  told {channel} {target}" for channel, target, failure in told if failure is None]
    current.text("\n".join(["", "Trial alerts", *(lines or ["  nobody was told"])]))
    if any(failure is not None for _, _, failure in told):
        current.exit_code = 2
