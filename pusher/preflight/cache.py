"""Remembers for a while that a preflight was passed, in a private file without any token or digest of one alone.

What cannot be read or written is no cache, and no trouble either: the questions are asked again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

CACHE_FILE = "preflight.json"
SCHEMA_VERSION = 1
_PURPOSE = "pusher preflight"
_PRIVATE_FILE, _OTHERS = 0o600, 0o077
_MOST_ENTRIES = 32
_CHECK_KEYS = {"name", "about", "status", "found"}
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


def key_of(base_url: str, headers: Mapping[str, str], questions: Sequence[str]) -> str:
    """Return the name of an entry: a digest of where, with which token, and what was asked.

    The token's own digest would be as good as a fingerprint of it; together with the rest it is none.
    """
    text = json.dumps([_PURPOSE, base_url, sorted(headers.items()), sorted(questions)])
    return hashlib.sha256(text.encode()).hexdigest()


class PreflightCache:
    """The file of one target.

    Args:
        folder: The state folder, which is there.
        kept_for: How long an entry stays good.
    """

    def __init__(self, folder: Path, kept_for: timedelta) -> None:
        self._path = folder / CACHE_FILE
        self._kept_for = kept_for

    def get(self, key: str, now: datetime) -> tuple[datetime, list[dict[str, str]]] | None:
        """Return when an entry was made and its checks, or None when there is none that is still good."""
        return self._entries(now).get(key)

    def put(self, key: str, now: datetime, checks: Sequence[Mapping[str, str]]) -> None:
        """Keep what was found; entries that are too old go."""
        entries = self._entries(now)
        entries.pop(key, None)
        entries[key] = (now, [dict(check) for check in checks])
        kept = list(entries.items())[-_MOST_ENTRIES:]
        self._write(
            {name: {"checked_at": at.astimezone(UTC).strftime(_MOMENT), "checks": found} for name, (at, found) in kept}
        )

    def clear(self) -> None:
        """Forget everything."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _entries(self, now: datetime) -> dict[str, tuple[datetime, list[dict[str, str]]]]:
        try:
            if self._path.stat().st_mode & _OTHERS:
                # Whoever else could write it could say that all is well.
                return {}
            value = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(value, dict) or value.get("schema_version") != SCHEMA_VERSION:
            return {}
        entries = value.get("entries")
        found = {}
        for key, entry in entries.items() if isinstance(entries, dict) else ():
            read = _read(entry)
            # A clock that went back makes an entry of the future, which says nothing about now.
            if read is not None and timedelta() <= now - read[0] < self._kept_for:
                found[key] = read
        return found

    def _write(self, entries: Mapping[str, Any]) -> None:
        temporary = self._path.with_suffix(f".{os.getpid()}.tmp")
        text = json.dumps({"schema_version": SCHEMA_VERSION, "entries": entries}, indent=1, sort_keys=True)
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE_FILE)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(text)
            temporary.replace(self._path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def _read(entry: Any) -> tuple[datetime, list[dict[str, str]]] | None:
    """Return an entry in its form, or None."""
    if not isinstance(entry, dict) or not isinstance(entry.get("checks"), list):
        return None
    try:
        at = datetime.strptime(str(entry.get("checked_at")), _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None
    checks = entry["checks"]
    is_whole = all(isinstance(one, dict) and one.keys() == _CHECK_KEYS for one in checks)
    is_text = is_whole and all(isinstance(text, str) for one in checks for text in one.values())
    return (at, checks) if is_text else None
