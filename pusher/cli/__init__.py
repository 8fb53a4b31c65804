"""The command line: one file for each command; it parses, calls `Project`, prints and exits."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line."""
    _keep_standard_numbers()
    from pusher.cli.app import run

    # A reader that went away, such as `head`, ends the output and nothing else.
    try:
        sys.exit(run(sys.argv[1:]))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _keep_standard_numbers() -> None:
    """Fill descriptors 0 to 2 that the caller closed, so that no file of ours gets their number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
