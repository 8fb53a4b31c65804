"""Builds and tests a project: opens what is needed, runs it, and keeps dbt's artifacts of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from pusher.builds.data_tests import DataTestResult, run_tests
from pusher.builds.reuse import NOTHING, Memory, Reuse
from pusher.builds.run import Built, build, standing
from pusher.builds.unit_tests import UnitTestResult, UnitTestRun, run_unit_tests
from pusher.builds.workers import Surroundings
from pusher.clock import Clock
from pusher.compile import INLINE, Manifest, UnitTest, inspect
from pusher.compile.selection import compares
from pusher.config import Floor, PolicyFile, Profile
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import BuildError, ConfigError, Problem
from pusher.progress import Listener
from pusher.project import artifacts
from pusher.project.answering import Answering
from pusher.project.hooking import between_hooks
from pusher.project.outcomes import BuildReport, Interruptible
from pusher.project.remembering import LastBuild
from pusher.screening import screened, screened_value
from pusher.settings.account import Account
from pusher.version import __version__

if TYPE_CHECKING:
    from pusher.push.coverage import Coverage


@dataclass(slots=True)
class Building:
    """What a build and a run of tests need of a project.

    Args:
        manifest: The compiled project.
        account: The destination and its settings.
        listener: Told about progress.
        clock: Measures.
        profile: The chosen target.
        open_warehouse: Opens the database of the profile.
        with_standing: Returns the project as it is when the tables of some incremental models stand.
        cover: Judges destination views by their contract, by their names.
        floors: Least shares of rows with identifiers.
        workers: How many models and data tests run at a time.
        interruptible: Surrounds the work in a database, given what cuts running queries short.
        policy: Project policy.
        hides: Whether the user may see no personal data: what is written for people is screened for it.
    """

    manifest: Manifest
    account: Account
    listener: Listener
    clock: Clock
    profile: Profile
    open_warehouse: Callable[[], DuckDBEngine]
    with_standing: Callable[[Sequence[str]], Manifest]
    cover: Callable[[DuckDBEngine, Sequence[str]], list[Coverage]]
    workers: int
    interruptible: Interruptible
    floors: Sequence[Floor] = ()
    policy: PolicyFile = field(default_factory=PolicyFile)
    hides: bool = False
    _id: str = field(default_factory=lambda: str(uuid4()))
    _engines: list[DuckDBEngine] = field(default_factory=list)

    def build(
        self,
        select: Sequence[str],
        exclude: Sequence[str],
        *,
        full_refresh: bool,
        reuse: bool = True,
        into: Built | None = None,
    ) -> BuildReport:
        """Run the selected models and their tests, then judge each built destination view by its contract.

        Models and tests that would come out the same stay as they are, unless `reuse` is off or everything is built
        anew. `into` takes what became of each of them, also when the build fails.

        Raises:
            BuildError: A model failed; those that read it were not run.
        """
        into = into or Built([], [])
        # A wrong selector, and views that cannot be judged, are told before the warehouse is opened.
        if self.account.payloads_of(self.manifest.select_all(select, exclude).models):
            self.account.check_is_there()
        last = LastBuild(self.manifest, self.profile)
        with self.interruptible(self._cut_short), self._using(self.open_warehouse()) as engine:
            manifest = self.with_standing(standing(self.manifest, engine, full_refresh=full_refresh))
            models, tests, unit_tests = manifest.select_all(select, exclude)
            # What hooks write and what queries answer is in no text that could be compared.
            is_settled = not manifest.has_hooks and not manifest.uncertain
            reusing = last.reuse(manifest, engine, self._id, anew=full_refresh or not reuse or not is_settled)
            answering, chosen = self.answering(manifest, engine), frozenset(model.name for model in models)
            with self._kept("build", manifest, into), self._unit_testing(unit_tests) as run:
                build(
                    manifest,
                    engine,
                    models,
                    self.listener,
                    self.clock,
                    tests=tests,
                    unit_tests=unit_tests,
                    unit_test_run=run,
                    into=into,
                    workers=self.workers,
                    kept=reusing.kept(models, tests),
                    prepare=lambda model: answering.prepare(model, chosen),
                    around=lambda: between_hooks(manifest, engine, models, into),
                )
            skipped = {one.model for one in into.models if one.status == "skipped"}
            views = [name for name in self.account.payloads_of(models) if name not in skipped]
            coverage = self.cover(engine, views) if views else []
            place = engine.written_place()
        memory = _remembered(reusing, into) if is_settled else NOTHING
        last.keep(replace(memory, written=last.written_by(into)), engine, place)
        return BuildReport(into.models, into.tests, coverage, self._below_floors(coverage))

    def _below_floors(self, coverage: Sequence[Coverage]) -> list[Problem]:
        if not self.floors:
            return []
        from pusher.push.floors import below_floors

        return below_floors(self.floors, coverage)

    def test(self, select: Sequence[str], exclude: Sequence[str]) -> list[DataTestResult | UnitTestResult]:
        """Run unit tests, and data tests on what the warehouse holds, which is opened only for these.

        Raises:
            ConfigError: Nothing is selected.
        """
        _, tests, unit_tests = self.manifest.select_all(select, exclude)
        if not tests and not unit_tests and not compares(select):
            fix = "Write data_tests: for a model or column, a query below test-paths, or unit_tests:."
            raise ConfigError(Problem("no-tests", "The selection has no test.", fix=fix))
        found = Built([], [])
        with self.interruptible(self._cut_short), self._kept("test", self.manifest, found):
            with self._unit_testing(unit_tests) as run:
                if run is not None:
                    found.tests.extend(run_unit_tests(run, unit_tests, self.listener))
            if tests:
                with self._using(self.open_warehouse()) as engine:
                    around = Surroundings(engine, self.listener, self.clock, self.workers)
                    found.tests.extend(run_tests(self.manifest, tests, around))
        return found.tests

    def answering(self, manifest: Manifest, engine: DuckDBEngine) -> Answering:
        """Return what answers the queries that models ask while they render."""
        payloads = self.account.payloads_of(list(manifest.models.values()))
        first = None if manifest is self.manifest or INLINE in manifest.models else self.manifest
        return Answering(manifest, first, engine, payloads, self.policy, hides=self.hides)

    def answer(self, manifest: Manifest, names: Sequence[str]) -> None:
        """Render models, and what they read, with the rows of queries; opens the warehouse only where there are such.

        Raises:
            BuildError: A query may not run, or it failed.
        """
        if manifest.uncertain.isdisjoint(names):
            return
        with self._using(self.open_warehouse()) as engine:
            problems = self.answering(manifest, engine).answer(names)
        if problems:
            raise BuildError(*problems)

    def prove(self, views: Sequence[str]) -> None:
        """Prove destination views whose text hangs on rows by the text that they have with the rows of now.

        Raises:
            BuildError: A raw identifier is in one of them, or a query that they hang on may not run or fails.
        """
        if self.manifest.uncertain.isdisjoint(views):
            return
        with self._using(self.open_warehouse()) as engine:
            manifest = self.with_standing(standing(self.manifest, engine, full_refresh=False))
            problems = self.answering(manifest, engine).prove(views)
        if problems:
            raise BuildError(*problems)

    def keep_manifest(self, command: str, manifest: Manifest) -> None:
        """Write the compiled SQL and manifest.json."""
        now = self.clock.now()
        content = artifacts.manifest_json(manifest, artifacts.Invocation(self._id, command, now, now, __version__))
        if self.hides:
            # What `state:` compares stays: checksums, and the texts of macros and unit tests, which the user has.
            for node in content["nodes"].values():
                node |= {key: screened(node[key]) for key in ("raw_code", "compiled_code") if key in node}
        with _writing(manifest):
            manifest.write_compiled(screen=screened if self.hides else str)
            artifacts.write(manifest.project.target_folder, artifacts.MANIFEST, content)

    @contextmanager
    def _kept(self, command: str, manifest: Manifest, built: Built) -> Iterator[None]:
        """Keep the artifacts of a run, also of one that fails."""
        started_at, started_s = self.clock.now(), self.clock.monotonic_s()
        self.keep_manifest(command, manifest)
        try:
            yield
        finally:
            if any(model.query is not None for model in manifest.models.values()):
                # With the text that their rows made.
                self.keep_manifest(command, manifest)
            invocation = artifacts.Invocation(self._id, command, started_at, self.clock.now(), __version__)
            elapsed_s = self.clock.monotonic_s() - started_s
            content = artifacts.run_results_json(manifest, built, invocation, elapsed_s)
            content = screened_value(content) if self.hides else content
            with _writing(manifest):
                artifacts.write(manifest.project.target_folder, artifacts.RUN_RESULTS, content)

    @contextmanager
    def _using(self, engine: DuckDBEngine) -> Iterator[DuckDBEngine]:
        """Give a database whose queries can be cut short, and close it."""
        with closing(engine):
            self._engines.append(engine)
            yield engine

    def _cut_short(self) -> None:
        for engine in self._engines:
            engine.interrupt()

    @contextmanager
    def _unit_testing(self, tests: Sequence[UnitTest]) -> Iterator[UnitTestRun | None]:
        """Give what runs unit tests, in an empty database; nothing when there are none."""
        if not tests:
            yield None
            return
        with self._using(DuckDBEngine.in_memory(allowed_paths=self.manifest.source_paths())) as engine:
            inference = inspect(self.manifest, engine, [test.model for test in tests])
            yield UnitTestRun(self.manifest, engine, inference, self.clock, hides=self.hides)


def _remembered(reuse: Reuse, built: Built) -> Memory:
    """Return what the next build may rely on."""
    made = {one.model: one.rows for one in built.models if one.status == "built" and not one.is_reused}
    others = {one.model for one in built.models if not one.is_reused}
    return reuse.remember(made, reuse.manifest.models.keys() - others, built.tests)


@contextmanager
def _writing(manifest: Manifest) -> Iterator[None]:
    """Tell a folder that cannot be written as what it is for a person."""
    try:
        yield
    except OSError as error:
        target = manifest.project.target_path
        message, fix = f"Cannot write {target}/: {error.strerror}.", f"Check space and rights of {target}/."
        raise BuildError(Problem("target", message, target, fix=fix)) from error
