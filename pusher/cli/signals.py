"""Signals: a push that is asked to stop ends what is in flight, a build is cut short."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any, Self

INTERRUPT_AGAIN_S = 0.1
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """The user ends a command that may end anywhere.

    Attributes:
        number: The signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class CutShort:
    """Lets the first signal raise `Stopped` in the main thread; the second one ends the process at once."""

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._number: int | None = None

    def __enter__(self) -> Self:
        for number in _STOPPING:
            # What the caller wants ignored, as nohup does, stays ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._number is not None and not isinstance(error, Stopped):
            # A library has swallowed what the handler raised.
            raise Stopped(self._number) from None

    def interruptible(self, interrupt: Callable[[], None]) -> AbstractContextManager[None]:
        """Let a signal reach the main thread also while it is in a call that keeps Python from seeing signals.

        Args:
            interrupt: Cuts such a call short; called from another thread.
        """
        return _interrupting(self._before, interrupt)

    def _take(self, number: int, frame: object) -> None:
        del frame
        if self._number is not None:
            # DuckDB takes back what was not committed when it opens the database again.
            os._exit(128 + number)
        self._number = number
        raise Stopped(number)


class StopOnSignal:
    """Turns SIGINT and SIGTERM into a wish to stop; the second one ends the process at once.

    Args:
        say: Tells the user that the wish was heard.
        cut_short: Called with the second signal, just before the end.
    """

    def __init__(self, say: Callable[[str], None], cut_short: Callable[[int], None]) -> None:
        self.signal: int | None = None
        self._before: dict[int, Any] = {}
        self._say = say
        self._cut_short = cut_short
        self._raises = False

    def __call__(self) -> bool:
        """Whether the user asked to stop."""
        return self.signal is not None

    def __enter__(self) -> Self:
        for number in _STOPPING:
            self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *details: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def interruptible(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Let the first signal raise KeyboardInterrupt in the block, which must not have sent anything yet.

        Args:
            interrupt: Cuts short a call that keeps Python from seeing signals; called from another thread.
        """
        with _interrupting(self._before, interrupt):
            self._raises = True
            try:
                yield
            finally:
                self._raises = False

    def _take(self, number: int, frame: object) -> None:
        del frame
        if self.signal is not None:
            self._cut_short(number)
            # Requests in flight stay recorded as such; the next run sends the same bytes again.
            os._exit(128 + number)
        self.signal = number
        if self._raises:
            self._say("Stopping: nothing was sent yet.")
            raise KeyboardInterrupt
        self._say("Stopping: waiting for requests in flight. Press again to stop at once; nothing is lost either way.")


@contextmanager
def _interrupting(numbers: Collection[int], interrupt: Callable[[], None]) -> Iterator[None]:
    """Call a function from another thread from the first of these signals on, until the block ends."""
    taken, told = os.pipe()
    os.set_blocking(told, False)
    ended = threading.Event()

    def watch() -> None:
        # A query that begins after an interrupt is not cut short by it, so it is repeated.
        while (number := os.read(taken, 1)) and number[0] not in numbers:
            continue
        while number and not ended.wait(INTERRUPT_AGAIN_S):
            interrupt()

    before = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        ended.set()
        os.close(told)
        watcher.join()
        os.close(taken)
