"""Identifiers that stand in too many rows to be one person's."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pusher.config import SharedLimits
from tests.cli.conftest import pusher
from tests.conftest import ProjectFactory

SOURCES = """\
version: 2
sources:
  - name: raw
    tables:
      - name: orders
        config: {meta: {external_location: "read_csv('orders.csv', header = true, nullstr = 'NULL')"}}
        columns:
          - {name: order_id, data_type: varchar}
          - {name: email, data_type: varchar, config: {meta: {pii: email}}}
          - {name: phone, data_type: varchar, config: {meta: {pii: phone}}}
"""
VIEW = """\
{{ config(meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}) }}
select
    'Purchase' as event,
    order_id as event_id,
    timestamp '2026-11-19 12:00:00' as event_time,
    sha256(email) as email,
    case when phone is not null then [sha256(phone), sha256(phone || 'b')] end as phone
from {{ source('raw', 'orders') }}
"""
CLOCK = ("--clock", "2026-11-20T06:00:00Z")
TILL = "till"
# E-mail and phone of an order.
Order = tuple[str | None, str | None]


def own(count: int) -> list[Order]:
    """Return orders of customers of their own."""
    return [(f"c{number}", None) for number in range(count)]


def write(project: ProjectFactory, orders: Sequence[Order], policy: str = "") -> Path:
    """Write a shop with these orders."""
    lines = [f"{number},{email or 'NULL'},{phone or 'NULL'}" for number, (email, phone) in enumerate(orders)]
    files = {
        "models/_s.yml": SOURCES,
        "models/offline.sql": VIEW,
        "orders.csv": "\n".join(["order_id,email,phone", *lines]) + "\n",
        "pusher.yml": policy,
    }
    return project(files)


def counted(root: Path, command: str) -> dict[str, Any]:
    """Return what a build or a push counts about shared identifiers."""
    body = pusher(command, "--project-dir", str(root), "--quiet", *CLOCK, "--json").json
    found = body["coverage"][0] if command == "build" else body["models"][0]
    refused = found["reasons"] if command == "build" else found["refusals"]
    good = found["good"] if command == "build" else found["accepted"]
    return {
        "good": good,
        **{f"warned {one['field']}": one["rows"] for one in found["warnings"]},
        **{f"refused {one['reason']}": one["rows"] for one in refused},
        "dropped": found["dropped_identifiers"],
    }


CASES: dict[str, tuple[list[Order], str, dict[str, int]]] = {
    "a till's address without a phone": (
        [*own(1000), *[(TILL, None)] * 50],
        "",
        {"good": 1000, "refused shared-identifier": 50, "dropped": 50},
    ),
    "a till's address beside phones": (
        [*own(1000), *((TILL, f"p{number}") for number in range(50))],
        "",
        {"good": 1050, "warned email": 50, "dropped": 50},
    ),
    "one row fewer": ([*own(1000), *[(TILL, None)] * 49], "", {"good": 1049, "dropped": 0}),
    "exactly the share": ([*own(4950), *[(TILL, None)] * 50], "", {"good": 5000, "dropped": 0}),
    "a number in a list": (
        [*own(500), *[("c0", TILL)] * 60],
        "identity: {shared: {rows: 62}}\n",
        {"good": 560, "dropped": 0},
    ),
    "numbers in a list": (
        [*own(500), *((f"d{number}", TILL) for number in range(60))],
        "",
        {"good": 560, "warned phone": 60, "dropped": 120},
    ),
    "reported only": (
        [*own(1000), *[(TILL, None)] * 50],
        "identity: {shared: {action: report}}\n",
        {"good": 1050, "warned email": 50, "dropped": 0},
    ),
    "another share": (
        [*own(1000), *[(TILL, None)] * 50],
        "identity: {shared: {share: 0.05}}\n",
        {"good": 1050, "dropped": 0},
    ),
    "improbably many, however small the share": (
        [*own(1000), *[(TILL, None)] * 6],
        "identity: {shared: {most_rows: 5}}\n",
        {"good": 1000, "refused shared-identifier": 6, "dropped": 6},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_shared_identifier_is_left_out_of_its_rows(project: ProjectFactory, case: str) -> None:
    """The row goes with its other identifiers, and is refused with a reason when it has none; build and push agree."""
    orders, policy, expected = CASES[case]
    root = write(project, orders, policy)
    built = counted(root, "build")
    pushed = counted(root, "push")
    assert built == expected
    # A push counts what it dropped of the rows that it sends only.
    sent = {**expected, "dropped": 0 if "refused shared-identifier" in expected else expected["dropped"]}
    assert pushed == sent


SPELLINGS = """\
    case order_id::int % 3
        when 0 then upper(sha256(email))
        when 1 then ' ' || sha256(email) || '  '
        else sha256(email)
    end as email,
    case when phone is not null then [sha256(phone), upper(sha256(phone)), ' ' || sha256(phone)] end as phone
"""


def test_spellings_of_a_digest_count_together(project: ProjectFactory) -> None:
    """Capitals and blanks, which cleaning takes away, do not hide how many rows share it, nor make a row two."""
    orders: list[Order] = [*own(999), *((TILL, f"p{number}") for number in range(60)), *[("d", "q")] * 49]
    root = write(project, orders)
    head, _, tail = VIEW.partition("    sha256(email) as email,\n")
    (root / "models/offline.sql").write_text(head + SPELLINGS + tail[tail.index("from ") :])
    expected = {"good": 1108, "warned email": 60, "dropped": 60}
    assert (counted(root, "build"), counted(root, "push")) == (expected, expected)
    told = pusher("build", "--project-dir", str(root), "--quiet", *CLOCK).out
    assert "1 digest of email with up to 60 of the view's 1,108 rows each" in " ".join(told.split())


def test_what_a_person_is_told(project: ProjectFactory) -> None:
    """How many digests in how many rows, and both ways out; no value and no digest."""
    orders = [*own(1000), *((TILL, f"p{number}") for number in range(60)), *[("other", None)] * 55]
    root = write(project, orders)
    ran = pusher("build", "--project-dir", str(root), "--quiet", *CLOCK)
    assert ran.out.splitlines()[1:13] == [
        "offline: 1,060 of 1,115 rows may be sent",
        "  115 identifiers identify nobody and are left out",
        "        55  invalid: shared-identifier (email)",
        "            Leave it out in the model when it is a placeholder; raise",
        "            identity.shared in pusher.yml when it is not.",
        "        60  warning: shared-identifier (email)",
        "            2 digests of email with up to 60 of the view's 1,115 rows each: a",
        "            placeholder or the shop's own, left out.",
        "            Find it with: select email, count(*) ... group by all order by 2",
        "            desc. Leave it out in the model; raise identity.shared in pusher.yml",
        "            when it is a customer's.",
        "  rows with   rows  share",
    ]
    assert hashlib.sha256(TILL.encode()).hexdigest() not in ran.out


def test_a_customer_is_sent_once_the_thresholds_say_so(project: ProjectFactory) -> None:
    """What was held back by mistake goes with the next push; nothing is sent twice."""
    orders = [*own(1000), *[(TILL, None)] * 50]
    root = write(project, orders)
    counted(root, "build")
    first = pusher("push", "--project-dir", str(root), "--quiet", *CLOCK, "--json")
    (root / "pusher.yml").write_text("identity: {shared: {rows: 51}}\n")
    second = pusher("push", "--project-dir", str(root), "--quiet", *CLOCK, "--json")
    terms = [
        {term: ran.json["models"][0][term] for term in ("accepted", "already_sent", "invalid")}
        for ran in (first, second)
    ]
    assert (first.code, second.code, terms) == (
        1,
        0,
        [
            {"accepted": 1000, "already_sent": 0, "invalid": 50},
            {"accepted": 50, "already_sent": 1000, "invalid": 0},
        ],
    )


@pytest.mark.parametrize(
    ("total", "expected"), [(0, 50), (100, 50), (4999, 50), (5000, 51), (5099, 51), (10_000, 101), (10**6, 1001)]
)
def test_the_thresholds_are_exact(total: int, expected: int) -> None:
    """More than 1 % and 50 rows at least, or more than 1,000 rows."""
    assert SharedLimits().too_many(total) == expected
