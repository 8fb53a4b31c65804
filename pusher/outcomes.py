"""What the methods of `Project` answer, and how patient a push is asked to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pusher.build import BuiltModel
    from pusher.effective import EffectiveSetting
    from pusher.lint import Finding
    from pusher.push.coverage import Coverage


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a push waits, and when it gives up.

    Attributes:
        wait_s: For another run that holds the lock.
        deadline_s: Time after which nothing new is sent.
        grace_s: Time that requests in flight get to end when the run is stopped.
        max_dead_share: Share of refused rows that stops the run.
    """

    wait_s: float = 0.0
    deadline_s: float = 1_800.0
    grace_s: float = 10.0
    max_dead_share: float = 0.1


DEFAULT_PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class LintReport:
    """What lint found.

    Attributes:
        findings: Findings, in file order.
        models: Number of models looked at.
    """

    findings: list[Finding]
    models: int


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What build did.

    Attributes:
        models: Each model's status.
        coverage: Each destination view's rows judged by its contract.
    """

    models: list[BuiltModel]
    coverage: list[Coverage]


@dataclass(frozen=True, slots=True)
class Shown:
    """Rows of a model for a person.

    Attributes:
        columns: Column names.
        rows: Values; those of personal columns masked.
    """

    columns: list[str]
    rows: list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class ViewConfig:
    """The settings of a destination view.

    Attributes:
        model: Model name.
        payload: What it is pushed as.
        settings: Each setting with the layer that set it.
    """

    model: str
    payload: str
    settings: list[EffectiveSetting]
