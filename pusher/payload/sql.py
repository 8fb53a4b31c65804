"""Quoting: the only way a name or a value gets into SQL text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def identifier(name: str) -> str:
    """Return a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | int | None) -> str:
    """Return a quoted literal."""
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("'", "''") + "'"


def uuid_of_hex(text: str) -> str:
    """Return the expression for 32 hex digits as a UUID: their bytes are cast in half the time that the text takes."""
    return f"cast(unhex({text}) as uuid)"


def path_list(files: Sequence[Path]) -> str:
    """Return files as a SQL list."""
    return "[" + ", ".join(literal(path.as_posix()) for path in files) + "]"


def listing(values: list[str]) -> str:
    """Return `('a', 'b')`."""
    return "(" + ", ".join(literal(value) for value in values) + ")"


def folded(name: str) -> str:
    """Return a name so that equal texts mean one relation: DuckDB tells no upper from lower case, but only of ASCII.

    Of other names two that are one relation may differ.
    """
    return name.lower() if name.isascii() else name
