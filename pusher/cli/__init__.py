"""The command line: one file for each command; it parses, calls `Project`, prints and exits."""

from __future__ import annotations

import atexit
import os
import sys
import threading


def main() -> None:
    """Run the command line."""
    _keep_standard_numbers()
    _keep_to_this_user()
    from pusher.cli.app import run

    # A reader that went away, such as `head`, ends the output and nothing else.
    try:
        _end(run(sys.argv[1:]))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 -- a defect outside every command; Python would print what it quotes
        from pusher.cli.session import INTERNAL_ERROR, print_defect

        print_defect(error)
        sys.exit(INTERNAL_ERROR)


def _end(code: int) -> None:
    """End the process with an exit code.

    Everything is closed by now. Python would go on to take apart each module and object that it holds, which costs
    0.05 s, a tenth of most commands, and changes nothing.
    """
    is_watched = sys.getprofile() is not None or sys.gettrace() is not None
    if is_watched or threading.active_count() > 1:
        sys.exit(code)
    atexit._run_exitfuncs()  # noqa: SLF001 -- the only way to run what libraries registered for the end
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(code)


def _keep_standard_numbers() -> None:
    """Fill descriptors 0 to 2 that the caller closed, so that no file of ours gets their number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _keep_to_this_user() -> None:
    """Let files of this process be its user's alone, and leave no image of its memory behind when it crashes.

    Child processes inherit both.
    """
    os.umask(0o077)
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
