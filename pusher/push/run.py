"""One push: recover, plan every view, deliver, settle, add up."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pusher.contracts import BatchState
from pusher.errors import ConfigError, Problem
from pusher.ledger.audiences import AudienceStore
from pusher.ledger.compaction import compact_keys
from pusher.ledger.left import SEARCH_ON, left_rows
from pusher.ledger.older_copy import remember_run
from pusher.ledger.reconcile import Reconciled
from pusher.ledger.rows import Part, for_space
from pusher.ledger.state import remove_old_scratch
from pusher.ledger.steps import Steps
from pusher.ledger.store import Store
from pusher.progress import Notice
from pusher.push import receipt as receipts
from pusher.push.audience.plan import AudienceView
from pusher.push.audience.receipt import exit_code as audience_exit_code
from pusher.push.audience.run import AudiencePush
from pusher.push.deliver import Delivery
from pusher.push.dry_run import dry_run
from pusher.push.findings import Findings
from pusher.push.freezing import commit_plan
from pusher.push.listing_guard import listed_in, read_listing
from pusher.push.plan import Plan, PlanOptions, View
from pusher.push.planning import (
    Chosen,
    compare_with_last_run,
    elsewhere,
    expire_old_rows,
    leaving_no_trace,
    plan_all,
    plan_options,
    plan_others,
    refuse_if_stopped,
    resumable,
    tell_held_back,
    tell_released,
)
from pusher.push.receipt import ModelReceipt, Refusal
from pusher.push.recording import recorded
from pusher.push.refused import Explainer, reason_of
from pusher.push.under_lock import ledger_under_lock, writable
from pusher.push.work import Delivered
from pusher.push.world import PushOptions, PushReport, PushWorld, Telling, connected
from pusher.transport import Pacer
from pusher.version import __version__


def push(
    views: Sequence[View], world: PushWorld, options: PushOptions, audiences: Sequence[AudienceView] = ()
) -> PushReport:
    """Push destination views.

    Args:
        views: The views of events, in the order to plan them.
        world: Destination, state, clock.
        options: What the person chose.
        audiences: The views of audiences.

    Raises:
        PlanError: A view cannot be planned; nothing was sent.
        StateError: The ledger cannot be trusted; nothing was sent.
        DestinationRefused: TikTok would refuse what would be sent; nothing was frozen or sent.
        AnotherRunIsActive: Another push holds the lock.
        Incomplete: The state folder could not be written, or the user asked to stop before anything was sent;
            running again is safe.
    """
    telling = Telling(world.listener)
    world = replace(world, listener=telling)
    for sentence in world.told_before:
        telling(Notice(sentence))
    chosen = Chosen(views, audiences)
    report = dry_run(chosen, world, options) if options.dry_run else _locked_push(chosen, world, options)
    report.notices = tuple(telling.notices)
    return report


def _locked_push(chosen: Chosen, world: PushWorld, options: PushOptions) -> PushReport:
    remove_old_scratch()
    world.state.create()
    with ledger_under_lock(world, options, adopt=options.adopt) as store:
        if options.adopt:
            world.listener(Notice(f"The ledger {store.meta('ledger_id')} serves this target from now on."))
        compare_with_last_run(chosen, world, options, store)
        with writable(world.state):
            return _push(chosen, world, options, store)


def _push(chosen: Chosen, world: PushWorld, options: PushOptions, store: Store) -> PushReport:
    """Run and record it, however it ends."""
    planning = plan_options(world, options, store)
    store.start_run(
        run=planning.run,
        command="audience reconcile" if options.audience.reassert else "push",
        now=planning.now,
        version=__version__,
        base_url=world.endpoints.shown_as,
        normaliser_version=options.normaliser_version,
        test_event_code=options.test_event_code,
        words=options.asked.words,
        variables=options.asked.variables,
    )
    if options.longest_lookback_s is None:
        remember_run(store, planning.run, planning.now)
    with (
        recorded(store, planning.run, world.clock, world.destination, asked=options.asked) as steps,
        writable(world.state),
    ):
        report = _run(chosen, world, options, store, planning, steps=steps)
    if not chosen.events:
        return report
    limits = chosen.events[0].payload.limits
    keep_since = int(planning.now.timestamp()) - limits.max_age_s - limits.dedupe_window_s
    left = compact_keys(
        store, world.state, space=planning.space, keep_since=keep_since, run=planning.run, now=planning.now
    )
    if left is not None:
        world.listener(Notice(left))
    return report


def _run(
    chosen: Chosen, world: PushWorld, options: PushOptions, store: Store, planning: PlanOptions, *, steps: Steps
) -> PushReport:
    clock = world.clock
    began = (planning.now, clock.monotonic_s())
    looked = _look_at_account(world, steps)
    refuse_if_stopped(world)
    started = clock.monotonic_s()
    steps.enter("plan")
    with leaving_no_trace(world, world.state.outbox, planning.run):
        listing = read_listing(world, world.state.outbox, planning.run, store, options.list_guard)
        views = () if listing.problem is not None else chosen.events
        newest = AudienceStore(store).newest_suppressed()
        planning = replace(planning, listed=listing.files, newest_suppressed=newest)
        earlier = {view.model: store.last_accepting_run(view.model, planning.space) for view in views}
        parts = [] if listing.problem is not None else resumable(store, views, options, planning)
        before = {part.id: store.part_states(part.id) for part in parts}
        expire_old_rows(parts, world, planning, store)
        waiting = elsewhere(store, views, options, planning)
        if listing.problem is None:
            tell_held_back(world, waiting, store, options)
        members = AudiencePush(
            world,
            options.audience,
            planning.run,
            store,
            listed=planning.listed,
            withheld=listing.problem,
            steps=steps,
        )
        members.recover()
        members.plan(chosen.audiences, world.state.outbox, freeze=True)
        others = AudiencePush(
            world, options.audience, planning.run, store, listed=planning.listed, suppressed_only=True
        )
        plan_others(others, chosen, world, options, world.state.outbox, freeze=True)
        planned = plan_all(
            views, world, planning, folder=world.state.outbox, store=store, elsewhere=waiting, steps=steps
        )
        _refuse_without_token(world, parts, others)
    listing.keep(store, now=planning.now)
    for plan, result in planned:
        commit_plan(plan, result, store=store, state=world.state, destination=world.destination.name, options=planning)
        tell_released(plan, world.listener)
    models = [receipts.from_plan(plan) for plan, _ in planned]
    planned_s = clock.monotonic_s() - started
    parts = [] if listing.problem is not None else resumable(store, views, options, planning)
    resumed = {part.id: (part, before[part.id]) for part in parts if part.run != planning.run}
    delivering = clock.monotonic_s()
    delivered = _deliver(world, options, store, planning, parts, planned=planned, began=began, steps=steps)
    members_s = _deliver_members((members, others), world, options, steps, since=delivering)
    # When nothing was due.
    steps.skip(("deliver",))
    audiences = members.receipts + others.receipts
    settling = clock.monotonic_s()
    explain = Explainer(world.destination, world.origins)
    with steps.step("settle"):
        _account(models, [plan for plan, _ in planned], store, planning, delivered, resumed=resumed, explain=explain)
        findings = Findings(steps, store, world.destination, world.endpoints, planning.space)
        findings.keep(models, delivered, audiences, listing.problem)
    for model in models:
        model.earlier_run = earlier.get(model.model)
    report = PushReport(
        run_id=planning.run,
        base_url=world.endpoints.shown_as,
        dry_run=False,
        models=models,
        seconds={
            "plan": planned_s,
            "deliver": delivered.seconds - delivered.settle_s + members_s,
            "settle": delivered.settle_s + clock.monotonic_s() - settling,
        },
        requests=delivered.requests + sum(one.requests for one in audiences),
        problems=_problems(delivered, world, planning.space, listing.problem, *(one.problem for one in audiences)),
        sandbox=world.endpoints.totals(),
        audiences=audiences,
        preflight=looked,
    )
    gave_up = delivered.stopped is not None and delivered.stopped.code == "too-many-refused"
    report.exit_code = receipts.worst(
        receipts.exit_code(models, halted=bool(delivered.halts), gave_up=gave_up, on_change=options.on_change),
        audience_exit_code(audiences, dry_run=False),
        0 if listing.problem is None else 1,
    )
    with steps.step("receipt"):
        store.finish_run(run=planning.run, now=clock.now(), exit_code=report.exit_code, receipt=report.as_json())
    _tidy_up(world, planning)
    return report


def _tidy_up(world: PushWorld, planning: PlanOptions) -> None:
    """Remove what was written for this run alone."""
    shown = world.state.outbox.glob(f"{planning.run}-*.shown")
    for folder in (listed_in(world.state.outbox, planning.run), *shown):
        shutil.rmtree(folder, ignore_errors=True)


def _look_at_account(world: PushWorld, steps: Steps) -> Mapping[str, Any] | None:
    """Stop a push that TikTok would refuse, where somebody looks; returns what was found."""
    if world.preflight is None:
        return None
    with steps.step("preflight"):
        return world.preflight(world.listener)


def _refuse_without_token(world: PushWorld, waiting: Sequence[Part], others: AudiencePush) -> None:
    """Refuse a push that also goes on with what no view of it has, and has no token for that.

    Raises:
        ConfigError: The token is missing; nothing was frozen.
    """
    for kind, is_due in (("events", waiting), ("audience", others.receipts)):
        if is_due:
            world.endpoints.of(kind)


def _deliver(
    world: PushWorld,
    options: PushOptions,
    store: Store,
    planning: PlanOptions,
    parts: list[Part],
    *,
    planned: Sequence[tuple[Plan, Reconciled]],
    began: tuple[datetime, float],
    steps: Steps,
) -> Delivered:
    if not parts:
        return Delivered()
    models = dict.fromkeys(part.model for part in parts)
    with steps.step("deliver", models), connected(world, "events") as transport:
        delivery = Delivery(
            store=store,
            state=world.state,
            destination=world.destination,
            transport=transport,
            pacer=Pacer(options.requests_per_s, world.clock),
            clock=world.clock,
            listener=world.listener,
            run=planning.run,
            limits=options.limits,
            should_stop=world.should_stop,
            origins=world.origins,
            listed=planning.listed,
            planned=planning.newest_suppressed,
            shown=[plan.shown for plan, _ in planned if plan.shown is not None],
            began=began,
        )
        return delivery.deliver(parts)


def _has_token(world: PushWorld) -> bool:
    """Whether there is a token for requests about audiences."""
    try:
        world.endpoints.of("audience")
    except ConfigError:
        return False
    return True


def _deliver_members(
    pushes: Sequence[AudiencePush], world: PushWorld, options: PushOptions, steps: Steps, *, since: float
) -> float:
    """Tell TikTok who comes and who goes, in what is left of the run's time; returns the seconds that it took."""
    started = world.clock.monotonic_s()
    models = dict.fromkeys(receipt.model for one in pushes for receipt in one.receipts)
    if not models and any(one.unsure for one in pushes) and not _has_token(world):
        # What is only named holds nothing up.
        for one in pushes:
            one.tell_unsure()
    elif models or any(one.unsure for one in pushes):
        with steps.step("deliver", models), connected(world, "audience") as transport:
            pacer = Pacer(options.requests_per_s, world.clock)
            for one in pushes:
                left_s = since + options.limits.deadline_s - world.clock.monotonic_s()
                one.deliver(transport, pacer, replace(options.limits, deadline_s=max(0.0, left_s)))
                one.name_credential()
                one.tell_unsure()
    for one in pushes:
        one.clear()
    return world.clock.monotonic_s() - started


def _account(
    models: list[ModelReceipt],
    plans: Sequence[Plan],
    store: Store,
    planning: PlanOptions,
    delivered: Delivered,
    *,
    resumed: Mapping[int, tuple[Part, Mapping[BatchState, int]]],
    explain: Explainer,
) -> None:
    """Fill in what became of the planned rows, of this run and of earlier ones."""
    receipts.weigh(models, plans, store, planning.run)
    by_model = {model.model: model for model in models}
    for part in store.parts_of_run(planning.run):
        for term, rows in receipts.rows_by_term(store.part_states(part.id), part.rows).items():
            by_model[part.model].terms[term] += rows
    for part, before in resumed.values():
        model = by_model.setdefault(part.model, ModelReceipt(part.model))
        was = receipts.rows_by_term(before, part.rows)
        now = receipts.rows_by_term(store.part_states(part.id), part.rows)
        counted = {term: now[term] - was[term] for term in now if term not in {"pending", "parked"}}
        counted |= {"pending": now["pending"], "parked": now["parked"]}
        model.resume(counted)
    for model_name, _, _, _, rows in store.refusals(*planning.unshown):
        by_model.setdefault(model_name, ModelReceipt(model_name)).resume({"dead": rows})
    for model_name, state, rows in store.ended_by(planning.untold) if planning.untold else ():
        model = by_model.setdefault(model_name, ModelReceipt(model_name))
        model.resume({receipts.FINAL_TERM[state]: rows})
        model.accepted_untold += rows if state is BatchState.ACCEPTED else 0
    models[:] = list(by_model.values())
    _tell_refusals(by_model, store, planning, explain)
    for model in models:
        model.attempts = delivered.attempts.get(model.model, 0)
        model.requests = model.attempts
        model.sent = delivered.sent.get(model.model, {})
        model.sent_of_earlier = delivered.sent_of_earlier.get(model.model, {})
        model.request_ids = list(delivered.request_ids.get(model.model, ()))
        model.close()


def _tell_refusals(
    by_model: Mapping[str, ModelReceipt], store: Store, planning: PlanOptions, explain: Explainer
) -> None:
    """Add the rows that TikTok refused, and those of refused batches that are left."""
    for model_name, payload, code, message, rows in store.refusals(planning.run, *planning.unshown):
        column = explain.column(payload, message)
        fix = for_space(explain.fix(column, explain.origin(model_name, column)), planning.space)
        by_model[model_name].refusals.append(Refusal(reason_of(code), column, rows, message, fix, "dead"))
    for left in left_rows(store):
        model = by_model.get(left.model)
        if left.is_piece and left.space == planning.space and model is not None and model.rows("pending"):
            column, fix = explain.column(left.payload, left.message), for_space(SEARCH_ON, left.space)
            model.refusals.append(Refusal(reason_of(left.code), column, left.rows, left.told, fix, "pending"))


def _problems(delivered: Delivered, world: PushWorld, space: str, *further: Problem | None) -> tuple[Problem, ...]:
    """Return everything that is wrong, each once: what holds back all audiences is told by each of them."""
    problems = []
    for _, verdict in delivered.halts:
        code = "" if verdict.code is None else f" (code {verdict.code})"
        problem = Problem(
            f"tiktok-{verdict.response_class.lower()}",
            f"TikTok refused the request{code}: {verdict.message or 'no message'}",
            fix=verdict.remedy,
            return_code=verdict.code,
        )
        problems.append(world.endpoints.of("events").refused(problem))
    if delivered.stopped is not None:
        problems.append(replace(delivered.stopped, fix=for_space(delivered.stopped.fix or "", space) or None))
    return tuple(dict.fromkeys([*problems, *(one for one in further if one is not None)]))
