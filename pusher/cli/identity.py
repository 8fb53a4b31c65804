"""Which identifiers the rows of a view hold, as a table for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pusher.cli import render

if TYPE_CHECKING:
    from pusher.push.identity import Group, IdentityCoverage, Presence

# A store or day is shown when it lacks this part more of an identifier than the view does, in this many rows.
NOTABLE_SHARE, NOTABLE_ROWS = 0.1, 10
MOST_SHOWN = 3


def identity_table(identity: IdentityCoverage) -> str:
    """Return how many rows hold each identifier, and the stores and days that lack most of them."""
    whole = identity.whole
    if not whole.rows or not whole.columns:
        return ""
    pair = ["email", "phone", "both"] if {"email", "phone"} <= whole.columns.keys() else []
    names = [*pair, *(name for name in whole.columns if name not in pair), "none"]
    counts = [(name, whole.count(name)) for name in names]
    tables = [
        render.table(("rows with", "rows", "share"), [(name, rows, _share(rows, whole.rows)) for name, rows in counts])
    ]
    lacking = [
        (
            f"{label} {name or 'unknown'}",
            group.rows,
            *(_share(group.count(kind), group.rows) for kind in [*pair, "none"]),
        )
        for label, groups in (("store", identity.by_store), ("day", identity.by_day))
        for name, group in _lacking(groups, whole)
    ]
    tables.append(render.table(("lacking most", "rows", *pair, "none"), lacking))
    return "\n".join(f"  {line}".rstrip() for table in tables if table for line in table.splitlines())


def _share(count: int, rows: int) -> str:
    """Return whole percents, rounded down: 0 and 100 are said of none and of all only."""
    percent = count * 100 // rows
    return f"{'<1' if count and not percent else percent:>3} %"


def _lacking(groups: Mapping[Group, Presence], whole: Presence) -> list[tuple[str | None, Presence]]:
    """Return the groups that lack most of what the view's shares let expect, the worst first."""
    found = []
    for (name,), group in groups.items():
        kinds = ("any", "email", "phone")
        lacking = max(whole.count(kind) / whole.rows * group.rows - group.count(kind) for kind in kinds)
        if lacking >= max(NOTABLE_ROWS, NOTABLE_SHARE * group.rows):
            found.append((lacking, name, group))
    found.sort(key=lambda one: (-one[0], one[1] or ""))
    return [(name, group) for _, name, group in found[:MOST_SHOWN]]
