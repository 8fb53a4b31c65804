"""A closed world of answers: what each proves, and that nothing strange is ever an acceptance."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import pytest

from pusher.contracts import Answer, Failure, Verdict
from pusher.destinations.tiktok import destination
from pusher.destinations.tiktok.facts import contract

DATE = "Wed, 01 Jul 2026 00:00:00 GMT"


def judge(
    body: Any,
    *,
    status: int = 200,
    rows: int = 10,
    earlier: Collection[str | None] = (),
    headers: dict[str, str] | None = None,
) -> Verdict:
    """Return the verdict on an answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Answer(status, raw, headers or {"content-type": "application/json"}, 0.1)
    return destination.verdict(answer, rows=rows, earlier=earlier)


def coded(code: Any, message: str = "OK", **more: Any) -> dict[str, Any]:
    """Return an envelope."""
    return {"code": code, "message": message, "request_id": "R1", "data": {}, **more}


def test_success_is_http_200_with_the_whole_number_0() -> None:
    """The one way to be accepted."""
    assert judge(coded(0)) == Verdict(
        "accepted", "ACK", http_status=200, code=0, message="OK", request_id="R1", waits="none"
    )


NOT_SUCCESS = [
    b"",
    b" ",
    b"null",
    b"[]",
    b"0",
    b"true",
    b'"OK"',
    b"{}",
    b"<html>502 Bad Gateway</html>",
    b'{"message":"OK"}',
    b'{"code":"0","message":"OK"}',
    b'{"code":true}',
    b'{"code":false}',
    b'{"code":null}',
    b'{"code":0.0}',
    b'{"code":-0.0}',
    b'{"code":0e0}',
    b'{"code":[0]}',
    b'{"code":{"code":0}}',
    b'{"Code":0}',
    b'[{"code":0}]',
    b'{"code":0,"code":40105}',
    b'{"code":40105,"code":0}',
    b'{"code":0',
    b'{"code":0}}',
    b'{"code":0} {"code":0}',
    b'{"code":0,"data":NaN}',
    b'\xef\xbb\xbf{"code":0}',
    b'{"code":0,"message":"\xff"}',
    '{"code":0}'.encode("utf-16"),
    b"[" * 200_000,
    b'{"code":' + b"1" * 10_000 + b"}",
]


@pytest.mark.parametrize("body", NOT_SUCCESS, ids=lambda body: repr(body[:30]))
@pytest.mark.parametrize("earlier", [(), (None,)])
def test_an_answer_that_is_not_understood_is_unknown(body: bytes, earlier: Collection[str | None]) -> None:
    """HTTP 200 alone says nothing."""
    verdict = judge(body, earlier=earlier)
    assert (verdict.outcome, verdict.response_class, verdict.code) == ("unknown", "UNKNOWN", None)


@pytest.mark.parametrize("code", [-1, 1, 200, 20000, 20002, 54000, 59999, 60000, 99999, 2**63 - 1])
def test_a_number_that_nobody_lists_is_unknown(code: int) -> None:
    """A changed API is not an acceptance."""
    verdict = judge(coded(code))
    assert (verdict.outcome, verdict.response_class, verdict.code) == ("unknown", "UNKNOWN", code)


@pytest.mark.parametrize("code", [2**63, 10**20, -(10**20)])
def test_a_number_too_long_for_the_ledger_is_no_code(code: int) -> None:
    """It is unknown as any other, and left out of what is stored."""
    verdict = judge(coded(code))
    assert (verdict.outcome, verdict.response_class, verdict.code) == ("unknown", "UNKNOWN", None)


@pytest.mark.parametrize(
    "body", [coded(0), coded(20001), b"", b"<html></html>"], ids=["ok", "partial", "empty", "html"]
)
def test_no_other_status_is_ever_an_acceptance(body: Any) -> None:
    """An acceptance needs both: the status and the code."""
    verdicts = [judge(body, status=status, earlier=[None]) for status in range(100, 600) if status != 200]
    assert {verdict.outcome for verdict in verdicts} <= {"unknown", "retry", "halt", "split"}
    assert {verdict.response_class for verdict in verdicts}.isdisjoint({"ACK", "PARTIAL"})


CLASSES = {
    "ACK": [0],
    "PARTIAL": [20001],
    "DATA": [40000, 40002, 40011, 40061],
    "THROTTLE": [40016, 40100, 40132, 40133, 61000],
    "AUTH": list(range(40101, 40118)),
    "CONFIG": [
        40001, 40003, 40006, 40007, 40008, 40009, 40010, 40013, 40014, 40051, 40063, *range(40118, 40126), 40130, 40131,
        *range(40300, 40310), 40400, 41000, 41001, 41002, 40502, 40900, *range(40905, 40911), 40914, 40915, 49999,
    ],
    "DUP": [40050],
    "DEFER": [40200, 40201, 40202],
    "SERVER": [40700, 50000, 50002, 51000, 51003, 51012, 52123, 53999, 60001],
    "STOP": [40062],
}  # fmt: skip
OUTCOMES = {
    "ACK": ("accepted", "none"),
    "PARTIAL": ("split", "none"),
    "DATA": ("rejected", "none"),
    "THROTTLE": ("retry", "throttle"),
    "AUTH": ("halt", "none"),
    "CONFIG": ("halt", "none"),
    "DUP": ("unknown", "backoff"),
    "DEFER": ("retry", "minutes"),
    "SERVER": ("unknown", "backoff"),
    "STOP": ("halt", "none"),
}


@pytest.mark.parametrize(("name", "code"), [(name, code) for name, codes in CLASSES.items() for code in codes])
def test_each_return_code_has_its_class(name: str, code: int) -> None:
    """The table of classes, code by code."""
    verdict = judge(coded(code))
    assert (verdict.response_class, verdict.outcome, verdict.waits) == (name, *OUTCOMES[name])


def test_every_code_of_the_contract_is_in_the_table_above() -> None:
    """A code that is added must be classed on purpose."""
    listed = {code.first for code in contract().codes} | {code.last for code in contract().codes}
    assert listed <= {code for codes in CLASSES.values() for code in codes}


def test_every_refusal_says_what_to_do() -> None:
    """A person gets a next step for everything that stops or rejects."""
    codes = [code for name, codes in CLASSES.items() for code in codes if OUTCOMES[name][0] in {"halt", "rejected"}]
    assert [code for code in codes if not judge(coded(code)).remedy] == []


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (429, b"", "THROTTLE"),
        (429, coded(40002), "THROTTLE"),
        (429, coded(0), "THROTTLE"),
        (413, b"", "SIZE"),
        (404, b"<html>", "STOP"),
        (405, b"", "STOP"),
        (415, b"", "STOP"),
        (408, b"", "UNKNOWN"),
        (403, b"<html>", "UNKNOWN"),
        (401, coded(40105), "AUTH"),
        (403, coded(40001), "CONFIG"),
        (400, coded(40002), "DATA"),
        (400, b"", "UNKNOWN"),
        (201, coded(0), "UNKNOWN"),
        (204, b"", "UNKNOWN"),
        (500, b"", "SERVER"),
        (500, coded(40002), "SERVER"),
        (502, b"<html>", "SERVER"),
        (503, coded(0), "SERVER"),
        (504, b"", "SERVER"),
        (599, b"", "UNKNOWN"),
    ],
)
def test_each_http_status_has_its_class(status: int, body: Any, expected: str) -> None:
    """The status counts where there is no envelope, and always when it says too busy or broken."""
    assert judge(body, status=status).response_class == expected


@pytest.mark.parametrize(("reason", "name"), sorted(contract().failures.items()))
def test_each_failure_of_the_transport_has_its_class(reason: str, name: str) -> None:
    """Reasons are the contract's."""
    kind = {"retry": "not_sent", "unknown": "in_doubt", "halt": "stop"}[contract().classes[name].outcome]
    verdict = destination.verdict(Failure(kind, reason, "It broke.", 1.0), rows=1, earlier=(None,))
    assert (verdict.response_class, verdict.message, verdict.http_status, verdict.code) == (
        name,
        "It broke.",
        None,
        None,
    )


@pytest.mark.parametrize(
    ("kind", "reason", "expected"),
    [
        ("in_doubt", "proxy", "UNKNOWN"),
        ("in_doubt", "never-heard-of", "UNKNOWN"),
        ("not_sent", "never-heard-of", "RETRY"),
        ("stop", "never-heard-of", "STOP"),
        ("never-heard-of", "never-heard-of", "UNKNOWN"),
    ],
)
def test_the_kind_of_a_failure_wins_over_its_reason(kind: str, reason: str, expected: str) -> None:
    """What may have arrived is never simply repeated."""
    verdict = destination.verdict(Failure(kind, reason, "", 1.0), rows=1, earlier=())
    assert verdict.response_class == expected


@pytest.mark.parametrize(
    ("earlier", "outcome", "waits"),
    [
        ((), "unknown", "backoff"),
        (("DUP",), "unknown", "backoff"),
        (("THROTTLE", "DUP", "RETRY"), "unknown", "backoff"),
        (("a class of an older version",), "unknown", "backoff"),
        ((None,), "accepted", "none"),
        (("DUP", "SERVER", "THROTTLE"), "accepted", "none"),
    ],
)
def test_a_duplicate_is_an_acceptance_only_of_what_we_sent_before(
    earlier: Collection[str | None], outcome: str, waits: str
) -> None:
    """Of an attempt that may have arrived: one that was called a duplicate itself, or throttled, did not."""
    verdict = judge(coded(40050, "Duplicated request"), earlier=earlier)
    assert (verdict.outcome, verdict.response_class, verdict.waits) == (outcome, "DUP", waits)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("data.3.properties.contents.0.content_id: Not a valid string", (3,)),
        ("Batch.0.properties.contents.0.content_id: Not a valid string", (0,)),
        ("data.7.event: bad; data.2.event: bad; data.7.user: bad", (2, 7)),
        ("data.9.event: bad", (9,)),
        ("data.10.event: bad", ()),
        ("data.3.event: bad; data.10.event: bad", ()),
        ("data.99999999999.event: bad", ()),
        ("metadata.3.event: bad", ()),
        ("data.3: bad", ()),
        ("Invalid Price Field", ()),
    ],
)
def test_a_row_is_named_only_if_it_is_in_the_batch(message: str, expected: tuple[int, ...]) -> None:
    """A number that cannot be a row makes the whole hint worthless."""
    assert judge(coded(40002, message)).bad_rows == expected


def test_only_a_rejection_names_rows() -> None:
    """A message with a number means nothing under another code."""
    assert judge(coded(40001, "data.3.event: bad")).bad_rows == ()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"failed_events": [{"order_in_batch": 3, "error": "x"}, {"order_in_batch": 0}]}, (0, 3)),
        ({"failed_events": [{"order_in_batch": 10}]}, ()),
        ({"failed_events": [{"order_in_batch": -1}]}, ()),
        ({"failed_events": [{"order_in_batch": "3"}]}, ()),
        ({"failed_events": [{"order_in_batch": True}]}, ()),
        ({"failed_events": [{}]}, ()),
        ({"failed_events": ["3"]}, ()),
        ({"failed_events": {"order_in_batch": 3}}, ()),
        ({}, ()),
        (None, ()),
        ([], ()),
    ],
)
def test_a_partial_success_names_its_failed_rows_if_it_lists_them(data: Any, expected: tuple[int, ...]) -> None:
    """Without a usable list the batch is cut in halves."""
    verdict = judge({"code": 20001, "message": "Partially successful", "data": data})
    assert (verdict.outcome, verdict.response_class, verdict.bad_rows) == ("split", "PARTIAL", expected)


@pytest.mark.parametrize(
    ("data", "outcome", "expected"),
    [
        ({"failed_events": [{"order_in_batch": 3, "error": "bad price"}]}, "split", (3,)),
        ({"partial_failure": True}, "split", ()),
        ({"failed_events": {"3": "bad"}}, "split", ()),
        ({"failed_events": [], "partial_failure": False}, "accepted", ()),
        ({"partial_failure": "no"}, "accepted", ()),
        ({}, "accepted", ()),
    ],
)
def test_success_with_a_list_of_failed_rows_is_no_acceptance_of_them(
    data: Any, outcome: str, expected: tuple[int, ...]
) -> None:
    """The code says success and the rest says otherwise: nothing is taken for accepted that may not be."""
    verdict = judge({"code": 0, "message": "OK", "data": data})
    assert (verdict.outcome, verdict.bad_rows) == (outcome, expected)


@pytest.mark.parametrize("code", [0, 20001])
def test_a_failed_row_is_told_in_the_words_about_it(code: int) -> None:
    """`OK` is no reason; what the list says of the row is, without what it quotes of a person."""
    said = {"order_in_batch": 0, "error": "data.0.user.email: jane.doe@mail.example is not hashed"}
    verdict = judge({"code": code, "message": "OK", "data": {"failed_events": [said]}})
    assert verdict.message == "data.0.user.email: [e-mail] is not hashed"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "86400"}, 300.0),
        ({"retry-after": "9" * 400}, 300.0),
        ({"retry-after": "Wed, 01 Jul 2026 00:00:30 GMT", "date": DATE}, 30.0),
        ({"retry-after": "Thu, 02 Jul 2026 00:00:00 GMT", "date": DATE}, 300.0),
        ({"retry-after": "Tue, 30 Jun 2026 00:00:00 GMT", "date": DATE}, 0.0),
        ({"retry-after": "Wed, 01 Jul 2026 00:00:30 GMT"}, None),
        ({"retry-after": "soon", "date": DATE}, None),
        ({"retry-after": "-5", "date": DATE}, None),
        ({"retry-after": "7.5", "date": DATE}, None),
        ({"retry-after": "\u0667", "date": DATE}, None),
        ({}, None),
    ],
)
def test_a_wish_to_wait_is_honoured_up_to_five_minutes(headers: dict[str, str], expected: float | None) -> None:
    """Garbage is ignored, and a date is measured against the server's own clock."""
    assert judge(b"", status=429, headers=headers).retry_after_s == expected


def test_messages_are_redacted() -> None:
    """The API's words can quote what was sent."""
    verdict = judge(coded(40002, "bad e-mail jane@mail.example\n"))
    assert verdict.message == "bad e-mail [e-mail]\\n"


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (coded(0), {"x-tt-logid": "L1"}, "R1"),
        ({"code": 0}, {"x-tt-logid": "L1"}, "L1"),
        ({"code": 0, "request_id": 5}, {}, None),
        ({"code": 0, "request_id": "a\nb"}, {}, None),
        ({"code": 0, "request_id": "x" * 65}, {"x-tt-logid": "L1"}, "L1"),
        (b"<html>", {"x-tt-logid": "L1"}, "L1"),
    ],
)
def test_the_ticket_is_kept_if_it_looks_like_one(body: Any, headers: dict[str, str], expected: str | None) -> None:
    """Support asks for it; the header serves where the body has none."""
    assert judge(body, headers=headers).request_id == expected


def test_an_answer_that_is_no_json_is_described() -> None:
    """A person can tell a captive portal from a gateway."""
    verdict = judge(b"<html>", status=502, headers={"content-type": "text/html; charset=utf-8"})
    assert verdict.message == "HTTP 502 with 6 bytes (text/html) instead of TikTok's JSON."
