"""Serves the sandbox on loopback, for proofs about sockets and for programs in other languages."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from pusher.destinations.tiktok.facts import contract
from pusher.destinations.tiktok.sandbox import Environ, Sandbox, StartResponse, sandbox_app
from pusher.destinations.tiktok.sandbox_faults import load_faults
from pusher.errors import ConfigError, Problem

HOST = "127.0.0.1"
# More than the largest file of an audience, so that the sandbox itself can refuse a larger one.
_LARGEST_REQUEST = 256 * 1024 * 1024
# All but large files; what lies on the disk stays open when a connection ends in the middle of a request.
_HELD_IN_MEMORY = 8 * 1024 * 1024
_THREADS = 8
_PATIENCE_S = 1.0


class SandboxServer:
    """A sandbox behind a port.

    Args:
        app: The application.
        port: Port on loopback, 0 for a free one.

    Raises:
        ConfigError: The port is taken.
    """

    def __init__(self, app: Sandbox, port: int) -> None:
        from waitress import create_server

        # It warns about answers that are cut short, which is what a scripted fault does.
        logging.getLogger("waitress").setLevel(logging.ERROR)
        self._sockets: dict[int, Any] = {}
        try:
            listener = socket.create_server((HOST, port))
        except OSError as error:
            problem = Problem("port", f"Port {port} cannot be used: {error.strerror}.", fix="Choose another --port.")
            raise ConfigError(problem) from error
        self._port: int = listener.getsockname()[1]
        self._server = create_server(
            _dropping(app),
            sockets=[listener],
            map=self._sockets,
            threads=_THREADS,
            ident=None,
            max_request_body_size=_LARGEST_REQUEST,
            inbuf_overflow=_HELD_IN_MEMORY,
            clear_untrusted_proxy_headers=True,
        )

    @property
    def base_url(self) -> str:
        """What belongs into `base_url` of a profile."""
        path = urlsplit(contract().production_base_url).path
        return f"http://{HOST}:{self._port}{path}"

    def run(self) -> None:
        """Serve until `stop` is called or the process is interrupted."""
        try:
            self._server.run()
        finally:
            self._server.task_dispatcher.shutdown(timeout=_PATIENCE_S)
            self._close()

    def stop(self) -> None:
        """End `run`, from another thread."""
        # Sockets may only be closed by the thread that polls them; without sockets its loop ends. It may have closed
        # the trigger too by the time that it is pulled.
        with suppress(OSError):
            self._server.trigger.pull_trigger(self._close)

    def _close(self) -> None:
        from waitress.wasyncore import close_all

        close_all(self._sockets, ignore_all=True)


def serve(
    port: int,
    state_file: Path,
    faults_file: Path | None,
    now: Callable[[], datetime],
    announce: Callable[[str], None],
    *,
    token: str | None = None,
    event_sources: Iterable[str] | None = None,
    advertisers: Iterable[str] | None = None,
    requires_token: bool = False,
) -> None:
    """Serve a sandbox until SIGINT or SIGTERM.

    Args:
        port: Port on loopback, 0 for a free one.
        state_file: SQLite file of the counts.
        faults_file: Scripted faults as JSON or YAML, or None.
        now: The sandbox's time, timezone-aware.
        announce: Is given the base URL once the port is open.
        token: The only token that is let in, or None to let everyone in.
        event_sources: The only event source ids that exist, or None for all.
        advertisers: The only advertiser ids that exist, or None for all.
        requires_token: Only tokens that the sandbox made are let in.

    Raises:
        ConfigError: The port is taken, or the faults are not described properly.
    """
    faults = load_faults(faults_file) if faults_file is not None else ()
    app = sandbox_app(
        state_file,
        contract(),
        now,
        faults,
        token=token,
        event_sources=event_sources,
        advertisers=advertisers,
        requires_token=requires_token,
    )
    server = SandboxServer(app, port)
    with _stopped_by_signals(server):
        announce(server.base_url)
        server.run()


@contextmanager
def _stopped_by_signals(server: SandboxServer) -> Iterator[None]:
    """End the server's loop on SIGINT and SIGTERM; a second one ends the process as it would have before.

    An exception from a signal's handler is lost when it comes up inside a callback that ignores all of them, so the
    loop is asked to end instead, and by another thread, because the loop may hold the lock that this takes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        restore()
        threading.Thread(target=server.stop, daemon=True).start()

    def restore() -> None:
        for number, handler in previous.items():
            signal.signal(number, handler)

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        restore()


def _dropping(app: Sandbox) -> Callable[[Environ, StartResponse], Iterable[bytes]]:
    """Close the socket without an answer where the embedded sandbox raises ConnectionResetError."""
    from waitress.channel import ClientDisconnected

    def serve_one(environ: Environ, start_response: StartResponse) -> Any:
        try:
            return app(environ, start_response)
        except ConnectionResetError:
            raise ClientDisconnected from None

    return serve_one
