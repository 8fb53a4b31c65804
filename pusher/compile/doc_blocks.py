"""Doc blocks: `{% docs name %}` in Markdown files, which descriptions name with `{{ doc('name') }}`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from pusher.compile.files import TextFile
from pusher.errors import Problem

_TAG = re.compile(r"\{#.*?#\}|\{%-?\s*(?P<tag>docs|enddocs)\b(?P<rest>.*?)-?%\}", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(slots=True)
class DocBlocks:
    """All doc blocks of a project.

    Attributes:
        texts: Text by package and name.
        problems: What is wrong.
    """

    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _places: dict[tuple[str, str], str] = field(default_factory=dict)

    def read(self, file: TextFile) -> None:
        """Take the blocks of a Markdown file; the rest of its text is for other readers."""
        name, start, opened = "", 0, None
        for found in _TAG.finditer(file.text):
            if found["tag"] == "docs":
                if opened is not None:
                    self._wrong(
                        file, opened.start(), f"Doc block `{name}` is not closed.", "End it with {% enddocs %}."
                    )
                name, start, opened = found["rest"].strip(), found.end(), found
            elif found["tag"] == "enddocs" and opened is None:
                self._wrong(file, found.start(), "No doc block is open here.", "Begin it with {% docs name %}.")
            elif found["tag"] == "enddocs" and opened is not None:
                self._take(file, name, opened.start(), file.text[start : found.start()].strip())
                opened = None
        if opened is not None:
            self._wrong(file, opened.start(), f"Doc block `{name}` is not closed.", "End it with {% enddocs %}.")

    def _take(self, file: TextFile, name: str, at: int, text: str) -> None:
        if not _NAME.fullmatch(name):
            fix = "Use letters, digits and underscores, and no digit first."
            self._wrong(file, at, f"`{name}` is not a name for a doc block.", fix)
        elif (key := (file.package, name)) in self.texts:
            self._wrong(file, at, f"Doc block `{name}` is defined twice, first in {self._places[key]}.", "Rename one.")
        else:
            self.texts[key] = text
            self._places[key] = f"{file.path}:{file.text[:at].count(chr(10)) + 1}"

    def _wrong(self, file: TextFile, at: int, message: str, fix: str) -> None:
        before = file.text[:at]
        line, column = before.count("\n") + 1, at - before.rfind("\n")
        self.problems.append(Problem("doc-block", message, file.path, line, column, fix))


def read(files: Iterable[TextFile]) -> DocBlocks:
    """Read all blocks; never raises, problems are part of the result."""
    found = DocBlocks()
    for file in files:
        found.read(file)
    return found
