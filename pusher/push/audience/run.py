"""The audiences of one push: recover, compare, bind, deliver, settle."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from pusher.errors import PlanError, Problem
from pusher.ledger.audiences import Audience, AudienceStore
from pusher.ledger.steps import Steps
from pusher.ledger.store import Store
from pusher.payload.model import Payload
from pusher.progress import AudienceCompared, Notice
from pusher.push.audience.asking import Asking
from pusher.push.audience.binding import FILE, Binder, NotBound, checked_audience, go_on_until, take_locked
from pusher.push.audience.change_files import ChangeFiles
from pusher.push.audience.deliver import Lane, MemberDelivery
from pusher.push.audience.files import FilePush
from pusher.push.audience.gone import excuse_gone
from pusher.push.audience.lock_file import LOCK_FILE
from pusher.push.audience.options import AudienceOptions
from pusher.push.audience.past_end import ended_by_now
from pusher.push.audience.plan import AudiencePlan, AudienceView, Staged, compare, stage_members
from pusher.push.audience.receipt import AudienceReceipt
from pusher.push.audience.settle import MemberSettling
from pusher.push.audience.unfilled import not_filled, tell_held, tell_unfilled, unfilled
from pusher.push.audience.unsure import still_there, tell_unsure
from pusher.push.plan import View
from pusher.push.senders import Sender, threads
from pusher.push.work import DeliveryLimits
from pusher.push.world import PushWorld
from pusher.transport import Pacer

MOST_ROUNDS = 3
"""How often the list of suppressed people is looked at again when it grew while members were sent."""


@dataclass(slots=True)
class AudiencePush:
    """The audiences of one push.

    Args:
        world: Destination, state, clock.
        options: What the person chose.
        run: Run id.
        store: The ledger, or None when there is none yet and nothing is sent.
        seed: Seed of the back-off's jitter.
        pools: Makes the pool that sends, by its number of threads and name.
        listed: The project's own list of suppressed identifiers.
        suppressed_only: Take suppressed identifiers out, and leave everything else as it is.
        withheld: Why everything but suppressed identifiers is left as it is, or None.
        steps: Keeps what is done for each view, or None when no run is recorded.

    Attributes:
        plans: What has to change in each audience.
        unsure: Audiences of files that no view fills, and of whose members nothing is known.
        gone: Those of them that TikTok turned out not to have.
        changes: The files of what changes.
        ends_s: Monotonic time after which nothing new is begun.
        whole: The audiences that are given as files.
    """

    world: PushWorld
    options: AudienceOptions
    run: str
    store: Store | None
    seed: int | None = None
    pools: Callable[[int, str], Executor] = threads
    listed: Sequence[Path] = ()
    suppressed_only: bool = False
    withheld: Problem | None = None
    steps: Steps | None = None
    plans: list[AudiencePlan] = field(default_factory=list)
    unsure: list[Audience] = field(default_factory=list)
    gone: list[Audience] = field(default_factory=list)
    changes: ChangeFiles = field(init=False)
    ends_s: float = field(default=0.0, init=False)
    whole: FilePush = field(init=False)

    def __post_init__(self) -> None:
        """Set up the files of what changes, and what is given as files."""
        self.changes = ChangeFiles(self.world.state, self.run)
        self.whole = FilePush(
            self.world, self.options, self.run, self.store, self.seed, self.listed, self.suppressed_only, self.withheld
        )

    @property
    def receipts(self) -> list[AudienceReceipt]:
        """The lines of the receipt, so far."""
        return [plan.receipt for plan in self.plans] + [line for plan in self.whole.plans for line in plan.receipts]

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to tell TikTok."""
        return (
            any(plan.frozen for plan in self.plans)
            or any(plan.whole is not None or plan.is_unconfirmed for plan in self.whole.plans)
            or bool(self.unsure)
        )

    def recover(self) -> None:
        """Settle what an earlier run left behind, so that what is in doubt is known as that."""
        if self.store is not None:
            self._settling(self.store).settle(self.world.clock.now())
            self.whole.recover()

    def plan(self, views: Sequence[AudienceView], folder: Path, *, freeze: bool) -> list[AudienceReceipt]:
        """Read every view once and compare it with its audiences.

        Raises:
            PlanError: A view cannot be read.
            StateError: Disk or memory ran out.
        """
        if not freeze:
            self._tell_of_unsettled(views)
        for view in views:
            self._refuse_other_method(view, keep=freeze)
            started = self.world.clock.monotonic_s()
            kept = nullcontext() if self.steps is None else self.steps.step("plan", [view.view.model])
            with kept, self.world.interruptible():
                staged = stage_members(
                    view,
                    open_engine=lambda: self.world.open_engine(folder),
                    folder=folder / f"{self.run}-{view.view.model}.members",
                    kinds=self.world.destination.audiences.kinds,
                    origins=self.world.origins,
                )
                mine = self._planned(staged, folder, freeze=freeze)
            due = sum(one.counts.adds + one.counts.deletes + one.counts.unknown_deletes for one in mine)
            seconds = self.world.clock.monotonic_s() - started
            members = mine[0].counts.members
            self.world.listener(AudienceCompared(view.view.model, members, due, seconds))
        return self.receipts

    def _tell_of_unsettled(self, views: Sequence[AudienceView]) -> None:
        """Say whose members are not up to date, because a run ended before it had settled what it did."""
        audiences = AudienceStore.of(self.store)
        changes = audiences.open_changes() if audiences is not None else []
        models = {audiences.by_id(one.audience).model for one in changes} if audiences is not None else set()
        for model in sorted(models & {view.view.model for view in views}):
            self.world.listener(
                Notice(
                    f"{model}: an earlier run ended before it settled what it told TikTok. `pusher push` settles that "
                    "first, so it may add and take out other numbers than these."
                )
            )

    def _planned(self, staged: Staged, folder: Path, *, freeze: bool) -> list[AudienceReceipt]:
        """Compare one view with its audiences, by its method."""
        if staged.view.method == FILE:
            return self.whole.plan(staged, folder, keep=freeze)
        mine = [self._compare(staged, one, folder, freeze=freeze) for one in staged.view.advertisers]
        self.plans += mine
        return [plan.receipt for plan in mine]

    def _refuse_other_method(self, view: AudienceView, *, keep: bool) -> None:
        """Refuse a view whose audience was made for another method: TikTok's two kinds do not become each other."""
        audiences = AudienceStore.of(self.store)
        for advertiser_id in view.advertisers:
            found = audiences.current(view.view.model, advertiser_id, view.name) if audiences else None
            if audiences is None or found is None or found.method == view.method:
                continue
            if not audiences.was_told(found):
                # Only a view said so; TikTok has never confirmed it.
                if keep and self.store is not None:
                    with self.store.transaction():
                        audiences.set_method(found, view.method)
                continue
            message = (
                f"{view.view.model} asks for method `{view.method}`, and audience `{view.name}` of advertiser "
                f"{advertiser_id} is filled by `{found.method}`."
            )
            fix = "Choose another audience_name, so that another audience is made, or go back to the method before."
            raise PlanError(Problem("audience-method", message, view.view.file, fix=fix))

    def plan_suppressed(
        self, payload: Payload, folder: Path, *, freeze: bool, beside: Sequence[AudienceView] = ()
    ) -> list[AudienceReceipt]:
        """Compare every audience that the ledger knows, also those that no view fills any more.

        Args:
            payload: The payload of audiences.
            folder: Where changes are frozen.
            freeze: Write the changes, else only count them.
            beside: The views whose audiences are compared as a whole, and left out here.
        """
        audiences = AudienceStore.of(self.store)
        if audiences is None:
            return []
        self.unsure = list(not_filled(audiences.unsure(), self.options.lock, beside))
        for audience in unfilled(audiences, self.options.lock, beside, reassert=self.options.reassert):
            view = View(audience.model, "", "", payload, audience.name)
            self._planned(
                Staged(AudienceView(view, (audience.advertiser_id,), method=audience.method), [], {}, audience),
                folder,
                freeze=freeze,
            )
        return self.receipts

    def leave_unchanged(self, filled_otherwise: Collection[str]) -> None:
        """Leave alone what is compared with no view and holds nobody who is suppressed, and name it.

        Args:
            filled_otherwise: Views that another push fills, for a campaign for example; nothing is said of theirs.
        """
        tell_unfilled([one for one in self.receipts if one.model not in filled_otherwise], self.world.listener)
        self.unsure = [one for one in self.unsure if one.model not in filled_otherwise]
        self.plans = [plan for plan in self.plans if plan.receipt.takes_out]
        self.whole.plans = [plan for plan in self.whole.plans if plan.receipt.takes_out or plan.is_unconfirmed]

    def hold_back(self, why: str) -> None:
        """Leave everything alone, and name the audiences that hold suppressed people."""
        tell_held(self.receipts, why, self.world.listener)
        self.plans, self.whole.plans, self.unsure = [], [], []

    def _compare(
        self, staged: Staged, advertiser_id: str, folder: Path, *, freeze: bool, refusal: Problem | None = None
    ) -> AudiencePlan:
        if staged.audience is not None:
            return self._compared(staged, advertiser_id, staged.audience, folder, freeze=freeze)
        view, audiences = staged.view, AudienceStore.of(self.store)
        about = {"model": view.view.model, "advertiser_id": advertiser_id, "name": view.name}
        audience, locked = checked_audience(audiences, self.options.lock, **about)
        if locked is not None:
            audience = audiences.last(advertiser_id, locked, view.method) if audiences is not None else None
            if audience is None:
                self.world.listener(
                    Notice(
                        f"{view.view.model} fills audience {locked} of advertiser {advertiser_id} by {LOCK_FILE}; this "
                        "ledger does not know who is in it, so whoever is in it and not in the view stays."
                    )
                )
        if locked is not None and freeze and self.store is not None:
            audience = take_locked(self.store, **about, audience_id=locked, now=self.world.clock.now())
        plan = self._compared(staged, advertiser_id, audience, folder, freeze=freeze, refusal=refusal)
        plan.receipt.audience_id = plan.receipt.audience_id or locked
        return plan

    def _compared(
        self,
        staged: Staged,
        advertiser_id: str,
        audience: Audience | None,
        folder: Path,
        *,
        freeze: bool,
        refusal: Problem | None = None,
    ) -> AudiencePlan:
        """Compare a view with an audience, or see who of an audience is suppressed.

        What was refused once in a run stays so, also when fewer leave by themselves because more are suppressed.
        """
        view = staged.view
        return compare(
            staged,
            advertiser_id,
            audience,
            api=self.world.destination.audiences,
            store=AudienceStore.of(self.store),
            root=self.world.state.root,
            folder=folder / f"{self.run}-{view.view.model}-{audience.id if audience else advertiser_id}.changes",
            now=self.world.clock.now(),
            guard=self.options.guard,
            reassert=self.options.reassert,
            freeze=freeze,
            listed=self.listed,
            suppressed_only=self.suppressed_only,
            withheld=self.withheld or refusal,
        )

    def deliver(self, transport: Sender, pacer: Pacer, limits: DeliveryLimits) -> None:
        """Bind the audiences, tell TikTok what changes, and keep what is known from then on."""
        assert self.store is not None  # noqa: S101 -- only a dry run has no ledger
        audiences, clock = AudienceStore(self.store), self.world.clock
        self.ends_s = clock.monotonic_s() + limits.deadline_s
        if not self.suppressed_only:
            ended = ended_by_now(self.plans, audiences, self._asking(transport, pacer), clock.now())
            for place, why in ended.items():
                self._let_out_only(place, why)
        for _ in range(MOST_ROUNDS if self.plans else 0):
            self._deliver_once(self.store, audiences, transport, pacer, self._left_of(limits))
            self._keep_told(self.store, audiences)
            newest = audiences.newest_suppressed()
            # Those that failed are compared by the next push; a refused view keeps nobody in who is suppressed.
            late = [
                plan for plan in self.plans if plan.newest_suppressed < newest and plan.receipt.problem == plan.refusal
            ]
            if not late:
                break
            self._plan_again(late)
        if self.suppressed_only and self.plans:
            excuse_gone(self.plans, self._asking(transport, pacer), self.world.listener)
            self._keep_told(self.store, audiences)
        for plan in self.plans:
            plan.tell_refusal()
        self.whole.deliver(transport, pacer, self._left_of(limits))
        if self.unsure:
            asked = self.unsure
            self.unsure = still_there(asked, self._asking(transport, pacer), clock.now())
            self.gone = [one for one in asked if one not in self.unsure]

    def tell_unsure(self) -> None:
        """Name the audiences of which nobody can be taken out, and know nothing more of those that are gone."""
        tell_unsure(self.unsure, self.world.listener)
        if self.store is not None and self.gone:
            with self.store.transaction():
                for one in self.gone:
                    AudienceStore(self.store).is_gone(one, now=self.world.clock.now())

    def _let_out_only(self, place: int, why: NotBound) -> None:
        """Leave an audience as it is, but for suppressed people, who are taken out all the same."""
        before = self.plans[place]
        if before.refusal is not None and not why.is_halted:
            # It is left so already, and a person has to say what is meant.
            return
        folder = self.world.state.outbox
        plan = self._compare(before.staged, before.advertiser_id, folder, freeze=True, refusal=why.problem)
        plan.refusal = plan.receipt.problem = why.problem
        plan.receipt.is_halted, plan.receipt.requests = why.is_halted, before.receipt.requests
        if not why.is_halted:
            plan.receipt.hold()
        self.plans[place] = plan

    def _left_of(self, limits: DeliveryLimits) -> DeliveryLimits:
        return replace(limits, deadline_s=max(0.0, self.ends_s - self.world.clock.monotonic_s()))

    def name_credential(self) -> None:
        """Name the credential in what TikTok refused, so that its remedy is about that one."""
        endpoint = self.world.endpoints.of("audience")
        for receipt in self.receipts:
            if receipt.problem is not None and receipt.is_halted:
                receipt.problem = endpoint.refused(receipt.problem)

    def clear(self) -> None:
        """Remove what was written to be compared and sent."""
        for pattern in ("members", "changes"):
            for folder in self.world.state.outbox.glob(f"{self.run}-*.{pattern}"):
                shutil.rmtree(folder, ignore_errors=True)

    def _plan_again(self, late: Sequence[AudiencePlan]) -> None:
        """Compare audiences again whose people were suppressed after they were compared."""
        for place, plan in enumerate(self.plans):
            if plan not in late:
                plan.frozen.clear()
                continue
            again = self._compare(
                plan.staged, plan.advertiser_id, self.world.state.outbox, freeze=True, refusal=plan.refusal
            )
            again.receipt.go_on_from(plan.receipt)
            if plan.refusal is not None:
                again.receipt.is_halted = plan.receipt.is_halted
            self.plans[place] = again

    def _deliver_once(
        self, store: Store, audiences: AudienceStore, transport: Sender, pacer: Pacer, limits: DeliveryLimits
    ) -> None:
        lanes = []
        binder = self._binder(store, audiences, transport, pacer)
        for plan in self.plans:
            lane = self._lane(plan, store, audiences, binder)
            if lane is not None:
                lanes.append(lane)
        if lanes:
            delivery = MemberDelivery(
                store=store,
                audiences=audiences,
                api=self.world.destination.audiences,
                transport=transport,
                pacer=pacer,
                clock=self.world.clock,
                listener=self.world.listener,
                run=self.run,
                limits=limits,
                should_stop=self.world.should_stop,
                seed=self.seed,
                pools=self.pools,
            )
            delivery.deliver(lanes, newest_suppressed=min(plan.newest_suppressed for plan in self.plans))
        self._settling(store).settle(self.world.clock.now())

    def _lane(self, plan: AudiencePlan, store: Store, audiences: AudienceStore, binder: Binder) -> Lane | None:
        """Freeze the changes of an audience that TikTok knows, or says why there is none."""
        if not plan.frozen:
            return None
        view, receipt = plan.staged.view, plan.receipt
        audience = plan.staged.audience or audiences.current(view.view.model, plan.advertiser_id, view.name)
        if audience is None:
            with store.transaction():
                audience = audiences.add(
                    model=view.view.model,
                    advertiser_id=plan.advertiser_id,
                    name=view.name,
                    now=self.world.clock.now(),
                )
        before, was_bound = binder.asking.requests, audience.audience_id is not None
        try:
            audience, is_new = binder.bind(audience)
        except NotBound as error:
            receipt.problem, receipt.is_halted = error.problem, error.is_halted
            return None
        finally:
            receipt.requests += binder.asking.requests - before
        receipt.audience_id, receipt.is_new = audience.audience_id, receipt.is_new or is_new
        if not was_bound and not is_new:
            # Somebody else may have put suppressed people there, of whom this plan could not know.
            plan.newest_suppressed = 0
        changes = self.changes.keep(audience, plan.frozen, store, now=self.world.clock.now())
        plan.frozen = []
        return Lane(audience, receipt, changes, view.rows_per_request)

    def _keep_told(self, store: Store, audiences: AudienceStore) -> None:
        """Keep which audiences were told of everybody who is suppressed."""
        with store.transaction():
            for plan in self.plans:
                about = (plan.staged.view.view.model, plan.advertiser_id, plan.staged.view.name)
                audience = plan.staged.audience or audiences.current(*about)
                if audience is not None and audience.audience_id is not None and plan.receipt.has_told_suppressed:
                    audiences.suppressed_were_told(audience, plan.newest_suppressed)

    def drop_suppressed(self) -> None:
        """Know nothing any more of suppressed people who were taken out."""
        assert self.store is not None  # noqa: S101 -- who knows no audience takes nobody out
        self._settling(self.store).drop_suppressed(self.world.clock.now())

    def _binder(self, store: Store, audiences: AudienceStore, transport: Sender, pacer: Pacer) -> Binder:
        return Binder(
            store=store,
            audiences=audiences,
            asking=self._asking(transport, pacer),
            lock=None if self.suppressed_only else self.options.lock,
            clock=self.world.clock,
            listener=self.world.listener,
            wait=self.world.clock.sleep,
            go_on=lambda: go_on_until(self.ends_s, self.world.should_stop, self.world.clock),
        )

    def _asking(self, transport: Sender, pacer: Pacer) -> Asking:
        world = self.world
        return Asking(world.destination.audiences, transport, pacer, world.clock, world.should_stop, self.seed)

    def _settling(self, store: Store) -> MemberSettling:
        kinds = self.world.destination.audiences.kinds
        return MemberSettling(store, AudienceStore(store), self.world.state, kinds=kinds, run=self.run)
