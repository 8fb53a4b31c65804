"""Made-up rows for tables of any columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pusher.canary.bait import ROWS, text_sql
from pusher.compile import Manifest
from pusher.contracts import Column
from pusher.payload.sql import identifier, literal

_FEW_LITERALS = 20
_NUMBERS = 40
_TIME_NAME = re.compile(r"(?:^|_)(?:at|on|date|day|time|timestamp|ts|datetime)$", re.IGNORECASE)
_KEY_NAME = re.compile(r"(?:^|_)(?:id|key|uuid|number|nr)$", re.IGNORECASE)
# `id` alone is the key of any table, `customer_id` that of customers.
_JOIN_NAME = re.compile(r"._(?:id|key|uuid|number|nr|no)$", re.IGNORECASE)
_EPOCH_NAME = re.compile(r"(?:^|_)(?:at|time|timestamp|ts|epoch|seconds)$", re.IGNORECASE)


class MadeUp:
    """Makes rows that get through the joins and filters of a project as often as possible.

    Args:
        manifest: The compiled project.
        personal: Kinds of identifiers of each column that holds some, by `source.table.column`.
        now: Moment of the run; times lie in the hours before it.
    """

    def __init__(self, manifest: Manifest, personal: Mapping[str, Sequence[str]], now: datetime) -> None:
        self._personal, self._now = personal, now
        # A column of another table that has the name of an identifier is what it is joined by, unless it is tagged.
        names = {name.rpartition(".")[2].lower(): kinds for name, kinds in personal.items()}
        self._by_name = {name: kinds for name, kinds in names.items() if _JOIN_NAME.search(name)}
        self._tagged = {
            f"{'.'.join(key)}.{column.name}"
            for key, source in manifest.sources.items()
            for column in source.columns
            if "pii" in column.meta
        }
        self._literals = _literals(manifest)

    def rows_sql(self, table: str, columns: Sequence[Column]) -> str:
        """Return a query that gives the rows of a table.

        Args:
            table: Source and table, or seed.
            columns: Its columns.
        """
        values = []
        for column in columns:
            name = f"{table}.{column.name}"
            joined = () if name in self._tagged else self._by_name.get(column.name.lower(), ())
            kinds = self._personal.get(name) or joined
            value = _typed(column.type, kinds, column.name, self._plain(column.name), self._now)
            values.append(f"{value} as {identifier(column.name)}")
        return f"select {', '.join(values)} from range({ROWS}) as rows(i)"

    def _plain(self, name: str) -> str:
        """Return an expression for a text that is no identifier."""
        if _TIME_NAME.search(name):
            return f"strftime({_moment(self._now)}, '%Y-%m-%d %H:%M:%S')"
        if _KEY_NAME.search(name):
            return "cast(i as varchar)"
        known = self._literals.get(name.lower())
        # A number as text can be cast; what has been renamed on the way may still be compared with a word.
        words = [*known, "other"] if known else [*map(str, range(1, _NUMBERS + 1)), *self._literals[""]]
        # Independent of every other column, so that all combinations come; the same in each run.
        return f"[{', '.join(map(literal, words))}][cast(hash(i || {literal(name)}) % {len(words)} as integer) + 1]"


def _moment(now: datetime) -> str:
    start = (now - timedelta(hours=1)).replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
    return f"(timestamp '{start}' - to_hours(cast(i as integer)))"


def _typed(type_: str, kinds: Sequence[str], name: str, plain: str, now: datetime) -> str:
    """Return an expression of a type."""
    kind = kinds[0] if kinds else None
    upper = type_.upper()
    if upper.endswith("[]"):
        return f"[{_typed(type_[:-2], kinds, name, plain, now)}]"
    if upper.startswith("STRUCT("):
        fields = (f"{identifier(one)} := {_typed(of, kinds, one, plain, now)}" for one, of in _fields(type_))
        return f"struct_pack({', '.join(fields)})"
    if kind is not None:
        value = text_sql(kind)
        number = f"regexp_replace({value}, '[^0-9]', '', 'g')" if kind == "phone" else "i + 1"
        return {"VARCHAR": value, "JSON": f"to_json({value})"}.get(upper, f"try_cast({number} as {type_})")
    if upper == "VARCHAR":
        return plain
    if upper.startswith("TIMESTAMP") or upper in {"DATE", "TIME"}:
        return f"try_cast({_moment(now)} as {type_})"
    if upper == "BOOLEAN":
        return "i % 5 <> 4"
    if _EPOCH_NAME.search(name) and upper in {"BIGINT", "HUGEINT", "UBIGINT", "DOUBLE"}:
        return f"cast(epoch({_moment(now)}) as {type_})"
    return f"try_cast(i % 100 + 1 as {type_})"


def _fields(type_: str) -> Iterator[tuple[str, str]]:
    """Yield names and types of a STRUCT's fields."""
    depth, quoted, start, inside = 0, False, 0, type_[type_.index("(") + 1 : -1]
    parts = []
    for place, letter in enumerate(inside):
        quoted ^= letter == '"'
        depth += 0 if quoted else (letter == "(") - (letter == ")")
        if letter == "," and depth == 0 and not quoted:
            parts.append(inside[start:place])
            start = place + 1
    for part in [*parts, inside[start:]]:
        written = part.strip()
        if written.startswith('"'):
            end = written.index('"', 1)
            yield written[1:end], written[end + 1 :].strip()
        else:
            name, _, of = written.partition(" ")
            yield name, of


def _literals(manifest: Manifest) -> dict[str, list[str]]:
    """Return the texts that SQL compares columns with: by the column's name, and under an empty name all of them.

    Made-up rows need such values to get through filters.
    """
    found: dict[str, dict[str, None]] = {"": {}}
    for name, model in manifest.models.items():
        if model.seed is not None:
            continue
        for left, values in _comparisons(manifest.analysis_sql(name)):
            for key in (left, ""):
                found.setdefault(key, {}).update(dict.fromkeys(values))
    return {name: list(values)[:_FEW_LITERALS] for name, values in found.items()}


def _comparisons(sql: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each column that is compared with texts, in lower case, and the texts."""
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except (SqlglotError, RecursionError):
        return
    for node in tree.find_all(exp.EQ, exp.NEQ, exp.In, exp.Case):
        others = [case.this for case in node.args["ifs"]] if isinstance(node, exp.Case) else []
        others += node.expressions if isinstance(node, exp.In) else [node.args.get("expression")]
        left = node.this.find(exp.Column) if node.this is not None else None
        values = [one.name for one in others if isinstance(one, exp.Literal) and one.is_string]
        if left is not None and values:
            yield left.name.lower(), values
