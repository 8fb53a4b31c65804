"""PU801."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlglot import exp

from pusher.lint.flow.functions import function_name
from pusher.lint.flow.guards import number
from pusher.lint.rules.portability import Difference, PortabilityRule, part_of


class _Elsewhere(NamedTuple):
    """What other engines make of a function.

    Attributes:
        name: As DuckDB calls it.
        what: What is different, as the rest of a sentence about it.
        instead: What to write.
    """

    name: str
    what: str
    instead: str


_ONE_ROW = "min(x) where the rows of a group are alike, or row_number() = 1 in a subquery"
_FIRST_ROW = "row_number() = 1 in a subquery"
_IN_SPARK_ALONE = "is missing in PostgreSQL"
_WEEKDAY = "date_diff('day', cast(date_trunc('week', x) as date), cast(x as date)) + 1, which is 1 on Mondays"
_OTHER_DAY = "gives another number on Spark, or fails"
_SECOND = "cast(floor(extract(second from x)) as integer)"
_LISTS = (exp.Array, exp.ArrayAgg, exp.ArrayFilter, exp.ArraySort, exp.ArrayDistinct, exp.Transform, exp.Split)
_BY_CLASS: dict[type[exp.Expr], _Elsewhere] = {
    exp.DayOfWeekIso: _Elsewhere("isodow()", _OTHER_DAY, _WEEKDAY),
    exp.DayOfWeek: _Elsewhere("dayofweek()", _OTHER_DAY, _WEEKDAY),
    exp.Dayname: _Elsewhere("dayname()", "gives `Mon` for `Monday` on Spark", "strftime(x, '%A')"),
    exp.Monthname: _Elsewhere("monthname()", "gives `Jun` for `June` on Spark", "strftime(x, '%B')"),
    exp.Week: _Elsewhere("week()", "is missing elsewhere", "extract(week from x)"),
    exp.WeekOfYear: _Elsewhere("weekofyear()", _IN_SPARK_ALONE, "extract(week from x)"),
    exp.DayOfMonth: _Elsewhere("dayofmonth()", _IN_SPARK_ALONE, "extract(day from x)"),
    exp.DayOfYear: _Elsewhere("dayofyear()", _IN_SPARK_ALONE, "extract(doy from x)"),
    exp.Quarter: _Elsewhere("quarter()", _IN_SPARK_ALONE, "extract(quarter from x)"),
    exp.Hour: _Elsewhere("hour()", _IN_SPARK_ALONE, "extract(hour from x)"),
    exp.Minute: _Elsewhere("minute()", _IN_SPARK_ALONE, "extract(minute from x)"),
    exp.Second: _Elsewhere("second()", _IN_SPARK_ALONE, _SECOND),
    exp.DateAdd: _Elsewhere("date_add()", "fails on Spark", "x + interval '1' day"),
    exp.RegexpFullMatch: _Elsewhere("regexp_full_match()", "is missing elsewhere", "regexp_matches(x, '^(...)$')"),
    exp.SimilarTo: _Elsewhere(
        "SIMILAR TO", "reads a regular expression, elsewhere a pattern in which a dot is a dot", "regexp_matches()"
    ),
    exp.Glob: _Elsewhere("GLOB", "is missing elsewhere", "LIKE, or regexp_matches()"),
    exp.Format: _Elsewhere("format()", "leaves `{}` in the text elsewhere", "||, or concat()"),
    exp.Contains: _Elsewhere("contains()", _IN_SPARK_ALONE, "strpos(x, 'part') > 0"),
    exp.AnyValue: _Elsewhere("any_value()", "is missing in PostgreSQL before 16", _ONE_ROW),
    exp.First: _Elsewhere("first()", _IN_SPARK_ALONE, _ONE_ROW),
    exp.Last: _Elsewhere("last()", _IN_SPARK_ALONE, _ONE_ROW),
    exp.ArgMax: _Elsewhere("arg_max()", _IN_SPARK_ALONE, _FIRST_ROW),
    exp.ArgMin: _Elsewhere("arg_min()", _IN_SPARK_ALONE, _FIRST_ROW),
}
_BY_NAME = {
    "age": ("counts days in DuckDB, years and months in PostgreSQL", "date_diff('day', ...) of two dates"),
    "date_sub": ("is missing elsewhere", "date_diff('day', ...) of two dates"),
    "list_extract": ("is missing elsewhere", "x[1]"),
    "prefix": ("is missing elsewhere", "starts_with(x, 'part')"),
    "strip_accents": ("is missing elsewhere", "translate(x, 'àé', 'ae') with the letters that occur"),
    "strlen": ("is missing elsewhere", "length(x), which counts letters"),
    "to_json": (
        "leaves fields that are NULL out on Spark",
        "the struct itself: a push writes it as JSON and leaves NULL out",
    ),
    "weekday": (_OTHER_DAY, _WEEKDAY),
    "try_strptime": (
        "is missing elsewhere",
        "a case with regexp_matches() that limits every field, and a cast in it",
    ),
}
# What goes to other engines under the same name and is the same there.
_THE_SAME = frozenset({"date_part", "datepart", "now"})
# These have a rule of their own, which says more.
_TOLD_ELSEWHERE = frozenset({"epoch_us", "epoch_ns", "timezone"})
_PARTS = {"year", "quarter", "month", "week", "day", "doy", "hour", "minute", "epoch"}


class OtherFunction(PortabilityRule):
    """Another engine has no such function, or another one of that name.

    ## What it does
    Finds functions that give something else on Spark or PostgreSQL, such as `dayname()`, `substr(x, 0, 2)` or
    `extract(second from x)`, and those that are DuckDB's own, which go to other engines as they are.

    ## Why is this bad
    A function that is missing stops the build; one that differs stops nothing: names of days and weeks, positions
    and texts are others from the day that the models run elsewhere, and so are ids that are made of them.

    ## Example
    ```sql
    select order_id, dayname(ordered_at) as weekday from orders
    ```

    ## Use instead
    ```sql
    select order_id, strftime(ordered_at, '%A') as weekday from orders
    ```
    """

    code = "PU801"
    name = "portability.other-function"

    def differences(self, node: exp.Expr) -> Iterator[Difference]:
        """Yield functions that are in a table, and those that no other engine is known to have."""
        found = _BY_CLASS.get(type(node)) or _odd_use(node) or _unknown(node)
        if found is not None:
            yield Difference(f"{found.name} {found.what}.", f"Write {found.instead}.")


def _odd_use(node: exp.Expr) -> _Elsewhere | None:
    """Return what is different about a function that is the same elsewhere with most arguments."""
    match node:
        case exp.Length(this=exp.Expr() as text) if isinstance(text, _LISTS):
            return _Elsewhere("len() of a list", "fails elsewhere", "array_length(x)")
        case exp.ArrayDistinct() if not isinstance(node.parent, exp.ArraySort):
            return _Elsewhere("list_distinct()", "has another order elsewhere", "list_sort(list_distinct(x))")
        case exp.Substring() if (start := number(node.args.get("start"))) is not None and start < 1:
            what = "of a start before the first letter gives another part of the text elsewhere"
            return _Elsewhere("substr()", what, "a start from 1 on, or right(x, 2) for the end")
        case exp.Log() if node.args.get("expression") is None:
            return _Elsewhere("log()", "is to the base of 10 here and of e on Spark", "log10(x), or ln(x)")
        case exp.Trunc() if node.args.get("decimals") is not None:
            return _Elsewhere("trunc()", "leaves no decimals on Spark", "floor(x * 100) / cast(100 as double)")
        case exp.DateTrunc() if node.text("unit").upper() == "DAY":
            return _Elsewhere("date_trunc('day', ...) of a date", "is NULL on Spark", "cast(x as timestamp)")
    part = part_of(node)
    return None if part is None or part in _PARTS else _of_part(part)


def _of_part(part: str) -> _Elsewhere:
    """Return what is different about a part of a time that not all engines give alike."""
    name = f"The part `{part}` of a time"
    if part == "second":
        return _Elsewhere(name, "is whole in DuckDB and has its fraction elsewhere", _SECOND)
    if part in {"dow", "isodow", "weekday", "dayofweek"}:
        return _Elsewhere(name, _OTHER_DAY, _WEEKDAY)
    return _Elsewhere(name, "is missing on Spark", "year, quarter, month, week, day, doy, hour or minute")


def _unknown(node: exp.Expr) -> _Elsewhere | None:
    if not isinstance(node, exp.Anonymous):
        return None
    name = function_name(node)
    if name in _THE_SAME or name in _TOLD_ELSEWHERE:
        return None
    what, instead = _BY_NAME.get(name, ("goes to other engines as it is, and may be missing there", "what all have"))
    return _Elsewhere(f"{name}()", what, instead)
