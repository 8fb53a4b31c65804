"""What an alert says: counts, classes and next steps, nothing of a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """One alert.

    Attributes:
        subject: One line.
        text: Plain text of several lines, the subject first.
        summary: The same for programs, as the JSON of the formats page.
    """

    subject: str
    text: str
    summary: dict[str, Any]
