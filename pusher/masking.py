"""Which columns hold personal data, and what is shown instead of it."""

from __future__ import annotations

from typing import Any

from pusher.compile import Manifest, Model
from pusher.payload.model import Payload

SHOWN_LETTERS = 4
HIDDEN = "****"


def personal_columns(manifest: Manifest, model: Model, payload: Payload | None) -> frozenset[str]:
    """Return the columns of a model whose values may not be shown.

    A column counts as personal when its YAML tags it, when a source or another model tags one of its name, or when
    the contract calls it an identifier.
    """
    tagged = {
        column.name for source in manifest.sources.values() for column in source.columns if column.meta.get("pii")
    }
    for other in manifest.models.values():
        tagged |= {column.name for column in other.columns.values() if column.meta.get("pii")}
    tagged |= {name for name, column in model.columns.items() if column.meta.get("pii")}
    if payload is not None:
        tagged |= {name for name, field in payload.columns.items() if field.pii}
    return frozenset(tagged)


def mask(value: Any) -> Any:
    """Return what is shown for a personal value: a digest's first letters, nothing of anything else."""
    if value is None:
        return None
    if isinstance(value, list):
        return [mask(item) for item in value]
    text = str(value)
    is_digest = len(text) == 64 and all(letter in "0123456789abcdef" for letter in text)  # noqa: PLR2004 -- SHA-256 in hex
    return f"{text[:SHOWN_LETTERS]}{HIDDEN}" if is_digest else HIDDEN
