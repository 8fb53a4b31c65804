"""Values as text for people: tables that fit 80 columns, errors in three parts."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pusher.cli.colours import painted
from pusher.errors import Problem
from pusher.money import shown

if TYPE_CHECKING:
    from pusher.push.receipt import Warned

WIDTH = 80
MOST_CELL, LEAST_CELL = 40, 12
_GAP = "  "
screen: ContextVar[Callable[[str], str]] = ContextVar("screen", default=str)
"""Returns a text as the user may see it: before it is cut or wrapped, so that no half of a value is left."""
# Control characters but for ends of lines and tabs, and marks that turn the direction of the text.
_STEERS = re.compile(
    "\x1b(?!\\[(?:0|3[0-7])m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def escaped(text: str) -> str:
    """Return text whose control characters cannot steer a terminal."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def steady(text: str) -> str:
    """Return text of several lines in which nothing steers a terminal but our own colours."""
    return _STEERS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def cell(value: Any) -> str:
    """Return one table cell."""
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, Decimal):
        return shown(value)
    return _cut(escaped(screen.get()(str(value))), MOST_CELL)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _as_records(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    width = max(map(len, headers))
    records = (
        "\n".join(f"{name.ljust(width)}  {cell(value)}" for name, value in zip(headers, row, strict=True))
        for row in rows
    )
    return "\n\n".join(records)


def table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return an aligned table that fits the width; numbers to the right.

    Texts are cut until it fits. Where that leaves too little of them, each row becomes lines of its own.
    """
    if not rows:
        return ""
    cells = [[cell(value) for value in row] for row in rows]
    numeric = [
        all(isinstance(row[place], int | float | Decimal) or row[place] is None for row in rows)
        for place in range(len(headers))
    ]
    widths = [max(len(header), *(len(row[place]) for row in cells)) for place, header in enumerate(headers)]

    texts = [place for place, right in enumerate(numeric) if not right]
    while (excess := sum(widths) + len(_GAP) * (len(widths) - 1) - WIDTH) > 0:
        widest = max(texts, key=lambda place: widths[place], default=None)
        if widest is None or widths[widest] <= LEAST_CELL:
            return _as_records(headers, rows)
        others = max((widths[place] for place in texts if place != widest), default=0)
        widths[widest] = max(widths[widest] - excess, min(others, widths[widest] - 1), LEAST_CELL)
    cells = [[_cut(value, width) for value, width in zip(row, widths, strict=True)] for row in cells]
    headers = [_cut(header, width) for header, width in zip(headers, widths, strict=True)]

    def line(values: Sequence[str]) -> str:
        parts = [
            value.rjust(width) if right else value.ljust(width)
            for value, width, right in zip(values, widths, numeric, strict=True)
        ]
        return _GAP.join(parts).rstrip()

    return "\n".join([line(headers), line(["-" * width for width in widths]), *(line(row) for row in cells)])


def moment(unix_s: int | None) -> str:
    """Return a moment in UTC, to the minute."""
    return "" if unix_s is None else datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%d %H:%M")


def wrapped(text: str, indent: str) -> str:
    """Return text wrapped to the width; a mark in the indent stands before the first line only."""
    return textwrap.fill(
        screen.get()(text),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=" " * len(indent),
        break_long_words=False,
        break_on_hyphens=False,
    )


def warning_lines(warnings: Sequence[Warned]) -> str:
    """Return what is odd about rows that are sent: how many, what, what next."""
    lines = []
    for one in warnings:
        field = f" ({one.field})" if one.field else ""
        lines.append(f"  {one.rows:>8,}  {painted('warning')}: {one.warning}{field}")
        lines += [wrapped(text, "            ") for text in (one.message, one.fix)]
    return "\n".join(lines)


def problem_lines(problems: Sequence[Problem]) -> str:
    """Return errors for a person: what, where, what next."""
    lines = []
    for problem in problems:
        place = f"{escaped(problem.place)}: " if problem.place else ""
        lines.append(f"{painted('error')}: {place}{escaped(problem.message)}")
        if problem.fix:
            lines.append(wrapped(escaped(problem.fix), "  "))
    return "\n".join(lines)
