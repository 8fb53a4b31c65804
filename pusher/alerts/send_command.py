"""Runs a program with an alert on its stdin."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path

from pusher.alerts.message import Message
from pusher.config.alerts import Command

_KEPT_BACK = "TIKTOK_"
"""Variables that begin so hold what opens an account; no program that tells people needs them."""


def run_command(command: Command, message: Message, *, root: Path, longest_s: float) -> str | None:
    """Run it in the project's folder, without a shell; returns why it failed, or None.

    What it prints on stderr is seen; stdout belongs to the push and is closed to it.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_KEPT_BACK)}
    try:
        process = subprocess.Popen(  # noqa: S603 -- the project's own file names the program, and no shell reads it
            command.words,
            cwd=root,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return f"It could not be started ({getattr(error, 'strerror', None) or type(error).__name__})."
    with process:
        try:
            # A program that does not read its stdin breaks the pipe, which `communicate` takes for its right.
            process.communicate(json.dumps(message.summary).encode(), timeout=longest_s)
        except subprocess.TimeoutExpired:
            _end(process)
            return f"It took longer than {longest_s:g} seconds and was ended."
        except BaseException:  # Ctrl-C too ends it, and the error goes on
            _end(process)
            raise
    return None if process.returncode == 0 else f"It ended with exit code {process.returncode}."


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and what it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
