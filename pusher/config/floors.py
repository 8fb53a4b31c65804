"""Floors of identity coverage, as pusher.yml sets them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pusher.config.strict_yaml import Document, KeyPath
from pusher.errors import Problem


@dataclass(frozen=True, slots=True)
class Floor:
    """The least share of a view's rows that must hold an identifier.

    Attributes:
        view: Destination view.
        kind: `any`, `both`, or an identifying column of the view.
        share: From 0 to 1, exactly as written.
        file: File that says so.
        line: Its line.
        column: Its column.
    """

    view: str
    kind: str
    share: Decimal
    file: str
    line: int | None
    column: int | None

    def problem(self, code: str, message: str, fix: str) -> Problem:
        """Return a problem that points at the floor."""
        return Problem(code, message, self.file, self.line, self.column, fix)


def read_floors(document: Document, found: Mapping[Any, Any], path: KeyPath, problems: list[Problem]) -> list[Floor]:
    """Return the floors of a mapping `{view: {kind: share}}`; what is wrong with its shape goes to `problems`."""
    floors = []
    for view, shares in found.items():
        if not isinstance(shares, dict):
            fix = f"Write {view}: {{any: 0.6}}."
            problems.append(document.problem("wrong-type", f"`{view}` must be a mapping.", (*path, view), fix))
            continue
        for kind, share in shares.items():
            place = document.problem("wrong-value", f"`{kind}` must be a share from 0 to 1.", (*path, view, kind))
            if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
                fix = f"Write {kind}: 0.6 for 60 % of the rows."
                problems.append(document.problem(place.code, place.message, (*path, view, kind), fix))
                continue
            exact = Decimal(str(share))
            floors.append(Floor(str(view), str(kind), exact, document.file, place.line, place.column))
    return floors
