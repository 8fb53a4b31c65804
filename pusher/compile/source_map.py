"""From an offset in compiled SQL back to file, line and column in the user's own Jinja.

A second render puts marks, private-use characters, around every piece of template text and every
expression. It runs only after a failure or when asked, so marks never change a result: a filter such
as `length` would see them. When the marked text, marks removed, is not the compiled text, the map falls
back to non-blank characters, then to marks in the model's file only, then to the file's first line.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from jinja2 import nodes

from pusher.compile.assemble import Piece

_END, _DATA, _OPEN, _CLOSE = "\ue000", "\ue001", "\ue002", "\ue003"
_DIGIT_ZERO = 0xE010
_MARK = re.compile(f"([{_DATA}{_OPEN}])([\ue010-\ue019]+){_END}|{_CLOSE}{_END}")
_TO_MARK = {ord("0") + digit: chr(_DIGIT_ZERO + digit) for digit in range(10)}
_FROM_MARK = {_DIGIT_ZERO + digit: str(digit) for digit in range(10)}


class Place(NamedTuple):
    """A place in the user's source.

    Attributes:
        file: POSIX path relative to the project.
        line: 1-based.
        column: 1-based.
    """

    file: str
    line: int
    column: int


class _Origin(NamedTuple):
    """A stretch of template text, or an expression (length 0)."""

    file: str
    offset: int
    length: int


class Marks:
    """Numbers of the marks, and the hook that puts them into parsed templates.

    Args:
        only: The one file to mark, or None for all.
    """

    def __init__(self, only: str | None = None) -> None:
        self.origins: list[_Origin] = []
        self._only = only

    def _mark(self, kind: str, origin: _Origin | None = None) -> nodes.TemplateData:
        number = ""
        if origin is not None:
            number = str(len(self.origins)).translate(_TO_MARK)
            self.origins.append(origin)
        return nodes.TemplateData(f"{kind}{number}{_END}")

    def rewriter(self, file: str) -> Callable[[str, str, nodes.Template], None] | None:
        """Return what puts marks into the templates of a file, or None when it gets none."""
        return self._rewrite if self._only in {None, file} else None

    def _rewrite(self, text: str, file: str, tree: nodes.Template) -> None:
        """Put marks into the tree of a template."""
        data, expressions = _token_offsets(text, tree)
        for output in tree.find_all(nodes.Output):
            marked: list[nodes.Expr] = []
            for node in output.nodes:
                if isinstance(node, nodes.TemplateData):
                    marked += [self._mark(_DATA, _Origin(file, next(data), len(node.data))), node]
                else:
                    marked += [self._mark(_OPEN, _Origin(file, next(expressions), 0)), node, self._mark(_CLOSE)]
            output.nodes = marked


def _token_offsets(text: str, tree: nodes.Template) -> tuple[Iterator[int], Iterator[int]]:
    """Return where texts and expressions start, in the order in which the tree holds them."""
    data, expressions, at = [], [], 0
    lexed = tree.environment.lex(text) if tree.environment else ()
    for _, kind, value in lexed:
        at = text.index(value, at)
        if kind == "data":
            data.append(at)
        elif kind == "variable_begin":
            expressions.append(at)
        at += len(value)
    return iter(data), iter(expressions)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Rendered text from an offset on, until the next stretch."""

    start: int
    origin: _Origin | None
    around: _Origin | None


class RenderedMap:
    """The map of one model's own rendered text.

    Args:
        marked: Text of the marked render.
        rendered: Text of the real render.
        marks: The marks in it.
        texts: Template text by file.
    """

    def __init__(self, marked: str, rendered: str, marks: Marks, texts: Mapping[str, str]) -> None:
        self._stretches: list[_Stretch] = []
        self._texts = texts
        self._plain = plain = self._read(marked, marks.origins)
        self._starts = [stretch.start for stretch in self._stretches]
        self._offsets: dict[int, int] | None = None
        self.exact = plain.startswith(rendered)
        self.usable = self.exact or self._align(plain, rendered)

    def _read(self, marked: str, origins: Sequence[_Origin]) -> str:
        parts: list[str] = []
        stack: list[_Origin] = []
        size = at = 0
        for mark in _MARK.finditer(marked):
            parts.append(marked[at : mark.start()])
            size, at = size + mark.start() - at, mark.end()
            number = int(mark[2].translate(_FROM_MARK)) if mark[2] else len(origins)
            # Out of range: a mark closed, or the user's own text looks like one.
            origin = origins[number] if number < len(origins) else None
            if origin is None:
                stack = stack[:-1]
            elif mark[1] == _OPEN:
                stack.append(origin)
                origin = None
            self._stretches.append(_Stretch(size, origin, stack[-1] if stack else None))
        parts.append(marked[at:])
        return "".join(parts)

    def _align(self, plain: str, rendered: str) -> bool:
        """Map by the n-th non-blank character: marks keep `trim` from trimming."""
        left = [offset for offset, char in enumerate(plain) if not char.isspace()]
        right = [offset for offset, char in enumerate(rendered) if not char.isspace()]
        pairs = list(zip(right, left, strict=False))
        if len(right) > len(left) or any(rendered[one] != plain[other] for one, other in pairs):
            return False
        self._offsets = dict(pairs)
        return True

    def origin(self, offset: int) -> tuple[str, int] | None:
        """Return file and offset in the template for an offset in the rendered text."""
        if self._offsets is not None:
            while offset >= 0 and offset not in self._offsets:
                offset -= 1
            offset = self._offsets.get(offset, 0)
        number = bisect_right(self._starts, offset) - 1
        if number < 0:
            return None
        stretch = self._stretches[number]
        into = offset - stretch.start
        if stretch.origin is not None and self._is_within(stretch.origin, stretch.start, into):
            return stretch.origin.file, self._in_template(stretch.origin, stretch.start, into)
        found = stretch.around or stretch.origin
        return None if found is None else (found.file, found.offset + max(found.length - 1, 0))

    def _is_within(self, origin: _Origin, start: int, into: int) -> bool:
        """Whether an offset is still in a piece of template text; blanks that a filter added do not count."""
        if into < origin.length:
            return True
        text = self._texts[origin.file][origin.offset : origin.offset + origin.length]
        return len("".join(self._plain[start : start + into].split())) < len("".join(text.split()))

    def _in_template(self, origin: _Origin, start: int, into: int) -> int:
        """Return the offset in the template; a filter such as indent may have added blanks on the way."""
        text = self._texts[origin.file]
        rendered = self._plain[start : start + into]
        if text.startswith(rendered, origin.offset):
            return origin.offset + into
        letters = len("".join(rendered.split()))
        at, end = origin.offset, origin.offset + origin.length - 1
        while at < end and (letters > 0 or text[at].isspace()):
            letters -= not text[at].isspace()
            at += 1
        return at


def _place(text: str, file: str, offset: int) -> Place:
    before = text[:offset]
    return Place(file, before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


@dataclass(slots=True)
class SourceMap:
    """Maps offsets in one model's compiled SQL.

    Attributes:
        path: The model's file, the answer when nothing better is known.
        pieces: The parts of the compiled SQL.
        maps: Map of each model's own text that takes part.
        texts: Template text by file.
    """

    path: str
    pieces: Sequence[Piece]
    maps: dict[str, RenderedMap | None]
    texts: dict[str, str]
    _starts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        at = 0
        for piece in self.pieces:
            self._starts.append(at)
            at += len(piece.text)

    def locate(self, offset: int) -> Place:
        """Return the place of an offset in the compiled SQL; the file's first line when it is unknown."""
        number = max(bisect_right(self._starts, offset) - 1, 0)
        piece = self.pieces[number]
        found = None if piece.model is None else self.maps.get(piece.model)
        origin = found.origin(piece.start + offset - self._starts[number]) if found else None
        if origin is None:
            return Place(self.path, 1, 1)
        return _place(self.texts[origin[0]], *origin)
