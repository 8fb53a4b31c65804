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
