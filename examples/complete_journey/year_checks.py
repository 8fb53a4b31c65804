"""Holds what a year of mornings did against what the raw lines say; for year.py."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from examples.complete_journey.tills import Basket

NEW_CONFLICTS, INCOMPLETE = 1, 4
_VIEW_TERMS = ("no_identity", "planned", "conflicting", "already_sent")
_OTHER_TERMS = ("enriched", "duplicate", "invalid", "expired", "suppressed")


@dataclass(frozen=True, slots=True)
class Pushed:
    """A push of the year, as its report tells it.

    Attributes:
        at: Its morning.
        is_first: Not a second run of the same morning.
        follows_crash: A run of this morning was killed before.
        is_refused: Nobody listens this morning.
        view: The view's part of the report.
        exit_code: Its exit code.
        seconds: How long it took.
    """

    at: datetime
    is_first: bool
    follows_crash: bool
    is_refused: bool
    view: Mapping[str, Any]
    exit_code: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Money:
    """The year's revenue in cents, by what became of it.

    Attributes:
        warehouse: All lines.
        counted: What the sandbox counted.
        no_identity: Baskets of households without an identity.
        conflicting: What baskets were worth more, in the end, than when they were sent.
    """

    warehouse: int
    counted: int
    no_identity: int
    conflicting: int

    @property
    def closes(self) -> bool:
        """Whether the parts add up to the warehouse."""
        return self.warehouse == self.counted + self.no_identity + self.conflicting


def cents_of(amount: str) -> int:
    """Return decimal text as whole cents."""
    cents = Decimal(amount) * 100
    if cents != int(cents):
        raise ValueError(f"{amount} is not in cents")
    return int(cents)


def counted_events(state_file: Path) -> dict[str, tuple[int, int]]:
    """Return how often the sandbox counted each event id, and its cents."""
    with closing(sqlite3.connect(state_file)) as connection:
        rows = connection.execute("select event_id, counted, value from events").fetchall()
    return {event_id: (counted, cents_of(value)) for event_id, counted, value in rows}


def money(baskets: Sequence[Basket], counted: Mapping[str, tuple[int, int]]) -> Money:
    """Add up the year's revenue."""
    return Money(
        warehouse=sum(basket.cents for basket in baskets),
        counted=sum(times * cents for times, cents in counted.values()),
        no_identity=sum(basket.cents for basket in baskets if not basket.is_identified),
        conflicting=sum(basket.cents - basket.cents_then for basket in baskets if basket.is_identified),
    )


def wrong_baskets(baskets: Sequence[Basket], counted: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    """Tell every basket that was not counted exactly once, and every one that was and should not have been."""
    ids = Counter(basket.event_id for basket in baskets)
    for basket in baskets:
        expected = (1, basket.cents_then) if basket.is_identified else None
        if not basket.was_seen or basket.event_id is None or ids[basket.event_id] != 1:
            yield f"A basket has no event id of its own: {basket}"
        elif counted.get(basket.event_id) != expected:
            yield f"{basket.event_id} was counted as {counted.get(basket.event_id)}, not as {expected}"
    for event_id in counted.keys() - ids.keys():
        yield f"{event_id} was counted and is no basket's"


def wrong_receipts(pushes: Sequence[Pushed], expected: Mapping[datetime, Mapping[str, int]]) -> Iterator[str]:
    """Tell every receipt that says something else than the raw lines."""
    for pushed in pushes:
        view, lines = pushed.view, expected[pushed.at]
        revenue = view["revenue"]["USD"]
        got = {
            "view_rows": view["view_rows"],
            "cents": cents_of(revenue["warehouse"]),
            "sum of terms": sum(view[term] for term in (*_VIEW_TERMS, *_OTHER_TERMS)),
            "sum of cents by term": sum(cents_of(value) for value in revenue["by_term"].values()),
            **{term: view[term] for term in (*_VIEW_TERMS, *_OTHER_TERMS, "dead", "parked")},
            "new_conflicts": view["new_conflicts"],
            "exit code": pushed.exit_code,
        }
        want = {
            "view_rows": lines["view_rows"],
            "cents": lines["cents"],
            "sum of terms": lines["view_rows"],
            "sum of cents by term": lines["cents"],
            **{term: lines[term] for term in _VIEW_TERMS},
            **dict.fromkeys((*_OTHER_TERMS, "dead", "parked"), 0),
            "new_conflicts": lines["new_conflicts"],
            "exit code": _exit_code(pushed, lines["new_conflicts"]),
        }
        if not pushed.is_first:
            want |= {"planned": 0, "already_sent": lines["planned"] + lines["already_sent"], "new_conflicts": 0}
        if pushed.follows_crash:
            # What the killed run had frozen or told already is not frozen or told again.
            for one, other in (("planned", "already_sent"), ("new_conflicts", "exit code")):
                for numbers in (got, want):
                    numbers[one] = numbers[one] + numbers[other] if one == "planned" else 0
                    numbers[other] = 0
        if got != want:
            differs = {name: (got[name], want[name]) for name in got if got[name] != want[name]}
            yield f"The receipt of {pushed.at:%Y-%m-%d} differs from the lines (got, expected): {differs}"


def _exit_code(pushed: Pushed, new_conflicts: int) -> int:
    if pushed.is_refused:
        return INCOMPLETE
    return NEW_CONFLICTS if new_conflicts and pushed.is_first else 0


def duplicates(state_file: Path) -> int:
    """Return how many rows the sandbox got again and did not count."""
    with closing(sqlite3.connect(state_file)) as connection:
        return int(connection.execute("select total(duplicates) from requests").fetchone()[0])
