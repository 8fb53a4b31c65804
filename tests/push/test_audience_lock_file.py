"""What the lock file says of audiences: whose they are on every machine, and for one target only."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pusher.errors import ConfigError, PlanError
from pusher.push.audience.lock_file import LockFile
from tests.push.audiences import line
from tests.push.members import (
    ADVERTISER,
    MEMBERS,
    NAME,
    Club,
    emails,
    people,
    serving_audiences,
)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("version: 1\ntargets:\n  dev: {view: {'1': {'a': 12}}}\n", "3:22"),
        ("version: 1\ntargets: {}\ntarget: {}\n", "1:1"),
        ("version: 1\n", "1:1"),
    ],
    ids=["a number", "an unknown key", "no targets"],
)
def test_a_damaged_lock_file_is_told_with_its_place(tmp_path: Path, text: str, place: str) -> None:
    """Nothing is sent by a file that says two things, or what nobody reads."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        (club.root / "audiences.lock.yml").write_text(text)
        with pytest.raises(ConfigError) as caught:
            club.push()

        assert [(one.code, one.place) for one in caught.value.problems] == [
            ("audience-lock", f"audiences.lock.yml:{place}")
        ]
        assert server.requests() == []


def test_the_lock_file_says_which_audience_it_is(tmp_path: Path) -> None:
    """A ledger that is new here fills the audience of the lock file, and says what it does not know."""
    with serving_audiences(tmp_path) as server:
        wanted, _ = server.make(NAME), server.make(NAME)
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        (club.root / "audiences.lock.yml").write_text(
            f"version: 1\ntargets: {{dev: {{{MEMBERS}: {{'{ADVERTISER}': {{'{NAME}': '{wanted}'}}}}}}}}\n"
        )
        report = club.push()
        members = server.members(wanted)

    assert line(report) == {"members": 5, "adds": 5, "added": 5, "requests": 2, "exit": 0}
    assert members == emails(range(5))
    assert len(report.notices) == 1


def test_a_lock_file_that_was_changed_and_changed_back_forgets_nobody(tmp_path: Path) -> None:
    """What is known of the people of an audience stays with the audience."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        (audience,) = server.audiences()
        lock = club.root / "audiences.lock.yml"
        right = lock.read_text()
        lock.write_text(right.replace(audience["audience_id"], server.make("Another")))
        club.push()
        lock.write_text(right)
        club.join(people(range(4)))
        report = club.push()
        members = server.members(audience["audience_id"])

    assert line(report) == {"members": 4, "unchanged": 4, "deletes": 1, "deleted": 1, "requests": 1, "exit": 0}
    assert members == emails(range(4))


def test_two_targets_do_not_fill_one_audience(tmp_path: Path) -> None:
    """Neither ledger knows whom the other one told, so the lock file is asked."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        lock = club.root / "audiences.lock.yml"
        lock.write_text(lock.read_text().replace("'dev'", "'prod'"))
        shutil.rmtree(club.state.root)
        report = club.push()

    problem = report.audiences[0].problem
    assert (problem and problem.code, report.exit_code, report.audiences[0].added) == (
        "audience-of-other-target", 3, 0,
    )  # fmt: skip


@pytest.mark.parametrize(("method", "count"), [("stream", 5), ("file", 1_000)])
def test_a_line_of_the_lock_file_that_was_copied_to_another_target_is_refused(
    tmp_path: Path, method: str, count: int
) -> None:
    """Both targets would fill one audience: neither does, and a dry run says so too."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=f", 'method': '{method}'")
        club.join(people(range(count)))
        club.push()
        lock = club.root / "audiences.lock.yml"
        (*_, targets) = club.lock_file().partition("targets:\n")
        lock.write_text(club.lock_file() + targets.replace("'dev'", "'prod'"))
        before = len(server.requests())
        codes = []
        for dry_run in (False, True):
            with pytest.raises(PlanError) as caught:
                club.push(dry_run=dry_run)
            codes.append([one.code for one in caught.value.problems])
        sent = len(server.requests()) - before

    assert (codes, sent) == ([["audience-of-other-target"]] * 2, 0)


def test_pushes_of_two_targets_keep_what_each_writes_into_the_lock_file(tmp_path: Path) -> None:
    """Both read it before either wrote; one that was damaged meanwhile is told and left as it is."""
    place = (MEMBERS, ADVERTISER, NAME)
    dev, prod = LockFile(tmp_path, "dev"), LockFile(tmp_path, "prod")
    told = [dev.put(*place, "11"), prod.put(*place, "12")]
    kept = [LockFile(tmp_path, target).get(*place) for target in ("dev", "prod")]
    (tmp_path / "audiences.lock.yml").write_text("<<<<<<< HEAD\n")
    damaged = dev.put(*place, "13")

    assert (told, kept) == ([None, None], ["11", "12"])
    assert damaged == (
        f"audiences.lock.yml cannot be written (it is not in its form any more): this ledger knows that {MEMBERS} "
        f"fills audience 13 of advertiser {ADVERTISER}, and nobody else does until the file says so."
    )
    assert (tmp_path / "audiences.lock.yml").read_text() == "<<<<<<< HEAD\n"


def test_a_lock_file_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    """A folder of its name stands in the way: the push tells what the file should say."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        (club.root / "audiences.lock.tmp").mkdir()
        report = club.push()
        members = server.members(server.audiences()[0]["audience_id"])

    assert (report.exit_code, members) == (0, emails(range(5)))
    assert [one.partition(" (")[0] for one in report.notices] == ["audiences.lock.yml cannot be written"]
