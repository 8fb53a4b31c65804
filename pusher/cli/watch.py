"""`pusher build --watch`: builds and lints again what a saved file changes, until the user ends it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pusher.cli.built import report_text
from pusher.cli.lint import summary_line
from pusher.cli.render import problem_lines
from pusher.cli.signals import CutShort, Stopped
from pusher.clock import Clock, SystemClock
from pusher.errors import PusherError
from pusher.progress import Notice

if TYPE_CHECKING:
    from pusher.cli.session import Session
    from pusher.project.facade import Project
    from pusher.watching import Watch


def watch_build(
    current: Session,
    load: Callable[[], Project],
    select: Sequence[str],
    exclude: Sequence[str],
    *,
    full_refresh: bool,
    folder: Path | None,
    reuse: bool = True,
    clock: Clock | None = None,
) -> None:
    """Build and lint a project, then each change of it.

    Args:
        current: The command's surroundings.
        load: Reads the project anew.
        select: What the user selected.
        exclude: What the user left out.
        full_refresh: Of the first build.
        reuse: Of all builds.
        folder: Folder of profiles.yml, when the user named one.
        clock: Waits and measures.

    Raises:
        PusherError: The project cannot be read at the start.
    """
    from pusher.watching import Watch

    clock = clock or SystemClock()
    project = load()
    select = project.wanted(select, exclude)
    watch = Watch(load, project, clock, folder)
    watch.begin()
    try:
        with CutShort() as stop:
            _work(
                current, watch, project, select, exclude, clock=clock, stop=stop, full_refresh=full_refresh, reuse=reuse
            )
            current.progress(Notice("watching; Ctrl-C ends it"))
            for change in watch.changes():
                listed = ", ".join(change.files[:3]) + (" and others" if len(change.files) > 3 else "")  # noqa: PLR2004 -- as many as fit a line
                current.text(f"\n{listed} changed")
                if change.error is not None:
                    current.complain(problem_lines(change.error.problems))
                elif change.project is not None:
                    wanted = _within(change.select, select)
                    if wanted:
                        _work(
                            current,
                            watch,
                            change.project,
                            wanted,
                            exclude,
                            clock=clock,
                            stop=stop,
                            full_refresh=False,
                            reuse=reuse,
                        )
                    else:
                        current.text("nothing to build")
    except Stopped as stopped:
        raise typer.Exit(128 + stopped.number) from None


def _within(changed: Sequence[str], select: Sequence[str]) -> list[str]:
    """Return selectors for what changed, of what the user selected."""
    chosen = " ".join(select).split()
    return [f"{one},{part}" for one in changed for part in chosen] if chosen else list(changed)


def _work(
    current: Session,
    watch: Watch,
    project: Project,
    select: Sequence[str],
    exclude: Sequence[str],
    *,
    clock: Clock,
    stop: CutShort,
    full_refresh: bool,
    reuse: bool,
) -> None:
    """Build and lint a selection, and say what came of it; an error ends no watch."""
    started_s = clock.monotonic_s()
    chosen = project.manifest.select_all(select, exclude, may_be_empty=True)
    names = [model.name for model in chosen.models]
    if not any(chosen):
        current.text("nothing to build of what was selected")
        return
    try:
        report = project.build(
            select, exclude, full_refresh=full_refresh, reuse=reuse, interruptible=stop.interruptible
        )
        current.text(report_text(report))
        if report.problems:
            current.complain(problem_lines(report.problems))
        # A test that failed says nothing about its model, which is built; what is below is not.
        watch.failed(one.model for one in report.models if one.status != "built")
        if names:
            found = project.lint(names)
            current.text("\n".join([*(one.as_text() for one in found.findings), summary_line(found)]))
    except PusherError as error:
        watch.failed(names)
        current.complain("\n".join([problem_lines(error.problems), *getattr(error, "__notes__", ())]))
    current.text(f"in {clock.monotonic_s() - started_s:.2f} s")
