"""Bad rows: each is counted under its reason or its warning, and none stops the others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.clock import SystemClock
from pusher.project.facade import LoadOptions, Project
from tests.bad_inputs.support import HEADER, Files, answered, printed, write
from tests.conftest import PROFILES

NOW = "2026-11-20T06:00:00Z"
CLOCK = f"--clock {NOW}"
MOMENT = datetime.fromisoformat(NOW)
PIXEL = "C4A1B2C3D4E5F6G7H8I9"
EMAIL = hashlib.sha256(b"ann@shop.example").hexdigest()
Row = Mapping[str, str]


def at(offset: str) -> str:
    """Return a naive UTC moment that lies an interval from now."""
    return f"timestamp '2026-11-20 06:00:00' + interval '{offset}'"


GOOD: Row = {
    "event": "'Purchase'",
    "event_id": "'o-1'",
    "event_time": at("-1 hour"),
    "email": f"'{EMAIL}'",
    "value": "10.50::decimal(18, 2)",
    "currency": "'EUR'",
}


def shop(root: Path, rows: Sequence[Row], *, payload: str = "offline_events", pixel: bool = False) -> Path:
    """Write a shop whose view has these rows, each a good one with columns changed."""
    selects = (
        "select " + ", ".join(f"{sql} as {name}" for name, sql in {**GOOD, "event_id": f"'o-{number}'", **row}.items())
        for number, row in enumerate(rows, start=1)
    )
    profiles = json.loads(PROFILES)
    profiles["pusher"]["dev"]["tiktok"]["pixel_code"] = PIXEL
    files: Files = {
        "profiles.yml": json.dumps(profiles),
        "pusher.yml": f"push: {{shared_with_pixel: {str(pixel).lower()}}}\n",
        "models/_s.yml": None,
        "models/stg.sql": None,
        "models/off.sql": HEADER.replace("offline_events", payload) + "\nunion all by name\n".join(selects) + "\n",
    }
    return write(root, files)


def counted(root: Path) -> dict[str, Any]:
    """Return what a build counts: rows by reason and by warning, and what else is not zero."""
    (coverage,) = answered(root, f"build {CLOCK}")["coverage"]
    return {
        "good": coverage["good"],
        **{reason["reason"]: reason["rows"] for reason in coverage["reasons"]},
        **{one["warning"]: one["rows"] for one in coverage["warnings"]},
        **{name: coverage[name] for name in ("repeated", "dropped_identifiers") if coverage[name]},
    }


def item(**change: str) -> str:
    """Return one item with fields changed."""
    fields = {"content_id": "'sku'", "content_name": "'Mug'", "price": "5.25::decimal(18, 2)", **change}
    return "{" + ", ".join(f"'{name}': {sql}" for name, sql in fields.items()) + "}"


def value(sql: str) -> Row:
    """Return a row with a value."""
    return {"value": sql}


BLANK_IDS: list[Row] = [{"event_id": sql} for sql in ("null::varchar", "''", "'  '", "chr(9)", "chr(160)")]
NO_NUMBERS: list[Row] = [value(f"'{text}'::double") for text in ("nan", "inf", "-inf", "1e400")]
CASES: dict[str, tuple[list[Row], dict[str, int]]] = {
    "event id missing": ([{}, *BLANK_IDS], {"good": 1, "event-id-missing": 5}),
    "one event twice, equal": ([{"event_id": "'a'"}, {"event_id": "'a'"}], {"good": 2, "repeated": 1}),
    "look-alike ids": (
        [{"event_id": sql} for sql in ("'A-1'", "'a-1'", "' a-1'", "'a -1'", "'b'")],
        {"good": 5, "look-alike-ids": 3},
    ),
    "no number": ([{}, *NO_NUMBERS], {"good": 1, "value-not-finite": 4}),
    "negative": (
        [{}, value("-0.01"), value("'-0.0'::double")],
        {"good": 2, "value-negative": 1},
    ),
    "out of range": ([value("1e15::double"), value("1e16::hugeint"), {}], {"good": 1, "value-not-finite": 2}),
    "rounded": (
        [value("12.3456789::double"), value("0.1::double + 0.2::double"), value("12.345::double")],
        {"good": 3, "value-rounded": 1},
    ),
    "a cast that gave NULL": (
        [value("try_cast('1,234.50' as decimal(18, 2))"), {}],
        {"good": 2, "value-missing": 1},
    ),
    "currency": (
        [{"currency": sql} for sql in ("null", "' '", "'US$'", "'usd'", "' eur '", "'XBT'")],
        {"good": 3, "currency-missing": 2, "currency-malformed": 1, "currency-unlisted": 1},
    ),
    "large texts": (
        [
            {"description": "repeat('x', 4096)"},
            {"description": "repeat('x', 4097)"},
            {"description": "repeat('x', 1000000)"},
            {"description": "repeat('x', 100000000)"},
        ],
        {"good": 1, "description-too-long": 3},
    ),
    "a large row": (
        [{"content_ids": "list_resize(['a'], 20, repeat('x', 4096))"}, {"content_ids": "['a']"}],
        {"good": 1, "row-too-large": 1},
    ),
    "controls in names": (
        [
            {"description": "'a' || chr(0) || 'b'", "contents": f"[{item()}]"},
            {"description": "'a' || chr(8238) || 'b'", "contents": f"[{item()}]"},
            {"description": "'a'", "contents": f"[{item(content_name='chr(27)')}]"},
            {"description": "'emoji 👩\u200d👧, مرحبا, e\u0301'", "contents": f"[{item()}]"},
        ],
        {"good": 4, "text-cleaned": 3},
    ),
    "controls in ids": (
        [{"event_id": "'a' || chr(0)"}, {"event_id": "chr(8206) || 'a'"}, {"order_id": "'a' || chr(10)"}, {}],
        {"good": 1, "event-id-control-character": 2, "order-id-control-character": 1},
    ),
    "digests": (
        [
            {"email": f"'{EMAIL.upper()}'"},
            {"email": f"'{EMAIL[:63]}'"},
            {"email": f"'{EMAIL}0'"},
            {"email": f"md5('{EMAIL}')"},
            {"email": "'ann@shop.example'"},
            {"email": "sha256('')"},
            {"email": "sha256('null')"},
            {"email": "sha256('n/a')"},
            {"email": "sha256('none')"},
            {"email": "sha256(sha256(''))"},
            {"email": "sha256(sha256('test@test.com'))"},
            {"email": "sha256('+15555555555')"},
        ],
        {"good": 1, "not-a-digest": 11, "dropped_identifiers": 11},
    ),
    "a good identifier beside a bad one": (
        [{"phone": "'+12125550123'"}, {"email": "null::varchar", "phone": "null::varchar"}],
        {"good": 1, "no-identity": 1, "dropped_identifiers": 1},
    ),
    "units of time": (
        [
            {"event_time": f"{seconds}::bigint"}
            for seconds in (1_795_150_800, 1_795_150_800_000, 1_795_150_800_000_000, 46_346, 0)
        ],
        {
            "good": 1,
            "event-time-milliseconds": 1,
            "event-time-microseconds": 1,
            "event-time-excel": 1,
            "event-time-implausible": 1,
        },
    ),
    "texts as time": (
        [
            {"event_time": f"'{text}'"}
            for text in ("2026-11-20T05:00:00Z", "2026-11-20T06:00:00+01:00", "2026-11-20 05:00:00", "03/04/2026")
        ],
        {"good": 2, "event-time-unreadable": 2},
    ),
    "no moment": (
        [{"event_time": "'infinity'::timestamp"}, {"event_time": "null::timestamp"}, {}],
        {"good": 1, "event-time-unreadable": 1, "event-time-missing": 1},
    ),
    "the future": (
        [{"event_time": at(offset)} for offset in ("0 seconds", "1 second", "10 minutes", "601 seconds", "25 hours")],
        {"good": 3, "clock-skew": 2, "event-time-in-future": 1, "event-time-implausible": 1},
    ),
    "the past": (
        [{"event_time": at(offset)} for offset in ("-8 days", "-28 days", "-2419201 seconds")],
        {"good": 2, "too-old": 1},
    ),
    "items": (
        [
            {"contents": f"nullif([{item()}], [{item()}])"},
            {"contents": f"[{item()}][:0]"},
            {"contents": f"list_resize([{item()}], 200, {item()})"},
            {"contents": f"list_resize([{item()}], 201, {item()})"},
            {"contents": f"list_resize([{item()}], 10000, {item()})"},
            {"contents": f"[{item()}, {item(price='null::decimal(18, 2)')}]"},
        ],
        {"good": 3, "contents-too-many": 2, "contents-price": 1},
    ),
}


@pytest.mark.parametrize("case", list(CASES))
def test_bad_rows_are_counted(tmp_path: Path, case: str) -> None:
    """Every row has its place, the others go on."""
    rows, expected = CASES[case]
    assert counted(shop(tmp_path / "shop", rows)) == expected


@pytest.mark.parametrize(
    ("pixel", "expected"),
    [(False, {"good": 3, "late": 1}), (True, {"good": 1, "too-old": 2})],
)
def test_old_web_events_are_late_and_those_of_the_pixel_would_count_twice(
    tmp_path: Path, *, pixel: bool, expected: dict[str, int]
) -> None:
    """Warned after 7 days; refused after 36 hours when the pixel reports them too."""
    rows = [{"event_time": at(offset)} for offset in ("-36 hours", "-7 days", "-604801 seconds")]
    assert counted(shop(tmp_path / "shop", rows, payload="web_events", pixel=pixel)) == expected


def test_a_build_prints_reasons_and_warnings_without_values(tmp_path: Path) -> None:
    """How many, what, and what to do; no value of a row is shown."""
    rows = [{}, {"event_id": "'O-1'"}, {"email": "'ann@shop.example'"}, value("12.3456789::double")]
    assert printed(shop(tmp_path / "shop", rows), f"build {CLOCK}") == (
        0,
        (
            "",
            "off: 3 of 4 rows may be sent",
            "  1 identifier identifies nobody and is left out",
            "         1  invalid: not-a-digest (email)",
            "            Hash it with the macros in macros/identity/.",
            "         1  warning: value-rounded (value)",
            "            value is a DOUBLE with more than six decimal places and was rounded.",
            "            Cast it to DECIMAL in staging, where the rounding can be chosen.",
            "         1  warning: look-alike-ids (event_id)",
            "            event_id differs from another one of the view in case or spaces",
            "            only; each is sent as an event.",
            "            Trim and fold the business key in staging, before the id is made of",
            "            it.",
            "  rows with  rows  share",
            "  ---------  ----  -----",
            "  email         3   75 %",
            "  none          1   25 %",
            "",
            "built 1 model",
        ),
    )


def test_a_receipt_counts_the_warnings_of_the_rows_that_are_sent(tmp_path: Path) -> None:
    """Once, in the run that sends them; a repeated event counts once, and one with two values is not sent."""
    rows = [
        {"event_time": at("5 minutes"), "currency": "'XBT'"},
        {"event_id": "'a'", "event_time": at("5 minutes")},
        {"event_id": "'a'", "event_time": at("5 minutes")},
        {"event_id": "'b'", "currency": "'XBT'"},
        {"event_id": "'b'", "currency": "'XBT'", "value": "11.50"},
        {"event_id": "null::varchar"},
    ]
    root = shop(tmp_path / "shop", rows)
    answered(root, f"build {CLOCK}")
    pushed = [answered(root, f"push {CLOCK}") for _ in range(2)]
    terms = ("planned", "accepted", "already_sent", "duplicate", "conflicting", "invalid")
    assert [[push["models"][0][term] for term in terms] for push in pushed] == [[2, 2, 0, 1, 2, 1], [0, 0, 2, 1, 2, 1]]
    assert [push["models"][0]["warnings"] for push in pushed] == [
        [
            {
                "warning": "clock-skew",
                "field": "event_time",
                "rows": 2,
                "message": "event_time is up to 10 minutes in the future; it is sent as it is.",
                "fix": "Set the clock of the system that writes it.",
            },
            {
                "warning": "currency-unlisted",
                "field": "currency",
                "rows": 1,
                "message": "currency is none of the 62 codes that TikTok lists; it is sent as it is.",
                "fix": "Check the code; TikTok may refuse the row.",
            },
        ],
        [],
    ]
    printed_receipt = printed(shop(tmp_path / "other", rows[:1]), f"build {CLOCK}")
    assert printed_receipt[0] == 0
    _, lines = printed(tmp_path / "other", f"push --dry-run {CLOCK}")
    assert [line for line in lines if line.startswith("  ? ")] == [
        "  ? 1 x clock-skew: event_time is up to 10 minutes in the future; it is sent as",
        "  ? 1 x currency-unlisted: currency is none of the 62 codes that TikTok lists;",
    ]


def test_what_is_shown_of_a_row_cannot_steer_the_terminal(tmp_path: Path) -> None:
    """Escape codes of the data are printed as text."""
    root = shop(tmp_path / "shop", [{"description": "'a' || chr(27) || '[31mb' || chr(8238)"}])
    answered(root, f"build {CLOCK}")
    code, lines = printed(root, "show off")
    assert (code, [line for line in lines if line.startswith("description")]) == (
        0,
        [r"description  a\x1b[31mb\u202e"],
    )


class HourlyClock(SystemClock):
    """An hour later each time that somebody looks."""

    def __init__(self, start: datetime) -> None:
        self._next = start

    def now(self) -> datetime:
        """Return the next hour."""
        self._next += timedelta(hours=1)
        return self._next


def test_a_long_build_judges_rows_at_the_moment_that_its_models_see(tmp_path: Path) -> None:
    """What was inside the window when the build began is in it when the rows are counted."""
    loaded = Project.load(LoadOptions(project_dir=shop(tmp_path, [{"event_time": at("-28 days")}]), clock=MOMENT))
    loaded.clock = HourlyClock(MOMENT)
    (coverage,) = loaded.build().coverage
    assert (coverage.rows, coverage.good) == (1, 1)
