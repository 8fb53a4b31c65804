"""From a query to its output columns and what each may hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from sqlglot import exp

from pusher.lint.flow.arithmetic import REPEATED
from pusher.lint.flow.choices import Choice, Choices
from pusher.lint.flow.expressions import COLUMNS, Expressions
from pusher.lint.flow.functions import function_name
from pusher.lint.flow.grain import Grain, united
from pusher.lint.flow.marks import UNSORTED
from pusher.lint.flow.narrow import conditions_of, narrow, narrow_zero, without_zero
from pusher.lint.flow.relations import Entry, Output, Relation, Scope, either, rest_of, united_by_name
from pusher.lint.flow.select_grain import SelectGrain
from pusher.lint.flow.select_names import Projected
from pusher.lint.flow.values import Leak, Value, join, never_alike

Lookup = Callable[[tuple[str, ...]], Relation | None]
# Table functions whose rows come from their arguments alone; others read what is not in the SQL.
ROWS_OF_ARGUMENTS = frozenset({
    "range", "generate_series", "explode", "unnest", "json_each", "json_tree", "repeat", "repeat_row",
})  # fmt: skip


class Queries:
    """Reads the queries of one model.

    Args:
        model: Name of the model.
        lookup: Returns the relation of a table by the parts of its name.
        moment: The moment of the run, as templates write it.
        follows_rows: What conditions tell by the rows that they let through is a hint in every column.

    Attributes:
        choices: Functions that take one of several rows and leave open which.
    """

    def __init__(self, model: str, lookup: Lookup, moment: str, *, follows_rows: bool = False) -> None:
        self._model, self._lookup, self._follows_rows = model, lookup, follows_rows
        self._expressions = Expressions(model, self.relation, moment)
        self.choices: dict[Choice, None] = {}

    def relation(self, node: exp.Expr, parent: Scope | None = None) -> Relation:
        """Return the output columns of a query."""
        match node:
            case exp.Select():
                return self._select(node, parent)
            case exp.SetOperation():
                return self._set_operation(node, parent)
            case exp.Subquery():
                return self._subquery(node, parent)
            case exp.Values():
                return self._values(node, self._with(node, parent))
            case exp.Table():
                return self._entries(node, Scope(parent))[0].relation
            case _:
                return self._opaque(node, parent)

    def _opaque(self, node: exp.Expr, parent: Scope | None, through: str | None = None) -> Relation:
        """Return a relation of which only the tables behind it are known."""
        inside = [self._entries(table, Scope(parent))[0].relation.everything() for table in node.find_all(exp.Table)]
        name = through or node.key.upper()
        return _any_columns(join(inside).weakened("opaque", name, self._expressions.place(node)))

    def _with(self, node: exp.Expr, parent: Scope | None) -> Scope:
        scope = Scope(parent)
        clause = node.args.get("with_")
        if clause is None:
            return scope
        for cte in clause.expressions:
            name = cte.alias.lower()
            names = cte.alias_column_names
            if clause.args.get("recursive") and isinstance(cte.this, exp.SetOperation):
                scope.ctes[name] = _renamed(self.relation(cte.this.this, scope), names)
                # Each pass can carry a value one column further.
                for _ in scope.ctes[name].outputs:
                    scope.ctes[name] = _renamed(self.relation(cte.this, scope), names)
            scope.ctes[name] = _renamed(self.relation(cte.this, scope), names)
        return scope

    def _subquery(self, node: exp.Subquery, parent: Scope | None) -> Relation:
        scope = self._with(node, parent)
        if isinstance(node.this, exp.Table):
            entries = self._joined(node.this, scope)
            return Relation(tuple(output for entry in entries for output in entry.relation.outputs), uncertain=True)
        return self.relation(node.this, scope)

    def _values(self, node: exp.Values, scope: Scope) -> Relation:
        rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
        columns = zip(*([self._expressions.value(cell, scope) for cell in row] for row in rows), strict=True)
        return Relation(tuple(Output(f"col{n}", join(values), node, self._model) for n, values in enumerate(columns)))

    def _set_operation(self, node: exp.SetOperation, parent: Scope | None) -> Relation:
        scope = self._with(node, parent)
        left, right = self.relation(node.this, scope), self.relation(node.expression, scope)
        if isinstance(node, exp.Except):
            return left
        if node.args.get("by_name"):
            return united_by_name(left, right)
        certain = not left.uncertain and not right.uncertain
        if certain and len(left.outputs) == len(right.outputs):
            outputs = tuple(either(one, other) for one, other in zip(left.outputs, right.outputs, strict=True))
            return Relation(outputs, rest_of(left, right), grain=_grain_of_union(node, left, right))
        other = right.everything()
        given = (replace(output, value=join((output.value.flat(), other))) for output in left.outputs)
        return Relation(tuple(given), join((left.everything(), other)), uncertain=True)

    # -- FROM

    def _select(self, node: exp.Select, parent: Scope | None) -> Relation:
        scope = self._with(node, parent)
        clause = node.args.get("from_")
        if clause is not None:
            scope.entries += self._entries(clause.this, scope)
            self._add_joins(clause.this, scope)
        self._add_joins(node, scope)
        for lateral in node.args.get("laterals") or []:
            scope.entries += self._entries(lateral, scope)
        where = node.args.get("where")
        if where is not None:
            narrow(scope, where.this)
        read, returned = conditions_of(node, scope)
        for condition in read:
            narrow_zero(scope, condition)
        with self._expressions.holding(((condition, True) for condition in read), returned):
            found = self._projected(node, scope, [*read, *returned])
        return self._seen_through(node, found, scope) if self._follows_rows else found

    def _seen_through(self, node: exp.Select, found: Relation, scope: Scope) -> Relation:
        """Return a relation with what its rows tell by being there."""
        clauses = [one.this for part in ("where", "having", "qualify") if (one := node.args.get(part)) is not None]
        clauses += [on for one in node.args.get("joins") or [] if (on := one.args.get("on")) is not None]
        parts = (part for one in clauses for part in (one.flatten() if isinstance(one, exp.And) else [one]))
        told = self._expressions.decides((part for part in parts if not self._is_key(part, scope)), scope)
        # Rows of one customer are looked at by their id.
        only_hints = Value(hints=frozenset(one for one in told.hints if one[0] != "external_id"))
        outputs = tuple(replace(output, value=output.value.decided_by(only_hints)) for output in found.outputs)
        rest = None if found.rest is None else found.rest.decided_by(only_hints)
        return replace(found, outputs=outputs, rest=rest)

    def _is_key(self, condition: exp.Expr, scope: Scope) -> bool:
        """Whether a condition brings rows with the same identifier together, whatever it is."""
        if not isinstance(condition, exp.EQ):
            return False
        sides = (condition.this, condition.expression)
        values = [self._expressions.value(side, scope) for side in sides if isinstance(side, exp.Column)]
        return len(values) == len(sides) and all(value.leaks or value.hashed for value in values)

    def _joined(self, table: exp.Expr, scope: Scope) -> list[Entry]:
        inner = Scope(scope)
        inner.entries += self._entries(table, inner)
        self._add_joins(table, inner)
        return inner.entries

    def _add_joins(self, node: exp.Expr, scope: Scope) -> None:
        for clause in node.args.get("joins") or []:
            new = self._entries(clause.this, scope)
            self._add_joins_of(clause, new, scope)
            scope.entries += new

    def _add_joins_of(self, clause: exp.Join, new: list[Entry], scope: Scope) -> None:
        merged = {column.name.lower() for column in clause.args.get("using") or []}
        if clause.method == "NATURAL":
            merged = {name for entry in scope.entries for name in entry.relation.named}
        for entry in new:
            entry.hidden = merged & entry.relation.named.keys()
            entry.in_star = clause.kind not in {"SEMI", "ANTI"}
            entry.clause = clause

    def _entries(self, node: exp.Expr, scope: Scope) -> list[Entry]:
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table) and not node.alias:
            return self._joined(node.this, scope)
        relation, name = self._source(node, scope)
        pivots = node.args.get("pivots")
        if pivots:
            through = "UNPIVOT" if pivots[0].args.get("unpivot") else "PIVOT"
            place = self._expressions.place(node)
            relation = _any_columns(relation.everything().weakened("opaque", through, place))
            name = pivots[0].alias or name
        alias = node.alias or name
        return [Entry(alias.lower(), _renamed(relation, node.alias_column_names))]

    def _source(self, node: exp.Expr, scope: Scope) -> tuple[Relation, str]:
        if isinstance(node, exp.Lateral):
            return self._source(node.this, scope)
        if isinstance(node, (exp.Unnest, exp.Explode)):
            value = join(self._expressions.value(child, scope) for child in _arguments(node)).without(UNSORTED)
            names = node.alias_column_names or ["unnest"]
            return Relation(tuple(Output(name, value, node, self._model) for name in names), value), "unnest"
        if not isinstance(node, exp.Table):
            return self.relation(node, scope), ""
        if isinstance(node.this, exp.Identifier):
            return self._table(node, scope), node.name
        return self._table_function(node.this, scope), node.this.name

    def _table_function(self, node: exp.Expr, scope: Scope) -> Relation:
        name = function_name(node)
        if name in ROWS_OF_ARGUMENTS or isinstance(node, exp.GenerateSeries):
            return _any_columns(self._expressions.value(node, scope).flat())
        leak = Leak("unknown", name, "opaque", f"the table function {name}()", self._expressions.place(node))
        return _any_columns(Value(leaks=frozenset({leak})))

    def _table(self, node: exp.Table, scope: Scope) -> Relation:
        parts = tuple(part.name.lower() for part in node.parts)
        found = scope.cte(parts[0]) if len(parts) == 1 else None
        found = found or self._lookup(parts)
        if found is not None:
            return found
        name = ".".join(parts)
        leak = Leak("unknown", name, "opaque", f"the table `{name}`", self._expressions.place(node))
        return _any_columns(Value(leaks=frozenset({leak})))

    # -- SELECT

    def _projected(self, node: exp.Select, scope: Scope, conditions: Sequence[exp.Expr]) -> Relation:
        outputs: list[Output] = []
        projected: list[Projected] = []
        rests: list[Value] = []
        uncertain = False
        for projection in node.expressions:
            found = self._projection(projection, scope)
            made_here = None if star_in(projection.unalias()) is not None else projection.unalias()
            outputs += (without_zero(output, made_here, conditions, scope) for output in found.outputs)
            projected += _projected(projection, found, scope)
            rests += [] if found.rest is None else [found.rest]
            uncertain = uncertain or found.uncertain
            for output in found.outputs:
                if output.name is not None:
                    scope.aliases.setdefault(output.name.lower(), output.value)
        select = SelectGrain(node, scope, self._model, projected, is_certain=not uncertain)
        grain = select.grain()
        if select.parts:
            seen = [one.node for one in projected if one.node is not None and one.node.find(exp.Window) is None]
            seen += [exp.column(*reversed(one.column.split(".", 1))) for one in projected if one.node is None]
            self.choices.update(dict.fromkeys(Choices(select, self._model, select.group, seen).all()))
        outputs = [self._summed(output, node, select) for output in outputs]
        return Relation(tuple(outputs), join(rests) if rests else None, uncertain, grain)

    def _summed(self, output: Output, node: exp.Select, select: SelectGrain) -> Output:
        """Return a column that remembers that its sum counts some values several times."""
        made_here = output.node is not None and output.model == self._model and output.node.parent is node
        found = select.repeated_sum(output.node) if made_here and output.node is not None else None
        if found is None:
            return output
        return replace(output, value=output.value.marked(REPEATED, found[1], self._expressions.place(found[0])))

    def _projection(self, node: exp.Expr, scope: Scope) -> Relation:
        inner = node.unalias()
        star = star_in(inner)
        if star is not None:
            return self._star(inner, star, scope)
        if inner.find(exp.Columns) is not None:
            return self._columns(node, inner, scope)
        value = self._expressions.value(inner, scope)
        if isinstance(inner, exp.Explode) and (inner.expressions or not isinstance(node, exp.Alias)):
            return _spread(value, node, self._model)
        name = _output_name(node)
        output = Output(name, value, node, self._model)
        return Relation((output,), None if name is not None else value)

    def _star(self, node: exp.Expr, star: exp.Star, scope: Scope) -> Relation:
        alias = node.table if isinstance(node, exp.Column) else None
        if alias and not any(entry.alias == alias.lower() for entry in scope.entries):
            value = scope.path([part.name for part in node.parts[:-1]]) if isinstance(node, exp.Column) else None
            return _spread(scope.everything() if value is None else value, node, self._model)
        outputs = [
            self._through_star(output, node, replaced, renamed, scope)
            for _, output, replaced, renamed in _starred(alias, star, scope)
        ]
        entries = [entry for entry in scope.entries if not alias or entry.alias == alias.lower()]
        rests = [entry.relation.rest for entry in entries if entry.relation.rest is not None]
        # `* LIKE 'a%'` takes some of the columns.
        uncertain = bool(rests) or not isinstance(node, (exp.Star, exp.Column))
        uncertain = uncertain or any(entry.relation.uncertain for entry in entries)
        unnamed = Value(leaks=frozenset(leak for rest in rests for leak in rest.leaks))
        if unnamed.leaks:
            # A column that is not known by name may stand in front of one that is, and take its name.
            outputs = [replace(output, value=join((output.value, unnamed))) for output in outputs]
        return Relation(tuple(outputs), join(rests) if rests else None, uncertain)

    def _through_star(
        self, output: Output, star: exp.Expr, replaced: exp.Expr | None, renamed: str | None, scope: Scope
    ) -> Output:
        if replaced is not None:
            value = self._expressions.value(replaced.this, scope)
            return Output(output.name, value, replaced, self._model)
        # What some SQL made was made there; what only stars pass on, from a source, is written nowhere else.
        if output.model != self._model and (output.node is None or _is_star(output.node)):
            output = replace(output, node=star, model=self._model)
        return output if renamed is None else replace(output, name=renamed)

    def _columns(self, node: exp.Expr, inner: exp.Expr, scope: Scope) -> Relation:
        """Read the projection once for each column that COLUMNS may stand for; the engine knows which it does."""
        whole = self._expressions.value(inner, scope)
        outputs = []
        pattern = _pattern_of(inner)
        for _, output in scope.visible():
            if output.name is not None and pattern.search(output.name):
                if isinstance(inner, exp.Columns):
                    outputs.append(self._through_star(output, node, None, None, scope))
                    continue
                inside = scope.with_parameters({COLUMNS: output.value})
                outputs.append(Output(output.name, self._expressions.value(inner, inside), node, self._model))
        return Relation(tuple(outputs), whole, uncertain=True)


def _starred(
    alias: str | None, star: exp.Star, scope: Scope
) -> Iterator[tuple[Entry, Output, exp.Expr | None, str | None]]:
    """Yield the columns that a star stands for, each with its REPLACE and the name that RENAME gives it."""
    left_out = {child.name.lower() for child in star.args.get("except_") or []}
    replaced = {child.alias.lower(): child for child in star.args.get("replace") or []}
    renamed = {child.this.name.lower(): child.alias for child in star.args.get("rename") or []}
    for entry, output in scope.visible(alias):
        name = (output.name or "").lower()
        if output.name is None or name not in left_out:
            yield entry, output, replaced.get(name), renamed.get(name)


def _projected(node: exp.Expr, found: Relation, scope: Scope) -> Iterator[Projected]:
    """Yield the columns of a projection as what tells rows apart is read from them."""
    inner = node.unalias()
    star = star_in(inner)
    if star is None:
        if len(found.outputs) == 1:
            output = found.outputs[0]
            yield Projected(output.name.lower() if output.name else None, node, "", output.value)
        return
    alias = inner.table if isinstance(inner, exp.Column) else None
    for entry, output, replaced, renamed in _starred(alias, star, scope):
        name = (renamed or output.name or "").lower()
        if name:
            column = f"{entry.alias}.{(output.name or '').lower()}"
            yield Projected(name, replaced and replaced.this, column, output.value)


def _grain_of_union(node: exp.SetOperation, left: Relation, right: Relation) -> Grain:
    if isinstance(node, exp.Intersect):
        return left.grain
    pairs = list(zip(left.outputs, right.outputs, strict=True))
    names = [(one.name.lower(), (other.name or "").lower()) for one, other in pairs if one.name]
    differing = (one.name.lower() for one, other in pairs if one.name and never_alike(one.value, other.value))
    grain = united(left.grain, right.grain, names, differing)
    if not node.args.get("distinct"):
        return grain
    # Of rows that are alike one is left, so a row may stand for several of those below.
    everything = frozenset(name for name, _ in names)
    return replace(
        grain.with_keys([everything] if len(everything) == len(pairs) else []), rows=None, tables=frozenset()
    )


def _pattern_of(node: exp.Expr) -> re.Pattern[str]:
    """Return the names that COLUMNS may stand for; one that the engine finds beyond them counts as unknown."""
    found = node.find(exp.Columns)
    if found is not None and isinstance(found.this, exp.Literal):
        try:
            return re.compile(str(found.this.this), re.IGNORECASE)
        except re.error:
            pass
    return re.compile("")


def _is_star(node: exp.Expr) -> bool:
    """Whether a projection passes on columns without naming them."""
    inner = node.unalias()
    return star_in(inner) is not None or isinstance(inner, exp.Columns)


def _arguments(node: exp.Expr) -> Iterator[exp.Expr]:
    return (child for child in node.iter_expressions() if not isinstance(child, (exp.TableAlias, exp.Identifier)))


def star_in(node: exp.Expr) -> exp.Star | None:
    """Return the star of `*`, `t.*` or `* LIKE ...`."""
    if isinstance(node, exp.Star):
        return node
    if isinstance(node, (exp.Column, exp.Predicate, exp.Not)) and node.this is not None:
        return star_in(node.this)
    return None


def _output_name(node: exp.Expr) -> str | None:
    if isinstance(node, (exp.Alias, exp.Column)):
        return node.alias_or_name
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier):
        return node.expression.name
    return None


def _any_columns(value: Value) -> Relation:
    return Relation((), value, uncertain=True)


def _spread(value: Value, node: exp.Expr, model: str) -> Relation:
    """Return one column for each field of a struct."""
    if value.fields is None:
        return Relation((Output(None, value, node, model),), value.flat(), uncertain=True)
    fields = tuple(Output(name, inner, node, model) for name, inner in value.fields.items())
    return Relation(fields, value.flat(), uncertain=True)


def _renamed(relation: Relation, names: list[str]) -> Relation:
    if not names:
        return relation
    if relation.uncertain:
        value = relation.everything()
        return Relation(tuple(Output(name, value) for name in names), value, uncertain=True)
    outputs = tuple(
        replace(output, name=names[number] if number < len(names) else output.name)
        for number, output in enumerate(relation.outputs)
    )
    given = {
        (output.name or "").lower(): new.name.lower()
        for output, new in reversed(list(zip(relation.outputs, outputs, strict=True)))
        if output.name and new.name
    }
    return Relation(outputs, relation.rest, grain=relation.grain.renamed(given))
