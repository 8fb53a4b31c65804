"""Digests as a staged audience view has them: the halves of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa


def split(digests: Sequence[str | None]) -> Any:
    """Return a column of single digests."""
    halves = [
        pa.array([bytes.fromhex(one[start : start + 32]) if one else None for one in digests], pa.uuid())
        for start in (0, 32)
    ]
    return pa.StructArray.from_arrays(halves, names=["a", "b"], mask=pa.array([one is None for one in digests]))


def split_lists(rows: Sequence[Sequence[str] | None]) -> Any:
    """Return a column of lists of digests."""
    offsets = [0]
    for row in rows:
        offsets.append(offsets[-1] + len(row or ()))
    flat = split([one for row in rows for one in row or ()])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), flat, mask=pa.array([row is None for row in rows]))
