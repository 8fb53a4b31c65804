"""The tables of a report, whatever shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pusher.ledger.bridge import TERMS, Bridge


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        title: What it shows.
        columns: Names.
        rows: Values; money is Decimal.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def terms_of(bridge: Bridge, currency: str) -> list[Mapping[str, Any]]:
    """Return what became of the value of one currency, by term."""
    return [line for line in bridge.totals if (line["currency"] or "") == currency]


def gap_table(bridge: Bridge) -> Table:
    """Return the warehouse's value by group and currency, and a column for each thing that became of it."""
    terms = [term for term in TERMS if any(line["term"] == term for line in bridge.lines)]
    found: dict[tuple[Any, ...], dict[str, Decimal]] = {}
    for line in bridge.lines:
        group = (*(line[name] for name in bridge.by), line["currency"])
        found.setdefault(group, {})[line["term"]] = line["value"]
    rows = [
        (*group, sum(values.values(), Decimal(0)), *(values.get(term, Decimal(0)) for term in terms))
        for group, values in found.items()
    ]
    return Table(f"By {', '.join(bridge.by)}", (*bridge.by, "currency", "warehouse", *terms), rows)


def sold_tables(bridge: Bridge) -> list[Table]:
    """Return what was sent by store, channel and brand, and the products with the most value."""
    tables = [_table(f"Sent, by {name}", lines) for name, lines in bridge.groups.items()]
    return [*tables, _table("Sent, by product", bridge.products)]


def _table(title: str, lines: Sequence[Mapping[str, Any]]) -> Table:
    columns = list(lines[0]) if lines else []
    return Table(title, [name.replace("_", " ") for name in columns], [list(line.values()) for line in lines])
