"""What each layer says of a setting: the run, the template, the destination.

A destination's block in profiles.yml may hold parts for views of events or of audiences only; they come before what
stands beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pusher.compile import Model
from pusher.config import DestinationSettings
from pusher.errors import Problem

RUN, TEMPLATE, DESTINATION = "run", "template", "destination"


@dataclass(frozen=True, slots=True)
class Given:
    """What one layer says of a setting.

    Attributes:
        layer: `run`, `template` or `destination`.
        value: As it is written, with the type that the setting has.
        file: POSIX path of the file that says it; None for the command line.
        line: 1-based line, when it is known.
        column: 1-based column, when it is known.
    """

    layer: str
    value: Any
    file: str | None = None
    line: int | None = None
    column: int | None = None

    def problem(self, code: str, message: str, fix: str) -> Problem:
        """Return a problem that points at the place of the value."""
        if self.layer == RUN:
            message = f"--set: {message}"
        return Problem(code, message, self.file, self.line, self.column, fix)

    @property
    def place(self) -> str:
        """`file:line`, as far as it is known; the option for a run."""
        if self.layer == RUN:
            return "--set"
        return f"{self.file}:{self.line}" if self.line else self.file or ""


def given_by_layers(
    name: str, *, overrides: Mapping[str, Any], model: Model, settings: DestinationSettings | None, family: str
) -> Iterator[Given]:
    """Yield what each layer says of a setting, the strongest first; a null says nothing.

    Args:
        name: The setting.
        overrides: Values of `--set`, typed.
        model: The view.
        settings: The destination's block, or None when the target has none.
        family: The part of the block that holds settings for views of this kind only.
    """
    if name in overrides:
        yield Given(RUN, overrides[name])
    block = template_of(model)
    if block.get(name) is not None:
        yield Given(TEMPLATE, block[name], *place_of(model, name))
    if settings is not None:
        yield from given_by_destination(name, settings, family)


def given_by_destination(name: str, settings: DestinationSettings, family: str) -> Iterator[Given]:
    """Yield what the block of the destination says: its part for views of one kind, then what stands beside it."""
    part = settings.values.get(family)
    for path, values in (((family,), part if isinstance(part, dict) else {}), ((), settings.values)):
        if values.get(name) is not None:
            line, column = settings.document.lines.get((*settings.path, *path, name), (None, None))
            yield Given(DESTINATION, values[name], settings.document.file, line, column)


def template_of(model: Model) -> Mapping[str, Any]:
    """Return what a model's `meta.pusher` says."""
    return model.meta.get("pusher") or {}


def place_of(model: Model, word: str) -> tuple[str, int | None, int | None]:
    """Return where a model's own config() holds a word, else the entry of its YAML file, else its file."""
    found = re.search(rf"['\"]{re.escape(word)}['\"]", model.raw_sql)
    if found is not None:
        before = model.raw_sql[: found.start()]
        return model.path, before.count("\n") + 1, found.start() - (before.rfind("\n") + 1) + 1
    if model.patch is not None:
        return model.patch[0], model.patch[1], None
    return model.path, None, None
