"""What the methods of `Project` answer, and how patient a push is asked to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pusher.contracts import ColumnOrigin
from pusher.errors import ConfigError, Problem

if TYPE_CHECKING:
    from pusher.builds.data_tests import DataTestResult
    from pusher.builds.run import BuiltModel
    from pusher.builds.unit_tests import UnitTestResult
    from pusher.lint import Finding
    from pusher.push.coverage import Coverage

Interruptible = Callable[[Callable[[], None]], AbstractContextManager[Any]]
"""Surrounds work that a signal ends; it is given what cuts a running query short, to be called from another thread."""


LONGEST_RUN_S = 21_600
"""Ages are judged when a run begins: what `policy.LONGEST_LEAP` leaves of their margin."""


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


@dataclass(frozen=True, slots=True)
class PushChoice:
    """What a person chose for one push.

    Attributes:
        dry_run: Plan and show; send nothing, change nothing.
        test_event_code: Send as test events, which never count as sent.
        adopt: Take the ledger that is here, or a new one, for the one that the profile pins or that was here.
        stateless: Keep no ledger; refuses a view with rows older than a day.
        allow_shrink: Let audiences lose more members than is usual.
        allow_list_shrink: Let back in whoever is missing on the list of suppressed people.
        reassert: Tell audiences again everything that is known of them.
        patience: How long to wait, and when to give up.
    """

    dry_run: bool = False
    test_event_code: str | None = None
    adopt: bool = False
    stateless: bool = False
    allow_shrink: bool = False
    allow_list_shrink: bool = False
    reassert: bool = False
    patience: Patience = field(default_factory=Patience)


DEFAULT_PUSH = PushChoice()
Origins = Callable[[str], Mapping[str, ColumnOrigin]]
"""Says which SQL makes each contract column of a view."""


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
        tests: Each test's result.
        coverage: Each destination view's rows judged by its contract.
        below_floor: A problem for each floor of pusher.yml that a view does not reach.
    """

    models: list[BuiltModel]
    tests: list[DataTestResult | UnitTestResult]
    coverage: list[Coverage]
    below_floor: list[Problem] = field(default_factory=list)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with what was built: tests, then floors."""
        return (*(one.problem for one in self.tests if one.is_wrong), *self.below_floor)


@dataclass(frozen=True, slots=True)
class Shown:
    """Rows of a model for a person.

    Attributes:
        columns: Column names.
        rows: Values; those of personal columns masked.
    """

    columns: list[str]
    rows: list[tuple[Any, ...]]


def known_test_code(given: str | None) -> str | None:
    """Return the test event code without the space around it.

    Raises:
        ConfigError: It is blank: an unset variable in a script must not turn a test into a real push.
    """
    if given is None or given.strip():
        return given and given.strip()
    fix = "Copy the code from the event set's test tab, or leave the option out to push for real."
    raise ConfigError(Problem("test-event-code", "The test event code is empty.", fix=fix))
