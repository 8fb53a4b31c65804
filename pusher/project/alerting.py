"""Tells people how a run ended: says what happened, sends it to whom pusher.yml names, keeps that it did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from sqlite3 import Error as SQLiteError
from typing import TYPE_CHECKING, Any

from pusher.clock import Clock
from pusher.config.alerts import Alerts, Channel
from pusher.errors import PusherError
from pusher.plural import counted

if TYPE_CHECKING:
    from pusher.alerts import Message
    from pusher.ledger.state import StateFolder
    from pusher.project.remedies import RunPage
    from pusher.push.world import PushReport

INTERRUPTED = 130
"""Exit code of a run that Ctrl-C ended: whoever pressed it knows."""
_WORDS = {"success": "everything is settled", "findings": "finished with findings", "failure": "did not finish"}
_TERMS = ("view_rows", "accepted", "already_sent", "pending", "parked", "dead", "invalid", "no_identity", "expired")
_TOLD = ("accepted", "pending", "parked", "dead", "invalid")
_MEMBERS = ("members", "added", "deleted", "pending_adds", "pending_deletes", "refused_adds", "refused_deletes")


def event_of(exit_code: int) -> str | None:
    """Return the event that an exit code is, or None when nobody is told."""
    if exit_code == INTERRUPTED:
        return None
    return {0: "success", 1: "findings"}.get(exit_code, "failure")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Attributes:
        command: Its command.
        exit_code: Its exit code.
        began_at: When it began.
        run_id: Its id, or None when no ledger has it.
        report: Its counts, or None when it did not get to them.
        page: Its steps, errors and actions, or None when nothing is known of them.
    """

    command: str
    exit_code: int
    began_at: datetime
    run_id: str | None = None
    report: PushReport | None = None
    page: RunPage | None = None


@dataclass(frozen=True, slots=True)
class Alerting:
    """Tells whom a project names.

    Args:
        alerts: Who is told of what.
        project: Name of the project.
        target: The target, or None when it is not known.
        root: Folder of the project.
        state: The state folder, or None when it is not known.
        clock: Wall and monotonic time.
        complain: Says that somebody could not be told.
    """

    alerts: Alerts
    project: str
    target: str | None
    root: Path
    state: StateFolder | None
    clock: Clock
    complain: Callable[[str], None]

    def tell(self, ended: Ended) -> None:
        """Tell everybody who is to know how a run ended."""
        event = event_of(ended.exit_code)
        channels = () if event is None else self.alerts.of(event)
        if event is not None and channels:
            message = message_of(ended, event, project=self.project, target=self.target, now=self.clock.now())
            self._send(channels, message, ended.run_id, event)

    def try_out(self) -> list[tuple[str, str, str | None]]:
        """Tell everybody that this is a trial; returns channel, target and why it failed, or None, of each."""
        from pusher.alerts import Message

        text = f"pusher: a trial alert of {self.project}. Nothing happened, and nothing has to be done."
        summary = {"schema_version": 1, "event": "trial", "project": self.project, "target": self.target}
        return self._send(self.alerts.everybody, Message("pusher: a trial alert", text, summary), None, "trial")

    def _send(
        self, channels: Sequence[Channel], message: Message, run_id: str | None, event: str
    ) -> list[tuple[str, str, str | None]]:
        from pusher.alerts import deliver, name_of

        told = []
        for channel in channels:
            target, failure = deliver(channel, message, clock=self.clock, root=self.root)
            told.append((name_of(channel), target, failure))
            if failure is not None:
                self.complain(f"warning: the alert to {name_of(channel)} {target} was not sent. {failure}")
        if run_id is not None and self.state is not None:
            self._keep(self.state, run_id, event, told)
        return told

    def _keep(self, state: StateFolder, run_id: str, event: str, told: Sequence[tuple[str, str, str | None]]) -> None:
        from pusher.ledger.opening import open_beside
        from pusher.ledger.steps import keep_alert

        # A ledger that cannot be written to now has said so already, and the push has its exit code.
        with suppress(PusherError, SQLiteError, OSError):
            store = open_beside(state)
            if store is None:
                return
            with closing(store), store.transaction():
                for channel, target, failure in told:
                    keep_alert(
                        store,
                        run=run_id,
                        event=event,
                        channel=channel,
                        target=target,
                        now=self.clock.now(),
                        failure=failure,
                    )


def message_of(ended: Ended, event: str, *, project: str, target: str | None, now: datetime) -> Message:
    """Return what is said about a run: counts, classes and next steps; no word of a server, nothing of a person."""
    from pusher.alerts import Message

    summary = _summary(ended, event, project=project, target=target, now=now)
    where = f"{project} ({target})" if target else project
    subject = f"pusher {ended.command} of {where}: {_WORDS[event]} (exit code {ended.exit_code})"
    lines = [subject]
    if (step := summary["failed_step"]) is not None:
        of_model = f" of {step['model']}" if step["model"] else ""
        lines.append(f"Step {step['step']}{of_model}: {step['state']}")
    for error in summary["errors"]:
        of_model = f" ({error['model']})" if error["model"] else ""
        code = error["return_code"] if error["return_code"] is not None else error["code"]
        rows = f", {counted(error['rows'], 'row')}" if error["rows"] else ""
        lines.append(f"{error['title']}{of_model}: {code}{rows}")
    for model in summary["models"]:
        counts = [f"{model[term]:,} {term.replace('_', ' ')}" for term in _TOLD if model[term]]
        lines.append(
            f"{model['model']}: {counted(model['view_rows'], 'row')}; {', '.join(counts) or 'nothing was due'}"
        )
    for one in summary["audiences"]:
        counts = [f"{one[term]:,} {term.replace('_', ' ')}" for term in _MEMBERS[1:] if one[term]]
        lines.append(f"{one['model']} at {one['advertiser_id']}: {', '.join(counts) or 'nothing was due'}")
    lines += [f"{step['number']}. {step['title']}" for step in summary["next_steps"]]
    if summary["show"] is not None:
        lines.append(f"See: {summary['show']}")
    return Message(subject, "\n".join(lines), summary)


def _summary(ended: Ended, event: str, *, project: str, target: str | None, now: datetime) -> dict[str, Any]:
    page, report = ended.page, ended.report
    failed = [one for one in page.run.steps if one["state"] not in {"done", "skipped"}] if page is not None else []
    show = None
    if ended.run_id is not None:
        show = f"pusher status {ended.run_id}" + (f" --target {target}" if target else "")
    return {
        "schema_version": 1,
        "event": event,
        "project": project,
        "target": target,
        "command": ended.command,
        "run_id": ended.run_id,
        "exit_code": ended.exit_code,
        "started_at": ended.began_at.isoformat(timespec="seconds"),
        "finished_at": now.isoformat(timespec="seconds"),
        "failed_step": {key: failed[0][key] for key in ("step", "model", "state")} if failed else None,
        "errors": [
            {
                "class": error.name,
                "title": error.title,
                "code": one.code,
                "return_code": one.return_code,
                "model": one.model,
                "rows": one.rows,
            }
            for error, one in (page.failures if page is not None else ())
        ],
        "models": [
            {"model": one.model, **{term: one.as_json()[term] for term in _TERMS}}
            for one in (report.models if report is not None else ())
        ],
        "audiences": [
            {key: one.as_json()[key] for key in ("model", "advertiser_id", "audience_id", *_MEMBERS)}
            for one in (report.audiences if report is not None else ())
        ],
        "next_steps": [
            {"number": one.number, "title": one.title, "who": one.who}
            for one in (page.open_actions if page is not None else ())
        ],
        "show": show,
    }
