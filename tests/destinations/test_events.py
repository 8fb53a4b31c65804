"""The request around the rows."""

from __future__ import annotations

import json

import pytest

from pusher.destinations.tiktok import destination
from pusher.destinations.tiktok.facts import contract
from pusher.payload.validate import validate_body


@pytest.mark.parametrize(
    ("test_event_code", "expected"),
    [
        (None, b'{"event_source":"offline","event_source_id":"7654321098765432109","data":[]}'),
        (
            "TEST1",
            b'{"event_source":"offline","event_source_id":"7654321098765432109","data":[],"test_event_code":"TEST1"}',
        ),
    ],
)
def test_the_envelope_surrounds_the_rows(test_event_code: str | None, expected: bytes) -> None:
    """Prefix, rows and suffix are the body, byte for byte; the test code stands beside the rows."""
    payload = destination.payloads["offline_events"]
    prefix, suffix = destination.envelope(payload, "7654321098765432109", test_event_code)
    assert prefix + b"[]" + suffix == expected


def test_texts_are_escaped() -> None:
    """No id can break out of its quotes."""
    payload = destination.payloads["web_events"]
    prefix, suffix = destination.envelope(payload, 'a"b', 'é"')
    body = json.loads(prefix + b"[]" + suffix)
    assert body == {"event_source": "web", "event_source_id": 'a"b', "data": [], "test_event_code": 'é"'}


def test_every_payload_of_events_has_an_envelope_that_its_contract_accepts() -> None:
    """Envelope and validator agree."""
    ids = {"offline": "7654321098765432109", "web": "C4A1B2C3D4E5F6G7H8I9", "crm": "7654321098765432109", "app": "71"}
    payloads = [payload for payload in destination.payloads.values() if payload.kind == "events"]
    assert {payload.event_source for payload in payloads} == set(ids)
    for payload in payloads:
        prefix, suffix = destination.envelope(payload, ids[payload.event_source], "TEST1")
        problems = validate_body(json.loads(prefix + b"[{}]" + suffix), contract(), now_s=0)
        assert [problem.text for problem in problems] == ["data.0: Must not be empty"]
