"""Relations and the scope in which a column's name is looked up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from pusher.lint.flow.grain import UNKNOWN_GRAIN, Grain
from pusher.lint.flow.values import UNKNOWN, Place, Value, join, struct_of


def span(node: exp.Expr, model: str) -> Place | None:
    """Return where a node stands, from its first to its last token that has a position."""
    starts, ends = [], []
    # A type that is written short, such as DECIMAL, is filled in with parts that stand in no file.
    for child in node.walk(prune=lambda one: isinstance(one, exp.DataType)):
        meta = child.meta
        # `from orders` has a star that is written nowhere, and sqlglot puts it at the start of the file.
        if "start" in meta and not (isinstance(child, exp.Star) and meta["end"] == 0):
            starts.append(int(meta["start"]))
            ends.append(int(meta["end"]) + 1)
    return Place(model, min(starts), max(ends)) if starts else None


@dataclass(frozen=True, slots=True)
class Output:
    """One output column of a query.

    Attributes:
        name: As written, or None when only the engine knows it.
        value: What may be in it.
        node: The projection that makes it, or the star that passes it on from another model.
        model: Model whose SQL holds `node`.
    """

    name: str | None
    value: Value
    node: exp.Expr | None = None
    model: str = ""

    @property
    def place(self) -> Place | None:
        """Where the projection stands."""
        return None if self.node is None else span(self.node, self.model)

    @property
    def name_place(self) -> Place | None:
        """Where the name of the column stands, when the projection writes it."""
        node = self.node
        named = (
            node.args.get("alias")
            if isinstance(node, exp.Alias)
            else node.this
            if isinstance(node, exp.Column)
            else None
        )
        if not isinstance(named, exp.Identifier) or named.name != self.name:
            return None
        return span(named, self.model)


@dataclass(frozen=True, slots=True)
class Relation:
    """Output columns of a table, a model or a subquery.

    Attributes:
        outputs: Columns in order.
        rest: What columns hold that are not in `outputs`; None when there are no others.
        uncertain: `outputs` may hold more columns than there are, so their number and order prove nothing.
        grain: What tells its rows apart.
    """

    outputs: tuple[Output, ...]
    rest: Value | None = None
    uncertain: bool = False
    grain: Grain = UNKNOWN_GRAIN
    _by_name: dict[str, Output] = field(default_factory=dict, init=False, compare=False)

    def __post_init__(self) -> None:
        for output in self.outputs:
            if output.name is None:
                continue
            base = name = output.name.lower()
            number = 0
            while name in self._by_name:
                # The engine calls the second `id` of a subquery `id_1`.
                number += 1
                name = f"{base}_{number}"
            if number and self.uncertain:
                # Which of the two is there cannot be told.
                both = replace(output, value=join((self._by_name[base].value, output.value)))
                self._by_name[base] = self._by_name[name] = both
            else:
                self._by_name[name] = output

    @property
    def named(self) -> Mapping[str, Output]:
        """Columns by lower-case name."""
        return self._by_name

    def get(self, name: str) -> Value | None:
        """Return a column's value, or None when there is no such column as far as is known."""
        found = self._by_name.get(name.lower())
        return None if found is None else found.value

    def everything(self) -> Value:
        """Return what any column may hold."""
        values = [output.value.flat() for output in self.outputs]
        return join([*values, self.rest] if self.rest is not None else values).flat()

    def row(self) -> Value:
        """Return the whole row as a struct."""
        if self.rest is not None or self.uncertain:
            return self.everything()
        return struct_of({name: output.value for name, output in self._by_name.items()})

    def narrowed(self, name: str, value: Value) -> Relation:
        """Return the relation with another value for one column."""
        outputs = (
            replace(output, value=value) if output.name is not None and output.name.lower() == name else output
            for output in self.outputs
        )
        return Relation(tuple(outputs), self.rest, self.uncertain, self.grain)


def either(one: Output, other: Output) -> Output:
    """Return a column that is one of two."""
    # The branch that brings an identifier in is the one to look at.
    blamed = other if other.value.leaks and not one.value.leaks else one
    return Output(one.name, join((one.value, other.value)), blamed.node, blamed.model)


def rest_of(one: Relation, other: Relation) -> Value | None:
    """Return what further columns of either of two relations hold, or None when there are none."""
    rests = [rest for rest in (one.rest, other.rest) if rest is not None]
    return join(rests) if rests else None


def united_by_name(left: Relation, right: Relation) -> Relation:
    """Return the rows of two relations in one, columns put together by name."""
    outputs = []
    for name, output in left.named.items():
        other = right.named.get(name)
        outputs.append(output if other is None else either(output, other))
    outputs += [output for name, output in right.named.items() if name not in left.named]
    uncertain = left.uncertain or right.uncertain
    rest = rest_of(left, right)
    return Relation(tuple(outputs), join((rest, UNKNOWN)) if rest is not None else None, uncertain)


@dataclass(slots=True)
class Entry:
    """A relation in FROM under its alias.

    Attributes:
        alias: Lower-case name, empty without one.
        relation: Its columns.
        hidden: Columns that a star leaves out because USING merged them.
        in_star: Its columns are part of `*` (a semi join's are not).
        clause: The join that brought it, or None.
    """

    alias: str
    relation: Relation
    hidden: set[str] = field(default_factory=set)
    in_star: bool = True
    clause: exp.Join | None = None


class Scope:
    """What names mean inside one SELECT.

    Args:
        parent: Scope around a correlated subquery, or None.

    Attributes:
        entries: Relations of FROM, in order.
        aliases: Columns of the select list that later expressions may name.
        parameters: Parameters of the lambdas around the expression.
        ctes: Relations of WITH by lower-case name.
    """

    def __init__(self, parent: Scope | None = None) -> None:
        self.parent = parent
        self.entries: list[Entry] = []
        self.aliases: dict[str, Value] = {}
        self.parameters: dict[str, Value] = {}
        self.ctes: dict[str, Relation] = {}

    def with_parameters(self, parameters: Mapping[str, Value]) -> Scope:
        """Return this scope inside a lambda."""
        inner = Scope(self.parent)
        inner.entries, inner.aliases = self.entries, self.aliases
        inner.ctes = self.ctes
        inner.parameters = {**self.parameters, **parameters}
        return inner

    def cte(self, name: str) -> Relation | None:
        """Return a relation of WITH that is in sight."""
        for scope in self._around():
            if name.lower() in scope.ctes:
                return scope.ctes[name.lower()]
        return None

    def _around(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def own(self, name: str) -> Value | None:
        """Return what a name may hold in this scope alone."""
        if name in self.parameters:
            return self.parameters[name]
        found = [value for entry in self.entries if (value := entry.relation.get(name)) is not None]
        if found:
            return join(found)
        for entry in self.entries:
            if entry.alias == name:
                return entry.relation.row()
        return self.aliases.get(name)

    def name(self, name: str) -> Value | None:
        """Return what an unqualified name may hold, or None when nothing is known by it."""
        name = name.lower()
        for scope in self._around():
            found = scope.own(name)
            if found is not None:
                return found
        rests = [entry.relation.rest for scope in self._around() for entry in scope.entries]
        known = [rest for rest in rests if rest is not None]
        return join(known) if known else None

    def relation(self, alias: str) -> Relation | None:
        """Return the relation of an alias."""
        alias = alias.lower()
        for scope in self._around():
            for entry in scope.entries:
                if entry.alias == alias:
                    return entry.relation
        return None

    def path(self, parts: Sequence[str]) -> Value | None:
        """Return what `a.b.c` may hold: a column of a table, or a field of a struct."""
        if len(parts) == 1:
            return self.name(parts[0])
        if parts[0].lower() in self.parameters:
            return _fields(self.parameters[parts[0].lower()], parts[1:])
        for at in range(len(parts) - 1):
            relation = self.relation(parts[at])
            if relation is None:
                continue
            value = relation.get(parts[at + 1])
            if value is None:
                value = relation.rest
            if value is not None:
                return _fields(value, parts[at + 2 :])
        value = self.name(parts[0])
        return None if value is None else _fields(value, parts[1:])

    def everything(self) -> Value:
        """Return what any name in sight may hold."""
        entries = (entry.relation.everything() for scope in self._around() for entry in scope.entries)
        others = (value for scope in self._around() for value in (*scope.parameters.values(), *scope.aliases.values()))
        return join([UNKNOWN, *entries, *others]).flat()

    def visible(self, alias: str | None = None) -> Iterator[tuple[Entry, Output]]:
        """Yield the columns that a star stands for."""
        for entry in self.entries:
            if (alias is None and not entry.in_star) or (alias is not None and entry.alias != alias.lower()):
                continue
            for output in entry.relation.outputs:
                if alias is None and output.name is not None and output.name.lower() in entry.hidden:
                    continue
                yield entry, output


def _fields(value: Value, names: Iterable[str]) -> Value:
    for name in names:
        value = value.field(name)
    return value
