"""A TCP proxy on loopback that can spoil one connection."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_CHUNK = 4_096


class Proxy:
    """Passes bytes on to a server, both ways.

    Args:
        base_url: The server's.
    """

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        self._target = (str(parts.hostname), int(parts.port or 80))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}{parts.path}"
        self._limit: int | None = None
        self._then: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self._thread.join(timeout=5)

    def cut_request_after(self, size: int, then: Callable[[], None]) -> None:
        """Pass so many bytes of the next request on, do something, and close both connections."""
        self._limit, self._then = size, then

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._target) as server:
            back = threading.Thread(target=_copy, args=(server, client), daemon=True)
            back.start()
            limit, self._limit = self._limit, None
            passed = 0
            while data := _receive(client):
                if limit is not None and passed + len(data) >= limit:
                    server.sendall(data[: limit - passed])
                    self._then()
                    return
                server.sendall(data)
                passed += len(data)


def _receive(source: socket.socket) -> bytes:
    try:
        return source.recv(_CHUNK)
    except OSError:
        return b""


def _copy(source: socket.socket, target: socket.socket) -> None:
    while data := _receive(source):
        try:
            target.sendall(data)
        except OSError:
            return
