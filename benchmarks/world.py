"""The data, the project and the warehouse that the figures are measured on."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.processes import ROOT, BenchmarkError, Finished, child, pusher

VIEW = "tiktok_offline_events"
DATABASE = "retail.duckdb"
# TikTok counts events of the last 28 days and the data reaches back 20.
FRESH_DAYS = 6
_MARKER = "generated.json"
_SHIPPED = ("models", "macros", "dbt_project.yml", "pusher.yml")
_LOCATION = re.compile(r'external_location: "[^"]*"')
_PROFILE = """\
retail:
  target: bench
  outputs:
    bench: {{type: duckdb, path: {database}, threads: {threads}}}
    tight: {{type: duckdb, path: tight.duckdb, threads: {threads}, memory_limit: 1GB}}
pusher:
  bench: &bench
    tiktok:
      base_url: {base_url}
      advertiser_ids: ["7654321098765432109"]
      event_set_id: "7654321098765432109"
      pixel_code: C4A1B2C3D4E5F6G7H8I9
      requests_per_second: 1000
      concurrency: {concurrency}
  tight: *bench
"""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured.

    Attributes:
        events: Orders in stores.
        keys: Keys that the ledger already holds.
        rounds: Rounds of each pair.
        concurrency: Requests in flight.
        batches: Batches in the ledger of a push that was killed.
    """

    events: int = 1_000_000
    keys: int = 10_000_000
    rounds: int = 3
    concurrency: int = 4
    batches: int = 100_000

    @property
    def quick_rounds(self) -> int:
        """Rounds of what takes less than a second; at least five, unless one is enough for everything."""
        return self.rounds if self.rounds == 1 else max(5, self.rounds)


@dataclass
class World:
    """A copy of the shipped project over generated data.

    Attributes:
        scale: How much is measured.
        cache: Folder of the data that later runs use again.
        work: Folder of this run, removed at its end.
        base_url: The discarding server.
        threads: DuckDB's threads, ours and the baselines'.
    """

    scale: Scale
    cache: Path
    work: Path
    base_url: str
    threads: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    _is_built: bool = False

    @property
    def project(self) -> Path:
        """The project's folder."""
        return self.work / "project"

    @property
    def database(self) -> Path:
        """The warehouse."""
        return self.project / DATABASE

    @cached_property
    def raw(self) -> Path:
        """The folder of the raw tables, written when there are none of this size or they are too old."""
        folder = self.cache / f"raw-{self.scale.events}"
        marker = folder / _MARKER
        if marker.is_file() and (datetime.now(UTC) - _anchor(marker)).days < FRESH_DAYS:
            return folder
        facts = child("write-tables", folder=str(folder), events=self.scale.events).json()
        marker.write_text(json.dumps(facts) + "\n", encoding="utf-8")
        return folder

    @property
    def afterwards(self) -> datetime:
        """A moment at which no order is still to come: shops write their own time, up to the last midnight."""
        return _anchor(self.raw / _MARKER) + timedelta(hours=12)

    @cached_property
    def keys(self) -> dict[str, Any]:
        """A key file: path, rows, bytes and digest."""
        path = self.cache / f"keys-{self.scale.keys}.parquet"
        marker = path.with_suffix(".json")
        if not (path.is_file() and marker.is_file()):
            facts = child("write-keys", path=str(path), rows=self.scale.keys).json()
            marker.write_text(json.dumps(facts) + "\n", encoding="utf-8")
        return {**json.loads(marker.read_text("utf-8")), "path": str(path)}

    @cached_property
    def frozen(self) -> dict[str, Any]:
        """The view's due rows as a push freezes them: files, rows, and the bytes around the rows of a request."""
        self.need_warehouse()
        return child("freeze", project=str(self.project), view=VIEW, folder=str(self.work / "frozen")).json()

    def set_up(self) -> None:
        """Copy the shipped project and point its sources at the data.

        Raises:
            BenchmarkError: The shipped sources do not look as expected.
        """
        self.project.mkdir(parents=True)
        for name in _SHIPPED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, self.project / name)
            else:
                shutil.copy(source, self.project / name)
        sources = self.project / "models" / "staging" / "retail" / "_retail__sources.yml"
        location = f"external_location: \"read_parquet('{self.raw.as_posix()}/{{name}}.parquet')\""
        text, count = _LOCATION.subn(lambda _: location, sources.read_text("utf-8"))
        if count != 1:
            raise BenchmarkError(f"{sources.name} has {count} external locations, not one.")
        sources.write_text(text, encoding="utf-8")
        profile = _PROFILE.format(
            database=DATABASE, threads=self.threads, base_url=self.base_url, concurrency=self.scale.concurrency
        )
        (self.project / "profiles.yml").write_text(profile, encoding="utf-8")

    def build(self, target: str = "bench", select: Sequence[str] = (), *, more: Sequence[str] = ()) -> Finished:
        """Run `pusher build` into a new warehouse, without data tests: what it is compared with has none."""
        remove_database(self.database if target == "bench" else self.project / "tight.duckdb")
        chosen = [argument for name in select for argument in ("--select", name)]
        done = pusher(
            "build", *self.options(target), *chosen, "--exclude", "resource_type:test resource_type:unit_test", *more
        )
        self._is_built = self._is_built or (target == "bench" and not select)
        return done

    def need_warehouse(self) -> None:
        """Build the warehouse unless a figure has done so."""
        if not self._is_built:
            self.build()

    def options(self, target: str = "bench") -> list[str]:
        """Return the options that every command takes."""
        folder = str(self.project)
        return ["--project-dir", folder, "--profiles-dir", folder, "--target", target, "--json"]

    @contextmanager
    def state(self) -> Iterator[Path]:
        """Give a state folder whose ledger holds the keys; removed afterwards."""
        folder = self.work / "state"
        facts = self.keys
        child(
            "register-keys",
            state=str(folder),
            base_url=self.base_url,
            path=facts["path"],
            rows=facts["rows"],
            size=facts["bytes"],
            sha256=facts["sha256"],
        )
        try:
            yield folder
        finally:
            shutil.rmtree(folder)


def _anchor(marker: Path) -> datetime:
    return datetime.fromisoformat(json.loads(marker.read_text("utf-8"))["anchor"]).replace(tzinfo=UTC)


def remove_database(path: Path) -> None:
    """Remove a DuckDB file and its log."""
    for found in (path, path.with_name(path.name + ".wal")):
        found.unlink(missing_ok=True)
