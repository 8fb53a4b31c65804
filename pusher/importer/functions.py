"""What the functions of a platform mean, and how DuckDB says the same.

A function that is in none of the lists here is refused: nobody has looked at whether it means the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from pusher.importer.draft import Draft
from pusher.importer.layout import expression
from pusher.importer.times import AS_OF, is_clock

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
_BEYOND_RE2 = re.compile(r"\(\?(?:[=!]|<[=!])|\\[1-9]|[*+?}]\+")
_DECIMALS = {
    "presto": "decimal(38, 0)", "snowflake": "decimal(38, 0)", "bigquery": "decimal(38, 9)", "spark": "decimal(10, 0)",
}  # fmt: skip
# Holds every number that Spark's whole types do, with the fraction that is cut off.
_EXACT = "decimal(38, 9)"
_WHOLE = (exp.Count, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Length, exp.IntDiv, exp.DateDiff, exp.Extract)
_JAVA_GROUP = re.compile(r"\$(\d)")


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
        return _clock(draft, node)
    handler = next((one for kinds, one in _HANDLERS if isinstance(node, kinds)), None)
    if handler is not None:
        return handler(draft, node)
    if isinstance(node, exp.Anonymous):
        return _named(draft, node)
    if isinstance(node, _NO_FUNCTIONS) or (isinstance(node, exp.Func) and not isinstance(node, SAME)):
        return _refused(draft, node)
    return None


def _refused(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    written = draft.words(node)
    message = f"`{written if len(written) < 80 else written[:77] + '...'}` has no known equal in DuckDB."  # noqa: PLR2004 -- a line
    fix = "Write it in another way, or load its result as a column of the table."
    draft.refuse("import-function", node, message, fix)
    return None


def _clock(draft: Draft, node: exp.Expr) -> exp.Expr:
    is_day = isinstance(node, exp.CurrentDate)
    why = (
        "The moment that the models are built for, in UTC, so that a run can be repeated; the platform took its clock."
    )
    draft.told("clock", node, node, f"cast({AS_OF} as date)" if is_day else AS_OF, why)
    moment = exp.Anonymous(this="pusher_as_of", expressions=[])
    return exp.cast(moment, "date") if is_day else moment


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
        return _epoch(draft, node, node.expressions[0], scale)
    _refused(draft, node)
    return None


def _epoch(draft: Draft, node: exp.Expr, number: exp.Expr, scale: int) -> exp.Expr:
    unit = {0: "seconds", 3: "milliseconds", 6: "microseconds"}[scale]
    seconds = (
        number.copy()
        if not scale
        else exp.Div(this=exp.cast(number.copy(), "double"), expression=exp.Literal.number(10**scale))
    )
    moment = exp.Anonymous(this="to_timestamp", expressions=[exp.cast(seconds, "double") if not scale else seconds])
    result = exp.AtTimeZone(this=moment, zone=exp.Literal.string("UTC"))
    why = f"A number of {unit} since 1970 becomes a naive UTC timestamp, whatever the zone of the session."
    draft.told("time", node, node, expression(result), why)
    return result


def _unix_to_time(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    scale = node.args.get("scale")
    power = 0 if scale is None else int(scale.name) if scale.name.isdigit() else -1
    if power not in {0, 3, 6} or node.args.get("zone"):
        _refused(draft, node)
        return None
    return _epoch(draft, node, node.this, power)


def _unix_to_str(draft: Draft, node: exp.Expr) -> exp.Expr:
    return _epoch(draft, node, node.this, 0)


def _iso_text(draft: Draft, node: exp.Expr) -> exp.Expr:
    why = "Text with an offset becomes a naive UTC timestamp; text without one becomes NULL."
    draft.told("time", node, node, f"{{{{ utc_timestamp('{draft.words(node.this)}') }}}}", why)
    return exp.Anonymous(this="pusher_utc_timestamp", expressions=[node.this.copy()])


def _from_local(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    """Carry a time that is turned from a zone into UTC."""
    zone, target = node.args.get("zone") or node.args.get("source_tz"), node.args.get("target_tz")
    value = node.this if not isinstance(node, exp.ConvertTimezone) else node.args["timestamp"]
    if not isinstance(zone, exp.Literal) or (target is not None and target.name.upper() != "UTC"):
        return _refused(draft, node)
    value = value.this if isinstance(value, (exp.Cast, exp.TryCast)) else value
    why = "A local time becomes UTC; of the hour that comes twice when clocks are set back, the later is taken."
    draft.told("time", node, node, f"{{{{ utc_from_local('{draft.words(value)}', '{zone.name}') }}}}", why)
    return exp.Anonymous(this="pusher_utc_from_local", expressions=[value.copy(), exp.Literal.string(zone.name)])


def _timestamp(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    if node.args.get("zone"):
        return _from_local(draft, node)
    return exp.cast(node.this, "timestamp")


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


def _substring(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    start = node.args.get("start")
    # Of Snowflake sqlglot knows it.
    if draft.dialect == "snowflake" or not (isinstance(start, exp.Literal) and start.name == "0"):
        return None
    if draft.dialect == "presto":
        # It is always an empty text there, which nobody means.
        return _refused(draft, node)
    old = draft.words(node)
    node.set("start", exp.Literal.number(1))
    why = "A text begins at 1, and 0 is taken for that, as before; DuckDB would give one character less."
    draft.told("text", node, old, expression(node), why)
    return None


def _position(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    """Carry the place of the first match; DuckDB looks for no other, and from no other place."""
    given = (node.args.get(name) for name in ("position", "occurrence"))
    return _refused(draft, node) if any(one is not None and one.name != "1" for one in given) else None


def _like(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    pattern = node.expression
    if draft.dialect not in {"bigquery", "spark"} or isinstance(node.parent, exp.Escape):
        return None
    if not isinstance(pattern, exp.Literal | exp.RawString) or "\\" not in pattern.name:
        return None
    node.set("expression", exp.Literal.string(pattern.name))
    escaped = exp.Escape(this=node.copy(), expression=exp.Literal.string("\\"))
    why = "The sign behind a backslash stands for itself, as before; DuckDB takes the backslash for a sign of its own."
    draft.told("text", node, node, expression(escaped), why)
    return escaped


def _split_part(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    if draft.dialect != "presto":
        return None
    parts = exp.Anonymous(this="string_split", expressions=[node.this.copy(), node.args["delimiter"].copy()])
    part = exp.Anonymous(this="array_extract", expressions=[parts, node.args["part_index"].copy()])
    why = "A part that is not there is NULL, as before; DuckDB's split_part would give an empty text."
    draft.told("nulls", node, node, expression(part), why)
    return part


def _regexp_extract(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    _pattern(draft, node)
    if draft.dialect != "presto":
        return None
    found = exp.RegexpLike(this=node.this.copy(), expression=node.expression.copy())
    first = exp.Case(ifs=[exp.If(this=found, true=node.copy())])
    why = "Without a match it is NULL, as before; DuckDB would give an empty text."
    draft.told("nulls", node, node, expression(first), why)
    return first


def _regexp_replace(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    old = draft.words(node)
    given = [node.args.get(name) for name in ("position", "occurrence")]
    if any(one is not None and one.name not in {"0", "1"} for one in given) or (
        given[1] is not None and given[1].name == "1"
    ):
        return _refused(draft, node)
    _pattern(draft, node)
    replacement = node.args.get("replacement")
    if replacement is None:
        node.set("replacement", exp.Literal.string(""))
    elif draft.dialect in {"presto", "spark"} and isinstance(replacement, exp.Literal):
        node.set("replacement", exp.Literal.string(_JAVA_GROUP.sub(r"\\\1", str(replacement.this))))
    for name in ("position", "occurrence", "single_replace"):
        node.set(name, None)
    flags = node.args.get("modifiers")
    node.set("modifiers", exp.Literal.string("g" + (flags.name.replace("g", "") if flags is not None else "")))
    why = "All matches are replaced, as before: without the option `g` DuckDB would replace the first only."
    draft.told("regexp", node, old, expression(node), why)
    return None


def _pattern(draft: Draft, node: exp.Expr) -> None:
    pattern = node.expression
    if isinstance(pattern, exp.RawString):
        pattern = exp.Literal.string(str(pattern.this))
        node.set("expression", pattern)
    if not isinstance(pattern, exp.Literal):
        draft.refuse("import-regexp", node, "The pattern is no text that could be read.", "Write the pattern itself.")
    elif _BEYOND_RE2.search(str(pattern.this)):
        message = f"The pattern `{pattern.this}` looks around or back, which DuckDB's expressions (RE2) cannot."
        draft.refuse("import-regexp", node, message, "Write a pattern without it.")


def _regexp(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    _pattern(draft, node)
    return None


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


def _date_diff(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    if draft.dialect != "presto":
        return None
    unit = (node.args.get("unit") or exp.var("DAY")).name.lower()
    why = "Whole units that have passed, as Presto counts; DuckDB's date_diff counts the midnights between."
    draft.told("time", node, node, f"date_sub('{unit}', ...)", why)
    return exp.Anonymous(
        this="date_sub", expressions=[exp.Literal.string(unit), node.expression.copy(), node.this.copy()]
    )


def _day_of_week(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    if draft.dialect == "snowflake":
        return None
    why = "Sunday is 1, as on the platform; DuckDB's own dayofweek begins with 0."
    draft.told("time", node, node, "dayofweek(...) + 1", why)
    inner = exp.Anonymous(
        this="dayofweek", expressions=[node.this.copy() if isinstance(node, exp.DayOfWeek) else node.expression.copy()]
    )
    return exp.paren(exp.Add(this=inner, expression=exp.Literal.number(1)))


def _extract(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    part = node.name.upper()
    if part in {"DAYOFWEEK", "DOW"} and draft.dialect in {"bigquery", "spark"}:
        return _day_of_week(draft, node)
    if part not in {
        "YEAR",
        "QUARTER",
        "MONTH",
        "DAY",
        "HOUR",
        "MINUTE",
        "SECOND",
        "EPOCH",
        "EPOCH_SECOND",
        "ISOWEEK",
        "DATE",
    }:
        return _refused(draft, node)
    return None


def _truncation(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    unit = node.args.get("unit")
    if isinstance(unit, exp.WeekStart) or (unit is not None and unit.name.upper() == "WEEK"):
        start = (
            "Sunday"
            if draft.dialect == "bigquery" and not (isinstance(unit, exp.WeekStart) and unit.name.upper() == "MONDAY")
            else "Monday"
        )
        why = f"A week begins on {start}" + (
            ", unless the parameter WEEK_START says otherwise." if draft.dialect == "snowflake" else "."
        )
        draft.told("time", node, node, expression(node), why)
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
        return _refused(draft, node)
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


def _digest(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    """Carry a digest of something that identifies nobody, in the same letters."""
    length = node.args.get("length")
    bits = 256 if length is None else int(length.name) if length.name.isdigit() else -1
    is_sha = isinstance(node, (exp.SHA2, exp.SHA2Digest))
    if (is_sha and bits not in {0, 256}) or isinstance(node, (exp.SHA, exp.SHA1Digest)):
        return _refused(draft, node)
    inner = node.this.this if isinstance(node.this, exp.Encode) else node.this
    called = exp.Anonymous(this="sha256" if is_sha else "md5", expressions=[inner.copy()])
    if isinstance(node, (exp.SHA2Digest, exp.MD5Digest)) and not isinstance(node.parent, (exp.Hex, exp.LowerHex)):
        return _refused(draft, node)
    return called


def _hex(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    if not (isinstance(node.this, exp.Anonymous) and node.this.name in {"sha256", "md5"}):
        return _refused(draft, node)
    is_upper = not isinstance(node, exp.LowerHex)
    new = exp.Upper(this=node.this.copy()) if is_upper else node.this.copy()
    why = "DuckDB's digest is hexadecimal text already" + (
        "; the platform wrote it in upper case." if is_upper else "."
    )
    draft.told("hash", node, node, expression(new), why)
    return new


def _encoded(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    return None if isinstance(node.parent, (exp.SHA2Digest, exp.MD5Digest, exp.SHA1Digest)) else _refused(draft, node)


def _concat(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    parts = [
        one if isinstance(one, exp.Literal) and one.is_string else exp.cast(one.copy(), "varchar")
        for one in node.expressions
    ]
    joined: exp.Expr = parts[0].copy()
    for part in parts[1:]:
        joined = exp.DPipe(this=joined, expression=part.copy())
    why = "With one part NULL the whole is NULL, as before; DuckDB's concat would leave that part out."
    draft.told("nulls", node, node, expression(joined), why)
    return exp.paren(joined)


def _concat_ws(draft: Draft, node: exp.Expr) -> None:
    # The others leave out what is NULL, as DuckDB does.
    node.set("coalesce", draft.dialect != "snowflake")
    if draft.dialect == "snowflake":
        why = "With one part NULL the whole is NULL, as before; DuckDB's concat_ws would leave that part out."
        draft.told("nulls", node, node, expression(node), why)


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


_Handler = Callable[[Draft, exp.Expr], exp.Expr | None]
_HANDLERS: tuple[tuple[tuple[type[exp.Expr], ...], _Handler], ...] = (
    ((exp.UnixToTime,), _unix_to_time),
    ((exp.UnixToStr,), _unix_to_str),
    ((exp.FromISO8601Timestamp,), _iso_text),
    ((exp.ConvertTimezone, exp.FromTimeZone), _from_local),
    ((exp.Timestamp,), _timestamp),
    ((exp.RegexpReplace,), _regexp_replace),
    ((exp.RegexpExtract,), _regexp_extract),
    ((exp.RegexpLike,), _regexp),
    ((exp.Div,), _division),
    ((exp.DateDiff,), _date_diff),
    ((exp.DayOfWeek,), _day_of_week),
    ((exp.Extract,), _extract),
    ((exp.TimestampTrunc, exp.DateTrunc), _truncation),
    ((exp.AnyValue,), _any_value),
    ((exp.ArrayAgg, exp.ArrayUniqueAgg), _list),
    ((exp.SHA, exp.SHA2, exp.SHA1Digest, exp.SHA2Digest, exp.MD5, exp.MD5Digest), _digest),
    ((exp.Hex, exp.LowerHex), _hex),
    ((exp.Encode,), _encoded),
    ((exp.ConcatWs,), _concat_ws),
    ((exp.Concat,), _concat),
    ((exp.Substring,), _substring),
    ((exp.StrPosition,), _position),
    ((exp.Like, exp.ILike), _like),
    ((exp.SplitPart,), _split_part),
    ((exp.Greatest, exp.Least), _extreme),
    ((exp.Uuid, exp.Rand, exp.Randn), _random),
    ((exp.Ordered,), _ordered),
    ((exp.Cast, exp.TryCast), _cast),
)
