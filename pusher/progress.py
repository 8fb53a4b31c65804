"""Facts about work under way, for whoever listens. The library never prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ModelBuilt:
    """A model was created in the warehouse."""

    model: str
    materialized: str
    rows: int | None
    seconds: float


@dataclass(frozen=True, slots=True)
class DataTestFinished:
    """A data test ran, or was skipped."""

    test: str
    status: str
    failures: int | None
    seconds: float


@dataclass(frozen=True, slots=True)
class UnitTestFinished:
    """A unit test ran, or was skipped."""

    test: str
    status: str
    seconds: float


@dataclass(frozen=True, slots=True)
class PlanFinished:
    """The rows of a view were checked and the due ones frozen."""

    model: str
    view_rows: int
    planned: int
    seconds: float


@dataclass(frozen=True, slots=True)
class AudienceCompared:
    """A view was compared with its audiences."""

    model: str
    identifiers: int
    changes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RowsSettled:
    """Rows of a model reached a final state."""

    model: str
    settled: int
    planned: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """The push waits before it goes on."""

    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know, in one sentence."""

    message: str


Planned = PlanFinished | AudienceCompared
Event = ModelBuilt | DataTestFinished | UnitTestFinished | Planned | RowsSettled | Waiting | Notice


class Listener(Protocol):
    """Receives progress facts."""

    def __call__(self, event: Event) -> None:
        """Take one fact; must return quickly."""


def silent(event: Event) -> None:
    """Ignore progress."""
    del event
