"""Runs one command in a process of its own and says what it cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LONGEST_S = 3_600.0
_KILOBYTE = 1024
_SHOWN_ERROR = 2_000


class BenchmarkError(Exception):
    """A program that is measured did not do its work."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What a process did and cost.

    Attributes:
        seconds: Wall time from start to end.
        cpu_s: User and system time, threads included.
        peak_bytes: Peak resident memory.
        exit_code: How it ended.
        output: Its standard output.
    """

    seconds: float
    cpu_s: float
    peak_bytes: int
    exit_code: int
    output: str

    def json(self) -> dict[str, Any]:
        """Return the one JSON object that the process printed."""
        value = json.loads(self.output)
        assert isinstance(value, dict)
        return value


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    allowed: Collection[int] = (0,),
    longest_s: float = LONGEST_S,
    folder: Path = ROOT,
) -> Finished:
    """Run a command to its end.

    Args:
        command: Program and arguments.
        environment: Variables beside the present ones.
        allowed: Exit codes that count as done.
        longest_s: Time after which it is killed.
        folder: Where it works.

    Raises:
        BenchmarkError: It ended with another exit code.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.monotonic()
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
        )
        watchdog = threading.Timer(longest_s, process.kill)
        watchdog.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            watchdog.cancel()
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        text, complaint = output.read().decode(), errors.read().decode(errors="replace")
    if process.returncode not in allowed:
        shown = (complaint or text)[-_SHOWN_ERROR:].strip()
        raise BenchmarkError(f"{' '.join(command)[:200]} ended with {process.returncode}:\n{shown}")
    return Finished(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _KILOBYTE, process.returncode, text)


def child(task: str, **arguments: Any) -> Finished:
    """Run one of the tasks of `benchmarks.child`."""
    return run([sys.executable, "-m", "benchmarks.child", task, json.dumps(arguments)])


def pusher_command(*arguments: str) -> list[str]:
    """Return the command line of the command that a user runs."""
    return [str(Path(sys.executable).parent / "pusher"), *arguments]


def pusher(*arguments: str, allowed: Collection[int] = (0,)) -> Finished:
    """Run the command that a user runs."""
    return run(pusher_command(*arguments), allowed=allowed)
