"""Writes who a view wants in an audience as the files that are uploaded, line by line and never whole in memory."""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from pusher.contracts import FileLayout, StagedFile
from pusher.ledger.comparison import TEXT, Comparison
from pusher.ledger.members import IN, KEY, OUT, same, seconds
from pusher.ledger.state import PRIVATE_FILE
from pusher.payload.sql import literal

_LINES_PER_BATCH = 65_536


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that can be uploaded.

    Attributes:
        path: The file.
        bytes: Its size.
        md5: MD5 of its bytes as hex, which the destination wants as a signature.
    """

    path: Path
    bytes: int
    md5: str


@dataclass(frozen=True, slots=True)
class WholeSet:
    """All members of an audience, and the files that bring it there.

    Attributes:
        uploads: The files: of all members, or of those who come or leave.
        members: A file that says of each member that it is in, under a temporary name.
        digest: Of the members' identifiers, in any order.
    """

    uploads: tuple[Upload, ...]
    members: StagedFile
    digest: str

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(one.bytes for one in self.uploads)


def keep_members(comparison: Comparison, *, but: str = "suppressed") -> None:
    """Let the comparison want who is in the audience already.

    Args:
        comparison: A comparison that was made.
        but: Its table of those who are not wanted.
    """
    comparison.connection.execute("drop view wanted")
    comparison.connection.execute(
        f"create temp table wanted as select {KEY}, row_number() over () as place from known "
        f"where state <> {OUT} and not exists (select 1 from {but} where {same(but, 'known')})"
    )


def want_without_leaving(comparison: Comparison, *, suppressed_only: bool) -> None:
    """Let the comparison want who is in the audience already but for those who leave, who are then in `going`.

    Args:
        comparison: A comparison that was made.
        suppressed_only: Only those leave who are suppressed.
    """
    comparison.connection.execute(
        f"create temp table going as select {KEY}, row_number() over () as place from ("
        f"select {KEY} from leaving{' where is_suppressed' * suppressed_only} union all select {KEY} from unknown)"
    )
    keep_members(comparison, but="going")


def keep_unknown(comparison: Comparison, places: Sequence[int]) -> int:
    """Leave out of `unknown` who is of another kind than an audience holds; returns how many are left.

    Args:
        comparison: A comparison that was made.
        places: The kinds that it holds, by their places.
    """
    held = ", ".join(str(place) for place in places)
    comparison.connection.execute(f"delete from unknown where kind not in ({held})")
    return int(comparison.connection.execute("select count(*) from unknown").fetchall()[0][0])


def leaving_kinds(comparison: Comparison, *, suppressed_only: bool) -> list[int]:
    """Return the kinds of who leaves, by their places; arguments as of `want_without_leaving`."""
    which = " where is_suppressed" * suppressed_only
    found = comparison.connection.execute(f"select distinct kind from leaving{which} order by kind")
    return [int(kind) for (kind,) in found.fetchall()]


def known_kinds(comparison: Comparison) -> list[int]:
    """Return the kinds of who is in the audience already, by their places."""
    found = comparison.connection.execute(f"select distinct kind from known where state <> {OUT} order by kind")
    return [int(kind) for (kind,) in found.fetchall()]


def write_whole_set(
    comparison: Comparison,
    layout: FileLayout,
    *,
    most_bytes: int,
    most_columns: int,
    now: datetime,
    told: str | None = None,
) -> WholeSet:
    """Write everybody whom a comparison wants, or who comes to that or leaves.

    Args:
        comparison: A comparison that was made; it wants who is in the audience then.
        layout: What the files look like.
        most_bytes: Largest file.
        most_columns: How often one header may stand in a file.
        now: The run's clock.
        told: Table of the comparison whose identifiers go into the files, or None for all that it wants.
    """
    connection, folder = comparison.connection, comparison.folder
    places = {kind: place for place, kind in enumerate(comparison.kinds)}
    each = f"(select {KEY}, min(place) as place from wanted group by {KEY})"
    # All rows are fetched, because a result that is not read to its end keeps the connection from streaming another.
    ((count, digest),) = connection.execute(
        f"select count(*), coalesce(bit_xor(md5_number(concat_ws('|', kind, a, b))), 0) from {each}"
    ).fetchall()
    uploaded = each if told is None else told
    if layout.has_header and count:
        header, lines = _side_by_side(connection, layout, places, uploaded, most_columns)
    else:
        header, lines = "", f"select {TEXT} || chr(10) as line from {uploaded} order by a, b"
    with _Uploads(folder, header.encode("ascii"), most_bytes) as uploads:
        for batch in connection.sql(lines).to_arrow_reader(_LINES_PER_BATCH):
            uploads.write(batch.column(0))
    path = folder / "members.parquet"
    connection.execute(
        f"copy (select {KEY}, {IN}::utinyint as state, {seconds(now)}::bigint as changed_s, null::bigint as risk_s "
        f"from {each}) to {literal(path.as_posix())} (format parquet, compression snappy)"
    )
    path.chmod(PRIVATE_FILE)
    return WholeSet(tuple(uploads.written), StagedFile(path, int(count)), f"{int(digest):032x}")


def _side_by_side(
    connection: Any, layout: FileLayout, places: dict[str, int], each: str, most_columns: int
) -> tuple[str, str]:
    """Return the header, and the query of the lines: one for each person, or as many as somebody's identifiers need."""
    columns = ", ".join(
        f"({places[kind]}, {column})" for column, (_, kinds) in enumerate(layout.columns) for kind in kinds
    )
    connection.execute(
        f"create or replace temp table numbered as select {KEY}, place, number, "
        f"row_number() over (partition by place, number order by {KEY}) - 1 as turn "
        f"from {each} as members join (values {columns}) as columns (column_kind, number) on kind = column_kind"
    )
    widest = dict(connection.execute("select number, max(turn) + 1 from numbered group by number").fetchall())
    widths = {number: min(most_columns, int(found)) for number, found in sorted(widest.items())}
    header = ",".join(layout.columns[number][0] for number, width in widths.items() for _ in range(width))
    cells = " || ',' || ".join(
        f"coalesce(max(case when number = {number} and turn % {width} = {slot} then {TEXT} end), '')"
        for number, width in widths.items()
        for slot in range(width)
    )
    line = "case number " + " ".join(f"when {number} then turn // {width}" for number, width in widths.items()) + " end"
    grouped = f"from (select *, {line} as line_of_person from numbered) group by place, line_of_person"
    return f"{header}\n", f"select {cells} || chr(10) as line {grouped} order by line"


class _Uploads:
    """Writes lines into files of at most so many bytes.

    Args:
        folder: Where the files go.
        header: First line of each, or nothing.
        most_bytes: Largest file.
    """

    def __init__(self, folder: Path, header: bytes, most_bytes: int) -> None:
        self._folder, self._header, self._most = folder, header, most_bytes
        self._stream: BinaryIO | None = None
        self._size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self.written: list[Upload] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    @property
    def _path(self) -> Path:
        return self._folder / f"members-{len(self.written) + 1}.csv"

    def write(self, lines: Any) -> None:
        """Write an Arrow array of lines: its text lies in one piece already, so a file gets a slice of it."""
        _, offsets, text = lines.buffers()
        ends: Sequence[int] = memoryview(offsets).cast("i")[lines.offset : lines.offset + len(lines) + 1]
        first = 0
        while first < len(lines):
            # The last line that fits, but one at least.
            room = self._most - (self._size if self._stream is not None else len(self._header))
            last = bisect_right(ends, ends[first] + room) - 1
            if last <= first and self._stream is not None:
                self._close()
                continue
            last = max(last, first + 1)
            self._put(memoryview(text)[ends[first] : ends[last]])
            first = last

    def _put(self, data: memoryview | bytes) -> None:
        if self._stream is None:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
            self._stream = os.fdopen(descriptor, "wb")
            self._size = 0
            self._md5 = hashlib.md5(usedforsecurity=False)
            if self._header:
                self._put(self._header)
        self._stream.write(data)
        self._md5.update(data)
        self._size += len(data)

    def _close(self) -> None:
        if self._stream is None:
            return
        self._stream.close()
        self._stream = None
        self.written.append(Upload(self._path, self._size, self._md5.hexdigest()))
