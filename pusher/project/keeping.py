"""What people ask of a target's ledger: what it knows, and what to do with rows that a push could not settle."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pusher.clock import Clock
from pusher.contracts import Destination, EngineError
from pusher.errors import ConfigError, Problem
from pusher.project.outcomes import Origins, known_test_code

if TYPE_CHECKING:
    from pusher.ledger.deadlines import Deadline
    from pusher.ledger.state import StateFolder
    from pusher.ledger.summary import Summary
    from pusher.payload.model import Payload
    from pusher.push.decisions import Action, ResolveReport, RetryReport, Workplace


@dataclass(frozen=True, slots=True)
class Keeping:
    """The ledger of one target.

    Attributes:
        state: The state folder.
        clock: Wall time.
        destination: Knows the payloads.
        compiled: Folder of compiled SQL.
        chosen: Names of the models that selectors mean, or None when nothing was said: also models that are gone.
        origins: Says which SQL makes each contract column of a view.
        variables: Names of the variables of the command line, kept with a run.
        hides: Whether the user may see no personal data.
        ledger_id: Ledger that the profile pins, or None.
        pixel_window: Web events are also reported by the pixel.
        check_deciding: Refuses a user who may not say what becomes of rows of these models, or of all; returns those
            that they may decide about.
    """

    state: StateFolder
    clock: Clock
    destination: Destination
    compiled: Path
    chosen: Callable[[Sequence[str], Sequence[str]], list[str] | None]
    origins: Origins
    variables: tuple[str, ...] = ()
    hides: bool = False
    ledger_id: str | None = None
    pixel_window: bool = False
    check_deciding: Callable[[Collection[str] | None], Collection[str] | None] = lambda models: models

    def summary(self) -> Summary | None:
        """Return what the ledger knows, or None when nothing was pushed yet."""
        from pusher.ledger.summary import summarise

        payloads = {name: one for name, one in self.destination.payloads.items() if one.kind == "events"}
        return summarise(
            self.state,
            now=self.clock.now(),
            max_age_s=self._ages_s(payloads),
            limits={name: one.limits for name, one in payloads.items()},
        )

    def _ages_s(self, payloads: Mapping[str, Payload]) -> dict[str, int]:
        return {name: one.longest_age_s(pixel_window=self.pixel_window) for name, one in payloads.items()}

    def deadlines(self, *, before: datetime) -> list[Deadline]:
        """Return until when rows of the ledger can be used.

        Args:
            before: End of what is soon.

        Raises:
            StateError: The ledger cannot be read.
        """
        from pusher.ledger.deadlines import deadlines
        from pusher.push.policy import LONGEST_WAIT

        payloads = {name: one for name, one in self.destination.payloads.items() if one.kind == "events"}
        return deadlines(
            self.state,
            now=self.clock.now(),
            before=before,
            max_age_s=self._ages_s(payloads),
            resend_limit_s=max(one.limits.resend_limit_s for one in payloads.values()),
            longest_wait=LONGEST_WAIT,
        )

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Run a SELECT on a copy of the ledger.

        Raises:
            ConfigError: The SELECT fails.
            StateError: There is no ledger, or it cannot be read.
        """
        from pusher.ledger import masked, views

        try:
            return masked.query(self.state, sql) if self.hides else views.query(self.state, sql)
        except EngineError as error:
            more = "docs/reference/ledger.md has all tables and columns."
            fix = more if error.fix is None else f"{error.fix} {more}"
            raise ConfigError(Problem("status-sql", error.message, fix=fix)) from error

    def retry(
        self,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
        *,
        reasons: Sequence[str] = (),
        test_event_code: str | None = None,
        even_unchanged: bool = False,
        dry_run: bool = False,
        wait_s: float = 0.0,
    ) -> RetryReport:
        """Let rows that TikTok refused be planned again by the next push.

        Args:
            select: Models to use, in dbt's selector syntax.
            exclude: Models to leave out.
            reasons: Reason codes such as `tiktok-40002`; empty for all.
            test_event_code: Rows of test pushes with this code.
            even_unchanged: Also rows that their model still gives as they were refused.
            dry_run: Say what would be done.
            wait_s: How long to wait for a push that is running.

        Raises:
            NotAllowed: The user may not push events.
            StateError: There is no ledger, or it cannot be trusted.
            AnotherRunIsActive: A push holds the lock.
        """
        from pusher.push.decisions import retry

        words = [word for reason in reasons for word in ("--reason", reason)]
        words += [] if test_event_code is None else ["--test-event-code", test_event_code]
        words += ["--unchanged"] if even_unchanged else []
        models: Collection[str] | None = self.chosen(select, exclude)
        if not dry_run:
            models = self.check_deciding(models)
        return retry(
            self._place(wait_s, select, exclude, words),
            models=models,
            reasons=list(reasons) or None,
            test_event_code=known_test_code(test_event_code),
            even_unchanged=even_unchanged,
            dry_run=dry_run,
        )

    def resolve(
        self,
        action: Action,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
        *,
        batches: Sequence[int] = (),
        wait_s: float = 0.0,
    ) -> ResolveReport:
        """List parked batches, send them again, or take them for delivered.

        Raises:
            NotAllowed: The user may not push events.
            StateError: There is no ledger, or it cannot be trusted.
            AnotherRunIsActive: A push holds the lock.
        """
        from pusher.push.decisions import resolve

        models: Collection[str] | None = self.chosen(select, exclude)
        if action != "list":
            models = self.check_deciding(models)
        words = {"list": [], "resend": ["--resend"], "assume_delivered": ["--assume-delivered"]}[action]
        words += [word for batch in batches for word in ("--batch", str(batch))]
        place = self._place(wait_s, select, exclude, words)
        return resolve(place, action, models=models, batches=list(batches) or None)

    def clean(self, *, keep: timedelta, wait_s: float = 0.0) -> dict[str, int]:
        """Remove the compiled SQL, and forget what the ledger need not know any more; returns how much of what.

        Args:
            keep: How long runs, requests and refused rows are kept.
            wait_s: How long to wait for a push that is running.

        Raises:
            StateError: The ledger cannot be trusted.
            AnotherRunIsActive: A push holds the lock.
        """
        from pusher.push.clean import clean

        # Only what `compile` writes: `target-path` may be a folder with other things in it, or the project's own.
        counts = {"compiled files": sum(1 for path in self.compiled.rglob("*") if path.is_file())}
        shutil.rmtree(self.compiled, ignore_errors=True)
        words = ["--keep-days", str(keep.days)]
        was_used = self.state.has_ledger() or self.state.was_used()
        return counts | (clean(self._place(wait_s, words=words), keep=keep) if was_used else {})

    def _place(
        self, wait_s: float, select: Sequence[str] = (), exclude: Sequence[str] = (), words: Sequence[str] = ()
    ) -> Workplace:
        from pusher.ledger.rows import Asked, selection
        from pusher.push.decisions import Workplace

        asked = Asked((*selection(select, exclude), *words), self.variables)
        return Workplace(
            self.state, self.clock, self.destination, wait_s, self.origins, asked, self.ledger_id, self.pixel_window
        )
