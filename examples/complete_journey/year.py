"""Live through the year of the data: each morning a build and a push, with what goes wrong in a year.

    python -m examples.complete_journey.year [--days 366] [--seed 1] [--late 5] [--data DIR] [--work DIR]

Each morning of 2017 the project is built as of that morning, with the look-back of seven days that the vendor page
asks for, and pushed to a sandbox on loopback whose time is that morning too. Some lines come late, one morning is left
out, one runs twice, two pushes are killed, and for a week nobody listens. At the end the sandbox's counts and every
receipt are held against the raw lines.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from examples.complete_journey import prepare, year_checks
from examples.complete_journey.tills import LOOKBACK_DAYS, Tills
from examples.complete_journey.year_checks import Money, Pushed
from pusher.clock import SystemClock
from pusher.destinations.tiktok.facts import contract
from pusher.destinations.tiktok.sandbox import sandbox_app
from pusher.destinations.tiktok.sandbox_faults import load_faults
from pusher.destinations.tiktok.sandbox_server import SandboxServer
from pusher.project.facade import LoadOptions, Project

FIRST = datetime(2017, 1, 2, 6, 0, tzinfo=UTC)
DAYS, FEWEST_DAYS = 366, 12
VIEW = "tiktok_offline_events"
EVENT_SET = "7654321098765432109"
# An idle morning may take this long; printed, and held to it by `main` only.
IDLE_S = 2.0
WORK = prepare.PROJECT.parents[1] / ".cache" / "year"
_NOT_COPIED = ("data", "macros", "target", ".pusher", "profiles.yml", "*.duckdb*", "__pycache__", "*.py")
_FEW_MORNINGS = 60
# Waits of a push that finds nobody listening.
_QUICK, _REAL = 50.0, 1.0
_SLOWEST_CRASH_S = 4.0
_SHOWN = 20


class MorningClock(SystemClock):
    """Shows one moment however long a step takes; waits run `speed` times as fast.

    Args:
        at: The moment.
        speed: Of waits and deadlines.
    """

    def __init__(self, at: datetime, speed: float) -> None:
        self._at = at
        self._speed = speed

    def now(self) -> datetime:
        """Return the moment."""
        return self._at

    def monotonic_s(self) -> float:
        """Return real seconds times the speed."""
        return time.monotonic() * self._speed

    def sleep(self, seconds: float) -> None:
        """Wait for a share of the time."""
        time.sleep(seconds / self._speed)


@dataclass(frozen=True, slots=True)
class Calendar:
    """What happens on which morning.

    Attributes:
        mornings: All mornings.
        skipped: Nothing runs.
        twice: Everything runs twice.
        crashes: A push is killed, then run again.
        refused: Nobody listens.
    """

    mornings: tuple[datetime, ...]
    skipped: datetime
    twice: datetime
    crashes: tuple[datetime, datetime]
    refused: tuple[datetime, ...]

    @classmethod
    def of(cls, days: int) -> Calendar:
        """Spread the events over a number of mornings, at least twelve."""
        mornings = tuple(FIRST + timedelta(days=day) for day in range(days))
        refused = days * 6 // 10
        length = 7 if days >= _FEW_MORNINGS else 3
        return cls(
            mornings,
            skipped=mornings[days * 2 // 10],
            twice=mornings[days * 3 // 10],
            crashes=(mornings[days * 4 // 10], mornings[days * 9 // 10]),
            refused=mornings[refused : refused + length],
        )


class LoopbackSandbox:
    """A sandbox on one port of loopback that can go away and come back.

    Args:
        folder: Where it keeps its counts.
    """

    def __init__(self, folder: Path) -> None:
        self.state_file = folder / "sandbox.sqlite"
        self.now = FIRST
        self._faults = folder / "faults.json"
        self._port = 0
        self._server: SandboxServer | None = None

    def start(self, faults: Sequence[dict[str, Any]] = ()) -> str:
        """Listen, and return the base URL."""
        self._faults.write_text(json.dumps(list(faults)), encoding="utf-8")
        app = sandbox_app(self.state_file, contract(), lambda: self.now, load_faults(self._faults))
        self._server = SandboxServer(app, self._port)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        base_url = self._server.base_url
        self._port = int(base_url.split(":")[2].partition("/")[0])
        return base_url

    def stop(self) -> None:
        """Refuse connections from now on."""
        if self._server is not None:
            self._server.stop()
            self._thread.join(timeout=10)
            self._server = None


@dataclass
class Year:
    """What happened.

    Attributes:
        pushes: Every push that ended.
        rows_at_risk: Rows that were on their way when a push was killed.
        duplicates: Rows that the sandbox got again.
        lateness: Baskets that came late, and those that were short of a line.
        money: The year's revenue.
        problems: What is not as it must be.
    """

    pushes: list[Pushed] = field(default_factory=list)
    rows_at_risk: list[int] = field(default_factory=list)
    duplicates: int = 0
    lateness: tuple[int, int] = (0, 0)
    money: Money = field(default_factory=lambda: Money(0, 0, 0, 0))
    problems: list[str] = field(default_factory=list)

    @property
    def idle_s(self) -> list[float]:
        """How long each push took that had nothing new to send."""
        return [pushed.seconds for pushed in self.pushes if not pushed.is_first]


class Campaign:
    """The year as it runs.

    Args:
        data: Folder of the three tables.
        work: Folder for the project, removed first.
        days: How many mornings.
        seed: Of lateness and of the moments of the crashes.
        late: Of a thousand baskets, how many are late, and as many short of a line.
    """

    def __init__(self, data: Path, work: Path, *, days: int, seed: int, late: int) -> None:
        shutil.rmtree(work, ignore_errors=True)
        self._root = work / "project"
        shutil.copytree(prepare.PROJECT, self._root, ignore=shutil.ignore_patterns(*_NOT_COPIED))
        (self._root / "data").mkdir()
        for table in ("products", "demographics"):
            shutil.copyfile(data / f"{table}.parquet", self._root / "data" / f"{table}.parquet")
        prepare.prepare(self._root)
        self._calendar = Calendar.of(days)
        self._tills = Tills(data, until=self._calendar.mornings[-1], seed=seed, late=late)
        self._random = Random(seed)  # noqa: S311 -- moments of crashes, not secrets
        self._sandbox = LoopbackSandbox(work)
        self._year = Year()

    def run(self) -> Year:
        """Live through all mornings and check what became of them."""
        self._write_profile(self._sandbox.start())
        try:
            for at in self._calendar.mornings:
                if at != self._calendar.skipped:
                    self._morning(at)
            # The last morning once more: nothing is new.
            self._push(self._calendar.mornings[-1], is_first=False)
        finally:
            self._sandbox.stop()
        self._check()
        self._tills.close()
        return self._year

    def _write_profile(self, base_url: str) -> None:
        tiktok = {"base_url": base_url, "event_set_id": EVENT_SET, "access_token": "token-of-a-campaign"}
        output = {"type": "duckdb", "path": "complete_journey.duckdb", "threads": 2}
        profile = {
            "complete_journey": {"target": "dev", "outputs": {"dev": output}},
            "pusher": {"dev": {"tiktok": tiktok}},
        }
        # JSON is YAML, and its texts are quoted.
        (self._root / "profiles.yml").write_text(json.dumps(profile), encoding="utf-8")

    def _morning(self, at: datetime) -> None:
        self._sandbox.now = at
        if at in self._calendar.refused:
            self._sandbox.stop()
        elif at - timedelta(days=1) in self._calendar.refused:
            self._sandbox.start()
        self._tills.send(at, self._root / "data" / "transactions.parquet")
        self._project(at).build()
        self._tills.note_ids(self._root / "complete_journey.duckdb", VIEW)
        crashes = at in self._calendar.crashes
        if crashes:
            self._crash(at)
        self._push(at, follows_crash=crashes)
        if at == self._calendar.twice:
            self._project(at).build()
            self._push(at, is_first=False)

    def _variables(self, at: datetime) -> dict[str, Any]:
        as_of = f"{at:%Y-%m-%d %H:%M:%S}"
        return {"as_of": as_of, "lookback_days": LOOKBACK_DAYS, "identified_households": "surveyed"}

    def _project(self, at: datetime) -> Project:
        project = Project.load(LoadOptions(project_dir=self._root, vars=self._variables(at), clock=at))
        project.clock = MorningClock(at, _QUICK if at in self._calendar.refused else _REAL)
        return project

    def _push(self, at: datetime, *, is_first: bool = True, follows_crash: bool = False) -> None:
        started = time.monotonic()
        report = self._project(at).push()
        seconds = time.monotonic() - started
        view = report.as_json()["models"][0]
        is_refused = at in self._calendar.refused
        self._year.pushes.append(Pushed(at, is_first, follows_crash, is_refused, view, report.exit_code, seconds))

    def _crash(self, at: datetime) -> None:
        """Kill a push at a random moment; the sandbox answers so slowly that it cannot have ended."""
        self._sandbox.stop()
        nth = 1 + self._calendar.crashes.index(at)
        self._sandbox.start([{"match": {"nth": nth}, "do": "slow_drip", "after": "accept", "times": None}])
        command = [sys.executable, "-m", "pusher", "push", "--project-dir", str(self._root), "--quiet"]
        command += ["--clock", at.isoformat(), "--vars", json.dumps(self._variables(at))]
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603 -- our own program
        try:
            process.wait(timeout=self._random.uniform(0.3, _SLOWEST_CRASH_S))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        else:
            self._year.problems.append(
                f"The push of {at:%Y-%m-%d} ended with {process.returncode} before it was killed"
            )
        self._year.rows_at_risk.append(self._rows_at_risk(at))
        self._sandbox.stop()
        self._sandbox.start()

    def _rows_at_risk(self, at: datetime) -> int:
        project = self._project(at)
        if not project.state.ledger.is_file():
            return 0
        found = project.ledger.query("select coalesce(sum(rows), 0) as rows from batch where state = 'sending'")
        return int(found[0]["rows"])

    def _check(self) -> None:
        year, calendar = self._year, self._calendar
        ran = [at for at in calendar.mornings if at != calendar.skipped]
        expected = self._tills.expect(ran)
        baskets = self._tills.baskets()
        counted = year_checks.counted_events(self._sandbox.state_file)
        year.lateness = self._tills.lateness()
        year.money = year_checks.money(baskets, counted)
        year.duplicates = year_checks.duplicates(self._sandbox.state_file)
        year.problems += year_checks.wrong_baskets(baskets, counted)
        year.problems += year_checks.wrong_receipts(year.pushes, expected)
        if not year.money.closes:
            year.problems.append(f"The year's revenue does not add up: {year.money}")
        if year.duplicates > sum(year.rows_at_risk):
            year.problems.append(f"{year.duplicates} rows went twice, {year.rows_at_risk} were on their way at a crash")
        if open_rows := self._project(calendar.mornings[-1]).ledger.query(
            "select count(*) as parts from part where settled_at is null"
        )[0]["parts"]:
            year.problems.append(f"{open_rows} parts are not settled")


def run_year(data: Path, work: Path, *, days: int = DAYS, seed: int = 1, late: int = 5) -> Year:
    """Live through the year of some data and return what happened."""
    return Campaign(data, work, days=days, seed=seed, late=late).run()


def _dollars(cents: int) -> str:
    return f"{cents // 100:,}.{cents % 100:02d}"


def describe(year: Year) -> str:
    """Return what happened as lines of text."""
    first = [pushed for pushed in year.pushes if pushed.is_first]
    refused = sum(pushed.is_refused for pushed in first)
    at_risk = " and ".join(map(str, year.rows_at_risk))
    planned, conflicts = (sum(pushed.view[term] for pushed in first) for term in ("planned", "new_conflicts"))
    late, short = year.lateness
    money = year.money
    usual_s = statistics.median(pushed.seconds for pushed in first)
    lines = [
        f"{len(first)} mornings, {refused} of them without a server",
        f"{len(year.rows_at_risk)} pushes killed, with {at_risk} rows on their way; {year.duplicates} rows sent twice",
        f"{late} baskets came late, {short} were short of a line at first",
        f"{planned} rows planned, {conflicts} new conflicts",
        f"US dollars: {_dollars(money.warehouse)} in the warehouse, of them",
        f"  {_dollars(money.counted)} counted",
        f"  {_dollars(money.no_identity)} without identity",
        f"  {_dollars(money.conflicting)} that came after the rest of the basket was sent",
        f"a morning's push: {usual_s:.2f} s; with nothing new: {max(year.idle_s):.2f} s (bound {IDLE_S:g} s)",
    ]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; exit 1 when something is not as it must be."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.complete_journey.year", description="Live through a year."
    )
    parser.add_argument("--days", type=int, default=DAYS, help=f"how many mornings, at least {FEWEST_DAYS}")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--late", type=int, default=5, help="late baskets of a thousand, and as many short of a line")
    parser.add_argument("--data", type=Path, default=prepare.PROJECT / "data", help="default: data/ beside this file")
    parser.add_argument("--work", type=Path, default=WORK, help="folder of the run, removed first")
    given = parser.parse_args(argv)
    if given.days < FEWEST_DAYS:
        parser.error(f"--days must be {FEWEST_DAYS} at least, so that the events do not meet")
    started = time.monotonic()
    year = run_year(given.data, given.work, days=given.days, seed=given.seed, late=given.late)
    print(describe(year))
    print(f"took {time.monotonic() - started:,.0f} s")
    for problem in year.problems[:_SHOWN]:
        print(f"WRONG: {problem}")
    if len(year.problems) > _SHOWN:
        print(f"WRONG: and {len(year.problems) - _SHOWN} more")
    return int(bool(year.problems) or max(year.idle_s) > IDLE_S)


if __name__ == "__main__":
    sys.exit(main())
