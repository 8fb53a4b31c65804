"""What one render of a file found out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pusher.compile import configs
from pusher.compile.model import Relation, SourceKey
from pusher.errors import Problem

# A template that finds no columns may fail in these ways.
_MAY_FOLLOW_FROM_WAITING = {"jinja", "undefined-name", "raised-in-template", "macro-arguments"}


@dataclass(slots=True)
class Render:
    """What one render of a model found out.

    Attributes:
        name: Model.
        path: Its file.
        base: Configuration from dbt_project.yml and YAML.
        refs: Models referred to, with the place of the first reference.
        sources: Sources referred to.
        config: What the file's own `config()` says.
        check: Says what is wrong with a key and a value of `config()`.
        problems: What is wrong.
        notices: What the template says to people.
        this: What `this` is, or None for the relation that the configuration names.
        asks_incremental: Whether the template asked is_incremental().
        is_waiting: The template asked for columns that are not known yet, so its text and its problems mean nothing.
        package: Name of the package that has the file, empty for the project itself.
        query: Where the template asked a query for the first time, as file, line and column; None when it asked none.
        is_open: It asked a query without a warehouse, so it was rendered with `execute` false.
    """

    name: str
    path: str
    base: Mapping[str, Any]
    refs: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    sources: dict[SourceKey, None] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    check: Callable[[str, Any], Problem | None] = configs.check
    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    this: Relation | None = None
    asks_incremental: bool = False
    is_waiting: bool = False
    package: str = ""
    query: tuple[str, int, int] | None = None
    is_open: bool = False

    def begin_anew(self) -> None:
        """Forget what the template said; what it referred to stays."""
        self.config, self.problems, self.notices = {}, [], []

    @property
    def certain(self) -> list[Problem]:
        """What is wrong whatever the columns are that the template waits for."""
        return [one for one in self.problems if not (self.is_waiting and one.code in _MAY_FOLLOW_FROM_WAITING)]

    def merged(self) -> dict[str, Any]:
        """Return the configuration as it stands so far."""
        return configs.merge(self.base, self.config)
