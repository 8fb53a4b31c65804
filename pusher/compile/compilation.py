"""Turn a project's files into rendered models: the work behind `load()`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from pusher.compile import (
    assemble,
    base_configs,
    crosschecks,
    doc_blocks,
    files,
    graph,
    hooks,
    packages,
    properties,
    seeds,
    selection,
    selectors,
)
from pusher.compile.data_tests import DataTests, Subject, of_source
from pusher.compile.files import INLINE, INLINE_OPTION
from pusher.compile.hook_renders import HookRenders
from pusher.compile.increments import increment_of
from pusher.compile.kept import KeptRenders, Remembered
from pusher.compile.kept_documents import KeptDocuments
from pusher.compile.model import DataTest, Model, Source, SourceKey, missing
from pusher.compile.names import ALIAS_MACRO, SCHEMA_MACRO
from pusher.compile.nodes import Nodes
from pusher.compile.one_render import Render
from pusher.compile.queries import Ask, QueryMemory, changed
from pusher.compile.render import Renderer
from pusher.compile.source_map import Marks, RenderedMap
from pusher.compile.trial import Trial
from pusher.compile.unit_tests import Overrides, UnitTest, UnitTests
from pusher.compile.values import Values
from pusher.compile.words import Words, database_name
from pusher.config import Profile, ProjectFile, suggest
from pusher.contracts import Column, Engine
from pusher.errors import Problem


@dataclass(frozen=True, slots=True)
class Settings:
    """What a compile starts from.

    Attributes:
        project: The project's file.
        profile: The chosen target.
        variables: Values that win over the project's own variables.
        run_started_at: Moment of the run.
        standing: Incremental models whose table stands; they give the rows to add to it.
        inline: A query from the command line, or None; it is a model that no other can refer to.
        columns: Columns of relations that templates ask for, by their text, as far as they are known.
        open_engine: Opens an empty database that may read some files, to find out such columns; or None.
        kept: What templates rendered to before, or None.
        is_bounded: Try templates in a child process first, which the operating system bounds; needs `kept`.
    """

    project: ProjectFile
    profile: Profile
    variables: Mapping[str, Any]
    run_started_at: datetime
    standing: frozenset[str] = frozenset()
    inline: str | None = None
    columns: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)
    open_engine: Callable[[Sequence[str]], Engine] | None = None
    kept: KeptRenders | None = None
    is_bounded: bool = False


class Compilation:
    """All models of a project, rendered; `problems` holds what is wrong."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.projects, package_problems = packages.find(settings.project)
        self.files = files.find(self.projects.all.values())
        if settings.inline is not None:
            self.files.models[INLINE] = files.TextFile(INLINE_OPTION, Path(INLINE_OPTION), settings.inline, ())
        found = (*self.files.models.values(), *self.files.macros, *self.files.tests.values())
        self.texts = {file.path: file.text for file in found}
        self.problems = [*package_problems, *self.files.problems]
        self._waiting: dict[str, Problem] = {}
        self.database = database_name(settings.profile)
        self._nodes = Nodes(self.projects, self.files, self.database, settings.profile.schema)
        self._queries = QueryMemory(lambda: self.properties.sources.values())  # noqa: PLW0108 -- read later
        words = self._words(analysis=False, is_noted=True)
        docs = doc_blocks.read(self.files.docs)
        values = Values(words, docs.texts)
        self.properties = properties.read(
            self.files.yaml,
            root=settings.project.root,
            database=words.database,
            values=values,
            fixtures=self.files.fixtures,
            parse=None if settings.kept is None else KeptDocuments(settings.kept).parse,
        )
        self.selectors = selectors.read(settings.project.root, values, selection.check)
        self.problems += self.selectors.problems
        bases = base_configs.of_files(self.projects, self.files, self.properties.patches, values)
        self._nodes.bases = bases.configs
        self.problems += [*bases.problems, *self.properties.problems, *docs.problems, *values.problems]
        self.problems += crosschecks.of_patches(self.properties.patches, self.files, self.projects)
        self.exposures, problems = crosschecks.of_exposures(
            self.properties.exposures, self.files, self.properties.sources
        )
        self.problems += problems
        renderer = self._renderer(words, analysis=False)
        self.problems += renderer.problems
        self._nodes.names.macros |= renderer.naming(SCHEMA_MACRO) | renderer.naming(ALIAS_MACRO)
        self._rendered = self._render_all(renderer)
        self.hook_renders = HookRenders(renderer)
        self._hooks = {name: self._hooks_of(name) for name in self.files.models}
        self.run_hooks = self._run_hooks()
        self.problems += self.hook_renders.problems
        self.macros = renderer.macros
        self.normaliser_version = renderer.constant("normaliser_version") if not renderer.problems else None
        self.notices = tuple(notice for render in self._nodes.renders.values() for notice in render.notices)
        self.order = self._order()
        self.problems += crosschecks.of_relations(self._nodes, [name for name in self.order if name != INLINE])
        self.problems += crosschecks.of_disabled_parts(self.exposures.values(), self._nodes)
        self._marked: dict[tuple[bool, str | None], tuple[Renderer, Marks]] = {}
        self._answering: dict[bool, Renderer] = {}
        self._own: dict[bool, dict[str, str]] = {False: {}}
        if not self.problems:
            self._own[False] = {name: assemble.tidy(self._rendered[name]) for name in self.order}
        # As long as models wait for columns, what their tests say is not known either.
        self.tests = {} if words.waiting else self._data_tests(renderer, values)
        self.unit_tests = {} if words.waiting else self._unit_tests()
        self.waiting = {**words.waiting, **self._waiting}
        self.problems += self._nodes.names.problems
        # Files of macros may have been read late.
        self.problems += [one for one in renderer.problems if one not in self.problems]

    def _words(self, *, analysis: bool, is_noted: bool = False) -> Words:
        settings = self.settings

        def source_of(key: SourceKey) -> str | Problem:
            source = self.properties.sources.get(key)
            if source is not None:
                return source.stub if analysis else source.sql
            known = [".".join(pair) for pair in self.properties.sources]
            name = ".".join(map(str, key))
            return missing("missing-source", "Source", name, known, suggest(name, known))

        return Words(
            project=settings.project,
            packages=tuple(self.projects.packages.values()),
            profile=settings.profile,
            variables=settings.variables,
            run_started_at=settings.run_started_at,
            standing=settings.standing,
            texts=self.texts,
            relation=self._nodes.relation,
            relation_of=self._nodes.relation_of,
            source_of=source_of,
            columns_of=settings.columns.get,
            secret=settings.kept.key if is_noted and settings.kept is not None else None,
            answer_of=self._queries.answer_of,
        )

    def _renderer(self, words: Words, *, analysis: bool) -> Renderer:
        """Return what renders the files of models, or takes it from where it is kept."""
        kept, profile = self.settings.kept, self.settings.profile
        remembered = None
        if kept is not None:
            known = [*self.projects.packages, "for analysis" if analysis else "", words.database]
            about = [self.projects.own.name, profile.name, profile.target, profile.schema, *known]
            remembered = Remembered(kept, words, self.files.macros, about)
        return Renderer(words, self.files.macros, self.texts, remembered=remembered)

    def _render_all(self, renderer: Renderer) -> dict[str, str]:
        rendered = dict.fromkeys(self.files.seeds, "")
        self._nodes.renders = {name: self._render(name) for name in self.files.seeds}
        trial = None
        if self.settings.kept is not None:
            # Whatever turns out to be otherwise is rendered again below, with all that refers to it.
            for name in self.files.models:
                self._nodes.renders[name] = render = self._render(name)
                render.config = renderer.expected_config(self.files.models[name], render)
            if self.settings.is_bounded:
                trial = Trial(self.settings.kept, lambda about: self._render_models(renderer, {}, about))
        self._render_models(renderer, rendered, None if trial is None else trial.run)
        self._refer_to_seeds_behind_sources()
        for name, render in self._nodes.renders.items():
            if self._nodes.is_enabled(name):
                # What is not defined may be a macro of a file that could not be read: that file is told.
                unread = bool(renderer.problems)
                self.problems += [one for one in render.certain if not (unread and one.code == "undefined-name")]
                patch = self.properties.patches.get(name)
                self.problems += crosschecks.of_config(name, self._nodes, self.files, patch)
        return rendered

    def _render_models(
        self, renderer: Renderer, rendered: dict[str, str], before: Callable[[str], None] | None
    ) -> None:
        """Render all models until no reference renders to something else.

        Args:
            renderer: Renders them.
            rendered: Takes their texts.
            before: Called with the file of each model that is not known and has to run.
        """
        names = list(self.files.models)
        while names:
            seen: dict[str, dict[str, str | Problem]] = {}
            for name in names:
                file = self.files.models[name]
                render = self._render(name)
                rendered[name] = renderer.render_file(file, render, before)
                self._nodes.renders[name] = render
                seen[name] = {ref: self._nodes.relation_of(ref) for ref in render.refs}
            # What a reference renders to can depend on a config() that is read after it.
            names = [
                name for name in names if any(self._nodes.relation_of(ref) != text for ref, text in seen[name].items())
            ]

    def _render(self, name: str) -> Render:
        file = self._nodes.file(name)
        return Render(name, file.path, self._nodes.bases[name], package=file.package)

    def _hooks_of(self, name: str) -> tuple[hooks.Hook, ...]:
        """Return the rendered hooks of a model; as in dbt, what they refer to is built before it."""
        config, file = self._nodes.config(name), self.files.models[name]
        # As in dbt, an ephemeral model has none: nothing is made of it.
        if not config.get("enabled", True) or config.get("materialized") == "ephemeral":
            return ()
        found, refs = self.hook_renders.of_model(name, config, file.package)
        self._nodes.renders[name].refs.update(
            {ref: at for ref, at in refs.items() if ref not in self._nodes.renders[name].refs}
        )
        return found

    def _run_hooks(self) -> dict[str, list[hooks.Hook]]:
        """Return what runs before and after everything, that of packages first."""
        if not any(texts for project in self.projects.all.values() for texts in project.on_run.values()):
            return {}
        relations = [self._nodes.relation(name, self._nodes.config(name)) for name in self._nodes.bases]
        return self.hook_renders.of_projects(self.projects, relations)

    def _refer_to_seeds_behind_sources(self) -> None:
        """Let what reads a source whose table is a seed come after the seed."""
        for name, render in self._nodes.renders.items():
            for key in render.sources:
                seed = self.seed_behind(self.properties.sources[key])
                if seed is not None and seed not in render.refs:
                    render.refs[seed] = (self._nodes.file(name).path, 1, 1)

    def _seed_of(self, key: SourceKey) -> str | None:
        return self.seed_behind(self.properties.sources[key])

    def seed_behind(self, source: Source) -> str | None:
        """Return the seed whose table a source is, or None."""
        return self._seed_tables.get(source.relation.lower()) if source.external is None else None

    @cached_property
    def _seed_tables(self) -> dict[str, str]:
        enabled = (name for name in self.files.seeds if self._nodes.bases[name].get("enabled", True))
        return {self._nodes.relation(name, self._nodes.bases[name]).lower(): name for name in enabled}

    def _order(self) -> list[str]:
        enabled = {name: render for name, render in self._nodes.renders.items() if self._nodes.is_enabled(name)}
        order, circle = graph.order({name: tuple(render.refs) for name, render in enabled.items()})
        if circle:
            file, line, column = enabled[circle[-2]].refs[circle[-1]]
            message = f"Models refer to each other in a circle: {' -> '.join(circle)}."
            self.problems.append(Problem("cycle", message, file, line, column, "Remove one of the references."))
        return order

    def _data_tests(self, renderer: Renderer, values: Values) -> dict[str, DataTest]:
        everywhere, problems = base_configs.of_data_tests(self.projects, values)
        self.problems += problems
        taken = {str(source.relation).lower(): "a source" for source in self.properties.sources.values()}
        taken |= {
            self._nodes.relation(name, self._nodes.config(name)).lower(): f"model `{name}`" for name in self.order
        }
        tests = DataTests(
            renderer, self.projects, everywhere, self._finished, self._nodes.relation, taken, self._seed_of
        )
        for name in self.order:
            patch = self.properties.patches.get(name)
            if patch is not None:
                relation, fqn = str(self._nodes.relation_of(name)), self._nodes.fqn(name)[:-1]
                written, columns = patch.data_tests, patch.columns.values()
                tests.read_subject(Subject(name, fqn, patch.package, relation, name, None, written, columns))
        for source in self.properties.sources.values():
            tests.read_subject(of_source(source, self.projects.name(source.package), source.sql))
        for file in self.files.tests.values():
            tests.read_query(file)
        self.problems += tests.problems
        self.notices = (*self.notices, *tests.notices)
        if tests.bare:
            more = f", and {len(tests.bare) - 1} more" if len(tests.bare) > 1 else ""
            where = f"{tests.bare[0]}{more}"
            notice = f"Newer versions of dbt take the arguments of data tests under `arguments:` only ({where})."
            self.notices = (*self.notices, notice)
        return tests.tests

    def _unit_tests(self) -> dict[str, UnitTest]:
        nodes, bases = self._nodes, self._nodes.bases
        enabled = (name for name in bases if nodes.is_enabled(name))
        tests = UnitTests(
            projects=self.projects,
            models={
                name: (file, {**bases[name], **self._nodes.config(name)})
                for name, file in self.files.models.items()
                if name != INLINE
            },
            relations={name: self._nodes.relation(name, self._nodes.config(name)) for name in enabled},
            seeds=frozenset(self.files.seeds),
            sources=self.properties.sources,
            renderer=self._unit_test_renderer,
        )
        for test in self.properties.unit_tests:
            tests.read(test)
        self.problems += tests.problems
        self.notices = (*self.notices, *tests.notices)
        return tests.tests

    def _unit_test_renderer(
        self,
        overrides: Overrides,
        ref: Callable[[str, str | None], str | Problem],
        source: Callable[[SourceKey], str | Problem],
        real: Callable[[str], str],
    ) -> Renderer:
        settings = self.settings

        def columns_of(relation: str) -> Sequence[Column] | None:
            return settings.columns.get(real(relation))

        words = Words(
            project=settings.project,
            packages=tuple(self.projects.packages.values()),
            profile=settings.profile,
            variables={**settings.variables, **overrides.variables},
            run_started_at=settings.run_started_at,
            standing=overrides.standing,
            texts=self.texts,
            relation=self._nodes.relation,
            relation_of=ref,
            source_of=source,
            environment=overrides.environment,
            columns_of=columns_of,
        )
        # Shared, so that what is asked later is seen here.
        words.waiting = self._waiting
        return Renderer(words, self.files.macros, self.texts, overrides=overrides.macros)

    def _finished(self, sql: str, refs: Iterable[str]) -> str:
        """Return a data test's query with the ephemeral models that it reads inside."""
        if self.problems:
            return sql
        needed = graph.reach([name for name in refs if name in self._ephemeral], self._inlined)
        inside = [name for name in self.order if name in needed]
        return assemble.join(assemble.pieces("", {**self._own[False], "": assemble.tidy(sql).strip()}, inside))

    @cached_property
    def _ephemeral(self) -> set[str]:
        return {name for name in self.order if self._nodes.config(name).get("materialized") == "ephemeral"}

    @cached_property
    def _inlined(self) -> dict[str, list[str]]:
        """The ephemeral models that each model refers to itself."""
        return {name: [ref for ref in self._nodes.renders[name].refs if ref in self._ephemeral] for name in self.order}

    def ephemerals(self, name: str) -> list[str]:
        """Return the ephemeral models that a model inlines, each after those it needs."""
        needed = graph.reach(self._inlined[name], self._inlined)
        return [one for one in self.order if one in needed] if needed else []

    def own(self, *, analysis: bool) -> Mapping[str, str]:
        """Return each model's own rendered text; with `analysis`, sources are stub tables."""
        if analysis not in self._own:
            renderer = self._renderer(self._words(analysis=True, is_noted=True), analysis=True)
            # Only what reads sources differs.
            texts = self._own[False]
            self._own[True] = {
                name: assemble.tidy(self._again(renderer, name)) if self._nodes.renders[name].sources else texts[name]
                for name in self.order
            }
        return self._own[analysis]

    def _again(self, renderer: Renderer, name: str) -> str:
        file = self._nodes.file(name)
        if isinstance(file, seeds.Seed):
            return ""
        return renderer.render_file(file, self._render(name))

    def answer(self, name: str, ask: Ask) -> list[Problem]:
        """Render a model that asks queries again, with their rows; returns why that cannot be done.

        Args:
            name: The model, which reads nothing that is still open.
            ask: Runs a query.
        """
        before, file = self._nodes.renders[name], self.files.models[name]
        texts = {False: "", True: ""}
        render = before
        with self._queries.asking(name, ask) as memory:
            for analysis in texts:
                if analysis not in self._answering:
                    self._answering[analysis] = Renderer(self._words(analysis=analysis), self.files.macros, self.texts)
                memory.is_running = not analysis
                render = self._render(name)
                texts[analysis] = assemble.tidy(self._answering[analysis].render(file, render))
                problems = [*render.problems, *changed(name, before, render)]
                if problems:
                    memory.forget(name)
                    return problems
        for analysis, text in texts.items():
            # The texts of all models for analysis are made on demand.
            self.own(analysis=analysis)
            self._own[analysis][name] = text
        self._nodes.renders[name] = render
        return []

    def is_open(self, name: str) -> bool:
        """Whether a model's own text asks a query that is not answered yet."""
        return self._nodes.renders[name].is_open

    def pieces(self, name: str, *, analysis: bool) -> list[assemble.Piece]:
        """Return the parts of a model's compiled SQL."""
        return assemble.pieces(name, self.own(analysis=analysis), self.ephemerals(name))

    def rendered_map(self, name: str, *, analysis: bool, macros: bool) -> RenderedMap | None:
        """Return the map of a model's own text from a marked render, or None when marks change the result."""
        own = self.own(analysis=analysis)[name]
        path = self._nodes.file(name).path
        for only in (None, path) if macros else (path,):
            renderer, marks = self._marking(analysis, only)
            found = RenderedMap(self._again(renderer, name), own, marks, self.texts)
            if found.usable:
                return found
        return None

    def _marking(self, analysis: bool, only: str | None) -> tuple[Renderer, Marks]:  # noqa: FBT001 -- a key
        if (analysis, only) not in self._marked:
            marks = Marks(only)
            renderer = Renderer(self._words(analysis=analysis), self.files.macros, self.texts, marks.rewriter)
            self._marked[analysis, only] = renderer, marks
        return self._marked[analysis, only]

    def model(self, name: str) -> Model:
        """Return a finished model."""
        render, patch = self._nodes.renders[name], self.properties.patches.get(name)
        config = {"enabled": True, "materialized": "view", "meta": {}, "tags": [], **self._nodes.config(name)}
        file = self._nodes.file(name)
        seed = seeds.configured(file, config) if isinstance(file, seeds.Seed) else None
        inside = [self._nodes.renders[one] for one in (name, *self.ephemerals(name))]
        return Model(
            name=name,
            path=file.path,
            raw_sql="" if isinstance(file, seeds.Seed) else file.text,
            compiled_sql=assemble.join(self.pieces(name, analysis=False)),
            materialized=str(config["materialized"]),
            relation=self._nodes.relation(name, config),
            depends_on=tuple(render.refs),
            sources=tuple(render.sources),
            config=config,
            meta=config.get("meta", {}),
            tags=tuple(config.get("tags", ())),
            description=(patch.description if patch else "") or str(config.get("description") or ""),
            columns=patch.columns if patch else {},
            fqn=self._nodes.fqn(name),
            patch=(patch.file, patch.line) if patch else None,
            data_tests=patch.data_tests if patch else (),
            increment=increment_of(config),
            adds=name in self.settings.standing,
            seed=seed,
            is_waiting=render.is_waiting,
            package=file.package,
            query=next((one.query for one in inside if one.query is not None), None),
            is_open=any(one.is_open for one in inside),
            hooks=self._hooks.get(name, ()),
        )
