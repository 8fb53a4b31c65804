"""YAML that fails where YAML would guess: duplicate keys, unknown keys, tabs, surprise types."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

import yaml

from pusher.errors import ConfigError, Problem

KeyPath = tuple[str | int, ...]
MAX_YAML_BYTES = 2_000_000
MAX_ALIASES = 100
MAX_NODES = 200_000
_GUESSED_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "timestamp")}


# libyaml reads ten times as fast, where it is built in.
_FAST_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_OPENING = (
    yaml.BlockMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.FlowSequenceStartToken,
)
_CLOSING = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)
MAX_DEPTH = 100


def suggest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word closest to a misspelt one, or None."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return close[0] if close else None


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed YAML file that remembers where each key stands.

    Attributes:
        file: Path as shown to the user.
        value: Plain dicts, lists and scalars.
        lines: Key path to the 1-based (line, column) of its key.
        misread: Key path to text and kind of each plain scalar that YAML 1.1 makes something surprising of:
            `NO` a truth value, `0123` and `12:30:45` numbers of other bases, `.nan` no number at all.
    """

    file: str
    value: Any
    lines: Mapping[KeyPath, tuple[int, int]] = field(default_factory=dict)
    misread: Mapping[KeyPath, tuple[str, str]] = field(default_factory=dict)

    def problem(self, code: str, message: str, path: KeyPath, fix: str | None = None) -> Problem:
        """Return a problem that points at a key of this file."""
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        line, column = self.lines.get(known, (1, 1))
        return Problem(code=code, message=message, file=self.file, line=line, column=column, fix=fix)

    def misread_values(self, path: KeyPath = ()) -> list[Problem]:
        """Return one problem for each value below a key that YAML makes something surprising of."""
        problems = []
        for key, (text, kind) in self.misread.items():
            if key[: len(path)] == path:
                either = "Write true or false, or put" if kind == "a truth value" else "Put"
                message = f"YAML reads `{text}` as {kind}."
                problems.append(self.problem("misread-value", message, key, f"{either} it in quotes: '{text}'."))
        return problems

    def unknown_keys(self, found: Mapping[str, Any], known: Iterable[str], path: KeyPath) -> list[Problem]:
        """Return one problem for each key that nothing reads."""
        known = list(known)
        problems = []
        for key in found:
            if key in known:
                continue
            near = suggest(str(key), known)
            fix = f"Did you mean `{near}`?" if near else f"Known keys: {', '.join(sorted(known))}."
            problems.append(self.problem("unknown-key", f"Unknown key `{key}`.", (*path, key), fix))
        return problems


class _Loader(yaml.SafeLoader):
    """Safe loader of a class of its own, so that nobody's constructors get into it."""


def _fail(file: str, message: str, mark: yaml.Mark | None, fix: str | None) -> NoReturn:
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    raise ConfigError(Problem("invalid-yaml", message, file, line, column, fix))


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _count(node: yaml.Node, file: str, known: dict[int, int]) -> int:
    """Count the nodes with every alias written out; an alias inside its own anchor has no end."""
    if id(node) in known:
        if known[id(node)] == 0:
            _fail(file, "An alias stands inside its own anchor.", node.start_mark, "Write the value out.")
        return known[id(node)]
    known[id(node)] = 0
    size = 1 + sum(_count(child, file, known) for child in _children(node))
    if size > MAX_NODES:
        _fail(file, f"The file has more than {MAX_NODES:,} values.", node.start_mark, "Split it, or use fewer aliases.")
    known[id(node)] = size
    return size


def _positions(node: yaml.Node, path: KeyPath, found: dict[KeyPath, tuple[int, int]]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, key.value)
            found[here] = (key.start_mark.line + 1, key.start_mark.column + 1)
            _positions(value, here, found)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            here = (*path, number)
            found[here] = (value.start_mark.line + 1, value.start_mark.column + 1)
            _positions(value, here, found)


def _surprise(node: yaml.Node) -> str | None:
    """Return what YAML makes of a plain scalar when that is not what its text says."""
    kind = node.tag.rpartition(":")[2]
    if kind == "bool" and node.value.lower() not in {"true", "false"}:
        return "a truth value"
    if kind == "int" and re.fullmatch(r"[-+]?0[0-7_]+|.*:.*", node.value):
        return f"the number {_Loader('').construct_object(node)}"
    if kind == "float" and re.fullmatch(r".*:.*|[-+]?\.(?:nan|inf)", node.value.lower()):
        return "a number of base 60" if ":" in node.value else "something that is no number"
    return None


def _misread(node: yaml.Node, path: KeyPath, found: dict[KeyPath, tuple[str, str]]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _misread(value, (*path, key.value), found)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _misread(value, (*path, number), found)
    elif (kind := _surprise(node)) is not None:
        found[path] = node.value, kind


def _check_keys(node: yaml.Node, file: str) -> None:
    """Refuse keys that stand twice or are no text, and values that look like something and are not."""
    if isinstance(node, yaml.ScalarNode) and node.tag in _GUESSED_TAGS:
        try:
            _Loader("").construct_object(node)
        except ValueError:
            kind = node.tag.rpartition(":")[2]
            _fail(file, f"A value looks like a {kind} and is none.", node.start_mark, "Put it in quotes.")
    keys: set[str] = set()
    for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
        if not isinstance(key, yaml.ScalarNode):
            is_jinja = isinstance(key, yaml.MappingNode) and key.flow_style
            fix = "Put Jinja in quotes: '{{ ... }}'." if is_jinja else "Use plain texts as keys."
            _fail(file, "A key is not a text.", key.start_mark, fix)
        if key.tag in {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:null"}:
            kind = "a truth value" if key.tag.endswith("bool") else "nothing"
            _fail(file, f"YAML reads the key `{key.value}` as {kind}.", key.start_mark, "Put it in quotes.")
        if key.value in keys:
            _fail(file, f"Key `{key.value}` is given twice.", key.start_mark, "Keep one of them.")
        keys.add(key.value)
    for child in _children(node):
        _check_keys(child, file)


def load_yaml(path: Path, shown_as: str, parse: Callable[[str, str], Document] | None = None) -> Document:
    """Read one YAML file strictly.

    Args:
        path: File to read.
        shown_as: Name used in messages.
        parse: Does what `parse_yaml` does, which is the default.

    Raises:
        ConfigError: The file cannot be read, is not YAML, repeats a key or is suspiciously large.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            Problem(
                "unreadable-file",
                f"Cannot read the file: {error.strerror}.",
                shown_as,
                fix="Check path and rights.",
            )
        ) from error
    if len(raw) > MAX_YAML_BYTES:
        raise ConfigError(
            Problem(
                "invalid-yaml",
                f"The file is larger than {MAX_YAML_BYTES:,} bytes.",
                shown_as,
                fix="Split it.",
            )
        )
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        problem = Problem("invalid-yaml", f"The file is not UTF-8 (byte {error.start}).", shown_as, line, None)
        raise ConfigError(replace(problem, fix="Save it as UTF-8.")) from error
    return (parse or parse_yaml)(text, shown_as)


def _compose(text: str, file: str, loader: Any) -> yaml.Node | None:
    """Return the tree of a document that nests and refers to itself within bounds."""
    aliases = depth = 0
    for token in yaml.scan(text, Loader=loader):
        aliases += isinstance(token, yaml.AliasToken)
        depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
        if depth > MAX_DEPTH:
            _fail(file, "The file nests values too deeply.", None, "Write it flatter.")
    if aliases > MAX_ALIASES:
        _fail(file, f"The file uses more than {MAX_ALIASES} aliases.", None, "Write the values out.")
    node: yaml.Node | None = yaml.compose(text, Loader=loader)
    return node


def parse_yaml(text: str, shown_as: str) -> Document:
    """Read one YAML document strictly.

    Args:
        text: The document.
        shown_as: Name used in messages.

    Raises:
        ConfigError: The text is not YAML, repeats a key or is suspiciously large.
    """
    try:
        try:
            node = _compose(text, shown_as, _FAST_LOADER)
        except yaml.YAMLError:
            # The loader in Python says more precisely what is wrong.
            node = _compose(text, shown_as, _Loader)
        if node is None:
            return Document(shown_as, {})
        _count(node, shown_as, {})
        _check_keys(node, shown_as)
        lines: dict[KeyPath, tuple[int, int]] = {}
        _positions(node, (), lines)
        misread: dict[KeyPath, tuple[str, str]] = {}
        _misread(node, (), misread)
        value = _Loader("").construct_document(node)
    except yaml.MarkedYAMLError as error:
        tab = "found character '\\t'" in str(error)
        fix = "Indent with spaces, not tabs." if tab else "Fix the YAML at this place."
        if isinstance(error, yaml.constructor.ConstructorError):
            fix = "Use plain texts, numbers, lists and mappings only."
        _fail(shown_as, f"Not valid YAML: {error.problem}.", error.problem_mark, fix)
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        message = f"A character is not allowed in YAML: U+{ord(text[error.position]):04X}."
        raise ConfigError(Problem("invalid-yaml", message, shown_as, line, fix="Remove it.")) from error
    except RecursionError:
        _fail(shown_as, "The file nests values too deeply.", None, "Write it flatter.")
    return Document(shown_as, value, lines, misread)
