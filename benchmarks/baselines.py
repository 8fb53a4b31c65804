"""The same work done by hand: no contract, no ledger, no checks."""

from __future__ import annotations

import hashlib
import io
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

ROWS_PER_REQUEST = 1_000
_CALIBRATION_BYTES = 256 << 20
_CEILING_S = 1.5


def _warehouse(path: str, threads: int, *, read_only: bool = False) -> Any:
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "preserve_insertion_order": False,
        "storage_compatibility_version": "v1.0.0",
    }
    connection = duckdb.connect(path, read_only=read_only, config=config)
    connection.execute("set timezone = 'UTC'")
    return connection


def create_tables(database: str, threads: int, models: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Create every model as a table, one statement each."""
    seconds = {}
    with _warehouse(database, threads) as connection:
        for relation, sql in models:
            started = time.monotonic()
            connection.execute(f"create table {relation} as {sql}")
            seconds[relation] = time.monotonic() - started
    return {"seconds": seconds}


def copy_view(database: str, threads: int, relation: str, target: str) -> dict[str, Any]:
    """Copy a view into one Parquet file with DuckDB's own defaults."""
    with _warehouse(database, threads, read_only=True) as connection:
        started = time.monotonic()
        rows = connection.execute(f"copy (select * from {relation}) to '{target}' (format parquet)").fetchone()[0]
        seconds = time.monotonic() - started
    return {"seconds": seconds, "rows": rows}


def _bodies(files: Sequence[str], prefix: bytes, suffix: bytes) -> Iterator[tuple[int, bytes]]:
    import pyarrow.parquet as pq
    from arro3.io import write_json

    for path in files:
        with pq.ParquetFile(path) as part:
            columns = [name for name in part.schema_arrow.names if not name.startswith("_")]
            for rows in part.iter_batches(ROWS_PER_REQUEST, columns=columns):
                stream = io.BytesIO()
                write_json(rows, stream)
                yield rows.num_rows, b"".join((prefix, stream.getbuffer(), suffix))


def post_rows(files: Sequence[str], url: str, connections: int, prefix: str, suffix: str) -> dict[str, Any]:
    """Stream Parquet files to an API, as many requests in flight as there are connections."""
    import httpx

    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    free = threading.Semaphore(connections)
    rows = size = 0
    started = time.monotonic()
    with (
        httpx.Client(limits=limits, trust_env=False) as client,  # noqa: TID251 -- the program we are measured against
        ThreadPoolExecutor(connections) as pool,
    ):
        headers = {"Content-Type": "application/json"}

        def post(body: bytes) -> None:
            try:
                client.post(url, content=body, headers=headers).raise_for_status()
            finally:
                free.release()

        sent: list[Future[None]] = []
        for count, body in _bodies(files, prefix.encode(), suffix.encode()):
            free.acquire()
            sent.append(pool.submit(post, body))
            rows, size = rows + count, size + len(body)
        for future in sent:
            future.result()
    return {"seconds": time.monotonic() - started, "rows": rows, "bytes": size, "requests": len(sent)}


def ceiling(url: str, connections: int, body_bytes: int) -> dict[str, Any]:
    """Return how many requests a second the server takes from a client that does nothing but send."""
    from benchmarks.server import ANSWER

    place = urlsplit(url)
    head = f"POST {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: {body_bytes}\r\n\r\n".encode()
    request = head + bytes(body_bytes)
    counts = [0] * connections
    end = time.monotonic() + _CEILING_S

    def send(number: int) -> None:
        with socket.create_connection((place.hostname or "", place.port or 80)) as connection:
            while time.monotonic() < end:
                connection.sendall(request)
                missing = len(ANSWER)
                while missing:
                    missing -= len(connection.recv(missing))
                counts[number] += 1

    workers = [threading.Thread(target=send, args=(number,)) for number in range(connections)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return {"requests_per_s": sum(counts) / _CEILING_S}


def calibrate() -> dict[str, Any]:
    """Time one core on work that never changes, so that a busy machine shows."""
    data = bytes(_CALIBRATION_BYTES)
    started = time.monotonic()
    hashlib.sha256(data).hexdigest()
    return {"sha256_bytes_per_s": _CALIBRATION_BYTES / (time.monotonic() - started)}
