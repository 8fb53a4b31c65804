"""Scripted faults: what the sandbox does wrong, when asked to.

A list of steps, read from JSON or YAML::

    - {match: {path: event/track/, nth: 2}, do: 40100}
    - {match: {contains: [order-17, order-18]}, do: 40002, message: "data.3.event_id: Not a valid string", times: null}
    - {do: drop_after_accept}
    - {do: 429, headers: {Retry-After: "7"}, after: before}
    - {match: {path: segment/mapping/}, do: late, delay_s: 90}

`do` is a return code, an HTTP status (three digits) or one of `FAULT_NAMES`. `match` names part of the path, the number
of the matching request from which the step works, and text that the body must hold. `after: accept` counts the rows
before the fault. `times` is how often it works; null is for ever. `late` loses the connection, and the request lands
`delay_s` seconds later by the sandbox's clock, before the next request or page from then on; several land in the order
of their times.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pusher.config import load_yaml, suggest
from pusher.errors import ConfigError, Problem

_JSON, _HTML, _PLAIN = "application/json", "text/html", "text/plain; charset=utf-8"
_LATE = "late"
_DROPS = {"drop_before": False, "drop_after_accept": True, _LATE: False}
_CUT = {"truncate", "slow_drip"}
_STATUSES = range(100, 600)
_LONGEST_DELAY_S = 10**9
_ELSEWHERE = "http://127.0.0.1:9/elsewhere"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer, or the lack of one.

    Attributes:
        status: HTTP status.
        content_type: Its header.
        body: What is sent.
        headers: Further headers.
        declared_bytes: Content-Length, when it is not the body's.
        drips: Bytes are sent one by one.
        is_dropped: The connection ends without an answer.
    """

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    declared_bytes: int | None = None
    drips: bool = False
    is_dropped: bool = False


_FIXED = {
    "html_502": Reply(HTTPStatus.BAD_GATEWAY, _HTML, b"<html><h1>502 Bad Gateway</h1></html>"),
    "html_200": Reply(HTTPStatus.OK, _HTML, b"<html><h1>Sign in to the network</h1></html>"),
    "empty": Reply(HTTPStatus.OK, _JSON, b""),
    "null": Reply(HTTPStatus.OK, _JSON, b"null"),
    "list": Reply(HTTPStatus.OK, _JSON, b"[]"),
    "code_text": Reply(HTTPStatus.OK, _JSON, b'{"code":"0","message":"OK"}'),
    "code_true": Reply(HTTPStatus.OK, _JSON, b'{"code":true,"message":"OK"}'),
    "no_code": Reply(HTTPStatus.OK, _JSON, b'{"message":"OK","data":{}}'),
    "redirect": Reply(HTTPStatus.TEMPORARY_REDIRECT, _PLAIN, b"", (("Location", _ELSEWHERE),)),
}
FAULT_NAMES = (*_DROPS, *sorted(_CUT), *_FIXED)


@dataclass(frozen=True, slots=True)
class Match:
    """Which requests a step is about.

    Attributes:
        path: Text that the path must hold.
        contains: Texts that the body must hold, each of them.
        nth: Number of the first matching request for which the step works, from 1.
    """

    path: str = ""
    contains: tuple[bytes, ...] = ()
    nth: int = 1

    def fits(self, path: str, body: bytes) -> bool:
        """Say whether a request is one of them."""
        return self.path in path and all(text in body for text in self.contains)


@dataclass(frozen=True, slots=True)
class Fault:
    """One step.

    Attributes:
        name: What it does, as written.
        code: Return code that it answers with, or None.
        status: HTTP status that it answers with, or None.
        accepts_first: The rows are counted before the fault.
        match: Requests it is about.
        times: How often it works, or None for ever.
        message: Message of a return code.
        data: Data of a return code.
        headers: Further headers of the answer.
        delay_s: How much later the request lands, or None.
    """

    name: str
    code: int | None = None
    status: int | None = None
    accepts_first: bool = False
    match: Match = Match()
    times: int | None = 1
    message: str = "Scripted by the sandbox"
    data: Mapping[str, Any] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float | None = None

    @property
    def is_judged(self) -> bool:
        """Whether the request is looked at, for now or for later."""
        return self.accepts_first or self.delay_s is not None

    def reply(self, request_id: str, honest: Reply) -> Reply:
        """Return what is answered instead of the honest reply."""
        if self.name in _DROPS:
            return Reply(HTTPStatus.OK, _PLAIN, b"", is_dropped=True)
        if self.name == "truncate":
            half = honest.body[: len(honest.body) // 2]
            return Reply(HTTPStatus.OK, _JSON, half, self.headers, declared_bytes=len(honest.body))
        if self.name == "slow_drip":
            return Reply(HTTPStatus.OK, _JSON, honest.body, self.headers, drips=True)
        if self.code is not None:
            answer = {"code": self.code, "message": self.message, "request_id": request_id, "data": dict(self.data)}
            return Reply(HTTPStatus.OK, _JSON, json.dumps(answer).encode(), self.headers)
        if self.status is not None:
            return Reply(self.status, _PLAIN, b"Scripted by the sandbox", self.headers)
        fixed = _FIXED[self.name]
        return Reply(fixed.status, fixed.content_type, fixed.body, (*fixed.headers, *self.headers))


class Plan:
    """The steps of a sandbox and how often each has worked; thread-safe.

    Args:
        faults: Steps; the first that fits a request works.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._faults = tuple(faults)
        self._lock = threading.Lock()
        self._seen = [0] * len(self._faults)
        self._worked = [0] * len(self._faults)

    @classmethod
    def parse(cls, steps: Sequence[Mapping[str, Any]]) -> Plan:
        """Return the plan of steps as they are written.

        Raises:
            ConfigError: With one problem for each step that is not understood.
        """
        faults, problems = [], []
        for number, step in enumerate(steps, 1):
            try:
                faults.append(_parse_step(step))
            except _BadStep as error:
                problems.append(Problem("sandbox-fault", f"Fault {number}: {error}.", fix=error.fix))
        if problems:
            raise ConfigError(*problems)
        return cls(faults)

    def next_fault(self, path: str, body: bytes) -> Fault | None:
        """Return the fault of a request, if it has one."""
        if not self._faults:
            return None
        chosen: int | None = None
        with self._lock:
            for number, fault in enumerate(self._faults):
                if not fault.match.fits(path, body):
                    continue
                self._seen[number] += 1
                is_due = self._seen[number] >= fault.match.nth
                is_left = fault.times is None or self._worked[number] < fault.times
                if chosen is None and is_due and is_left:
                    chosen = number
                    self._worked[number] += 1
        return None if chosen is None else self._faults[chosen]


def load_faults(path: Path) -> list[Mapping[str, Any]]:
    """Read the steps of a JSON or YAML file.

    Raises:
        ConfigError: The file cannot be read or does not hold a list.
    """
    value = load_yaml(path, path.name).value
    if isinstance(value, dict) and not value:
        return []
    if not isinstance(value, list):
        raise ConfigError(
            Problem(
                "sandbox-fault", "The faults must be a list of steps.", path.name, fix="Start each step with a dash."
            )
        )
    return value


class _BadStep(Exception):
    def __init__(self, message: str, fix: str | None = None) -> None:
        super().__init__(message)
        self.fix = fix


def _parse_step(step: Any) -> Fault:
    _check_keys(step, {"match", "do", "after", "times", "message", "data", "headers", "delay_s"})
    name, after, times = str(step.get("do", "")), step.get("after"), step.get("times", 1)
    if after not in {None, "accept", "before"}:
        raise _BadStep("`after` must be accept or before")
    if times is not None and (type(times) is not int or times < 1):
        raise _BadStep("`times` must be a whole number from 1, or null")
    data, headers = step.get("data") or {}, step.get("headers") or {}
    if not isinstance(data, dict) or not isinstance(headers, dict):
        raise _BadStep("`data` and `headers` must be mappings")
    code, status = _numbers(name)
    return Fault(
        name=name,
        code=code,
        status=status,
        accepts_first=after == "accept" or _DROPS.get(name, name in _CUT and after is None),
        match=_parse_match(step.get("match") or {}),
        times=times,
        message=str(step.get("message", "Scripted by the sandbox")),
        data=data,
        headers=tuple((str(key), str(value)) for key, value in headers.items()),
        delay_s=_parse_delay(name, step),
    )


def _parse_delay(name: str, step: Mapping[str, Any]) -> float | None:
    delay_s: Any = step.get("delay_s")
    if name != _LATE:
        if delay_s is not None:
            raise _BadStep("`delay_s` is for `do: late`")
        return None
    if "after" in step:
        raise _BadStep("`after` is not for `do: late`")
    is_number = isinstance(delay_s, int | float) and not isinstance(delay_s, bool)
    if not is_number or not 0 <= delay_s < _LONGEST_DELAY_S:
        raise _BadStep("`do: late` needs `delay_s`, a number of seconds from 0")
    return float(delay_s)


def _numbers(name: str) -> tuple[int | None, int | None]:
    """Return the return code or the HTTP status that a name is, if it is a number."""
    if name in FAULT_NAMES:
        return None, None
    try:
        number = int(name)
    except ValueError:
        near = suggest(name, FAULT_NAMES)
        fix = f"Did you mean `{near}`?" if near else f"A number, or one of: {', '.join(FAULT_NAMES)}."
        raise _BadStep(f"`do: {name}` is not known", fix) from None
    return (None, number) if number in _STATUSES else (number, None)


def _parse_match(match: Any) -> Match:
    _check_keys(match, {"path", "nth", "contains"})
    nth, contains = match.get("nth", 1), match.get("contains", [])
    if type(nth) is not int or nth < 1:
        raise _BadStep("`nth` must be a whole number from 1")
    texts = contains if isinstance(contains, list) else [contains]
    return Match(str(match.get("path", "")), tuple(str(text).encode() for text in texts), nth)


def _check_keys(found: Any, known: set[str]) -> None:
    if not isinstance(found, dict):
        raise _BadStep("must be a mapping")
    for key in found:
        if key not in known:
            near = suggest(str(key), known)
            fix = f"Did you mean `{near}`?" if near else f"Known keys: {', '.join(sorted(known))}."
            raise _BadStep(f"unknown key `{key}`", fix)
