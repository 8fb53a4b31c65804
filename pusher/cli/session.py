"""What every command does around its own work: progress, errors, JSON, exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import typer

from pusher.cli.options import parse_clock, parse_overrides, parse_vars
from pusher.cli.progress import Progress
from pusher.cli.render import problem_lines
from pusher.errors import Problem, PusherError
from pusher.project import LoadOptions, Project

SCHEMA_VERSION = 1


@dataclass(slots=True)
class Session:
    """One command's surroundings.

    Attributes:
        command: Its name, for the JSON object.
        json: Print one JSON object instead of text.
        progress: Prints progress on stderr.
        exit_code: Code to end with.
        body: Fields of the JSON object beside the envelope.
    """

    command: str
    json: bool
    progress: Progress
    exit_code: int = 0
    body: dict[str, Any] = field(default_factory=dict)

    def text(self, lines: str) -> None:
        """Print a result for a person; nothing under `--json`."""
        if not self.json and lines:
            typer.echo(lines)

    def project(
        self,
        project_dir: Path,
        profiles_dir: Path | None,
        target: str | None,
        variables: str | None,
        **more: Any,
    ) -> Project:
        """Load the project that the shared options name."""
        return Project.load(
            LoadOptions(
                project_dir=project_dir,
                profiles_dir=profiles_dir,
                target=target,
                vars=parse_vars(variables),
                overrides=parse_overrides(more.get("overrides")),
                state_dir=more.get("state_dir"),
                clock=parse_clock(more.get("clock")),
            ),
            listener=self.progress,
        )

    def finish(self, problems: tuple[Problem, ...]) -> None:
        """Print errors, or the JSON object."""
        self.progress.close()
        if self.json:
            envelope = {
                "schema_version": SCHEMA_VERSION,
                "command": self.command,
                "exit_code": self.exit_code,
                "errors": [problem.as_json() for problem in problems],
            }
            typer.echo(json.dumps(envelope | self.body, default=str))
        elif problems:
            typer.echo(problem_lines(problems), err=True)


@contextmanager
def session(command: str, *, as_json: bool = False, quiet: bool = False) -> Iterator[Session]:
    """Run a command's work, then print and exit; only our own error tree is shown as a user's error."""
    current = Session(command, as_json, Progress(quiet=quiet or as_json))
    problems: tuple[Problem, ...] = ()
    try:
        yield current
        problems = current.body.pop("_problems", ())
    except PusherError as error:
        current.exit_code, problems = error.exit_code, error.problems
    current.finish(problems)
    sys.stdout.flush()
    if current.exit_code:
        raise typer.Exit(current.exit_code)


class StopOnSignal:
    """Turns SIGINT and SIGTERM into a wish to stop; the second one ends the process at once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.signal: int | None = None
        self._say = say

    def __call__(self) -> bool:
        """Whether the user asked to stop."""
        return self.signal is not None

    def __enter__(self) -> Self:
        import signal

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._take)
        return self

    def __exit__(self, *details: object) -> None:
        import signal

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)

    def _take(self, number: int, frame: object) -> None:
        del frame
        if self.signal is not None:
            # Requests in flight stay recorded as such; the next run sends the same bytes again.
            os._exit(128 + number)
        self.signal = number
        self._say("Stopping: waiting for requests in flight. Press again to stop at once; nothing is lost either way.")
