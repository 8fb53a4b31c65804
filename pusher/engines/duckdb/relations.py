"""Relations of a DuckDB database: made whole or not at all, old ones kept until the new ones are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING

from pusher.contracts import Addition, EngineError
from pusher.engines.duckdb.addition import NEW_ROWS, repeated_keys, statements
from pusher.engines.duckdb.catalogue import Catalogue
from pusher.payload.sql import identifier
from pusher.plural import counted

if TYPE_CHECKING:
    import duckdb

_HASHES = 2**64
_PART = re.compile(r'"((?:[^"]|"")*)"')
_NEW_SUFFIX = "__pusher_new"
# DuckDB refuses statements that write inside WITH everywhere but at the top level.
READ_ONLY = "select * from (\n"


def _shard(column: str, shard: int, shards: int) -> str:
    """Return the condition for one of several equal parts of the rows.

    DuckDB pushes comparisons of the hash below GROUP BY and DISTINCT into the scan, but no modulo or bit
    operation. The second argument keeps it apart from the hash by which DuckDB itself partitions a GROUP BY.
    """
    low, high = (_HASHES * edge // shards for edge in (shard, shard + 1))
    return f"hash({identifier(column)}, 'shard') between {low}::ubigint and {high - 1}::ubigint"


def _parts(relation: str) -> list[str]:
    return [part.replace('""', '"') for part in _PART.findall(relation)]


class Relations:
    """Creates and fills the relations of one connection.

    Args:
        run: Runs a statement; `prefix` and `length` say where the caller's SQL stands in it, for positions of errors.
        catalogue: What the database has.
        cleaning: Surrounds what an interrupt must not cut short.
    """

    def __init__(
        self,
        run: Callable[..., duckdb.DuckDBPyConnection],
        catalogue: Catalogue,
        cleaning: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._run = run
        self._catalogue = catalogue
        self._cleaning = cleaning
        self._is_together = False

    def kind(self, relation: str) -> str | None:
        """Return `table` or `view`, or None when no relation has this quoted name."""
        return self._kind(_parts(relation))

    def create(
        self, relation: str, sql: str, *, materialized: str, shards: int = 1, shard_by: str | None = None
    ) -> int | None:
        """Create or replace a view or table from a query; the old one stays until the new one is whole.

        Returns the rows of a table, None for a view.

        Args:
            relation: Quoted name, `"database"."schema"."name"`.
            sql: The query.
            materialized: `view` or `table`.
            shards: Number of passes over the query, each for a part of the rows, to bound memory.
            shard_by: Output column that decides which part a row is in.
        """
        parts = _parts(relation)
        self._need_schema(parts)
        if materialized == "view":
            self._create_view(relation, parts, sql)
            return None
        return self._create_table(relation, parts, sql, shards if shard_by else 1, shard_by)

    def _need_schema(self, parts: Sequence[str]) -> None:
        self._catalogue.need_schema(".".join(identifier(part) for part in parts[:-1]), self._run)

    def _create_view(self, relation: str, parts: Sequence[str], sql: str) -> None:
        if self._kind(parts) == "table":
            with self._transaction():
                self._run(f"drop table {relation}")
                self._create_as(f"create or replace view {relation} as\n", sql)
        else:
            self._create_as(f"create or replace view {relation} as\n", sql)
        self._catalogue.note(parts, "view")

    def _create_table(self, relation: str, parts: Sequence[str], sql: str, shards: int, shard_by: str | None) -> int:
        new_parts = (*parts[:-1], parts[-1] + _NEW_SUFFIX)
        new = ".".join(identifier(part) for part in new_parts)
        if self._kind(new_parts) is not None:
            self._run(f"drop table if exists {new}")
        kind = self._kind(parts)
        if kind is None and shards == 1:
            # Nothing to replace: one statement makes it whole or not at all.
            rows = self._fill(relation, sql, shards, shard_by)
        else:
            rows = self._swap_in(relation, parts, kind, new, lambda: self._fill(new, sql, shards, shard_by))
        self._catalogue.note(parts, "table")
        return rows

    def _swap_in(self, relation: str, parts: Sequence[str], kind: str | None, new: str, fill: Callable[[], int]) -> int:
        """Fill a table beside a relation and let it take its place."""
        try:
            rows = fill()
            with self._transaction():
                if kind is not None:
                    self._run(f"drop {kind} {relation}")
                self._run(f"alter table {new} rename to {identifier(parts[-1])}")
        except BaseException:  # Ctrl-C too leaves no table behind, and the error goes on
            if self._is_together:
                raise
            with self._cleaning():
                self._run(f"drop table if exists {new}")
            raise
        return rows

    def _fill(self, table: str, sql: str, shards: int, shard_by: str | None, *, kind: str = "table") -> int:
        """Create a table from a query, in one pass or several; returns its rows."""
        rows = 0
        for shard in range(shards):
            verb = f"create {kind} {table} as" if shard == 0 else f"insert into {table}"
            where = f" where {_shard(shard_by, shard, shards)}" if shard_by and shards > 1 else ""
            counted = self._create_as(f"{verb} {READ_ONLY}", sql, f"\n){where}").fetchone()
            rows += counted[0] if counted else 0
        return rows

    def add_rows(
        self, relation: str, sql: str, addition: Addition, *, shards: int = 1, shard_by: str | None = None
    ) -> None:
        """Add a query's rows to a table, in whole or not at all; the query may read the table."""
        with self._transaction():
            self._fill(NEW_ROWS, sql, shards if shard_by else 1, shard_by, kind="temporary table")
            repeated = self._run(repeated_keys(addition)).fetchone() if addition.strategy == "merge" else None
            if repeated and repeated[0]:
                keys = counted(repeated[0], "key")
                raise EngineError(f"Several new rows have the same unique_key: {keys}.", kind="duplicate-key")
            for statement in statements(relation, addition):
                # A position in it says nothing about the caller's SQL.
                self._run(statement, prefix=len(statement), length=0)
            self._run(f"drop table {NEW_ROWS}")

    def _create_as(self, before: str, sql: str, after: str = "") -> duckdb.DuckDBPyConnection:
        return self._run(f"{before}{sql}{after}", prefix=len(before), length=len(sql))

    def _kind(self, parts: Sequence[str]) -> str | None:
        return self._catalogue.kind(parts, self._standing)

    def _standing(self) -> list[tuple[str, ...]]:
        return self._run(
            "select database_name, schema_name, table_name, 'table' from duckdb_tables() where not internal "
            "union all select database_name, schema_name, view_name, 'view' from duckdb_views() where not internal"
        ).fetchall()

    @contextmanager
    def together(self, relation: str | None = None) -> Iterator[None]:
        """Make what is done in it one transaction; see `Engine.together`."""
        if relation is not None:
            self._need_schema(_parts(relation))
        with self._transaction():
            self._is_together = True
            try:
                yield
            finally:
                self._is_together = False
        # What other statements made in it was noted by nobody.
        self._catalogue.forget()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._is_together:
            yield
            return
        try:
            # Either end may be cut short although it was reached.
            self._run("begin transaction")
            yield
            self._run("commit")
        except BaseException:  # Ctrl-C too must leave no transaction open, and the error goes on
            with self._cleaning(), suppress(EngineError):
                self._run("rollback")
            self._catalogue.forget()
            raise
