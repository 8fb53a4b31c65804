"""A form with a file, as it travels over a socket."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path

from pusher.contracts import Answer, Failure
from pusher.transport import Bounds, Transport
from tests.transport.conftest import OK, OK_BODY, Loopback, Visit, answer_all

Serve = Callable[..., Loopback]
Connect = Callable[..., Transport]
MEGABYTE = 1024 * 1024


def test_an_upload_is_a_form_with_its_fields_and_the_file(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    """Its length is told before it, and no other header differs from that of other requests."""
    file = tmp_path / "members.csv"
    file.write_bytes(b"a\nb\n")
    server = serve(answer_all)
    answer = connect(server, headers={"Access-Token": "secret"}).upload("dmp/upload/", {"advertiser_id": "7"}, file)
    assert isinstance(answer, Answer)
    head, body = server.requests[0]
    form = message_from_bytes(head.partition(b"\r\n")[2] + b"\r\n\r\n" + body)
    parts = [part for part in form.walk() if not part.is_multipart()]

    assert (answer.status, answer.body) == (200, OK_BODY)
    assert head.split(b"\r\n")[0] == b"POST /open_api/v1.3/dmp/upload/ HTTP/1.1"
    assert sorted(name.lower() for name in form) == [
        "accept", "accept-encoding", "access-token", "connection", "content-length", "content-type", "host",
        "user-agent",
    ]  # fmt: skip
    assert [
        (part.get_param("name", header="content-disposition"), part.get_payload(decode=True)) for part in parts
    ] == [
        ("advertiser_id", b"7"),
        ("file", b"a\nb\n"),
    ]
    assert parts[1].get_filename() == "members.csv"


def test_a_large_file_is_never_in_memory(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    """50 MB arrive byte for byte, and a few hundred kilobytes are held at a time."""
    file = tmp_path / "members.csv"
    block = hashlib.sha256(b"block").hexdigest().encode() * 16_384
    with file.open("wb") as stream:
        for _ in range(50):
            stream.write(block)
    arrived = hashlib.md5(usedforsecurity=False)
    count = 0

    def script(visit: Visit) -> None:
        nonlocal count
        received = b""
        # Head, the field and the head of the file's part.
        while received.count(b"\r\n\r\n") < 3:
            received += visit.socket.recv(65_536)
        head, _, body = received.partition(b"\r\n\r\n")
        (length,) = [int(line[16:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length: ")]
        left, start = length - len(body), body.index(b"\r\n\r\n", body.index(b'name="file"')) + 4
        waiting = body[start:]
        ending = len(b"\r\n--" + bytes(32) + b"--\r\n")
        while left:
            part = visit.socket.recv(65_536)
            left -= len(part)
            waiting += part
            arrived.update(waiting[:-ending])
            count += len(waiting[:-ending])
            waiting = waiting[-ending:]
        visit.socket.sendall(OK)

    server = serve(script)
    transport = connect(server)
    tracemalloc.start()
    try:
        answer = transport.upload("dmp/upload/", {"advertiser_id": "7"}, file)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    with file.open("rb") as sent:
        expected = hashlib.file_digest(sent, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    assert isinstance(answer, Answer)
    assert (count, arrived.hexdigest()) == (file.stat().st_size, expected)
    assert peak < 2 * MEGABYTE


def test_an_upload_has_time_for_its_size(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    """The total of other requests would be over before; one that takes even longer is given up."""
    file = tmp_path / "members.csv"
    file.write_bytes(b"x" * 1_000)

    def script(visit: Visit) -> None:
        visit.read_request()
        visit.stopping.wait(0.6)
        visit.socket.sendall(OK)

    server = serve(script)
    short = Bounds(total_s=0.2, upload_bytes_per_s=1_000)
    assert isinstance(connect(server, bounds=short).upload("dmp/upload/", {}, file), Answer)
    result = connect(server, bounds=Bounds(total_s=0.2, upload_bytes_per_s=10_000)).upload("dmp/upload/", {}, file)
    assert isinstance(result, Failure)
    assert (result.kind, result.reason) == ("in_doubt", "deadline")
