"""Runs data tests: each is a query in the warehouse, and its rows are what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pusher.builds.workers import Ended, Surroundings, Task, run_steps
from pusher.compile import DataTest, Manifest
from pusher.compile.columns import build_first, meant
from pusher.contracts import Engine, EngineError
from pusher.errors import Problem
from pusher.payload.sql import identifier
from pusher.progress import DataTestFinished, Listener

PASSED, WARNED, FAILED, BROKEN, SKIPPED = "pass", "warn", "fail", "error", "skipped"
_DEFAULTS = {"fail_calc": "count(*)", "warn_if": "!= 0", "error_if": "!= 0"}


@dataclass(frozen=True, slots=True)
class DataTestResult:
    """What a data test found.

    Attributes:
        test: The test.
        status: `pass`, `warn`, `fail`, `error` (the query does not run) or `skipped` (what it reads was not built).
        failures: What its `fail_calc` counted, rows by default; None when it did not run.
        seconds: Time it took.
        message: What is wrong, one sentence without a value; empty when it passed.
        fix: What to do next, or None.
        is_reused: It was not run, because it would find what it found when it passed.
    """

    test: DataTest
    status: str
    failures: int | None
    seconds: float
    message: str = ""
    fix: str | None = None
    is_reused: bool = False

    @property
    def problem(self) -> Problem:
        """What is wrong, at the place of the test."""
        code = "data-test" if self.status == FAILED else "data-test-error"
        return Problem(code, self.message, self.test.file, self.test.line, self.test.begins, self.fix)

    @property
    def is_wrong(self) -> bool:
        """Whether what is below it may not be built."""
        return self.status in {FAILED, BROKEN}

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        test = self.test
        return {
            "name": test.name,
            "kind": test.kind,
            "model": test.model,
            "source": ".".join(test.source) if test.source else None,
            "model_column": test.column,
            "status": self.status,
            "severity": test.severity,
            "failures": self.failures,
            "seconds": round(self.seconds, 3),
            "file": test.file,
            "line": test.line,
            "message": self.message,
            "fix": self.fix,
            "stored": None if test.stored is None else str(test.stored),
            "reused": self.is_reused,
        }


@dataclass(frozen=True, slots=True)
class DataTestRun:
    """Asks one question of the warehouse.

    Args:
        manifest: The compiled project.
        test: The test.
    """

    manifest: Manifest
    test: DataTest

    @property
    def task(self) -> Task:
        """What a session of the engine does for it."""
        return Task(self.test.name, lambda engine, _: self._ask(engine))

    def result(self, ended: Ended) -> DataTestResult:
        """Return what the answer, or the error of the engine, says."""
        test, answer = self.test, ended.value
        if isinstance(answer, EngineError):
            fix = " ".join(filter(None, (meant(answer) or answer.fix, f"Look at {_compiled(self.manifest, test)}.")))
            fix = build_first(self.manifest, test.compiled_sql, answer) or fix
            return DataTestResult(test, BROKEN, None, ended.seconds, f"{test.name}: {answer.message}", fix)
        failures, warns, fails = answer
        status = FAILED if fails and test.severity == "error" else WARNED if warns or fails else PASSED
        if status == PASSED:
            return DataTestResult(test, PASSED, failures, ended.seconds)
        message = f"{test.subject}: {_found(test, failures)} against {test.kind} ({test.name})."
        if test.is_singular:
            message = f"{test.name}: the query found {_found(test, failures)}."
        where = f" by the query in {_compiled(self.manifest, test)}"
        if test.stored:
            where = f": select * from {test.stored}"
        return DataTestResult(test, status, failures, ended.seconds, message, f"See the rows{where}.")

    def _ask(self, engine: Engine) -> tuple[int, bool, bool]:
        test = self.test
        if test.stored is not None:
            engine.check_is_query(_limited(test))
            engine.create(test.stored, _limited(test), materialized="table")
        return _count(engine, test)


def skipped(test: DataTest) -> DataTestResult:
    """Return the result of a test whose models were not built."""
    return DataTestResult(test, SKIPPED, None, 0.0, f"{test.name} was skipped: what it reads was not built.")


def kept(test: DataTest, failures: int) -> DataTestResult:
    """Return the result of a test that would find what it found when it passed."""
    return DataTestResult(test, PASSED, failures, 0.0, is_reused=True)


def blocked_by(test: DataTest, ancestors: Mapping[str, frozenset[object]]) -> list[str]:
    """Return the models below everything that a test reads: what is wrong with that is wrong with them.

    Args:
        test: A test that failed.
        ancestors: Models and sources that each model reads, directly or not.
    """
    parents = {*test.depends_on, *test.sources}
    return [name for name, above in ancestors.items() if parents and parents <= above]


def ancestors_of(manifest: Manifest) -> dict[str, frozenset[object]]:
    """Return the models and sources that each model reads, directly or not."""
    found: dict[str, frozenset[object]] = {}
    for name, model in manifest.models.items():
        above = (found[up] for up in model.depends_on)
        found[name] = frozenset({*model.depends_on, *model.sources}).union(*above)
    return found


def _found(test: DataTest, failures: int) -> str:
    if test.config.get("fail_calc"):
        return f"{failures:,} by {test.config['fail_calc']}"
    noun = "row" if failures == 1 else "rows"
    limit = test.config.get("limit")
    return f"{failures:,} {noun}{' or more' if limit and failures >= limit else ''}"


def _compiled(manifest: Manifest, test: DataTest) -> str:
    path = manifest.compiled_path(test.file if test.is_singular else f"{test.file}/{test.name}.sql", test.package)
    return manifest.project.within(manifest.project.compiled_folder / path)


def _limited(test: DataTest) -> str:
    limit = test.config.get("limit")
    return f"{test.compiled_sql}\nlimit {int(limit)}" if limit else test.compiled_sql


def counting_sql(test: DataTest) -> str:
    """Return the query for what a test finds, and whether that warns and fails."""
    fail_calc, warn_if, error_if = (str(test.config.get(key) or value) for key, value in _DEFAULTS.items())
    rows = f"select * from {test.stored}" if test.stored else _limited(test)
    return (
        f"select coalesce({fail_calc}, 0) as failures, coalesce({fail_calc}, 0) {warn_if} as should_warn, "
        f"coalesce({fail_calc}, 0) {error_if} as should_error from (\n{rows}\n) as {identifier('wrong')}"
    )


def _count(engine: Engine, test: DataTest) -> tuple[int, bool, bool]:
    """Return what was found, and whether that warns and fails."""
    sql = counting_sql(test)
    engine.check_is_query(sql)
    failures, warns, fails = engine.rows(sql)[0]
    return int(failures), bool(warns), bool(fails)


def run_tests(manifest: Manifest, tests: Iterable[DataTest], around: Surroundings) -> list[DataTestResult]:
    """Run data tests, none of which waits for another, telling each as it ends.

    Args:
        manifest: The compiled project.
        tests: What to run.
        around: Where they run.
    """
    steps = _Tests([DataTestRun(manifest, test) for test in tests], around.listener)
    run_steps([()] * len(steps.runs), steps, around)
    return [steps.found[step] for step in range(len(steps.runs))]


@dataclass(slots=True)
class _Tests:
    runs: list[DataTestRun]
    listener: Listener
    found: dict[int, DataTestResult] = field(default_factory=dict)

    def begin(self, step: int) -> Task:
        return self.runs[step].task

    def end(self, step: int, ended: Ended) -> None:
        done = self.found[step] = self.runs[step].result(ended)
        self.listener(DataTestFinished(done.test.name, done.status, done.failures, done.seconds))
