"""Doc blocks: `{% docs name %}` in Markdown files, which descriptions name with `{{ doc('name') }}`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pusher.compile.files import TextFile
from pusher.errors import Problem

_OPENING = re.compile(r"\{#|\{%-?\s*(?P<tag>docs|enddocs)\b")
_MOST_PROBLEMS, _LONGEST_MESSAGE = 100, 500
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class _Tag(NamedTuple):
    """A tag of a doc block: its name, what stands behind it, where it begins and ends."""

    name: str
    rest: str
    start: int
    end: int


def _tags(text: str) -> Iterator[_Tag]:
    """Yield the tags outside of comments, in one pass over the text."""
    at = 0
    last = {"#}": text.rfind("#}"), "%}": text.rfind("%}")}
    while found := _OPENING.search(text, at):
        at = found.end()
        closing = "%}" if found["tag"] else "#}"
        if last[closing] < at:
            continue  # nothing closes it
        end = text.index(closing, at)
        if found["tag"]:
            yield _Tag(found["tag"], text[at:end].removesuffix("-"), found.start(), end + len(closing))
        at = end + len(closing)


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
        name, start = "", 0
        opened: _Tag | None = None
        already = len(self.problems)
        for tag in _tags(file.text):
            if len(self.problems) - already >= _MOST_PROBLEMS:
                return
            if tag.name == "docs":
                if opened is not None:
                    self._wrong(file, opened.start, f"Doc block `{name}` is not closed.", "End it with {% enddocs %}.")
                name, start, opened = tag.rest.strip(), tag.end, tag
            elif opened is None:
                self._wrong(file, tag.start, "No doc block is open here.", "Begin it with {% docs name %}.")
            else:
                self._take(file, name, opened.start, file.text[start : tag.start].strip())
                opened = None
        if opened is not None:
            self._wrong(file, opened.start, f"Doc block `{name}` is not closed.", "End it with {% enddocs %}.")

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
        self.problems.append(Problem("doc-block", message[:_LONGEST_MESSAGE], file.path, line, column, fix))


def read(files: Iterable[TextFile]) -> DocBlocks:
    """Read all blocks; never raises, problems are part of the result."""
    found = DocBlocks()
    for file in files:
        found.read(file)
    return found
