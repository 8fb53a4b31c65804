"""Every error that is shown to a person, as one tree.

::

    PusherError                      what, where, what next; carries the exit code
    ├── UsageError            2      a setting, a file or a model is wrong; nothing was sent
    │   ├── ConfigError       2      YAML, profile, variables, options
    │   ├── CompileError      2      Jinja or SQL of a model
    │   ├── BuildError        2      a model failed while it ran
    │   ├── PlanError         2      a destination view cannot be planned
    │   ├── NotAllowed        2      the roles of pusher.yml do not let this user do it
    │   └── StateError        2      the ledger or one of its files is missing, damaged or foreign
    ├── DestinationRefused    3      TikTok refused us: token, permission or configuration
    ├── Incomplete            4      not finished, safe to run again
    └── AnotherRunIsActive    6      another run holds the lock

Anything else that is raised is a bug and is shown with its traceback.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, in three parts: what, where, what to do next.

    Attributes:
        code: Stable kebab-case name of the kind of problem.
        message: What is wrong, one sentence, never a value from the data.
        file: POSIX path relative to the project, when there is one.
        line: 1-based line in the source that the user wrote.
        column: 1-based column in that line.
        fix: What to do next.
        return_code: The destination's own code, when it refused something; kept with the run, and not printed.
        credential: Name of the credential that is missing, or whose token was refused; kept as the code is.
    """

    code: str
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    fix: str | None = None
    return_code: int | None = field(default=None, compare=False)
    credential: str | None = field(default=None, compare=False)

    @property
    def sentences(self) -> str:
        """What is wrong and what to do next, as one text."""
        return " ".join(filter(None, (self.message, self.fix)))

    @property
    def place(self) -> str:
        """`file:line:column`, as far as it is known."""
        known = [str(part) for part in (self.file, self.line, self.column) if part is not None]
        return ":".join(known)

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        names = ("code", "message", "file", "line", "column", "fix")
        return {name: getattr(self, name) for name in names}


class PusherError(Exception):
    """Something a person can act on; all problems found at once.

    Args:
        problems: One problem, or all that were found, in the order to show them.

    Attributes:
        run_id: The run of the ledger that keeps them, or None when none does.
    """

    exit_code = 70
    run_id: str | None = None

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("; ".join(problem.message for problem in problems))


class UsageError(PusherError):
    """A setting, a file or a model is wrong; nothing was sent."""

    exit_code = 2


class ConfigError(UsageError):
    """YAML, profile, variables or options are wrong."""


class CompileError(UsageError):
    """The Jinja or SQL of a model is wrong."""


class BuildError(UsageError):
    """A model failed while it ran."""


class PlanError(UsageError):
    """A destination view cannot be planned."""


class NotAllowed(UsageError):
    """The roles of pusher.yml do not let this user do it."""


class StateError(UsageError):
    """The ledger or one of its files is missing, damaged or belongs to something else."""


class DestinationRefused(PusherError):
    """TikTok refused us: token, permission or configuration."""

    exit_code = 3


class Incomplete(PusherError):
    """The work is not finished; running again is safe."""

    exit_code = 4


class Unanswered(PusherError):
    """TikTok did not say what it was asked; 3 when it refuses to.

    Attributes:
        outcome: What the last attempt proved, as a verdict says it.
    """

    exit_code = 4

    def __init__(self, problem: Problem, outcome: str) -> None:
        super().__init__(problem)
        self.outcome = outcome
        if outcome in {"halt", "rejected"}:
            self.exit_code = 3


class AnotherRunIsActive(PusherError):
    """Another run holds the lock of this ledger."""

    exit_code = 6
