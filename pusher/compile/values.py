"""Jinja in YAML values: settings keep the type of their expression, descriptions may name doc blocks."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Template

from pusher.compile.environment import Sandbox
from pusher.compile.model import missing
from pusher.compile.one_render import Render
from pusher.compile.words import ONE_EXPRESSION, Words
from pusher.config import Document, suggest
from pusher.errors import Problem

KeyPath = tuple[str | int, ...]
# An error can quote a whole text; Python's parser makes a hundred bytes of each letter of a value.
_LONGEST_TEXT, _LONGEST_NATIVE = 500, 100_000
_SETTING_WORDS = ("var", "env_var", "target", "project_name")


class Values:
    """Renders the values of YAML files.

    Args:
        words: dbt's words, for those that settings know.
        docs: Text of each doc block, by package and name.

    Attributes:
        problems: What is wrong.
        package: Name of the package whose files are read, empty for the project itself.
    """

    def __init__(self, words: Words, docs: Mapping[tuple[str, str], str]) -> None:
        self.problems: list[Problem] = []
        self.package = ""
        self._words, self._docs = words, docs
        self._names = {name: words.names[name] for name in _SETTING_WORDS}
        self._sandbox = Sandbox()
        for name, function in _FILTERS.items():
            self._sandbox.add_filter(name, function)

    def setting(self, value: Any, document: Document, path: KeyPath) -> Any:
        """Return a setting with its Jinja rendered, at every depth; it knows var, env_var and target."""
        if isinstance(value, dict):
            return {key: self.setting(item, document, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.setting(item, document, (*path, number)) for number, item in enumerate(value)]
        if not _has_jinja(value):
            return value
        kept: list[Any] = []

        def keep(found: Any) -> None:
            kept.append(found)

        one = ONE_EXPRESSION.fullmatch(value)
        # As in dbt, a setting that is nothing but an expression keeps its type.
        source = "{% do keep(" + one["expression"] + ") %}" if one else value
        fix = "Settings know var(), env_var() and target."
        text = self._text(source, {"keep": keep}, ("setting", fix), (document, path))
        if text is None:
            return value
        found = kept[0] if kept else text
        return {"true": True, "false": False}.get(found.lower(), found) if isinstance(found, str) else found

    def description(self, value: Any, document: Document, path: KeyPath) -> str:
        """Return a description with its Jinja rendered; it knows doc() too."""
        if not _has_jinja(value):
            return str(value or "")

        def doc(*names: str) -> str:
            return self._doc(document, path, *names)

        fix = "Descriptions know doc(), var(), env_var() and target."
        return self._text(value, {"doc": doc}, ("description", fix), (document, path)) or ""

    def _doc(self, document: Document, path: KeyPath, *names: str) -> str:
        package, name = names if len(names) == 2 else (None, names[-1] if names else "")  # noqa: PLR2004 -- dbt's doc takes a package first
        own = self._names["project_name"]
        places = [self.package, ""] if package is None else ["" if package == own else package]
        found = next((self._docs[place, name] for place in places if (place, name) in self._docs), None)
        if found is None:
            written = name if package is None else f"{package}.{name}"
            known = [f"{place}.{block}" if place else block for place, block in self._docs]
            problem = missing("missing-doc", "Doc block", written, known, suggest(name, known))
            self.problems.append(document.problem(problem.code, problem.message, path, problem.fix))
        return found or ""

    def _text(
        self,
        source: str,
        names: Mapping[str, Callable[..., Any]],
        what: tuple[str, str],
        place: tuple[Document, KeyPath],
    ) -> str | None:
        """Return the rendered text, or None after noting why there is none."""
        document, path = place
        self._words.start(Render("", document.file, {}, package=self.package))
        self._sandbox.budget.start()
        try:
            code = self._sandbox.compile_source(source, document.file)
            text = Template.from_code(self._sandbox, code, {**self._sandbox.globals, **self._names, **names}).render()
        except Exception as error:  # noqa: BLE001 -- a template can raise anything
            said = str(error)[:_LONGEST_TEXT].rstrip(".") or type(error).__name__
            message = f"Cannot render this {what[0]}: {said}."
            self.problems.append(document.problem("jinja", message, path, what[1]))
            return None
        noted = self._words.render.problems
        self.problems += [document.problem(one.code, one.message, path, one.fix) for one in noted]
        return text


def _has_jinja(value: Any) -> bool:
    return isinstance(value, str) and ("{{" in value or "{%" in value or "{#" in value)


def _as_bool(value: Any) -> bool:
    found = {"true": True, "false": False}.get(str(value).lower())
    if found is None:
        raise ValueError("as_bool takes true or false")
    return found


def _as_number(value: Any) -> int | float:
    try:
        return int(str(value))
    except ValueError:
        return float(value)


def _as_native(value: Any) -> Any:
    if not isinstance(value, str) or len(value) > _LONGEST_NATIVE:
        return value
    try:
        return literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return value


_FILTERS: Mapping[str, Callable[[Any], Any]] = {
    "as_bool": _as_bool,
    "as_number": _as_number,
    "as_native": _as_native,
    "as_text": str,
}
