"""Fault 23: answers that never end, in a real process whose memory is measured."""

from __future__ import annotations

import gzip
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import pytest

from tests.canaries import TOKEN
from tests.faults.scene import Scene, scene

MEGABYTE = 1_000_000
MOST_GROWTH_MB = 64
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def honest(connection: socket.socket) -> None:
    """Answer as TikTok does when it refuses a token: the run ends after one request."""
    body = b'{"code": 40105, "message": "Access token is incorrect", "data": {}}'
    connection.sendall(_HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)


def gigabyte(connection: socket.socket) -> None:
    """Send a body of a gigabyte."""
    connection.sendall(_HEAD + b"Content-Length: 1073741824\r\n\r\n")
    for _ in range(1_074):
        connection.sendall(b" " * MEGABYTE)


def endless_headers(connection: socket.socket) -> None:
    """Send headers until nobody reads them."""
    connection.sendall(_HEAD)
    for number in range(1_000):
        connection.sendall(f"X-{number}: ".encode() + b"y" * 100_000 + b"\r\n")


@cache
def _packed() -> bytes:
    return gzip.compress(b"\0" * 200 * MEGABYTE, compresslevel=1)


def bomb(connection: socket.socket) -> None:
    """Send 200 megabytes packed into one."""
    packed = _packed()
    connection.sendall(_HEAD + f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode() + packed)


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """Serve one kind of answer; gives the base_url and what each connection sent first."""
    listener, seen = socket.create_server(("127.0.0.1", 0)), list[bytes]()

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                seen.append(connection.recv(65_536))
                answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/open_api/v1.3", seen
    finally:
        listener.close()
        thread.join(timeout=5)


def peak_mb(found: Scene, answer: Callable[[socket.socket], None]) -> tuple[float, int, list[bytes]]:
    """Push to a server; returns peak memory, exit code and what the server saw."""
    with answering(answer) as (base_url, seen):
        found.shop.profile(base_url)
        state = found.root / answer.__name__
        process = found.start(
            "push", "--quiet", "--deadline", "3", "--state-dir", str(state),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_maxrss / 1_024, process.returncode, seen


@pytest.mark.parametrize("answer", [gigabyte, endless_headers, bomb])
def test_23_an_answer_without_an_end_costs_no_memory(tmp_path: Path, answer: Callable[[socket.socket], None]) -> None:
    """It is cut at the size of any answer of this API, is in doubt, and goes to the one host that was asked."""
    with scene(tmp_path) as found:
        usual_mb, code, _ = peak_mb(found, honest)
        hostile_mb, hostile_code, seen = peak_mb(found, answer)

        assert (code, hostile_code) == (3, 4)
        assert hostile_mb - usual_mb < MOST_GROWTH_MB
        assert all(TOKEN.encode() in head for head in seen)
        assert found.requests() == 0
