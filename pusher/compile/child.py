"""Work in a child process whose time, memory and answer have limits that the operating system keeps.

The child is a fork: it knows all that its parent knows at that moment, and asks it nothing. What it answers is JSON, so
nothing that it says can run in the parent. Before each piece of work it says what it is about, so that the parent can
tell what went on when it died.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import select
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from pusher.clock import SystemClock, cpu_s

_DEFECT, _OUT_OF_MEMORY = 1, 3
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_CHUNK = 1 << 16
_ABOUT, _ANSWER = b"\0", b"\1"
_TASKS, _SIZES = Path("/proc/self/task"), Path("/proc/self/statm")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use.

    Attributes:
        cpu_s: CPU seconds of one piece of work; whole ones, as the operating system counts them.
        wall_s: Seconds of one piece of work.
        memory_bytes: Memory beyond what the parent has.
        answer_bytes: Length of all that it says.
    """

    cpu_s: int = 15
    wall_s: float = 60.0
    memory_bytes: int = 1_000_000_000
    answer_bytes: int = 500_000_000


class ChildLimit(Exception):
    """A child went beyond a limit, or crashed.

    Attributes:
        about: What it was at work on.
    """

    def __init__(self, about: str, message: str) -> None:
        super().__init__(message)
        self.about = about


def can_fork() -> bool:
    """Whether a child can be forked: on Linux, and in a process of one thread, whose locks nobody else holds."""
    try:
        return sys.platform == "linux" and len(list(_TASKS.iterdir())) == 1 and _SIZES.is_file()
    except OSError:
        return False


def answer_of(work: Callable[[Callable[[str], None]], Any], limits: Limits) -> Any:
    """Return what a child answers; None when something else than a limit ended it: a defect, or the user.

    Args:
        work: What it does, given a function that says what each piece of work is about.
        limits: What it may use.

    Raises:
        ChildLimit: It went beyond a limit, or crashed.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _be_child(work, limits, writing)
    os.close(writing)
    status = None
    try:
        listener = _Listener(reading, limits)
        listener.listen()
        # It has closed its end and does nothing any more.
        status = os.waitpid(pid, 0)[1]
    finally:
        os.close(reading)
        if status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        return json.loads(listener.answer)
    if code == -signal.SIGXCPU:
        raise ChildLimit(listener.about, f"takes more than {limits.cpu_s} s of CPU time")
    if code == _OUT_OF_MEMORY:
        raise ChildLimit(listener.about, f"takes more than {limits.memory_bytes // 1_000_000:,} MB of memory")
    if code < 0 and -code not in _STOPPING:
        raise ChildLimit(listener.about, f"ends the process by signal {-code}")
    return None


class _Listener:
    """The parent's end of the pipe."""

    def __init__(self, reading: int, limits: Limits) -> None:
        self._reading, self._limits = reading, limits
        self._clock = SystemClock()
        self._said = bytearray()
        self._total = self._looked = 0
        self.about, self.answer = "", b""

    def listen(self) -> None:
        """Read until the child closes its end.

        Raises:
            ChildLimit: It says too much, or one piece of work takes too long.
        """
        until_s = self._clock.monotonic_s() + self._limits.wall_s
        while True:
            left_s = until_s - self._clock.monotonic_s()
            if left_s <= 0 or not select.select([self._reading], [], [], left_s)[0]:
                raise ChildLimit(self.about, f"does not end within {self._limits.wall_s:g} seconds")
            chunk = os.read(self._reading, _CHUNK)
            if not chunk:
                return
            self._total += len(chunk)
            if self._total > self._limits.answer_bytes:
                raise ChildLimit(self.about, f"says more than {self._limits.answer_bytes // 1_000_000:,} MB")
            self._said += chunk
            while (end := self._said.find(b"\n", self._looked)) >= 0:
                line = bytes(self._said[:end])
                del self._said[: end + 1]
                self._looked = 0
                if line[:1] == _ABOUT:
                    self.about = line[1:].decode("utf-8", "replace")
                    until_s = self._clock.monotonic_s() + self._limits.wall_s
                elif line[:1] == _ANSWER:
                    self.answer = line[1:]
            self._looked = len(self._said)


def _be_child(work: Callable[[Callable[[str], None]], Any], limits: Limits, writing: int) -> NoReturn:
    """Work, say the answer, and end without anything that the parent has registered for its own end."""
    code = _DEFECT
    try:
        for number in _STOPPING:
            # What the parent ignores, as nohup lets it, stays ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        # Nothing of the parent is looked through, which would copy it.
        gc.freeze()
        size = int(_SIZES.read_text("ascii").split()[0]) * resource.getpagesize()
        _lower(resource.RLIMIT_AS, size + limits.memory_bytes)

        end_s = 0

        def about(what: str) -> None:
            nonlocal end_s
            wanted_s = int(cpu_s()) + limits.cpu_s
            if wanted_s != end_s:
                # Hundreds of models are rendered in a second, and the operating system may take a millisecond each.
                _lower(resource.RLIMIT_CPU, wanted_s)
                end_s = wanted_s
            _say(writing, _ABOUT + what.encode("utf-8", "replace").replace(b"\n", b" "))

        about("")
        _say(writing, _ANSWER + json.dumps(work(about)).encode("ascii"))
        code = 0
    except MemoryError:
        code = _OUT_OF_MEMORY
    finally:
        # Whatever happened: only the parent goes on.
        os._exit(code)


def _lower(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _say(writing: int, line: bytes) -> None:
    left = memoryview(line + b"\n")
    while left:
        left = left[os.write(writing, left) :]
