"""Constants of columns that have a list of values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pusher.lint.context import View
from pusher.lint.flow.relations import Output
from pusher.lint.flow.values import Constant
from pusher.payload.model import Enum, Field


@dataclass(frozen=True, slots=True)
class Allowed:
    """A field's list of values.

    Attributes:
        values: Values in the order of the contract.
        accepted: The same with old names.
        is_open: Other values are taken too.
        enum: The enumeration, or None for currencies.
    """

    values: tuple[str, ...]
    accepted: frozenset[str]
    is_open: bool
    enum: Enum | None


def allowed_in(view: View, field: Field) -> Allowed | None:
    """Return a field's list of values, or None when it has none."""
    if field.enum is None:
        return None
    is_open = view.payload.event_source in field.enum_open
    if field.enum == "currencies":
        codes = tuple(view.payload.currencies)
        return Allowed(codes, frozenset(codes), is_open, None)
    enum = view.payload.enums[field.enum]
    return Allowed(enum.values, enum.accepted, is_open, enum)


def constants_of_enums(view: View) -> Iterator[tuple[Output, Allowed, Constant]]:
    """Yield the text constants of every column that has a list of values, each text once, in order of their places."""
    for output in view.relation.outputs:
        field = view.field(output)
        allowed = None if field is None else allowed_in(view, field)
        if allowed is None:
            continue
        seen: set[str] = set()
        for constant in in_order(output.value.constants):
            # An empty text is sent as NULL.
            if constant.is_text and constant.text.strip() and constant.text not in seen:
                seen.add(constant.text)
                yield output, allowed, constant


def in_order(constants: frozenset[Constant]) -> list[Constant]:
    """Return constants by model and place, so that two runs say the same."""
    return sorted(
        constants,
        key=lambda one: (one.place.model, one.place.start, one.text) if one.place else ("", 0, one.text),
    )
