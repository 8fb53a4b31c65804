"""`pusher debug`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from pusher.cli import options
from pusher.cli.colours import painted
from pusher.cli.options import parse_clock, parse_overrides, parse_vars
from pusher.cli.render import problem_lines, wrapped
from pusher.cli.session import session

HELP = """Look at everything that a push needs, and say what is wrong with it.

Changes nothing and sends nothing. Example: pusher debug --target prod"""


def debug(
    *,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    overrides: options.Set = None,
    state_dir: options.StateDir = None,
    clock: options.ClockAt = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Check the surroundings."""
    with session("debug", as_json=json, quiet=quiet, no_color=no_color) as current:
        from pusher.diagnosis import diagnose
        from pusher.project import LoadOptions

        current.guard(project_dir)
        checks = diagnose(
            LoadOptions(
                project_dir=project_dir,
                profiles_dir=profiles_dir,
                target=target,
                vars=parse_vars(variables),
                overrides=parse_overrides(overrides),
                state_dir=state_dir,
                clock=parse_clock(clock),
            )
        )
        current.body["checks"] = [asdict(check) for check in checks]
        failed = [check for check in checks if check.status == "failed"]
        current.exit_code = 2 if failed else 0
        for check in checks:
            head = f"{check.status:<8}{check.name:<10}"
            line = wrapped(check.found, head) if check.found else head.rstrip()
            current.text(line.replace(check.status, painted(check.status), 1))
            if check.problems:
                current.text(problem_lines(check.problems))
        current.text("\nEverything is in place." if not failed else f"\n{len(failed)} of {len(checks)} checks failed.")
