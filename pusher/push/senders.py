"""What a push needs of a transport, and the threads that send."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from pusher.contracts import Answer, Failure


class Poster(Protocol):
    """What sending batches needs of a transport."""

    def post(self, path: str, body: bytes) -> Answer | Failure:
        """Send one body and wait for its whole answer or its failure."""

    def close(self) -> None:
        """Close every connection."""


class Asker(Protocol):
    """What asking about audiences needs of a transport."""

    def get(self, path: str) -> Answer | Failure:
        """Ask for something and wait for the whole answer or its failure."""

    def post(self, path: str, body: bytes) -> Answer | Failure:
        """Send one body and wait for its whole answer or its failure."""


class FileSender(Asker, Protocol):
    """What audiences of files need of a transport."""

    def upload(self, path: str, fields: Mapping[str, str], file: Path) -> Answer | Failure:
        """Send a form with a file, and wait for the whole answer or its failure."""


class Sender(FileSender, Poster, Protocol):
    """What all audiences of a push need of a transport."""


def threads(workers: int, name: str) -> Executor:
    """Make a pool of threads."""
    return ThreadPoolExecutor(max_workers=workers, thread_name_prefix=name)
