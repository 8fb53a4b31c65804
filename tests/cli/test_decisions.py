"""What `retry` and `resolve` print, and with which code they end."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.push.support import NOW, VIEW, Shop, orders, serving

LATE = (NOW + timedelta(hours=36)).isoformat()


def run(shop: Shop, *words: str) -> tuple[int, str, str]:
    """Run a command on a shop."""
    process = shop.command(*words)
    out, err = process.communicate(timeout=60)
    return process.returncode, out.decode(), err.decode()


def as_json(shop: Shop, *words: str) -> dict[str, Any]:
    """Run a command on a shop with --json, and return the fields behind the envelope."""
    code, out, _ = run(shop, *words, "--json")
    found: dict[str, Any] = json.loads(out)
    assert (found.pop("schema_version"), found.pop("command"), found.pop("exit_code")) == (1, words[0], code)
    return found


@pytest.fixture
def refused(tmp_path: Path) -> Shop:
    """A shop whose only row TikTok refused."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40002, "times": None}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(1))
        shop.build()
        shop.push()
    return shop


@pytest.fixture
def in_doubt(tmp_path: Path) -> Shop:
    """A shop whose only row may or may not have arrived."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": "drop_after_accept", "times": None}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(1))
        shop.build()
        shop.push()
    return shop


def test_retry_shows_what_it_would_reopen_and_then_does(refused: Shop) -> None:
    """A table of the refused rows, then what to do next; asked again, there is nothing left."""
    clock = ("--clock", NOW.isoformat())
    table = (
        "model                  reason        rows  too old  sendable until\n"
        "---------------------  ------------  ----  -------  ----------------\n"
        "tiktok_offline_events  tiktok-40002     1        0  2026-12-17 10:00\n\n"
    )

    planned = run(refused, "retry", "--dry-run", *clock)
    done = run(refused, "retry", *clock)
    again = run(refused, "retry", *clock)

    assert planned == (0, f"{table}1 row would be reopened.\n", "")
    after = "Run `pusher build` and `pusher push`: those that differ from what was refused are sent."
    assert done == (0, f"{table}1 row reopened. {after}\n", "")
    assert again == (0, "No refused row can be reopened.\n", "")


def test_retry_of_test_events_names_the_pushes_that_send_them(tmp_path: Path) -> None:
    """The next step after it is a push with the same code."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40002, "times": None}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(1))
        shop.build()
        shop.push(test_event_code="T1")

    code, out, err = run(shop, "retry", "--test-event-code", "T1", "--clock", NOW.isoformat())

    after = (
        "Run `pusher build` and `pusher push --test-event-code T1`: those that differ from what was refused are sent."
    )
    assert (code, out.splitlines()[-1], err) == (0, f"1 row reopened. {after}", "")


def test_retry_answers_in_json(refused: Shop) -> None:
    """The object has the fields of the formats page."""
    until = int((NOW - timedelta(hours=26) + timedelta(days=28)).timestamp())
    assert as_json(refused, "retry", "--unchanged", "--clock", NOW.isoformat()) == {
        "errors": [],
        "dry_run": False,
        "refused": [{"model": VIEW, "reason": "tiktok-40002", "rows": 1, "too_old": 0, "until": until}],
        "reopened": 1,
        "unsettled": 0,
    }


def test_resolve_lists_and_decides(in_doubt: Shop) -> None:
    """A table of the parked batches with what to find out; then what was decided."""
    listed = run(in_doubt, "resolve", "--clock", LATE)
    mistyped = run(in_doubt, "resolve", "--assume-delivered", "--batch", "11", "--clock", LATE)
    decided = run(in_doubt, "resolve", "--assume-delivered", "--batch", "1", "--clock", LATE)
    again = run(in_doubt, "resolve", "--clock", LATE)

    table = (
        "batch  model                  rows  attempts  may have arrived\n"
        "-----  ---------------------  ----  --------  ----------------\n"
        "    1  tiktok_offline_events     1         5  2026-11-20 12:00\n\n"
        "  The outcome is unknown, and too old to send again safely.\n\n"
    )
    advice = (
        "Look at the event source in TikTok's Events Manager: did these events arrive? If\n"
        "so, run `pusher resolve --assume-delivered`; if not, `pusher resolve --resend`.\n"
        "What is sent again and had arrived counts twice.\n"
    )
    assert listed == (0, table + advice, "")
    assert mistyped == (0, "Batch 11 is not parked; `pusher resolve` lists those that are.\n", "")
    assert decided == (0, f"{table}1 row taken for delivered; their identifiers are removed.\n", "")
    assert again == (0, "No parked row.\n", "")


def test_resolve_answers_in_json(in_doubt: Shop) -> None:
    """The object has the fields of the formats page."""
    assert as_json(in_doubt, "resolve", "--resend", "--batch", "1", "--clock", LATE) == {
        "errors": [],
        "action": "resend",
        "batches": [
            {
                "batch": 1,
                "model": VIEW,
                "space": "",
                "rows": 1,
                "attempts": 5,
                "first_risk_at": "2026-11-20T12:00:00.000000+00:00",
                "why": "The outcome is unknown, and too old to send again safely.",
            }
        ],
        "rows": 1,
        "settled_parts": 0,
        "too_old": 0,
    }


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("resolve", "--resend", "--assume-delivered"), "--resend and --assume-delivered exclude each other."),
        (("resolve",), "Nothing was pushed with this target yet."),
        (("retry",), "Nothing was pushed with this target yet."),
        (("retry", "--test-event-code", " "), "The test event code is empty."),
    ],
)
def test_what_cannot_be_decided_is_told(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    """A contradiction, a target without a ledger and an empty code end with 2 and change nothing."""
    shop = Shop(tmp_path / "shop")

    code, out, err = run(shop, *words)

    assert (code, out, err.splitlines()[0]) == (2, "", f"error: {told}")
    assert not shop.state.root.exists()


def test_status_tells_what_waits_and_what_is_parked(in_doubt: Shop) -> None:
    """The rows, their moment, the remedy: 36 hours and code 4 while they wait, the event's age and 5 once parked."""
    words = ("status", "--fail-if-pending", "--clock")

    waiting = run(in_doubt, *words, NOW.isoformat())
    pushed = run(in_doubt, "push", "--clock", LATE)
    parked = run(in_doubt, *words, LATE)
    plain = run(in_doubt, "status", "--clock", LATE)

    recent = f"{VIEW}, the first until 2026-11-22 00:00 UTC\n"
    young = f"{VIEW}, the first until 2026-12-17 10:00 UTC\n"
    again = "              Run `pusher push` again: they are sent, and nothing is sent twice.\n"
    decide = "              Run `pusher resolve`: did they arrive?\n"
    assert [waiting[0], pushed[0], parked[0], plain[0]] == [4, 5, 5, 0]
    assert needs(waiting[1]) == f"         1  ! pending: {recent}{again}"
    assert needs(parked[1]) == needs(plain[1]) == f"         1  ! parked: {young}{decide}"


def test_status_names_the_key_space_of_test_events(tmp_path: Path) -> None:
    """Test rows that wait are told apart from real ones."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40105, "times": None}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(1))
        shop.build()
        shop.push(test_event_code="T1")

    code, out, err = run(shop, "status", "--clock", NOW.isoformat())

    assert (code, err) == (0, "")
    assert needs(out).startswith(f"         1  ! pending: {VIEW} (test:T1), the first until 2026-12-17 10:00 UTC\n")


def needs(out: str) -> str:
    """Return what status prints about rows that need a person."""
    _, title, rest = out.partition("What needs a person\n")
    assert title
    return rest.partition("\n\nRun ")[0].rstrip("\n") + "\n"
