"""What every command does around its own work: progress, errors, JSON, exit code."""

from __future__ import annotations

import json
import math
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pusher.cli import colours, render
from pusher.cli.options import parse_clock, parse_overrides, parse_vars
from pusher.cli.progress import Progress, mute
from pusher.cli.render import problem_lines, steady
from pusher.cli.signals import Stopped
from pusher.errors import Problem, PusherError

if TYPE_CHECKING:
    from pusher.project.facade import Project

SCHEMA_VERSION = 1
NOT_FINISHED = 4
INTERNAL_ERROR = 70


@dataclass(slots=True)
class Session:
    """One command's surroundings.

    Attributes:
        command: Its name, for the JSON object.
        json: Print one JSON object instead of text.
        progress: Prints progress on stderr.
        color: False for no colours, None to use them where the stream is a terminal.
        exit_code: Code to end with.
        body: Fields of the JSON object beside the envelope.
        hint: What to look at next, printed after the errors, or after the result where there is none; nothing under
            `--json`.
        afterwards: Called when everything is printed, before the process ends.
        document: Makes the whole output from the errors, in a form of its own instead of text or the JSON object.
        hides: Whether the user may see no personal data: whatever is printed or written is screened for it.
        notes: What follows from the errors, printed after them.
        tells_tiktok: The command does more than print: its code is that of what it did, whoever could read it.
        unwritten: Something could not be printed, though somebody may have waited for it: the disk is full.
    """

    command: str
    json: bool
    progress: Progress
    color: bool | None = None
    exit_code: int = 0
    body: dict[str, Any] = field(default_factory=dict)
    hint: str | None = None
    afterwards: list[Callable[[], None]] = field(default_factory=list)
    document: Callable[[Sequence[Problem]], str] | None = None
    hides: bool = False
    notes: Sequence[str] = ()
    tells_tiktok: bool = False
    unwritten: bool = False

    def guard(self, project_dir: Path) -> None:
        """Find out whether the user may see personal data, before anything of the project is read."""
        from pusher.settings.access import sees_no_personal_data

        self.hides = sees_no_personal_data(project_dir)
        self.progress.screen = self.screened
        render.screen.set(self.screened)

    def screened(self, text: str) -> str:
        """Return a text as this user may see it."""
        if not self.hides:
            return text
        from pusher.screening import screened

        return screened(text)

    def text(self, lines: str) -> None:
        """Print a result for a person; nothing under `--json`."""
        if not self.json and self.document is None and lines:
            self._show(self.screened(lines))

    def _show(self, text: str) -> None:
        self.unwritten |= not _show(text, color=self.color)

    def complain(self, lines: str) -> None:
        """Print errors of a command that goes on."""
        self.progress.close()
        _complain(self.screened(lines), color=self.color)

    def project(
        self,
        project_dir: Path,
        profiles_dir: Path | None,
        target: str | None,
        variables: str | None,
        **more: Any,
    ) -> Project:
        """Load the project that the shared options name."""
        from pusher.project.facade import LoadOptions, Project

        self.guard(project_dir)
        return Project.load(
            LoadOptions(
                project_dir=project_dir,
                profiles_dir=profiles_dir,
                target=target,
                vars=parse_vars(variables),
                overrides=parse_overrides(more.get("overrides")),
                state_dir=more.get("state_dir"),
                compare_to=more.get("compare_to"),
                clock=parse_clock(more.get("clock")),
                campaign=more.get("campaign"),
                is_bounded=True,
                uses_cache=more.get("uses_cache", True),
            ),
            listener=self.progress,
        )

    def finish(self, problems: tuple[Problem, ...]) -> None:
        """Print errors, or the JSON object."""
        self.progress.close()
        if self.document is not None and (document := self.document(problems)):
            self._show(self.screened(document))
        if self.json:
            self._show(envelope(self.command, self.exit_code, problems, self.body, hides=self.hides))
        elif problems:
            lines = [problem_lines(problems), *self.notes]
            _complain(self.screened("\n".join(lines)), color=self.color)
        if self.hint is not None and not self.json:
            hint = self.screened(self.hint if problems else f"\n{self.hint}")
            (_complain if problems else _show)(hint, color=self.color)

    def cut_short(self, number: int) -> None:
        """Print the JSON object of a command that a second signal ends at once."""
        if self.json:
            fix = "Run it again: nothing is lost, and nothing counts twice."
            problem = Problem("interrupted", f"pusher {self.command} was interrupted.", fix=fix)
            # The signal may have come while something is being printed.
            with suppress(RuntimeError):
                _show(envelope(self.command, 128 + number, [problem], {}))


def _show(text: str, *, color: bool | None = False) -> bool:
    """Print on stdout, and return whether it could be; a reader that went away wanted no more."""
    try:
        typer.echo(steady(text), color=color)
        _flush()
    except BrokenPipeError:
        mute(sys.stdout)
    except OSError as error:
        mute(sys.stdout)
        _complain(f"error: The output could not be written: {error.strerror}.")
        return False
    return True


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _complain(text: str, *, color: bool | None = False) -> None:
    """Print on stderr, if somebody still reads it."""
    try:
        typer.echo(steady(text), err=True, color=color)
    except (OSError, ValueError):
        mute(sys.stderr)


def print_envelope(command: str | None, exit_code: int, problems: Sequence[Problem]) -> None:
    """Print the JSON object of a command that did not come to have a session."""
    _show(envelope(command, exit_code, problems, {}))


def envelope(
    command: str | None,
    exit_code: int,
    problems: Sequence[Problem],
    body: Mapping[str, Any],
    *,
    hides: bool = False,
) -> str:
    """Return the one JSON object of a command.

    Args:
        command: Its name, or None if there is no such command.
        exit_code: Code it ends with.
        problems: Errors.
        body: Fields beside the envelope.
        hides: Screen every text for personal data.
    """
    fields = {
        "schema_version": SCHEMA_VERSION,
        "command": command,
        "exit_code": exit_code,
        "errors": [problem.as_json() for problem in problems],
    }
    text = json.dumps(_jsonable(fields | dict(body)), default=str, allow_nan=False)
    if hides:
        from pusher.screening import screened_value

        # What only `default` makes text of is looked at too.
        text = json.dumps(screened_value(json.loads(text)), allow_nan=False)
    return text


def print_defect(error: BaseException, screened: Callable[[str], str] = str) -> None:
    """Print the traceback of a defect of ours: no local variable, and no value that the error itself quotes.

    Args:
        error: The defect.
        screened: Returns a text as the user may see it.
    """
    from pusher.transport.redaction import redact_lines

    _complain(screened(redact_lines("".join(traceback.format_exception(error)).rstrip())))


def _jsonable(value: Any) -> Any:
    """Return a value that JSON can hold: it has no NaN and no infinity, and only text as names."""
    if isinstance(value, dict):
        return {str(name): _jsonable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(inner) for inner in value]
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


@contextmanager
def session(
    command: str, *, as_json: bool = False, quiet: bool = False, no_color: bool = False, tells_tiktok: bool = False
) -> Iterator[Session]:
    """Run a command's work, then print and exit; only our own error tree is shown as a user's error."""
    progress = Progress(quiet=quiet or as_json)
    current = Session(command, as_json, progress, colours.choice(no_color=no_color), tells_tiktok=tells_tiktok)
    problems: tuple[Problem, ...] = ()
    render.screen.set(str)
    try:
        yield current
        problems = current.body.pop("_problems", ())
    except PusherError as error:
        current.exit_code, problems = error.exit_code, error.problems
        current.notes = getattr(error, "__notes__", ())
    except Stopped as stopped:
        current.exit_code = 128 + stopped.number
        fix = "Run it again: nothing is half-built."
        problems = (Problem("interrupted", f"pusher {command} was interrupted.", fix=fix),)
    except (typer.Exit, typer.Abort, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001 -- anything else is a defect of ours: shown whole, with its own exit code
        print_defect(error, current.screened)
        current.exit_code = INTERNAL_ERROR
        what = f"pusher has a defect: {type(error).__name__}."
        problems = (Problem("internal", what, fix="Report it with the traceback on stderr."),)
    current.finish(problems)
    for call in current.afterwards:
        call()
    try:
        _flush()
    except BrokenPipeError:
        mute(sys.stdout)
    if current.unwritten and not current.tells_tiktok:
        current.exit_code = current.exit_code or NOT_FINISHED
    if current.exit_code:
        raise typer.Exit(current.exit_code)
