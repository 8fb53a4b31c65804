"""Case C12: two ledgers make an audience of one name at the same moment, over a socket; nobody is added twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from pusher.contracts import Verdict
from pusher.errors import ConfigError
from pusher.project.outcomes import PushChoice
from pusher.push.audience.asking import Asking
from pusher.push.world import PushReport
from tests.push.audience_files import FILE
from tests.push.audiences import line
from tests.push.members import ADVERTISER, MEMBERS, NAME, AudienceServer, Club, emails, people, serving_audiences
from tests.push.support import NOW, QuickClock


class MeetingClock(QuickClock):
    """Does something once, as soon as its push has listed the audiences and before it makes one.

    Args:
        server: The sandbox.
        meet: What is done.
    """

    def __init__(self, server: AudienceServer, meet: Callable[[], object]) -> None:
        super().__init__(NOW)
        self._server, self._meet, self._has_met = server, meet, False

    def now(self) -> datetime:
        """Return the fixed moment."""
        if not self._has_met and any(one["path"].endswith("/list/") for one in self._server.requests()):
            self._has_met = True
            self._meet()
        return super().now()


def push_meeting(club: Club, server: AudienceServer, meet: Callable[[], object]) -> PushReport:
    """Push, and meet somebody between listing the audiences and making one."""
    project = club.project()
    project.clock = MeetingClock(server, meet)
    return project.push((), (), PushChoice())


def clubs(folder: Path, server: AudienceServer, more: str = "") -> tuple[Club, Club]:
    """Return one project on two machines."""
    size = 1_200 if more else 5
    both = Club(folder / "one", server.base_url, more=more), Club(folder / "other", server.base_url, more=more)
    for club in both:
        club.join(people(range(size)))
    return both


def test_whoever_comes_second_fills_nothing_until_it_is_said_which(tmp_path: Path) -> None:
    """It says so with exit code 3 and the command that heals it; the other one's audience is as its view says."""
    with serving_audiences(tmp_path) as server:
        one, other = clubs(tmp_path, server)
        done: list[PushReport] = []
        late = push_meeting(one, server, lambda: done.append(other.push()))
        (theirs, mine) = (str(found["audience_id"]) for found in server.audiences())
        between = (server.members(theirs), server.members(mine))
        again = one.push()
        one.project().audiences.adopt(MEMBERS, theirs)
        healed = one.push()
        after = (server.members(theirs), server.members(mine))
    problem = late.audiences[0].problem
    assert problem is not None

    assert (done[0].exit_code, late.exit_code, late.audiences[0].added) == (0, 3, 0)
    assert (problem.code, problem.message) == (
        "audience-ambiguous",
        (
            f"Advertiser {ADVERTISER} has 2 audiences named `{NAME}`: {theirs}, {mine}. This push made {mine}, and "
            "somebody else made another at the same moment, so it fills neither."
        ),
    )
    assert f"`pusher audience adopt {MEMBERS} --advertiser-id {ADVERTISER} --audience-id {theirs}`" in str(problem.fix)
    assert between == after == (emails(range(5)), set())
    assert (again.exit_code, again.audiences[0].problem and again.audiences[0].problem.code) == (
        3, "audience-ambiguous",
    )  # fmt: skip
    assert line(healed) == {"members": 5, "adds": 5, "added": 5, "requests": 2, "exit": 0}


def test_the_lock_file_of_the_other_one_heals_it_too(tmp_path: Path) -> None:
    """Whoever takes it fills the audience that is filled already."""
    with serving_audiences(tmp_path) as server:
        one, other = clubs(tmp_path, server)
        push_meeting(one, server, other.push)
        (one.root / "audiences.lock.yml").write_text(other.lock_file())
        healed = one.push()
        members = [server.members(found["audience_id"]) for found in server.audiences()]

    assert (healed.exit_code, members) == (0, [emails(range(5)), set()])


def test_two_that_make_one_in_the_same_moment_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both list before either makes one, and make one before either looks again: neither fills, both say which."""
    barrier, create = threading.Barrier(2, timeout=60), Asking.create

    def create_together(self: Asking, advertiser_id: str, name: str) -> tuple[str | None, Verdict]:
        barrier.wait()
        made = create(self, advertiser_id, name)
        barrier.wait()
        return made

    monkeypatch.setattr(Asking, "create", create_together)
    with serving_audiences(tmp_path) as server:
        both = clubs(tmp_path, server)
        with ThreadPoolExecutor(2) as pool:
            reports = list(pool.map(lambda club: club.push(), both))
        ids = [str(found["audience_id"]) for found in server.audiences()]
        filled = [server.members(one) for one in ids]
        for club in both:
            club.project().audiences.adopt(MEMBERS, ids[0])
        healed = [club.push().exit_code for club in both]
        members = [server.members(one) for one in ids]

    problems = [report.audiences[0].problem for report in reports]
    assert [(report.exit_code, report.audiences[0].added) for report in reports] == [(3, 0)] * 2
    assert [f"--audience-id {ids[0]}`" in str(problem and problem.fix) for problem in problems] == [True] * 2
    assert filled == [set(), set()]
    assert (healed, members) == ([0, 0], [emails(range(5)), set()])


def test_an_audience_of_files_is_kept_and_the_other_one_is_told(tmp_path: Path) -> None:
    """It was made with its members, so nobody would look after them if it were left alone."""
    with serving_audiences(tmp_path) as server:
        one, other = clubs(tmp_path, server, FILE)
        report = push_meeting(one, server, other.push)
        (theirs, mine) = (str(found["audience_id"]) for found in server.audiences())

    assert (report.exit_code, report.audiences[0].audience_id) == (0, mine)
    assert report.notices == (
        (
            f"Advertiser {ADVERTISER} has 2 audiences named `{NAME}`: {theirs}, {mine}. This push made {mine}, and "
            f"somebody else made another at the same moment: {MEMBERS} fills {mine}. Delete the other in TikTok."
        ),
    )


def test_an_audience_that_another_target_fills_is_not_adopted(tmp_path: Path) -> None:
    """Neither ledger would know whom the other one told."""
    with serving_audiences(tmp_path) as server:
        one, _ = clubs(tmp_path, server)
        one.push()
        (audience,) = (str(found["audience_id"]) for found in server.audiences())
        lock = one.root / "audiences.lock.yml"
        lock.write_text(lock.read_text().replace("'dev'", "'prod'"))
        with pytest.raises(ConfigError) as caught:
            one.project().audiences.adopt(MEMBERS, audience)

    assert [one.code for one in caught.value.problems] == ["audience-of-other-target"]
