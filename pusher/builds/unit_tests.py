"""Runs unit tests: tables with the given rows stand in an empty database, and the model's SQL reads them.

Names and types of their columns are those that the binder knows, so no warehouse is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pusher.builds.data_tests import BROKEN, FAILED, PASSED, SKIPPED
from pusher.clock import Clock
from pusher.compile import Fixture, Inference, Input, Manifest, Relation, Row, UnitTest
from pusher.compile.columns import sql_problem
from pusher.compile.seeds import Seed, seed_query
from pusher.compile.unit_tests import THIS
from pusher.config import suggest
from pusher.contracts import Column, Engine, EngineError
from pusher.errors import Problem
from pusher.masking import mask, mask_whole, personal_columns, without_identifiers
from pusher.payload.sql import identifier, literal
from pusher.progress import Listener, UnitTestFinished

MOST_ROWS = 20
"""Rows of a difference that are shown, of each side."""
_SCHEMA, _EXPECTED, _ACTUAL = "unit test", "expected rows", "actual rows"


@dataclass(frozen=True, slots=True)
class Difference:
    """The rows in which a model's answer is not the expected one.

    Attributes:
        columns: Names of the columns.
        missing: Rows that are expected and did not come, at most `MOST_ROWS`.
        unexpected: Rows that came and are not expected, at most `MOST_ROWS`.
        missing_count: How many did not come.
        unexpected_count: How many are not expected.
    """

    columns: tuple[str, ...]
    missing: tuple[tuple[Any, ...], ...]
    unexpected: tuple[tuple[Any, ...], ...]
    missing_count: int
    unexpected_count: int


@dataclass(frozen=True, slots=True)
class UnitTestResult:
    """What became of a unit test.

    Attributes:
        test: The test.
        status: `pass`, `fail`, `error` (it does not run) or `skipped` (something its model reads was not built).
        seconds: Time it took.
        message: What is wrong, one sentence; empty when it passed.
        fix: What to do next, or None.
        line: 1-based line of the YAML file that is meant, or None for that of the test.
        difference: The rows that differ, or None.
    """

    test: UnitTest
    status: str
    seconds: float
    message: str = ""
    fix: str | None = None
    line: int | None = None
    difference: Difference | None = None

    @property
    def problem(self) -> Problem:
        """What is wrong, at its place in the YAML file."""
        code = "unit-test" if self.status == FAILED else "unit-test-error"
        return Problem(code, self.message, self.test.file, self.line or self.test.line, 1, self.fix)

    @property
    def is_wrong(self) -> bool:
        """Whether its model may not be built."""
        return self.status in {FAILED, BROKEN}

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return {
            "name": self.test.name,
            "kind": self.test.kind,
            "model": self.test.model,
            "source": None,
            "model_column": None,
            "status": self.status,
            "severity": "error",
            "failures": 1 if self.status == FAILED else 0 if self.status == PASSED else None,
            "seconds": round(self.seconds, 3),
            "file": self.test.file,
            "line": self.line or self.test.line,
            "message": self.message,
            "fix": self.fix,
            "stored": None,
            "reused": False,
            "difference": None if self.difference is None else _as_json(self.difference),
        }


def _as_json(difference: Difference) -> dict[str, Any]:
    sides = {"missing": difference.missing, "unexpected": difference.unexpected}
    rows = {side: [[_plain(value) for value in row] for row in found] for side, found in sides.items()}
    counts = {"missing_rows": difference.missing_count, "unexpected_rows": difference.unexpected_count}
    return {"columns": list(difference.columns), **rows, **counts}


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; what JSON has no word for is text."""
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


class _Broken(Exception):
    """A test cannot run; says why and where."""

    def __init__(self, message: str, fix: str | None, line: int | None = None) -> None:
        super().__init__(message)
        self.fix, self.line = fix, line


@dataclass(slots=True)
class UnitTestRun:
    """Runs unit tests of a project, one after the other.

    Args:
        manifest: The compiled project.
        engine: An empty database that `inspect` has filled; it may read the project's seeds.
        inference: What `inspect` said.
        clock: Measures.
        hides: Whether the user may see no personal data: then nothing of a row is taken for made up.
    """

    manifest: Manifest
    engine: Engine
    inference: Inference
    clock: Clock
    hides: bool = False
    _schemas: set[str] = field(default_factory=set)

    def run(self, test: UnitTest) -> UnitTestResult:
        """Return what a model gives for the rows of a test."""
        started = self.clock.monotonic_s()
        if test.problem is not None:
            place = f" ({test.problem.place})" if test.problem.code != "missing-input" and test.problem.file else ""
            message = f"{test.name}: {test.problem.message.removesuffix('.')}{place}."
            return UnitTestResult(test, BROKEN, 0.0, message, test.problem.fix)
        try:
            difference = self._difference(test)
        except _Broken as error:
            seconds = self.clock.monotonic_s() - started
            return UnitTestResult(test, BROKEN, seconds, f"{test.name}: {error}", error.fix, error.line)
        except EngineError as error:
            seconds = self.clock.monotonic_s() - started
            return UnitTestResult(test, BROKEN, seconds, f"{test.name}: {error.message}", error.fix)
        seconds = self.clock.monotonic_s() - started
        if difference is None:
            return UnitTestResult(test, PASSED, seconds)
        message = f"{test.name}: {_counts(difference)} ({test.model})."
        fix = f"Correct {self.manifest.models[test.model].path}, or what the test expects."
        return UnitTestResult(test, FAILED, seconds, message, fix, None, difference)

    def _difference(self, test: UnitTest) -> Difference | None:
        for given, relation in test.given:
            self._create(relation)
            seed = self.manifest.models[str(given.of)].seed if given.fixture.is_seed else None
            self._fill(relation, self._columns_of(test, given), given.fixture, given.written, seed)
        actual, expected = self._tables()
        output = self._output(test)
        wanted = self._wanted(test, output)
        listed = ", ".join(identifier(column.name) for column in wanted)
        try:
            self.engine.execute(
                f"create or replace table {actual} as select {listed} from (\n{test.compiled_sql}\n) as answer"
            )
        except EngineError as error:
            problem = sql_problem(self.manifest, self.manifest.models[test.model], error, analysis=True)
            raise _Broken(f"{test.model} fails on the given rows: {problem.message}", problem.fix) from error
        self._fill(expected, wanted, test.written.expect, "the expected rows")
        missing, unexpected = self._only_in(expected, actual), self._only_in(actual, expected)
        if not missing and not unexpected:
            return None
        names = tuple(column.name for column in wanted)
        counts = len(missing), len(unexpected)
        sides = [tuple(found[:MOST_ROWS]) for found in (missing, unexpected)]
        if self.hides or any(given.fixture.is_seed for given, _ in test.given):
            # Its rows are no made-up ones: they may be of real people.
            sides = [self._masked(test, names, rows) for rows in sides]
        return Difference(names, sides[0], sides[1], *counts)

    def _masked(
        self, test: UnitTest, names: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> tuple[tuple[Any, ...], ...]:
        hidden = personal_columns(self.manifest, self.manifest.models[test.model], names, None, strictly=self.hides)
        hide = mask_whole if self.hides else mask
        show = [hide if name.lower() in hidden else without_identifiers for name in names]
        return tuple(tuple(one(value) for one, value in zip(show, row, strict=True)) for row in rows)

    def _tables(self) -> tuple[Relation, Relation]:
        relations = [Relation.of(self.manifest.database, _SCHEMA, name) for name in (_ACTUAL, _EXPECTED)]
        for relation in relations:
            self._create(relation)
        return relations[0], relations[1]

    def _create(self, relation: Relation) -> None:
        if relation.schema not in self._schemas:
            schema = f"{identifier(relation.database)}.{identifier(relation.schema)}"
            self.engine.execute(f"create schema if not exists {schema}")
            self._schemas.add(relation.schema)

    def _columns_of(self, test: UnitTest, given: Input) -> Sequence[Column]:
        if isinstance(given.of, tuple):
            found = self.inference.sources.get(given.of)
        else:
            found = self.inference.models.get(test.model if given.of == THIS else given.of)
        if found is None:
            message = f"the columns of {given.written} are not known."
            raise _Broken(message, "Run `pusher lint`: it says what is wrong there.", given.fixture.line)
        return found

    def _output(self, test: UnitTest) -> list[Column]:
        try:
            self.engine.check_is_query(test.compiled_sql)
            return self.engine.columns(test.compiled_sql)
        except EngineError as error:
            problem = sql_problem(self.manifest, self.manifest.models[test.model], error, analysis=True)
            # A test reads other relations than the model, so only the model's own text tells the place.
            place = next((one.place for one in self.inference.problems if one.message == problem.message), None)
            where = f" ({place})" if place else ""
            raise _Broken(f"the SQL of {test.model} is wrong{where}: {problem.message}", problem.fix) from error

    def _wanted(self, test: UnitTest, output: Sequence[Column]) -> list[Column]:
        """Return the columns that a test looks at: those of its expected rows, or all when it expects none."""
        expect = test.written.expect
        if expect.query is not None:
            names = [column.name for column in self._query(expect.query, "the expected rows", expect.line)]
        else:
            names = [name for row in expect.rows for name in row.values]
        known = {column.name.lower(): column for column in output}
        for name in names:
            if name.lower() not in known:
                raise _unknown(name, f"{test.model} has no column", [column.name for column in output], expect.line)
        return [known[name] for name in dict.fromkeys(map(str.lower, names))] if names else list(output)

    def _query(self, sql: str, what: str, line: int) -> list[Column]:
        try:
            self.engine.check_is_query(sql)
            return self.engine.columns(sql)
        except EngineError as error:
            raise _Broken(f"the query of {what} is wrong: {error.message}", error.fix, line) from error

    def _fill(
        self, relation: Relation, columns: Sequence[Column], fixture: Fixture, what: str, seed: Seed | None = None
    ) -> None:
        """Create a table and put the rows of a fixture, or of a seed, into it."""
        if fixture.query is not None:
            self._query(fixture.query, what, fixture.line)
            self.engine.execute(f"create or replace table {relation} as {fixture.query}")
            return
        if seed is not None:
            query = seed_query(self.engine, seed)
            if isinstance(query, Problem):
                raise _Broken(query.message, query.fix, fixture.line)
            self.engine.execute(f"create or replace table {relation} as {query.sql}")
            return
        listed = ", ".join(f"{identifier(column.name)} {column.type}" for column in columns)
        self.engine.execute(f"create or replace table {relation} ({listed})")
        if not fixture.rows:
            return
        rows = [self._row(row, columns, what) for row in fixture.rows]
        try:
            self.engine.execute(f"insert into {relation} {' union all '.join(f'select {row}' for row in rows)}")
        except EngineError as error:
            self._blame(fixture.rows, columns, what)
            raise _Broken(f"{what} cannot be made: {error.message}", error.fix, fixture.line) from error

    def _row(self, row: Row, columns: Sequence[Column], what: str) -> str:
        values = {name.lower(): value for name, value in row.values.items()}
        names = {column.name.lower(): column.name for column in columns}
        for name in row.values:
            if name.lower() not in names:
                raise _unknown(name, f"{what} has no column", list(names.values()), row.line)
        return ", ".join(
            f"cast({sql_value(values.get(name))} as {column.type})" for name, column in zip(names, columns, strict=True)
        )

    def _blame(self, rows: Iterable[Row], columns: Sequence[Column], what: str) -> None:
        """Raise for the first value that its column cannot hold."""
        types = {column.name.lower(): column.type for column in columns}
        for row in rows:
            for name, value in row.values.items():
                type_ = types[name.lower()]
                try:
                    self.engine.rows(f"select cast({sql_value(value)} as {type_})")
                except EngineError as error:
                    message = f"`{value}` for column `{name}` of {what} is no {type_}."
                    raise _Broken(message, "Correct the value.", row.line) from error

    def _only_in(self, left: Relation, right: Relation) -> list[tuple[Any, ...]]:
        return self.engine.rows(f"select * from {left} except all select * from {right} order by all")


def _counts(difference: Difference) -> str:
    missing, unexpected = difference.missing_count, difference.unexpected_count
    parts = []
    if missing:
        parts.append(f"{missing:,} expected {'row is' if missing == 1 else 'rows are'} missing")
    if unexpected:
        parts.append(f"{unexpected:,} {'row is' if unexpected == 1 else 'rows are'} not expected")
    return " and ".join(parts)


def _unknown(name: str, what: str, known: Sequence[str], line: int) -> _Broken:
    near = suggest(name, known)
    fix = f"Did you mean `{near}`?" if near else f"Columns: {', '.join(known)}."
    return _Broken(f"{what} `{name}`.", fix, line)


def sql_value(value: Any) -> str:
    """Return a value of a YAML file as SQL; lists and mappings become lists and structs."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(sql_value(one) for one in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{literal(str(key))}: {sql_value(one)}' for key, one in value.items())}}}"
    return literal(str(value))


def skipped(test: UnitTest) -> UnitTestResult:
    """Return the result of a test whose model could not be built anyway."""
    return UnitTestResult(test, SKIPPED, 0.0, f"{test.name} was skipped: what {test.model} reads was not built.")


def run_unit_tests(run: UnitTestRun, tests: Iterable[UnitTest], listener: Listener) -> list[UnitTestResult]:
    """Run unit tests one after the other, telling each."""
    found = []
    for test in tests:
        done = run.run(test)
        listener(UnitTestFinished(test.name, done.status, done.seconds))
        found.append(done)
    return found
