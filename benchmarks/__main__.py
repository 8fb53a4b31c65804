"""`python -m benchmarks`: measure, print the table, write the JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.figures import GROUPS, NAMES
from benchmarks.processes import ROOT, BenchmarkError
from benchmarks.report import Figure, table
from benchmarks.server import discarding_server
from benchmarks.world import Scale, World

# Not in a hidden folder, where no source may lie.
CACHE = ROOT / "data" / "bench"


def _arguments() -> argparse.Namespace:
    scale = Scale()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure pusher.")
    parser.add_argument("--events", type=int, default=scale.events, help="orders in stores")
    parser.add_argument("--keys", type=int, default=scale.keys, help="keys that the ledger already holds")
    parser.add_argument("--rounds", type=int, default=scale.rounds, help="rounds of each pair")
    parser.add_argument("--concurrency", type=int, default=scale.concurrency, help="requests in flight")
    parser.add_argument("--batches", type=int, default=scale.batches, help="batches in the ledger of a killed push")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--json", type=Path, default=CACHE / "results.json", metavar="FILE", dest="target")
    parser.add_argument("--cache", type=Path, default=CACHE, metavar="DIR", help="folder of the generated data")
    return parser.parse_args()


def _machine() -> dict[str, Any]:
    from importlib.metadata import version

    return {
        "cores": len(os.sched_getaffinity(0)),
        "load_before": os.getloadavg()[0],
        "platform": platform.platform(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("duckdb", "pyarrow", "arro3-io", "httpx")},
    }


def measure(scale: Scale, cache: Path, wanted: set[str]) -> list[Figure]:
    """Run the groups that hold a wanted figure."""
    cache.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="run-", dir=cache))
    figures: list[Figure] = []
    try:
        with discarding_server() as base_url:
            world = World(scale, cache, work, base_url)
            world.set_up()
            for group, names in GROUPS.items():
                if wanted.intersection(names):
                    print(f"measuring {', '.join(names)} ...", file=sys.stderr, flush=True)
                    figures += [figure for figure in group(world) if figure.name in wanted]
    finally:
        shutil.rmtree(work)
    return figures


def main() -> int:
    """Measure; exit 1 when a bound is not kept, 2 when a program failed."""
    given = _arguments()
    scale = Scale(given.events, given.keys, given.rounds, given.concurrency, given.batches)
    machine = _machine()
    try:
        figures = measure(scale, given.cache.resolve(), set(given.only))
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 2
    report = {
        "schema_version": 1,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "scale": asdict(scale),
        "machine": {**machine, "load_after": os.getloadavg()[0]},
        "figures": [figure.as_json() for figure in figures],
    }
    given.target.parent.mkdir(parents=True, exist_ok=True)
    given.target.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    load = f"load {machine['load_before']:.1f} -> {os.getloadavg()[0]:.1f} on {machine['cores']} cores"
    print(f"{scale.events:,} events, {scale.keys:,} keys, medians of {scale.rounds} rounds, {load}\n")
    print(table(figures))
    print(f"\nAll rounds: {given.target}")
    return 0 if all(figure.is_kept for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
