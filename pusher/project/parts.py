"""What a loaded project is made of: its files, its compiled models, its account, its state, and questions about them.

It alone chooses the engine and the destinations.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

from pusher.clock import Clock, FixedClock, SystemClock
from pusher.compile import (
    Inference,
    KeptRenders,
    Manifest,
    Mentions,
    Model,
    inspect,
    inspect_additions,
    inspect_with,
    load,
)
from pusher.compile.kept import FILE as KEPT_FILE
from pusher.compile.selection import compares
from pusher.config import (
    PolicyFile,
    Profile,
    ProjectFile,
    load_policy_file,
    load_profile,
    load_project_file,
)
from pusher.contracts import ColumnOrigin
from pusher.errors import CompileError, ConfigError, Problem, PusherError
from pusher.progress import Listener, Notice, silent
from pusher.settings.access import Access, access, check_roles
from pusher.settings.account import Account
from pusher.settings.campaigns import Campaign

if TYPE_CHECKING:
    from pusher.compile.known_columns import Known
    from pusher.engines.duckdb import DuckDBEngine
    from pusher.ledger.state import StateFolder
    from pusher.project.keeping import Keeping
    from pusher.push.plan import View
    from pusher.settings.destination_views import DestinationViews
    from pusher.settings.effective import ViewConfig
    from pusher.settings.offering import Offering

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
        is_bounded: Try templates in a child process first.
        uses_cache: Take from `target/` what templates rendered to before, and keep there what they render to now.
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
    is_bounded: bool = False
    uses_cache: bool = False

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


class ProjectParts:
    """A loaded project with its chosen target.

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
        self._unmatched: set[str] = set()
        self.clock: Clock = FixedClock(options.clock) if options.clock else SystemClock()
        self.started_at = self.clock.now()
        self._following = Lock()
        self._known_origins: dict[str, Mapping[str, ColumnOrigin]] = {}

    @classmethod
    def load(cls, options: LoadOptions | None = None, *, listener: Listener = silent) -> Self:
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

    @cached_property
    def manifest(self) -> Manifest:
        """The compiled project."""
        manifest = load(
            self.file,
            self.profile,
            vars=self.options.all_vars,
            run_started_at=self.started_at,
            open_engine=_empty_engine,
            kept=self._kept,
            is_bounded=self.options.is_bounded,
        )
        self._keep()
        self._tell(manifest)
        if self.options.compare_to is not None:
            from pusher.project.comparing import compared, read_saved

            manifest.previous = compared(manifest, read_saved(self.options.compare_to))
        return manifest

    @cached_property
    def _kept(self) -> KeptRenders | None:
        """What templates rendered to before; nothing for a user who may see no personal data, which they can hold."""
        if not self.options.uses_cache or self.access.is_restricted:
            return None
        return KeptRenders.open(self.file.root / self.file.target_path / KEPT_FILE)

    def _keep(self) -> None:
        """Keep what templates rendered to."""
        if self._kept is not None:
            self._kept.write()

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
        from pusher.settings.offering import Offering

        return Offering(self.manifest, self.account, self.access)

    @cached_property
    def ledger(self) -> Keeping:
        """What people ask of the target's ledger."""
        from pusher.project.keeping import Keeping

        return Keeping(
            state=self.state,
            clock=self.clock,
            destination=self.account.destination,
            compiled=self.file.compiled_folder,
            chosen=self._chosen,
            origins=self._origins,
            variables=tuple(self.options.vars),
            hides=self.access.is_restricted,
            ledger_id=self.profile.ledger_id,
            pixel_window=self.policy.shared_with_pixel,
            check_deciding=self._check_deciding,
        )

    def _check_deciding(self, names: Collection[str] | None) -> Collection[str] | None:
        from pusher.settings.offering import check_deciding

        check_deciding(self.account, self.access)
        if not self.access.is_restricted:
            return names
        self.offering.check_open(names)
        # Nothing says any more that a view that is gone is open to them.
        return list(self.manifest.models) if names is None else names

    def _warehouse(self, allowed_directories: Sequence[Path] = (), *, memory: str | None = None) -> DuckDBEngine:
        """Open the warehouse; `memory` is its limit when the profile says nothing."""
        from pusher.project.warehouse import open_warehouse

        return open_warehouse(self.profile, self.manifest.source_paths(), allowed_directories, memory=memory)

    def wanted(self, select: Sequence[str], exclude: Sequence[str]) -> Sequence[str]:
        """Return what to select, and tell where that is the default of selectors.yml."""
        found = self.manifest.with_default(select, exclude)
        if found is not select:
            self.listener(Notice(f"nothing is selected, so selectors.yml is asked: {' '.join(found)}"))
        self._tell_unmatched(found, exclude)
        if compares(found) and not any(self.manifest.select_all(found, exclude)):
            self.listener(Notice("nothing that is selected differs from the saved manifest"))
        return found

    def _tell_unmatched(self, select: Sequence[str], exclude: Sequence[str]) -> None:
        """Tell once of each selector that chooses nothing beside others that do: it may be misspelt."""
        for problem in self.manifest.unmatched(select, exclude):
            if problem.message not in self._unmatched:
                self._unmatched.add(problem.message)
                self.listener(Notice(problem.sentences))

    def models(self, select: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[Model]:
        """Return the selected models in graph order."""
        found = self.manifest.select(select, exclude)
        self._tell_unmatched(select, exclude)
        return found

    @cached_property
    def destination_views(self) -> DestinationViews:
        """The destination views, with the settings of each."""
        from pusher.settings.destination_views import DestinationViews

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
        from pusher.settings.effective import view_config

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
        from pusher.project.warehouse import count_relations

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

    def _check_policy(self) -> None:
        """Refuse policy about views and models that are not there."""
        self.destination_views.suppressions()
        if self.policy.consent.waived:
            from pusher.push.suppressions import check_waived

            check_waived(self.policy.consent.waived, self.account.payloads_of(self.manifest.models.values()))
        if self.policy.floors:
            from pusher.push.floors import check_floors

            check_floors(self.policy.floors, self.account.payloads_of(self.manifest.models.values()))

    @cached_property
    def _again(self) -> Manifest:
        """The project as it is in every build after the first."""
        return self._with_standing(self.manifest.incremental)

    def _with_standing(self, names: Sequence[str]) -> Manifest:
        """Return the project as it is when the tables of some incremental models stand."""
        if not names:
            return self.manifest
        manifest = self.manifest.standing(names)
        self._keep()
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
            with closing(_empty_engine(self.manifest.source_paths())) as empty:
                inference = inspect(self.manifest, empty, [name])
        except PusherError:
            # The words about a refused row are worth having without the line that made it.
            return {}
        return column_origins(self.manifest, name, payload, columns=inference.models, source_columns=inference.sources)


def _empty_engine(paths: Sequence[str]) -> DuckDBEngine:
    from pusher.engines.duckdb import DuckDBEngine

    return DuckDBEngine.in_memory(allowed_paths=paths)
