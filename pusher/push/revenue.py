"""Adds up what a run got accepted of a part."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from pusher.ledger.rows import Ranges

if TYPE_CHECKING:
    import pyarrow as pa


def accepted_value(rows: pa.Table, accepted: Sequence[Ranges]) -> dict[str, Decimal]:
    """Return the summed value of rows by currency; rows without a value or a currency add nothing.

    Args:
        rows: The due rows of a part, with `currency` and `value` (decimal).
        accepted: Ranges of accepted rows, those of one batch each.
    """
    import pyarrow as pa

    if not accepted:
        return {}
    money = rows.select(["currency", "value"])
    found = pa.concat_tables([money.slice(*piece) for ranges in accepted for piece in ranges])
    sums = found.group_by("currency").aggregate([("value", "sum")]).to_pylist()
    return {
        row["currency"]: row["value_sum"]
        for row in sums
        if row["currency"] is not None and row["value_sum"] is not None
    }
