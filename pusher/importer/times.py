"""Times in a query: the moment of an event, and windows that end now."""

from __future__ import annotations

from sqlglot import exp

from pusher.importer.draft import Draft

CLOCKS = (exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentDatetime, exp.CurrentTime, exp.Localtimestamp)
_CLOCK_NAMES = {"now", "sysdate", "getdate", "systimestamp", "unix_timestamp"}
AS_OF = "{{ as_of() }}"
_DAY_UNITS = {"DAY": 1, "DAYS": 1, "WEEK": 7, "WEEKS": 7}
_ADDITIONS = (exp.DateAdd, exp.TsOrDsAdd, exp.TimestampAdd, exp.DatetimeAdd)
_SUBTRACTIONS = (exp.DateSub, exp.TimestampSub, exp.DatetimeSub)
_AROUND = (exp.Paren, exp.Cast, exp.TryCast, exp.TimestampTrunc, exp.DateTrunc, exp.TsOrDsToDate, exp.Date,
           exp.Timestamp, exp.TsOrDsToTimestamp)  # fmt: skip
# What only wrote a moment in another form, for the platform that sent it.
_FORMS = (exp.TimeToUnix, exp.UnixSeconds, exp.UnixMillis, exp.TimeToStr, exp.StrToUnix, exp.ToChar)


def is_clock(node: exp.Expr) -> bool:
    """Tell whether an expression is the time of the run, or its day."""
    if isinstance(node, CLOCKS):
        return True
    return isinstance(node, exp.Anonymous) and node.name.lower() in _CLOCK_NAMES and not node.expressions


def days_back(node: exp.Expr | None) -> int | None:
    """Return how many days before the run an expression lies, or None when it is something else."""
    if node is None:
        return None
    if isinstance(node, _AROUND):
        return days_back(node.this)
    if is_clock(node):
        return 0
    if isinstance(node, (exp.Add, exp.Sub)):
        start, count = days_back(node.this), _days(node.expression, None)
        if isinstance(node.expression, exp.Literal) and node.find(exp.CurrentDate) is not None:
            count = _number(node.expression)
        return _moved(start, count if isinstance(node, exp.Sub) else _negative(count))
    if isinstance(node, _ADDITIONS):
        return _moved(days_back(node.this), _negative(_days(node.expression, node.args.get("unit"))))
    if isinstance(node, _SUBTRACTIONS):
        return _moved(days_back(node.this), _days(node.expression, node.args.get("unit")))
    return None


def _moved(start: int | None, count: int | None) -> int | None:
    return None if start is None or count is None else start + count


def _negative(count: int | None) -> int | None:
    return None if count is None else -count


def _days(node: exp.Expr, unit: exp.Expr | None) -> int | None:
    if isinstance(node, exp.Interval):
        unit, node = node.args.get("unit"), node.this
    elif unit is None and isinstance(node.parent, (exp.DateSub, exp.DateAdd)):
        unit = exp.var("DAY")
    size = _DAY_UNITS.get(unit.name.upper()) if unit is not None else None
    count = _number(node)
    return None if size is None or count is None else size * count


def _number(node: exp.Expr) -> int | None:
    match node:
        case exp.Paren():
            return _number(node.this)
        case exp.Neg():
            return _negative(_number(node.this))
        case exp.Mul():
            one, other = _number(node.this), _number(node.expression)
            return None if one is None or other is None else one * other
        case exp.Literal():
            text = str(node.this).strip()
            return int(text) if text.lstrip("-").isdigit() else None
        case _:
            return None


def without_form(draft: Draft, node: exp.Expr) -> exp.Expr:
    """Return the moment of an event without the form that it was written in for the platform."""
    while True:
        if isinstance(node, _FORMS):
            why = "The view gives the moment itself; the encoder writes it for TikTok."
            draft.told("time", node, node, draft.words(node.this), why)
            node = node.this
        elif isinstance(node, exp.Extract) and node.name.upper() in {"EPOCH", "EPOCH_SECOND"}:
            why = "The view gives the moment itself; the encoder writes it for TikTok."
            draft.told("time", node, node, draft.words(node.expression), why)
            node = node.expression
        elif (
            isinstance(node, (exp.Cast, exp.TryCast)) and not node.to.is_type(*exp.DataType.TEMPORAL_TYPES)
        ) or isinstance(node, (exp.Paren, exp.TsOrDsToTimestamp, exp.TimeStrToTime)):
            node = node.this
        elif isinstance(node, exp.AtTimeZone) and draft.dialect == "presto":
            why = "The moment stays the same: a zone only says how it is shown. It was taken off."
            draft.told("time", node, node, draft.words(node.this), why)
            node = node.this
        else:
            return node


def lookbacks(draft: Draft, select: exp.Select) -> None:
    """Turn the conditions of a WHERE that hold a window of days into the project's macro."""
    where = select.args.get("where")
    if where is None:
        return
    parts = list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]
    for part in parts:
        bare = part.unnest()
        if not isinstance(bare, (exp.GT, exp.GTE, exp.LT, exp.LTE)):
            continue
        older, limit = (bare.this, bare.expression)
        if isinstance(bare, (exp.LT, exp.LTE)):
            older, limit = limit, older
        days = days_back(limit)
        if days is None or days < 1 or older.find(exp.Column) is None or days_back(older) is not None:
            continue
        marker = exp.Anonymous(this="pusher_lookback", expressions=[older.copy(), exp.Literal.number(days)])
        shown = draft.words(older) if isinstance(older, exp.Column) else "..."
        counted = f"{days} days" if days > 1 else "1 day"
        why = (
            f"The window of {counted} ends at the moment that the models are built for (the var as_of), and begins at "
            "the same time of day, not at midnight; rows without a time stay, so that they are counted."
        )
        draft.told("window", bare, bare, f"{{{{ lookback('{shown}', {days}) }}}}", why)
        part.replace(marker)
