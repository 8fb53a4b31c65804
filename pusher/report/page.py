"""The report as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib import resources
from typing import Any

from pusher.ledger.bridge import TERMS, Bridge
from pusher.money import shown
from pusher.report.tables import gap_table, sold_tables, terms_of

_COLOURS = {
    "accepted": "accepted",
    "due": "waits",
    "pending": "waits",
    "parked": "waits",
    "expired": "lost",
    "no_identity": "lost",
    "duplicate": "lost",
}


def text_of(name: str) -> str:
    """Return the text of a file of this package."""
    return resources.files("pusher.report").joinpath(name).read_text("utf-8")


def page(bridge: Bridge, *, title: str, about: str) -> str:
    """Return the page.

    Args:
        bridge: What it shows.
        title: Its heading.
        about: What it is a picture of, one sentence.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(text_of("page.html.j2"))
    tables = [gap_table(bridge), *sold_tables(bridge)] if bridge.by else sold_tables(bridge)
    return template.render(
        style=text_of("style.css"),
        title=title,
        about=about,
        currencies=[_currency(bridge, currency) for currency in bridge.warehouse],
        tables=[
            {
                "title": one.title,
                "columns": [
                    {"name": name, "is_number": all(isinstance(row[place], int | Decimal) for row in one.rows)}
                    for place, name in enumerate(one.columns)
                ],
                "rows": [[_cell(value) for value in row] for row in one.rows],
            }
            for one in tables
            if one.rows
        ],
    )


def _currency(bridge: Bridge, currency: str) -> dict[str, Any]:
    lines = terms_of(bridge, currency)
    return {
        "name": currency or "Without a currency",
        "warehouse": shown(bridge.warehouse[currency]),
        "accepted": shown(sum((line["value"] for line in lines if line["term"] == "accepted"), Decimal(0))),
        "rows": f"{sum(line['rows'] for line in lines):,}",
        "lines": [
            {"text": TERMS[line["term"]], "rows": f"{line['rows']:,}", "value": shown(line["value"])} for line in lines
        ],
        "parts": _parts(lines),
    }


def _parts(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the stretches of the bar; what takes away from the sum has none."""
    positive = [line for line in lines if line["value"] > 0]
    whole = sum((line["value"] for line in positive), Decimal(0))
    return [
        {
            "colour": _COLOURS.get(line["term"], "wrong"),
            "percent": f"{line['value'] * 100 / whole:.3f}",
            "text": f"{TERMS[line['term']]}: {shown(line['value'])}",
        }
        for line in positive
    ]


def _cell(value: object) -> str:
    if value is None:
        return ""
    return shown(value) if isinstance(value, Decimal) else f"{value:,}" if isinstance(value, int) else str(value)
