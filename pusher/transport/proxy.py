"""The proxy that the environment asks for, if any."""

from __future__ import annotations

import os
import urllib.request
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from pusher.errors import ConfigError, Problem

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy for requests.

    Attributes:
        url: Its address, without user and password.
        auth: User and password, if the address had them.
        variable: Environment variable that names it.
    """

    url: str
    auth: tuple[bytes, bytes] | None = field(repr=False)
    variable: str

    @property
    def shown_as(self) -> str:
        """The address as it may be printed."""
        return self.url


def proxy_from_environment(base_url: str) -> Proxy | None:
    """Return the proxy that HTTPS_PROXY or ALL_PROXY names for this base URL; NO_PROXY and loopback have none.

    Raises:
        ConfigError: The variable holds something other than the URL of an HTTP proxy.
    """
    host = urlsplit(base_url).hostname or ""
    if host in _LOOPBACK or urllib.request.proxy_bypass(host):
        return None
    scheme = urlsplit(base_url).scheme
    for variable in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY"):
        value = os.environ.get(variable)
        if value:
            return _parsed(value, variable)
    return None


def _parsed(value: str, variable: str) -> Proxy:
    parts = urlsplit(value if "://" in value else f"http://{value}")
    if parts.scheme != "http" or not parts.hostname:
        problem = Problem(
            "proxy",
            f"{variable} does not name an HTTP proxy.",
            fix=f"Set {variable}=http://host:port, or unset it, or list the host in NO_PROXY.",
        )
        raise ConfigError(problem)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    auth = (unquote(parts.username).encode(), unquote(parts.password or "").encode()) if parts.username else None
    return Proxy(f"http://{host}:{parts.port or 8080}", auth, variable)
