"""Everything that the ledger knows of one run: its steps, what went wrong, who was told, what is left of it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from pusher.errors import ConfigError, Problem
from pusher.ledger.opening import no_ledger
from pusher.ledger.state import StateFolder
from pusher.ledger.steps import RunProblem
from pusher.ledger.views import copy_of, ledger_database, rows_of, run_at_work

LAST = "last"
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One run.

    Attributes:
        id: Its id; empty for a run that no ledger has.
        command: Its command, such as `push`.
        started_at: When it began, as the ledger has it.
        finished_at: When it ended, or None.
        exit_code: Its exit code, or None.
        base_url: Where it sent to.
        words: What followed the command: selection and options.
        variables: Names of the variables that it was given.
        test_event_code: Code of a run of test events, or None.
        is_at_work: Some process works on it now.
        steps: One for each step: number, step, model, state, times, seconds, error_class, code, return_code, message.
        problems: What went wrong, in the order in which it was found.
        alerts: Who was told: event, channel, target, sent_at, failure.
        settled_by: A later run that did the same and left nothing, or None.
        to_correct: Rows that break the contract or were refused, and can still be sent: model, term, reason, field,
            file, line, rows.
        parked: Parked rows, by view.
    """

    id: str
    command: str
    started_at: str
    finished_at: str | None = None
    exit_code: int | None = None
    base_url: str = ""
    words: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    test_event_code: str | None = None
    is_at_work: bool = False
    steps: list[dict[str, Any]] = field(default_factory=list)
    problems: list[RunProblem] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    settled_by: str | None = None
    to_correct: list[dict[str, Any]] = field(default_factory=list)
    parked: dict[str, int] = field(default_factory=dict)

    def values_of(self, option: str) -> list[str]:
        """Return the values that an option was given, in their order."""
        return [value for word, value in pairwise(self.words) if word == option]

    @property
    def was_killed(self) -> bool:
        """Whether it ended without a word."""
        return self.finished_at is None and not self.is_at_work


def run_facts(state: StateFolder, name: str, *, now: datetime | None = None) -> RunFacts:
    """Return what is known of one run.

    Args:
        state: The state folder.
        name: Its id, the beginning of its id, or `last`.
        now: Current moment, by which rows are too old to be sent, or None when their age does not matter.

    Raises:
        ConfigError: There is no such run, or several.
        StateError: There is no ledger, or it cannot be read.
    """
    copy = copy_of(state)
    if copy is None:
        raise no_ledger(state)
    with closing(copy):
        run = _found(copy, name)
        at_work = run_at_work(copy, state)
        (row,) = copy.execute(
            "select id, command, started_at, finished_at, exit_code, base_url, coalesce(words, '[]'), "
            "coalesce(variables, '[]'), test_event_code from run where id = ?",
            (run,),
        ).fetchall()
        settled_by = _settled_by(copy, run)
        problems = [
            RunProblem(*found)
            for found in copy.execute(
                "select error_class, code, message, return_code, model, rows, file, line, fix, credential "
                "from run_problem where run = ? order by number",
                (run,),
            )
        ]
        space = f"test:{row[8]}" if row[8] else ""
        asked = ("run_steps", "run_alert", "quarantine", "batch", "part")
        with ledger_database(state, copy, of=asked) as connection:
            named, value = "from run_steps where run = $run order by number", {"run": run}
            steps = rows_of(
                connection,
                "select number, step, model, state, started_at, finished_at, seconds, error_class, code, return_code, "
                f"message {named}",
                value,
            )
            alerts = rows_of(
                connection,
                "select event, channel, target, sent_at, failure from run_alert where run = $run order by number",
                value,
            )
            to_correct = rows_of(
                connection,
                "select model, term, reason, field, sql_file as file, sql_line as line, count(*)::bigint as rows "
                "from quarantine where term in ('invalid', 'dead') and space = $space "
                # Of a time that nobody can read, and of a refusal beside rows that wait, it is not known.
                "and coalesce(sendable_until >= $now_s, true) group by all order by all",
                {"space": space, "now_s": None if now is None else int(now.timestamp())},
            )
            parked = rows_of(
                connection,
                "select part.model, sum(batch.rows)::bigint as rows from batch join part on part.id = batch.part "
                "where batch.state = 'parked' and part.space = $space group by all order by all",
                {"space": space},
            )
    return RunFacts(
        id=run,
        command=row[1],
        started_at=row[2],
        finished_at=row[3],
        exit_code=row[4],
        base_url=row[5],
        words=tuple(json.loads(row[6])),
        variables=tuple(json.loads(row[7])),
        test_event_code=row[8],
        is_at_work=at_work == run,
        steps=steps,
        problems=problems,
        alerts=alerts,
        settled_by=settled_by,
        to_correct=to_correct,
        parked={one["model"]: one["rows"] for one in parked},
    )


def _found(copy: sqlite3.Connection, name: str) -> str:
    if name == LAST:
        rows = copy.execute("select id from run order by rowid desc limit 1").fetchall()
    else:
        rows = copy.execute(
            "select id from run where substr(id, 1, ?) = ? order by rowid", (len(name), name)
        ).fetchall()
    if not name or not rows:
        fix = "`pusher status` lists the newest runs; `last` is the newest of them."
        raise ConfigError(Problem("no-run", f"The ledger knows no run `{name}`.", fix=fix))
    if len(rows) > 1:
        listed = ", ".join(row[0] for row in rows[:_MOST_NAMED]) + (", ..." if len(rows) > _MOST_NAMED else "")
        message = f"{len(rows)} runs begin with `{name}`: {listed}."
        raise ConfigError(Problem("no-run", message, fix="Give more of the id."))
    return str(rows[0][0])


def _settled_by(copy: sqlite3.Connection, run: str) -> str | None:
    """Return the first run after it that did the same and left nothing that is still to be done."""
    row = copy.execute(
        "select later.id from run as later join run as mine on mine.id = ? where later.rowid > mine.rowid "
        "and later.command = mine.command and later.words is mine.words and later.variables is mine.variables "
        "and later.exit_code in (0, 1) order by later.rowid limit 1",
        (run,),
    ).fetchone()
    return row[0] if row else None
