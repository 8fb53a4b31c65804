"""Requests and answers of the sandbox, and what its families of endpoints share."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any, NoReturn
from urllib.parse import parse_qsl
from uuid import uuid4

from pusher.destinations.tiktok.facts import tables
from pusher.destinations.tiktok.sandbox_faults import Reply
from pusher.destinations.tiktok.sandbox_state import Work
from pusher.payload.validate import BodyProblem

JSON = "application/json"
_STATUSES = {status.value for status in HTTPStatus}
_DRIP_S = 0.2

StartResponse = Callable[..., Any]
Environ = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the sandbox asks of a request beside the contract.

    Attributes:
        token: The only token that is let in, or None to let everyone in.
        event_sources: The only event source ids that exist, or None for all.
        advertisers: The only advertiser ids that exist, or None for all.
        scopes: The only scopes that are granted to new tokens, or None for all.
        requires_token: Only tokens that the sandbox made are let in.
    """

    token: str | None = None
    event_sources: frozenset[str] | None = None
    advertisers: frozenset[str] | None = None
    scopes: frozenset[str] | None = None
    requires_token: bool = False

    def stranger(self, advertiser_ids: Iterable[str], rows: int = 0) -> Refusal | None:
        """Return the refusal of the first account that does not exist."""
        for advertiser_id in advertiser_ids:
            if self.advertisers is not None and advertiser_id not in self.advertisers:
                message = f"No permission to operate advertiser: {advertiser_id}, must be an admin or operator"
                return Refusal("no_permission", message, rows)
        return None


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    Attributes:
        method: Such as `POST`.
        path: With its slash at the end.
        query: Parameters, the last of each name.
        token: Of the header, or None.
        content_type: Of the body.
        body: As sent.
        arrived: The sandbox's time.
    """

    method: str
    path: str
    query: Mapping[str, str]
    token: str | None
    content_type: str
    body: bytes
    arrived: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request changes nothing.

    Attributes:
        answer: Name of its return code, or None when a status is all.
        message: Of the envelope.
        rows: Rows that were judged.
        status: HTTP status.
    """

    answer: str | None
    message: str = ""
    rows: int = 0
    status: HTTPStatus = HTTPStatus.OK


Judge = Callable[[Request], "Work | Refusal"]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint.

    Attributes:
        method: The only one that it has.
        family: Whose totals its requests belong to.
        judge: Says what a request would change, or why it is refused.
        needs_token: Its requests carry a token.
    """

    method: str
    family: str
    judge: Judge
    needs_token: bool = True


def read(environ: Environ, now: datetime) -> Request:
    """Read a WSGI request that arrives now."""
    length = environ.get("CONTENT_LENGTH") or "0"
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", ""),
        query=dict(parse_qsl(environ.get("QUERY_STRING", ""))),
        token=environ.get("HTTP_ACCESS_TOKEN"),
        content_type=environ.get("CONTENT_TYPE") or "",
        body=environ["wsgi.input"].read(int(length)),
        arrived=now,
    )


def parsed(body: bytes) -> Any:
    """Return a body's JSON, or the refusal of one that is none."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return Refusal("bad_parameter", "Not valid JSON")


def refusal_of(body: Any, problems: Iterable[BodyProblem], rows: int = 0) -> Refusal | None:
    """Return the refusal of a body for the first thing that is wrong with it."""
    if isinstance(body, Refusal):
        return body
    problem = next(iter(problems), None)
    return None if problem is None else Refusal("bad_parameter", problem.text, rows)


def return_code(answer: str) -> int:
    """Return the code of an answer by its name in the contract."""
    code: int = tables("responses")["answer"]["codes"][answer]
    return code


def envelope(answer: str, message: str, data: Mapping[str, Any]) -> Reply:
    """Return an answer as the API writes it."""
    value = {"code": return_code(answer), "message": message, "request_id": ticket(), "data": data}
    return Reply(HTTPStatus.OK, JSON, json.dumps(value, separators=(",", ":")).encode())


def ticket() -> str:
    """Return a new request id."""
    return uuid4().hex.upper()


def plain(status: HTTPStatus) -> Reply:
    """Return an answer without JSON."""
    return Reply(status, "text/plain; charset=utf-8", status.phrase.encode())


def redirect(location: str) -> Reply:
    """Return an answer that sends a browser on."""
    return Reply(HTTPStatus.FOUND, "text/plain; charset=utf-8", b"", (("Location", location),))


def page(value: Any) -> Reply:
    """Return an answer of the sandbox's own pages."""
    return Reply(HTTPStatus.OK, JSON, json.dumps(value).encode())


def send(reply: Reply, start_response: StartResponse) -> Iterable[bytes]:
    """Answer; a lost connection is raised as ConnectionResetError."""
    if reply.is_dropped:
        raise ConnectionResetError
    length = len(reply.body) if reply.declared_bytes is None else reply.declared_bytes
    phrase = HTTPStatus(reply.status).phrase if reply.status in _STATUSES else "Scripted"
    headers = [("Content-Type", reply.content_type), ("Content-Length", str(length)), *reply.headers]
    start_response(f"{int(reply.status)} {phrase}", headers)
    return _drip(reply.body) if reply.drips else [reply.body]


def _drip(body: bytes) -> Iterator[bytes]:
    for position in range(len(body)):
        yield body[position : position + 1]
        time.sleep(_DRIP_S)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
