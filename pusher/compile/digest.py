"""One digest of many texts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def digest(parts: Iterable[str]) -> str:
    """Return the digest of some texts; where one ends and the next begins counts."""
    found = hashlib.sha256()
    for part in parts:
        content = part.encode("utf-8", "surrogatepass")
        found.update(b"%d:" % len(content))
        found.update(content)
    return found.hexdigest()
