"""`pusher compile`."""

from __future__ import annotations

from pathlib import Path

from pusher.cli import options
from pusher.cli.render import counted
from pusher.cli.session import session

HELP = """Render models to plain SQL, and write them to target/compiled.

Example: pusher compile --select tiktok_offline_events"""


def compile_(
    *,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    select: options.Select = None,
    exclude: options.Exclude = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Render models."""
    with session("compile", as_json=json, quiet=quiet, no_color=no_color) as current:
        project = current.project(project_dir, profiles_dir, target, variables)
        models = project.compile(select or (), exclude or ())
        current.body["models"] = [
            {"name": model.name, "file": model.path, "compiled_sql": model.compiled_sql} for model in models
        ]
        if select:
            current.text("\n\n".join(f"-- {model.path}\n{model.compiled_sql}" for model in models))
        else:
            current.text(f"compiled {counted(len(models), 'model')} to {project.file.target_path}/compiled")
