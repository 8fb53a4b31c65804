"""A ledger as a version with an older schema wrote it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from pusher.ledger.opening import migrations


def as_of_schema(path: Path, version: int) -> None:
    """Turn a ledger into one that a version with an older schema wrote."""
    old = path.with_name("old.sqlite")
    with sqlite3.connect(old) as connection:
        for number, text in migrations():
            if number <= version:
                connection.executescript(text)
        connection.execute("attach ? as newer", (str(path),))
        tables = [row[0] for row in connection.execute("select name from main.sqlite_schema where type = 'table'")]
        for table in tables:
            columns = ", ".join(row[1] for row in connection.execute(f"pragma main.table_info({table})"))
            kinds = "where kind not in ('changes', 'members')" if (table, version) == ("file", 1) else ""
            connection.execute(f"insert into main.{table} ({columns}) select {columns} from newer.{table} {kinds}")
        connection.execute(f"pragma user_version = {version}")
    connection.close()
    old.chmod(0o600)
    old.replace(path)


def as_of_schema_1(path: Path) -> None:
    """Turn a ledger into one that the first version wrote."""
    as_of_schema(path, 1)
