"""`pusher audience`."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pusher.cli import options, render
from pusher.cli.ending import Ending
from pusher.cli.forecast import forecast_text
from pusher.cli.session import session
from pusher.cli.signals import StopOnSignal
from pusher.project.outcomes import Patience, PushChoice

if TYPE_CHECKING:
    from pusher.push.audience.listing import ListedAudience

GROUP_HELP = """Look after custom audiences: list, forecast, adopt, reconcile.

Example: pusher audience list"""
LIST_HELP = """List the audiences of the advertisers, and which view fills which.

Example: pusher audience list"""
FORECAST_HELP = """Show whom audience views can reach, and how many TikTok will probably match.

Goes by the sizes that `pusher audience list` saw before; asks TikTok nothing.
Example: pusher audience forecast"""
ADOPT_HELP = """Let a view fill an audience that is there.

Whoever somebody else put there stays, in the view or not: nobody can ask who is in it. Files replace everybody.
Example: pusher audience adopt tiktok_audience_best_profile --audience-id 7200000000000000001"""
RECONCILE_HELP = """Tell TikTok again everything that is known: everybody who is in, everybody who was taken out.

For once a week, and after somebody else changed an audience. Example: pusher audience reconcile"""


def list_(
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
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """List audiences."""
    with session("audience list", as_json=json, quiet=quiet, no_color=no_color) as current:
        project = current.project(
            project_dir,
            profiles_dir,
            target,
            variables,
            overrides=overrides or (),
            state_dir=state_dir,
            clock=clock,
            campaign=options.parse_campaign(campaign, group),
        )
        found = project.audiences.listed(options.chosen(select, selector, exclude), exclude or ())
        current.body["audiences"] = [one.as_json() for one in found]
        current.text(_text(found))


def _text(found: list[ListedAudience]) -> str:
    """Return the audiences below their advertisers; ids are copied, so nothing is cut."""
    lines = []
    for advertiser_id, audiences in groupby(found, key=lambda one: one.advertiser_id):
        lines.append(f"advertiser {advertiser_id}")
        for one in audiences:
            lines += [f"  {one.audience_id or 'not made yet':<19}  {render.escaped(one.name)}", f"      {_about(one)}"]
    return "\n".join(lines)


def _about(one: ListedAudience) -> str:
    facts = [render.escaped(one.kind)] if one.kind else []
    if one.audience_id is not None and not one.is_listed:
        facts.append("TikTok does not list it any more")
    if one.size is not None:
        facts.append(f"{one.size:,} matched")
    if one.expires:
        facts.append(f"ends {render.escaped(one.expires)}")
    return ", ".join([*facts, f"filled by {one.model}" if one.model else "filled by no view here"])


def forecast(
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
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Forecast audiences."""
    with session("audience forecast", as_json=json, quiet=quiet, no_color=no_color) as current:
        project = current.project(
            project_dir,
            profiles_dir,
            target,
            variables,
            overrides=overrides or (),
            state_dir=state_dir,
            campaign=options.parse_campaign(campaign, group),
        )
        found = project.audiences.forecast(options.chosen(select, selector, exclude), exclude or ())
        current.body["forecasts"] = [one.as_json() for one in found]
        current.text(forecast_text(found))


def adopt(
    model: Annotated[str, typer.Argument(help="The audience view.", show_default=False)],
    *,
    audience_id: Annotated[str, typer.Option("--audience-id", help="The audience.", show_default=False)],
    advertiser_id: Annotated[
        str | None, typer.Option("--advertiser-id", help="Who owns it, if the view has several.", show_default=False)
    ] = None,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    overrides: options.Set = None,
    campaign: options.CampaignName = None,
    group: options.GroupName = None,
    state_dir: options.StateDir = None,
    wait: options.Wait = 0.0,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Adopt an audience."""
    with session("audience adopt", as_json=json, quiet=quiet, no_color=no_color) as current:
        project = current.project(
            project_dir,
            profiles_dir,
            target,
            variables,
            overrides=overrides or (),
            state_dir=state_dir,
            campaign=options.parse_campaign(campaign, group),
        )
        adopted = project.audiences.adopt(model, audience_id, advertiser_id, wait_s=wait)
        current.body["audiences"] = [adopted.as_json()]
        current.text(
            render.wrapped(
                f"{adopted.model} fills audience {adopted.audience_id} of advertiser {adopted.advertiser_id} from now "
                "on. Whoever somebody else put there stays, in the view or not; with `method: file` the next push "
                "replaces everybody.",
                "",
            )
        )


def reconcile(
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count and show; send nothing, change nothing.")] = False,
    allow_shrink: options.AllowShrink = False,
    allow_suppressions_shrink: options.AllowListShrink = False,
    wait: options.Wait = 0.0,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Tell audiences again."""
    with (
        session(
            "audience reconcile", as_json=json, quiet=quiet, no_color=no_color, tells_tiktok=not dry_run
        ) as current,
        StopOnSignal(current.progress.line, current.cut_short) as stop,
        Ending(current, stop, project_dir, tells=not dry_run, keeps=True) as ending,
    ):
        project = ending.project = current.project(
            project_dir,
            profiles_dir,
            target,
            variables,
            overrides=overrides or (),
            state_dir=state_dir,
            clock=clock,
            campaign=options.parse_campaign(campaign, group),
        )
        choice = PushChoice(
            dry_run=dry_run,
            allow_shrink=allow_shrink,
            allow_list_shrink=allow_suppressions_shrink,
            patience=Patience(wait_s=wait),
        )
        ending.report = project.reconcile(
            options.chosen(select, selector, exclude),
            exclude or (),
            choice,
            should_stop=stop,
            interruptible=stop.interruptible,
        )
