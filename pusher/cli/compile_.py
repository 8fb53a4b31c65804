"""`pusher compile`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pusher.cli import options
from pusher.cli.session import session
from pusher.errors import ConfigError, Problem
from pusher.plural import counted

HELP = """Render models to plain SQL, and write them to target/compiled.

Example: pusher compile --select tiktok_offline_events"""


def compile_(
    *,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    select: options.Select = None,
    selector: options.Selector = None,
    exclude: options.Exclude = None,
    compare_to: options.CompareTo = None,
    inline: Annotated[
        str | None,
        typer.Option("--inline", help="A query to render as if it were a model; writes nothing.", show_default=False),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Render models."""
    with session("compile", as_json=json, quiet=quiet, no_color=no_color) as current:
        project = current.project(project_dir, profiles_dir, target, variables, compare_to=compare_to)
        if inline is not None and (select or selector or exclude):
            fix = "Leave out --select, --selector and --exclude."
            raise ConfigError(Problem("usage", "--inline renders one query and selects no model.", fix=fix))
        models = (
            project.compile(options.chosen(select, selector, exclude), exclude or ())
            if inline is None
            else [project.compile_inline(inline)]
        )
        current.body["models"] = [
            {"name": model.name, "file": model.path, "compiled_sql": model.compiled_sql} for model in models
        ]
        if inline is not None:
            current.text(models[0].compiled_sql)
        elif select or selector:
            current.text("\n\n".join(f"-- {model.path}\n{model.compiled_sql}" for model in models))
        else:
            current.text(f"compiled {counted(len(models), 'model')} to {project.file.target_path}/compiled")
