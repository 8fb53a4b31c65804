"""Asks TikTok about tokens: to grant one, whom it reaches, to end one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pusher.clock import Clock
from pusher.config import DestinationSettings, Secret
from pusher.contracts import Answer, Endpoint, Failure, Verdict
from pusher.credentials import Application
from pusher.destinations.tiktok import oauth
from pusher.errors import ConfigError, Problem, Unanswered
from pusher.progress import Listener

if TYPE_CHECKING:
    from pusher.project.facade import Project
    from pusher.transport import Transport

_EMBEDDED = "sandbox"
_MOST_ATTEMPTS = 3


def settings_of(project: Project | None) -> DestinationSettings | None:
    """Return the settings that say where tokens are granted, or None outside of a project: by the real API.

    Raises:
        ConfigError: The target uses the embedded sandbox, which has no page to consent on.
    """
    if project is None:
        return None
    settings = project.account.settings
    if settings.base_url == _EMBEDDED:
        message = f"Target {project.profile.target} uses the sandbox of this process, which needs no token."
        fix = "Pass --target with one that sends to TikTok, or run it outside of the project."
        raise ConfigError(Problem("sandbox-login", message, fix=fix))
    return settings


@dataclass(frozen=True, slots=True)
class TokenApi:
    """TikTok's side of tokens, for one developer app.

    Attributes:
        app: The app.
        endpoint: Where requests go, without a token.
        ca_file: Further certificate authorities.
        settings: The target's block, or None outside of a project.
        clock: Time.
        listener: Is told about a proxy.
    """

    app: Application
    endpoint: Endpoint
    ca_file: Path | None
    settings: DestinationSettings | None
    clock: Clock
    listener: Listener

    def authorisation_url(self, state: str, redirect_uri: str) -> str:
        """Return the page where a person consents."""
        return oauth.authorisation_url(
            self.endpoint.base_url, app_id=self.app.app_id, state=state, redirect_uri=redirect_uri
        )

    def exchange(self, code: str) -> oauth.Grant:
        """Return what a code is worth; asked once, because a code counts once.

        Raises:
            Unanswered: TikTok refuses, or does not answer.
        """
        result = self._post(oauth.EXCHANGE, oauth.exchange(self.app.app_id, self.app.secret, code))
        proved = oauth.judged(result)
        again = "Run `pusher auth login` again."
        if proved.outcome != "accepted" or not isinstance(result, Answer):
            raise _unanswered(proved, "TikTok gave no token", again)
        grant = oauth.grant_of(result)
        if grant is None:
            raise Unanswered(Problem("no-token", "TikTok's answer has no token.", fix=again), "unknown")
        return grant

    def advertisers(self, token: Secret) -> tuple[tuple[str, str], ...] | None:
        """Return the ad accounts of a token with their names, or None when TikTok does not say."""
        path = oauth.advertisers_path(self.app.app_id, self.app.secret)
        for attempt in range(_MOST_ATTEMPTS):
            if attempt:
                self.clock.sleep(1.0)
            result = self._get(path, token)
            proved = oauth.judged(result)
            if proved.outcome == "accepted" and isinstance(result, Answer):
                return oauth.advertisers_of(result)
            if proved.outcome not in {"retry", "unknown"}:
                return None
        return None

    def revoke(self, token: Secret) -> bool:
        """End a token; returns whether it worked until now.

        Raises:
            Unanswered: TikTok refuses, or does not answer; the token may still work.
        """
        result = self._post(oauth.REVOKE, oauth.revocation(self.app.app_id, self.app.secret, token))
        proved = oauth.judged(result)
        if proved.outcome == "accepted":
            return True
        if oauth.is_no_token(proved):
            return False
        raise _unanswered(proved, "TikTok did not revoke the token", "Run `pusher auth revoke` again.")

    def _post(self, path: str, body: bytes) -> Answer | Failure:
        with self._transport(self.endpoint) as transport:
            return transport.post(path, body)

    def _get(self, path: str, token: Secret) -> Answer | Failure:
        with self._transport(oauth.endpoint(self.settings, token)) as transport:
            return transport.get(path)

    @contextmanager
    def _transport(self, endpoint: Endpoint) -> Iterator[Transport]:
        from pusher.transport import Transport

        transport = Transport(endpoint, clock=self.clock, ca_file=self.ca_file, listener=self.listener)
        try:
            yield transport
        finally:
            transport.close()


def token_api(app: Application, project: Project | None, *, clock: Clock, listener: Listener) -> TokenApi:
    """Return TikTok's side for the target of a project, or for the real API without one.

    Raises:
        ConfigError: The target uses the embedded sandbox, or its settings are wrong.
    """
    from pusher.destinations.tiktok.settings import read_settings

    settings = settings_of(project)
    ca_file = read_settings(settings).ca_file if settings is not None else None
    return TokenApi(app, oauth.endpoint(settings), ca_file, settings, clock, listener)


def _unanswered(proved: Verdict, what: str, again: str) -> Unanswered:
    code = "" if proved.code is None else f" (code {proved.code})"
    message = f"{what}{code}: {proved.message.rstrip('.') or 'no message'}."
    fix = proved.remedy if proved.outcome in {"halt", "rejected"} and proved.remedy else again
    return Unanswered(Problem(f"tiktok-{proved.response_class.lower()}", message, fix=fix), proved.outcome)
