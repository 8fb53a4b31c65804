"""What a push makes of what earlier runs left behind: frozen parts, forgotten keys, other clocks, told conflicts."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pusher.errors import Incomplete, PlanError, StateError
from pusher.ledger import compaction
from pusher.ledger.state import SCRATCH, scratch_folder
from pusher.progress import Event, Notice
from pusher.project.outcomes import Patience
from tests.push.opted_out import opt_out
from tests.push.support import EVENT_SET, NOW, VIEW, Order, Shop, orders, serving, terms, wait_until

WRONG_SET = "1111111111111111111"


def without_source_id(shop: Shop) -> None:
    """Let the setting name the event source of every row."""
    model = shop.root / "models" / f"{VIEW}.sql"
    model.write_text(model.read_text().replace("    order_id,\n    event_set as event_set_id\n", "    order_id\n"))


# a part for an event source that the setting no longer names ------------------------------------------------------


def test_rows_frozen_for_a_mistyped_source_are_planned_anew(tmp_path: Path) -> None:
    """A wrong event_set_id costs one refused request; once corrected, every row arrives and nothing stays behind."""
    wrong = {"match": {"contains": [WRONG_SET]}, "do": 40001, "times": None}
    with serving(tmp_path / "sandbox.sqlite", [wrong]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000, event_set_id=WRONG_SET)
        without_source_id(shop)
        shop.sell(orders(50))
        shop.build()
        refused = shop.push()
        shop.profile(server.base_url, requests_per_second=1000, event_set_id=EVENT_SET)
        told: list[Event] = []
        project = shop.project()
        project.listener = lambda event: told.append(event)  # noqa: PLW0108 -- a listener names its argument

        corrected = project.push()
        again = shop.push()

        assert (refused.exit_code, terms(refused)) == (3, {"planned": 50, "pending": 50})
        assert (corrected.exit_code, terms(corrected)) == (0, {"planned": 50, "accepted": 50})
        assert corrected.models[0].resumed == {}
        assert (again.exit_code, terms(again)) == (0, {"already_sent": 50})
        assert server.counted() == [row.order_id for row in orders(50)]
        assert list(shop.state.outbox.iterdir()) == []
        (notice,) = (event.message for event in told if isinstance(event, Notice))
        assert notice == (
            f"50 rows of {VIEW} that run {refused.run_id} froze for {WRONG_SET} were given back to the view: the "
            f"settings name {EVENT_SET} now, and nothing of them was sent."
        )
        assert corrected.as_json()["notices"] == [notice]


@pytest.mark.parametrize("fault", ["drop_after_accept", "accepted"])
def test_rows_that_may_have_arrived_stay_with_their_source(tmp_path: Path, fault: str) -> None:
    """Once a batch was accepted or may have been, the part goes on for the source that it was frozen for."""
    faults: list[dict[str, Any]] = [{"do": fault, "times": 8}]
    if fault == "accepted":
        faults = [{"match": {"nth": 2}, "do": 40105}]
    with serving(tmp_path / "sandbox.sqlite", faults) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        without_source_id(shop)
        shop.sell(orders(30))
        shop.build()
        shop.push()
        shop.profile(server.base_url, requests_per_second=1000, event_set_id="2222222222222222222")

        report = shop.push()

        assert report.models[0].resumed["accepted"] == (30 if fault == "drop_after_accept" else 20)
        assert report.notices == ()


def test_rows_that_name_their_source_are_never_given_back(tmp_path: Path) -> None:
    """With a source-id column the rows decide, whatever the setting says."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40105}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(5))
        shop.build()
        shop.push()
        shop.profile(server.base_url, requests_per_second=1000, event_set_id="2222222222222222222")

        report = shop.push()

        assert (report.models[0].resumed["accepted"], report.notices) == (5, ())


# clocks -------------------------------------------------------------------------------------------------------------


def test_forgotten_keys_are_not_sent_again_by_a_clock_that_went_back(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event older than what the ledger still remembers is expired, even if the clock calls it young."""
    monkeypatch.setattr("pusher.ledger.compaction.MOST_KEY_FILES", 1)
    later = NOW + timedelta(days=46)
    shop.sell(orders(5))
    shop.build()
    shop.push()
    for start in (100, 200):
        shop.sell([replace(order, at="2027-01-04 10:00:00") for order in orders(5, start=start)])
        shop.push(now=later)
    assert shop.ledger("select value from meta where name = 'pruned_before'")
    with sqlite3.connect(shop.state.ledger) as connection:
        connection.execute("update run set started_at = ?", (NOW.isoformat(),))
    connection.close()
    shop.sell(orders(5))

    report = shop.push(now=NOW + timedelta(hours=60))

    assert (terms(report), report.requests) == ({"expired": 5}, 0)


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_clock_far_behind_the_newest_run_is_refused(shop: Shop, dry_run: bool) -> None:  # noqa: FBT001
    """Ages decide what is sent, so a clock that lost more than a day sends nothing."""
    shop.sell(orders(3))
    shop.build()
    report = shop.push()

    allowed = shop.push(now=NOW - timedelta(hours=24), dry_run=dry_run)
    with pytest.raises(StateError) as caught:
        shop.push(now=NOW - timedelta(hours=24, minutes=1), dry_run=dry_run)

    problem = caught.value.problems[0]
    assert (allowed.exit_code, caught.value.exit_code, problem.code) == (0, 2, "clock-behind")
    assert problem.message == (
        f"The clock says 2026-11-19 11:59 UTC, but run {report.run_id} began at 2026-11-20 12:00 UTC."
    )
    assert problem.fix is not None
    assert problem.fix.startswith("Correct the clock of this machine")


# the end of a run ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [duckdb.IOException("IO Error: No space left on device"), OSError(28, "No space left on device")]
)
def test_merging_keys_may_fail(shop: Shop, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """A merge that finds no space is a notice; the run is recorded as what it was, and no temporary file stays."""

    def fail(paths: object, target: Path, condition: str) -> int:
        del paths, condition
        target.write_bytes(b"half")
        raise error

    monkeypatch.setattr(compaction, "MOST_KEY_FILES", 0)
    monkeypatch.setattr(compaction, "merge", fail)
    shop.sell(orders(3))
    shop.build()

    report = shop.push()

    assert (report.exit_code, len(report.notices)) == (0, 1)
    assert report.notices[0] == (
        "The key files could not be merged, which another run will try again: the disk is full."
    )
    assert shop.ledger("select exit_code, finished_at is not null from run") == [(0, 1)]
    assert [path.suffix for path in shop.state.keys.iterdir()] == [".parquet"]


def test_a_run_that_ends_early_is_recorded(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up while rows are sent ends the run with 4, in the ledger too."""
    shop.sell(orders(3))
    shop.build()

    def fail(*arguments: object, **more: object) -> None:
        del arguments, more
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("pusher.push.settle.publish", fail)
        with pytest.raises(Incomplete):
            shop.push()
    after = shop.push()

    assert shop.ledger("select exit_code, finished_at is not null from run order by started_at, rowid") == [
        (4, 1),
        (0, 1),
    ]
    assert after.exit_code == 0


def test_rows_that_wait_in_a_view_not_selected_are_pending(tmp_path: Path) -> None:
    """A row that another view froze and this run does not send makes 4, until somebody sends it."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40105}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(8))
        (shop.root / "models" / "twin.sql").write_text((shop.root / "models" / f"{VIEW}.sql").read_text())
        shop.build()
        shop.push(select=[VIEW])

        waiting = shop.push(select=["twin"])
        everything = shop.push()
        after = shop.push(select=["twin"])

        assert (waiting.exit_code, waiting.requests, waiting.models[0].held_elsewhere) == (4, 0, 8)
        assert waiting.models[0].as_json()["held_elsewhere"] == 8
        assert everything.exit_code == 0
        assert (after.exit_code, after.models[0].held_elsewhere) == (0, 0)


def test_rows_of_a_view_not_selected_wait_only_while_nothing_became_of_them(tmp_path: Path) -> None:
    """Ten of its rows were accepted and two were throttled, one of a person who is suppressed by now."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40100, "times": 2, "match": {"nth": 2}}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        rows = orders(12)
        shop.sell(rows)
        model = (shop.root / "models" / f"{VIEW}.sql").read_text()
        (shop.root / "models" / "ten.sql").write_text(f"{model}where order_id < 'order-00010'\n")
        (shop.root / "models" / "twin.sql").write_text(model)
        shop.build()
        first = shop.push(select=[VIEW], patience=Patience(deadline_s=60))
        assert terms(first) == {"planned": 12, "accepted": 10, "pending": 2}

        ten = shop.push(select=["ten"])
        twin = shop.push(select=["twin"])
        opt_out(shop, rows[10].digest)
        without_one = shop.push(select=["twin"])

        assert [(one.exit_code, terms(one), one.models[0].held_elsewhere) for one in (ten, twin, without_one)] == [
            (0, {"already_sent": 10}, 0),
            (4, {"already_sent": 12}, 2),
            (4, {"already_sent": 11, "suppressed": 1}, 1),
        ]


# conflicts that were told -------------------------------------------------------------------------------------------


def test_a_conflict_is_new_only_once(shop: Shop) -> None:
    """A conflict that was reported, went away and came back is counted and is no finding any more."""
    good = orders(3)
    changed = [replace(good[0], amount="99.00"), *good[1:]]
    shop.sell(good)
    shop.build()
    shop.push()
    codes = []
    for rows in (changed, changed, good, good, changed, [replace(good[0], amount="98.00"), *good[1:]], good, changed):
        shop.sell(rows)
        codes.append(shop.push().exit_code)

    assert codes == [1, 0, 0, 0, 0, 1, 0, 0]
    quarantine = shop.project().ledger.query("select count(*) as rows from quarantine")
    assert quarantine == [{"rows": 1}]
    kinds = shop.ledger("select kind, rows from file where kind in ('quarantine', 'conflicts') order by kind")
    # Both that were told.
    assert kinds == [("conflicts", 2), ("quarantine", 1)]


# scratch ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files of this test alone."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    tempfile.tempdir = None


def test_scratch_of_a_killed_dry_run_is_removed_by_the_next_run(shop: Shop, scratch: Path) -> None:
    """Rows frozen outside the project do not outlive the next start of a push or dry run."""
    shop.sell(orders(60_000))
    shop.build()
    process = shop.command("push", "--dry-run", "--clock", NOW.isoformat())
    try:
        wait_until(lambda: list(scratch.glob(f"{SCRATCH}-{process.pid}-*")))
        (left,) = scratch.glob(f"{SCRATCH}-*")
        mode = stat.S_IMODE(left.stat().st_mode)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    was_left = left.exists()
    shop.sell(orders(1))

    shop.push(dry_run=True)

    assert (mode, was_left) == (0o700, True)
    assert list(scratch.glob(f"{SCRATCH}-*")) == []


def test_a_machine_without_room_for_temporary_files_is_no_defect(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A push needs none; what does need them ends with 4, as on a full disk."""
    shop.sell(orders(3))
    shop.build()

    def full() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", full)

    with pytest.raises(Incomplete) as caught:
        shop.push(dry_run=True)

    assert (caught.value.exit_code, [(one.code, one.message) for one in caught.value.problems]) == (
        4,
        [
            (
                "state-write",
                "No folder for temporary files can be written: No usable temporary directory found in ['/tmp'].",
            )
        ],
    )
    assert terms(shop.push()) == {"planned": 3, "accepted": 3}


def test_scratch_of_others_stays(scratch: Path) -> None:
    """A folder of a living process, or one that is not ours to judge, is left alone."""
    living = scratch / f"{SCRATCH}-{os.getppid()}-abc"
    unnamed = scratch / f"{SCRATCH}-abc"
    link = scratch / f"{SCRATCH}-999999999-link"
    for folder in (living, unnamed):
        folder.mkdir()
    link.symlink_to(scratch)

    with scratch_folder() as mine:
        assert stat.S_IMODE(mine.stat().st_mode) == 0o700
        names = {path.name for path in scratch.iterdir()}

    assert names == {living.name, unnamed.name, link.name, mine.name}
    assert not mine.exists()


# another version of the program -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "times", "term"),
    [("drop_after_accept", 8, "parked"), ("40105", 1, "accepted")],
    ids=["in doubt", "never arrived"],
)
def test_rows_that_another_version_encoded_are_parked_only_when_in_doubt(
    tmp_path: Path, fault: str, times: int, term: str
) -> None:
    """Other bytes under the same id are never sent; rows that surely did not arrive are encoded anew."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": fault, "times": times}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(3))
        shop.build()
        shop.push()
        other = "arro3-io 0.1/offline_events 0/projection 0"
        seen = len(server.requests())
        with sqlite3.connect(shop.state.ledger) as connection:
            connection.execute("update batch set encoder = ?", (other,))
        connection.close()

        report = shop.push()

        assert report.models[0].resumed[term] == 3
        told = shop.ledger("select message from batch where state = 'parked'")
        if term == "parked":
            assert len(server.requests()) == seen
            assert told == [(f"The outcome is unknown, and this version would send other bytes than {other} did.",)]
        else:
            assert server.counted() == [row.order_id for row in orders(3)]


def test_rows_that_grew_too_old_in_a_push_that_failed_are_told_by_the_next(tmp_path: Path) -> None:
    """It recorded them before its plan failed, and their view shows them no more: no other receipt would have them."""
    late = NOW + timedelta(days=29)
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(3))
    shop.build()
    frozen = shop.push(patience=Patience(deadline_s=0.0))
    (shop.root / "orders.csv").rename(shop.root / "gone.csv")
    with pytest.raises(PlanError):
        shop.push(now=late)
    recorded = shop.ledger("select state, rows from batch")
    shop.sell([Order("order-00009", at="2026-12-18 10:00:00")])
    reports = [shop.push(now=late) for _ in range(2)]

    assert (frozen.exit_code, recorded) == (4, [("expired", 3)])
    assert [one.models[0].resumed.get("expired_late", 0) for one in reports] == [3, 0]
