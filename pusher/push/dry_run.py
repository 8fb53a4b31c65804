"""Plans a push as if it were one, and sends, freezes and changes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from pusher.ledger.audiences import AudienceStore
from pusher.ledger.opening import check_files_at_rest, check_identity, read_store, unreadable
from pusher.ledger.state import scratch_folder
from pusher.ledger.store import Store
from pusher.push import receipt as receipts
from pusher.push.audience.receipt import exit_code as audience_exit_code
from pusher.push.audience.run import AudiencePush
from pusher.push.audience.unasked import tell_unasked
from pusher.push.listing_guard import read_listing
from pusher.push.planning import (
    Chosen,
    compare_with_last_run,
    elsewhere,
    leaving_no_trace,
    plan_all,
    plan_options,
    plan_others,
    tell_held_back,
)
from pusher.push.world import PushOptions, PushReport, PushWorld


def dry_run(chosen: Chosen, world: PushWorld, options: PushOptions) -> PushReport:
    """Plan the views of a push and say what it would do.

    Raises:
        PlanError: A view cannot be planned.
        StateError: A push would not take this ledger.
        Incomplete: The user asked to stop.
    """
    started = world.clock.monotonic_s()
    with scratch_folder() as folder, _reading(world, options) as store:
        if store is not None:
            compare_with_last_run(chosen, world, options, store)
        planning = plan_options(world, options, store)
        with leaving_no_trace(world, folder, planning.run):
            listing = read_listing(world, folder, planning.run, store, options.list_guard)
            planning = replace(planning, listed=listing.files)
            views = () if listing.problem is not None else chosen.events
            waiting = elsewhere(store, views, options, planning) if store is not None else []
            if store is not None and listing.problem is None:
                tell_held_back(world, waiting, store, options)
            members = AudiencePush(
                world, options.audience, planning.run, store, listed=planning.listed, withheld=listing.problem
            )
            others = AudiencePush(
                world, options.audience, planning.run, store, listed=planning.listed, suppressed_only=True
            )
            members.plan(chosen.audiences, folder, freeze=False)
            plan_others(others, chosen, world, options, folder, freeze=False)
            tell_unasked(members, AudienceStore.of(store), world.destination.audiences, planning.now)
            audiences = members.receipts + others.receipts
            planned = plan_all(views, world, planning, folder=folder, store=store, elsewhere=waiting)
        models = [receipts.from_plan(plan) for plan, _ in planned]
        if store is not None:
            receipts.weigh(models, [plan for plan, _ in planned], store, planning.run)
    for model in models:
        model.terms["pending"] = model.terms["planned"]
        model.close()
    seconds = {"plan": world.clock.monotonic_s() - started, "deliver": 0.0, "settle": 0.0}
    code = receipts.exit_code(models, halted=False, gave_up=True, on_change=options.on_change)
    findings = any(model.terms["invalid"] or model.new_conflicts for model in models)
    code = receipts.worst(code if findings or listing.problem else 0, audience_exit_code(audiences, dry_run=True))
    wrong = (listing.problem, *(one.problem for one in audiences))
    problems = tuple(dict.fromkeys(one for one in wrong if one is not None))
    return PushReport(
        planning.run, world.endpoints.shown_as, True, models, seconds, 0, code, problems, audiences=audiences
    )


@contextmanager
def _reading(world: PushWorld, options: PushOptions) -> Iterator[Store | None]:
    """Open the ledger for reading, if it is one that a push would take; what it cannot answer is its state's fault.

    A ledger that the profile pins may be on the machine that pushes: where none was in use, all rows are new.
    """
    state = world.state
    # A push would begin a new one.
    store = None if options.adopt and not state.has_written_ledger() else read_store(state)
    try:
        if store is not None:
            check_identity(
                store,
                state,
                base_url=world.endpoints.shown_as,
                expected=options.ledger_id,
                adopt=options.adopt,
            )
            check_files_at_rest(store, state, has_digests=True)
        yield store
    except sqlite3.Error as error:
        raise unreadable(error, state.ledger.name) from error
    finally:
        if store is not None:
            store.close()
