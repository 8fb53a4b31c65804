"""TikTok as a simulation: it removes duplicates for 48 hours, refuses what is bad, and answers badly on purpose."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from pusher.contracts import Answer, Failure

DEDUPE = timedelta(hours=48)
# A sub-second answer, and one that comes when the deadline of a request is over.
QUICK_S, DEADLINE_S = 0.05, 60.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A row that the server accepted.

    Attributes:
        at: When.
        payload: Its JSON.
    """

    at: datetime
    payload: str


@dataclass(slots=True)
class Tally:
    """What the server saw over its whole life.

    Attributes:
        requests: Requests that reached it.
        accepted: Arrivals by event id, oldest first.
        refused: Events that it refused in a request about them alone, or listed as failed.
        sent: Distinct JSON texts on the wire by event id, numbers as they were written.
        first_sent: When a request first held an event.
        doubts: By event id, how many of its attempts had an outcome that the client cannot know.
        strange: Events of which a request was called a duplicate of one that nobody knows of.
        trace: One line for each request, for comparing two histories.
    """

    requests: int = 0
    accepted: dict[str, list[Arrival]] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    sent: dict[str, set[str]] = field(default_factory=dict)
    first_sent: dict[str, datetime] = field(default_factory=dict)
    doubts: Counter[str] = field(default_factory=Counter)
    strange: set[str] = field(default_factory=set)
    trace: list[str] = field(default_factory=list)

    def counted(self, event_id: str) -> int:
        """Return how often an event counts after the removal of duplicates."""
        times, first = 0, None
        for arrival in self.accepted.get(event_id, ()):
            if first is None or arrival.at - first >= DEDUPE:
                times, first = times + 1, arrival.at
        return times


class Wire:
    """Posts bodies to the simulated server.

    Args:
        tally: The server's memory.
        now: Wall time.
        sleep: Lets time pass.
        chance: Decides what goes wrong.
        poison: Events that the server refuses.
        fault_share: Share of requests that go wrong.
        on_post: Called before and after the rows are taken; may end the process.
        in_flight: Most requests whose answers the client has not stored.
        spoilt: Number of the one request that goes wrong, from 1, and how.
    """

    def __init__(
        self,
        tally: Tally,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        chance: Random,
        poison: frozenset[str],
        fault_share: float,
        on_post: Callable[[], None],
        in_flight: int,
        spoilt: tuple[int, str] | None = None,
    ) -> None:
        self._tally, self._now, self._sleep, self._chance = tally, now, sleep, chance
        self._poison, self._fault_share, self._on_post = poison, fault_share, on_post
        self._spoilt = spoilt
        self._latest: deque[list[str]] = deque(maxlen=in_flight)

    def die(self) -> None:
        """Leave in doubt what the client may not have stored: the newest requests."""
        for ids in self._latest:
            self._tally.doubts.update(ids)

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def post(self, path: str, body: bytes) -> Answer | Failure:
        """Take one body, or not, and answer, or not."""
        # 1.50 and 1.5 are one number and two texts.
        rows: list[Mapping[str, Any]] = json.loads(body, parse_float=str)["data"]
        self._latest.append([str(row["event_id"]) for row in rows])
        self._on_post()
        for row in rows:
            event = str(row["event_id"])
            self._tally.sent.setdefault(event, set()).add(json.dumps(row))
            self._tally.first_sent.setdefault(event, self._now())
        fault = self._chance.choice(_FAULTS) if self._chance.random() < self._fault_share else "honest"
        self._tally.requests += 1
        if self._spoilt is not None and self._tally.requests == self._spoilt[0]:
            fault = self._spoilt[1]
        result = getattr(self, f"_{fault}")(rows)
        ids = ",".join(str(row["event_id"]) for row in rows)
        self._tally.trace.append(f"{self._now().isoformat()} {path} {fault} {ids}")
        self._on_post()
        self._sleep(QUICK_S)
        return result  # type: ignore[no-any-return]

    # what the server does with rows ---------------------------------------------------------------------------------

    def _bad(self, rows: list[Mapping[str, Any]]) -> list[int]:
        return [place for place, row in enumerate(rows) if row["event_id"] in self._poison]

    def _take(self, rows: list[Mapping[str, Any]]) -> None:
        for row in rows:
            known = self._tally.accepted.setdefault(str(row["event_id"]), [])
            known.append(Arrival(self._now(), json.dumps(row)))

    def _refuse(self, rows: list[Mapping[str, Any]], message: str) -> Answer:
        if len(rows) == 1:
            self._tally.refused.add(str(rows[0]["event_id"]))
        return _answer(40002, message)

    def _honest(self, rows: list[Mapping[str, Any]]) -> Answer:
        bad = self._bad(rows)
        if not bad:
            self._take(rows)
            return _answer(0)
        hint = self._chance.random()
        if hint < 0.4:
            return self._refuse(rows, f"data.{bad[0]}.properties.value: Invalid")
        return self._refuse(rows, "Invalid value")

    def _in_doubt(self, rows: list[Mapping[str, Any]], result: Answer | Failure) -> Answer | Failure:
        """Take the rows or not, which the result does not tell."""
        self._tally.doubts.update(str(row["event_id"]) for row in rows)
        if self._chance.random() < 0.6 and not self._bad(rows):
            self._take(rows)
        return result

    # faults ---------------------------------------------------------------------------------------------------------

    def _unreachable(self, rows: list[Mapping[str, Any]]) -> Failure:
        del rows
        return Failure("not_sent", "connect-refused", "refused", 0.0)

    def _lost(self, rows: list[Mapping[str, Any]]) -> Answer | Failure:
        return self._in_doubt(rows, Failure("in_doubt", "reset", "reset", 0.0))

    def _slow(self, rows: list[Mapping[str, Any]]) -> Answer | Failure:
        found = self._in_doubt(rows, Failure("in_doubt", "deadline", "too late", DEADLINE_S))
        self._sleep(DEADLINE_S)
        return found

    def _gateway(self, rows: list[Mapping[str, Any]]) -> Answer | Failure:
        return self._in_doubt(rows, Answer(502, b"<html>Bad Gateway</html>", {}, 0.0))

    def _portal(self, rows: list[Mapping[str, Any]]) -> Answer | Failure:
        return self._in_doubt(rows, Answer(200, b"<html>Sign in</html>", {}, 0.0))

    def _half(self, rows: list[Mapping[str, Any]]) -> Answer | Failure:
        return self._in_doubt(rows, Answer(200, b'{"code": 0, "mess', {}, 0.0))

    def _text_code(self, rows: list[Mapping[str, Any]]) -> Answer | Failure:
        return self._in_doubt(rows, Answer(200, b'{"code": "0", "message": "OK"}', {}, 0.0))

    def _true_code(self, rows: list[Mapping[str, Any]]) -> Answer | Failure:
        return self._in_doubt(rows, Answer(200, b'{"code": true, "message": "OK"}', {}, 0.0))

    def _server_error(self, rows: list[Mapping[str, Any]]) -> Answer | Failure:
        return self._in_doubt(rows, _answer(50000))

    def _unheard_of(self, rows: list[Mapping[str, Any]]) -> Answer | Failure:
        return self._in_doubt(rows, _answer(59999))

    def _partial(self, rows: list[Mapping[str, Any]]) -> Answer | Failure:
        """Take the good rows and list the bad ones."""
        bad = self._bad(rows)
        if not bad:
            return self._in_doubt(rows, _answer(20001))
        self._tally.doubts.update(str(row["event_id"]) for row in rows)
        self._take([row for place, row in enumerate(rows) if place not in bad])
        self._tally.refused |= {str(rows[place]["event_id"]) for place in bad}
        return _answer(20001, data={"failed_events": [{"order_in_batch": place} for place in bad]})

    def _throttled(self, rows: list[Mapping[str, Any]]) -> Answer:
        del rows
        return _answer(40100)

    def _too_many(self, rows: list[Mapping[str, Any]]) -> Answer:
        del rows
        return Answer(429, b"slow down", {"retry-after": "7"}, 0.0)

    def _wrong_hint(self, rows: list[Mapping[str, Any]]) -> Answer:
        """Refuse, and name a row that is good."""
        if len(rows) == 1 and not self._bad(rows):
            return self._honest(rows)
        good = next((place for place in range(len(rows)) if place not in self._bad(rows)), 0)
        return self._refuse(rows, f"data.{good}.event_id: Invalid")

    def _together(self, rows: list[Mapping[str, Any]]) -> Answer:
        """Refuse rows that are good one by one."""
        return self._honest(rows) if len(rows) == 1 else self._refuse(rows, "Invalid")

    def _too_large(self, rows: list[Mapping[str, Any]]) -> Answer:
        return self._honest(rows) if len(rows) == 1 else Answer(413, b"too large", {}, 0.0)

    def _duplicated(self, rows: list[Mapping[str, Any]]) -> Answer | Failure:
        """Say that the request was seen before, as it is of bytes that arrived."""
        known = all(str(row["event_id"]) in self._tally.accepted for row in rows)
        return _answer(40050) if known else self._honest(rows)

    def _strange(self, rows: list[Mapping[str, Any]]) -> Answer | Failure:
        """Say that the request was seen before, although no attempt of ours can have arrived."""
        events = {str(row["event_id"]) for row in rows}
        if any(event in self._tally.accepted or self._tally.doubts[event] for event in events):
            return self._honest(rows)
        self._tally.strange |= events
        return _answer(40050)

    def _revoked(self, rows: list[Mapping[str, Any]]) -> Answer:
        del rows
        return _answer(40105)

    def _misconfigured(self, rows: list[Mapping[str, Any]]) -> Answer:
        del rows
        return _answer(40001)


_FAULTS = (
    "unreachable", "lost", "lost", "lost", "slow", "gateway", "portal", "half", "text_code", "true_code",
    "server_error", "unheard_of", "partial", "partial", "throttled", "too_many", "wrong_hint", "together", "together",
    "too_large", "duplicated", "strange", "strange", "revoked", "misconfigured",
)  # fmt: skip


def _answer(code: int, message: str = "", data: Mapping[str, Any] | None = None) -> Answer:
    text = json.dumps({"code": code, "message": message, "request_id": "T1", "data": data or {}})
    return Answer(200, text.encode(), {}, 0.0)
