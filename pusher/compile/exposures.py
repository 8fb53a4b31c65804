"""The `exposures:` of YAML files: what outside of the project reads its models."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pusher.compile.model import SourceKey, missing
from pusher.compile.unit_test_properties import subject_of
from pusher.compile.values import KeyPath, Values
from pusher.config import Document, suggest
from pusher.errors import Problem

KINDS = ("dashboard", "notebook", "analysis", "ml", "application")
_KEYS = {"name", "label", "type", "url", "maturity", "description", "owner", "depends_on", "config", "meta", "tags"}
_OWNER = {"name", "email", "config"}
_CONFIG = {"meta", "tags", "enabled"}


@dataclass(frozen=True, slots=True)
class Exposure:
    """One exposure.

    Attributes:
        name: Its name.
        kind: Its `type`, such as `dashboard`.
        description: Text for people.
        details: `label`, `url`, `maturity` and `owner`, as written.
        models: Models that it reads.
        sources: Sources that it reads.
        file: YAML file.
        line: 1-based line of the entry.
        package: Name of the package that has it, empty for the project itself.
    """

    name: str
    kind: str
    description: str
    details: Mapping[str, Any]
    models: tuple[str, ...]
    sources: tuple[SourceKey, ...]
    file: str
    line: int
    package: str


@dataclass(slots=True)
class ExposureReader:
    """Reads the `exposures:` of a YAML file.

    Args:
        document: The file.
        values: Renders descriptions.

    Attributes:
        found: The exposures.
        problems: What is wrong.
    """

    document: Document
    values: Values
    found: list[Exposure] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def _wrong(self, code: str, message: str, path: KeyPath, fix: str | None = None) -> None:
        self.problems.append(self.document.problem(code, message, path, fix))

    def read(self, value: Any) -> None:
        """Read the list."""
        if not isinstance(value or [], list):
            self._wrong("wrong-type", "`exposures` must be a list.", ("exposures",), "Start each with `- name:`.")
            return
        for number, entry in enumerate(value or []):
            self._entry(entry, ("exposures", number))

    def _entry(self, entry: Any, path: KeyPath) -> None:
        if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in ("name", "type")):
            message = "An exposure needs `name` and `type`, as text."
            misread = self.document.misread_values((*path, "name"))
            self.problems += misread or [self.document.problem("wrong-type", message, path, "Write both, in quotes.")]
            return
        self.problems += self.document.unknown_keys(entry, _KEYS, path)
        if entry["type"] not in KINDS:
            near = suggest(entry["type"], KINDS)
            fix = f"Did you mean `{near}`?" if near else f"Known: {', '.join(KINDS)}."
            self._wrong("wrong-value", f"Unknown type `{entry['type']}` of an exposure.", (*path, "type"), fix)
            return
        for key, known in (("owner", _OWNER), ("config", _CONFIG)):
            part = entry.get(key) or {}
            if not isinstance(part, dict):
                self._wrong("wrong-type", f"`{key}` must be a mapping.", (*path, key), "Write `name: value` below it.")
                return
            self.problems += self.document.unknown_keys(part, known, (*path, key))
        read = self._depends_on(entry.get("depends_on") or [], (*path, "depends_on"))
        if (entry.get("config") or {}).get("enabled") is False:
            return
        self.found.append(
            Exposure(
                name=entry["name"],
                kind=entry["type"],
                description=self.values.description(entry.get("description"), self.document, (*path, "description")),
                details={key: entry[key] for key in ("label", "url", "maturity", "owner") if key in entry},
                models=tuple(one for one in read if isinstance(one, str)),
                sources=tuple(one for one in read if isinstance(one, tuple)),
                file=self.document.file,
                line=self.document.problem("", "", path).line or 1,
                package=self.values.package,
            )
        )

    def _depends_on(self, value: Any, path: KeyPath) -> list[str | SourceKey]:
        if not isinstance(value, list):
            self._wrong("wrong-type", "`depends_on` must be a list.", path, "Start each with `- ref('model')`.")
            return []
        found: list[str | SourceKey] = []
        for number, written in enumerate(value):
            subject = subject_of(str(written))
            if subject is None or written == "this":
                fix = "Write ref('model') or source('source', 'table')."
                self._wrong("wrong-value", f"`{written}` is no model and no source.", (*path, number), fix)
            else:
                found.append(subject)
        return found


def unknown_parts(
    exposure: Exposure, models: Collection[str], sources: Collection[SourceKey], unread: Collection[str]
) -> list[Problem]:
    """Return one problem for each model and source of an exposure that there is not, not even in an unread file."""
    problems = [
        missing("missing-ref", "Model", name, list(models), suggest(name, models))
        for name in exposure.models
        if name not in models and name not in unread
    ]
    known = [".".join(key) for key in sources]
    for key in exposure.sources:
        if key not in sources:
            name = ".".join(key)
            problems.append(missing("missing-source", "Source", name, known, suggest(name, known)))
    return [Problem(one.code, one.message, exposure.file, exposure.line, 1, one.fix) for one in problems]
