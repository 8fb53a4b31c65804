"""A column that the file of a source lacks: which file it is, and what it has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pusher.compile.manifest import Manifest
from pusher.compile.model import Model, Source, SourceKey
from pusher.contracts import Column, Engine, EngineError

_MOST_NAMES = 12
_LACKS = re.compile(r"^Referenced column |does not have a column named |^Declared columns are not in ")
_TYPES = re.compile(r"\btypes = \{[^}]*\}")
_SHORTEST_NAME = 3


def lacks_column(model: Model, error: EngineError) -> bool:
    """Say whether a model that reads nothing but sources names a column that there is not."""
    return not model.depends_on and _LACKS.search(error.message) is not None


def in_files(manifest: Manifest, engine: Engine, model: Model) -> dict[SourceKey, Sequence[Column]]:
    """Return the columns that the files of a model's sources have, of those that can be read."""
    found: dict[SourceKey, Sequence[Column]] = {}
    for source in _of_files(manifest, model):
        # With the declared types it cannot be read when it lacks one of their columns.
        untyped = _TYPES.sub("all_varchar = true", source.external or "")
        try:
            found[source.key] = engine.columns(f"select * from {untyped}")
        except EngineError:
            continue
    return found


def told(manifest: Manifest, model: Model, columns: Mapping[SourceKey, Sequence[Column]], *, declared: bool) -> str:
    """Return the sentences that name the files of a model's sources with their columns, or an empty text.

    Args:
        manifest: The compiled project.
        model: The model.
        columns: Columns of its sources.
        declared: They are as the sources declare them, where these declare any.
    """
    return " ".join(
        _sentence(manifest, model, source, columns[source.key], declared=declared and bool(source.columns))
        for source in _of_files(manifest, model)
        if source.key in columns
    )


def _of_files(manifest: Manifest, model: Model) -> list[Source]:
    sources = [manifest.sources[key] for key in dict.fromkeys(model.sources)]
    return [source for source in sources if source.external is not None]


def _sentence(manifest: Manifest, model: Model, source: Source, columns: Sequence[Column], *, declared: bool) -> str:
    root = f"{manifest.project.root.as_posix()}/"
    names = [column.name for column in columns]
    words = set(re.findall(r"\w+", model.compiled_sql.lower()))
    listed = ", ".join(names[:_MOST_NAMES])
    if len(names) > _MOST_NAMES:
        listed += f" and {len(names) - _MOST_NAMES} more"
    label = f"{source.source_name}.{source.name}"
    files = ", ".join(path.removeprefix(root) for path in source.paths) or f"source {label}"
    if declared:
        return f"{source.file}:{source.line} declares of {files}: {listed}."
    if not any(len(name) >= _SHORTEST_NAME and name.lower() in words for name in names):
        # Its first line may be no header, but somebody's data.
        return f"No column that {model.name} or source {label} names is found in {files}."
    return f"{files} has the columns {listed}."
