"""Compares freshly staged rows with every key the ledger holds, and freezes the due ones.

Works on key columns only, in an in-memory DuckDB that spills to the state folder, so that memory does not grow
with the width or the number of rows. Nothing here depends on the engine that ran the models.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pusher.contracts import ColumnOrigin, StagedFile
from pusher.errors import Problem, StateError
from pusher.ledger.exclusion import Exclusion, staged_sql
from pusher.ledger.failure import words_of
from pusher.ledger.opening import CHANGED, FILE_FIX, damaged
from pusher.ledger.quarantine import (
    QUARANTINED,
    UNEXPLAINED,
    ReasonText,
    new_conflicts_sql,
    origin_table,
    quarantine_sql,
)
from pusher.ledger.state import PRIVATE_FOLDER, file_sha256
from pusher.payload.sql import literal

if TYPE_CHECKING:
    import pyarrow as pa

MEMORY_LIMITS_MB = (256, 512, 1_024, 2_048, 4_096)
"""Tried one after the other. The first does for ten million rows; what DuckDB cannot spill grows with their number."""
ROWS_PER_PART = 49_152
ROWS_PER_REWRITE = 1_000_000
"""So many places fit into the least memory, and the rows that stand there pass by."""


@dataclass(frozen=True, slots=True)
class TermCount:
    """Rows of the plan that fall under one term of the receipt.

    Attributes:
        term: Such as `planned`, `already_sent` or `invalid`.
        detail: Reason code, state of the held key, or the names of the changed columns; empty when there is none.
        currency: Currency of `value`, or None.
        rows: Number of rows.
        value: Their summed value.
        warnings: Bits of the warnings that hold for all of them.
    """

    term: str
    detail: str
    currency: str | None
    rows: int
    value: Decimal
    warnings: int = 0


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What became of the staged rows.

    Attributes:
        counts: Rows by term; their sum is the number of rows of the view.
        parts: Source id and file of each frozen part, under a temporary name.
        quarantine: File of the rows that are not sent and why, or None.
        dropped_identifiers: Identifiers that were left out of rows that are sent.
        new_conflicts: Conflicts that no earlier run has seen.
        held_elsewhere: Rows that the ledger holds because they wait in parts which this run does not send.
    """

    counts: list[TermCount]
    parts: list[tuple[str, StagedFile]]
    quarantine: StagedFile | None
    dropped_identifiers: int
    new_conflicts: int
    held_elsewhere: int = 0


@dataclass(slots=True)
class Reconciler:
    """One comparison of staged rows with the ledger's keys.

    Args:
        folder: Empty folder for frozen parts and spilled data.
        staged: Files that the engine wrote.
        exclusion: What the ledger holds, and who is suppressed.
        known_conflicts: Quarantine files that may list conflicts already reported.
        reasons: Reason number to its text.
        told: Quarantine files of earlier plans.
        undigested: Digests of those key files whose bytes were not compared with them.
        waiting_elsewhere: Keys of the rows that wait in parts which this run does not send, or None.
    """

    folder: Path
    staged: Sequence[StagedFile]
    exclusion: Exclusion
    known_conflicts: Sequence[Path]
    reasons: Mapping[int, ReasonText]
    told: Sequence[Path] = ()
    undigested: Mapping[Path, str] = field(default_factory=dict)
    waiting_elsewhere: pa.Table | None = None
    _connection: Any = field(default=None, init=False)

    def __enter__(self) -> Self:
        (self.folder / "spill").mkdir(mode=PRIVATE_FOLDER)
        self._connect(MEMORY_LIMITS_MB[0])
        return self

    def _connect(self, limit_mb: int) -> None:
        import duckdb

        self._connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": f"{limit_mb}MB",
                "temp_directory": str(self.folder / "spill"),
                "preserve_insertion_order": "false",
            },
        )

    def _start_over(self, limit_mb: int) -> None:
        """Forget what was compared and written, and take more memory for it."""
        self._connection.close()
        for parts in self.folder.glob("parts-*"):
            shutil.rmtree(parts)
        self._connect(limit_mb)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._connection.execute(sql).fetchall()
        return found

    def _staged(self, columns: str) -> str:
        return staged_sql(self.staged, columns)

    def _has_refused(self) -> bool:
        """Say whether the contract refuses a row, whatever the ledger says."""
        refused = self._staged("_reason")
        return bool(self._rows(f"select exists (select 1 from {refused} where _reason is not null)")[0][0])

    def _outcome(self, columns: str) -> str:
        """Return staged rows with term and detail; a NULL term means planned."""
        terms = " ".join(f"when {number} then {literal(text.term)}" for number, text in self.reasons.items())
        codes = " ".join(f"when {number} then {literal(text.code)}" for number, text in self.reasons.items())
        term = f"case _reason {terms} end" if terms else "null"
        code = f"case _reason {codes} end" if codes else "null"
        staged = self._staged(f"{columns}, _reason")
        outlived, joined = "null", ""
        if self._rows("select exists (select 1 from outlived)")[0][0]:
            outlived = "outlived.detail"
            joined = (
                " left join outlived on outlived.file_index = staged.file_index "
                "and outlived.file_row_number = staged.file_row_number"
            )
        return (
            f"select {columns}, _reason, staged.file_index, staged.file_row_number, "
            f"coalesce({term}, excluded.term, 'planned') as term, coalesce({outlived}, {code}, excluded.detail, '') "
            f"as detail from {staged} as staged left join excluded on excluded.file_index = staged.file_index "
            f"and excluded.file_row_number = staged.file_row_number{joined}"
        )

    def _counts(self) -> list[TermCount]:
        sql = (
            "select term, detail, _currency, count(*), coalesce(sum(_value), 0), coalesce(_warnings, 0) "
            f"from ({self._outcome('_currency, _value, _warnings')}) "
            "group by term, detail, _currency, coalesce(_warnings, 0) order by all"
        )
        return [
            TermCount(term, detail, currency, rows, Decimal(value), warnings)
            for term, detail, currency, rows, value, warnings in self._rows(sql)
        ]

    def _clean_files(self, source_ids: Sequence[str]) -> dict[int, StagedFile]:
        """Return the files that are parts as they are, by number, with their due rows.

        One source id, and no row that only the ledger rules out: readers of a part skip the rows with a reason.
        """
        if len(source_ids) != 1:
            return {}
        sql = (
            f"select file_index, count(*) from {self._staged('_reason')} where _reason is null "
            "and file_index not in (select file_index from excluded) group by file_index order by file_index"
        )
        return {number: StagedFile(self.staged[number].path, rows) for number, rows in self._rows(sql)}

    def _rewrite(self, source_id: str, files: Sequence[int], number: int) -> list[StagedFile]:
        """Write the due rows of mixed files as parts of their own.

        By their places, which are looked up first: rows that the ledger holds are wide, and often all but a few.
        """
        target = self.folder / f"parts-{number}"
        target.mkdir(mode=PRIVATE_FOLDER)
        run = self._connection.execute
        outcome = self._outcome("_source_id")
        run(
            f"create or replace temp table due as select file_index, file_row_number from ({outcome}) "
            "where term = 'planned' and _reason is null "
            f"and _source_id = {literal(source_id)} and file_index in ({_listed(files)})"
        )
        counts = self._rows("select file_index, count(*) from due group by file_index order by file_index")
        for place, group in enumerate(_groups(counts, ROWS_PER_REWRITE)):
            folder = target / f"{place:06}"
            folder.mkdir(mode=PRIVATE_FOLDER)
            run(
                f"copy (select staged.* exclude (file_index, file_row_number) from {self._staged('*')} as staged "
                f"where staged.file_index in ({_listed(group)}) and exists (select 1 from due "
                f"where due.file_index in ({_listed(group)}) and due.file_index = staged.file_index "
                "and due.file_row_number = staged.file_row_number)) "
                f"to {literal(folder.as_posix())} (format parquet, compression snappy, per_thread_output, "
                f"row_group_size {ROWS_PER_PART}, row_groups_per_file 1)"
            )
        return [file for folder in sorted(target.iterdir()) for file in parquet_files(self._connection, folder)]

    def _parts(self) -> list[tuple[str, StagedFile]]:
        outcome = self._outcome("_source_id")
        due = f"select distinct _source_id from ({outcome}) where term = 'planned' order by _source_id"
        source_ids = [row[0] for row in self._rows(due)]
        clean = self._clean_files(source_ids)
        parts = [(source_ids[0], file) for file in clean.values()]
        mixed = [number for number in range(len(self.staged)) if number not in clean]
        if mixed:
            for number, source_id in enumerate(source_ids):
                parts += [(source_id, file) for file in self._rewrite(source_id, mixed, number)]
        return parts

    def _quarantine(self, *, model: str, run: str, first_seen: str, max_age_s: int) -> tuple[StagedFile | None, int]:
        """Write the rows that are not sent and why; returns the file and the number of new conflicts."""
        path = self.folder / "quarantine.parquet"
        selected = quarantine_sql(
            self._outcome(QUARANTINED), self.reasons, self.told,
            model=model, run=run, first_seen=first_seen, max_age_s=max_age_s,
        )  # fmt: skip
        self._connection.execute(f"copy ({selected}) to {literal(path.as_posix())} (format parquet, compression zstd)")
        rows = self._rows(f"select count(*) from read_parquet({literal(path.as_posix())})")[0][0]
        if rows == 0:
            path.unlink()
            return None, 0
        return StagedFile(path, rows), int(self._rows(new_conflicts_sql(path, self.known_conflicts))[0][0])

    def _held_elsewhere(self) -> int:
        if self.waiting_elsewhere is None:
            return 0
        self._connection.register("waiting_elsewhere", self.waiting_elsewhere)
        # What is too old by now, or of a suppressed person, makes nobody wait for it, wherever it stands.
        sql = (
            f"select count(*) from ({self._outcome('_event_key')}) "
            "where term in ('already_sent', 'conflicting', 'enriched') "
            "and _event_key in (select _event_key from waiting_elsewhere)"
        )
        return int(self._rows(sql)[0][0])

    def _refuse_damage(self, error: Exception) -> None:
        """Look into an error: the bytes of some files were not compared when the ledger was opened."""
        for path, digest in self.undigested.items():
            if path.exists() and file_sha256(path) != digest:
                raise damaged(CHANGED, f"{path.parent.name}/{path.name}", FILE_FIX) from error

    def reconcile(
        self,
        *,
        model: str,
        run: str,
        first_seen: str,
        max_age_s: int,
        origins: Callable[[], Mapping[str, ColumnOrigin]] = dict,
    ) -> Reconciled:
        """Compare, freeze and explain.

        Args:
            model: Destination view.
            run: Run id, kept with the quarantine.
            first_seen: ISO moment of the run's start.
            max_age_s: Age after which an event is not counted any more.
            origins: Says which SQL makes each contract column; asked only when rows are not sent.

        Raises:
            StateError: Disk or memory ran out, or a file of the ledger is damaged; nothing was recorded.
        """
        import duckdb

        if not self.staged:
            return Reconciled([], [], None, 0, 0)

        def compare() -> Reconciled:
            return self._reconcile(model=model, run=run, first_seen=first_seen, max_age_s=max_age_s, origins=origins)

        try:
            for limit_mb in MEMORY_LIMITS_MB[1:]:
                try:
                    return compare()
                except duckdb.OutOfMemoryException as error:
                    if disk_is_full(error):
                        raise
                    self._start_over(limit_mb)
            return compare()
        except duckdb.Error as error:
            self._refuse_damage(error)
            if not isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException):
                raise
            given = (*self.exclusion.files, *self.known_conflicts, *self.told)
            if not all(path.exists() for path in given):
                message = "Files of the ledger went away while rows were compared with them: a push is at work."
                raise StateError(Problem("another-run", message, fix="Run again when it has ended.")) from error
            words = words_of(error)
            fix = "Free space in the state folder and memory, then run again: nothing was sent."
            raise StateError(Problem("state-write", f"The rows could not be frozen: {words}.", fix=fix)) from error

    def _reconcile(
        self,
        *,
        model: str,
        run: str,
        first_seen: str,
        max_age_s: int,
        origins: Callable[[], Mapping[str, ColumnOrigin]],
    ) -> Reconciled:
        # To follow columns back to their SQL takes longer than to compare the rows, so that both are done at once.
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(origins) if self._has_refused() else None
            self.exclusion.exclude(self._connection, self.staged)
            counts = self._counts()
            explained = any(count.term not in UNEXPLAINED for count in counts)
            known = (asked.result() if asked else origins()) if explained else {}
        self._connection.execute(origin_table(known))
        dropped = self._rows(
            f"select coalesce(sum(_dropped_identifiers), 0) from {self._staged('_dropped_identifiers, _reason')} "
            "where _reason is null"
        )[0][0]
        quarantine, new_conflicts = self._quarantine(model=model, run=run, first_seen=first_seen, max_age_s=max_age_s)
        return Reconciled(
            counts, self._parts(), quarantine, int(dropped), new_conflicts, held_elsewhere=self._held_elsewhere()
        )


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _groups(counts: Iterable[tuple[int, int]], most: int) -> list[list[int]]:
    """Group files, given with their rows, so that each group has at most so many rows, or one file."""
    groups: list[list[int]] = []
    room = 0
    for file, rows in counts:
        if rows > room:
            groups.append([])
            room = most
        groups[-1].append(file)
        room -= rows
    return groups


def disk_is_full(error: Exception) -> bool:
    """Say whether spilling failed for want of space: then more memory is no answer."""
    text = str(error).lower()
    return "no space left" in text or "max_temp_directory_size" in text


def parquet_files(connection: Any, folder: Path) -> list[StagedFile]:
    """Return the Parquet files of a folder that have rows, by name; empty ones are removed."""
    found = []
    for path in sorted(folder.glob("*.parquet")):
        rows = connection.execute(f"select num_rows from parquet_file_metadata({literal(path.as_posix())})").fetchone()[
            0
        ]
        if rows:
            found.append(StagedFile(path, rows))
        else:
            path.unlink()
    return found
