"""What templates rendered to before, by their content and what they asked.

A key names the text of a template, of all macros, and the configuration that it starts from. Beside the text lie the
questions that the template asked, with the answers of that time; when one is answered differently now, the template is
rendered anew. A render with a problem, or with something that no answer stands for, is never kept.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pusher.compile import sealed
from pusher.compile.asked import Piece, is_plain, pieces_of, text_of
from pusher.compile.digest import digest
from pusher.compile.files import TextFile
from pusher.compile.one_render import Render
from pusher.compile.words import SECRET_NAME, Words

FILE = "render-cache.json"
_FORMAT = "1"
MOST_BYTES = 50_000_000
# What a run did not use is kept for so many changes, so that going back and forth between two texts costs nothing.
_MOST_AGE = 20
# A shorter one is found in any text.
_SHORTEST_SECRET = 6
Entry = dict[str, Any]


@dataclass(slots=True)
class KeptRenders:
    """The renders of one project, in memory and in its file.

    Args:
        path: The file, or None for none.
        key: Key of its seal, and of the digests of values.

    Attributes:
        renders: Age and content of each entry, by key.
        used: Keys of those that this run used or found.
        fresh: Keys of those that this run found.
        has_changed: Whether the file holds something else.
    """

    path: Path | None
    key: bytes
    renders: dict[str, tuple[int, Entry]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    fresh: set[str] = field(default_factory=set)
    has_changed: bool = False

    @classmethod
    def in_memory(cls) -> KeptRenders:
        """Return what keeps renders for this process alone."""
        return cls(None, secrets.token_bytes())

    @classmethod
    def open(cls, path: Path) -> KeptRenders | None:
        """Return what a file holds, nothing when it cannot be used; None where there is no key to seal one."""
        opened = sealed.opened(path, _versions(), most_bytes=MOST_BYTES)
        if opened is None:
            return None
        key, content = opened
        found = cls(path, key)
        if content is not None:
            found.renders = {name: (age, entry) for name, (age, entry) in content["renders"].items()}
        return found

    def find(self, key: str) -> Entry | None:
        """Return an entry."""
        return self.renders[key][1] if key in self.renders else None

    def use(self, key: str) -> None:
        """Note that an entry is of use."""
        self.used.add(key)

    def keep(self, key: str, entry: Entry) -> None:
        """Keep an entry."""
        self.renders[key] = 0, entry
        self.used.add(key)
        self.fresh.add(key)
        self.has_changed = True

    def write(self) -> None:
        """Write the file if it holds something else; a disk that refuses is no error.

        Its folder is made by what a command is there for: a query from the command line writes nothing.
        """
        if not self.has_changed or self.path is None or not self.path.parent.is_dir():
            return
        self.has_changed = False
        aged = {
            key: (0 if key in self.used else age + 1, entry)
            for key, (age, entry) in self.renders.items()
            if key in self.used or age < _MOST_AGE
        }
        sealed.write(self.path, self.key, {"versions": _versions(), "renders": aged}, most_bytes=MOST_BYTES)


def _versions() -> str:
    code = sealed.code_versions("compile", "config", "payload", "=jinja2")
    return digest([_FORMAT, sys.version, code])


class Remembered:
    """The kept renders, as one renderer sees them.

    Args:
        kept: All of them.
        words: The renderer's words.
        macros: Files of macros.
        about: What else these renders are about, such as the target.
    """

    def __init__(self, kept: KeptRenders, words: Words, macros: Sequence[TextFile], about: Sequence[str]) -> None:
        self._kept, self._words = kept, words
        files = [part for file in macros for part in (file.path, file.package, file.text)]
        self._everywhere = self._renders = digest([*about, *files])
        known = (value for name, value in os.environ.items() if SECRET_NAME.search(name.upper()))
        self._secrets = [_as_json(value) for value in known if len(value) >= _SHORTEST_SECRET]

    def macros(self) -> Mapping[str, Any] | None:
        """Return what is known of the macros, while reading their files would ask nothing new."""
        entry = self._kept.find(self._everywhere)
        self._words.start(Render("", "", {}))
        if entry is None or not self._holds(entry):
            return None
        self._kept.use(self._everywhere)
        self._after_macros(entry["asked"])
        return entry

    def keep_macros(self, facts: Mapping[str, Any]) -> None:
        """Keep facts about the macros whose files have just been read."""
        questions = self._questions()
        self._kept.keep(self._everywhere, {**facts, "asked": questions})
        self._after_macros(questions)

    def _after_macros(self, questions: Sequence[Any]) -> None:
        # What files of macros asked while they were read lives on in what their macros say.
        self._renders = digest([self._everywhere, json.dumps(questions)])

    def config(self, file: TextFile, render: Render) -> dict[str, Any]:
        """Return what a template's `config()` said the last time, as long as nobody knows whether it says so now."""
        key = self._key(file, render)
        entry = None if key is None else self._kept.find(key)
        return {} if entry is None else dict(entry["config"])

    def find(self, file: TextFile, render: Render) -> str | None:
        """Return what a template renders to, and note in `render` what it found out; None where it has to run."""
        key = self._key(file, render)
        entry = None if key is None else self._kept.find(key)
        # Macros that name relations speak while answers are compared: about this template, as when it runs.
        self._words.start(render)
        if key is None or entry is None or not self._holds(entry):
            return None
        self._kept.use(key)
        render.refs.update({name: (path, line, column) for name, path, line, column in entry["refs"]})
        render.sources.update(dict.fromkeys((name, table) for name, table in entry["sources"]))
        render.config = dict(entry["config"])
        render.notices += entry["notices"]
        render.asks_incremental = entry["asks_incremental"]
        pieces = [one if isinstance(one, str) else tuple((old, new) for old, new in one) for one in entry["pieces"]]
        return text_of(pieces, self._words.names["run_started_at"])

    def keep(self, file: TextFile, render: Render, parts: Sequence[str]) -> None:
        """Keep what a template rendered to, if that can be done."""
        pieces = _merged(piece for part in parts for piece in pieces_of(part))
        questions = self._questions()
        key = self._key(file, render)
        if key is None or render.problems or render.is_waiting or self._words.asked.is_volatile:
            return
        entry = {
            "asked": questions,
            "pieces": pieces,
            "refs": [[name, *place] for name, place in render.refs.items()],
            "sources": [list(source) for source in render.sources],
            "config": render.config,
            "notices": list(render.notices),
            "asks_incremental": render.asks_incremental,
        }
        # An entry is in memory what it is when it is read.
        if is_plain(render.config) and not self._has_secret(entry):
            self._kept.keep(key, entry)

    def _questions(self) -> list[list[Any]]:
        if "target" in self._words.asked.names:
            self._words.asks("target")
        return [list(question) for question in self._words.asked.questions]

    def _holds(self, entry: Entry) -> bool:
        """Whether every question of an entry has the answer that it had."""
        return all(self._words.answer(kind, what) == answer for kind, what, answer in entry["asked"])

    def _key(self, file: TextFile, render: Render) -> str | None:
        if not is_plain(render.base):
            return None
        # What a configuration may say differs between models and tests.
        about = (render.name, render.path, render.check.__module__)
        base = json.dumps(render.base)
        return digest([self._renders, file.path, file.package, file.text, *about, base])

    def _has_secret(self, entry: Entry) -> bool:
        said = _as_json(entry) if self._secrets else ""
        return any(secret in said for secret in self._secrets)


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).strip('"')


def _merged(pieces: Iterator[Piece]) -> list[Piece]:
    """Return pieces with neighbouring texts in one."""
    found: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            found[-1] += piece
        else:
            found.append(piece)
    return found
