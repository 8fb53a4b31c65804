"""The facade: everything the command line does, as methods.

`Project` wires the layers together: it alone chooses the engine and the destinations.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from pusher.access import Access, access, check_roles
from pusher.account import Account
from pusher.campaigns import Campaign
from pusher.clock import Clock, FixedClock, SystemClock
from pusher.compile import INLINE, Inference, Manifest, Mentions, Model, inspect, inspect_additions, inspect_with, load
from pusher.config import (
    PolicyFile,
    Profile,
    ProjectFile,
    load_policy_file,
    load_profile,
    load_project_file,
    suggest,
)
from pusher.contracts import Column, ColumnOrigin
from pusher.errors import CompileError, ConfigError, Problem, PusherError, StateError, UsageError
from pusher.outcomes import DEFAULT_PUSH, BuildReport, Interruptible, LintReport, PushChoice, Shown
from pusher.progress import Listener, Notice, silent

if TYPE_CHECKING:
    from pusher.alerting import Alerting
    from pusher.audience_keeping import AudienceKeeping
    from pusher.building import Building
    from pusher.compile.known_columns import Known
    from pusher.data_tests import DataTestResult
    from pusher.destination_views import DestinationViews
    from pusher.effective import ViewConfig
    from pusher.engines.duckdb import DuckDBEngine
    from pusher.explaining import Explained
    from pusher.forgetting import Derived
    from pusher.importer import Imported, ImportOptions
    from pusher.keeping import Keeping
    from pusher.ledger.bridge import Bridge
    from pusher.ledger.rows import Asked
    from pusher.ledger.state import StateFolder
    from pusher.lint.sunsets import Sunset
    from pusher.offering import Offering
    from pusher.personal_data import Audit
    from pusher.preflight.run import Preflight
    from pusher.push.forgetting import Forgotten
    from pusher.push.plan import View
    from pusher.push.world import PushReport
    from pusher.pushing import Pushing
    from pusher.remedies import Remedies, RunPage
    from pusher.showing import Showing
    from pusher.unit_tests import UnitTestResult

STATE_VARIABLE = "PUSHER_STATE_DIR"


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What the shared options of the command line say.

    Attributes:
        project_dir: Folder of dbt_project.yml.
        profiles_dir: Folder of profiles.yml, or None to look as dbt does.
        target: Target of the profile, or None for its default.
        vars: Values of `--vars`.
        overrides: Values of `--set`, the last of the three layers of settings.
        compare_to: Folder of a saved manifest.json for the selector `state:`, or None.
        state_dir: Folder of the ledger, or None for `.pusher/<target>` in the project.
        clock: Moment that `--clock` sets, or None for the machine's time.
        campaign: What audiences are filled for, or None.
    """

    project_dir: Path = Path()
    profiles_dir: Path | None = None
    target: str | None = None
    vars: Mapping[str, Any] = field(default_factory=dict)
    overrides: Mapping[str, str] = field(default_factory=dict)
    compare_to: Path | None = None
    state_dir: Path | None = None
    clock: datetime | None = None
    campaign: Campaign | None = None

    @property
    def all_vars(self) -> Mapping[str, Any]:
        """The values of `--vars`, and those that a campaign sets.

        Raises:
            ConfigError: They contradict each other.
        """
        if self.campaign is None:
            return self.vars
        for name, value in self.campaign.variables.items():
            if self.vars.get(name, value) != value:
                fix = "Leave it out of --vars: the option sets it."
                raise ConfigError(Problem("usage", f"--{name} and the var `{name}` differ.", fix=fix))
        return {**self.vars, **self.campaign.variables}


class Project:
    """One project with its chosen target.

    Use `Project.load()`.
    """

    def __init__(
        self, *, file: ProjectFile, profile: Profile, policy: PolicyFile, options: LoadOptions, listener: Listener
    ) -> None:
        self.file = file
        self.profile = profile
        self.policy = policy
        self.options = options
        self.listener = listener
        self.clock: Clock = FixedClock(options.clock) if options.clock else SystemClock()
        self.started_at = self.clock.now()
        self._following = Lock()
        self._known_origins: dict[str, Mapping[str, ColumnOrigin]] = {}

    @classmethod
    def load(cls, options: LoadOptions | None = None, *, listener: Listener = silent) -> Project:
        """Read the project's files.

        Raises:
            ConfigError: A file is missing or wrong.
        """
        options = options or LoadOptions()
        file = load_project_file(options.project_dir)
        problems: list[Problem] = []
        try:
            policy = load_policy_file(file.root)
        except ConfigError as error:
            problems += error.problems
        try:
            profile = load_profile(
                project_root=file.root,
                profile_name=file.profile,
                profiles_dir=options.profiles_dir,
                target=options.target,
            )
        except ConfigError as error:
            problems += error.problems
        if problems:
            raise ConfigError(*problems)
        project = cls(file=file, profile=profile, policy=policy, options=options, listener=listener)
        project.account.check(has_clock=options.clock is not None)
        project._check_roles()
        return project

    def _check_roles(self) -> None:
        """Refuse roles about destinations that are not there."""
        if not self.policy.roles:
            return
        from pusher.destinations.tiktok.settings import FAMILIES, NO_CAMPAIGNS

        name = self.account.destination.name
        parts = [f"{name}.{family}" for family in FAMILIES.values()]
        check_roles(self.policy.roles, [name, *parts], {f"{name}.{FAMILIES['events']}": f"events {NO_CAMPAIGNS}"})

    # parts ----------------------------------------------------------------------------------------------------

    @cached_property
    def manifest(self) -> Manifest:
        """The compiled project."""
        manifest = load(
            self.file,
            self.profile,
            vars=self.options.all_vars,
            run_started_at=self.started_at,
            open_engine=_empty_engine,
        )
        self._tell(manifest)
        if self.options.compare_to is not None:
            from pusher.comparing import compared, read_saved

            manifest.previous = compared(manifest, read_saved(self.options.compare_to))
        return manifest

    def _tell(self, manifest: Manifest, *, told: Collection[str] = ()) -> None:
        """Pass on what templates say to people."""
        for notice in manifest.notices:
            if notice not in told:
                self.listener(Notice(notice))

    @cached_property
    def state(self) -> StateFolder:
        """The state folder of the target."""
        from pusher.ledger.state import StateFolder

        given = self.options.state_dir or os.environ.get(STATE_VARIABLE)
        root = Path(given) if given else self.file.root / ".pusher" / self.profile.target
        return StateFolder(root.resolve())

    @cached_property
    def account(self) -> Account:
        """The destination of this project's views, with the settings of the target."""
        return Account(self.profile, self.options.overrides, self.clock, self.options.campaign)

    @cached_property
    def access(self) -> Access:
        """What the user may do."""
        return access(self.policy)

    @property
    def offering(self) -> Offering:
        """Which views may be pushed by whom."""
        from pusher.offering import Offering

        return Offering(self.manifest, self.account, self.access)

    @cached_property
    def ledger(self) -> Keeping:
        """What people ask of the target's ledger."""
        from pusher.keeping import Keeping

        return Keeping(
            state=self.state,
            clock=self.clock,
            destination=self.account.destination,
            compiled=self.file.compiled_folder,
            chosen=self._chosen,
            origins=self._origins,
            variables=tuple(self.options.vars),
            hides=self.access.is_restricted,
            check_deciding=self._check_deciding,
        )

    def _check_deciding(self) -> None:
        from pusher.offering import check_deciding

        check_deciding(self.account, self.access)

    def _warehouse(self, allowed_directories: Sequence[Path] = (), *, memory: str | None = None) -> DuckDBEngine:
        """Open the warehouse; `memory` is its limit when the profile says nothing."""
        from pusher.warehouse import open_warehouse

        return open_warehouse(self.profile, self.manifest.source_paths(), allowed_directories, memory=memory)

    # questions ------------------------------------------------------------------------------------------------

    def models(self, select: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[Model]:
        """Return the selected models in graph order."""
        return self.manifest.select(select, exclude)

    @cached_property
    def destination_views(self) -> DestinationViews:
        """The destination views, with the settings of each."""
        from pusher.destination_views import DestinationViews

        return DestinationViews(self.manifest, self.account, self.policy)

    def views(self, select: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[View]:
        """Return the selected destination views; see `DestinationViews.selected`."""
        return self.destination_views.selected(select, exclude)

    def config(self, name: str) -> ViewConfig:
        """Return the settings of a destination view; opens no warehouse.

        Raises:
            CompileError: A model does not bind.
            ConfigError: There is no such view, or it is no destination view, or a setting is not in its form.
        """
        return self._configs([name])[0]

    def configs(self, select: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[ViewConfig]:
        """Return the settings of the selected destination views, and what each lacks; opens no warehouse."""
        return self._configs(select, exclude)

    def _configs(self, select: Sequence[str], exclude: Sequence[str] = ()) -> list[ViewConfig]:
        from pusher.effective import view_config

        self.account.check_settings()
        self.destination_views.check(self.models(select, exclude))
        views = self.views(select, exclude)
        columns = self._inference().models
        return [
            view_config(self.offering, view, [column.name for column in columns.get(view.model, ())]) for view in views
        ]

    def bind(self) -> None:
        """Bind every model on empty tables, without the warehouse.

        Raises:
            CompileError: A model does not bind.
        """
        self._inference()

    def count_relations(self) -> int:
        """Return how many tables and views the warehouse has.

        Raises:
            BuildError: It cannot be opened.
        """
        from pusher.warehouse import count_relations

        with closing(self._warehouse()) as engine:
            return count_relations(engine)

    def _inference(self, cache: Known | None = None, mentions: Mentions | None = None) -> Inference:
        """Bind every model on empty tables, or those that a cache does not know.

        Raises:
            CompileError: A model does not bind.
        """
        from pusher.engines.duckdb import DuckDBEngine

        def engine() -> DuckDBEngine:
            return opened.enter_context(closing(DuckDBEngine.in_memory(allowed_paths=self.manifest.source_paths())))

        with ExitStack() as opened:
            if cache is not None and mentions is not None:
                inference = inspect_with(self.manifest, engine, cache, mentions)
                problems = inference.problems
            else:
                asked = engine()
                inference = inspect(self.manifest, asked)
                problems = inference.problems or inspect_additions(self._again, asked, inference)
        if problems:
            raise CompileError(*problems)
        return inference

    # verbs ----------------------------------------------------------------------------------------------------

    def lint(
        self,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
        *,
        only: Collection[str] | None = None,
        uses_cache: bool = False,
    ) -> LintReport:
        """Prove from the SQL alone that the views carry what TikTok requires; opens no warehouse.

        Args:
            select: Models to judge, in dbt's selector syntax.
            exclude: Models to leave out.
            only: Names of models beside which none is judged, or None for all that are selected.
            uses_cache: Take from `target/` what was found before, and keep there what is found now.
        """
        from pusher.lint import lint
        from pusher.lint.cache import FILE, Cache

        self.account.check_settings()
        self._check_policy()
        models = self._judged(select, exclude, only)
        self.destination_views.check(models)
        cache = mentions = None
        if uses_cache and not self.manifest.incremental:
            cache, mentions = Cache.read(self.file.root / self.file.target_path / FILE), Mentions(self.manifest)
        inference = self._inference(cache, mentions)
        account = self.account
        payloads = account.payloads_of(models)
        columns: Mapping[str, Sequence[Column]] = inference.models
        findings = lint(
            self.manifest,
            columns=columns,
            payload_of=payloads,
            source_id_of={
                name: self.account.source_id_of(self.manifest.models[name], payload)
                for name, payload in payloads.items()
            },
            policy=self.policy,
            models=models,
            source_columns=inference.sources,
            again=self._again if self._again is not self.manifest else None,
            missing_settings=self.destination_views.missing_settings(models),
            cache=cache,
            mentions=mentions,
        )
        if cache is not None:
            cache.write(whole=not select and not exclude and only is None)
        return LintReport(findings, len(models))

    def sunsets(self) -> list[Sunset]:
        """Return the values in the SQL of destination views that TikTok takes only until some year.

        Raises:
            CompileError: A model does not bind.
        """
        from pusher.lint.context import Context
        from pusher.lint.sunsets import sunsets

        inference = self._inference()
        models = self._judged((), (), None)
        context = Context(
            self.manifest,
            columns=inference.models,
            source_columns=inference.sources,
            payload_of=self.account.payloads_of(models),
            source_id_of={},
            policy=self.policy,
            source_map=lambda name: self.manifest.source_map(name, analysis=True),
            models=models,
        )
        return list(sunsets(context))

    def _judged(self, select: Sequence[str], exclude: Sequence[str], only: Collection[str] | None) -> list[Model]:
        models = (model for model in self.models(select, exclude) if model.seed is None)
        return [model for model in models if only is None or model.name in only]

    def audit(
        self, select: Sequence[str] = (), exclude: Sequence[str] = (), *, only: Collection[str] | None = None
    ) -> Audit:
        """Follow personal data into the selected destination views; opens no warehouse. Arguments as of `lint`."""
        from pusher.personal_data import audit

        models = self._judged(select, exclude, only)
        self._inference()
        return audit(
            self.manifest,
            self._again if self._again is not self.manifest else None,
            payload_of=self.account.payloads_of(models),
            policy=self.policy,
            models=models,
            now=self.clock.now(),
        )

    def import_query(
        self, text: str, *, file: str, dialect: str, options: ImportOptions, dry_run: bool = False
    ) -> Imported:
        """Turn a query of another platform into models of this project; see `pusher.importing.bring`."""
        from pusher.importing import bring

        return bring(
            text,
            file=file,
            dialect=dialect,
            options=options,
            project=self.file,
            manifest=self.manifest,
            payloads=self.account.destination.payloads,
            dry_run=dry_run,
        )

    def compile_inline(self, sql: str) -> Model:
        """Render a query as if it were a model; writes nothing.

        Raises:
            CompileError: The query, or the project, is wrong.
        """
        return self.manifest.with_inline(sql).models[INLINE]

    def compile(self, select: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[Model]:
        """Render the selected models, and write all of them to `target/compiled` and manifest.json."""
        models = [model for model in self.models(select, exclude) if model.seed is None]
        self._building().keep_manifest("compile", self.manifest)
        return models

    def build(
        self,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
        *,
        full_refresh: bool = False,
        interruptible: Interruptible = nullcontext,
    ) -> BuildReport:
        """Run the selected models and their tests, then judge each built destination view by its contract.

        Args:
            select: Models to run, in dbt's selector syntax.
            exclude: Models to leave out.
            full_refresh: Build incremental models anew, unless their own `full_refresh` says otherwise.
            interruptible: Surrounds the work in the warehouse.

        Raises:
            BuildError: A model failed; those that read it were not run.
        """
        self.account.check_settings()
        self._check_policy()
        self.destination_views.check(self.manifest.select_all(select, exclude).models)
        return self._building(interruptible).build(select, exclude, full_refresh=full_refresh)

    def test(
        self,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
        *,
        interruptible: Interruptible = nullcontext,
    ) -> list[DataTestResult | UnitTestResult]:
        """Run unit tests, and data tests on what the warehouse holds, which is opened only for these.

        Args:
            select: Tests, or models whose tests are meant, in dbt's selector syntax.
            exclude: What to leave out.
            interruptible: As of `build`.

        Raises:
            ConfigError: Nothing is selected.
        """
        return self._building(interruptible).test(select, exclude)

    def _check_policy(self) -> None:
        """Refuse policy about views and models that are not there."""
        self.destination_views.suppressions()
        if self.policy.consent.waived:
            from pusher.push.suppressions import check_waived

            check_waived(self.policy.consent.waived, self.account.payloads_of(self.manifest.models.values()))
        if self.policy.floors:
            from pusher.push.floors import check_floors

            check_floors(self.policy.floors, self.account.payloads_of(self.manifest.models.values()))

    def _building(self, interruptible: Interruptible = nullcontext) -> Building:
        from pusher.building import Building
        from pusher.push.coverage import cover
        from pusher.warehouse import BUILDING_MEMORY, workers_of

        return Building(
            manifest=self.manifest,
            account=self.account,
            listener=self.listener,
            clock=self.clock,
            open_warehouse=lambda: self._warehouse(memory=BUILDING_MEMORY),
            with_standing=self._with_standing,
            cover=lambda engine, names: [cover(engine, view, self._plan_options()) for view in self.views(names)],
            floors=self.policy.floors,
            workers=workers_of(self.profile),
            interruptible=interruptible,
            hides=self.access.is_restricted,
        )

    @cached_property
    def _again(self) -> Manifest:
        """The project as it is in every build after the first."""
        return self._with_standing(self.manifest.incremental)

    def _with_standing(self, names: Sequence[str]) -> Manifest:
        """Return the project as it is when the tables of some incremental models stand."""
        if not names:
            return self.manifest
        manifest = self.manifest.standing(names)
        self._tell(manifest, told=self.manifest.notices)
        manifest.previous = self.manifest.previous
        return manifest

    def _plan_options(self) -> Any:
        from pusher.push.plan import PlanOptions

        return PlanOptions(
            run="",
            # The moment that the models were built for.
            now=self.started_at,
            pixel_window=self.policy.shared_with_pixel,
            strict=self.policy.require_vendor_page_columns,
            shared=self.policy.shared,
        )

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
            views, told = self.offering.taken(self.views(select, exclude), is_selected=bool(select))
            events = [view for view in views if view.payload.kind == "events"]
            audiences = [view for view in views if view not in events]
            if choice.test_event_code is not None and not events:
                # Either the selection has none, which this says, or none is offered here.
                self.destination_views.events(select, exclude)
                raise ConfigError(Problem("not-offered", f"No view of events is offered to {self.offering.origin}."))
            code = self.destination_views.test_event_code(events) if choice.test_event_code is None else None
            if code is not None:
                choice = replace(choice, test_event_code=str(code.value))
                told.append(f"These are test events: test_event_code is set in {code.place}.")
                told += [f"Left out: {view.model} is an audience, and no test event." for view in audiences]
            if choice.test_event_code is not None:
                audiences = []
            return self._pushing(
                lint=lambda: self.lint(select, exclude).findings,
                should_stop=should_stop,
                interruptible=interruptible,
                suppressions=self.destination_views.suppressions(),
                told=tuple(told),
                asked=asked,
            ).push(
                events,
                self.destination_views.with_settings(audiences),
                choice,
                # What else earlier runs froze are events, which no campaign sends.
                everything=not select and not exclude and self.account.campaign is None,
            )

    def reconcile(
        self,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
        choice: PushChoice = DEFAULT_PUSH,
        *,
        should_stop: Callable[[], bool] = lambda: False,
        interruptible: Interruptible = nullcontext,
    ) -> PushReport:
        """Tell the selected audiences again everything that is known of them; see `push`."""
        asked = self._asked(select, exclude)
        with self._kept_failure("audience reconcile", asked, choice):
            self.account.check_settings()
            self.destination_views.check(self.models(select, exclude))
            views, told = self.offering.taken(
                self.destination_views.audience_views(select, exclude), is_selected=bool(select)
            )
            audiences = self.destination_views.with_settings(views)
            pushing = self._pushing(
                should_stop=should_stop,
                interruptible=interruptible,
                suppressions=self.destination_views.suppressions(),
                told=tuple(told),
                asked=asked,
            )
            return pushing.push((), audiences, replace(choice, reassert=True), everything=False)

    def _asked(self, select: Sequence[str], exclude: Sequence[str], test_event_code: str | None = None) -> Asked:
        """Return what was asked of a run, so that it can be asked again."""
        from pusher.ledger.rows import Asked, selection

        words = [*selection(select, exclude)]
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

        return self.remedies(commands, variables).page(run_facts(self.state, name))

    def remedies(self, commands: Collection[str], variables: str | None = None) -> Remedies:
        """Return what finds the actions of runs; see `run_page`."""
        from pusher.remedies import Remedies

        given = (tuple(self.options.vars), variables or "")
        return Remedies(lambda model: self.config(model).settings, commands, self.clock.now(), given)

    def alerting(self, complain: Callable[[str], None]) -> Alerting:
        """Return what tells people how a run ended.

        Args:
            complain: Says that somebody could not be told.
        """
        from pusher.alerting import Alerting

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
        from pusher.pushing import Pushing
        from pusher.warehouse import READING_MEMORY

        more.setdefault("asked", self._asked((), ()))
        return Pushing(
            root=self.file.root,
            account=self.account,
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
        audiences = self.destination_views.with_settings([view for view in views if view not in events])
        preflight = self._pushing(should_stop=should_stop).preflight(self.state)
        return preflight.look(needs_of(self.account, events, audiences))

    @property
    def audiences(self) -> AudienceKeeping:
        """What people ask of the target's audiences."""
        from pusher.audience_keeping import AudienceKeeping
        from pusher.warehouse import READING_MEMORY

        return AudienceKeeping(
            root=self.file.root,
            target=self.profile.target,
            account=self.account,
            state=self.state,
            clock=self.clock,
            listener=self.listener,
            views=self.destination_views.audiences,
            open_warehouse=lambda folder: self._warehouse([folder], memory=READING_MEMORY),
            suppressions=self.destination_views.suppressions,
            check_allowed=self.offering.check_allowed,
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
        from pusher.forgetting import Deriving

        if sends:
            self.offering.check_telling()
        self.account.check_settings()
        payloads = self.account.destination.payloads.values()
        audience = next(one for one in payloads if one.kind == "audience")
        derived = Deriving(self.manifest, audience).derive(lines, country=country)
        if not derived.identifiers:
            return derived, None
        pushing = self._pushing(should_stop=should_stop)
        return derived, pushing.forget(derived.identifiers, sends=sends, wait_s=wait_s)

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
        from pusher.push.report import report
        from pusher.warehouse import READING_MEMORY

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

    def _chosen(self, select: Sequence[str], exclude: Sequence[str]) -> list[str] | None:
        """Return the selected models' names, or None when nothing was said: also models that are gone."""
        return [model.name for model in self.models(select, exclude)] if select or exclude else None

    def _origins(self, name: str) -> Mapping[str, ColumnOrigin]:
        """Return which SQL makes each contract column of a view; nothing for a view that is gone or does not bind."""
        with self._following:
            if name not in self._known_origins:
                self._known_origins[name] = self._followed(name)
            return self._known_origins[name]

    def _followed(self, name: str) -> Mapping[str, ColumnOrigin]:
        from pusher.lint.origins import column_origins

        try:
            model = self.manifest.models.get(name)
            payload = None if model is None else self.account.payload_of(model)
            if payload is None:
                return {}
            inference = self._inference()
        except PusherError:
            # The words about a refused row are worth having without the line that made it.
            return {}
        return column_origins(self.manifest, name, payload, columns=inference.models, source_columns=inference.sources)

    def show(self, name: str, *, limit: int) -> Shown:
        """Return some rows of a built model, with the values of personal columns masked.

        Raises:
            BuildError: The model is not in the warehouse.
        """
        return self._showing.model(self.models([name])[0], limit=limit)

    def show_inline(self, sql: str, *, limit: int) -> Shown:
        """Return some rows of a query, rendered as if it were a model, with what identifies a person masked.

        Raises:
            CompileError: The query does not render or bind.
            BuildError: What it reads is not in the warehouse, or it fails.
        """
        return self._showing.query(sql, limit=limit)

    @property
    def _showing(self) -> Showing:
        from pusher.showing import Showing

        return Showing(self.manifest, self.account, self._warehouse, hides=self.access.is_restricted)

    def explain(
        self, kind: str, value: str, *, country: str | None = None, state: str = "raw", in_audience: bool = False
    ) -> Explained:
        """Return what becomes of one identifier, by the project's own macros and the checks of a push.

        Args:
            kind: Of `pusher.explaining.KINDS`.
            value: The identifier; it is kept nowhere.
            country: ISO 3166 code of a phone number's row, or None.
            state: What its column holds: `raw`, `sha256` or `auto`.
            in_audience: What becomes of it in an audience, instead of in an event.

        Raises:
            ConfigError: Kind, country or state is none, or an audience has no such kind.
            CompileError: The project's macros are missing, or fail.
        """
        from pusher.explaining import Explaining, check_choice

        check_choice(kind, country, state, in_audience=in_audience)
        explaining = Explaining(self.manifest, self.account.destination.payloads)
        return explaining.explain(kind, value, country=country, state=state, in_audience=in_audience)

    def show_payload(self, name: str, *, limit: int) -> bytes:
        """Return the exact body of the request that the first rows of a view would make; masked for restricted PII."""
        from pusher.showing import masked_body

        body = self._first_body(name, limit=limit)
        payload = self.views([name])[0].payload
        return masked_body(body, payload) if self.access.is_restricted else body

    def _first_body(self, name: str, *, limit: int) -> bytes:
        from pusher.push.audience.preview import first_audience_body
        from pusher.push.coverage import first_body

        view = self.views([name])[0]
        if view.payload.kind == "audience":
            (audience,) = self.destination_views.with_settings([view])
            return first_audience_body(
                audience,
                open_engine=lambda folder: self._warehouse([folder]),
                destination=self.account.destination,
                audience_id=self.audiences.bound_id(audience),
                now=self.started_at,
                limit=limit,
            )
        return first_body(
            view,
            open_engine=lambda folder: self._warehouse([folder]),
            destination=self.account.destination,
            options=self._plan_options(),
            limit=limit,
        )


def _empty_engine(paths: Sequence[str]) -> DuckDBEngine:
    from pusher.engines.duckdb import DuckDBEngine

    return DuckDBEngine.in_memory(allowed_paths=paths)
