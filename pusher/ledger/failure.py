"""What DuckDB says of a file of the ledger, in words for a person."""

from __future__ import annotations

_NO_SPACE = ("No space left on device", "Disk quota exceeded", "File too large")


def words_of(error: BaseException) -> str:
    """Return what is wrong, without full stop; one reason alone where the disk is full."""
    text = str(error)
    if any(reason in text for reason in _NO_SPACE):
        return "the disk is full"
    # Errors of files that are written beside the query carry their details as JSON.
    return text.partition("\n")[0].partition(": {")[0].rstrip(".")
