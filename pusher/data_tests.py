"""Runs data tests: each is a query in the warehouse, and its rows are what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pusher.clock import Clock
from pusher.compile import DataTest, Manifest
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
    """

    test: DataTest
    status: str
    failures: int | None
    seconds: float
    message: str = ""
    fix: str | None = None

    @property
    def problem(self) -> Problem:
        """What is wrong, at the place of the test."""
        code = "data-test" if self.status == FAILED else "data-test-error"
        return Problem(code, self.message, self.test.file, self.test.line, 1, self.fix)

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
        }


def run_test(manifest: Manifest, engine: Engine, test: DataTest, clock: Clock) -> DataTestResult:
    """Ask one question of the warehouse."""
    started = clock.monotonic_s()
    try:
        if test.stored is not None:
            engine.check_is_query(_limited(test))
            engine.create(test.stored, _limited(test), materialized="table")
        failures, warns, fails = _count(engine, test)
    except EngineError as error:
        fix = " ".join(filter(None, (error.fix, f"Look at {_compiled(manifest, test)}.")))
        return DataTestResult(test, BROKEN, None, clock.monotonic_s() - started, f"{test.name}: {error.message}", fix)
    seconds = clock.monotonic_s() - started
    status = FAILED if fails and test.severity == "error" else WARNED if warns or fails else PASSED
    if status == PASSED:
        return DataTestResult(test, PASSED, failures, seconds)
    message = f"{test.subject}: {_found(test, failures)} against {test.kind} ({test.name})."
    if test.is_singular:
        message = f"{test.name}: the query found {_found(test, failures)}."
    where = f": select * from {test.stored}" if test.stored else f" by the query in {_compiled(manifest, test)}"
    return DataTestResult(test, status, failures, seconds, message, f"See the rows{where}.")


def skipped(test: DataTest) -> DataTestResult:
    """Return the result of a test whose models were not built."""
    return DataTestResult(test, SKIPPED, None, 0.0, f"{test.name} was skipped: what it reads was not built.")


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


def _count(engine: Engine, test: DataTest) -> tuple[int, bool, bool]:
    """Return what was found, and whether that warns and fails."""
    fail_calc, warn_if, error_if = (str(test.config.get(key) or value) for key, value in _DEFAULTS.items())
    rows = f"select * from {test.stored}" if test.stored else _limited(test)
    sql = (
        f"select coalesce({fail_calc}, 0) as failures, coalesce({fail_calc}, 0) {warn_if} as should_warn, "
        f"coalesce({fail_calc}, 0) {error_if} as should_error from (\n{rows}\n) as {identifier('wrong')}"
    )
    engine.check_is_query(sql)
    failures, warns, fails = engine.rows(sql)[0]
    return int(failures), bool(warns), bool(fails)


def run_tests(
    manifest: Manifest, engine: Engine, tests: Iterable[DataTest], listener: Listener, clock: Clock
) -> list[DataTestResult]:
    """Run data tests one after the other, telling each.

    Args:
        manifest: The compiled project.
        engine: The database.
        tests: What to run.
        listener: Told about each.
        clock: Measures.
    """
    found = []
    for test in tests:
        done = run_test(manifest, engine, test, clock)
        listener(DataTestFinished(test.name, done.status, done.failures, done.seconds))
        found.append(done)
    return found
