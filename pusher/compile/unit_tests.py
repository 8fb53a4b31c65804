"""Unit tests: given these rows, a model gives those rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from pusher.compile.assemble import tidy
from pusher.compile.files import TextFile
from pusher.compile.model import Relation, Source, SourceKey, missing
from pusher.compile.one_render import Render
from pusher.compile.packages import Projects
from pusher.compile.render import Renderer
from pusher.config import suggest
from pusher.errors import Problem

# Not a name that a file can have.
THIS = "{{ this }}"
INCREMENTAL = "is_incremental"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table that a test makes up.

    Attributes:
        values: Value by column name as written.
        line: 1-based line of the YAML file.
    """

    values: Mapping[str, Any]
    line: int


@dataclass(frozen=True, slots=True)
class Fixture:
    """The rows of a table that a test makes up.

    Attributes:
        rows: Its rows, none when `query` gives them.
        query: A query that gives them, or None.
        line: 1-based line of the entry.
        is_seed: The entry gives no rows: they are those of the seed that it names.
    """

    rows: tuple[Row, ...]
    query: str | None
    line: int
    is_seed: bool = False


@dataclass(frozen=True, slots=True)
class Input:
    """What a model reads in a test.

    Attributes:
        written: As the YAML file names it.
        of: Name of a model or seed, the two names of a source, or `THIS` for the table of the model itself.
        fixture: The rows.
    """

    written: str
    of: str | SourceKey
    fixture: Fixture


@dataclass(frozen=True, slots=True)
class WrittenUnitTest:
    """A unit test as a YAML file has it.

    Attributes:
        name: Its name.
        model: Model that is tested.
        description: Text for people.
        given: What the model reads.
        expect: What it should give.
        macros: What a macro returns instead, by its name.
        variables: Values of variables.
        environment: Values of environment variables.
        config: Tags, meta and whether it is enabled.
        file: YAML file.
        line: 1-based line of the entry.
        package: Name of the package that has it, empty for the project itself.
    """

    name: str
    model: str
    description: str
    given: tuple[Input, ...]
    expect: Fixture
    macros: Mapping[str, Any]
    variables: Mapping[str, Any]
    environment: Mapping[str, str]
    config: Mapping[str, Any]
    file: str
    line: int
    package: str = ""


@dataclass(frozen=True, slots=True)
class UnitTest:
    """A unit test that is ready to run.

    Attributes:
        written: As the YAML file has it.
        given: What the model reads, and where it stands while the test runs.
        compiled_sql: The model's SQL, reading these relations.
        fqn: Project, folders and names, as selectors see it.
        problem: Why it cannot run, or None. It is told when the test runs: what a test lacks is no reason to check
            or build nothing else.
    """

    written: WrittenUnitTest
    given: tuple[tuple[Input, Relation], ...]
    compiled_sql: str
    fqn: tuple[str, ...]
    problem: Problem | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self.written.name

    @property
    def kind(self) -> str:
        """What stands in the place of a data test's kind."""
        return "unit"

    @property
    def model(self) -> str:
        """The model that is tested."""
        return self.written.model

    @property
    def file(self) -> str:
        """YAML file."""
        return self.written.file

    @property
    def line(self) -> int:
        """1-based line of the entry."""
        return self.written.line

    @property
    def package(self) -> str:
        """Name of the package that has it, empty for the project itself."""
        return self.written.package

    @property
    def config(self) -> Mapping[str, Any]:
        """Tags, meta and whether it is enabled."""
        return self.written.config

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        found = self.config.get("tags", ())
        return (found,) if isinstance(found, str) else tuple(found)


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a test says instead of the project.

    Attributes:
        macros: What a macro returns, by its name.
        variables: Values of variables.
        environment: Values of environment variables.
        standing: Models for which `is_incremental()` is true.
    """

    macros: Mapping[str, Any]
    variables: Mapping[str, Any]
    environment: Mapping[str, str]
    standing: frozenset[str]


@dataclass(slots=True)
class UnitTests:
    """The unit tests of a project.

    Args:
        projects: The project and its packages.
        models: Files of the models that can be tested, with their configuration.
        relations: Relation of each model and seed, by name.
        seeds: Names of the seeds.
        sources: Sources by their two names.
        renderer: Returns a renderer for overrides, given what `ref()` and `source()` render, and which relation
            stands behind one of theirs.

    Attributes:
        tests: Those that are enabled, by name.
        problems: What is wrong.
        notices: What a person should know.
    """

    projects: Projects
    models: Mapping[str, tuple[TextFile, Mapping[str, Any]]]
    relations: Mapping[str, Relation]
    seeds: frozenset[str]
    sources: Mapping[SourceKey, Source]
    renderer: Callable[
        [
            Overrides,
            Callable[[str, str | None], str | Problem],
            Callable[[SourceKey], str | Problem],
            Callable[[str], str],
        ],
        Renderer,
    ]
    tests: dict[str, UnitTest] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    _renderers: dict[str, Renderer] = field(default_factory=dict)
    _model: str = ""
    _stand_ins: dict[str | SourceKey, Relation] = field(default_factory=dict)

    def read(self, test: WrittenUnitTest) -> None:
        """Render what a test asks of its model."""
        if test.model not in self.models:
            self._wrong(
                test, missing("missing-model", "Model", test.model, [*self.models], suggest(test.model, self.models))
            )
        elif test.name in self.tests:
            first = self.tests[test.name]
            message = f"Unit test `{test.name}` is there twice, first at {first.file}:{first.line}."
            self._wrong(test, Problem("duplicate-test", message, fix="Rename one of them."))
        elif not self.models[test.model][1].get("enabled", True):
            self.notices.append(f"Unit test {test.name} is left out: its model is disabled.")
        elif test.config.get("enabled", True):
            self._render(test)

    def _wrong(self, test: WrittenUnitTest, problem: Problem, line: int | None = None) -> None:
        at = line or test.line
        self.problems.append(Problem(problem.code, problem.message, test.file, at, 1, problem.fix))

    def _render(self, test: WrittenUnitTest) -> None:
        file, config = self.models[test.model]
        given = {one.of: relation for one in test.given if (relation := self._stand_in(test, one)) is not None}
        standing = frozenset({test.model} if test.macros.get(INCREMENTAL) is True else ())
        macros = {name: value for name, value in test.macros.items() if name != INCREMENTAL}
        overrides = Overrides(macros, test.variables, test.environment, standing)
        self._model, self._stand_ins = test.model, given
        this = given.get(THIS, self.relations[test.model])
        render = Render(test.model, file.path, config, this=this, package=file.package)
        renderer = self._renderer(overrides)
        for problem in renderer.override_problems:
            self._wrong(test, problem)
        sql = tidy(renderer.render(file, render))
        increment = self._increment_problems(test, render, reads_itself=THIS in given)
        wrong = [*_asks_queries(render), *render.certain, *increment]
        inputs = tuple((self._rendered(one, renderer, test), given[one.of]) for one in test.given if one.of in given)
        folders = PurePosixPath(self.projects.within(test.file, test.package)).parts[1:-1]
        fqn = (self.projects.name(test.package), *folders, test.model, test.name)
        self.tests[test.name] = UnitTest(test, inputs, sql, fqn, wrong[0] if wrong else None)

    def _rendered(self, given: Input, renderer: Renderer, test: WrittenUnitTest) -> Input:
        query = given.fixture.query
        if query is None or "{" not in query:
            return given
        render = Render(test.model, test.file, {}, package=test.package)
        sql = renderer.render(TextFile(test.file, Path(), query, (), test.package), render)
        for problem in render.problems:
            self._wrong(test, problem, given.fixture.line)
        return replace(given, fixture=replace(given.fixture, query=tidy(sql)))

    def _renderer(self, overrides: Overrides) -> Renderer:
        key = repr(overrides)
        if key not in self._renderers:
            self._renderers[key] = self.renderer(overrides, self._ref, self._source, self._real)
        return self._renderers[key]

    @staticmethod
    def _increment_problems(test: WrittenUnitTest, render: Render, *, reads_itself: bool) -> list[Problem]:
        """Return what dbt refuses: a test has to say which of the two builds of an incremental model it means."""
        if not render.asks_incremental:
            return []
        if not isinstance(test.macros.get(INCREMENTAL), bool):
            message = f"`{test.model}` asks is_incremental(), and the test does not say what it is."
            fix = "Write overrides: {macros: {is_incremental: false}}, or true."
            return [Problem("missing-override", message, fix=fix)]
        if test.macros[INCREMENTAL] and not reads_itself:
            message = f"`{test.model}` adds rows to its table in this test, which gives no rows of that table."
            return [Problem("missing-input", message, fix="Add `- input: this` with its rows, or `rows: []`.")]
        return []

    def _stand_in(self, test: WrittenUnitTest, given: Input) -> Relation | None:
        """Return what stands for an input; its name is that of the real one, which SQL may use for its columns."""
        line = given.fixture.line
        if given.of == THIS:
            real, schema = self.relations[test.model], "unit test this"
        elif isinstance(given.of, str):
            if given.of not in self.relations:
                known = [*self.relations]
                self._wrong(test, missing("missing-ref", "Model", given.of, known, suggest(given.of, known)), line)
                return None
            real = self.relations[given.of]
            schema = f"unit test {real.schema}"
        elif given.of in self.sources:
            real, schema = self.sources[given.of].relation, f"unit test source {given.of[0]} {given.of[1]}"
        else:
            known, name = [".".join(key) for key in self.sources], ".".join(given.of)
            self._wrong(test, missing("missing-source", "Source", name, known, suggest(name, known)), line)
            return None
        if given.fixture.is_seed and given.of not in self.seeds:
            problem = Problem("missing-rows", f"The test gives no rows for {given.written}.", fix="Write `rows: []`.")
            self._wrong(test, problem, line)
        return Relation.of(real.database, schema, real.identifier)

    def _real(self, relation: str) -> str:
        """Return the relation that a stand-in stands for."""
        for of, stand_in in self._stand_ins.items():
            if stand_in == relation:
                name = self._model if of == THIS else of
                return str(self.sources[name].relation if isinstance(name, tuple) else self.relations[name])
        return relation

    def _ref(self, name: str, _package: str | None) -> str | Problem:
        return self._given(name, f"ref('{name}')")

    def _source(self, key: SourceKey) -> str | Problem:
        return self._given(key, f"source('{key[0]}', '{key[1]}')")

    def _given(self, of: str | SourceKey, written: str) -> str | Problem:
        if of in self._stand_ins:
            return self._stand_ins[of]
        message = f"`{self._model}` reads {written}, and the test gives no rows for it."
        fix = f"Add `- input: {written}` with its rows, or `rows: []`."
        return Problem("missing-input", message, fix=fix)


def _asks_queries(render: Render) -> list[Problem]:
    """Return why a model cannot be tested as it is: a unit test has no warehouse that could be asked."""
    if not render.is_open:
        return []
    message = "The model asks a query by run_query(), and a unit test has no warehouse."
    fix = "Put the query into a macro, and write what it returns: overrides: {macros: {its_name: [...]}}."
    return [Problem("query-not-here", message, fix=fix)]
