"""`pusher status`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pusher.cli import options, render
from pusher.cli.colours import painted
from pusher.cli.session import Session, session
from pusher.errors import ConfigError, Problem
from pusher.plural import counted

if TYPE_CHECKING:
    from pusher.cli.run_page import Given
    from pusher.ledger.summary import Summary
    from pusher.project.facade import Project

HELP = """Show what the ledger knows: last runs, what needs a person and what to do, open rows, quarantine.

With a run it shows its steps, what went wrong and numbered actions; --do performs one of these, or shows the steps of
one that only a person can do. Example: pusher status last --do 2

Example: pusher status --sql "select model, count(*) from quarantine group by model" """


def status(
    run_id: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="A run: its id, the beginning of its id, or `last`.", show_default=False),
    ] = None,
    *,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    state_dir: options.StateDir = None,
    clock: options.ClockAt = None,
    do: Annotated[
        int | None, typer.Option("--do", help="Number of the action of RUN to perform.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Perform an action of RUN that cannot be taken back.")] = False,
    variables: Annotated[
        str | None,
        typer.Option("--vars", help="The variables that RUN was given, to do the same again.", show_default=False),
    ] = None,
    sql: Annotated[str | None, typer.Option("--sql", help="A SELECT over a copy of the ledger.")] = None,
    fail_if_pending: Annotated[
        bool, typer.Option("--fail-if-pending", help="Exit 4 if rows or audiences are pending, 5 if rows are parked.")
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Show the ledger, or one run."""
    words: list[str] = []
    with session("status", as_json=json, quiet=quiet, no_color=no_color) as current:
        _check(run_id, do, of_all=sql is not None or fail_if_pending, with_do=yes or variables is not None)
        project = current.project(project_dir, profiles_dir, target, variables, state_dir=state_dir, clock=clock)
        if run_id is None:
            _whole_ledger(current, project, sql, fail_if_pending=fail_if_pending)
        else:
            from pusher.cli.run_page import Given

            place: dict[str, str | bool | None] = {
                "--project-dir": None if project_dir == Path() else str(project_dir),
                "--profiles-dir": None if profiles_dir is None else str(profiles_dir),
                "--target": target,
                "--state-dir": None if state_dir is None else str(state_dir),
                "--clock": clock,
            }
            manner: dict[str, str | bool | None] = {"--json": json, "--quiet": quiet, "--no-color": no_color}
            words = _one_run(current, project, run_id, Given(do, yes, variables, place, manner))
    if words:
        from pusher.cli.app import run

        raise typer.Exit(run(words))


def _check(run_id: str | None, do: int | None, *, of_all: bool, with_do: bool) -> None:
    """Refuse options that mean nothing together.

    Raises:
        ConfigError: Some do.
    """
    if run_id is not None and of_all:
        fix = "Leave RUN out, or --sql and --fail-if-pending."
        raise ConfigError(Problem("usage", "--sql and --fail-if-pending are about the whole ledger.", fix=fix))
    if do is not None and run_id is None:
        raise ConfigError(Problem("usage", "--do needs a run.", fix="Write: pusher status last --do 1"))
    if with_do and do is None:
        raise ConfigError(Problem("usage", "--yes and --vars go with --do.", fix="Write: pusher status last --do 1"))


def _one_run(current: Session, project: Project, run_id: str, given: Given) -> list[str]:
    """Show a run, or what a person has to do; returns the words of the command to run, or none."""
    from pusher.cli import run_page

    page = project.run_page(run_id, commands=run_page.command_names(), variables=given.variables)
    if given.do is None:
        run_page.shown(current, page, given)
        return []
    action = page.action(given.do)
    if action.who == "person":
        current.body |= {"run": {"id": page.run.id}, "action": action.as_json()}
        current.text(run_page.steps_of(action))
        current.exit_code = run_page.FOR_A_PERSON
        return []
    words = run_page.words_of(action, page, given)
    current.complain(f"$ {shlex.join(['pusher', *words])}")
    # Its output is the command's own.
    current.json = False
    return words


def _whole_ledger(current: Session, project: Project, sql: str | None, *, fail_if_pending: bool) -> None:
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
    parked = any(row["what"] == "parked" for row in summary.attention)
    if fail_if_pending and (summary.open_rows or any(row["what"] == "audience" for row in summary.attention)):
        current.exit_code = 5 if parked else 4
    current.text(f"ledger {summary.ledger_id}, pushes to {summary.base_url}\n")
    for title, rows in (
        ("Last runs", [_run(row) for row in summary.runs]),
        ("Open rows", summary.open_rows),
        ("Settled rows", summary.settled_rows),
        ("Quarantine", [{k: v for k, v in row.items() if k != "fix"} for row in summary.quarantined]),
    ):
        if rows:
            current.text(f"{title}\n{render.table(list(rows[0]), [list(row.values()) for row in rows])}\n")
    if summary.audiences:
        current.text(_audiences(summary))
    current.text(_attention(summary))
    failed = summary.runs[0] if summary.runs else None
    if failed is not None and failed["failed_step"] is not None:
        current.text(
            "\n" + render.wrapped(
                f"Run {failed['id']} did not end well ({failed['failed_step']}): `pusher status {failed['id']}` shows "
                "its steps and what to do.",
                "",
            )
        )  # fmt: skip


def _run(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run so that its id, which is copied, is never cut."""
    started, finished = row["started"], row["finished"]
    took = finished and int((datetime.fromisoformat(finished) - datetime.fromisoformat(started)).total_seconds())
    began = started[:16].replace("T", " ")
    return {"id": row["id"], "command": row["command"], "began": began, "seconds": took, "exit": row["exit_code"]}


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
            f"      {counted(one['inside'], 'identifier')} in it{doubtful}{told}",
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
