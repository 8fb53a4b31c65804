"""TikTok in a WSGI application, generated from the contract: the same validator, the documented codes, its 48 h dedupe.

The embedded sandbox and `pusher sandbox` are this application; a test reads what arrived under `/_sandbox/`.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from pusher.destinations.tiktok.facts import tables
from pusher.destinations.tiktok.sandbox_faults import Fault, Plan, Reply
from pusher.destinations.tiktok.sandbox_state import Arrival, Delivery, Request, SandboxState
from pusher.payload.model import Contract, Payload
from pusher.payload.validate import BodyValidator

ADMIN_PREFIX = "/_sandbox/"
_JSON = "application/json"
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
    """

    token: str | None = None
    event_sources: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    query: Mapping[str, str]
    token: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class _Outcome:
    reply: Reply
    code: int | None = None
    rows: int = 0
    delivery: Delivery | None = None


class Sandbox:
    """The application; thread-safe.

    Args:
        state: Counts that outlive the process.
        contract: Facts to judge by.
        now: The sandbox's time.
        plan: Scripted faults.
        rules: Token and event sources that exist.
    """

    def __init__(
        self, state: SandboxState, contract: Contract, now: Callable[[], datetime], plan: Plan, rules: Rules
    ) -> None:
        self._state = state
        self._now = now
        self._plan = plan
        self._rules = rules
        self._codes: Mapping[str, int] = tables("responses")["answer"]["codes"]
        self._validator = BodyValidator(contract)
        payloads = [payload for payload in contract.payloads.values() if payload.kind == "events"]
        self._readers = {payload.event_source: _Reader(payload) for payload in payloads}
        prefix = urlsplit(contract.production_base_url).path
        self._routes = {f"{prefix}/{payload.endpoint}" for payload in payloads}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; a scripted lost connection is raised as ConnectionResetError."""
        request = _read(environ)
        if request.path.startswith(ADMIN_PREFIX):
            return _send(self._administer(request), start_response)
        fault = self._plan.next_fault(request.path, request.body)
        outcome = self._answer(request) if fault is None else self._spoilt_answer(request, fault)
        self._remember(request, outcome, fault)
        return _send(outcome.reply, start_response)

    def totals(self) -> Mapping[str, int]:
        """Return what was counted so far: requests, rows, counted, duplicates, refused."""
        totals: dict[str, int] = self._state.history(0, 0)["totals"]
        return totals

    def _spoilt_answer(self, request: _Request, fault: Fault) -> _Outcome:
        if not fault.accepts_first:
            return _Outcome(fault.reply(_ticket(), _plain(HTTPStatus.OK)), fault.code)
        honest = self._answer(request)
        return _Outcome(fault.reply(_ticket(), honest.reply), fault.code, honest.rows, honest.delivery)

    def _answer(self, request: _Request) -> _Outcome:
        if request.path not in self._routes:
            return _Outcome(_plain(HTTPStatus.NOT_FOUND))
        if request.method != "POST":
            return _Outcome(_plain(HTTPStatus.METHOD_NOT_ALLOWED))
        if self._rules.token is not None and request.token != self._rules.token:
            return self._token_refusal(request.token)
        try:
            body = json.loads(request.body, parse_float=Decimal, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return self._envelope("bad_parameter", "Not valid JSON")
        problem = next(self._validator.problems(body, now_s=self._now().timestamp()), None)
        if problem is not None:
            return self._envelope("bad_parameter", problem.text, rows=_rows(body))
        return self._judged(request, body)

    def _judged(self, request: _Request, body: Mapping[str, Any]) -> _Outcome:
        reader, source_id, known = (
            self._readers[body["event_source"]],
            body["event_source_id"],
            self._rules.event_sources,
        )
        if len(request.body) > reader.limits.max_bytes_per_request:
            return _Outcome(_plain(HTTPStatus.REQUEST_ENTITY_TOO_LARGE), rows=len(body["data"]))
        if known is not None and source_id not in known:
            message = f"No permission to operate event source: {source_id}, must be an admin or operator"
            return self._envelope("no_permission", message, rows=len(body["data"]))
        arrivals = [reader.arrival(row) for row in body["data"]]
        delivery = Delivery(source_id, body.get("test_event_code", ""), arrivals, reader.limits.dedupe_window_s)
        return self._envelope("success", "OK", rows=len(arrivals), delivery=delivery)

    def _token_refusal(self, token: str | None) -> _Outcome:
        if not token:
            return self._envelope("token_missing", "Access token is empty")
        return self._envelope("token_wrong", "Access token is incorrect or has been revoked")

    def _envelope(self, name: str, message: str, *, rows: int = 0, delivery: Delivery | None = None) -> _Outcome:
        code = self._codes[name]
        answer = {"code": code, "message": message, "request_id": _ticket(), "data": {}}
        body = json.dumps(answer, separators=(",", ":")).encode()
        return _Outcome(Reply(HTTPStatus.OK, _JSON, body), code, rows, delivery)

    def _remember(self, request: _Request, outcome: _Outcome, fault: Fault | None) -> None:
        now = self._now()
        line = Request(
            time=now.isoformat(timespec="milliseconds"),
            path=request.path,
            status=None if outcome.reply.is_dropped else int(outcome.reply.status),
            code=outcome.code,
            fault=fault.name if fault else None,
            rows=outcome.rows,
            size=len(request.body),
            sha256=hashlib.sha256(request.body).hexdigest(),
        )
        self._state.record(line, outcome.delivery, now.timestamp())

    def _administer(self, request: _Request) -> Reply:
        page = request.path.removeprefix(ADMIN_PREFIX)
        try:
            limit, offset = int(request.query.get("limit", "1000")), int(request.query.get("offset", "0"))
        except ValueError:
            return _plain(HTTPStatus.BAD_REQUEST)
        match request.method, page:
            case "GET", "history":
                return _json(self._state.history(limit, offset))
            case "GET", "events":
                return _json({"events": self._state.events(request.query, limit, offset)})
            case "POST", "reset":
                self._state.reset()
                return _json({"reset": True})
            case _:
                return _plain(HTTPStatus.NOT_FOUND)


class _Reader:
    """Takes from a row of one payload what the sandbox counts."""

    def __init__(self, payload: Payload) -> None:
        self.limits = payload.limits
        fields = [payload.field(column) for column in ("event", "event_id", "event_time", "value", "currency")]
        self._paths = [tuple(field.path.split(".")) for field in fields if field is not None]
        event = fields[0]
        self._translations = payload.enums[event.enum].translations if event is not None and event.enum else {}

    def arrival(self, row: Mapping[str, Any]) -> Arrival:
        event, event_id, event_time, value, currency = [_at(row, path) for path in self._paths]
        return Arrival(
            self._translations.get(event, event),
            event_id,
            event_time,
            None if value is None else str(value),
            currency,
        )


def sandbox_app(
    state_file: Path,
    contract: Contract,
    now: Callable[[], datetime],
    faults: Sequence[Mapping[str, Any]] = (),
    *,
    token: str | None = None,
    event_sources: Iterable[str] | None = None,
) -> Sandbox:
    """Return a sandbox for a `Transport` or a WSGI server.

    Args:
        state_file: SQLite file of the counts, made when the first request comes.
        contract: Facts to judge by.
        now: The sandbox's time, timezone-aware.
        faults: Scripted faults, as `sandbox_faults` describes them.
        token: The only token that is let in, or None to let everyone in.
        event_sources: The only event source ids that exist, or None for all.

    Raises:
        ConfigError: A fault is not described properly.
    """
    known = frozenset(event_sources) if event_sources is not None else None
    return Sandbox(SandboxState(state_file), contract, now, Plan.parse(faults), Rules(token, known))


def _read(environ: Environ) -> _Request:
    length = environ.get("CONTENT_LENGTH") or "0"
    return _Request(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", ""),
        query=dict(parse_qsl(environ.get("QUERY_STRING", ""))),
        token=environ.get("HTTP_ACCESS_TOKEN"),
        body=environ["wsgi.input"].read(int(length)),
    )


def _at(row: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = row
    for name in path:
        if value is None:
            return None
        value = value.get(name)
    return value


def _rows(body: Any) -> int:
    rows = body.get("data") if isinstance(body, dict) else None
    return len(rows) if isinstance(rows, list) else 0


def _ticket() -> str:
    return uuid4().hex.upper()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _plain(status: HTTPStatus) -> Reply:
    return Reply(status, "text/plain; charset=utf-8", status.phrase.encode())


def _json(value: Any) -> Reply:
    return Reply(HTTPStatus.OK, _JSON, json.dumps(value).encode())


def _send(reply: Reply, start_response: StartResponse) -> Iterable[bytes]:
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
