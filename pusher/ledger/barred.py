"""Who is told to TikTok no more: the ledger's list of suppressed identifiers beside the project's own.

The project's list may have millions of rows, so it is kept as Parquet, and both are compared in DuckDB.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pusher.payload.sql import identifier, literal, path_list


@dataclass(frozen=True, slots=True)
class Barred:
    """Identifiers that may not be sent.

    Attributes:
        forgotten: Those of the ledger, as (kind, digest).
        files: Those of the project, as Parquet files with the columns kind and digest.
    """

    forgotten: Sequence[tuple[str, str]] = ()
    files: Sequence[Path] = ()

    def __bool__(self) -> bool:
        """Whether there may be anybody."""
        return bool(self.forgotten or self.files)

    def create(self, connection: Any, name: str) -> None:
        """Create a temporary table of a connection with the columns kind and digest, both as text."""
        import pyarrow as pa

        table = pa.table(
            {
                "kind": pa.array([kind for kind, _ in self.forgotten], pa.string()),
                "digest": pa.array([digest for _, digest in self.forgotten], pa.string()),
            }
        )
        parts = ["select kind, digest from forgotten"]
        if self.files:
            parts.append(f"select kind, digest from read_parquet({path_list(self.files)})")
        connection.register("forgotten", table)
        connection.execute(f"create temp table {identifier(name)} as {' union all '.join(parts)}")
        connection.unregister("forgotten")


def digests_sql(file: Path, paths: Sequence[str]) -> str | None:
    """Return the expression for all digests of a staged row as one list, or None when the rows have none.

    Args:
        file: A staged or frozen file.
        paths: Dotted places of digests in the JSON row.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as rows:
        schema = rows.schema_arrow
    found = []
    for path in paths:
        head, _, rest = path.partition(".")
        if head not in schema.names:
            continue
        type_, column = schema.field(head).type, identifier(head)
        if rest:
            if not pa.types.is_struct(type_) or type_.get_field_index(rest) < 0:
                continue
            type_, column = type_.field(rest).type, f"struct_extract({column}, {literal(rest)})"
        if pa.types.is_string(type_) or pa.types.is_large_string(type_):
            found.append(f"[{column}]")
        elif pa.types.is_list(type_) or pa.types.is_large_list(type_):
            found.append(f"coalesce({column}, [])")
    return f"flatten([{', '.join(found)}])" if found else None


def excluded_sql(files: Sequence[Path], paths: Sequence[str], barred: str) -> str | None:
    """Return the query for the staged rows of barred people, with the receipt's term and no detail.

    Args:
        files: The staged files, all of the same columns.
        paths: Dotted places of digests in the JSON row.
        barred: Table of `Barred.create`.
    """
    digests = digests_sql(files[0], paths)
    if digests is None:
        return None
    return (
        "select distinct file_index, file_row_number, 'suppressed', '' from ("
        f"select file_index, file_row_number, unnest({digests}) as digest "
        f"from read_parquet({path_list(files)}) where _reason is null) "
        f"where digest in (select digest from {identifier(barred)})"
    )


def rows_of_barred(file: Path, paths: Sequence[str], barred: Barred) -> list[int]:
    """Return the rows of a frozen part that are of barred people, counted over its due rows from 0.

    Args:
        file: The part.
        paths: Dotted places of digests in the JSON row.
        barred: Who may not be sent.
    """
    import duckdb

    digests = digests_sql(file, paths) if barred else None
    if digests is None:
        return []
    with duckdb.connect(":memory:") as connection:
        barred.create(connection, "barred")
        found = connection.execute(
            "select distinct place from (select place, unnest(digests) as digest from ("
            f"select row_number() over (order by file_row_number) - 1 as place, {digests} as digests "
            f"from read_parquet({path_list([file])}) where _reason is null)) "
            "where digest in (select digest from barred) order by place"
        ).fetchall()
    return [place for (place,) in found]
