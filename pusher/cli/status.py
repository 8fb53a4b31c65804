"""`pusher status`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pusher.cli import options, render
from pusher.cli.colours import painted
from pusher.cli.session import session

if TYPE_CHECKING:
    from pusher.ledger.summary import Summary

HELP = """Show what the ledger knows: last runs, what needs a person and what to do, open rows, quarantine.

Example: pusher status --sql "select model, count(*) from quarantine group by model" """


def status(
    *,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    state_dir: options.StateDir = None,
    clock: options.ClockAt = None,
    sql: Annotated[str | None, typer.Option("--sql", help="A SELECT over a copy of the ledger.")] = None,
    fail_if_pending: Annotated[
        bool, typer.Option("--fail-if-pending", help="Exit 4 if rows or audiences are pending, 5 if rows are parked.")
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Show the ledger."""
    with session("status", as_json=json, quiet=quiet, no_color=no_color) as current:
        project = current.project(project_dir, profiles_dir, target, None, state_dir=state_dir, clock=clock)
        if sql is not None:
            rows = project.ledger.query(sql)
            current.body["rows"] = rows
            names = list(rows[0]) if rows else []
            current.text(render.table(names, [list(row.values()) for row in rows]) or "no rows")
            return
        summary = project.ledger.summary()
        if summary is None:
            lists = ("runs", "attention", "open", "settled", "quarantine", "audiences")
            current.body |= {name: [] for name in lists}
            current.text("Nothing was pushed with this target yet.")
            return
        current.body |= {
            "ledger_id": summary.ledger_id,
            "base_url": summary.base_url,
            "runs": summary.runs,
            "attention": summary.attention,
            "expiring_before": summary.expiring_before.isoformat(timespec="seconds"),
            "open": summary.open_rows,
            "settled": summary.settled_rows,
            "quarantine": summary.quarantined,
            "audiences": summary.audiences,
        }
        parked = any(row["state"] == "parked" for row in summary.open_rows)
        if fail_if_pending and (summary.open_rows or any(row["what"] == "audience" for row in summary.attention)):
            current.exit_code = 5 if parked else 4
        current.text(f"ledger {summary.ledger_id}, pushes to {summary.base_url}\n")
        for title, rows in (
            ("Last runs", summary.runs),
            ("Open rows", summary.open_rows),
            ("Settled rows", summary.settled_rows),
            ("Quarantine", [{k: v for k, v in row.items() if k != "fix"} for row in summary.quarantined]),
        ):
            if rows:
                current.text(f"{title}\n{render.table(list(rows[0]), [list(row.values()) for row in rows])}\n")
        if summary.audiences:
            current.text(_audiences(summary))
        current.text(_attention(summary))


def _audiences(summary: Summary) -> str:
    """Return what each view fills; ids are copied, so nothing is cut."""
    lines = ["Audiences"]
    for one in summary.audiences:
        by_file = ", of files" if one["method"] == "file" else ""
        doubtful = f", {one['maybe']:,} maybe" if one["maybe"] else ""
        told = f", told {one['told_at'][:16].replace('T', ' ')}" if one["told_at"] else ""
        lines += [
            f"  {one['model']}: `{render.escaped(one['name'])}`",
            f"      {one['audience_id'] or 'not made yet'} of advertiser {one['advertiser_id']}{by_file}",
            f"      {one['inside']:,} identifiers in it{doubtful}{told}",
        ]
    return "\n".join(lines) + "\n"


def _attention(summary: Summary) -> str:
    """Return what needs a person, with what to do."""
    if not summary.attention:
        return "Nothing needs a person."
    lines = ["What needs a person"]
    for row in summary.attention:
        what, model, space = row["what"], row["model"], f" ({row['space']})" if row["space"] else ""
        if what == "audience":
            space = f", `{render.escaped(row['name'])}` of advertiser {row['advertiser_id']}"
        until = f", the first until {render.moment(row['until'])} UTC" if row["until"] is not None else ""
        lines.append(f"  {row['rows']:>8,}  {painted('!')} {what}: {model}{space}{until}")
        lines.append(render.wrapped(row["fix"], "              "))
    return "\n".join(lines)
