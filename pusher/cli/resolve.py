"""`pusher resolve`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pusher.cli import options, render
from pusher.cli.session import session
from pusher.errors import ConfigError, Problem
from pusher.plural import counted

if TYPE_CHECKING:
    from pusher.push.decisions import Action, ResolveReport

HELP = """Decide about parked rows: those that may have arrived, and are too old to send again safely.

Without --resend or --assume-delivered it lists them. Example: pusher resolve --assume-delivered --batch 17"""


def resolve(
    *,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    select: options.Select = None,
    selector: options.Selector = None,
    exclude: options.Exclude = None,
    state_dir: options.StateDir = None,
    clock: options.ClockAt = None,
    batch: Annotated[
        list[int] | None, typer.Option("--batch", help="Only this batch, by its number.", show_default=False)
    ] = None,
    resend: Annotated[
        bool, typer.Option("--resend", help="Send them with the next push; what had arrived counts twice.")
    ] = False,
    assume_delivered: Annotated[
        bool, typer.Option("--assume-delivered", help="Take them for accepted; what had not arrived is lost.")
    ] = False,
    wait: options.Wait = 0.0,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Decide about parked rows."""
    with session("resolve", as_json=json, quiet=quiet, no_color=no_color) as current:
        if resend and assume_delivered:
            fix = "Give one of them."
            raise ConfigError(Problem("usage", "--resend and --assume-delivered exclude each other.", fix=fix))
        action: Action = "resend" if resend else "assume_delivered" if assume_delivered else "list"
        project = current.project(project_dir, profiles_dir, target, variables, state_dir=state_dir, clock=clock)
        report = project.ledger.resolve(
            action, options.chosen(select, selector, exclude), exclude or (), batches=batch or (), wait_s=wait
        )
        current.body |= report.as_json()
        current.text(_text(report, batch or ()))


def _text(report: ResolveReport, wanted: Sequence[int]) -> str:
    missing = sorted(set(wanted) - {one.batch for one in report.batches})
    others = [f"Batch {number} is not parked; `pusher resolve` lists those that are." for number in missing]
    if not report.batches:
        return "\n".join(others) or "No parked row."
    headers = ["batch", "model", "rows", "attempts", "may have arrived"]
    rows = [
        [one.batch, one.model, one.rows, one.attempts, (one.first_risk_at or "never")[:16].replace("T", " ")]
        for one in report.batches
    ]
    reasons = "\n".join(render.wrapped(why, "  ") for why in dict.fromkeys(one.why for one in report.batches))
    decided = counted(report.rows - report.too_old, "row")
    resent = [f"{decided} will be sent by the next `pusher push`."] if report.rows > report.too_old else []
    if report.too_old:
        too_old = counted(report.too_old, "row")
        resent.append(f"{too_old} too old for TikTok to count: not sent again, and taken for not delivered.")
    after = {
        "list": (
            "Look at the event source in TikTok's Events Manager: did these events arrive? If so, run `pusher resolve "
            "--assume-delivered`; if not, `pusher resolve --resend`. What is sent again and had arrived counts twice."
        ),
        "resend": " ".join(resent),
        "assume_delivered": f"{decided} taken for delivered; their identifiers are removed.",
    }[report.action]
    return "\n\n".join((render.table(headers, rows), reasons, *others, render.wrapped(after, "")))
