"""Forgets people: suppresses them, takes them out of every audience and out of rows that wait to be sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pusher.errors import AnotherRunIsActive, Incomplete, Problem
from pusher.ledger.audiences import AudienceStore
from pusher.ledger.opening import open_beside, refuse_old_clock
from pusher.ledger.rows import File, Part, Ranges, new_run_id
from pusher.ledger.state import publish
from pusher.ledger.store import Store
from pusher.push.audience.locked import OPEN, take_unknown
from pusher.push.audience.receipt import AudienceReceipt
from pusher.push.audience.receipt import exit_code as audience_exit_code
from pusher.push.audience.run import AudiencePush
from pusher.push.audience.unsure import unsure_problems
from pusher.push.encode import common, minus
from pusher.push.findings import Findings
from pusher.push.late import Late, carve_out, leave_out, write_without
from pusher.push.receipt import worst
from pusher.push.recording import recorded
from pusher.push.under_lock import ledger_under_lock, writable
from pusher.push.work import Delivered
from pusher.push.world import PushOptions, PushWorld, connected
from pusher.transport import Pacer
from pusher.version import __version__

REASON = "forget"


@dataclass(slots=True)
class Forgotten:
    """What became of the people who are to be forgotten; numbers only.

    Attributes:
        new: Digests that were not suppressed before.
        base_url: Where audiences are, as shown.
        run_id: Id of the run that took them out, or None while another run held the lock.
        audiences: What was taken out of each audience that held somebody.
        dropped: Rows of events that were never sent and will not be, by view.
        in_doubt: Rows of events that may have been delivered and are not sent again, by view.
        problems: Why something is still to be done.
        exit_code: The code that tells the truth.
    """

    new: int
    base_url: str
    run_id: str | None = None
    audiences: list[AudienceReceipt] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)
    in_doubt: dict[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    exit_code: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return {
            "run_id": self.run_id,
            "base_url": self.base_url,
            "new": self.new,
            "audiences": [
                {
                    "model": one.model,
                    "name": one.name,
                    "advertiser_id": one.advertiser_id,
                    "audience_id": one.audience_id,
                    "held": one.counts.deletes,
                    "deleted": one.deleted,
                    "pending_deletes": one.pending_deletes,
                    "unknown_deletes": one.counts.unknown_deletes,
                    "pending_unknown_deletes": one.pending_unknown_deletes,
                    "request_ids": one.request_ids,
                }
                for one in self.audiences
            ],
            "events": {"dropped": self.dropped, "in_doubt": self.in_doubt},
        }


@dataclass(frozen=True, slots=True)
class Bound:
    """What is known of audiences beside the ledger.

    Attributes:
        methods: The method of each audience view.
        problem: Why the lock file could not be read, or None.
    """

    methods: Mapping[str, str] = field(default_factory=dict)
    problem: Problem | None = None


def forget(
    digests: Collection[tuple[str, str]],
    world: PushWorld,
    options: PushOptions,
    *,
    sends: bool,
    bound: Bound = Bound(),
) -> Forgotten:
    """Suppress identifiers for ever, and take them out of all that waits and of every audience.

    Suppressing needs no lock: a push that is running looks at the list before each request.
    Every audience is told, whether the ledger knows them to be in it or not, and whether it was told before: somebody
    else may have put them there.

    Args:
        digests: The identifiers, as (kind, digest).
        world: Destination, state, clock.
        options: Pace and patience.
        sends: Tell TikTok at once who has to go, else the next push does.
        bound: What is known of audiences beside the ledger.

    Raises:
        StateError: The ledger cannot be trusted.
        Incomplete: The state folder could not be written; running again is safe.
    """
    world.state.create()
    result, new = Forgotten(0, world.endpoints.shown_as), None
    try:
        with writable(world.state):
            new = _suppress_beside(digests, world)
            result.new = new or 0
            with ledger_under_lock(world, options) as store:
                if new is None:
                    result.new = _suppress(digests, store, world)
                _forget(result, digests, world, options, store, sends=sends, bound=bound)
    except AnotherRunIsActive:
        if new is None:
            raise
        message = "They are suppressed for ever, and another run of this target is at work."
        # A push tells an audience once of everybody who is suppressed.
        is_told_later = result.new == len(digests)
        again = "Run `pusher push`" if is_told_later else "Forget them again"
        fix = f"It sends nothing new of them. {again} when it has ended: that takes them out for sure."
        result.problems, result.exit_code = (Problem("another-run", message, fix=fix),), Incomplete.exit_code
    return result


def _suppress_beside(digests: Collection[tuple[str, str]], world: PushWorld) -> int | None:
    """Suppress without the lock; None when the ledger is not there yet, or of an older version."""
    store = open_beside(world.state)
    if store is None:
        return None
    try:
        return _suppress(digests, store, world)
    finally:
        store.close()


def _suppress(digests: Collection[tuple[str, str]], store: Store, world: PushWorld) -> int:
    with store.transaction():
        return AudienceStore(store).suppress(sorted(digests), reason=REASON, now=world.clock.now())


def _forget(
    result: Forgotten,
    digests: Collection[tuple[str, str]],
    world: PushWorld,
    options: PushOptions,
    store: Store,
    *,
    sends: bool,
    bound: Bound,
) -> None:
    now = world.clock.now()
    refuse_old_clock(store, now, world.state.ledger.name)
    run = result.run_id = new_run_id(now)
    store.start_run(run=run, command=REASON, now=now, version=__version__, base_url=world.endpoints.shown_as)
    with recorded(store, run, world.clock, world.destination, asked=options.asked) as steps:
        with store.transaction():
            AudienceStore(store).tell_again(digests)
        members = AudiencePush(world, options.audience, run, store, suppressed_only=True)
        with steps.step("plan"):
            members.recover()
            untold = take_unknown(store, options.audience.lock, bound.methods, listener=world.listener, now=now)
            _Dropping(result, world, store, run).drop()
        audience = next(one for one in world.destination.payloads.values() if one.kind == "audience")
        try:
            steps.enter("deliver")
            members.plan_suppressed(audience, world.state.outbox, freeze=sends)
            if sends and members.has_changes:
                models = dict.fromkeys(one.model for one in members.receipts)
                with steps.step("deliver", models), connected(world, "audience") as transport:
                    members.deliver(transport, Pacer(options.requests_per_s, world.clock), options.limits)
                    members.name_credential()
        finally:
            members.clear()
        steps.skip(("deliver",))
        with steps.step("settle"):
            members.drop_suppressed()
            Findings(steps, store, world.destination, world.endpoints).keep((), Delivered(), members.receipts)
        result.audiences = [one for one in members.receipts if one.takes_out or one.is_open]
        untold += unsure_problems(members.unsure, bound.methods)
        found = (bound.problem, *untold, *(one.problem for one in members.receipts))
        result.problems = tuple(one for one in found if one is not None)
        codes = (Incomplete.exit_code if one.code == OPEN else 1 for one in (bound.problem, *untold) if one is not None)
        result.exit_code = worst(audience_exit_code(members.receipts, dry_run=False), *codes)
        with steps.step("receipt"):
            store.finish_run(run=run, now=world.clock.now(), exit_code=result.exit_code, receipt=result.as_json())


@dataclass(frozen=True, slots=True)
class _Dropping:
    """What takes rows of suppressed people out of the parts that wait."""

    result: Forgotten
    world: PushWorld
    store: Store
    run: str

    def drop(self) -> None:
        """Look at every open part, whatever its key space."""
        with self.store.transaction():
            self.store.recover(self.world.clock.now())
        late = Late(self.store, self.world.state.root)
        late.has_grown()
        for part in self.store.open_parts():
            gone = late.rows(part, self.world.destination.payloads[part.payload])
            if gone:
                self._drop(part, gone)

    def _drop(self, part: Part, gone: Ranges) -> None:
        assert part.path is not None  # noqa: S101 -- open parts have a file
        store, state, now, run = self.store, self.world.state, self.world.clock.now(), self.run
        old, final = state.root / part.path, state.outbox / f"{run}-part-{part.id}.parquet"
        temporary = final.with_suffix(".tmp")
        write_without(old, temporary, gone)
        digest, path = publish(temporary, final), final.relative_to(state.root).as_posix()
        size = final.stat().st_size
        free = common(minus(((0, part.rows),), store.covered(part.id)), gone)
        with store.transaction():
            store.swap_file(part.path, File(0, path, "outbox", part.space, part.model, part.rows, size, digest))
            for batch in store.batches(part.id, unfinished=True):
                rows = common(batch.ranges, gone)
                if rows:
                    carve_out(store, batch, rows, run=run, now=now)
                    counts = self.result.dropped if batch.first_risk_at is None else self.result.in_doubt
                    _count(counts, part.model, rows)
            if free:
                leave_out(store, part, free, run=run, now=now)
                _count(self.result.dropped, part.model, free)
        old.unlink()


def _count(counts: dict[str, int], model: str, rows: Ranges) -> None:
    counts[model] = counts.get(model, 0) + sum(count for _, count in rows)
