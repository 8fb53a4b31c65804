"""How many rows of a view hold which identifiers: as a whole, by store and by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

MOST_GROUPS = 10_000
Group = tuple[str | None, ...]
Patterns = Counter[int]
"""Rows by the columns that they hold, as bits."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Rows by the identifiers that they hold.

    Attributes:
        rows: All of them.
        columns: Rows that hold a value, by column.
        both: Rows with e-mail and phone.
        any: Rows with at least one of the columns.
    """

    rows: int
    columns: dict[str, int]
    both: int
    any: int

    @property
    def none(self) -> int:
        """Rows without any identifier."""
        return self.rows - self.any

    def count(self, name: str) -> int:
        """Return the rows with `any`, `both`, `none` or a column; 0 for a column that the view does not have."""
        return {"any": self.any, "both": self.both, "none": self.none, **self.columns}.get(name, 0)

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return {
            "rows": self.rows,
            "columns": self.columns,
            "both": self.both,
            "any": self.any,
            "none": self.none,
        }


@dataclass(frozen=True, slots=True)
class IdentityCoverage:
    """What is known of the people behind a view's rows.

    Attributes:
        whole: All rows.
        by_store: Rows of each store.
        by_day: Rows of each UTC day.
        by_store_and_day: Rows of each store on each day.
        left_out: Groups that are not listed, because there are too many.
    """

    whole: Presence
    by_store: dict[Group, Presence]
    by_day: dict[Group, Presence]
    by_store_and_day: dict[Group, Presence]
    left_out: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return {
            **self.whole.as_json(),
            "by_store": _listed(("store",), self.by_store),
            "by_day": _listed(("day",), self.by_day),
            "by_store_and_day": _listed(("store", "day"), self.by_store_and_day),
            "left_out": self.left_out,
        }


def _listed(names: Sequence[str], groups: dict[Group, Presence]) -> list[dict[str, Any]]:
    return [dict(zip(names, group, strict=True)) | found.as_json() for group, found in groups.items()]


def _presence(patterns: Patterns, columns: Sequence[str]) -> Presence:
    def holding(mask: int) -> int:
        return sum(rows for held, rows in patterns.items() if held & mask == mask)

    bits = {name: 1 << place for place, name in enumerate(columns)}
    both = holding(bits["email"] | bits["phone"]) if {"email", "phone"} <= bits.keys() else 0
    rows = patterns.total()
    return Presence(rows, {name: holding(bit) for name, bit in bits.items()}, both, rows - patterns[0])


def identity_coverage(
    columns: Sequence[str], counted: Iterable[tuple[str | None, str | None, int, int]]
) -> IdentityCoverage:
    """Add up the rows of a view.

    Args:
        columns: Identifying columns; the first is bit 0.
        counted: Store, day, columns that are held as bits, and rows.
    """
    counted = list(counted)
    left_out = 0

    def grouped(key: Callable[[str | None, str | None], Group]) -> dict[Group, Presence]:
        nonlocal left_out
        groups: dict[Group, Patterns] = {}
        for store, day, held, rows in counted:
            groups.setdefault(key(store, day), Counter())[held] += rows
        largest = sorted(groups, key=lambda group: -groups[group].total())[:MOST_GROUPS]
        left_out += len(groups) - len(largest)
        by_name = sorted(largest, key=lambda group: [(name is None, name or "") for name in group])
        return {group: _presence(groups[group], columns) for group in by_name}

    whole: Patterns = Counter()
    for _, _, held, rows in counted:
        whole[held] += rows
    by_store, by_day = grouped(lambda store, _: (store,)), grouped(lambda _, day: (day,))
    by_both = grouped(lambda store, day: (store, day))
    return IdentityCoverage(_presence(whole, columns), by_store, by_day, by_both, left_out)
