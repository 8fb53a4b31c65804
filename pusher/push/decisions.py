"""What a person decides about rows that a push cannot settle by itself: refused ones and parked ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from pusher.clock import Clock
from pusher.contracts import FINAL_STATES, BatchState, ColumnOrigin, Destination
from pusher.ledger.opening import no_ledger, open_store, refuse_old_clock
from pusher.ledger.reopen import Choice, RefusedRows, refused_rows, reopen
from pusher.ledger.rows import Asked, Batch, Part, leaves, new_run_id, stamp
from pusher.ledger.state import StateFolder, told_when_full
from pusher.ledger.store import Store
from pusher.push import policy
from pusher.push.encode import minus
from pusher.push.recording import recorded
from pusher.push.recovery import TOO_OLD_TO_REPEAT
from pusher.push.refused import Explainer
from pusher.push.settle import Settling
from pusher.push.work import PartWork
from pusher.version import __version__

Action = Literal["list", "resend", "assume_delivered"]


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a decision works on.

    Attributes:
        state: The state folder.
        clock: Wall time.
        destination: Knows the payloads.
        wait_s: How long to wait for a push that is running.
        origins: Says which SQL makes each contract column of a view.
        asked: What the person asked for, kept with the run.
        ledger_id: Ledger that the profile pins, or None.
        pixel_window: Web events are also reported by the pixel.
    """

    state: StateFolder
    clock: Clock
    destination: Destination
    wait_s: float = 0.0
    origins: Callable[[str], Mapping[str, ColumnOrigin]] = lambda _model: {}
    asked: Asked = field(default_factory=Asked)
    ledger_id: str | None = None
    pixel_window: bool = False


@dataclass(frozen=True, slots=True)
class RetryReport:
    """What `retry` did, or would do.

    Attributes:
        refused: Rows by view and reason.
        reopened: Rows that the next push may send.
        unsettled: Refused rows of parts that still have rows to send; they can be reopened once these are settled.
    """

    refused: list[RefusedRows]
    reopened: int
    unsettled: int

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ParkedBatch:
    """A batch that waits for a person.

    Attributes:
        batch: Its id.
        model: Destination view.
        space: Key space.
        rows: Rows in it.
        attempts: Attempts so far.
        first_risk_at: When it may have arrived first, or None if it never can have.
        why: What parked it.
    """

    batch: int
    model: str
    space: str
    rows: int
    attempts: int
    first_risk_at: str | None
    why: str


@dataclass(frozen=True, slots=True)
class ResolveReport:
    """What `resolve` found and did.

    Attributes:
        action: `list`, `resend` or `assume_delivered`.
        batches: The parked batches that were meant.
        rows: Their rows.
        settled_parts: Parts that were ended by it.
    """

    action: Action
    batches: list[ParkedBatch] = field(default_factory=list)
    rows: int = 0
    settled_parts: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return asdict(self)


@contextmanager
def at_work(place: Workplace, command: str, *, changes: bool) -> Iterator[tuple[Store, str]]:
    """Open the ledger under its lock, and record a run of a command that changes it."""
    if not place.state.has_ledger():
        raise no_ledger(place.state)
    with place.state.locked(wait_s=place.wait_s):
        store = open_store(place.state, base_url=None, now=place.clock.now(), expected_id=place.ledger_id)
        try:
            refuse_old_clock(store, place.clock.now(), place.state.ledger.name)
            run = new_run_id(place.clock.now())
            with ExitStack() as stack:
                # What a run writes about itself can fail too.
                stack.enter_context(told_when_full(place.state))
                if changes:
                    _start(store, place, run, command)
                    steps = ("load", command)
                    kept = recorded(store, run, place.clock, place.destination, asked=place.asked, steps=steps)
                    stack.enter_context(stack.enter_context(kept).step(command))
                stack.enter_context(told_when_full(place.state))
                yield store, run
        finally:
            store.close()


def _start(store: Store, place: Workplace, run: str, command: str) -> None:
    with told_when_full(place.state):
        served = store.meta("base_url") or ""
        store.start_run(
            run=run,
            command=command,
            now=place.clock.now(),
            version=__version__,
            base_url=served,
            words=place.asked.words,
            variables=place.asked.variables,
        )


def retry(
    place: Workplace,
    *,
    models: Collection[str] | None,
    reasons: Collection[str] | None,
    test_event_code: str | None,
    even_unchanged: bool,
    dry_run: bool,
) -> RetryReport:
    """Let rows that TikTok refused be planned again, as long as they are inside the window.

    Args:
        place: What to work on.
        models: Views, or None for all.
        reasons: Reason codes such as `tiktok-40002`, or None for all.
        test_event_code: Rows of test pushes with this code, or None for real ones.
        even_unchanged: Also rows that their model still gives as they were refused.
        dry_run: Say what would be done.

    Raises:
        StateError: There is no ledger, or it cannot be trusted.
        AnotherRunIsActive: A push holds the lock.
    """
    space = f"test:{test_event_code}" if test_event_code else ""
    choice = Choice(space, models, reasons)
    with at_work(place, "retry", changes=not dry_run) as (store, run):
        now = place.clock.now()
        refused = refused_rows(store, place.state, choice, now=now, even_unchanged=even_unchanged)
        reopened = 0
        if not dry_run:
            reopened = reopen(store, place.state, choice, run=run, now=now, even_unchanged=even_unchanged)
        unsettled = sum(
            store.part_states(part.id).get(BatchState.DEAD, 0)
            for part in store.open_parts()
            if part.space == space and (models is None or part.model in models)
        )
    return RetryReport(refused, reopened, unsettled)


def resolve(
    place: Workplace, action: Action, *, models: Collection[str] | None, batches: Collection[int] | None
) -> ResolveReport:
    """Decide what becomes of batches whose outcome is unknown and too old to send again safely.

    Args:
        place: What to work on.
        action: `list` decides nothing; `resend` sends them with the next push, at the risk of counting twice;
            `assume_delivered` takes them for accepted, at the risk of counting never.
        models: Views, or None for all.
        batches: Ids of batches, or None for all.

    Raises:
        StateError: There is no ledger, or it cannot be trusted.
        AnotherRunIsActive: A push holds the lock.
    """
    with at_work(place, "resolve", changes=action != "list") as (store, run):
        meant = [
            (part, batch, why)
            for part, batch, why in _waiting(store, place)
            if (models is None or part.model in models) and (batches is None or batch.id in batches)
        ]
        settled = 0
        if action != "list":
            decide = store.assume_accepted if action == "assume_delivered" else store.send_anew
            with store.transaction():
                for _, batch, _ in meant:
                    decide(batch, run=run, now=place.clock.now())
            settled = _settle(store, place, {part.id: part for part, _, _ in meant}, run)
    found = [_shown(part, batch, why) for part, batch, why in meant]
    return ResolveReport(action, found, sum(one.rows for one in found), settled)


def _shown(part: Part, batch: Batch, why: str) -> ParkedBatch:
    risk = stamp(batch.first_risk_at) if batch.first_risk_at else None
    return ParkedBatch(batch.id, part.model, part.space, batch.rows, batch.attempts, risk, why)


def _waiting(store: Store, place: Workplace) -> list[tuple[Part, Batch, str]]:
    """Return what is parked, and what the next push would park, so that a person need not run one first."""
    now, found = place.clock.now(), []
    for part in store.open_parts():
        limits = place.destination.payloads[part.payload].limits
        why = store.parked_because(part.id)
        for batch in store.batches(part.id, unfinished=True):
            if batch.id in why:
                found.append((part, batch, why[batch.id]))
            elif policy.is_past_resending(batch.first_risk_at, now=now, limits=limits):
                found.append((part, batch, TOO_OLD_TO_REPEAT))
    return found


def _settle(store: Store, place: Workplace, parts: Mapping[int, Part], run: str) -> int:
    """Shrink the parts that have no open row left; returns how many."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        settling = Settling(
            store=store,
            state=place.state,
            run=run,
            now=place.clock.now,
            pool=pool,
            on_accepted=lambda _part, _value: None,
            explain=Explainer(place.destination, place.origins),
            pixel_window=place.pixel_window,
        )
        ended = 0
        for part in parts.values():
            payload = place.destination.payloads[part.payload]
            work = PartWork(part, payload, free=((0, part.rows),), encoder="")
            for batch in leaves(store.batches(part.id)):
                if batch.state in FINAL_STATES:
                    work.free = minus(work.free, batch.ranges)
            if not work.free:
                settling.start(work)
                ended += 1
        settling.finish(wait=True)
    return ended
