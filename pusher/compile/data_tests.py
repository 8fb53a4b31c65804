"""Data tests: generic ones from YAML, and queries of their own; each becomes SQL whose rows are what is wrong."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jinja2.runtime import Macro

from pusher.compile import data_test_configs
from pusher.compile.configs import merge
from pusher.compile.files import TextFile
from pusher.compile.model import SINGULAR, ColumnDoc, DataTest, Relation, Source, SourceKey, WrittenTest, missing
from pusher.compile.one_render import Render
from pusher.compile.packages import Projects
from pusher.compile.render import BUILT_IN_FILE, Renderer
from pusher.config import suggest
from pusher.errors import Problem
from pusher.payload.sql import identifier

AUDIT_SCHEMA = "dbt_test__audit"
_LONGEST_NAME = 63
_NAME_START = 30
_NAMED = re.compile(r"`(\w+)`")
_OTHER = re.compile(r"[^0-9a-zA-Z_]+")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a generic test is written for.

    Attributes:
        name: Name of the model, or of source and table with an underscore.
        fqn: Project and folders of the model, or of the YAML file.
        package: Name of the package that has it, empty for the project itself.
        relation: What a query selects from.
        model: The model, or None.
        source: The source, or None.
        tests: Tests of the whole.
        columns: Columns, with their tests.
    """

    name: str
    fqn: tuple[str, ...]
    package: str
    relation: str
    model: str | None
    source: SourceKey | None
    tests: Sequence[WrittenTest]
    columns: Iterable[ColumnDoc]

    @property
    def written(self) -> str:
        """How a template refers to it."""
        return f"ref('{self.model}')" if self.source is None else "source('{}', '{}')".format(*self.source)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a generic test was asked about.

    Attributes:
        subject: The model or source.
        column: The column, or None.
        whole_name: Its name, however long.
        arguments: What dbt gives its macro, not rendered.
    """

    subject: Subject
    column: ColumnDoc | None
    whole_name: str
    arguments: Mapping[str, Any]


def of_source(source: Source, project: str, relation: str) -> Subject:
    """Return a source as the subject of tests."""
    name = f"{source.source_name}_{source.name}"
    return Subject(name, (project,), source.package, relation, None, source.key, source.data_tests, source.columns)


def generic_names(test: WrittenTest, subject: Subject, arguments: Mapping[str, Any]) -> tuple[str, str]:
    """Return the name that dbt gives a test, from its kind, its subject and its arguments as written.

    The first is the whole name, the second no longer than PostgreSQL takes; most are the same.
    """
    package, _, kind = test.name.rpartition(".")
    start = "_".join(part for part in (package, "source" if subject.source else "", kind, subject.name) if part)
    words: list[str] = []
    for name in sorted(arguments):
        value = arguments[name]
        several = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else [value]
        words += [_OTHER.sub("_", str(one)) for one in several]
    whole = f"{start}_{'__'.join(words)}"
    if len(whole) <= _LONGEST_NAME:
        return whole, whole
    return whole, f"{start[:_NAME_START]}_{hashlib.md5(whole.encode(), usedforsecurity=False).hexdigest()}"


@dataclass(slots=True)
class DataTests:
    """The data tests of a project.

    Args:
        renderer: Renders templates.
        projects: The project and its packages.
        everywhere: What dbt_project.yml sets for all of them, by package.
        finished: Returns the SQL that the engine runs, given a rendered query and the models that it reads.
        relation: Returns the relation of a name with a configuration (`schema`, `alias`).
        taken: What each relation of the project is, by its text in lower case.
        seed_behind: Returns the seed whose table a source is, or None.

    Attributes:
        tests: Those that are enabled, by name.
        problems: What is wrong.
        bare: Places of tests whose arguments do not stand under `arguments:`.
        notices: What a person should know.
    """

    renderer: Renderer
    projects: Projects
    everywhere: Mapping[str, Mapping[str, Any]]
    finished: Callable[[str, Iterable[str]], str]
    relation: Callable[[str, Mapping[str, Any]], Relation]
    taken: dict[str, str]
    seed_behind: Callable[[SourceKey], str | None]
    tests: dict[str, DataTest] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    bare: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def read_subject(self, subject: Subject) -> None:
        """Render the generic tests of a model or source."""
        for test in subject.tests:
            self._generic(test, subject, None)
        for column in subject.columns:
            for test in column.data_tests:
                self._generic(test, subject, column)

    def read_query(self, file: TextFile) -> None:
        """Render a query of its own."""
        everywhere = self.everywhere[file.package]
        render = Render(file.name, file.path, everywhere, check=data_test_configs.check, package=file.package)
        sql = self.renderer.render_file(file, render)
        self.problems += render.certain
        if render.is_waiting:
            return
        if render.is_open:
            self.problems.append(_no_query(render))
            return
        if "where" in render.config:
            message, fix = "A query of its own has no `where`: dbt does not look at it.", "Write it into the query."
            self.problems.append(Problem("unsupported-config", message, file.path, 1, 1, fix))
        elif not render.problems:
            fqn = (self.projects.name(file.package), *file.folder, file.name)
            at = (file.path, 1, 1)
            self._add(file.name, SINGULAR, at, sql, render, config=render.merged(), fqn=fqn, raw_sql=file.text)

    def _generic(self, test: WrittenTest, subject: Subject, column: ColumnDoc | None) -> None:
        macro, everywhere = self.renderer.generic_test(test.name, subject.package), self.everywhere[subject.package]
        if macro is None:
            near = suggest(test.name, self.renderer.generic_tests)
            problem = missing("missing-test", "Generic test", test.name, self.renderer.generic_tests, near)
            self._wrong(problem, test)
            return
        unknown = _unknown_arguments(macro, test)
        if unknown:
            self.problems += unknown
            return
        written = {**test.arguments, **({"column_name": column.name} if column else {})}
        whole, name = (test.given_name,) * 2 if test.given_name else generic_names(test, subject, written)
        if test.is_bare:
            self.bare.append(f"{test.file}:{test.line}")
        config = merge(everywhere, test.config)
        sql, render = self._asked(macro, name, test, subject=subject, column=column, config=config)
        # What the file of the subject says wins over what the block of the test says for itself.
        known = config.get("where")
        config = merge(everywhere, render.config, test.config)
        if config.get("where") != known:
            sql, render = self._asked(macro, name, test, subject=subject, column=column, config=config)
        if render.is_waiting and not render.certain:
            return
        if render.is_open:
            self._wrong(_no_query(render), test)
            return
        if render.problems and all(problem.code == "disabled-ref" for problem in render.problems):
            self.notices.append(f"Data test {name} is left out: it reads a model that is disabled.")
            return
        for problem in render.certain:
            self._wrong(_lacking(macro, test, written, problem) or problem, test)
        if render.problems:
            return
        at = (test.file, test.line, test.begins)
        fqn = (*subject.fqn, name)
        known = {**written, "model": f"{{{{ get_where_subquery({subject.written}) }}}}"}
        asked = Asked(subject, column, whole, known)
        self._add(name, test.name, at, sql, render, config=config, fqn=fqn, asked=asked)

    def _asked(
        self,
        macro: Macro,
        name: str,
        test: WrittenTest,
        *,
        subject: Subject,
        column: ColumnDoc | None,
        config: Mapping[str, Any],
    ) -> tuple[str, Render]:
        """Return the query of a generic test under a configuration, and what its render found out."""
        render = Render(name, test.file, config, check=data_test_configs.check, package=subject.package)
        # The subject comes first, as what a test reads.
        if subject.model is not None:
            render.refs[subject.model] = (test.file, test.line, test.begins)
        if subject.source is not None:
            render.sources[subject.source] = None
        arguments = {}
        for key, value in test.arguments.items():
            known = len(render.problems)
            arguments[key] = self.renderer.value(value, render)
            render.problems[known:] = [
                replace(one, line=test.places[key][0], column=test.places[key][1]) if one.file == test.file else one
                for one in render.problems[known:]
            ]
        if column is not None:
            arguments.setdefault("column_name", identifier(column.name) if column.quote else column.name)
        where = config.get("where")
        model = f"(select * from {subject.relation} where {where}) dbt_subquery" if where else subject.relation
        return self.renderer.call_test(macro, {"model": model, **arguments}, render), render

    def _wrong(self, problem: Problem, test: WrittenTest) -> None:
        """Note a problem, where it has no place of its own at the argument that it names, or at the test's entry."""
        is_placed = (problem.line, problem.column) in test.places.values()
        if problem.file in {None, test.file, BUILT_IN_FILE} and not is_placed:
            named = [re.compile(rf"\b{re.escape(name)}\b") for name in _NAMED.findall(problem.message)]
            texts = [(key, str(value)) for key, value in test.arguments.items()]
            places = [test.places[key] for key, text in texts if any(one.search(text) for one in named)]
            line, column = (*places, (test.line, test.begins))[0]
            problem = replace(problem, file=test.file, line=line, column=column)
        self.problems.append(problem)

    def _add(
        self,
        name: str,
        kind: str,
        at: tuple[str, int, int],
        sql: str,
        render: Render,
        *,
        config: Mapping[str, Any],
        fqn: tuple[str, ...],
        asked: Asked | None = None,
        raw_sql: str = "",
    ) -> None:
        if not config.get("enabled", True):
            return
        if name in self.tests:
            first = self.tests[name]
            message = f"Data test `{name}` is there twice, first at {first.file}:{first.line}."
            fix = "Remove one of them, or give one a `name`."
            self.problems.append(Problem("duplicate-test", message, *at, fix))
            return
        # A test of a source waits for the seed that fills its table.
        seeds = [seed for key in render.sources if (seed := self.seed_behind(key)) is not None]
        stored = self._stored(name, at, config) if config.get("store_failures") else None
        self.tests[name] = DataTest(
            name=name,
            kind=kind,
            file=at[0],
            line=at[1],
            begins=at[2],
            compiled_sql=self.finished(sql, render.refs),
            model=asked.subject.model if asked else None,
            source=asked.subject.source if asked else None,
            column=asked.column.name if asked and asked.column else None,
            depends_on=tuple(dict.fromkeys((*render.refs, *seeds))),
            sources=tuple(render.sources),
            fqn=fqn,
            config=config,
            stored=stored,
            whole_name=asked.whole_name if asked else name,
            arguments=asked.arguments if asked else {},
            package=render.package,
            raw_sql=raw_sql,
        )

    def _stored(self, name: str, at: tuple[str, int, int], config: Mapping[str, Any]) -> Relation:
        """Return the table that keeps what is wrong; it is made anew, so nothing else may have its name."""
        place = {"schema": config.get("schema") or AUDIT_SCHEMA, "alias": config.get("alias")}
        relation = self.relation(name, place)
        other = self.taken.setdefault(relation.lower(), f"that of the data test `{name}`")
        if other != f"that of the data test `{name}`":
            message = f"The table of failures of `{name}` would be {other}: {relation}."
            self.problems.append(Problem("same-relation", message, *at, "Give it another alias or schema."))
        return relation


def _unknown_arguments(macro: Macro, test: WrittenTest) -> list[Problem]:
    """Return a problem for each argument that a generic test does not take."""
    if macro.catch_kwargs:
        return []
    takes = [name for name in macro.arguments if name != "model"]
    found = []
    for name, place in test.places.items():
        if name in takes:
            continue
        # What stands beside the configuration may be a misspelt part of it.
        near = suggest(name, [*takes, *(data_test_configs.KNOWN_KEYS if test.is_bare else ())])
        listed = ", ".join(one for one in takes if one != "column_name")
        fix = f"Did you mean `{near}`?" if near else f"Arguments: {listed}." if listed else "Remove it: it takes none."
        message = f"Generic test `{test.name}` has no argument `{name}`."
        found.append(Problem("macro-arguments", message, test.file, *place, fix))
    return found


def _lacking(macro: Macro, test: WrittenTest, written: Mapping[str, Any], problem: Problem) -> Problem | None:
    """Return the problem of a generic test that lacks an argument, when that is what is wrong with its macro."""
    if problem.code == "macro-arguments":
        for name in macro.arguments:
            if name != "model" and name not in written and f"`{name}`" in problem.message:
                message, fix = (
                    f"Generic test `{test.name}` needs `{name}`.",
                    f"Give it as `{name}:` below `arguments:`.",
                )
                return Problem("macro-arguments", message, fix=fix)
    return None


def _no_query(render: Render) -> Problem:
    """Return why a data test may ask no query while it renders."""
    fix = "Write the query into the SQL of the test, as a subquery."
    file, line, column = render.query or (render.path, 1, 1)
    return Problem("query-not-here", "run_query() works in models, not in data tests.", file, line, column, fix)
