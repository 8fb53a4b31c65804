"""Staged rows against every key that the ledger holds: what is frozen, and what happens without memory or room."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pusher.contracts import StagedFile
from pusher.errors import StateError
from pusher.ledger.exclusion import Exclusion
from pusher.ledger.quarantine import ReasonText
from pusher.ledger.reconcile import Reconciled, Reconciler, TermCount, parquet_files
from pusher.ledger.state import file_sha256

REASONS = {0: ReasonText("invalid", "value-negative", "value", "value is below 0.", "Set refund_policy.")}
ROWS = [("a", "x", None), ("b", "x", None), ("c", "x", 0), ("d", "x", None), ("d", "x", None), ("e", "x", None)]


def staged(folder: Path, rows: list[tuple[str, str, int | None]], source_id: str = "1") -> list[StagedFile]:
    """Write staged rows: event id, payload variant, reason; two rows to a file."""
    files = []
    for number in range(0, len(rows), 2):
        path = folder / f"staged-{number}.parquet"
        values = ", ".join(
            f"('{event_id}', '{variant}', {'null' if reason is None else reason})"
            for event_id, variant, reason in rows[number : number + 2]
        )
        with duckdb.connect() as connection:
            connection.execute(
                "copy (select case when r is null then cast(md5(e) as uuid) end as _event_key, "
                "case when r is null then unhex(sha256(e || v)) end as _payload_hash, null::uuid as _contents_hash, "
                "1::bigint as _event_time, cast(length(v) as decimal(38, 9)) as _value, 'USD' as _currency, "
                f"'Purchase' as _event, e as _event_id, '{source_id}' as _source_id, null::varchar as _shop_id, "
                "null::varchar as _event_channel, null::varchar as _brand, null::bigint as _num_items, "
                "cast(r as smallint) as _reason, case when e = 'a' then 5 end::smallint as _warnings, "
                f"0::integer as _dropped_identifiers, e as event from (values {values}) as t(e, v, r)) "
                f"to '{path}' (format parquet)"
            )
        files.append(StagedFile(path, len(rows[number : number + 2])))
    return files


def reconcile(folder: Path, files: list[StagedFile], exclusion: Exclusion | None = None) -> Reconciled:
    """Compare staged rows with what the ledger holds, which is nothing by default."""
    frozen = folder / "frozen"
    frozen.mkdir()
    with Reconciler(frozen, files, exclusion or Exclusion(), (), REASONS) as reconciler:
        return reconciler.reconcile(model="view", run="run", first_seen="now", max_age_s=10)


def test_only_due_rows_are_frozen(tmp_path: Path) -> None:
    """A staged file with a repeated row is written anew; one with refused rows is kept, and only its due rows count."""
    files = staged(
        tmp_path,
        [("a", "x", None), ("b", "x", None), ("c", "x", 0), ("d", "x", None), ("d", "x", None), ("e", "x", None)],
    )

    result = reconcile(tmp_path, files)

    with duckdb.connect() as connection:
        frozen = sorted(
            row[0]
            for _, part in result.parts
            for row in connection.execute(
                f"select event from read_parquet('{part.path}') where _reason is null"
            ).fetchall()
        )
    assert frozen == ["a", "b", "d", "e"]
    assert result.parts[:2] == [("1", files[0]), ("1", StagedFile(files[1].path, 1))]
    assert sum(part.rows for _, part in result.parts) == 4
    assert result.counts == [
        TermCount("duplicate", "", "USD", 1, Decimal(1)),
        TermCount("invalid", "value-negative", "USD", 1, Decimal(1)),
        TermCount("planned", "", "USD", 1, Decimal(1), warnings=5),
        TermCount("planned", "", "USD", 3, Decimal(3)),
    ]
    assert result.quarantine is not None
    assert result.quarantine.rows == 2


def contents(result: Reconciled) -> tuple[list[list[str]], list[TermCount], int | None]:
    """Return what a comparison froze and counted."""
    with duckdb.connect() as connection:
        parts = [
            sorted(row[0] for row in connection.execute(f"select event from '{part.path}'").fetchall())
            for _, part in result.parts
        ]
    return parts, result.counts, result.quarantine.rows if result.quarantine else None


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (1_000_000, [["new-0", "new-1", "new-2", "new-3", "new-4"]]),
        (3, [["new-0", "new-1", "new-2"], ["new-3", "new-4"]]),
        (1, [["new-0"], ["new-1"], ["new-2"], ["new-3"], ["new-4"]]),
    ],
)
def test_new_rows_among_held_ones_are_written_in_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, expected: list[list[str]]
) -> None:
    """Each staged file has a row that the ledger holds and a new one; the new ones leave their files together.

    What leaves together is in one folder; how many threads share it is DuckDB's affair.
    """
    monkeypatch.setattr("pusher.ledger.reconcile.ROWS_PER_REWRITE", most)
    (tmp_path / "held").mkdir()
    held = staged(tmp_path / "held", [(f"old-{number}", "x", None) for number in range(5)])
    rows: list[tuple[str, str, int | None]] = [
        (f"{age}-{number}", "x", None) for number in range(5) for age in ("old", "new")
    ]

    found = reconcile(tmp_path, staged(tmp_path, rows), Exclusion(held=[file.path for file in held]))

    folders: dict[Path, list[str]] = {}
    for (_, part), events in zip(found.parts, contents(found)[0], strict=True):
        assert part.rows == len(events)
        folders.setdefault(part.path.parent, []).extend(events)
    assert [sorted(events) for events in folders.values()] == expected


def test_a_thread_that_wrote_no_row_leaves_no_part(tmp_path: Path) -> None:
    """DuckDB makes a file for each of its threads."""
    with duckdb.connect() as connection:
        for name, rows in (("a", 0), ("b", 2)):
            connection.execute(f"copy (from range({rows})) to '{tmp_path}/{name}.parquet' (format parquet)")

        found = parquet_files(connection, tmp_path)

    assert found == [StagedFile(tmp_path / "b.parquet", 2)]
    assert [path.name for path in tmp_path.iterdir()] == ["b.parquet"]


@pytest.mark.parametrize("limits", [(1, 256), (1, 1, 256)])
def test_a_comparison_that_needs_more_memory_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: tuple[int, ...]
) -> None:
    """It begins anew with the next limit and gives the same."""
    (tmp_path / "enough").mkdir()
    expected = contents(reconcile(tmp_path / "enough", staged(tmp_path / "enough", ROWS)))
    monkeypatch.setattr("pusher.ledger.reconcile.MEMORY_LIMITS_MB", limits)

    assert contents(reconcile(tmp_path, staged(tmp_path, ROWS))) == expected


def test_a_comparison_that_fails_at_its_end_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts and quarantine of the first attempt are not among those of the second."""
    (tmp_path / "enough").mkdir()
    expected = contents(reconcile(tmp_path / "enough", staged(tmp_path / "enough", ROWS)))
    parts, calls = Reconciler._parts, []

    def failing(self: Reconciler) -> list[tuple[str, StagedFile]]:
        found = parts(self)
        calls.append(len(found))
        if len(calls) == 1:
            raise duckdb.OutOfMemoryException("failed to pin block of size 256.0 KiB")
        return found

    monkeypatch.setattr(Reconciler, "_parts", failing)

    assert contents(reconcile(tmp_path, staged(tmp_path, ROWS))) == expected
    assert len(calls) == 2


def test_a_comparison_without_memory_stops_the_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the last limit."""
    monkeypatch.setattr("pusher.ledger.reconcile.MEMORY_LIMITS_MB", (1, 1))

    with pytest.raises(StateError) as caught:
        reconcile(tmp_path, staged(tmp_path, ROWS))

    assert caught.value.problems[0].message.startswith("The rows could not be frozen: Out of Memory Error: ")


def test_a_comparison_that_finds_no_room_to_spill_takes_no_more_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full; DuckDB calls that an error of memory too."""
    limits = []
    connect = Reconciler._connect

    def noted(self: Reconciler, limit_mb: int) -> None:
        limits.append(limit_mb)
        connect(self, limit_mb)

    def full(*_: object) -> None:
        text = "failed to offload data block of size 256.0 KiB (0 bytes/0 bytes used).\nThis limit was set by the "
        raise duckdb.OutOfMemoryException(f"{text}'max_temp_directory_size' setting.")

    monkeypatch.setattr(Reconciler, "_connect", noted)
    monkeypatch.setattr(Exclusion, "exclude", full)

    with pytest.raises(StateError, match="The rows could not be frozen: failed to offload"):
        reconcile(tmp_path, staged(tmp_path, ROWS))

    assert limits == [256]


def test_a_comparison_beside_a_push_says_so_when_a_file_goes_away(tmp_path: Path) -> None:
    """A dry run holds no lock, and a push removes what it has settled: neither space nor memory is missing."""
    files = staged(tmp_path, ROWS)
    (tmp_path / "frozen").mkdir()
    gone = tmp_path / "settled.parquet"
    with (
        Reconciler(tmp_path / "frozen", files, Exclusion(held=(gone,)), (), REASONS) as reconciler,
        pytest.raises(StateError) as caught,
    ):
        reconciler.reconcile(model="view", run="run", first_seen="now", max_age_s=10)

    (problem,) = caught.value.problems
    assert (problem.code, problem.fix) == ("another-run", "Run again when it has ended.")


def test_an_error_beside_an_archive_that_is_whole_is_not_laid_to_it(tmp_path: Path) -> None:
    """What DuckDB cannot read for another reason is a defect, and goes on as it is."""
    (tmp_path / "frozen").mkdir()
    archive, broken = tmp_path / "archive.parquet", tmp_path / "broken.parquet"
    archive.write_bytes(b"whole")
    broken.write_bytes(b"no Parquet at all, and long enough to be looked at")
    files, digests = [StagedFile(broken, 1)], {archive: file_sha256(archive)}
    with (
        Reconciler(tmp_path / "frozen", files, Exclusion(), (), REASONS, undigested=digests) as reconciler,
        pytest.raises(duckdb.InvalidInputException),
    ):
        reconciler.reconcile(model="view", run="run", first_seen="now", max_age_s=10)
