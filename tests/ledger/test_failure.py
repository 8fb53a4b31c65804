"""What DuckDB says of a file of the ledger."""

from __future__ import annotations

import pytest

from pusher.ledger.failure import words_of

FULL = (
    'IO Error: Async write failed for range [offset=82204, size=53085]: {"exception_type":"IO",'
    '"exception_message":"Could not write file \\"/state/add.parquet\\": No space left on device","errno":"28"}'
)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (FULL, "the disk is full"),
        ('IO Error: Async write failed: {"exception_type":"IO"}', "IO Error: Async write failed"),
        ("Out of Memory Error: no room.\nPossible solutions: ...", "Out of Memory Error: no room"),
    ],
)
def test_a_failure_is_told_in_few_words(said: str, told: str) -> None:
    """A full disk is called that, and details in JSON are left out."""
    assert words_of(OSError(said)) == told
