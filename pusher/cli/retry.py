"""`pusher retry`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pusher.cli import options, render
from pusher.cli.session import session
from pusher.ledger.rows import for_space
from pusher.plural import counted

if TYPE_CHECKING:
    from pusher.push.decisions import RetryReport

HELP = """Let rows that TikTok refused be sent again, once their model is corrected.

It sends nothing: the next push takes them from their view, unless they are as they were when they were refused.
Rows outside the window stay refused. Example: pusher retry --reason tiktok-40002"""


def retry(
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
    reason: Annotated[
        list[str] | None,
        typer.Option("--reason", help="Only rows refused for this reason, as `status` names it.", show_default=False),
    ] = None,
    test_event_code: Annotated[
        str | None, typer.Option("--test-event-code", help="Rows of test pushes with this code.", show_default=False)
    ] = None,
    unchanged: Annotated[
        bool, typer.Option("--unchanged", help="Also send rows again that are as they were when they were refused.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show which rows; change nothing.")] = False,
    wait: options.Wait = 0.0,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Reopen refused rows."""
    with session("retry", as_json=json, quiet=quiet, no_color=no_color) as current:
        project = current.project(project_dir, profiles_dir, target, variables, state_dir=state_dir, clock=clock)
        report = project.ledger.retry(
            options.chosen(select, selector, exclude),
            exclude or (),
            reasons=reason or (),
            test_event_code=test_event_code,
            even_unchanged=unchanged,
            dry_run=dry_run,
            wait_s=wait,
        )
        current.body |= {"dry_run": dry_run, **report.as_json()}
        space = f"test:{test_event_code.strip()}" if test_event_code else ""
        current.text(for_space(_text(report, dry_run=dry_run, unchanged=unchanged), space))


def _text(report: RetryReport, *, dry_run: bool, unchanged: bool) -> str:
    lines = []
    if report.refused:
        headers = ["model", "reason", "rows", "too old", "sendable until"]
        rows = [[one.model, one.reason, one.rows, one.too_old, render.moment(one.until)] for one in report.refused]
        lines.append(render.table(headers, rows) + "\n")
    if report.unsettled:
        rows_text = counted(report.unsettled, "refused row")
        lines.append(f"{rows_text} more: their parts still have rows to send. Run `pusher push`, then `pusher retry`.")
    if dry_run:
        lines.append(f"{counted(sum(one.rows for one in report.refused), 'row')} would be reopened.")
    elif report.reopened:
        condition = "" if unchanged else " that differ from what was refused"
        lines.append(
            f"{counted(report.reopened, 'row')} reopened. Run `pusher build` and `pusher push`: "
            f"those{condition} are sent."
        )
    else:
        lines.append("No refused row can be reopened.")
    return "\n".join(lines)
