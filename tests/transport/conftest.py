"""Servers on loopback that do exactly what a test says, and stop by themselves."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from pusher.clock import SystemClock
from pusher.contracts import Endpoint
from pusher.transport import Bounds, Transport

OK_BODY = b'{"code":0,"message":"OK","request_id":"R1","data":{}}'
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(OK_BODY), OK_BODY)
QUICK = Bounds(connect_s=2, write_s=2, read_s=2, total_s=4)

Script = Callable[["Visit"], None]


class Visit:
    """One accepted connection, for the script that serves it."""

    def __init__(self, sock: socket.socket, number: int, stopping: threading.Event) -> None:
        self.socket = sock
        self.number = number
        self.stopping = stopping
        self.requests: list[tuple[bytes, bytes]] = []

    def read_request(self) -> tuple[bytes, bytes] | None:
        """Return head and body of the next request, or None when the client has gone."""
        received = b""
        while b"\r\n\r\n" not in received:
            part = self.socket.recv(65536)
            if not part:
                return None
            received += part
        head, _, body = received.partition(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
        )
        while len(body) < length:
            body += self.socket.recv(65536)
        self.requests.append((head, body))
        return head, body


class Loopback:
    """A server on 127.0.0.1 that runs a script for each connection."""

    def __init__(self, script: Script, wrap: Callable[[socket.socket], socket.socket] = lambda sock: sock) -> None:
        self.visits: list[Visit] = []
        self._script, self._wrap = script, wrap
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def requests(self) -> list[tuple[bytes, bytes]]:
        """Every request that was read, in the order of the connections."""
        return [request for visit in self.visits for request in visit.requests]

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.settimeout(5)
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.closing(sock), contextlib.closing(self._wrap(sock)) as wrapped:
            visit = Visit(wrapped, len(self.visits), self._stopping)
            self.visits.append(visit)
            self._script(visit)

    def stop(self) -> None:
        """Stop accepting and end every script."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)


def answer_all(visit: Visit) -> None:
    """Accept every request on the connection."""
    while visit.read_request() is not None:
        visit.socket.sendall(OK)


@pytest.fixture(autouse=True)
def no_proxy_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the machine's own proxy out of the tests."""
    for name in os.environ:
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def serve() -> Iterator[Callable[..., Loopback]]:
    """Return a function that starts a server; all stop at the end."""
    servers: list[Loopback] = []

    def start(script: Script, wrap: Callable[[socket.socket], socket.socket] = lambda sock: sock) -> Loopback:
        servers.append(Loopback(script, wrap))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def connect() -> Iterator[Callable[..., Transport]]:
    """Return a function that opens a transport to a server; all close at the end."""
    transports: list[Transport] = []

    def open_transport(
        server: Loopback | str, *, bounds: Bounds = QUICK, headers: dict[str, str] | None = None, **options: object
    ) -> Transport:
        base_url = server if isinstance(server, str) else f"http://127.0.0.1:{server.port}/open_api/v1.3"
        endpoint = Endpoint(base_url, headers or {}, None, base_url)
        options = {"clock": SystemClock(), **options}
        transports.append(Transport(endpoint, bounds=bounds, **options))  # type: ignore[arg-type]
        return transports[-1]

    yield open_transport
    for transport in transports:
        transport.close()
