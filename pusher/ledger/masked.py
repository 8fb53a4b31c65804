"""The ledger for somebody who may see no personal data: the same tables and views, without digests of rows.

The text that a person writes is looked at as DuckDB parses it: it may read these relations and no file, and the
relations that it reads have what looks like an identifier hidden before any function is applied to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pusher.contracts import EngineError
from pusher.ledger.state import StateFolder
from pusher.ledger.views import RELATIONS, ledger_database, remedy_of, rows_of
from pusher.payload.sql import identifier, literal

if TYPE_CHECKING:
    import duckdb

_SCHEMA = "seen"
_TABLE_FUNCTIONS = frozenset({"unnest", "range", "generate_series"})
_FOLDERS = ("keys", "quarantine", "outbox")
# Digests of whole rows, identifiers included: who has a list of addresses can try them.
_DIGESTS = frozenset({"payload_hash", "contents_hash"})
# What models fill as they like; an identifier there is a mistake, and happens.
_FREE = frozenset({"event", "event_id", "shop_id", "event_channel", "brand", "currency"})
_IDENTIFIER = r"(?i)@|%40|(\+|%2B)[0-9][0-9 ()./-]{6,}[0-9]|[0-9a-f]{64}"
_HIDDEN = "****"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def query(state: StateFolder, sql: str) -> list[dict[str, Any]]:
    """Run one SELECT of a person on a copy of the ledger.

    Raises:
        EngineError: The text is not exactly one SELECT, reads something else than the ledger, or fails; what fails on
            the data is told without its words, which may quote them.
        StateError: There is no ledger yet, or it cannot be read.
    """
    import duckdb

    with ledger_database(state) as connection:
        _prepare(connection, state)
        _check(connection, sql)
        try:
            return rows_of(connection, sql)
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            raise EngineError(str(error).partition("\n")[0], kind="binder", fix=remedy_of(str(error))) from None
        except duckdb.Error:
            raise EngineError("The query fails on the data.", kind="conversion") from None


def _prepare(connection: duckdb.DuckDBPyConnection, state: StateFolder) -> None:
    """Put masked relations in front of the real ones, and shut everything else."""
    connection.execute(f"create schema {_SCHEMA}")
    for name in RELATIONS:
        columns = [row[0] for row in connection.execute(f"describe {identifier(name)}").fetchall()]
        listed = ", ".join(_masked(column) for column in columns)
        connection.execute(f"create view {_SCHEMA}.{identifier(name)} as select {listed} from main.{identifier(name)}")
    folders = ", ".join(literal((state.root / name).as_posix() + "/") for name in _FOLDERS)
    for setting in (
        f"allowed_directories = [{folders}]",
        "enable_external_access = false",
        "python_enable_replacements = false",
        f"schema = {literal(_SCHEMA)}",
        "lock_configuration = true",
    ):
        connection.execute(f"set {setting}")


def _masked(column: str) -> str:
    name = identifier(column)
    if column in _DIGESTS:
        return f"cast(null as blob) as {name}"
    if column in _FREE:
        hides = f"regexp_matches({name}, {literal(_IDENTIFIER)})"
        return f"case when {hides} then {literal(_HIDDEN)} else {name} end as {name}"
    return name


def _check(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Refuse a text that is not one SELECT over the relations of the ledger."""
    ((text,),) = connection.execute("select json_serialize_sql(cast($sql as varchar))", {"sql": sql}).fetchall()
    tree: dict[str, Any] = json.loads(text)
    if tree["error"] or len(tree["statements"]) != 1:
        raise EngineError("The text must be exactly one SELECT.", kind="parser")
    nodes = list(_nodes(tree["statements"][0]))
    named = {str(entry["key"]) for node in nodes for entry in (node.get("cte_map") or {}).get("map", ())}
    # A name of a WITH may be read where it does not hold, so it may be that of nothing else.
    for name in named:
        if not _PLAIN.fullmatch(name):
            raise _refused(name)
    known = {*map(str.lower, named), *RELATIONS}
    for node in nodes:
        kind = node.get("type")
        if kind == "BASE_TABLE":
            table = str(node["table_name"])
            if node["schema_name"] or node["catalog_name"] or table.lower() not in known:
                raise _refused(table)
        elif kind == "TABLE_FUNCTION":
            name = str(node["function"].get("function_name"))
            if name not in _TABLE_FUNCTIONS:
                raise _refused(f"{name}()")
        elif kind == "SHOW_REF":
            raise _refused("what describes them")


def _refused(what: str) -> EngineError:
    return EngineError(f"A user with restricted PII reads the ledger's tables only, not {what}.", kind="binder")


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield every node of a parsed statement."""
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    for inner in tree if isinstance(tree, list) else ():
        yield from _nodes(inner)
