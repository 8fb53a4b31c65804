"""Where a source's files lie: dbt-duckdb's `external_location` as SQL text with absolute paths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pusher.config.profile import PROFILES_FILE
from pusher.payload.sql import literal

_READERS = {
    "read_csv", "read_csv_auto", "read_parquet", "parquet_scan", "read_json", "read_json_auto", "read_ndjson",
    "read_ndjson_auto",
}  # fmt: skip
_CSV = ("read_csv", "read_csv_auto")
_CSV_FILE = re.compile(r"[.][ct]sv([.](gz|zst))?$", re.IGNORECASE)
# With these the call itself says what the columns are.
_OWN_TYPES = re.compile(r"\b(?:types|dtypes|columns|column_types|all_varchar)\s*:?=", re.IGNORECASE)
_DROPS_ROWS = re.compile(r"\b(ignore_errors|store_rejects)\s*(?::?=)\s*(?!false\b)", re.IGNORECASE)
_CALL = re.compile(r"\s*(\w+)\s*\(")
_TEXT = re.compile(r"'((?:[^']|'')*)'")
_URL = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_FIELDS = {
    "newstyle": re.compile(r"(?P<escaped>\{\{|\}\})|\{(?P<name>\w+)\}|(?P<stray>[{}])"),
    "oldstyle": re.compile(r"(?P<escaped>%%)|%\((?P<name>\w+)\)s|(?P<stray>%)"),
    "template": re.compile(r"(?P<escaped>\$\$)|\$\{?(?P<name>\w+)\}?|(?P<stray>\$)"),
}
FORMATTERS = tuple(_FIELDS)


class LocationError(ValueError):
    """The location cannot be used.

    Attributes:
        fix: What to do.
    """

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Location:
    """A source's files.

    Attributes:
        sql: Quoted path or call, to select from.
        paths: Absolute files and globs in it.
    """

    sql: str
    paths: tuple[str, ...]


def fill(text: str, formatter: str, values: Mapping[str, str]) -> str:
    """Fill a location's fields as dbt-duckdb's formatter of that name does.

    Raises:
        LocationError: A field is unknown or a brace stands alone.
    """

    def value(found: re.Match[str]) -> str:
        if found["escaped"]:
            return found["escaped"][0]
        if found["stray"]:
            raise LocationError(
                f"`{found['stray']}` stands alone in external_location.",
                "Use `formatter: oldstyle` and %(name)s when the call has braces of its own.",
            )
        if found["name"] not in values:
            raise LocationError(
                f"external_location knows no field `{found['name']}`.", f"Known: {', '.join(sorted(values))}."
            )
        return values[found["name"]]

    return _FIELDS[formatter].sub(value, text)


def _resolved(root: Path, path: str) -> str:
    if _URL.match(path):
        raise LocationError("A source must be a local file.", "Copy the file beside the project first.")
    # An absolute path stays as it is.
    found = root / Path(path).expanduser()
    if is_private(found, root):
        message = f"A source may not be {PROFILES_FILE}, nor lie in a hidden folder."
        raise LocationError(message, "Copy the file into a folder for data.")
    return str(found)


def is_private(path: Path, root: Path) -> bool:
    """Whether state and secrets lie at a place, also by way of a link.

    Args:
        path: File, or a pattern of files.
        root: Folder of the project.
    """
    real = path.resolve()
    parts = real.relative_to(root).parts if real.is_relative_to(root) else real.parts
    return real.name == PROFILES_FILE or any(part.startswith(".") for part in parts)


def _first_argument_end(text: str, start: int) -> int:
    """Return where the first argument of a call ends; texts in quotes are skipped."""
    depth, at = 0, start
    while at < len(text):
        quoted = _TEXT.match(text, at)
        if quoted:
            at = quoted.end()
            continue
        if text[at] in "([{":
            depth += 1
        elif text[at] in ")]}":
            depth -= 1
        if depth < 0 or (depth == 0 and text[at] == ","):
            return at
        at += 1
    return at


def _types_argument(types: Mapping[str, str]) -> str:
    return f"types = {{{', '.join(f'{literal(name)}: {literal(type_)}' for name, type_ in types.items())}}}"


def parse(text: str, root: Path, types: Mapping[str, str] | None = None) -> Location:
    """Return the location's SQL with paths resolved against the project.

    A CSV file has no types, and what DuckDB guesses depends on the rows of the day: declared types are given to the
    reader.

    Args:
        text: The location, its fields filled.
        root: Folder of the project.
        types: Declared types by column.

    Raises:
        LocationError: It is no path and no known call over paths, or it would drop rows in silence.
    """
    call = _CALL.match(text)
    if call is None:
        path = _resolved(root, text.strip().strip("'"))
        if types and _CSV_FILE.search(path):
            return Location(f"read_csv({literal(path)}, {_types_argument(types)})", (path,))
        return Location(literal(path), (path,))
    if call.group(1).lower() not in _READERS:
        raise LocationError(
            f"`{call.group(1)}` cannot be used as a source.", f"Use a path or one of: {', '.join(sorted(_READERS))}."
        )
    dropping = _DROPS_ROWS.search(_TEXT.sub("''", text))
    if dropping:
        raise LocationError(
            f"`{dropping[1]}` leaves out rows that cannot be read, and nobody is told.",
            f"Remove {dropping[1]}: an error names the line. To judge rows in SQL, read with all_varchar = true.",
        )
    end = _first_argument_end(text, call.end())
    paths: list[str] = []

    def resolve(found: re.Match[str]) -> str:
        paths.append(_resolved(root, found.group(1).replace("''", "'")))
        return literal(paths[-1])

    argument = _TEXT.sub(resolve, text[call.end() : end])
    if not paths:
        raise LocationError("The call names no file in quotes.", "Write read_csv('data/file.csv', ...).")
    rest = text[end:]
    if types and call.group(1).lower() in _CSV and not _OWN_TYPES.search(_TEXT.sub("''", rest)):
        rest = f", {_types_argument(types)}{rest}"
    return Location(text[: call.end()] + argument + rest, tuple(paths))
