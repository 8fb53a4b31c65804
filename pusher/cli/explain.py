"""`pusher explain`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pusher.cli import options, render
from pusher.cli.hidden import hidden_value
from pusher.cli.session import session
from pusher.errors import ConfigError, NotAllowed, Problem
from pusher.screening import HIDDEN

if TYPE_CHECKING:
    from pusher.project.explaining import Explained

HELP = """Show what becomes of one identifier: each step of its normalisation, its digest, or why it is unusable.

KIND is email, phone, external_id, idfa, gaid, ip or user_agent. The value is asked for, or read from stdin; it is
never an argument, and it is kept nowhere. Values are printed on a terminal only.

Example: pusher explain phone --country DE"""
# Words that are not understood may be a value: they are refused here, where nothing repeats them.
CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True}


def explain(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="Kind of identifier.", show_default=False)],
    *,
    country: Annotated[
        str | None, typer.Option("--country", help="ISO 3166 code of a phone number's row.", show_default=False)
    ] = None,
    state: Annotated[
        str, typer.Option("--state", help="What the column holds: raw values, sha256 digests, or auto for both.")
    ] = "raw",
    audience: Annotated[
        bool, typer.Option("--audience", help="What it becomes in an audience, by the var audience_profile.")
    ] = False,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Print values also with --json, or where stdout is no terminal.")
    ] = False,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Explain one identifier."""
    with session("explain", as_json=json, quiet=quiet, no_color=no_color) as current:
        from pusher.project.explaining import check_choice

        if context.args:
            message = "explain takes one kind and the options of `pusher explain --help`; a value is never an argument."
            fix = "Take it out of your shell's history if one stood there, and type it when asked."
            raise ConfigError(Problem("usage", message, fix=fix))
        check_choice(kind, country, state, in_audience=audience)
        project = current.project(project_dir, profiles_dir, target, variables)
        if reveal and project.access.is_restricted:
            message = "--reveal shows personal data, and this user may see none."
            fix = (
                "Leave it out: the steps are listed without their values. `pusher config` says which role restricts it."
            )
            raise NotAllowed(Problem("not-allowed", message, fix=fix))
        # Compiled first, so that nobody types a value for a project that does not compile.
        _ = project.manifest
        value = hidden_value(f"{kind} (hidden): ")
        found = project.explain(kind, value, country=country, state=state, in_audience=audience)
        hides = project.access.is_restricted
        shows = not hides and (reveal or (not json and sys.stdout.isatty()))
        digest = HIDDEN if hides and found.digest is not None else found.digest
        current.body |= {
            "kind": kind,
            "country": country,
            "state": state,
            "profile": found.profile,
            "steps": [
                {
                    "step": step.name,
                    "left": step.value is not None,
                    "changed": step.changed,
                    "value": step.value if shows else None,
                }
                for step in found.steps
            ],
            "digest": digest,
            "unusable": _why(found, shows=shows),
        }
        current.text(_as_text(found, shows=shows, hides=hides))
        current.exit_code = 0 if found.unusable is None else 1


def _as_text(found: Explained, *, shows: bool, hides: bool) -> str:
    lines = []
    for number, step in enumerate(found.steps, start=1):
        lines.append(f"{number}. {step.name}")
        if step.value is None:
            lines.append("   nothing")
        elif shows or (step.value == found.digest and not hides):
            lines.append(f"   {render.escaped(step.value)}")
        else:
            lines.append("   changed, not shown" if step.changed else "   unchanged, not shown")
    if (why := _why(found, shows=shows)) is not None:
        lines += ["", render.wrapped(f"unusable: {render.escaped(why)}", "")]
        lines.append("A row is sent with its other identifiers, and not at all without any.")
    return "\n".join(lines)


def _why(found: Explained, *, shows: bool) -> str | None:
    if found.may_quote and not shows:
        return "Not shown: the words of this project's `unusable_identity` may hold the value."
    return found.unusable
