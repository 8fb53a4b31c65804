"""The raw tables of a made-up shop, dirty in the ways real exports are.

`pusher init` writes them once; events of theirs are too old for TikTok four weeks later, and this makes new ones::

    python -m pusher.sample_data data/retail

The same seed and day always give the same bytes. Addresses are in reserved domains and numbers in ranges kept for
fiction, so nothing in the files can reach a person.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from pusher.sample_data.shop import Customer, Line
from pusher.sample_data.tables import make_tables

MARKER = "generated.json"
SEED = 7
ORDERS, FEWEST_ORDERS = 3_000, 100


def _header(kind: type[Customer | Line]) -> list[str]:
    return list(kind.__dataclass_fields__)


def csv_bytes(rows: Sequence[Customer] | Sequence[Line]) -> bytes:
    """Return rows as a CSV file with a header."""
    header = _header(type(rows[0]))
    body: Iterable[list[object]] = ([getattr(row, name) for name in header] for row in rows)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(body)
    return text.getvalue().encode()


def make_files(*, today: date, seed: int = SEED, orders: int = ORDERS) -> dict[str, bytes]:
    """Return the content of each file by its name.

    Args:
        today: Day in UTC before which the newest order lies.
        seed: Another seed gives another shop.
        orders: Number of orders.
    """
    tables = make_tables(today=today, seed=seed, orders=orders)
    marker = {"seed": seed, "orders": orders, "today": today.isoformat()}
    return {
        "customers.csv": csv_bytes(tables.customers),
        "transactions.csv": csv_bytes(tables.lines),
        MARKER: f"{json.dumps(marker)}\n".encode(),
    }


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    unfinished = path.with_suffix(".tmp")
    unfinished.write_bytes(content)
    unfinished.replace(path)


def reusable(folder: Path, *, today: date, seed: int, orders: int, days: int) -> str | None:
    """Return the day that existing data of the same kind is anchored to, if it is under `days` old."""
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        age = (today - date.fromisoformat(marker["today"])).days
        same = (marker["seed"], marker["orders"]) == (seed, orders)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    whole = all((folder / name).is_file() for name in ("customers.csv", "transactions.csv"))
    return str(marker["today"]) if whole and same and 0 <= age < days else None


def has_columns(folder: Path) -> bool:
    """Tell whether existing tables have the columns of today's; those of an older version may lack some."""
    for name, kind in (("customers.csv", Customer), ("transactions.csv", Line)):
        with (folder / name).open(encoding="utf-8") as file:
            if file.readline().rstrip("\n").split(",") != _header(kind):
                return False
    return True
