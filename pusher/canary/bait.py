"""Identifiers that nobody has, of each kind, and how to know them again."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from pusher.payload.sql import literal

ROWS = 400
"""Rows of each source; identifiers differ from row to row."""
HASHED, READABLE, WEAK = "hashed", "readable", "weakly hashed"
_WORD = "canary"
# Berlin's numbers for film and theatre: 1,000 that nobody has.
_PHONE = "493023125"
# Advertising ids of a version that no phone makes; what is not in this form is no id for the macros.
_DEVICES = {"idfa": "ca9a27ee-1dfa-8000-8000-", "gaid": "ca9a27ee-6a1d-8000-8000-"}
_LONG_WORD = re.compile(r"[A-Za-z0-9+/=]{8,}")
_NOT_A_DIGIT = re.compile(r"\D+")
DIGEST = "_sha256"
"""Ends the kind of a column that arrives hashed."""


@dataclass(frozen=True, slots=True)
class Bait:
    """The values that one kind of identifier takes, and how to know them again.

    Attributes:
        kind: The kind.
        marks: Texts, in lower case, that a readable value holds.
        digests: SHA-256 of the values, in all usual spellings.
        weak: Other digests of them, and base64.
    """

    kind: str
    marks: tuple[str, ...]
    digests: frozenset[str]
    weak: frozenset[str]

    def how(self, text: str) -> str | None:
        """Return how a cell's text holds such an identifier, or None."""
        folded = text.lower()
        if any(mark in folded for mark in self.marks):
            return READABLE
        if self.kind == "phone" and _PHONE in _NOT_A_DIGIT.sub("", text):
            return READABLE
        words = {word for found in _LONG_WORD.findall(text) for word in (found, found.lower())}
        if not self.weak.isdisjoint(words):
            return WEAK
        return HASHED if not self.digests.isdisjoint(words) else None


def text_sql(kind: str) -> str:
    """Return an expression for an identifier, as it is typed, in row `i`."""
    name = kind.removesuffix(DIGEST)
    devices = {one: f"'{head}' || lpad(cast(i as varchar), 12, '0')" for one, head in _DEVICES.items()}
    text = {
        **devices,
        "email": f"' {_WORD.upper()}email' || i || '@Example.com'",
        "phone": "'+49 30 23125' || lpad(cast(i as varchar), 3, '0')",
        "ip": "'192.0.2.' || (i % 256)",
    }.get(name, f"{literal(_WORD + _plain_kind(name))} || i")
    return f"sha256(lower(trim({text})))" if kind != name else text


def _plain_kind(kind: str) -> str:
    return re.sub(r"[^a-z]", "", kind.lower())


@cache
def bait_of(kind: str) -> Bait:
    """Return what to look for after `text_sql` went in."""
    if kind == "email":
        values = [f" {_WORD.upper()}email{row}@Example.com" for row in range(ROWS)]
        marks: tuple[str, ...] = _both_ways(f"{_WORD}email")
    elif kind == "phone":
        values = [f"+49 30 23125{row:03}" for row in range(ROWS)]
        marks = ()
    elif kind == "ip":
        values = [f"192.0.2.{row % 256}" for row in range(ROWS)]
        marks = ("192.0.2.",)
    elif kind in _DEVICES:
        values = [f"{_DEVICES[kind]}{row:012}" for row in range(ROWS)]
        marks = _both_ways(_DEVICES[kind])
    else:
        values = [f"{_WORD}{_plain_kind(kind)}{row}" for row in range(ROWS)]
        marks = _both_ways(_WORD + _plain_kind(kind))
    spelled = {spelling for value in values for spelling in _spellings(value, kind)}
    digests = {hashlib.sha256(one.encode()).hexdigest() for one in spelled}
    weak = {word for one in spelled for word in _weak(one)}
    return Bait(kind, marks, frozenset(digests), frozenset(weak))


def _both_ways(text: str) -> tuple[str, ...]:
    return text, text[::-1]


def _spellings(value: str, kind: str) -> set[str]:
    bare = value.strip()
    spaceless = bare.replace(" ", "")
    digits = _NOT_A_DIGIT.sub("", bare)
    numbers = {digits, f"+{digits}"} if kind == "phone" else set[str]()
    return {fold(text) for text in (value, bare, spaceless) for fold in (str, str.lower, str.upper)} | numbers


def _weak(value: str) -> Iterable[str]:
    raw = value.encode()
    yield hashlib.md5(raw, usedforsecurity=False).hexdigest()
    yield hashlib.sha1(raw, usedforsecurity=False).hexdigest()
    yield base64.b64encode(raw).decode()
    yield raw.hex()
