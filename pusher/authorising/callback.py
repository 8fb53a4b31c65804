"""Receives the redirect of TikTok's page on this machine: one hit on 127.0.0.1, and nothing else is answered.

A page of another site can send a browser here, so a request counts only with the right host, method and path, and its
state decides. The code is on no page and in no log.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from pusher.authorising.attempt import Attempt
from pusher.errors import ConfigError, Incomplete, Problem, PusherError

LONGEST_TARGET = 2_048
_SOCKET_S = 5.0
_LOOK_S = 0.2
_REUSE = (socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
_HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Connection", "close"),
)


class Callback:
    """A server for one redirect, on the first of some ports that is free.

    Args:
        redirect_uris: The redirect URLs of the app, each with a port of its own.

    Raises:
        ConfigError: Every port is taken.
    """

    def __init__(self, redirect_uris: Sequence[str]) -> None:
        for uri in redirect_uris:
            parts = urlsplit(uri)
            try:
                self._server = _Server((parts.hostname or "", parts.port or 0), _Handler)
            except OSError:
                continue
            self.redirect_uri = uri
            self._server.host, self._server.path = parts.netloc, parts.path
            return
        ports = ", ".join(str(urlsplit(uri).port) for uri in redirect_uris)
        fix = "End what uses them, another login perhaps, or pass --no-browser and paste the address of the redirect."
        raise ConfigError(Problem("ports", f"The ports for the redirect are taken: {ports}.", fix=fix))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.server_close()

    def wait(self, attempt: Attempt) -> str:
        """Return the code that the redirect brings.

        Raises:
            ConfigError: The redirect was not the answer to the attempt.
            DestinationRefused: TikTok gave no code.
            Incomplete: Nobody came in time.
        """
        server = self._server
        server.attempt = attempt
        thread = threading.Thread(target=server.serve_forever, args=(_LOOK_S,), daemon=True)
        thread.start()
        try:
            while not server.is_hit.wait(_LOOK_S):
                if attempt.left_s <= 0:
                    fix = "Run `pusher auth login` again; where nobody can consent on this machine, with --no-browser."
                    raise Incomplete(Problem("no-answer", "Nobody consented in time.", fix=fix))
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
        if isinstance(server.outcome, PusherError):
            raise server.outcome
        return server.outcome


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    host: str
    path: str
    attempt: Attempt | None = None
    outcome: str | PusherError = ""

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.is_hit = threading.Event()
        self._lock = threading.Lock()
        self._hits = 0
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Bind without asking for the machine's name."""
        self.socket.setsockopt(*_REUSE)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: whoever connects must not write on the terminal."""

    def is_first(self) -> bool:
        """Say whether this is the one hit."""
        with self._lock:
            self._hits += 1
            return self._hits == 1

    def take(self, query: str) -> tuple[HTTPStatus, str]:
        """Judge the one hit, and say what its page is."""
        assert self.attempt is not None  # noqa: S101 -- nothing is answered before there is one
        try:
            self.outcome = self.attempt.take(query)
        except PusherError as error:
            self.outcome = error
            return HTTPStatus.BAD_REQUEST, "pusher did not take this answer. The terminal says why."
        return HTTPStatus.OK, "pusher has the answer. Close this page and go back to the terminal."


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _SOCKET_S
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a GET; only one to the right host and path is the hit."""
        # `path` is not as sent: the library makes one slash of two.
        target = self.requestline.split()[1]
        path, _, query = target.partition("?")
        if self.headers.get_all("Host", []) != [self.server.host]:
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, "This is not the address of this page.")
        elif len(target) > LONGEST_TARGET:
            self._answer(HTTPStatus.REQUEST_URI_TOO_LONG, "The address is too long.")
        elif path != self.server.path:
            self._answer(HTTPStatus.NOT_FOUND, "There is nothing here.")
        elif not self.server.is_first():
            self._answer(HTTPStatus.GONE, "This address has been used.")
        else:
            try:
                self._answer(*self.server.take(query))
            finally:
                self.server.is_hit.set()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse another method, or what is no HTTP, in our own words."""
        del message, explain
        status = HTTPStatus(code)
        if status is HTTPStatus.NOT_IMPLEMENTED:
            status = HTTPStatus.METHOD_NOT_ALLOWED
        self._answer(status, "Only GET is answered.")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name of the overridden argument
        """Write no line: it would hold the code."""

    def _answer(self, status: HTTPStatus, words: str) -> None:
        page = f"<!doctype html><title>pusher</title><p>{escape(words)}</p>\n".encode()
        self.close_connection = True
        # What is no HTTP is answered as HTTP too.
        self.request_version = self.protocol_version
        # The browser may be gone.
        with suppress(OSError):
            self.send_response_only(status)
            for name, value in (*_HEADERS, ("Content-Length", str(len(page)))):
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(page)
            self.wfile.flush()
