"""Ends credentials: at TikTok and here, or here alone."""

from __future__ import annotations

from pusher.authorising.standing import unknown_credential
from pusher.authorising.tokens import TokenApi
from pusher.credentials import OAUTH, Credential, CredentialStore
from pusher.errors import ConfigError, Problem


def revoke(credential: Credential, api: TokenApi) -> bool:
    """End a token at TikTok, then forget the credential; returns whether the token worked until now.

    Args:
        credential: As `revocable` returns it.
        api: TikTok's side, for the app that the token was granted to.

    Raises:
        ConfigError: The app is another one.
        Unanswered: TikTok refuses, or does not answer; the credential stays.
    """
    if credential.app_id != api.app.app_id:
        message = (
            f"The credential {credential.name} was granted to app {credential.app_id}, and this is app "
            f"{api.app.app_id}."
        )
        fix = "Set TIKTOK_APP_ID and TIKTOK_APP_SECRET of that app; no other one can revoke the token."
        raise ConfigError(Problem("other-app", message, fix=fix))
    worked = api.revoke(credential.token)
    CredentialStore().remove(credential.name)
    return worked


def revocable(name: str) -> Credential:
    """Return a credential that `revoke` can end.

    Raises:
        ConfigError: There is no such credential, or only a person can end it.
    """
    credential = CredentialStore().get(name)
    if credential is None:
        raise unknown_credential(name)
    if credential.kind != OAUTH:
        message = f"The token of {name} was made in Events Manager, which alone can end it."
        fix = f"Delete it there at the data source, under Settings; then `pusher auth logout --name {name}`."
        raise ConfigError(Problem("events-token", message, fix=fix))
    return credential


def log_out(name: str) -> Credential:
    """Forget a credential here, and return what it was; its token goes on working.

    Raises:
        ConfigError: There is no such credential, or it cannot be removed.
    """
    store = CredentialStore()
    credential = store.get(name, with_token=False)
    if credential is None:
        raise unknown_credential(name)
    store.remove(name)
    return credential
