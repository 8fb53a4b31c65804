"""What a compiled project is made of: models, sources and their columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pusher.compile.hooks import Hook
from pusher.compile.increments import Increment
from pusher.compile.seeds import MATERIALIZED, Seed
from pusher.errors import Problem
from pusher.payload.sql import identifier

SourceKey = tuple[str, str]
SINGULAR = "singular"
"""Kind of a data test that is a query of its own."""


class Relation(str):
    """A relation's quoted name, with its parts for Jinja (`this.schema`).

    Attributes:
        database: Unquoted catalog.
        schema: Unquoted schema.
        identifier: Unquoted name in the database.
    """

    __slots__ = ("database", "identifier", "schema")

    database: str
    schema: str
    identifier: str

    @classmethod
    def of(cls, database: str, schema: str, name: str) -> Relation:
        """Return the relation with dbt-duckdb's text, `"db"."schema"."name"`."""
        relation = cls(".".join(identifier(part) for part in (database, schema, name)))
        relation.database, relation.schema, relation.identifier = database, schema, name
        return relation

    @property
    def name(self) -> str:
        """The unquoted name, as dbt spells `identifier` too."""
        return self.identifier

    @property
    def table(self) -> str:
        """The unquoted name, as older dbt macros spell it."""
        return self.identifier


@dataclass(frozen=True, slots=True)
class WrittenTest:
    """A data test as a YAML file has it.

    Attributes:
        name: What it asks, such as `not_null` or `dbt_utils.expression_is_true`.
        arguments: Arguments beside the model and the column, not rendered yet.
        config: Its configuration, checked and rendered.
        given_name: Name that the file gives it, or None.
        file: YAML file.
        line: 1-based line of the entry.
        begins: 1-based column where the entry begins in that line.
        is_bare: The arguments stand beside the configuration and not under `arguments:`.
        places: Line and column of each argument.
    """

    name: str
    arguments: Mapping[str, Any]
    config: Mapping[str, Any]
    given_name: str | None
    file: str
    line: int
    begins: int = 1
    is_bare: bool = False
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ColumnDoc:
    """A column as a YAML file describes it.

    Attributes:
        name: Column name.
        data_type: Declared type, or None.
        description: Text for people.
        meta: `meta` and `config.meta` in one, such as `{'pii': 'email'}`.
        tags: Tags of the column.
        line: 1-based line of the entry in the YAML file.
        data_tests: Tests as written.
        quote: Tests write the name in quotes.
    """

    name: str
    data_type: str | None = None
    description: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    line: int | None = None
    data_tests: tuple[WrittenTest, ...] = ()
    quote: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """One table of a source.

    Attributes:
        source_name: Name of the source.
        name: Name of the table, as `source()` takes it.
        file: YAML file that declares it.
        line: 1-based line of the table's entry.
        columns: Declared columns; a list with types is complete.
        external: SQL text to select from (a quoted path or a call), or None for a table of the database.
        paths: Absolute files and globs behind `external`.
        relation: The table's quoted name when it is one of the database.
        stub: Quoted name under which an empty table stands for it during analysis.
        description: Text for people.
        meta: Merged meta of source and table.
        tags: Merged tags of source and table.
        data_tests: Tests of the table, as written.
        package: Name of the package that declares it, empty for the project itself.
    """

    source_name: str
    name: str
    file: str
    line: int
    columns: tuple[ColumnDoc, ...]
    external: str | None
    paths: tuple[str, ...]
    relation: Relation
    stub: Relation
    description: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    data_tests: tuple[WrittenTest, ...] = ()
    package: str = ""

    @property
    def key(self) -> SourceKey:
        """The two names that `source()` takes."""
        return self.source_name, self.name

    @property
    def sql(self) -> str:
        """What `source()` renders to in a build."""
        return self.relation if self.external is None else self.external


@dataclass(frozen=True, slots=True)
class Model:
    """One model, rendered.

    Attributes:
        name: File name without `.sql`.
        path: POSIX path of the file relative to the project.
        raw_sql: The file's text.
        compiled_sql: What the engine runs: Jinja rendered, ephemeral models inlined.
        materialized: `view`, `table`, `incremental`, `ephemeral`, or `seed`.
        relation: Quoted name in the database.
        depends_on: Models it refers to, in order of appearance.
        sources: Sources it reads, in order of appearance.
        config: Merged configuration: dbt_project.yml, then YAML, then the file's own `config()`.
        meta: Merged meta.
        tags: Merged tags.
        description: Text for people.
        columns: Columns that a YAML file describes.
        fqn: Project, folders and name, as selectors see it.
        patch: YAML file and line that describe it, or None.
        data_tests: Tests of the model, as written in YAML.
        increment: How new rows join the table of an incremental model, or None.
        adds: The SQL gives the rows to add: `is_incremental()` was true.
        seed: The CSV file that holds its rows, then it has no SQL; else None.
        is_waiting: It asked for columns that are not known yet, so its SQL means nothing.
        query: Where it, or an ephemeral model inside it, asked a query by run_query(); None when it asked none.
        hooks: Statements that run before and after it is made.
        is_open: Such a query is not answered yet: the SQL is what the template says while `execute` is false.
        package: Name of the package that has it, empty for the project itself.
    """

    name: str
    path: str
    raw_sql: str
    compiled_sql: str
    materialized: str
    relation: Relation
    depends_on: tuple[str, ...]
    sources: tuple[SourceKey, ...]
    config: Mapping[str, Any]
    meta: Mapping[str, Any]
    tags: tuple[str, ...]
    description: str
    columns: Mapping[str, ColumnDoc]
    fqn: tuple[str, ...]
    patch: tuple[str, int] | None = None
    data_tests: tuple[WrittenTest, ...] = ()
    increment: Increment | None = None
    adds: bool = False
    seed: Seed | None = None
    is_waiting: bool = False
    package: str = ""
    query: tuple[str, int, int] | None = None
    is_open: bool = False
    hooks: tuple[Hook, ...] = ()

    @property
    def resource_type(self) -> str:
        """`model` or `seed`, as dbt calls them."""
        return "model" if self.seed is None else "seed"

    @property
    def has_rows(self) -> bool:
        """Whether the database holds the model's rows, and not only its query."""
        return self.materialized in {"table", "incremental", MATERIALIZED}


@dataclass(frozen=True, slots=True)
class DataTest:
    """A query whose rows are what is wrong.

    Attributes:
        name: As dbt names it.
        kind: Name of the generic test, or `singular` for a query of its own.
        file: YAML file, or the file of the query.
        line: 1-based line of the entry.
        begins: 1-based column where the entry begins in that line.
        compiled_sql: What the engine runs.
        model: Model that it is written for, or None.
        source: Source that it is written for, or None.
        column: Column that it is written for, or None.
        depends_on: Models that it reads.
        sources: Sources that it reads.
        fqn: Project, folders and name, as selectors see it.
        config: Merged configuration.
        stored: Table that keeps the rows that are wrong, or None.
        whole_name: Its name where that may be longer.
        arguments: What a generic test is given, as dbt has it, not rendered.
        package: Name of the package that has it, empty for the project itself.
        raw_sql: Text of a query of its own, empty for a generic test.
    """

    name: str
    kind: str
    file: str
    line: int
    begins: int
    compiled_sql: str
    model: str | None
    source: SourceKey | None
    column: str | None
    depends_on: tuple[str, ...]
    sources: tuple[SourceKey, ...]
    fqn: tuple[str, ...]
    config: Mapping[str, Any]
    stored: Relation | None = None
    whole_name: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    package: str = ""
    raw_sql: str = ""

    @property
    def is_singular(self) -> bool:
        """Whether it is a query of its own."""
        return self.kind == SINGULAR

    @property
    def severity(self) -> str:
        """`error`, or `warn` when a failure is only told."""
        return str(self.config.get("severity") or "error").lower()

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        return tuple(self.config.get("tags", ()))

    @property
    def subject(self) -> str:
        """What it is about, for people: `orders.id`."""
        whole = self.model or (".".join(self.source) if self.source else None)
        parts = [part for part in (whole, self.column) if part]
        return ".".join(parts) or self.file


def missing(code: str, what: str, name: str, known: list[str], near: str | None) -> Problem:
    """Return the problem for a name that nothing defines, without a place."""
    listed = ", ".join(sorted(known)[:12]) or "none"
    return Problem(
        code, f"{what} `{name}` does not exist.", fix=f"Did you mean `{near}`?" if near else f"Known: {listed}."
    )
