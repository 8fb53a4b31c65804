"""Events in the sandbox: `event/track/` with the validator of the contract, and its 48 h dedupe."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar, Self

from pusher.destinations.tiktok.sandbox_http import Refusal, Request, Route, Rules, parsed
from pusher.destinations.tiktok.sandbox_state import EVENTS, Counts, Result
from pusher.payload.model import Contract, Payload
from pusher.payload.validate import BodyValidator

_SEEN = "select first_seen_s from events where source_id = ? and test_event_code = ? and event = ? and event_id = ?"
_NEW = "insert into events values (?, ?, ?, ?, ?, ?, ?, ?, 1, ?)"
_AGAIN = """
update events set times = times + 1 where source_id = ? and test_event_code = ? and event = ? and event_id = ?
"""
_COUNTED_AGAIN = """
update events set times = times + 1, counted = counted + 1, first_seen_s = ?
where source_id = ? and test_event_code = ? and event = ? and event_id = ?
"""

_Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One row of an accepted request, without its identifiers.

    Attributes:
        event: Name after renames.
        event_id: As sent.
        event_time: Unix seconds.
        value: Decimal text, or None.
        currency: Code, or None.
    """

    event: str
    event_id: str
    event_time: int
    value: str | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The rows of an accepted request.

    Attributes:
        source_id: Event source.
        test_event_code: Rows with a code are kept apart and never counted; empty for real ones.
        arrivals: The rows.
        window_s: How long a repeated key is a duplicate.
    """

    source_id: str
    test_event_code: str
    arrivals: Sequence[Arrival]
    window_s: int
    kind: ClassVar[str] = "events"

    @property
    def rows(self) -> int:
        """Return how many there are."""
        return len(self.arrivals)

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """Count the rows."""
        return Result(counts=_count(connection, self, now_s))

    def dump(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {**asdict(self), "arrivals": [astuple(row) for row in self.arrivals]}

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> Self:
        """Return what was dumped."""
        return cls(**{**dumped, "arrivals": [Arrival(*row) for row in dumped["arrivals"]]})


class EventEndpoints:
    """The endpoint of all kinds of events.

    Args:
        contract: Facts to judge by.
        rules: Event sources that exist.
    """

    def __init__(self, contract: Contract, rules: Rules) -> None:
        self._known = rules.event_sources
        self._validator = BodyValidator(contract)
        payloads = [payload for payload in contract.payloads.values() if payload.kind == "events"]
        self._readers = {payload.event_source: _Reader(payload) for payload in payloads}
        self.routes = {payload.endpoint: Route("POST", EVENTS, self._judge) for payload in payloads}

    def _judge(self, request: Request, now: datetime) -> Delivery | Refusal:
        body = parsed(request.body)
        if isinstance(body, Refusal):
            return body
        problem = next(self._validator.problems(body, now_s=now.timestamp()), None)
        if problem is not None:
            return Refusal("bad_parameter", problem.text, _rows(body))
        reader, source_id = self._readers[body["event_source"]], body["event_source_id"]
        rows = len(body["data"])
        if len(request.body) > reader.limits.max_bytes_per_request:
            return Refusal(None, rows=rows, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if self._known is not None and source_id not in self._known:
            message = f"No permission to operate event source: {source_id}, must be an admin or operator"
            return Refusal("no_permission", message, rows)
        arrivals = [reader.arrival(row) for row in body["data"]]
        return Delivery(source_id, body.get("test_event_code", ""), arrivals, reader.limits.dedupe_window_s)


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


def _count(connection: sqlite3.Connection, delivery: Delivery, now_s: float) -> Counts:
    """Store the rows and return how many were accepted, counted and duplicates."""
    here = (delivery.source_id, delivery.test_event_code)
    is_test = bool(delivery.test_event_code)
    first_seen: dict[_Key, float] = {}
    new: list[tuple[Any, ...]] = []
    again: list[_Key] = []
    counted_again: list[tuple[Any, ...]] = []
    lookup = connection.execute
    for row in delivery.arrivals:
        key = (*here, row.event, row.event_id)
        seen = first_seen.get(key)
        if seen is None:
            found = lookup(_SEEN, key).fetchone()
            seen = found[0] if found else None
        if seen is None:
            new.append((*key, row.event_time, row.value, row.currency, now_s, int(not is_test)))
        elif is_test or now_s - seen < delivery.window_s:
            again.append(key)
            first_seen[key] = seen
            continue
        else:
            counted_again.append((now_s, *key))
        first_seen[key] = now_s
    for statement, rows in ((_NEW, new), (_COUNTED_AGAIN, counted_again), (_AGAIN, again)):
        if rows:
            connection.executemany(statement, rows)
    accepted = len(delivery.arrivals)
    return Counts(accepted) if is_test else Counts(accepted, len(new) + len(counted_again), len(again))
