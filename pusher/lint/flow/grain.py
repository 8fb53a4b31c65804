"""What tells the rows of a relation apart, and how joins, groups and unions change that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from pusher.lint.flow.values import Place, Value

Key = frozenset[str]
"""Names of columns, or of columns inside one SELECT, that no two rows have in common; no name at all: one row."""
UNNEST = "unnest()"
"""What a list that becomes rows is called among the joins."""
_MOST_KEYS = 8
# A table called like this is about the lines of an order.
_ITEMS = re.compile(r"(^|[._])((line|order|basket|cart)?_?(items?|lines?|positions?)|order_details?)$", re.IGNORECASE)


def holds_items(table: str) -> bool:
    """Whether a table's name says that a row is a line of an order."""
    return bool(_ITEMS.search(table))


class Kept(IntEnum):
    """How many of the rows of one event conditions may leave, where they are not read further."""

    ALL = 0
    """None is left out, or few are: a window of time, `status <> 'cancelled'`."""
    SOME = 1
    """Perhaps one of them: `channel = 'store'`."""
    ONE = 2
    """Very likely one of them: `is_latest`, `line_no <= 1`."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What one row stands for, as far as it is declared or grouped.

    Attributes:
        of: The source or model, as a message names it.
        key: Columns of it that tell rows apart.
        columns: For each of them the source columns that it is made of.
        is_declared: A data test says so; else a GROUP BY makes it so.
    """

    of: str
    key: tuple[str, ...]
    columns: tuple[frozenset[str], ...]
    is_declared: bool

    def beyond(self, columns: frozenset[str]) -> tuple[list[str], list[str]]:
        """Return the columns of the key that go into a value made of some source columns, and those that do not."""
        made_of = list(zip(self.key, self.columns, strict=True))
        inside = [name for name, sources in made_of if sources & columns]
        return inside, [name for name, sources in made_of if sources and not sources & columns]


@dataclass(frozen=True, slots=True)
class Fan:
    """A join that may give rows more than once.

    Attributes:
        table: Name of what is joined, as it is written.
        columns: Its columns that the condition fixes.
        key: A key of it that has more columns than these, or nothing.
        place: The join.
        distinct: The `select distinct` above it, or None.
    """

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    place: Place | None
    distinct: Place | None = None


@dataclass(frozen=True, slots=True)
class Grain:
    """What is known about the rows of a relation.

    Attributes:
        keys: Sets of columns, in lower case, that no two rows have in common.
        rows: What one row stands for, or None.
        fans: Joins below that may repeat rows, up to the last GROUP BY.
        tables: Tables whose rows came here one by one, as the SQL names them.
        holds: Columns that can be read back from another one, such as the number in an id that is made of it.
        kept: What conditions below may leave of the rows of one event.
    """

    keys: frozenset[Key] = frozenset()
    rows: Rows | None = None
    fans: tuple[Fan, ...] = ()
    tables: frozenset[str] = frozenset()
    holds: Mapping[str, Key] = field(default_factory=dict)
    kept: Kept = Kept.ALL

    def renamed(self, names: Mapping[str, str]) -> Grain:
        """Return the grain of a relation whose columns got other names; those that are not named are gone."""
        kept = (key for key in self.keys if key <= names.keys())
        keys = frozenset(frozenset(names[name] for name in key) for key in kept)
        holds = {
            names[name]: frozenset(names[one] for one in columns if one in names)
            for name, columns in self.holds.items()
            if name in names
        }
        return replace(self, keys=keys, holds=holds)

    def with_keys(self, keys: Iterable[Key]) -> Grain:
        """Return the grain with more keys."""
        return replace(self, keys=smallest([*self.keys, *keys]))

    def with_unique(self, keys: Iterable[Sequence[str]]) -> Grain:
        """Return the grain with more keys, named in any case, and with the columns that such a key is part of."""
        found = [frozenset(name.lower() for name in key) for key in keys]
        found += [frozenset({name}) for name, columns in self.holds.items() for key in found if key <= columns]
        return self.with_keys(found)

    def declared(self, of: str, keys: Sequence[tuple[str, ...]], values: Mapping[str, Value]) -> Grain:
        """Return the grain with the keys that data tests declare."""
        found = [tuple(name.lower() for name in key) for key in keys]
        if not found:
            return self
        # The shortest says best what a row is.
        first = min(found, key=lambda key: (len(key), key))
        columns = tuple(values[name].columns if name in values else frozenset() for name in first)
        rows = Rows(of, first, columns, is_declared=True)
        return replace(self.with_unique(found), rows=rows, fans=(), tables=frozenset())

    def is_told_apart_by(self, names: frozenset[str]) -> bool:
        """Whether some columns tell all rows apart."""
        return any(key <= names for key in self.keys)


UNKNOWN_GRAIN = Grain()
ONE_ROW: frozenset[Key] = frozenset({frozenset()})


def smallest(keys: Iterable[Key]) -> frozenset[Key]:
    """Return keys without those that hold another one, and no more than a few."""
    found: list[Key] = []
    for key in sorted(set(keys), key=lambda one: (len(one), sorted(one))):
        if not any(other <= key for other in found):
            found.append(key)
    return frozenset(found[:_MOST_KEYS])


def united(left: Grain, right: Grain, names: Sequence[tuple[str, str]] = (), differing: Iterable[str] = ()) -> Grain:
    """Return the grain of a union.

    Args:
        left: First query.
        right: Second query.
        names: Columns of both, by position.
        differing: Columns, by the first query's name, that never hold the same constant in both.
    """
    theirs = right.renamed({other: name for name, other in reversed(names)}).keys
    keys = [mine | other | {one} for one in differing for mine in left.keys for other in theirs]
    rows = left.rows if left.rows == right.rows else None
    holds = left.holds if left.holds == right.holds else {}
    fans = tuple(dict.fromkeys((*left.fans, *right.fans)))
    return Grain(smallest(keys), rows, fans, left.tables | right.tables, holds, max(left.kept, right.kept))
