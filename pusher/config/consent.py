"""Who agreed and who did not, as pusher.yml says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pusher.config.strict_yaml import Document
from pusher.errors import Problem

PATH = ("consent",)
_KEYS = ("column", "agreed", "waived", "suppressions")
AGREED = (
    "yes", "y", "true", "t", "1", "on", "agreed", "agree", "accepted", "accept", "granted", "grant", "given", "allowed",
    "approved", "confirmed", "consented", "subscribed", "subscribe", "opt_in", "opted_in", "opt-in", "opted-in",
    "opt in", "opted in", "optin", "in", "active", "enabled", "ja", "oui", "si", "sí", "sim", "tak", "ano",
)  # fmt: skip
"""Values of the consent column that say yes, unless a project lists its own."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a project says about consent.

    Attributes:
        column: Column that says who agreed; every destination view has to ask for it. None asks for nothing.
        agreed: Values of the column that say yes, if they are not those of `AGREED`; TRUE always does.
        waived: Views that need not ask for it, each with the reason in writing.
        suppressions: Model whose digests are kept out of every view, or None.
    """

    column: str | None = None
    agreed: tuple[str, ...] = ()
    waived: Mapping[str, str] = field(default_factory=dict)
    suppressions: str | None = None

    @property
    def words(self) -> frozenset[str]:
        """Values of the column that say yes, as they are compared."""
        return frozenset(word.strip().casefold() for word in self.agreed or AGREED)


def read_consent(document: Document, found: Mapping[Any, Any], problems: list[Problem]) -> Consent:
    """Return what a mapping says about consent; what is wrong with it goes to `problems`."""
    problems += document.unknown_keys(found, _KEYS, PATH)
    names: dict[str, str | None] = {}
    for key, example in (("column", "marketing_consent"), ("suppressions", "suppressed_people")):
        value = found.get(key)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            fix = f"Write {key}: {example}."
            problems.append(document.problem("wrong-value", f"`{key}` must be a name.", (*PATH, key), fix))
            value = None
        names[key] = value
    agreed = found.get("agreed")
    if agreed is not None and not (
        isinstance(agreed, list) and agreed and all(isinstance(one, str) and one.strip() for one in agreed)
    ):
        # YAML makes TRUE of yes, so that nobody could tell which word was meant.
        fix = 'Write agreed: ["yes", "1"], each value in quotes.'
        problems.append(document.problem("wrong-value", "`agreed` must be a list of texts.", (*PATH, "agreed"), fix))
        agreed = None
    waived = found.get("waived") or {}
    path = (*PATH, "waived")
    if not isinstance(waived, dict):
        fix = "Write one `view: reason` a line below it."
        problems.append(document.problem("wrong-type", "`waived` must be a mapping.", path, fix))
        waived = {}
    for view, reason in waived.items():
        if not isinstance(reason, str) or not reason.strip():
            message = f"`{view}` is waived without a reason."
            fix = f'Write {view}: "why this view need not ask for consent".'
            problems.append(document.problem("wrong-value", message, (*path, view), fix))
    return Consent(names["column"], tuple(agreed or ()), dict(waived), names["suppressions"])
