"""Where a new token goes, settled before there is one, so that none is lost."""

from __future__ import annotations

from enum import StrEnum

from pusher.credentials import FILE, KEYRING, CredentialStore, why_no_keyring
from pusher.errors import ConfigError, Problem


class Place(StrEnum):
    """Where a token is kept."""

    KEYRING = KEYRING
    FILE = FILE
    SHOWN = "shown"
    """Nowhere: it is shown once to the person at the terminal."""


def place_for(chosen: str | None, *, may_show: bool) -> Place:
    """Return where a token will be kept, proved by writing there.

    Args:
        chosen: `keyring` or `file` by explicit choice, or None for the keyring if there is one.
        may_show: A person alone sees the output, and the token is not theirs yet.

    Raises:
        ConfigError: There is no such place.
    """
    if chosen is not None and chosen not in {KEYRING, FILE}:
        fix = "Write --store keyring, or --store file for a private file of your own."
        raise ConfigError(Problem("store", "--store knows keyring and file.", fix=fix))
    reason = why_no_keyring() if chosen is None else None
    if reason is None:
        place = Place(chosen or KEYRING)
        CredentialStore(place=place).check()
        return place
    if may_show:
        return Place.SHOWN
    fix = (
        "Pass --store file to keep it in a private file, or install tiktok-pusher[keyring]; on a terminal the token "
        "of a login can be shown once instead, for the environment variable TIKTOK_ACCESS_TOKEN."
    )
    raise ConfigError(Problem("no-store", f"There is nowhere to keep a token: {reason}.", fix=fix))
