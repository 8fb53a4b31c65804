"""selectors.yml: selections that have a name, as dbt writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pusher.compile.values import KeyPath, Values
from pusher.config import Document, load_yaml
from pusher.errors import ConfigError, Problem

FILE = "selectors.yml"
METHOD = "selector"
"""The method of a selector that stands for one of these."""
_KEYS = {"name", "description", "default", "definition"}
_CRITERION = {
    "method", "value", "children", "children_depth", "parents", "parents_depth", "childrens_parents", "exclude",
    "indirect_selection",
}  # fmt: skip
_SETS = ("union", "intersection")
_NAME = re.compile(r"[\w.-]+")
# How selectors are written on a command line; these characters mean something else there.
_ALONE, _VALUE = re.compile(r"[^,\s]+"), re.compile(r"[^+@,\s]+")
Place = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One selector, as it would stand on a command line.

    Attributes:
        text: The selector.
        place: File, line and column where it stands.
    """

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Combination:
    """Several definitions in one.

    Attributes:
        parts: What is combined.
        without: What is left out of that.
        is_union: Whether it takes what any of them chooses, not what all of them do.
    """

    parts: tuple[Definition, ...]
    without: tuple[Definition, ...]
    is_union: bool


Definition = Criterion | Combination


@dataclass(frozen=True, slots=True)
class Selectors:
    """What selectors.yml says.

    Attributes:
        definitions: By name.
        default: Name of the one that is meant when nothing is selected, or None.
        problems: What is wrong with the file.
    """

    definitions: Mapping[str, Definition] = field(default_factory=dict)
    default: str | None = None
    problems: tuple[Problem, ...] = ()


def names_of(definition: Definition, one: Callable[[str], set[str]]) -> set[str]:
    """Return the names that a definition chooses.

    Args:
        definition: The definition.
        one: Returns those that a selector of a command line chooses.

    Raises:
        ConfigError: A selector cannot be read; told at its place in the file.
    """
    if isinstance(definition, Criterion):
        file, line, column = definition.place
        try:
            return one(definition.text)
        except ConfigError as error:
            raise ConfigError(*(_placed(found, file, line, column) for found in error.problems)) from None
    found = [names_of(part, one) for part in definition.parts]
    chosen = set().union(*found) if definition.is_union else set.intersection(*found)
    return chosen.difference(*(names_of(part, one) for part in definition.without))


def _placed(problem: Problem, file: str, line: int, column: int) -> Problem:
    return problem if problem.file else replace(problem, file=file, line=line, column=column)


def read(root: Path, values: Values, check: Callable[[str, Mapping[str, Definition]], object]) -> Selectors:
    """Read the file of a project; never raises, problems are part of the result.

    Args:
        root: Folder of the project.
        values: Renders what stands in it.
        check: Raises ConfigError for a selector of a command line that cannot be read, given the definitions above.
    """
    path = root / FILE
    if not path.exists() and not path.is_symlink():
        return Selectors()
    if root not in path.resolve().parents:
        fix = "Copy the file into the project."
        return Selectors(
            problems=(Problem("outside-project", "The file is a link out of the project.", FILE, fix=fix),)
        )
    try:
        document = load_yaml(path, FILE)
    except ConfigError as error:
        return Selectors(problems=error.problems)
    reader = _Reader(document, values, check)
    reader.read()
    return Selectors(reader.found, reader.default, tuple(reader.problems))


class _Wrong(Exception):
    """A definition that cannot be read; the problem is noted."""


@dataclass(slots=True)
class _Reader:
    document: Document
    values: Values
    check: Callable[[str, Mapping[str, Definition]], object]
    found: dict[str, Definition] = field(default_factory=dict)
    default: str | None = None
    problems: list[Problem] = field(default_factory=list)

    def read(self) -> None:
        top = self.document.value or {}
        entries = top.get("selectors") if isinstance(top, dict) else None
        if not isinstance(entries, list):
            self._note(
                "The file must hold a list `selectors`.", (), "Write `selectors:` and start each with `- name:`."
            )
            return
        self.problems += self.document.unknown_keys(top, {"selectors", "version"}, ())
        for number, entry in enumerate(entries):
            path: KeyPath = ("selectors", number)
            try:
                self._entry(self.values.setting(entry, self.document, path), path)
            except _Wrong:
                continue

    def _note(self, message: str, path: KeyPath, fix: str) -> None:
        self.problems.append(self.document.problem("bad-selector", message, path, fix))

    def _wrong(self, message: str, path: KeyPath, fix: str) -> _Wrong:
        self._note(message, path, fix)
        return _Wrong()

    def _entry(self, entry: Any, path: KeyPath) -> None:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or "definition" not in entry:
            fix = "Write both, the name in quotes."
            raise self._wrong("A selector needs `name`, as text, and `definition`.", path, fix)
        name = entry["name"]
        self.problems += self.document.unknown_keys(entry, _KEYS, path)
        if not _NAME.fullmatch(name):
            fix = "Use letters, digits, `_`, `-` and `.` only."
            raise self._wrong(f"`{name}` cannot be the name of a selector.", (*path, "name"), fix)
        if name in self.found:
            raise self._wrong(f"Selector `{name}` is there twice.", path, "Rename one of them.")
        definition = self._definition(entry["definition"], (*path, "definition"))
        default = entry.get("default", False)
        if not isinstance(default, bool):
            raise self._wrong("`default` must be true or false.", (*path, "default"), "Remove the quotes.")
        if default and self.default is not None:
            fix = "Keep one of them."
            raise self._wrong(f"`{name}` and `{self.default}` are both the default.", (*path, "default"), fix)
        self.found[name] = definition
        self.default = name if default else self.default

    def _definition(self, value: Any, path: KeyPath) -> Definition:
        if isinstance(value, str):
            if not _ALONE.fullmatch(value):
                fix = "Write `union:` or `intersection:` with a list of them below it."
                raise self._wrong(f"`{value}` is more than one selector.", path, fix)
            return self._criterion(value, path)
        if isinstance(value, dict):
            for key in _SETS:
                if key in value:
                    if len(value) > 1:
                        fix = f"Put `exclude` into the list, and all others into a `{key}` of their own."
                        raise self._wrong(f"`{key}` stands alone in its mapping.", (*path, key), fix)
                    return self._set(value[key], (*path, key), is_union=key == "union")
            if len(value) == 1 and not value.keys() & _CRITERION:
                method, argument = next(iter(value.items()))
                return self._method(str(method), argument, {}, (*path, method))
            if "method" in value and "value" in value:
                self.problems += self.document.unknown_keys(value, _CRITERION, path)
                base = self._method(str(value["method"]), value["value"], value, path)
                without = self._list(value.get("exclude", []), (*path, "exclude"))
                return Combination((base,), without, is_union=True) if without else base
        message = "A definition is a selector, a method with its value, or a union or intersection of such."
        fix = 'Write "tag:nightly", {method: tag, value: nightly}, or `union:` with a list below it.'
        raise self._wrong(message, path, fix)

    def _list(self, value: Any, path: KeyPath) -> tuple[Definition, ...]:
        if not isinstance(value, list):
            raise self._wrong(f"`{path[-1]}` must be a list.", path, "Start each definition with a dash.")
        return tuple(self._definition(one, (*path, number)) for number, one in enumerate(value))

    def _set(self, value: Any, path: KeyPath, *, is_union: bool) -> Combination:
        parts: list[Definition] = []
        without: list[tuple[Definition, ...]] = []
        for number, one in enumerate(value if isinstance(value, list) else [value]):
            here = (*path, number)
            if isinstance(one, dict) and "exclude" in one:
                # dbt would read nothing but the exclude of such an entry.
                if without or len(one) > 1:
                    fix = "Write one `- exclude:` with a list below it."
                    raise self._wrong(f"A list below `{path[-1]}` takes one `exclude`, alone.", here, fix)
                without.append(self._list(one["exclude"], (*here, "exclude")))
            else:
                parts.append(self._definition(one, here))
        if not isinstance(value, list) or not parts:
            raise self._wrong(f"`{path[-1]}` needs a list of definitions.", path, "Start each with a dash.")
        return Combination(tuple(parts), tuple(one for several in without for one in several), is_union)

    def _method(self, method: str, value: Any, given: Mapping[str, Any], path: KeyPath) -> Definition:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if isinstance(value, (dict, list)) or value is None or not _VALUE.fullmatch(text):
            fix = "Write one name, pattern or path; each of several is a definition of its own."
            raise self._wrong(f"`{method}` needs a value without blanks, `,`, `+` and `@`.", path, fix)
        if given.get("indirect_selection", "eager") != "eager":
            fix = "Remove it: a model stands for all tests that read it."
            message = "`indirect_selection` is not supported but as `eager`."
            raise self._wrong(message, (*path, "indirect_selection"), fix)
        if given.get("childrens_parents") and (given.get("children") or given.get("parents")):
            fix = "Keep one of them."
            message = "`childrens_parents` has all parents and children already."
            raise self._wrong(message, (*path, "childrens_parents"), fix)
        before = "@" if self._flag(given, "childrens_parents", path) else ""
        if self._flag(given, "parents", path):
            before = f"{self._depth(given, 'parents_depth', path)}+"
        after = f"+{self._depth(given, 'children_depth', path)}" if self._flag(given, "children", path) else ""
        return self._criterion(f"{before}{method}:{text}{after}", path)

    def _flag(self, given: Mapping[str, Any], key: str, path: KeyPath) -> bool:
        value = given.get(key, False)
        if not isinstance(value, bool):
            raise self._wrong(f"`{key}` must be true or false.", (*path, key), "Remove the quotes.")
        return value

    def _depth(self, given: Mapping[str, Any], key: str, path: KeyPath) -> str:
        value = given.get(key)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise self._wrong(f"`{key}` must be a number of steps.", (*path, key), f"Write {key}: 1.")
        return "" if value is None else str(value)

    def _criterion(self, text: str, path: KeyPath) -> Criterion:
        found = self.document.problem("", "", path)
        criterion = Criterion(text, (self.document.file, found.line or 1, found.column or 1))
        try:
            self.check(text, self.found)
        except ConfigError as error:
            self.problems += (_placed(one, *criterion.place) for one in error.problems)
            raise _Wrong from None
        return criterion
