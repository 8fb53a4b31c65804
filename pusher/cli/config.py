"""`pusher config`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pusher.cli import options
from pusher.cli.render import escaped, wrapped
from pusher.cli.session import session

if TYPE_CHECKING:
    from pusher.settings.access import Access
    from pusher.settings.effective import EffectiveSetting, ViewConfig

HELP = """Show which settings hold for a destination view, what set each, and what it would be otherwise.

Without a view: all of them, with what each lacks. Says too who you are taken to be, and what you may do.
Needs no warehouse; a token is masked. Example: pusher config tiktok_offline_events"""


def config(
    model: Annotated[str | None, typer.Argument(help="A destination view; all of them without.")] = None,
    *,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    overrides: options.Set = None,
    campaign: options.CampaignName = None,
    group: options.GroupName = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Show settings."""
    with session("config", as_json=json, quiet=quiet, no_color=no_color) as current:
        project = current.project(
            project_dir,
            profiles_dir,
            target,
            variables,
            overrides=overrides,
            campaign=options.parse_campaign(campaign, group),
        )
        found = project.configs() if model is None else [project.config(model)]
        current.body["target"] = project.profile.target
        current.body["user"] = project.access.as_json()
        if model is None:
            current.body["views"] = [_as_json(one) for one in found]
            current.text(_overview(found, project.profile.target))
        else:
            current.body |= _as_json(found[0])
            current.text(_one(found[0], project.profile.target))
        current.text(f"\n{_user(project.access)}")
        current.body["_problems"] = tuple(problem for one in found for problem in one.lacks)
        current.exit_code = 1 if current.body["_problems"] else 0


def _as_json(found: ViewConfig) -> dict[str, Any]:
    return {
        "model": found.model,
        "payload": found.payload,
        "title": found.title,
        "description": found.description,
        "offered_to": found.offered_to,
        "may_push_from": found.may_push_from,
        "settings": [asdict(setting) for setting in found.settings],
    }


def _one(found: ViewConfig, target: str) -> str:
    lines = [f"{found.model} is pushed as {found.payload} with target {target}."]
    about = ": ".join(escaped(" ".join(text.split())) for text in (found.title, found.description) if text)
    if about:
        lines.append(wrapped(about, "  "))
    width = max(len(setting.name) for setting in found.settings) + 2
    lines.append("")
    for setting in found.settings:
        lines.append(_line(setting.name.ljust(width), "", setting))
        otherwise = setting.otherwise
        # That an optional setting would have no value says nothing.
        if otherwise is not None and otherwise.value is not None and setting.layer != "row":
            lines.append(_line(" " * width, "otherwise ", otherwise))
    return "\n".join(lines)


def _line(head: str, word: str, setting: EffectiveSetting) -> str:
    """Return a setting with what sets it; ids are copied, so nothing is cut."""
    place = f"{setting.file}:{setting.line}" if setting.line else setting.file
    value = "-" if setting.value is None else escaped(setting.value)
    return f"{head}{word}{value} ({', '.join(part for part in (setting.layer, place) if part)})"


def _overview(found: Sequence[ViewConfig], target: str) -> str:
    blocks = [f"Destination views with target {target}"]
    for one in found:
        title = f", {escaped(one.title)}" if one.title else ""
        lines = [f"{one.model} ({one.payload}{title})"]
        if one.description:
            lines.append(wrapped(escaped(" ".join(one.description.split())), "  "))
        lines.append(f"  offered to    {', '.join(one.offered_to) or 'nobody'}")
        lines.append(f"  you may push  {_from(one.may_push_from)}")
        lines.append(f"  lacks         {', '.join(_key(problem.message) for problem in one.lacks) or 'nothing'}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _from(origins: Sequence[str]) -> str:
    return f"from {' and '.join(origins)}" if origins else "no"


def _key(message: str) -> str:
    return message.split("`")[1]


def _user(access: Access) -> str:
    """Return who the user is taken to be, and what that means."""
    user = access.person
    lines = [
        f"You are `{escaped(user.name)}`, by {user.source}."
        if user.name
        else f"You are nobody: {user.source} is empty."
    ]
    if access.all_roles is None:
        told = "pusher.yml has no roles: everybody may push everything, and sees what the commands show."
        lines.append(wrapped(told, "  "))
        return "\n".join(lines)
    found = access.as_json()
    lines.append(f"  roles                     {', '.join(found['roles']) or 'none: nothing may be pushed'}")
    lines.append(f"  push from orchestrations  {', '.join(found['orchestrations']) or 'nothing'}")
    lines.append(f"  push from campaigns       {', '.join(found['campaigns']) or 'nothing'}")
    lines.append(
        f"  personal data             {'masked everywhere' if access.is_restricted else 'as the commands show it'}"
    )
    return "\n".join(lines)
