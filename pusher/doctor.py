"""Looks at the surroundings and at the account, and lists by date what will be due.

Asks TikTok, and changes nothing there. Writes nothing but that a preflight was passed, and what the embedded sandbox
counts.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pusher.credentials import Credential
from pusher.destinations.tiktok.settings import FAMILIES
from pusher.diagnosis import Check, diagnose, kinds_of
from pusher.errors import DestinationRefused, Incomplete, Problem, PusherError
from pusher.ledger.rows import for_space
from pusher.plural import counted
from pusher.preflight.checks import FAILED, OK, UNKNOWN, PreflightCheck
from pusher.preflight.looking import Preflight
from pusher.progress import Listener, silent
from pusher.project.facade import LoadOptions, Project
from pusher.settings.tokens import TOKEN_VARIABLE
from pusher.version import __version__

DEFAULT_DAYS = 14
LEAST_FREE_BYTES = 1_000_000_000
"""A build writes a table beside the one that it replaces, and a push its outbox."""
_DAY = timedelta(days=1)
_DUE_CODE = 1

_UNCOUNTED = {"no_identity", "conflicting"}
_ROWS = {
    "pending": ("not sent yet", "Run `pusher push`: after that TikTok does not count them."),
    "parked": ("parked", "Run `pusher resolve`: after that they cannot be sent again."),
    "dead": ("refused by TikTok", "Correct them, then `pusher retry`, `pusher build` and `pusher push`."),
    "reopened": ("reopened and unchanged", "Correct them in their model, then `pusher build` and `pusher push`."),
    "conflicting": ("changed after they were sent", "TikTok keeps what was sent first: restore it, or leave it."),
    "invalid": ("refused by the contract", "Correct them in their model; `pusher status` says what is wrong."),
    "no_identity": ("without identity", "Find an e-mail address or a phone number for them, or leave them."),
    "resending": ("of unknown outcome", "Run `pusher push`: after that they are parked, and a person decides."),
    "keeping": ("frozen and not settled", "Run `pusher push`: after 7 days they are parked, and a person decides."),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the calendar.

    Attributes:
        date: When it is due, UTC; None when it has no end that is known.
        days_left: Whole days until then, below 0 when it is over; None without a date.
        kind: `token`, `audience`, `event_name`, `rows`, `disk` or `contract`.
        what: What it is, a sentence without its full stop.
        where: File, view, account or folder.
        fix: What to do.
        counts: It makes the exit code 1 when it is due.
    """

    date: datetime | None
    days_left: int | None
    kind: str
    what: str
    where: str
    fix: str
    counts: bool = True

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return {**asdict(self), "date": None if self.date is None else self.date.isoformat(timespec="seconds")}


@dataclass(slots=True)
class Examination:
    """What the doctor found.

    Attributes:
        checks: What `debug` looks at, and what could not be asked.
        preflight: What the account says, or None when it could not be asked, or there is no destination view.
        calendar: What has a date, earliest first, then what has none.
        days: How far ahead something is due.
        now: The moment from which days count.
    """

    checks: list[Check]
    days: int
    now: datetime
    preflight: Preflight | None = None
    calendar: list[Entry] = field(default_factory=list)
    refused: tuple[Problem, ...] = ()

    @property
    def due(self) -> list[Entry]:
        """Entries that count, within the days."""
        return [entry for entry in self._near if entry.counts]

    @property
    def only_listed(self) -> list[Entry]:
        """Entries within the days that do not count: they need nobody."""
        return [entry for entry in self._near if not entry.counts]

    @property
    def _near(self) -> list[Entry]:
        end = self.now + self.days * _DAY
        return [entry for entry in self.calendar if entry.date is not None and entry.date < end]

    @property
    def failed(self) -> list[PreflightCheck]:
        """Checks of the account that failed."""
        return self.preflight.failed if self.preflight is not None else []

    @property
    def is_answered(self) -> bool:
        """Whether TikTok answered everything that it was asked."""
        has_answer = self.preflight is None or self.preflight.is_answered
        return has_answer and all(check.status != UNKNOWN for check in self.checks)

    @property
    def exit_code(self) -> int:
        """3 when TikTok refuses, 2 when the project is wrong, 4 when TikTok is silent, 1 when something is due."""
        if self.refused or any(check.exit_code == DestinationRefused.exit_code for check in self.failed):
            return DestinationRefused.exit_code
        if self.failed or any(check.status == FAILED for check in self.checks):
            return 2
        if not self.is_answered:
            return Incomplete.exit_code
        return _DUE_CODE if self.due else 0


def examine(
    options: LoadOptions,
    *,
    days: int = DEFAULT_DAYS,
    listener: Listener = silent,
    should_stop: Callable[[], bool] = lambda: False,
) -> Examination:
    """Look at everything, and go on after what is wrong.

    Args:
        options: The project.
        days: How far ahead something is due.
        listener: Is told about progress.
        should_stop: True once the user asked to stop.
    """
    checks = diagnose(options)
    status = {check.name: check.status for check in checks}
    if status["models"] != "ok":
        now = options.clock or datetime.now(UTC)
        return Examination(checks, days, now)
    project = Project.load(options, listener=listener)
    found = Examination(checks, days, project.clock.now())
    may_ask = status["settings"] == status["token"] == "ok"
    if may_ask:
        _try(found, "preflight", lambda: _look(found, project, should_stop))
    # Without an answer, or a token of theirs that is taken, listing audiences tells nothing new.
    may_ask = may_ask and found.is_answered and not any(_is_of_audiences(check) for check in found.failed)
    if may_ask:
        _try(found, "audiences", lambda: found.calendar.extend(_audiences(project, found.now)))
    if status["sql"] == "ok":
        _try(found, "sunsets", lambda: found.calendar.extend(_event_names(project, found.now)))
    _try(found, "ledger", lambda: found.calendar.extend(_rows(project, found)))
    if status["token"] == OK:
        found.calendar.extend(_tokens(project, found.now))
    found.calendar.extend(_disks(project, found.now))
    found.calendar.append(_contract(found.now))
    found.calendar.sort(key=lambda entry: (entry.date is None, entry.date or found.now))
    return found


def _is_of_audiences(check: PreflightCheck) -> bool:
    return check.name == "token" and check.part != FAMILIES["events"]


def _try(found: Examination, name: str, work: Callable[[], None]) -> None:
    """Do one part; what is wrong becomes a check of its own."""
    try:
        work()
    except PusherError as error:
        if error.exit_code == DestinationRefused.exit_code:
            found.refused += error.problems
        status = UNKNOWN if error.exit_code == Incomplete.exit_code else FAILED
        found.checks.append(Check(name, status, problems=error.problems))


def _look(found: Examination, project: Project, should_stop: Callable[[], bool]) -> None:
    found.preflight = project.preflight(should_stop=should_stop)


def _entry(date: datetime, now: datetime, kind: str, what: str, *, where: str, fix: str) -> Entry:
    return Entry(date, (date - now) // _DAY, kind, what, where, fix)


def _audiences(project: Project, now: datetime) -> Iterator[Entry]:
    """Yield when each audience that a view fills ends."""
    from pusher.destinations.tiktok.audiences import moment_of

    payloads = project.account.payloads_of(project.models())
    views = [view for view in project.views() if view.payload.kind == "audience"] if payloads else []
    if not views:
        return
    for one in project.audiences.listed():
        if one.model is None or not one.is_listed:
            continue
        where = f"{one.model}, audience {one.audience_id} of advertiser {one.advertiser_id}"
        what = f"Audience `{one.name}` ends"
        fix = "Use it in an ad group or push a change: both move the end, unless retention_days set it at its making."
        ends = moment_of(one.expires)
        if ends is not None:
            yield _entry(ends, now, "audience", what, where=where, fix=fix)
        else:
            what = f"Audience `{one.name}`: TikTok names no end; unused and unchanged it ends after 365 days"
            yield Entry(None, None, "audience", what, where, fix)


def _event_names(project: Project, now: datetime) -> Iterator[Entry]:
    """Yield from when on TikTok may refuse a name that a view sends."""
    for one in project.sunsets():
        # A year alone: its first day is the first on which the name may be gone.
        year, month, day = (*(int(part) for part in one.until.split("-")), 1, 1)[:3]
        what = f"`{one.value}` may be refused from then on. {one.note.rstrip('.')}"
        fix = "Choose another event name; `pusher lint` lists them (PU209)."
        where = f"{one.model}, {one.file}:{one.line}"
        yield _entry(datetime(year, month, day, tzinfo=UTC), now, "event_name", what, where=where, fix=fix)


def _rows(project: Project, found: Examination) -> Iterator[Entry]:
    """Yield until when rows of the ledger can be sent, sent again, or kept."""
    for one in project.ledger.deadlines(before=found.now + found.days * _DAY):
        words, fix = _ROWS[one.what]
        space = f" ({one.space})" if one.space else ""
        what = f"{counted(one.rows, 'row')} {words}; this is the last moment of the first"
        if one.due_rows:
            what += f", {one.due_rows:,} within {found.days} days"
        entry = _entry(one.until, found.now, "rows", what, where=f"{one.model}{space}", fix=for_space(fix, one.space))
        # At any number of them a push ends with 0, and there are some on most days.
        yield replace(entry, counts=one.what not in _UNCOUNTED)


def _tokens(project: Project, now: datetime) -> Iterator[Entry]:
    """Yield what is known of each access token of the project's views: TikTok gives it no end."""
    tokens = project.account.tokens
    fix = "Nothing until TikTok refuses it: it ends when somebody revokes it or takes the app's access away."
    for kind, *_ in tokens.by_token(kinds_of(project)):
        source, credential = tokens.source(kind), tokens.credential(kind)
        if credential is not None:
            yield Entry(None, None, "token", _age(credential, now), f"credential {credential.name}", fix)
        elif source is not None and source.secret is not None:
            where = TOKEN_VARIABLE if source.given is None else source.given.place
            what = "Access token: no end known, and nobody keeps its age or last use"
            yield Entry(None, None, "token", what, where, fix)


def _age(credential: Credential, now: datetime) -> str:
    """Return what is known of a stored token."""
    last = "never used"
    if credential.last_used_at is not None:
        days = (now - credential.last_used_at.replace(tzinfo=UTC)) // _DAY
        last = f"last used {_ago(days)}" if days else "used within a day"
    granted = _ago((now - credential.granted_at.replace(tzinfo=UTC)) // _DAY)
    return f"Access token `{credential.name}` ({credential.kind}): no end known, granted {granted}, {last}"


def _ago(days: int) -> str:
    return "1 day ago" if days == 1 else f"{days} days ago"


def _disks(project: Project, now: datetime) -> Iterator[Entry]:
    """Yield the free space where the state and the warehouse lie."""
    places = [("State folder", project.state.root)]
    if project.profile.database != ":memory:":
        places.append(("Warehouse", Path(project.profile.database)))
    for name, path in places:
        there = next(parent for parent in (path, *path.parents) if parent.exists())
        free = shutil.disk_usage(there).free
        what, where = f"{name}: {free / 1e9:,.1f} GB free on its disk", _shown(path, project)
        if free < LEAST_FREE_BYTES:
            fix = "Free space: a push that cannot write stops, and loses nothing."
            yield _entry(now, now, "disk", what, where=where, fix=fix)
        else:
            yield Entry(None, None, "disk", what, where, "Nothing to do.")


def _shown(path: Path, project: Project) -> str:
    try:
        return path.relative_to(project.file.root).as_posix()
    except ValueError:
        return path.as_posix()


def _contract(now: datetime) -> Entry:
    from pusher.destinations.tiktok.facts import tables

    read_on = tables("sources")["edition"]["read_on"]
    what = f"Facts about TikTok, last read on {read_on}, {_ago((now.date() - read_on).days)}"
    fix = "Install a newer pusher when there is one: TikTok's rules change."
    return Entry(None, None, "contract", what, f"pusher {__version__}", fix)
