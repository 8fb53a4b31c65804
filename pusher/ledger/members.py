"""What is known of who is in an audience: files that say of each identifier whether it is IN, OUT or MAYBE.

MAYBE is who was part of a request that may have been obeyed, and nobody knows. A digest is kept as two UUIDs, its
halves, which are a third of the size of its text. The newest word about an identifier counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from pusher.contracts import BatchState, StagedFile
from pusher.errors import Problem, StateError
from pusher.ledger.audiences import Chunk
from pusher.ledger.barred import Barred
from pusher.ledger.failure import words_of
from pusher.ledger.reconcile import disk_is_full
from pusher.payload.sql import identifier, literal, path_list, uuid_of_hex

OUT, IN, MAYBE_IN, MAYBE_OUT = range(4)
"""What is known of an identifier; the last two say which way the request in doubt would have moved it."""
HOLD = timedelta(seconds=120)
"""How long a request without an answer may still arrive: twice the time after which it is given up."""
TOMBSTONES = timedelta(days=30)
"""How long it is remembered that somebody was taken out."""
MEMORY_LIMITS_MB = (320, 640, 1_280, 2_560, 4_096)
"""Tried one after the other; what DuckDB cannot spill grows with the number of members."""
MOST_FILES = 8
_FEW_SPANS = 4
KEY = "kind, a, b"
_MEMBER = "kind utinyint, a uuid, b uuid, state utinyint, changed_s bigint, risk_s bigint"
T = TypeVar("T")


def connect(folder: Path, limit_mb: int) -> Any:
    """Open an in-memory DuckDB that spills to a folder."""
    import duckdb

    return duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{limit_mb}MB",
            "temp_directory": str(folder / "spill"),
            "preserve_insertion_order": "false",
        },
    )


def with_enough_memory(work: Callable[[], T], more: Callable[[int], None]) -> T:
    """Do some work, and do it again with more memory when there was too little.

    Args:
        work: The work.
        more: Begins anew with a limit in megabytes.

    Raises:
        StateError: Disk or memory ran out.
    """
    import duckdb

    with told_when_out_of_room():
        for limit_mb in MEMORY_LIMITS_MB[1:]:
            try:
                return work()
            except duckdb.OutOfMemoryException as error:
                if disk_is_full(error):
                    raise
                more(limit_mb)
        return work()


@contextmanager
def told_when_out_of_room() -> Iterator[None]:
    """Tell a person when disk or memory ran out.

    Raises:
        StateError: With what to do.
    """
    import duckdb

    try:
        yield
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        words = words_of(error)
        fix = "Free space in the state folder and memory, then run again: it goes on where it stopped."
        raise StateError(
            Problem("state-write", f"Who is in an audience could not be kept: {words}.", fix=fix)
        ) from error


def seconds(moment: datetime) -> int:
    """Return a moment as a Unix second."""
    return int(moment.timestamp())


def _halves(digest: str) -> tuple[str, str]:
    return uuid_of_hex(f"substr({digest}, 1, 32)"), uuid_of_hex(f"substr({digest}, 33)")


def halves(digest: str) -> str:
    """Return the columns that a digest in hex is kept as."""
    first, second = _halves(digest)
    return f"{first} as a, {second} as b"


def split_digest(digest: str) -> str:
    """Return both halves of a digest in hex as one value."""
    first, second = _halves(digest)
    return f"{{'a': {first}, 'b': {second}}}"


def same(one: str, other: str) -> str:
    """Return the condition that two tables speak of one identifier."""
    return " and ".join(f"{one}.{name} = {other}.{name}" for name in KEY.split(", "))


def of(table: str) -> str:
    """Return the columns that name an identifier."""
    return ", ".join(f"{table}.{name}" for name in KEY.split(", "))


def named_in(staged: Sequence[Path], schemas: Mapping[str, bool], kinds: Sequence[str]) -> str:
    """Return the query for each identifier of a view, and the row that it stands in.

    Args:
        staged: The view's rows; each identifier as the halves of its digest.
        schemas: The kinds of identifier that they have, each with whether its column holds lists of digests.
        kinds: All kinds of identifier.
    """
    parts = ["select null::utinyint as kind, null::uuid as a, null::uuid as b, 0::bigint as place where false"]
    for schema, is_list in schemas.items() if staged else ():
        column = f"unnest({identifier(schema)})" if is_list else identifier(schema)
        parts.append(
            f"select {kinds.index(schema)}::utinyint as kind, digest.a as a, digest.b as b, place from "
            f"(select {column} as digest, (file_index::bigint << 32) | file_row_number as place "
            f"from read_parquet({path_list(staged)})) where digest is not null"
        )
    return " union all ".join(parts)


def create_known(connection: Any, files: Sequence[Path]) -> None:
    """Create `known` over member files, oldest first: the newest word about each identifier."""
    if not files:
        connection.execute(f"create temp table known ({_MEMBER})")
        return
    oldest, newer = files[0], files[1:]
    first = f"read_parquet({path_list([oldest])})"
    if not newer:
        connection.execute(f"create temp view known as select * from {first}")
        return
    # Whoever is at risk in the oldest file stays so, whatever was told since.
    connection.execute(
        f"create temp table latest as select {KEY}, arg_max(state, place) as state, "
        "arg_max(changed_s, place) as changed_s, max(risk_s) as risk_s from ("
        f"select *, file_index::bigint as place from read_parquet({path_list(newer)}) union all by name "
        f"select *, -1::bigint as place from {first} where risk_s is not null) group by {KEY}"
    )
    connection.execute(
        f"create temp view known as select * from {first} as oldest where not exists "
        f"(select 1 from latest where {same('latest', 'oldest')}) union all select * from latest"
    )


def create_suppressed(connection: Any, barred: Barred, kinds: Sequence[str], name: str = "suppressed") -> None:
    """Create a table with the key of each identifier that may not be in an audience."""
    if not barred:
        connection.execute(f"create temp table {name} (kind utinyint, a uuid, b uuid)")
        return
    places = " ".join(f"when {literal(kind)} then {place}" for place, kind in enumerate(kinds))
    listed = ", ".join(literal(kind) for kind in kinds)
    barred.create(connection, "barred")
    connection.execute(
        f"create temp table {name} as select (case kind {places} end)::utinyint as kind, {halves('digest')} "
        f"from barred where kind in ({listed})"
    )
    connection.execute("drop table barred")


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one frozen change.

    Attributes:
        action: `add` or `delete`.
        path: Its file.
        schemas: Columns of the file.
        chunks: What was sent of it.
    """

    action: str
    path: Path
    schemas: Sequence[str]
    chunks: Sequence[Chunk]


def _spans(sent: Sent) -> Iterable[tuple[int, int, int, int | None]]:
    """Return first and last row, state and risk of the rows that were told to TikTok, neighbours together."""
    spans: list[tuple[int, int, int, int | None]] = []
    settled, doubtful = (IN, MAYBE_IN) if sent.action == "add" else (OUT, MAYBE_OUT)
    for chunk in sent.chunks:
        if chunk.state is not BatchState.ACCEPTED and not chunk.at_risk:
            continue
        state = settled if chunk.state is BatchState.ACCEPTED else doubtful
        risk = None if chunk.last_risk_at is None else seconds(chunk.last_risk_at) + 1
        last = chunk.first_row + chunk.rows - 1
        if spans and spans[-1][1:] == (chunk.first_row - 1, state, risk):
            spans[-1] = (spans[-1][0], last, state, risk)
        else:
            spans.append((chunk.first_row, last, state, risk))
    return spans


def write_told(
    changes: Sequence[Sent],
    target: Path,
    *,
    kinds: Sequence[str],
    now: datetime,
    folder: Path,
    before: Sequence[Path] = (),
) -> StagedFile | None:
    """Write what is known by now of the identifiers of frozen changes.

    Whoever is taken out again was out since the first time, so that it is not remembered for longer.

    Args:
        changes: The changes, with what was sent of each.
        target: File to write, under a temporary name.
        kinds: All kinds of identifier.
        now: The run's clock.
        folder: For spilled data.
        before: What was known before, as files, oldest first.

    Returns:
        The file, or None when nothing was told.
    """
    parts = [
        f"select {kinds.index(schema)}::utinyint as kind, {halves(identifier(schema))}, {rows} "
        f"and {identifier(schema)} is not null"
        for sent in changes
        for rows in _told_rows(sent, now)
        for schema in sent.schemas
    ]
    if not parts:
        return None
    told = " union all ".join(parts)

    def write(connection: Any) -> StagedFile | None:
        if not before or all(sent.action == "add" for sent in changes):
            return _written(connection, told, target)
        create_known(connection, before)
        since = f"case when told.state = {OUT} then gone.changed_s end"
        gone = f"(select * from known where state = {OUT}) as gone"
        since_first = (
            f"select {of('told')}, told.state, coalesce({since}, told.changed_s) as changed_s, told.risk_s "
            f"from ({told}) as told left join {gone} on {same('told', 'gone')}"
        )
        return _written(connection, since_first, target)

    return with_connection(folder, write)


def _told_rows(sent: Sent, now: datetime) -> Iterator[str]:
    """Yield what is known of the rows of a change, as the end of a query over its file."""
    spans = list(_spans(sent))
    changed = f"{seconds(now)}::bigint as changed_s"
    frozen = f"read_parquet({path_list([sent.path])}, file_row_number = true)"
    if len(spans) > _FEW_SPANS:
        listed = ", ".join(str(tuple("null" if one is None else one for one in span)) for span in spans)
        yield (
            f"span.state::utinyint as state, {changed}, span.risk_s::bigint as risk_s from {frozen} as frozen "
            f"join (values {listed.replace(chr(39), '')}) as span (first, last, state, risk_s) "
            "on frozen.file_row_number between span.first and span.last where true"
        )
        return
    # Mostly all of them were accepted, and to join every row costs as much as to write it.
    for first, last, state, risk in spans:
        at_risk = "null" if risk is None else risk
        yield (
            f"{state}::utinyint as state, {changed}, {at_risk}::bigint as risk_s from {frozen} as frozen "
            f"where frozen.file_row_number between {first} and {last}"
        )


def write_merged(
    files: Sequence[Path], target: Path, *, now: datetime, folder: Path, barred: Barred, kinds: Sequence[str]
) -> StagedFile | None:
    """Write what member files say as one, without those who were taken out long ago or for ever.

    Args:
        files: The files, oldest first.
        target: File to write, under a temporary name.
        now: The run's clock.
        folder: For spilled data.
        barred: Who is suppressed: nobody needs to know any more that they were taken out.
        kinds: All kinds of identifier.

    Returns:
        The file, or None when nobody is left.
    """

    def merge(connection: Any) -> StagedFile | None:
        create_known(connection, files)
        create_suppressed(connection, barred, kinds)
        forgotten = f"exists (select 1 from suppressed where {same('suppressed', 'known')})"
        gone = f"{was_long_gone(now)} or (state = {OUT} and {_is_settled(now)} and {forgotten})"
        risk = f"case when risk_s > {seconds(now - HOLD)} then risk_s end as risk_s"
        kept = f"select {KEY}, state, changed_s, {risk} from known where not ({gone})"
        return _written(connection, kept, target)

    return with_connection(folder, merge)


def was_long_gone(now: datetime) -> str:
    """Return the condition that a member was taken out so long ago that nobody needs to know it any more."""
    return f"(state = {OUT} and changed_s < {seconds(now - TOMBSTONES)} and {_is_settled(now)})"


def _is_settled(now: datetime) -> str:
    """Return the condition that no request about a member can still land."""
    return f"(risk_s is null or risk_s <= {seconds(now - HOLD)})"


def has_old_tombstones(files: Sequence[Path], *, now: datetime, folder: Path) -> bool:
    """Say whether member files remember somebody who was taken out too long ago.

    Args:
        files: The files.
        now: The run's clock.
        folder: For spilled data.
    """
    oldest_s = seconds(now - TOMBSTONES)
    if not any(_has_change_before(path, oldest_s) for path in files):
        return False
    old = f"select count(*) from read_parquet({path_list(files)}) where {was_long_gone(now)}"
    return bool(with_connection(folder, lambda connection: connection.execute(old).fetchone()[0]))


def _has_change_before(path: Path, second: int) -> bool:
    """Say whether a member file may hold a change before a Unix second, by what its footer says of its rows."""
    import pyarrow.parquet as pq

    metadata = pq.read_metadata(path)
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    place = metadata.schema.names.index("changed_s")
    known = [group.column(place).statistics for group in groups]
    return any(one is None or one.min is None or one.min < second for one in known)


def with_connection(folder: Path, work: Callable[[Any], T]) -> T:
    """Do some work with a connection, and again with one of more memory when there was too little.

    Args:
        folder: For spilled data.
        work: The work.

    Raises:
        StateError: Disk or memory ran out.
    """
    opened = [connect(folder, MEMORY_LIMITS_MB[0])]

    def more(limit_mb: int) -> None:
        opened[0].close()
        opened[0] = connect(folder, limit_mb)

    try:
        return with_enough_memory(lambda: work(opened[0]), more)
    finally:
        opened[0].close()


def _written(connection: Any, sql: str, target: Path) -> StagedFile | None:
    copy = f"copy ({sql}) to {literal(target.as_posix())} (format parquet, compression snappy)"
    (rows,) = connection.execute(copy).fetchone()
    if rows == 0:
        target.unlink()
        return None
    return StagedFile(target, rows)


def need_merging(rows: Sequence[int]) -> bool:
    """Say whether member files, by their rows, oldest first, are better merged.

    Args:
        rows: Rows of each file.
    """
    return len(rows) > MOST_FILES or (len(rows) > 1 and 4 * sum(rows[1:]) > rows[0])


@dataclass(frozen=True, slots=True)
class MemberStates:
    """How many identifiers are known to be where.

    Attributes:
        inside: In the audience.
        maybe: In or out, nobody knows.
        outside: Taken out in the last 30 days.
        told_at: When one of them was told last, or None.
    """

    inside: int
    maybe: int
    outside: int
    told_at: datetime | None


def member_states(files: Sequence[Path], folder: Path) -> MemberStates:
    """Count the identifiers of an audience.

    Args:
        files: Its member files, oldest first.
        folder: For spilled data.
    """

    def count(connection: Any) -> list[tuple[int, int, int]]:
        create_known(connection, files)
        found: list[tuple[int, int, int]] = connection.execute(
            "select state, count(*), max(changed_s) from known group by state"
        ).fetchall()
        return found

    rows = with_connection(folder, count)
    counts = {state: count for state, count, _ in rows}
    last = max((moment for _, _, moment in rows), default=None)
    return MemberStates(
        counts.get(IN, 0),
        counts.get(MAYBE_IN, 0) + counts.get(MAYBE_OUT, 0),
        counts.get(OUT, 0),
        None if last is None else datetime.fromtimestamp(last, UTC),
    )
