"""Options that several commands share, with dbt's names and meaning."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from pusher.errors import ConfigError, Problem
from pusher.settings.campaigns import Campaign

EARLIEST_YEAR, LATEST_YEAR = 1980, 2999


def a_number(value: float) -> float:
    """Refuse what is no number: every comparison with it is false, a bound of a range's as well."""
    if math.isnan(value):
        raise typer.BadParameter("nan is not a number.")
    return value


ProjectDir = Annotated[Path, typer.Option("--project-dir", help="Folder of dbt_project.yml.", show_default=False)]
ProfilesDir = Annotated[Path | None, typer.Option("--profiles-dir", help="Folder of profiles.yml.", show_default=False)]
Target = Annotated[str | None, typer.Option("--target", "-t", help="Target of the profile.", show_default=False)]
Vars = Annotated[
    str | None, typer.Option("--vars", help="Variables as YAML: '{lookback_days: 7}'.", show_default=False)
]
Select = Annotated[
    list[str] | None,
    typer.Option("--select", "-s", help="Models to use, in dbt's selector syntax.", show_default=False),
]
Selector = Annotated[
    str | None,
    typer.Option("--selector", help="Selection of selectors.yml to use, instead of --select.", show_default=False),
]
Exclude = Annotated[list[str] | None, typer.Option("--exclude", help="Models to leave out.", show_default=False)]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="Override a destination setting: key=value.", show_default=False)
]
StateDir = Annotated[Path | None, typer.Option("--state-dir", help="Folder of the ledger.", show_default=False)]
ClockAt = Annotated[
    str | None,
    typer.Option("--clock", help="Moment to work at, ISO 8601; sandbox and loopback only.", show_default=False),
]
FullRefresh = Annotated[
    bool, typer.Option("--full-refresh", "-f", help="Build incremental models anew instead of adding rows.")
]
NoReuse = Annotated[
    bool, typer.Option("--no-reuse", help="Build and test also what would come out the same as in the last build.")
]
CompareTo = Annotated[
    Path | None,
    typer.Option(
        "--state", help="Folder of a saved manifest.json, for the selector state:modified.", show_default=False
    ),
]
Wait = Annotated[
    float,
    typer.Option("--wait", min=0, callback=a_number, help="Seconds to wait for another push of this target to end."),
]
CampaignName = Annotated[
    str | None,
    typer.Option(
        "--campaign", help="Campaign that audiences are filled for; sets the var campaign.", show_default=False
    ),
]
GroupName = Annotated[
    str | None, typer.Option("--group", help="Group of the campaign; sets the var group.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours; NO_COLOR=1 does the same.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]


def chosen(select: list[str] | None, selector: str | None, exclude: list[str] | None) -> list[str]:
    """Return what --select or --selector chooses.

    Raises:
        ConfigError: Both are given, or --selector beside --exclude, which dbt would not look at.
    """
    if selector is None:
        return select or []
    if select or exclude:
        fix = f"Leave out one of them, or write --select selector:{selector}."
        raise ConfigError(Problem("usage", "--selector stands without --select and --exclude.", fix=fix))
    return [f"selector:{selector}"]


def parse_vars(text: str | None) -> dict[str, Any]:
    """Read `--vars`.

    Raises:
        ConfigError: The text is not a YAML mapping.
    """
    if not text:
        return {}
    from pusher.config import parse_yaml

    document = parse_yaml(text, "--vars")
    if not isinstance(document.value, dict):
        raise _bad("--vars", "is not a mapping", "Write it as '{name: value}'.")
    if problems := document.misread_values():
        raise ConfigError(*problems)
    return document.value


def parse_overrides(pairs: list[str] | None) -> dict[str, str]:
    """Read `--set key=value`.

    Raises:
        ConfigError: A pair has no `=`.
    """
    found = {}
    for pair in pairs or ():
        key, sign, value = pair.partition("=")
        if not sign or not key:
            raise _bad("--set", f"`{pair}` has no `=`", "Write it as --set event_set_id=7654321098765432109.")
        if key == "access_token":
            raise _bad("--set", "does not take the access token", "Set TIKTOK_ACCESS_TOKEN instead.")
        found[key] = value
    return found


def parse_clock(text: str | None) -> datetime | None:
    """Read `--clock`; a moment without a zone is UTC.

    Raises:
        ConfigError: The text is not ISO 8601.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise _bad("--clock", "is not a moment", "Write it as 2026-11-20T06:00:00Z.") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise _bad("--clock", f"lies outside {EARLIEST_YEAR} to {LATEST_YEAR}", "Write it as 2026-11-20T06:00:00Z.")
    return moment


def parse_campaign(campaign: str | None, group: str | None) -> Campaign | None:
    """Read `--campaign` and `--group`.

    Raises:
        ConfigError: One of them is missing or blank.
    """
    if campaign is None and group is None:
        return None
    fix = "Write it as --campaign Spring --group treatment."
    if campaign is None or group is None:
        raise _bad("--campaign and --group", "go together", fix)
    for option, given in (("--campaign", campaign), ("--group", group)):
        if not given.strip():
            # An unset variable in a script must not make an audience without a name.
            raise _bad(option, "is empty", fix)
    return Campaign(campaign.strip(), group.strip())


def _bad(option: str, what: str, fix: str) -> ConfigError:
    return ConfigError(Problem("usage", f"{option} {what}.", fix=fix))


AllowShrink = Annotated[bool, typer.Option("--allow-shrink", help="Let audiences lose more members than is usual.")]
AllowListShrink = Annotated[
    bool,
    typer.Option("--allow-suppressions-shrink", help="Let back in who is missing on the list of consent.suppressions."),
]
