"""`pusher config`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pusher.cli import options
from pusher.cli.render import table
from pusher.cli.session import session

HELP = """Show which settings hold for a destination view, and what set each.

Needs no warehouse; a token is masked. Example: pusher config tiktok_offline_events"""


def config(
    model: Annotated[str, typer.Argument(help="A destination view.", show_default=False)],
    *,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    overrides: options.Set = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Show settings."""
    with session("config", as_json=json, quiet=quiet, no_color=no_color) as current:
        project = current.project(project_dir, profiles_dir, target, variables, overrides=overrides)
        found = project.config(model)
        current.body["model"] = found.model
        current.body["payload"] = found.payload
        current.body["target"] = project.profile.target
        current.body["settings"] = [asdict(setting) for setting in found.settings]
        rows = [
            (
                setting.name,
                "-" if setting.value is None else setting.value,
                setting.layer,
                f"{setting.file}:{setting.line}" if setting.line else setting.file or "",
            )
            for setting in found.settings
        ]
        current.text(f"{found.model} is pushed as {found.payload} with target {project.profile.target}.\n")
        current.text(table(("setting", "value", "set by", "where"), rows))
