r"""Seeds: CSV files of the project that become tables, with the types that dbt gives their columns.

dbt looks at all values of a column: whole numbers, numbers, dates, moments, true and false, else text; a column
without values is one of whole numbers. Here the engine itself looks, and what is read by these types cannot fail.
Where dbt guesses a type that the file then does not fit (`19999999999` as a 32-bit number), the next wider one is
taken.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from pusher.compile.configs import Keys, check_type
from pusher.config import suggest
from pusher.contracts import Column, Engine, EngineError
from pusher.errors import Problem
from pusher.payload.sql import identifier, literal

MATERIALIZED = "seed"
_KNOWN = frozenset(
    {
        "enabled", "alias", "schema", "tags", "meta", "description", "docs", "persist_docs",
        "full_refresh", "quote_columns", "column_types", "delimiter",
    }
)  # fmt: skip
_REFUSED = frozenset(
    {
        "pre_hook", "post_hook", "pre-hook", "post-hook", "database", "grants", "contract", "event_time", "fast",
        "freshness", "materialized", "group", "access",
    }
)  # fmt: skip
_LONGEST_HEADER_CHARS = 1_000_000
_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
_WHOLE = r"[+-]?\d+"
_FRACTION = r"[+-]?\d*\.\d*[1-9]\d*"
_DATE = r"\d{4}-\d{1,2}-\d{1,2}"
_MOMENT = r"\d{4}-\d{1,2}-\d{1,2} \d{1,2}:\d{1,2}:\d{1,2}"
_ISO_MOMENT = r"\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}(:?\d{2})?)?"
_BAD_LINE = re.compile(r"^Line (\d+) of ")


def check(key: str, value: Any) -> Problem | None:
    """Return what is wrong with a setting of a seed, without a place, or None."""
    if key in _REFUSED:
        return Problem("unsupported-config", f"`{key}` of a seed is not supported.", fix="Remove it.")
    if key not in _KNOWN:
        near = suggest(key, _KNOWN)
        fix = f"Did you mean `{near}`?" if near else f"Known: {', '.join(sorted(_KNOWN))}."
        return Problem("unknown-config", f"Unknown setting `{key}` of a seed.", fix=fix)
    if key == "delimiter" and not (isinstance(value, str) and len(value) == 1):
        return Problem("wrong-type", "`delimiter` must be one character.", fix='Write delimiter: ";".')
    is_types = isinstance(value, Mapping) and all(isinstance(one, str) for pair in value.items() for one in pair)
    if key == "column_types" and not is_types:
        return Problem("wrong-type", "`column_types` must be a mapping of texts.", fix="Write {zip_code: varchar}.")
    return check_type(key, value)


KEYS = Keys(_KNOWN, _REFUSED, check)


@dataclass(frozen=True, slots=True)
class Seed:
    """A CSV file of the project.

    Attributes:
        path: POSIX path relative to the project.
        absolute: Where it lies.
        folder: Folders between the seed path and the file.
        delimiter: What stands between two fields.
        column_types: Types that the configuration gives, by column.
        package: Name of the package that has it, empty for the project itself.
    """

    path: str
    absolute: Path
    folder: tuple[str, ...]
    delimiter: str = ","
    column_types: Mapping[str, str] | None = None
    package: str = ""

    @property
    def name(self) -> str:
        """File name without its ending."""
        return self.absolute.stem


def configured(seed: Seed, config: Mapping[str, Any]) -> Seed:
    """Return a seed with the settings that say how it is read."""
    return replace(seed, delimiter=config.get("delimiter", ","), column_types=config.get("column_types"))


class SeedQuery(NamedTuple):
    """How the rows of a seed are read.

    Attributes:
        columns: Its columns.
        sql: A query that gives its rows.
    """

    columns: list[Column]
    sql: str


def seed_query(engine: Engine, seed: Seed) -> SeedQuery | Problem:
    """Return how a seed is read, or what is wrong with its file; reads the whole file once.

    Args:
        engine: May read the file.
        seed: The seed.
    """
    names = _header(seed)
    if isinstance(names, Problem):
        return names
    given = {name.lower(): type_ for name, type_ in (seed.column_types or {}).items()}
    for name in seed.column_types or {}:
        if name.lower() not in {one.lower() for one in names}:
            near = suggest(name, names)
            fix = f"Did you mean `{near}`?" if near else f"Columns: {', '.join(names)}."
            message = f"`column_types` names `{name}`, which is no column."
            return Problem("unknown-column", message, seed.path, 1, 1, fix)
    try:
        guessed = dict(zip(names, _guessed(engine, seed, names), strict=True))
        columns = [Column(name, given.get(name.lower(), guessed[name])) for name in names]
        sql = f"select * from {_reading(seed, columns)}"
        return SeedQuery(engine.columns(sql), sql)
    except EngineError as error:
        return failed_read(seed, error)


def failed_read(seed: Seed, error: EngineError) -> Problem:
    """Return the error of an engine that read a seed as a problem in its file."""
    found = _BAD_LINE.match(error.message)
    fix = error.fix or "Correct the file, or the `column_types` of this seed."
    return Problem(f"sql-{error.kind}", error.message, seed.path, int(found[1]) if found else 1, 1, fix)


def _header(seed: Seed) -> list[str] | Problem:
    """Return the names in the first line, as they are; DuckDB would make up names for what is missing or twice."""
    try:
        with seed.absolute.open(encoding="utf-8-sig", newline="") as file:
            text = csv.reader(iter(lambda: file.readline(_LONGEST_HEADER_CHARS), ""), delimiter=seed.delimiter)
            names = next(text, [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 or no CSV"
        message, fix = f"Cannot read the header: {reason}.", "Save the file as CSV in UTF-8."
        return Problem("unreadable-file", message, seed.path, 1, 1, fix)
    if not any(name.strip() for name in names):
        return Problem("no-header", "The file has no header.", seed.path, 1, 1, "Write the columns' names in line 1.")
    seen: set[str] = set()
    for name in names:
        if not name.strip() or name.lower() in seen:
            what = f"Column `{name}` stands twice in the header." if name.strip() else "A column has no name."
            return Problem("bad-header", what, seed.path, 1, 1, "Give each column a name of its own.")
        seen.add(name.lower())
    return names


def _reading(seed: Seed, columns: Sequence[Column]) -> str:
    """Return the call that reads the file; nothing is guessed by it, so no line is skipped."""
    types = ", ".join(f"{literal(column.name)}: {literal(column.type)}" for column in columns)
    options = f"header = true, auto_detect = false, delim = {literal(seed.delimiter)}, quote = '\"', escape = '\"'"
    return f"read_csv({literal(str(seed.absolute))}, {options}, columns = {{{types}}})"


def _guessed(engine: Engine, seed: Seed, names: Sequence[str]) -> list[str]:
    texts = _reading(seed, [Column(name, "VARCHAR") for name in names])
    guesses = ", ".join(_guess(identifier(name)) for name in names)
    return list(map(str, engine.rows(f"select {guesses} from {texts}")[0]))


def _guess(column: str) -> str:
    """Return the expression that says which type all values of a column have, NULL left out."""
    text = f"trim({column})"

    def every(pattern: str, *types: str) -> str:
        read = "".join(f" and try_cast({text} as {type_}) is not null" for type_ in types)
        matches = f"regexp_full_match({text}, {literal(pattern)}){read}"
        return f"coalesce(bool_and({matches}) filter ({column} is not null), true)"

    with_exponent = f"contains(lower({text}), 'e') and try_cast({text} as double) != floor(try_cast({text} as double))"
    has_fraction = f"coalesce(bool_or(regexp_full_match({text}, {literal(_FRACTION)}) or ({with_exponent})), false)"
    return f"""case
        when {every(_NUMBER, "double")} then case
            when {has_fraction} then 'DOUBLE'
            when {every(_NUMBER, "integer")} then 'INTEGER'
            when {every(_NUMBER, "bigint")} then 'BIGINT'
            when {every(_NUMBER, "hugeint")} then 'HUGEINT'
            when {every(_WHOLE)} then 'VARCHAR'
            else 'DOUBLE'
        end
        when {every(_DATE, "date")} then 'DATE'
        when {every(_MOMENT, "timestamp")} or {every(_ISO_MOMENT, "timestamp")} then 'TIMESTAMP'
        when coalesce(bool_and(lower({column}) in ('true', 'false')), true) then 'BOOLEAN'
        else 'VARCHAR'
    end"""
