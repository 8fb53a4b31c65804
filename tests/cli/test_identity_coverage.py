"""What a build says about the people behind a view's rows."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pusher.push import identity
from tests.cli.conftest import Ran, pusher
from tests.conftest import ProjectFactory

VIEW = """\
{{ config(meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}) }}
select
    'Purchase' as event,
    order_id as event_id,
    ordered_at as event_time,
    case when email <> '' then sha256(email) end as email,
    case when phone <> '' then [sha256(phone)] end as phone,
    {store}
from {{ source('raw', 'orders') }}
"""
SOURCES = """\
version: 2
sources:
  - name: raw
    tables:
      - name: orders
        config: {meta: {external_location: "read_csv('orders.csv', header = true, nullstr = 'NULL')"}}
        columns:
          - {name: order_id, data_type: varchar}
          - {name: ordered_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
          - {name: store, data_type: varchar}
          - {name: email, data_type: varchar, config: {meta: {pii: email}}}
          - {name: phone, data_type: varchar, config: {meta: {pii: phone}}}
"""
CLOCK = ("--clock", "2026-11-20T06:00:00Z")
# Store, day, whether the order has an e-mail address, and a phone number.
Sold = tuple[str | None, str | None, bool, bool]


def write(project: ProjectFactory, sold: Sequence[Sold], *, store: str = "store as shop_id", policy: str = "") -> Path:
    """Write a shop that sold this."""
    lines = ["order_id,ordered_at,store,email,phone"]
    for number, (name, day, email, phone) in enumerate(sold):
        moment = f"{day} 12:00:00" if day else "NULL"
        address, dialled = (f"c{number}@example.com" if email else ""), (f"+1212555{number:04d}" if phone else "")
        lines.append(f"{number},{moment},{name or 'NULL'},{address},{dialled}")
    files = {
        "models/_s.yml": SOURCES,
        "models/offline.sql": VIEW.replace("{store}", store),
        "orders.csv": "\n".join(lines) + "\n",
        "pusher.yml": policy,
    }
    return project(files)


def build(root: Path, *words: str) -> Ran:
    """Build the shop."""
    return pusher("build", "--project-dir", str(root), "--quiet", *CLOCK, *words)


def counted(sold: Sequence[Sold]) -> dict[str, Any]:
    """Count by hand."""
    emails, phones = sum(one[2] for one in sold), sum(one[3] for one in sold)
    both, found = sum(one[2] and one[3] for one in sold), sum(one[2] or one[3] for one in sold)
    columns = {"email": emails, "phone": phones}
    return {"rows": len(sold), "columns": columns, "both": both, "any": found, "none": len(sold) - found}


def grouped(sold: Sequence[Sold], names: Sequence[str], key: Callable[[Sold], tuple[str | None, ...]]) -> list[Any]:
    """Count each group by hand."""
    groups: dict[tuple[str | None, ...], list[Sold]] = defaultdict(list)
    for one in sold:
        groups[key(one)].append(one)
    order = sorted(groups, key=lambda group: [(name is None, name or "") for name in group])
    return [dict(zip(names, group, strict=True)) | counted(groups[group]) for group in order]


def test_rows_are_counted_by_identifier_store_and_day(project: ProjectFactory) -> None:
    """Every count of every list is what counting by hand gives; a row without store or time has its own group."""
    chance = random.Random(7)  # noqa: S311 -- a fixed seed
    days = ("2026-11-18", "2026-11-19", None)
    sold: list[Sold] = [
        (
            chance.choice(("BER-01", "PDX-01", None)),
            chance.choice(days),
            chance.random() < 0.6,
            chance.random() < 0.3,
        )
        for _ in range(200)
    ]
    (coverage,) = build(write(project, sold), "--json").json["coverage"]
    assert coverage["identity"] == {
        **counted(sold),
        "by_store": grouped(sold, ("store",), lambda one: (one[0],)),
        "by_day": grouped(sold, ("day",), lambda one: (one[1],)),
        "by_store_and_day": grouped(sold, ("store", "day"), lambda one: one[:2]),
        "left_out": 0,
    }


def test_a_view_without_stores_has_one_group_of_them(project: ProjectFactory) -> None:
    """No column of stores is one store that nobody names."""
    sold: list[Sold] = [("A", "2026-11-19", True, False), ("B", "2026-11-19", False, False)]
    (coverage,) = build(write(project, sold, store="'x' as description"), "--json").json["coverage"]
    assert coverage["identity"]["by_store"] == [{"store": None, **counted(sold)}]


def test_too_many_groups_are_cut_to_the_largest_and_counted(
    project: ProjectFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shop per seller may be a hundred thousand of them; what is left out is told."""
    monkeypatch.setattr(identity, "MOST_GROUPS", 2)
    sold: list[Sold] = [(f"S{number}", "2026-11-19", True, True) for number in (1, 2, 2, 3, 3, 3)]
    found = build(write(project, sold), "--json").json["coverage"][0]["identity"]
    assert ([one["store"] for one in found["by_store"]], found["left_out"]) == (["S2", "S3"], 2)


def test_a_build_shows_shares_and_the_stores_and_days_that_lack_most(project: ProjectFactory) -> None:
    """A till that stopped to ask for addresses is seen without a query; others are not listed."""
    days = ("2026-11-17", "2026-11-18")
    good: list[Sold] = [(store, day, True, True) for _ in range(20) for store in "AB" for day in days]
    sold: list[Sold] = [*good, *([("C", "2026-11-19", False, True)] * 30), ("D", "2026-11-18", False, False)]
    assert build(write(project, sold)).out.splitlines() == [
        "",
        "offline: 110 of 111 rows may be sent",
        "         1  no_identity: no-identity (email)",
        "            Nothing to do unless the source knows email or phone of the",
        "            customer.",
        "  rows with  rows  share",
        "  ---------  ----  -----",
        "  email        80   72 %",
        "  phone       110   99 %",
        "  both         80   72 %",
        "  none          1   <1 %",
        "  lacking most    rows  email  phone  both   none",
        "  --------------  ----  -----  -----  -----  -----",
        "  store C           30    0 %  100 %    0 %    0 %",
        "  day 2026-11-19    30    0 %  100 %    0 %    0 %",
        "",
        "built 1 model",
    ]


def test_a_view_without_rows_has_no_shares(project: ProjectFactory) -> None:
    """There is nothing to divide by."""
    root = write(project, [])
    assert build(root).out.splitlines() == ["", "offline: 0 of 0 rows may be sent", "", "built 1 model"]
    assert build(root, "--json").json["coverage"][0]["identity"] == {
        **counted([]),
        "by_store": [],
        "by_day": [],
        "by_store_and_day": [],
        "left_out": 0,
    }
