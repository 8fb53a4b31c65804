"""What lint says: one finding, with a place in the user's own file and a fix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Edit:
    """Text to put between two places of a file.

    Attributes:
        file: POSIX path relative to the project.
        line: 1-based line of the first character.
        column: 1-based column of the first character.
        end_line: Line of the end.
        end_column: Column behind the last character.
        text: What to write there.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """What to do next.

    Attributes:
        description: One sentence for a person.
        edits: Edits that do it.
        safe: The edits change nothing but what is wrong, so that `--fix` may make them.
    """

    description: str
    edits: tuple[Edit, ...] = ()
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule found.

    Attributes:
        rule: Code, such as `PU201`.
        name: Readable name, such as `contract.missing-column`.
        severity: `error`, `warning` or `note`.
        model: Model that is judged.
        model_column: Its column, if the finding is about one.
        file: POSIX path relative to the project.
        line: 1-based line in the source that the user wrote.
        column: 1-based column in that line.
        end_line: Line of the end.
        end_column: Column behind the last character.
        message: What is wrong, one sentence.
        fix: What to do, or None.
    """

    rule: str
    name: str
    severity: str
    model: str
    model_column: str | None
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    fix: Fix | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        found = asdict(self)
        if self.fix is not None:
            found["fix"]["edits"] = [asdict(edit) for edit in self.fix.edits]
        return found

    def as_text(self) -> str:
        """Return one or two lines for a terminal or a log."""
        text = f"{self.file}:{self.line}:{self.column}: {self.severity} {self.rule} {self.name}: {self.message}"
        return text if self.fix is None else f"{text}\n    fix: {self.fix.description}"

    @property
    def order(self) -> tuple[Any, ...]:
        """Sorting key: by place, errors first at the same place."""
        return (self.file, self.line, self.column, SEVERITIES.index(self.severity), self.rule, self.message)


def summary(findings: Sequence[Finding], models: int) -> dict[str, int]:
    """Return the counts of the JSON output."""
    counts = {f"{name}s": sum(finding.severity == name for finding in findings) for name in SEVERITIES}
    return {**counts, "models": models}
