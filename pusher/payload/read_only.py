"""What keeps a SELECT to reading: it may not write, run SQL that stands in a text, or look at the process.

And how DuckDB is opened for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

CLOSED: dict[str, str | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
    "python_scan_all_frames": False,
    "allow_persistent_secrets": False,
}
"""Settings with which DuckDB is opened so that no extension, variable or secret of the machine comes into it."""
_VERBS = frozenset(
    {
        "alter", "analyze", "attach", "call", "checkpoint", "comment", "copy", "create", "deallocate", "delete",
        "detach", "drop", "execute", "export", "import", "insert", "install", "load", "merge", "pragma", "prepare",
        "replace", "reset", "set", "truncate", "update", "use", "vacuum",
    }
)  # fmt: skip
# Functions that run SQL no check has seen, change what the process keeps, or take addresses of its memory.
_FUNCTIONS = frozenset(
    {
        "add_grammar_extension", "arrow_scan", "arrow_scan_dumb", "checkpoint", "create_external_resource",
        "current_query", "current_setting", "currval", "deregister_external_resource", "destroy_external_resource",
        "disable_logging", "disable_profiling", "enable_logging", "enable_profiling", "force_checkpoint", "getenv",
        "getvariable", "json_execute_serialized_sql", "nextval", "pandas_scan", "python_arrow_scan",
        "python_map_function", "query", "query_table", "register_external_resource", "register_external_resource_type",
        "remove_grammar_extension", "seq_scan", "setseed", "setval", "sleep_ms", "sniff_csv", "truncate_duckdb_logs",
        "which_secret", "write_log",
    }
)  # fmt: skip
# Functions and views of these names show settings, secrets, paths and logs.
_PREFIXES = ("duckdb_", "pragma_")
_LOOKED_FOR = _VERBS | _FUNCTIONS
# Letters that a search without case takes for i, k and s, and that are others in lower case.
_TWINS = "\u0130\u0131\u017f\u212a"
_WORD = re.compile(r"\w+")
_NAMED = re.compile(r'"(function_name|table_name)":"((?:[^"\\]|\\.)*)"')


def tables_in(serialized: str) -> frozenset[str] | None:
    """Return the names behind FROM in a serialized SELECT, in lower case; None when the tree is not there."""
    if '"statements":' not in serialized:
        return None
    names = (written for kind, written in _NAMED.findall(serialized) if kind == "table_name")
    return frozenset(json.loads(f'"{name}"').lower() for name in names)


def runs_or_shows(name: str) -> bool:
    """Whether a function or table of this name, in lower case, is none for SQL of a project."""
    return name in _FUNCTIONS or name.startswith(_PREFIXES)


def refusal(sql: str, serialize: Callable[[str], str]) -> tuple[str, str, int] | None:
    """Return why a SELECT may not run, what to do instead, and where; None when it only reads.

    Args:
        sql: Exactly one statement, which DuckDB calls a SELECT.
        serialize: Returns the statement's tree, as DuckDB's `json_serialize_sql()` does.
    """
    if _is_plain(sql):
        return None
    # Compiled when they are needed first, which few projects do.
    called = rf"\b(?:(?:{'|'.join(sorted(_FUNCTIONS))})\b|(?:{'|'.join(_PREFIXES)})\w)"
    suspect = re.search(called, sql, re.IGNORECASE)
    if suspect is None and not re.search(rf"\b(?:{'|'.join(sorted(_VERBS))})\b", sql, re.IGNORECASE):
        return None
    tree = serialize(sql)
    # DuckDB 2.0 runs INSERT, DELETE and even COPY inside WITH, and still calls the statement a SELECT.
    if "Side-effecting CTE" in tree:
        return "only reads; its WITH holds a statement that writes", "Write a SELECT in its place.", 0
    if suspect is None:
        return None
    if '"statements":' not in tree:
        # What cannot be looked at is not let through.
        return f"may not use {suspect[0]} in a statement of this kind", "Leave it out.", suspect.start()
    for kind, written in _NAMED.findall(tree):
        name = written.lower()
        if name.startswith(_PREFIXES) or (kind == "function_name" and name in _FUNCTIONS):
            word = rf"\b{re.escape(name)}\b"
            # The last one: a comment about it stands before it.
            places = [*re.finditer(rf'{word}"?\s*\(', sql, re.IGNORECASE)] or [*re.finditer(word, sql, re.IGNORECASE)]
            fix = "Read models by ref() and tables by source(); give values by var()."
            return f"may not use {name}()", fix, places[-1].start() if places else 0
    return None


def _is_plain(sql: str) -> bool:
    """Say whether no word of a text is one that is looked for, ten times as fast as looking for each."""
    if any(twin in sql for twin in _TWINS):
        return False
    words = set(_WORD.findall(sql.lower()))
    return words.isdisjoint(_LOOKED_FOR) and not any(word.startswith(_PREFIXES) for word in words)
