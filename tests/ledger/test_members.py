"""What is known of the members of an audience, however little memory and disk there is to find out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pusher.contracts import BatchState
from pusher.errors import StateError
from pusher.ledger.audiences import Chunk
from pusher.ledger.barred import Barred
from pusher.ledger.comparison import Comparison, MemberCounts
from pusher.ledger.members import (
    MemberStates,
    Sent,
    connect,
    member_states,
    split_digest,
    with_enough_memory,
    write_told,
)

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KINDS = ("EMAIL_SHA256", "PHONE_SHA256")
FIX = "Free space in the state folder and memory, then run again: it goes on where it stopped."


def members(folder: Path, count: int) -> Path:
    """Write a member file of people who were added."""
    frozen, told = folder / "add.parquet", folder / "members.parquet"
    with duckdb.connect() as connection:
        rows = f"select sha256(range::varchar) as EMAIL_SHA256 from range({count})"
        connection.execute(f"copy ({rows}) to '{frozen}' (format parquet)")
    chunk = Chunk(1, 1, 0, count, count, BatchState.ACCEPTED)
    written = write_told([Sent("add", frozen, ["EMAIL_SHA256"], [chunk])], told, kinds=KINDS, now=NOW, folder=folder)
    assert written is not None
    return written.path


def few(monkeypatch: pytest.MonkeyPatch, *limits: int) -> None:
    """Begin with little memory."""
    for module in ("members", "comparison"):
        monkeypatch.setattr(f"pusher.ledger.{module}.MEMORY_LIMITS_MB", limits)


def test_chunks_of_many_outcomes_are_told_apart(tmp_path: Path) -> None:
    """Some were obeyed, of some nobody knows, and the last was never sent."""
    frozen = tmp_path / "add.parquet"
    with duckdb.connect() as connection:
        rows = "select sha256(range::varchar) as EMAIL_SHA256 from range(14)"
        connection.execute(f"copy ({rows}) to '{frozen}' (format parquet)")
    doubtful = {"state": BatchState.UNKNOWN, "at_risk": True, "last_risk_at": NOW}
    chunks = [
        Chunk(number, 1, 2 * number, 2, 2, **(doubtful if number % 2 else {"state": BatchState.ACCEPTED}))
        for number in range(6)
    ]

    written = write_told(
        [Sent("add", frozen, ["EMAIL_SHA256"], chunks)],
        tmp_path / "members.parquet",
        kinds=KINDS,
        now=NOW,
        folder=tmp_path,
    )

    assert written is not None
    assert written.rows == 12
    assert member_states([written.path], tmp_path) == MemberStates(inside=6, maybe=6, outside=0, told_at=NOW)


@pytest.mark.parametrize("limits", [(1, 320), (1, 1, 320)])
def test_members_are_counted_with_more_memory_when_there_was_too_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: tuple[int, ...]
) -> None:
    """The count begins anew with the next limit."""
    file = members(tmp_path, 1_000)
    few(monkeypatch, *limits)

    assert member_states([file, file], tmp_path) == MemberStates(inside=1_000, maybe=0, outside=0, told_at=NOW)


def test_members_that_no_memory_does_for_are_told_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the last limit a person hears of it."""
    file = members(tmp_path, 1_000)
    few(monkeypatch, 1, 1)

    with pytest.raises(StateError) as caught:
        member_states([file, file], tmp_path)

    (problem,) = caught.value.problems
    assert (problem.code, problem.fix) == ("state-write", FIX)
    assert problem.message.startswith("Who is in an audience could not be kept: Out of Memory Error: ")


def test_more_memory_is_no_answer_to_a_full_disk(tmp_path: Path) -> None:
    """DuckDB that has no room to spill calls that an error of memory too."""
    limits: list[int] = []

    def sort(connection: Any) -> None:
        connection.execute("create table sorted as select sha256(range::varchar) as x from range(400000) order by x")

    with connect(tmp_path, 24) as connection:
        connection.execute("set max_temp_directory_size = '0KB'")
        with pytest.raises(StateError) as caught:
            with_enough_memory(lambda: sort(connection), limits.append)

    (problem,) = caught.value.problems
    assert (limits, problem.code, problem.fix) == ([], "state-write", FIX)
    assert problem.message.startswith("Who is in an audience could not be kept: Out of Memory Error: failed to offload")


def compared(folder: Path, staged: Path, known: Path) -> tuple[MemberCounts, list[tuple[str, int]]]:
    """Compare a view with who is in its audience; returns the counts, and the rows of each frozen change."""
    with Comparison(
        folder=folder,
        staged=[staged],
        schemas={"EMAIL_SHA256": False},
        kinds=KINDS,
        members=[known],
        suppressed=Barred(),
        now=NOW,
    ) as comparison:
        counts = comparison.compare()
        return counts, [(change.action, change.file.rows) for change in comparison.freeze()]


def test_a_comparison_of_members_takes_more_memory_when_there_was_too_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins anew with the next limit and gives the same."""
    known, staged = members(tmp_path, 100), tmp_path / "view.parquet"
    with duckdb.connect() as connection:
        email = split_digest("sha256(range::varchar)")
        rows = f"select {email} as EMAIL_SHA256, 0 as _dropped, 0 as _raw, false as _nobody from range(10, 130)"
        connection.execute(f"copy ({rows}) to '{staged}' (format parquet)")
    expected = compared(tmp_path / "enough", staged, known)
    few(monkeypatch, 1, 320)

    assert compared(tmp_path / "little", staged, known) == expected
    assert expected[1] == [("delete", 10), ("add", 30)]
