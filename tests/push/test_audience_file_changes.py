"""Audiences of files between two replacements: who leaves and who comes is told by files of their own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.destinations.tiktok import sandbox_audience_state
from pusher.ledger.audiences import AudienceStore
from pusher.ledger.opening import open_store
from pusher.push.audience import files_deliver
from pusher.push.world import PushReport
from tests.push.audience_files import DAY, FILE, filled, forget, line, push, requests
from tests.push.members import (
    ADVERTISER,
    BOTH,
    EMAILS,
    MEMBERS,
    NAME,
    AudienceServer,
    Club,
    digest,
    emails,
    people,
    serving_audiences,
)
from tests.push.opted_out import opt_out
from tests.push.support import NOW

HOUR = timedelta(hours=1)
DONE_H = 6
"""Hours that TikTok works on files here: it is done long before all members may be replaced again."""
SOONER = " Who comes is told before that, once TikTok has worked on the last files."
THREE = "select email, phone, phone as idfa from {{ source('crm', 'people') }}\n"


@pytest.fixture(autouse=True)
def _is_done_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_audience_state, "delay_s", lambda: DONE_H * 3_600)


def replaced(folder: Path, server: AudienceServer, sql: str | None = None) -> tuple[Club, str]:
    """Return a project whose audience was replaced on the third day, and its id."""
    club = Club(folder / "club", server.base_url, **({} if sql is None else {"sql": sql}), more=FILE)
    audience = filled(club, server)
    club.join(people(range(1_300)))
    push(club, server, 3 * DAY)
    return club, audience


def later(club: Club, server: AudienceServer, numbers: range, hours: int, **choice: Any) -> PushReport:
    """Let the view name other people, and push some hours after the replacement."""
    club.join(people(numbers))
    return push(club, server, 3 * DAY + hours * HOUR, **choice)


def actions(club: Club) -> list[tuple[str, int, str]]:
    """Return what the audience was told since it was made: action, its members then, and what is known of it."""
    return club.ledger("select action, members, state from audience_load order by id")[1:]


def notice(sooner: str = "") -> str:
    """Return what is told about the next replacement."""
    return (
        f"{MEMBERS}: audience `{NAME}` of advertiser {ADVERTISER} was replaced today already, or may have been: next "
        f"at 2026-11-24 12:00 UTC.{sooner}"
    )


def test_who_comes_is_appended(tmp_path: Path) -> None:
    """The file has the new people only, and nothing waits for the next day."""
    with serving_audiences(tmp_path) as server:
        club, audience = replaced(tmp_path, server)
        before = len(server.requests())
        report = later(club, server, range(1_400), hours=8)
        sent = requests(server, before)
        known = push(club, server, 3 * DAY + 16 * HOUR)
        members = server.members(audience)

    assert line(report) == {
        "members": 1_400, "unchanged": 1_300, "adds": 100, "added": 100, "files": 1, "bytes": 6_500, "exit": 0,
    }  # fmt: skip
    assert (sent, report.notices) == (["get/ 0", "file/upload/ 0", "update/ 0"], ())
    assert line(known) == {"members": 1_400, "unchanged": 1_400, "exit": 0}
    assert actions(club) == [("replace", 1_300, "confirmed"), ("append", 1_400, "confirmed")]
    assert members == emails(range(1_400))


def test_who_leaves_is_removed_before_who_comes_is_appended(tmp_path: Path) -> None:
    """TikTok takes one change after the other, so the rest waits until it has worked on the first."""
    with serving_audiences(tmp_path) as server:
        club, audience = replaced(tmp_path, server)
        first = later(club, server, range(50, 1_400), hours=8)
        between = server.members(audience)
        second = push(club, server, 3 * DAY + 15 * HOUR)
        push(club, server, 3 * DAY + 22 * HOUR)
        members = server.members(audience)

    assert line(first) == {
        "members": 1_350, "unchanged": 1_250, "adds": 100, "deletes": 50, "deleted": 50, "pending_adds": 100,
        "files": 1, "bytes": 3_250, "exit": 4,
    }  # fmt: skip
    assert first.notices == (notice(SOONER),)
    assert between == emails(range(1_300))
    assert (line(second)["added"], second.exit_code) == (100, 0)
    assert [one for one, _, _ in actions(club)] == ["replace", "remove", "append"]
    assert members == emails(range(50, 1_400))


def test_a_change_of_people_with_several_identifiers_has_a_header(tmp_path: Path) -> None:
    """Of who leaves it is not known which identifiers are one person's: each has a line."""
    with serving_audiences(tmp_path) as server:
        club, audience = replaced(tmp_path, server, BOTH)
        left = later(club, server, range(1, 1_300), hours=8)
        push(club, server, 3 * DAY + 20 * HOUR)
        members = server.members(audience)

    assert (line(left)["deleted"], line(left)["files"], line(left)["bytes"], left.exit_code) == (2, 1, 158, 0)
    assert emails(range(1, 1_300)) <= members
    assert len(members) == 2 * 1_299


def test_who_is_suppressed_does_not_wait_for_the_next_replacement(tmp_path: Path) -> None:
    """Also when the view lost so many that nobody else is taken out."""
    with serving_audiences(tmp_path) as server:
        club, audience = replaced(tmp_path, server)
        opt_out(club, digest("email 7"))
        report = later(club, server, range(20), hours=8)
        push(club, server, 3 * DAY + 20 * HOUR)
        members = server.members(audience)

    assert (line(report)["deleted"], line(report)["problem"]) == (1, "audience-shrinks")
    assert actions(club)[1:] == [("remove", 1_299, "confirmed")]
    assert members == emails(range(1_300)) - emails(range(7, 8))


def test_a_busy_audience_is_not_waited_for_by_a_part(tmp_path: Path) -> None:
    """TikTok still works on the replacement; the push says when the rest may go."""
    with serving_audiences(tmp_path) as server:
        club, _ = replaced(tmp_path, server)
        before = len(server.requests())
        report = later(club, server, range(1_400), hours=2)
        shown = push(club, server, 3 * DAY + 2 * HOUR, dry_run=True)
        sent = requests(server, before)

    told = notice(SOONER)
    pending = {"members": 1_400, "unchanged": 1_300, "adds": 100, "pending_adds": 100}
    assert (line(report), report.notices) == (pending | {"exit": 4}, (told,))
    assert (line(shown), shown.notices) == (pending | {"files": 1, "bytes": 6_500, "exit": 0}, (told,))
    assert sent == ["get/ 0"]


def test_a_part_that_is_refused_for_now_is_left_for_later(tmp_path: Path) -> None:
    """TikTok said nothing of being busy and is; the next push tries again."""
    fault = {"match": {"path": "update/"}, "do": 40002, "message": "Audience is not editable"}
    with serving_audiences(tmp_path) as server:
        club, audience = replaced(tmp_path, server)
        server.script([fault])
        refused = later(club, server, range(1_400), hours=8)
        again = push(club, server, 3 * DAY + 9 * HOUR)
        push(club, server, 3 * DAY + 20 * HOUR)
        members = server.members(audience)

    assert (line(refused)["pending_adds"], refused.exit_code, refused.notices) == (100, 4, (notice(SOONER),))
    assert (line(again)["added"], again.exit_code) == (100, 0)
    assert members == emails(range(1_400))


def test_too_few_who_would_be_left_meanwhile_wait(tmp_path: Path) -> None:
    """TikTok fails what leaves fewer than 1,000 members, although as many come."""
    with serving_audiences(tmp_path) as server:
        club, audience = replaced(tmp_path, server)
        before = len(server.requests())
        waits = later(club, server, range(400, 1_800), hours=8, allow_shrink=True)
        sent = requests(server, before)
        push(club, server, 5 * DAY, allow_shrink=True)
        push(club, server, 6 * DAY)
        members = server.members(audience)

    assert (line(waits)["pending_deletes"], line(waits)["pending_adds"], waits.exit_code) == (400, 500, 4)
    assert (sent, waits.notices) == (["get/ 0"], (notice(),))
    assert members == emails(range(400, 1_800))


def test_a_kind_of_identifier_that_a_view_has_no_more_goes_with_the_next_replacement(tmp_path: Path) -> None:
    """Its files have no column for those who leave."""
    with serving_audiences(tmp_path) as server:
        club, audience = replaced(tmp_path, server, THREE)
        club.view(BOTH, more=FILE)
        waits = later(club, server, range(1_300), hours=8, allow_shrink=True)
        push(club, server, 5 * DAY, allow_shrink=True)
        push(club, server, 6 * DAY)
        members = server.members(audience)

    assert (line(waits)["pending_deletes"], waits.exit_code, waits.notices) == (1_300, 4, (notice(),))
    assert len(members) == 2 * 1_300


@pytest.mark.parametrize(("fault", "is_told"), [("drop_after_accept", True), ("drop_before", False)])
def test_a_part_without_an_answer_is_known_by_the_history_or_all_are_given_again(
    tmp_path: Path,
    fault: str,
    is_told: bool,  # noqa: FBT001 -- a table
) -> None:
    """Fault 55: while nobody knows, nothing else is told by parts."""
    with serving_audiences(tmp_path) as server:
        club, audience = replaced(tmp_path, server)
        server.script([{"match": {"path": "update/"}, "do": fault}])
        doubtful = later(club, server, range(1_400), hours=8)
        before = len(server.requests())
        meanwhile = push(club, server, 3 * DAY + 16 * HOUR)
        sent = requests(server, before)
        push(club, server, 3 * DAY + 25 * HOUR)
        push(club, server, 5 * DAY)
        members = server.members(audience)

    assert (doubtful.exit_code, meanwhile.exit_code) == ((0, 0) if is_told else (4, 4))
    assert sent == ["get/ 0"]
    assert [one for one, _, _ in actions(club)] == ["replace", "append", *(() if is_told else ("replace",))]
    assert members == emails(range(1_400))


def test_a_part_that_may_land_late_does_not_land_on_a_replacement(tmp_path: Path) -> None:
    """A replacement that would be due waits until the lost request cannot arrive any more."""
    with serving_audiences(tmp_path) as server:
        club, _ = replaced(tmp_path, server)
        server.script([{"match": {"path": "update/"}, "do": "drop_before"}])
        club.join(people(range(1_400)))
        doubtful = push(club, server, 4 * DAY - timedelta(seconds=60))
        early = push(club, server, 4 * DAY + timedelta(seconds=30))
        due = push(club, server, 4 * DAY + timedelta(seconds=90))

    assert (doubtful.exit_code, early.exit_code, due.exit_code) == (4, 4, 0)
    assert early.notices == (notice().replace("12:00", "12:01"),)
    assert [one for one, _, _ in actions(club)] == ["replace", "append", "replace"]


def test_a_part_is_not_told_to_an_audience_whose_replacement_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TikTok kept the members of before, so that a part would make a third set; all members go the next day."""
    with serving_audiences(tmp_path) as server:
        club, audience = replaced(tmp_path, server)
        failing(server, 3 * DAY + 7 * HOUR, monkeypatch)
        before = len(server.requests())
        told = later(club, server, range(50, 1_400), hours=8)
        sent = requests(server, before)
        kept = server.members(audience)
        push(club, server, 3 * DAY + 25 * HOUR)
        push(club, server, 5 * DAY)
        members = server.members(audience)

    assert (line(told)["problem"], line(told)["pending_adds"], told.exit_code) == ("audience-files-failed", 1_350, 4)
    assert "files" not in line(told)
    assert (sent, kept) == (["get/ 0"], emails(range(1_200)))
    assert [(one, state) for one, _, state in actions(club)] == [("replace", "failed"), ("replace", "confirmed")]
    assert members == emails(range(50, 1_400))


def failing(server: AudienceServer, after: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let TikTok finish what it works on at a moment, and match too few."""
    number = sandbox_audience_state.number
    with monkeypatch.context() as patched:
        patched.setattr(sandbox_audience_state, "number", lambda name: 5_000 if "least" in name else number(name))
        server.now = NOW + after
        server.audiences()


def test_a_part_that_arrived_unheard_and_failed_is_not_taken_for_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its history names the file, and its state says that TikTok failed on it."""
    with serving_audiences(tmp_path) as server:
        club, audience = replaced(tmp_path, server)
        server.script([{"match": {"path": "update/"}, "do": "drop_after_accept"}])
        with monkeypatch.context() as patched:
            patched.setattr(files_deliver.FileDelivery, "_look_for", lambda *_: None)
            later(club, server, range(1_400), hours=8)
        failing(server, 3 * DAY + 15 * HOUR, monkeypatch)
        told = push(club, server, 3 * DAY + 16 * HOUR)
        push(club, server, 3 * DAY + 25 * HOUR)
        push(club, server, 5 * DAY)
        members = server.members(audience)

    assert (told.exit_code, line(told)["pending_adds"]) == (4, 1_400)
    assert [(one, state) for one, _, state in actions(club)] == [
        ("replace", "confirmed"), ("append", "failed"), ("replace", "confirmed"),
    ]  # fmt: skip
    assert members == emails(range(1_400))


@pytest.mark.parametrize(("hours", "action"), [(8, "remove"), (48, "replace")])
def test_who_is_suppressed_goes_alone_while_a_view_lacks_a_kind_of_identifier(
    tmp_path: Path, hours: int, action: str
) -> None:
    """They go by both that the view names, everybody else stays with all three: in the audience and in the ledger."""
    with serving_audiences(tmp_path) as server:
        club, audience = replaced(tmp_path, server, THREE)
        club.view(BOTH, more=FILE)
        opt_out(club, digest("email 7"))
        report = later(club, server, range(1_300), hours=hours)
        push(club, server, 8 * DAY)
        members = server.members(audience)

    assert (line(report)["deleted"], line(report)["problem"]) == (2, "audience-shrinks")
    assert actions(club)[-1] == (action, 3 * 1_300 - 2, "confirmed")
    assert len(members) == 3 * 1_300 - 2


def test_who_is_suppressed_while_a_busy_audience_is_waited_for_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files of before the wait hold them; others are made."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        audience = filled(club, server)
        server.script([{"match": {"path": "update/"}, "do": 40002, "message": "Audience is not editable"}])

        def nap(*_: Any, **_more: Any) -> float:
            club.suppress("email 1299")
            return 0.0

        monkeypatch.setattr(files_deliver.FileDelivery, "_nap", nap)
        club.join(people(range(1_300)))
        report = push(club, server, 3 * DAY)
        push(club, server, 6 * DAY)
        members = server.members(audience)

    assert (report.exit_code, line(report)["added"]) == (0, 99)
    assert members == emails(range(1_299))


def test_somebody_forgotten_leaves_an_audience_of_no_view_although_tiktok_failed_at_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No push ends well before the person is out: the ledger no longer names them, and knows that it does not know."""
    with serving_audiences(tmp_path) as server:
        club, audience = replaced(tmp_path, server)
        forgotten = forget(club, server, 3 * DAY + 8 * HOUR, 7)
        failing(server, 3 * DAY + 15 * HOUR, monkeypatch)
        club.view(EMAILS, name="Another", more=FILE)
        club.build()
        told = [push(club, server, 3 * DAY + hours * HOUR).exit_code for hours in (16, 17)]
        again = forget(club, server, 3 * DAY + 18 * HOUR, 7)
        push(club, server, 3 * DAY + 25 * HOUR)
        done = push(club, server, 5 * DAY).exit_code
        members = server.members(audience)

    assert (forgotten, told, again, done) == ((0, [(1, 1, 0)]), [4, 4], (4, [(0, 0, 0)] * 2), 0)
    assert actions(club)[1:3] == [("remove", 1_299, "failed"), ("create", 1_299, "confirmed")]
    assert members == emails(range(1_300)) - emails(range(7, 8))


def test_somebody_suppressed_leaves_a_guarded_audience_although_tiktok_failed_at_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A view that lost most of its rows holds back nobody who must go."""
    with serving_audiences(tmp_path) as server:
        club, audience = replaced(tmp_path, server)
        opt_out(club, digest("email 7"))
        later(club, server, range(20), hours=8)
        failing(server, 3 * DAY + 15 * HOUR, monkeypatch)
        codes = [push(club, server, 3 * DAY + hours * HOUR).exit_code for hours in (16, 17, 25, 48)]
        members = server.members(audience)

    assert codes == [4, 4, 1, 1]
    assert actions(club)[1:] == [("remove", 1_299, "failed"), ("replace", 1_299, "confirmed")]
    assert members == emails(range(1_300)) - emails(range(7, 8))


def test_forgetting_somebody_whom_a_lost_request_may_have_brought_is_not_done_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whether they are in the audience until all members are given again."""
    with serving_audiences(tmp_path) as server:
        club, audience = replaced(tmp_path, server)
        server.script([{"match": {"path": "update/"}, "do": "drop_after_accept"}])
        with monkeypatch.context() as patched:
            patched.setattr(files_deliver.FileDelivery, "_look_for", lambda *_: None)
            later(club, server, range(1_400), hours=8)
        forgotten = forget(club, server, 3 * DAY + 9 * HOUR, 1_399)
        push(club, server, 3 * DAY + 25 * HOUR)
        done = push(club, server, 5 * DAY).exit_code
        members = server.members(audience)

    assert (forgotten, done) == ((4, [(0, 0, 0)]), 0)
    assert members == emails(range(1_399))


def test_reconcile_is_never_a_part(tmp_path: Path) -> None:
    """It is for what somebody else changed, which only a replacement undoes."""
    with serving_audiences(tmp_path) as server:
        club, _ = replaced(tmp_path, server)
        before = len(server.requests())
        club.join(people(range(1_400)))
        server.now += 8 * HOUR
        report = club.push(now=server.now, reassert=True)
        sent = requests(server, before)

    assert (report.exit_code, report.notices, sent) == (4, (notice(),), ["get/ 0"])


def test_who_is_suppressed_is_removed_to_be_sure(tmp_path: Path) -> None:
    """Somebody else may have put them there: one small file instead of all members, once, and nobody else moves."""
    with serving_audiences(tmp_path) as server:
        club, audience = replaced(tmp_path, server)
        push(club, server, 3 * DAY + 8 * HOUR)
        club.suppress("a stranger")
        before = len(server.requests())
        report = push(club, server, 5 * DAY)
        sent = requests(server, before)
        again = push(club, server, 7 * DAY)
        members = server.members(audience)

    assert (line(report), report.audiences[0].unknown_deleted) == (
        {"members": 1_300, "unchanged": 1_300, "files": 1, "bytes": 65, "exit": 0}, 1,
    )  # fmt: skip
    assert sent == ["get/ 0", "file/upload/ 0", "update/ 0"]
    assert (line(again), again.audiences[0].counts.unknown_deletes) == (
        {"members": 1_300, "unchanged": 1_300, "exit": 0}, 0,
    )  # fmt: skip
    assert actions(club) == [("replace", 1_300, "confirmed"), ("remove", 1_300, "confirmed")]
    assert members == emails(range(1_300))


def test_nobody_waits_to_remove_who_is_most_probably_not_there(tmp_path: Path) -> None:
    """While TikTok works on the files before, the push ends with exit code 4, and the next one tells it."""
    with serving_audiences(tmp_path) as server:
        club, audience = replaced(tmp_path, server)
        club.suppress("a stranger")
        first = push(club, server, 3 * DAY + HOUR)
        second = push(club, server, 3 * DAY + 8 * HOUR)
        members = server.members(audience)

    assert (first.exit_code, first.audiences[0].pending_unknown_deletes) == (4, 1)
    assert first.notices == (notice(SOONER.replace("comes", "leaves")),)
    assert (second.exit_code, second.audiences[0].unknown_deleted) == (0, 1)
    assert members == emails(range(1_300))


def test_an_audience_of_files_is_not_told_of_kinds_that_it_does_not_hold(tmp_path: Path) -> None:
    """A number cannot be in an audience of addresses."""
    with serving_audiences(tmp_path) as server:
        club, _ = replaced(tmp_path, server)
        push(club, server, 3 * DAY + 8 * HOUR)
        suppress_number(club)
        report = push(club, server, 5 * DAY)

    assert (line(report), report.audiences[0].counts.unknown_deletes) == (
        {"members": 1_300, "unchanged": 1_300, "exit": 0}, 0,
    )  # fmt: skip


def suppress_number(club: Club) -> None:
    """Suppress a number, as `forget` does."""
    store = open_store(club.state, base_url=None, now=NOW)
    with store.transaction():
        AudienceStore(store).suppress([("PHONE_SHA256", digest("phone 1"))], reason="test", now=NOW)
    store.close()
