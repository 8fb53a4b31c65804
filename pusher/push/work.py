"""What a delivery keeps in memory about parts and batches under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from pusher.contracts import Verdict
from pusher.errors import Problem
from pusher.ledger.rows import Batch, Part, Ranges
from pusher.payload.model import Payload
from pusher.push import policy
from pusher.push.encode import Body

Source = tuple[str, str]
"""What one accepted batch proves right: payload and event source id."""


@dataclass(slots=True)
class PartWork:
    """A part under way.

    Attributes:
        part: The part.
        payload: Its payload.
        free: Rows that no batch covers yet.
        encoder: What decides the bytes of its rows in this version.
        open_batches: Batches that are neither final nor left for another run.
        left: Batches left for another run or for a person.
        accepted: Rows of the batches that were accepted in this run.
        barred: Rows whose people were suppressed since they were frozen, as far as this run has seen.
    """

    part: Part
    payload: Payload
    free: Ranges
    encoder: str
    open_batches: int = 0
    left: int = 0
    accepted: list[Ranges] = field(default_factory=list)
    barred: Ranges = ()

    @property
    def source(self) -> Source:
        """Payload and event source id of every row."""
        return (self.part.payload, self.part.source_id)

    @property
    def is_final(self) -> bool:
        """Whether every row reached a final state."""
        return not self.free and self.open_batches == 0 and self.left == 0


@dataclass(slots=True)
class Isolation:
    """The hunt for the bad rows of one batch, shared by all its pieces.

    Attributes:
        extra_requests: Requests spent on it.
        ignores_hints: TikTok named a row that turned out to be good.
    """

    extra_requests: int = 0
    ignores_hints: bool = False


@dataclass(slots=True)
class Try:
    """A batch with what this run knows about it.

    Attributes:
        batch: As the ledger has it.
        work: The part it belongs to.
        is_new: Cut in this run, not left behind by an earlier one.
        attempts_in_run: Attempts in this run.
        risk_before: Start of an attempt before the current one that may have arrived.
        isolation: Shared by the pieces of one refused batch.
        is_hinted: The one row that TikTok named as bad.
        body: Its bytes while it is about to be sent or in flight.
    """

    batch: Batch
    work: PartWork
    is_new: bool = True
    attempts_in_run: int = 0
    risk_before: datetime | None = None
    isolation: Isolation = field(default_factory=Isolation)
    is_hinted: bool = False
    body: Body | None = None


@dataclass(slots=True)
class Delivered:
    """What a delivery did.

    Attributes:
        requests: HTTP requests made.
        request_ids: TikTok's ticket ids by model, newest last, at most 1,000.
        attempts: Attempts by model.
        sent: Value accepted in this run, by model and currency.
        sent_of_earlier: What of it earlier runs had planned.
        halts: Verdicts that stopped the run, or all rows of one event source, each with its view.
        stopped: Why rows are still pending, or None.
        seconds: Time in the loop, settling included.
        settle_s: Time spent on settling.
    """

    requests: int = 0
    request_ids: dict[str, deque[str]] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    sent: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    sent_of_earlier: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    halts: list[tuple[str, Verdict]] = field(default_factory=list)
    stopped: Problem | None = None
    seconds: float = 0.0
    settle_s: float = 0.0

    def stop(self, code: str, message: str, fix: str, *, return_code: int | None = None) -> None:
        """Say why rows are still pending, unless something said so before."""
        self.stopped = self.stopped or Problem(code, message, fix=fix, return_code=return_code)

    def count_accepted(self, model: str, accepted: Mapping[str, Decimal], *, is_of_earlier: bool) -> None:
        """Add value that was accepted, by currency; of what an earlier run had planned it is told apart too."""
        for sums in (self.sent, self.sent_of_earlier) if is_of_earlier else (self.sent,):
            sent = sums.setdefault(model, {})
            for currency, value in accepted.items():
                sent[currency] = sent.get(currency, Decimal(0)) + value


@dataclass(frozen=True, slots=True)
class DeliveryLimits:
    """How hard a delivery works.

    Attributes:
        concurrency: Requests in flight at a time.
        deadline_s: Time after which nothing new is sent.
        grace_s: Time that requests in flight get to end when the run is stopped.
        max_dead_share: Share of refused rows that stops the run.
        pixel_window: Web events are also reported by the pixel, so they may be sent for a shorter time.
    """

    concurrency: int = 4
    deadline_s: float = 1_800.0
    grace_s: float = 10.0
    max_dead_share: float = policy.MAX_DEAD_SHARE
    pixel_window: bool = False
