"""Audiences end to end: what the view names is what the sandbox holds, whatever happened on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from pusher.errors import PlanError
from pusher.project.outcomes import Patience, PushChoice
from pusher.push.audience.settle import MemberSettling
from tests.ledger.older import as_of_schema_1
from tests.push import support
from tests.push.audiences import line
from tests.push.members import (
    ADVERTISER,
    BOTH,
    EMAILS,
    MEMBERS,
    NAME,
    OTHER,
    AudienceServer,
    Club,
    digest,
    emails,
    people,
    serving_audiences,
)
from tests.push.support import NOW
from tests.torture.world import Ended

IDS = (ADVERTISER, OTHER)


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


def test_57_an_empty_view_takes_nobody_out(tmp_path: Path) -> None:
    """Fault 57: the view lost its rows upstream; `--allow-shrink` says that it is meant."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        club.join([])
        refused = club.push()
        reconciling = club.project().reconcile().audiences[0].problem
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
    assert reconciling is not None
    assert reconciling.fix is not None
    assert reconciling.fix.endswith("If it is meant, run `pusher audience reconcile --allow-shrink`.")
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
    unasked = (
        "A dry run asks TikTok nothing. A push fills the audience of this name that is there, or makes one; it stops "
        "when there are several, or when it is one of files. `pusher audience list` shows them."
    )
    assert dry.audiences[0].warnings == [few, unasked]
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


def test_a_value_that_cannot_be_converted_names_the_line_that_converts_it(tmp_path: Path) -> None:
    """The view was built over other people; the push asks which of its columns fails."""
    hashed = "sha256(cast(cast(phone as integer) as varchar)) as phone"
    club = Club(tmp_path / "club", sql=f"select email,\n  {hashed}\nfrom {{{{ source('crm', 'people') }}}}\n")
    club.join([(digest("anna"), "1")])
    (club.root / "people.csv").write_text(f"email,phone\n{digest('anna')},one\n")
    with pytest.raises(PlanError) as caught:
        club.push()

    (problem,) = caught.value.problems
    told = "A text cannot be converted to INT32 in column phone, on the way to `phone`."
    assert (problem.file, problem.line) == (f"models/{MEMBERS}.sql", 3)
    assert problem.message == f"{MEMBERS} failed while it was read: {told}"


def test_a_view_that_names_nobody_at_first_is_a_finding(tmp_path: Path) -> None:
    """No audience is made, and nobody is surprised."""
    club = Club(tmp_path / "club")
    club.join([])
    report = club.push()

    problem = report.audiences[0].problem
    assert (problem and problem.code, report.exit_code, report.requests) == ("audience-empty", 1, 0)


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
        planned = [
            line(club.project(NOW + timedelta(days=days)).reconcile(choice=PushChoice(dry_run=True)))
            for days in (30, 31)
        ]
        for days in (20, 30, 31):
            club.push(NOW + timedelta(days=days))
            summary = club.project().ledger.summary()
            assert summary is not None
            outside.append([(one["inside"], one["outside"]) for one in summary.audiences])
        members = server.members(server.audiences()[0]["audience_id"])

    assert (reconciled.audiences[0].deleted, members) == (1, emails(range(49)))
    assert outside == [[(49, 1)], [(49, 1)], [(49, 0)]]
    both = {"members": 49, "adds": 49, "pending_adds": 49, "exit": 0}
    assert planned == [{**both, "deletes": 1, "pending_deletes": 1}, both]


def suppressing(club: Club, server: AudienceServer, *names: str, after: int = 1) -> Callable[[], bool]:
    """Return what suppresses people once a push has sent so many requests, and never asks it to stop."""
    before, told = len(server.requests()), list[bool]()

    def suppress_once() -> bool:
        if not told and len(server.requests()) >= before + after:
            told.append(True)
            club.suppress(*names)
        return False

    return suppress_once


def test_who_is_suppressed_during_a_run_lets_nobody_go_before_a_late_request_can_have_landed(tmp_path: Path) -> None:
    """Requests that tell nobody any more are passed over, and not the time that the next one has to wait."""
    late = {"match": {"path": "segment/mapping/", "contains": ['"action":"add"']}, "do": "late", "delay_s": 90}
    with serving_audiences(tmp_path, [late]) as server:
        club = Club(tmp_path / "club", server.base_url, members_per_request=5, concurrency=1)
        club.join(people(range(5)))
        stopped = club.push(should_stop=lambda: len(server.requests()) >= 4)
        club.view(EMAILS, more=", 'members_per_request': 1")
        club.join(people([*range(4), 5, 6]))
        server.now = NOW + timedelta(seconds=10)
        everybody = [f"email {one}" for one in (*range(4), 5, 6)]
        early = club.push(
            now=server.now,
            patience=Patience(deadline_s=20.0),
            should_stop=suppressing(club, server, *everybody),
        )
        server.now = NOW + timedelta(seconds=300)
        club.push(now=server.now, allow_shrink=True)
        members = server.members(server.audiences()[0]["audience_id"])

    assert (stopped.exit_code, early.exit_code) == (4, 4)
    assert early.audiences[0].deleted == 0
    assert members == set()


def test_58_who_is_suppressed_during_a_run_is_not_added_and_is_taken_out(tmp_path: Path) -> None:
    """Fault 58: one is still to be added, one has been added by this very run."""
    slow = {"match": {"path": "segment/mapping/", "nth": 2}, "do": 50000}
    with serving_audiences(tmp_path, [slow]) as server:
        club = Club(tmp_path / "club", server.base_url, members_per_request=2, concurrency=1)
        club.join(people(range(6)))
        everybody = [f"email {one}" for one in range(6)]
        report = club.push(should_stop=suppressing(club, server, *everybody, after=4))
        members = server.members(server.audiences()[0]["audience_id"])

    (receipt,) = report.audiences
    assert (members, report.exit_code, receipt.is_settled) == (set(), 0, True)
    assert (receipt.is_new, receipt.counts.known, 0 < receipt.added <= receipt.deleted <= 6) == (True, 0, True)


def test_who_is_suppressed_during_a_run_leaves_a_refused_view_too(tmp_path: Path) -> None:
    """The view of the audience shrank too much; it keeps those who left by themselves, and nobody who is suppressed."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, members_per_request=1)
        club.join(people(range(6)))
        club.push()
        club.suppress("email 0", "email 1")
        club.join([])
        report = club.push(should_stop=suppressing(club, server, "email 2", "email 3"))
        members = server.members(server.audiences()[0]["audience_id"])
        again = club.push()

    assert line(report) == {"deletes": 6, "deleted": 4, "refused_deletes": 2, "requests": 4, "exit": 1}
    assert [one.code for one in report.problems] == ["audience-shrinks"]
    assert members == emails(range(4, 6))
    assert line(again) == {"deletes": 2, "refused_deletes": 2, "exit": 1}


def test_what_was_refused_stays_refused_when_fewer_leave_by_themselves(tmp_path: Path) -> None:
    """Two of the four who left are suppressed during the run: the other two are still as many as were refused."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, members_per_request=1)
        (club.root / "pusher.yml").write_text("push: {audience_shrink: {share: 0.1, members: 2}}\n")
        club.join(people(range(30)))
        club.push()
        club.suppress("email 0")
        club.join(people(range(26)))
        report = club.push(should_stop=suppressing(club, server, "email 26", "email 27"))
        members = server.members(server.audiences()[0]["audience_id"])

    assert [one.code for one in report.problems] == ["audience-shrinks"]
    assert members == emails([*range(1, 26), 28, 29])


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
        (club.root / "models" / "tiktok_offline_events.sql").write_text(support.MODEL)
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
