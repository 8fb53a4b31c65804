"""The `unit_tests:` of a YAML file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pusher.compile.configs import check_type
from pusher.compile.files import TextFile
from pusher.compile.model import SourceKey
from pusher.compile.unit_tests import THIS, Fixture, Input, Row, WrittenUnitTest
from pusher.compile.values import KeyPath, Values
from pusher.config import Document, suggest
from pusher.errors import Problem

FORMATS = ("dict", "csv", "sql")
_KEYS = {"name", "model", "description", "given", "expect", "overrides", "config"}
_REFUSED = {"versions"}
_GIVEN = {"input", "rows", "format", "fixture"}
_EXPECT = {"rows", "format", "fixture"}
_OVERRIDES = {"macros", "vars", "env_vars"}
_CONFIG = {"tags", "meta", "enabled"}
_NAME = r"\s*['\"]([^'\"]+)['\"]\s*"
_REF = re.compile(rf"\s*ref\s*\({_NAME}(?:,{_NAME})?\)\s*")
_SOURCE = re.compile(rf"\s*source\s*\({_NAME},{_NAME}\)\s*")


@dataclass(slots=True)
class UnitTestReader:
    """Reads the `unit_tests:` of a YAML file.

    Args:
        document: The file.
        values: Renders settings.
        fixtures: Files with rows, by name and format.

    Attributes:
        found: The tests.
        problems: What is wrong.
    """

    document: Document
    values: Values
    fixtures: Mapping[tuple[str, str], TextFile]
    found: list[WrittenUnitTest] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def _wrong(self, code: str, message: str, path: KeyPath, fix: str | None = None) -> None:
        self.problems.append(self.document.problem(code, message, path, fix))

    def _line(self, path: KeyPath) -> int:
        return self.document.problem("", "", path).line or 1

    def read(self, value: Any) -> None:
        """Read the list."""
        if not isinstance(value or [], list):
            self._wrong("wrong-type", "`unit_tests` must be a list.", ("unit_tests",), "Start each with `- name:`.")
            return
        for number, entry in enumerate(value or []):
            path: KeyPath = ("unit_tests", number)
            before = len(self.problems)
            test = self._test(entry, path)
            if test is not None and len(self.problems) == before:
                self.found.append(test)

    def _test(self, entry: Any, path: KeyPath) -> WrittenUnitTest | None:
        texts = ("name", "model")
        if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in texts):
            message = "A unit test needs `name` and `model`, as text."
            misread = self.document.misread_values((*path, "name"))
            self.problems += misread or [self.document.problem("wrong-type", message, path, "Write both, in quotes.")]
            return None
        self._known(entry, _KEYS, path, refused=_REFUSED)
        if "expect" not in entry:
            fix = "Write expect: {rows: [...]}, an empty list for no rows."
            self._wrong("missing-key", "A unit test needs `expect`.", path, fix)
            return None
        given = entry.get("given") or []
        if not isinstance(given, list):
            self._wrong("wrong-type", "`given` must be a list.", (*path, "given"), "Start each with `- input:`.")
            return None
        overrides = self._mapping(entry, "overrides", path, _OVERRIDES)
        here = (*path, "overrides")
        environment = self._mapping(overrides, "env_vars", here)
        expect = self._fixture(entry["expect"], (*path, "expect"), _EXPECT, is_input=False)
        return WrittenUnitTest(
            name=entry["name"],
            model=entry["model"],
            description=self.values.description(entry.get("description"), self.document, (*path, "description")),
            given=tuple(one for number, row in enumerate(given) if (one := self._input(row, (*path, "given", number)))),
            expect=expect or Fixture((), None, 1),
            macros=self._mapping(overrides, "macros", here),
            variables=self._mapping(overrides, "vars", here),
            environment={str(name): str(value) for name, value in environment.items()},
            config=self._config(entry, path),
            file=self.document.file,
            line=self._line(path),
            package=self.values.package,
        )

    def _known(
        self, entry: Mapping[str, Any], known: set[str], path: KeyPath, *, refused: Collection[str] = ()
    ) -> None:
        self.problems += self.document.unknown_keys(entry, {*known, *refused}, path)
        for key in sorted(entry.keys() & set(refused)):
            self._wrong("unsupported-feature", f"`{key}` is not supported.", (*path, key), "Remove it.")

    def _mapping(
        self, entry: Mapping[str, Any], key: str, path: KeyPath, known: set[str] | None = None
    ) -> dict[str, Any]:
        value = entry.get(key) or {}
        if not isinstance(value, dict):
            self._wrong("wrong-type", f"`{key}` must be a mapping.", (*path, key), "Write `name: value` below it.")
            return {}
        if known is not None:
            self._known(value, known, (*path, key))
        return value

    def _config(self, entry: Mapping[str, Any], path: KeyPath) -> dict[str, Any]:
        given = self._mapping(entry, "config", path, _CONFIG)
        found = {}
        for key in _CONFIG & given.keys():
            found[key] = self.values.setting(given[key], self.document, (*path, "config", key))
            problem = check_type(key, found[key])
            if problem is not None:
                self._wrong(problem.code, problem.message, (*path, "config", key), problem.fix)
        return found

    def _input(self, entry: Any, path: KeyPath) -> Input | None:
        if not isinstance(entry, dict) or not isinstance(entry.get("input"), str):
            fix = "Write input: ref('model'), source('source', 'table') or this."
            self._wrong("wrong-type", "Each entry of `given` needs `input`, as text.", path, fix)
            return None
        of = subject_of(entry["input"])
        if of is None:
            fix = "Write ref('model'), source('source', 'table') or this."
            self._wrong("wrong-value", f"`{entry['input']}` is no input.", (*path, "input"), fix)
            return None
        fixture = self._fixture(entry, path, _GIVEN, is_input=True)
        return None if fixture is None else Input(entry["input"].strip(), of, fixture)

    def _fixture(self, entry: Any, path: KeyPath, known: set[str], *, is_input: bool) -> Fixture | None:
        if not isinstance(entry, dict):
            self._wrong("wrong-type", f"`{path[-1]}` must be a mapping.", path, "Write rows: [...] below it.")
            return None
        self._known(entry, known, path)
        form = entry.get("format", "dict")
        if form not in FORMATS:
            near = suggest(str(form), FORMATS)
            fix = f"Did you mean `{near}`?" if near else "Use dict, csv or sql."
            self._wrong("wrong-value", f"Unknown format `{form}`.", (*path, "format"), fix)
            return None
        rows, line = entry.get("rows"), self._line(path)
        if entry.get("fixture") is not None:
            text = self._file(entry["fixture"], str(form), path)
            if text is None:
                return None
            rows = text
        if rows is None and form == "dict" and is_input:
            return Fixture((), None, line, is_seed=True)
        if form == "dict":
            return self._rows(rows, (*path, "rows"), line)
        if not isinstance(rows, str):
            self._wrong("wrong-type", f"With format {form} `rows` is a text.", path, "Write `rows: |` and the text.")
            return None
        return Fixture((), rows, line) if form == "sql" else self._csv(rows, (*path, "rows"), line)

    def _file(self, name: Any, form: str, path: KeyPath) -> str | None:
        found = self.fixtures.get((str(name), form))
        if found is None:
            message = f"There is no fixture `{name}` of format {form}."
            fix = (
                f"Write tests/fixtures/{name}.{'sql' if form == 'sql' else 'csv'}, and `format: csv` or `format: sql`."
            )
            self._wrong("missing-fixture", message, (*path, "fixture"), fix)
        return None if found is None else found.text

    def _rows(self, rows: Any, path: KeyPath, line: int) -> Fixture | None:
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self._wrong("wrong-type", "`rows` must be a list of mappings.", path, "Write `- {column: value}`.")
            return None
        self.problems += self.document.misread_values(path)
        found = [
            Row({str(key): value for key, value in row.items()}, self._line((*path, n))) for n, row in enumerate(rows)
        ]
        return Fixture(tuple(found), None, line)

    def _csv(self, text: str, path: KeyPath, line: int) -> Fixture | None:
        records = [record for record in csv.reader(io.StringIO(text)) if record]
        names = records[0] if records else []
        if not names or any(len(record) != len(names) for record in records):
            fix = "Write the names of the columns in the first line, and as many fields in every other one."
            self._wrong("bad-csv", "The rows are no CSV with a header.", path, fix)
            return None
        rows = (dict(zip(names, (value or None for value in record), strict=True)) for record in records[1:])
        return Fixture(tuple(Row(row, line) for row in rows), None, line)


def subject_of(text: str) -> str | SourceKey | None:
    """Return what `ref(...)`, `source(...)` or `this` in a YAML file means, or None when it is none of them."""
    if text.strip() == "this":
        return THIS
    ref, source = _REF.fullmatch(text), _SOURCE.fullmatch(text)
    if ref is not None:
        return ref[2] or ref[1]
    return None if source is None else (source[1], source[2])
