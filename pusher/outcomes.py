"""What the methods of `Project` answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pusher.build import BuiltModel
    from pusher.effective import EffectiveSetting
    from pusher.lint import Finding
    from pusher.push.coverage import Coverage


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
