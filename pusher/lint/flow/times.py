"""Which columns of a source hold a time, and in which zone."""

from __future__ import annotations

import re

from sqlglot import exp

from pusher.compile import ColumnDoc
from pusher.lint.flow.values import Moment, Value

UTC = "UTC"
UNKNOWN_ZONE = "?"
"""A zone that an expression gives."""
_UTC_NAMES = {"utc", "etc/utc", "z", "zulu", "gmt", "etc/gmt"}
_WITHOUT_ZONE = re.compile(
    r"^(timestamp(_s|_ms|_us|_ns)?|datetime|date)(\(\d+\))?( without time zone)?$", re.IGNORECASE
)
_WITH_ZONE = re.compile(r"^(timestamptz|timestamp with time zone)$", re.IGNORECASE)
_TEXT = re.compile(r"^(varchar|text|string|char)\b", re.IGNORECASE)
# Text may be anything; only what is called like a time is followed.
_CALLED_LIKE_TIME = re.compile(r"(^|_)(at|on|date|datetime|time|timestamp|day|ts)$", re.IGNORECASE)


def is_utc(zone: str) -> bool:
    """Whether a zone's name stands for UTC."""
    return zone.lower() in _UTC_NAMES


def is_text(type_: str | None) -> bool:
    """Whether a column of a declared type, or of none, holds text."""
    return _TEXT.match((type_ or "varchar").strip()) is not None


def is_called_like_time(name: str) -> bool:
    """Whether a column's name says that it holds a time."""
    return bool(_CALLED_LIKE_TIME.search(name))


def moment_of(column: ColumnDoc, label: str, table_zone: object = None) -> Moment | None:
    """Return what is known about the time in a source's column, or None when it holds none.

    Args:
        column: The column with its type, as far as it is known.
        label: The column with its source, such as `retail.orders.ordered_at`.
        table_zone: Zone that its table or source declares for all times.
    """
    own = column.meta.get("timezone")
    declared = own or table_zone
    zone = str(declared) if declared else None
    type_ = (column.data_type or "varchar").strip()
    if _WITH_ZONE.match(type_):
        return Moment(label, UTC)
    if _WITHOUT_ZONE.match(type_):
        return Moment(label, zone, is_time=True)
    if is_text(type_) and (own or is_called_like_time(column.name)):
        return Moment(label, zone)
    return None


def converted(value: Value, zone: exp.Expr | None) -> Value:
    """Return a value after AT TIME ZONE."""
    literal = isinstance(zone, exp.Literal) and zone.is_string
    return value.moved(str(zone.this) if literal and zone is not None else UNKNOWN_ZONE)
