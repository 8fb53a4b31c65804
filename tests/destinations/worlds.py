"""A sandbox with a clock to move, as the tests of its families of endpoints use it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from pusher.clock import SystemClock
from pusher.contracts import Answer, Endpoint, Failure
from pusher.destinations.tiktok.facts import contract
from pusher.destinations.tiktok.sandbox import Sandbox, sandbox_app
from pusher.transport import Bounds, Transport

START = datetime(2026, 7, 1, 12, tzinfo=UTC)
EVENT = "event/track/"


class World:
    """A sandbox with a client, a clock to move and its own pages to read."""

    def __init__(self, state_file: Path, faults: Sequence[Mapping[str, Any]] = (), **rules: Any) -> None:
        self.now = START
        self.app: Sandbox = sandbox_app(state_file, contract(), lambda: self.now, faults, **rules)

    def post(
        self, body: Mapping[str, Any] | bytes, *, path: str = EVENT, token: str | None = None, total_s: float = 5
    ) -> Answer | Failure:
        """Send one request."""
        headers = {} if token is None else {"Access-Token": token}
        endpoint = Endpoint("http://sandbox.invalid/open_api/v1.3", headers, self.app, "sandbox")
        transport = Transport(endpoint, clock=SystemClock(), bounds=Bounds(total_s=total_s))
        try:
            return transport.post(path, body if isinstance(body, bytes) else json.dumps(body).encode())
        finally:
            transport.close()

    def code(self, body: Mapping[str, Any] | bytes, **options: Any) -> tuple[int, str]:
        """Send one request and return code and message of its envelope."""
        answer = self.post(body, **options)
        assert isinstance(answer, Answer), answer
        assert answer.status == 200
        envelope = json.loads(answer.body)
        assert sorted(envelope) == ["code", "data", "message", "request_id"]
        return envelope["code"], envelope["message"]

    def page(self, path: str, method: str = "GET") -> Any:
        """Return one of the sandbox's own pages."""
        with httpx.Client(transport=httpx.WSGITransport(app=self.app)) as client:  # noqa: TID251 -- not the API
            return client.request(method, f"http://sandbox.invalid/_sandbox/{path}").json()

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """Read one page of the API; a list is written as JSON."""
        given = {name: json.dumps(value) if isinstance(value, list) else value for name, value in query.items()}
        with httpx.Client(transport=httpx.WSGITransport(app=self.app)) as client:  # noqa: TID251 -- not the push's
            answer = client.get(f"http://sandbox.invalid/open_api/v1.3/{path}", params=given)
        assert answer.status_code == 200
        envelope: dict[str, Any] = answer.json()
        assert sorted(envelope) == ["code", "data", "message", "request_id"]
        return envelope

    def send(self, path: str, body: Mapping[str, Any] | bytes, **options: Any) -> dict[str, Any]:
        """Send one request and return its envelope without the request id."""
        answer = self.post(body, path=path, **options)
        assert isinstance(answer, Answer), answer
        envelope = json.loads(answer.body)
        assert envelope.pop("request_id")
        return {"status": answer.status, **envelope}

    def upload(
        self, path: str, fields: Mapping[str, str], file: tuple[str, bytes] | None, **more: Any
    ) -> dict[str, Any]:
        """Send a form with a file and return the envelope without the request id."""
        files: dict[str, tuple[str | None, bytes]] = {} if file is None else {"file": file}
        # Only with a file is a form multipart.
        files |= {name: (None, value.encode()) for name, value in fields.items()}
        with httpx.Client(transport=httpx.WSGITransport(app=self.app)) as client:  # noqa: TID251 -- not the push's
            answer = client.post(f"http://sandbox.invalid/open_api/v1.3/{path}", **{"files": files, **more})
        envelope = answer.json()
        assert envelope.pop("request_id")
        return {"status": answer.status_code, **envelope}

    @property
    def totals(self) -> dict[str, int]:
        """Totals of the history."""
        totals: dict[str, int] = self.page("history")["totals"]
        return totals


def totals(**given: int) -> dict[str, int]:
    """Return totals with zeros for what is not given."""
    events = {"requests": 0, "rows": 0, "counted": 0, "duplicates": 0, "refused": 0, "test": 0}
    return {
        **events,
        "members": 0,
        "added": 0,
        "removed": 0,
        "already": 0,
        "members_refused": 0,
        **given,
    }
