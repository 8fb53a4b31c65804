"""The operating system's keyring, where the extra `keyring` is installed and finds one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pusher.config import Secret
from pusher.errors import ConfigError, Problem

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "tiktok-pusher"
_LEAST_PRIORITY = 1
"""What the library itself calls recommended; below stand those that keep plain text."""


def why_no_keyring() -> str | None:
    """Return why the system's keyring cannot be used, or None if it can."""
    try:
        import keyring
    except ImportError:
        return "the extra tiktok-pusher[keyring] is not installed"
    backend = keyring.get_keyring()
    return None if _priority(backend) >= _LEAST_PRIORITY else "this system has no keyring that is open to programs"


def read(entry: str) -> Secret | None:
    """Return what the keyring holds under an entry of ours, or None.

    Raises:
        ConfigError: There is no keyring, or it refuses.
    """
    with _asked_to("read") as backend:
        found = backend.get_password(SERVICE, entry)
    return Secret(found) if found else None


def write(entry: str, value: Secret) -> None:
    """Put a value into the keyring.

    Raises:
        ConfigError: There is no keyring, or it refuses.
    """
    with _asked_to("write") as backend:
        backend.set_password(SERVICE, entry, value.reveal())


def delete(entry: str) -> None:
    """Take an entry out of the keyring; nothing happens when it is not there.

    Raises:
        ConfigError: There is no keyring, or it refuses.
    """
    # Backends do not agree on what they raise for an entry that is not there.
    if read(entry) is not None:
        with _asked_to("delete") as backend:
            backend.delete_password(SERVICE, entry)


@contextmanager
def _asked_to(do: str) -> Iterator[KeyringBackend]:
    """Give the system's keyring, and tell a person when it refuses."""
    reason = why_no_keyring()
    if reason is not None:
        fix = "Install it and unlock the keyring, or keep tokens elsewhere: --store file, or TIKTOK_ACCESS_TOKEN."
        raise ConfigError(Problem("no-keyring", f"There is no keyring: {reason}.", fix=fix))
    import keyring
    from keyring.errors import KeyringError

    try:
        yield keyring.get_keyring()
    except KeyringError as error:
        # The words of a backend are left out: they can hold what it was given.
        message = f"The keyring refused to {do} an entry: {type(error).__name__}."
        raise ConfigError(Problem("keyring", message, fix="Unlock the keyring, then try again.")) from None


def _priority(backend: KeyringBackend) -> float:
    try:
        return float(backend.priority)
    except RuntimeError:
        # Some say so when what they need is missing.
        return 0.0
