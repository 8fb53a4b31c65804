"""Small data in the shape of the Complete Journey tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

FUEL = 820_165
Basket = tuple[tuple[Any, ...], ...]


def write_data(folder: Path, baskets: Sequence[Basket], surveyed: Sequence[int]) -> None:
    """Write the three tables with the columns and types of the real ones.

    Args:
        folder: A folder that does not exist yet.
        baskets: Basket, household and time, then the lines: product, quantity and sales value.
        surveyed: Households of the survey.
    """
    folder.mkdir()
    lines = [(*basket, *line) for basket, *items in baskets for line in items]
    zeros = [0.0] * len(lines)
    transactions = {
        "household_id": pa.array([line[1] for line in lines], pa.int64()),
        "store_id": pa.array([300 + line[1] % 3 for line in lines], pa.int64()),
        "basket_id": pa.array([line[0] for line in lines], pa.int64()),
        "product_id": pa.array([line[3] for line in lines], pa.int64()),
        "quantity": pa.array([line[4] for line in lines], pa.int64()),
        "sales_value": pa.array([line[5] for line in lines], pa.float64()),
        "retail_disc": pa.array(zeros, pa.float64()),
        "coupon_disc": pa.array(zeros, pa.float64()),
        "coupon_match_disc": pa.array(zeros, pa.float64()),
        "week": pa.array([1] * len(lines), pa.int64()),
        "transaction_timestamp": pa.array([datetime.fromisoformat(line[2]) for line in lines], pa.timestamp("us")),
    }
    products = {
        "product_id": pa.array([1001, 1002, 1003, FUEL], pa.int64()),
        "manufacturer_id": pa.array([69, 117, 2, 69], pa.int64()),
        "department": pa.array(["GROCERY", "GROCERY", "MISCELLANEOUS", "FUEL"]),
        "brand": pa.array(["Private", "National", "National", "Private"]),
        "product_category": pa.array(["BREAD", "CANDY", None, "COUPON/MISC ITEMS"]),
        "product_type": pa.array(["BREAD:ITALIAN/FRENCH", "CHEWING GUM", None, "GASOLINE-REG UNLEADED"]),
        "package_size": pa.array(["16 OZ", None, None, None], pa.string()),
    }
    answers = ("age", "income", "home_ownership", "marital_status", "household_size", "household_comp", "kids_count")
    demographics = {
        "household_id": pa.array(surveyed, pa.int64()),
        **{answer: pa.array(["1"] * len(surveyed)) for answer in answers},
    }
    for name, columns in (("transactions", transactions), ("products", products), ("demographics", demographics)):
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
