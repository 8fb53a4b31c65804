"""Numbers that count time since 1970, and functions that read them."""

from __future__ import annotations

import re

from sqlglot import exp

from pusher.compile import ColumnDoc
from pusher.lint.flow.functions import function_name
from pusher.lint.flow.relations import span
from pusher.lint.flow.values import Mark, Value

SECONDS, MILLISECONDS, MICROSECONDS, NANOSECONDS = "seconds", "milliseconds", "microseconds", "nanoseconds"
UNITS = (SECONDS, MILLISECONDS, MICROSECONDS, NANOSECONDS)
WRONG_UNIT = "wrong unit"
_SCALES = {None: SECONDS, "3": MILLISECONDS, "6": MICROSECONDS}
_READS_BY_NAME = {"make_timestamp_ms": MILLISECONDS, "make_timestamp_ns": NANOSECONDS}
_GIVES_BY_NAME = {"epoch_us": MICROSECONDS, "epoch_ns": NANOSECONDS}
_NUMBER = re.compile(r"^(u?(big|huge|small|tiny)?int(eger)?|double|float|decimal|numeric|long)", re.IGNORECASE)
_NAMED = (
    (re.compile(r"_(ms|msec|millis|milliseconds)$", re.IGNORECASE), MILLISECONDS),
    (re.compile(r"_(us|usec|micros|microseconds)$", re.IGNORECASE), MICROSECONDS),
    (re.compile(r"_(ns|nanos|nanoseconds)$", re.IGNORECASE), NANOSECONDS),
    (re.compile(r"_(s|sec|secs|seconds)$|(^|_)(unix|epoch)$", re.IGNORECASE), SECONDS),
)


def kind_of(unit: str) -> str:
    """Return the kind of the mark of a number in a unit."""
    return f"in {unit}"


_KINDS = tuple(map(kind_of, UNITS))


def named_unit(column: ColumnDoc, label: str) -> frozenset[Mark]:
    """Return the unit that a source's column of numbers has by its name."""
    if _NUMBER.match(column.data_type or ""):
        for pattern, unit in _NAMED:
            if pattern.search(column.name):
                return frozenset({Mark(kind_of(unit), f"{label} is in {unit}", None)})
    return frozenset()


def scaled(value: Value) -> Value:
    """Return a value that was multiplied or divided: its unit is another one."""
    return value.without(*_KINDS)


def counted(node: exp.Expr, value: Value, model: str) -> Value:
    """Return the value of a function with the unit that it gives, or a mark when it reads another one.

    Args:
        node: The call.
        value: What it may return, with the marks of its argument.
        model: Name of the model, for places.
    """
    gives = _given(node, value)
    if gives is not None:
        name = "epoch_ms" if isinstance(node, exp.UnixToTime) else function_name(node)
        name = "epoch" if isinstance(node, exp.TimeToUnix) else name
        return value.without(*_KINDS, WRONG_UNIT).marked(kind_of(gives), f"{name}() is in {gives}", span(node, model))
    reads = _read(node)
    if reads is None:
        return value
    wrong = [mark for mark in value.marks_of(*_KINDS) if mark.kind != kind_of(reads)]
    value = value.without(*_KINDS)
    for mark in wrong:
        value = value.marked(WRONG_UNIT, f"{mark.what} and read as {reads}", span(node, model))
    return value


def _given(node: exp.Expr, value: Value) -> str | None:
    if isinstance(node, exp.TimeToUnix):
        return SECONDS
    if isinstance(node, exp.UnixToTime) and _scale(node) == MILLISECONDS and value.moments:
        # epoch_ms() makes a time of a number, and a number of a time.
        return MILLISECONDS
    return _GIVES_BY_NAME.get(function_name(node)) if isinstance(node, exp.Anonymous) else None


def _read(node: exp.Expr) -> str | None:
    if isinstance(node, exp.UnixToTime):
        return _scale(node)
    if isinstance(node, exp.Anonymous) and len(node.expressions) == 1:
        return _READS_BY_NAME.get(function_name(node))
    return None


def _scale(node: exp.UnixToTime) -> str | None:
    scale = node.args.get("scale")
    return _SCALES.get(None if scale is None else scale.name)
