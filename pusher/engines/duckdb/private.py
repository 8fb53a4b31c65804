"""Files for this user only: DuckDB follows the umask, which belongs to the whole process."""

from __future__ import annotations

import os
from threading import Lock
from types import TracebackType

_PRIVATE = 0o077


class PrivateFiles:
    """Keeps the umask private as long as any thread is inside.

    Each thread on its own would put back what another one had set: the first that enters remembers the umask, and
    the last that leaves puts it back.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._before = 0

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._before = os.umask(_PRIVATE)
            self._inside += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                os.umask(self._before)


# One for the process, as the umask is.
private_files = PrivateFiles()
