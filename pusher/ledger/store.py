"""The SQLite side of the ledger: runs, files, parts, batches, attempts.

One connection, `BEGIN IMMEDIATE`, rollback journal with `synchronous=EXTRA`: when a commit has returned, its
rows survive a crash. Only the writer thread of a push uses it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from pusher.contracts import FINAL_STATES, BatchState, Verdict
from pusher.ledger.rows import Batch, File, Part, Ranges, stamp

ASSUMED = "ASSUMED"
"""What stands for the class of an answer where a person decided."""
RELEASED = "A person said that it is to be sent again."
_FINAL = ", ".join(f"'{state}'" for state in sorted(FINAL_STATES))
_UNFINISHED = f"and state not in ({_FINAL})"


class Store:
    """Typed reads and writes of the SQLite file.

    Args:
        connection: Open connection in autocommit mode.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, for the other tables of the same file."""
        return self._connection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what happens inside, or nothing of it."""
        self._connection.execute("begin immediate")
        try:
            yield
            self._connection.commit()
        except BaseException:  # Ctrl-C too must leave no transaction open, and the error goes on
            # A full disk has ended it by itself, and then this does nothing.
            self._connection.rollback()
            raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    # meta -----------------------------------------------------------------------------------------------------

    def meta(self, name: str) -> str | None:
        """Return a fact about the ledger itself."""
        row = self._connection.execute("select value from meta where name = ?", (name,)).fetchone()
        return row[0] if row else None

    def set_meta(self, name: str, value: str) -> None:
        """Store a fact about the ledger itself."""
        self._connection.execute(
            "insert into meta (name, value) values (?, ?) on conflict (name) do update set value = excluded.value",
            (name, value),
        )

    # runs -----------------------------------------------------------------------------------------------------

    def start_run(
        self,
        *,
        run: str,
        command: str,
        now: datetime,
        version: str,
        base_url: str,
        words: Sequence[str] = (),
        variables: Sequence[str] = (),
        **facts: str | None,
    ) -> None:
        """Record that a run began.

        Args:
            run: Run id.
            command: Its command.
            now: When.
            version: Version of this program.
            base_url: Where it sends to.
            words: What follows the command when the run is to be repeated.
            variables: Names of the variables that were given with it; their values are kept nowhere.
            facts: `normaliser_version` and `test_event_code`.
        """
        self._connection.execute(
            "insert into run (id, command, started_at, version, base_url, normaliser_version, test_event_code, words, "
            "variables) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                run,
                command,
                stamp(now),
                version,
                base_url,
                facts.get("normaliser_version"),
                facts.get("test_event_code"),
                json.dumps(list(words)),
                json.dumps(list(variables)),
            ),
        )

    def finish_run(self, *, run: str, now: datetime, exit_code: int, receipt: dict[str, Any]) -> None:
        """Record how a run ended."""
        self._connection.execute(
            "update run set finished_at = ?, exit_code = ?, receipt = ? where id = ?",
            (stamp(now), exit_code, json.dumps(receipt, sort_keys=True), run),
        )

    def end_run(self, *, run: str, now: datetime, exit_code: int) -> None:
        """Record that a run ended early, unless its end is recorded already."""
        self._connection.execute(
            "update run set finished_at = ?, exit_code = ? where id = ? and finished_at is null",
            (stamp(now), exit_code, run),
        )

    def newest_run(self) -> tuple[str, datetime] | None:
        """Return id and start of the run that began last, by its own clock."""
        rows = self._connection.execute("select id, started_at from run order by rowid desc")
        starts = [(row[0], datetime.fromisoformat(row[1])) for row in rows]
        return max(starts, key=lambda run: run[1], default=None)

    def has_run(self, run: str) -> bool:
        """Whether a run began with this ledger."""
        return self._connection.execute("select 1 from run where id = ?", (run,)).fetchone() is not None

    def untold_runs(self, test_event_code: str | None, *, refusals: bool = False) -> list[str]:
        """Return the pushes without a receipt since the last one with one: nobody heard what became of their rows.

        Args:
            test_event_code: Pushes of test events with this code, or None for real ones.
            refusals: Only those of which nobody heard either what TikTok refused: a `retry` of all refused rows has
                shown it too.
        """
        pushes = "command in ('push', 'audience reconcile')"
        of_all = "json_extract(receipt, '$.of_models') is null and json_extract(receipt, '$.of_reasons') is null"
        telling = f"({pushes} or (command = 'retry' and {of_all}))" if refusals else pushes
        rows = self._connection.execute(
            f"select id from run where {pushes} and receipt is null and test_event_code is ?1 and rowid > "
            "(select coalesce(max(rowid), 0) from run where receipt is not null and test_event_code is ?1 "
            f"and {telling}) order by rowid",
            (test_event_code,),
        )
        return [run for (run,) in rows]

    def untold_quarantine(self, space: str, run: str) -> set[str]:
        """Return the quarantine of plans whose push ended without a receipt: nobody heard which conflicts are new.

        Every plan of a view replaces that of the one before, whatever was pushed between them.

        Args:
            space: Key space.
            run: The run at work, whose receipt is still to come.
        """
        rows = self._connection.execute(
            "select path from file join run on run.id = file.run where file.kind = 'quarantine' and file.space = ? "
            "and run.command = 'push' and run.receipt is null and run.id <> ?",
            (space, run),
        )
        return {path for (path,) in rows}

    def last_accepting_run(self, model: str, space: str) -> tuple[str, str] | None:
        """Return id and start of the newest run that got rows of a model accepted."""
        row = self._connection.execute(
            "select run.id, run.started_at from batch join part on part.id = batch.part join run on run.id = batch.run "
            "where part.model = ? and part.space = ? and batch.state = 'accepted' order by run.started_at desc limit 1",
            (model, space),
        ).fetchone()
        return (row[0], row[1]) if row else None

    # files ----------------------------------------------------------------------------------------------------

    def files(self, kind: str | None = None, space: str | None = None) -> list[File]:
        """Return the files that the ledger names, oldest first."""
        rows = self._connection.execute(
            "select id, path, kind, space, model, rows, bytes, sha256 from file "
            "where (?1 is null or kind = ?1) and (?2 is null or space = ?2) order by id",
            (kind, space),
        )
        return [File(*row) for row in rows]

    def add_file(self, file: File, *, run: str, now: datetime) -> int:
        """Name a durable file; returns its id."""
        cursor = self._connection.execute(
            "insert into file (path, kind, space, model, rows, bytes, sha256, run, created_at) "
            "values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (file.path, file.kind, file.space, file.model, file.rows, file.bytes, file.sha256, run, stamp(now)),
        )
        return int(cursor.lastrowid or 0)

    def drop_files(self, files: Iterable[File]) -> None:
        """Stop naming files; unlink them after the commit."""
        self._connection.executemany("delete from file where id = ?", [(file.id,) for file in files])

    def swap_file(self, path: str | None, file: File) -> None:
        """Name another durable file in the place of one; unlink that after the commit."""
        self._connection.execute(
            "update file set path = ?, bytes = ?, sha256 = ? where path = ?", (file.path, file.bytes, file.sha256, path)
        )

    # parts ----------------------------------------------------------------------------------------------------

    def add_part(
        self, *, run: str, model: str, payload: str, destination: str, source_id: str, file: File, now: datetime
    ) -> None:
        """Name a frozen outbox file and the part it holds."""
        file_id = self.add_file(file, run=run, now=now)
        self._connection.execute(
            "insert into part (run, model, payload, destination, source_id, space, rows, file) "
            "values (?, ?, ?, ?, ?, ?, ?, ?)",
            (run, model, payload, destination, source_id, file.space, file.rows, file_id),
        )

    def open_parts(self) -> list[Part]:
        """Return the parts that are not settled, oldest first."""
        rows = self._connection.execute(
            "select part.id, part.run, part.model, part.payload, part.source_id, part.space, part.rows, file.path, "
            "run.started_at from part join file on file.id = part.file join run on run.id = part.run order by part.id"
        )
        return [_part(row) for row in rows]

    def parts_of_run(self, run: str) -> list[Part]:
        """Return the parts that a run planned, settled or not."""
        rows = self._connection.execute(
            "select part.id, part.run, part.model, part.payload, part.source_id, part.space, part.rows, file.path, "
            "run.started_at from part left join file on file.id = part.file join run on run.id = part.run "
            "where part.run = ? order by part.id",
            (run,),
        )
        return [_part(row) for row in rows]

    def settle_part(self, part: Part, *, keys: File, run: str, now: datetime) -> None:
        """Replace a part's rows by its keys."""
        self.add_file(keys, run=run, now=now)
        self._connection.execute("update part set file = null, settled_at = ? where id = ?", (stamp(now), part.id))
        self._connection.execute("delete from file where path = ?", (part.path,))

    def untouched_parts(self, *, model: str, payload: str, space: str, source_id: str) -> list[Part]:
        """Return the open parts of a view for other event sources of which nothing was or may have been accepted."""
        rows = self._connection.execute(
            "select part.id, part.run, part.model, part.payload, part.source_id, part.space, part.rows, file.path, "
            "run.started_at from part join file on file.id = part.file join run on run.id = part.run "
            "where part.model = ? and part.payload = ? and part.space = ? and part.source_id <> ? and not exists ("
            "select 1 from batch where batch.part = part.id and (batch.state = 'accepted' or ("
            "batch.first_risk_at is not null and batch.state not in ('split', 'dead', 'expired')))) "
            "order by part.id",
            (model, payload, space, source_id),
        )
        return [_part(row) for row in rows]

    def untried_parts(self) -> list[tuple[int, str]]:
        """Return id and file of the open parts of which nothing can have arrived, nor waits for a person."""
        rows = self._connection.execute(
            "select part.id, file.path from part join file on file.id = part.file where settled_at is null "
            "and not exists (select 1 from batch where batch.part = part.id and (state in ('accepted', 'parked') "
            "or (first_risk_at is not null and state not in ('dead', 'split', 'expired', 'suppressed'))))"
        )
        return rows.fetchall()

    def keep_rows(self, part: Part, file: File, *, run: str, now: datetime) -> None:
        """Let rows of a part that is being settled wait in a part of their own, as old as they are."""
        kept = self.add_file(file, run=run, now=now)
        self._connection.execute(
            "insert into part (run, model, payload, destination, source_id, space, rows, file) "
            "select run, model, payload, destination, source_id, space, ?, ? from part where id = ?",
            (file.rows, kept, part.id),
        )

    def release_part(self, part: Part, *, now: datetime) -> None:
        """Give a part's rows back to their view: it is settled without keys; unlink its file after the commit."""
        self._connection.execute("update part set file = null, settled_at = ? where id = ?", (stamp(now), part.id))
        self._connection.execute("delete from file where path = ?", (part.path,))

    # batches --------------------------------------------------------------------------------------------------

    def batches(self, part: int, *, unfinished: bool = False) -> list[Batch]:
        """Return every batch of a part, or those whose state is not final, oldest first."""
        rows = self._connection.execute(
            "select id, part, parent, ranges, rows, state, encoder, sha256, first_risk_at, attempts from batch "
            f"where part = ? {_UNFINISHED if unfinished else ''} order by id",
            (part,),
        )
        return [
            Batch(
                id=row[0],
                part=row[1],
                parent=row[2],
                ranges=tuple((first, count) for first, count in json.loads(row[3])),
                rows=row[4],
                state=BatchState(row[5]),
                encoder=row[6],
                sha256=row[7],
                first_risk_at=datetime.fromisoformat(row[8]) if row[8] else None,
                attempts=row[9],
            )
            for row in rows
        ]

    def covered(self, part: int) -> Ranges:
        """Return the rows of a part that some batch holds."""
        # There may be a hundred thousand of them: one text is read much faster than each by itself.
        (pieces,) = self._connection.execute(
            "select group_concat(substr(ranges, 2, length(ranges) - 2)) from batch where part = ? and state <> 'split'",
            (part,),
        ).fetchone()
        return tuple((first, count) for first, count in json.loads(f"[{pieces or ''}]"))

    def reasons(self, part: int) -> dict[int, tuple[int | None, str]]:
        """Return code and message of each dead batch of a part."""
        rows = self._connection.execute(
            "select id, code, coalesce(message, '') from batch where part = ? and state = 'dead'", (part,)
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    def part_states(self, part: int) -> dict[BatchState, int]:
        """Return the rows of a part by the state of their batch; rows that no batch covers are left out."""
        rows = self._connection.execute(
            "select state, sum(rows) from batch where part = ? and state <> 'split' group by state", (part,)
        )
        return {BatchState(state): count for state, count in rows}

    def ended_by(self, runs: Sequence[str]) -> list[tuple[str, BatchState, int]]:
        """Return (model, state, rows) of what ended in some runs, settled since or not; `refusals` has the dead."""
        rows = self._connection.execute(
            "select part.model, batch.state, sum(batch.rows) from batch join part on part.id = batch.part "
            "where batch.state in ('accepted', 'expired', 'suppressed') "
            "and batch.run in (select value from json_each(?)) group by part.model, batch.state",
            (json.dumps(runs),),
        )
        return [(model, BatchState(state), count) for model, state, count in rows]

    def fates(self, part: int) -> list[tuple[Ranges, BatchState, str, bool]]:
        """Return the rows of each batch of a part, its state, the run that worked on it, and whether it was at risk."""
        rows = self._connection.execute(
            "select ranges, state, run, first_risk_at is not null from batch where part = ? and state <> 'split'",
            (part,),
        )
        return [
            (tuple((first, count) for first, count in json.loads(ranges)), BatchState(state), run, bool(at_risk))
            for ranges, state, run, at_risk in rows
        ]

    def refusals(self, *runs: str) -> list[tuple[str, str, int | None, str, int]]:
        """Return (model, payload, code, message, rows) of the rows that TikTok refused in some runs."""
        rows = self._connection.execute(
            "select part.model, part.payload, batch.code, coalesce(batch.message, ''), sum(batch.rows) "
            "from batch join part on part.id = batch.part where batch.state = 'dead' "
            "and batch.run in (select value from json_each(?)) "
            "group by part.model, part.payload, batch.code, batch.message order by part.model, sum(batch.rows) desc",
            (json.dumps(runs),),
        )
        return [tuple(row) for row in rows]

    def add_batch(self, *, part: int, ranges: Ranges, run: str, now: datetime, parent: Batch | None = None) -> Batch:
        """Store a planned batch, and return it with its id.

        Until a piece of a refused batch is tried, it is known by what was said about that one.
        """
        rows = sum(count for _, count in ranges)
        first_risk_at = parent.first_risk_at if parent else None
        # Rows that may have arrived keep the encoder that made their bytes.
        encoder = parent.encoder if parent and first_risk_at else None
        refused = parent.id if parent and parent.state in {BatchState.SPLIT, BatchState.PLANNED} else None
        cursor = self._connection.execute(
            "insert into batch (part, parent, ranges, rows, state, encoder, first_risk_at, run, updated_at, code, "
            "response_class, message) select ?, ?, ?, ?, 'planned', ?, ?, ?, ?, told.code, told.response_class, "
            "told.message from (select ? as id) as asked left join batch as told on told.id = asked.id",
            (
                part,
                parent.id if parent else None,
                json.dumps(ranges),
                rows,
                encoder,
                stamp(first_risk_at) if first_risk_at else None,
                run,
                stamp(now),
                refused,
            ),
        )
        return Batch(
            id=int(cursor.lastrowid or 0),
            part=part,
            parent=parent.id if parent else None,
            ranges=ranges,
            rows=rows,
            state=BatchState.PLANNED,
            encoder=encoder,
            first_risk_at=first_risk_at,
        )

    def intend(self, batch: Batch, *, encoder: str, sha256: str, size: int, run: str, now: datetime) -> Batch:
        """Store that a batch, known or new (id 0), is about to be sent; no byte may be written before the commit."""
        sending = replace(
            batch,
            state=BatchState.SENDING,
            encoder=encoder,
            sha256=sha256,
            first_risk_at=batch.first_risk_at or now,
            attempts=batch.attempts + 1,
        )
        facts = (encoder, sha256, stamp(sending.first_risk_at or now), sending.attempts, run, stamp(now))
        if batch.id == 0:
            cursor = self._connection.execute(
                "insert into batch (state, encoder, sha256, first_risk_at, attempts, run, updated_at, part, ranges, "
                "rows) values ('sending', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*facts, batch.part, json.dumps(batch.ranges), batch.rows),
            )
            sending = replace(sending, id=int(cursor.lastrowid or 0))
        else:
            self._connection.execute(
                "update batch set state = 'sending', encoder = ?, sha256 = ?, first_risk_at = ?, attempts = ?, "
                "run = ?, updated_at = ? where id = ?",
                (*facts, batch.id),
            )
        self._connection.execute(
            "insert into attempt (batch, number, run, started_at, bytes) values (?, ?, ?, ?, ?)",
            (sending.id, sending.attempts, run, stamp(now), size),
        )
        return sending

    def earlier_classes(self, batch: Batch) -> list[str | None]:
        """Return the classes of the attempts of a batch before its newest, None for one that nobody saw the end of."""
        rows = self._connection.execute(
            "select response_class from attempt where batch = ? and number < ? order by number",
            (batch.id, batch.attempts),
        )
        return [response_class for (response_class,) in rows]

    def line_classes(self, batch: Batch, *, unseen: str) -> set[str]:
        """Return the classes of all attempts before the newest of a batch: of itself, and of what it was cut from.

        Args:
            batch: The batch.
            unseen: Class of an attempt that nobody saw the end of.
        """
        rows = self._connection.execute(
            "with recursive line (id) as (select ?1 union all select batch.parent from batch join line using (id) "
            "where batch.parent is not null) select distinct coalesce(response_class, ?3) from attempt "
            "where batch in (select id from line) and (batch <> ?1 or number < ?2)",
            (batch.id, batch.attempts, unseen),
        )
        return {response_class for (response_class,) in rows}

    def conclude(
        self,
        batch: Batch,
        *,
        state: BatchState,
        verdict: Verdict,
        seconds: float,
        risk_at: datetime | None,
        now: datetime,
    ) -> Batch:
        """Store what an attempt proved.

        Args:
            batch: Batch in flight.
            state: State it leaves to.
            verdict: What the attempt proved.
            seconds: How long it took.
            risk_at: Start of the first attempt that may have arrived, or None if none can have.
            now: Current moment.
        """
        known = (verdict.code, verdict.response_class, verdict.message, verdict.request_id)
        self._connection.execute(
            "update batch set state = ?, code = ?, response_class = ?, message = ?, request_id = ?, first_risk_at = ?, "
            "updated_at = ? where id = ?",
            (state, *known, stamp(risk_at) if risk_at else None, stamp(now), batch.id),
        )
        self._connection.execute(
            "update attempt set seconds = ?, http_status = ?, code = ?, response_class = ?, message = ?, "
            "request_id = ? where batch = ? and number = ?",
            (seconds, verdict.http_status, *known, batch.id, batch.attempts),
        )
        return replace(batch, state=state, first_risk_at=risk_at)

    def set_state(self, batch: Batch, state: BatchState, *, now: datetime, message: str | None = None) -> Batch:
        """Move a batch without an attempt: recovery, parking, expiry."""
        self._connection.execute(
            "update batch set state = ?, message = coalesce(?, message), updated_at = ? where id = ?",
            (state, message, stamp(now), batch.id),
        )
        return replace(batch, state=state)

    def parked_because(self, part: int) -> dict[int, str]:
        """Return what parked each parked batch of a part."""
        rows = self._connection.execute(
            "select id, coalesce(message, '') from batch where part = ? and state = 'parked'", (part,)
        )
        return dict(rows.fetchall())

    def assume_accepted(self, batch: Batch, *, run: str, now: datetime) -> None:
        """Take a batch in doubt for accepted, because a person says so."""
        self._connection.execute(
            "update batch set state = 'accepted', response_class = ?, message = ?, run = ?, updated_at = ? "
            "where id = ?",
            (ASSUMED, "A person said that it was delivered.", run, stamp(now), batch.id),
        )

    def send_anew(self, batch: Batch, *, run: str, now: datetime) -> None:
        """Let a batch in doubt be sent as if it had never been, because a person says so."""
        self._connection.execute(
            "update batch set state = 'retry', first_risk_at = null, encoder = null, sha256 = null, message = ?, "
            "run = ?, updated_at = ? where id = ?",
            (RELEASED, run, stamp(now), batch.id),
        )

    def released_since(self, moment: datetime) -> set[int]:
        """Return the batches that a person let be sent anew since a moment, and that nothing was tried with yet."""
        found = self._connection.execute(
            "select id from batch where state = 'retry' and message = ? and updated_at > ?", (RELEASED, stamp(moment))
        )
        return {batch for (batch,) in found}

    def recover(self, now: datetime) -> int:
        """Turn every batch that was in flight when a run ended into `unknown`; returns how many."""
        cursor = self._connection.execute(
            "update batch set state = 'unknown', updated_at = ? where state = 'sending'", (stamp(now),)
        )
        return cursor.rowcount


def _part(row: Sequence[Any]) -> Part:
    part, run, model, payload, source_id, space, rows, path, frozen_at = row
    return Part(part, run, model, payload, source_id, space, rows, path, datetime.fromisoformat(frozen_at))
