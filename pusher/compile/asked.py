"""What one render asked: everything beside its own text and the macros that can change what it says.

A list of such inputs is complete because templates reach nothing but names: each of dbt's words notes its answer, and
the names behind which an endless number of answers lie make a render volatile, which is never kept. The moment of the
run is a case of its own, since it differs in every run and stands in the SQL of most windows: it is followed to where
it is written. As soon as a template does anything else with it, that render is volatile too.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Self, SupportsIndex

from pusher.compile.budget import LISTS

MOMENT = "run_started_at"
# The clock and the calendar, and sets, whose order differs from process to process.
_VOLATILE = frozenset({"modules", "set"})
# State that would live on from render to render.
_VOLATILE_IN_MACRO_FILES = frozenset({MOMENT, "namespace"})
_MOST_QUESTIONS = 2_000
_MOST_LOOKED_AT = 10_000
Question = tuple[str, list[Any], Any]
"""Its kind, what it is about, and its answer."""
Piece = str | tuple[tuple[str, str], ...]
"""Text as it is, or the moment of the run with what is replaced in its text."""


class Asked:
    """What the render that runs asked so far.

    Args:
        secret: Key of the digests of values, so that nobody can find out a value by trying; None to note nothing.

    Attributes:
        names: Names that the template looked up.
        moment: The moment of the run, once the template looked it up.
    """

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secret
        self.begin()

    def begin(self) -> None:
        """Begin a render."""
        self._noted: dict[str, Question] = {}
        self.names: set[str] = set()
        self.moment: datetime | None = None
        self._is_volatile = False

    @property
    def is_volatile(self) -> bool:
        """Whether what comes out depends on more than the questions say."""
        # What a namespace holds is not looked into.
        return self._is_volatile or (self.moment is not None and "namespace" in self.names)

    @property
    def is_on(self) -> bool:
        """Whether anything is noted."""
        return self._secret is not None

    def give_up(self) -> None:
        """Note that no question stands for something that happened."""
        self._is_volatile = True

    @property
    def questions(self) -> list[Question]:
        """All questions, each once."""
        return list(self._noted.values())

    @property
    def is_volatile_in_macro_files(self) -> bool:
        """Whether a file of macros, which is read once for all renders, keeps more than the questions say."""
        return self.is_volatile or not _VOLATILE_IN_MACRO_FILES.isdisjoint(self.names)

    def set_aside(self) -> Mapping[str, Any]:
        """Return what was asked so far, and begin anew."""
        kept = dict(vars(self))
        self.begin()
        return kept

    def go_on(self, kept: Mapping[str, Any]) -> None:
        """Go on where `set_aside()` stopped."""
        vars(self).update(kept)

    def look_up(self, name: str, value: Any) -> None:
        """Note that a template looks a name up."""
        if self._secret is None:
            return
        self.names.add(name)
        if name in _VOLATILE:
            self._is_volatile = True
        elif name == MOMENT and isinstance(value, datetime):
            self.moment = value

    def note(self, kind: str, what: Sequence[Any], answer: Any) -> None:
        """Note a question; without an answer that can be compared, the render is volatile."""
        if self._secret is None:
            return
        if answer is None or not is_plain(list(what)) or len(self._noted) >= _MOST_QUESTIONS:
            self._is_volatile = True
            return
        self._noted.setdefault(json.dumps([kind, *what]), (kind, list(what), answer))

    def digest(self, value: Any) -> str | None:
        """Return the digest of a plain value; None for one that no text stands for."""
        if self._secret is None or not is_plain(value):
            return None
        return hmac.new(self._secret, json.dumps(value).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def look(self, *values: Any) -> None:
        """Note that a template does something with values, at any depth, beside writing them."""
        if self.moment is None or self._is_volatile:
            return
        left = list(values)
        for _ in range(_MOST_LOOKED_AT):
            if not left:
                return
            value = left.pop()
            if self.is_of_moment(value):
                break
            if isinstance(value, dict):
                left += [*value.keys(), *value.values()]
            elif isinstance(value, LISTS):
                left += value
        self._is_volatile = True

    def is_of_moment(self, value: Any) -> bool:
        """Whether a value is the moment of the run, or text in which it stands."""
        return isinstance(value, MomentText) or (value is self.moment and value is not None)

    def written(self, value: Any) -> Any:
        """Return a value as it is written; the moment becomes text that knows what it is."""
        return MomentText.of(self, ((),)) if value is self.moment and value is not None else value

    def joined(self, parts: Iterable[str]) -> str:
        """Return texts as one text, which knows where the moment stands in it."""
        if self.moment is None:
            return "".join(parts)
        known = list(parts)
        if not any(isinstance(part, MomentText) for part in known):
            return "".join(known)
        return MomentText.of(self, [piece for part in known for piece in pieces_of(part)])

    def replaced(self, text: Any, old: Any, new: Any) -> Any:
        """Return the moment with a text in it replaced; None where that cannot be followed."""
        pieces = pieces_of(text)
        if len(pieces) != 1 or isinstance(pieces[0], str) or type(old) is not str or type(new) is not str:
            return None
        return MomentText.of(self, ((*pieces[0], (old, new)),))


class MomentText(str):
    """Text in which the moment of the run stands.

    Attributes:
        pieces: Its parts.
    """

    __slots__ = ("_asked", "pieces")

    pieces: Sequence[Piece]
    _asked: Asked

    @classmethod
    def of(cls, asked: Asked, pieces: Sequence[Piece]) -> Self:
        """Return the text of some parts."""
        found = cls("" if asked.moment is None else text_of(pieces, asked.moment))
        found._asked, found.pieces = asked, tuple(pieces)
        return found

    def __str__(self) -> str:
        return self

    # What Jinja does without asking its environment: it goes through a text, cuts it, or asks whether it is empty.

    def __iter__(self) -> Iterator[str]:
        self._asked.look(self)
        return super().__iter__()

    def __getitem__(self, place: SupportsIndex | slice) -> str:
        self._asked.look(self)
        return super().__getitem__(place)

    def __bool__(self) -> bool:
        self._asked.look(self)
        return len(self) > 0


def pieces_of(text: str) -> Sequence[Piece]:
    """Return the parts of a text."""
    return text.pieces if isinstance(text, MomentText) else (text,)


def text_of(pieces: Iterable[Piece], moment: datetime) -> str:
    """Return the text of some parts at a moment."""
    return "".join(piece if isinstance(piece, str) else _at(moment, piece) for piece in pieces)


def _at(moment: datetime, replacements: Iterable[tuple[str, str]]) -> str:
    text = str(moment)
    for old, new in replacements:
        text = text.replace(old, new)
    return text


def is_plain(value: Any) -> bool:
    """Whether JSON gives a value back exactly as it is."""
    kind = type(value)
    if kind is dict:
        return all(type(key) is str for key in value) and all(map(is_plain, value.values()))
    if kind is list:
        return all(map(is_plain, value))
    return value is None or kind in (str, bool, int) or (kind is float and math.isfinite(value))
