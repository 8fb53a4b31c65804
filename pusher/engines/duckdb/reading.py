"""What a query's own text says about it, by the tree that DuckDB parses it into; no table is looked at."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from pusher.contracts import Reading
from pusher.payload.sql import folded

# What may stand in a tree that is followed; anything else makes the query one that is not understood.
_EXPRESSIONS = frozenset(
    {
        "BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION",
        "LAMBDA", "OPERATOR", "STAR", "SUBQUERY", "TYPE", "WINDOW",
    }
)  # fmt: skip
_TYPES = frozenset(
    {
        "ASCENDING", "BASE_TABLE", "DESCENDING", "DISTINCT_MODIFIER", "EMPTY", "EXPRESSION_LIST", "JOIN",
        "LIMIT_MODIFIER", "ORDER_DEFAULT", "ORDER_MODIFIER", "RECURSIVE_CTE_NODE", "SELECT_NODE",
        "SET_OPERATION_NODE", "SUBQUERY", "TABLE_FUNCTION",
    }
)  # fmt: skip
# Words that are functions where no column has their name.
_WORDS = frozenset({"session_user", "user"})
_WORDS_BEGIN = ("current_", "localtime")
# The place of a row in its table: a new table may have it elsewhere.
_PLACE = "rowid"
FILE_READERS = frozenset(
    {
        "parquet_scan", "read_csv", "read_csv_auto", "read_json", "read_json_auto", "read_json_objects",
        "read_json_objects_auto", "read_ndjson", "read_ndjson_auto", "read_ndjson_objects", "read_parquet",
    }
)  # fmt: skip
_ROW_MAKERS = frozenset({"generate_series", "range", "unnest"})


def read(serialized: str) -> Reading:
    """Return what a query says about itself.

    Args:
        serialized: The answer of `json_serialize_sql()`.
    """
    try:
        tree = json.loads(serialized)
        statements = tree.get("statements") or []
        if len(statements) != 1:
            return Reading()
        follower = _Follower()
        node = statements[0]["node"]
        follower.follow(node, frozenset())
        follower.is_understood &= not statements[0].get("named_param_map")
        return Reading(
            names=_names_of(node),
            is_understood=follower.is_understood,
            functions=frozenset(follower.functions),
            relations=frozenset(follower.relations),
            files=frozenset(follower.files),
            calls_reader=follower.calls_reader,
        )
    except RecursionError:
        # A sum of a thousand terms is a tree a thousand levels deep.
        return Reading()


def _names_of(node: dict[str, Any]) -> tuple[str, ...] | None:
    """Return the names of the columns of a query when its text gives them all."""
    while node.get("type") == "SET_OPERATION_NODE":
        node = node.get("left") or {}
    chosen = node.get("select_list") or []
    text = json.dumps(chosen)
    # A star, COLUMNS() inside a function, and unnest() of a struct give more columns than one.
    if not chosen or '"class": "STAR"' in text or '"unnest"' in text:
        return None
    names = tuple(one.get("alias") or (one.get("column_names") or [""])[-1] for one in chosen)
    return names if all(names) else None


@dataclass(slots=True)
class _Follower:
    """Goes through a tree with the names of WITH that can be seen where it is."""

    is_understood: bool = True
    functions: set[str] = field(default_factory=set)
    relations: set[tuple[str, ...]] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    calls_reader: bool = False

    def follow(self, value: Any, seen: frozenset[str]) -> None:
        if isinstance(value, list):
            for one in value:
                self.follow(one, seen)
        elif isinstance(value, dict):
            self._look_at(value)
            if value.get("type") == "BASE_TABLE" and "class" not in value:
                self._table(value, seen)
            elif value.get("type") == "TABLE_FUNCTION" and "class" not in value:
                self._table_function(value, seen)
            else:
                seen = self._with(value, seen)
                for name, part in value.items():
                    if name != "cte_map" and isinstance(part, list | dict):
                        self.follow(part, seen)

    def _with(self, node: dict[str, Any], seen: frozenset[str]) -> frozenset[str]:
        """Follow the queries of a WITH, each of which sees those before it; return what is seen behind it."""
        for entry in (node.get("cte_map") or {}).get("map", ()):
            name, query = folded(entry["key"]), entry["value"]
            inner = query.get("query_node") or (query.get("query") or {}).get("node") or {}
            is_recursive = inner.get("type") == "RECURSIVE_CTE_NODE"
            self.follow(query, seen | {name} if is_recursive else seen)
            seen |= {name}
        return seen

    def _look_at(self, node: dict[str, Any]) -> None:
        kind = node.get("class")
        if kind is None:
            kind, known = node.get("type"), _TYPES
        else:
            known = _EXPRESSIONS
        if isinstance(kind, str) and kind not in known:
            self.is_understood = False
        if node.get("sample") is not None or node.get("at_clause") is not None:
            self.is_understood = False
        if node.get("class") == "COLUMN_REF":
            names = node["column_names"]
            name = names[-1].lower()
            is_word = len(names) == 1 and (name in _WORDS or name.startswith(_WORDS_BEGIN))
            if is_word or name == _PLACE:
                self.is_understood = False
        elif "function_name" in node:
            self._function(node)
            self.functions.add(node["function_name"].lower())

    def _function(self, node: dict[str, Any]) -> None:
        """A function of a named schema may be somebody's own."""
        if node.get("catalog") or node.get("schema"):
            self.is_understood = False

    def _table(self, node: dict[str, Any], seen: frozenset[str]) -> None:
        parts = tuple(filter(None, (node["catalog_name"], node["schema_name"], node["table_name"])))
        if len(parts) == 1 and folded(parts[0]) in seen:
            return
        if len(parts) == 1:
            self.files.add(parts[0])
        else:
            self.relations.add(tuple(map(folded, parts)))

    def _table_function(self, node: dict[str, Any], seen: frozenset[str]) -> None:
        call = node["function"]
        name = call.get("function_name", "").lower()
        if name in FILE_READERS:
            self.calls_reader = True
        elif name not in _ROW_MAKERS:
            self.is_understood = False
        # Somebody may have made one of the same name.
        self.functions.add(name)
        self._function(call)
        self.follow(call.get("arguments"), seen)
