"""Names of the files and models that a query becomes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pusher.errors import ConfigError, Problem
from pusher.importer.tables import Table

_FORBIDDEN = re.compile(r"[^a-z0-9_]+")
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")


def slug(text: str) -> str:
    """Return a text as part of a model's name."""
    return _FORBIDDEN.sub("_", text.lower()).strip("_") or "query"


def checked_name(text: str, option: str) -> str:
    """Return a name that a person gave.

    Raises:
        ConfigError: It is none.
    """
    if not _NAME.match(text):
        fix = "Use small letters, digits and underscores, beginning with a letter."
        raise ConfigError(Problem("usage", f"{option} `{text}` is no name of a model.", fix=fix))
    return text


@dataclass(frozen=True, slots=True)
class Names:
    """What the models of one query are called.

    Attributes:
        query: The query's own name.
        source: Name of the source of tables without a schema.
        payload: Kind of destination view: `events` or `audience`.
    """

    query: str
    source: str
    kind: str

    def source_of(self, table: Table) -> str:
        """Return the name of a table's source."""
        return slug(table.schema) if table.schema else self.source

    def staging(self, table: Table) -> str:
        """Return the name of a table's staging model."""
        return f"stg_{self.source_of(table)}__{slug(table.name)}"

    @property
    def view(self) -> str:
        """The destination view."""
        prefix = "tiktok_audience_" if self.kind == "audience" else "tiktok_"
        return self.query if self.query.startswith("tiktok_") else prefix + self.query

    def between(self, *, rolls_up: bool) -> str:
        """Return the name of the model between staging and the view."""
        base = self.query.removeprefix("tiktok_").removeprefix("audience_")
        return f"int_{base}__{'rolled_up' if rolls_up else 'selected'}"
