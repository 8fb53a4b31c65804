"""What the rules on the grain of a view share."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pusher.lint.context import Context, View
from pusher.lint.flow.grain import Fan
from pusher.lint.flow.relations import Output

# A column called like this tells the lines of an order apart.
_OF_AN_ITEM = re.compile(
    r"(^|_)(items?|lines?|line_?(no|number|id)|position|sku|variant|product|article|upc|ean|gtin)(_|$)", re.IGNORECASE
)


def is_of_an_item(column: str) -> bool:
    """Whether a column's name says that it tells the lines of an order apart."""
    return bool(_OF_AN_ITEM.search(column))


def named(names: Sequence[str]) -> str:
    """Return names of columns for a message."""
    return " and ".join(f"`{name}`" for name in names)


def event_id_of(context: Context, view: View) -> Output | None:
    """Return the column of event ids of a view whose rows it is not known to tell apart, else None.

    TikTok and the ledger know an event by its source, its name and its id.
    """
    if view.payload.kind != "events" or view.relation.uncertain:
        return None
    failed = context.flow.failures
    if failed and any(model.name in failed for model in context.flow.ancestors([view.model.name])):
        return None
    output = next(view.outputs_of("event_id"), None)
    fields = ("event", "event_id", view.payload.source_id.column)
    names = {(one.name or "").lower() for field in fields for one in view.outputs_of(field)}
    if output is None or view.relation.grain.is_told_apart_by(frozenset(names)):
        return None
    return output


def joins_that_repeat(context: Context, view: View) -> list[Fan]:
    """Return the joins that may be why a view has an event twice."""
    return (
        []
        if event_id_of(context, view) is None
        else sorted(set(view.relation.grain.fans), key=lambda fan: str(fan.place))
    )
