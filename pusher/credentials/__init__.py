"""Where tokens live: credentials by name in the system's keyring, or in a private file by explicit choice."""

from __future__ import annotations

from pusher.credentials.application import APP_ID_VARIABLE, APP_SECRET_VARIABLE, Application, application
from pusher.credentials.credential import DEFAULT_NAME, EVENTS, OAUTH, REACHES_NO_AUDIENCE, Credential, check_name
from pusher.credentials.store import FILE, KEYRING, CredentialStore, credentials_folder, login_options
from pusher.credentials.system_keyring import why_no_keyring

__all__ = [
    "APP_ID_VARIABLE",
    "APP_SECRET_VARIABLE",
    "DEFAULT_NAME",
    "EVENTS",
    "FILE",
    "KEYRING",
    "OAUTH",
    "REACHES_NO_AUDIENCE",
    "Application",
    "Credential",
    "CredentialStore",
    "application",
    "check_name",
    "credentials_folder",
    "login_options",
    "why_no_keyring",
]
