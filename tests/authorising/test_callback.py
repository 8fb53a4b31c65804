"""The redirect's server under attack: only the one right answer counts, and no page or log holds a code."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest

from pusher.authorising.attempt import Attempt
from pusher.authorising.callback import Callback
from pusher.clock import SystemClock
from pusher.errors import ConfigError, DestinationRefused, Incomplete, PusherError

CODE = "c0de-0123456789abcdef0123456789abcdef"


class MovedClock(SystemClock):
    """A clock that a test moves on."""

    def __init__(self) -> None:
        self.skipped_s = 0.0

    def monotonic_s(self) -> float:
        """Return real seconds and those that were skipped."""
        return super().monotonic_s() + self.skipped_s


@dataclass(frozen=True)
class Reply:
    """What the server answered."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Listening:
    """A server that waits for the answer to an attempt."""

    attempt: Attempt
    port: int
    clock: MovedClock
    result: Future[str]

    def query(self, **changes: str | None) -> str:
        """Return the query of the right answer, with changes; None takes a parameter out."""
        given = {"auth_code": CODE, "code": CODE, "state": self.attempt.state, **changes}
        return urlencode({name: text for name, text in given.items() if text is not None})

    def send(self, text: str) -> Reply | None:
        """Send bytes as they are, and read until the server closes; None when it answers nothing."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(text.encode("latin-1"))
            found = b""
            while part := connection.recv(65_536):
                found += part
        if not found:
            return None
        head, _, body = found.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        return Reply(int(first.split()[1]), headers, body)

    def get(self, target: str, *, method: str = "GET", host: str | None = None) -> Reply:
        """Send one request."""
        host = f"127.0.0.1:{self.port}" if host is None else host
        reply = self.send(f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n")
        assert reply is not None
        return reply

    def right(self) -> Reply:
        """Send the right answer."""
        return self.get(f"/tiktok/callback?{self.query()}")

    def error(self) -> PusherError:
        """Return what ended the wait."""
        error = self.result.exception(5)
        assert isinstance(error, PusherError)
        return error


Listen = Callable[[], Listening]


@contextmanager
def listening(lifetime_s: float = 300) -> Iterator[Listening]:
    """Wait for an answer in a thread, for the length of a block."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    clock = MovedClock()
    with Callback([f"http://127.0.0.1:{port}/tiktok/callback"]) as callback, ThreadPoolExecutor(1) as pool:
        attempt = Attempt(callback.redirect_uri, lifetime_s=lifetime_s, clock=clock)
        found = Listening(attempt, port, clock, pool.submit(callback.wait, attempt))
        try:
            yield found
        finally:
            # Ends a wait that the test left.
            clock.skipped_s += 10_000
            found.result.exception(5)


@pytest.fixture
def open_() -> Iterator[Listening]:
    """A server that waits."""
    with listening() as found:
        yield found


def code_of(error: PusherError) -> str:
    """Return the code of the one problem."""
    (problem,) = error.problems
    assert CODE not in repr(problem)
    return problem.code


def test_the_right_answer_brings_the_code(open_: Listening, capfd: pytest.CaptureFixture[str]) -> None:
    """The page has no code, is kept by nobody and tells nobody where the browser came from; nothing is printed."""
    reply = open_.right()
    length = reply.headers.pop("Content-Length")
    assert (reply.status, int(length)) == (200, len(reply.body))
    assert reply.headers == {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": "default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Connection": "close",
    }
    assert b"go back to the terminal" in reply.body
    assert CODE.encode() not in reply.body
    assert open_.attempt.state.encode() not in reply.body
    assert open_.result.result(5) == CODE
    assert capfd.readouterr() == ("", "")


def test_a_state_cannot_be_guessed() -> None:
    """256 bits, another one for each attempt."""
    states = {Attempt("http://127.0.0.1/", lifetime_s=1, clock=SystemClock()).state for _ in range(50)}
    assert (len(states), {len(state) for state in states}) == (50, {43})


@pytest.mark.parametrize(
    "changes",
    [
        {"state": None},
        {"state": ""},
        {"state": "A" * 43},
        {"state": "ä" * 43},
    ],
    ids=["missing", "empty", "wrong", "not ASCII"],
)
def test_an_answer_of_somebody_else_ends_the_login(open_: Listening, changes: dict[str, str | None]) -> None:
    """Nothing is exchanged, and the right answer comes too late."""
    reply = open_.get(f"/tiktok/callback?{open_.query(**changes)}")
    assert (reply.status, code_of(open_.error())) == (400, "wrong-state")
    assert isinstance(open_.error(), ConfigError)
    with pytest.raises(ConnectionRefusedError):
        open_.right()


def test_a_state_of_another_attempt_is_wrong(open_: Listening) -> None:
    """A replayed address of an earlier login."""
    earlier = Attempt(open_.attempt.redirect_uri, lifetime_s=300, clock=open_.clock)
    assert open_.get(f"/tiktok/callback?{open_.query(state=earlier.state)}").status == 400
    assert code_of(open_.error()) == "wrong-state"


@pytest.mark.parametrize("name", ["state", "auth_code"])
def test_a_parameter_that_stands_twice_is_refused(open_: Listening, name: str) -> None:
    """Nobody has to choose which one counts."""
    query = open_.query()
    twice = re.search(rf"(?:^|&)({name}=[^&]*)", query)
    assert twice is not None
    assert open_.get(f"/tiktok/callback?{query}&{twice[1]}").status == 400
    assert code_of(open_.error()) == ("wrong-state" if name == "state" else "no-code")


def test_a_second_hit_brings_nothing() -> None:
    """The same address again, while the first one is still being answered."""
    with listening() as found:
        entered, goes_on = threading.Event(), threading.Event()
        take = found.attempt.take

        def slow(query: str) -> str:
            entered.set()
            goes_on.wait(5)
            return take(query)

        with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(1) as pool:
            patch.setattr(found.attempt, "take", slow)
            first = pool.submit(found.right)
            entered.wait(5)
            second = found.right()
            goes_on.set()
            assert (second.status, first.result(5).status, found.result.result(5)) == (410, 200, CODE)


def test_after_the_hit_nobody_listens(open_: Listening) -> None:
    """A replay finds a closed port."""
    open_.right()
    assert open_.result.result(5) == CODE
    open_.clock.skipped_s += 1
    with pytest.raises(ConfigError) as caught:
        open_.attempt.take(open_.query())
    assert code_of(caught.value) == "second-answer"


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1:{port}.a.b"]
)
def test_another_host_is_not_answered(open_: Listening, host: str) -> None:
    """A name that somebody lets point to this machine; the login goes on."""
    wrong = open_.get(f"/tiktok/callback?{open_.query()}", host=host.format(port=open_.port))
    assert (wrong.status, open_.right().status, open_.result.result(5)) == (421, 200, CODE)


@pytest.mark.parametrize("headers", ["", "Host: 127.0.0.1:{port}\r\nHost: evil.example\r\n"], ids=["none", "two"])
def test_one_host_has_to_be_named(open_: Listening, headers: str) -> None:
    """No more and no fewer."""
    given = headers.format(port=open_.port)
    wrong = open_.send(f"GET /tiktok/callback?{open_.query()} HTTP/1.1\r\n{given}\r\n")
    assert wrong is not None
    assert (wrong.status, open_.right().status) == (421, 200)


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get"])
def test_only_get_is_answered(open_: Listening, method: str) -> None:
    """With the right address too; the login goes on."""
    wrong = open_.get(f"/tiktok/callback?{open_.query()}", method=method)
    assert (wrong.status, wrong.headers["Cache-Control"]) == (405, "no-store")
    assert (wrong.body == b"") == (method == "HEAD")
    assert (open_.right().status, open_.result.result(5)) == (200, CODE)


def test_a_long_query_is_not_read(open_: Listening) -> None:
    """8 KB; the login goes on."""
    wrong = open_.get(f"/tiktok/callback?{open_.query()}&more={'x' * 8_192}")
    assert (wrong.status, open_.right().status, open_.result.result(5)) == (414, 200, CODE)


def test_a_line_that_never_ends_is_not_read(open_: Listening) -> None:
    """More than any server takes."""
    wrong = open_.get(f"/tiktok/callback?{'x' * 70_000}")
    assert (wrong.status, open_.right().status) == (414, 200)


def test_many_parameters_are_not_read(open_: Listening) -> None:
    """They make no answer."""
    many = "&".join(f"p{number}=1" for number in range(50))
    assert open_.get(f"/tiktok/callback?{open_.query()}&{many}").status == 400
    assert code_of(open_.error()) == "wrong-state"


@pytest.mark.parametrize(
    "path",
    ["/", "/tiktok/callback/", "/tiktok/Callback", "//tiktok/callback", "/tiktok/../tiktok/callback", "/favicon.ico",
     "/tiktok%2Fcallback", "http://evil.example/tiktok/callback"],
)  # fmt: skip
def test_another_path_is_not_found(open_: Listening, path: str) -> None:
    """The exact path only; the login goes on."""
    wrong = open_.get(f"{path}?{open_.query()}")
    assert (wrong.status, open_.right().status, open_.result.result(5)) == (404, 200, CODE)


def test_what_is_no_http_is_no_hit(open_: Listening) -> None:
    """Somebody else's protocol, and a connection that only opens."""
    with socket.create_connection(("127.0.0.1", open_.port)):
        wrong = [open_.send(f"{text}\r\n\r\n") for text in ("\x16\x03\x01 not http", "GET /tiktok/callback", "")]
        assert [one and one.status for one in wrong] == [400, 421, None]
        assert (open_.right().status, open_.result.result(5)) == (200, CODE)


def test_a_late_answer_does_not_count(open_: Listening) -> None:
    """Five minutes and a second."""
    open_.clock.skipped_s = 301
    with pytest.raises(Incomplete) as caught:
        open_.result.result(5)
    assert code_of(caught.value) == "no-answer"
    with pytest.raises(ConfigError) as late:
        open_.attempt.take(open_.query())
    assert code_of(late.value) == "late-answer"


def test_a_refused_consent_is_told(open_: Listening) -> None:
    """The right state without a code; exit code 3 says that TikTok refused."""
    assert open_.get(f"/tiktok/callback?{open_.query(auth_code=None, code=None)}").status == 400
    error = open_.error()
    assert (isinstance(error, DestinationRefused), error.exit_code) == (True, 3)
    assert [problem.fix for problem in error.problems] == [
        "Consent as Admin or Operator of the ad account; with Analyst TikTok grants nothing."
    ]


def test_a_port_that_is_taken_gives_way_to_the_next() -> None:
    """And when all are taken, that is said."""
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        uris = [f"http://127.0.0.1:{one.getsockname()[1]}/tiktok/callback" for one in (first, second)]
        ports = ", ".join(str(one.getsockname()[1]) for one in (first, second))
        with pytest.raises(ConfigError) as caught:
            Callback(uris)
        second.close()
        with Callback(uris) as callback:
            assert callback.redirect_uri == uris[1]
    assert [problem.message for problem in caught.value.problems] == [f"The ports for the redirect are taken: {ports}."]


def test_it_listens_on_loopback_only() -> None:
    """Nobody on the network reaches it."""
    with Callback(["http://127.0.0.1:0/tiktok/callback"]) as callback:
        assert callback._server.socket.getsockname()[0] == "127.0.0.1"


PASTED = "http://127.0.0.1:17651/tiktok/callback"


@pytest.mark.parametrize(
    "text",
    ["", "code", "https://127.0.0.1:17651/tiktok/callback?state={state}&auth_code=c", "http://[", "  \n",
     "http://127.0.0.1:17652/tiktok/callback?state={state}&auth_code=c",
     "http://127.0.0.1:17651/?state={state}&auth_code=c",
     "http://u@127.0.0.1:17651/tiktok/callback?state={state}&auth_code=c"],
)  # fmt: skip
def test_only_the_redirect_can_be_pasted(text: str) -> None:
    """A wrong paste uses up nothing, and is not repeated."""
    attempt = Attempt(PASTED, lifetime_s=300, clock=SystemClock())
    with pytest.raises(ConfigError) as caught:
        attempt.take_url(text.format(state=attempt.state))
    assert code_of(caught.value) == "no-redirect"
    assert attempt.take_url(f" {PASTED}?auth_code={CODE}&state={attempt.state}\n") == CODE
