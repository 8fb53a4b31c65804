"""How the page about the contract says things: tables, code, amounts, and where a fact is known from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pusher.payload.model import Origin, ReturnCode

_UNITS = {"_s": "s", "_bytes": "bytes", "_h": "h", "_d": "days"}


def table_of(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Return a table in Markdown, line by line."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def as_code(text: object) -> str:
    """Return a text as code, an empty one as nothing."""
    return f"`{text}`" if text not in {None, ""} else ""


def codes_of(texts: Iterable[object]) -> str:
    """Return texts as code, behind one another."""
    return ", ".join(as_code(text) for text in texts)


def origin_of(origin: Origin) -> str:
    """Return where something is known from, and how surely."""
    return f"{as_code(origin.source)}, {origin.confidence}"


def fact_origin(fact: Mapping[str, Any]) -> str:
    """Return where a fact is known from, and how surely."""
    return f"{as_code(fact['source'])}, {fact['confidence']}"


def amount(name: str, value: Any) -> str:
    """Return a number with the unit that its name ends with."""
    if isinstance(value, list):
        return " or ".join(f"{item:,}" for item in value)
    unit = next((unit for ending, unit in _UNITS.items() if name.endswith(ending) and not name.endswith("per_s")), "")
    return f"{value:,} {unit}".strip()


def code_range(one: ReturnCode) -> str:
    """Return a return code, or the first and the last of a range."""
    return str(one.first) if one.first == one.last else f"{one.first} to {one.last}"
