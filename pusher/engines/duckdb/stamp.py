"""Whether anybody wrote to a database file since it was looked at last.

DuckDB writes what is committed into a log beside the file, and at a checkpoint into the file itself, whose head then
names another version. It writes neither for a query. So a file without a log whose head, size, place on the disk and
times are the same holds the same tables.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

# The file's own head, and the two heads of which a checkpoint writes the older one.
_HEAD_BYTES = 3 * 4096


def place_of(path: Path) -> tuple[int, ...] | None:
    """Return where a database file lies, its size and its times; None where that proves nothing.

    A log beside it holds what the file does not. It may be called while the database is open.
    """
    # Elsewhere the last of the times is that of its creation.
    if os.name != "posix":
        return None
    try:
        found = path.stat()
        logs = [one for one in path.parent.iterdir() if one.name.startswith(f"{path.name}.") and "wal" in one.name]
    except OSError:
        return None
    if logs or not stat.S_ISREG(found.st_mode):
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is another one after anybody wrote to a database file.

    Attributes:
        place: Where it lies, its size and its times.
        head: Digest of its head.
    """

    place: tuple[int, ...]
    head: str


def stamp_of(path: Path) -> Stamp | None:
    """Return the stamp of a database file; None where nothing can be told.

    It must not be called while this process has the database open: closing a file ends all locks that the process
    has on it.
    """
    place = place_of(path)
    if place is None:
        return None
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return None
    return Stamp(place, hashlib.sha256(head).hexdigest()) if place_of(path) == place else None
