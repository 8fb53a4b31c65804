"""The command line: one file for each command; it parses, calls `Project`, prints and exits."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line."""
    from pusher.cli.app import run

    # A reader that went away, such as `head`, ends the output and nothing else.
    try:
        sys.exit(run(sys.argv[1:]))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
