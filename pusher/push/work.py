"""What a delivery keeps in memory about parts and batches under way."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from pusher.contracts import Verdict
from pusher.errors import Problem
from pusher.ledger.store import Batch, Part
from pusher.payload.model import Payload
from pusher.push import policy
from pusher.push.encode import Body


@dataclass(slots=True)
class PartWork:
    """A part under way.

    Attributes:
        part: The part.
        payload: Its payload.
        next_row: First row that no batch covers yet.
        open_batches: Batches that are neither final nor left for another run.
        left: Batches left for another run or for a person.
    """

    part: Part
    payload: Payload
    next_row: int = 0
    open_batches: int = 0
    left: int = 0

    @property
    def source(self) -> tuple[str, str]:
        """What one accepted batch proves right: payload and event source id."""
        return (self.part.payload, self.part.source_id)

    @property
    def is_cut(self) -> bool:
        """Whether every row belongs to a batch."""
        return self.next_row >= self.part.rows

    @property
    def is_final(self) -> bool:
        """Whether every row reached a final state."""
        return self.is_cut and self.open_batches == 0 and self.left == 0


@dataclass(slots=True)
class Try:
    """A batch with what this run knows about it.

    Attributes:
        batch: As the ledger has it.
        work: The part it belongs to.
        attempts_in_run: Attempts in this run.
        risk_before: Start of an attempt before the current one that may have arrived.
        extra_requests: Requests spent on isolating bad rows, shared by all pieces of one batch.
        body: Its bytes while it is about to be sent or in flight.
    """

    batch: Batch
    work: PartWork
    attempts_in_run: int = 0
    risk_before: datetime | None = None
    extra_requests: list[int] = field(default_factory=lambda: [0])
    body: Body | None = None


@dataclass(slots=True)
class Delivered:
    """What a delivery did.

    Attributes:
        requests: HTTP requests made.
        request_ids: TikTok's ticket ids by model, newest last, at most 1,000.
        attempts: Attempts by model.
        sent: Value accepted in this run, by model and currency.
        halt: The verdict that stopped everything, or None.
        stopped: Why rows are still pending, or None.
        seconds: Time in the loop, settling included.
        settle_s: Time spent on settling.
    """

    requests: int = 0
    request_ids: dict[str, deque[str]] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    sent: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    halt: Verdict | None = None
    stopped: Problem | None = None
    seconds: float = 0.0
    settle_s: float = 0.0


@dataclass(frozen=True, slots=True)
class DeliveryLimits:
    """How hard a delivery works.

    Attributes:
        concurrency: Requests in flight at a time.
        deadline_s: Time after which nothing new is sent.
        max_dead_share: Share of refused rows that stops the run.
    """

    concurrency: int = 4
    deadline_s: float = 1_800.0
    max_dead_share: float = policy.MAX_DEAD_SHARE
