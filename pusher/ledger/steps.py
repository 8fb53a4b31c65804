"""What a run did, step by step, and what went wrong in it.

A step is written before its work begins and again when it ended, so a run that was killed shows how far it came.
Texts are redacted by whoever writes them: nothing here holds an identifier or a server's own words as they came.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from sqlite3 import Error as SQLiteError

from pusher.ledger.rows import stamp
from pusher.ledger.store import Store

STATES = ("running", "done", "failed", "stopped", "skipped")
INTERRUPTED = "interrupted"
"""What is shown of a step that was running when its process ended without a word."""
MOST_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class RunProblem:
    """One thing that went wrong in a run, or that somebody should look at after it.

    Attributes:
        error_class: Class of the error, see the contract's page.
        code: Our own name of it, such as `tiktok-config`.
        message: What is wrong, redacted.
        return_code: The destination's own code, or None.
        model: Destination view, or None.
        rows: Rows that it is about, or None.
        file: File of the project, or None.
        line: Line in it, or None.
        fix: What to do next, or None.
        credential: Name of the credential that was missing, or whose token was refused; or None.
    """

    error_class: str
    code: str
    message: str
    return_code: int | None = None
    model: str | None = None
    rows: int | None = None
    file: str | None = None
    line: int | None = None
    fix: str | None = None
    credential: str | None = None


@dataclass(slots=True)
class Steps:
    """Writes the steps of one run, each by a commit of its own.

    Args:
        store: The ledger.
        run: Run id.
        now: Returns the current moment.

    Attributes:
        current: Number of the step that is running, or of the one that failed.
    """

    store: Store
    run: str
    now: Callable[[], datetime]
    current: int | None = None
    _count: int = field(default=0, init=False)
    _numbers: dict[tuple[str, str | None], int] = field(default_factory=dict, init=False)
    _phase: tuple[str, datetime] | None = field(default=None, init=False)
    _has_failed: bool = field(default=False, init=False)
    _problems: int = field(default=0, init=False)

    @contextmanager
    def step(self, name: str, models: Collection[str | None] = (None,)) -> Iterator[Mapping[str | None, int]]:
        """Keep a step for the length of a block: one for each of the models, which share the work.

        Yields:
            Number of the step by model.
        """
        self.enter(name)
        numbers = self._begin(name, models)
        try:
            yield numbers
        except BaseException as error:  # Ctrl-C too ends a step, and the error goes on
            # What cannot be written any more is shown as interrupted.
            with suppress(SQLiteError, OSError):
                self.end(numbers.values(), _state_after(error))
                self._has_failed = True
            raise
        self.end(numbers.values(), "done")

    def _begin(self, name: str, models: Collection[str | None]) -> dict[str | None, int]:
        numbers: dict[str | None, int] = {}
        with self.store.transaction():
            for model in models:
                numbers[model] = self._add(name, model, "running", self.now(), None)
        self.current = next(iter(numbers.values()), self.current)
        return numbers

    def enter(self, name: str) -> None:
        """Say what the run is at from now on, also between its steps."""
        if self._phase is None or self._phase[0] != name:
            self._phase = name, self.now()

    def fail(self, error: BaseException) -> None:
        """Write that the run ended early, if no step has said so.

        A step that a signal ended may have seen an error of the query that was cut; it was stopped all the same.
        """
        state = _state_after(error)
        if self._phase is not None and not self._has_failed:
            name, started_at = self._phase
            self.current = self._add(name, None, state, started_at, self.now())
        elif self._has_failed and self.current is not None and state == "stopped":
            self.judge(self.current, state)

    def number(self, name: str, model: str | None) -> int | None:
        """Return the number of a step of this run, or None when there is none."""
        return self._numbers.get((name, model))

    def done(self, name: str, started_at: datetime) -> None:
        """Keep a step that ended before it could be written down."""
        self.current = self._add(name, None, "done", started_at, self.now())

    def end(self, numbers: Collection[int], state: str) -> None:
        """Write that steps ended."""
        with self.store.transaction():
            self.store.connection.executemany(
                "update run_step set state = ?, finished_at = ? where run = ? and number = ?",
                [(state, stamp(self.now()), self.run, number) for number in numbers],
            )

    def judge(self, number: int, state: str) -> None:
        """Write what a step that ended turned out to be."""
        self.store.connection.execute(
            "update run_step set state = ? where run = ? and number = ?", (state, self.run, number)
        )

    def skip(self, names: Sequence[str]) -> None:
        """Write that steps were not reached; those that were are left as they are."""
        reached = {name for name, _ in self._numbers}
        for name in names:
            if name not in reached:
                self._add(name, None, "skipped", None, None)

    def problem(self, found: RunProblem, step: int | None = None) -> None:
        """Keep something that went wrong; beyond a number of them no more are kept."""
        if self._problems == MOST_PROBLEMS:
            return
        self._problems += 1
        self.store.connection.execute(
            "insert into run_problem (run, number, step, error_class, code, return_code, model, rows, message, file, "
            "line, fix, credential) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self.run,
                self._problems,
                self.current if step is None else step,
                found.error_class,
                found.code,
                found.return_code,
                found.model,
                found.rows,
                found.message,
                found.file,
                found.line,
                found.fix,
                found.credential,
            ),
        )

    def _add(
        self, name: str, model: str | None, state: str, started_at: datetime | None, finished_at: datetime | None
    ) -> int:
        self._count += 1
        self._numbers[name, model] = self._count
        self.store.connection.execute(
            "insert into run_step (run, number, name, model, state, started_at, finished_at) "
            "values (?, ?, ?, ?, ?, ?, ?)",
            (
                self.run,
                self._count,
                name,
                model,
                state,
                stamp(started_at) if started_at else None,
                stamp(finished_at) if finished_at else None,
            ),
        )
        return self._count


def _state_after(error: BaseException) -> str:
    """Return the state of a step that an error ended: somebody may have asked the run to stop."""
    asked = any(problem.code == "interrupted" for problem in getattr(error, "problems", ()))
    return "stopped" if asked or isinstance(error, KeyboardInterrupt) else "failed"


def keep_alert(
    store: Store, *, run: str, event: str, channel: str, target: str, now: datetime, failure: str | None
) -> None:
    """Keep that somebody was told of a run, or could not be; a run that is not in this ledger keeps nothing."""
    store.connection.execute(
        "insert into run_alert (run, number, event, channel, target, sent_at, failure) "
        "select id, 1 + (select count(*) from run_alert where run = id), ?, ?, ?, ?, ? from run where id = ?",
        (event, channel, target, stamp(now), failure, run),
    )
