"""Finds the columns near a name that a CTE or subquery lacks: DuckDB lists those of tables only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pusher.payload.sql import literal

if TYPE_CHECKING:
    import duckdb

_NAME = r'(?:"(?:[^"]|"")+"|\w+)'
_QUALIFIED = re.compile(rf"({_NAME})\s*\.\s*({_NAME})")
_LACKS = re.compile(r'^Table ".*" does not have a column named "(.*)"', re.DOTALL)
_LISTED = re.compile(r"Could not find key .* in struct.*Candidate Entries: (.*)", re.DOTALL)
_QUOTED = re.compile(r'\\?"([^"\\]+)\\?"')


def near_columns(connection: duckdb.DuckDBPyConnection, sql: str, offset: int | None, message: str) -> list[str]:
    """Return the columns near the one that a query refers to and its CTE or subquery lacks.

    The query is bound again, and not run, with that column as a field of the whole row: then DuckDB lists the fields.

    Args:
        connection: Binds it, in a session of its own.
        sql: The query.
        offset: Where the column stands in it.
        message: What is wrong with the query.
    """
    lacking = _LACKS.match(message)
    found = None if offset is None or lacking is None else _QUALIFIED.match(sql, offset)
    if found is None or lacking is None:
        return []
    import duckdb

    asking = f"{sql[: found.start()]}struct_extract({found[1]}, {literal(lacking[1])}){sql[found.end() :]}"
    try:
        with connection.cursor() as session:
            if len(session.extract_statements(asking)) == 1:
                session.execute(f"describe {asking}")
    except (duckdb.Error, RuntimeError) as error:
        listed = _LISTED.search(str(error))
        return _QUOTED.findall(listed[1]) if listed else []
    return []
