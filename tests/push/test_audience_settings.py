"""What a view of an audience may set, which identifiers it sends, and what is refused before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pusher.errors import ConfigError, PlanError
from tests.push.audiences import line
from tests.push.members import ADVERTISER, BOTH, MEMBERS, Club, digest, emails, people, serving_audiences, stored


def test_identifiers_of_a_person_travel_side_by_side(tmp_path: Path) -> None:
    """A digest stands under its own kind, a missing one is an empty cell, a changed one takes the old one out.

    Defects B1, B10 and B14 of peers: a person without an address moves no digest to another kind, is sent with a phone
    alone, and the first row does not say which kinds there are.
    """
    (anna, bert, carl) = people(range(3))
    club = Club(tmp_path / "club", sql=BOTH)
    club.join([("", carl[1]), anna, (bert[0], "")])
    body = json.loads(club.project().show_payload(MEMBERS, limit=10))
    first = club.push()
    club.join([(digest("new"), anna[1]), (bert[0], ""), ("", carl[1])])
    changed = club.push()

    def cell(value: str) -> dict[str, Any]:
        return {"id": value, "audience_ids": ["0"]} if value else {}

    assert body | {"batch_data": sorted(body["batch_data"], key=json.dumps)} == {
        "advertiser_ids": [ADVERTISER],
        "action": "add",
        "id_schema": ["EMAIL_SHA256", "PHONE_SHA256"],
        "batch_data": sorted(
            [[cell(anna[0]), cell(anna[1])], [cell(bert[0]), {}], [{}, cell(carl[1])]], key=json.dumps
        ),
    }
    assert line(first) == {"members": 4, "adds": 4, "added": 4, "requests": 4, "exit": 0}
    assert line(changed) == {
        "members": 4, "unchanged": 3, "adds": 1, "deletes": 1, "added": 1, "deleted": 1, "requests": 2, "exit": 0,
    }  # fmt: skip


def test_only_the_id_types_that_are_asked_for_go(tmp_path: Path) -> None:
    """A view may know more about people than an audience is told."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, BOTH, more=", 'id_types': ['PHONE']")
        club.join(people(range(3)))
        club.push()
        members = server.members(server.audiences()[0]["audience_id"])

    assert members == {stored("PHONE_SHA256", digest(f"phone {one}")) for one in range(3)}


def test_who_has_no_identifier_is_counted(tmp_path: Path) -> None:
    """Capitals and blanks are cleaned, a placeholder is left out, a row without any is nobody; each counts once.

    Defect B13 of peers: a digest in capitals is the same person.
    """
    (anna, bert) = people(range(2))
    club = Club(tmp_path / "club")
    club.join([anna, (anna[0].upper(), ""), (f" {bert[0]} ", ""), (digest("null"), ""), ("", "")])
    report = club.push()

    assert line(report) == {
        "members": 2, "adds": 2, "added": 2, "requests": 4, "no_identity": 2, "dropped_identifiers": 1, "exit": 0,
    }  # fmt: skip


@pytest.mark.parametrize("raw", ["anna@shop.example", "5d41402abc4b2a76b9719d911017c592", "0" * 65, "g" * 64])
def test_raw_values_take_nobody_out(tmp_path: Path, raw: str) -> None:
    """An address as it is, an MD5, a digest too long: whoever they are would count as people who left.

    Defect B13 of peers: only 64 hexadecimal digits and nothing else are a digest.
    """
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(6)))
        club.push()
        club.suppress("email 1")
        club.join([(raw, ""), *people(range(1, 6))])
        report = club.push(allow_shrink=True)
        members = server.members(server.audiences()[0]["audience_id"])

    problem = report.audiences[0].problem
    assert problem is not None
    assert (problem.code, problem.message) == (
        "raw-identifiers", f"{MEMBERS} has 1 value where a digest belongs that is none.",
    )  # fmt: skip
    assert line(report) == {
        "members": 4, "unchanged": 4, "deletes": 2, "deleted": 1, "refused_deletes": 1, "suppressed": 1, "requests": 1,
        "no_identity": 1, "dropped_identifiers": 1, "exit": 1,
    }  # fmt: skip
    assert members == {*emails(range(1)), *emails(range(2, 6))}


def test_a_kind_that_is_asked_for_must_be_there(tmp_path: Path) -> None:
    """A renamed column would take everybody of its kind out."""
    club = Club(tmp_path / "club", sql=BOTH, more=", 'id_types': ['EMAIL', 'AAID', 'PHONE']")
    club.join(people(range(3)))
    with pytest.raises(PlanError) as caught:
        club.push()

    assert [(one.code, one.message) for one in caught.value.problems] == [
        ("no-identity-column", f"{MEMBERS} has no column `aaid`, which its audience is to hold.")
    ]


def test_a_kind_that_there_is_not_is_refused(tmp_path: Path) -> None:
    """Defect B7 of peers: a misspelt identifier is a finding of lint and of build, and never a kind of its own."""
    club = Club(tmp_path / "club", sql="select email, phone as phnoe from {{ source('crm', 'people') }}\n")
    found = club.project().lint().findings
    findings = [(one.rule, one.severity) for one in found if one.rule == "PU202"]
    club.join(people(range(3)))
    with pytest.raises(PlanError) as caught:
        club.build_as_users_do()

    assert findings == [("PU202", "error")]
    assert [(one.code, one.fix) for one in caught.value.problems] == [("unknown-column", "Did you mean `phone`?")]


@pytest.mark.parametrize(
    ("settings", "more", "code"),
    [
        ({"advertiser_ids": None}, "", "advertisers"),
        ({}, ", 'advertiser_ids': ['765432109876543210']", "advertisers"),
        ({}, ", 'advertiser_ids': ['76543210987654321098']", "advertisers"),
        ({}, ", 'advertiser_ids': [7654321098765432109]", "advertisers"),
        ({}, ", 'id_types': ['FAX']", "id-types"),
    ],
)
def test_a_wrong_setting_is_told_before_anything_is_sent(
    tmp_path: Path, settings: dict[str, Any], more: str, code: str
) -> None:
    """Case C13: ids of 18 or 20 digits or as numbers, and id types that there are not."""
    club = Club(tmp_path / "club", more=more, **settings)
    club.join(people(range(5)))

    with pytest.raises(ConfigError) as caught:
        club.push()
    assert [problem.code for problem in caught.value.problems] == [code]


def test_audiences_need_a_ledger_and_have_no_test_events(tmp_path: Path) -> None:
    """`--stateless` refuses them, `--test-event-code` leaves them out."""
    club = Club(tmp_path / "club")
    club.join(people(range(5)))

    codes = []
    for choice in ({"stateless": True}, {"test_event_code": "TEST1"}):
        with pytest.raises(ConfigError) as caught:
            club.push(**choice)
        codes.append(caught.value.problems[0].code)
    assert codes == ["stateless-audience", "no-event-views"]


def test_a_project_sets_how_much_may_go(tmp_path: Path) -> None:
    """More than a tenth and more than two are too many here; a share of 2 is none."""
    club = Club(tmp_path / "club")
    (club.root / "pusher.yml").write_text("push: {audience_shrink: {share: 0.1, members: 2}}\n")
    club.join(people(range(30)))
    club.push()
    kept = []
    for stay in (26, 27):
        club.join(people(range(stay)))
        kept.append(club.push(dry_run=True).audiences[0].refused_deletes)
    (club.root / "pusher.yml").write_text("push: {audience_shrink: {share: 2, members: -1, shares: 1}}\n")
    with pytest.raises(ConfigError) as caught:
        club.push()

    assert kept == [4, 0]
    assert [(one.code, one.place) for one in caught.value.problems] == [
        ("unknown-key", "pusher.yml:1:49"),
        ("wrong-value", "pusher.yml:1:26"),
        ("wrong-value", "pusher.yml:1:36"),
    ]


def test_device_ids_go_under_their_own_kinds_and_nothing_is_nobody(tmp_path: Path) -> None:
    """Defects B12 and B14 of peers: an id of Android is none of iOS, and the digest of an empty text is no person."""
    sql = (
        "select email as idfa, phone as aaid, sha256('') as phone, null::varchar as email "
        "from {{ source('crm', 'people') }}\n"
    )
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, sql)
        club.join(people(range(2)))
        report = club.push()
        members = server.members(server.audiences()[0]["audience_id"])

    assert members == {
        *(stored("IDFA_SHA256", digest(f"email {one}")) for one in range(2)),
        *(stored("AAID_SHA256", digest(f"phone {one}")) for one in range(2)),
    }
    assert line(report) == {"members": 4, "adds": 4, "added": 4, "requests": 4, "dropped_identifiers": 2, "exit": 0}
