"""What a request to a real socket can meet, and what the transport makes of it."""

from __future__ import annotations

import gzip
import socket
import ssl
import struct
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from pusher.clock import SystemClock
from pusher.contracts import Answer, Endpoint, Failure
from pusher.errors import ConfigError
from pusher.progress import Event, Notice
from pusher.transport import Bounds, Transport, network
from pusher.transport.client import tls_context
from tests.transport.conftest import OK, OK_BODY, QUICK, Loopback, Visit, answer_all

TLS = Path(__file__).parent / "tls"
Serve = Callable[..., Loopback]
Connect = Callable[..., Transport]


def ended(result: Answer | Failure) -> tuple[str, str]:
    """Return kind and reason of a failure."""
    assert isinstance(result, Failure), result
    return result.kind, result.reason


def sends(*parts: bytes) -> Callable[[Visit], None]:
    """Return a script that answers one request with these bytes and closes."""

    def script(visit: Visit) -> None:
        visit.read_request()
        for part in parts:
            visit.socket.sendall(part)

    return script


def test_a_request_carries_the_headers_of_the_endpoint_and_nothing_that_was_not_asked_for(
    serve: Serve, connect: Connect
) -> None:
    """Headers are exactly those we mean to send."""
    server = serve(answer_all)
    answer = connect(server, headers={"Access-Token": "secret"}).post("event/track/", b'{"data":[]}')
    assert isinstance(answer, Answer)
    head, body = server.requests[0]
    line, *headers = head.decode().split("\r\n")
    assert (answer.status, answer.body, body) == (200, OK_BODY, b'{"data":[]}')
    assert line == "POST /open_api/v1.3/event/track/ HTTP/1.1"
    assert sorted(header.split(":")[0].lower() for header in headers) == [
        "accept", "accept-encoding", "access-token", "connection", "content-length", "content-type", "host",
        "user-agent",
    ]  # fmt: skip
    assert "Accept-Encoding: identity" in headers
    assert "Access-Token: secret" in headers


def test_header_names_of_the_answer_are_lower_case(serve: Serve, connect: Connect) -> None:
    """Readers of headers need not try spellings."""
    answer = connect(serve(answer_all)).post("event/track/", b"{}")
    assert isinstance(answer, Answer)
    assert dict(answer.headers) == {"content-type": "application/json", "content-length": str(len(OK_BODY))}


def test_each_thread_keeps_a_connection_of_its_own(serve: Serve, connect: Connect) -> None:
    """Forty requests of four threads need four connections."""
    server = serve(answer_all)
    transport = connect(server)
    results: list[Answer | Failure] = []

    def work() -> None:
        results.extend(transport.post("event/track/", b"x" * 10_000) for _ in range(10))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(result) for result in results] == [Answer] * 40
    assert len(server.visits) == 4


def test_cookies_are_not_kept(serve: Serve, connect: Connect) -> None:
    """A cookie of the server is never sent back."""

    def script(visit: Visit) -> None:
        while visit.read_request() is not None:
            visit.socket.sendall(OK.replace(b"Content-Type", b"Set-Cookie: a=b; Path=/\r\nContent-Type"))

    server = serve(script)
    transport = connect(server)
    for _ in range(2):
        transport.post("event/track/", b"{}")
    assert [b"ookie" in head for head, _ in server.requests] == [False, False]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304])
def test_a_redirect_is_never_followed_and_the_token_is_seen_by_one_host_only(
    serve: Serve, connect: Connect, status: int
) -> None:
    """Following would hand token and body to another host."""
    other = serve(answer_all)
    place = f"http://127.0.0.1:{other.port}/open_api/v1.3/event/track/"
    server = serve(sends(f"HTTP/1.1 {status} X\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode()))
    result = connect(server, headers={"Access-Token": "secret"}).post("event/track/", b"{}")
    assert ended(result) == ("stop", "redirect")
    assert (len(server.requests), other.visits) == (1, [])


def dripping(prefix: bytes, drip: bytes) -> Callable[[Visit], None]:
    """Return a script that answers slowly for ever, faster than any time-out of one read."""

    def script(visit: Visit) -> None:
        visit.read_request()
        visit.socket.sendall(prefix)
        while not visit.stopping.wait(0.02):
            visit.socket.sendall(drip)

    return script


@pytest.mark.parametrize(
    ("prefix", "drip"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"X", id="header-bytes"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", id="header-lines"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n", id="interim-answers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x", id="body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", id="chunks"),
    ],
)
def test_a_slow_drip_is_cut_at_the_deadline(serve: Serve, connect: Connect, prefix: bytes, drip: bytes) -> None:
    """No server can hold a request beyond its total time, in headers or in the body."""
    transport = connect(serve(dripping(prefix, drip)), bounds=Bounds(read_s=5, total_s=0.3))
    started = time.monotonic()
    assert ended(transport.post("event/track/", b"{}")) == ("in_doubt", "deadline")
    assert 0.25 < time.monotonic() - started < 1


def test_a_silent_server_runs_into_the_read_time_out(serve: Serve, connect: Connect) -> None:
    """The first byte has its own limit."""

    def script(visit: Visit) -> None:
        visit.read_request()
        visit.stopping.wait(5)

    result = connect(serve(script), bounds=Bounds(read_s=0.2)).post("event/track/", b"{}")
    assert ended(result) == ("in_doubt", "read-timeout")


def test_a_server_that_does_not_read_runs_into_the_write_time_out(serve: Serve, connect: Connect) -> None:
    """A body that nobody takes is in doubt: part of it has left."""

    def script(visit: Visit) -> None:
        visit.stopping.wait(5)

    result = connect(serve(script), bounds=Bounds(write_s=0.2)).post("event/track/", b"x" * 30_000_000)
    assert ended(result) == ("in_doubt", "write-timeout")


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((), ("in_doubt", "protocol")),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{",), ("in_doubt", "protocol")),
        ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",), ("in_doubt", "protocol")),
        ((b"SSH-2.0-OpenSSH_9.6\r\n\r\n",), ("in_doubt", "protocol")),
        ((b"HTTP/1.1 200 OK\r\nX: ", b"y" * 200_000), ("in_doubt", "protocol")),
    ],
)
def test_an_incomplete_or_foreign_answer_is_in_doubt(
    serve: Serve, connect: Connect, parts: tuple[bytes, ...], expected: tuple[str, str]
) -> None:
    """What was sent may have arrived."""
    assert ended(connect(serve(sends(*parts))).post("event/track/", b"{}")) == expected


def reset(visit: Visit) -> None:
    """Close with a reset instead of a goodbye."""
    visit.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_reset_after_the_request_is_in_doubt(serve: Serve, connect: Connect) -> None:
    """A reset says nothing about what was read before it."""

    def script(visit: Visit) -> None:
        visit.read_request()
        reset(visit)

    assert ended(connect(serve(script)).post("event/track/", b"{}")) == ("in_doubt", "reset")


def test_a_reset_in_the_middle_of_the_body_is_in_doubt(serve: Serve, connect: Connect) -> None:
    """Part of the request has left."""

    def script(visit: Visit) -> None:
        visit.socket.recv(1000)
        reset(visit)

    kind, reason = ended(connect(serve(script)).post("event/track/", b"x" * 20_000_000))
    assert (kind, reason in {"reset", "write-failed", "protocol"}) == ("in_doubt", True)


def test_a_gigabyte_is_not_read(serve: Serve, connect: Connect) -> None:
    """The answer is cut at its largest size, in memory and in time."""

    def script(visit: Visit) -> None:
        visit.read_request()
        visit.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
        part = b" " * 1_000_000
        for _ in range(1074):
            visit.socket.sendall(part)

    result = connect(serve(script)).post("event/track/", b"{}")
    assert ended(result) == ("in_doubt", "response-too-large")


def test_a_compressed_answer_is_refused_and_not_unpacked(serve: Serve, connect: Connect) -> None:
    """A gzip bomb stays packed."""
    bomb = gzip.compress(b" " * 20_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    assert ended(connect(serve(sends(head, bomb))).post("event/track/", b"{}")) == ("in_doubt", "encoded-response")


def test_38_a_second_answer_is_never_taken_for_the_answer_to_the_next_request(serve: Serve, connect: Connect) -> None:
    """Extra bytes cost the connection, not the accounting."""

    def script(visit: Visit) -> None:
        while visit.read_request() is not None:
            visit.socket.sendall(OK + (OK.replace(b"R1", b"R2") if visit.number == 0 else b""))

    server = serve(script)
    transport = connect(server)
    answers = [transport.post("event/track/", b"{}") for _ in range(3)]
    assert [answer.body for answer in answers if isinstance(answer, Answer)] == [OK_BODY] * 3
    assert [len(visit.requests) for visit in server.visits] == [1, 2]


def test_a_connection_closed_while_idle_is_not_used_again(serve: Serve, connect: Connect) -> None:
    """A server may close idle connections without costing us an attempt."""
    server = serve(sends(OK))
    transport = connect(server)
    results = []
    for _ in range(2):
        results.append(transport.post("event/track/", b"{}"))
        time.sleep(0.05)
    assert [type(result) for result in results] == [Answer, Answer]


def test_a_refused_connection_is_not_sent(connect: Connect) -> None:
    """Nothing can have arrived where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    result = connect(f"http://127.0.0.1:{port}/v1.3").post("event/track/", b"{}")
    assert ended(result) == ("not_sent", "connect-refused")


def test_42_a_name_that_does_not_resolve_is_not_sent(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name look-up fails before anything leaves."""

    def fail(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert ended(connect("http://nowhere.invalid/v1.3").post("x/", b"{}")) == ("not_sent", "dns")


def test_42_a_hanging_name_look_up_is_cut_at_the_connect_time_out(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's resolver cannot be interrupted, but it is not waited for."""
    released = threading.Event()

    def hang(*_: object, **__: object) -> list[Any]:
        released.wait(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    transport = connect("http://nowhere.invalid/v1.3", bounds=Bounds(connect_s=0.2))
    assert ended(transport.post("x/", b"{}")) == ("not_sent", "connect-timeout")
    released.set()


def test_42_a_dead_ipv6_address_gives_way_to_ipv4(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each address has its own connect time-out, and the families take turns."""
    server = serve(answer_all)
    tried: list[socket.AddressFamily] = []
    really_connect = network._connect

    def connect_slowly(address: network._Address, timeout: float) -> socket.socket:
        tried.append(address[0])
        if address[0] == socket.AF_INET6:
            raise TimeoutError
        return really_connect(address, timeout)

    stream = (socket.SOCK_STREAM, 6, "")
    addresses = [
        (socket.AF_INET6, *stream, ("::1", server.port, 0, 0)),
        (socket.AF_INET6, *stream, ("::1", server.port, 0, 0)),
        (socket.AF_INET, *stream, ("127.0.0.1", server.port)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    monkeypatch.setattr(network, "_connect", connect_slowly)
    result = connect(f"http://two-families.invalid:{server.port}/v1.3").post("x/", b"{}")
    assert isinstance(result, Answer)
    assert tried == [socket.AF_INET6, socket.AF_INET]


def test_an_unusable_token_is_refused_without_being_named(serve: Serve, connect: Connect) -> None:
    """A header that HTTP cannot carry stops the run, and the message keeps the secret."""
    server = serve(answer_all)
    result = connect(server, headers={"Access-Token": "sec\nret"}).post("event/track/", b"{}")
    assert ended(result) == ("stop", "bad-request-url")
    assert isinstance(result, Failure)
    assert "sec" not in result.message


# TLS


def under_tls(certificate: str, *, is_old: bool = False) -> Callable[[socket.socket], socket.socket]:
    """Return a wrapper that makes a server speak TLS with one of the test certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / certificate)
    if is_old:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
    return lambda sock: context.wrap_socket(sock, server_side=True)


def test_a_known_authority_is_trusted(serve: Serve, connect: Connect) -> None:
    """`ca_file` adds an authority, and requests and re-use work under TLS."""
    server = serve(answer_all, under_tls("good.pem"))
    transport = connect(f"https://127.0.0.1:{server.port}/v1.3", ca_file=TLS / "ca.pem")
    answers = [transport.post("event/track/", b"x" * 300_000) for _ in range(3)]
    assert [type(answer) for answer in answers] == [Answer] * 3
    assert [len(visit.requests) for visit in server.visits] == [3]


@pytest.mark.parametrize("certificate", ["self_signed.pem", "wrong_name.pem", "expired.pem"])
def test_41_a_certificate_that_does_not_verify_stops_before_any_byte(
    serve: Serve, connect: Connect, certificate: str
) -> None:
    """There is no way to go on with a server that is not the one we mean."""
    server = serve(answer_all, under_tls(certificate))
    transport = connect(f"https://127.0.0.1:{server.port}/v1.3", ca_file=TLS / "ca.pem")
    assert ended(transport.post("event/track/", b"{}")) == ("stop", "certificate")
    assert server.requests == []


def test_an_authority_of_ours_is_not_trusted_unless_it_is_given(serve: Serve, connect: Connect) -> None:
    """Without `ca_file` only the public authorities count."""
    server = serve(answer_all, under_tls("good.pem"))
    result = connect(f"https://127.0.0.1:{server.port}/v1.3").post("event/track/", b"{}")
    assert ended(result) == ("stop", "certificate")


def test_41_an_old_tls_version_stops(serve: Serve, connect: Connect) -> None:
    """TLS 1.1 is not spoken."""
    server = serve(answer_all, under_tls("good.pem", is_old=True))
    transport = connect(f"https://127.0.0.1:{server.port}/v1.3", ca_file=TLS / "ca.pem")
    assert ended(transport.post("event/track/", b"{}")) == ("stop", "tls-version")


def test_a_server_that_speaks_no_tls_is_tried_again_later(serve: Serve, connect: Connect) -> None:
    """A captive portal on the port is a network fault, not a certificate."""

    def script(visit: Visit) -> None:
        visit.socket.recv(1000)
        visit.socket.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server = serve(script)
    result = connect(f"https://127.0.0.1:{server.port}/v1.3").post("event/track/", b"{}")
    assert ended(result) == ("not_sent", "tls-handshake")


def test_a_hanging_handshake_is_cut(serve: Serve, connect: Connect) -> None:
    """TLS belongs to the connect time-out."""

    def say_nothing(visit: Visit) -> None:
        visit.stopping.wait(5)

    server = serve(say_nothing)
    transport = connect(f"https://127.0.0.1:{server.port}/v1.3", bounds=Bounds(connect_s=0.2))
    assert ended(transport.post("event/track/", b"{}")) == ("not_sent", "connect-timeout")


def test_session_keys_are_not_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SSLKEYLOGFILE would let anyone who reads the file read the requests."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    context = tls_context(None)
    assert not context.keylog_filename
    assert list(tmp_path.iterdir()) == []
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_an_unusable_ca_file_is_a_setting_to_correct(tmp_path: Path) -> None:
    """The file that is named must hold certificates."""
    (tmp_path / "ca.pem").write_text("nothing")
    for name in ("ca.pem", "missing.pem"):
        with pytest.raises(ConfigError) as caught:
            tls_context(tmp_path / name)
        assert [problem.code for problem in caught.value.problems] == ["ca-file"]


# Proxies


def test_43_a_proxy_of_the_environment_is_used_with_a_notice(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user learns that requests take another way; its refusal means nothing was sent."""

    def refuse(visit: Visit) -> None:
        visit.socket.recv(1000)
        visit.socket.sendall(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")

    server = serve(refuse)
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:hidden@127.0.0.1:{server.port}")
    heard: list[Event] = []
    transport = connect("https://business-api.tiktok.com/open_api/v1.3", listener=heard.append)
    assert ended(transport.post("event/track/", b"{}")) == ("not_sent", "proxy")
    shown = f"http://127.0.0.1:{server.port}"
    notice = f"Requests to business-api.tiktok.com go through the proxy {shown} of HTTPS_PROXY."
    assert heard == [Notice(notice)]


def test_loopback_needs_no_proxy(serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox on this machine is reached directly."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert isinstance(connect(serve(answer_all)).post("event/track/", b"{}"), Answer)


def test_a_proxy_of_another_kind_is_refused(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be spoken is said before anything is sent, without the password."""
    monkeypatch.setenv("HTTPS_PROXY", "socks5://user:hidden@127.0.0.1:1080")
    with pytest.raises(ConfigError) as caught:
        connect("https://business-api.tiktok.com/open_api/v1.3")
    assert [(problem.code, "hidden" in str(problem)) for problem in caught.value.problems] == [("proxy", False)]


# The embedded application


def embedded(app: Callable[..., Iterable[bytes]], bounds: Bounds = QUICK) -> Transport:
    """Return a transport into an application of this process."""
    endpoint = Endpoint("http://sandbox.invalid/open_api/v1.3", {}, app, "sandbox")
    return Transport(endpoint, clock=SystemClock(), bounds=bounds)


def test_an_embedded_application_answers_like_a_server() -> None:
    """The same client class serves the sandbox."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        body = environ["wsgi.input"].read()
        start_response("200 OK", [("X-Path", environ["PATH_INFO"])])
        return [body]

    answer = embedded(app).post("event/track/", b"{}")
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body, dict(answer.headers)) == (
        200,
        b"{}",
        {"x-path": "/open_api/v1.3/event/track/"},
    )


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionResetError(), "reset"),
        (BrokenPipeError(), "reset"),
        (ConnectionRefusedError(), "reset"),
        (TimeoutError(), "read-timeout"),
    ],
)
def test_a_connection_error_raised_by_the_application_is_in_doubt(error: OSError, reason: str) -> None:
    """The application has the request by the time it can raise."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        del environ, start_response
        raise error

    assert ended(embedded(app).post("event/track/", b"{}")) == ("in_doubt", reason)


def test_a_defect_of_the_application_is_not_hidden() -> None:
    """Only network errors are failures; anything else is a bug to see."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        del start_response
        raise KeyError(environ["REQUEST_METHOD"])

    with pytest.raises(KeyError):
        embedded(app).post("event/track/", b"{}")


def test_a_dripping_application_is_cut_at_the_deadline() -> None:
    """The deadline holds without a socket, too."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        del environ
        start_response("200 OK", [])
        for _ in range(100):
            time.sleep(0.05)
            yield b"x"

    result = embedded(app, Bounds(total_s=0.2)).post("event/track/", b"{}")
    assert ended(result) == ("in_doubt", "deadline")
