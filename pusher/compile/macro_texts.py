"""The texts of a project's macros, and which of them a text calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pusher.compile.files import TextFile

_TAG = re.compile(
    r"\{%[-+]?\s*(?:(?P<tag>macro|test|data_test)\s+(?P<name>\w+)\s*\(|end(?P<end>macro|test|data_test)\s*[-+]?%\})"
)
_CALLED = re.compile(r"(?:\b(\w+)\s*\.\s*)?\b(\w+)\s*\(")
_NOT_A_LINE_END = re.compile(r"[^\n]")
MacroKey = tuple[str, str]
"""Package, empty for the project itself, and name of a macro."""


def _blocks(text: str) -> Iterator[tuple[re.Match[str], int]]:
    """Yield the opening tag of each macro, and where its block ends.

    In one pass: a pattern that looks for the end from each opening takes hours for a file full of openings.
    """
    tags = list(_TAG.finditer(text))
    last_end = {tag["end"]: tag.start() for tag in tags if tag["end"]}
    opened: re.Match[str] | None = None
    for tag in tags:
        if opened is None and tag["tag"] and last_end.get(tag["tag"], -1) > tag.start():
            opened = tag
        elif opened is not None and tag["end"] == opened["tag"]:
            yield opened, tag.end()
            opened = None


def apart(file: TextFile) -> list[TextFile]:
    """Return each macro of a file as a file of its own, at its own line; the whole file when there is none.

    In one template macros see each other before anything else.
    """
    blocks = [(opening.start(), end) for opening, end in _blocks(file.text)]
    parts = (_NOT_A_LINE_END.sub(" ", file.text[:start]) + file.text[start:end] for start, end in blocks)
    return [replace(file, text=text) for text in parts] or [file]


@dataclass(frozen=True, slots=True)
class MacroText:
    """One macro.

    Attributes:
        name: Its name; that of a generic test begins with `test_`, as dbt names it.
        path: POSIX path of its file.
        text: Its whole block.
        package: Name of the package that has it, empty for the project itself.
    """

    name: str
    path: str
    text: str
    package: str


class MacroTexts:
    """All macros of a project and its packages.

    Args:
        files: Their files.

    Attributes:
        all: The macros, by package and name.
    """

    def __init__(self, files: Iterable[TextFile]) -> None:
        self.all: dict[MacroKey, MacroText] = {}
        for file in files:
            for found, end in _blocks(file.text):
                name = found["name"] if found["tag"] == "macro" else f"test_{found['name'].removeprefix('test_')}"
                self.all[file.package, name] = MacroText(name, file.path, file.text[found.start() : end], file.package)

    def called(self, text: str, package: str) -> list[MacroKey]:
        """Return the macros whose names a text of a package calls, with the name of their package or without it."""
        found: dict[MacroKey, None] = {}
        for holder, name in _CALLED.findall(text):
            places = ((holder, name), (package, name), ("", name))
            found |= dict.fromkeys([place for place in places if place in self.all][:1])
        return list(found)
