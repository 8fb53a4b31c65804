"""YAML that fails where a loader would guess: every message with its place."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from pusher.config import load_yaml, parse_yaml, suggest
from pusher.errors import ConfigError

Told = tuple[str, str, str, str | None]


def refused(content: str | bytes, folder: Path) -> list[Told]:
    """Return code, place, message and fix of what is wrong with a file."""
    path = folder / "x.yml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ConfigError) as caught:
        load_yaml(path, "x.yml")
    return [(one.code, one.place, one.message, one.fix) for one in caught.value.problems]


BOMB = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefghij", "bcdefghijk", strict=True)
)
OS_SYSTEM = "tag:yaml.org,2002:python/object/apply:os.system"
CASES: dict[str, tuple[str | bytes, str, str, str]] = {
    "tab": (
        "a:\n\tb: 1\n",
        "x.yml:2:1",
        "Not valid YAML: found character '\\t' that cannot start any token.",
        "Indent with spaces, not tabs.",
    ),
    "duplicate key": ("a: 1\nb:\n  c: 1\n  c: 2\n", "x.yml:4:3", "Key `c` is given twice.", "Keep one of them."),
    "unclosed": (
        "a: [1, 2\nb: 3\n",
        "x.yml:2:2",
        "Not valid YAML: expected ',' or ']', but got ':'.",
        "Fix the YAML at this place.",
    ),
    "two documents": (
        "a: 1\n---\nb: 2\n",
        "x.yml:2:1",
        "Not valid YAML: but found another document.",
        "Fix the YAML at this place.",
    ),
    "python object": (
        "a: !!python/object/apply:os.system [ls]\n",
        "x.yml:1:4",
        f"Not valid YAML: could not determine a constructor for the tag '{OS_SYSTEM}'.",
        "Use plain texts, numbers, lists and mappings only.",
    ),
    "unknown anchor": (
        "a: *b\n",
        "x.yml:1:4",
        "Not valid YAML: found undefined alias 'b'.",
        "Fix the YAML at this place.",
    ),
    "no UTF-8": (b"a: 1\nb: \xff\n", "x.yml:2", "The file is not UTF-8 (byte 8).", "Save it as UTF-8."),
    "control character": ("a: 1\nb: \x00\n", "x.yml:2", "A character is not allowed in YAML: U+0000.", "Remove it."),
    "aliases": (
        "a: &a 1\nb: [" + ", ".join(["*a"] * 101) + "]\n",
        "x.yml",
        "The file uses more than 100 aliases.",
        "Write the values out.",
    ),
    "bomb": (BOMB, "x.yml:7:4", "The file has more than 200,000 values.", "Split it, or use fewer aliases."),
    "endless alias": (
        "a: &a\n  b: *a\n",
        "x.yml:1:4",
        "An alias stands inside its own anchor.",
        "Write the value out.",
    ),
    "deep": ("a: " + "[" * 500 + "]" * 500, "x.yml", "The file nests values too deeply.", "Write it flatter."),
    "large": ("a: " + "x" * 2_000_000, "x.yml", "The file is larger than 2,000,000 bytes.", "Split it."),
    "no day": ("a: 2026-02-30\n", "x.yml:1:4", "A value looks like a timestamp and is none.", "Put it in quotes."),
    "no number": ("a: !!int x1\n", "x.yml:1:4", "A value looks like a int and is none.", "Put it in quotes."),
    "truth as key": (
        "a:\n  NO: 1\n",
        "x.yml:2:3",
        "YAML reads the key `NO` as a truth value.",
        "Put it in quotes.",
    ),
    "nothing as key": ("~: 1\n", "x.yml:1:1", "YAML reads the key `~` as nothing.", "Put it in quotes."),
    "Jinja without quotes": (
        'a: {{ doc("x") }}\n',
        "x.yml:1:5",
        "A key is not a text.",
        "Put Jinja in quotes: '{{ ... }}'.",
    ),
    "list as key": ("? [a, b]\n: 1\n", "x.yml:1:3", "A key is not a text.", "Use plain texts as keys."),
}


@pytest.mark.parametrize("case", list(CASES))
def test_a_file_that_is_not_plain_yaml_is_refused_at_its_place(case: str, tmp_path: Path) -> None:
    """Each is one problem with file, line and column as far as they can be known, and what to do."""
    content, place, message, fix = CASES[case]
    assert refused(content, tmp_path) == [("invalid-yaml", place, message, fix)]


def test_a_bomb_of_anchors_is_refused_at_once(tmp_path: Path) -> None:
    """Aliases of aliases are counted, never written out."""
    begun = time.perf_counter()
    refused(BOMB, tmp_path)
    assert time.perf_counter() - begun < 10


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    """The system's words are shown, the path as the user knows it."""
    with pytest.raises(ConfigError) as caught:
        load_yaml(tmp_path / "no.yml", "models/no.yml")
    (problem,) = caught.value.problems
    assert (problem.code, problem.place, problem.message) == (
        "unreadable-file",
        "models/no.yml",
        "Cannot read the file: No such file or directory.",
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ("# only a comment\n", {}),
        ("\ufeffa: 1\n", {"a": 1}),
        ("a: '0123'\n", {"a": "0123"}),
        ("a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}),
        ("1: a\n", {1: "a"}),
        ("a: é\r\n", {"a": "é"}),
    ],
)
def test_plain_yaml_is_read(text: str, value: Any) -> None:
    """Comments, quotes, merge keys, a byte order mark and Windows line ends are fine."""
    assert parse_yaml(text, "x.yml").value == value


def test_a_problem_points_at_its_key_or_at_the_nearest_above() -> None:
    """Items of lists have places too; a path that is not in the file falls back to what holds it."""
    document = parse_yaml("a:\n  b:\n    - x\n    - y\n", "x.yml")
    places = {
        path: document.problem("code", "message", path).place
        for path in [("a",), ("a", "b", 1), ("a", "b", 7), ("a", "c", "d"), ("z",)]
    }
    assert places == {
        ("a",): "x.yml:1:1",
        ("a", "b", 1): "x.yml:4:7",
        ("a", "b", 7): "x.yml:2:3",
        ("a", "c", "d"): "x.yml:1:1",
        ("z",): "x.yml:1:1",
    }


def test_an_unknown_key_has_a_suggestion_or_the_list_of_known_ones() -> None:
    """A misspelt key names the one that was meant; one from nowhere names them all."""
    document = parse_yaml("a:\n  thread: 1\n  zzz: 2\n  path: 3\n", "x.yml")
    found = document.unknown_keys(document.value["a"], ["threads", "path"], ("a",))
    assert [(one.code, one.place, one.message, one.fix) for one in found] == [
        ("unknown-key", "x.yml:2:3", "Unknown key `thread`.", "Did you mean `threads`?"),
        ("unknown-key", "x.yml:3:3", "Unknown key `zzz`.", "Known keys: path, threads."),
    ]


@pytest.mark.parametrize(("word", "expected"), [("emial", "email"), ("xyz", None), ("", None)])
def test_suggestions_need_some_likeness(word: str, expected: str | None) -> None:
    """Nothing is better than a wild guess."""
    assert suggest(word, ["email", "phone"]) == expected
