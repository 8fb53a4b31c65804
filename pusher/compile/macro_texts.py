"""The texts of a project's macros, and which of them a text calls."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pusher.compile.files import TextFile

_BLOCK = re.compile(
    r"\{%[-+]?\s*(?P<tag>macro|test|data_test)\s+(?P<name>\w+)\s*\(.*?\{%[-+]?\s*end(?P=tag)\s*[-+]?%\}", re.DOTALL
)
_CALLED = re.compile(r"\b(\w+)\s*\(")


@dataclass(frozen=True, slots=True)
class MacroText:
    """One macro.

    Attributes:
        name: Its name; that of a generic test begins with `test_`, as dbt names it.
        path: POSIX path of its file.
        text: Its whole block.
    """

    name: str
    path: str
    text: str


class MacroTexts:
    """All macros of a project, by name.

    Args:
        files: Their files.
    """

    def __init__(self, files: Iterable[TextFile]) -> None:
        self.all: dict[str, MacroText] = {}
        for file in files:
            for found in _BLOCK.finditer(file.text):
                name = found["name"] if found["tag"] == "macro" else f"test_{found['name'].removeprefix('test_')}"
                self.all[name] = MacroText(name, file.path, found[0])

    def called(self, text: str) -> list[str]:
        """Return the macros whose names a text calls."""
        return [name for name in dict.fromkeys(_CALLED.findall(text)) if name in self.all]
