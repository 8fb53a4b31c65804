"""A shop with a view of events and one of an audience, and a sandbox that tells which token each request had."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pusher.credentials import CredentialStore
from pusher.destinations.tiktok.sandbox import Sandbox
from tests.credentials.support import credential
from tests.push.members import Club, people
from tests.push.support import _SOURCES, MODEL, VIEW, Server, orders

ADS, PIXEL = "t0ken-of-the-ads-0123456789abcdef", "t0ken-of-the-pixel-0123456789abcdef"


class Heard:
    """Stands before a sandbox and writes down which token each request had.

    Attributes:
        requests: Path below the version and token of each request, in order.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, str | None]] = []
        self._lock = threading.Lock()

    def __call__(self, app: Sandbox) -> Any:
        """Return the application to serve."""

        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            path = environ["PATH_INFO"].partition("/v1.3/")[2]
            if path:
                with self._lock:
                    self.requests.append((path, environ.get("HTTP_ACCESS_TOKEN")))
            return app(environ, start_response)

        return answer

    def taken(self) -> dict[str, set[str | None]]:
        """Return the tokens by path, and forget the requests."""
        found: dict[str, set[str | None]] = {}
        for path, token in self.requests:
            found.setdefault(path, set()).add(token)
        self.requests.clear()
        return found


@contextmanager
def hearing(folder: Path, faults: Sequence[dict[str, Any]] = (), **rules: Any) -> Iterator[tuple[Server, Heard]]:
    """Serve such a sandbox for the length of a block."""
    heard = Heard()
    server = Server(folder / "heard.sqlite", faults, wrap=heard, **rules)
    try:
        yield server, heard
    finally:
        server.stop()


def brand(folder: Path, base_url: str, more: str = "", members: int = 5, **settings: Any) -> Club:
    """Return a built shop with both views: three orders, and the people of an audience."""
    chosen: dict[str, Any] = {
        "access_token": None,
        "events": {"credential": "pixel"},
        "audiences": {"credential": "ads"},
        "requests_per_second": 1000,
    }
    shop = Club(folder / "brand", base_url, more=more, **{**chosen, **settings})
    (shop.root / "models" / "_shop.yml").write_text(_SOURCES)
    (shop.root / "models" / f"{VIEW}.sql").write_text(MODEL)
    shop.sell(orders(3))
    shop.join(people(range(members)))
    return shop


def keep(**more: Any) -> None:
    """Keep the credentials: a token of Events Manager, and one that an app was granted."""
    store = CredentialStore(place="file")
    store.put(credential("pixel", PIXEL, **{"kind": "events", "app_id": None, "advertisers": (), "scopes": (), **more}))
    store.put(credential("ads", ADS, scopes=("30", "31", "32")))
