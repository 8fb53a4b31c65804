"""Values that destination views send and that TikTok takes only until some year."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pusher.lint.context import Context
from pusher.lint.rules.enums import constants_of_enums


@dataclass(frozen=True, slots=True)
class Sunset:
    """A value of a view's SQL with a last year.

    Attributes:
        model: The view.
        value: Such as an event name.
        until: ISO 8601, perhaps the year alone.
        note: What the contract says of it.
        file: Where the value stands.
        line: Line in that file, from 1.
    """

    model: str
    value: str
    until: str
    note: str
    file: str
    line: int


def sunsets(context: Context) -> Iterator[Sunset]:
    """Yield each value of each view that TikTok takes only for a while."""
    for view in context.views:
        for output, allowed, constant in constants_of_enums(view):
            for rename in allowed.enum.renames if allowed.enum is not None else ():
                if rename.old == constant.text and rename.new is None and rename.sunset is not None:
                    file, line, *_ = context.locate(constant.place or context.place_in(view, output))
                    yield Sunset(view.model.name, rename.old, rename.sunset, rename.note, file, line)
