"""Identifiers that thousands of rows share, in audiences: a placeholder or the shop's own makes nobody a member."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.push.audience_files import DAY, FILE, line, push
from tests.push.members import BOTH, MEMBERS, Club, digest, emails, people, serving_audiences, stored

SHOP = digest("the shop's phone")
SHOPS = {stored("PHONE_SHA256", SHOP)}
LEFT_OUT = (
    "1 digest of phone with up to 2,000 of the view's 2,000 rows each: a placeholder or the shop's own, left out. Find "
    "it with: select phone, count(*) ... group by all order by 2 desc. Leave it out in the model; raise "
    "identity.shared in pusher.yml when it is a customer's."
)
SENT = LEFT_OUT.replace("left out. Find", "sent all the same. Find")
WITHOUT_PHONES = ", 'id_types': ['EMAIL']"
EMAIL_ROWS = [(email, SHOP) for email, _ in people(range(2_000))]


def counted(club: Club) -> tuple[int, int]:
    """Return the rows without an identifier and the identifiers that were left out, by a dry run."""
    counts = club.push(dry_run=True).audiences[0].counts
    return counts.no_identity, counts.dropped


@pytest.mark.parametrize("method", ["", FILE])
def test_an_identifier_that_too_many_rows_share_is_not_sent(tmp_path: Path, method: str) -> None:
    """Each row goes with its other identifiers, and the receipt says what was left out, as the build did."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, BOTH, more=method)
        club.join(EMAIL_ROWS)
        built = club.project().build().coverage[0].warnings
        dry = club.push(dry_run=True)
        report = push(club, server)
        push(club, server, 3 * DAY)
        members = server.members(server.audiences()[0]["audience_id"])

    assert [f"{one.message} {one.fix}" for one in built] == [LEFT_OUT]
    assert [LEFT_OUT in one.audiences[0].warnings for one in (dry, report)] == [True, True]
    assert (line(report)["members"], report.audiences[0].counts.dropped, report.exit_code) == (2_000, 2_000, 0)
    assert members == emails(range(2_000))


def test_a_row_with_nothing_but_a_shared_identifier_is_nobody(tmp_path: Path) -> None:
    """Who else would it be; and what is shared by few rows is still somebody's."""
    club = Club(tmp_path / "club", sql=BOTH)
    club.join([*EMAIL_ROWS[:1_000], *[("", SHOP)] * 1_000])
    shared = counted(club)
    club.join([*EMAIL_ROWS[:49], *people(range(49, 3_000))])

    assert (shared, counted(club)) == ((1_000, 2_000), (0, 0))


def test_it_is_sent_where_the_policy_says_so(tmp_path: Path) -> None:
    """The warning is given all the same; and higher thresholds need none."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, BOTH)
        club.join(EMAIL_ROWS)
        (club.root / "pusher.yml").write_text("identity: {shared: {action: report}}\n")
        report = club.push()
        members = server.members(server.audiences()[0]["audience_id"])
        (club.root / "pusher.yml").write_text("identity: {shared: {share: 1, rows: 5000, most_rows: 5000}}\n")
        again = club.push()

    assert (report.audiences[0].warnings, again.audiences[0].warnings) == ([SENT], [])
    assert members == emails(range(2_000)) | SHOPS


def test_nobody_is_suppressed_for_an_identifier_that_is_nobodys(tmp_path: Path) -> None:
    """Whoever forgets it has it taken out of the audience; the rows that merely carry it stay members."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, BOTH)
        club.join(EMAIL_ROWS)
        (club.root / "pusher.yml").write_text("identity: {shared: {action: report}}\n")
        club.push()
        (audience,) = server.audiences()
        before = server.members(audience["audience_id"])
        (club.root / "pusher.yml").unlink()
        forgotten = (
            club.project()
            ._pushing()
            .forget([("PHONE_SHA256", SHOP)], sends=True, wait_s=0.0, methods={MEMBERS: "stream"})
        )
        report = club.push()
        after = server.members(audience["audience_id"])

    assert before == emails(range(2_000)) | SHOPS
    assert [(one.counts.deletes, one.deleted) for one in forgotten.audiences] == [(1, 1)]
    assert line(report) == {"members": 2_000, "unchanged": 2_000, "exit": 0}
    assert after == emails(range(2_000))


def test_a_shared_identifier_of_a_kind_that_is_not_sent_suppresses_nobody_either(tmp_path: Path) -> None:
    """The view has phones, the audience is told e-mails only."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, BOTH, more=WITHOUT_PHONES)
        club.join([*EMAIL_ROWS, *people(range(2_000, 2_001))])
        club.push()
        club.project()._pushing().forget(
            [("PHONE_SHA256", SHOP), ("PHONE_SHA256", digest("phone 2000"))], sends=True, wait_s=0.0
        )
        report = club.push()
        members = server.members(server.audiences()[0]["audience_id"])

    assert report.audiences[0].warnings == []
    assert members == emails(range(2_000))


def test_one_that_was_sent_before_leaves(tmp_path: Path) -> None:
    """Nobody in the view is known by it any more."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, BOTH)
        club.join([*EMAIL_ROWS[:49], *people(range(49, 3_000))])
        club.push()
        club.join([*EMAIL_ROWS[:100], *people(range(100, 3_000))])
        report = club.push()
        members = server.members(server.audiences()[0]["audience_id"])

    assert line(report) == {"members": 5_900, "unchanged": 5_900, "deletes": 52, "deleted": 52, "exit": 0}
    assert SHOPS & members == set()
