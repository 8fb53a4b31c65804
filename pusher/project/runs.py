"""What of a project reaches the ledger and TikTok: pushes, what was sent, and what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pusher.config import suggest
from pusher.errors import ConfigError, PlanError, Problem, StateError, UsageError
from pusher.project.linting import ProjectLint
from pusher.project.outcomes import DEFAULT_PUSH, Interruptible, PushChoice

if TYPE_CHECKING:
    from pusher.engines.duckdb import DuckDBEngine
    from pusher.ledger.bridge import Bridge
    from pusher.ledger.rows import Asked
    from pusher.ledger.run_facts import RunFacts
    from pusher.preflight.looking import Preflight
    from pusher.project.alerting import Alerting
    from pusher.project.audience_keeping import AudienceKeeping
    from pusher.project.building import Building
    from pusher.project.forgetting import Derived
    from pusher.project.pushing import Pushing
    from pusher.project.remedies import Remedies, RunPage
    from pusher.push.coverage import Coverage
    from pusher.push.forgetting import Forgotten
    from pusher.push.plan import View
    from pusher.push.world import PushReport
    from pusher.settings.effective import EffectiveSetting


MOST_NAMED = 5
"""Models that a notice names."""


class ProjectRuns(ProjectLint):
    """A loaded project, with what sends its views and keeps account of it."""

    def push(
        self,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
        choice: PushChoice = DEFAULT_PUSH,
        *,
        should_stop: Callable[[], bool] = lambda: False,
        interruptible: Interruptible = nullcontext,
    ) -> PushReport:
        """Send the due rows of the selected destination views.

        Args:
            select: Models to use, in dbt's selector syntax.
            exclude: Models to leave out.
            choice: What the person chose.
            should_stop: True once the user asked to stop.
            interruptible: Surrounds reading a view: there a KeyboardInterrupt may be raised to stop at once. It is
                given what cuts a running query short, to be called from another thread.

        Raises:
            UsageError: A setting or a view is wrong, or the user may not push it; nothing was sent.
            AnotherRunIsActive: Another push of this target is running.
            Incomplete: The user asked to stop before anything was sent, or the state folder could not be written.
        """
        asked = self._asked(select, exclude, choice.test_event_code)
        with self._kept_failure("push", asked, choice):
            self.account.check_settings()
            self.destination_views.check(self.models(select, exclude))
            everything = not select and not exclude
            # Rows wait that earlier runs froze, or people have to leave audiences, whatever the project still has.
            may_be_none = everything and choice.test_event_code is None and self._has_more_to_do()
            is_bare = may_be_none and not self.account.payloads_of(self.models())
            found = [] if is_bare else self.views(select, exclude)
            views, told = self.offering.taken(found, is_selected=bool(select), may_be_none=may_be_none)
            # Before the warehouse is opened.
            told += self._rewritten(views)
            self._building(interruptible).prove([view.model for view in views])
            events = [view for view in views if view.payload.kind == "events"]
            audiences = [view for view in views if view not in events]
            if choice.test_event_code is not None and not events:
                # Either the selection has none, which this says, or none is offered here.
                self.destination_views.events(select, exclude)
                raise ConfigError(Problem("not-offered", f"No view of events is offered to {self.offering.origin}."))
            code = self.destination_views.test_event_code(events) if choice.test_event_code is None else None
            if code is not None:
                choice = replace(choice, test_event_code=str(code.value))
            if choice.test_event_code is not None:
                by = "--test-event-code" if code is None else f"test_event_code is set in {code.place}"
                told.append(f"These are test events, which count nowhere and never as sent: {by}.")
                told += [f"Left out: {view.model} is an audience, and no test event." for view in audiences]
                audiences = []
            return self._pushing(
                lint=lambda: self.lint(select, exclude).findings,
                should_stop=should_stop,
                interruptible=interruptible,
                suppressions=self.destination_views.suppressions(),
                told=tuple(told),
                # Of a view that one campaign fills, other campaigns fill other audiences.
                left_alone=frozenset(view.model for view in found if self.account.campaign or view not in views),
                other_views=self.destination_views.events_beside(events),
                held_back=self.offering.held_back(),
                asked=asked,
            ).push(
                events,
                self.destination_views.with_settings(audiences),
                choice,
                everything=everything,
            )

    def _has_more_to_do(self) -> bool:
        """Whether the ledger knows rows that wait, or audiences; one that cannot be read is told when it is opened."""
        from pusher.ledger.audiences import AudienceStore
        from pusher.ledger.opening import read_store

        with suppress(StateError):
            store = read_store(self.state)
            if store is not None:
                with closing(store):
                    audiences = AudienceStore(store)
                    return bool(store.open_parts() or audiences.everyone() or audiences.unsure())
        return False

    def _rewritten(self, views: Sequence[View]) -> list[str]:
        """Say which models behind some views have other SQL by now than what stands in the warehouse."""
        from pusher.project.remembering import rewritten

        suppressions = self.policy.consent.suppressions
        names = [*(view.model for view in views), *([suppressions] if suppressions in self.manifest.models else [])]
        found = rewritten(self.manifest, self.profile, names)
        if not found:
            return []
        several, more = ", ".join(found[:MOST_NAMED]), len(found) - MOST_NAMED
        several += f" and {more:,} more" if more > 0 else ""
        verb = "was" if len(found) == 1 else "were"
        what = f"{several} {verb} changed since the last build: this push sends what was built from the SQL before."
        return [f"{what} `pusher build` brings the warehouse up to date."]

    def _building(self, interruptible: Interruptible = nullcontext) -> Building:
        from pusher.project.building import Building
        from pusher.project.warehouse import BUILDING_MEMORY, workers_of

        return Building(
            manifest=self.manifest,
            account=self.account,
            listener=self.listener,
            clock=self.clock,
            profile=self.profile,
            open_warehouse=lambda: self._warehouse(memory=BUILDING_MEMORY),
            with_standing=self._with_standing,
            cover=self._cover,
            floors=self.policy.floors,
            policy=self.policy,
            workers=workers_of(self.profile),
            interruptible=interruptible,
            hides=self.access.is_restricted,
        )

    def _cover(self, engine: DuckDBEngine, names: Sequence[str]) -> list[Coverage]:
        from pusher.push.coverage import cover

        covered: list[Coverage] = []
        problems: list[Problem] = []
        for view in self.views(names):
            try:
                covered.append(cover(engine, view, self._plan_options(), origins=self._origins))
            except PlanError as error:
                problems += error.problems
        if problems:
            raise PlanError(*problems)
        return covered

    def reconcile(
        self,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
        choice: PushChoice = DEFAULT_PUSH,
        *,
        should_stop: Callable[[], bool] = lambda: False,
        interruptible: Interruptible = nullcontext,
    ) -> PushReport:
        """Tell the selected audiences again everything that is known of them; see `push`.

        Without a selection, those that no view fills any more are told again who is suppressed.
        """
        asked = self._asked(select, exclude)
        with self._kept_failure("audience reconcile", asked, choice):
            self.account.check_settings()
            self.destination_views.check(self.models(select, exclude))
            everything = not select and not exclude and self.account.campaign is None
            # Those that no view of this run fills are told also where there is no view at all.
            may_be_none = everything and self.state.has_ledger()
            has_views = not may_be_none or bool(self.destination_views.audience_models())
            found = self.destination_views.audience_views(select, exclude) if has_views else []
            views, told = self.offering.taken(found, is_selected=bool(select), may_be_none=may_be_none)
            told += self._rewritten(views)
            self._building(interruptible).prove([view.model for view in views])
            audiences = self.destination_views.with_settings(views)
            pushing = self._pushing(
                should_stop=should_stop,
                interruptible=interruptible,
                suppressions=self.destination_views.suppressions(),
                told=tuple(told),
                left_alone=frozenset(view.model for view in found if view not in views),
                held_back=self.offering.held_back(),
                asked=asked,
            )
            return pushing.push((), audiences, replace(choice, reassert=True), everything=everything)

    def _asked(self, select: Sequence[str], exclude: Sequence[str], test_event_code: str | None = None) -> Asked:
        """Return what was asked of a run, so that it can be asked again."""
        from pusher.ledger.rows import Asked, selection

        words, campaign = [*selection(select, exclude)], self.options.campaign
        words += [] if campaign is None else ["--campaign", campaign.name, "--group", campaign.group]
        words += [word for key, value in self.options.overrides.items() for word in ("--set", f"{key}={value}")]
        words += [] if test_event_code is None else ["--test-event-code", test_event_code]
        return Asked(tuple(words), tuple(self.options.vars), self.started_at)

    def run_page(self, name: str, *, commands: Collection[str], variables: str | None = None) -> RunPage:
        """Return one run with its steps, what went wrong in it and what can be done.

        Args:
            name: Its id, the beginning of its id, or `last`.
            commands: Names of the commands that actions may run.
            variables: Text of the variables that the person gives, for a run that had some.

        Raises:
            ConfigError: There is no such run, or several.
            StateError: There is no ledger, or it cannot be read.
        """
        from pusher.ledger.run_facts import run_facts

        return self.remedies(commands, variables).page(run_facts(self.state, name, now=self.clock.now()))

    def remedies(self, commands: Collection[str], variables: str | None = None) -> Remedies:
        """Return what finds the actions of runs; see `run_page`."""
        from pusher.project.remedies import Remedies

        given = (tuple(self.options.vars), variables or "")
        known: dict[tuple[str, str | None], list[EffectiveSetting]] = {}

        def settings_of(run: RunFacts, model: str | None) -> list[EffectiveSetting]:
            if (run.id, model) not in known:
                known[run.id, model] = self._settings_of(run, model)
            return known[run.id, model]

        return Remedies(settings_of, commands, self.clock.now(), given)

    def _settings_of(self, run: RunFacts, model: str | None) -> list[EffectiveSetting]:
        """Return the settings that a run had for a view, or for all views that it selected.

        Raises:
            CompileError: A model does not bind.
            ConfigError: There is no such view any more, or a setting is not in its form.
        """
        options = replace(self.options, overrides=dict(one.split("=", 1) for one in run.values_of("--set")))
        as_then = type(self)(
            file=self.file, profile=self.profile, policy=self.policy, options=options, listener=self.listener
        )
        as_then.manifest = self.manifest
        chosen = ((model,), ()) if model is not None else (run.values_of("--select"), run.values_of("--exclude"))
        return [setting for view in as_then.configs(*chosen) for setting in view.settings]

    def alerting(self, complain: Callable[[str], None]) -> Alerting:
        """Return what tells people how a run ended.

        Args:
            complain: Says that somebody could not be told.
        """
        from pusher.project.alerting import Alerting

        return Alerting(
            alerts=self.policy.alerts,
            project=self.file.name,
            target=self.profile.target,
            root=self.file.root,
            state=self.state,
            clock=self.clock,
            complain=complain,
        )

    @contextmanager
    def _kept_failure(self, command: str, asked: Asked, choice: PushChoice) -> Iterator[None]:
        """Keep in the ledger, if there is one that can be trusted, that a run failed before it got there."""
        try:
            yield
        except UsageError as error:
            if error.run_id is None and not isinstance(error, StateError) and not (choice.dry_run or choice.stateless):
                from pusher.push.recording import keep_failed_load

                error.run_id = keep_failed_load(
                    self.state, error, self.account.destination, command=command, asked=asked, now=self.clock.now()
                )
            raise

    def _pushing(self, **more: Any) -> Pushing:
        from pusher.project.pushing import Pushing
        from pusher.project.warehouse import READING_MEMORY

        more.setdefault("asked", self._asked((), ()))
        return Pushing(
            root=self.file.root,
            account=self.account,
            models=self.manifest.models,
            policy=self.policy,
            profile=self.profile,
            state=self.state,
            clock=self.clock,
            listener=self.listener,
            open_warehouse=lambda folder: self._warehouse([folder], memory=READING_MEMORY),
            origins=self._origins,
            normaliser_version=self.manifest.normaliser_version,
            is_clock_set=self.options.clock is not None,
            rows_name_source=self._names_source,
            **more,
        )

    def _names_source(self, name: str) -> bool:
        """Say whether the rows of a destination view name their event source, by its SQL."""
        payload = self.account.payload_of(self.manifest.models[name])
        columns = self._inference().models.get(name, ())
        return payload is not None and any(column.name.lower() in payload.source_id.names for column in columns)

    def preflight(self, *, should_stop: Callable[[], bool] = lambda: False) -> Preflight | None:
        """Look at what all destination views need of the account, whatever was found before; None without a view.

        Raises:
            ConfigError: A setting is missing or wrong.
        """
        from pusher.preflight.needs import needs_of

        payloads = self.account.payloads_of(self.models())
        if not payloads:
            return None
        views = self.views()
        events = [view for view in views if view.payload.kind == "events"]
        audiences = self.destination_views.with_settings([view for view in views if view not in events], may_wait=True)
        preflight = self._pushing(should_stop=should_stop).preflight(self.state)
        return preflight.look(needs_of(self.account, self.manifest.models, events, audiences))

    @property
    def audiences(self) -> AudienceKeeping:
        """What people ask of the target's audiences."""
        from pusher.project.audience_keeping import AudienceKeeping
        from pusher.project.warehouse import READING_MEMORY

        return AudienceKeeping(
            root=self.file.root,
            target=self.profile.target,
            account=self.account,
            state=self.state,
            clock=self.clock,
            listener=self.listener,
            views=self.destination_views.audiences,
            all_views=self.destination_views.all_audiences,
            models=self.destination_views.audience_models,
            open_warehouse=lambda folder: self._warehouse([folder], memory=READING_MEMORY),
            suppressions=self.destination_views.suppressions,
            check_allowed=self.offering.check_allowed,
            ledger_id=self.profile.ledger_id,
        )

    def forget(
        self,
        lines: Sequence[str],
        *,
        country: str | None = None,
        sends: bool = True,
        wait_s: float = 0.0,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> tuple[Derived, Forgotten | None]:
        """Suppress people for ever, and take them out of audiences and of events that wait to be sent.

        Args:
            lines: E-mail addresses, phone numbers and advertising ids as they are; they are kept nowhere.
            country: ISO 3166 code of numbers in national form.
            sends: Tell TikTok at once who has to go, else the next push does.
            wait_s: How long to wait for a push that is running.
            should_stop: True once the user asked to stop.

        Returns:
            What was made of the lines, and what became of it; None when no line was readable.

        Raises:
            CompileError: The project's macros are missing, or fail.
            StateError: The ledger cannot be trusted.
            NotAllowed: The user may not tell audiences who has to go.
        """
        from pusher.project.forgetting import Deriving

        if sends:
            self.offering.check_telling()
        self.account.check_settings()
        payloads = self.account.destination.payloads.values()
        audience = next(one for one in payloads if one.kind == "audience")
        derived = Deriving(self.manifest, audience).derive(lines, country=country)
        if not derived.identifiers:
            return derived, None
        pushing = self._pushing(should_stop=should_stop)
        return derived, pushing.forget(derived.identifiers, sends=sends, wait_s=wait_s, methods=self._methods())

    def _methods(self) -> dict[str, str]:
        """Return how each audience view fills its audiences, as far as its settings can be read."""
        views = self.destination_views
        found: dict[str, str] = {}
        with suppress(ConfigError):
            for view in views.audience_views((), ()):
                with suppress(ConfigError):
                    found |= {one.view.model: one.method for one in views.with_settings([view], may_wait=True)}
        return found

    def report(self, select: Sequence[str] = (), exclude: Sequence[str] = (), *, by: Sequence[str] = ()) -> Bridge:
        """Return what became of the revenue in the selected destination views; sends nothing.

        Args:
            select: Models to use, in dbt's selector syntax.
            exclude: Models to leave out.
            by: Dimensions to group by, beside the currency.

        Raises:
            ConfigError: A dimension is not known.
            PlanError: A view is not built.
            StateError: Nothing was pushed yet, or the ledger cannot be read.
        """
        from pusher.ledger.bridge import DIMENSIONS
        from pusher.project.warehouse import READING_MEMORY
        from pusher.push.report import report

        for name in by:
            if name not in DIMENSIONS:
                near = suggest(name, DIMENSIONS)
                fix = f"Did you mean `{near}`?" if near else f"Dimensions: {', '.join(DIMENSIONS)}."
                raise ConfigError(Problem("report-by", f"A report has no dimension `{name}`.", fix=fix))
        return report(
            self.destination_views.events(select, exclude),
            open_engine=lambda folder: self._warehouse([folder], memory=READING_MEMORY),
            state=self.state,
            now=self.clock.now(),
            pixel_window=self.policy.shared_with_pixel,
            shared=self.policy.shared,
            by=list(dict.fromkeys(by)),
            suppressions=self.destination_views.suppressions(),
        )
