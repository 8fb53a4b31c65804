"""What the rules on the window of a view share."""

from __future__ import annotations

from pusher.lint.context import Context, View
from pusher.lint.flow.windows import Window

_SECONDS_A_DAY = 86_400


def max_age_days(view: View) -> int:
    """Return the age in days up to which the destination counts an event."""
    return view.payload.limits.max_age_s // _SECONDS_A_DAY


def windows_behind(context: Context, view: View) -> list[tuple[str, Window]] | None:
    """Return the filters behind a view of events that bound how old a row can be, each with its model.

    None when that is not for the SQL to say: rows of a seed, or of a table that keeps what it once took.
    """
    if view.payload.kind != "events":
        return None
    models = context.flow.ancestors([view.model.name])
    if any(model.increment is not None or model.seed is not None for model in models):
        return None
    if any(model.name in context.flow.failures for model in models):
        return None
    return [(model.name, window) for model in models for window in context.flow.windows(model.name)]
