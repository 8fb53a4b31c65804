"""What the rules on money share."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.flow.identifiers import seed_columns, source_columns
from pusher.lint.flow.relations import Output
from pusher.payload.types import SqlType

_VALUE, _ITEMS, _PRICE = "value", "contents", "price"


def amounts(view: View) -> Iterator[tuple[Output, str, SqlType]]:
    """Yield the columns of a view of events that hold money, each with its name in a message and its type."""
    if view.payload.kind != "events":
        return
    for output in view.relation.outputs:
        field = view.field(output)
        type_ = (view.types or {}).get(output.name or "")
        if field is None or type_ is None:
            continue
        if field.type == "decimal":
            yield output, output.name or "", type_
        price = type_.item.fields.get(_PRICE) if field.type == "items" and type_.item is not None else None
        if price is not None:
            yield output, f"{output.name}.{_PRICE}", price


def columns_of(context: Context, table: str) -> list[str]:
    """Return the columns of a source or seed, named as in the labels of source columns."""
    source_name, _, name = table.partition(".")
    source = context.manifest.sources.get((source_name, name))
    if source is not None:
        return [one.name for one in source_columns(source, context.source_columns.get(source.key, ()))]
    seed = context.manifest.models.get(table)
    return [] if seed is None else [one.name for one in seed_columns(seed, context.columns.get(seed.name, ()))]
