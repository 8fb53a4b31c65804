"""What the rules on identifiers share."""

from __future__ import annotations

from collections.abc import Iterable

from pusher.lint.context import View
from pusher.lint.flow.relations import Output
from pusher.lint.flow.values import Leak

# The contract asks for these as they are; all other identifiers go hashed or not at all.
_SENT_AS_IT_IS = frozenset({"ip", "user_agent"})
_SHOWN = 3
_WORDS = {
    "email": "e-mail address",
    "phone": "phone number",
    "external_id": "customer id",
    "ip": "IP address",
    "user_agent": "user agent",
    "name": "name",
}


def word(kind: str) -> str:
    """Return what a kind of identifier is called in a message."""
    return _WORDS.get(kind, kind.replace("_", " "))


def forbidden(view: View, output: Output) -> list[Leak]:
    """Return the identifiers that must not be in a column, in a stable order."""
    field = view.field(output)
    allowed = field.pii if field is not None and field.pii in _SENT_AS_IT_IS else None
    leaks = (leak for leak in output.value.leaks if leak.kind != allowed)
    return sorted(leaks, key=lambda leak: (leak.how, leak.kind, leak.column, leak.through, str(leak.place)))


def listed(names: Iterable[str]) -> str:
    """Return names, each once, and a count when there are many."""
    found = list(dict.fromkeys(names))
    shown = ", ".join(found[:_SHOWN])
    return shown if len(found) <= _SHOWN else f"{shown} and {len(found) - _SHOWN} more"


def kinds_of(leaks: Iterable[Leak]) -> str:
    """Return the kinds of identifiers in words."""
    kinds = list(dict.fromkeys(word(leak.kind) for leak in leaks if leak.kind != "unknown"))
    return "identifier" if len(kinds) > _SHOWN else " or ".join(kinds)


def hash_fix(kind: str) -> str:
    """Return the advice to hash an identifier of this kind."""
    macro = {"email": "hashed_email", "phone": "hashed_phone", "external_id": "hashed_external_id"}.get(kind)
    if macro is None:
        return "Leave it out of the view."
    return f"Hash it with {{{{ {macro}('...') }}}}, or leave it out of the view."
