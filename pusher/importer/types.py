"""Types of the columns of tables, by what a query does with them; the staging models cast to them."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from pusher.importer.draft import leaves
from pusher.importer.shape import Shape
from pusher.importer.tables import Sources

TEXT, WHOLE, EPOCH, AMOUNT, COUNT, BOOLEAN, DAY, MOMENT = (
    "varchar", "bigint", "double", "decimal(18, 4)", "integer", "boolean", "date", "timestamp",
)  # fmt: skip
# Of two types that a column may have, the one further down says more.
_STRENGTH = (TEXT, WHOLE, EPOCH, AMOUNT, COUNT, BOOLEAN, DAY, MOMENT)
_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_TIMES = (
    exp.DateAdd, exp.DateSub, exp.TimestampAdd, exp.TimestampSub, exp.DatetimeAdd, exp.DatetimeSub, exp.TsOrDsAdd,
    exp.TimestampTrunc, exp.DateTrunc, exp.Extract, exp.DateDiff, exp.TsOrDsToDate, exp.Date, exp.Year, exp.Month,
    exp.DayOfMonth, exp.DayOfWeekIso, exp.Quarter, exp.TimeToStr, exp.AtTimeZone,
)  # fmt: skip
_ARITHMETIC = (exp.Mul, exp.Div, exp.SafeDivide, exp.IntDiv, exp.Mod, exp.Sum, exp.Avg, exp.Round, exp.Abs)
_HANDING_ON = (exp.Paren, exp.Neg, exp.Coalesce, exp.Greatest, exp.Least, exp.Min, exp.Max, exp.Case, exp.Nullif)
_TIME_CALLS = {"pusher_lookback", "pusher_utc_from_local", "date_sub", "dayofweek"}

Key = tuple[str, str]


def types_of(tree: exp.Query, sources: Sources, shape: Shape) -> dict[Key, str]:
    """Return the type of each column that a query reads, by table and column."""
    found: dict[Key, str] = {(table.key, name): TEXT for table in sources.tables.values() for name in table.columns}
    for column in tree.find_all(exp.Column):
        for type_ in _uses(column):
            for key in _keys(sources, column):
                _strengthen(found, key, type_)
    for leaf in leaves(tree):
        for projection in leaf.expressions:
            wanted, inner = _of_output(projection.alias, shape), projection.unalias()
            if wanted is not None and isinstance(inner, exp.Column):
                for key in _keys(sources, inner):
                    _strengthen(found, key, wanted)
    _equalise(tree, sources, found)
    for key in shape.pii:
        found[key] = TEXT
    return found


def _keys(sources: Sources, column: exp.Expr) -> list[Key]:
    return [(table.key, name) for table, name in sources.roots(column)] if _is_plain(sources, column) else []


def _is_plain(sources: Sources, column: exp.Expr) -> bool:
    """Tell whether a column is that of a table, only handed on."""
    return all(
        isinstance(one.unalias(), exp.Column) and _is_plain(sources, one.unalias()) for one in sources.behind(column)
    )


def _strengthen(found: dict[Key, str], key: Key, type_: str) -> None:
    if key in found and _STRENGTH.index(type_) > _STRENGTH.index(found[key]):
        found[key] = type_


def _of_output(name: str, shape: Shape) -> str | None:
    field = shape.rows.get(name)
    if field is None:
        return None
    return {"decimal": AMOUNT, "integer": COUNT, "boolean": BOOLEAN, "time": MOMENT}.get(field.type)


def _uses(column: exp.Column) -> Iterator[str]:
    """Yield the types that what is done with a column needs."""
    child: exp.Expr = column
    parent = column.parent
    while isinstance(parent, _HANDING_ON) or (isinstance(parent, exp.If) and child.arg_key == "true"):
        if any(isinstance(other, exp.Boolean) for other in parent.iter_expressions() if other is not child):
            yield BOOLEAN
        child, parent = parent, parent.parent
    if isinstance(parent, (*_COMPARED, exp.Between, exp.In, exp.Is)):
        yield from _compared(child, parent)
    elif isinstance(parent, (exp.Add, exp.Sub)):
        other = parent.expression if parent.this is child else parent.this
        yield MOMENT if isinstance(other, (exp.Interval, exp.CurrentDate)) else AMOUNT
    elif parent is not None:
        yield _use(parent, child)


def _use(parent: exp.Expr, child: exp.Expr) -> str:
    if isinstance(parent, exp.Cast):
        above = parent.parent
        return EPOCH if isinstance(above, exp.Anonymous) and above.name == "to_timestamp" else TEXT
    if isinstance(parent, _TIMES) or (isinstance(parent, exp.Anonymous) and parent.name in _TIME_CALLS):
        return MOMENT
    if isinstance(parent, _ARITHMETIC):
        return AMOUNT
    is_condition = isinstance(parent, (exp.Where, exp.And, exp.Or, exp.Not))
    return BOOLEAN if is_condition or (isinstance(parent, exp.If) and child.arg_key == "this") else TEXT


def _compared(column: exp.Expr, parent: exp.Expr) -> Iterator[str]:
    others = [one for one in parent.iter_expressions() if one is not column]
    for other in others:
        bare = other.unnest()
        bare = bare.this if isinstance(bare, exp.Neg) else bare
        if isinstance(bare, exp.Literal) and not bare.is_string:
            yield AMOUNT if "." in bare.name else WHOLE
        elif isinstance(bare, exp.Boolean):
            yield BOOLEAN
        elif _is_moment(bare):
            yield MOMENT


def _is_moment(node: exp.Expr) -> bool:
    if isinstance(node, exp.Cast) and node.to.is_type(exp.DataType.Type.TIMESTAMP, exp.DataType.Type.DATE):
        return True
    clock = any(one.name == "pusher_as_of" for one in node.find_all(exp.Anonymous))
    return clock or node.find(exp.Interval) is not None


def _equalise(tree: exp.Query, sources: Sources, found: dict[Key, str]) -> None:
    """Give columns that are compared with each other one type."""
    pairs = []
    for one in tree.find_all(*_COMPARED):
        left, right = one.this.unnest(), one.expression.unnest()
        if isinstance(left, exp.Column) and isinstance(right, exp.Column):
            pairs.append([*_keys(sources, left), *_keys(sources, right)])
    for using in (join.args.get("using") for join in tree.find_all(exp.Join)):
        pairs += [[key for key in found if key[1] == name.name.lower()] for name in using or ()]
    for _ in range(len(pairs)):
        for keys in pairs:
            strongest = max((found[key] for key in keys if key in found), key=_STRENGTH.index, default=TEXT)
            for key in keys:
                _strengthen(found, key, strongest)
