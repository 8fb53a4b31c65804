"""Which columns of a query may hold what identifies a person, by what they are made of and not by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pusher.compile import Manifest, SourceKey
from pusher.contracts import Column
from pusher.lint.flow.project import Flow


def personal_outputs(
    manifest: Manifest,
    name: str,
    *,
    columns: Mapping[str, Sequence[Column]],
    source_columns: Mapping[SourceKey, Sequence[Column]],
    strictly: bool = False,
    first: Manifest | None = None,
) -> frozenset[str]:
    """Return the columns of a model, in lower case, that may hold an identifier, readable or hashed.

    What cannot be followed may hold any.

    Args:
        manifest: The compiled project.
        name: The model.
        columns: Columns of each model.
        source_columns: Columns of each source.
        strictly: Also columns that tell something of an identifier, by a comparison, a position or a choice.
        first: The project before the tables of its incremental models stood, when these models now add rows.
    """
    before = None if first is None else Flow(first, columns, source_columns)
    relation = Flow(manifest, columns, source_columns, before=before).relation(name)
    values = {column.name.lower(): relation.named[column.name.lower()].value.flat() for column in columns[name]}
    return frozenset(
        name for name, value in values.items() if value.leaks or value.hashed or (strictly and value.hints)
    )
