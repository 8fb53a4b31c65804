"""What is refused in a request about streaming audiences, and where the refusal points."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pusher.destinations.tiktok.facts import tables
from pusher.payload.audience_body import AudienceRules, mapping_problems, segment_problems

RULES = AudienceRules.of(tables("audience"))
SHA, MD5 = "ab" * 32, "ab" * 16
AUDIENCE, ADVERTISER = "7200000000000000001", "7654321098765432109"
MISSING = "Missing data for required field"
NO_SHA, NO_MD5 = "Not a SHA-256 digest of 64 hexadecimal digits", "Not an MD5 digest of 32 hexadecimal digits"
DEVICES = ["IDFA_SHA256", "IDFA_MD5", "AAID_MD5", "AAID_SHA256"]


def cell(id_: Any = SHA, *audiences: Any) -> dict[str, Any]:
    """Return a cell, of one audience unless others are given."""
    return {"id": id_, "audience_ids": list(audiences) or [AUDIENCE]}


def mapping(*rows: Any, schema: Any = ("EMAIL_SHA256",), **more: Any) -> dict[str, Any]:
    """Return a request about members."""
    body = {"advertiser_ids": [ADVERTISER], "action": "add", "id_schema": schema, "batch_data": list(rows), **more}
    whole: dict[str, Any] = json.loads(json.dumps({name: value for name, value in body.items() if value is not ...}))
    return whole


def segment(**given: Any) -> dict[str, Any]:
    """Return a request to make an audience."""
    body = {"advertiser_id": ADVERTISER, "action": "create", "custom_audience_name": "Best", **given}
    return {name: value for name, value in body.items() if value is not ...}


@pytest.mark.parametrize(
    "body",
    [
        mapping([cell()]),
        mapping([cell()], action=...),
        mapping([cell()], action="delete", schema=["email_sha256"]),
        mapping([cell(SHA.upper())], [cell(SHA, "1", "2")]),
        mapping([cell(), {}], [{}, cell()], schema=["EMAIL_SHA256", "phone_SHA256"]),
        mapping([cell(SHA), cell(MD5), cell(MD5), cell(SHA)], schema=DEVICES),
        mapping(*[[cell()]] * 10_000, advertiser_ids=[ADVERTISER, "1"]),
    ],
)
def test_a_request_about_members_that_is_right_has_no_problem(body: dict[str, Any]) -> None:
    """Any order of types, any case, empty cells, several audiences, as many rows as the contract says."""
    assert list(mapping_problems(body, RULES)) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], [("", "Not a valid object", None)]),
        ({}, [(name, MISSING, None) for name in ("advertiser_ids", "id_schema", "batch_data")]),
        (mapping([cell()], more=1), [("more", "Unknown field", None)]),
        (mapping([cell()], advertiser_ids="1"), [("advertiser_ids", "Not a valid list", None)]),
        (mapping([cell()], advertiser_ids=[]), [("advertiser_ids", "Must not be empty", None)]),
        (mapping([cell()], advertiser_ids=[1]), [("advertiser_ids.0", "Not a valid string", None)]),
        (mapping([cell()], advertiser_ids=["1", "x"]), [("advertiser_ids.1", "Not a valid id", None)]),
        (mapping([cell()], advertiser_ids=["1" * 20]), [("advertiser_ids.0", "Not a valid id", None)]),
        (mapping([cell()], action="replace"), [("action", "Not a valid choice", None)]),
        (mapping([cell()], action=None), [("action", "Not a valid choice", None)]),
        (mapping([cell()], schema="EMAIL_SHA256"), [("id_schema", "Not a valid list", None)]),
        (mapping([cell()], schema=[]), [("id_schema", "Must not be empty", None)]),
        (mapping([cell()], schema=["EMAIL_MD5"]), [("id_schema.0", "Not a valid choice", None)]),
        (mapping([cell()], schema=[1]), [("id_schema.0", "Not a valid choice", None)]),
        (
            mapping([cell(), cell()], schema=["EMAIL_SHA256", "email_sha256"]),
            [("id_schema.1", "Stands twice", None)],
        ),
        (mapping(batch_data={}), [("batch_data", "Not a valid list", None)]),
        (mapping(), [("batch_data", "Length must be between 1 and 10000", None)]),
        (mapping(*[[cell()]] * 10_001), [("batch_data", "Length must be between 1 and 10000", None)]),
        (mapping({}), [("batch_data.0", "Not a valid list", 0)]),
        (mapping([cell()], [cell(), {}]), [("batch_data.1", "Must have 1 cells, as id_schema has", 1)]),
        (mapping([{}]), [("batch_data.0", "Must hold an identifier", 0)]),
        (mapping([SHA]), [("batch_data.0.0", "Not a valid object", 0)]),
        (mapping([cell(), None], schema=["EMAIL_SHA256", "IDFA_MD5"]), [("batch_data.0.1", "Not a valid object", 0)]),
        (mapping([{**cell(), "x": 1}]), [("batch_data.0.0.x", "Unknown field", 0)]),
        (
            mapping([{"id": SHA, "x": 1}]),
            [("batch_data.0.0.x", "Unknown field", 0), ("batch_data.0.0.audience_ids", MISSING, 0)],
        ),
        (mapping([{"audience_ids": [AUDIENCE]}]), [("batch_data.0.0.id", MISSING, 0)]),
        (mapping([cell(1)]), [("batch_data.0.0.id", "Not a valid string", 0)]),
        (mapping([cell(MD5)]), [("batch_data.0.0.id", NO_SHA, 0)]),
        (
            mapping([cell("jane@example.com")]),
            [("batch_data.0.0.id", NO_SHA, 0)],
        ),
        (
            mapping([cell(SHA)], schema=["IDFA_MD5"]),
            [("batch_data.0.0.id", NO_MD5, 0)],
        ),
        (mapping([cell(SHA, 1)]), [("batch_data.0.0.audience_ids.0", "Not a valid string", 0)]),
        (mapping([cell(SHA, "1", "1.0")]), [("batch_data.0.0.audience_ids.1", "Not a valid id", 0)]),
        (mapping([{"id": SHA, "audience_ids": "1"}]), [("batch_data.0.0.audience_ids", "Not a valid list", 0)]),
        (mapping([{"id": SHA, "audience_ids": []}]), [("batch_data.0.0.audience_ids", "Must not be empty", 0)]),
        (
            mapping([cell()], [cell(MD5)], [cell()], [{}]),
            [
                ("batch_data.1.0.id", NO_SHA, 1),
                ("batch_data.3", "Must hold an identifier", 3),
            ],
        ),
    ],
)
def test_each_rule_about_members_is_told_with_its_place(body: Any, expected: list[tuple[str, str, int | None]]) -> None:
    """The message never holds the value."""
    assert [(found.path, found.message, found.row) for found in mapping_problems(body, RULES)] == expected


@pytest.mark.parametrize(
    "body", [segment(), segment(action="delete", custom_audience_name=..., delete_audience_id="7")]
)
def test_a_request_for_an_audience_that_is_right_has_no_problem(body: dict[str, Any]) -> None:
    """It is made by name and deleted by id."""
    assert list(segment_problems(body, RULES)) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, [("", "Not a valid object")]),
        ({}, [("advertiser_id", MISSING), ("action", MISSING)]),
        (segment(id_type="EMAIL"), [("id_type", "Unknown field")]),
        (segment(advertiser_id=7), [("advertiser_id", "Not a valid string")]),
        (segment(advertiser_id="A7"), [("advertiser_id", "Not a valid id")]),
        (segment(action="update"), [("action", "Not a valid choice")]),
        (segment(custom_audience_name=...), [("custom_audience_name", MISSING)]),
        (segment(custom_audience_name=" "), [("custom_audience_name", "Must not be empty")]),
        (segment(custom_audience_name=1), [("custom_audience_name", "Not a valid string")]),
        (segment(action="delete"), [("delete_audience_id", MISSING)]),
        (segment(action="delete", delete_audience_id="x"), [("delete_audience_id", "Not a valid id")]),
    ],
)
def test_each_rule_about_an_audience_is_told_with_its_place(body: Any, expected: list[tuple[str, str]]) -> None:
    """All that is wrong is told at once."""
    assert [(found.path, found.message) for found in segment_problems(body, RULES)] == expected
