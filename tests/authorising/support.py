"""A sandbox that grants tokens, and a person with a browser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from pusher.authorising import Person, TokenApi
from pusher.clock import Clock, SystemClock
from pusher.config import DestinationSettings, Document, Secret
from pusher.credentials import Application
from pusher.destinations.tiktok import oauth
from pusher.destinations.tiktok.facts import contract
from pusher.destinations.tiktok.sandbox import sandbox_app
from pusher.destinations.tiktok.sandbox_server import SandboxServer
from pusher.progress import silent
from tests.loopback import NO_AUTHORITIES

APP = Application("7123456789", Secret("s3cr3t-of-the-app"))
ACCOUNT = "7654321098765432109"
PATH = ("pusher", "dev", "tiktok")


@contextmanager
def serving_tokens(folder: Path, faults: Sequence[Mapping[str, Any]] = (), **rules: Any) -> Iterator[str]:
    """Serve a sandbox on a socket for the length of a block; gives its base URL."""
    folder.mkdir(parents=True, exist_ok=True)
    now = rules.pop("now", lambda: datetime.now(UTC))
    server = SandboxServer(sandbox_app(folder / "tokens.sqlite", contract(), now, faults, **rules), 0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server.base_url
    finally:
        server.stop()
        thread.join(5)


def api(base_url: str, app: Application = APP, clock: Clock | None = None) -> TokenApi:
    """Return TikTok's side."""
    settings = DestinationSettings("tiktok", base_url, None, {}, Document("profiles.yml", {}, {}), PATH)
    return TokenApi(app, oauth.endpoint(settings), None, settings, clock or SystemClock(), silent)


def browse(url: str) -> httpx.Response:
    """Open a page as a browser does, and go where it leads."""
    with httpx.Client(trust_env=False, verify=NO_AUTHORITIES, follow_redirects=True) as client:  # noqa: TID251 -- a browser
        return client.get(url)


def redirect_of(url: str) -> str:
    """Open the page of consent and return the address where the browser goes next."""
    with httpx.Client(trust_env=False, verify=NO_AUTHORITIES) as client:  # noqa: TID251 -- as above
        return client.get(url).headers["Location"]


def altered(url: str, **changes: str | None) -> str:
    """Return an address with other parameters; None takes one out."""
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | changes
    return parts._replace(query=urlencode({name: text for name, text in query.items() if text is not None})).geturl()


@dataclass
class Browser:
    """A person at a browser.

    Attributes:
        said: What the person was told.
        pages: What the browser showed.
        pasted: Makes what the person pastes from the address of the consent; the redirect unless given.
    """

    said: list[str] = field(default_factory=list)
    pages: list[httpx.Response] = field(default_factory=list)
    pasted: Callable[[str], str] | None = None
    threads: list[threading.Thread] = field(default_factory=list)

    def person(self) -> Person:
        """Return the person as the product sees one."""
        return Person(self.said.append, self._ask, self._open)

    @property
    def url(self) -> str:
        """The address of the consent that was said."""
        return next(line.strip() for line in self.said if line.strip().startswith("http"))

    def join(self) -> None:
        """Wait until the browser shows its page."""
        for thread in self.threads:
            thread.join(5)

    def _open(self, url: str) -> None:
        thread = threading.Thread(target=lambda: self.pages.append(browse(url)), daemon=True)
        self.threads.append(thread)
        thread.start()

    def _ask(self, prompt: str) -> str:
        self.said.append(prompt)
        return (self.pasted or redirect_of)(self.url)
