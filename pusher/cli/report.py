"""`pusher report`."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pusher.cli import options, render
from pusher.cli.page import write_page
from pusher.cli.session import session
from pusher.money import plain, shown
from pusher.plural import counted

if TYPE_CHECKING:
    from pusher.ledger.bridge import Bridge
    from pusher.report.tables import Table

HELP = """Show what became of the revenue in the views: what was sent, and every reason why the rest was not.

Compares the views as they are built now with all that the ledger knows; sends nothing.
Example: pusher report --by day --by store"""
_MOST_ROWS = 40


def report(
    *,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    select: options.Select = None,
    selector: options.Selector = None,
    exclude: options.Exclude = None,
    overrides: options.Set = None,
    state_dir: options.StateDir = None,
    clock: options.ClockAt = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", help="Group by model, day, store, channel, brand or event.", show_default=False),
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Also write a page to this file.")] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Show the revenue bridge."""
    with session("report", as_json=json, quiet=quiet, no_color=no_color) as current:
        project = current.project(
            project_dir, profiles_dir, target, variables, overrides=overrides, state_dir=state_dir, clock=clock
        )
        bridge = project.report(options.chosen(select, selector, exclude), exclude or (), by=by or ())
        current.body |= _as_json(bridge)
        if html is not None:
            moment = project.clock.now().strftime("%Y-%m-%d %H:%M UTC")
            write_page(html, current.screened(_page(bridge, project.file.name, moment)))
        current.text(_text(bridge))


def _page(bridge: Bridge, name: str, moment: str) -> str:
    from pusher.report.page import page

    return page(bridge, title=f"{name}: what became of the revenue", about=f"The views and the ledger on {moment}.")


def _as_json(bridge: Bridge) -> dict[str, Any]:
    def printed(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{name: _money(value) for name, value in line.items()} for line in lines]

    return {
        "by": list(bridge.by),
        "bridge": printed(bridge.lines),
        "totals": printed(bridge.totals),
        "warehouse": {currency: _money(value) for currency, value in bridge.warehouse.items()},
        "groups": {name: printed(lines) for name, lines in bridge.groups.items()},
        "products": printed(bridge.products),
    }


def _money(value: Any) -> Any:
    return plain(value) if isinstance(value, Decimal) else value


def _text(bridge: Bridge) -> str:
    from pusher.ledger.bridge import TERMS
    from pusher.report.tables import gap_table, sold_tables, terms_of

    blocks = []
    for currency, warehouse in bridge.warehouse.items():
        lines = terms_of(bridge, currency)
        rows = [(TERMS[line["term"]], f"{line['rows']:,}", shown(line["value"])) for line in lines]
        rows.append(("in the warehouse", f"{sum(line['rows'] for line in lines):,}", shown(warehouse)))
        widths = [max(len(row[place]) for row in rows) for place in range(3)]
        body = "\n".join(
            f"  {text.ljust(widths[0])}  {count.rjust(widths[1])}  {value.rjust(widths[2])}"
            for text, count, value in rows
        )
        blocks.append(f"{currency or 'without a currency'}\n{body}")
    tables = [gap_table(bridge), *sold_tables(bridge)] if bridge.by else sold_tables(bridge)
    blocks += [_table(one) for one in tables if one.rows]
    return "\n\n".join(blocks) or "The views have no rows."


def _table(table: Table) -> str:
    more = len(table.rows) - _MOST_ROWS
    rest = f"\n{counted(more, 'row')} more: see --json or --html." if more > 0 else ""
    return f"{table.title}\n{render.table(table.columns, table.rows[:_MOST_ROWS])}{rest}"
