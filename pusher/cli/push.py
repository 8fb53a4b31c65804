"""`pusher push`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pusher.cli import options
from pusher.cli.ending import Ending
from pusher.cli.session import session
from pusher.cli.signals import StopOnSignal
from pusher.project.outcomes import LONGEST_RUN_S, Patience, PushChoice

HELP = """Send the due rows of destination views to TikTok and print a receipt.

Safe to run again at any time. Example: pusher push --dry-run"""


def push(
    *,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    select: options.Select = None,
    selector: options.Selector = None,
    exclude: options.Exclude = None,
    overrides: options.Set = None,
    campaign: options.CampaignName = None,
    group: options.GroupName = None,
    state_dir: options.StateDir = None,
    clock: options.ClockAt = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan and show; send nothing, change nothing.")] = False,
    test_event_code: Annotated[
        str | None, typer.Option("--test-event-code", help="Send as test events; they never count as sent.")
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option(
            "--concurrency", min=1, help="Requests in flight, instead of the setting: 64 at most.", show_default=False
        ),
    ] = None,
    wait: options.Wait = 0.0,
    deadline: Annotated[
        float,
        typer.Option(
            "--deadline",
            min=1,
            max=LONGEST_RUN_S,
            callback=options.a_number,
            help="Seconds after which nothing new is sent.",
        ),
    ] = 1_800,
    grace: Annotated[
        float,
        typer.Option(
            "--grace",
            min=0,
            callback=options.a_number,
            help="Seconds that requests in flight get to end on Ctrl-C or SIGTERM.",
        ),
    ] = 10,
    max_dead: Annotated[
        float,
        typer.Option(
            "--max-dead",
            min=0,
            max=1,
            callback=options.a_number,
            help="Share of the first 1,000 rows refused that stops the run.",
        ),
    ] = 0.1,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Let this ledger, or a new one, take the place of the one expected here.")
    ] = False,
    stateless: Annotated[
        bool,
        typer.Option("--stateless", help="Keep no ledger, on a throw-away machine; views may look back a day at most."),
    ] = False,
    allow_shrink: options.AllowShrink = False,
    allow_suppressions_shrink: options.AllowListShrink = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Push views."""
    with (
        session("push", as_json=json, quiet=quiet, no_color=no_color, tells_tiktok=not dry_run) as current,
        StopOnSignal(current.progress.line, current.cut_short) as stop,
        Ending(current, stop, project_dir, tells=not dry_run, keeps=not stateless) as ending,
    ):
        overrides = [*(overrides or ()), *([] if concurrency is None else [f"concurrency={concurrency}"])]
        project = ending.project = current.project(
            project_dir,
            profiles_dir,
            target,
            variables,
            overrides=overrides,
            state_dir=state_dir,
            clock=clock,
            campaign=options.parse_campaign(campaign, group),
        )
        ending.report = project.push(
            options.chosen(select, selector, exclude),
            exclude or (),
            PushChoice(
                dry_run=dry_run,
                test_event_code=test_event_code,
                adopt=adopt,
                stateless=stateless,
                allow_shrink=allow_shrink,
                allow_list_shrink=allow_suppressions_shrink,
                patience=Patience(wait_s=wait, deadline_s=deadline, grace_s=grace, max_dead_share=max_dead),
            ),
            should_stop=stop,
            interruptible=stop.interruptible,
        )
