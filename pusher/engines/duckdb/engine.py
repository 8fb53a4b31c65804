"""The DuckDB engine: hardened on opening, one cursor for each stream, tables swapped in whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Lock, Timer
from typing import TYPE_CHECKING, Any

from pusher.contracts import Addition, Column, EngineError, Reading, StagedFile, Statement
from pusher.engines.duckdb.catalogue import Catalogue
from pusher.engines.duckdb.failure import as_declared, engine_error, opening_error
from pusher.engines.duckdb.nearest import near_columns
from pusher.engines.duckdb.one_select import check_one_select
from pusher.engines.duckdb.private import private_files
from pusher.engines.duckdb.reading import read
from pusher.engines.duckdb.relations import READ_ONLY, Relations
from pusher.engines.duckdb.settled import settled_sql
from pusher.engines.duckdb.stamp import place_of
from pusher.payload.read_only import CLOSED, tables_in
from pusher.payload.sql import folded, identifier, literal

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MEMORY = ":memory:"
# Readable by DuckDB 1.0 and later, so that other tools of a warehouse keep opening it.
STORAGE_VERSION = "v1.0.0"
_VECTOR_ROWS = 2048
_AT_OPENING: dict[str, str | int | float | list[str]] = {
    "storage_compatibility_version": STORAGE_VERSION,
    "errors_as_json": True,
    **CLOSED,
}


def _listing(values: Sequence[str]) -> str:
    return "[" + ", ".join(literal(value) for value in values) + "]"


class DuckDBEngine:
    """A DuckDB database that reads declared files only and has no way to the network.

    Use `open()` or `in_memory()`.

    Attributes:
        path: The database file, None for one in memory.
    """

    dialect = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection, catalogue: Catalogue | None = None) -> None:
        self._connection = connection
        self._allowed_paths: tuple[str, ...] = ()
        self._temp_directory: Path | None = None
        self.path: Path | None = None
        self._catalogue = catalogue or Catalogue()
        self._relations = Relations(self._run, self._catalogue, self._cleaning)
        self._questions: list[duckdb.DuckDBPyConnection] = []
        self._beside: list[DuckDBEngine] = []
        self._interrupting = Lock()
        self._is_cleaning = False

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        settings: Mapping[str, str] | None = None,
        threads: int | None = None,
        allowed_paths: Sequence[str | Path] = (),
        allowed_directories: Sequence[str | Path] = (),
        temp_directory: Path | None = None,
    ) -> DuckDBEngine:
        """Open or create a database file and lock its configuration.

        Args:
            path: Database file, or `:memory:`.
            settings: DuckDB settings from the profile.
            threads: Number of threads, or None for DuckDB's default.
            allowed_paths: Files and globs that queries may read.
            allowed_directories: Folders that may be read and written: the state's `keys/` and `outbox/`.
            temp_directory: Folder for spilling, made private; beside the database by default.

        Raises:
            EngineError: The file is locked, unreadable or no database; a setting is wrong.
        """
        import duckdb

        if str(path) != MEMORY:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            # DuckDB's own default, made here so that files spilled by a stream are out of reach of others.
            temp_directory = temp_directory or Path(f"{path}.tmp")
        if temp_directory is not None:
            temp_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with private_files:
                connection = duckdb.connect(str(path), config=_AT_OPENING)
        except duckdb.Error as error:
            raise opening_error(error, path) from None
        engine = cls(connection)
        engine.path = None if str(path) == MEMORY else Path(path)
        try:
            engine._harden(settings or {}, threads, allowed_paths, allowed_directories, temp_directory)
        except EngineError:
            engine.close()
            raise
        return engine

    @classmethod
    def in_memory(cls, *, allowed_paths: Sequence[str | Path] = ()) -> DuckDBEngine:
        """Open an empty database in memory, for checks without a warehouse."""
        return cls.open(MEMORY, allowed_paths=allowed_paths, threads=1)

    def _harden(
        self,
        settings: Mapping[str, str],
        threads: int | None,
        allowed_paths: Sequence[str | Path],
        allowed_directories: Sequence[str | Path],
        temp_directory: Path | None,
    ) -> None:
        values = {"preserve_insertion_order": "false", "timezone": "UTC", **{k.lower(): v for k, v in settings.items()}}
        if threads is not None:
            values["threads"] = str(threads)
        if temp_directory is not None:
            values["temp_directory"] = str(temp_directory)
        self._temp_directory = temp_directory
        for name, value in values.items():
            try:
                self.execute(f"set global {identifier(name)} = {literal(value)}")
            except EngineError as error:
                message = f"Setting {name} is refused: {error.message}"
                raise EngineError(message, kind=error.kind, fix=f"Correct `{name}` in profiles.yml.") from None
        self._allowed_paths = tuple(str(path) for path in allowed_paths)
        # The lists can be set only while external access is still on; the lock comes last.
        self.execute(f"set global allowed_paths = {_listing(self._allowed_paths)}")
        directories = [str(path).rstrip("/") + "/" for path in allowed_directories]
        self.execute(f"set global allowed_directories = {_listing(directories)}")
        self.execute("set global enable_external_access = false")
        self.execute("set global lock_configuration = true")

    def beside(self) -> DuckDBEngine:
        """Return another session on the same database, for one other thread.

        It is interrupted and closed with this one. What is set here is set for the whole database and locked there.
        """
        engine = DuckDBEngine(self._connection.cursor(), self._catalogue)
        engine._allowed_paths = self._allowed_paths
        self._beside.append(engine)
        return engine

    def execute(self, sql: str) -> None:
        """Run one statement."""
        # It may make and drop relations.
        self._catalogue.forget()
        self._run(sql)

    def _run(self, sql: str, *, prefix: int = 0, length: int | None = None) -> duckdb.DuckDBPyConnection:
        import duckdb

        try:
            with private_files:
                return self._connection.execute(sql)
        except (duckdb.Error, RuntimeError) as error:
            raise self._failure(error, sql, prefix=prefix, length=length) from None

    def _failure(self, raised: Exception, sql: str, *, prefix: int = 0, length: int | None = None) -> BaseException:
        """Return what DuckDB raised as it is for a person."""
        if isinstance(raised, RuntimeError) and str(raised) == "Query interrupted":
            # DuckDB lets Python's handlers of signals run, and swallows what they raise.
            return KeyboardInterrupt()
        error = engine_error(raised, sql, prefix=prefix, length=length)
        if error.kind == "binder" and not error.candidates:
            query = sql[prefix:] if length is None else sql[prefix : prefix + length]
            error.candidates = tuple(near_columns(self._connection, query, error.offset, error.message))
        return as_declared(error, self._allowed_paths)

    def columns(self, sql: str) -> list[Column]:
        """Return the output columns of a query without running it."""
        prefix = "describe "
        found = self._run(prefix + sql, prefix=len(prefix), length=len(sql)).fetchall()
        return [Column(name, type_) for name, type_, *_ in found]

    def read(self, queries: Sequence[str]) -> list[Reading]:
        """Return what the texts of queries say about themselves; looks at no table, and refuses none."""
        return self._read(self._connection, queries)

    def understand(self, queries: Sequence[str]) -> list[Reading]:
        """Return everything that the texts of queries say about themselves, as `read` does.

        For a database that older versions can open DuckDB leaves out of the tree what those do not know.
        """
        import duckdb

        with duckdb.connect(MEMORY, config={**CLOSED, "threads": 1}) as plain:
            return self._read(plain, queries)

    def _read(self, connection: duckdb.DuckDBPyConnection, queries: Sequence[str]) -> list[Reading]:
        import duckdb

        numbered = "select unnest(range(len($queries))) as number, unnest($queries) as sql"
        try:
            found = connection.execute(
                f"select number, json_serialize_sql(sql)::varchar from ({numbered}) as queries",
                {"queries": list(queries)},
            ).fetchall()
        except (duckdb.Error, RuntimeError) as error:
            failure = self._failure(error, "")
            if not isinstance(failure, EngineError):
                raise failure from None
            # One of them is too much for DuckDB; the others are read all the same.
            return [Reading()] if len(queries) == 1 else [self._read(connection, [query])[0] for query in queries]
        return [read(tree) for _, tree in sorted(found)]

    def settled(self, functions: Iterable[str]) -> set[str]:
        """Return those of some functions whose answer depends on their arguments and on nothing else."""
        return {name for (name,) in self.rows(settled_sql(functions))}

    @property
    def version(self) -> str:
        """DuckDB's version."""
        import duckdb

        return str(duckdb.__version__)

    def standing(self) -> dict[tuple[str, ...], str]:
        """Return `table`, `view` or `computing table` for each relation of the database, by its name in lower case."""
        return {
            tuple(map(folded, names)): kind
            for *names, kind in self.rows(
                "select database_name, schema_name, table_name, if(sql ilike '%generated always%', 'computing table', "
                "'table') from duckdb_tables() where not internal union all select "
                "database_name, schema_name, view_name, 'view' from duckdb_views() where not internal"
            )
        }

    def written_place(self) -> tuple[int, ...] | None:
        """Write everything into the database file; return its place as it then is, None where that proves nothing.

        As long as this engine is open, no other process writes to it.
        """
        try:
            self.execute("checkpoint")
        except EngineError:
            return None
        return None if self.path is None else place_of(self.path)

    def _serialized(self, sql: str) -> str:
        found = self._run(f"select json_serialize_sql({literal(sql)})::varchar").fetchone()
        return str(found[0]) if found else "{}"

    def rows(self, sql: str, parameters: Mapping[str, str | None] | None = None) -> list[tuple[Any, ...]]:
        """Run a query with a small result and return all its rows.

        Args:
            sql: The query.
            parameters: Values of `$name` in it, which thereby stand in no text of SQL.
        """
        import duckdb

        try:
            with private_files, self._question() as found:
                found.execute(sql, parameters)
                if not any("TIME ZONE" in str(column[1]).upper() for column in found.description or ()):
                    return found.fetchall()
            # fetchall() wants pytz for these; Arrow does not, and asks again.
            with private_files, self._question() as found:
                table = found.sql(sql, params=parameters).to_arrow_table()
            return list(zip(*(column.to_pylist() for column in table.columns), strict=True))
        except (duckdb.Error, RuntimeError) as error:
            raise self._failure(error, sql) from None

    @contextmanager
    def _question(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a cursor for one query, which an interrupt reaches."""
        cursor = self._connection.cursor()
        self._questions.append(cursor)
        try:
            yield cursor
        finally:
            self._questions.remove(cursor)

    def reader(self, sql: str, rows_per_batch: int = 65_536) -> pa.RecordBatchReader:
        """Stream a query as Arrow, on a cursor of its own."""
        import duckdb

        try:
            reader: pa.RecordBatchReader = self._connection.cursor().sql(sql).to_arrow_reader(rows_per_batch)
        except (duckdb.Error, RuntimeError) as error:
            raise self._failure(error, sql) from None
        return reader

    def first_rows(self, sql: str, *, most_rows: int, seconds: float) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Return the columns and the rows of a query, of more than `most_rows` one more; it may take so long."""
        import duckdb

        too_slow = Event()

        def stop() -> None:
            too_slow.set()
            cursor.interrupt()

        with private_files, self._question() as cursor:
            timer = Timer(seconds, stop)
            timer.daemon = True
            timer.start()
            try:
                rows: list[tuple[Any, ...]] = []
                reader = cursor.sql(sql).to_arrow_reader(_VECTOR_ROWS)
                for batch in reader:
                    rows += zip(*(column.to_pylist() for column in batch.columns), strict=True)
                    if len(rows) > most_rows:
                        break
                return list(reader.schema.names), rows[: most_rows + 1]
            except (duckdb.Error, RuntimeError) as error:
                if too_slow.is_set():
                    raise EngineError(f"The query takes longer than {seconds:g} seconds.", kind="other") from None
                raise self._failure(error, sql) from None
            finally:
                timer.cancel()

    def statements(self, sql: str) -> list[Statement]:
        """Return the statements of a text, none of which runs."""
        import duckdb

        try:
            found = self._connection.extract_statements(sql)
        except duckdb.Error as error:
            raise engine_error(error, sql) from None
        return [Statement(one.type.name, one.query) for one in found]

    def tables_in(self, sql: str) -> frozenset[str] | None:
        """Return the last parts of the names behind FROM in one SELECT, in lower case; None if they cannot be told."""
        try:
            return tables_in(self._serialized(sql))
        except (EngineError, RecursionError):
            return None

    @contextmanager
    def together(self, relation: str | None = None) -> Iterator[None]:
        """Surround statements with one transaction, in which a relation may be made; an error undoes all of them."""
        with self._relations.together(relation):
            yield

    def check_is_query(self, sql: str) -> None:
        """Raise EngineError unless the text is exactly one SELECT."""
        import duckdb

        try:
            statements = self._connection.extract_statements(sql)
        except duckdb.Error as error:
            raise engine_error(error, sql) from None
        check_one_select(sql, statements, self._serialized)

    def create(
        self, relation: str, sql: str, *, materialized: str, shards: int = 1, shard_by: str | None = None
    ) -> int | None:
        """Create or replace a view or table from a query; the old one stays until the new one is whole.

        Returns the rows of a table.
        """
        return self._relations.create(relation, sql, materialized=materialized, shards=shards, shard_by=shard_by)

    def table_columns(self, relation: str) -> list[Column] | None:
        """Return the columns of a table, or None when no table, or a view, has this name."""
        return self.columns(f"select * from {relation}") if self._relations.kind(relation) == "table" else None

    def add_rows(
        self, relation: str, sql: str, addition: Addition, *, shards: int = 1, shard_by: str | None = None
    ) -> None:
        """Add a query's rows to a table, in whole or not at all; the query may read the table."""
        self._relations.add_rows(relation, sql, addition, shards=shards, shard_by=shard_by)

    def stage(self, sql: str, folder: Path, *, rows_per_file: int) -> list[StagedFile]:
        """Write a query's rows as Parquet files of at most `rows_per_file` rows into an empty folder."""
        # DuckDB rounds row groups to whole vectors; below one vector it keeps the number as given.
        rows = rows_per_file - rows_per_file % _VECTOR_ROWS or rows_per_file
        # The files live until they are sent: nobody searches them, and digests hardly compress.
        packing = "compression snappy, dictionary_size_limit 1000, write_bloom_filter false"
        options = f"format parquet, {packing}, per_thread_output, row_group_size {rows}, row_groups_per_file 1"
        before = f"copy ({READ_ONLY}"
        self._run(f"{before}{sql}\n)) to {literal(str(folder))} ({options})", prefix=len(before), length=len(sql))
        staged = []
        for path in sorted(folder.glob("*.parquet")):
            found = self._run(f"select num_rows from parquet_file_metadata({literal(str(path))})").fetchone()
            count = int(found[0]) if found else 0
            if count:
                staged.append(StagedFile(path.resolve(), count))
            else:
                path.unlink()
        return staged

    def interrupt(self) -> None:
        """Let the statements that run fail soon, also in sessions beside this one; may be called from another thread.

        DuckDB looks at Python's signals only between its own tasks.
        """
        import duckdb

        with self._interrupting:
            for connection in () if self._is_cleaning else (self._connection, *self._questions):
                with suppress(duckdb.Error):
                    connection.interrupt()
        for engine in self._beside:
            engine.interrupt()

    @contextmanager
    def _cleaning(self) -> Iterator[None]:
        """Keep interrupts away from a statement that undoes what another one left."""
        with self._interrupting:
            self._is_cleaning = True
        try:
            yield
        finally:
            with self._interrupting:
                self._is_cleaning = False

    def close(self) -> None:
        """Let go of the database."""
        for engine in self._beside:
            engine.close()
        # An interrupt from another thread must not meet a connection that is half closed.
        with self._interrupting:
            self._connection.close()
        if self._temp_directory is not None:
            # Only when nothing is left in it, which is the case unless another engine works there.
            with suppress(OSError):
                self._temp_directory.rmdir()
