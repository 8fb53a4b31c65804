"""What the functions of a platform mean, and how DuckDB says the same.

A function that is in none of the lists here is refused: nobody has looked at whether it means the same.
"""

from __future__ import annotations

from sqlglot import exp

from pusher.importer.draft import Draft, Handlers
from pusher.importer.layout import expression
from pusher.importer.text_functions import TEXT_HANDLERS
from pusher.importer.time_functions import TIME_HANDLERS, clock, epoch
from pusher.importer.times import is_clock

# Functions that give the same on every platform here and in DuckDB, once sqlglot has written them.
SAME = (
    exp.Abs, exp.And, exp.Avg, exp.Case, exp.Cast, exp.Ceil, exp.Coalesce, exp.Contains, exp.Count, exp.CountIf,
    exp.Date, exp.DateAdd, exp.DateSub, exp.DateTrunc, exp.DatetimeAdd, exp.DatetimeSub, exp.DayOfMonth,
    exp.DayOfWeekIso, exp.DenseRank, exp.EndsWith, exp.EqualNull, exp.Exists, exp.FirstValue, exp.Floor, exp.If,
    exp.Lag,
    exp.LastValue, exp.Lead, exp.Left, exp.Length, exp.Like, exp.LogicalAnd, exp.LogicalOr, exp.Lower, exp.Max,
    exp.Min, exp.Month, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Nullif, exp.Or, exp.Pow, exp.Quarter, exp.Rank,
    exp.RegexpLike, exp.Replace, exp.Right, exp.Round, exp.RowNumber, exp.SafeDivide, exp.SplitPart, exp.StartsWith,
    exp.StrPosition, exp.Substring, exp.Sum, exp.TimestampAdd, exp.TimestampSub, exp.ToDouble, exp.Trim, exp.TryCast,
    exp.TsOrDsAdd, exp.TsOrDsToDate, exp.TsOrDsToTimestamp, exp.Upper, exp.Year, exp.ConcatWs,
    exp.DecodeCase, exp.Sign, exp.ILike, exp.Connector, exp.Predicate, exp.WeekStart,
)  # fmt: skip
_NO_FUNCTIONS = (exp.Bracket, exp.AtTimeZone, exp.Lambda, exp.Placeholder, exp.Parameter, exp.Pivot, exp.JSONExtract)
_DECIMALS = {
    "presto": "decimal(38, 0)", "snowflake": "decimal(38, 0)", "bigquery": "decimal(38, 9)", "spark": "decimal(10, 0)",
}  # fmt: skip
# Holds every number that Spark's whole types do, with the fraction that is cut off.
_EXACT = "decimal(38, 9)"
_WHOLE = (exp.Count, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Length, exp.IntDiv, exp.DateDiff, exp.Extract)


def carry(draft: Draft, root: exp.Expr) -> None:
    """Rewrite a tree so that DuckDB gives what the platform gave; what cannot be carried over is noted.

    Args:
        draft: The query, for places and notes.
        root: Its tree, or a part of it.
    """
    for node in reversed(list(root.walk())):
        if node is not root and node.parent is None:
            continue
        replaced = _carried(draft, node)
        if replaced is not None and replaced is not node:
            if node.meta.get("start") is not None:
                replaced.meta.update({key: node.meta[key] for key in ("start", "end") if key in node.meta})
            node.replace(replaced)


def _carried(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    if is_clock(node):
        return clock(draft, node)
    handler = next((one for kinds, one in _HANDLERS if isinstance(node, kinds)), None)
    if handler is not None:
        return handler(draft, node)
    if isinstance(node, exp.Anonymous):
        return _named(draft, node)
    if isinstance(node, _NO_FUNCTIONS) or (isinstance(node, exp.Func) and not isinstance(node, SAME)):
        return draft.no_equal(node)
    return None


def _named(draft: Draft, node: exp.Anonymous) -> exp.Expr | None:
    """Carry a function that sqlglot knows by no class."""
    name = node.name.lower()
    if name.startswith("pusher_"):
        return None
    if (
        name in {"to_timestamp", "to_timestamp_ntz", "to_timestamp_ltz", "to_timestamp_tz"}
        and len(node.expressions) == 1
    ):
        why = "Taken for text or a timestamp; a number of seconds would need the staging model to convert it."
        draft.told("assumed", node, node, "cast(... as timestamp)", why)
        return exp.cast(node.expressions[0], "timestamp")
    scale = {"timestamp_seconds": 0, "timestamp_millis": 3, "timestamp_micros": 6}.get(name)
    if scale is not None and len(node.expressions) == 1:
        return epoch(draft, node, node.expressions[0], scale)
    return draft.no_equal(node)


def _cast(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    """Keep what a cast does: times are naive UTC, a number without digits has the platform's, text stays text."""
    to = node.args.get("to")
    if not isinstance(to, exp.DataType):
        return None
    if to.is_type(exp.DataType.Type.TIMESTAMPTZ, exp.DataType.Type.TIMESTAMPLTZ):
        why = "Times in models are naive and in UTC."
        draft.told("time", node, node, f"cast({draft.words(node.this)} as timestamp)", why)
        to.replace(exp.DataType.build("timestamp"))
    elif to.this == exp.DataType.Type.DECIMAL and not to.expressions:
        type_ = _DECIMALS[draft.dialect]
        draft.told("type", node, node, type_, "The digits of the platform's own type without digits.")
        to.replace(exp.DataType.build(type_))
    elif draft.dialect == "spark" and isinstance(node, exp.TryCast) and to.is_type(*exp.DataType.TEXT_TYPES):
        # Sparks's cast gives NULL for what it cannot read; anything can be text.
        return exp.cast(node.this, "varchar")
    elif draft.dialect == "spark" and to.is_type(*exp.DataType.INTEGER_TYPES) and not _is_whole(node.this):
        number = exp.TryCast(this=node.this.copy(), to=exp.DataType.build(_EXACT))
        whole = exp.TryCast(this=exp.func("trunc", number, dialect="duckdb"), to=to.copy())
        why = "The fraction is cut off, as Spark does; DuckDB's cast would round."
        draft.told("type", node, node, expression(whole), why)
        return whole
    return None


def _is_whole(node: exp.Expr) -> bool:
    node = node.unnest()
    is_cast = isinstance(node, exp.Cast) and node.to.is_type(*exp.DataType.INTEGER_TYPES)
    return is_cast or isinstance(node, _WHOLE) or (isinstance(node, exp.Literal) and node.is_int)


def _division(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    old, divisor = draft.words(node), node.expression
    is_safe = isinstance(divisor, exp.Nullif) or (
        isinstance(divisor, exp.Literal) and str(divisor.this).strip("0.") != ""
    )
    if not is_safe:
        node.set("expression", exp.func("nullif", divisor.copy(), exp.Literal.number(0)))
    node.set("safe", False)
    node.set("typed", False)
    whole = "Presto divides whole numbers to a whole number, DuckDB to a fraction." if draft.dialect == "presto" else ""
    zero = (
        ""
        if is_safe
        else "Divided by 0 it is NULL; the platform " + ("gave NULL too." if draft.dialect == "spark" else "stopped.")
    )
    if whole or zero:
        draft.told("division", node, old, expression(node), " ".join(one for one in (zero, whole) if one))
    return None


def _any_value(draft: Draft, node: exp.Expr) -> exp.Expr:
    draft.told(
        "tie-break",
        node,
        node,
        f"min({draft.words(node.this)})",
        "Any value would differ from run to run: the smallest is taken.",
    )
    return exp.Min(this=node.this.copy())


def _list(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    if isinstance(node.parent, exp.Bracket) or node.find(exp.Limit) is not None:
        return draft.no_equal(node)
    inner = node.this.this if isinstance(node.this, exp.Order) else node.this
    is_set = isinstance(node, exp.ArrayUniqueAgg)
    distinct = is_set or isinstance(inner, exp.Distinct)
    value = inner.expressions[0] if isinstance(inner, exp.Distinct) else inner
    called = (
        f"list({'distinct ' if distinct else ''}{expression(value)}) filter (where {expression(value)} is not null)"
    )
    why = "Sorted, since a list in any order differs from run to run; without NULL."
    draft.told("order", node, node, f"list_sort({called})", why)
    return exp.Anonymous(this="pusher_sorted", expressions=[value.copy(), exp.Boolean(this=distinct)])


def _extreme(draft: Draft, node: exp.Expr) -> None:
    if draft.dialect != "spark":
        why = "With one part NULL it is NULL, as before; DuckDB would leave that part out."
        draft.told("nulls", node, node, expression(node), why)


def _random(draft: Draft, node: exp.Expr) -> None:
    message = f"`{draft.words(node)}` differs in every run: what was sent could never be told again."
    draft.refuse("import-random", node, message, "Make it of keys of the row, such as the order's number.")


def _ordered(draft: Draft, node: exp.Expr) -> None:
    if node.args.get("nulls_first"):
        why = "NULL comes first, as the platform sorts; DuckDB sorts it last unless it is told."
        draft.told("nulls", node, node, expression(node), why)


_HANDLERS: Handlers = (
    *TIME_HANDLERS,
    *TEXT_HANDLERS,
    ((exp.Div,), _division),
    ((exp.AnyValue,), _any_value),
    ((exp.ArrayAgg, exp.ArrayUniqueAgg), _list),
    ((exp.Greatest, exp.Least), _extreme),
    ((exp.Uuid, exp.Rand, exp.Randn), _random),
    ((exp.Ordered,), _ordered),
    ((exp.Cast, exp.TryCast), _cast),
)
