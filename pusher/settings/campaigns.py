"""The campaign that a push fills audiences for, and the audience names that it makes."""

from __future__ import annotations

import re
from dataclasses import dataclass

PLACEHOLDERS = ("campaign", "group")
"""What the name of an audience for campaigns is built from, in braces."""
_IN_BRACES = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Campaign:
    """A group of a campaign; the models know both names as the vars `campaign` and `group`.

    Attributes:
        name: Name of the campaign.
        group: Name of the group in it.
    """

    name: str
    group: str

    @property
    def variables(self) -> dict[str, str]:
        """The vars that it sets."""
        return dict(zip(PLACEHOLDERS, (self.name, self.group), strict=True))

    def fill(self, text: str) -> str:
        """Return an audience's name with both names in it."""
        return _IN_BRACES.sub(lambda found: self.variables.get(found[1], found[0]), text)


def in_braces(text: str) -> list[str]:
    """Return what stands in braces in a name."""
    return _IN_BRACES.findall(text)


def needs_campaign(name: str) -> bool:
    """Whether a name is none before a campaign gives its own."""
    return any(one in PLACEHOLDERS for one in in_braces(name))
