"""Puts a push together: the views, the account, the warehouse and the state folder become one run."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pusher.clock import Clock
from pusher.compile import Model
from pusher.config import PolicyFile, Profile
from pusher.contracts import Engine
from pusher.errors import ConfigError, DestinationRefused, PlanError, Problem
from pusher.progress import Listener, Notice
from pusher.project.outcomes import Origins, Patience, PushChoice, known_test_code
from pusher.settings.account import DEFAULT_CONCURRENCY, Account

if TYPE_CHECKING:
    from pusher.ledger.rows import Asked
    from pusher.ledger.state import StateFolder
    from pusher.lint import Finding
    from pusher.payload.model import Limits
    from pusher.preflight.run import Preflighting
    from pusher.push.audience.plan import AudienceView
    from pusher.push.forgetting import Forgotten
    from pusher.push.plan import View
    from pusher.push.suppressions import Suppressions
    from pusher.push.world import PushOptions, PushReport, PushWorld

NETWORK_STATE_VARIABLE = "PUSHER_ALLOW_NETWORK_STATE"
STATELESS_LOOKBACK_S = 86_400
"""A push without a ledger sends an event for the last time a day after the first, inside TikTok's 48 hours."""
UNSTABLE_ID = "PU302"


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Pushing:
    """What a push of one target works with.

    Attributes:
        root: The project's folder.
        account: The destination with the settings of the target.
        models: The models of the project, by name.
        policy: Project policy.
        profile: The target.
        state: The state folder.
        clock: Wall and monotonic time.
        listener: Is told about progress.
        open_warehouse: Opens the warehouse, allowed to write into one folder.
        origins: Says which SQL makes each contract column of a view.
        normaliser_version: Version of the identity macros, or None.
        lint: Proves the selected views from their SQL.
        should_stop: True once the user asked to stop.
        interruptible: Surrounds reading a view, given what cuts a running query short.
        suppressions: The model that lists who is kept out of every view, or None.
        is_clock_set: `--clock` sets the clock.
        rows_name_source: Says whether the rows of a view name their event source themselves.
        asked: What the person asked for, kept with the run.
        told: What to tell of how views and settings were chosen.
        left_alone: Views that are not offered to this push.
        other_views: Views of events that this push does not send.
        held_back: Why the user may not go on with what no view has any more, by kind of views.
    """

    root: Path
    account: Account
    models: Mapping[str, Model]
    asked: Asked
    policy: PolicyFile
    profile: Profile
    state: StateFolder
    clock: Clock
    listener: Listener
    open_warehouse: Callable[[Path], Engine]
    origins: Origins
    normaliser_version: str | None
    lint: Callable[[], Sequence[Finding]] = lambda: ()
    should_stop: Callable[[], bool] = _never
    interruptible: Callable[[Callable[[], None]], AbstractContextManager[Any]] = nullcontext
    suppressions: Suppressions | None = None
    is_clock_set: bool = False
    rows_name_source: Callable[[str], bool] = lambda _model: False
    told: tuple[str, ...] = ()
    left_alone: frozenset[str] = frozenset()
    other_views: Sequence[View] = ()
    held_back: Mapping[str, str] = field(default_factory=dict)
    _engines: list[Engine] = field(default_factory=list, init=False)

    def push(
        self, views: Sequence[View], audiences: Sequence[AudienceView], choice: PushChoice, *, everything: bool
    ) -> PushReport:
        """Push views.

        Args:
            views: The views of events.
            audiences: The views of audiences; without any view those are told that none fills any more.
            choice: What the person chose.
            everything: Also go on with what earlier runs froze for other views, and let suppressed people leave
                audiences that none of the views fills.
        """
        from pusher.destinations.tiktok.settings import is_preflighted
        from pusher.preflight.needs import needs_of
        from pusher.push.memory import use_system_memory
        from pusher.push.run import push

        use_system_memory()
        # Refused before anything is opened.
        known_test_code(choice.test_event_code)
        payloads = [view.payload for view in (*views, *(one.view for one in audiences))]
        payloads = payloads or [one for one in self.account.destination.payloads.values() if one.kind == "audience"]
        limits = payloads[0].limits
        if choice.stateless:
            _refuse_ledger_options(choice)
            self._refuse_beside_ledger()
            self._refuse_unstable_ids()
            _refuse_audiences(audiences)
        with self._ledger_place(choice) as (state, about_state):
            options = self._options(choice, limits, everything=everything)
            world = self._world(
                state,
                notes_use=not choice.dry_run,
                told_before=(*self.told, *about_state, *self._same_orders(views)),
            )
            # A token that is missing is told before anything is planned.
            for kind in dict.fromkeys(view.payload.kind for view in (*views, *(one.view for one in audiences))):
                world.endpoints.of(kind)
            preflight = self.preflight(state) if is_preflighted(self.account.settings) else None
            if preflight is not None:
                needs = needs_of(self.account, self.models, views, audiences)
                world = replace(world, preflight=lambda told: preflight.before_push(needs, told).as_json())
            report = push(views, world, options, audiences)
            if preflight is not None and report.exit_code == DestinationRefused.exit_code:
                preflight.forget()
            return report

    def preflight(self, state: StateFolder) -> Preflighting:
        """Return what looks at the account before a push."""
        from pusher.destinations.tiktok.settings import read_settings
        from pusher.preflight.run import Preflighting

        return Preflighting(
            account=self.account,
            state=state,
            clock=self.clock,
            is_clock_set=self.is_clock_set,
            is_strict=read_settings(self.account.settings).preflight is True,
            rows_name_source=self.rows_name_source,
            should_stop=self.should_stop,
        )

    def forget(
        self,
        digests: Collection[tuple[str, str]],
        *,
        sends: bool,
        wait_s: float,
        methods: Mapping[str, str] | None = None,
    ) -> Forgotten:
        """Suppress identifiers for ever, and take them out of everything that the ledger knows.

        Args:
            digests: The identifiers, as (kind, digest).
            sends: Tell TikTok at once who has to go.
            wait_s: How long to wait for a push that is running.
            methods: The method of each audience view whose settings can be read, or None.
        """
        from pusher.push.forgetting import Bound, forget

        payloads = self.account.destination.payloads.values()
        limits = next(one for one in payloads if one.kind == "audience").limits
        choice = PushChoice(patience=Patience(wait_s=wait_s))
        with self._ledger_place(choice) as (state, about_state):
            for told in about_state:
                self.listener(Notice(told))
            options, unread = self._options(choice, limits, everything=True, reads_lock=False), None
            try:
                options = self._options(choice, limits, everything=True)
            except ConfigError as error:
                # Whom the ledger knows is forgotten all the same.
                unread = _unread_lock(error)
            world = self._world(state, notes_use=sends)
            if sends:
                world.endpoints.of("audience")
            return forget(digests, world, options, sends=sends, bound=Bound(methods or {}, unread))

    def _options(self, choice: PushChoice, limits: Limits, *, everything: bool, reads_lock: bool = True) -> PushOptions:
        from pusher.destinations.tiktok.settings import read_settings
        from pusher.push.audience.lock_file import LockFile
        from pusher.push.audience.options import AudienceOptions
        from pusher.push.work import DeliveryLimits
        from pusher.push.world import PushOptions

        settings = read_settings(self.account.settings)
        patience = choice.patience
        pixel_window = self.policy.shared_with_pixel
        return PushOptions(
            dry_run=choice.dry_run,
            test_event_code=known_test_code(choice.test_event_code),
            requests_per_s=settings.requests_per_second or self.account.default_rate(limits.default_requests_per_s),
            limits=DeliveryLimits(
                concurrency=settings.concurrency or DEFAULT_CONCURRENCY,
                deadline_s=patience.deadline_s,
                grace_s=patience.grace_s,
                max_dead_share=patience.max_dead_share,
                pixel_window=pixel_window,
            ),
            on_change=self.policy.on_change,
            pixel_window=pixel_window,
            strict=self.policy.require_vendor_page_columns,
            shared=self.policy.shared,
            ledger_id=None if choice.stateless else self.profile.ledger_id,
            normaliser_version=self.normaliser_version,
            # What else earlier runs froze are events, which no campaign sends.
            resume_all=everything and not choice.reassert and self.account.campaign is None,
            tells_others=everything,
            left_alone=self.left_alone,
            held_back=self.held_back,
            adopt=choice.adopt,
            wait_s=patience.wait_s,
            longest_lookback_s=STATELESS_LOOKBACK_S if choice.stateless else None,
            list_guard=replace(self.policy.suppressions_shrink, is_off=choice.allow_list_shrink),
            audience=AudienceOptions(
                guard=replace(self.policy.shrink, is_off=choice.allow_shrink),
                reassert=choice.reassert,
                lock=LockFile(self.root, self.profile.target) if reads_lock and not self.account.is_embedded else None,
            ),
            asked=self.asked,
        )

    def _world(self, state: StateFolder, *, notes_use: bool, told_before: tuple[str, ...] = ()) -> PushWorld:
        from pusher.destinations.tiktok.settings import read_settings
        from pusher.push.world import PushWorld

        return PushWorld(
            destination=self.account.destination,
            endpoints=self.account.endpoints(self.state.root, notes_use=notes_use),
            state=state,
            clock=self.clock,
            listener=self.listener,
            should_stop=self.should_stop,
            open_engine=self._open,
            ca_file=read_settings(self.account.settings).ca_file,
            interruptible=lambda: self.interruptible(self._cut_query_short),
            origins=self.origins,
            told_before=told_before,
            suppressions=self.suppressions,
        )

    @contextmanager
    def _ledger_place(self, choice: PushChoice) -> Iterator[tuple[StateFolder, tuple[str, ...]]]:
        """Give the folder of the ledger, and what a person should know about it."""
        from pusher.ledger.place import check_place
        from pusher.ledger.state import StateFolder, scratch_folder

        if choice.dry_run and not choice.stateless:
            yield self.state, ()
            return
        told = check_place(self.state.root, allow_network=os.environ.get(NETWORK_STATE_VARIABLE) == "1")
        # The embedded sandbox keeps its counts here, also when nobody keeps the ledger.
        self.state.create()
        if not choice.stateless:
            yield self.state, tuple(told)
            return
        with scratch_folder() as folder:
            yield (
                StateFolder(folder / "state"),
                (*told, "This push keeps no ledger: the next one sends these rows again."),
            )

    def _refuse_beside_ledger(self) -> None:
        """Refuse to send past a ledger: its rows would go again, and it would not know of what is sent now.

        Raises:
            ConfigError: There is one.
        """
        if self.state.has_ledger():
            message = "--stateless keeps no account of what it sends, and the state folder of this target has a ledger."
            fix = "Push without --stateless, or name a folder without a ledger by --state-dir."
            raise ConfigError(Problem("stateless-ledger", message, fix=fix))

    def _refuse_unstable_ids(self) -> None:
        """Refuse views whose event ids differ from run to run: without a ledger only the id tells a copy."""
        found = [one for one in self.lint() if one.rule == UNSTABLE_ID]
        if found:
            raise ConfigError(*map(_unstable, found))

    def _same_orders(self, views: Sequence[View]) -> tuple[str, ...]:
        from pusher.push.same_orders import same_orders

        if self.policy.same_order_offline == "ignore":
            return ()
        with closing(self.open_warehouse(self.state.root)) as engine:
            found = same_orders(engine, views, self.other_views)
        if found and self.policy.same_order_offline == "refuse":
            raise PlanError(*(Problem("same-order-offline", one.message, one.web.file, fix=one.fix) for one in found))
        return tuple(f"{one.message} {one.fix}" for one in found)

    def _open(self, folder: Path) -> Engine:
        engine = self.open_warehouse(folder)
        self._engines[:] = [engine]
        return engine

    def _cut_query_short(self) -> None:
        for engine in self._engines:
            engine.interrupt()


def _unread_lock(error: ConfigError) -> Problem:
    """Return that audiences which only the lock file names were not told of people to forget."""
    problem = error.problems[0]
    message = f"{problem.message} Audiences that only it names were not told."
    return replace(problem, message=message, fix=f"{problem.fix} Then forget them again.")


def _unstable(finding: Finding) -> Problem:
    fix = finding.fix.description if finding.fix is not None else None
    return Problem("stateless-id", finding.message, finding.file, finding.line, finding.column, fix)


def _refuse_ledger_options(choice: PushChoice) -> None:
    """Refuse options that do nothing without a ledger.

    Raises:
        ConfigError: There are some.
    """
    given = {"--adopt": choice.adopt, "--wait": choice.patience.wait_s > 0}
    found = [option for option, is_given in given.items() if is_given]
    if found:
        fix = "Leave it out, or keep the state folder and push without --stateless."
        raise ConfigError(
            *(Problem("usage", f"{one} is about a ledger, and --stateless keeps none.", fix=fix) for one in found)
        )


def _refuse_audiences(audiences: Sequence[AudienceView]) -> None:
    """Refuse audiences without a ledger: nobody could tell who has to be taken out.

    Raises:
        ConfigError: There are some.
    """
    if not audiences:
        return
    names = ", ".join(one.view.model for one in audiences)
    message = f"--stateless cannot push audiences ({names}): only the ledger knows who has to be taken out."
    fix = f"Leave them out with --exclude {names.replace(',', '')}, or keep the state folder."
    raise ConfigError(Problem("stateless-audience", message, fix=fix))
