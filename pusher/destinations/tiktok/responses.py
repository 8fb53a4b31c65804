"""What an answer proves.

An allow-list: only HTTP 200 with a JSON object whose `code` is the whole number of success is an acceptance. HTTP 200
alone says nothing, because the API answers 200 to almost everything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from functools import cache
from http import HTTPStatus
from typing import Any, NoReturn

from pusher.contracts import Answer, Failure, Verdict
from pusher.destinations.tiktok.facts import tables
from pusher.payload.model import Contract, ResponseClass, ReturnCode
from pusher.transport import redact

_UNKNOWN, _STOP, _RETRY, _DUPLICATE, _PARTIAL = "UNKNOWN", "STOP", "RETRY", "DUP", "PARTIAL"
_CLASS_OF_KIND = {"not_sent": _RETRY, "in_doubt": _UNKNOWN, "stop": _STOP}
_LONGEST_CODE = 2**63
_IN_DOUBT = "unknown"
_PROVES_DELIVERY = {"accepted", "split"}
_TICKET = re.compile(r"[0-9A-Za-z_-]{1,64}").fullmatch


@dataclass(frozen=True, slots=True)
class _Envelope:
    """The parsed body of an answer."""

    code: int
    message: str
    request_id: str | None
    data: Mapping[str, Any]


def verdict(
    contract: Contract, result: Answer | Failure, *, rows: int, earlier: Collection[str | None] = ()
) -> Verdict:
    """Classify the result of one attempt.

    Args:
        contract: Holds the classes.
        result: What the transport returned.
        rows: Rows in the batch.
        earlier: Classes of the earlier attempts with the same bytes, None for one that nobody saw the end of.
    """
    if isinstance(result, Failure):
        return _of_failure(contract, result)
    return _of_answer(contract, result, rows, earlier)


def _of_failure(contract: Contract, failure: Failure) -> Verdict:
    fallback = contract.classes[_CLASS_OF_KIND.get(failure.kind, _UNKNOWN)]
    known = contract.classes[contract.failures.get(failure.reason, fallback.name)]
    # The kind says whether something may have arrived, and no table may overrule that.
    chosen = known if known.outcome == fallback.outcome else fallback
    return Verdict(
        chosen.outcome,
        chosen.name,
        message=redact(failure.message),
        remedy=chosen.remedy,
        waits=chosen.waits,
    )


def _of_answer(contract: Contract, answer: Answer, rows: int, earlier: Collection[str | None]) -> Verdict:
    envelope = _envelope(answer.body)
    code = _return_code(contract, envelope.code) if envelope else None
    chosen = _class(contract, answer.status, code)
    if chosen.outcome == "accepted" and envelope and _names_failures(envelope.data):
        # The code of success and a list of rows that failed contradict each other, and only the list can be acted on.
        chosen = contract.classes[_PARTIAL]
    outcome = chosen.outcome
    if envelope and outcome == "split":
        envelope = _in_words_about_rows(envelope)
    if chosen.name == _DUPLICATE and any(_may_have_arrived(contract, one) for one in earlier):
        outcome = "accepted"
    remedy = code.remedy if code is not None and code.response_class == chosen.name else None
    return Verdict(
        outcome,
        chosen.name,
        http_status=answer.status,
        # No code of TikTok's is that long, and the ledger could not hold it.
        code=envelope.code if envelope and abs(envelope.code) < _LONGEST_CODE else None,
        message=redact(envelope.message if envelope else _strange(answer)),
        request_id=_ticket(envelope, answer),
        remedy=remedy or chosen.remedy,
        bad_rows=_bad_rows(envelope, outcome, rows) if envelope else (),
        waits=chosen.waits if outcome != "accepted" else "none",
        retry_after_s=_retry_after_s(answer.headers),
    )


def _may_have_arrived(contract: Contract, response_class: str | None) -> bool:
    """Say whether an attempt of a class may have been obeyed; what was refused as a duplicate was not."""
    if response_class in {None, _PARTIAL}:
        return True
    known = contract.classes.get(response_class or "")
    return known is not None and known.outcome == _IN_DOUBT and response_class != _DUPLICATE


def data_of(answer: Answer) -> Mapping[str, Any]:
    """Return the `data` of an answer, empty when it is no envelope."""
    envelope = _envelope(answer.body)
    return envelope.data if envelope is not None else {}


def _class(contract: Contract, status: int, code: ReturnCode | None) -> ResponseClass:
    by_code = contract.classes[code.response_class if code is not None else _UNKNOWN]
    if status == HTTPStatus.OK:
        return by_code
    by_status = contract.classes[contract.http.get(status, _UNKNOWN)]
    unclear = code is None or by_code.outcome in _PROVES_DELIVERY
    if unclear or status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return by_status
    return by_code


def _return_code(contract: Contract, code: int) -> ReturnCode | None:
    return next((known for known in contract.codes if known.first <= code <= known.last), None)


def _envelope(body: bytes) -> _Envelope | None:
    """Return the body if it is an envelope that can be read in one way only."""
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or type(value.get("code")) is not int:
        return None
    message, request_id, data = value.get("message"), value.get("request_id"), value.get("data")
    return _Envelope(
        code=value["code"],
        message=message if isinstance(message, str) else "",
        request_id=request_id if isinstance(request_id, str) else None,
        data=data if isinstance(data, dict) else {},
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _strange(answer: Answer) -> str:
    size = f"{len(answer.body):,} bytes" if answer.body else "nothing"
    kind = answer.headers.get("content-type", "").split(";")[0].strip() or "no content type"
    return f"HTTP {answer.status} with {size} ({kind}) instead of TikTok's JSON."


def _ticket(envelope: _Envelope | None, answer: Answer) -> str | None:
    for candidate in (envelope.request_id if envelope else None, answer.headers.get(_facts()["ticket_header"])):
        if candidate is not None and _TICKET(candidate):
            return candidate
    return None


def _names_failures(data: Mapping[str, Any]) -> bool:
    facts = _facts()
    return bool(data.get(facts["failed_rows"])) or data.get(facts["failed_some"]) is True


def _in_words_about_rows(envelope: _Envelope) -> _Envelope:
    """Return an answer that lists failed rows with the words about the first of them as its message."""
    facts = _facts()
    listed = envelope.data.get(facts["failed_rows"])
    for entry in listed if isinstance(listed, list) else ():
        said = entry.get(facts["failed_because"]) if isinstance(entry, dict) else None
        if isinstance(said, str) and said:
            return replace(envelope, message=said)
    return envelope


def _bad_rows(envelope: _Envelope, outcome: str, rows: int) -> tuple[int, ...]:
    """Return the rows that the answer names, or none at all when a number cannot be a row of this batch."""
    facts = _facts()
    numbers: list[Any]
    if outcome == "rejected":
        numbers = [int(match) for match in re.findall(facts["row_index"], envelope.message)]
    elif outcome == "split":
        listed = envelope.data.get(facts["failed_rows"])
        entries = listed if isinstance(listed, list) else []
        numbers = [entry.get(facts["failed_row"]) if isinstance(entry, dict) else None for entry in entries]
    else:
        return ()
    if not all(type(number) is int and 0 <= number < rows for number in numbers):
        return ()
    return tuple(sorted(set(numbers)))


def path_named(message: str) -> str | None:
    """Return the place in the JSON row that a message names, such as `properties.value`, or None."""
    found = re.search(_facts()["named_path"], message)
    return None if found is None else found[1].rstrip(".")


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the header's wish, capped; a date is measured against the server's own clock."""
    text = headers.get("retry-after", "").strip()
    seconds: float | None = None
    if text.isascii() and text.isdigit():
        seconds = float(text[:9])
    elif text:
        try:
            seconds = (parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("date", ""))).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return None if seconds is None else min(max(0.0, seconds), float(_facts()["longest_retry_after_s"]))


@cache
def _facts() -> dict[str, Any]:
    facts: dict[str, Any] = tables("responses")["answer"]
    return facts
