"""The facade: everything the command line does, as methods.

`Project` wires the layers together: it alone chooses the engine and the destinations.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from pusher.account import Account
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
from pusher.errors import CompileError, ConfigError, Problem, PusherError
from pusher.outcomes import DEFAULT_PUSH, BuildReport, Interruptible, LintReport, PushChoice, Shown, ViewConfig
from pusher.progress import Listener, Notice, silent

if TYPE_CHECKING:
    from pusher.audience_keeping import AudienceKeeping
    from pusher.building import Building
    from pusher.compile.known_columns import Known
    from pusher.data_tests import DataTestResult
    from pusher.destination_views import DestinationViews
    from pusher.engines.duckdb import DuckDBEngine
    from pusher.explaining import Explained
    from pusher.forgetting import Derived
    from pusher.importer import Imported, ImportOptions
    from pusher.keeping import Keeping
    from pusher.ledger.bridge import Bridge
    from pusher.ledger.state import StateFolder
    from pusher.personal_data import Audit
    from pusher.push.forgetting import Forgotten
    from pusher.push.plan import View
    from pusher.push.world import PushReport
    from pusher.pushing import Pushing
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
    """

    project_dir: Path = Path()
    profiles_dir: Path | None = None
    target: str | None = None
    vars: Mapping[str, Any] = field(default_factory=dict)
    overrides: Mapping[str, str] = field(default_factory=dict)
    compare_to: Path | None = None
    state_dir: Path | None = None
    clock: datetime | None = None


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
        return project

    # parts ----------------------------------------------------------------------------------------------------

    @cached_property
    def manifest(self) -> Manifest:
        """The compiled project."""
        manifest = load(
            self.file,
            self.profile,
            vars=self.options.vars,
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
        return Account(self.profile, self.options.overrides, self.clock)

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
        )

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
            ConfigError: There is no such view, or it is no destination view.
        """
        from pusher.effective import effective_settings

        view = self.views([name])[0]
        model = self.manifest.models[view.model]
        columns = [column.name for column in self._inference().models.get(model.name, ())]
        return ViewConfig(model.name, view.payload.name, effective_settings(self.account, model, view.payload, columns))

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
            cache=cache,
            mentions=mentions,
        )
        if cache is not None:
            cache.write(whole=not select and not exclude and only is None)
        return LintReport(findings, len(models))

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
            UsageError: A setting or a view is wrong; nothing was sent.
            AnotherRunIsActive: Another push of this target is running.
            Incomplete: The user asked to stop before anything was sent, or the state folder could not be written.
        """
        self.account.check_settings()
        views = self.views(select, exclude)
        events = [view for view in views if view.payload.kind == "events"]
        audiences = self.destination_views.with_settings([view for view in views if view not in events])
        if choice.test_event_code is not None:
            events, audiences = self.destination_views.events(select, exclude), []
        return self._pushing(
            lint=lambda: self.lint(select, exclude).findings,
            should_stop=should_stop,
            interruptible=interruptible,
            suppressions=self.destination_views.suppressions(),
        ).push(events, audiences, choice, everything=not select and not exclude)

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
        self.account.check_settings()
        audiences = self.destination_views.audiences(select, exclude)
        pushing = self._pushing(
            should_stop=should_stop, interruptible=interruptible, suppressions=self.destination_views.suppressions()
        )
        return pushing.push((), audiences, replace(choice, reassert=True), everything=False)

    def _pushing(self, **more: Any) -> Pushing:
        from pusher.pushing import Pushing
        from pusher.warehouse import READING_MEMORY

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
            **more,
        )

    @property
    def audiences(self) -> AudienceKeeping:
        """What people ask of the target's audiences."""
        from pusher.audience_keeping import AudienceKeeping

        return AudienceKeeping(
            root=self.file.root,
            target=self.profile.target,
            account=self.account,
            state=self.state,
            clock=self.clock,
            listener=self.listener,
            views=self.destination_views.audiences,
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
        """
        from pusher.forgetting import Deriving

        self.account.check_settings()
        payloads = self.account.destination.payloads.values()
        audience = next(one for one in payloads if one.kind == "audience")
        derived = Deriving(self.manifest, audience).derive(lines, country=country)
        if not derived.identifiers:
            return derived, None
        return derived, self._pushing(should_stop=should_stop).forget(derived.identifiers, sends=sends, wait_s=wait_s)

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

        return Showing(self.manifest, self.account, self._warehouse)

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
        """Return the exact body of the request that the first rows of a view would make."""
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
