"""An API that accepts everything: reads each request whole, answers at once or after a while, keeps nothing.

A process of its own on loopback. It ends when its standard input ends, or after its lifetime. `count`: it prints how
many rows it got after each request, and at its end how many different event ids they had. `meter`: it prints at its
end what it got, and how long that took.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from benchmarks.processes import ROOT

LIFETIME_S = 4 * 3_600.0
HEAD_END = b"\r\n\r\n"
# A list of audiences is empty: whoever asks goes on with the one that they know.
_BODY = b'{"code":0,"message":"OK","request_id":"20260101000000010","data":{"list":[]}}'
ANSWER = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(_BODY)) + _BODY
_BUFFER_BYTES = 1 << 20
_EVENT_ID = re.compile(rb'"event_id":"([^"]*)"')
_DIGEST_BYTES = 8


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


class Taking(Protocol):
    """What looks at the bodies of requests."""

    def take(self, body: bytearray) -> None:
        """Look at one body, before it is answered."""

    def last_words(self) -> str:
        """Return what there is to say at the end."""


class Meter:
    """Counts requests and rows, and times from the first request to the last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._facts = {"requests": 0, "rows": 0, "bytes": 0}
        self._first_s = self._last_s = 0.0

    def take(self, body: bytearray) -> None:
        """Count a request."""
        rows = body.count(b'"event_id"')
        now = time.monotonic()
        with self._lock:
            self._first_s = self._first_s or now
            self._last_s = now
            for name, more in (("requests", 1), ("rows", rows), ("bytes", len(body))):
                self._facts[name] += more

    def last_words(self) -> str:
        """Return the counts and the seconds as JSON."""
        return json.dumps({**self._facts, "seconds": self._last_s - self._first_s})


class Counter:
    """Counts rows and different event ids, by eight bytes of a digest for each row."""

    def __init__(self) -> None:
        self._digests = bytearray()
        self._lock = threading.Lock()

    def take(self, body: bytearray) -> None:
        """Count the rows of a request."""
        ids = _EVENT_ID.findall(body)
        digests = b"".join(hashlib.blake2b(event_id, digest_size=_DIGEST_BYTES).digest() for event_id in ids)
        with self._lock:
            self._digests += digests
            print(len(self._digests) // _DIGEST_BYTES, flush=True)

    def last_words(self) -> str:
        """Return the number of different event ids."""
        return f"distinct {self.distinct()}"

    def distinct(self) -> int:
        """Return how many different event ids there were."""
        import pyarrow as pa
        import pyarrow.compute as pc

        rows = len(self._digests) // _DIGEST_BYTES
        digests = pa.Array.from_buffers(pa.uint64(), rows, [None, pa.py_buffer(bytes(self._digests))])
        return int(pc.count_distinct(digests).as_py())


def serve_connection(connection: socket.socket, latency_s: float = 0.0, counter: Taking | None = None) -> None:
    """Answer the requests of one client until it hangs up, each so long after its last byte."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    room = memoryview(bytearray(_BUFFER_BYTES))
    waiting = b""
    # A client that is killed resets its connections.
    with connection, suppress(ConnectionResetError, BrokenPipeError):
        while True:
            while HEAD_END not in waiting:
                count = connection.recv_into(room)
                if not count:
                    return
                waiting += room[:count]
            head, _, rest = waiting.partition(HEAD_END)
            length = _length(head)
            rest, waiting = rest[:length], rest[length:]
            # Room for all of it at once: a body that grows is moved many times.
            body = bytearray(length if counter else len(rest))
            body[: len(rest)] = rest
            missing = length - len(rest)
            while missing > 0:
                place = memoryview(body)[-missing:] if counter else room[:missing]
                count = connection.recv_into(place)
                if not count:
                    return
                missing -= count
            if counter:
                counter.take(body)
            if latency_s:
                time.sleep(latency_s)
            connection.sendall(ANSWER)


def _accept(listener: socket.socket, latency_s: float, counter: Taking | None) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve_connection, args=(connection, latency_s, counter), daemon=True).start()


def main() -> None:
    """Serve until standard input ends or the lifetime is over; the port is the first line of the output."""
    kinds: dict[str, type[Counter | Meter]] = {"count": Counter, "meter": Meter}
    counter = kinds[sys.argv[2]]() if sys.argv[2:] else None
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listener.getsockname()[1], flush=True)
    lifetime = threading.Timer(LIFETIME_S, os._exit, (0,))
    lifetime.daemon = True
    lifetime.start()
    threading.Thread(target=_accept, args=(listener, float(sys.argv[1]) / 1_000, counter), daemon=True).start()
    sys.stdin.buffer.read()
    if counter:
        print(counter.last_words(), flush=True)


def start(*arguments: str) -> tuple[subprocess.Popen[bytes], str]:
    """Start the server in another process, and return it with its base URL."""
    command = [sys.executable, "-m", "benchmarks.server", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    return process, f"http://127.0.0.1:{int(process.stdout.readline())}/open_api/v1.3"


@dataclass
class Metered:
    """A server that meters.

    Attributes:
        url: Its base URL.
        found: What it got, once the block has ended.
    """

    url: str
    found: dict[str, Any] = field(default_factory=dict)


@contextmanager
def metering_server() -> Iterator[Metered]:
    """Run the server in another process for the length of a block, and tell what it got."""
    process, url = start("0", "meter")
    metered = Metered(url)
    try:
        yield metered
    finally:
        said, _ = process.communicate(timeout=60)
        metered.found |= json.loads(said)


@contextmanager
def discarding_server(latency_ms: float = 0.0) -> Iterator[str]:
    """Run the server in another process and give its base URL."""
    process, url = start(str(latency_ms))
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield url
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(timeout=10)


if __name__ == "__main__":
    main()
