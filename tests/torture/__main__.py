"""The long campaigns: `python -m tests.torture seeds|kills|audiences|mutants`; ends with 1 when a promise is broken."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import Future, ProcessPoolExecutor, as_completed

from tests.torture import audiences
from tests.torture.history import Settings
from tests.torture.kills import campaign
from tests.torture.mutants import MUTANTS, is_caught
from tests.torture.seeds import Found, live_through

CHUNK = 200
AUDIENCES = 100
"""Histories of audiences in one task."""
PROGRESS = 1_000
"""After how many histories a line says how far it is: a hundred thousand take hours."""


def _seeds(first: int) -> Found:
    return live_through(Settings(seed, runs=3 + seed % 3) for seed in range(first, first + CHUNK))


def seeds(wanted: int, minutes: float, processes: int) -> bool:
    """Live through seeded histories, as many as asked for or as the time gives."""
    end, total, endings = time.monotonic() + minutes * 60, Found(), Counter[str]()
    first = 0
    with ProcessPoolExecutor(processes) as pool:
        running: set[Future[Found]] = set()
        while not total.problems:
            while len(running) < processes and (first < wanted if wanted else time.monotonic() < end):
                running.add(pool.submit(_seeds, first))
                first += CHUNK
            if not running:
                break
            done = next(as_completed(running))
            running.discard(done)
            found = done.result()
            total.seeds += found.seeds
            total.kills += found.kills
            total.requests += found.requests
            total.parked += found.parked
            total.problems += found.problems
            endings.update(found.endings)
    print(
        f"{total.seeds:,} seeds, {total.requests:,} requests, {total.kills:,} kills, {total.parked:,} events parked: "
        f"{len(total.problems)} violations; runs: {dict(endings)}"
    )
    print(*total.problems[:20], sep="\n")
    return not total.problems


def _audiences(first: int) -> audiences.Found:
    return audiences.live_through(map(audiences.seeded, range(first, first + AUDIENCES)))


def members(wanted: int, first: int, processes: int) -> bool:
    """Live through histories of audiences, as many as asked for."""
    total = audiences.Found()
    with ProcessPoolExecutor(processes) as pool:
        for found in pool.map(_audiences, range(first, first + wanted, AUDIENCES)):
            total.histories += found.histories
            total.requests += found.requests
            total.runs.update(found.runs)
            total.problems += found.problems
            if total.histories % PROGRESS == 0 or found.problems:
                print(f"{total.histories:,} histories, {len(total.problems)} violations", file=sys.stderr, flush=True)
    print(
        f"{total.histories:,} histories, {total.requests:,} requests: {len(total.problems)} violations; "
        f"runs: {dict(total.runs)}"
    )
    print(*total.problems[:20], sep="\n")
    return not total.problems


def kills(wanted: int, seed: int) -> bool:
    """Kill real pushes."""
    started = time.monotonic()
    found = campaign(wanted, seed)
    print(
        f"{found.kills:,} kills of real pushes in {found.histories} histories, {found.requests:,} requests, "
        f"{time.monotonic() - started:.0f} s: {len(found.problems)} violations"
    )
    print(*found.problems, sep="\n")
    return not found.problems


def mutants() -> bool:
    """Take each guard out in turn."""
    survived = 0
    for mutant in MUTANTS:
        started = time.monotonic()
        caught = is_caught(mutant)
        survived += not caught
        print(f"{'caught' if caught else 'SURVIVED':8}  {time.monotonic() - started:5.0f} s  {mutant.name}", flush=True)
    print(f"{len(MUTANTS) - survived} of {len(MUTANTS)} mutants caught")
    return survived == 0


def main() -> int:
    """Run one campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    many = commands.add_parser("seeds")
    many.add_argument("--seeds", type=int, default=0, help="how many; without it as many as the minutes give")
    many.add_argument("--minutes", type=float, default=60.0)
    many.add_argument("--processes", type=int, default=1)
    killing = commands.add_parser("kills")
    killing.add_argument("--kills", type=int, default=1_000)
    killing.add_argument("--seed", type=int, default=1)
    people = commands.add_parser("audiences")
    people.add_argument("--histories", type=int, default=100_000)
    people.add_argument("--first", type=int, default=0, help="seed of the first history")
    people.add_argument("--processes", type=int, default=1)
    commands.add_parser("mutants")
    chosen = parser.parse_args()
    if chosen.command == "seeds":
        good = seeds(chosen.seeds, chosen.minutes, chosen.processes)
    elif chosen.command == "audiences":
        good = members(chosen.histories, chosen.first, chosen.processes)
    else:
        good = mutants() if chosen.command == "mutants" else kills(chosen.kills, chosen.seed)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
