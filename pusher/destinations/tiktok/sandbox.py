"""TikTok in a WSGI application, generated from the contract: the same validators, codes and 48 h dedupe.

The embedded sandbox and `pusher sandbox` are this application; a test reads what arrived under `/_sandbox/`.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pusher.destinations.tiktok import (
    sandbox_audience_state,
    sandbox_audiences,
    sandbox_events,
    sandbox_file_work,
    sandbox_oauth,
    sandbox_state,
)
from pusher.destinations.tiktok.sandbox_faults import Fault, Plan, Reply
from pusher.destinations.tiktok.sandbox_files import FileEndpoints
from pusher.destinations.tiktok.sandbox_http import (
    Environ,
    Refusal,
    Request,
    Rules,
    StartResponse,
    envelope,
    page,
    plain,
    read,
    redirect,
    return_code,
    send,
    ticket,
)
from pusher.destinations.tiktok.sandbox_state import EVENTS, Counts, Line, Result, SandboxState, Work
from pusher.payload.model import Contract

__all__ = ["Environ", "Sandbox", "StartResponse", "sandbox_app"]

ADMIN_PREFIX = "/_sandbox/"
KINDS: tuple[type[Work], ...] = (
    sandbox_events.Delivery,
    *sandbox_audiences.KINDS,
    *sandbox_file_work.KINDS,
    *sandbox_oauth.KINDS,
)


class Sandbox:
    """The application; thread-safe.

    Args:
        state: Counts that outlive the process.
        contract: Facts to judge by.
        now: The sandbox's time.
        plan: Scripted faults.
        rules: Token, event sources and advertisers that exist.
    """

    def __init__(
        self, state: SandboxState, contract: Contract, now: Callable[[], datetime], plan: Plan, rules: Rules
    ) -> None:
        self._state = state
        self._now = now
        self._plan = plan
        self._token = rules.token
        self._requires_token = rules.requires_token
        self._prefix = f"{urlsplit(contract.production_base_url).path}/"
        tokens = sandbox_oauth.OAuthEndpoints(rules)
        families = (
            sandbox_events.EventEndpoints(contract, rules).routes,
            sandbox_audiences.AudienceEndpoints(rules).routes,
            FileEndpoints(rules).routes,
            tokens.routes,
        )
        self._routes = {f"{self._prefix}{path}": route for routes in families for path, route in routes.items()}
        self._routes |= tokens.pages

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; a scripted lost connection is raised as ConnectionResetError."""
        request = read(environ, self._now())
        if request.path.startswith(ADMIN_PREFIX):
            return send(self._administer(request), start_response)
        fault = self._plan.next_fault(request.path, request.body)
        return send(self._answer(request, fault), start_response)

    def totals(self) -> Mapping[str, int]:
        """Return what was counted so far: requests, rows, counted, duplicates, refused and the like."""
        with self._state.transaction(self._now().timestamp()) as connection:
            totals: dict[str, int] = sandbox_state.history(connection, 0, 0)["totals"]
        return totals

    def _answer(self, request: Request, fault: Fault | None) -> Reply:
        now = request.arrived
        judged = self._judge(request) if fault is None or fault.is_judged else Refusal(None)
        with self._state.transaction(now.timestamp()) as connection:
            rows, result = 0, None
            judged = self._let_in(connection, request, judged)
            if fault is None or fault.accepts_first:
                rows = judged.rows
                if not isinstance(judged, Refusal):
                    result = judged.run(connection, now.timestamp())
            reply, code = self._honest(judged, result)
            if fault is not None:
                reply, code = fault.reply(ticket(), reply), fault.code
            route = self._routes.get(request.path)
            line = Line(
                time=now.isoformat(timespec="milliseconds"),
                path=request.path,
                status=None if reply.is_dropped else int(reply.status),
                code=None if code is None else str(code),
                fault=fault.name if fault else None,
                family=route.family if route else EVENTS,
                rows=rows,
                size=len(request.body),
                sha256=hashlib.sha256(request.body).hexdigest(),
            )
            id_ = sandbox_state.record(connection, line, result.counts if result else Counts())
            if fault is not None and fault.delay_s is not None and not isinstance(judged, Refusal):
                sandbox_state.postpone(connection, judged, now.timestamp() + fault.delay_s, id_)
        return reply

    def _judge(self, request: Request) -> Work | Refusal:
        route = self._routes.get(request.path)
        if route is None:
            return Refusal(None, status=HTTPStatus.NOT_FOUND)
        if request.method != route.method:
            return Refusal(None, status=HTTPStatus.METHOD_NOT_ALLOWED)
        if route.needs_token and self._token is not None and request.token != self._token:
            if not request.token:
                return Refusal("token_missing", "Access token is empty")
            return Refusal("token_wrong", "Access token is incorrect or has been revoked")
        return route.judge(request)

    def _let_in(self, connection: sqlite3.Connection, request: Request, judged: Work | Refusal) -> Work | Refusal:
        """Return what was judged, or why the token of the request is refused."""
        route = self._routes.get(request.path)
        if route is None or not route.needs_token or request.method != route.method:
            return judged
        path = request.path.removeprefix(self._prefix)
        refusal = sandbox_oauth.token_refusal(connection, request.token, path, is_required=self._requires_token)
        return judged if refusal is None else refusal

    def _honest(self, judged: Work | Refusal, result: Result | None) -> tuple[Reply, int | None]:
        """Return the answer and its code when nothing is scripted."""
        if result is not None and result.location is not None:
            return redirect(result.location), None
        if result is not None:
            return envelope(result.answer, result.message, result.data), return_code(result.answer)
        if isinstance(judged, Refusal) and judged.answer is not None:
            return envelope(judged.answer, judged.message, {}), return_code(judged.answer)
        return plain(judged.status if isinstance(judged, Refusal) else HTTPStatus.OK), None

    def _administer(self, request: Request) -> Reply:
        name = request.path.removeprefix(ADMIN_PREFIX)
        try:
            limit, offset = int(request.query.get("limit", "1000")), int(request.query.get("offset", "0"))
        except ValueError:
            return plain(HTTPStatus.BAD_REQUEST)
        with self._state.transaction(request.arrived.timestamp()) as connection:
            match request.method, name:
                case "GET", "history":
                    return page(sandbox_state.history(connection, limit, offset))
                case "GET", "events":
                    return page({"events": sandbox_state.events(connection, request.query, limit, offset)})
                case "GET", "audiences":
                    return page({"audiences": sandbox_audience_state.audiences_page(connection, limit, offset)})
                case "GET", "members":
                    audience_id = request.query.get("audience_id", "")
                    members = sandbox_audience_state.members_page(connection, audience_id, limit, offset)
                    return page({"members": members})
                case "POST", "reset":
                    sandbox_state.reset(connection)
                    return page({"reset": True})
                case _:
                    return plain(HTTPStatus.NOT_FOUND)


def sandbox_app(
    state_file: Path,
    contract: Contract,
    now: Callable[[], datetime],
    faults: Sequence[Mapping[str, Any]] = (),
    *,
    token: str | None = None,
    event_sources: Iterable[str] | None = None,
    advertisers: Iterable[str] | None = None,
    scopes: Iterable[str] | None = None,
    requires_token: bool = False,
) -> Sandbox:
    """Return a sandbox for a `Transport` or a WSGI server.

    Args:
        state_file: SQLite file of the counts, made when the first request comes.
        contract: Facts to judge by.
        now: The sandbox's time, timezone-aware.
        faults: Scripted faults, as `sandbox_faults` describes them.
        token: The only token that is let in, or None to let everyone in.
        event_sources: The only event source ids that exist, or None for all.
        advertisers: The only advertiser ids that exist, or None for all.
        scopes: The only scopes that are granted to new tokens, or None for all.
        requires_token: Only tokens that the sandbox made are let in.

    Raises:
        ConfigError: A fault is not described properly.
    """
    rules = Rules(token, _known(event_sources), _known(advertisers), _known(scopes), requires_token)
    return Sandbox(SandboxState(state_file, KINDS), contract, now, Plan.parse(faults), rules)


def _known(ids: Iterable[str] | None) -> frozenset[str] | None:
    return None if ids is None else frozenset(ids)
