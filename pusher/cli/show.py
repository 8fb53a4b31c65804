"""`pusher show`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pusher.cli import options, render
from pusher.cli.session import session

HELP = """Show some rows of a built model, or with --payload the exact request body.

Example: pusher show tiktok_offline_events --limit 3"""


def show(
    *,
    model: Annotated[str, typer.Argument(help="Model to show.")],
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Rows to show.")] = 5,
    payload: Annotated[bool, typer.Option("--payload", help="Print the request body that these rows make.")] = False,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    overrides: options.Set = None,
    clock: options.ClockAt = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Show rows of a model."""
    with session("show", as_json=json and not payload, quiet=quiet, no_color=no_color) as current:
        project = current.project(project_dir, profiles_dir, target, variables, overrides=overrides, clock=clock)
        if payload:
            sys.stdout.buffer.write(project.show_payload(model, limit=limit))
            return
        shown = project.show(model, limit=limit)
        current.body["rows"] = [dict(zip(shown.columns, row, strict=True)) for row in shown.rows]
        records = []
        for number, row in enumerate(shown.rows, start=1):
            records.append(f"row {number}")
            records.append(render.table(("column", "value"), list(zip(shown.columns, map(_text, row), strict=True))))
        current.text("\n".join(records) or "no rows")


def _text(value: object) -> str | None:
    return None if value is None else str(value)
