"""`pusher forget`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pusher.cli import options, render
from pusher.cli.hidden import hidden_lines
from pusher.cli.session import session
from pusher.cli.signals import StopOnSignal
from pusher.errors import ConfigError, Problem

if TYPE_CHECKING:
    from pusher.project.forgetting import Derived
    from pusher.push.audience.receipt import AudienceReceipt
    from pusher.push.forgetting import Forgotten

HELP = """Forget people: keep them out of every audience and event for ever, and take them out of all audiences now.

E-mail addresses, phone numbers and advertising ids are read from stdin, one a line, or asked for unseen; they are
never arguments, and only their digests are kept, in the ledger.

Example: pusher forget --stdin < requests.txt"""
# Words that are not understood may be a value: they are refused here, where nothing repeats them.
CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True}
NOT_RECALLED = "Events that TikTok accepted before cannot be recalled; the ledger does not know whose they were."

ONE_LEDGER = "Only the ledger of this target was asked: forget them with each other target and state folder too."


def forget(
    context: typer.Context,
    *,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the values from stdin, one a line.")] = False,
    country: Annotated[
        str | None, typer.Option("--country", help="ISO 3166 code of numbers in national form.", show_default=False)
    ] = None,
    no_push: Annotated[
        bool, typer.Option("--no-push", help="Send nothing now: the next push takes them out of audiences.")
    ] = False,
    wait: options.Wait = 0.0,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    state_dir: options.StateDir = None,
    clock: options.ClockAt = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Forget people."""
    with (
        session("forget", as_json=json, quiet=quiet, no_color=no_color, tells_tiktok=True) as current,
        StopOnSignal(current.progress.line, current.cut_short) as stop,
    ):
        _check(context, country, stdin=stdin)
        project = current.project(project_dir, profiles_dir, target, variables, state_dir=state_dir, clock=clock)
        # Compiled first, so that nobody types values for a project that does not compile.
        _ = project.manifest
        lines = hidden_lines("e-mail, phone or advertising id (hidden, empty to end): ")
        derived, done = project.forget(lines, country=country, sends=not no_push, wait_s=wait, should_stop=stop)
        current.body |= {"target": project.profile.target, **derived.as_json()}
        if done is None:
            message = "None of the lines is an e-mail address, a phone number or an advertising id."
            fix = "Write numbers with + and the calling code, or say --country."
            raise ConfigError(Problem("no-value", message, fix=fix))
        current.body |= done.as_json() | {"notices": [NOT_RECALLED, ONE_LEDGER]}
        current.body["_problems"] = done.problems
        code = done.exit_code or (1 if derived.unusable else 0)
        current.exit_code = 128 + stop.signal if stop.signal else code
        current.text(_as_text(derived, done, sends=not no_push))


def _check(context: typer.Context, country: str | None, *, stdin: bool) -> None:
    """Refuse words that may be values, without repeating them.

    Raises:
        ConfigError: There are some, or it is not said where the values come from.
    """
    if context.args:
        message = "forget takes only the options of `pusher forget --help`; a value is never an argument."
        fix = "Take it out of your shell's history if one stood there, and pipe it in."
        raise ConfigError(Problem("usage", message, fix=fix))
    if not stdin and not (sys.stdin is not None and sys.stdin.isatty()):
        raise ConfigError(Problem("usage", "forget reads a pipe or file with --stdin only.", fix="Add --stdin."))
    if country is not None and not (len(country) == 2 and country.isascii() and country.isalpha()):  # noqa: PLR2004 -- ISO 3166
        raise ConfigError(Problem("usage", "--country is an ISO 3166 code.", fix="Write it as --country DE."))


def _as_text(derived: Derived, done: Forgotten, *, sends: bool) -> str:
    lines = ["forgotten"]
    lines += [f"  {count:>9,}  {kind}" for kind, count in derived.given.items()]
    lines.append("digests that are suppressed for ever")
    lines += [f"  {count:>9,}  {kind}, {profile}" for (kind, profile), count in derived.made.items()]
    lines.append(f"  {done.new:>9,}  of them new")
    if derived.unusable:
        listed = ", ".join(str(one) for one in derived.unusable)
        told = f"! Lines that cannot be read, so that nobody is forgotten by them: {listed}."
        lines.append(render.wrapped(told, "  "))
    if done.run_id is not None:
        lines += _audiences(done, sends=sends) + _events(done)
    lines += [render.wrapped(NOT_RECALLED, ""), render.wrapped(ONE_LEDGER, "")]
    return "\n".join(lines)


def _audiences(done: Forgotten, *, sends: bool) -> list[str]:
    holding = [one for one in done.audiences if one.counts.deletes or one.is_open]
    lines = ["no audience was known to hold them"]
    if holding:
        lines = ["taken out of audiences" if sends else "held by audiences: the next `pusher push` takes them out"]
    lines += [
        _line(one, one.deleted if sends else one.counts.deletes, one.pending_deletes, sends=sends) for one in holding
    ]
    others = [one for one in done.audiences if one.counts.unknown_deletes]
    if others:
        when = "" if sends else " by the next `pusher push`"
        lines.append(f"told to leave audiences{when}, in case somebody else put them there")
    lines += [
        _line(
            one,
            one.unknown_deleted if sends else one.counts.unknown_deletes,
            one.pending_unknown_deletes,
            sends=sends,
        )
        for one in others
    ]
    return lines


def _line(one: AudienceReceipt, number: int, pending: int, *, sends: bool) -> str:
    left = f", {pending:,} still to go: run `pusher push`" if sends and pending else ""
    return f"  {number:>9,}  {render.escaped(one.name)}, advertiser {one.advertiser_id}{left}"


def _events(done: Forgotten) -> list[str]:
    lines = [
        f"  {rows:>9,}  {model}: {what}"
        for counts, what in (
            (done.dropped, "waited to be sent, and are dropped"),
            (done.in_doubt, "may have been delivered, and are not sent again"),
        )
        for model, rows in counts.items()
    ]
    return ["events that were not settled", *lines] if lines else ["no event of theirs waited to be sent"]
