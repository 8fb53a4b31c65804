"""What a build says about the members of an audience."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from tests.cli.conftest import pusher
from tests.conftest import ProjectFactory

VIEW = """\
{{ config(meta={'pusher': {'destination': 'tiktok', 'payload': 'audience', 'audience_name': 'Best customers'}}) }}
select
    string_split(email, ' ') as email,
    phone,
    idfa,
    cast(null as varchar) as aaid
from {{ source('raw', 'customers') }}
"""
SOURCES = """\
version: 2
sources:
  - name: raw
    tables:
      - name: customers
        config: {meta: {external_location: "read_csv('customers.csv', header = true, all_varchar = true)"}}
        columns:
          - {name: email, data_type: varchar, config: {meta: {pii: email_sha256}}}
          - {name: phone, data_type: varchar, config: {meta: {pii: phone_sha256}}}
          - {name: idfa, data_type: varchar, config: {meta: {pii: idfa_sha256}}}
"""
ZEROS = hashlib.sha256(b"00000000-0000-0000-0000-000000000000").hexdigest()


def digest(text: object) -> str:
    """Return a digest."""
    return hashlib.sha256(str(text).encode()).hexdigest()


def write(project: ProjectFactory, customers: Sequence[Sequence[str]], *, policy: str = "") -> Path:
    """Write a project whose customers have these addresses, numbers and advertising ids."""
    lines = ["email,phone,idfa", *(",".join(row) for row in customers)]
    files = {"models/_s.yml": SOURCES, "models/best.sql": VIEW, "customers.csv": "\n".join(lines) + "\n"}
    return project({**files, "pusher.yml": policy})


CUSTOMERS = (
    (f"{digest(1)} {digest(2)}", digest(3), ""),
    # The same member again: in another order, in capitals.
    (f"{digest(2)} {digest(1)}", digest(3).upper(), ""),
    ("", "", digest(4)),
    # A raw address is no digest, and zeros are nobody's phone.
    ("ann@example.com", digest(5), ZEROS),
    ("ann@example.com", "", ""),
    ("", "", ZEROS),
    ("", "", ""),
)


def test_members_are_counted_by_the_identifiers_that_they_hold(project: ProjectFactory) -> None:
    """Each row is a member or has a reason why not; the same identifiers are one member."""
    built = pusher("build", "--project-dir", str(write(project, CUSTOMERS)), "--json")
    (coverage,) = built.json["coverage"]
    identity = coverage.pop("identity")
    reasons = {one["reason"]: (one["term"], one["rows"]) for one in coverage.pop("reasons")}
    (few,) = coverage.pop("warnings")
    assert coverage == {"model": "best", "rows": 7, "good": 4, "repeated": 1, "dropped_identifiers": 4}
    assert reasons == {"not-a-digest": ("invalid", 2), "no-identity": ("no_identity", 1)}
    assert (few["warning"], few["field"], few["rows"]) == ("few-members", None, 3)
    columns = {"email": 2, "phone": 3, "idfa": 1, "aaid": 0}
    whole = {"rows": 7, "columns": columns, "both": 2, "any": 4, "none": 3}
    assert {name: identity[name] for name in whole} == whole
    assert built.code == 0


def test_a_build_shows_what_an_audience_can_be_matched_by(project: ProjectFactory) -> None:
    """Repeated members and an audience that TikTok would leave empty are told in words."""
    built = pusher("build", "--project-dir", str(write(project, CUSTOMERS[:3])), "--quiet")
    assert built.out.splitlines() == [
        "",
        "best: 3 of 3 rows may be sent",
        "  1 row repeats a member of the view",
        "         2  warning: few-members",
        "            TikTok needs 1,000 members that it matches before an audience can be",
        "            used; fewer are left empty.",
        "            Let more customers into the model, or bring more identifiers of",
        "            each.",
        "  rows with  rows  share",
        "  ---------  ----  -----",
        "  email         2   66 %",
        "  phone         2   66 %",
        "  both          2   66 %",
        "  idfa          1   33 %",
        "  aaid          0    0 %",
        "  none          0    0 %",
        "",
        "built 1 model",
    ]


def test_few_members_are_told_below_a_thousand(project: ProjectFactory) -> None:
    """None and 999 are too few and 1,000 are enough, each counted once."""
    told = []
    for count in (0, 999, 1_000, 1_001):
        rows = [(digest(f"customer {number}"), "", "") for number in range(count)]
        root = write(project, [*rows, *rows[:1]], policy="version: 1\n")
        (coverage,) = pusher("build", "--project-dir", str(root), "--json").json["coverage"]
        told.append([(one["warning"], one["rows"]) for one in coverage["warnings"]])
    assert told == [[("few-members", 0)], [("few-members", 999)], [], []]


def test_a_floor_of_pusher_yml_holds_for_an_audience(project: ProjectFactory) -> None:
    """Too few members with an address end the build with exit code 1."""
    policy = "version: 1\nidentity: {floors: {best: {email: 0.5, any: 0.5}}}\n"
    built = pusher("build", "--project-dir", str(write(project, CUSTOMERS, policy=policy)), "--json")
    assert [(one["code"], one["message"]) for one in built.json["errors"]] == [
        ("identity-floor", "best: 2 of 7 rows (28.5 %) hold a usable `email`; the floor is 50 %.")
    ]
    assert built.code == 1
