"""`pusher show`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pusher.cli import options, render
from pusher.cli.session import session
from pusher.errors import ConfigError, Problem

HELP = """Show some rows of a built model or of a query, or with --payload the exact request body.

Values that identify a person are masked.

Example: pusher show tiktok_offline_events --limit 3"""


def show(
    *,
    model: Annotated[str | None, typer.Argument(help="Model to show.", show_default=False)] = None,
    inline: Annotated[
        str | None,
        typer.Option("--inline", help="A query to show, rendered as if it were a model.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Rows to show.")] = 5,
    payload: Annotated[bool, typer.Option("--payload", help="Print the request body that these rows make.")] = False,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    overrides: options.Set = None,
    campaign: options.CampaignName = None,
    group: options.GroupName = None,
    clock: options.ClockAt = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Show rows of a model."""
    with session("show", as_json=json and not payload, quiet=quiet, no_color=no_color) as current:
        project = current.project(
            project_dir,
            profiles_dir,
            target,
            variables,
            overrides=overrides,
            clock=clock,
            campaign=options.parse_campaign(campaign, group),
        )
        if (model is None) is (inline is None) or (payload and inline is not None):
            fix = "Write `pusher show MODEL`, with or without --payload, or `pusher show --inline QUERY`."
            raise ConfigError(Problem("usage", "show takes a model or a query.", fix=fix))
        if payload and model is not None:
            sys.stdout.buffer.write(project.show_payload(model, limit=limit))
            return
        if inline is not None:
            shown = project.show_inline(inline, limit=limit)
        else:
            shown = project.show(str(model), limit=limit)
        current.body["rows"] = [dict(zip(shown.columns, row, strict=True)) for row in shown.rows]
        records = []
        for number, row in enumerate(shown.rows, start=1):
            records.append(f"row {number}")
            records.append(render.table(("column", "value"), list(zip(shown.columns, map(_text, row), strict=True))))
        current.text("\n".join(records) or "no rows")


def _text(value: object) -> str | None:
    return None if value is None else str(value)
