"""One seeded history: pushes that fail and die, then a few that do not, and what must be true of them together.

The outbox, the ledger, the delivery, the recovery and the settling are the real ones; the plan is a few lines that
freeze what no key holds, as the real one does with SQL.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pusher.contracts import Answer, Failure, Verdict
from pusher.destinations.tiktok.facade import tiktok
from pusher.errors import StateError
from pusher.ledger.opening import open_store
from pusher.ledger.reopen import Choice, reopen
from pusher.ledger.rows import File
from pusher.ledger.state import StateFolder, publish
from pusher.ledger.store import Store
from pusher.payload.model import Payload
from pusher.progress import silent
from pusher.push.deliver import Delivery
from pusher.push.work import DeliveryLimits
from pusher.transport import Pacer
from tests.torture.wire import Tally, Wire
from tests.torture.world import Ended, Fate, HandClock, Inline, fated

START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
EVENT_SET = "7654321098765432109"
VIEW, PAYLOAD = "tiktok_offline_events", "offline_events"
ROWS_PER_REQUEST = 7
CONCURRENCY = 3
DEADLINE_S = 1_800.0
# A request's deadline, the grace time, and a wait that began just before the deadline.
SLACK_S = 200.0
CLEAN_RUNS = 12
RETRY_SHARE = 0.3
"""How often refused rows are let go of between two runs."""
# From right after to after TikTok has forgotten the first copy.
PAUSES_S = (1, 60, 3_600, 43_200, 150_000, 300_000)


class SmallRequests:
    """TikTok with fewer rows in a request, so that a few rows make many batches."""

    def __init__(self) -> None:
        self._real = tiktok()
        self.name = self._real.name
        real = self._real.payloads[PAYLOAD]
        limits = replace(real.limits, max_rows_per_request=ROWS_PER_REQUEST)
        self.payloads: Mapping[str, Payload] = {PAYLOAD: replace(real, limits=limits)}

    def envelope(self, payload: Payload, source_id: str, test_event_code: str | None) -> tuple[bytes, bytes]:
        """Return the bytes around the rows."""
        return self._real.envelope(payload, source_id, test_event_code)

    def verdict(self, result: Answer | Failure, *, rows: int, earlier: Collection[str | None] = ()) -> Verdict:
        """Return what an attempt proved."""
        return self._real.verdict(result, rows=rows, earlier=earlier)

    def column_named(self, payload: Payload, message: str) -> str | None:
        """Return the column that a refusal names."""
        return self._real.column_named(payload, message)


SMALL: Any = SmallRequests()


@dataclass(slots=True)
class Settings:
    """What a history is made of.

    Attributes:
        seed: Decides everything.
        runs: Runs with faults, before the clean ones.
        rows: Rows of the first view.
        fault_share: Share of requests that go wrong in these runs.
        deaths: Whether these runs die.
        ends_at: Step at which the first run dies, instead of by chance.
        fails_at: Step of the first run at which the disk is full.
        spoilt: Number of the one request that goes wrong, from 1, and how.
    """

    seed: int
    runs: int = 3
    rows: int = 24
    fault_share: float = 0.25
    deaths: bool = True
    ends_at: int | None = None
    fails_at: int | None = None
    spoilt: tuple[int, str] | None = None


@dataclass(slots=True)
class History:
    """What happened.

    Attributes:
        tally: The server's side.
        states: State by event id, from the ledger's keys.
        parked: Events that wait for a person.
        planned: When each event was first in the view.
        held_twice: Events with two keys.
        ended: The moment after the last run.
        events: Every event that was in the view.
        poison: Events that the server refuses.
        reopened: Events that were refused and let go of.
        endings: How each run ended.
        longest_s: Time of the longest run.
        deaths: When runs died, or could not write any more.
        kills: Runs that died.
        steps: Steps of the first run.
    """

    tally: Tally = field(default_factory=Tally)
    states: dict[str, str] = field(default_factory=dict)
    parked: set[str] = field(default_factory=set)
    planned: dict[str, datetime] = field(default_factory=dict)
    held_twice: set[str] = field(default_factory=set)
    ended: datetime = START
    events: set[str] = field(default_factory=set)
    poison: frozenset[str] = frozenset()
    reopened: set[str] = field(default_factory=set)
    endings: list[str] = field(default_factory=list)
    longest_s: float = 0.0
    deaths: list[datetime] = field(default_factory=list)
    kills: int = 0
    steps: int = 0


def live(settings: Settings, folder: Path) -> History:
    """Live through a history in an empty folder."""
    chance = Random(settings.seed)  # noqa: S311 -- repeatable, not secret
    history = History()
    state = StateFolder(folder / "state")
    state.create()
    now = START
    ids = [f"e{number:03d}" for number in range(settings.rows)]
    history.poison = frozenset(one for one in ids if chance.random() < 0.03)
    for number in range(settings.runs):
        values = [chance.randint(1, 3) for _ in ids]
        first = number == 0
        ends_at = settings.ends_at if first else None
        if settings.deaths and settings.ends_at is None and chance.random() < 0.6:
            ends_at = chance.randint(1, 120)
        fate = Fate(ends_at, settings.fails_at if first else None)
        trouble = Trouble(fate, settings.fault_share, settings.spoilt)
        now = _run(history, state, now, dict(zip(ids, values, strict=True)), chance, trouble=trouble)
        if first:
            history.steps = fate.steps
        now += timedelta(seconds=chance.choice(PAUSES_S) * chance.uniform(0.5, 1.0))
        if chance.random() < RETRY_SHARE:
            _retry(history, state, now, chance)
        ids += [f"n{number}{extra:02d}" for extra in range(chance.randint(0, 6))]
    for number in range(CLEAN_RUNS):
        if number == 1 and chance.random() < RETRY_SHARE:
            # What was let go of is sent right away by TikTok's 48 hours, or long after them.
            now += timedelta(seconds=chance.choice(PAUSES_S))
            _retry(history, state, now, chance)
        now = _run(history, state, now + timedelta(seconds=1), dict.fromkeys(ids, 9), chance)
        if not _is_open(state, now):
            break
    history.events, history.ended = set(ids), now
    _read_ledger(history, state, now)
    return history


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong in a run.

    Attributes:
        fate: When the process ends, or its disk is full.
        fault_share: Share of requests that go wrong.
        spoilt: Number of the one request that goes wrong, from 1, and how.
    """

    fate: Fate = field(default_factory=Fate)
    fault_share: float = 0.0
    spoilt: tuple[int, str] | None = None


def _run(
    history: History,
    state: StateFolder,
    now: datetime,
    view: Mapping[str, int],
    chance: Random,
    *,
    trouble: Trouble | None = None,
) -> datetime:
    """Push a view, values by event, however it ends; returns the moment of its end."""
    trouble = trouble or Trouble()
    clock, fate = HandClock(now), trouble.fate
    history.planned = dict.fromkeys(view, now) | history.planned
    run = f"{now:%Y%m%dT%H%M%S}-{chance.getrandbits(24):06x}"
    wire = Wire(
        history.tally,
        now=clock.now,
        sleep=clock.sleep,
        chance=chance,
        poison=history.poison,
        fault_share=trouble.fault_share,
        on_post=fate.step,
        in_flight=CONCURRENCY,
        spoilt=trouble.spoilt,
    )
    store: Store | None = None
    with fated(fate):
        try:
            store = open_store(state, base_url="simulated", now=clock.now())
            store.start_run(run=run, command="push", now=now, version="0", base_url="simulated")
            _plan(store, state, fate, run=run, now=now, view=view)
            delivery = Delivery(
                store=store,
                state=state,
                destination=SMALL,
                transport=wire,
                pacer=Pacer(1_000, clock),
                clock=clock,
                listener=silent,
                run=run,
                limits=DeliveryLimits(concurrency=CONCURRENCY, deadline_s=DEADLINE_S),
                should_stop=lambda: False,
                seed=chance.getrandbits(32),
                pools=Inline,
            )
            delivered = delivery.deliver(store.open_parts())
            store.finish_run(run=run, now=clock.now(), exit_code=0, receipt={})
            ending = delivered.stopped.code if delivered.stopped else "halted" if delivered.halts else "done"
        except Ended:
            ending = "died"
            history.kills += 1
            history.deaths.append(clock.now())
            wire.die()
        except (sqlite3.OperationalError, StateError) as error:
            if "disk is full" not in str(error):
                raise
            ending = "disk full"
            history.deaths.append(clock.now())
            wire.die()
        finally:
            if store is not None:
                store.close()
    history.endings.append(ending)
    history.longest_s = max(history.longest_s, clock.monotonic_s())
    return clock.now()


# what a person decides ----------------------------------------------------------------------------------------------


def _retry(history: History, state: StateFolder, now: datetime, chance: Random) -> None:
    """Let go of refused rows, some of which are good from then on; the process may end meanwhile."""
    before = _refused(state, now)
    if not before:
        return
    run = f"{now:%Y%m%dT%H%M%S}-{chance.getrandbits(24):06x}"
    even_unchanged = chance.random() < 0.5
    store: Store | None = None
    with fated(Fate(chance.randint(1, 40) if chance.random() < 0.3 else None)):
        try:
            store = open_store(state, base_url="simulated", now=now)
            store.start_run(run=run, command="retry", now=now, version="0", base_url="simulated")
            reopen(store, state, Choice("", None, None), run=run, now=now, even_unchanged=even_unchanged)
        except Ended:
            history.deaths.append(now)
        finally:
            if store is not None:
                store.close()
    let_go = before - _refused(state, now)
    history.reopened |= {one for one in history.planned if _key(one) in let_go}
    history.poison -= {one for one in sorted(history.reopened) if chance.random() < 0.5}


def _refused(state: StateFolder, now: datetime) -> set[bytes]:
    """Return the keys of the refused rows."""
    store = open_store(state, base_url="simulated", now=now)
    try:
        if not any(file.path.endswith("-refused.parquet") for file in store.files("quarantine")):
            return set()
        tables = [
            pq.read_table(state.root / file.path, columns=["event_key"], filters=[("state", "=", "dead")])
            for file in store.files("keys")
        ]
        return {bytes(key) for table in tables for key in table.column(0).to_pylist() if key is not None}
    finally:
        store.close()


# the plan ---------------------------------------------------------------------------------------------------------


def _key(event_id: str) -> bytes:
    return uuid.uuid5(uuid.NAMESPACE_OID, event_id).bytes


def _plan(
    store: Store,
    state: StateFolder,
    fate: Fate,
    *,
    run: str,
    now: datetime,
    view: Mapping[str, int],
) -> None:
    """Freeze the rows whose keys the ledger does not hold."""
    held = {key for file in store.files("keys") for key in _column(state.root / file.path, "event_key")}
    held |= {key for file in store.files("outbox") for key in _column(state.root / file.path, "_event_key")}
    due = {one: value for one, value in view.items() if _key(one) not in held}
    if not due:
        return
    final = state.outbox / f"{run}-{VIEW}-0.parquet"
    temporary = final.with_suffix(".tmp")
    pq.write_table(_rows(due), temporary)
    fate.step()
    digest = publish(temporary, final)
    fate.step()
    path = final.relative_to(state.root).as_posix()
    with store.transaction():
        store.add_part(
            run=run,
            model=VIEW,
            payload=PAYLOAD,
            destination="tiktok",
            source_id=EVENT_SET,
            file=File(0, path, "outbox", "", VIEW, len(due), final.stat().st_size, digest),
            now=now,
        )


def _column(path: Path, name: str) -> list[Any]:
    with pq.ParquetFile(path) as file:
        return file.read(columns=[name]).column(0).to_pylist()


def _rows(values: Mapping[str, int]) -> pa.Table:
    """Return rows as the outbox has them."""
    ids = list(values)
    count, at = len(ids), int(START.timestamp()) - 3_600
    money = pa.array([Decimal(values[one]) for one in ids], pa.decimal128(18, 2))
    texts = {
        "_event": "Purchase", "_source_id": EVENT_SET, "_currency": "USD", "_shop_id": None, "_event_channel": None,
        "_brand": None,
    }  # fmt: skip
    columns: dict[str, Any] = {
        "_event_key": pa.array([_key(one) for one in ids], pa.binary(16)),
        "_payload_hash": pa.array([_key(f"{one}{values[one]}") for one in ids], pa.binary()),
        "_contents_hash": pa.nulls(count, pa.binary(16)),
        "_event_time": pa.array([at] * count, pa.int64()),
        "_value": money.cast(pa.decimal128(38, 9)),
        "_event_id": pa.array(ids, pa.string()),
        "_num_items": pa.nulls(count, pa.int64()),
        "_reason": pa.nulls(count, pa.int16()),
        **{name: pa.array([text] * count, pa.string()) for name, text in texts.items()},
        "event": pa.array(["Purchase"] * count),
        "event_id": pa.array(ids, pa.string()),
        "event_time": pa.array([at] * count, pa.int64()),
        "properties": pa.StructArray.from_arrays([money], names=["value"]),
    }
    return pa.table(columns)


# the end ----------------------------------------------------------------------------------------------------------


def _is_open(state: StateFolder, now: datetime) -> bool:
    """Whether rows wait that no person has to decide about."""
    store = open_store(state, base_url="simulated", now=now)
    try:
        return any(not store.parked_because(part.id) for part in store.open_parts())
    finally:
        store.close()


def _read_ledger(history: History, state: StateFolder, now: datetime) -> None:
    store = open_store(state, base_url="simulated", now=now)
    names = {_key(one): one for one in history.events}
    try:
        for file in store.files("keys"):
            table = pq.read_table(state.root / file.path, columns=["event_key", "state"])
            for row in table.to_pylist():
                event = names[row["event_key"]]
                history.held_twice |= {event} & history.states.keys()
                history.states[event] = row["state"]
        for part in store.open_parts():
            ids = _column(state.root / str(part.path), "_event_id")
            for batch in store.batches(part.id):
                if batch.state.value == "split":
                    continue
                for first, count in batch.ranges:
                    for one in ids[first : first + count]:
                        if batch.state.value == "parked":
                            history.parked.add(one)
                        else:
                            history.states[one] = batch.state.value
    finally:
        store.close()
