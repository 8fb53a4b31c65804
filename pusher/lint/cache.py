"""What lint found before, by the content of everything that it came from.

A sealed file of JSON in `target/`: only this user's pusher can have written it, or it counts as nothing. A key names
the rendered SQL and every text behind it, so an entry is right or is not found.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pusher.compile import digest, sealed
from pusher.contracts import Column
from pusher.lint.finding import Edit, Finding, Fix

FILE = "lint-cache.json"
FORMAT = 2
MOST_BYTES = 50_000_000


def versions() -> str:
    """Return the digest of what decides what is found: versions, and the files of this package."""
    code = sealed.code_versions(
        "lint", "compile", "payload", "config", "destinations", "engines", "=sqlglot", "=duckdb"
    )
    return digest([str(FORMAT), code])


@dataclass(slots=True)
class Cache:
    """The entries of one project and target.

    Attributes:
        path: The file.
        key: The user's key, which seals it.
        used_columns: Columns of relations that this run asked for or found, by key.
        used_views: Findings of views, likewise.
    """

    path: Path
    key: bytes
    _columns: dict[str, list[Column]] = field(default_factory=dict)
    _views: dict[str, list[Finding]] = field(default_factory=dict)
    used_columns: dict[str, list[Column]] = field(default_factory=dict)
    used_views: dict[str, list[Finding]] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path) -> Cache | None:
        """Return what a file holds, nothing when it cannot be used; None where there is no key to seal one."""
        opened = sealed.opened(path, versions(), most_bytes=MOST_BYTES)
        if opened is None:
            return None
        key, content = opened
        found = cls(path, key)
        if content is not None:
            columns, views = content["columns"].items(), content["views"].items()
            found._columns = {name: [Column(*one) for one in listed] for name, listed in columns}
            found._views = {name: [_finding(one) for one in listed] for name, listed in views}
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
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        sealed.write(self.path, self.key, content, most_bytes=MOST_BYTES)


def _finding(value: Mapping[str, Any]) -> Finding:
    fix = value["fix"]
    if fix is None:
        return Finding(**value)
    return Finding(**{**value, "fix": Fix(fix["description"], tuple(Edit(**one) for one in fix["edits"]), fix["safe"])})
