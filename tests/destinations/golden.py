"""The loaded contract as text, one fact a line.

`python -m tests.destinations.golden` writes the file that the tests compare with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from pusher.destinations.tiktok.facts import contract

FILE = Path(__file__).parent / "contract.golden.txt"
# Facts that all payloads share stand once, without the payload's name.
SHARED = ("enums", "currencies", "junk_digests")
# A fact that is not stated has no line.
_UNSET: tuple[Any, ...] = (None, (), "")
_NAMES = ("column", "name", "code", "old", "first")


def _lines(path: str, value: Any) -> Iterator[str]:
    if is_dataclass(value):
        for field in fields(value):
            yield from _lines(f"{path}.{field.name}", getattr(value, field.name))
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _lines(f"{path}.{name}", inner)
    elif isinstance(value, tuple) and value and is_dataclass(value[0]):
        for inner in value:
            name = next(getattr(inner, name) for name in _NAMES if hasattr(inner, name))
            yield from _lines(f"{path}.{name}", inner)
    elif value is not False and value not in _UNSET:
        yield f"{path} = {value!r}"


def text() -> str:
    """Return every fact of the contract."""
    lines: dict[str, None] = {}
    for line in _lines("contract", contract()):
        head, _, rest = line.partition(".payloads.")
        name, _, fact = rest.partition(".")
        shared = name and fact.startswith(SHARED)
        lines[f"{head}.{fact}" if shared else line] = None
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
