"""dbt's selector syntax: `+name`, `2+name+`, globs, `tag:`, `path:`, `source:`, `config.x:`, unions, intersections."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from pusher.compile import graph
from pusher.compile.model import Model
from pusher.config import suggest
from pusher.errors import ConfigError, Problem

_SELECTOR = re.compile(
    r"^(?P<at>@)?(?:(?P<up>\d*)\+)?(?:(?P<method>[a-z_]+(?:\.[\w.]+)?):)?(?P<value>[^+@]+?)(?P<down>\+\d*)?$"
)


def _path(model: Model, value: str) -> bool:
    wanted = value.removeprefix("./").rstrip("/")
    parents = [str(parent) for parent in PurePosixPath(model.path).parents]
    return any(fnmatchcase(candidate, wanted) for candidate in (model.path, *parents))


def _fqn(model: Model, value: str) -> bool:
    if fnmatchcase(model.name, value):
        return True
    parts = value.split(".")
    for start in (0, 1):
        own = model.fqn[start : start + len(parts)]
        if len(own) == len(parts) and all(fnmatchcase(*pair) for pair in zip(own, parts, strict=True)):
            return True
    return False


def _source(model: Model, value: str) -> bool:
    parts = value.split(".")
    return any(
        fnmatchcase(source, parts[0]) and (len(parts) == 1 or fnmatchcase(table, parts[1]))
        for source, table in model.sources
    )


def _config(model: Model, keys: str, value: str) -> bool:
    found: Any = model.config
    for key in keys.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    values = found if isinstance(found, list) else [found]
    return value.lower() in {str(item).lower() for item in values}


_METHODS: Mapping[str, Callable[[Model, str], bool]] = {
    "fqn": _fqn,
    "tag": lambda model, value: any(fnmatchcase(tag, value) for tag in model.tags),
    "path": _path,
    "file": lambda model, value: PurePosixPath(model.path).name in {value, f"{value}.sql"},
    "source": _source,
    "package": lambda model, value: value in {"this", model.fqn[0]},
    "resource_type": lambda _, value: value == "model",
}


def _matching(models: Mapping[str, Model], method: str | None, value: str, text: str) -> set[str]:
    if method is None:
        method = "path" if "/" in value else "file" if value.endswith(".sql") else "fqn"
    if method.startswith("config."):
        return {name for name, model in models.items() if _config(model, method.removeprefix("config."), value)}
    if method not in _METHODS:
        near = suggest(method, [*_METHODS, "config.materialized"])
        fix = f"Did you mean `{near}:`?" if near else f"Known: {', '.join(sorted(_METHODS))}, config.KEY."
        raise ConfigError(Problem("bad-selector", f"Unknown selector method in `{text}`.", fix=fix))
    return {name for name, model in models.items() if _METHODS[method](model, value)}


def _one(models: Mapping[str, Model], text: str) -> set[str]:
    parsed = _SELECTOR.match(text)
    if parsed is None:
        raise ConfigError(
            Problem(
                "bad-selector", f"`{text}` is not a selector.", fix="Write name, +name, name+, tag:x or path:models/x."
            )
        )
    found = _matching(models, parsed["method"], parsed["value"], text)
    up_edges = {name: model.depends_on for name, model in models.items()}
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


def _union(models: Mapping[str, Model], texts: Sequence[str]) -> set[str]:
    selected: set[str] = set()
    for text in " ".join(texts).split():
        parts = [_one(models, part) for part in text.split(",") if part]
        selected |= set.intersection(*parts) if parts else set()
    return selected


def select(models: Mapping[str, Model], include: Sequence[str], exclude: Sequence[str]) -> list[Model]:
    """Return the selected models in graph order; without `include` all of them.

    Raises:
        ConfigError: A selector cannot be read, or nothing is selected.
    """
    chosen = _union(models, include) if any(text.split() for text in include) else set(models)
    chosen -= _union(models, exclude)
    if not chosen:
        wanted = " ".join(include) or "all models"
        plain = re.sub(r"^[@\d+]+|\+\d*$", "", wanted)
        near = suggest(plain, models)
        fix = f"Did you mean `{near}`?" if near else f"Models: {', '.join(sorted(models)[:12]) or 'none'}."
        without = f" without {' '.join(exclude)}" if exclude else ""
        raise ConfigError(Problem("empty-selection", f"`{wanted}`{without} selects no model.", fix=fix))
    return [model for name, model in models.items() if name in chosen]
