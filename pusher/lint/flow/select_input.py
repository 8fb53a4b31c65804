"""What tells the rows apart that one SELECT reads: its joins, and its WHERE."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlglot import exp

from pusher.lint.flow.functions import is_one_value
from pusher.lint.flow.grain import ONE_ROW, Fan, Grain, Kept, Key, Rows, smallest
from pusher.lint.flow.kept import kept_by
from pusher.lint.flow.relations import Entry, Scope, span
from pusher.lint.flow.select_names import Projected, SelectNames

# Several values of what is inside may give the same result.
_MERGES = (exp.Coalesce, exp.DPipe, exp.Concat, exp.ConcatWs, exp.Format, exp.Anonymous)


def conjuncts(node: exp.Expr | None) -> Iterator[exp.Expr]:
    """Yield the conditions that must all hold."""
    if isinstance(node, (exp.Where, exp.Having, exp.Qualify, exp.Paren)):
        yield from conjuncts(node.this)
    elif isinstance(node, exp.And):
        yield from conjuncts(node.this)
        yield from conjuncts(node.expression)
    elif node is not None:
        yield node


def of(entry: Entry) -> Grain:
    """Return the grain of a relation by columns as `alias.name`."""
    grain = entry.relation.grain
    keys = (frozenset(f"{entry.alias}.{name}" for name in key) for key in grain.keys)
    return replace(grain, keys=frozenset(keys))


class SelectInput(SelectNames):
    """Reads what tells the rows apart that a SELECT reads.

    Args:
        node: The SELECT.
        scope: Its relations, each with the join that brought it.
        model: Name of the model, for places.
        projected: Its columns.
    """

    def __init__(self, node: exp.Select, scope: Scope, model: str, projected: Sequence[Projected]) -> None:
        super().__init__(scope, projected)
        self._node, self._model = node, model
        self._depends: list[tuple[str, frozenset[str]]] = []

    def input(self) -> Grain:
        """Return the grain of the rows before they are grouped, by columns as `alias.name`."""
        entries = self._scope.entries
        if not entries:
            return Grain(ONE_ROW)
        rows = of(entries[0])
        for number, entry in enumerate(entries[1:], 1):
            rows = self._joined(rows, entries[:number], entry)
        rows = replace(rows, kept=self.kept("where", rows))
        keys, fixed = [self._canonical(key) for key in rows.keys], self.fixed("where")
        # What is picked by a number of its row is there once, however often a join repeated it.
        fans = () if any(key & fixed for key in keys) else rows.fans
        return replace(self.narrowed(rows, fixed), fans=fans)

    # -- conditions

    def fixed(self, part: str) -> Key:
        """Return the columns that WHERE or QUALIFY hold to one value."""
        return frozenset().union(*map(self._fixed_by, conjuncts(self._node.args.get(part))))

    def _fixed_by(self, condition: exp.Expr) -> Key:
        fixed: Key = frozenset()
        for node, other in _equal(condition):
            if other.find(exp.Column) is None and is_one_value(other):
                fixed |= self._exactly(node)
        return fixed

    def _exactly(self, node: exp.Expr) -> Key:
        """Return the columns that have one value where an expression has."""
        return frozenset() if node.find(*_MERGES) is not None else self.holds(node)

    def kept(self, part: str, rows: Grain) -> Kept:
        """Return what rows may be left of one event after WHERE, HAVING or QUALIFY."""
        keys = [self._canonical(key) for key in rows.keys]
        found = [rows.kept]
        for one in conjuncts(self._node.args.get(part)):
            fixed = self._fixed_by(one)
            if not any(key & fixed for key in keys):
                found.append(self._kept_by(one, rows.rows))
        return max(found)

    def _kept_by(self, condition: exp.Expr, story: Rows | None) -> Kept:
        if isinstance(condition, exp.Binary) and self._joins(condition):
            return Kept.ALL
        made_of = frozenset() if story is None else frozenset().union(*story.columns)
        sides_of_joins = {one.alias: one.clause.side for one in self._scope.entries if one.clause is not None}
        is_any_missing = not {"RIGHT", "FULL"}.isdisjoint(sides_of_joins.values())
        return kept_by(
            condition,
            tells=lambda column: bool(self._made_of(column) & made_of),
            may_be_missing=lambda column: is_any_missing or bool(sides_of_joins.get(self._relation(column) or "")),
        )

    def _joins(self, condition: exp.Binary) -> bool:
        """Whether a condition is a join without its word, or compares with the one row of another table."""
        sides = [self._relations(one) for one in (condition.this, condition.expression)]
        if not sides[0] or not sides[1] or sides[0] == sides[1]:
            return False
        return isinstance(condition, (exp.EQ, exp.NullSafeEQ)) or any(map(self._is_one_row, sides))

    def _is_one_row(self, aliases: set[str] | None) -> bool:
        return aliases is not None and all(frozenset() in self._entries[one].relation.grain.keys for one in aliases)

    def narrowed(self, rows: Grain, fixed: Key) -> Grain:
        """Return the grain where some columns have one value."""
        story = rows.rows
        if story is not None and fixed:
            made_of = frozenset().union(*(self._made_of(exp.column(*reversed(one.split(".", 1)))) for one in fixed))
            pairs = zip(story.key, story.columns, strict=True)
            kept = [(name, columns) for name, columns in pairs if not columns or not columns <= made_of]
            story = replace(story, key=tuple(name for name, _ in kept), columns=tuple(one for _, one in kept))
        return replace(rows, keys=smallest(self._canonical(key) - fixed for key in rows.keys), rows=story)

    # -- joins

    def _equalities(self, entry: Entry) -> list[tuple[exp.Expr, exp.Expr]]:
        clause = entry.clause
        if clause is None:
            return []
        conditions = list(conjuncts(clause.args.get("on")))
        if not clause.side:
            conditions += conjuncts(self._node.args.get("where"))
        found = [
            (one.this, one.expression)
            for one in conditions
            if isinstance(one, (exp.EQ, exp.NullSafeEQ)) and is_one_value(one)
        ]
        using = {column.name for column in clause.args.get("using") or []}
        if clause.method == "NATURAL":
            using = {name for one in self._scope.entries if one is not entry for name in one.relation.named}
            using &= entry.relation.named.keys()
        return found + [(exp.column(name), exp.column(name, table=entry.alias)) for name in sorted(using)]

    def _joined(self, left: Grain, before: Sequence[Entry], entry: Entry) -> Grain:
        clause = entry.clause
        if clause is not None and clause.kind in {"SEMI", "ANTI"}:
            return replace(left, kept=Kept.ONE)
        right = of(entry)
        bound, bound_left, needs, pairs = self._bound(before, entry)
        side = clause.side if clause is not None else ""
        keeps_left = side in {"", "LEFT"} and self._is_bound(right, bound, clause)
        keeps_right = side in {"", "RIGHT"} and any(self._canonical(key) <= bound_left for key in left.keys)
        needed = self._needed(entry, needs)
        if keeps_left and needed is not None:
            self._depends.append((entry.alias, needed))
        kept = self._kept_by_join(left, right, entry, keeps=(keeps_left, keeps_right), pairs=pairs)
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
        return Grain(smallest(map(self._canonical, keys)), story, fans, tables, kept=kept)

    def _bound(self, before: Sequence[Entry], entry: Entry) -> tuple[Key, Key, Key, int]:
        """Return the columns that a join fixes in what is joined, those before it, what the first need, and pairs."""
        known = {one.alias for one in before}
        bound: set[str] = set()
        bound_left: set[str] = set()
        needs: set[str] = set()
        pairs = 0
        for pair in self._equalities(entry):
            for one, other in (pair, pair[::-1]):
                mine, theirs = self._relations(one), self._relations(other)
                if mine is None or theirs is None:
                    continue
                if mine == {entry.alias} and theirs <= known:
                    bound |= self._exactly(one)
                    needs |= theirs
                    pairs += bool(theirs)
                elif mine and mine <= known and theirs <= {entry.alias}:
                    bound_left |= self._exactly(one)
        return frozenset(bound), frozenset(bound_left), frozenset(needs), pairs

    def _needed(self, entry: Entry, needs: Key) -> Key | None:
        """Return the relations whose rows decide which row is joined, or None when that is not known."""
        clause = entry.clause
        if clause is None or clause.method in {"ASOF", "POSITIONAL"} or isinstance(clause.this, exp.Lateral):
            return None
        if any(column.table.lower() in self._entries for column in clause.this.find_all(exp.Column)):
            return None
        on = clause.args.get("on")
        if not clause.side or on is None:
            return needs
        # An outer join has no row where a condition on others does not hold.
        others = self._relations(on) if is_one_value(on) else None
        return None if others is None else needs | (others - {entry.alias})

    def _is_bound(self, right: Grain, bound: Key, clause: exp.Join | None) -> bool:
        if clause is not None and clause.method in {"ASOF", "POSITIONAL"}:
            return True
        return any(key <= bound for key in right.keys)

    def _kept_by_join(self, left: Grain, right: Grain, entry: Entry, *, keeps: tuple[bool, bool], pairs: int) -> Kept:
        """Return what rows may be left of one event after a join.

        Args:
            left: What was there before.
            right: What is joined.
            entry: The same, with the join.
            keeps: Whether it repeats no row of the left side, and none of the right one.
            pairs: How many columns of both are the same.
        """
        clause = entry.clause
        if clause is not None and clause.side == "LEFT":
            return left.kept if keeps[0] else max(left.kept, right.kept)
        # What keeps some customers keeps all rows of an order, unless its rows have different customers.
        found = [left.kept, min(right.kept, Kept.SOME) if keeps[0] else right.kept]
        if all(keeps):
            found.append(Kept.SOME)
        # More than a key is asked for: `and items.line_no = orders.main_line_no`.
        keys = [*(right.keys if keeps[0] else ()), *(left.keys if keeps[1] else ())]
        if keys and pairs > min(map(len, keys)):
            found.append(Kept.ONE)
        if clause is not None and not clause.side and not clause.method:
            story = left.rows if keeps[0] else right.rows
            found += [self._kept_by(one, story) for one in conjuncts(clause.args.get("on"))]
        return max(found)

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

    def _fan(self, entry: Entry, bound: Key) -> Fan:
        columns = sorted(name.partition(".")[2] for name in bound)
        keys = sorted((sorted(key) for key in entry.relation.grain.keys), key=lambda key: (len(key), key))
        wider = next((key for key in keys if set(columns) < set(key)), ())
        clause = entry.clause
        at = clause.this if clause is not None else None
        place = None if at is None else span(at, self._model)
        return Fan(_called(at, entry), tuple(columns), tuple(wider) if columns else (), place)

    def _below(self, aliases: set[str]) -> set[str]:
        """Return relations of which one row belongs to a row of these, and these."""
        for alias, needs in self._depends:
            if needs <= aliases:
                aliases.add(alias)
        return aliases


def _equal(condition: exp.Expr) -> list[tuple[exp.Expr, exp.Expr]]:
    """Return both ways to read `a = b`, or `a in (1)`."""
    if isinstance(condition, exp.In):
        values = condition.expressions
        return [(condition.this, values[0])] if len(values) == 1 and isinstance(values[0], exp.Literal) else []
    if isinstance(condition, exp.EQ):
        return [(condition.this, condition.expression), (condition.expression, condition.this)]
    return []


def _called(node: exp.Expr | None, entry: Entry) -> str:
    return node.name if isinstance(node, exp.Table) and node.name else entry.alias or "a subquery"
