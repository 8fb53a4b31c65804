"""Which columns hold personal data, and what is shown instead of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pusher.compile import ColumnDoc, Manifest, Model
from pusher.payload.model import Field, Payload

SHOWN_LETTERS = 4
HIDDEN = "****"
# The value of `pii` for a column that only looks like an identifier.
_NOT_PERSONAL = "none"
_PERSONAL_NAME = re.compile(r"(?:^|_)(?:e_?mails?|e?mail_address|phones?|phone_numbers?|mobile|msisdn|telephone)$")
# What an identifier looks like in a column that nobody has tagged.
_NUMBER = re.compile(r"\+[0-9][0-9 ()./-]{6,}[0-9]")


def _tagged(columns: Iterable[ColumnDoc], *, personal: bool = True) -> set[str]:
    return {
        column.name.lower()
        for column in columns
        if column.meta.get("pii") and (column.meta["pii"] != _NOT_PERSONAL) is personal
    }


def personal_columns(
    manifest: Manifest, model: Model, names: Iterable[str], payload: Payload | None, *, strictly: bool = False
) -> frozenset[str]:
    """Return the columns of a model whose values may not be shown, in lower case: SQL does not tell cases apart.

    A column counts as personal when its YAML tags it, when a source or another model tags one of its name, when the
    contract calls it an identifier, or when its name does; `pii: none` in the model's own YAML takes the last three
    back, and only the last of them where it is to be taken strictly. Then all that TikTok matches somebody by counts,
    click ids and cookies included.
    """
    found = {name.lower() for name in names if _PERSONAL_NAME.search(name.lower())}
    if strictly:
        found -= _tagged(model.columns.values(), personal=False)
    for source in manifest.sources.values():
        found |= _tagged(source.columns)
    for other in manifest.models.values():
        found |= _tagged(other.columns.values())
    if payload is not None:
        found |= {
            name for name, field in payload.columns.items() if field.pii or (strictly and identifies(payload, field))
        }
    if not strictly:
        found -= _tagged(model.columns.values(), personal=False)
    return frozenset(found | _tagged(model.columns.values()))


def identifies(payload: Payload, field: Field) -> bool:
    """Say whether a field names a person, or is one that a person is matched by."""
    return field.pii is not None or field.column in payload.identity


def mask(value: Any) -> Any:
    """Return what is shown for a personal value: a digest's first letters, nothing of anything else."""
    if value is None:
        return None
    if isinstance(value, list | tuple):
        return [mask(item) for item in value]
    text = str(value)
    is_digest = len(text) == 64 and all(letter in "0123456789abcdef" for letter in text)  # noqa: PLR2004 -- SHA-256 in hex
    return f"{text[:SHOWN_LETTERS]}{HIDDEN}" if is_digest else HIDDEN


def mask_whole(value: Any) -> Any:
    """Return what is shown for a personal value to whom even a digest is too much: that there is one."""
    if value is None:
        return None
    return [mask_whole(item) for item in value] if isinstance(value, list | tuple) else HIDDEN


def without_identifiers(value: Any) -> Any:
    """Return a value of any other column with what looks like an address or a number hidden, at every depth."""
    if isinstance(value, str):
        # Nothing tells where a misspelt address begins.
        return HIDDEN if "@" in value else _NUMBER.sub(HIDDEN, value)
    if isinstance(value, list | tuple):
        return [without_identifiers(item) for item in value]
    if isinstance(value, dict):
        return {name: without_identifiers(item) for name, item in value.items()}
    return value
