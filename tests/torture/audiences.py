"""Seeded histories of one audience: runs that fail and die, requests that land late, then a run that does not fail.

Everything between the warehouse and the wire is the real code. A history has few people: many in one would share its
deaths, and whoever is wrongly in or out would be put right by the next run that lives.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pusher.config import ShrinkGuard
from pusher.contracts import Answer, Column, Endpoint, Endpoints, Failure, StagedFile
from pusher.destinations.tiktok.facade import tiktok
from pusher.ledger import comparison, members
from pusher.ledger.audiences import AudienceStore
from pusher.ledger.opening import open_store
from pusher.ledger.state import StateFolder
from pusher.ledger.store import Store
from pusher.progress import silent
from pusher.push.audience import deliver
from pusher.push.audience.options import AudienceOptions
from pusher.push.audience.plan import AudienceView
from pusher.push.audience.run import AudiencePush
from pusher.push.plan import View
from pusher.push.work import DeliveryLimits
from pusher.push.world import PushWorld
from pusher.transport import Pacer
from tests.staged import split
from tests.torture.world import Ended, Fate, HandClock, Inline, fated

START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
ADVERTISER = "7654321098765432109"
VIEW = View("tiktok_audience_best", "models/best.sql", "best", tiktok().payloads["audience"], "Best")
ROWS_PER_REQUEST = 3
DEADLINE_S = 60.0
LATEST_S = 119.0
"""A request that got no answer lands before this time has passed since it left."""
PAUSES_S = (1, 20, 100, 3_600)
CLEAN_RUNS = 4
_LOOKS_EVERY_S = 30.0
_STEPS_PER_PERSON = 8
"""About as many as a run has: writes of the ledger, files that are settled, requests."""
_SHM = Path("/dev/shm")  # noqa: S108 -- a folder of its own is made in it


@dataclass(slots=True)
class Settings:
    """What a history is made of.

    Attributes:
        seed: Decides everything.
        runs: Runs with faults, before the clean ones.
        people: Identifiers that can be in the view.
        fault_share: Share of requests that go wrong in these runs.
        late: Whether requests without an answer may land late.
    """

    seed: int
    runs: int = 5
    people: int = 12
    fault_share: float = 0.25
    late: bool = True


@dataclass(slots=True)
class Server:
    """TikTok's side of audiences.

    Attributes:
        audiences: Members of each, by id.
        names: Name of each.
        travelling: Requests that will land, with the moment.
        requests: Requests that were made.
        most_names: Most audiences of one name at a time.
    """

    audiences: dict[str, set[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    travelling: list[tuple[datetime, Callable[[], None]]] = field(default_factory=list)
    requests: int = 0

    def land(self, now: datetime) -> None:
        """Obey what has arrived by now, in the order in which it arrives."""
        due = sorted((one for one in self.travelling if one[0] <= now), key=lambda one: one[0])
        self.travelling = [one for one in self.travelling if one[0] > now]
        for _, obey in due:
            obey()

    def create(self, name: str) -> str:
        """Make an audience."""
        made = str(10_000 + len(self.audiences))
        self.audiences[made], self.names[made] = set(), name
        return made

    def change(self, body: Mapping[str, Any]) -> None:
        """Add members, or take them out."""
        for row in body["batch_data"]:
            for cell in row:
                for audience in cell.get("audience_ids", ()):
                    inside = self.audiences[audience]
                    (inside.add if body["action"] == "add" else inside.discard)(cell["id"])


class Wire:
    """Sends requests to the server, or fails to.

    Args:
        server: The server.
        clock: Time passes while a request is under way.
        chance: Decides what goes wrong.
        settings: How much goes wrong; None for nothing.
        fate: May end the process before and after a request.

    Attributes:
        meanwhile: What somebody else does while a request is under way.
    """

    def __init__(self, server: Server, clock: HandClock, chance: Random, settings: Settings | None, fate: Fate) -> None:
        self._server, self._clock, self._chance, self._settings, self._fate = server, clock, chance, settings, fate
        self.meanwhile: Callable[[], None] = lambda: None

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def get(self, path: str) -> Answer | Failure:
        """List the audiences, or fail."""
        self._server.land(self._clock.now())
        self._server.requests += 1
        if self._is_bad():
            return Failure("in_doubt", "reset", "reset", 0.0)
        assert path.startswith("dmp/custom_audience/list/?")
        listed = [{"audience_id": one, "name": name} for one, name in self._server.names.items()]
        return _answer({"list": listed, "page_info": {"total_page": 1}})

    def upload(self, path: str, fields: Mapping[str, str], file: Path) -> Answer | Failure:
        """Refuse: no audience here is one of files."""
        del fields
        raise AssertionError(f"audiences of files have histories of their own, and this one sent {file} to {path}")

    def post(self, path: str, body: bytes) -> Answer | Failure:
        """Make an audience or change one, or fail."""
        self._server.land(self._clock.now())
        self._server.requests += 1
        self.meanwhile()
        sent = json.loads(body)
        data: dict[str, Any] = {}

        def obey() -> None:
            if path == "segment/audience/":
                data["audience_id"] = self._server.create(sent["custom_audience_name"])
            else:
                self._server.change(sent)

        try:
            self._fate.step()
        except Ended:
            self._maybe(obey)
            raise
        result = self._honest_or_not(obey, data)
        self._fate.step()
        self._clock.sleep(0.2)
        return result

    def _honest_or_not(self, obey: Callable[[], None], data: Mapping[str, Any]) -> Answer | Failure:
        if not self._is_bad():
            obey()
            return _answer(data)
        match self._chance.randrange(7):
            case 0:
                return Failure("not_sent", "connect-refused", "refused", 0.0)
            case 1:
                return _answer({}, code=40100)
            case 2:
                return _answer({}, code=40002, message="Audience is not editable")
            case 3:
                self._maybe(obey, late=False)
                return _answer({}, code=50000)
            case 4:
                self._maybe(obey)
                self._clock.sleep(DEADLINE_S)
                return Failure("in_doubt", "deadline", "too late", DEADLINE_S)
            case 5:
                self._maybe(obey)
                return Answer(502, b"<html>Bad Gateway</html>", {}, 0.0)
            case _:
                self._maybe(obey)
                return Failure("in_doubt", "reset", "reset", 0.0)

    def _is_bad(self) -> bool:
        return self._settings is not None and self._chance.random() < self._settings.fault_share

    def _maybe(self, obey: Callable[[], None], *, late: bool = True) -> None:
        """Obey now, later, or never."""
        chance = self._chance.random()
        if chance < 0.4:
            return
        if chance < 0.7 or not late or self._settings is None or not self._settings.late:
            obey()
            return
        moment = self._clock.now() + timedelta(seconds=self._chance.uniform(1.0, LATEST_S))
        self._server.travelling.append((moment, obey))


def _answer(data: Mapping[str, Any], *, code: int = 0, message: str = "OK") -> Answer:
    text = json.dumps({"code": code, "message": message, "request_id": "T1", "data": data})
    return Answer(200, text.encode(), {}, 0.0)


class Warehouse:
    """The view of a run."""

    dialect = "duckdb"

    def __init__(self, members: Sequence[str]) -> None:
        self._members = members

    def columns(self, sql: str) -> list[Column]:
        """Return the view's columns."""
        del sql
        return [Column("email", "VARCHAR")]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return no identifier that is nobody's own: each stands in one row."""
        del sql
        return []

    def stage(self, sql: str, folder: Path, *, rows_per_file: int) -> list[StagedFile]:
        """Write the view."""
        del sql, rows_per_file
        if not self._members:
            return []
        path = folder / "0.parquet"
        digests = split(self._members)
        count = len(self._members)
        none = [0] * count
        columns = {"EMAIL_SHA256": digests, "_dropped": none, "_raw": none, "_nobody": [False] * count}
        pq.write_table(pa.table(columns), path)
        return [StagedFile(path, count)]

    def close(self) -> None:
        """Do nothing."""


@dataclass(slots=True)
class Found:
    """What many histories came to.

    Attributes:
        histories: Histories that were lived through.
        runs: How runs ended.
        requests: Requests that were made.
        problems: Who is wrongly in or out, with the seed.
    """

    histories: int = 0
    runs: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    problems: list[str] = field(default_factory=list)


def seeded(seed: int) -> Settings:
    """Return the settings of a history of a campaign: of one to three runs that can fail, and mostly of six people.

    Few runs, because each that lives puts right what the ones before it did wrong, unseen; few people, so that each
    request tells nearly all there is to tell.
    """
    return Settings(seed, runs=1 + seed % 3, people=6 if seed % 4 else 12)


def live_through(many: Iterable[Settings], *, most_problems: int = 20) -> Found:
    """Live through histories, until there are too many problems to be worth more."""
    found = Found()
    with tempfile.TemporaryDirectory(dir=_SHM if _SHM.is_dir() else None) as root, _one_database():
        for number, settings in enumerate(many):
            folder = Path(root) / str(number)
            live(settings, folder, found)
            shutil.rmtree(folder)
            if len(found.problems) >= most_problems:
                break
    return found


@contextmanager
def _one_database() -> Iterator[None]:
    """Let all comparisons be sessions of one DuckDB, which takes queries as they are written.

    To start one each time takes as long as all else in a history, and to plan a query well longer than to run it.
    """
    database = duckdb.connect(":memory:", config={"threads": 1, "preserve_insertion_order": "false"})

    def session(_folder: Path, _limit_mb: int) -> Any:
        cursor = database.cursor()
        cursor.execute("pragma disable_optimizer")
        return cursor

    with (
        database,
        patch.object(members, "connect", session),
        patch.object(comparison, "connect", session),
        # Time is moved by hand: who waits two minutes need not look around every half second.
        patch.object(deliver, "IDLE_S", _LOOKS_EVERY_S),
    ):
        yield


def live(settings: Settings, folder: Path, found: Found) -> None:
    """Live through one history in a new folder."""
    chance = Random(settings.seed)  # noqa: S311 -- repeatable, not secret
    people = [hashlib.sha256(f"{settings.seed}:{one}".encode()).hexdigest() for one in range(settings.people)]
    history = History(StateFolder(folder / "state"), chance)
    history.state.create()
    for _ in range(settings.runs):
        history.wanted = {one for one in people if chance.random() < 0.6}
        history.suppress([one for one in people if chance.random() < 0.02])
        late = [one for one in people if chance.random() < 0.02]
        fate = Fate(chance.randint(1, _STEPS_PER_PERSON * settings.people) if chance.random() < 0.6 else None)
        found.runs[history.run(settings, fate, suppressed_late=late)] += 1
        history.now += timedelta(seconds=chance.choice(PAUSES_S) * chance.uniform(0.5, 1.0))
    for _ in range(CLEAN_RUNS):
        ending = history.run(None, Fate())
        history.now += timedelta(seconds=40)
        if ending == "settled":
            break
    found.runs[f"clean {ending}"] += 1
    history.server.land(history.now + timedelta(days=1))
    found.histories += 1
    found.requests += history.server.requests
    found.problems += [f"{settings}: {one}" for one in history.violations(ending)]


@dataclass(slots=True)
class History:
    """One audience over some days.

    Attributes:
        state: The state folder.
        chance: Decides everything.
        server: TikTok's side.
        now: The moment.
        wanted: Whom the view names.
        suppressed: Who is known to be suppressed.
    """

    state: StateFolder
    chance: Random
    server: Server = field(default_factory=Server)
    now: datetime = START
    wanted: set[str] = field(default_factory=set)
    suppressed: set[str] = field(default_factory=set)

    def suppress(self, people: Sequence[str]) -> None:
        """Suppress people, as another process does."""
        if not people:
            return
        store = open_store(self.state, base_url="simulated", now=self.now)
        self._suppress(store, people)
        store.close()

    def _suppress(self, store: Store, people: Sequence[str]) -> None:
        with store.transaction():
            AudienceStore(store).suppress([("EMAIL_SHA256", one) for one in people], reason="", now=self.now)
        self.suppressed |= set(people)

    def run(self, settings: Settings | None, fate: Fate, *, suppressed_late: Sequence[str] = ()) -> str:
        """Push the audience once, however it ends; returns how."""
        clock = HandClock(self.now)
        wire = Wire(self.server, clock, self.chance, settings, fate)
        run = f"{self.now:%Y%m%dT%H%M%S}-{self.chance.getrandbits(24):06x}"
        left = list(suppressed_late)
        store: Store | None = None

        def meanwhile() -> None:
            if left and self.chance.random() < 0.1 and store is not None:
                self._suppress(store, [left.pop()])

        wire.meanwhile = meanwhile
        with fated(fate):
            try:
                store = open_store(self.state, base_url="simulated", now=clock.now())
                store.start_run(run=run, command="push", now=clock.now(), version="0", base_url="simulated")
                ending = self._push(store, run, clock, wire)
            except Ended:
                ending = "died"
            finally:
                if store is not None:
                    store.close()
        self.now = clock.now()
        return ending

    def _push(self, store: Store, run: str, clock: HandClock, wire: Wire) -> str:
        pushed = AudiencePush(
            _world(self.state, clock, sorted(self.wanted)),
            AudienceOptions(guard=ShrinkGuard(is_off=True)),
            run,
            store,
            seed=self.chance.getrandbits(32),
            pools=Inline,
        )
        pushed.recover()
        pushed.plan([AudienceView(VIEW, (ADVERTISER,), (), ROWS_PER_REQUEST)], self.state.outbox, freeze=True)
        pushed.deliver(wire, Pacer(1_000, clock), DeliveryLimits())
        (receipt,) = pushed.receipts
        return "settled" if receipt.is_settled else receipt.problem.code if receipt.problem else "unsettled"

    def violations(self, ending: str) -> Iterable[str]:
        """Return what is not as promised, one line each."""
        if ending != "settled":
            yield f"a clean run ended as {ending}"
        kept = self._kept_suppressions()
        if self.suppressed - kept:
            yield f"{len(self.suppressed - kept)} suppressions are lost"
        wanted = self.wanted - kept
        if not self.server.audiences and not wanted:
            # Nobody had to be told.
            return
        if len(self.server.audiences) != 1:
            yield f"there are {len(self.server.audiences)} audiences"
            return
        (inside,) = self.server.audiences.values()
        if inside - wanted:
            yield f"{len(inside - wanted)} are wrongly in"
        if wanted - inside:
            yield f"{len(wanted - inside)} are wrongly out"

    def _kept_suppressions(self) -> set[str]:
        """Return who is suppressed by the ledger: a process that ended right after a commit could not tell."""
        with closing(sqlite3.connect(self.state.ledger)) as ledger:
            return {digest for (digest,) in ledger.execute("select digest from suppressed")}


def _world(state: StateFolder, clock: HandClock, wanted: Sequence[str]) -> PushWorld:
    warehouse: Any = Warehouse(wanted)
    return PushWorld(
        destination=tiktok(),
        endpoints=Endpoints("simulated", lambda _kind: Endpoint("http://127.0.0.1:1/v1.3", {}, None, "simulated")),
        state=state,
        clock=clock,
        listener=silent,
        should_stop=lambda: False,
        open_engine=lambda _folder: warehouse,
        interruptible=nullcontext,
    )
