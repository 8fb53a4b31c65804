"""dbt's unique ids of what a project is made of, and values as JSON has them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from pusher.compile import DataTest, Manifest, SourceKey, UnitTest
from pusher.compile.exposures import Exposure
from pusher.compile.macro_texts import MacroKey

_HASH_LETTERS = 10


class Ids:
    """dbt's unique ids of what a project is made of."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self.project = manifest.project.name
        self.package = manifest.projects.name

    def model(self, name: str) -> str:
        """Return the id of a model or seed."""
        model = self._manifest.models[name]
        return f"{model.resource_type}.{self.package(model.package)}.{name}"

    def source(self, key: SourceKey) -> str:
        """Return the id of a source."""
        return f"source.{self.package(self._manifest.sources[key].package)}.{key[0]}.{key[1]}"

    def data_test(self, test: DataTest) -> str:
        """Return the id of a data test; that of a generic one ends with the digest of its arguments."""
        if test.is_singular:
            return f"test.{self.package(test.package)}.{test.name}"
        text = test.whole_name + repr(_hashed(generic_of(test)))
        digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[-_HASH_LETTERS:]
        return f"test.{self.package(test.package)}.{test.whole_name}.{digest}"

    def unit_test(self, test: UnitTest) -> str:
        """Return the id of a unit test."""
        return f"unit_test.{self.package(test.package)}.{test.model}.{test.name}"

    def exposure(self, exposure: Exposure) -> str:
        """Return the id of an exposure."""
        return f"exposure.{self.package(exposure.package)}.{exposure.name}"

    def macro(self, key: MacroKey) -> str:
        """Return the id of a macro."""
        return f"macro.{self.package(key[0])}.{key[1]}"

    def parents(self, models: Iterable[str], sources: Iterable[SourceKey]) -> list[str]:
        """Return the ids of models and sources, the models first."""
        return [*map(self.model, models), *map(self.source, sources)]


def generic_of(test: DataTest) -> dict[str, Any]:
    """Return which generic test a data test is, with its arguments."""
    package, _, kind = test.kind.rpartition(".")
    return {"name": kind, "kwargs": plain(test.arguments), "namespace": package or None}


def _hashed(value: Any) -> Any:
    """Return a value in the form whose text dbt takes the digest of."""
    if isinstance(value, dict):
        return {key: _hashed(value[key]) for key in sorted(value)}
    return [_hashed(one) for one in value] if isinstance(value, list) else str(value)


def plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
