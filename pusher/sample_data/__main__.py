"""Writes the tables of the made-up shop: `python -m pusher.sample_data data/retail`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from pusher.sample_data import FEWEST_ORDERS, MARKER, ORDERS, SEED, has_columns, make_files, reusable, write_whole


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the tables, or keep those that are fresh enough.

    Args:
        arguments: The command line without the program's name, or None for the process's own.
    """
    parser = argparse.ArgumentParser(description="Write the raw tables of a made-up shop.")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--today", type=date.fromisoformat, default=datetime.now(UTC).date(), metavar="YYYY-MM-DD")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--reuse-days", type=int, default=0, help="keep existing data that is younger than this")
    given = parser.parse_args(arguments)
    if given.orders < FEWEST_ORDERS:
        parser.error(f"--orders must be at least {FEWEST_ORDERS}: each planted defect needs an order of its own")
    kind = {"seed": given.seed, "orders": given.orders}
    kept = reusable(given.folder, today=given.today, days=given.reuse_days, **kind)
    if kept is not None and has_columns(given.folder):
        sys.stdout.write(f"{given.folder}: kept the data of {kept}\n")
        return
    # A day that was pushed stays the same day: its orders must not come back with other values.
    today = given.today if kept is None else date.fromisoformat(kept)
    files = make_files(today=today, **kind)
    given.folder.mkdir(parents=True, exist_ok=True)
    # Written last: without it the tables are not taken for whole.
    (given.folder / MARKER).unlink(missing_ok=True)
    for name, content in files.items():
        write_whole(given.folder / name, content)
    lines, customers = (files[name].count(b"\n") - 1 for name in ("transactions.csv", "customers.csv"))
    sys.stdout.write(
        f"{given.folder}: {given.orders:,} orders in {lines:,} lines, "
        f"{customers:,} customers, up to {today.isoformat()}\n"
    )


if __name__ == "__main__":
    main()
