"""The last look at what is printed for somebody who may see no personal data.

Values of personal columns are masked where they are read; what is looked at here is text, such as SQL with a literal,
a message or a name, in which an identifier may stand all the same: readable, URL-, hex- or base64-coded, or a digest.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from typing import Any

HIDDEN = "****"
# Words are looked at one by one: a pattern that starts anywhere would take a square of the time on a long one.
_WORD = re.compile(r"[^\s\"'`<>(),;:=\[\]{}|]+")
_AT = re.compile(r"[^@](?:@|%40)+[^@]", re.IGNORECASE)
_NUMBER = re.compile(r"(?:\+|%2B)[0-9][0-9 ()./-]{6,}[0-9]", re.IGNORECASE)
_DIGEST = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{64}(?![0-9A-Za-z])")
# 32 bytes make 43 letters and a sign, which may be left out.
_DIGEST_64 = re.compile(r"(?<![0-9A-Za-z+/_-])[0-9A-Za-z+/_-]{43}(?:=|(?![0-9A-Za-z+/_-]))")
_CODED = re.compile(r"[0-9A-Za-z+/_-]{8,}={0,2}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){6,}")
_READABLE = re.compile(r"[\x20-\x7e]+")


def screened(text: str) -> str:
    """Return a text without what looks like an address, a number or a digest, in whichever of the usual codings."""
    text = _WORD.sub(lambda found: HIDDEN if _AT.search(found[0]) else found[0], text)
    for pattern in (_NUMBER, _DIGEST):
        text = pattern.sub(HIDDEN, text)
    text = _DIGEST_64.sub(_unless_word, text)
    return _CODED.sub(lambda found: HIDDEN if _hides_identifier(found[0]) else found[0], text)


def screened_value(value: Any) -> Any:
    """Return a value of JSON with every text in it screened, names of fields included."""
    if isinstance(value, str):
        return screened(value)
    if isinstance(value, list | tuple):
        return [screened_value(one) for one in value]
    if isinstance(value, dict):
        return {screened_value(name): screened_value(one) for name, one in value.items()}
    return value


def _unless_word(found: re.Match[str]) -> str:
    """Hide 43 letters that mix cases and digits, as a coded digest does and no name of a model."""
    text = found[0]
    kinds = (str.isupper, str.islower, str.isdigit)
    return HIDDEN if all(any(kind(letter) for letter in text) for kind in kinds) else text


def _hides_identifier(token: str) -> bool:
    """Whether a token is an address or a number that was coded."""
    return any(_READABLE.fullmatch(text) and (_AT.search(text) or _NUMBER.search(text)) for text in _decoded(token))


def _decoded(token: str) -> list[str]:
    found = []
    if _HEX.fullmatch(token):
        found.append(bytes.fromhex(token))
    bare = token.rstrip("=").replace("-", "+").replace("_", "/")
    with contextlib.suppress(binascii.Error):
        found.append(base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True))
    return [one.decode("latin-1") for one in found]
