"""The audiences of one push that are given to TikTok as files: compare, make or replace, share."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pusher.errors import Problem, Unanswered
from pusher.ledger.audiences import Audience, AudienceStore
from pusher.ledger.loads import REPLACE, LoadStore
from pusher.ledger.state import told_when_full
from pusher.ledger.store import Store
from pusher.progress import Notice
from pusher.push.audience.asking import Asking
from pusher.push.audience.binding import FILE, NotBound, checked_audience, take_locked
from pusher.push.audience.files_asking import FileAsking
from pusher.push.audience.files_deliver import FileDelivery, Late, tell_due
from pusher.push.audience.files_plan import FilePlan, Known, plan_files
from pusher.push.audience.files_share import Sharing
from pusher.push.audience.lock_file import LOCK_FILE
from pusher.push.audience.options import AudienceOptions
from pusher.push.audience.plan import Staged
from pusher.push.audience.receipt import AudienceReceipt
from pusher.push.senders import FileSender
from pusher.push.work import DeliveryLimits
from pusher.push.world import PushWorld
from pusher.transport import Pacer

MOST_ROUNDS = 3
"""How often the files are written again when people were suppressed meanwhile."""


def _retention(days: int) -> str:
    return f"with retention_days {days}" if days else "without retention_days"


@dataclass(slots=True)
class FilePush:
    """The audiences of one push that are given as files.

    Args:
        world: Destination, state, clock.
        options: What the person chose.
        run: Run id.
        store: The ledger, or None when there is none yet and nothing is sent.
        seed: Seed of the back-off's jitter.
        listed: The project's own list of suppressed identifiers.
        suppressed_only: Take suppressed identifiers out, and leave everything else as it is.
        withheld: Why everything but suppressed identifiers is left as it is, or None.

    Attributes:
        plans: What has to be done about each audience.
    """

    world: PushWorld
    options: AudienceOptions
    run: str
    store: Store | None
    seed: int | None = None
    listed: Sequence[Path] = ()
    suppressed_only: bool = False
    withheld: Problem | None = None
    plans: list[FilePlan] = field(default_factory=list)

    def recover(self) -> None:
        """Take what was in flight when an earlier run ended for obeyed or not, nobody knows."""
        if self.store is not None:
            with self.store.transaction():
                LoadStore(self.store).recover(now=self.world.clock.now())

    def plan(self, staged: Staged, folder: Path, *, keep: bool) -> list[AudienceReceipt]:
        """Compare a view with its audience, and write its members when they are due.

        Args:
            staged: The view.
            folder: Folder for the files.
            keep: Also keep in the ledger which audience the lock file names; a dry run does not.
        """
        plan = self._plan(staged, folder, keep=keep)
        is_part = plan.action != REPLACE
        if plan.due_at is not None and (plan.whole is None or (is_part and not keep)):
            tell_due(plan, self.world.listener, before=is_part)
        self.plans.append(plan)
        return plan.receipts

    def _plan(self, staged: Staged, folder: Path, *, keep: bool) -> FilePlan:
        view, audience = staged.view, staged.audience
        # One view may fill an audience for each campaign, and may have filled others of the name.
        which = view.name_digest if audience is None else f"{audience.id}"
        place = folder / f"{self.run}-{view.view.model}-{which}.changes"
        # Those of a plan that came too late.
        shutil.rmtree(place, ignore_errors=True)
        known = self._known(staged, keep=keep) if audience is None else self._of(audience, frozenset())
        with told_when_full(self.world.state):
            return plan_files(
                staged,
                known,
                api=self.world.destination.file_audiences,
                kinds=self.world.destination.audiences.kinds,
                root=self.world.state.root,
                folder=place,
                now=self.world.clock.now(),
                guard=self.options.guard,
                reassert=self.options.reassert,
                listed=self.listed,
                suppressed_only=self.suppressed_only,
                withheld=self.withheld,
            )

    def _known(self, staged: Staged, *, keep: bool) -> Known:
        view = staged.view
        store = AudienceStore.of(self.store)
        owner, *others = view.advertisers
        about = {"model": view.view.model, "advertiser_id": owner, "name": view.name}
        audience, locked = checked_audience(store, self.options.lock, **about)
        if locked is not None:
            self.world.listener(
                Notice(
                    f"{view.view.model} fills audience {locked} of advertiser {owner} by {LOCK_FILE}: its files "
                    "replace whoever is in it."
                )
            )
            before = store.last(owner, locked, FILE) if store is not None else None
            audience = before or Audience(0, view.view.model, owner, view.name, locked, method=FILE)
            if keep and self.store is not None:
                audience = take_locked(self.store, **about, audience_id=locked, method=FILE, now=self.world.clock.now())
        if audience is not None:
            self._tell_retention(audience, view.retention_d or 0)
        return self._of(audience, frozenset(one for one in others if self._has(staged, one, audience)))

    def _tell_retention(self, audience: Audience, asked: int) -> None:
        """Say that an audience keeps the end that it was made with, when the setting says another."""
        made = audience.retention_days
        if made is None or made == asked:
            return
        self.world.listener(
            Notice(
                f"{audience.model}: audience `{audience.name}` of advertiser {audience.advertiser_id} was made "
                f"{_retention(made)} and keeps that, although it is set {_retention(asked)} now: TikTok takes it when "
                "an audience is made. Choose another audience_name for another end."
            )
        )

    def _of(self, audience: Audience | None, others: frozenset[str]) -> Known:
        store = AudienceStore.of(self.store)
        loads = LoadStore(self.store) if store is not None and self.store is not None else None
        return Known(audience, store, loads, others)

    def _has(self, staged: Staged, advertiser_id: str, audience: Audience | None) -> bool:
        """Say whether an advertiser has the audience by share already, by the ledger or by the lock file."""
        if audience is None or audience.audience_id is None:
            return False
        store, lock = AudienceStore.of(self.store), self.options.lock
        about = (staged.view.view.model, advertiser_id, staged.view.name)
        found = store.current(*about) if store is not None else None
        locked = lock.get(*about) if lock is not None else None
        return audience.audience_id in {found.audience_id if found is not None else None, locked}

    def deliver(self, transport: FileSender, pacer: Pacer, limits: DeliveryLimits) -> None:
        """Make, replace and share what is due, and keep what is known from then on."""
        if not self.plans:
            return
        deadline_s = self.world.clock.monotonic_s() + limits.deadline_s
        stopped: Problem | None = None
        for place in range(len(self.plans)):
            if stopped is not None:
                for line in self.plans[place].receipts:
                    line.problem = line.problem or (None if line.is_settled else stopped)
                continue
            stopped = self._deliver(place, transport, pacer, deadline_s)

    def _deliver(self, place: int, transport: FileSender, pacer: Pacer, deadline_s: float) -> Problem | None:
        """Deliver one audience; returns why nothing else need be tried, or None."""
        assert self.store is not None  # noqa: S101 -- only a dry run has no ledger
        world, audiences = self.world, AudienceStore(self.store)
        asking = FileAsking(
            world.destination.file_audiences,
            transport,
            pacer,
            world.clock,
            world.should_stop,
            deadline_s,
            seed=self.seed,
        )
        listing = Asking(world.destination.audiences, transport, pacer, world.clock, world.should_stop, self.seed)
        delivery = FileDelivery(
            store=self.store,
            audiences=audiences,
            loads=LoadStore(self.store),
            asking=asking,
            listing=listing,
            lock=None if self.suppressed_only else self.options.lock,
            clock=world.clock,
            listener=world.listener,
            state=world.state,
            run=self.run,
            waits=not self.suppressed_only,
        )
        error = self._without_late_people(place, delivery)
        plan = self.plans[place]
        receipt = plan.receipt
        if error is not None:
            receipt.problem, receipt.is_halted = receipt.problem or error.problem, error.is_halted
            # Nobody has to be told of, and nobody knows whether the audience is as the view says.
            receipt.is_held = plan.whole is None and not error.is_halted and receipt.problem is error.problem
            if receipt.problem is not error.problem:
                receipt.warnings.append(error.problem.sentences)
        receipt.requests = asking.requests + listing.requests
        receipt.request_ids = list(asking.request_ids)
        if error is not None and error.problem.code in {"tiktok-auth", "tiktok-stop", "interrupted"}:
            # No other request would be answered otherwise.
            for line in plan.shared:
                line.problem = None if line.is_settled else error.problem
            return error.problem
        self._keep_told(plan, audiences)
        Sharing(self.store, audiences, asking, self.options.lock, world.clock).share(plan)
        return None

    def _keep_told(self, plan: FilePlan, audiences: AudienceStore) -> None:
        """Keep that an audience was told of everybody who is suppressed."""
        view, receipt = plan.staged.view, plan.receipt
        audience = plan.staged.audience or audiences.current(view.view.model, view.advertisers[0], view.name)
        is_bound = audience is not None and audience.audience_id is not None
        if self.store is not None and audience is not None and is_bound and receipt.has_told_suppressed:
            with self.store.transaction():
                audiences.suppressed_were_told(audience, plan.newest_suppressed)

    def _without_late_people(self, place: int, delivery: FileDelivery) -> NotBound | None:
        """Deliver a plan, made again as long as people are suppressed meanwhile; returns why it could not be."""
        for _ in range(MOST_ROUNDS):
            try:
                delivery.deliver(self.plans[place])
            except Late:
                staged = self.plans[place].staged
                self.plans[place] = self._plan(staged, self.world.state.outbox, keep=True)
            except NotBound as error:
                return error
            except Unanswered as error:
                return NotBound(error.problems[0], is_halted=error.outcome == "halt")
            else:
                return None
        fix = "Run again: nothing was lost."
        message = "People were suppressed again and again while their audience was sent."
        return NotBound(Problem("audience-late", message, fix=fix))
