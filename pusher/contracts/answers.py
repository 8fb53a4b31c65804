"""What an attempt can end with, and what that proves of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class BatchState(StrEnum):
    """States of a batch, as stored and printed."""

    PLANNED = "planned"
    SENDING = "sending"
    RETRY = "retry"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SPLIT = "split"
    DEAD = "dead"
    PARKED = "parked"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"


FINAL_STATES = frozenset(
    {
        BatchState.ACCEPTED,
        BatchState.SPLIT,
        BatchState.DEAD,
        BatchState.EXPIRED,
        BatchState.SUPPRESSED,
    }
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP response.

    Attributes:
        status: HTTP status.
        body: Body, capped.
        headers: Lower-case names.
        seconds: Time from start to the last byte.
    """

    status: int
    body: bytes
    headers: Mapping[str, str]
    seconds: float


@dataclass(frozen=True, slots=True)
class Failure:
    """No complete HTTP response.

    Attributes:
        kind: `not_sent` (nothing can have arrived), `in_doubt` (something may have), `stop` (never retry).
        reason: Short kebab-case reason, such as `connect-refused`.
        message: One sentence for a person.
        seconds: Time until it failed.
    """

    kind: str
    reason: str
    message: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one attempt proved.

    Attributes:
        outcome: `accepted`, `rejected`, `retry`, `unknown`, `halt` or `split` (the request was too large).
        response_class: Class in the contract, such as ACK, DATA, THROTTLE, AUTH.
        http_status: Status, or None without a response.
        code: Return code of the body, or None.
        message: The destination's words, redacted.
        request_id: Ticket id, if any.
        remedy: What a person should do, for `rejected` and `halt`.
        bad_rows: Row numbers within the batch that the destination named as bad.
        waits: How long before another attempt: `backoff`, `throttle`, `minutes` or `none`.
        retry_after_s: The destination's own wish, capped, or None.
    """

    outcome: str
    response_class: str
    http_status: int | None = None
    code: int | None = None
    message: str = ""
    request_id: str | None = None
    remedy: str | None = None
    bad_rows: tuple[int, ...] = ()
    waits: str = "none"
    retry_after_s: float | None = None
