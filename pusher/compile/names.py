"""What relations are called: dbt's rules, or those of the project's own macros."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pusher.compile.model import Relation
from pusher.errors import Problem

SCHEMA_MACRO, ALIAS_MACRO = "generate_schema_name", "generate_alias_name"
UNSUPPORTED = {
    "generate_database_name": (
        "`generate_database_name` is not supported: all relations stand in the database of the profile."
    )
}
Naming = Callable[[Any, Mapping[str, Any]], str | Problem]
"""Gives a name, from what the configuration says and the facts about the file; or says why it cannot."""


@dataclass(slots=True)
class Names:
    """Names of relations.

    Args:
        database: Name of the database.
        schema: Schema of the target.
        node_of: Returns what a macro may know about a model, seed or data test of this name.

    Attributes:
        macros: Macros that decide instead of dbt's rules, by package (empty for the project) and name: those of the
            project for all files, those of a package for its own.
        problems: Why one of them could not.
    """

    database: str
    schema: str
    node_of: Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
    macros: dict[tuple[str, str], Naming] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _known: dict[tuple[str, str, str], Relation] = field(default_factory=dict)

    def relation(self, name: str, config: Mapping[str, Any]) -> Relation:
        """Return the quoted name of a model, seed or table of a data test, for its `schema` and `alias`."""
        key = (name, repr(config.get("schema")), repr(config.get("alias")))
        if not self.macros or key not in self._known:
            self._known[key] = self._relation(name, config)
        return self._known[key]

    def begin_anew(self) -> None:
        """Forget what was asked while configurations were not complete yet."""
        self._known.clear()
        self.problems.clear()

    def _relation(self, name: str, config: Mapping[str, Any]) -> Relation:
        custom, alias = config.get("schema"), config.get("alias")
        schema = self._asked(SCHEMA_MACRO, name, custom, config)
        if schema is None:
            schema = f"{self.schema}_{str(custom).strip()}" if custom else self.schema
        called = self._asked(ALIAS_MACRO, name, alias, config) or alias or name
        return Relation.of(self.database, schema, called)

    def _asked(self, macro: str, name: str, given: Any, config: Mapping[str, Any]) -> str | None:
        if not self.macros:
            return None
        node = self.node_of(name, config)
        ask = self.macros.get(("", macro)) or self.macros.get((node["package_name"], macro))
        if ask is None:
            return None
        found = ask(given, node)
        if isinstance(found, Problem):
            if found not in self.problems:
                self.problems.append(found)
            return None
        return found
