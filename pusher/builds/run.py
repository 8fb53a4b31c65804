"""Builds models and seeds in the engine, each after those it reads; data tests run as soon as they can."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from pusher.builds.data_tests import DataTestResult, DataTestRun, ancestors_of, blocked_by, skipped
from pusher.builds.data_tests import kept as keep_data_test
from pusher.builds.model_run import Made, ModelRun, shard_by_of
from pusher.builds.reuse import NONE_KEPT, Kept
from pusher.builds.unit_tests import UnitTestResult, UnitTestRun
from pusher.builds.unit_tests import skipped as skip_unit_test
from pusher.builds.workers import Ended, Surroundings, Task, run_steps
from pusher.clock import Clock, SystemClock
from pusher.compile import DataTest, Manifest, Model, UnitTest
from pusher.contracts import Engine, EngineError, Reading
from pusher.errors import BuildError, Problem
from pusher.progress import DataTestFinished, Listener, ModelBuilt, UnitTestFinished, silent

Prepare = Callable[[Model], Sequence[Problem]]
"""Gets a model ready, or says why it cannot be built."""
Around = Callable[[], AbstractContextManager[Any]]
"""Surrounds whatever changes the database."""


@dataclass(frozen=True, slots=True)
class BuiltModel:
    """What became of a model.

    Attributes:
        model: Its name.
        status: `built`, `failed` or `skipped` (something it reads failed, or a data test of it did).
        rows: Rows of a table, None for a view.
        seconds: Time it took.
        strategy: How rows were added to the table that stood, None when the model was built anew.
        resource_type: `model`, or `seed`.
        message: Why it failed, else empty.
        is_reused: It was not made, because that would change nothing.
    """

    model: str
    status: str
    rows: int | None
    seconds: float
    strategy: str | None = None
    resource_type: str = "model"
    message: str = ""
    is_reused: bool = False


@dataclass(frozen=True, slots=True)
class Built:
    """What became of models and their tests.

    Attributes:
        models: In the order of the build.
        tests: Likewise.
    """

    models: list[BuiltModel]
    tests: list[DataTestResult | UnitTestResult]


def standing(manifest: Manifest, engine: Engine, *, full_refresh: bool) -> list[str]:
    """Return the incremental models that add rows to their table, because it stands and is not built anew.

    Args:
        manifest: The compiled project.
        engine: The database.
        full_refresh: Build anew; a model's own `full_refresh` wins.
    """
    found = []
    for model in manifest.models.values():
        if model.increment is None:
            continue
        anew = full_refresh if model.increment.full_refresh is None else model.increment.full_refresh
        if not anew and engine.table_columns(model.relation) is not None:
            found.append(model.name)
    return found


def build(
    manifest: Manifest,
    engine: Engine,
    models: Sequence[Model] | None = None,
    listener: Listener = silent,
    clock: Clock | None = None,
    *,
    tests: Iterable[DataTest] = (),
    unit_tests: Iterable[UnitTest] = (),
    unit_test_run: UnitTestRun | None = None,
    into: Built | None = None,
    workers: int = 1,
    kept: Kept = NONE_KEPT,
    prepare: Prepare = lambda _: (),
    around: Around = nullcontext,
) -> Built:
    """Create the relations of models, in graph order, and run data tests as soon as what they read is there.

    What is below everything that a failed test reads is not built. Unit tests run before their model, which is not
    built when one fails. Nothing is built when the text of a model is no query.

    Args:
        manifest: The compiled project.
        engine: The database.
        models: What to build, all by default; ephemeral models live inside those that read them.
        listener: Told about each model that was built, and about each test, as they end.
        clock: Measures.
        tests: Data tests to run.
        unit_tests: Unit tests to run.
        unit_test_run: Runs them; without it there are none.
        into: Takes what became of each, in the order of the graph, also when the build fails.
        workers: How many models and data tests may run at a time; what becomes of them does not depend on it.
        kept: Models and data tests that are left as they are.
        prepare: Is asked about each model right before it is built; it may change the model in the manifest.
        around: Surrounds the work once all texts are known to be queries; it learns what became of it from `into`.

    Raises:
        BuildError: Models failed. What does not read them was still built, unless their text is no query; all problems
            at once, those of tests too.
    """
    chosen = {model.name for model in models} if models is not None else set(manifest.models)
    of_model: dict[str, list[UnitTest]] = {}
    for test in unit_tests:
        of_model.setdefault(test.model, []).append(test)
    ancestors = ancestors_of(manifest)
    steps, waits = _in_order(manifest, list(tests), ancestors)
    run = _Run(manifest, steps, ancestors, chosen, of_model, unit_test_run, listener, kept, prepare)
    found = into or Built([], [])
    run.read_ahead(engine)
    if run.problems:
        run.skip_all()
        run.give(found)
        error = BuildError(*run.all_problems)
        error.add_note("Nothing was built because of this.")
        raise error
    with around():
        try:
            run_steps(waits, run, Surroundings(engine, listener, clock or SystemClock(), workers))
        finally:
            run.give(found)
        if run.problems:
            error = BuildError(*run.all_problems, *(one.problem for one in found.tests if one.is_wrong))
            skipped = [built.model for built in found.models if built.status == "skipped"]
            if skipped:
                error.add_note(f"Not built because of this: {', '.join(skipped)}.")
            raise error
    return found


def _in_order(
    manifest: Manifest, tests: list[DataTest], ancestors: Mapping[str, frozenset[object]]
) -> tuple[list[Model | DataTest], list[set[int]]]:
    """Return all models, each test as soon as what it reads is there, and for each of them the steps that it waits for.

    Models that are not built are steps too, because those below them wait for those above them.
    """
    places = {name: place for place, name in enumerate(manifest.models)}
    # By the place of the last model that a test reads; it stands before the first model where it reads none.
    after: dict[int, list[DataTest]] = {}
    for test in tests:
        after.setdefault(max((places[name] for name in test.depends_on), default=-1), []).append(test)
    steps: list[Model | DataTest] = [*after.get(-1, ())]
    for place, model in enumerate(manifest.models.values()):
        steps += [model, *after.get(place, ())]
    numbers = {step.name: number for number, step in enumerate(steps) if isinstance(step, Model)}
    waits = [{numbers[name] for name in step.depends_on} for step in steps]
    readers: dict[object, list[str]] = {}
    for name, model in manifest.models.items():
        for parent in (*model.depends_on, *model.sources):
            readers.setdefault(parent, []).append(name)
    for number, step in enumerate(steps):
        if isinstance(step, DataTest):
            parents = {*step.depends_on, *step.sources}
            # Most tests read one thing: whatever is further below waits for what reads it.
            if len(parents) > 1:
                blocked = blocked_by(step, ancestors)
            else:
                blocked = [name for parent in parents for name in readers.get(parent, ())]
            for name in blocked:
                waits[numbers[name]].add(number)
    return steps, waits


@dataclass(slots=True)
class _Run:
    manifest: Manifest
    steps: list[Model | DataTest]
    ancestors: Mapping[str, frozenset[object]]
    chosen: set[str]
    unit_tests: dict[str, list[UnitTest]]
    unit_test_run: UnitTestRun | None
    listener: Listener
    kept: Kept
    prepare: Prepare
    built: dict[int, BuiltModel] = field(default_factory=dict)
    tested: dict[int, list[DataTestResult | UnitTestResult]] = field(default_factory=dict)
    problems: dict[int, tuple[Problem, ...]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    readings: dict[str, Reading] = field(default_factory=dict)

    def read_ahead(self, engine: Engine) -> None:
        """Read the SQL of all models that are to be built at once, which is five times as fast as one by one.

        Notes a problem for each text that is no query, and has a reading of each that is one.
        """
        known = []
        for number, model in enumerate(self.steps):
            # What a model says that asks a query is known when it is built.
            if isinstance(model, DataTest) or model.seed or model.is_open or not self._is_to_be_built(model):
                continue
            try:
                engine.check_is_query(model.compiled_sql)
            except EngineError as error:
                self._made(number, model, Ended(error, 0.0))
            else:
                known.append(model.compiled_sql)
        self.readings = dict(zip(known, engine.read(known), strict=True)) if known else {}

    def skip_all(self) -> None:
        """Note that all other models that were chosen are not built, and that no test runs."""
        for step, one in enumerate(self.steps):
            if isinstance(one, DataTest):
                self.tested[step] = [skipped(one)]
                continue
            if self.unit_test_run is not None and one.name in self.unit_tests:
                self.tested[step] = [skip_unit_test(test) for test in self.unit_tests[one.name]]
            if step not in self.built and one.name in self.chosen and one.materialized != "ephemeral":
                self.built[step] = _skipped(one)

    def give(self, into: Built) -> None:
        """Tell what became of each model and test."""
        into.models.extend(self.built[step] for step in sorted(self.built))
        into.tests.extend(one for step in sorted(self.tested) for one in self.tested[step])

    @property
    def all_problems(self) -> list[Problem]:
        """What is wrong with models, in the order of the build."""
        return [problem for step in sorted(self.problems) for problem in self.problems[step]]

    def _is_to_be_built(self, model: Model) -> bool:
        return model.name in self.chosen and model.materialized != "ephemeral" and model.name not in self.kept.models

    def begin(self, step: int) -> Task | None:
        """Return what a model or a test runs; None when it is skipped, or has nothing to run."""
        one = self.steps[step]
        if isinstance(one, DataTest):
            if not self.broken.isdisjoint(one.depends_on):
                self._tested(step, skipped(one))
            elif one.name in self.kept.tests:
                self._tested(step, keep_data_test(one, self.kept.tests[one.name]))
            else:
                return DataTestRun(self.manifest, one).task
            return None
        if not self.broken.isdisjoint(one.depends_on):
            self.broken.add(one.name)
        self._test_units(step, one)
        if one.name not in self.chosen or one.materialized == "ephemeral":
            return None
        if one.name in self.broken:
            self.built[step] = _skipped(one)
            return None
        if one.name in self.kept.models:
            rows = self.kept.models[one.name]
            self.built[step] = BuiltModel(one.name, "built", rows, 0.0, resource_type=one.resource_type, is_reused=True)
            return None
        problems = tuple(self.prepare(one))
        if problems:
            self._made(step, one, Ended(Made(None, problems), 0.0))
            return None
        self.steps[step] = one = self.manifest.models[one.name]
        run = ModelRun(self.manifest, one, self.readings.get(one.compiled_sql))
        return Task(one.name, run, alone=shard_by_of(one) is not None or bool(one.hooks))

    def end(self, step: int, ended: Ended) -> None:
        """Take what came of a model or a test."""
        one = self.steps[step]
        if isinstance(one, DataTest):
            self._tested(step, DataTestRun(self.manifest, one).result(ended))
        else:
            self._made(step, one, ended)

    def _test_units(self, step: int, model: Model) -> None:
        """Run the unit tests of a model; it counts as broken when one of them fails."""
        if self.unit_test_run is None:
            return
        is_blocked = model.name in self.broken
        for test in self.unit_tests.get(model.name, ()):
            done = skip_unit_test(test) if is_blocked else self.unit_test_run.run(test)
            self.tested.setdefault(step, []).append(done)
            self.listener(UnitTestFinished(test.name, done.status, done.seconds))
            if done.is_wrong:
                self.broken.add(model.name)

    def _tested(self, step: int, done: DataTestResult) -> None:
        self.tested[step] = [done]
        self.listener(DataTestFinished(done.test.name, done.status, done.failures, done.seconds))
        if done.is_wrong:
            self.broken |= set(blocked_by(done.test, self.ancestors))

    def _made(self, step: int, model: Model, ended: Ended) -> None:
        made, kind = ended.value, model.resource_type
        if isinstance(made, EngineError):
            made = Made(None, (ModelRun(self.manifest, model).problem_of(made),))
        if made.problems:
            self.broken.add(model.name)
            self.problems[step] = made.problems
            message = made.problems[-1].message
            self.built[step] = BuiltModel(model.name, "failed", None, ended.seconds, None, kind, message)
            return
        strategy = model.increment.strategy if model.increment and model.adds else None
        self.built[step] = BuiltModel(model.name, "built", made.rows, ended.seconds, strategy, kind)
        self.listener(ModelBuilt(model.name, strategy or model.materialized, made.rows, ended.seconds))


def _skipped(model: Model) -> BuiltModel:
    return BuiltModel(model.name, "skipped", None, 0.0, resource_type=model.resource_type)
