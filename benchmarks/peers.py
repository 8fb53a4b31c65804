"""`python -m benchmarks.peers`: the same flat rows through pusher, drt-core and dlt, to the same server.

Each program is started as its users start it, in an environment of its own. Each peer runs twice: plain, as its
documentation shows it, with the thousand rows of a request as its batch, and tuned, as fast as its documentation
allows: drt with fifty requests in a batch, dlt with Arrow, Parquet, its fastest JSON and a job for each of many files.
The bounds hold ours against the plain peer that is done first; the tuned ones are printed beside them. Neither peer
remembers which rows it sent, and both send the rows as they are, while pusher checks them and nests them as TikTok
asks.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.processes import ROOT, BenchmarkError, Finished, child, run
from benchmarks.report import Bound, Figure, table
from benchmarks.server import metering_server

CACHE = ROOT / ".cache" / "peers"
REQUIREMENTS: Mapping[str, tuple[str, ...]] = {
    "drt": ("drt-core==1.2.1", "duckdb==2.0.1"),
    "dlt": ("dlt==1.31.0", "duckdb==2.0.1", "pyarrow==26.0.1", "httpx==0.28.1"),
}
OURS = ("duckdb==2.0.1", "pyarrow==26.0.1", "httpx==0.28.1", str(ROOT))
PLAIN, TUNED = ("drt", "dlt"), ("drt-tuned", "dlt-tuned")
LEAST_WALL, LEAST_DELIVER = 5.0, 8.0
ROWS_PER_REQUEST = 1_000
TUNED_DRT_BATCH = 50_000
TABLE, DATABASE, VIEW = "flat_events", "flat.duckdb", "tiktok_offline_events"
ENDPOINT = "event/track/"

_PUSHER_PROJECT = "name: flat\nprofile: flat\nconfig-version: 2\n"
_PUSHER_SOURCES = """version: 2
sources:
  - name: main
    tables:
      - name: flat_events
        columns:
          - {name: event, data_type: varchar}
          - {name: event_id, data_type: varchar}
          - {name: event_time, data_type: timestamp, config: {meta: {timezone: UTC}}}
          - {name: email, data_type: varchar}
          - {name: phone, data_type: varchar}
          - {name: value, data_type: "decimal(18,2)"}
          - {name: currency, data_type: varchar}
          - {name: order_id, data_type: varchar}
          - {name: shop_id, data_type: varchar}
          - {name: num_items, data_type: integer}
"""
_PUSHER_MODEL = """{{ config(
    materialized='view',
    meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}
) }}

select event, event_id, event_time, email, phone, value, currency, order_id, shop_id, num_items
from {{ source('main', 'flat_events') }}
"""
_DRT_SYNC = """name: flat
model: ref('flat_events')
destination:
  type: rest_api
  url: "{url}"
  method: POST
  headers: {{Content-Type: application/json}}
  body_mode: batch
  batch_template: '{{"data": {{{{ rows | tojson_safe }}}}}}'
  max_records_per_request: {rows_per_request}
sync:
  mode: full
  batch_size: {batch_size}
  rate_limit: {{requests_per_second: 1000000}}
  on_error: fail
"""
_DLT_START = """
import sys

import dlt
import duckdb
import httpx

database, table, url, rows_per_request = sys.argv[1:]
client = httpx.Client(trust_env=False, timeout=60)
"""
_DLT_PLAIN = """
from json import dumps


@dlt.resource(name="events")
def events():
    with duckdb.connect(database, read_only=True) as connection:
        found = connection.execute(f"select * from {table}")
        names = [column[0] for column in found.description]
        while rows := found.fetchmany(int(rows_per_request)):
            yield [dict(zip(names, row)) for row in rows]


@dlt.destination(batch_size=int(rows_per_request), name="server")
def server(items, table):
    body = dumps({"data": items}, default=str)
    client.post(url, content=body, headers={"Content-Type": "application/json"}).raise_for_status()
"""
_DLT_TUNED = """
from dlt.common import json


@dlt.resource(name="events")
def events():
    with duckdb.connect(database, read_only=True) as connection:
        yield from connection.execute(f"select * from {table}").to_arrow_reader(50_000)


@dlt.destination(batch_size=int(rows_per_request), loader_file_format="parquet", name="server")
def server(items, table):
    body = json.dumpb({"data": items.to_pylist()})
    client.post(url, content=body, headers={"Content-Type": "application/json"}).raise_for_status()
"""
_DLT_END = """

dlt.pipeline("flat", destination=server(), progress=None).run(events()).raise_on_failed_jobs()
"""
# Each file is a job, and jobs run side by side.
_DLT_TUNED_SETTINGS = {"DATA_WRITER__FILE_MAX_ITEMS": "50000"}


@dataclass(frozen=True, slots=True)
class Sent:
    """What a program did.

    Attributes:
        wall_s: From its start to its end.
        deliver_s: From its first request to its last, as the server saw them.
        requests: Requests.
        body_bytes: Bytes of the bodies.
        cpu_s: Its own time on the cores.
        peak_bytes: Its peak memory.
    """

    wall_s: float
    deliver_s: float
    requests: int
    body_bytes: int
    cpu_s: float
    peak_bytes: int


def environment_of(cache: Path, peer: str, requirements: Sequence[str]) -> Path:
    """Return the `bin` folder of a peer's environment, made when it is not there or asks for other versions.

    Raises:
        BenchmarkError: A package cannot be installed.
    """
    folder = cache / f"venv-{peer}"
    marker, wanted = folder / "installed.txt", "\n".join(requirements) + "\n"
    if not (marker.is_file() and marker.read_text("utf-8") == wanted):
        shutil.rmtree(folder, ignore_errors=True)
        run([sys.executable, "-m", "venv", str(folder)])
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, *requirements])
        marker.write_text(wanted, encoding="utf-8")
    return folder / "bin"


def environment_of_ours(cache: Path) -> Path:
    """Return the `bin` folder of an environment with pusher as it is now, and without what its developers need.

    Raises:
        BenchmarkError: A package cannot be installed.
    """
    found = environment_of(cache, "pusher", OURS)
    pip = [str(found / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--no-deps", "--force-reinstall", str(ROOT)])
    return found


class Rows:
    """The rows, and a project for each program that sends them.

    Args:
        cache: Folder of the peers' environments.
        work: Empty folder.
        rows: How many.
    """

    def __init__(self, cache: Path, work: Path, rows: int) -> None:
        self._bins = {peer: environment_of(cache, peer, wanted) for peer, wanted in REQUIREMENTS.items()}
        self._bins["pusher"] = environment_of_ours(cache)
        self._work = work
        self._rows = rows
        self._database = work / DATABASE
        child("write-flat", path=str(self._database), rows=rows)
        self._set_up_pusher()

    def _set_up_pusher(self) -> None:
        (self._work / "models").mkdir()
        (self._work / "dbt_project.yml").write_text(_PUSHER_PROJECT, encoding="utf-8")
        (self._work / "models" / "_sources.yml").write_text(_PUSHER_SOURCES, encoding="utf-8")
        (self._work / "models" / f"{VIEW}.sql").write_text(_PUSHER_MODEL, encoding="utf-8")
        self._write_profile("http://127.0.0.1:9/open_api/v1.3")
        self._ours("build", "--quiet")

    def _ours(self, *words: str) -> Finished:
        return run([str(self._bins["pusher"] / "pusher"), *words, "--project-dir", str(self._work)])

    def _write_profile(self, url: str) -> None:
        threads = len(os.sched_getaffinity(0))
        output = {"type": "duckdb", "path": DATABASE, "threads": threads}
        tiktok = {"base_url": url, "event_set_id": "7654321098765432109", "requests_per_second": 1000}
        profile = {
            "flat": {"target": "dev", "outputs": {"dev": output}},
            "pusher": {"dev": {"tiktok": {**tiktok, "access_token": "token-of-a-benchmark"}}},
        }
        (self._work / "profiles.yml").write_text(json.dumps(profile), encoding="utf-8")

    def _pusher(self, url: str) -> Finished:
        self._write_profile(url)
        shutil.rmtree(self._work / ".pusher", ignore_errors=True)
        return self._ours("push", "--json")

    def _drt(self, url: str, *, tuned: bool) -> Finished:
        home, project = self._work / "home", self._work / "drt"
        for folder in (home / ".drt", project / "syncs"):
            folder.mkdir(parents=True, exist_ok=True)
        (home / ".drt" / "profiles.yml").write_text(
            json.dumps({"flat": {"type": "duckdb", "database": str(self._database)}}), encoding="utf-8"
        )
        (project / "drt_project.yml").write_text('name: flat\nversion: "0.1"\nprofile: flat\n', encoding="utf-8")
        batch = TUNED_DRT_BATCH if tuned else ROWS_PER_REQUEST
        sync = _DRT_SYNC.format(url=f"{url}/{ENDPOINT}", rows_per_request=ROWS_PER_REQUEST, batch_size=batch)
        (project / "syncs" / "flat.yml").write_text(sync, encoding="utf-8")
        return run([str(self._bins["drt"] / "drt"), "run"], environment={"HOME": str(home)}, folder=project)

    def _dlt(self, url: str, *, tuned: bool) -> Finished:
        script, data = self._work / "pipeline.py", self._work / "dlt"
        script.write_text(_DLT_START + (_DLT_TUNED if tuned else _DLT_PLAIN) + _DLT_END, encoding="utf-8")
        shutil.rmtree(data, ignore_errors=True)
        settings = {
            "DLT_DATA_DIR": str(data),
            "HOME": str(self._work / "home"),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            **(_DLT_TUNED_SETTINGS if tuned else {}),
        }
        arguments = [str(self._database), TABLE, f"{url}/{ENDPOINT}", str(ROWS_PER_REQUEST)]
        return run([str(self._bins["dlt"] / "python"), str(script), *arguments], environment=settings)

    def send(self, program: str) -> Sent:
        """Send all rows with one of the programs.

        Raises:
            BenchmarkError: It failed, or the server did not get all rows.
        """
        programs: Mapping[str, Callable[[str], Finished]] = {
            "pusher": self._pusher,
            "drt": partial(self._drt, tuned=False),
            "dlt": partial(self._dlt, tuned=False),
            "drt-tuned": partial(self._drt, tuned=True),
            "dlt-tuned": partial(self._dlt, tuned=True),
        }
        with metering_server() as server:
            done = programs[program](server.url)
        got: dict[str, Any] = server.found
        if got["rows"] != self._rows:
            said = done.output[-2_000:]
            raise BenchmarkError(f"The server got {got['rows']} of {self._rows} rows from {program}:\n{said}")
        return Sent(done.seconds, got["seconds"], got["requests"], got["bytes"], done.cpu_s, done.peak_bytes)


def compare(rows: int, rounds: int, cache: Path) -> list[Figure]:
    """Send the rows with each program, round by round, and hold ours against the better peers of each round."""
    cache.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="run-", dir=cache))
    sent: dict[str, list[Sent]] = {program: [] for program in ("pusher", *PLAIN, *TUNED)}
    try:
        source = Rows(cache, work, rows)
        for _ in range(rounds):
            for program, found in sent.items():
                print(f"sending with {program} ...", file=sys.stderr, flush=True)
                found.append(source.send(program))
    finally:
        shutil.rmtree(work)

    def figure(
        name: str, doc: str, seconds: Callable[[Sent], float], peers: tuple[str, ...], least: float | None
    ) -> Figure:
        better = [min(peers, key=lambda peer: sent[peer][number].wall_s) for number in range(rounds)]
        best = [seconds(sent[peer][number]) for number, peer in enumerate(better)]
        shown = ("pusher", *peers)
        notes: dict[str, Any] = {f"{program} s": sorted(map(seconds, sent[program]))[rounds // 2] for program in shown}
        notes |= {f"{program} cpu s": sent[program][-1].cpu_s for program in shown}
        notes |= {f"{program} MB": sent[program][-1].peak_bytes / 1_000_000 for program in shown}
        notes |= {f"{program} bytes/row": sent[program][-1].body_bytes / rows for program in shown}
        return Figure(
            name,
            doc,
            "events/s",
            [rows / seconds(one) for one in sent["pusher"]],
            [rows / one for one in best],
            None if least is None else Bound("ratio", least, at_least=True),
            notes,
        )

    def wall(one: Sent) -> float:
        return one.wall_s

    def deliver(one: Sent) -> float:
        return one.deliver_s

    return [
        figure("peers-wall", "from start to end, against the better peer", wall, PLAIN, LEAST_WALL),
        figure("peers-deliver", "from first to last request, likewise", deliver, PLAIN, LEAST_DELIVER),
        figure("tuned-wall", "from start to end, against the better tuned peer", wall, TUNED, None),
        figure("tuned-deliver", "from first to last request, likewise", deliver, TUNED, None),
    ]


def main() -> int:
    """Compare; exit 1 when a bound is not kept, 2 when a program failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description="Compare pusher with its peers.")
    parser.add_argument("--events", type=int, default=1_000_000, help="rows")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of all programs")
    parser.add_argument("--cache", type=Path, default=CACHE, metavar="DIR", help="folder of the peers' environments")
    given = parser.parse_args()
    load = os.getloadavg()[0]
    try:
        figures = compare(given.events, given.rounds, given.cache.resolve())
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 2
    versions = ", ".join(requirements[0] for requirements in REQUIREMENTS.values())
    print(f"{given.events:,} rows, {versions}, load {load:.1f} -> {os.getloadavg()[0]:.1f}\n")
    print(table(figures))
    return 0 if all(figure.is_kept for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
