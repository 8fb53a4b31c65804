"""The developer app that tokens are granted to: its id and secret, from the environment or the keyring."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pusher.config import Secret
from pusher.credentials import system_keyring
from pusher.errors import ConfigError, Problem

APP_ID_VARIABLE, APP_SECRET_VARIABLE = "TIKTOK_APP_ID", "TIKTOK_APP_SECRET"
APP_ID_ENTRY, APP_SECRET_ENTRY = "app-id", "app-secret"


@dataclass(frozen=True, slots=True)
class Application:
    """A developer app.

    Attributes:
        app_id: Its id, digits.
        secret: Its secret.
    """

    app_id: str
    secret: Secret


def application() -> Application:
    """Return the developer app: each half from its environment variable, else from the keyring.

    Raises:
        ConfigError: A half is missing, or the id is no number; every place where it could stand is named.
    """
    app_id, secret = app_id_known(), _half(APP_SECRET_VARIABLE, APP_SECRET_ENTRY)
    halves = ((app_id, APP_ID_VARIABLE, APP_ID_ENTRY), (secret, APP_SECRET_VARIABLE, APP_SECRET_ENTRY))
    problems = [_missing(variable, entry) for value, variable, entry in halves if not value]
    if app_id and not (app_id.isascii() and app_id.isdigit()):
        fix = "Copy the App ID from the app's page in TikTok's developer portal (My Apps)."
        problems.append(Problem("app-id", "The id of the developer app is not a number.", fix=fix))
    if problems or not app_id or not secret:
        raise ConfigError(*problems)
    return Application(app_id, secret)


def app_id_known() -> str | None:
    """Return the app's id, or None if there is none."""
    found = _half(APP_ID_VARIABLE, APP_ID_ENTRY)
    return found.reveal() if found else None


def _half(variable: str, entry: str) -> Secret | None:
    value = os.environ.get(variable)
    if value:
        return Secret(value.strip())
    return system_keyring.read(entry) if system_keyring.why_no_keyring() is None else None


def _missing(variable: str, entry: str) -> Problem:
    what = "id" if variable == APP_ID_VARIABLE else "secret"
    fix = (
        f"Set {variable}, or put it into the keyring: `keyring set {system_keyring.SERVICE} {entry}`. "
        "Both stand on the app's page in TikTok's developer portal (My Apps)."
    )
    return Problem("no-app", f"There is no {what} of a developer app.", fix=fix)
