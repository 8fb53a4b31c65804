"""Why a view failed while it was read: what is wrong, the column that fails, and the line that makes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from pusher.contracts import ColumnOrigin, Engine, EngineError
from pusher.errors import PlanError, Problem
from pusher.payload.sql import identifier

if TYPE_CHECKING:
    from pusher.push.plan import View

Origins = Callable[[str], Mapping[str, ColumnOrigin]]
"""Says which SQL makes each contract column of a view."""
_FIXES = {
    "out-of-memory": "Raise memory_limit in profiles.yml, or materialise the roll-up as a table.",
    "io": "Check free space and rights of the state folder.",
    "conversion": (
        "Guard the expression in staging, as the macros in macros/casts/ guard casts: a row that does not fit is then "
        "told by itself, and the others are sent."
    ),
}


def no_origins(_model: str) -> Mapping[str, ColumnOrigin]:
    """Return nothing: nobody asks which SQL makes a column."""
    return {}


def reading_failure(
    engine: Engine,
    view: View,
    error: EngineError,
    columns: Iterable[str],
    *,
    origins: Origins = no_origins,
    otherwise: str | None = None,
) -> PlanError:
    """Return an engine's error about the rows of a view as one for a person.

    Args:
        engine: The warehouse, which is asked for each column by itself when a value could not be converted.
        view: The view.
        error: What the engine said.
        columns: The view's columns.
        origins: Says which SQL makes each of them.
        otherwise: What to do when nothing is known of the error, or None to build and look.
    """
    otherwise = otherwise or f"Run `pusher build --select +{view.model}` and look at its data."
    fix = error.fix or _FIXES.get(error.kind, otherwise)
    message = f"{view.model} failed while it was read: {error.message}"
    failing = _failing(engine, view, columns) if error.kind == "conversion" else []
    if not failing:
        return PlanError(Problem("view-failed", message, view.file, fix=fix))
    listed = " and ".join(f"`{name}`" for name in failing)
    message = f"{message.removesuffix('.')}, on the way to {listed}."
    known = origins(view.model)
    found = next((known[place] for name in failing if (place := _place_of(view, name)) in known), None)
    if found is None:
        return PlanError(Problem("view-failed", message, view.file, fix=fix))
    return PlanError(Problem("view-failed", message, found.file, found.line, fix=fix))


def _place_of(view: View, name: str) -> str:
    """Return the contract's name of a view's column."""
    field = view.payload.columns.get(name)
    return field.column if field is not None else name


def _failing(engine: Engine, view: View, columns: Iterable[str]) -> list[str]:
    """Return the columns that cannot be read by themselves; none when all of them fail, as by a condition."""
    names = list(columns)
    failing = []
    for name in names:
        try:
            # A count alone need not look at the values.
            engine.rows(f"select max(hash({identifier(name)})) from {view.relation}")
        except EngineError as error:
            if error.kind == "conversion":
                failing.append(name)
    return failing if len(failing) < len(names) else []
