"""Audiences of files of whose members a ledger knows nothing: `forget` does not claim that somebody left them."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from pusher.errors import Problem
from pusher.push.audience import files_deliver
from tests.push.audience_files import DAY, FILE, filled, line, push
from tests.push.members import (
    ADVERTISER,
    EMAILS,
    MEMBERS,
    NAME,
    AudienceServer,
    Club,
    digest,
    people,
    serving_audiences,
    stored,
)
from tests.push.support import NOW

HOUR = timedelta(hours=1)
FILES = "This ledger does not know who is in these audiences of files"


def forget(
    club: Club, server: AudienceServer, after: timedelta, number: int, method: str = "file"
) -> tuple[int, tuple[Problem, ...]]:
    """Forget somebody; returns exit code and problems."""
    server.now = NOW + after
    pushing = club.project(server.now)._pushing()
    digests = [("EMAIL_SHA256", digest(f"email {number}"))]
    found = pushing.forget(digests, sends=True, wait_s=0.0, methods={MEMBERS: method})
    return found.exit_code, found.problems


def is_in(server: AudienceServer, number: int, after: timedelta) -> list[bool]:
    """Say of each audience whether it holds somebody once TikTok has worked on its files."""
    server.now = NOW + after
    one = stored("EMAIL_SHA256", digest(f"email {number}"))
    return [one in server.members(audience["audience_id"]) for audience in server.audiences()]


def test_one_that_was_adopted_is_not_told(tmp_path: Path) -> None:
    """Its members are those of another ledger until the next push gives it its own."""
    with serving_audiences(tmp_path) as server:
        audience = filled(Club(tmp_path / "first", server.base_url, more=FILE), server)
        club = Club(tmp_path / "second", server.base_url, more=FILE)
        club.join(people(range(500, 1_700)))
        club.project(NOW + 3 * DAY).audiences.adopt(MEMBERS, audience)
        code, problems = forget(club, server, 3 * DAY + HOUR, 600)
        given = push(club, server, 4 * DAY)
        again = forget(club, server, 7 * DAY, 600)
        inside = is_in(server, 600, 8 * DAY)

    named = f"{FILES}: {audience} of advertiser {ADVERTISER} ({MEMBERS})."
    assert (code, [(one.code, one.message) for one in problems]) == (4, [("audience-open", named)])
    assert (given.exit_code, again, inside) == (0, (0, ()), [False])


def test_one_whose_first_replacement_got_no_answer_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TikTok may have taken it, with the person in it."""
    with serving_audiences(tmp_path) as server:
        audience = filled(Club(tmp_path / "first", server.base_url, more=FILE), server)
        club = Club(tmp_path / "second", server.base_url, more=FILE)
        club.join(people(range(500, 1_700)))
        club.project(NOW + 3 * DAY).audiences.adopt(MEMBERS, audience)
        server.script([{"match": {"path": "update/"}, "do": "drop_after_accept"}])
        with monkeypatch.context() as patched:
            # As if the process had ended at this moment.
            patched.setattr(files_deliver.FileDelivery, "_look_for", lambda *_: None)
            push(club, server, 3 * DAY)
        code, problems = forget(club, server, 3 * DAY + HOUR, 1_600)
        inside = is_in(server, 1_600, 6 * DAY)

    assert (code, [one.code for one in problems], inside) == (4, ["audience-open"], [True])


def test_one_that_may_have_been_made_is_not_told(tmp_path: Path) -> None:
    """The request to make it has no answer and lands later; the next push finds it, and gives it all others."""
    late = {"match": {"path": "custom_audience/create/"}, "do": "late", "delay_s": 60}
    with serving_audiences(tmp_path, [late]) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        club.join(people(range(1_200)))
        push(club, server)
        before, after = (forget(club, server, timedelta(minutes=minutes), 1_100) for minutes in (0.5, 3))
        push(club, server, 3 * DAY)
        inside = is_in(server, 1_100, 6 * DAY)

    named = f"{FILES}: `{NAME}` of advertiser {ADVERTISER} ({MEMBERS})."
    assert [(code, [one.message for one in problems]) for code, problems in (before, after)] == [(4, [named])] * 2
    assert inside == [False]


def test_one_that_was_never_made_holds_nobody(tmp_path: Path) -> None:
    """Two minutes after the request TikTok has no audience of this name: it will not come."""
    lost = {"match": {"path": "custom_audience/create/"}, "do": "drop_before"}
    with serving_audiences(tmp_path, [lost]) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        club.join(people(range(1_200)))
        doubtful = push(club, server)
        found = [forget(club, server, timedelta(minutes=minutes), 1_100)[0] for minutes in (1, 3)]
        made = push(club, server, timedelta(minutes=4))

    assert (doubtful.exit_code, found, line(made)["added"]) == (4, [4, 0], 1_199)


def test_one_that_a_new_ledger_has_yet_to_fill_is_not_told(tmp_path: Path) -> None:
    """The state folder was lost, and TikTok works on the audience that the lock file names."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        filled(club, server)
        club.join(people(range(1_300)))
        push(club, server, 4 * DAY)
        shutil.rmtree(club.state.root)
        unfilled = push(club, server, 4 * DAY + HOUR)
        code, problems = forget(club, server, 4 * DAY + 2 * HOUR, 7)

    assert (unfilled.exit_code, code, [one.code for one in problems]) == (4, 4, ["audience-open"])


def test_one_that_no_view_fills_is_named_until_it_is_gone(tmp_path: Path) -> None:
    """It was made by a request without an answer, and the view streams into another by now."""
    late = {"match": {"path": "custom_audience/create/"}, "do": "late", "delay_s": 60}
    with serving_audiences(tmp_path, [late]) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        club.join(people(range(1_200)))
        push(club, server)
        club.view(EMAILS, name="Streamed")
        club.build()
        told = push(club, server, timedelta(minutes=5))
        code, problems = forget(club, server, timedelta(minutes=6), 3, method="stream")
        (orphan,) = [one["audience_id"] for one in server.audiences() if one["name"] == NAME]
        server.delete_files(orphan)
        server.script([{"match": {"path": "custom_audience/list/"}, "do": 503, "times": None}])
        silent = push(club, server, timedelta(minutes=9))
        server.script([])
        gone = [push(club, server, timedelta(minutes=minutes)) for minutes in (10, 11)]
        before = len(server.requests())
        last = forget(club, server, timedelta(minutes=12), 3, method="stream")
        asked = [one["path"].rpartition("v1.3/")[2] for one in server.requests()[before:]]

    named = f"`{NAME}` of advertiser {ADVERTISER} ({MEMBERS})"
    notice = (
        f"No view fills audience {named} any more, and this ledger does not know who is in it: nobody can be taken out "
        "of it. Delete it in TikTok."
    )
    # What TikTok does not say is not assumed.
    assert [(one.exit_code, notice in one.notices) for one in (told, silent)] == [(0, True), (0, True)]
    assert (code, [(one.code, one.fix) for one in problems]) == (
        1, [("audience-unclear", "They were not told. Delete them in TikTok.")],
    )  # fmt: skip
    assert [notice in one.notices for one in gone] == [False, False]
    assert (last, asked) == ((0, ()), ["segment/mapping/"])
