"""What a push is given and what it gives back: options, surroundings, report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pusher.clock import Clock
from pusher.config import LIST_GUARD, SharedLimits, ShrinkGuard
from pusher.contracts import ColumnOrigin, Destination, Endpoints, Engine
from pusher.errors import Problem
from pusher.ledger.rows import Asked
from pusher.ledger.state import StateFolder
from pusher.progress import Event, Listener, Notice
from pusher.push import receipt as receipts
from pusher.push.audience.options import AudienceOptions
from pusher.push.audience.receipt import AudienceReceipt
from pusher.push.receipt import ModelReceipt
from pusher.push.suppressions import Suppressions
from pusher.push.work import DeliveryLimits
from pusher.transport import Transport


@dataclass(frozen=True, slots=True)
class PushOptions:
    """What a person chose for one push.

    Attributes:
        dry_run: Plan and show; send nothing, change nothing.
        test_event_code: Send as test events, which never count as sent.
        requests_per_s: Pace.
        limits: How hard to work.
        on_change: `report` or `ignore` conflicts.
        pixel_window: The web events are also reported by the pixel.
        strict: Ask for the vendor page's strict list of columns.
        ledger_id: Ledger that the profile pins, or None.
        normaliser_version: Version of the identity macros, or None.
        resume_all: Also go on with rows that earlier runs froze for views that are not selected now.
        tells_others: Also take suppressed people out of audiences that none of the views fills.
        left_alone: Views of which nothing is sent, not even what earlier runs froze.
        held_back: Why the user may not go on with what no view of the project has any more, by kind of views, `events`
            or `audience`; a kind that is not in it may go on.
        adopt: Take the ledger that is here, or a new one, for the one that the profile pins or that was here before.
        wait_s: How long to wait for another run that holds the lock.
        longest_lookback_s: Age of the oldest row that may be sent, for a ledger that nobody keeps; None for any.
        shared: When an identifier stands in too many rows to be one person's.
        list_guard: When the list of suppressed people lost too many digests to be meant.
        audience: What was chosen for audiences.
        asked: What the person asked for, kept with the run.
    """

    dry_run: bool = False
    test_event_code: str | None = None
    requests_per_s: float = 10.0
    limits: DeliveryLimits = field(default_factory=DeliveryLimits)
    on_change: str = "report"
    pixel_window: bool = False
    strict: bool = False
    ledger_id: str | None = None
    normaliser_version: str | None = None
    resume_all: bool = True
    tells_others: bool = True
    left_alone: frozenset[str] = frozenset()
    held_back: Mapping[str, str] = field(default_factory=dict)
    adopt: bool = False
    wait_s: float = 0.0
    longest_lookback_s: int | None = None
    shared: SharedLimits = field(default_factory=SharedLimits)
    list_guard: ShrinkGuard = LIST_GUARD
    audience: AudienceOptions = field(default_factory=AudienceOptions)
    asked: Asked = field(default_factory=Asked)


@dataclass(slots=True)
class PushReport:
    """What a push did, ready to print.

    Attributes:
        run_id: Id of the run.
        base_url: Where rows went, as shown.
        dry_run: Nothing was sent.
        models: One receipt for each view of events.
        audiences: One receipt for each audience view at each advertiser.
        seconds: Time by stage.
        requests: HTTP requests made.
        exit_code: The code that tells the truth.
        problems: What stopped the run early, if anything did.
        notices: What a person should know beside the counts, in sentences.
        sandbox: What the embedded sandbox has counted over its whole life, or None for a real destination.
        preflight: What was looked at before anything was sent, or None when nothing was.
    """

    run_id: str
    base_url: str
    dry_run: bool
    models: list[ModelReceipt]
    seconds: dict[str, float]
    requests: int = 0
    exit_code: int = 0
    problems: tuple[Problem, ...] = ()
    notices: tuple[str, ...] = ()
    sandbox: dict[str, int] | None = None
    audiences: list[AudienceReceipt] = field(default_factory=list)
    preflight: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        terms = (*receipts.VIEW_TERMS, *receipts.PLANNED_TERMS)
        totals: dict[str, Any] = {term: sum(model.terms[term] for model in self.models) for term in terms}
        return {
            "run_id": self.run_id,
            "base_url": self.base_url,
            "dry_run": self.dry_run,
            "models": [model.as_json() for model in self.models],
            "audiences": [one.as_json() for one in self.audiences],
            "totals": {
                "view_rows": sum(model.view_rows for model in self.models),
                **totals,
                "requests": self.requests,
            },
            "seconds": {stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
            "notices": list(self.notices),
            "sandbox": self.sandbox,
            "preflight": None if self.preflight is None else dict(self.preflight),
        }


@dataclass(frozen=True, slots=True)
class PushWorld:
    """Everything outside that a push works with.

    Attributes:
        destination: The API's rules.
        endpoints: Where it is, for views of events and of audiences.
        state: The state folder.
        clock: Wall and monotonic time.
        listener: Is told about progress.
        should_stop: True once the user asked to stop.
        open_engine: Opens the warehouse, allowed to write into one folder.
        ca_file: Further certificate authorities, or None.
        interruptible: Surrounds reading a view: there a KeyboardInterrupt may be raised to stop at once.
        origins: Says which SQL makes each contract column of a view; may be called from any thread.
        told_before: What a person should know about the surroundings, in sentences.
        suppressions: The model that lists who is kept out of every view, or None.
        preflight: Looks at the account before anything is sent, and stops a push that would be refused; returns what
            it found. None when nothing looks.
    """

    destination: Destination
    endpoints: Endpoints
    state: StateFolder
    clock: Clock
    listener: Listener
    should_stop: Callable[[], bool]
    open_engine: Callable[[Path], Engine]
    ca_file: Path | None = None
    interruptible: Callable[[], AbstractContextManager[Any]] = nullcontext
    origins: Callable[[str], Mapping[str, ColumnOrigin]] = lambda _model: {}
    told_before: tuple[str, ...] = ()
    suppressions: Suppressions | None = None
    preflight: Callable[[Listener], Mapping[str, Any]] | None = None


class Telling:
    """Passes facts on, keeps the notices, and goes quiet for a listener that cannot write any more.

    Args:
        listener: Is told about progress.
    """

    def __init__(self, listener: Listener) -> None:
        self.notices: list[str] = []
        self._listener: Listener | None = listener

    def __call__(self, event: Event) -> None:
        """Pass one fact on."""
        if isinstance(event, Notice):
            self.notices.append(event.message)
        if self._listener is None:
            return
        try:
            self._listener(event)
        except (OSError, ValueError):
            # Whoever watched is gone; the push is not.
            self._listener = None


@contextmanager
def connected(world: PushWorld, kind: str) -> Iterator[Transport]:
    """Give what sends requests about views of a kind, `events` or `audience`, as long as the block lasts."""
    transport = Transport(world.endpoints.of(kind), clock=world.clock, ca_file=world.ca_file, listener=world.listener)
    try:
        yield transport
    finally:
        transport.close()
