"""Sends one request and says what came of it, whatever the network or the server does."""

from __future__ import annotations

import logging
import secrets
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any

import certifi
import httpcore
import httpx

from pusher.clock import Clock
from pusher.contracts import Answer, Endpoint, Failure
from pusher.errors import ConfigError, Problem
from pusher.progress import Listener, Notice, silent
from pusher.transport import failures
from pusher.transport.network import Bounds, DeadlineBackend, Exchange
from pusher.transport.proxy import proxy_from_environment
from pusher.version import __version__

_KEEP_IDLE_S = 30.0
_POOL_WAIT_S = 10.0
_DEFAULT_BOUNDS = Bounds()


class Transport:
    """Sends requests to one endpoint; shared by all worker threads, each with a connection of its own.

    Redirects, cookies, compression, retries, `.netrc` and the environment's certificates stay out; a proxy of the
    environment is used with a notice.

    Args:
        endpoint: Where to send, with the headers of every request.
        clock: Source of monotonic time.
        bounds: Time-outs and sizes.
        ca_file: Further certificate authorities, as a PEM file.
        listener: Is told when a proxy is used.

    Raises:
        ConfigError: `ca_file` cannot be used, or the environment's proxy is not of a supported kind.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        clock: Clock,
        bounds: Bounds = _DEFAULT_BOUNDS,
        ca_file: Path | None = None,
        listener: Listener = silent,
    ) -> None:
        self._base_url = endpoint.base_url
        self._host = httpx.URL(endpoint.base_url).netloc.decode("ascii")
        self._bounds = bounds
        self._exchange = Exchange(clock.monotonic_s)
        # Their debug lines hold headers; nothing of ours reads them.
        logging.getLogger("httpcore").setLevel(logging.WARNING)
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._client = httpx.Client(  # noqa: TID251 -- this is pusher.transport
            transport=self._wire(endpoint, ca_file, listener),
            headers=_headers(endpoint),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            timeout=httpx.Timeout(
                connect=bounds.connect_s, read=bounds.read_s, write=bounds.write_s, pool=_POOL_WAIT_S
            ),
            follow_redirects=False,
            trust_env=False,
        )

    def post(self, path: str, body: bytes) -> Answer | Failure:
        """Send one JSON body and wait for its whole answer or its failure.

        Args:
            path: Below the base URL, such as `event/track/`.
            body: JSON, sent as it is.
        """
        return self._send("POST", path, self._bounds.total_s, content=body)

    def upload(self, path: str, fields: Mapping[str, str], file: Path) -> Answer | Failure:
        """Send a form with a file, and wait for the whole answer or its failure; the file is read as it is sent.

        Args:
            path: Below the base URL.
            fields: Texts of the form by name.
            file: The file; stands in the form as `file`, with its own name.

        Raises:
            OSError: The file cannot be opened.
        """
        boundary = secrets.token_hex(16)
        total_s = self._bounds.total_s + file.stat().st_size / self._bounds.upload_bytes_per_s
        with file.open("rb") as stream:
            return self._send(
                "POST",
                path,
                total_s,
                # The client's own header says JSON.
                headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
                data=fields,
                files={"file": (file.name, stream, "text/csv")},
            )

    def get(self, path: str) -> Answer | Failure:
        """Ask for something and wait for the whole answer or its failure.

        Args:
            path: Below the base URL, query included.
        """
        return self._send("GET", path, self._bounds.total_s)

    def _send(self, method: str, path: str, total_s: float, **content: Any) -> Answer | Failure:
        self._exchange.start(total_s)
        try:
            with self._client.stream(method, f"{self._base_url}/{path}", **content) as response:
                return self._read(response)
        except failures.CAUGHT as error:
            exchange = self._exchange
            # An embedded application has read the request before it can raise.
            wrote = exchange.wrote or not isinstance(error, httpx.HTTPError | httpx.InvalidURL)
            return self._failure(failures.cause_of(error, wrote=wrote, deadline_passed=exchange.is_over))

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def _read(self, response: httpx.Response) -> Answer | Failure:
        if response.is_redirect:
            return self._failure(failures.REDIRECT)
        if response.headers.get("content-encoding", "identity").strip().lower() not in {"identity", ""}:
            return self._failure(failures.ENCODED)
        body = bytearray()
        for part in response.iter_raw():
            body += part
            if len(body) > self._bounds.response_bytes:
                return self._failure(failures.TOO_LARGE)
            if self._exchange.is_over:
                return self._failure(failures.DEADLINE)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, bytes(body), headers, self._exchange.seconds)

    def _failure(self, cause: failures.Cause) -> Failure:
        return Failure(cause.kind, cause.reason, cause.message.format(host=self._host), self._exchange.seconds)

    def _wire(self, endpoint: Endpoint, ca_file: Path | None, listener: Listener) -> httpx.BaseTransport:
        if endpoint.app is not None:
            return httpx.WSGITransport(app=endpoint.app)
        proxy = proxy_from_environment(endpoint.base_url)
        pool: dict[str, Any] = {
            "ssl_context": tls_context(ca_file),
            "max_connections": 1,
            "keepalive_expiry": _KEEP_IDLE_S,
            "network_backend": DeadlineBackend(self._exchange),
        }
        if proxy is None:
            return _Pools(partial(httpcore.ConnectionPool, retries=0, **pool))
        listener(Notice(f"Requests to {self._host} go through the proxy {proxy.shown_as} of {proxy.variable}."))
        return _Pools(partial(httpcore.HTTPProxy, proxy.url, proxy_auth=proxy.auth, **pool))


class _Pools(httpx.BaseTransport):
    """httpx over httpcore's pools, one of one connection for each thread.

    httpx's own cannot be given a network backend, and a pool that threads share looks at all its connections for each
    request, under a lock.
    """

    def __init__(self, make: Callable[[], httpcore.ConnectionPool]) -> None:
        self._make = make
        self._of_thread = threading.local()
        self._all: list[httpcore.ConnectionPool] = []

    def _pool(self) -> httpcore.ConnectionPool:
        if not hasattr(self._of_thread, "pool"):
            self._of_thread.pool = self._make()
            self._all.append(self._of_thread.pool)
        pool: httpcore.ConnectionPool = self._of_thread.pool
        return pool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        try:
            answer = self._pool().handle_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        except _POOL_ERRORS as error:
            raise _as_httpx(error) from _origin(error)
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions)

    def close(self) -> None:
        for pool in tuple(self._all):
            pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._answer.iter_stream()
        except _POOL_ERRORS as error:
            raise _as_httpx(error) from _origin(error)

    def close(self) -> None:
        self._answer.close()


_POOL_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProxyError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
)


def _as_httpx(error: Exception) -> httpx.TransportError:
    """Return httpx's exception of the same name; both libraries share the names."""
    kind = getattr(httpx, type(error).__name__, httpx.TransportError)
    assert issubclass(kind, httpx.TransportError)  # noqa: S101 -- held by a test over both trees
    return kind(type(error).__name__)


def _origin(error: Exception) -> BaseException:
    """Return the system's error, which our backend hands over as the argument: the pool drops causes on the way."""
    origin = error.args[0] if error.args else None
    return origin if isinstance(origin, OSError) else error


def _headers(endpoint: Endpoint) -> dict[str, str]:
    return {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
        "User-Agent": f"pusher/{__version__}",
        **endpoint.headers,
    }


@cache
def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that verifies the server, from TLS 1.2 on, and logs no keys.

    One for all clients of the process: reading the authorities takes 25 ms.
    Made by hand because `ssl.create_default_context` writes session keys wherever SSLKEYLOGFILE points.

    Raises:
        ConfigError: `ca_file` cannot be read as PEM.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cafile=certifi.where())
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=str(ca_file))
        except OSError as error:
            problem = Problem(
                "ca-file", f"ca_file {ca_file} cannot be used.", fix="Give the path of certificates in PEM form."
            )
            raise ConfigError(problem) from error
    return context
