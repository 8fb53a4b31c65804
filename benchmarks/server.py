"""An API that accepts everything: reads each request whole, answers at once or after a while, keeps nothing.

A process of its own on loopback. It ends when its standard input ends, or after its lifetime.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.processes import ROOT

LIFETIME_S = 4 * 3_600.0
HEAD_END = b"\r\n\r\n"
_BODY = b'{"code":0,"message":"OK","request_id":"20260101000000010","data":{}}'
ANSWER = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(_BODY)) + _BODY
_BUFFER_BYTES = 1 << 20


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


def serve_connection(connection: socket.socket, latency_s: float = 0.0) -> None:
    """Answer the requests of one client until it hangs up, each so long after its last byte."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    room = memoryview(bytearray(_BUFFER_BYTES))
    waiting = b""
    with connection:
        while True:
            while HEAD_END not in waiting:
                count = connection.recv_into(room)
                if not count:
                    return
                waiting += room[:count]
            head, _, rest = waiting.partition(HEAD_END)
            missing = _length(head) - len(rest)
            waiting = b"" if missing >= 0 else rest[missing:]
            while missing > 0:
                count = connection.recv_into(room, min(missing, _BUFFER_BYTES))
                if not count:
                    return
                missing -= count
            if latency_s:
                time.sleep(latency_s)
            connection.sendall(ANSWER)


def _accept(listener: socket.socket, latency_s: float) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve_connection, args=(connection, latency_s), daemon=True).start()


def main() -> None:
    """Serve until standard input ends or the lifetime is over; the port is the first line of the output."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listener.getsockname()[1], flush=True)
    lifetime = threading.Timer(LIFETIME_S, os._exit, (0,))
    lifetime.daemon = True
    lifetime.start()
    threading.Thread(target=_accept, args=(listener, float(sys.argv[1]) / 1_000), daemon=True).start()
    sys.stdin.buffer.read()


@contextmanager
def discarding_server(latency_ms: float = 0.0) -> Iterator[str]:
    """Run the server in another process and give its base URL."""
    command = [sys.executable, "-m", "benchmarks.server", str(latency_ms)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline())
        yield f"http://127.0.0.1:{port}/open_api/v1.3"
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(timeout=10)


if __name__ == "__main__":
    main()
