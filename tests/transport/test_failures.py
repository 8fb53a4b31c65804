"""A closed world: everything the HTTP libraries can raise has a name, and every name a class in the contract."""

from __future__ import annotations

import errno
import socket
import ssl

import httpcore
import httpx
import pytest

from pusher.destinations.tiktok.facts import contract
from pusher.transport import client, failures
from pusher.transport.failures import Cause, cause_of


def tree(root: type[BaseException]) -> list[type[BaseException]]:
    """Return a class and everything below it that its own library defines."""
    below = [kind for child in root.__subclasses__() for kind in tree(child)]
    return [root, *(kind for kind in below if kind.__module__.split(".")[0] == root.__module__.split(".")[0])]


EVERY_HTTPX = [kind for root in (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) for kind in tree(root)]


def test_every_exception_of_httpx_has_a_cause() -> None:
    """A new version of httpx that adds an exception must be looked at."""
    found = {kind.__name__: failures._BY_TYPE.get(kind) for kind in EVERY_HTTPX}
    inner = {"RequestError", "TransportError", "HTTPStatusError"}
    below_stream_error = {"StreamConsumed", "StreamClosed", "ResponseNotRead", "RequestNotRead"}
    assert {name for name, cause in found.items() if cause is None} == inner | below_stream_error


@pytest.mark.parametrize("kind", EVERY_HTTPX, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("wrote", [False, True])
@pytest.mark.parametrize("deadline_passed", [False, True])
def test_after_the_first_byte_nothing_counts_as_not_sent(
    kind: type[BaseException], *, wrote: bool, deadline_passed: bool
) -> None:
    """Only a proxy's refusal says that the request did not leave."""
    error = kind.__new__(kind)
    cause = cause_of(error, wrote=wrote, deadline_passed=deadline_passed)
    assert cause in failures.ALL
    if wrote and cause is not failures.PROXY:
        assert cause.kind != "not_sent"


def test_the_reasons_are_those_of_the_contract() -> None:
    """The contract knows how to act on each failure, and on no other."""
    assert {cause.reason for cause in failures.ALL} == set(contract().failures)


def test_the_kind_of_a_failure_agrees_with_its_class() -> None:
    """What may have arrived is never repeated as if it had not."""
    outcomes = {"not_sent": "retry", "in_doubt": "unknown", "stop": "halt"}
    facts = contract()
    found = {cause.reason: facts.classes[facts.failures[cause.reason]].outcome for cause in failures.ALL}
    assert found == {cause.reason: outcomes[cause.kind] for cause in failures.ALL}


def test_every_exception_of_httpcore_becomes_one_of_httpx() -> None:
    """Both libraries share the names; what they do not share is still a transport error."""
    kinds = [kind for root in client._POOL_ERRORS for kind in tree(root)]
    found = {kind.__name__: type(client._as_httpx(kind())).__name__ for kind in kinds}  # type: ignore[arg-type]
    assert {name: became for name, became in found.items() if name != became} == {
        "ConnectionNotAvailable": "TransportError"
    }
    public = [kind for kind in vars(httpcore).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert set(public) == set(kinds)


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (ConnectionRefusedError(), failures.CONNECT_REFUSED),
        (socket.gaierror(socket.EAI_AGAIN, "again"), failures.DNS),
        (OSError(errno.ENETUNREACH, "unreachable"), failures.NO_ROUTE),
        (OSError(errno.EHOSTUNREACH, "unreachable"), failures.NO_ROUTE),
        (ConnectionResetError(), failures.TLS_HANDSHAKE),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), failures.TLS_HANDSHAKE),
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), failures.CERTIFICATE),
        (ssl.SSLEOFError(8, "EOF occurred"), failures.TLS_HANDSHAKE),
        (OSError(errno.EMFILE, "too many files"), failures.CONNECT_REFUSED),
        (None, failures.CONNECT_REFUSED),
    ],
)
def test_a_failed_connection_says_why(origin: OSError | None, expected: Cause) -> None:
    """The system's error behind httpx's decides."""
    error = httpx.ConnectError("")
    error.__cause__ = origin
    assert cause_of(error, wrote=False, deadline_passed=False) == expected
