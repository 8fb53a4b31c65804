"""What the rules on identifiers share."""

from __future__ import annotations

from collections.abc import Iterable

from pusher.lint.context import View
from pusher.lint.flow.relations import Output
from pusher.lint.flow.values import Leak

# The contract asks for these as they are; all other identifiers go hashed or not at all.
SENT_AS_IT_IS = frozenset({"ip", "user_agent", "idfv"})
_MACROS = frozenset({"email", "phone", "external_id", "idfa", "gaid"})
# A customer's number may be a hash of something: hashed again it is as good as any.
HASHED = _MACROS - {"external_id"}
_SHOWN = 3
_WORDS = {
    "email": "e-mail address",
    "phone": "phone number",
    "external_id": "customer id",
    "ip": "IP address",
    "user_agent": "user agent",
    "name": "name",
    "zip_code": "postal code",
    "idfa": "advertising id of iOS",
    "gaid": "advertising id of Android",
    "idfv": "device id of iOS",
}


def article(noun: str) -> str:
    """Return the indefinite article of a noun."""
    return "an" if noun[:1].lower() in "aeiou" else "a"


def word(kind: str) -> str:
    """Return what a kind of identifier is called in a message."""
    return _WORDS.get(kind, kind.replace("_", " "))


def forbidden(view: View, output: Output) -> list[Leak]:
    """Return the identifiers that must not be in a column, in a stable order."""
    field = view.field(output)
    allowed = field.pii if field is not None and field.pii in SENT_AS_IT_IS else None
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
    if kind not in _MACROS:
        return "Leave it out of the view."
    return f"Hash it with {{{{ hashed_{kind}('...') }}}}, or leave it out of the view."


def select_fix(kind: str) -> str:
    """Return the advice to select an identifier of this kind, hashed."""
    how = f"{{{{ hashed_{kind}('...') }}}}" if kind in _MACROS else "its SHA-256 digest"
    return f"Select the {word(kind)} here: {how}."
