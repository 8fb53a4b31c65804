"""What lint found before, by the content of everything that it came from.

A file of JSON in `target/`, read with suspicion: one that is damaged, foreign or of other versions counts as none. A
key names the rendered SQL and every text behind it, so an entry is right or is not found.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pusher.compile import digest
from pusher.contracts import Column
from pusher.lint.finding import SEVERITIES, Edit, Finding, Fix
from pusher.version import __version__

FILE = "lint-cache.json"
FORMAT = 1
# That of a rule which pusher.yml gives another one.
OFF = "off"
MOST_BYTES = 50_000_000
_PACKAGE = Path(__file__).parents[1]
# Where the code lies that decides what is found.
_PARTS = ("lint", "compile", "payload", "config", "destinations", "engines")


@cache
def versions() -> str:
    """Return the digest of what runs: versions, and the files of this package."""
    files = sorted(path for part in _PARTS for path in (_PACKAGE / part).rglob("*") if path.suffix in {".py", ".toml"})
    stats = [(path, path.stat()) for path in files]
    code = [f"{path} {stat.st_mtime_ns} {stat.st_size}" for path, stat in stats]
    return digest([str(FORMAT), __version__, version("sqlglot"), version("duckdb"), *code])


@dataclass(slots=True)
class Cache:
    """The entries of one project and target.

    Attributes:
        path: The file.
        used_columns: Columns of relations that this run asked for or found, by key.
        used_views: Findings of views, likewise.
    """

    path: Path
    _columns: dict[str, list[Column]] = field(default_factory=dict)
    _views: dict[str, list[Finding]] = field(default_factory=dict)
    used_columns: dict[str, list[Column]] = field(default_factory=dict)
    used_views: dict[str, list[Finding]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Cache:
        """Return what a file holds; nothing when it cannot be used."""
        found = cls(path)
        try:
            if path.stat().st_size > MOST_BYTES:
                return found
            content = json.loads(path.read_bytes())
            if not isinstance(content, dict) or content.get("versions") != versions():
                return found
            columns = {str(key): _columns(value) for key, value in content["columns"].items()}
            views = {str(key): [_finding(one) for one in value] for key, value in content["views"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            # Whatever is wrong with it: lint works without.
            return found
        found._columns, found._views = columns, views
        return found

    def columns(self, key: str) -> list[Column] | None:
        """Return the columns of a relation, if they are known."""
        known = self.used_columns.get(key) or self._columns.get(key)
        if known is not None:
            self.used_columns[key] = known
        return known

    def keep_columns(self, key: str, columns: Sequence[Column]) -> None:
        """Keep the columns of a relation."""
        self.used_columns[key] = list(columns)

    def view(self, key: str) -> list[Finding] | None:
        """Return the findings of a view, if they are known."""
        known = self._views.get(key)
        if known is not None:
            self.used_views[key] = known
        return known

    def keep_view(self, key: str, findings: Sequence[Finding]) -> None:
        """Keep the findings of a view."""
        self.used_views[key] = list(findings)

    def write(self, *, whole: bool) -> None:
        """Write what this run used, if that is not what the file holds; a disk that refuses is no error.

        Args:
            whole: The run looked at everything, so what it did not use is of no use.
        """
        if not whole:
            self.used_columns = {**self._columns, **self.used_columns}
            self.used_views = {**self._views, **self.used_views}
        if self.used_columns == self._columns and self.used_views == self._views:
            return
        content = {
            "versions": versions(),
            "columns": {key: [[one.name, one.type] for one in value] for key, value in self.used_columns.items()},
            "views": {key: [asdict(one) for one in value] for key, value in self.used_views.items()},
        }
        beside = self.path.with_name(f"{self.path.name}.{os.getpid()}.tmp")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps(content), encoding="utf-8")
            beside.replace(self.path)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink()


def _columns(value: Any) -> list[Column]:
    return [Column(_text(name), _text(type_)) for name, type_ in value]


def _finding(value: Mapping[str, Any]) -> Finding:
    """Return a finding as it was kept.

    Raises:
        ValueError: It is none.
    """
    if value["severity"] not in {*SEVERITIES, OFF}:
        raise ValueError(value["severity"])
    fix, column = value["fix"], value["model_column"]
    return Finding(
        rule=_text(value["rule"]),
        name=_text(value["name"]),
        severity=value["severity"],
        model=_text(value["model"]),
        model_column=None if column is None else _text(column),
        file=_text(value["file"]),
        message=_text(value["message"]),
        fix=None
        if fix is None
        else Fix(_text(fix["description"]), tuple(map(_edit, fix["edits"])), fix["safe"] is True),
        **_place(value),
    )


def _edit(value: Mapping[str, Any]) -> Edit:
    return Edit(file=_text(value["file"]), text=_text(value["text"]), **_place(value))


def _place(value: Mapping[str, Any]) -> dict[str, int]:
    return {name: _number(value[name]) for name in ("line", "column", "end_line", "end_column")}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(value)
    return value
