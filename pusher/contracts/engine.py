"""What an engine must offer: the database that runs the models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Column:
    """One output column of a relation.

    Attributes:
        name: As the engine spells it.
        type: Type text in the engine's own words, such as `DECIMAL(18,2)` or `STRUCT(a VARCHAR)[]`.
    """

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class ColumnOrigin:
    """The SQL that makes a column of a destination view.

    Attributes:
        model: Model that holds it.
        file: Its file, relative to the project.
        line: Line in that file, from 1.
        sql: The expression as compiled, on one line.
    """

    model: str
    file: str
    line: int
    sql: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What the text of a query says about itself; where nothing is known of it, that it is not understood.

    Attributes:
        names: Names of its columns when the text gives them all, else None.
        is_understood: Every part of it is of a kind that is followed, so what is listed here is all that it reads and
            calls.
        functions: Functions that it calls, in lower case.
        relations: Tables and views that it reads, in lower case, each with all parts of its name that are written.
        files: Names that stand alone where a table could, and are none of its WITH: a file, or a table.
        calls_reader: It calls a function that reads files.
    """

    names: tuple[str, ...] | None = None
    is_understood: bool = False
    functions: frozenset[str] = frozenset()
    relations: frozenset[tuple[str, ...]] = frozenset()
    files: frozenset[str] = frozenset()
    calls_reader: bool = False


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One Parquet file that an engine wrote.

    Attributes:
        path: Absolute path.
        rows: Number of rows in it.
    """

    path: Path
    rows: int


@dataclass(frozen=True, slots=True)
class Addition:
    """How the rows of a query join a table that stands.

    Attributes:
        strategy: `append`: all rows are added. `delete+insert`: rows of the table whose key is among the new ones go
            first. `merge`: a row of the table is updated by the new one with its key, others are added.
        unique_key: Columns of the key; empty for `append`.
        columns: Columns to fill.
        add: Columns that the table gets first, empty in its rows.
        drop: Columns that it loses first.
        retype: Columns that get another type first.
    """

    strategy: str
    unique_key: tuple[str, ...]
    columns: tuple[str, ...]
    add: tuple[Column, ...] = ()
    drop: tuple[str, ...] = ()
    retype: tuple[Column, ...] = ()


class EngineError(Exception):
    """The engine refused or failed a statement.

    Attributes:
        message: The engine's words, without any value from the data.
        kind: `parser`, `binder`, `catalog`, `conversion`, `duplicate-key`, `out-of-memory`, `io`, `permission` or
            `other`.
        offset: 0-based character offset in the SQL text, when the engine gives one.
        candidates: Names the engine thinks were meant.
        fix: What to do, when the engine knows.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str = "other",
        offset: int | None = None,
        candidates: Sequence[str] = (),
        fix: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.offset = offset
        self.candidates = tuple(candidates)
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a text.

    Attributes:
        kind: What the engine's parser calls it, such as `SELECT`, `INSERT` or `CREATE`.
        sql: Its text.
    """

    kind: str
    sql: str


class Engine(Protocol):
    """The database that runs the models."""

    dialect: str
    """sqlglot's name of the SQL dialect."""

    def beside(self) -> Engine:
        """Return another session on the same database, with the same restrictions, for one other thread.

        Each session has its own transaction and temporary tables. It is interrupted and closed with this one.
        """

    def execute(self, sql: str) -> None:
        """Run one statement.

        Raises:
            EngineError: The engine refused or failed it.
        """

    def columns(self, sql: str) -> list[Column]:
        """Return the output columns of a query without running it.

        Raises:
            EngineError: The query does not bind.
        """

    def read(self, queries: Sequence[str]) -> list[Reading]:
        """Return what the texts of queries say about themselves; looks at no table, and refuses none.

        Only the names are sure to be all.
        """

    def understand(self, queries: Sequence[str]) -> list[Reading]:
        """Return everything that the texts of queries say about themselves; looks at no table, and refuses none."""

    def settled(self, functions: Iterable[str]) -> set[str]:
        """Return those of some functions whose answer depends on their arguments and on nothing else.

        Not on the moment, the session or chance; a function that somebody made is none.
        """

    def standing(self) -> dict[tuple[str, ...], str]:
        """Return the kind of each relation of the database, by its name in lower case.

        `table`, `view`, or another word for what gives other rows although nobody writes to it.
        """

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query with a small result and return all its rows."""

    def first_rows(self, sql: str, *, most_rows: int, seconds: float) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Return the columns and the rows of a query, of more than `most_rows` one more; it may take so long.

        Raises:
            EngineError: It failed, or takes longer.
        """

    def statements(self, sql: str) -> list[Statement]:
        """Return the statements of a text, none of which runs.

        Raises:
            EngineError: The text does not parse.
        """

    def tables_in(self, sql: str) -> frozenset[str] | None:
        """Return the last parts of the names behind FROM in one SELECT, in lower case; None if they cannot be told."""

    def together(self, relation: str | None = None) -> AbstractContextManager[None]:
        """Surround statements with one transaction, in which a relation may be made; an error undoes all of them."""

    def reader(self, sql: str, rows_per_batch: int = 65_536) -> pa.RecordBatchReader:
        """Stream a query as Arrow, on a cursor of its own."""

    def check_is_query(self, sql: str) -> None:
        """Raise EngineError unless the text is exactly one SELECT."""

    def create(
        self, relation: str, sql: str, *, materialized: str, shards: int = 1, shard_by: str | None = None
    ) -> int | None:
        """Create or replace a view or table from a query; the old one stays until the new one is whole.

        Returns the rows of a table.
        """

    def table_columns(self, relation: str) -> list[Column] | None:
        """Return the columns of a table, or None when no table, or a view, has this name."""

    def add_rows(
        self, relation: str, sql: str, addition: Addition, *, shards: int = 1, shard_by: str | None = None
    ) -> None:
        """Add a query's rows to a table, in whole or not at all; the query may read the table.

        Raises:
            EngineError: `duplicate-key` when two new rows of a merge have one key.
        """

    def stage(self, sql: str, folder: Path, *, rows_per_file: int) -> list[StagedFile]:
        """Write a query's rows as Parquet files of at most `rows_per_file` rows into an empty folder."""

    def interrupt(self) -> None:
        """Let the statements that run fail soon, also in sessions beside this one; does nothing when none runs.

        May be called from another thread. What undoes a statement that failed is not cut short.
        """
        ...

    def close(self) -> None:
        """Let go of the database."""
