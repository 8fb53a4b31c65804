"""One credential: a token with what is known of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from pusher.config import Secret
from pusher.errors import ConfigError, Problem

DEFAULT_NAME = "default"
OAUTH, EVENTS = "oauth", "events"
REACHES_NO_AUDIENCE = (
    "Give audiences a token of their own, which a developer app was granted: `pusher auth login --name ads`, and "
    "`audiences: {credential: ads}` in profiles.yml."
)
"""What to do where a token of Events Manager is to fill audiences."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Credential:
    """A token with what is known of it.

    Attributes:
        name: How settings name it.
        description: What it is for, in the words of who made it.
        kind: `oauth`, granted to a developer app, or `events`, made in Events Manager for one event source.
        token: The access token; empty where only the facts were asked for.
        app_id: Developer app that it was granted to, or None.
        advertisers: Ad accounts that it reaches, as (id, name); the name is empty when it is not known.
        scopes: Numeric ids of the scopes that were granted, as text.
        granted_at: UTC, naive.
        last_used_at: When a push last sent it, UTC, naive; or None.
    """

    name: str
    description: str
    kind: str
    token: Secret = field(compare=False)
    app_id: str | None
    advertisers: tuple[tuple[str, str], ...]
    scopes: tuple[str, ...]
    granted_at: datetime
    last_used_at: datetime | None = None

    @property
    def login_options(self) -> tuple[str, ...]:
        """Words after `pusher auth login` that put another token in the place of this one."""
        return ("--name", self.name, *(("--token-stdin",) if self.kind == EVENTS else ()))


def check_name(name: str) -> str:
    """Return the name of a credential.

    Raises:
        ConfigError: It is not in its form.
    """
    if _NAME.fullmatch(name) is None:
        fix = "Use up to 64 letters, digits, dots, dashes and underscores."
        raise ConfigError(Problem("credential-name", "The name of a credential is not in its form.", fix=fix))
    return name
