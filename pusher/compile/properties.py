"""models/**/*.yml in dbt's schema: sources, and what models and columns are documented as."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pusher.compile import configs, data_test_configs, hooks, locations, seeds
from pusher.compile.exposures import Exposure, ExposureReader
from pusher.compile.files import TextFile, YamlFile
from pusher.compile.model import ColumnDoc, Relation, Source, SourceKey, WrittenTest
from pusher.compile.unit_test_properties import UnitTestReader
from pusher.compile.unit_tests import WrittenUnitTest
from pusher.compile.values import KeyPath, Values
from pusher.config import Document, load_yaml
from pusher.errors import ConfigError, Problem

# Accepted without effect on what is built; dbt and documentation tools read them.
_TOP = {
    "version",
    "models",
    "sources",
    "exposures",
    "macros",
    "data_tests",
    "analyses",
    "anchors",
    "seeds",
    "unit_tests",
}
_TOP_REFUSED = {"groups", "snapshots", "metrics", "semantic_models", "saved_queries", "functions"}
_MODEL = {
    "name", "description", "docs", "config", "columns", "meta", "tags", "data_tests", "tests", "constraints",
    "deprecation_date",
}  # fmt: skip
_MODEL_REFUSED = {"access", "group", "latest_version", "versions", "time_spine"}
_SEED = {"name", "description", "docs", "config", "columns", "meta", "tags", "data_tests", "tests"}
_COLUMN = {
    "name",
    "data_type",
    "description",
    "quote",
    "data_tests",
    "tests",
    "meta",
    "tags",
    "constraints",
    "config",
    "granularity",
}
_COLUMN_CONFIG = {"meta", "tags"}
_SHARED = {
    "name", "description", "meta", "tags", "config", "loader", "loaded_at_field", "loaded_at_query", "freshness",
    "quoting", "data_tests", "tests",
}  # fmt: skip
_SOURCE = _SHARED | {"database", "schema", "tables"}
_TABLE = _SHARED | {"identifier", "columns", "external"}
_SOURCE_CONFIG = {
    "meta", "tags", "enabled", "external_location", "formatter", "freshness", "loaded_at_field", "loaded_at_query",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ModelPatch:
    """What YAML says about a model or a seed.

    Attributes:
        top: Key of the list that it stands in, `models` or `seeds`.
        file: YAML file.
        line: 1-based line of the entry.
        description: Text for people.
        config: Its configuration, `meta` and `tags` included.
        columns: Described columns by name.
        data_tests: Tests of the model, as written.
        constraints: 1-based line of the first of its constraints, or None.
        package: Name of the package that has the file, empty for the project itself.
    """

    top: str
    file: str
    line: int
    description: str
    config: Mapping[str, Any]
    columns: Mapping[str, ColumnDoc]
    data_tests: tuple[WrittenTest, ...]
    constraints: int | None = None
    package: str = ""


@dataclass(slots=True)
class Properties:
    """Everything from all YAML files.

    Attributes:
        patches: Models and seeds by name.
        sources: Sources by their two names.
        unit_tests: Unit tests, in order of files.
        exposures: Exposures, in order of files.
        problems: What is wrong.
    """

    patches: dict[str, ModelPatch] = field(default_factory=dict)
    sources: dict[SourceKey, Source] = field(default_factory=dict)
    unit_tests: list[WrittenUnitTest] = field(default_factory=list)
    exposures: list[Exposure] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class _Reader:
    """Reads one file into the shared result; the document gives every problem its line."""

    def __init__(self, document: Document, root: Path, database: str, values: Values, into: Properties) -> None:
        self._document, self._root, self._database = document, root, database
        self._package = values.package
        self._render, self._describe, self._into = values.setting, values.description, into

    def _wrong(self, code: str, message: str, path: KeyPath, fix: str | None = None) -> None:
        self._into.problems.append(self._document.problem(code, message, path, fix))

    def _mappings(
        self, value: Any, path: KeyPath, known: set[str], refused: set[str]
    ) -> list[tuple[KeyPath, dict[str, Any]]]:
        """Return the named entries of a list, with unknown keys noted."""
        if not isinstance(value or [], list):
            self._wrong("wrong-type", f"`{path[-1]}` must be a list.", path, "Start each entry with `- name:`.")
            return []
        found = []
        for number, entry in enumerate(value or []):
            here = (*path, number)
            if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
                message, fix = f"Each entry of `{path[-1]}` needs a name, as text.", "Write `- name: '...'`, in quotes."
                misread = self._document.misread_values((*here, "name"))
                self._into.problems += misread or [self._document.problem("wrong-type", message, here, fix)]
                continue
            self._into.problems += self._document.unknown_keys(entry, known | refused, here)
            for key in sorted(refused & entry.keys()):
                self._wrong("unsupported-feature", f"`{key}` is not supported.", (*here, key), "Remove it.")
            found.append((here, entry))
        return found

    def _mapping(self, entry: Mapping[str, Any], key: str, path: KeyPath) -> dict[str, Any]:
        value = entry.get(key) or {}
        if isinstance(value, dict):
            return value
        self._wrong(
            "wrong-type", f"`{key}` must be a mapping.", (*path, key), "Write one `name: value` a line below it."
        )
        return {}

    def _tags(self, entry: Mapping[str, Any], config: Mapping[str, Any], path: KeyPath) -> tuple[str, ...]:
        found: list[str] = []
        for holder, here in ((entry, path), (config, (*path, "config"))):
            value = holder.get("tags") or []
            problem = configs.check_value("tags", value)
            if problem:
                self._wrong(problem.code, problem.message, (*here, "tags"), problem.fix)
            else:
                found += [value] if isinstance(value, str) else value
        return tuple(sorted(set(found)))

    def _tests(self, entry: Mapping[str, Any], path: KeyPath) -> tuple[WrittenTest, ...]:
        key = "data_tests" if "data_tests" in entry else "tests"
        if key == "data_tests" and entry.get("tests"):
            fix = "Move all of them below `data_tests`."
            self._wrong(
                "duplicate-key", "`tests` is the old name of `data_tests`: both are given.", (*path, "tests"), fix
            )
        value = entry.get(key) or []
        if not isinstance(value, list):
            self._wrong("wrong-type", "`data_tests` must be a list.", path, "Start each test with a dash.")
            return ()
        read = [self._test(one, (*path, key, number)) for number, one in enumerate(value)]
        return tuple(one for one in read if one is not None)

    def _test(self, entry: Any, path: KeyPath) -> WrittenTest | None:
        """Read `not_null`, `{unique: {...}}` or `{test_name: unique, ...}`."""
        if isinstance(entry, str):
            return WrittenTest(entry, {}, {}, None, self._document.file, *self._place(path))
        given: Any
        if isinstance(entry, dict) and isinstance(entry.get("test_name"), str):
            name, given = entry["test_name"], {key: value for key, value in entry.items() if key != "test_name"}
        elif isinstance(entry, dict) and len(entry) == 1 and isinstance(next(iter(entry)), str):
            (name, given), path = next(iter(entry.items())), (*path, next(iter(entry)))
        else:
            fix = "Write `- not_null`, or `- accepted_values:` with its settings indented below it."
            self._wrong("wrong-type", "A data test is one name, with or without settings.", path, fix)
            return None
        if not isinstance(given or {}, dict):
            self._wrong("wrong-type", f"`{name}` must be a mapping.", path, "Write one `name: value` a line below it.")
            return None
        return self._settings_of_test(name, given or {}, path)

    def _settings_of_test(self, name: str, given: Mapping[str, Any], path: KeyPath) -> WrittenTest | None:
        given_name = given.get("name")
        if given_name is not None and not isinstance(given_name, str):
            self._wrong("wrong-type", "`name` must be text.", (*path, "name"), "Quote it.")
            return None
        legacy = {key: value for key, value in given.items() if key in data_test_configs.KNOWN_KEYS}
        config = self._mapping(given, "config", path)
        accepted = {}
        for key, raw, here in (
            *((key, value, (*path, key)) for key, value in legacy.items()),
            *((key, value, (*path, "config", key)) for key, value in config.items()),
        ):
            value = self._render(raw, self._document, here)
            problem = data_test_configs.check(str(key), value)
            if problem is None:
                accepted[key] = value
            else:
                self._wrong(problem.code, problem.message, here, problem.fix)
        taken = {"name", "description", "config", "arguments", *legacy}
        bare = {key: value for key, value in given.items() if key not in taken}
        for key in ("arguments", *bare):
            self._into.problems += self._document.misread_values((*path, key))
        inner = self._mapping(given, "arguments", path)
        line, begins = self._place(path)
        return WrittenTest(
            name=name,
            arguments={**bare, **inner},
            config=accepted,
            given_name=given_name,
            file=self._document.file,
            line=line,
            begins=begins,
            is_bare=bool(bare),
            places={
                **{key: self._place((*path, key)) for key in bare},
                **{key: self._place((*path, "arguments", key)) for key in inner},
            },
        )

    def _columns(self, entry: Mapping[str, Any], path: KeyPath) -> dict[str, ColumnDoc]:
        found: dict[str, ColumnDoc] = {}
        for here, column in self._mappings(entry.get("columns"), (*path, "columns"), _COLUMN, set()):
            name, config = column["name"], self._mapping(column, "config", here)
            self._into.problems += self._document.unknown_keys(config, _COLUMN_CONFIG, (*here, "config"))
            if name in found:
                self._wrong("duplicate-column", f"Column `{name}` is listed twice.", here, "Keep one entry.")
            data_type = column.get("data_type")
            if data_type is not None and not isinstance(data_type, str):
                self._wrong("wrong-type", "`data_type` must be text.", (*here, "data_type"), "Quote it.")
                data_type = None
            found[name] = ColumnDoc(
                name=name,
                data_type=data_type,
                description=self._description(column, here),
                meta={**self._mapping(column, "meta", here), **self._mapping(config, "meta", (*here, "config"))},
                tags=self._tags(column, config, here),
                line=self._line(here),
                data_tests=self._tests(column, here),
                quote=column.get("quote") is True,
            )
        return found

    def _description(self, entry: Mapping[str, Any], path: KeyPath) -> str:
        return self._describe(entry.get("description"), self._document, (*path, "description"))

    def _line(self, path: KeyPath) -> int:
        return self._place(path)[0]

    def _place(self, path: KeyPath) -> tuple[int, int]:
        """Return line and column of a key, or of the nearest around it."""
        found = self._document.problem("", "", path)
        return found.line or 1, found.column or 1

    def models(self, value: Any) -> None:
        """Read the `models:` list."""
        self._patches(self._mappings(value, ("models",), _MODEL, _MODEL_REFUSED), "models", configs.MODEL_KEYS)

    def seeds(self, value: Any) -> None:
        """Read the `seeds:` list."""
        self._patches(self._mappings(value, ("seeds",), _SEED, set()), "seeds", seeds.KEYS)

    def _patches(self, entries: Iterable[tuple[KeyPath, dict[str, Any]]], top: str, keys: configs.Keys) -> None:
        for here, entry in entries:
            name = entry["name"]
            if name in self._into.patches:
                first = self._into.patches[name]
                what = top.removesuffix("s").capitalize()
                message = f"{what} `{name}` is described twice, first in {first.file}:{first.line}."
                self._wrong("duplicate-entry", message, here, "Keep one entry.")
                continue
            self._into.patches[name] = ModelPatch(
                top=top,
                file=self._document.file,
                line=self._line(here),
                description=self._description(entry, here),
                config=self._config(entry, here, keys),
                columns=self._columns(entry, here),
                data_tests=self._tests(entry, here),
                constraints=self._constraints(entry, here),
                package=self._package,
            )

    def _constraints(self, entry: Mapping[str, Any], path: KeyPath) -> int | None:
        columns = entry.get("columns") or []
        holders = [(entry, path), *((one, (*path, "columns", number)) for number, one in enumerate(columns))]
        found = (here for holder, here in holders if isinstance(holder, dict) and holder.get("constraints"))
        return next((self._line((*here, "constraints")) for here in found), None)

    def _config(self, entry: Mapping[str, Any], path: KeyPath, keys: configs.Keys) -> dict[str, Any]:
        shorthand = {key: entry[key] for key in ("meta", "tags") if key in entry}
        layers = []
        for given, here in ((shorthand, path), (self._mapping(entry, "config", path), (*path, "config"))):
            accepted: dict[str, Any] = {}
            for key, raw in given.items():
                # A hook is rendered with its model.
                value = raw if key in hooks.SPELLINGS else self._render(raw, self._document, (*here, key))
                problem = keys.check(str(key), value)
                if problem is None and key in hooks.SPELLINGS:
                    more = hooks.written(value, partial(configs.place, self._document, (*here, key)))
                    accepted = configs.merge(accepted, {hooks.SPELLINGS[key]: more})
                elif problem is None:
                    accepted[key] = value
                else:
                    self._wrong(problem.code, problem.message, (*here, key), problem.fix)
            layers.append(accepted)
        return configs.merge(*layers)

    def sources(self, value: Any) -> None:
        """Read the `sources:` list."""
        for here, entry in self._mappings(value, ("sources",), _SOURCE, {"overrides"}):
            outer = self._settings(entry, here)
            for place, table in self._mappings(entry.get("tables"), (*here, "tables"), _TABLE, set()):
                inner = self._settings(table, place)
                if {**outer, **inner}.get("enabled", True):
                    self._table(entry, table, place, {**outer, **inner, "meta": {**outer["meta"], **inner["meta"]}})

    def _settings(self, entry: Mapping[str, Any], path: KeyPath) -> dict[str, Any]:
        """Return a source's or table's rendered `config`, with `meta` in one."""
        config = self._mapping(entry, "config", path)
        self._into.problems += self._document.unknown_keys(config, _SOURCE_CONFIG, (*path, "config"))
        rendered = self._render(config, self._document, (*path, "config"))
        # Nobody can edit the files of a package.
        for holder, here in ((entry, path), (config, (*path, "config"))) if not self._package else ():
            if holder.get("freshness"):
                fix = "Remove it; a data test of the newest row asks the same."
                self._wrong("unsupported-feature", "`freshness` is not supported.", (*here, "freshness"), fix)
        meta = self._render(self._mapping(entry, "meta", path), self._document, (*path, "meta"))
        return {**rendered, "meta": {**meta, **self._mapping(rendered, "meta", (*path, "config"))}}

    def _table(
        self, source: Mapping[str, Any], table: Mapping[str, Any], path: KeyPath, settings: Mapping[str, Any]
    ) -> None:
        key = (source["name"], table["name"])
        if key in self._into.sources:
            first = self._into.sources[key]
            message = f"Source `{key[0]}.{key[1]}` is declared twice, first in {first.file}:{first.line}."
            self._wrong("duplicate-entry", message, path, "Keep one entry.")
            return
        names = {
            "database": source.get("database") or self._database,
            "schema": source.get("schema") or source["name"],
            "identifier": table.get("identifier") or table["name"],
        }
        names = {part: str(self._render(value, self._document, path)) for part, value in names.items()}
        columns = self._columns(table, path)
        location = self._location(key, names, settings, path, columns.values())
        self._into.sources[key] = Source(
            source_name=key[0],
            name=key[1],
            file=self._document.file,
            line=self._line(path),
            columns=tuple(columns.values()),
            external=location.sql if location else None,
            paths=location.paths if location else (),
            relation=Relation.of(names["database"], names["schema"], names["identifier"]),
            stub=Relation.of(self._database, f"source {key[0]}", key[1]),
            description=self._description(table, path),
            meta=settings["meta"],
            tags=tuple(
                sorted(
                    {
                        *self._tags(source, source.get("config") or {}, path),
                        *self._tags(table, table.get("config") or {}, path),
                    }
                )
            ),
            data_tests=self._tests(table, path),
            package=self._package,
        )

    def _location(
        self,
        key: SourceKey,
        names: Mapping[str, str],
        settings: Mapping[str, Any],
        path: KeyPath,
        columns: Iterable[ColumnDoc],
    ) -> locations.Location | None:
        meta = settings["meta"]
        text = settings.get("external_location", meta.get("external_location"))
        if text is None:
            return None
        formatter = str(settings.get("formatter", meta.get("formatter", "newstyle")))
        if formatter not in locations.FORMATTERS or not isinstance(text, str):
            known = ", ".join(locations.FORMATTERS)
            self._wrong(
                "wrong-value",
                "`external_location` must be text and `formatter` a known one.",
                path,
                f"Formatters: {known}.",
            )
            return None
        fields = {**{name: str(value) for name, value in meta.items()}, **names, "name": key[1], "source_name": key[0]}
        try:
            types = {column.name: column.data_type for column in columns if column.data_type is not None}
            return locations.parse(locations.fill(text, formatter, fields), self._root, types)
        except locations.LocationError as error:
            self._wrong("bad-location", str(error), path, error.fix)
            return None


def _known_top_keys(document: Document, into: Properties) -> dict[str, Any]:
    found = document.value or {}
    if not isinstance(found, dict):
        into.problems.append(
            document.problem(
                "wrong-type", "The file must be a mapping of keys.", (), "Write `models:` or `sources:` first."
            )
        )
        return {}
    into.problems += document.unknown_keys(found, _TOP | _TOP_REFUSED, ())
    into.problems += [
        document.problem(
            "unsupported-feature", f"`{key}` is not supported.", (key,), "Remove it, or keep it out of this project."
        )
        for key in sorted(_TOP_REFUSED & found.keys())
        if found[key]
    ]
    return found


def read(
    files: list[YamlFile],
    *,
    root: Path,
    database: str,
    values: Values,
    fixtures: Mapping[tuple[str, str], TextFile],
    parse: Callable[[str, str], Document] | None = None,
) -> Properties:
    """Read all YAML files; never raises, problems are part of the result.

    Args:
        files: The files.
        root: Folder of the project.
        database: Name of the database that relations stand in.
        values: Renders what stands in them.
        fixtures: Files with rows of unit tests.
        parse: Parses a file, given its text and name; strictly by default.
    """
    into = Properties()
    for file in files:
        values.package = file.package
        try:
            document = load_yaml(file.absolute, file.path, parse)
        except ConfigError as error:
            into.problems += error.problems
            continue
        found = _known_top_keys(document, into)
        reader = _Reader(document, root, database, values, into)
        reader.models(found.get("models"))
        reader.seeds(found.get("seeds"))
        reader.sources(found.get("sources"))
        tests = UnitTestReader(document, values, fixtures)
        tests.read(found.get("unit_tests"))
        into.unit_tests += tests.found
        exposures = ExposureReader(document, values)
        exposures.read(found.get("exposures"))
        into.exposures += exposures.found
        into.problems += [*tests.problems, *exposures.problems]
    values.package = ""
    return into
