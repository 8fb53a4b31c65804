"""A compiled project: its models in graph order, its sources, and questions about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from glob import glob
from pathlib import Path
from typing import Any, NamedTuple

from pusher.compile import assemble, graph, hooks, selection
from pusher.compile.compilation import Compilation, Settings
from pusher.compile.exposures import Exposure
from pusher.compile.kept import KeptRenders
from pusher.compile.locations import is_private
from pusher.compile.macro_texts import MacroTexts
from pusher.compile.model import DataTest, Model, Source, SourceKey
from pusher.compile.packages import Projects
from pusher.compile.queries import Ask
from pusher.compile.selectors import METHOD
from pusher.compile.source_map import Place, SourceMap
from pusher.compile.unit_tests import UnitTest
from pusher.config import Profile, ProjectFile
from pusher.contracts import Column, Engine
from pusher.errors import CompileError, Problem


class Selection(NamedTuple):
    """What selectors choose.

    Attributes:
        models: Models and seeds in graph order.
        data_tests: Data tests.
        unit_tests: Unit tests.
    """

    models: list[Model]
    data_tests: list[DataTest]
    unit_tests: list[UnitTest]


class Manifest:
    """A project that compiled without a problem.

    Args:
        compilation: The rendered files.

    Attributes:
        project: The project's file.
        projects: The project and its packages.
        models: Models by name, each after those it refers to.
        sources: Sources by their two names.
        tests: Data tests by name.
        unit_tests: Unit tests by name.
        exposures: What outside of the project reads its models, by name.
        selectors: Selections of selectors.yml, by name.
        database: Name of the database that relations stand in.
        macros: Names of the project's macros.
        notices: What templates logged for people.
        macro_texts: The texts of these macros.
        texts: What stands in each file of models, macros and data tests, by its path.
        previous: What differs from a saved manifest, for the selector `state:`; None without one.
        run_started_at: Moment of the run.
        yaml_paths: The YAML files that describe all this.
        normaliser_version: What the project's macro of this name says, or None without it.
    """

    def __init__(self, compilation: Compilation) -> None:
        self._compilation = compilation
        self.project: ProjectFile = compilation.settings.project
        self.projects: Projects = compilation.projects
        self.database = compilation.database
        self.models: dict[str, Model] = {name: compilation.model(name) for name in compilation.order}
        self.sources: dict[SourceKey, Source] = compilation.properties.sources
        self.tests: dict[str, DataTest] = compilation.tests
        self.unit_tests: dict[str, UnitTest] = compilation.unit_tests
        self.exposures: dict[str, Exposure] = compilation.exposures
        self.selectors = compilation.selectors.definitions
        self.macros: tuple[str, ...] = compilation.macros
        self.macro_texts = MacroTexts(compilation.files.macros)
        self.texts: Mapping[str, str] = compilation.texts
        self.previous: selection.Previous | None = None
        self.notices: tuple[str, ...] = compilation.notices
        self.normaliser_version: str | None = compilation.normaliser_version
        self.run_started_at = compilation.settings.run_started_at
        self.yaml_paths: tuple[Path, ...] = tuple(one.absolute for one in compilation.files.yaml)
        self._maps: dict[tuple[str, bool, bool], SourceMap] = {}
        self._protected: dict[str, str] | None = None

    @property
    def incremental(self) -> list[str]:
        """Names of the incremental models."""
        return [model.name for model in self.models.values() if model.increment is not None]

    def standing(self, names: Iterable[str]) -> Manifest:
        """Return the project with the tables of some incremental models standing: these give the rows to add.

        Raises:
            CompileError: All problems of what is now rendered, at once.
        """
        return _load(replace(self._compilation.settings, standing=frozenset(names)))

    def with_inline(self, sql: str) -> Manifest:
        """Return the project with a query from the command line as its model `INLINE`.

        Raises:
            CompileError: All problems of the query, at once.
        """
        return _load(replace(self._compilation.settings, inline=sql))

    @property
    def has_hooks(self) -> bool:
        """Whether a build runs any statement beside those that make its relations."""
        return any(self._compilation.run_hooks.values()) or any(model.hooks for model in self.models.values())

    def check_hooks(self, engine: Engine) -> list[Problem]:
        """Return what hooks may not do.

        Args:
            engine: Reads their statements; none of them runs.
        """
        protected = self._protected_from_hooks(engine)
        found = [hook for several in self._compilation.run_hooks.values() for hook in several]
        found += [hook for model in self.models.values() for hook in model.hooks]
        return list(dict.fromkeys(problem for hook in found for problem in hooks.check(hook, engine, protected)))

    def run_hooks(self, event: str, engine: Engine, **names: Any) -> tuple[list[hooks.Hook], list[Problem]]:
        """Return the hooks of a moment of the build as they are then, and what they may not do.

        Args:
            event: `on-run-start` or `on-run-end`.
            engine: Reads their statements.
            names: Further names that they know.
        """
        renders = self._compilation.hook_renders
        known = len(renders.problems)
        asked = self._compilation.run_hooks.get(event, ())
        found = [renders.rendered(one, event, {}, **names)[0] for one in asked]
        problems = renders.problems[known:]
        if not found:
            # What they may not change is read from the SQL of every model.
            return found, problems
        protected = self._protected_from_hooks(engine)
        problems += [problem for hook in found for problem in hooks.check(hook, engine, protected)]
        return found, problems

    def _protected_from_hooks(self, engine: Engine) -> dict[str, str]:
        """Return what each relation that no hook may change is, by its name in lower case."""
        if self._protected is None:
            found: dict[str, str] = {}
            for model in self.models.values():
                for table in engine.tables_in(model.compiled_sql) or () if model.seed is None else ():
                    found[table] = f"read by the model `{model.name}`"
            stored = (test.stored for test in self.tests.values() if test.stored is not None)
            found |= {one.identifier.lower(): "a table of failures of a data test" for one in stored}
            for source in self.sources.values():
                named = f"the source `{'.'.join(source.key)}`"
                found |= dict.fromkeys((source.relation.identifier.lower(), source.stub.identifier.lower()), named)
            for model in self.models.values():
                named = f"a {model.resource_type} of the project"
                found |= dict.fromkeys((model.relation.identifier.lower(), model.name.lower()), named)
            self._protected = found
        return self._protected

    @property
    def yaml_files(self) -> list[str]:
        """Paths of the YAML files, relative to the project where they are below it."""
        root = self.project.root
        return [one.relative_to(root).as_posix() for one in self.yaml_paths if one.is_relative_to(root)]

    @property
    def open_models(self) -> list[str]:
        """Names of the models whose text hangs on a query that is not answered, in graph order."""
        return [name for name, model in self.models.items() if model.is_open]

    @property
    def uncertain(self) -> frozenset[str]:
        """Names of these models and of all that read them: what their columns are is not known for sure."""
        names = self.open_models
        if not names:
            return frozenset()
        edges = {name: model.depends_on for name, model in self.models.items()}
        return frozenset(graph.reach(names, graph.downstream(edges)))

    def answer(self, names: Iterable[str], ask: Ask) -> list[Problem]:
        """Render models that ask queries again, with the rows of these; returns why one of them cannot be.

        Args:
            names: Models; those of them that are open are rendered in graph order, with what is open inside them.
            ask: Runs a query.
        """
        wanted = {one for name in names for one in (name, *self._compilation.ephemerals(name))}
        for name in [one for one in self.models if one in wanted and self._compilation.is_open(one)]:
            problems = self._compilation.answer(name, ask)
            if problems:
                return problems
            self._maps.clear()
            for one in self.models:
                if one == name or name in self._compilation.ephemerals(one):
                    self.models[one] = self._compilation.model(one)
        return []

    def seed_behind(self, source: Source) -> str | None:
        """Return the seed whose table a source is, or None."""
        return self._compilation.seed_behind(source)

    @property
    def _subjects(self) -> selection.Subjects:
        return selection.Subjects(
            self.models, self.tests, self.unit_tests, self.exposures, self.previous, self.selectors
        )

    def with_default(self, select: Sequence[str], exclude: Sequence[str]) -> Sequence[str]:
        """Return what to select: where nothing is, what selectors.yml names as the default, as dbt does."""
        default = self._compilation.selectors.default
        is_named = any(text.split() for text in (*select, *exclude))
        return select if is_named or default is None else [f"{METHOD}:{default}"]

    def unmatched(self, select: Sequence[str], exclude: Sequence[str]) -> list[Problem]:
        """Return a problem for each selector by which nothing is chosen, although others may choose something.

        Raises:
            ConfigError: A selector cannot be read.
        """
        return selection.unmatched(self._subjects, [*select, *exclude])

    def select(self, select: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[Model]:
        """Return the models that selectors choose, in graph order.

        Raises:
            ConfigError: A selector cannot be read, or nothing is selected.
        """
        return selection.select(self._subjects, select, exclude)

    def select_tests(self, select: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[DataTest]:
        """Return the data tests that selectors choose: those named, and those that read a chosen model.

        Raises:
            ConfigError: A selector cannot be read.
        """
        return selection.select_tests(self._subjects, select, exclude)

    def select_all(
        self, select: Sequence[str] = (), exclude: Sequence[str] = (), *, may_be_empty: bool = False
    ) -> Selection:
        """Return the models, data tests and unit tests that selectors choose.

        Raises:
            ConfigError: A selector cannot be read, or nothing at all is selected.
        """
        data_tests = self.select_tests(select, exclude)
        unit_tests = selection.select_unit_tests(self._subjects, select, exclude)
        may_be_empty = may_be_empty or bool(data_tests or unit_tests)
        models = selection.select(self._subjects, select, exclude, may_be_empty=may_be_empty)
        return Selection(models, data_tests, unit_tests)

    def render_model(self, name: str) -> str:
        """Return a model's SQL as the engine runs it."""
        return self.models[name].compiled_sql

    def analysis_sql(self, name: str) -> str:
        """Return a model's SQL with sources as stub tables (`Source.stub`), for checks without data."""
        return assemble.join(self._compilation.pieces(name, analysis=True))

    def source_map(self, name: str, *, analysis: bool = False, macros: bool = True) -> SourceMap:
        """Return the map from a model's compiled SQL, or its analysis SQL, to the user's own files.

        Args:
            name: The model.
            analysis: Of the SQL with sources as stub tables.
            macros: Also map what macros wrote to the files of the macros, which takes longer.
        """
        key = (name, analysis, macros)
        if key not in self._maps:
            pieces = self._compilation.pieces(name, analysis=analysis)
            names = {piece.model for piece in pieces if piece.model is not None}
            maps = {one: self._compilation.rendered_map(one, analysis=analysis, macros=macros) for one in sorted(names)}
            self._maps[key] = SourceMap(self.models[name].path, pieces, maps, self._compilation.texts)
        return self._maps[key]

    def locate(self, name: str, offset: int, *, analysis: bool = False) -> Place:
        """Return file, line and column for an offset in a model's compiled SQL."""
        return self.source_map(name, analysis=analysis).locate(offset)

    def source_paths(self) -> list[str]:
        """Return seeds, every file and glob that sources declare, and the files the globs match now."""
        found: dict[str, None] = {}
        found |= {str(model.seed.absolute): None for model in self.models.values() if model.seed is not None}
        for source in self.sources.values():
            for path in source.paths:
                found[path] = None
                if any(char in path for char in "*?["):
                    files = sorted(glob(path, recursive=True))  # noqa: PTH207 -- an absolute pattern, as DuckDB takes it
                    # What a link leads to is not seen in the pattern.
                    found |= {file: None for file in files if not is_private(Path(file), self.project.root)}
        return list(found)

    def compiled_path(self, path: str, package: str) -> str:
        """Return where the compiled SQL of a file is written, below `target/compiled`."""
        return f"{self.projects.name(package)}/{self.projects.within(path, package)}"

    def write_compiled(self, target_path: Path | None = None, *, screen: Callable[[str], str] = str) -> list[Path]:
        """Write the compiled SQL where dbt does, `target/compiled/<project>/<path>`.

        Args:
            target_path: Folder instead of the project's `target-path`.
            screen: Returns a text as the user may see it.
        """
        base = self.project.compiled_folder if target_path is None else target_path / "compiled"
        texts = {
            base / self.compiled_path(model.path, model.package): model.compiled_sql
            for model in self.models.values()
            if model.seed is None
        }
        for test in self.tests.values():
            file = test.file if test.is_singular else f"{test.file}/{test.name}.sql"
            texts[base / self.compiled_path(file, test.package)] = test.compiled_sql
        for folder in {path.parent for path in texts}:
            folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            content = (screen(text) + "\n").encode()
            # Most builds change few of them, and reading a file costs a fifth of writing it.
            if not (path.is_file() and path.read_bytes() == content):
                path.write_bytes(content)
        return list(texts)


def load(
    project: ProjectFile,
    profile: Profile,
    *,
    vars: Mapping[str, Any],  # noqa: A002 -- dbt's word
    run_started_at: datetime,
    open_engine: Callable[[Sequence[str]], Engine] | None = None,
    kept: KeptRenders | None = None,
    is_bounded: bool = False,
) -> Manifest:
    """Read and render everything.

    Args:
        project: The project's file.
        profile: The chosen target.
        vars: Values that win over the project's own variables.
        run_started_at: Moment of the run.
        open_engine: Opens an empty database that may read some files: for templates that ask for columns.
        kept: What templates rendered to before, which takes what they render to now.
        is_bounded: Try templates in a child process first, where one can be forked.

    Raises:
        CompileError: All problems of the project's files, at once.
    """
    if kept is None and is_bounded:
        kept = KeptRenders.in_memory()
    settings = Settings(
        project, profile, vars, run_started_at, open_engine=open_engine, kept=kept, is_bounded=is_bounded
    )
    return _load(settings)


def _load(settings: Settings) -> Manifest:
    """Render everything, again and again as long as templates learn of columns that they asked for."""
    while True:
        compilation = Compilation(settings)
        if compilation.problems and settings.kept is not None:
            # What is wrong is told by the templates themselves.
            compilation = Compilation(replace(settings, kept=None))
        if compilation.problems:
            raise CompileError(*dict.fromkeys(compilation.problems))
        manifest = Manifest(compilation)
        if not compilation.waiting:
            if manifest.has_hooks:
                _check_hooks(manifest, settings)
            return manifest
        known = _columns_behind(manifest, settings)
        if known.keys() <= settings.columns.keys():
            raise CompileError(*dict.fromkeys(compilation.waiting.values()))
        settings = replace(settings, columns={**settings.columns, **known})


def _check_hooks(manifest: Manifest, settings: Settings) -> None:
    """Refuse hooks that do what they may not.

    Raises:
        CompileError: There are some.
    """
    if settings.open_engine is None:
        raise CompileError(Problem("hook-refused", "Hooks need an engine that reads their statements."))
    engine = settings.open_engine(())
    try:
        problems = manifest.check_hooks(engine)
    finally:
        engine.close()
    if problems:
        raise CompileError(*problems)


def _columns_behind(manifest: Manifest, settings: Settings) -> dict[str, tuple[Column, ...]]:
    """Return the columns of every relation that the binder knows by now, by each text that means it."""
    from pusher.compile.columns import inspect

    if settings.open_engine is None:
        return {}
    if settings.standing:
        # A table that stands has the columns of its first build.
        manifest = _load(replace(settings, standing=frozenset(), columns={}))
    waiting = {name for name, model in manifest.models.items() if model.is_waiting}
    edges = {name: model.depends_on for name, model in manifest.models.items()}
    blocked = graph.reach(waiting, graph.downstream(edges)) if waiting else set()
    engine = settings.open_engine(manifest.source_paths())
    try:
        found = inspect(manifest, engine, manifest.models.keys() - blocked, sources=manifest.sources)
    finally:
        engine.close()
    known: dict[str, tuple[Column, ...]] = {}
    for name, columns in found.models.items():
        known[str(manifest.models[name].relation)] = known[assemble.CTE_PREFIX + name] = tuple(columns)
    for key, columns in found.sources.items():
        source = manifest.sources[key]
        known |= dict.fromkeys((str(source.relation), str(source.stub), source.sql), tuple(columns))
    return known
