"""`pusher init`."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from pusher.cli import options
from pusher.cli.render import escaped
from pusher.cli.session import session
from pusher.clock import SystemClock
from pusher.errors import ConfigError, Problem, UsageError
from pusher.plural import counted

HELP = """Write a project that lints, builds and pushes to the sandbox straight away.

No file is ever replaced. Example: pusher init shop --yes"""


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the new project.", show_default=False)],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    ci: Annotated[
        str | None, typer.Option("--ci", help="Add a workflow that checks pull requests: github.", show_default=False)
    ] = None,
    sample_data: Annotated[
        bool, typer.Option("--sample-data/--no-sample-data", help="Add the orders of a made-up shop.")
    ] = True,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Make a project."""
    with session("init", as_json=json, quiet=quiet, no_color=no_color) as current:
        from pusher.new_project import project_files, refuse_existing, write_files

        if ci not in {None, "github"}:
            raise ConfigError(Problem("usage", f"--ci {ci} is not known.", fix="Use --ci github."))
        today = SystemClock().now().date()
        files = project_files(sample_day=today if sample_data else None, github=ci is not None)
        refuse_existing(folder, files)
        if not (yes or json) and _holds_something(folder):
            _confirm(folder, len(files))
        write_files(folder, files)
        current.body["project_dir"] = str(folder.absolute())
        current.body["files"] = list(files)
        current.text(f"{escaped(str(folder))}: wrote {counted(len(files), 'file')}\n{_listed(files)}")
        current.text(f"\nNext:\n{_next(folder, sample_data=sample_data)}")


def _holds_something(folder: Path) -> bool:
    """Tell whether a folder holds more than a fresh repository does."""
    try:
        return any(path.name != ".git" for path in folder.iterdir())
    except OSError:
        # No folder yet, or none that can be read; then writing tells what is wrong.
        return False


def _confirm(folder: Path, number: int) -> None:
    """Ask whether to write beside what is there; only where somebody can answer."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty()):
        return
    question = f"{escaped(str(folder))} is not empty. Write {counted(number, 'file')} beside what is there?"
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:
        agreed = False
    if not agreed:
        message = "Nothing was written, as you said."
        raise UsageError(Problem("declined", message, fix="Choose an empty folder, or answer y."))


def _listed(names: Collection[str]) -> str:
    """Return a line for each file of the project's folder, and one for each folder in it."""
    counts = Counter(f"{name.partition('/')[0]}/" if "/" in name else name for name in names)
    width = max(map(len, counts))
    return "\n".join(
        f"  {name:<{width}}  {counted(count, 'file')}" if name.endswith("/") else f"  {name}"
        for name, count in counts.items()
    )


def _next(folder: Path, *, sample_data: bool) -> str:
    """Return the commands to go on with."""
    lines = [] if folder.absolute() == Path.cwd() else [f"cd {escaped(shlex.quote(str(folder)))}"]
    if not sample_data:
        lines.append("# name your own tables in models/staging/retail/_retail__sources.yml")
    return "\n".join(f"  {line}" for line in (*lines, "pusher lint", "pusher build", "pusher push"))
