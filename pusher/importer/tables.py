"""Which table each column of a query comes from, and which columns of its tables a query reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from pusher.importer.draft import Draft, leaves

_OF, _IN = "pusher_table", "pusher_query"


@dataclass(slots=True)
class Table:
    """A table that a query reads.

    Attributes:
        key: Its name as the query writes it, in lower case, with its schema.
        name: Last part of it.
        schema: The part before, or None.
        catalog: The part before that, or None.
        node: Where it is first read.
        columns: Columns that the query reads, by name in lower case, each with where it is first read.
    """

    key: str
    name: str
    schema: str | None
    catalog: str | None
    node: exp.Table
    columns: dict[str, exp.Column] = field(default_factory=dict)


@dataclass(slots=True)
class Sources:
    """The tables of a query, and what its columns refer to.

    Attributes:
        tables: By key, in the order of the query.
        producers: The projections behind each column of a CTE or subquery, by the scope's number and the name.
    """

    tables: dict[str, Table] = field(default_factory=dict)
    producers: dict[tuple[str, str], list[exp.Expr]] = field(default_factory=dict)

    def of(self, column: exp.Expr) -> tuple[Table, str] | None:
        """Return table and column that a reference reads directly, or None."""
        found = column.meta.get(_OF)
        return (self.tables[str(found)], column.name.lower()) if found is not None else None

    def behind(self, column: exp.Expr) -> list[exp.Expr]:
        """Return the expressions that make the column of a CTE or subquery; none for a table's."""
        found = column.meta.get(_IN)
        return self.producers.get((str(found), column.name.lower()), []) if found is not None else []

    def roots(self, node: exp.Expr, _depth: int = 0) -> Iterator[tuple[Table, str]]:
        """Yield the columns of tables that an expression is made of, also through CTEs."""
        if _depth > 50:  # noqa: PLR2004 -- a recursive CTE reads itself
            return
        for column in node.find_all(exp.Column):
            found = self.of(column)
            if found is not None:
                yield found
            for producer in self.behind(column):
                yield from self.roots(producer, _depth + 1)


def resolve(draft: Draft) -> Sources:
    """Find out where each column comes from; stars over CTEs become their columns.

    Raises:
        CompileError: A column or a star cannot be told, or a table is no plain table.
    """
    sources = Sources()
    numbers: dict[int, str] = {}
    for number, scope in enumerate(traverse_scope(draft.tree)):
        numbers[id(scope)] = str(number)
        _tables(draft, sources, scope)
        if isinstance(scope.expression, exp.Select):
            _expand_stars(draft, scope, numbers)
        for column in [*scope.columns, *_behind_groups(scope)]:
            if _OF not in column.meta and _IN not in column.meta:
                _attribute(sources, scope, column, numbers)
        _add_using(sources, scope)
        for select in leaves(scope.expression):
            names = [one.output_name.lower() for one in leaves(scope.expression)[0].expressions]
            for name, projection in zip(names, select.expressions, strict=False):
                sources.producers.setdefault((str(number), name), []).append(projection)
    _refuse_unknown(draft)
    draft.stop_if_refused()
    return sources


def _add_using(sources: Sources, scope: Scope) -> None:
    """Add the columns that USING names to the two tables that it joins."""
    inputs = _inputs(scope)
    joins = scope.expression.args.get("joins") or ()
    joined = [join.this.alias_or_name for join in joins]
    before = [name for name in inputs if name not in joined]
    for join, alias in zip(joins, joined, strict=True):
        for using in join.args.get("using") or ():
            name = using.name.lower()
            left = [_table(sources, inputs[one]) for one in before]
            # Of several tables before it that one has the column of which the query reads it, else the first.
            has = [table for table in left if table is not None and name in table.columns]
            for table in (*(has or left)[:1], _table(sources, inputs.get(alias))):
                if table is not None:
                    table.columns.setdefault(name, exp.column(using.name))
        before.append(alias)


def _table(sources: Sources, source: object) -> Table | None:
    return sources.tables.get(key_of(source)) if isinstance(source, exp.Table) else None


def _behind_groups(scope: Scope) -> Iterator[exp.Column]:
    """Yield the columns of HAVING and QUALIFY that are no names of projections."""
    names = set(map(str.lower, _names(scope.expression)))
    for clause in (scope.expression.args.get("having"), scope.expression.args.get("qualify")):
        for column in () if clause is None else clause.find_all(exp.Column):
            if (
                column.find_ancestor(exp.Select) is scope.expression
                and not column.table
                and column.name.lower() not in names
            ):
                yield column


def _refuse_unknown(draft: Draft) -> None:
    for column in draft.tree.find_all(exp.Column):
        if _OF in column.meta or _IN in column.meta or isinstance(column.this, exp.Star):
            continue
        clause = column.find_ancestor(exp.Order, exp.Group, exp.Having, exp.Qualify, exp.Select)
        select = column.find_ancestor(exp.Select)
        named = () if select is None or clause is select else map(str.lower, select.named_selects)
        if not column.table and column.name.lower() in named:
            continue
        message = f"`{draft.words(column)}` is no column of a table of the query."
        fix = "Write the table's name or alias before it; load a field of a struct as a column of the table."
        draft.refuse("import-column", column, message, fix)


def _names(query: exp.Expr) -> list[str]:
    """Return the names of the columns of a query."""
    return list(query.named_selects) if isinstance(query, exp.Query) else []


def _inputs(scope: Scope) -> dict[str, exp.Table | Scope]:
    """Return what a SELECT reads from, by the name that it gives it; other CTEs are in sight too, and not read."""
    found = {name: source for name, (_, source) in scope.selected_sources.items()}
    for join in scope.expression.args.get("joins") or ():
        # What a semi or an anti join reads gives no columns, but its condition names them.
        name = join.this.alias_or_name
        if name in scope.sources:
            found.setdefault(name, scope.sources[name])
    return found


def _tables(draft: Draft, sources: Sources, scope: Scope) -> None:
    for source in _inputs(scope).values():
        if isinstance(source, exp.Table):
            if not isinstance(source.this, exp.Identifier) or source.args.get("sample") or source.args.get("pivots"):
                fix = "Import a query over plain tables; load what a function or a sample gives as a table first."
                draft.refuse("import-table", source, f"`{draft.words(source)}` is no plain table.", fix)
            parts = [part.name.lower() for part in source.parts]
            key = ".".join(parts[-2:])
            schema, catalog = (parts[-2] if len(parts) > 1 else None), (parts[-3] if len(parts) > 2 else None)  # noqa: PLR2004 -- catalog.schema.table
            sources.tables.setdefault(key, Table(key, parts[-1], schema, catalog, source))
    for join in scope.expression.args.get("joins") or ():
        if not isinstance(join.this, (exp.Table, exp.Subquery)):
            fix = "Load the elements of the array as a table of their own, one row each, and join it."
            draft.refuse("import-array", join, f"`{draft.words(join.this)}` makes rows of an array.", fix)
    for lateral in scope.expression.args.get("laterals") or ():
        fix = "Load the elements of the array as a table of their own, one row each, and join it."
        draft.refuse("import-array", lateral, f"`{draft.words(lateral)}` makes rows of an array.", fix)


def key_of(table: exp.Table) -> str:
    """Return the key of a table that a query reads."""
    return ".".join(part.name.lower() for part in table.parts[-2:])


def _expand_stars(draft: Draft, scope: Scope, numbers: dict[int, str]) -> None:
    select = scope.expression
    wanted: list[exp.Expr] = []
    for one in select.expressions:
        star = one if isinstance(one, exp.Star) else one.this if isinstance(one, exp.Column) else None
        if not isinstance(star, exp.Star):
            wanted.append(one)
            continue
        owner = one.table if isinstance(one, exp.Column) else ""
        names = [owner] if owner else list(_inputs(scope))
        inner = [_inputs(scope).get(name) for name in names]
        if (
            any(not isinstance(source, Scope) for source in inner)
            or star.args.get("except_")
            or star.args.get("replace")
        ):
            fix = "Name the columns instead: what is not known to be read is not carried over."
            draft.refuse("import-star", one, f"`{draft.words(one)}` does not say which columns it takes.", fix)
            continue
        for name, source in zip(names, inner, strict=True):
            assert isinstance(source, Scope)  # noqa: S101 -- checked above
            for output in _names(source.expression):
                column = exp.column(output, table=name)
                column.meta[_IN] = numbers[id(source)]
                wanted.append(column)
    select.set("expressions", wanted)


def _attribute(sources: Sources, scope: Scope, column: exp.Column, numbers: dict[int, str]) -> None:
    if isinstance(column.this, exp.Star):
        return
    if len(column.parts) > 2 and column.parts[0].name not in _inputs(scope):  # noqa: PLR2004 -- schema.table.column
        column.set("db", None)
        column.set("catalog", None)
    owner = column.table
    if owner:
        found = next((one for name, one in _inputs(scope).items() if name.lower() == owner.lower()), None)
        if found is None:
            return
    else:
        if _is_alias(sources, scope, column):
            return
        found = _unqualified(scope, column)
        if found is None:
            return
    if isinstance(found, exp.Table):
        key = key_of(found)
        if key in sources.tables:
            column.meta[_OF] = key
            sources.tables[key].columns.setdefault(column.name.lower(), column)
    elif isinstance(found, Scope):
        column.meta[_IN] = numbers[id(found)]


def _unqualified(scope: Scope, column: exp.Column) -> exp.Table | Scope | None:
    """Return where a column without a table's name comes from, or None when that cannot be told."""
    inner = [one for one in _inputs(scope).values() if isinstance(one, Scope)]
    having = [one for one in inner if column.name.lower() in map(str.lower, _names(one.expression))]
    tables = [one for one in _inputs(scope).values() if isinstance(one, exp.Table)]
    if len(having) == 1 and not tables:
        return having[0]
    if not having and len(tables) == 1:
        return tables[0]
    return None


def _is_alias(sources: Sources, scope: Scope, column: exp.Column) -> bool:
    """Tell whether a column is a name that the same SELECT gave before, and follow it there."""
    select = scope.expression
    if not isinstance(select, exp.Select):
        return False
    projection = column.find_ancestor(exp.Alias, exp.Select)
    for one in select.expressions:
        if one is projection:
            break
        same = isinstance(one.unalias(), exp.Column) and one.unalias().name.lower() == column.name.lower()
        if isinstance(one, exp.Alias) and one.alias.lower() == column.name.lower() and not same:
            column.meta[_IN] = f"alias {id(select)}"
            sources.producers.setdefault((f"alias {id(select)}", column.name.lower()), [one])
            return True
    return False
