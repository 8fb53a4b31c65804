"""Render models with the project's macros; every failure becomes a problem with a place."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import Template, nodes
from jinja2.runtime import Macro

from pusher.compile import shim
from pusher.compile.budget import MAX_OUTPUT_CHARS, RenderLimit
from pusher.compile.environment import TEST_PREFIX, MacroReturn, Sandbox
from pusher.compile.files import TextFile
from pusher.compile.kept import Remembered
from pusher.compile.macro_texts import apart
from pusher.compile.model import missing
from pusher.compile.names import UNSUPPORTED, Naming
from pusher.compile.one_render import Render
from pusher.compile.query_answers import NeedsWarehouse
from pusher.compile.template_errors import problem_of
from pusher.compile.template_places import locate_word
from pusher.compile.word_values import UNSUPPORTED_WORDS, Raised
from pusher.compile.words import ONE_EXPRESSION, Words
from pusher.config import suggest
from pusher.errors import Problem
from pusher.payload.sql import identifier

_REFERENCE = re.compile(r"\{\{ *(ref|source)\( *'([^'{}\\\n]+)' *(?:, *'([^'{}\\\n]+)' *)?\) *\}\}")
BUILT_IN_FILE = "generic_tests.sql"
_CALL = re.compile(r"\s*(env_var|ref|var|source)\s*\(.+\)\s*", re.DOTALL)
Rewrite = Callable[[str, str, nodes.Template], None]
Rewriter = Callable[[str], Rewrite | None]


class Renderer:
    """Renders templates of one project.

    Args:
        words: dbt's words.
        macros: Macro files.
        texts: Template text by file, to find columns.
        overrides: What a macro returns instead of what it would, by its name.
        rewriter: Gives for a file what changes its parsed template (text, file, tree) before it is compiled, or None;
            for source maps.
        remembered: What templates rendered to before, or None. As long as it knows all that is asked, no file of
            macros is read.
    """

    def __init__(
        self,
        words: Words,
        macros: Sequence[TextFile],
        texts: Mapping[str, str],
        rewriter: Rewriter | None = None,
        *,
        overrides: Mapping[str, Any] | None = None,
        remembered: Remembered | None = None,
    ) -> None:
        self._words, self._texts, self._rewriter = words, texts, rewriter
        self._sandbox = Sandbox(words.asked)
        words.outside = self._sandbox.budget.outside
        self._sandbox.passing = (words.names["var"], words.names["return"])
        self._shared: dict[str, Any] = {**self._sandbox.globals, **words.names}
        self._macros: dict[str, Any] = {}
        self._of_packages: dict[str, dict[str, Any]] = {file.package: {} for file in macros if file.package}
        # What a macro sees, by its package: as in dbt first the macros of the package whose file is rendered, then the
        # project's; its own package comes last.
        self._scopes = {
            package: ChainMap({}, self._shared, own) for package, own in {"": {}, **self._of_packages}.items()
        }
        self._shared["adapter"] = SimpleNamespace(
            dispatch=self._dispatch, quote=identifier, get_columns_in_relation=words.columns_in
        )
        # What the package's own macros see: nothing of the project.
        self._known_to_built_in = dict(self._shared)
        self._has_shim = False
        self.problems: list[Problem] = []
        self._places: dict[tuple[str, str], str] = {}
        self._files, self._is_read = macros, False
        self._remembered = remembered
        self._known = None if remembered is None else remembered.macros()
        if self._known is None:
            self._read()
        self.override_problems = [
            problem for name, value in (overrides or {}).items() if (problem := self._override(name, value))
        ]

    def _read(self) -> None:
        """Read the files of macros, unless that is done."""
        if self._is_read:
            return
        self._is_read = True
        # In the midst of a render, when it asks for the name of a relation.
        words, before = self._words, self._words.render
        asked = words.asked.set_aside()
        for file in self._files:
            for part in apart(file) if file.package else (file,):
                self._load(part)
        self.problems.sort(key=lambda problem: (problem.file or "", problem.line or 0))
        self._shared |= self._macros
        for name, found in self._of_packages.items():
            self._shared.setdefault(name, SimpleNamespace(**found))
        package = SimpleNamespace(**self._macros)
        # dbt calls a project's own macros with and without its name.
        self._shared.setdefault(words.names["project_name"], package)
        if words.asked.is_volatile_in_macro_files or self.problems:
            # Each render could depend on what the files of macros asked for themselves.
            self._remembered = None
        if self._remembered is not None and self._known is None:
            self._remembered.keep_macros({"places": [[*key, path] for key, path in self._places.items()]})
        words.asked.go_on(asked)
        words.start(before)

    def _names_of(self, package: str) -> list[str]:
        """Return the names of the macros of a package, empty for the project itself, without reading them if known."""
        if self._is_read or self._known is None:
            return list(self._of_packages.get(package, {}) if package else self._macros)
        return [name for holder, name, _ in self._known["places"] if holder == package]

    def naming(self, name: str) -> dict[tuple[str, str], Naming]:
        """Return what asks macros of this name for a name, by package (empty for the project) and macro."""
        found = [(package, name) for package in ("", *self._of_packages) if name in self._names_of(package)]
        return {key: self._naming(*key) for key in found}

    def _naming(self, package: str, name: str) -> Naming:
        def ask(given: Any, node: Mapping[str, Any]) -> str | Problem:
            self._read()
            said = len(self._words.render.notices)
            try:
                macros = self._of_packages[package] if package else self._macros
                return str(macros[name](given, dict(node))).strip()
            except MacroReturn as returned:
                return str(returned.value).strip()
            except Exception as error:  # noqa: BLE001 -- a template can raise anything
                return self._problem(error, self._places[package, name])
            finally:
                if len(self._words.render.notices) != said:
                    # It is said once for all templates that ask for the name.
                    self._words.asked.give_up()

        return ask

    @property
    def macros(self) -> tuple[str, ...]:
        """Names of all macros."""
        return tuple(self._names_of(""))

    def _override(self, name: str, value: Any) -> Problem | None:
        """Let a macro return a value, or return why there is no such macro."""
        package, _, own = name.rpartition(".")
        project = self._words.names["project_name"]
        self._load_shim()
        holder = self._shared.get(package)

        def returns(*_: Any, **__: Any) -> Any:
            return value

        if package == project or not package:
            found = self._shared.get(own)
        else:
            found = None if holder is None else getattr(holder, own, None)
        if isinstance(found, Macro):
            # Macros of one file reach each other as objects, not by their names.
            found._func = returns  # noqa: SLF001 -- the only part of a macro that says what it gives
        elif isinstance(holder, shim.Package):
            self._shared[package] = holder.overridden(own, returns)
        elif found is not None:
            self._shared[own] = returns
        else:
            known = [one for one in self._shared if one not in UNSUPPORTED_WORDS]
            return missing("missing-macro", "Macro", name, known, suggest(name, known))
        return None

    def constant(self, macro: str) -> str | None:
        """Return what a macro without arguments renders to, or None if there is no such macro."""
        if macro not in self._names_of(""):
            return None
        file = TextFile(macro, Path(), "{{ " + macro + "() }}", ())
        render = Render(macro, "", {})
        known = None if self._remembered is None else self._remembered.find(file, render)
        if known is not None:
            return known.strip()
        self._read()
        self._words.start(render)
        self._words.asked.begin()
        self._sandbox.budget.start()
        found = str(self._macros[macro]())
        if self._remembered is not None:
            self._remembered.keep(file, render, [found])
        return found.strip()

    def _template(self, file: TextFile, names: Mapping[str, Any] | None = None) -> Template:
        rewrite = None if self._rewriter is None else self._rewriter(file.path)
        hook = None if rewrite is None else lambda tree: rewrite(file.text, file.path, tree)
        code = self._sandbox.compile_source(file.text, file.path, hook)
        if not self._has_shim and shim.is_named_in(code):
            self._load_shim()
        own = self._of_packages.get(file.package)
        shared = {**self._shared, **(own or {}), **(names or {})} if own or names else self._shared
        return self._sandbox.template_class.from_code(self._sandbox, code, shared)

    def _load_shim(self) -> None:
        """Add the macros of other packages, which take as long to read as fifty models: most projects call none."""
        self._has_shim = True
        for name, macro in shim.names(self._built_in_macros, self._words.columns_in, self._words.run_query).items():
            self._shared.setdefault(name, macro)

    @cached_property
    def _built_in(self) -> dict[str, Macro]:
        """The generic tests that every project has, by name."""
        return {name.removeprefix(TEST_PREFIX): macro for name, macro in self._built_in_macros(BUILT_IN_FILE).items()}

    def _built_in_macros(self, file: str, names: Mapping[str, Any] | None = None) -> dict[str, Macro]:
        """Return the macros of a file of this package."""
        text = resources.files("pusher.compile").joinpath(file).read_text("utf-8")
        known = {**self._known_to_built_in, **(names or {})}
        # Never rewritten for a source map: what it writes stands where the user's own file calls it.
        template = self._sandbox.template_class.from_code(
            self._sandbox, self._sandbox.compile_source(text, file), known
        )
        module = template.make_module(known, shared=True)
        return {name: macro for name, macro in vars(module).items() if isinstance(macro, Macro)}

    def _load(self, file: TextFile) -> None:
        self._words.start(Render("", file.path, {}, package=file.package))
        own = self._of_packages.get(file.package)
        self._sandbox.budget.start()
        try:
            # The names are shared, not copied: a macro sees the model that is being rendered and all other macros.
            known: Any = self._scopes[file.package] if self._of_packages else self._shared
            module = self._template(file).make_module(known, shared=True)
        except Exception as error:  # noqa: BLE001 -- a template can raise anything
            self.problems.append(self._problem(error, file.path))
            return
        for name, macro in vars(module).items():
            if not isinstance(macro, Macro):
                continue
            written = name.removeprefix(TEST_PREFIX)
            line, column = locate_word(file.text, 1, rf"(?:macro|test)\s+(?:{TEST_PREFIX})?{written}\b")
            if name in self._words.names:
                message, fix = f"Macro `{name}` has the name of a word of dbt.", "Rename it."
                self.problems.append(Problem("duplicate-macro", message, file.path, line, column, fix))
                continue
            if name in UNSUPPORTED:
                fix = "Remove it."
                self.problems.append(Problem("unsupported-feature", UNSUPPORTED[name], file.path, line, column, fix))
                continue
            first = self._places.get((file.package, name))
            if first is not None:
                message, fix = f"Macro `{name}` is defined twice, first in {first}.", "Rename one of them."
                self.problems.append(Problem("duplicate-macro", message, file.path, line, column, fix))
            self._places[file.package, name] = file.path
            (self._macros if own is None else own)[name] = macro
        self.problems += self._words.render.problems

    def generic_test(self, name: str, package: str) -> Macro | None:
        """Return the macro of a generic test: that of the package, the project's, or one that every project has.

        Args:
            name: Its name, which may begin with that of a package.
            package: Package whose YAML asks for it, empty for the project itself.
        """
        named, _, own = name.rpartition(".")
        if any(TEST_PREFIX + own in self._names_of(package) for package in ("", *self._of_packages)):
            self._read()
        if named == self._words.names["project_name"]:
            places = [self._macros]
        elif named:
            places = [self._of_packages.get(named, {})]
        else:
            places = [self._of_packages.get(package, {}), self._macros]
        for macros in places:
            if TEST_PREFIX + own in macros:
                return macros[TEST_PREFIX + own]  # type: ignore[no-any-return]
        return self._built_in.get(f"{named}__{own}" if named else own)

    @property
    def generic_tests(self) -> list[str]:
        """Names of all generic tests, those of packages behind the name of the package."""
        self._read()
        found = [name.removeprefix(TEST_PREFIX) for name in self._macros if name.startswith(TEST_PREFIX)]
        for package, macros in self._of_packages.items():
            own = (name.removeprefix(TEST_PREFIX) for name in macros if name.startswith(TEST_PREFIX))
            found += [f"{package}.{name}" for name in own]
        return [*found, *(name.replace("__", ".") for name in self._built_in)]

    def value(self, written: Any, render: Render) -> Any:
        """Return an argument of a data test: what looks like a call of ref(), source(), var() or env_var() is one."""
        if isinstance(written, dict):
            return {key: self.value(one, render) for key, one in written.items()}
        if isinstance(written, list):
            return [self.value(one, render) for one in written]
        if not isinstance(written, str):
            return written
        one = ONE_EXPRESSION.fullmatch(written)
        expression = one["expression"] if one else written if _CALL.fullmatch(written) else None
        if expression is None:
            return self.render(_asked_in(render, written), render) if "{{" in written else written
        kept: list[Any] = []

        def keep(found: Any) -> None:
            kept.append(found)

        source = "{% do keep_value(" + expression + ") %}"
        self.render(_asked_in(render, source), render, keep_value=keep)
        return kept[0] if kept else written

    def call_test(self, macro: Macro, arguments: Mapping[str, Any], render: Render) -> str:
        """Return the query of a generic test."""
        file = _asked_in(render, "{{ the_test(**the_arguments) }}")
        is_built_in = macro in self._built_in.values()
        names = {"the_test": macro, "the_arguments": dict(arguments)}
        return "".join(self._run(file, render, names, knows_macros=not is_built_in))

    def _dispatch(self, name: str, macro_namespace: str | None = None) -> Any:
        """Return the macro for this engine: the project's own goes before that of the package."""
        self._read()
        packages = self._of_packages if macro_namespace is None else {macro_namespace}
        for macros in (self._macros, *(self._of_packages.get(package, {}) for package in packages)):
            for prefix in ("duckdb__", "default__"):
                if prefix + name in macros:
                    return macros[prefix + name]
        if macro_namespace in shim.PACKAGES:
            self._load_shim()
            return getattr(self._shared[macro_namespace], name)
        message = f"No macro duckdb__{name} or default__{name} for adapter.dispatch('{name}')."
        raise Raised(
            self._words.placed(Problem("missing-macro", message, fix="Define one of them in macros/."), r"dispatch")
        )

    def render_file(self, file: TextFile, render: Render, before: Callable[[str], None] | None = None) -> str:
        """Return the text of a model or a data test; what is wrong is noted in `render`.

        Args:
            file: The template.
            render: What is rendered.
            before: Called with the path before the template runs; what is known then need not run. A text that only
                refers to models and sources does not run.
        """
        known = None if self._remembered is None else self._remembered.find(file, render)
        if known is None and before is not None and _plain_pieces(file.text) is None:
            before(file.path)
            known = None if self._remembered is None else self._remembered.find(file, render)
        if known is not None:
            return known
        parts = self._run(file, render, {})
        if self._remembered is not None:
            self._remembered.keep(file, render, parts)
        return "".join(parts)

    def expected_config(self, file: TextFile, render: Render) -> dict[str, Any]:
        """Return what the `config()` of a template will say, as far as that is known."""
        return {} if self._remembered is None else self._remembered.config(file, render)

    def render(self, file: TextFile, render: Render, **names: Any) -> str:
        """Return the text of a template; what is wrong is noted in `render`.

        Args:
            file: The template.
            render: What is rendered.
            names: Further names that this template alone knows.
        """
        return "".join(self._run(file, render, names))

    def _run(self, file: TextFile, render: Render, names: Mapping[str, Any], *, knows_macros: bool = True) -> list[str]:
        """Return the parts of the text of a template, which may know the project's macros or none."""
        self._words.start(render)
        self._words.asked.begin()
        self._sandbox.budget.start()
        parts: list[str] = []
        try:
            if self._rewriter is None and not names and (plain := self._plain(file.text)) is not None:
                return [plain]
            if knows_macros and not self._is_read:
                self._read()
                self._sandbox.budget.start()
            for scope in self._scopes.values():
                scope.maps[0] = self._of_packages.get(render.package, {})
            self._shared |= {"this": self._words.names["this"], "model": self._words.names["model"]}
            parts += _capped_output(self._template(file, names))
        except NeedsWarehouse:
            return self._without_warehouse(file, render, names)
        except Exception as error:  # noqa: BLE001 -- a template can raise anything
            render.problems.append(self._problem(error, file.path))
        return parts

    def _without_warehouse(self, file: TextFile, render: Render, names: Mapping[str, Any]) -> list[str]:
        """Return the parts of a template that asks queries, with `execute` false, as when dbt parses it."""
        render.begin_anew()
        self._execute(is_on=False)
        try:
            parts = self._run(file, render, names)
        finally:
            self._execute(is_on=True)
        # What uses the rows all the same fails in many ways.
        render.problems = [self._guarded(one) for one in render.problems]
        return parts

    def _execute(self, *, is_on: bool) -> None:
        self._words.names["execute"] = self._shared["execute"] = is_on

    def _problem(self, error: Exception, path: str) -> Problem:
        names = [one for one in (*self._shared, *self._words.names, *shim.NAMES) if one not in UNSUPPORTED_WORDS]
        return problem_of(error, path, texts=self._texts, names=names, filters=self._sandbox.known_filters)

    @staticmethod
    def _guarded(problem: Problem) -> Problem:
        if "None" not in problem.message:
            return problem
        fix = "run_query() gives nothing as long as no warehouse is open: put what uses it inside {% if execute %}."
        return Problem(problem.code, problem.message, problem.file, problem.line, problem.column, fix)

    def _plain(self, text: str) -> str | None:
        """Return what a text renders to that only refers to models and sources by their names, else None.

        Most staging models are such; to compile a template takes ten times as long as to read it.
        """
        pieces = _plain_pieces(text)
        if pieces is None:
            return None
        words = self._words.names
        for at in range(1, len(pieces), 4):
            word, *arguments = pieces[at : at + 3]
            given = [one for one in arguments if one]
            pieces[at], pieces[at + 1], pieces[at + 2] = str(words[word](*given)), "", ""
        rendered = "".join(piece or "" for piece in pieces)
        if len(rendered) > MAX_OUTPUT_CHARS:
            return None
        return str(self._sandbox.budget.take(rendered.removesuffix("\n")))


def _plain_pieces(text: str) -> list[str] | None:
    """Return a text in pieces, each followed by a word and its two arguments, if nothing else stands in it."""
    pieces = _REFERENCE.split(text)
    if any(sign in piece for piece in pieces[::4] for sign in ("{{", "{%", "{#", "}}")):
        return None
    # A source without its table is an error of the template.
    if any(pieces[at] == "source" and not all(pieces[at + 1 : at + 3]) for at in range(1, len(pieces), 4)):
        return None
    return pieces


def _asked_in(render: Render, text: str) -> TextFile:
    """Return a text of a YAML file as a template."""
    return TextFile(render.path, Path(), text, (), render.package)


def _capped_output(template: Template) -> Iterator[str]:
    size = 0
    for part in template.generate():
        size += len(part)
        if size > MAX_OUTPUT_CHARS:
            raise RenderLimit(f"The model renders to more than {MAX_OUTPUT_CHARS:,} characters")
        yield part
