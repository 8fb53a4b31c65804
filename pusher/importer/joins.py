"""What has to be true of a query's rows so that they mean the same again: joins find one row, orders have no ties."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from pusher.importer.draft import Draft
from pusher.importer.tables import Sources, Table, key_of

_PICKS = (exp.RowNumber, exp.FirstValue, exp.LastValue, exp.Lag, exp.Lead)


def unique_columns(draft: Draft, sources: Sources, items: frozenset[str]) -> dict[str, set[str]]:
    """Return the columns that joins expect once, by table: a test of the staging model asks.

    Args:
        draft: The query.
        sources: Its tables.
        items: Tables whose rows are items, which are many.
    """
    found: dict[str, set[str]] = {}
    for join in draft.tree.find_all(exp.Join):
        picks = str(join.args.get("kind") or "").upper() in {"SEMI", "ANTI"}
        if picks or not isinstance(join.this, exp.Table) or key_of(join.this) not in sources.tables:
            continue
        condition = join.args.get("on")
        pairs = [] if condition is None else [_sides(sources, one, join.this) for one in _parts(condition)]
        known = [pair for pair in pairs if pair is not None]
        table = sources.tables[key_of(join.this)]
        known += [((table, using.name.lower()), None) for using in join.args.get("using") or ()]
        if len(known) != 1:
            continue
        one, other = known[0]
        if one[0].key in items and other is not None:
            one, other = other, one
        if one[0].key in items:
            continue
        found.setdefault(one[0].key, set()).add(one[1])
        why = f"One row of {one[0].name} for each {one[1]}, or orders are counted twice; a test of staging asks."
        draft.told(
            "assumed", join, " ".join(draft.words(condition or join).split()), f"data_tests: [unique] on {one[1]}", why
        )
    return found


_Side = tuple[Table, str]


def _parts(condition: exp.Expr) -> list[exp.Expr]:
    return list(condition.flatten()) if isinstance(condition, exp.And) else [condition.unnest()]


def _sides(sources: Sources, one: exp.Expr, joined: exp.Table) -> tuple[_Side, _Side | None] | None:
    """Return the joined table's column and the other one of an equation, or None when it is no such thing."""
    if not isinstance(one, exp.EQ):
        return None
    name = joined.alias_or_name.lower()
    for mine, theirs in ((one.this, one.expression), (one.expression, one.this)):
        if isinstance(mine, exp.Column) and mine.table.lower() == name and (found := sources.of(mine)) is not None:
            other = sources.of(theirs) if isinstance(theirs, exp.Column) else None
            return found, other
    return None


def break_ties(draft: Draft, sources: Sources, names: Mapping[str, list[str]]) -> None:
    """End every order that picks a row with all columns that are read, so that rows alike there are alike.

    Args:
        draft: The query; its windows are rewritten.
        sources: Its tables.
        names: Columns of the query's CTEs, by name.
    """
    for window in draft.tree.find_all(exp.Window):
        order = window.args.get("order")
        select = window.find_ancestor(exp.Select)
        if not isinstance(window.this.unnest(), _PICKS) or select is None:
            continue
        if order is None:
            message = f"`{draft.words(window)}` has no order: which row it takes differs from run to run."
            draft.refuse("import-order", window, message, "Write an ORDER BY into it.")
            continue
        taken = {one.this.sql("duckdb").lower() for one in order.expressions}
        taken |= {one.sql("duckdb").lower() for one in window.args.get("partition_by") or ()}
        bare = {one.rpartition(".")[2] for one in taken}
        added = [one for one in _all_columns(sources, select, names) if one.name not in bare]
        if added:
            old = draft.words(order)
            order.set("expressions", [*order.expressions, *(exp.Ordered(this=one, nulls_first=False) for one in added)])
            why = "Rows that are alike in the order are sorted by their other columns, so that each run takes the same."
            draft.told("tie-break", window, old, draft.words(order), why)


def _all_columns(sources: Sources, select: exp.Select, names: Mapping[str, list[str]]) -> list[exp.Column]:
    relations = [select.args["from_"].this] if select.args.get("from_") else []
    relations += [join.this for join in select.args.get("joins") or ()]
    found = []
    for relation in relations:
        if not isinstance(relation, exp.Table):
            continue
        key = key_of(relation)
        known = sorted(sources.tables[key].columns) if key in sources.tables else names.get(relation.name.lower(), [])
        for name in known:
            column = exp.column(name, table=relation.alias_or_name)
            if key in sources.tables:
                column.meta["pusher_table"] = key
            found.append(column)
    return found
