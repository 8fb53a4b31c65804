"""Progress on stderr: a line that renews itself on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import time

from pusher.progress import Event, ModelBuilt, Notice, PlanFinished, RowsSettled, Waiting

RENEW_S = 0.1
PLAIN_S = 5.0


class Progress:
    """A listener that prints.

    Args:
        quiet: Print nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._live = sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"
        self._shown_at = 0.0
        self._open_line = False

    def __call__(self, event: Event) -> None:
        """Print one fact, if it is due."""
        if self._quiet:
            return
        match event:
            case ModelBuilt(model, materialized, rows, seconds):
                counted = f", {rows:,} rows" if rows is not None else ""
                self.line(f"built {model} ({materialized}{counted}) in {seconds:.2f} s")
            case PlanFinished(model, view_rows, planned, seconds):
                self.line(f"planned {model}: {planned:,} of {view_rows:,} rows are due, in {seconds:.2f} s")
            case RowsSettled(model, settled, _):
                self._renew(f"sending {model}: {settled:,} rows settled")
            case Waiting(reason, seconds):
                self.line(f"waiting {seconds:,.0f} s: {reason}")
            case Notice(message):
                self.line(message)

    def line(self, text: str) -> None:
        """Print a line of its own."""
        if self._quiet:
            return
        self.close()
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def _renew(self, text: str) -> None:
        now = time.monotonic()
        if now - self._shown_at < (RENEW_S if self._live else PLAIN_S):
            return
        self._shown_at = now
        if self._live:
            sys.stderr.write(f"\r\x1b[2K{text}")
            self._open_line = True
        else:
            sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def close(self) -> None:
        """End a line that renews itself."""
        if self._open_line:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
            self._open_line = False
