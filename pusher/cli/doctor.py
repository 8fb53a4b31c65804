"""`pusher doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pusher.cli import options
from pusher.cli.colours import painted
from pusher.cli.options import parse_clock, parse_overrides, parse_vars
from pusher.cli.render import escaped, problem_lines, wrapped
from pusher.cli.session import Session, session
from pusher.cli.signals import StopOnSignal

if TYPE_CHECKING:
    from pusher.doctor import Entry, Examination

HELP = """Look at the surroundings and at the TikTok account, and list by date what will be due.

Sends no rows. Example: pusher doctor --days 30"""
_INDENT = " " * 12


def doctor(
    *,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    overrides: options.Set = None,
    state_dir: options.StateDir = None,
    clock: options.ClockAt = None,
    days: Annotated[int, typer.Option("--days", min=0, help="Exit 1 when something is due within so many days.")] = 14,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Check the surroundings and the account."""
    with (
        session("doctor", as_json=json, quiet=quiet, no_color=no_color) as current,
        StopOnSignal(current.progress.line, current.cut_short) as stop,
    ):
        from pusher.doctor import examine
        from pusher.project.facade import LoadOptions

        current.guard(project_dir)
        found = examine(
            LoadOptions(
                project_dir=project_dir,
                profiles_dir=profiles_dir,
                target=target,
                vars=parse_vars(variables),
                overrides=parse_overrides(overrides),
                state_dir=state_dir,
                clock=parse_clock(clock),
            ),
            days=days,
            listener=current.progress,
            should_stop=stop,
        )
        current.exit_code = 128 + stop.signal if stop.signal else found.exit_code
        current.body["days"] = days
        current.body["checks"] = [check.as_json() for check in found.checks]
        current.body["preflight"] = None if found.preflight is None else found.preflight.as_json()
        current.body["calendar"] = [entry.as_json() for entry in found.calendar]
        _print(current, found)


def _print(current: Session, found: Examination) -> None:
    current.text("Surroundings")
    for check in found.checks:
        _line(current, check.status, check.name, check.found)
        if check.problems:
            current.text(problem_lines(check.problems))
    current.text("\nAccount")
    if found.preflight is None:
        current.text("It was not asked.")
    for one in found.preflight.checks if found.preflight is not None else ():
        name = one.name.replace("_", " ")
        _line(current, one.status, name, ": ".join(filter(None, (one.part, one.about, one.found))))
        if one.problem is not None:
            current.text(problem_lines([one.problem]))
    current.text("\nCalendar, in UTC")
    for entry in found.calendar:
        current.text(_entry_lines(entry))
    current.text(f"\n{_verdict(found)}")


def _line(current: Session, status: str, name: str, found: str) -> None:
    mark = "?" if status == "unknown" else status
    head = f"{mark:<8}{name:<14}"
    line = wrapped(escaped(found), head) if found else head.rstrip()
    current.text(line.replace(mark, painted(mark), 1))


def _entry_lines(entry: Entry) -> str:
    """Return an entry: date and days, what, where, what to do."""
    if entry.date is None or entry.days_left is None:
        head = "no date"
    else:
        head = f"{entry.date:%Y-%m-%d %H:%M}, {_days(entry.days_left)}"
    lines = [head, wrapped(f"{escaped(entry.what)}.", _INDENT)]
    lines.append(wrapped(escaped(entry.where), _INDENT))
    lines.append(wrapped(escaped(entry.fix), _INDENT))
    return "\n".join(lines)


def _days(left: int) -> str:
    if left < 0:
        return "over"
    if left == 0:
        return "within a day"
    return f"{left} day left" if left == 1 else f"{left} days left"


def _verdict(found: Examination) -> str:
    failed = sum(check.status == "failed" for check in found.checks) + len(found.failed)
    parts = [f"{failed} checks failed" if failed != 1 else "1 check failed"] if failed else []
    if not found.is_answered:
        parts.append("TikTok did not answer: run it again")
    if found.due:
        parts.append(f"{len(found.due)} of the calendar due within {found.days} days")
    if parts:
        return f"{'; '.join(parts)}."
    nothing = "nothing that needs anybody" if found.only_listed else "nothing"
    return f"All is well, and {nothing} is due within {found.days} days."
