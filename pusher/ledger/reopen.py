"""Takes refused rows out of the keys, so that the next plan may send them again: what `pusher retry` does."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pusher.ledger.opening import CHANGED, FILE_FIX, damaged
from pusher.ledger.rows import File
from pusher.ledger.state import StateFolder, file_sha256, publish
from pusher.ledger.store import Store
from pusher.payload.sql import literal, path_list

if TYPE_CHECKING:
    import duckdb

MEMORY_LIMIT = "256MB"
_MEANT = "event_key in (select event_key from chosen)"
REOPENED_FIX = "Run `pusher push`: the row is sent as soon as its model gives other values than those refused."


@dataclass(frozen=True, slots=True)
class RefusedRows:
    """Rows that TikTok refused, of one view and for one reason.

    Attributes:
        model: Destination view.
        reason: Such as `tiktok-40002`.
        rows: How many may still be sent.
        too_old: How many may not, because their event is outside the window by now.
        until: Unix second after which the first of them may not be sent any more, or None without any.
    """

    model: str
    reason: str
    rows: int
    too_old: int
    until: int | None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which refused rows are meant.

    Attributes:
        space: Key space.
        models: Destination views, or None for all.
        reasons: Reason codes, or None for all.
    """

    space: str
    models: Collection[str] | None
    reasons: Collection[str] | None


def refused_rows(
    store: Store, state: StateFolder, choice: Choice, *, now: datetime, even_unchanged: bool
) -> list[RefusedRows]:
    """Return the settled rows that TikTok refused and that `reopen` would let go of, by view and reason."""
    with closing(_connect(state)) as connection, _damage_refused(store, state, choice):
        if not _find(connection, store, state, choice, now=now, with_reopened=even_unchanged):
            return []
        rows = connection.execute(
            "select model, reason, count(*) filter (where not is_old), count(*) filter (where is_old), "
            "min(sendable_until) filter (where not is_old) from refused group by model, reason order by model, reason"
        ).fetchall()
    return [RefusedRows(*row) for row in rows]


def reopen(store: Store, state: StateFolder, choice: Choice, *, run: str, now: datetime, even_unchanged: bool) -> int:
    """Let go of the keys of refused rows that may still be sent, in one transaction; returns how many.

    A row that its model still gives as it was refused stays refused.

    Args:
        store: The ledger, whose lock the caller holds.
        state: The state folder.
        choice: Which rows.
        run: Run id.
        now: Current moment.
        even_unchanged: Also let rows be sent again as they were.
    """
    with closing(_connect(state)) as connection:
        if not _find(connection, store, state, choice, now=now, with_reopened=even_unchanged):
            return 0
        connection.execute("create temp table chosen as select * from refused where not is_old")
        count = int(_value(connection, "select count(*) from chosen"))
        if count == 0:
            return 0
        written = _Written(connection, state, run)
        for file in store.files("keys", choice.space):
            written.rewrite(file, f"select * from {{file}} where not ({_MEANT} and state = 'dead')")
        for file in _refused_files(store, choice.space):
            written.rewrite(
                file,
                f"select * replace (case when {_MEANT} then 'reopened' else term end as term, "
                f"case when {_MEANT} then {literal(REOPENED_FIX)} else fix end as fix) from {{file}}",
                "-refused",
            )
        if even_unchanged:
            for file in store.files("reopened", choice.space):
                written.rewrite(file, f"select * from {{file}} where not {_MEANT}")
        else:
            written.add("reopened", choice.space, "select event_key, payload_hash, event_time from chosen")
        written.commit(store, now=now)
    return count


class _Written:
    """Files written anew and those they replace, until one commit names them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, state: StateFolder, run: str) -> None:
        self._connection, self._state, self._run = connection, state, run
        self._replaced: list[File] = []
        self._added: list[File] = []

    def rewrite(self, file: File, sql: str, ending: str = "") -> None:
        """Replace a file that holds a chosen row by what a query makes of it; one without rows is not written."""
        source = f"read_parquet({literal((self._state.root / file.path).as_posix())})"
        touched = _value(self._connection, f"select count(*) from {source} where {_MEANT}")
        if touched == 0:
            return
        folder = (self._state.root / file.path).parent
        final = folder / f"{self._run}-{len(self._added)}{ending}.parquet"
        rows = self._copy(sql.format(file=source), final)
        self._replaced.append(file)
        if rows:
            self._added.append(self._named(final, file, rows))

    def add(self, kind: str, space: str, sql: str) -> None:
        """Write a file of its own."""
        final = self._state.quarantine / f"{self._run}-{kind}.parquet"
        rows = self._copy(sql, final)
        self._added.append(self._named(final, File(0, "", kind, space, None, 0, 0, ""), rows))

    def commit(self, store: Store, *, now: datetime) -> None:
        """Name what was written and forget what it replaces."""
        with store.transaction():
            store.drop_files(self._replaced)
            for file in self._added:
                store.add_file(file, run=self._run, now=now)
        for file in self._replaced:
            (self._state.root / file.path).unlink(missing_ok=True)

    def _copy(self, sql: str, final: Path) -> int:
        temporary = final.with_suffix(".tmp")
        target = literal(temporary.as_posix())
        self._connection.execute(f"copy ({sql}) to {target} (format parquet, compression snappy)")
        rows = int(_value(self._connection, f"select count(*) from read_parquet({target})"))
        if rows == 0:
            temporary.unlink()
        return rows

    def _named(self, final: Path, like: File, rows: int) -> File:
        digest = publish(final.with_suffix(".tmp"), final)
        path = final.relative_to(self._state.root).as_posix()
        return replace(like, id=0, path=path, rows=rows, bytes=final.stat().st_size, sha256=digest)


@contextmanager
def _damage_refused(store: Store, state: StateFolder, choice: Choice) -> Iterator[None]:
    """Look into an error: the bytes of an archive were not compared when the ledger was opened."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        for file in store.files("archive", choice.space):
            if file_sha256(state.root / file.path) != file.sha256:
                raise damaged(CHANGED, file.path, FILE_FIX) from error
        raise


def _connect(state: StateFolder) -> duckdb.DuckDBPyConnection:
    import duckdb

    return duckdb.connect(":memory:", config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(state.spill)})


def _refused_files(store: Store, space: str) -> list[File]:
    return [file for file in store.files("quarantine", space) if file.path.endswith("-refused.parquet")]


def _find(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    state: StateFolder,
    choice: Choice,
    *,
    now: datetime,
    with_reopened: bool = False,
) -> bool:
    """Fill `refused` with the chosen dead rows, and those that were let go of before; False when there is none."""
    keys, told = store.files("keys", choice.space), _refused_files(store, choice.space)
    reopened = store.files("reopened", choice.space) if with_reopened else []
    if not told or not (keys or reopened):
        return False

    def rows(files: Sequence[File]) -> str:
        return f"read_parquet({path_list([state.root / file.path for file in files])}, union_by_name = true)"

    facts, sources = "event_key, payload_hash, event_time", []
    if keys:
        sources.append(f"select {facts} from {rows(keys)} where state = 'dead'")
    if reopened:
        sources.append(f"select {facts} from {rows(reopened)}")
    # What was refused once and sent since, or waits to be, is refused no more.
    held = ["select null::uuid as event_key"]
    if settled := [*keys, *store.files("archive", choice.space)]:
        held.append(f"select event_key from {rows(settled)} where state not in ('dead', 'expired')")
    if waiting := store.files("outbox", choice.space):
        held.append(f"select _event_key from {rows(waiting)}")
    is_meant = _among("model", choice.models) + _among("reason", choice.reasons)
    connection.execute(
        f"create temp table refused as with held as ({' union all '.join(held)}), "
        # One that was let go of, or grew too old, and was changed and refused again is in several files, with another
        # digest in each: the newest date is the one that its model gave last.
        f"dead as (select distinct on (event_key) {facts} from ({' union all '.join(sources)}) as every "
        "where not exists (select 1 from held where held.event_key = every.event_key) "
        "order by event_key, event_time desc, payload_hash), "
        "told as (select event_key, model, reason, sendable_until, "
        "row_number() over (partition by event_key order by first_seen desc, model, reason) as place "
        f"from {rows(told)} where term in ('dead', 'reopened')) "
        "select dead.event_key, dead.payload_hash, dead.event_time, told.model, told.reason, told.sendable_until, "
        f"told.sendable_until < {int(now.timestamp())} as is_old "
        f"from dead join told on told.event_key = dead.event_key where told.place = 1{is_meant}"
    )
    return bool(_value(connection, "select count(*) from refused"))


def _among(column: str, values: Collection[str] | None) -> str:
    if values is None:
        return ""
    listed = ", ".join(literal(value) for value in sorted(values))
    return f" and told.{column} in ({listed})" if listed else " and false"


def _value(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    row = connection.execute(sql).fetchone()
    return None if row is None else row[0]
