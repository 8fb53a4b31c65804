"""Credentials of tests, and a keyring of our own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

from pusher.config import Secret
from pusher.credentials import Credential

TOKEN = "t0ken-0123456789abcdef0123456789abcdef"  # noqa: S105 -- made up
GRANTED = datetime(2026, 11, 1, 8, 30)  # noqa: DTZ001 -- naive UTC, as stored


def credential(name: str = "default", token: str = TOKEN, **given: Any) -> Credential:
    """Return a credential."""
    facts: dict[str, Any] = {
        "description": "Northwind, all accounts",
        "kind": "oauth",
        "app_id": "7123456789",
        "advertisers": (("7654321098765432109", "Northwind"),),
        "scopes": ("30", "31", "7224195155857866754"),
        "granted_at": GRANTED,
    }
    return Credential(name=name, token=Secret(token), **{**facts, **given})


class OwnKeyring(KeyringBackend):
    """Keeps passwords in memory.

    Attributes:
        entries: Passwords by service and user.
        is_locked: Its owner has not unlocked it.
    """

    priority: Any = 5

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        """Return a password."""
        self._check()
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a password."""
        self._check()
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Remove a password."""
        self._check()
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError(username)

    def _check(self) -> None:
        if self.is_locked:
            raise KeyringLocked("words of a backend, which may quote " + TOKEN)


class PlainKeyring(OwnKeyring):
    """One that the library does not recommend."""

    priority: Any = 0.5


class AbsentKeyring(OwnKeyring):
    """One whose system is not there."""

    def __getattribute__(self, name: str) -> Any:
        """Raise where backends raise when what they need is missing."""
        if name == "priority":
            raise RuntimeError("no D-Bus")
        return super().__getattribute__(name)


@contextmanager
def using(backend: KeyringBackend) -> Iterator[None]:
    """Make a keyring the system's for the length of a block."""
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    try:
        yield
    finally:
        keyring.set_keyring(before)
