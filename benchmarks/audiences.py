"""Audiences of millions: the first load, then a view of which one in a hundred changed.

::

    python -m benchmarks.audiences --members 5000000

Ours is `pusher push` against a server that accepts and discards everything. The plan is held against a plain COPY of
the view to Parquet, the requests against the same bodies posted without a ledger.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.processes import BenchmarkError, Finished, child, pusher
from benchmarks.report import Bound, Figure, table
from benchmarks.server import discarding_server

MEMBERS = 5_000_000
CHANGED = 100
"""One in this many leaves, and as many come."""
ROWS_PER_REQUEST = 10_000
MOST_PLAN_S = 10.0
LEAST_PER_S = 300_000
MOST_MB = 600
MEGABYTE = 1_000_000
ADVERTISER, AUDIENCE, NAME = "7654321098765432109", "7200000000000000001", "Everybody"
_VIEW = (
    "{{ config(materialized='view', meta={'pusher': {'destination': 'tiktok', 'payload': 'audience', "
    "'audience_name': 'Everybody'}}) }}\n"
    "select email from {{ source('crm', 'people') }}\n"
)
_SOURCES = """version: 2
sources:
  - name: crm
    schema: main
    tables:
      - name: people
        columns: [{name: email, data_type: varchar}]
"""


def write_people(database: str, first: int, members: int) -> dict[str, Any]:
    """Write the digests of people with consecutive numbers into a table."""
    import duckdb

    with closing(duckdb.connect(database, config={"memory_limit": "1GB"})) as connection:
        connection.execute(
            "create or replace table people as "
            f"select sha256('person ' || number) as email from range({first}, {first + members}) as people (number)"
        )
    return {}


def copy_people(database: str, target: str) -> dict[str, Any]:
    """Copy the view to Parquet; returns the seconds of the copy alone."""
    import time

    import duckdb

    with closing(duckdb.connect(database, read_only=True, config={"memory_limit": "400MB"})) as connection:
        started = time.monotonic()
        connection.execute(f"copy (select email from people) to '{target}' (format parquet)")
        return {"seconds": time.monotonic() - started}


def post_people(people: str, base_url: str, rows: int) -> dict[str, Any]:
    """Post the bodies that would add everybody, one request after the other, and nothing else."""
    import time

    import pyarrow.parquet as pq

    from pusher.clock import SystemClock
    from pusher.contracts import Answer, Endpoint
    from pusher.destinations.tiktok.audiences import tiktok_audiences
    from pusher.transport import Transport

    api = tiktok_audiences()
    transport = Transport(Endpoint(base_url, {}, None, base_url), clock=SystemClock())
    posted, started = 0, time.monotonic()
    with pq.ParquetFile(people) as file:
        for batch in file.iter_batches(batch_size=rows):
            cells = batch.rename_columns(["EMAIL_SHA256"])
            path, body = api.members(advertiser_id=ADVERTISER, audience_id=AUDIENCE, action="add", cells=cells)
            answer = transport.post(path, body)
            if not isinstance(answer, Answer):
                raise BenchmarkError(answer.message)
            posted += batch.num_rows
    transport.close()
    return {"seconds": time.monotonic() - started, "rows": posted}


def _write_project(folder: Path, base_url: str) -> None:
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text("name: everybody\nprofile: everybody\nconfig-version: 2\n")
    (folder / "models" / "_crm.yml").write_text(_SOURCES)
    (folder / "models" / "everybody.sql").write_text(_VIEW)
    tiktok = {
        "base_url": base_url, "access_token": "benchmark", "advertiser_ids": [ADVERTISER],
        "members_per_request": ROWS_PER_REQUEST, "requests_per_second": 1_000,
    }  # fmt: skip
    profiles = {
        "everybody": {"target": "dev", "outputs": {"dev": {"type": "duckdb", "path": "everybody.duckdb"}}},
        "pusher": {"dev": {"tiktok": tiktok}},
    }
    (folder / "profiles.yml").write_text(json.dumps(profiles))
    # The server answers nothing but yes, so it cannot say which audience it made.
    lock = {"version": 1, "targets": {"dev": {"everybody": {ADVERTISER: {NAME: AUDIENCE}}}}}
    (folder / "audiences.lock.yml").write_text(json.dumps(lock))


def _push(folder: Path, first: int, members: int) -> tuple[Finished, dict[str, Any]]:
    child("write-people", database=str(folder / "everybody.duckdb"), first=first, members=members)
    options = ("--project-dir", str(folder), "--profiles-dir", str(folder), "--json", "--quiet")
    pusher("build", *options[:4], "--quiet")
    done = pusher("push", *options)
    return done, done.json()


def measure(members: int, folder: Path) -> list[Figure]:
    """Push everybody, then the changed view, and measure both."""
    changed = members // CHANGED
    copied = folder / "people.parquet"
    with discarding_server() as base_url:
        project = folder / "project"
        _write_project(project, base_url)
        print(f"first load of {members:,} ...", file=sys.stderr, flush=True)
        first, loaded = _push(project, 0, members)
        print(f"{changed:,} leave, as many come ...", file=sys.stderr, flush=True)
        second, told = _push(project, changed, members)
        copy = child("copy-people", database=str(project / "everybody.duckdb"), target=str(copied)).json()
        bare = child("post-people", people=str(copied), base_url=base_url, rows=ROWS_PER_REQUEST).json()
    (one,), (two,) = loaded["audiences"], told["audiences"]
    if (one["added"], two["added"], two["deleted"]) != (members, changed, changed):
        raise BenchmarkError(f"told {one['added']:,}, then {two['added']:,} and {two['deleted']:,}")
    return [
        Figure(
            "audience-plan",
            f"plan of {members:,} members of which 1 % changed, against COPY of the view to Parquet",
            "s",
            [told["seconds"]["plan"]],
            [copy["seconds"]],
            Bound("ours", MOST_PLAN_S),
            {"first load s": loaded["seconds"]["plan"], "requests": two["requests"]},
        ),
        Figure(
            "audience-tell",
            "members told in a second with the ledger, against the same bodies without one",
            "members/s",
            [members / loaded["seconds"]["deliver"]],
            [bare["rows"] / bare["seconds"]],
            Bound("ours", LEAST_PER_S, at_least=True),
            {"requests": one["requests"], "deliver s": loaded["seconds"]["deliver"]},
        ),
        Figure(
            "audience-memory",
            "peak memory of the larger of both pushes",
            "MB",
            [max(first.peak_bytes, second.peak_bytes) / MEGABYTE],
            [],
            Bound("ours", MOST_MB),
            {"first MB": first.peak_bytes / MEGABYTE, "second MB": second.peak_bytes / MEGABYTE},
        ),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; exit 1 when a bound is not kept, 2 when a program failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.audiences", description="Push audiences of millions.")
    parser.add_argument("--members", type=int, default=MEMBERS)
    chosen = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="pusher-audiences-"))
    try:
        figures = measure(chosen.members, folder)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{chosen.members:,} members, load {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} cores\n")
    print(table(figures))
    print(json.dumps([figure.as_json() for figure in figures]))
    return 0 if all(figure.is_kept for figure in figures) else 1


if __name__ == "__main__":
    raise SystemExit(main())
