"""Judges a finished JSON request by the contract: the last check before the wire, and the sandbox's own.

Each payload is compiled once into nested checks; a row then costs a dictionary look-up and one call per value.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pusher.payload.characters import CONTROL, NOT_BLANK
from pusher.payload.model import Contract, Field, Payload

# Names of the envelope; what stands inside it comes from the contract.
_SOURCE, _SOURCE_ID, _ROWS, _TEST_CODE = "event_source", "event_source_id", "data", "test_event_code"
_ENVELOPE = frozenset({_SOURCE, _SOURCE_ID, _ROWS, _TEST_CODE})
_CURRENCIES = "currencies"
_CURRENCY = re.compile(r"[A-Z]{3}").fullmatch
_DIGEST = re.compile(r"[0-9a-f]{64}").fullmatch


def _searcher(pattern: str) -> Callable[[str], object]:
    """Return the search of a class that the checks use, in the notation of Python."""
    return re.compile(re.sub(r"\\x\{(\w+)\}", lambda found: f"\\u{found[1]:0>4}", pattern)).search


_is_visible, _holds_control = _searcher(NOT_BLANK), _searcher(CONTROL)
_LATEST_VALIDATORS = 4

Check = Callable[[Any, float], "str | list[_Found] | None"]
"""Judges one value at a moment: None, a sentence about the value itself, or findings below it."""
_Found = tuple[str, str]


@dataclass(frozen=True, slots=True)
class BodyProblem:
    """One thing that the destination would refuse.

    Attributes:
        path: Dotted place, such as `data.3.properties.contents.0.content_id`.
        message: What is wrong there, never the value.
        row: Row number within the batch, or None for the envelope.
    """

    path: str
    message: str
    row: int | None = None

    @property
    def text(self) -> str:
        """Place and message, as the destination prints them."""
        return f"{self.path}: {self.message}" if self.path else self.message


class BodyValidator:
    """Checks compiled from one contract.

    Args:
        contract: Facts to judge by.
    """

    def __init__(self, contract: Contract) -> None:
        self._payloads = {
            payload.event_source: (payload, _row_check(payload), re.compile(payload.source_id_pattern))
            for payload in contract.payloads.values()
            if payload.kind == "events"
        }

    def problems(self, body: Any, *, now_s: float) -> Iterator[BodyProblem]:
        """Yield what is wrong, envelope first, then row by row.

        Args:
            body: Parsed JSON.
            now_s: The receiver's time in Unix seconds.
        """
        if not isinstance(body, dict):
            yield BodyProblem("", "Not a valid object")
            return
        for name in body:
            if name not in _ENVELOPE:
                yield BodyProblem(str(name), "Unknown field")
        source = body.get(_SOURCE)
        known = self._payloads.get(source) if isinstance(source, str) else None
        if known is None:
            yield BodyProblem(_SOURCE, _missing_or(body, _SOURCE, "Not a valid choice"))
            return
        payload, check, pattern = known
        yield from _envelope_problems(body, pattern)
        yield from _rows_problems(body, payload, check, now_s)


def _missing_or(holder: Mapping[str, Any], name: str, message: str) -> str:
    return message if name in holder else "Missing data for required field"


def _envelope_problems(body: Mapping[str, Any], pattern: re.Pattern[str]) -> Iterator[BodyProblem]:
    source_id = body.get(_SOURCE_ID)
    if not isinstance(source_id, str):
        yield BodyProblem(_SOURCE_ID, _missing_or(body, _SOURCE_ID, "Not a valid string"))
    elif not pattern.fullmatch(source_id):
        yield BodyProblem(_SOURCE_ID, "Not in the form of this event source's ids")
    if _TEST_CODE in body:
        message = _text(body[_TEST_CODE], 0.0)
        if isinstance(message, str):
            yield BodyProblem(_TEST_CODE, message)


def _rows_problems(body: Mapping[str, Any], payload: Payload, check: Check, now_s: float) -> Iterator[BodyProblem]:
    rows = body.get(_ROWS)
    if not isinstance(rows, list):
        yield BodyProblem(_ROWS, _missing_or(body, _ROWS, "Not a valid list"))
        return
    if not 1 <= len(rows) <= payload.limits.max_rows_per_request:
        yield BodyProblem(_ROWS, f"Length must be between 1 and {payload.limits.max_rows_per_request}")
        return
    for number, row in enumerate(rows):
        found = check(row, now_s)
        if found is None:
            continue
        for path, message in _as_findings(found):
            yield BodyProblem(f"{_ROWS}.{number}.{path}".rstrip("."), message, number)


def _as_findings(found: str | list[_Found]) -> list[_Found]:
    return [("", found)] if isinstance(found, str) else found


def _below(name: object, found: str | list[_Found]) -> Iterator[_Found]:
    for path, message in _as_findings(found):
        yield (f"{name}.{path}" if path else f"{name}"), message


# Values


def _text(value: Any, now_s: float) -> str | None:
    del now_s
    if type(value) is not str:
        return "Not a valid string"
    # Most texts start with a visible ASCII character, and that is quicker to see.
    if not ("!" <= value <= "~" or _is_visible(value)):
        return "Must not be empty"
    return "Must not hold control characters" if _holds_control(value) else None


def _boolean(value: Any, now_s: float) -> str | None:
    del now_s
    return None if type(value) is bool else "Not a valid boolean"


def _ip(value: Any, now_s: float) -> str | None:
    if message := _text(value, now_s):
        return message
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return "Not a valid IP address"
    return None


def _digest(value: Any, now_s: float) -> str | None:
    del now_s
    if type(value) is not str:
        return "Not a valid string"
    return None if _DIGEST(value) else "Not a SHA-256 digest of 64 lower-case hexadecimal digits"


def _one_or_more(check: Check) -> Check:
    many = _list_of(check)

    def judge(value: Any, now_s: float) -> str | list[_Found] | None:
        return many(value, now_s) if type(value) is list else check(value, now_s)

    return judge


def _list_of(check: Check, longest: int | None = None) -> Check:
    def judge(value: Any, now_s: float) -> str | list[_Found] | None:
        if type(value) is not list:
            return "Not a valid list"
        if not value:
            return "Must not be empty"
        if longest is not None and len(value) > longest:
            return f"Longer than {longest}"
        found: list[_Found] | None = None
        for number, item in enumerate(value):
            wrong = check(item, now_s)
            if wrong is not None:
                found = found or []
                found += _below(number, wrong)
        return found

    return judge


def _time(grace_s: int) -> Check:
    def judge(value: Any, now_s: float) -> str | None:
        if type(value) is not int:
            return "Not a valid integer"
        if value < 0:
            return "Not a valid Unix time in seconds"
        return "Is in the future" if value > now_s + grace_s else None

    return judge


def _number(field: Field, *, whole: bool) -> Check:
    kinds = {int} if whole else {int, float, Decimal}
    refusal = "Not a valid integer" if whole else "Not a valid number"
    minimum, maximum, positive = field.minimum, field.maximum, field.positive

    def judge(value: Any, now_s: float) -> str | None:
        del now_s
        # A whole number is finite, and may be too large for the question.
        if type(value) not in kinds or (type(value) is not int and not math.isfinite(value)):
            return refusal
        if minimum is not None and value < minimum:
            return f"Must be at least {minimum}"
        if maximum is not None and value > maximum:
            return f"Must be at most {maximum}"
        return "Must be greater than 0" if positive and value <= 0 else None

    return judge


def _bounded(check: Check, longest_bytes: int) -> Check:
    # No character takes more than 4 bytes, so most values never need to be encoded for this.
    short = longest_bytes // 4

    def judge(value: Any, now_s: float) -> str | list[_Found] | None:
        found = check(value, now_s)
        if found is None and len(value) > short and len(value.encode("utf-8", "replace")) > longest_bytes:
            return f"Longer than {longest_bytes} bytes"
        return found

    return judge


def _currency(value: Any, now_s: float) -> str | None:
    if message := _text(value, now_s):
        return message
    return None if _CURRENCY(value) else "Not a currency code of three upper-case letters"


def _choice(accepted: frozenset[str]) -> Check:
    def judge(value: Any, now_s: float) -> str | None:
        del now_s
        if type(value) is str and value in accepted:
            return None
        return "Not a valid choice" if type(value) is str and value else _text(value, 0.0)

    return judge


def _value_check(field: Field, payload: Payload) -> Check:
    if field.enum == _CURRENCIES:
        return _currency
    if field.enum is not None and payload.event_source not in field.enum_open:
        return _choice(payload.enums[field.enum].accepted)
    if field.type == "items":
        return _list_of(_object(_item_tree(payload)), payload.limits.max_items)
    return _type_checks(field, payload)[field.type]


def _type_checks(field: Field, payload: Payload) -> dict[str, Check]:
    text = _bounded(_text, payload.limits.max_field_bytes)
    return {
        "text": text,
        "id": text,
        "texts": _list_of(text, payload.limits.max_items),
        "digest": _digest,
        "digests": _one_or_more(_digest),
        "ip": _ip,
        "boolean": _boolean,
        "time": _time(payload.limits.future_grace_s),
        "decimal": _number(field, whole=False),
        "integer": _number(field, whole=True),
    }


# Objects


@dataclass(slots=True)
class _Node:
    """An object of the JSON: a check for each known name, and the names that must be there."""

    checks: dict[str, Check]
    required: tuple[str, ...]


def _object(node: _Node) -> Check:
    get, required = node.checks.get, node.required

    def judge(value: Any, now_s: float) -> list[_Found] | str | None:
        if type(value) is not dict:
            return "Not a valid object"
        if not value:
            return "Must not be empty"
        found: list[_Found] | None = None
        for name in value:
            check = get(name)
            wrong: str | list[_Found] | None = "Unknown field" if check is None else check(value[name], now_s)
            if wrong is not None:
                found = found or []
                found += _below(name, wrong)
        for name in required:
            if name not in value:
                found = found or []
                found.append((name, "Missing data for required field"))
        return found

    return judge


def _tree(fields: Iterable[tuple[tuple[str, ...], Field]], payload: Payload) -> _Node:
    """Build an object's checks from the paths of its fields."""
    node, required = _Node({}, ()), []
    inner: dict[str, list[tuple[tuple[str, ...], Field]]] = {}
    for path, field in fields:
        name, *rest = path
        if rest:
            inner.setdefault(name, []).append((tuple(rest), field))
        else:
            node.checks[name] = _value_check(field, payload)
        if payload.event_source in field.required_by and name not in required:
            required.append(name)
    for name, below in inner.items():
        node.checks[name] = _object(_tree(below, payload))
    node.required = tuple(required)
    return node


def _sent(fields: Iterable[Field], payload: Payload) -> list[tuple[tuple[str, ...], Field]]:
    return [
        (tuple(field.path.split(".")), field)
        for field in fields
        if field.path and (not field.sources or payload.event_source in field.sources)
    ]


def _item_tree(payload: Payload) -> _Node:
    return _tree(_sent(payload.item_fields, payload), payload)


def _row_check(payload: Payload) -> Check:
    return _object(_tree(_sent(payload.fields, payload), payload))


_latest: list[tuple[Contract, BodyValidator]] = []


def validate_body(body: Any, contract: Contract, *, now_s: float) -> list[BodyProblem]:
    """Return everything that the destination would refuse in a finished request.

    Age is not judged: rows that are too old are accepted and silently not counted.

    Args:
        body: Parsed JSON of the request.
        contract: Facts to judge by; compiled on first use.
        now_s: The receiver's time in Unix seconds.
    """
    return list(_validator(contract).problems(body, now_s=now_s))


def _validator(contract: Contract) -> BodyValidator:
    for known, compiled in _latest:
        if known is contract:
            return compiled
    validator = BodyValidator(contract)
    _latest[:] = [(contract, validator), *_latest[: _LATEST_VALIDATORS - 1]]
    return validator
