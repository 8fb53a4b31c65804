"""`pusher clean`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from pusher.cli import options, render
from pusher.cli.session import session

HELP = """Remove the compiled SQL, and forget what the ledger need not know any more.

Rows that wait, and keys of events that may still be sent, stay whatever their age.
Example: pusher clean --keep-days 400"""


def clean(
    *,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    state_dir: options.StateDir = None,
    clock: options.ClockAt = None,
    keep_days: Annotated[
        int, typer.Option("--keep-days", min=35, help="Days that runs, requests and refused rows are kept.")
    ] = 400,
    wait: options.Wait = 0.0,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Clean up."""
    with session("clean", as_json=json, quiet=quiet, no_color=no_color) as current:
        project = current.project(project_dir, profiles_dir, target, None, state_dir=state_dir, clock=clock)
        removed = project.ledger.clean(keep=timedelta(days=keep_days), wait_s=wait)
        current.body["removed"] = removed
        rows = [[what, count] for what, count in removed.items() if count]
        current.text(render.table(["removed", "number"], rows) or "Nothing to remove.")
