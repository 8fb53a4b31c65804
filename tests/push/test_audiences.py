"""Audiences end to end: what the view names is what the sandbox holds, whatever happened on the way."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from pusher.errors import ConfigError, PlanError
from pusher.project.outcomes import Patience
from pusher.push.audience.settle import MemberSettling
from pusher.push.world import PushReport
from tests.push import support
from tests.push.members import (
    ADVERTISER,
    BOTH,
    EMAILS,
    MEMBERS,
    NAME,
    OTHER,
    Club,
    SkippingClock,
    digest,
    people,
    serving_audiences,
    stored,
)
from tests.push.support import NOW
from tests.push.test_other_ledgers import as_of_schema_1
from tests.torture.world import Ended

LATER = NOW + timedelta(minutes=10)
IDS = (ADVERTISER, OTHER)


def line(report: PushReport, place: int = 0) -> dict[str, Any]:
    """Return what one audience came to, without its names and counts that are nought."""
    found = report.audiences[place].as_json()
    kept = (
        "members", "unchanged", "adds", "deletes", "added", "deleted", "held", "suppressed", "pending_adds",
        "pending_deletes", "refused_adds", "refused_deletes", "requests", "no_identity", "dropped_identifiers",
        "unknown_deletes", "pending_unknown_deletes",
    )  # fmt: skip
    return {name: found[name] for name in kept if found[name]} | {"exit": report.exit_code}


def emails(numbers: range) -> set[tuple[str, str]]:
    """Return what the sandbox keeps of the e-mails of people."""
    return {stored("EMAIL_SHA256", digest(f"email {one}")) for one in numbers}


def test_an_audience_ends_as_its_view_says(tmp_path: Path) -> None:
    """It is made once, filled, left alone, and then follows who comes and who goes.

    Defect B8 of peers: no request has more than 1,000 people, whatever the view has.
    """
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(2_500)))
        first = club.push()
        again = club.push()
        club.join(people(range(100, 2_600)))
        changed = club.push()
        (audience,) = server.audiences()
        members = server.members(audience["audience_id"])

    assert line(first) == {"members": 2_500, "adds": 2_500, "added": 2_500, "requests": 6, "exit": 0}
    assert line(again) == {"members": 2_500, "unchanged": 2_500, "exit": 0}
    assert line(changed) == {
        "members": 2_500, "unchanged": 2_400, "adds": 100, "deletes": 100, "added": 100, "deleted": 100,
        "requests": 2, "exit": 0,
    }  # fmt: skip
    assert members == emails(range(100, 2_600))
    assert (audience["name"], audience["advertiser_id"]) == (NAME, ADVERTISER)
    assert club.lock_file() == (
        "# Which audience each view fills, by target and advertiser. Written by pusher; commit it.\n"
        "version: 1\n"
        "targets:\n"
        "  'dev':\n"
        f"    '{MEMBERS}':\n"
        f"      '{ADVERTISER}':\n"
        f"        '{NAME}': '{audience['audience_id']}'\n"
    )


def test_who_leaves_is_told_before_who_comes(tmp_path: Path) -> None:
    """Each request tells one of both, and every one of those who leave comes first."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(2_500)))
        club.push()
        before = len(server.requests())
        club.join(people(range(1_500, 4_000)))
        club.push(allow_shrink=True)
        told = [(one["removed"], one["added"]) for one in server.requests()[before:]]

    assert told == [(1_000, 0), (500, 0), (0, 1_000), (0, 500)]


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


def test_each_advertiser_succeeds_or_fails_alone(tmp_path: Path) -> None:
    """Case C18: one of two is not ours; the other gets its audience, and the receipt has a line for both."""
    with serving_audiences(tmp_path, advertisers=[OTHER]) as server:
        club = Club(tmp_path / "club", server.base_url, advertiser_ids=[ADVERTISER, OTHER])
        club.join(people(range(1_200)))
        report = club.push()
        (audience,) = server.audiences()
        members = server.members(audience["audience_id"])

    refused, taken = report.audiences
    assert refused.problem is not None
    assert (refused.advertiser_id, refused.problem.code, refused.pending_adds) == (ADVERTISER, "tiktok-config", 1_200)
    assert refused.problem.message.startswith(f"The audiences of advertiser {ADVERTISER} cannot be listed (code 40001)")
    assert (taken.advertiser_id, taken.added, taken.problem) == (OTHER, 1_200, None)
    assert (report.exit_code, members) == (3, emails(range(1_200)))


def test_an_empty_view_takes_nobody_out(tmp_path: Path) -> None:
    """Fault 57: the view lost its rows upstream; `--allow-shrink` says that it is meant."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        club.join([])
        refused = club.push()
        kept = server.members(server.audiences()[0]["audience_id"])
        allowed = club.push(allow_shrink=True)
        left = server.members(server.audiences()[0]["audience_id"])

    assert refused.audiences[0].problem is not None
    assert refused.audiences[0].problem.as_json() == {
        "code": "audience-shrinks",
        "message": f"{MEMBERS} names nobody, and its audience at advertiser {ADVERTISER} has 5 identifiers.",
        "file": f"models/{MEMBERS}.sql",
        "line": None,
        "column": None,
        "fix": "Look at what the view is made of. If it is meant, run `pusher push --allow-shrink`.",
    }
    assert line(refused) == {"deletes": 5, "refused_deletes": 5, "exit": 1}
    assert kept == emails(range(5))
    assert line(allowed) == {"deletes": 5, "deleted": 5, "requests": 1, "exit": 0}
    assert left == set()


@pytest.mark.parametrize(("stay", "is_refused"), [(2_500, True), (2_501, False), (2_800, False)])
def test_a_view_may_lose_three_in_ten(tmp_path: Path, stay: int, is_refused: bool) -> None:  # noqa: FBT001 -- a table
    """More than 1,000 and more than 30 % are too many."""
    most = 3_572
    club = Club(tmp_path / "club")
    club.join(people(range(most)))
    club.push()
    club.join(people(range(stay)))
    report = club.push(dry_run=True)

    gone = most - stay
    expected = {"members": stay, "unchanged": stay, "deletes": gone, "pending_deletes": gone, "exit": 0}
    if is_refused:
        expected |= {"refused_deletes": gone, "exit": 1}
        del expected["pending_deletes"]
    assert line(report) == expected


def test_a_view_that_shrank_names_each_advertiser(tmp_path: Path) -> None:
    """What would go differs from one to the next, so each is told by itself, in a dry run too."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, advertiser_ids=[*IDS])
        club.join(people(range(5)))
        club.push()
        club.join([])
        reports = [club.push(), club.push(dry_run=True)]

    told = [f"{MEMBERS} names nobody, and its audience at advertiser {one} has 5 identifiers." for one in IDS]
    assert [[one.message for one in report.problems] for report in reports] == [told, told]


def test_suppressed_people_go_although_the_view_shrank_too_much(tmp_path: Path) -> None:
    """Suppression is never held back by the guard."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        club.suppress("email 0", "email 9")
        club.join([])
        report = club.push()
        members = server.members(server.audiences()[0]["audience_id"])

    assert line(report) == {
        "deletes": 5, "deleted": 1, "refused_deletes": 4, "unknown_deletes": 1, "requests": 2, "exit": 1,
    }  # fmt: skip
    assert members == emails(range(1, 5))


def test_a_request_without_an_answer_is_told_again_the_way_the_view_wants_by_then(tmp_path: Path) -> None:
    """Fault 55: TikTok took the people and the answer was lost; then they left the view.

    Defect B8 of peers: what no answer says is not taken for done.
    """
    faults = [{"match": {"path": "segment/mapping/"}, "do": "drop_after_accept", "times": None}]
    with serving_audiences(tmp_path, faults) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        doubtful = club.push()
        inside = server.members(server.audiences()[0]["audience_id"])
    with serving_audiences(tmp_path) as server:
        club.profile(server.base_url, advertiser_ids=[ADVERTISER])
        club.serve_another(server.base_url)
        club.join(people(range(3)))
        report = club.push(now=LATER)
        members = server.members(server.audiences()[0]["audience_id"])

    assert (doubtful.exit_code, inside) == (4, emails(range(5)))
    assert line(report) == {
        "members": 3, "adds": 3, "deletes": 2, "added": 3, "deleted": 2, "requests": 2, "exit": 0,
    }  # fmt: skip
    assert members == emails(range(3))


def test_halves_of_a_request_that_may_have_been_obeyed_are_in_doubt_too(tmp_path: Path) -> None:
    """An answer was lost, then the whole was too large: whoever is in a half that was not sent may be inside."""
    path = {"path": "segment/mapping/"}
    lost, large = {"match": path, "do": "drop_after_accept"}, {"match": {**path, "nth": 2}, "do": 413}
    with serving_audiences(tmp_path, [lost, large]) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        stopped = club.push(should_stop=_after(server, 5))
        chunks = club.ledger("select first_row, rows, state, at_risk, last_risk_at from audience_chunk order by id")
        summary = club.project().ledger.summary()
        club.join(people(range(3)))
        report = club.push(now=LATER)
        members = server.members(server.audiences()[0]["audience_id"])

    moment = NOW.isoformat(timespec="microseconds")
    assert stopped.exit_code == 4
    assert chunks == [(0, 5, "split", 1, moment), (0, 2, "unknown", 1, moment), (2, 3, "unknown", 1, moment)]
    assert summary is not None
    assert [(one["inside"], one["maybe"]) for one in summary.audiences] == [(0, 5)]
    assert (line(report)["deletes"], line(report)["adds"], members) == (2, 3, emails(range(3)))


def test_a_late_request_cannot_undo_a_newer_one(tmp_path: Path) -> None:
    """Fault 56: an add lands 90 seconds after it left, and the person left the view meanwhile."""
    late = {"match": {"path": "segment/mapping/", "contains": ['"action":"add"']}, "do": "late", "delay_s": 90}
    with serving_audiences(tmp_path, [late]) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        stopped = club.push(should_stop=_after(server, 4))
        club.join(people(range(4)))
        server.now = NOW + timedelta(seconds=10)
        early = club.push(now=server.now, patience=Patience(deadline_s=20.0))
        server.now = NOW + timedelta(seconds=130)
        report = club.push(now=server.now)
        members = server.members(server.audiences()[0]["audience_id"])

    assert stopped.exit_code == 4
    assert (line(early)["held"], early.exit_code) == (1, 4)
    assert (report.exit_code, members) == (0, emails(range(4)))


def _after(server: Any, requests: int) -> Any:
    """Return what becomes true once the server has seen some requests."""
    return lambda: len(server.requests()) >= requests


def test_a_busy_audience_is_waited_for(tmp_path: Path) -> None:
    """Fault 60: TikTok says three times that it is being processed; nothing is cut in two and nobody is lost."""
    busy = {
        "match": {"path": "segment/mapping/"}, "do": 40002, "message": "Audience is not editable", "times": 3,
    }  # fmt: skip
    with serving_audiences(tmp_path, [busy]) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        project, clock = club.project(), SkippingClock()
        project.clock = clock
        report = project.push()
        requests = [(one["path"].rpartition("v1.3/")[2], one["code"]) for one in server.requests()]

    assert line(report) == {"members": 5, "adds": 5, "added": 5, "requests": 7, "exit": 0}
    assert clock.skipped_s > 3 * 290
    assert requests[-4:] == [*[("segment/mapping/", 40002)] * 3, ("segment/mapping/", 0)]


def test_a_refused_token_stops_everything(tmp_path: Path) -> None:
    """No other advertiser would answer otherwise."""
    faults = [{"match": {"path": "segment/mapping/", "nth": 2}, "do": 40105, "times": None}]
    with serving_audiences(tmp_path, faults) as server:
        club = Club(tmp_path / "club", server.base_url, advertiser_ids=[ADVERTISER, OTHER], concurrency=1)
        club.join(people(range(1_500)))
        report = club.push()

    assert report.exit_code == 3
    assert sorted(one.added for one in report.audiences) == [0, 1_000]
    assert {one.problem.code for one in report.audiences if one.problem} == {"tiktok-auth"}


def test_a_dry_run_asks_nobody_and_changes_nothing(tmp_path: Path) -> None:
    """It counts who would come and go, and keeps nothing."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        report = club.push(dry_run=True)
        requests = server.requests()

    assert line(report) == {"members": 5, "adds": 5, "pending_adds": 5, "exit": 0}
    assert (requests, club.state.ledger.exists(), (club.root / "audiences.lock.yml").exists()) == ([], False, False)


def test_a_dry_run_says_what_only_tiktok_knows(tmp_path: Path) -> None:
    """Two audiences of the name stop the push; the dry run before it says that it does not know."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        server.make(NAME)
        server.make(NAME)
        dry, report = club.push(dry_run=True), club.push()

    few = "The view names 5 people at most: TikTok uses an audience from 1,000 matched people on."
    assert dry.audiences[0].warnings == [
        few,
        "A dry run asks TikTok nothing. A push fills the audience of this name that is there, or makes one; it stops "
        "when there are several, or when it is one of files. `pusher audience list` shows them.",
    ]
    assert ([one.code for one in report.problems], report.audiences[0].warnings) == (["audience-ambiguous"], [few])


def test_a_dry_run_says_that_an_earlier_run_is_not_settled(tmp_path: Path) -> None:
    """It changes nothing, so it compares with what was settled last; the push after it does not repeat the notice."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        with patch.object(MemberSettling, "settle", side_effect=[None, Ended]), pytest.raises(Ended):
            club.push()
        dry, after = club.push(dry_run=True), club.push()

    assert [one.partition(". ")[0] for one in dry.notices] == [
        "tiktok_audience_best: an earlier run ended before it settled what it told TikTok"
    ]
    assert (line(after), after.notices) == ({"members": 5, "unchanged": 5, "exit": 0}, ())


def test_few_members_are_warned_of(tmp_path: Path) -> None:
    """Case C11: TikTok uses an audience from 1,000 people on, however many identifiers each of them has."""
    warned: list[list[str]] = []
    for count, sql, more in (
        (999, EMAILS, ""),
        (1_000, EMAILS, ""),
        (999, BOTH, ""),
        (999, BOTH, ", 'method': 'file'"),
    ):
        club = Club(tmp_path / str(len(warned)), sql=sql, more=more)
        club.join(people(range(count)))
        warned.append(club.push().audiences[0].warnings)

    told = ["The view names 999 people at most: TikTok uses an audience from 1,000 matched people on."]
    assert warned == [told, [], told, told]


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
    with pytest.raises(PlanError) as caught:
        club.join(people(range(3)))

    assert findings == [("PU202", "error")]
    assert [(one.code, one.fix) for one in caught.value.problems] == [("unknown-column", "Did you mean `phone`?")]


def test_a_view_that_names_nobody_at_first_is_a_finding(tmp_path: Path) -> None:
    """No audience is made, and nobody is surprised."""
    club = Club(tmp_path / "club")
    club.join([])
    report = club.push()

    problem = report.audiences[0].problem
    assert (problem and problem.code, report.exit_code, report.requests) == ("audience-empty", 1, 0)


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


def test_a_dry_run_reads_a_ledger_that_knows_no_audiences(tmp_path: Path) -> None:
    """An older version wrote it; nothing is changed."""
    club = Club(tmp_path / "club")
    club.join(people(range(5)))
    club.push()
    as_of_schema_1(club.state.ledger)

    assert line(club.push(dry_run=True)) == {"members": 5, "adds": 5, "pending_adds": 5, "exit": 0}


def test_reconcile_tells_everything_again(tmp_path: Path) -> None:
    """Somebody emptied the audience and put a person back who had left; both are put right."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(6)))
        club.push()
        club.join(people(range(5)))
        club.push()
        (audience,) = server.audiences()
        server.change(audience["audience_id"], "delete", [digest("email 0"), digest("email 1")])
        server.change(audience["audience_id"], "add", [digest("email 5")])
        unaware = club.push()
        report = club.project().reconcile()
        members = server.members(audience["audience_id"])

    assert line(unaware) == {"members": 5, "unchanged": 5, "exit": 0}
    assert line(report) == {
        "members": 5, "adds": 5, "deletes": 1, "added": 5, "deleted": 1, "requests": 2, "exit": 0,
    }  # fmt: skip
    assert members == emails(range(5))
    assert club.ledger("select command from run order by started_at")[-1] == ("audience reconcile",)


def test_who_left_is_remembered_for_thirty_days(tmp_path: Path) -> None:
    """A reconcile in between does not make it longer, and no change has to come for it to end."""
    outside = []
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(50)))
        club.push()
        club.join(people(range(49)))
        club.push()
        reconciled = club.project(NOW + timedelta(days=20)).reconcile()
        for days in (20, 30, 31):
            club.push(NOW + timedelta(days=days))
            summary = club.project().ledger.summary()
            assert summary is not None
            outside.append([(one["inside"], one["outside"]) for one in summary.audiences])
        members = server.members(server.audiences()[0]["audience_id"])

    assert (reconciled.audiences[0].deleted, members) == (1, emails(range(49)))
    assert outside == [[(49, 1)], [(49, 1)], [(49, 0)]]


def test_status_says_who_is_where(tmp_path: Path) -> None:
    """In, maybe, and taken out."""
    late = {"match": {"path": "segment/mapping/", "nth": 3}, "do": "drop_before", "times": None}
    with serving_audiences(tmp_path, [late]) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(6)))
        club.push()
        club.join(people(range(5)))
        club.push()
        club.join(people(range(1, 8)))
        club.push()
        (audience,) = server.audiences()
        summary = club.project().ledger.summary()

    assert summary is not None
    assert summary.audiences == [
        {
            "model": MEMBERS,
            "name": NAME,
            "advertiser_id": ADVERTISER,
            "audience_id": audience["audience_id"],
            "method": "stream",
            "inside": 4,
            "maybe": 1,
            "outside": 1,
            "told_at": NOW.isoformat(timespec="seconds"),
        }
    ]
    about = {"what": "audience", "model": MEMBERS, "space": "", "until": None, "name": NAME}
    (need,) = summary.attention
    fix = need.pop("fix")
    assert need == {**about, "rows": 4, "advertiser_id": ADVERTISER}
    assert fix == "Run `pusher push` again: it tells TikTok what is still to be told, or is in doubt."


def test_status_says_what_to_do_about_a_refusal(tmp_path: Path) -> None:
    """To push again would be refused again; once it went well, the next that waits is pushed again."""
    refusal = {"match": {"path": "segment/mapping/"}, "do": 40001, "times": 1}
    with serving_audiences(tmp_path, [refusal]) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        report = club.push()
        refused = club.project().ledger.summary()
        club.push()
        club.join(people(range(6)))
        club.push(patience=Patience(deadline_s=0.0))
        waiting = club.project().ledger.summary()

    assert refused is not None
    assert waiting is not None
    (problem,) = report.problems
    assert (report.exit_code, problem.code.startswith("tiktok-")) == (3, True)
    assert [(one["rows"], one["fix"]) for one in refused.attention] == [(5, problem.fix)]
    again = "Run `pusher push` again: it tells TikTok what is still to be told, or is in doubt."
    assert [(one["rows"], one["fix"]) for one in waiting.attention] == [(1, again)]


def test_status_fails_while_an_audience_waits(tmp_path: Path) -> None:
    """What a run left to be told, what a killed run left behind, and nothing once it is settled."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))

        def status() -> tuple[int, str]:
            done = club.command("status", "--fail-if-pending")
            return done.wait(), done.communicate()[0].decode()

        club.push(patience=Patience(deadline_s=0.0))
        waiting = status()
        club.push()
        settled = status()
        with sqlite3.connect(club.state.ledger) as connection:
            connection.execute("update audience_change set settled_at = null")
        connection.close()
        killed = status()

    assert (waiting[0], settled[0], killed[0]) == (4, 0, 4)
    assert f"       5  ! audience: {MEMBERS}, `{NAME}` of advertiser {ADVERTISER}\n" in waiting[1]
    assert "Nothing needs a person." in settled[1]


def test_status_counts_what_a_killed_push_froze(tmp_path: Path) -> None:
    """It ended before it could say how much there is: who it was about to tell is told again by the next push."""

    def killed() -> bool:
        if len(server.requests()) >= 3:
            raise Ended
        return False

    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        with pytest.raises(Ended):
            club.push(should_stop=killed)
        summary = club.project().ledger.summary()
        after = club.push(now=LATER)
        settled = club.project(LATER).ledger.summary()

    assert summary is not None
    assert settled is not None
    assert [(one["what"], one["name"], one["rows"]) for one in summary.attention] == [("audience", NAME, 5)]
    assert (after.exit_code, settled.attention) == (0, [])


def test_who_is_suppressed_during_a_run_is_not_added_and_is_taken_out(tmp_path: Path) -> None:
    """Fault 58: one is still to be added, one has been added by this very run."""
    slow = {"match": {"path": "segment/mapping/", "nth": 2}, "do": 50000}
    with serving_audiences(tmp_path, [slow]) as server:
        club = Club(tmp_path / "club", server.base_url, members_per_request=2, concurrency=1)
        club.join(people(range(6)))
        told: list[bool] = []

        def suppress_once() -> bool:
            if not told and len(server.requests()) >= 4:
                told.append(True)
                club.suppress(*(f"email {one}" for one in range(6)))
            return False

        report = club.push(should_stop=suppress_once)
        members = server.members(server.audiences()[0]["audience_id"])

    (receipt,) = report.audiences
    assert (members, report.exit_code, receipt.is_settled) == (set(), 0, True)
    assert (receipt.is_new, 0 < receipt.added <= receipt.deleted <= 6) == (True, True)


def test_who_is_suppressed_during_a_run_leaves_a_refused_view_too(tmp_path: Path) -> None:
    """The view of the audience shrank too much; it keeps those who left by themselves, and nobody who is suppressed."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, members_per_request=1)
        club.join(people(range(6)))
        club.push()
        club.suppress("email 0", "email 1")
        club.join([])
        before, told = len(server.requests()), list[bool]()

        def suppress_once() -> bool:
            if not told and len(server.requests()) > before:
                told.append(True)
                club.suppress("email 2", "email 3")
            return False

        report = club.push(should_stop=suppress_once)
        members = server.members(server.audiences()[0]["audience_id"])
        again = club.push()

    assert line(report) == {"deletes": 6, "deleted": 4, "refused_deletes": 2, "requests": 4, "exit": 1}
    assert [one.code for one in report.problems] == ["audience-shrinks"]
    assert members == emails(range(4, 6))
    assert line(again) == {"deletes": 2, "refused_deletes": 2, "exit": 1}


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


def test_nobody_is_sent_to_an_audience_that_has_ended(tmp_path: Path) -> None:
    """Nothing was told for a year: it is looked for first, whether its members changed or not, and not adopted anew."""
    year = timedelta(days=365)
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        (audience,) = server.audiences()
        server.now = NOW + year - timedelta(days=60)
        dry, near = (club.push(now=server.now, dry_run=dry_run) for dry_run in (True, False))
        server.now = NOW + year
        same = club.push(now=server.now)
        club.join(people(range(6)))
        report = club.push(now=server.now)
        members = server.members(audience["audience_id"])
        with pytest.raises(ConfigError) as adopting:
            club.project(server.now).audiences.adopt(MEMBERS, audience["audience_id"])
        club.view(EMAILS, name="Better customers")
        club.build()
        anew = club.push(now=server.now)

    told = ("audience-not-valid", f"Audience `{NAME}` takes no members any more: it ended at 2027-11-20 12:00:00.")
    assert dry.audiences[0].warnings[1:] == [
        "A dry run asks TikTok nothing. A push asks first whether this audience has ended: nothing was told to it for "
        "long."
    ]
    assert line(near) == {"members": 5, "unchanged": 5, "requests": 1, "exit": 0}
    assert line(same) == {"members": 5, "unchanged": 5, "requests": 1, "exit": 3}
    assert line(report) == {"members": 6, "unchanged": 5, "adds": 1, "pending_adds": 1, "requests": 1, "exit": 3}
    assert [[(one.code, one.message) for one in pushed.problems] for pushed in (same, report)] == [[told], [told]]
    assert [(one.code, one.message) for one in adopting.value.problems] == [told]
    assert (members, anew.exit_code, anew.audiences[0].added) == (emails(range(5)), 0, 6)


def test_an_audience_that_is_gone_is_told_for_its_advertiser_alone(tmp_path: Path) -> None:
    """Somebody deleted it: the other advertiser's is filled, and the problem names what to do."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, advertiser_ids=[ADVERTISER, OTHER])
        club.join(people(range(5)))
        club.push()
        mine, other = (one["audience_id"] for one in server.audiences())
        server.delete(mine)
        club.join(people(range(6)))
        report = club.push()
        members = server.members(other)

    gone, filled = report.audiences
    assert gone.problem is not None
    assert (gone.problem.code, gone.pending_adds, filled.added, report.exit_code) == ("tiktok-data", 1, 1, 3)
    assert "pusher audience list" in (gone.problem.fix or "")
    assert members == emails(range(6))


def test_suppressed_people_leave_audiences_that_no_view_fills(tmp_path: Path) -> None:
    """A view got another name for its audience, then was deleted: a push of all takes suppressed people out."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        club.view(EMAILS, name="Renamed")
        club.join(people(range(5)))
        club.push()
        first, second = (one["audience_id"] for one in sorted(server.audiences(), key=lambda one: one["name"]))
        club.suppress("email 1", "email 2")
        selected = club.push(select=[MEMBERS])
        dry = club.push(dry_run=True)
        between = server.members(first)
        report = club.push()
        (club.root / "models" / f"{MEMBERS}.sql").unlink()
        club.sell([])
        (club.root / "models" / "tiktok_offline_events.sql").write_text(support._MODEL)
        (club.root / "models" / "_shop.yml").write_text(support._SOURCES)
        club.build()
        club.suppress("email 3")
        without = club.push()
        again = club.push()
        members = [server.members(one) for one in (first, second)]
        left = [path for path in club.state.outbox.rglob("*") if path.is_file()]

    assert [one.name for one in selected.audiences] == ["Renamed"]
    assert (line(dry, 1), len(between)) == ({"deletes": 2, "pending_deletes": 2, "exit": 0}, 5)
    assert line(report, 1) == {"deletes": 2, "deleted": 2, "requests": 1, "exit": 0}
    assert [(one.name, one.deleted) for one in without.audiences] == [(NAME, 1), ("Renamed", 1)]
    assert again.audiences == []
    assert members == [emails(range(1)) | emails(range(4, 5))] * 2
    (notice,) = report.notices
    assert notice == (
        f"No view fills audience {first} of advertiser {ADVERTISER} any more, `{NAME}` of {MEMBERS}: only who is "
        "suppressed is taken out of it."
    )
    assert len(again.notices) == 2
    assert left == []
