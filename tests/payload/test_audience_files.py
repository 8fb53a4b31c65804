"""What is refused in a request about audiences of files and in the files, and where the refusal points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pusher.destinations.tiktok.facts import tables
from pusher.payload.audience_files import (
    FileRules,
    WrongFile,
    cancel_problems,
    create_problems,
    delete_problems,
    identifiers,
    share_problems,
    update_problems,
    upload_problems,
)
from pusher.payload.validate import BodyProblem

RULES = FileRules.of(tables("audience"))
ADVERTISER, AUDIENCE = "7654321098765432109", "7200000000000000001"
SHA, MD5 = "ab" * 32, "ab" * 16
MISSING = "Missing data for required field"
NO_SHA, NO_MD5 = "Not a SHA-256 digest of 64 hexadecimal digits", "Not an MD5 digest of 32 hexadecimal digits"
NO_DAYS = "Must be a whole number from 1 to 365"
UPLOAD = {"advertiser_id": ADVERTISER, "file_signature": MD5, "calculate_type": "EMAIL_SHA256"}
CREATE = {
    "advertiser_id": ADVERTISER,
    "custom_audience_name": "Best",
    "calculate_type": "EMAIL_SHA256",
    "file_paths": ["0123456789abcdef"],
}
UPDATE = {"advertiser_id": ADVERTISER, "custom_audience_id": AUDIENCE, "file_paths": ["0123456789abcdef"]}
DELETE = {"advertiser_id": ADVERTISER, "custom_audience_ids": [AUDIENCE]}
SHARE = {**DELETE, "shared_advertiser_ids": ["1"]}
CANCEL = {"advertiser_id": ADVERTISER, "custom_audience_id": AUDIENCE, "shared_advertiser_id": "1"}
HEADERS = f"Line 1: A header holds only {', '.join(RULES.headers)}"
Judge = Callable[[Any], list[BodyProblem]]


def up_to(longest: int) -> str:
    """Return what is said of something that is too long."""
    return f"Length must be between 1 and {longest}"


def create(body: Any) -> list[BodyProblem]:
    """Judge a request to make an audience."""
    return list(create_problems(body, RULES))


def update(body: Any) -> list[BodyProblem]:
    """Judge a request to change one."""
    return list(update_problems(body, RULES))


def delete(body: Any) -> list[BodyProblem]:
    """Judge a request to delete some."""
    return list(delete_problems(body, RULES))


def share(body: Any) -> list[BodyProblem]:
    """Judge a request to share some."""
    return list(share_problems(body, RULES))


def cancel(body: Any) -> list[BodyProblem]:
    """Judge a request to end a share."""
    return list(cancel_problems(body))


def upload(body: Any) -> list[BodyProblem]:
    """Judge the fields of an upload."""
    return list(upload_problems(body))


@pytest.mark.parametrize(
    ("judge", "body"),
    [
        (upload, UPLOAD),
        (upload, {**UPLOAD, "name": "best.csv", "file": "best.csv", "file_signature": MD5.upper()}),
        (create, CREATE),
        (create, {**CREATE, "custom_audience_name": "x" * 128, "file_paths": ["a"] * 500, "retention_in_days": 1}),
        (create, {**CREATE, "audience_sub_type": "NORMAL", "audience_enhancement": True, "retention_in_days": 365}),
        (update, UPDATE),
        *((update, {**UPDATE, "action": action}) for action in ("APPEND", "REMOVE", "REPLACE")),
        (update, {**UPDATE, "custom_audience_name": "Better"}),
        (update, {"advertiser_id": ADVERTISER, "custom_audience_id": AUDIENCE, "audience_sub_type": "REACH_FREQUENCY"}),
        (delete, {**DELETE, "custom_audience_ids": ["1"] * 100}),
        (share, {**SHARE, "custom_audience_ids": ["1"] * 10, "shared_advertiser_ids": ["2"] * 10}),
        (cancel, CANCEL),
    ],
)
def test_a_request_that_is_right_has_no_problem(judge: Judge, body: Any) -> None:
    """Up to each limit."""
    assert judge(body) == []


@pytest.mark.parametrize(
    ("judge", "body", "expected"),
    [
        (upload, {}, [(name, MISSING) for name in ("advertiser_id", "file_signature", "calculate_type")]),
        (upload, {**UPLOAD, "retention_in_days": "7"}, [("retention_in_days", "Unknown field")]),
        (upload, {**UPLOAD, "advertiser_id": "x"}, [("advertiser_id", "Not a valid id")]),
        (upload, {**UPLOAD, "file_signature": SHA}, [("file_signature", NO_MD5)]),
        (upload, {**UPLOAD, "name": " "}, [("name", "Must not be empty")]),
        (create, None, [("", "Not a valid object")]),
        (create, {}, [(name, MISSING) for name in CREATE]),
        (create, {**CREATE, "name": "Best"}, [("name", "Unknown field")]),
        (
            create,
            {**CREATE, "custom_audience_name": "x" * 129},
            [("custom_audience_name", up_to(128))],
        ),
        (create, {**CREATE, "custom_audience_name": ""}, [("custom_audience_name", "Must not be empty")]),
        (create, {**CREATE, "calculate_type": "MAID_SHA256"}, [("calculate_type", "Not a valid choice")]),
        (create, {**CREATE, "calculate_type": "EMAIL_MD5"}, [("calculate_type", "Not a valid choice")]),
        (create, {**CREATE, "file_paths": "a"}, [("file_paths", "Not a valid list")]),
        (create, {**CREATE, "file_paths": []}, [("file_paths", "Must not be empty")]),
        (create, {**CREATE, "file_paths": ["a"] * 501}, [("file_paths", up_to(500))]),
        (
            create,
            {**CREATE, "file_paths": [1, "?"]},
            [("file_paths.0", "Not a valid string"), ("file_paths.1", "Not a valid file path")],
        ),
        (create, {**CREATE, "audience_sub_type": "OTHER"}, [("audience_sub_type", "Not a valid choice")]),
        *(
            (
                create,
                {**CREATE, "retention_in_days": days},
                [("retention_in_days", "Must be a whole number from 1 to 365")],
            )
            for days in (0, 366, "7", True, 1.5)
        ),
        (create, {**CREATE, "audience_enhancement": 1}, [("audience_enhancement", "Not a valid boolean")]),
        (update, [], [("", "Not a valid object")]),
        (
            update,
            {"advertiser_id": ADVERTISER, "custom_audience_id": AUDIENCE},
            [("", "One of custom_audience_name and file_paths is required")],
        ),
        (update, {**UPDATE, "calculate_type": "EMAIL_SHA256"}, [("calculate_type", "Unknown field")]),
        (update, {**UPDATE, "custom_audience_id": 7}, [("custom_audience_id", "Not a valid string")]),
        (update, {**UPDATE, "action": "add"}, [("action", "Not a valid choice")]),
        (
            update,
            {**UPDATE, "custom_audience_name": "x" * 129},
            [("custom_audience_name", up_to(128))],
        ),
        (update, {**UPDATE, "file_paths": []}, [("file_paths", "Must not be empty")]),
        (update, {**UPDATE, "audience_sub_type": "OTHER"}, [("audience_sub_type", "Not a valid choice")]),
        (delete, {}, [("advertiser_id", MISSING), ("custom_audience_ids", MISSING)]),
        (
            delete,
            {**DELETE, "custom_audience_ids": ["1"] * 101},
            [("custom_audience_ids", up_to(100))],
        ),
        (delete, {**DELETE, "x": 1}, [("x", "Unknown field")]),
        (share, {}, [("advertiser_id", MISSING), ("custom_audience_ids", MISSING), ("shared_advertiser_ids", MISSING)]),
        (
            share,
            {**SHARE, "custom_audience_ids": ["1"] * 11},
            [("custom_audience_ids", up_to(10))],
        ),
        (
            share,
            {**SHARE, "shared_advertiser_ids": ["1"] * 11},
            [("shared_advertiser_ids", up_to(10))],
        ),
        (share, 7, [("", "Not a valid object")]),
        (cancel, {}, [(name, MISSING) for name in CANCEL]),
        (cancel, {**CANCEL, "x": 1}, [("x", "Unknown field")]),
    ],
)
def test_each_rule_is_told_with_its_place(judge: Judge, body: Any, expected: list[tuple[str, str]]) -> None:
    """The message never holds the value."""
    assert [(found.path, found.message) for found in judge(body)] == expected


@pytest.mark.parametrize(
    ("calculate_type", "lines", "expected"),
    [
        ("EMAIL_SHA256", [SHA, SHA.upper()], [(2, [("EMAIL_SHA256", [SHA, SHA.upper()])])]),
        ("GAID_MD5", [MD5], [(1, [("GAID_MD5", [MD5])])]),
        ("MAID_MD5", [MD5], [(1, [("FIRST_MD5", [MD5])])]),
        ("FIRST_SHA256", [SHA], [(1, [("FIRST_SHA256", [SHA])])]),
        (
            "EMAIL_SHA256",
            [SHA] * 50_001,
            [(50_000, [("EMAIL_SHA256", [SHA] * 50_000)]), (1, [("EMAIL_SHA256", [SHA])])],
        ),
        (
            "MULTIPLE_TYPES",
            [
                "email_sha256,PHONE_SHA256,maid_md5,MAID,email_SHA256",
                f"{SHA},{SHA},{MD5},A-1,",
                f",,{MD5},,{SHA}",
                ",,,,",
            ],
            [
                (
                    3,
                    [
                        ("EMAIL_SHA256", [SHA]),
                        ("PHONE_SHA256", [SHA]),
                        ("FIRST_MD5", [MD5, MD5]),
                        ("MAID", ["A-1"]),
                        ("EMAIL_SHA256", [SHA]),
                    ],
                )
            ],
        ),
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_file_that_is_right_gives_its_identifiers(
    calculate_type: str, lines: list[str], expected: list[Any], ending: str
) -> None:
    """By the type that each column stands for, many lines at a time."""
    assert list(identifiers((line + ending for line in lines), calculate_type, RULES)) == expected


@pytest.mark.parametrize(
    ("calculate_type", "lines", "kind", "message"),
    [
        ("EMAIL_SHA256", ["email_SHA256", SHA], "invalid", f"Line 1: {NO_SHA}"),
        ("EMAIL_SHA256", [SHA, MD5], "invalid", f"Line 2: {NO_SHA}"),
        ("EMAIL_SHA256", [SHA, ""], "invalid", f"Line 2: {NO_SHA}"),
        ("EMAIL_SHA256", [*[SHA] * 50_000, "x"], "invalid", f"Line 50001: {NO_SHA}"),
        ("IDFA_MD5", [SHA], "invalid", f"Line 1: {NO_MD5}"),
        ("MULTIPLE_TYPES", [], "out_of_spec", HEADERS),
        ("MULTIPLE_TYPES", [SHA], "out_of_spec", HEADERS),
        (
            "MULTIPLE_TYPES",
            ["email_SHA256,IDFA_SHA256"],
            "out_of_spec",
            HEADERS,
        ),
        ("MULTIPLE_TYPES", ["MAID,MAID,maid,MAID"], "out_of_spec", "Line 1: MAID stands more than 3 times"),
        ("MULTIPLE_TYPES", ["MAID,email_SHA256", "a"], "out_of_spec", "Line 2: Must have 2 fields, as the header has"),
        ("MULTIPLE_TYPES", ["MAID,email_SHA256", f"a,{SHA}", f"a,{MD5}"], "invalid", f"Line 3: {NO_SHA}"),
    ],
)
def test_a_file_that_is_wrong_is_told_with_its_line(
    calculate_type: str, lines: list[str], kind: str, message: str
) -> None:
    """A file of a single type has no header, one of several types must have it."""
    with pytest.raises(WrongFile) as caught:
        list(identifiers(lines, calculate_type, RULES))
    assert (caught.value.kind, str(caught.value)) == (kind, message)
