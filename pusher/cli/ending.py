"""How a push ends: its exit code, where its steps can be seen, and who is told."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pusher.cli.receipt import receipt_text
from pusher.cli.session import INTERNAL_ERROR, Session
from pusher.cli.signals import StopOnSignal
from pusher.clock import SystemClock
from pusher.errors import PusherError

if TYPE_CHECKING:
    from pusher.project.alerting import Alerting
    from pusher.project.facade import Project
    from pusher.project.remedies import RunPage
    from pusher.push.world import PushReport


@dataclass(slots=True)
class Ending:
    """Surrounds a push from its first to its last moment.

    Args:
        current: The command's surroundings.
        stop: Knows whether somebody asked to stop.
        project_dir: Folder of the project.
        tells: Somebody may be told how it ended: a dry run tells nobody.
        keeps: Its ledger stays: a push without one can be looked at nowhere.

    Attributes:
        project: The project, once it is loaded.
        report: What the push did, once it ended.
    """

    current: Session
    stop: StopOnSignal
    project_dir: Path
    tells: bool
    keeps: bool
    project: Project | None = None
    report: PushReport | None = None
    _began_at: datetime = field(default_factory=lambda: SystemClock().now())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        exit_code, run_id = INTERNAL_ERROR, None
        if error is None and self.report is not None:
            exit_code, run_id = self.report.exit_code, self.report.run_id
        elif isinstance(error, PusherError):
            exit_code, run_id = error.exit_code, error.run_id
        is_asked_to_stop = self.stop.signal is not None and (error is None or isinstance(error, PusherError))
        if self.stop.signal is not None and is_asked_to_stop:
            exit_code = 128 + self.stop.signal
        self._print(error, run_id, is_asked_to_stop=is_asked_to_stop)
        self.current.exit_code = exit_code
        if self.tells:
            kept = run_id if self.keeps else None
            if exit_code and kept is not None:
                self.current.hint = f"`pusher status {kept}` shows the steps of this run and what to do."
            self.current.afterwards.append(lambda: self._tell(exit_code, kept, error))
        return error is not None and is_asked_to_stop

    def _print(self, error: BaseException | None, run_id: str | None, *, is_asked_to_stop: bool) -> None:
        """Give the command what it prints; an error that goes on brings its own problems along."""
        current = self.current
        if isinstance(error, PusherError):
            current.body |= {} if run_id is None else {"run_id": run_id}
            current.body |= {"_problems": error.problems} if is_asked_to_stop else {}
        elif error is None and self.report is not None and self.project is not None:
            current.body["target"] = self.project.profile.target
            current.body |= self.report.as_json()
            current.body["_problems"] = self.report.problems
            current.text(receipt_text(self.report))

    def _tell(self, exit_code: int, run_id: str | None, error: BaseException | None) -> None:
        """Tell whom pusher.yml names, if it can be read; what is wrong with it is on stderr already."""
        from pusher.project.alerting import Ended

        try:
            alerting = self._alerting()
        except PusherError:
            return
        if not alerting.alerts.everybody:
            return
        try:
            page = self._page(run_id, error)
            alerting.tell(Ended(self.current.command, exit_code, self._began_at, run_id, self.report, page))
        except KeyboardInterrupt:
            self.current.complain("warning: Ctrl-C cut the alerts short.")

    def _alerting(self) -> Alerting:
        """Return what tells people, also for a project that could be read in part only.

        Raises:
            ConfigError: pusher.yml cannot be read, or there is no project.
        """
        from pusher.config import load_policy_file, load_project_file
        from pusher.project.alerting import Alerting

        if self.project is not None:
            return self.project.alerting(self.current.complain)
        file = load_project_file(self.project_dir)
        return Alerting(
            alerts=load_policy_file(file.root).alerts,
            project=file.name,
            target=None,
            root=file.root,
            state=None,
            clock=SystemClock(),
            complain=self.current.complain,
        )

    def _page(self, run_id: str | None, error: BaseException | None) -> RunPage:
        """Return what is known of the run: by the ledger, else by its errors alone."""
        from pusher.cli.run_page import command_names
        from pusher.destinations.tiktok import destination
        from pusher.project.remedies import Remedies, without_ledger
        from pusher.push.recording import problems_of

        if run_id is not None and self.project is not None:
            # A ledger that cannot be read now leaves the errors, which can be told all the same.
            with suppress(PusherError):
                return self.project.run_page(run_id, commands=command_names())
        if error is None and self.report is not None:
            error = PusherError(*self.report.problems)
        problems = [] if error is None else problems_of(error, destination)
        run = without_ledger(problems, command=self.current.command, words=(), started_at=self._began_at)
        return Remedies(lambda _run, _model: (), command_names(), self._began_at).page(run)
