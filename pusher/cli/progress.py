"""Progress on stderr: a line that renews itself on a terminal, plain lines elsewhere.

A terminal that went away ends the progress and nothing else: what cannot be written is left out.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable
from typing import TextIO

from pusher.cli.render import steady
from pusher.plural import counted
from pusher.progress import (
    AudienceCompared,
    DataTestFinished,
    Event,
    ModelBuilt,
    Notice,
    PlanFinished,
    RowsSettled,
    UnitTestFinished,
    Waiting,
)

RENEW_S = 0.1
PLAIN_S = 5.0


def mute(stream: TextIO | None) -> None:
    """Let what is still written to a stream go nowhere: its reader is gone."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())  # type: ignore[union-attr]
        finally:
            os.close(nowhere)


class Progress:
    """A listener that prints.

    Args:
        quiet: Print nothing.

    Attributes:
        screen: Returns a text as the user may see it.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.screen: Callable[[str], str] = str
        self._quiet = quiet or sys.stderr is None
        self._live = not self._quiet and _is_live()
        self._shown_at = 0.0
        self._open_line = False

    def __call__(self, event: Event) -> None:
        """Print one fact, if it is due."""
        if self._quiet:
            return
        match event:
            case ModelBuilt(model, materialized, rows, seconds):
                made = f", {counted(rows, 'row')}" if rows is not None else ""
                self.line(f"built {model} ({materialized}{made}) in {seconds:.2f} s")
            case DataTestFinished(test, "pass", _, _) | UnitTestFinished(test, "pass", _):
                if self._live:
                    self._renew(f"passed {test}")
            case DataTestFinished(test, status, _, seconds) | UnitTestFinished(test, status, seconds):
                self.line(f"{status} {test} in {seconds:.2f} s")
            case PlanFinished() | AudienceCompared():
                self.line(_planned(event))
            case RowsSettled(model, settled, _):
                self._renew(f"sending {model}: {counted(settled, 'row')} settled")
            case Waiting(reason, seconds):
                self.line(f"waiting {seconds:,.0f} s: {reason}")
            case Notice(message):
                self.line(message)

    def line(self, text: str) -> None:
        """Print a line of its own."""
        if self._quiet:
            return
        self.close()
        self._write(f"{steady(self.screen(text))}\n")

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):
            self._quiet = True
            mute(sys.stderr)
        except RuntimeError:
            # A signal arrived in the middle of another line.
            return

    def _renew(self, text: str) -> None:
        now = time.monotonic()
        if now - self._shown_at < (RENEW_S if self._live else PLAIN_S):
            return
        self._shown_at = now
        text = steady(text)
        if self._live:
            self._write(f"\r\x1b[2K{text}")
            self._open_line = True
        else:
            self._write(f"{text}\n")

    def close(self) -> None:
        """End a line that renews itself."""
        if self._open_line:
            self._open_line = False
            self._write("\r\x1b[2K")


def _planned(event: PlanFinished | AudienceCompared) -> str:
    if isinstance(event, AudienceCompared):
        found = f"{counted(event.identifiers, 'identifier')}, {counted(event.changes, 'change')}"
        return f"compared {event.model}: {found}, in {event.seconds:.2f} s"
    rows = f"{event.planned:,} of {counted(event.view_rows, 'row')} {'is' if event.planned == 1 else 'are'} due"
    return f"planned {event.model}: {rows}, in {event.seconds:.2f} s"


def _is_live() -> bool:
    try:
        return sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"
    except (OSError, ValueError):
        return False
