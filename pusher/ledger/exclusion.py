"""Rules staged rows out that are not due: suppressed, held by the ledger already, or twice in one view.

Works in the DuckDB of the comparison, on key columns only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pusher.contracts import StagedFile
from pusher.ledger.barred import Barred, excluded_sql
from pusher.ledger.quarantine import OUTLIVED, SEVERAL
from pusher.payload.reasons import SOURCE_ID
from pusher.payload.sql import literal, path_list

if TYPE_CHECKING:
    import pyarrow as pa

CORRECTED = "corrected"
"""How a row is held that TikTok refused and its model gives otherwise by now."""
MATERIAL = ("event_time", "value", "currency", "contents")
PARTS_AT_A_TIME = 8
"""The rows of so many open parts are put in order within the least memory of a comparison."""


def staged_sql(staged: Sequence[StagedFile], columns: str) -> str:
    """Return the relation of some columns of staged rows, with the file and the place in it that each stands in."""
    paths = [file.path for file in staged]
    return f"(select {columns}, file_index, file_row_number from read_parquet({path_list(paths)}))"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What rules staged rows out.

    Args:
        keys: The ledger's key files of this key space, those of its archive too: a model may date an event anew.
        held: Outbox parts of this key space that are not settled.
        reopened: Files of refused rows that may be sent again, but not as they were.
        barred: Identifiers whose rows are not sent.
        identities: Dotted places of digests in the JSON row.
        refused: Keys of those in `held` that TikTok refused.
        unsent: Rows in `held`, by `file` and `event_key`, of which TikTok has nothing and that nobody sends, or None.
        untried: Part by the place in `held` of its file, for parts of which nothing can have arrived.
        shown: File to write: `part` and `event_key` of those of their events of which there is a good row.
        waiting: File to write: for each staged row that a part in `held` stands for, and none of `refused`, the
            place in `held` of the part as `source`, the row's `place` in it, `currency` and `value`.
        oldest_s: Unix second before which an event is not counted any more: what TikTok refused before it, no `retry`
            lets go of.
        expired: Numbers of the reasons of rows outside the window.
        event_key: SQL of the key of such a row, of which staging makes none.
    """

    keys: Sequence[Path] = ()
    held: Sequence[Path] = ()
    reopened: Sequence[Path] = ()
    barred: Barred = field(default_factory=Barred)
    identities: Sequence[str] = ()
    refused: Sequence[UUID] = ()
    unsent: pa.Table | None = None
    untried: Mapping[int, int] = field(default_factory=dict)
    shown: Path | None = None
    waiting: Path | None = None
    oldest_s: int = 0
    expired: Sequence[int] = ()
    event_key: str = ""

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the files of the ledger that are read."""
        return (*self.keys, *self.held, *self.reopened)

    def exclude(self, connection: Any, staged: Sequence[StagedFile]) -> None:
        """Create `excluded`: staged rows that are not due, by file and place, with term and detail.

        And `outlived`: those outside the window that the ledger holds, with a detail of `OUTLIVED`.

        Args:
            connection: DuckDB of the comparison.
            staged: Files that the engine wrote.
        """
        _Excluding(self, connection, staged).exclude()


@dataclass(frozen=True, slots=True)
class _Excluding:
    """One exclusion at work: `fresh` are the rows that are left, `excluded` those that are not due."""

    by: Exclusion
    connection: Any
    staged: Sequence[StagedFile]

    def exclude(self) -> None:
        """Rule rows out, whoever is suppressed first."""
        run = self.connection.execute
        run("create temp table excluded (file_index ubigint, file_row_number bigint, term varchar, detail varchar)")
        good = self._staged("_event_key, _reason")
        run(f"create temp table fresh as select * exclude (_reason) from {good} where _reason is null")
        run("create temp table outlived (file_index ubigint, file_row_number bigint, detail varchar)")
        if self.by.barred:
            self._exclude_barred()
        if self.by.refused:
            run(
                "create temp table refused as select unnest($keys::uuid[]) as event_key",
                {"keys": [str(key) for key in self.by.refused]},
            )
        if self.by.unsent is not None:
            self.connection.register("unsent", self.by.unsent)
        if held := self._held_keys():
            self._exclude_held(held)
        if self.by.reopened:
            self._exclude_unchanged()
        self._exclude_repeated()

    def _has(self, table: str) -> bool:
        return bool(self.connection.execute(f"select exists (select 1 from {table})").fetchone()[0])

    def _staged(self, columns: str) -> str:
        return staged_sql(self.staged, columns)

    def _held_keys(self) -> str:
        """Return every key that may not be sent again, with the facts that tell a change."""
        sources = []
        if self.by.keys:
            sources.append(
                "select event_key, payload_hash, contents_hash, event_time, value, currency, state, null as source "
                # TikTok has nothing of what grew too old before it was sent, or was refused: dated anew, it is new.
                f"from read_parquet({path_list(self.by.keys)}) where state <> 'expired' "
                f"and not (state = 'dead' and event_time < {self.by.oldest_s})"
            )
        if self.by.held:
            names = ("event_key", "payload_hash", "contents_hash", "event_time", "value", "currency")
            columns = ", ".join(f"_{name} as {name}" for name in names)
            state = "'in_flight'"
            if self.by.refused:
                state = f"case when _event_key in (select event_key from refused) then 'dead' else {state} end"
            files = f"read_parquet({path_list(self.by.held)}, filename = true)"
            held = f"select {columns}, {state} as state, file_index as source from {files}"
            if self.by.unsent is not None:
                # By file: once it was dated anew, an event waits in another one.
                held += " where (filename, _event_key) not in (from unsent)"
            sources.append(held)
        return " union all ".join(sources)

    def _exclude_barred(self) -> None:
        """Leave out whoever is suppressed before anything else is asked: nothing about them is reported."""
        sql = excluded_sql([file.path for file in self.staged], self.by.identities, "barred")
        if sql is not None:
            self.by.barred.create(self.connection, "barred")
            self.connection.execute(f"insert into excluded {sql}")
            self._forget_excluded()

    def _exclude_held(self, held: str) -> None:
        differing = " || ".join(
            f"case when staged._{column} is distinct from held.{column} then {literal(name + ',')} else '' end"
            for name, column in zip(MATERIAL, ("event_time", "value", "currency", "contents_hash"), strict=True)
        )
        aged = self._create_aged(held)
        # The keys alone are a fifth of what the ledger holds; most pushes of new rows need no more.
        wanted = "select _event_key from fresh" + (" union all select _event_key from aged" if aged else "")
        self.connection.execute(
            f"create temp table known as select event_key from ({held}) as held where event_key in ({wanted})"
        )
        if not self._has("known"):
            return
        staged = "select *, false as is_aged from fresh" + (" union all select *, true from aged" if aged else "")
        self.connection.execute(
            "create temp table hit as select staged.file_index, staged.file_row_number, staged.is_aged, held.* "
            f"from (select * from ({held}) as every where event_key in (select event_key from known)) as held "
            f"join ({staged}) as staged on staged._event_key = held.event_key"
        )
        if self.by.untried and self.by.shown is not None:
            self._write_shown(self.by.shown)
        facts = self._staged("_payload_hash, _contents_hash, _event_time, _value, _currency")
        self.connection.execute(
            "insert into excluded select file_index, file_row_number, term, detail from ("
            "select staged.file_index, staged.file_row_number, "
            # Nobody has the first copy of a row that TikTok refused, so a change of it contradicts nothing.
            "case when staged._payload_hash = held.payload_hash or held.state = 'dead' then 'already_sent' "
            f"when ({differing}) <> '' then 'conflicting' else 'enriched' end as term, "
            "case when staged._payload_hash = held.payload_hash then held.state "
            f"when held.state = 'dead' then {literal(CORRECTED)} else rtrim({differing}, ',') end as detail, "
            # A key can be held twice, once settled and once reopened; the newest state says more.
            "row_number() over (partition by staged.file_index, staged.file_row_number "
            "order by staged._payload_hash = held.payload_hash desc, held.state) as place "
            f"from {facts} as staged join hit as held "
            "on held.file_index = staged.file_index and held.file_row_number = staged.file_row_number "
            "where not held.is_aged) where place = 1"
        )
        self._mark_copies_of_held()
        if aged:
            self._keep_outlived()
        if self.by.waiting is not None:
            self._write_waiting(self.by.waiting)
        self._forget_excluded()

    def _create_aged(self, held: str) -> bool:
        """Create `aged`, the keys of rows outside the window; returns whether there are any.

        Rows that are older than everything the ledger holds were never sent: a first push of years of history computes
        no keys for them.
        """
        if not self.by.expired:
            return False
        numbers = ", ".join(map(str, self.by.expired))
        # A part holds rows that are not due beside those that are; they have no key.
        oldest = f"select min(event_time) from ({held}) as held where event_key is not null"
        (first_s,) = self.connection.execute(oldest).fetchone()
        facts = self._staged(f"_source_id as {SOURCE_ID}, _event as event, _event_id as event_id, _event_time, _reason")
        self.connection.execute(
            f"create temp table aged as select {self.by.event_key} as _event_key, file_index, file_row_number "
            f"from {facts} where _reason in ({numbers}) and _event_time >= $first_s "
            f"and {SOURCE_ID} is not null and event is not null and event_id is not null",
            {"first_s": first_s},
        )
        return self._has("aged")

    def _keep_outlived(self) -> None:
        """Tell what earlier pushes made of rows outside the window that give the value that was sent, or waits.

        One row stands for an event: of equal copies the first, and none beside a row inside the window.
        """
        self.connection.execute(
            "insert into outlived select file_index, file_row_number, state from ("
            "select hit.file_index, hit.file_row_number, hit.state, row_number() over (partition by hit.event_key "
            "order by hit.state, hit.file_index, hit.file_row_number) as place "
            f"from hit join {self._staged('_value, _currency')} as staged on staged.file_index = hit.file_index "
            "and staged.file_row_number = hit.file_row_number "
            f"where hit.is_aged and hit.state in ({', '.join(map(literal, OUTLIVED))}) "
            "and hit.value is not distinct from staged._value and hit.currency is not distinct from staged._currency "
            "and hit.event_key not in (select inside.event_key from hit as inside join excluded "
            "on excluded.file_index = inside.file_index and excluded.file_row_number = inside.file_row_number "
            "where excluded.term in ('already_sent', 'enriched'))) where place = 1"
        )

    def _write_shown(self, path: Path) -> None:
        parts = " ".join(f"when {place} then {part}" for place, part in self.by.untried.items())
        self.connection.execute(
            f"copy (select distinct case source {parts} end as part, event_key from hit "
            f"where not is_aged and source in ({', '.join(map(str, self.by.untried))})) "
            f"to {literal(path.as_posix())} (format parquet)"
        )

    def _write_waiting(self, path: Path) -> None:
        run = self.connection.execute
        found = run("select distinct source from hit where source is not null order by source").fetchall()
        if not found:
            return
        sources = [source for (source,) in found]
        run("create temp table waiting as select source, 0::bigint as place, currency, value from hit limit 0")
        for first in range(0, len(sources), PARTS_AT_A_TIME):
            chosen = sources[first : first + PARTS_AT_A_TIME]
            named = ", ".join(f"({number}, {source})" for number, source in enumerate(chosen))
            # As batches count them: over the rows of a part that are due.
            places = (
                "select source, _event_key, row_number() over (partition by source order by file_row_number) - 1 as "
                "place from (select file_index, file_row_number, _event_key, _reason from "
                f"read_parquet({path_list([self.by.held[source] for source in chosen])})) as frozen "
                f"join (values {named}) as named (number, source) on number = file_index where _reason is null"
            )
            run(
                "insert into waiting select hit.source, frozen.place, hit.currency, hit.value from "
                f"(from hit where state = 'in_flight' and source in ({', '.join(map(str, chosen))})) as hit join ("
                "select file_index, file_row_number from excluded where term = 'enriched' or detail = 'in_flight' "
                "union all select file_index, file_row_number from outlived where detail = 'in_flight') as kept "
                "on kept.file_index = hit.file_index and kept.file_row_number = hit.file_row_number "
                f"join ({places}) as frozen on frozen.source = hit.source and frozen._event_key = hit.event_key"
            )
        run(f"copy waiting to {literal(path.as_posix())} (format parquet)")

    def _mark_copies_of_held(self) -> None:
        """One row stands for a held event; equal rows beside it are duplicates, as they were when it was planned."""
        self.connection.execute(
            "create temp table copied as select _event_key from fresh "
            "where _event_key in (select event_key from known) group by _event_key having count(*) > 1"
        )
        if not self._has("copied"):
            return
        facts = self._staged("_event_key, _payload_hash")
        self.connection.execute(
            "update excluded set term = 'duplicate', detail = '' from ("
            "select staged.file_index, staged.file_row_number, row_number() over ("
            "partition by staged._event_key, staged._payload_hash "
            "order by staged.file_index, staged.file_row_number) as place "
            f"from {facts} as staged join fresh on fresh.file_index = staged.file_index "
            "and fresh.file_row_number = staged.file_row_number "
            "join copied on copied._event_key = staged._event_key) as copies "
            "where copies.place > 1 and excluded.file_index = copies.file_index "
            "and excluded.file_row_number = copies.file_row_number and excluded.term in ('already_sent', 'enriched')"
        )

    def _exclude_unchanged(self) -> None:
        """Keep rows refused that TikTok refused before in these very words."""
        facts = self._staged("_event_key, _payload_hash")
        self.connection.execute(
            "insert into excluded select fresh.file_index, fresh.file_row_number, 'already_sent', 'dead' "
            f"from fresh join {facts} as staged on staged.file_index = fresh.file_index "
            "and staged.file_row_number = fresh.file_row_number "
            f"where (staged._event_key, staged._payload_hash) in (select (event_key, payload_hash) "
            f"from read_parquet({path_list(self.by.reopened)}))"
        )
        self._forget_excluded()

    def _forget_excluded(self) -> None:
        # A table of its own: what DELETE remembers about millions of rows cannot be spilled.
        self.connection.execute(
            "create temp table left_over as select * from fresh where not exists (select 1 from excluded "
            "where excluded.file_index = fresh.file_index and excluded.file_row_number = fresh.file_row_number)"
        )
        self.connection.execute("drop table fresh")
        self.connection.execute("alter table left_over rename to fresh")

    def _exclude_repeated(self) -> None:
        run = self.connection.execute
        run("create temp table repeated as select _event_key from fresh group by _event_key having count(*) > 1")
        if not self._has("repeated"):
            return
        facts = self._staged("_event_key, _payload_hash, _reason, _event_time, _value, _currency, _contents_hash")
        columns = zip(MATERIAL, ("_event_time", "_value", "_currency", "_contents_hash"), strict=True)
        differing = " || ".join(
            f"case when count(distinct coalesce(cast({column} as varchar), '')) over event > 1 "
            f"then {literal(name + ',')} else '' end"
            for name, column in columns
        )
        detail = f"{literal(SEVERAL)} || case when columns <> '' then ': ' || rtrim(columns, ',') else '' end"
        run(
            "insert into excluded "
            "select file_index, file_row_number, case when hashes > 1 then 'conflicting' else 'duplicate' end, "
            f"case when hashes > 1 then {detail} else '' end from ("
            "select file_index, file_row_number, place, columns, "
            "max(variant) over (partition by _event_key) as hashes from ("
            f"select staged.file_index, staged.file_row_number, staged._event_key, {differing} as columns, "
            "row_number() over (event order by staged.file_index, staged.file_row_number) as place, "
            "dense_rank() over (event order by staged._payload_hash) as variant "
            f"from {facts} as staged join fresh on fresh.file_index = staged.file_index "
            "and fresh.file_row_number = staged.file_row_number "
            "join repeated on repeated._event_key = staged._event_key "
            "window event as (partition by staged._event_key))) where hashes > 1 or place > 1"
        )
