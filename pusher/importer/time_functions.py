"""What the functions of a platform that read, cut and count time mean, and how DuckDB says the same."""

from __future__ import annotations

from sqlglot import exp

from pusher.importer.draft import Draft, Handlers
from pusher.importer.layout import expression
from pusher.importer.times import AS_OF


def clock(draft: Draft, node: exp.Expr) -> exp.Expr:
    """Carry the time of the run, or its day."""
    is_day = isinstance(node, exp.CurrentDate)
    why = (
        "The moment that the models are built for, in UTC, so that a run can be repeated; the platform took its clock."
    )
    draft.told("clock", node, node, f"cast({AS_OF} as date)" if is_day else AS_OF, why)
    moment = exp.Anonymous(this="pusher_as_of", expressions=[])
    return exp.cast(moment, "date") if is_day else moment


def epoch(draft: Draft, node: exp.Expr, number: exp.Expr, scale: int) -> exp.Expr:
    """Carry a number of seconds since 1970, or of their thousandths or millionths by a scale of 3 or 6."""
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
        return draft.no_equal(node)
    return epoch(draft, node, node.this, power)


def _unix_to_str(draft: Draft, node: exp.Expr) -> exp.Expr:
    return epoch(draft, node, node.this, 0)


def _iso_text(draft: Draft, node: exp.Expr) -> exp.Expr:
    why = "Text with an offset becomes a naive UTC timestamp; text without one becomes NULL."
    draft.told("time", node, node, f"{{{{ utc_timestamp('{draft.words(node.this)}') }}}}", why)
    return exp.Anonymous(this="pusher_utc_timestamp", expressions=[node.this.copy()])


def _from_local(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    """Carry a time that is turned from a zone into UTC."""
    zone, target = node.args.get("zone") or node.args.get("source_tz"), node.args.get("target_tz")
    value = node.this if not isinstance(node, exp.ConvertTimezone) else node.args["timestamp"]
    if not isinstance(zone, exp.Literal) or (target is not None and target.name.upper() != "UTC"):
        return draft.no_equal(node)
    value = value.this if isinstance(value, (exp.Cast, exp.TryCast)) else value
    why = "A local time becomes UTC; of the hour that comes twice when clocks are set back, the later is taken."
    draft.told("time", node, node, f"{{{{ utc_from_local('{draft.words(value)}', '{zone.name}') }}}}", why)
    return exp.Anonymous(this="pusher_utc_from_local", expressions=[value.copy(), exp.Literal.string(zone.name)])


def _timestamp(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    if node.args.get("zone"):
        return _from_local(draft, node)
    return exp.cast(node.this, "timestamp")


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
        return draft.no_equal(node)
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


TIME_HANDLERS: Handlers = (
    ((exp.UnixToTime,), _unix_to_time),
    ((exp.UnixToStr,), _unix_to_str),
    ((exp.FromISO8601Timestamp,), _iso_text),
    ((exp.ConvertTimezone, exp.FromTimeZone), _from_local),
    ((exp.Timestamp,), _timestamp),
    ((exp.DateDiff,), _date_diff),
    ((exp.DayOfWeek,), _day_of_week),
    ((exp.Extract,), _extract),
    ((exp.TimestampTrunc, exp.DateTrunc), _truncation),
)
