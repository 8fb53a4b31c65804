"""Cleans a server's words before they are shown or stored: they can quote what was sent."""

from __future__ import annotations

import re

LONGEST_TEXT = 500
_READ_AT_MOST = 8_192
_CUT_EDGE = 512  # what stands at a cut may be half a token, which no pattern would know

_PATTERNS = (
    (re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{64}(?![0-9A-Za-z])"), "[digest]"),
    (re.compile(r"[^\s@\"'<>(),;:=]{1,64}(?:@|%40|&#64;)[^\s@\"'<>(),;:=]{1,255}"), "[e-mail]"),
    (re.compile(r"(?i)\bbearer\s+\S+"), "[token]"),
    (re.compile(r"(?<![0-9A-Za-z])(?=[0-9A-Za-z_-]*[0-9])[0-9A-Za-z_-]{32,}"), "[token]"),
    (re.compile(r"(?<![0-9A-Za-z])\+?[0-9](?:[ ().-]{0,2}[0-9]){6,14}(?![0-9])"), "[phone]"),
)


def redact(text: str) -> str:
    """Return the text without tokens, digests, e-mail addresses and phone numbers, on one printable line.

    Event source ids (longer than a phone number, shorter than a token) stay: a person needs them.
    """
    if len(text) > _READ_AT_MOST:
        text = text[: _READ_AT_MOST - _CUT_EDGE]
    for pattern, stand_in in _PATTERNS:
        text = pattern.sub(stand_in, text)
    shown = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
    return shown if len(shown) <= LONGEST_TEXT else shown[: LONGEST_TEXT - 1] + "…"


def redact_lines(text: str) -> str:
    """Return a text of several lines as `redact` does each of them."""
    return "\n".join(redact(line) for line in text.split("\n"))
