"""What tells the rows of one SELECT apart: from its GROUP BY to its DISTINCT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from sqlglot import exp

from pusher.lint.flow.functions import is_one_value, makes_rows
from pusher.lint.flow.grain import ONE_ROW, UNKNOWN_GRAIN, UNNEST, Fan, Grain, Kept, Key, Rows, holds_items, smallest
from pusher.lint.flow.relations import Scope, span
from pusher.lint.flow.select_input import SelectInput, of
from pusher.lint.flow.select_names import Projected

_PARTS = (
    exp.Window, exp.Explode, exp.Unnest, exp.AnyValue, exp.First, exp.Last, exp.ArgMax, exp.ArgMin, exp.Anonymous,
)  # fmt: skip


class SelectGrain(SelectInput):
    """Reads what tells the rows of a SELECT apart.

    Args:
        node: The SELECT.
        scope: Its relations, each with the join that brought it.
        model: Name of the model, for places.
        projected: Its columns.
        is_certain: There are no others.

    Attributes:
        before: Grain of the rows that it reads, by `alias.name`, once `grain` was asked for.
        after: The same after GROUP BY.
        group: Columns of GROUP BY.
    """

    def __init__(
        self, node: exp.Select, scope: Scope, model: str, projected: Sequence[Projected], *, is_certain: bool
    ) -> None:
        super().__init__(node, scope, model, projected)
        self._is_certain = is_certain
        self.before = self.after = UNKNOWN_GRAIN
        self.group: Key = frozenset()

    @cached_property
    def parts(self) -> list[exp.Expr]:
        """What the select list and QUALIFY do with many rows: windows, lists that become rows, aggregates that pick."""
        nodes = [one for one in self._node.expressions if not _is_plain(one)]
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
        rows = self._grouped(self.before)
        rows = self.after = replace(rows, kept=self.kept("having", rows))
        numbers, fixed = self._numbers(), self.fixed("qualify")
        if any(number in fixed for number, _ in numbers):
            rows = replace(rows, fans=(), rows=None, tables=frozenset())
        rows = rows.with_keys([*rows.keys, *(key | {number} for number, key in numbers)])
        rows = replace(rows, kept=self.kept("qualify", rows))
        rows = self._unnested(rows.with_keys(key - fixed for key in rows.keys))
        found = self._distinct(self._named_keys(rows), rows)
        return replace(found, keys=ONE_ROW) if _is_one_row(self._node.args.get("limit")) else found

    def repeated_sum(self, node: exp.Expr) -> tuple[exp.Sum, str] | None:
        """Return a sum of one relation's values over rows that repeat that relation's, and its name, once it is known.

        Keys that data tests or a GROUP BY declare prove it; where none tells the rows apart, the name of a table of
        items does, once the sum is over one row of the other. What is divided again, or filtered, is left alone.
        """
        before = self.before
        by_name = not before.keys and any(map(holds_items, (*before.tables, *(fan.table for fan in before.fans))))
        if (
            not (before.keys or by_name)
            or before.kept is Kept.ONE
            or node.find(exp.Div, exp.IntDiv, exp.Filter) is not None
        ):
            return None
        for part in node.walk(prune=lambda one: isinstance(one, (exp.Query, exp.Window))):
            if not isinstance(part, exp.Sum) or isinstance(part.this, exp.Distinct):
                continue
            aliases = self._relations(part.this) or set()
            entry = self._entries.get(next(iter(aliases))) if len(aliases) == 1 else None
            own = [] if entry is None else [self._canonical(key) for key in of(entry).keys]
            if entry is None or not own:
                continue
            if by_name:
                is_repeated = any(mine <= self.group for mine in own) and len(self._entries) > 1
            else:
                is_repeated = not any(key <= mine for key in before.keys for mine in own)
            if is_repeated:
                return part, entry.alias
        return None

    # -- GROUP BY, windows, DISTINCT

    def _unnested(self, rows: Grain) -> Grain:
        for part in self.parts:
            if makes_rows(part):
                fan = Fan(UNNEST, (), (), span(part, self._model) or span(self._node, self._model))
                return Grain(fans=(*rows.fans, fan), tables=rows.tables, kept=rows.kept)
        return rows

    def _grouped(self, rows: Grain) -> Grain:
        group = self._node.args.get("group")
        if group is None:
            if any(_aggregates(one.node) for one in self._projected):
                return Grain(ONE_ROW)
            return rows
        if group.args.get("all"):
            if not self._is_certain:
                return Grain(kept=rows.kept)
            columns = [one.node or exp.column(*reversed(one.column.split(".", 1))) for one in self._projected]
            nodes = [node for node in columns if not _aggregates(node)]
        else:
            nodes = [self._meant(node) for node in group.expressions]
        if any(isinstance(node, (exp.Rollup, exp.Cube, exp.GroupingSets)) for node in nodes) or any(
            group.args.get(kind) for kind in ("rollup", "cube", "grouping_sets")
        ):
            return Grain(kept=rows.kept)
        names = [self._names(node.unalias()) for node in nodes]
        self.group = frozenset().union(*names)
        key = self._without_decided(self.group)
        story = Rows(
            "the GROUP BY",
            tuple(node.alias_or_name or node.sql("duckdb") for node in nodes),
            tuple(self._made_of(node) for node in nodes),
            is_declared=False,
        )
        keys = [] if any(map(self._makes_rows, nodes)) else [one for one in rows.keys if one <= self.group]
        return Grain(smallest([key, *keys]), story, kept=rows.kept)

    def _makes_rows(self, node: exp.Expr) -> bool:
        """Whether an expression of GROUP BY, or the one behind its name, makes several rows of one."""
        named = self._named.get(node.name.lower()) if isinstance(node, exp.Column) and not node.table else None
        return any(makes_rows(part) for one in (node, named) if one is not None for part in one.walk())

    def _without_decided(self, key: Key) -> Key:
        """Return the columns of GROUP BY that are not decided by others of them, as an order's time is by its id."""
        for entry in self._scope.entries:
            for known in map(self._canonical, of(entry).keys):
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

    def _numbers(self) -> list[tuple[str, Key]]:
        """Return row numbers, each with what it is divided by: together they are a key."""
        found = []
        for part in self.parts:
            if isinstance(part, exp.Window) and isinstance(part.this, exp.RowNumber):
                partition, _ = self.window(part)
                key: Key = frozenset().union(*map(self._names, partition))
                found += [(number, key) for number in self._as_whole(part)]
        return found

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
        # Of two columns of one name the first has it.
        held = {}
        for one in self._projected:
            if one.name is not None and one.name not in held:
                held[one.name] = self._with_held(one.column) if one.node is None else self.holds(one.node.unalias())
        plain = {next(iter(columns)): name for name, columns in reversed(held.items()) if len(columns) == 1}
        holds = {
            name: frozenset(plain[column] for column in columns if column in plain and plain[column] != name)
            for name, columns in held.items()
        }
        keys: list[Key] = []
        for key in map(self._canonical, rows.keys):
            keys += [frozenset({name}) for name, columns in held.items() if key and key <= columns]
            chosen = [
                next((name for name, columns in held.items() if column in columns), None) for column in sorted(key)
            ]
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
            picked = self._named_keys(rows.with_keys([key]))
            return replace(picked, fans=(), rows=None, tables=frozenset())
        names = [one.name for one in self._projected if one.name is not None]
        is_whole = self._is_certain and len(self._projected) == len(set(names))
        everything = [frozenset(names)] if is_whole else []
        if found.keys:
            # No two rows are alike.
            return found.with_keys(everything)
        merged = replace(found.with_keys(everything), rows=None, tables=frozenset())
        whole = self._whole_entry()
        if whole is not None:
            known = self._named_keys(whole)
            return replace(merged.with_keys(known.keys), rows=whole.rows if known.keys else None, fans=())
        place = span(self._node.expressions[0], self._model)
        return replace(merged, fans=tuple(replace(fan, distinct=fan.distinct or place) for fan in found.fans))

    def _whole_entry(self) -> Grain | None:
        """Return the grain of the one relation that decides every column, when there is one."""
        if not self._is_certain or self._node.args.get("group") or self._node.args.get("qualify"):
            return None
        needed: set[str] = set()
        for one in self._projected:
            aliases = {one.column.partition(".")[0]} if one.node is None else self._relations(one.node)
            if aliases is None or (one.node is not None and not is_one_value(one.node)):
                return None
            needed |= aliases
        for entry in self._scope.entries:
            if entry.relation.grain.keys and needed <= self._below({entry.alias}):
                return self.narrowed(of(entry), self.fixed("where"))
        return None

    def decides(self, names: Key, node: exp.Expr) -> bool:
        """Whether rows that are alike in some columns are alike in an expression."""
        names = self._canonical(names)
        known = {
            entry.alias for entry in self._scope.entries if any(self._canonical(key) <= names for key in of(entry).keys)
        }
        known = self._below(known)
        columns = [self.column(one) for one in node.find_all(exp.Column)]
        return all(one is not None and (self._one(one) in names or one.partition(".")[0] in known) for one in columns)


def _is_one_row(limit: exp.Expr | None) -> bool:
    """Whether LIMIT leaves one row at most; `limit 1%` leaves more."""
    if not isinstance(limit, exp.Limit) or limit.expression is None or limit.expression.name != "1":
        return False
    options = limit.args.get("limit_options")
    return options is None or not options.args.get("percent")


def _is_plain(node: exp.Expr) -> bool:
    return isinstance(node.this if isinstance(node, exp.Alias) else node, (exp.Column, exp.Literal))


def _aggregates(node: exp.Expr | None) -> bool:
    """Whether an expression makes one value of many rows."""
    if node is None or isinstance(node, (exp.Query, exp.Window, exp.Column, exp.Literal)):
        return False
    if isinstance(node, exp.AggFunc):
        return True
    return any(_aggregates(child) for child in node.iter_expressions())
