"""What one push plans: its views, what earlier runs froze, and who is suppressed in audiences that no view fills."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pusher.contracts import BatchState, EngineError
from pusher.errors import Incomplete, Problem, PusherError
from pusher.ledger.compaction import pruned_before
from pusher.ledger.older_copy import check_newest
from pusher.ledger.opening import refuse_old_clock
from pusher.ledger.reconcile import Reconciled
from pusher.ledger.rows import Part, Ranges, new_run_id
from pusher.ledger.steps import Steps
from pusher.ledger.store import Store
from pusher.plural import counted
from pusher.progress import Listener, Notice, PlanFinished
from pusher.push import receipt as receipts
from pusher.push.audience.plan import AudienceView
from pusher.push.audience.run import AudiencePush
from pusher.push.encode import due_rows
from pusher.push.plan import Plan, PlanOptions, View, plan_view
from pusher.push.recovery import expire, old_rows, without_risk
from pusher.push.world import PushOptions, PushWorld

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Chosen:
    """The views of one push: of events, and of audiences."""

    events: Sequence[View]
    audiences: Sequence[AudienceView]


def compare_with_last_run(chosen: Chosen, world: PushWorld, options: PushOptions, store: Store) -> None:
    """Refuse a clock that went back and a ledger that did, unless what was sent since does no harm."""
    now, shown = world.clock.now(), world.state.ledger.name
    refuse_old_clock(store, now, shown)
    # Whom a lost run put into an audience is never known again.
    windows = [0] if chosen.audiences else [view.payload.limits.dedupe_window_s for view in chosen.events]
    if told := check_newest(store, now, window_s=min(windows, default=0), shown=shown, adopt=options.adopt):
        world.listener(Notice(told))


def plan_options(world: PushWorld, options: PushOptions, store: Store | None) -> PlanOptions:
    """Return what the plans of one run have in common, with a new run's id."""
    now = world.clock.now()
    return PlanOptions(
        run=new_run_id(now),
        now=now,
        space=f"test:{options.test_event_code}" if options.test_event_code else "",
        pixel_window=options.pixel_window,
        strict=options.strict,
        oldest_s=pruned_before(store) if store else None,
        longest_lookback_s=options.longest_lookback_s,
        shared=options.shared,
        untold=store.untold_runs(options.test_event_code) if store else (),
        unshown=store.untold_runs(options.test_event_code, refusals=True) if store else (),
    )


def _interrupted() -> Incomplete:
    message = "The push was interrupted before anything was sent."
    return Incomplete(Problem("interrupted", message, fix="Run again: nothing was lost."))


def refuse_if_stopped(world: PushWorld) -> None:
    """End a push before anything is sent, when the user asked to stop.

    Raises:
        Incomplete: They did.
    """
    if world.should_stop():
        raise _interrupted()


@contextmanager
def leaving_no_trace(world: PushWorld, folder: Path, run: str) -> Iterator[None]:
    """Leave no trace of the staging of other views when one fails."""
    try:
        yield
        refuse_if_stopped(world)
    except BaseException as error:
        for leftover in folder.glob(f"{run}-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        # An engine tells that a signal cut its query in words of its own.
        if world.should_stop() and isinstance(error, KeyboardInterrupt | PusherError | EngineError | RuntimeError):
            raise _interrupted() from error
        raise


def plan_all(
    views: Sequence[View],
    world: PushWorld,
    planning: PlanOptions,
    *,
    folder: Path,
    store: Store | None,
    elsewhere: Sequence[Part] = (),
    steps: Steps | None = None,
) -> list[tuple[Plan, Reconciled]]:
    """Plan every view of events before anything is sent."""
    found: list[tuple[Plan, Reconciled]] = []
    unsent = _unsent_rows(store, world, planning, elsewhere) if store else None
    for view in views:
        refuse_if_stopped(world)
        started = world.clock.monotonic_s()
        kept = nullcontext() if steps is None else steps.step("plan", [view.model])
        with kept, world.interruptible():
            plan, result = plan_view(
                view,
                open_engine=lambda: world.open_engine(folder),
                folder=folder,
                store=store,
                state_root=world.state.root,
                options=planning,
                frozen_before=[part.path for _, before in found for _, part in before.parts],
                elsewhere=elsewhere,
                unsent=unsent,
                origins=world.origins,
            )
        found.append((plan, result))
        seconds = world.clock.monotonic_s() - started
        world.listener(PlanFinished(view.model, plan.rows, plan.planned, seconds))
    return found


def _unsent_rows(store: Store, world: PushWorld, planning: PlanOptions, elsewhere: Sequence[Part]) -> pa.Table | None:
    """Return the frozen rows of which TikTok has nothing, and that nobody sends any more.

    They grew too old before they were first sent, or their people were suppressed by then.
    A push has recorded them before; a dry run finds what it would record.
    """
    import pyarrow as pa

    found = []
    left_alone = {part.id for part in elsewhere}
    for part in store.open_parts():
        if part.space != planning.space:
            continue
        rows = () if part.id in left_alone else _too_old(store, part, world, planning)
        if not {BatchState.EXPIRED, BatchState.SUPPRESSED}.isdisjoint(store.part_states(part.id)):
            ended = [one for one in store.batches(part.id) if one.has_left_unsent or one.state is BatchState.EXPIRED]
            rows += tuple(piece for batch in ended for piece in batch.ranges)
        if rows:
            path = world.state.root / str(part.path)
            keys = due_rows(path, "_event_key".__eq__).rename_columns(["event_key"])
            files = pa.array([path.as_posix()] * keys.num_rows, pa.string())
            found += [keys.add_column(0, "file", files).slice(*piece) for piece in rows]
    return pa.concat_tables(found) if found else None


def _too_old(store: Store, part: Part, world: PushWorld, planning: PlanOptions) -> Ranges:
    """Return the rows of an open part that would end unsent now, because they are too old."""
    payload = world.destination.payloads[part.payload]
    max_age_s = payload.longest_age_s(pixel_window=planning.pixel_window)
    old = old_rows(world.state.root / str(part.path), now=planning.now, max_age_s=max_age_s)
    return without_risk(store, part, old)


def expire_old_rows(parts: Sequence[Part], world: PushWorld, planning: PlanOptions, store: Store) -> None:
    """Record which rows of parts grew too old before they were first sent.

    Before anything is planned: an event of theirs that its model has dated anew is due at once, and must not meet its
    first copy again, whatever ends this run and whichever way the clock goes.
    """
    with store.transaction():
        for part in parts:
            if rows := _too_old(store, part, world, planning):
                expire(store, part, rows, run=planning.run, now=planning.now)


def resumable(store: Store, views: Sequence[View], options: PushOptions, planning: PlanOptions) -> list[Part]:
    """Return the open parts that this run may send: of its key space, and of the selected views."""
    selected = {view.model for view in views}
    return [
        part
        for part in store.open_parts()
        if part.space == planning.space
        and part.model not in options.left_alone
        and (part.model in selected or (options.resume_all and "events" not in options.held_back))
    ]


def tell_held_back(world: PushWorld, waiting: Sequence[Part], store: Store, options: PushOptions) -> None:
    """Say which rows stay because no view of the project has them any more, and the user may not go on with them."""
    if not options.resume_all:
        return
    rows: dict[str, int] = {}
    for part in waiting:
        if part.model not in options.left_alone:
            states = receipts.rows_by_term(store.part_states(part.id), part.rows)
            rows[part.model] = rows.get(part.model, 0) + states["pending"]
    for model, count in rows.items():
        if count:
            world.listener(
                Notice(
                    f"{counted(count, 'row')} that earlier runs froze for {model} "
                    f"{'waits' if count == 1 else 'wait'}: the project has no such view any more, "
                    f"and {options.held_back['events']}"
                )
            )


def elsewhere(store: Store, views: Sequence[View], options: PushOptions, planning: PlanOptions) -> list[Part]:
    """Return the open parts of the key space that this run leaves alone."""
    taken = {part.id for part in resumable(store, views, options, planning)}
    return [part for part in store.open_parts() if part.space == planning.space and part.id not in taken]


def tell_released(plan: Plan, listener: Listener) -> None:
    """Say which rows of earlier runs a plan gave back to its view."""
    for part in plan.released:
        listener(
            Notice(
                f"{counted(part.rows, 'row')} of {part.model} that run {part.run} froze for "
                f"{part.source_id} {'was' if part.rows == 1 else 'were'} given back to "
                f"the view: the settings name {plan.view.source_id} now, and nothing of them was sent."
            )
        )


def plan_others(
    others: AudiencePush, chosen: Chosen, world: PushWorld, options: PushOptions, folder: Path, *, freeze: bool
) -> None:
    """See who is suppressed in the audiences that none of the views fills, when all views are pushed."""
    if not options.tells_others or options.test_event_code is not None:
        return
    audience = next((one for one in world.destination.payloads.values() if one.kind == "audience"), None)
    if audience is not None:
        why_not = options.held_back.get("audience")
        with world.interruptible():
            others.plan_suppressed(audience, folder, freeze=freeze and why_not is None, beside=chosen.audiences)
        if why_not is None:
            others.leave_unchanged(options.left_alone)
        else:
            others.hold_back(why_not)
