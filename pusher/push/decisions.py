"""What a person decides about rows that a push cannot settle by itself: refused ones and parked ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from pusher.clock import Clock
from pusher.contracts import FINAL_STATES, BatchState, ColumnOrigin, Destination
from pusher.ledger.opening import no_ledger, open_store, refuse_old_clock
from pusher.ledger.reopen import Choice, RefusedRows, refused_rows, reopen
from pusher.ledger.rows import Asked, Batch, Part, Ranges, leaves, new_run_id, stamp
from pusher.ledger.state import StateFolder, told_when_full
from pusher.ledger.store import Store
from pusher.push import policy
from pusher.push.encode import common, minus
from pusher.push.recording import recorded
from pusher.push.recovery import old_rows, past_resending_because
from pusher.push.refused import Explainer
from pusher.push.settle import Settling
from pusher.push.work import PartWork
from pusher.version import __version__

Action = Literal["list", "resend", "assume_delivered"]
TOO_OLD_TO_SEND = "A person said that it was not delivered, and it was too old to be sent again."


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
        too_old: Those of the rows that `resend` found too old to be counted: they end as not sent in time.
    """

    action: Action
    batches: list[ParkedBatch] = field(default_factory=list)
    rows: int = 0
    settled_parts: int = 0
    too_old: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return asdict(self)


@contextmanager
def at_work(
    place: Workplace, command: str, *, changes: bool, test_event_code: str | None = None
) -> Iterator[tuple[Store, str]]:
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
                    _start(store, place, run, command, test_event_code)
                    steps = ("load", command)
                    kept = recorded(store, run, place.clock, place.destination, asked=place.asked, steps=steps)
                    stack.enter_context(stack.enter_context(kept).step(command))
                stack.enter_context(told_when_full(place.state))
                yield store, run
        finally:
            store.close()


def _start(store: Store, place: Workplace, run: str, command: str, test_event_code: str | None) -> None:
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
            test_event_code=test_event_code,
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
    with at_work(place, "retry", changes=not dry_run, test_event_code=test_event_code) as (store, run):
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
        report = RetryReport(refused, reopened, unsettled)
        if not dry_run:
            chosen = {"of_models": models and sorted(models), "of_reasons": reasons and sorted(reasons)}
            store.finish_run(run=run, now=place.clock.now(), exit_code=0, receipt=report.as_json() | chosen)
    return report


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
        settled = too_old = 0
        if action != "list":
            old = {part.id: _old_rows(place, part) for part, _, _ in meant} if action == "resend" else {}
            with store.transaction():
                for part, batch, _ in meant:
                    if action == "assume_delivered":
                        store.assume_accepted(batch, run=run, now=place.clock.now())
                    else:
                        too_old += _send_anew(store, batch, old[part.id], run=run, now=place.clock.now())
            settled = _settle(store, place, {part.id: part for part, _, _ in meant}, run)
    found = [_shown(part, batch, why) for part, batch, why in meant]
    return ResolveReport(action, found, sum(one.rows for one in found), settled, too_old)


def _old_rows(place: Workplace, part: Part) -> Ranges:
    """Return the rows of a part that TikTok would not count any more."""
    assert part.path is not None  # noqa: S101 -- open parts have a file
    max_age_s = place.destination.payloads[part.payload].longest_age_s(pixel_window=place.pixel_window)
    return old_rows(place.state.root / part.path, now=place.clock.now(), max_age_s=max_age_s)


def _send_anew(store: Store, batch: Batch, old: Ranges, *, run: str, now: datetime) -> int:
    """Let a batch be sent anew, but for its rows that are too old; returns how many these are."""
    gone = common(batch.ranges, old)
    if not gone:
        store.send_anew(batch, run=run, now=now)
        return 0
    store.set_state(batch, BatchState.SPLIT, now=now)
    expired = store.add_batch(part=batch.part, ranges=gone, run=run, now=now, parent=batch)
    store.set_state(expired, BatchState.EXPIRED, now=now, message=TOO_OLD_TO_SEND)
    if rest := minus(batch.ranges, gone):
        store.send_anew(store.add_batch(part=batch.part, ranges=rest, run=run, now=now, parent=batch), run=run, now=now)
    return sum(rows for _, rows in gone)


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
                found.append((part, batch, past_resending_because(batch, now)))
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
