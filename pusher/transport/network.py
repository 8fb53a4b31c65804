"""Sockets that keep a deadline for the whole request.

httpx times each read on its own, so a server that drips a byte per second holds a request for ever. Here every
operation waits at most for what is left until the request's deadline, headers and body, name look-up and TLS included.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import Any

import httpcore

_STATUS_LINE = b"HTTP/1."
_SHORTEST_WAIT_S = 0.001  # zero would make the socket non-blocking

_Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long and how large a request may become.

    Attributes:
        connect_s: For one address, TLS included.
        write_s: For one write.
        read_s: For one read, so also for the first byte of the answer.
        total_s: For the whole request, whatever the server does.
        upload_bytes_per_s: The total of an upload also has the time that its file takes at this speed.
        response_bytes: Largest accepted response body.
    """

    connect_s: float = 5.0
    write_s: float = 30.0
    read_s: float = 30.0
    total_s: float = 60.0
    upload_bytes_per_s: float = 500_000.0
    response_bytes: int = 1024 * 1024


class Exchange(threading.local):
    """The request under way in this thread.

    httpcore opens, writes and reads a connection in the thread that sends the request, so the thread names the
    request.
    """

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._ends_at = 0.0
        self.started_at = 0.0
        self.wrote = False
        self.status_lines = 0

    def start(self, total_s: float) -> None:
        """Begin a request."""
        self.started_at = self._monotonic_s()
        self._ends_at = self.started_at + total_s
        self.wrote = False
        self.status_lines = 0

    @property
    def seconds(self) -> float:
        """Time since the request began."""
        return self._monotonic_s() - self.started_at

    @property
    def is_over(self) -> bool:
        """The deadline has passed."""
        return self._monotonic_s() >= self._ends_at

    def wait_s(self, timeout: float | None) -> float:
        """Return how long the next operation may wait.

        Raises:
            TimeoutError: The deadline has passed.
        """
        left = self._ends_at - self._monotonic_s()
        if left <= 0:
            raise TimeoutError
        return max(_SHORTEST_WAIT_S, left if timeout is None else min(timeout, left))


class DeadlineStream(httpcore.NetworkStream):
    """A socket whose operations end with the request's deadline."""

    def __init__(self, sock: socket.socket, exchange: Exchange) -> None:
        self._socket = sock
        self._exchange = exchange
        self._is_spoilt = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there, at most `max_bytes`."""
        try:
            self._socket.settimeout(self._exchange.wait_s(timeout))
            data = self._socket.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout from error
        except OSError as error:
            raise httpcore.ReadError from error
        if _STATUS_LINE in data:
            # A second answer in one exchange would be taken for the answer to the next request on this connection.
            self._exchange.status_lines += data.count(_STATUS_LINE)
            self._is_spoilt = self._is_spoilt or self._exchange.status_lines > 1
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        if not buffer:
            return
        try:
            self._socket.settimeout(self._exchange.wait_s(timeout))
            self._exchange.wrote = True
            self._socket.sendall(buffer)
        except TimeoutError as error:
            raise httpcore.WriteTimeout from error
        except OSError as error:
            raise httpcore.WriteError from error

    def close(self) -> None:
        """Let go of the socket, and wake a thread that waits on it."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> DeadlineStream:
        """Return the stream under TLS, with the peer's certificate checked."""
        # What was written until now asked a proxy for this connection; nothing of the request is under way.
        self._exchange.wrote = False
        try:
            self._socket.settimeout(self._exchange.wait_s(timeout))
            sock = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except TimeoutError as error:
            self.close()
            raise httpcore.ConnectTimeout from error
        except OSError as error:
            self.close()
            raise httpcore.ConnectError(error) from error
        return DeadlineStream(sock, self._exchange)

    def get_extra_info(self, info: str) -> Any:
        """Return what the pool asks for; a spoilt connection looks closed to it."""
        if info == "is_readable":
            return self._is_spoilt or _is_readable(self._socket)
        if info == "socket":
            return self._socket
        if info == "ssl_object" and isinstance(self._socket, ssl.SSLSocket):
            return self._socket
        return None


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens connections within the request's deadline, each address in its turn.

    Args:
        exchange: The request under way.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> DeadlineStream:
        """Connect to the first address that answers."""
        del local_address, socket_options  # the pool is made without them
        try:
            addresses = _interleaved(_look_up(host, port, self._exchange.wait_s(timeout)))
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(error) from error
        last_error: OSError = OSError("no address")
        for address in addresses:
            try:
                return DeadlineStream(_connect(address, self._exchange.wait_s(timeout)), self._exchange)
            except OSError as error:
                last_error = error
        if isinstance(last_error, TimeoutError):
            raise httpcore.ConnectTimeout from last_error
        raise httpcore.ConnectError(last_error) from last_error


def _is_readable(sock: socket.socket) -> bool:
    if sock.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _connect(address: _Address, timeout: float) -> socket.socket:
    family, kind, protocol, _, place = address
    sock = socket.socket(family, kind, protocol)
    try:
        sock.settimeout(timeout)
        sock.connect(place)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:  # Ctrl-C too must not leak the socket, and the error goes on
        sock.close()
        raise
    return sock


def _look_up(host: str, port: int, timeout: float) -> list[_Address]:
    # The system's resolver cannot be interrupted, so it runs in a thread that a hanging look-up may outlive.
    found: Future[list[Any]] = Future()

    def resolve() -> None:
        try:
            found.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.set_exception(error)

    threading.Thread(target=resolve, name="pusher-dns", daemon=True).start()
    try:
        return found.result(timeout)
    except FutureTimeoutError as error:
        raise TimeoutError from error


def _interleaved(addresses: list[_Address]) -> list[_Address]:
    """Return the first address of each family before the second of any, so that a dead IPv6 costs one wait."""
    rank: dict[socket.AddressFamily, int] = {}
    ranked = []
    for address in addresses:
        rank[address[0]] = rank.get(address[0], -1) + 1
        ranked.append((rank[address[0]], address))
    return [address for _, address in sorted(ranked, key=lambda pair: pair[0])]
