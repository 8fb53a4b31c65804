"""dbt's selector syntax: `+name`, `2+name+`, globs, `tag:`, `path:`, `source:`, `config.x:`, unions, intersections.

`selector:` stands for a selection that selectors.yml defines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from pusher.compile import graph, selectors
from pusher.compile.exposures import Exposure
from pusher.compile.model import DataTest, Model, SourceKey, missing
from pusher.compile.unit_tests import UnitTest
from pusher.config import suggest
from pusher.errors import ConfigError, Problem

_SELECTOR = re.compile(
    r"^(?P<at>@)?(?:(?P<up>\d*)\+)?(?:(?P<method>[a-z_]+(?:\.[\w.]+)?):)?(?P<value>[^+@]+?)(?P<down>\+\d*)?$"
)


def _path(path: str, value: str) -> bool:
    wanted = value.removeprefix("./").rstrip("/")
    parents = [str(parent) for parent in PurePosixPath(path).parents]
    return any(fnmatchcase(candidate, wanted) for candidate in (path, *parents))


def _fqn(model: Model | DataTest | UnitTest, value: str) -> bool:
    if fnmatchcase(model.name, value):
        return True
    parts = value.split(".")
    for start in (0, 1):
        own = model.fqn[start : start + len(parts)]
        if len(own) == len(parts) and all(fnmatchcase(*pair) for pair in zip(own, parts, strict=True)):
            return True
    return False


def _package(one: Model | DataTest | UnitTest, value: str) -> bool:
    return not one.package if value == "this" else fnmatchcase(one.fqn[0], value)


def _source_named(key: SourceKey, value: str) -> bool:
    parts = value.split(".")
    return fnmatchcase(key[0], parts[0]) and (len(parts) == 1 or fnmatchcase(key[1], parts[1]))


def _source(model: Model, value: str) -> bool:
    return any(_source_named(key, value) for key in model.sources)


# What dbt says of a node whose configuration does not.
_DEFAULTS: Mapping[str, Any] = {"enabled": True, "on_schema_change": "ignore", "contract": {"enforced": False}}


def _config(model: Model | DataTest | UnitTest, keys: str, value: str) -> bool:
    severity = {"severity": model.severity} if isinstance(model, DataTest) else {}
    found: Any = {**_DEFAULTS, **model.config, **severity}
    for key in keys.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    values = found if isinstance(found, list) else [found]
    return value.lower() in {str(item).lower() for item in values}


_METHODS: Mapping[str, Callable[[Model, str], bool]] = {
    "fqn": _fqn,
    "tag": lambda model, value: any(fnmatchcase(tag, value) for tag in model.tags),
    "path": lambda model, value: _path(model.path, value),
    "file": lambda model, value: value in {PurePosixPath(model.path).name, PurePosixPath(model.path).stem},
    "source": _source,
    "package": _package,
    "resource_type": lambda model, value: value == model.resource_type,
    "test_type": lambda _model, _value: False,
    "test_name": lambda _model, _value: False,
    "unit_test": lambda _model, _value: False,
}
_TEST_METHODS: Mapping[str, Callable[[DataTest, str], bool]] = {
    "fqn": _fqn,
    "tag": lambda test, value: any(fnmatchcase(tag, value) for tag in test.tags),
    "path": lambda test, value: _path(test.file, value),
    "file": lambda test, value: PurePosixPath(test.file).name in {value, f"{value}.sql"},
    "package": _package,
    "source": lambda test, value: test.source is not None and _source_named(test.source, value),
    "resource_type": lambda _, value: value == "test",
    "test_type": lambda test, value: value in {"data", "singular" if test.is_singular else "generic"},
    "test_name": lambda test, value: not test.is_singular and fnmatchcase(test.kind, value),
}


_UNIT_TEST_METHODS: Mapping[str, Callable[[UnitTest, str], bool]] = {
    "fqn": _fqn,
    "tag": lambda test, value: any(fnmatchcase(tag, value) for tag in test.tags),
    "path": lambda test, value: _path(test.file, value),
    "file": lambda test, value: value in {PurePosixPath(test.file).name, PurePosixPath(test.file).stem},
    "package": _package,
    "unit_test": lambda test, value: fnmatchcase(test.name, value),
    "resource_type": lambda _, value: value == "unit_test",
    "test_type": lambda _, value: value == "unit",
}


def _method_of(method: str | None, value: str) -> str:
    return method or ("path" if "/" in value else "file" if value.endswith((".sql", ".csv")) else "fqn")


@dataclass(frozen=True, slots=True)
class Previous:
    """What differs from a saved manifest, by the word of the selector: `new`, `modified`, `modified.body` ...

    Attributes:
        models: Names of models and seeds.
        tests: Names of data tests.
        unit_tests: Names of unit tests.
    """

    models: Mapping[str, Collection[str]]
    tests: Mapping[str, Collection[str]]
    unit_tests: Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class Subjects:
    """What selectors choose from.

    Attributes:
        models: Models and seeds in graph order.
        tests: Data tests.
        unit_tests: Unit tests.
        exposures: Exposures.
        previous: What differs from a saved manifest, or None without one.
        selectors: Selections of selectors.yml, by name.
    """

    models: Mapping[str, Model]
    tests: Mapping[str, DataTest] = field(default_factory=dict)
    unit_tests: Mapping[str, UnitTest] = field(default_factory=dict)
    exposures: Mapping[str, Exposure] = field(default_factory=dict)
    previous: Previous | None = None
    selectors: Mapping[str, selectors.Definition] = field(default_factory=dict)


STATES = (
    "new", "old", "modified", "unmodified", "modified.body", "modified.configs", "modified.relation", "modified.macros",
    "modified.contract",
)  # fmt: skip


def _in_state(found: Mapping[str, Collection[str]] | None, value: str, text: str) -> set[str]:
    if found is None:
        fix = "Pass --state with the folder of a saved manifest.json, such as a copy of target/."
        raise ConfigError(
            Problem("bad-selector", f"`{text}` compares with a saved manifest, and none is named.", fix=fix)
        )
    if value not in STATES:
        near = suggest(value, STATES)
        fix = f"Did you mean `state:{near}`?" if near else f"Known: {', '.join(STATES)}."
        raise ConfigError(Problem("bad-selector", f"Unknown state in `{text}`.", fix=fix))
    return set(found.get(value, ()))


def _matching(subjects: Subjects, method: str, value: str, text: str) -> set[str]:
    models, previous = subjects.models, subjects.previous
    if method == "state":
        return _in_state(previous.models if previous else None, value, text)
    if method.startswith("config."):
        return {name for name, model in models.items() if _config(model, method.removeprefix("config."), value)}
    if method not in _METHODS:
        near = suggest(method, [*_METHODS, "exposure", "state", selectors.METHOD, "config.materialized"])
        known = ", ".join(sorted([*_METHODS, "exposure", "state", selectors.METHOD]))
        fix = f"Did you mean `{near}:`?" if near else f"Known: {known}, config.KEY."
        raise ConfigError(Problem("bad-selector", f"Unknown selector method in `{text}`.", fix=fix))
    return {name for name, model in models.items() if _METHODS[method](model, value)}


def _parsed(text: str) -> re.Match[str]:
    parsed = _SELECTOR.match(text)
    if parsed is None:
        raise ConfigError(
            Problem(
                "bad-selector", f"`{text}` is not a selector.", fix="Write name, +name, name+, tag:x or path:models/x."
            )
        )
    return parsed


def _one(subjects: Subjects, text: str) -> set[str]:
    models = subjects.models
    parsed = _parsed(text)
    method = _method_of(parsed["method"], parsed["value"])
    up_edges = {name: model.depends_on for name, model in models.items()}
    if method == "exposure":
        return _behind_exposures(subjects, parsed, up_edges)
    if method == selectors.METHOD:
        found = _of_selector(subjects, parsed["value"], _one)
    else:
        found = _matching(subjects, method, parsed["value"], text)
    down_edges = graph.downstream(up_edges)
    if parsed["at"]:
        return graph.reach(graph.reach(found, down_edges), up_edges)
    selected = set(found)
    if parsed["up"] is not None:
        selected |= graph.reach(found, up_edges, int(parsed["up"]) if parsed["up"] else None)
    if parsed["down"] is not None:
        steps = parsed["down"].removeprefix("+")
        selected |= graph.reach(found, down_edges, int(steps) if steps else None)
    return selected


def _of_selector(subjects: Subjects, name: str, one: Callable[[Subjects, str], set[str]]) -> set[str]:
    """Return what a selection of selectors.yml chooses."""
    definition = subjects.selectors.get(name)
    if definition is None:
        problem = missing("bad-selector", "Selector", name, list(subjects.selectors), suggest(name, subjects.selectors))
        raise ConfigError(replace(problem, fix=f"{problem.fix} They stand in {selectors.FILE}."))
    return selectors.names_of(definition, lambda text: one(subjects, text))


def check(text: str, above: Mapping[str, selectors.Definition]) -> None:
    """Look at a selector, with those selections of selectors.yml that it may stand for.

    Raises:
        ConfigError: It cannot be read.
    """
    _one(Subjects({}, previous=Previous({}, {}, {}), selectors=above), text)


def _behind_exposures(subjects: Subjects, parsed: re.Match[str], up_edges: Mapping[str, Iterable[str]]) -> set[str]:
    """Return the models behind exposures: an exposure is no model, so it stands for nothing without a `+` before it."""
    if parsed["up"] is None and not parsed["at"]:
        return set()
    read = {name for key, one in subjects.exposures.items() if fnmatchcase(key, parsed["value"]) for name in one.models}
    steps = int(parsed["up"]) - 1 if parsed["up"] else None
    return graph.reach(read & subjects.models.keys(), up_edges, steps)


def _union(one: Callable[[str], set[str]], texts: Sequence[str]) -> set[str]:
    selected: set[str] = set()
    for text in " ".join(texts).split():
        parts = [one(part) for part in text.split(",") if part]
        selected |= set.intersection(*parts) if parts else set()
    return selected


def _chosen(
    one: Callable[[str], set[str]], every: Iterable[str], include: Sequence[str], exclude: Sequence[str]
) -> set[str]:
    found = _union(one, include) if any(text.split() for text in include) else set(every)
    return found - _union(one, exclude)


def _tests_of_one(subjects: Subjects, text: str) -> set[str]:
    """Return the tests that a selector names, and those of every model that it names."""
    tests, previous = subjects.tests, subjects.previous
    parsed, selected = _parsed(text), _one(subjects, text)
    method = _method_of(parsed["method"], parsed["value"])
    if method == selectors.METHOD:
        # What it leaves out stays out: only what was reached by a `+` stands for its tests.
        selected -= _of_selector(subjects, parsed["value"], _one)
        found = _of_selector(subjects, parsed["value"], _tests_of_one)
    elif method == "state":
        found = _in_state(previous.tests if previous else None, parsed["value"], text)
    elif method.startswith("config."):
        keys = method.removeprefix("config.")
        found = {name for name, test in tests.items() if _config(test, keys, parsed["value"])}
    else:
        matches = _TEST_METHODS.get(method)
        found = {name for name, test in tests.items() if matches is not None and matches(test, parsed["value"])}
    return found | {name for name, test in tests.items() if selected.intersection(test.depends_on)}


def select_tests(subjects: Subjects, include: Sequence[str], exclude: Sequence[str]) -> list[DataTest]:
    """Return the selected data tests: those that are named, and those that read a selected model, as in dbt.

    Raises:
        ConfigError: A selector cannot be read.
    """
    chosen = _chosen(lambda text: _tests_of_one(subjects, text), subjects.tests, include, exclude)
    return [test for name, test in subjects.tests.items() if name in chosen]


def _unit_tests_of_one(subjects: Subjects, text: str) -> set[str]:
    """Return the unit tests that a selector names, and those of every model that it names."""
    tests, previous = subjects.unit_tests, subjects.previous
    parsed, selected = _parsed(text), _one(subjects, text)
    method, value = _method_of(parsed["method"], parsed["value"]), parsed["value"]
    if method == selectors.METHOD:
        selected -= _of_selector(subjects, value, _one)
        found = _of_selector(subjects, value, _unit_tests_of_one)
    elif method == "state":
        found = _in_state(previous.unit_tests if previous else None, value, text)
    elif method.startswith("config."):
        found = {name for name, test in tests.items() if _config(test, method.removeprefix("config."), value)}
    else:
        matches = _UNIT_TEST_METHODS.get(method)
        found = {name for name, test in tests.items() if matches is not None and matches(test, value)}
    return found | {name for name, test in tests.items() if test.model in selected}


def select_unit_tests(subjects: Subjects, include: Sequence[str], exclude: Sequence[str]) -> list[UnitTest]:
    """Return the selected unit tests: those that are named, and those of a selected model.

    Raises:
        ConfigError: A selector cannot be read.
    """
    chosen = _chosen(lambda text: _unit_tests_of_one(subjects, text), subjects.unit_tests, include, exclude)
    return [test for name, test in subjects.unit_tests.items() if name in chosen]


def compares(include: Sequence[str]) -> bool:
    """Whether all that is selected is a comparison with a saved manifest: that nothing differs is an answer."""
    parts = " ".join(include).split()
    return bool(parts) and all("state:" in part for part in parts)


def unmatched(subjects: Subjects, texts: Iterable[str]) -> list[Problem]:
    """Return a problem for each selector by which nothing is chosen, be it part of a union or of an intersection.

    Raises:
        ConfigError: A selector cannot be read.
    """
    found = []
    known = [*subjects.models, *subjects.tests, *subjects.unit_tests]
    for text in dict.fromkeys(filter(None, re.split(r"[\s,]+", " ".join(texts)))):
        if "state:" not in text and not any(one(subjects, text) for one in (_one, _tests_of_one, _unit_tests_of_one)):
            near = suggest(_parsed(text)["value"], known)
            fix = f"Did you mean `{near}`?" if near else None
            found.append(Problem("empty-selector", f"`{text}` selects nothing.", fix=fix))
    return found


def select(
    subjects: Subjects, include: Sequence[str], exclude: Sequence[str], *, may_be_empty: bool = False
) -> list[Model]:
    """Return the selected models in graph order; without `include` all of them.

    Raises:
        ConfigError: A selector cannot be read, or nothing is selected.
    """
    models = subjects.models
    chosen = _chosen(lambda text: _one(subjects, text), models, include, exclude)
    if not chosen and not may_be_empty and not compares(include):
        if not models:
            fix = "Write a SELECT into a file that ends with .sql below model-paths."
            raise ConfigError(Problem("empty-selection", "The project has no model.", fix=fix))
        wanted = " ".join(include) or "all models"
        plain = re.sub(r"^[@\d+]+|\+\d*$", "", wanted)
        near = suggest(plain, models)
        fix = f"Did you mean `{near}`?" if near else f"Models: {', '.join(sorted(models)[:12]) or 'none'}."
        if exclude and _chosen(lambda text: _one(subjects, text), models, include, ()):
            fix = "Exclude less: nothing is left of what was selected."
        without = f" without {' '.join(exclude)}" if exclude else ""
        raise ConfigError(Problem("empty-selection", f"`{wanted}`{without} selects no model.", fix=fix))
    return [model for name, model in models.items() if name in chosen]
