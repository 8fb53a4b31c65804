"""Rows of queries, by what they may be of people who agreed and of others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from sqlglot import exp

from pusher.lint.consent.worlds import (
    AGREED,
    ALL,
    ANY,
    ANYTHING,
    HARMLESS,
    NO,
    NOT_AGREED,
    NOTHING,
    NULL,
    SOME,
    YES,
    Blame,
    Fact,
    Tokens,
    World,
    fact,
    joined,
)

Worlds = frozenset[World]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a table, a model or a query.

    Attributes:
        columns: Their columns, by lower-case name.
        may: Of whom there may be a row.
        must: Of whom there is a row for sure, if there is anybody.
        rest: What further columns may be; None when there are none.
    """

    columns: Mapping[str, Fact]
    may: Worlds = ALL
    must: Worlds = frozenset()
    rest: Fact | None = None

    def get(self, name: str) -> Fact | None:
        """Return a column."""
        return self.columns.get(name, self.rest)

    def everything(self) -> Fact:
        """Return what any column may be."""
        return joined([*self.columns.values(), *([self.rest] if self.rest is not None else [])])

    @property
    def escapes(self) -> bool:
        """Whether some column may identify people who did not agree."""
        return bool(self.may & NOT_AGREED) and bool(self.everything().escapes)

    def blaming(self, blame: Blame) -> Rows:
        """Return the rows with a reason for what has none and may be of people who did not agree."""

        def of(known: Fact) -> Fact:
            return known if known.blames or not known.escapes else known.blaming([blame])

        columns = {name: of(known) for name, known in self.columns.items()}
        return replace(self, columns=columns, rest=None if self.rest is None else of(self.rest))

    def of_others(self) -> Rows:
        """Return the rows where nothing says that they are of the person of the rows beside them."""
        return replace(
            self,
            columns={name: of_others(known, self.may) for name, known in self.columns.items()},
            may=ALL if self.may else frozenset(),
            must=frozenset(),
            rest=None if self.rest is None else of_others(self.rest, self.may),
        )

    def renamed(self, names: list[str]) -> Rows:
        """Return the rows with other names for the first columns."""
        if not names:
            return self
        facts = list(self.columns.values())
        if len(facts) < len(names):
            facts += [self.everything()] * (len(names) - len(facts))
        kept = [*names, *list(self.columns)[len(names) :]]
        return replace(self, columns={name.lower(): one for name, one in zip(kept, facts, strict=True)})


def of_others(known: Fact, may: Worlds = ALL) -> Fact:
    """Return a column whose rows are of anybody: what is of people who agreed does no harm in any world."""
    found: Tokens = NOTHING
    for world in may:
        for token in known.of(world):
            is_harmless = token in {YES, NO} or (token in {ANY, SOME} and world == AGREED)
            found |= {HARMLESS if is_harmless else token}
    return fact(lambda _: found, known.blames)


NO_ROWS = Rows({}, may=frozenset(), rest=Fact(NOTHING, NOTHING, NOTHING))
"""No row at all, whatever the columns."""


def opaque(blame: Blame) -> Rows:
    """Return rows of which nothing is known."""
    return Rows({}, rest=ANYTHING.blaming([blame]))


@dataclass(slots=True)
class Entry:
    """A relation of FROM.

    Attributes:
        alias: Lower-case name.
        rows: Its rows as they are beside the others.
        in_star: A star shows its columns.
        hidden: Columns that a star leaves out, because USING merged them.
        inside: Names of the relations of a join in brackets, which this one stands for.
    """

    alias: str
    rows: Rows
    in_star: bool = True
    hidden: frozenset[str] = frozenset()
    inside: frozenset[str] = frozenset()

    def is_called(self, *names: str) -> bool:
        """Whether the relation has one of these names."""
        return self.alias in names or not self.inside.isdisjoint(names)


@dataclass(slots=True)
class Scope:
    """What names mean in one SELECT, and whose rows it has.

    Attributes:
        parent: The scope around a subquery.
        entries: Relations of FROM.
        named: Expressions of the select list, by the names that they are given.
        parameters: Parameters of lambdas.
        ctes: Queries of WITH.
        may: Of whom it may have a row.
        must: Of whom it has one for sure.
        blames: Conditions that ask and leave out too little.
        known: What expressions were found to be.
    """

    parent: Scope | None = None
    entries: list[Entry] = field(default_factory=list)
    named: dict[str, exp.Expr] = field(default_factory=dict)
    parameters: dict[str, Fact] = field(default_factory=dict)
    ctes: dict[str, Rows] = field(default_factory=dict)
    may: Worlds = ALL
    must: Worlds = ALL
    blames: list[Blame] = field(default_factory=list)
    known: dict[tuple[int, World], tuple[exp.Expr, Tokens]] = field(default_factory=dict)

    def around(self) -> Iterator[Scope]:
        """Yield this scope and those around it."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def cte(self, name: str) -> Rows | None:
        """Return a query of WITH that is in sight."""
        return next((scope.ctes[name] for scope in self.around() if name in scope.ctes), None)

    def with_parameters(self, parameters: Mapping[str, Fact]) -> Scope:
        """Return the scope inside a lambda."""
        return Scope(self.parent, self.entries, self.named, {**self.parameters, **parameters}, self.ctes)

    def owners(self, column: exp.Column) -> list[Entry]:
        """Return the relations of this scope alone that a column may be of."""
        table, name = column.parts[0].name.lower(), column.name.lower()
        if len(column.parts) > 1:
            found = [one for one in self.entries if one.is_called(table, column.table.lower())]
            if found:
                return found
            name = table
        known = [one for one in self.entries if name in one.rows.columns]
        return known[:1] or [one for one in self.entries if one.rows.rest is not None]


def in_brackets(inner: Scope) -> Entry:
    """Return the relations of a join in brackets as one; of columns of one name, either is meant."""
    columns: dict[str, Fact] = {}
    for entry in inner.entries:
        for name, known in entry.rows.columns.items():
            columns[name] = joined([columns[name], known]) if name in columns else known
    names = frozenset().union(*({one.alias, *one.inside} for one in inner.entries))
    return Entry("", Rows(columns, inner.may, inner.must, rest_of(inner.entries)), inside=names)


def narrowed(rows: Rows, keeps: Mapping[World, tuple[bool, bool]]) -> Rows:
    """Return the rows of an outer join's side, of which some are there and some are NULL.

    Args:
        rows: The rows.
        keeps: For each world, whether the row may be there, and whether it may be missing.
    """

    def change(world: World, tokens: Tokens) -> Tokens:
        is_there, is_missing = keeps[world]
        return (tokens if is_there else NOTHING) | (frozenset({NULL}) if is_missing else NOTHING)

    columns = {name: known.mapped(change) for name, known in rows.columns.items()}
    return replace(rows, columns=columns, rest=None if rows.rest is None else rows.rest.mapped(change))


def within(rows: Rows, may: Worlds) -> Rows:
    """Return rows of some people only."""
    columns = {
        name: known.mapped(lambda world, tokens: tokens if world in may else NOTHING)
        for name, known in rows.columns.items()
    }
    return replace(rows, columns=columns, may=may)


def united_by_place(left: Rows, right: Rows) -> Rows:
    """Return the rows of two queries in one, columns put together by place."""
    names = list(left.columns)
    if left is NO_ROWS or right is NO_ROWS:
        return right if left is NO_ROWS else left
    is_certain = left.rest is None and right.rest is None and len(left.columns) == len(right.columns)
    if is_certain:
        pairs = zip(left.columns.values(), right.columns.values(), strict=True)
        columns = {name: joined(pair) for name, pair in zip(names, pairs, strict=True)}
        return Rows(columns, left.may | right.may, left.must | right.must)
    everything = joined([left.everything(), right.everything()])
    return Rows(dict.fromkeys(names, everything), left.may | right.may, left.must | right.must, everything)


def united_by_name(left: Rows, right: Rows) -> Rows:
    """Return the rows of two queries in one, columns put together by name."""
    missing = fact(lambda _: frozenset({NULL}))

    def side(rows: Rows, name: str) -> Fact:
        found = rows.get(name) or missing
        return found.mapped(lambda world, tokens: tokens if world in rows.may else NOTHING)

    names = dict.fromkeys([*left.columns, *right.columns])
    columns = {name: joined([side(left, name), side(right, name)]) for name in names}
    rests = [one for one in (left.rest, right.rest) if one is not None]
    return Rows(columns, left.may | right.may, left.must | right.must, joined(rests) if rests else None)


def rest_of(entries: Iterable[Entry]) -> Fact | None:
    """Return what further columns of relations may be; None when there are no others."""
    rests = [one.rows.rest for one in entries if one.rows.rest is not None]
    return joined(rests) if rests else None
