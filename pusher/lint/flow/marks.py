"""What functions do to a value that a rule minds only where it arrives."""

from __future__ import annotations

from sqlglot import exp

from pusher.lint.flow import functions
from pusher.lint.flow.changed import changed
from pusher.lint.flow.digests import replaced, reshaped
from pusher.lint.flow.epochs import counted
from pusher.lint.flow.relations import span
from pusher.lint.flow.values import Value

UNSORTED = "unsorted"
NUMBERED = "numbered"
"""The place of a row among all others."""
_COUNTED = (exp.UnixToTime, exp.TimeToUnix, exp.Anonymous)


def marked(node: exp.Expr, value: Value, model: str) -> Value:
    """Return the value of a function with what is to be remembered of it.

    Args:
        node: The call.
        value: What it may return.
        model: Name of the model, for places.
    """
    if functions.is_a(node, functions.LISTS, functions.LISTS_BY_NAME):
        value = reshaped(node, value, model)
        return value if _is_ordered(node) else value.marked(UNSORTED, _called(node), span(node, model))
    if functions.is_a(node, functions.SORTS, functions.SORTS_BY_NAME):
        return value.without(UNSORTED)
    value = counted(node, value, model) if isinstance(node, _COUNTED) else value
    return changed(node, replaced(node, reshaped(node, value, model), model), model)


def _is_ordered(node: exp.Expr) -> bool:
    inner = node.this if not isinstance(node, exp.Anonymous) else node.expressions[0] if node.expressions else None
    return isinstance(inner, exp.Order) or isinstance(node.parent, exp.WithinGroup)


def _called(node: exp.Expr) -> str:
    name = functions.function_name(node)
    return {"array_agg": "list", "listagg": "string_agg", "group_concat": "string_agg"}.get(name, name)
