"""Names for everything that can end a request without a complete answer.

The reasons are those of `[failures]` in a destination's contract, which says how to act on each.
"""

from __future__ import annotations

import errno
import socket
import ssl
from dataclasses import dataclass

import httpx

NOT_SENT, IN_DOUBT, STOP = "not_sent", "in_doubt", "stop"
_NO_ROUTE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL}
_TLS_VERSION = {"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE", "VERSION_TOO_LOW"}


@dataclass(frozen=True, slots=True)
class Cause:
    """What ended a request.

    Attributes:
        kind: `not_sent`, `in_doubt` or `stop`.
        reason: Name in the contract's table of failures.
        message: One sentence; `{host}` stands for the server.
    """

    kind: str
    reason: str
    message: str


CONNECT_REFUSED = Cause(NOT_SENT, "connect-refused", "{host} refused the connection.")
CONNECT_TIMEOUT = Cause(NOT_SENT, "connect-timeout", "{host} did not take the connection in time.")
DNS = Cause(NOT_SENT, "dns", "The name {host} could not be resolved.")
NO_ROUTE = Cause(NOT_SENT, "no-route", "There is no route to {host}.")
TLS_HANDSHAKE = Cause(NOT_SENT, "tls-handshake", "The TLS handshake with {host} failed.")
POOL_TIMEOUT = Cause(NOT_SENT, "pool-timeout", "No connection to {host} became free in time.")
PROXY = Cause(NOT_SENT, "proxy", "The proxy refused to connect to {host}.")
CERTIFICATE = Cause(STOP, "certificate", "The certificate of {host} could not be verified.")
TLS_VERSION = Cause(STOP, "tls-version", "{host} offers no TLS version from 1.2 on.")
REDIRECT = Cause(STOP, "redirect", "{host} answered with a redirect, which is never followed.")
BAD_REQUEST_URL = Cause(STOP, "bad-request-url", "The address of {host} cannot be requested.")
WRITE_FAILED = Cause(IN_DOUBT, "write-failed", "The connection to {host} broke while the request was written.")
WRITE_TIMEOUT = Cause(IN_DOUBT, "write-timeout", "{host} did not read the request in time.")
READ_TIMEOUT = Cause(IN_DOUBT, "read-timeout", "{host} did not answer in time.")
DEADLINE = Cause(IN_DOUBT, "deadline", "The answer of {host} was not complete when the deadline passed.")
RESET = Cause(IN_DOUBT, "reset", "{host} closed the connection before its answer.")
PROTOCOL = Cause(IN_DOUBT, "protocol", "{host} did not send a whole HTTP answer.")
TOO_LARGE = Cause(IN_DOUBT, "response-too-large", "The answer of {host} is larger than any answer of this API.")
ENCODED = Cause(IN_DOUBT, "encoded-response", "The answer of {host} is compressed although that was not asked for.")

ALL = (
    CONNECT_REFUSED, CONNECT_TIMEOUT, DNS, NO_ROUTE, TLS_HANDSHAKE, POOL_TIMEOUT, PROXY, CERTIFICATE, TLS_VERSION,
    REDIRECT, BAD_REQUEST_URL, WRITE_FAILED, WRITE_TIMEOUT, READ_TIMEOUT, DEADLINE, RESET, PROTOCOL, TOO_LARGE, ENCODED,
)  # fmt: skip

# The most precise class of an exception decides, so a class httpx adds later falls to its parent.
_BY_TYPE: dict[type[BaseException], Cause] = {
    httpx.HTTPError: PROTOCOL,
    httpx.TimeoutException: READ_TIMEOUT,
    httpx.ConnectTimeout: CONNECT_TIMEOUT,
    httpx.ReadTimeout: READ_TIMEOUT,
    httpx.WriteTimeout: WRITE_TIMEOUT,
    httpx.PoolTimeout: POOL_TIMEOUT,
    httpx.NetworkError: RESET,
    httpx.ConnectError: CONNECT_REFUSED,
    httpx.ReadError: RESET,
    httpx.WriteError: WRITE_FAILED,
    httpx.CloseError: RESET,
    httpx.ProxyError: PROXY,
    httpx.UnsupportedProtocol: BAD_REQUEST_URL,
    httpx.ProtocolError: PROTOCOL,
    httpx.LocalProtocolError: BAD_REQUEST_URL,
    httpx.RemoteProtocolError: PROTOCOL,
    httpx.DecodingError: ENCODED,
    httpx.TooManyRedirects: REDIRECT,
    httpx.InvalidURL: BAD_REQUEST_URL,
    httpx.StreamError: PROTOCOL,
    OSError: RESET,
    TimeoutError: READ_TIMEOUT,
    ssl.SSLError: RESET,
}

CAUGHT = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError)
"""Everything that a request may raise and that is not a defect of this program."""


def cause_of(error: BaseException, *, wrote: bool, deadline_passed: bool) -> Cause:
    """Return what an exception says about the request.

    Args:
        error: One of `CAUGHT`.
        wrote: Bytes of the request may have left.
        deadline_passed: The request's time was over when it ended.
    """
    cause = next(_BY_TYPE[kind] for kind in type(error).__mro__ if kind in _BY_TYPE)
    if cause is CONNECT_REFUSED:
        cause = _cause_of_connect_error(error.__cause__)
    if wrote and (deadline_passed or cause.kind == NOT_SENT) and cause is not PROXY:
        # A time-out or a lost connection after the first byte leaves open what arrived.
        return DEADLINE if deadline_passed else RESET
    return cause


def _cause_of_connect_error(error: BaseException | None) -> Cause:
    match error:
        case ssl.SSLCertVerificationError():
            return CERTIFICATE
        case ssl.SSLError() if getattr(error, "reason", None) in _TLS_VERSION:
            return TLS_VERSION
        case ssl.SSLError() | ConnectionResetError() | ConnectionAbortedError() | BrokenPipeError():
            return TLS_HANDSHAKE
        case socket.gaierror():
            return DNS
        case OSError() if error.errno in _NO_ROUTE:
            return NO_ROUTE
    return CONNECT_REFUSED
