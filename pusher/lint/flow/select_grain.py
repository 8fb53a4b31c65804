"""What tells the rows of one SELECT apart: from its joins to its DISTINCT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from sqlglot import exp

from pusher.lint.flow.grain import ONE_ROW, UNKNOWN_GRAIN, UNNEST, Fan, Grain, Key, Rows, smallest
from pusher.lint.flow.relations import Entry, Scope, span
from pusher.lint.flow.select_names import Projected, SelectNames

_PARTS = (
    exp.Window, exp.Explode, exp.Unnest, exp.AnyValue, exp.First, exp.Last, exp.ArgMax, exp.ArgMin, exp.Anonymous,
)  # fmt: skip


def conjuncts(node: exp.Expr | None) -> Iterator[exp.Expr]:
    """Yield the conditions that must all hold."""
    if isinstance(node, (exp.Where, exp.Having, exp.Qualify, exp.Paren)):
        yield from conjuncts(node.this)
    elif isinstance(node, exp.And):
        yield from conjuncts(node.this)
        yield from conjuncts(node.expression)
    elif node is not None:
        yield node


class SelectGrain(SelectNames):
    """Reads what tells the rows of a SELECT apart.

    Args:
        node: The SELECT.
        scope: Its relations, each with the join that brought it.
        model: Name of the model, for places.
        projected: Its columns.

    Attributes:
        before: Grain of the rows that it reads, by `alias.name`, once `grain` was asked for.
        after: The same after GROUP BY.
        group: Columns of GROUP BY.
    """

    def __init__(self, node: exp.Select, scope: Scope, model: str, projected: Sequence[Projected]) -> None:
        super().__init__(scope, projected)
        self._node, self._model = node, model
        self.before = self.after = UNKNOWN_GRAIN
        self.group: Key = frozenset()
        self._depends: list[tuple[str, frozenset[str]]] = []

    @cached_property
    def parts(self) -> list[exp.Expr]:
        """What the select list and QUALIFY do with many rows: windows, lists that become rows, aggregates that pick."""
        nodes = [one.node for one in self._projected if one.node is not None and not _is_plain(one.node)]
        qualify = self._node.args.get("qualify")
        return [
            part
            for node in [*nodes, *([qualify] if qualify is not None else [])]
            for part in node.walk(prune=lambda one: isinstance(one, exp.Query))
            if isinstance(part, _PARTS)
        ]

    def grain(self) -> Grain:
        """Return the grain of the query's rows."""
        self.before = self.input()
        rows = self.after = self._unnested(self._grouped(self.before))
        numbers = self._numbers()
        fixed = self._fixed("qualify")
        if any(key & fixed for key in numbers):
            rows = replace(rows, fans=(), rows=None)
        rows = rows.with_keys(key - fixed for key in [*rows.keys, *numbers])
        found = self._distinct(self._named_keys(rows), rows)
        limit = self._node.args.get("limit")
        if isinstance(limit, exp.Limit) and limit.expression is not None and limit.expression.name == "1":
            found = replace(found, keys=ONE_ROW)
        return found

    def input(self) -> Grain:
        """Return the grain of the rows before they are grouped, by columns as `alias.name`."""
        entries = self._scope.entries
        if not entries:
            return Grain(ONE_ROW)
        rows = _of(entries[0])
        for number, entry in enumerate(entries[1:], 1):
            rows = self._joined(rows, entries[:number], entry)
        fixed = self._fixed("where")
        story = rows.rows
        if story is not None and fixed and len(entries) == 1:
            names = {name.partition(".")[2] for name in fixed}
            kept = [pair for pair in zip(story.key, story.columns, strict=True) if pair[0] not in names]
            story = replace(story, key=tuple(pair[0] for pair in kept), columns=tuple(pair[1] for pair in kept))
        keys = [self._canonical(key) for key in rows.keys]
        # What is picked by a number of its row is there once, however often a join repeated it.
        fans = () if any(key & fixed for key in keys) else rows.fans
        return replace(rows, keys=smallest(key - fixed for key in keys), rows=story, fans=fans)

    # -- FROM and WHERE

    def _equalities(self, entry: Entry) -> list[tuple[exp.Expr, exp.Expr]]:
        clause = entry.clause
        if clause is None:
            return []
        conditions = list(conjuncts(clause.args.get("on")))
        if not clause.side:
            conditions += conjuncts(self._node.args.get("where"))
        found = [(one.this, one.expression) for one in conditions if isinstance(one, (exp.EQ, exp.NullSafeEQ))]
        using = {column.name for column in clause.args.get("using") or []}
        if clause.method == "NATURAL":
            using = {name for one in self._scope.entries if one is not entry for name in one.relation.named}
            using &= entry.relation.named.keys()
        return found + [(exp.column(name), exp.column(name, table=entry.alias)) for name in sorted(using)]

    def _joined(self, left: Grain, before: Sequence[Entry], entry: Entry) -> Grain:
        clause = entry.clause
        if clause is not None and clause.kind in {"SEMI", "ANTI"}:
            return left
        right, known = _of(entry), {one.alias for one in before}
        bound: set[str] = set()
        bound_left: set[str] = set()
        needs: set[str] = set()
        for pair in self._equalities(entry):
            for one, other in (pair, pair[::-1]):
                mine, theirs = self._aliases(one), self._aliases(other)
                if mine == {entry.alias} and theirs <= known:
                    bound |= self.holds(one)
                    needs |= theirs
                elif mine and mine <= known and theirs <= {entry.alias}:
                    bound_left |= self.holds(one)
        side = clause.side if clause is not None else ""
        keeps_left = side in {"", "LEFT"} and self._is_bound(right, bound, clause)
        keeps_right = side in {"", "RIGHT"} and any(self._canonical(key) <= bound_left for key in left.keys)
        if keeps_left:
            self._depends.append((entry.alias, frozenset(needs)))
        if not side:
            self._equate(entry)
        keys = [mine | theirs for mine in left.keys for theirs in right.keys]
        keys += [*left.keys] if keeps_left else []
        keys += [*right.keys] if keeps_right else []
        fans, story = (*left.fans, *right.fans), left.rows
        if not keeps_left and keeps_right and right.rows is not None:
            story = self._equated(right.rows, entry)
        elif not keeps_left:
            fans, story = (*fans, self._fan(entry, bound)), None
        # A join that repeats rows is told by itself, not by what it joins.
        tables = left.tables | right.tables if story is not None and story is not left.rows else left.tables
        return Grain(smallest(map(self._canonical, keys)), story, fans, tables)

    def _is_bound(self, right: Grain, bound: set[str], clause: exp.Join | None) -> bool:
        if clause is not None and clause.method in {"ASOF", "POSITIONAL"}:
            return True
        return any(key <= bound for key in right.keys)

    def _equate(self, entry: Entry) -> None:
        for one, other in self._equalities(entry):
            if isinstance(one, exp.Column) and isinstance(other, exp.Column):
                names = [self.column(one), self.column(other)]
                if names[0] and names[1] and self._one(names[0]) != self._one(names[1]):
                    self._same[self._one(names[1])] = self._one(names[0])

    def _equated(self, rows: Rows, entry: Entry) -> Rows:
        """Return what a row is, where columns of the other side are as good as those of its key."""
        columns = list(rows.columns)
        for pair in self._equalities(entry):
            for one, other in (pair, pair[::-1]):
                mine, theirs = self._made_of(one), self._made_of(other)
                columns = [known | theirs if known & mine else known for known in columns]
        return replace(rows, columns=tuple(columns))

    def _fan(self, entry: Entry, bound: set[str]) -> Fan:
        columns = sorted(name.partition(".")[2] for name in bound)
        keys = sorted((sorted(key) for key in entry.relation.grain.keys), key=lambda key: (len(key), key))
        wider = next((key for key in keys if set(columns) < set(key)), ())
        clause = entry.clause
        at = clause.this if clause is not None else None
        place = None if at is None else span(at, self._model)
        return Fan(_called(at, entry), tuple(columns), tuple(wider) if columns else (), place)

    def _fixed(self, part: str) -> Key:
        """Return the columns that a condition holds to one value."""
        fixed: set[str] = set()
        for one in conjuncts(self._node.args.get(part)):
            if isinstance(one, exp.EQ):
                for node, other in ((one.this, one.expression), (one.expression, one.this)):
                    if other.find(exp.Column, exp.Query) is None:
                        fixed |= self.holds(node)
        return frozenset(fixed)

    # -- GROUP BY, windows, DISTINCT

    def _unnested(self, rows: Grain) -> Grain:
        for part in self.parts:
            if isinstance(part, (exp.Explode, exp.Unnest)):
                fan = Fan(UNNEST, (), (), span(part, self._model))
                return Grain(fans=(*rows.fans, fan), tables=rows.tables)
        return rows

    def _grouped(self, rows: Grain) -> Grain:
        group = self._node.args.get("group")
        if group is None:
            if any(_aggregates(one.node) for one in self._projected):
                return Grain(ONE_ROW)
            return rows
        if group.args.get("all"):
            nodes = [one.node for one in self._projected if one.node is not None and not _aggregates(one.node)]
        else:
            nodes = [self._meant(node) for node in group.expressions]
        if any(isinstance(node, (exp.Rollup, exp.Cube, exp.GroupingSets)) for node in nodes) or any(
            group.args.get(kind) for kind in ("rollup", "cube", "grouping_sets")
        ):
            return Grain()
        names = [self._names(node.unalias()) for node in nodes]
        self.group = frozenset().union(*names)
        key = self._without_decided(self.group)
        story = Rows(
            "the GROUP BY",
            tuple(node.alias_or_name or node.sql("duckdb") for node in nodes),
            tuple(self._made_of(node) for node in nodes),
            is_declared=False,
        )
        return Grain(smallest([key, *(one for one in rows.keys if one <= self.group)]), story)

    def _without_decided(self, key: Key) -> Key:
        """Return the columns of GROUP BY that are not decided by others of them, as an order's time is by its id."""
        for entry in self._scope.entries:
            for known in map(self._canonical, _of(entry).keys):
                if known <= key:
                    below = self._below({entry.alias})
                    key = frozenset(one for one in key if one in known or one.partition(".")[0] not in below)
        return key

    def _meant(self, node: exp.Expr) -> exp.Expr:
        """Return the expression behind a position or a name of GROUP BY."""
        if isinstance(node, exp.Literal) and node.is_int:
            number = int(str(node.this)) - 1
            made = self._projected[number] if number < len(self._projected) else None
            if made is not None:
                return made.node if made.node is not None else exp.column(*reversed(made.column.split(".", 1)))
        return node

    def _numbers(self) -> list[Key]:
        """Return the keys that row numbers make: what they are divided by, and the number."""
        keys = []
        for part in self.parts:
            if isinstance(part, exp.Window) and isinstance(part.this, exp.RowNumber):
                partition, _ = self.window(part)
                keys.append(frozenset().union(self._as_whole(part), *map(self._names, partition)))
        return keys

    def window(self, node: exp.Window) -> tuple[list[exp.Expr], list[exp.Expr]]:
        """Return what a window is divided by and what it is ordered by, also by the name of a window."""
        name = node.args.get("alias")
        named = self._node.args.get("windows") or []
        meant = next((one for one in named if name is not None and one.name.lower() == name.name.lower()), None)
        partition = [*(node.args.get("partition_by") or []), *((meant and meant.args.get("partition_by")) or [])]
        order = node.args.get("order") or (meant and meant.args.get("order"))
        return partition, [one.this for one in order.expressions] if order is not None else []

    def _named_keys(self, rows: Grain) -> Grain:
        """Return the grain by the names of the output columns."""
        held = [
            (one.name, self._with_held(one.column) if one.node is None else self.holds(one.node.unalias()))
            for one in self._projected
            if one.name is not None
        ]
        plain = {next(iter(columns)): name for name, columns in reversed(held) if len(columns) == 1}
        holds = {
            name: frozenset(plain[column] for column in columns if column in plain and plain[column] != name)
            for name, columns in held
        }
        keys: list[Key] = []
        for key in map(self._canonical, rows.keys):
            keys += [frozenset({name}) for name, columns in held if key and key <= columns]
            chosen = [next((name for name, columns in held if column in columns), None) for column in sorted(key)]
            if None not in chosen:
                keys.append(frozenset(name for name in chosen if name is not None))
        return replace(rows, keys=smallest(keys), holds={name: names for name, names in holds.items() if names})

    def _distinct(self, found: Grain, rows: Grain) -> Grain:
        distinct = self._node.args.get("distinct")
        if distinct is None:
            return found
        on = distinct.args.get("on")
        if on is not None:
            nodes = on.expressions if isinstance(on, exp.Tuple) else [on]
            key: Key = frozenset().union(*(self._names(self._meant(node)) for node in nodes))
            return replace(self._named_keys(replace(rows, keys=smallest([*rows.keys, key]))), fans=(), rows=None)
        everything = frozenset(one.name for one in self._projected if one.name is not None)
        whole = self._whole_entry(rows)
        if whole is not None:
            return replace(self._named_keys(whole).with_keys([everything]), fans=())
        place = span(self._node.expressions[0], self._model) if found.fans else None
        fans = tuple(replace(fan, distinct=fan.distinct or place) for fan in found.fans)
        return replace(found.with_keys([everything]), fans=fans)

    def _whole_entry(self, rows: Grain) -> Grain | None:
        """Return the grain of the one relation that decides every column, when there is one."""
        columns = [one.column.partition(".")[0] for one in self._projected if one.node is None]
        needed = {alias for one in self._projected if one.node is not None for alias in self._aliases(one.node)}
        needed |= set(columns)
        for entry in self._scope.entries:
            if entry.relation.grain.keys and needed <= self._below({entry.alias}):
                return _of(entry)
        return rows if not rows.fans else None

    def _below(self, aliases: set[str]) -> set[str]:
        """Return relations of which one row belongs to a row of these, and these."""
        for alias, needs in self._depends:
            if needs <= aliases:
                aliases.add(alias)
        return aliases

    def decides(self, names: Key, node: exp.Expr) -> bool:
        """Whether rows that are alike in some columns are alike in an expression."""
        names = self._canonical(names)
        known = {
            entry.alias
            for entry in self._scope.entries
            if any(self._canonical(key) <= names for key in _of(entry).keys)
        }
        known = self._below(known)
        columns = [self.column(one) for one in node.find_all(exp.Column)]
        return all(one is not None and (self._one(one) in names or one.partition(".")[0] in known) for one in columns)


def _of(entry: Entry) -> Grain:
    grain = entry.relation.grain
    keys = (frozenset(f"{entry.alias}.{name}" for name in key) for key in grain.keys)
    return replace(grain, keys=frozenset(keys))


def _called(node: exp.Expr | None, entry: Entry) -> str:
    return node.name if isinstance(node, exp.Table) and node.name else entry.alias or "a subquery"


def _is_plain(node: exp.Expr) -> bool:
    return isinstance(node.this if isinstance(node, exp.Alias) else node, (exp.Column, exp.Literal))


def _aggregates(node: exp.Expr | None) -> bool:
    """Whether an expression makes one value of many rows."""
    if node is None or isinstance(node, (exp.Query, exp.Window, exp.Column, exp.Literal)):
        return False
    if isinstance(node, exp.AggFunc):
        return True
    return any(_aggregates(child) for child in node.iter_expressions())
